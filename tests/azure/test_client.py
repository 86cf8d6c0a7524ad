"""The read-only client against real TLS: every verdict, every fault, one request for one address, nothing but reads."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from aiblint.azure import client, sdk
from aiblint.azure.answer import FORBIDDEN, FOUND, MISSING, UNASKED
from aiblint.azure.cloud import CLOUDS, described, holds_blob, named
from aiblint.azure.pipeline import refuse_writes
from aiblint.azure.trouble import LiveError, WriteRefusedError, clean
from tests.azure import estate as add
from tests.azure.conftest import free_port
from tests.azure.estate import CALLER, SUBSCRIPTION, TENANT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aiblint.azure.client import Reader
    from tests.azure.az import Az
    from tests.azure.conftest import Authority, Azurite
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

COMPUTE = "2025-04-01"
GALLERY = "2025-03-03"
RBAC = "2022-04-01"


@pytest.fixture
def image(estate: Estate) -> str:
    add.resource_group(estate)
    return add.managed_image(estate)


# -- verdicts ----------------------------------------------------------------------------------------------------------


def test_found(reader: Reader, image: str, only_official: None) -> None:
    answer = reader.get(image, COMPUTE)
    assert (answer.kind, answer.status, answer.reason) == (FOUND, 200, "")
    assert answer.at("properties", "storageProfile", "osDisk", "osType") == "Linux"
    assert answer.at("properties", "nothing", "here") is None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/resourceGroups/rg/providers/Microsoft.Compute/images/other", "ResourceNotFound"),
        ("/resourceGroups/gone/providers/Microsoft.Compute/images/image", "ResourceGroupNotFound"),
        ("/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/i", "ParentResourceNotFound"),
    ],
)
def test_missing(reader: Reader, image: str, path: str, code: str) -> None:
    answer = reader.get(f"/subscriptions/{SUBSCRIPTION}{path}", COMPUTE)
    assert (answer.kind, answer.code, answer.status) == (MISSING, code, 404)
    assert answer.reason


def test_forbidden_names_the_action(reader: Reader, manager: Manager, image: str) -> None:
    manager.fail("*/images/image", 403)
    answer = reader.get(image, COMPUTE)
    assert (answer.kind, answer.code) == (FORBIDDEN, "AuthorizationFailed")
    assert answer.reason == "the account that is signed in lacks `Microsoft.Compute/images/read`"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/subscriptions/{TENANT}", "SubscriptionNotFound"),
        (f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/misspelt", "InvalidResourceType"),
    ],
)
def test_a_404_about_something_else_is_not_missing(reader: Reader, path: str, code: str) -> None:
    answer = reader.get(path, COMPUTE)
    assert (answer.kind, answer.code) == (UNASKED, code)


def test_an_unregistered_provider_is_told_by_its_code(reader: Reader, estate: Estate) -> None:
    add.provider(estate, "Microsoft.ContainerInstance", state="NotRegistered")
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerInstance/locations/westeurope/usages"
    answer = reader.list(path, "2025-09-01")
    assert (answer.kind, answer.code, answer.status) == (UNASKED, "MissingSubscriptionRegistration", 409)


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("html", "200", "is not JSON"),
        ("html", "403", "answers 403"),
        ("html", "404", "answers 404"),
        ("malformed", "", "is not JSON"),
        (409, "Conflict", "answers 409 (Conflict)"),
        (401, "InvalidAuthenticationToken", "does not accept the sign-in (InvalidAuthenticationToken)"),
    ],
)
def test_what_is_no_answer_of_azure_is_not_taken_for_one(
    reader: Reader, manager: Manager, image: str, kind: str, code: str, said: str
) -> None:
    manager.fail("*/images/image", kind, None, code=code)
    answer = reader.get(image, COMPUTE)
    assert answer.kind == UNASKED
    assert said in answer.reason
    assert "\n" not in answer.reason


def test_a_404_without_a_body_is_missing(reader: Reader, manager: Manager, image: str) -> None:
    manager.fail("*/images/image", "empty", code="404")
    assert reader.get(image, COMPUTE).kind == MISSING


@pytest.mark.parametrize("path", ["subscriptions/x", "/subscriptions/../x", "/a//b", "", "https://example.com/x"])
def test_no_path(reader: Reader, manager: Manager, path: str) -> None:
    for answer in (reader.get(path, COMPUTE), reader.list(path, COMPUTE), reader.post(path, COMPUTE, {})):
        assert (answer.kind, answer.reason) == (UNASKED, "this is not the path of a resource")
    assert manager.asked() == []


def test_what_is_in_an_id_stays_in_the_path(reader: Reader, manager: Manager) -> None:
    reader.get(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a?api-version=1#b %41", COMPUTE)
    (request,) = manager.asked()
    assert request.path == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a?api-version=1#b %41"
    assert request.query == {"api-version": COMPUTE}


# -- trying again ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [500, 503, "cut"])
def test_what_may_pass_is_tried_again(reader: Reader, manager: Manager, image: str, kind: str) -> None:
    manager.fail("*/images/image", kind)
    assert reader.get(image, COMPUTE).found
    assert len(manager.asked("*/images/image")) == 2


def test_in_vain(reader: Reader, manager: Manager, image: str) -> None:
    manager.fail("*/images/image", 500, None)
    began = time.monotonic()
    answer = reader.get(image, COMPUTE)
    assert time.monotonic() - began < 5
    assert answer.kind == UNASKED
    assert "answers 500 (InternalServerError) - Encountered internal server error." in answer.reason
    assert len(manager.asked("*/images/image")) == 4


def test_cut_again_and_again(reader: Reader, manager: Manager, image: str) -> None:
    manager.fail("*/images/image", "cut", None)
    assert reader.get(image, COMPUTE).reason.endswith("cut the connection")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(reader: Reader, manager: Manager, image: str, status: int) -> None:
    manager.fail("*/images/image", status, retry_after="1", code="OperationNotAllowed")
    began = time.monotonic()
    assert reader.get(image, COMPUTE).found
    assert time.monotonic() - began >= 1
    assert len(manager.asked("*/images/image")) == 2


def test_a_wait_for_which_there_is_no_time_is_not_begun(reader: Reader, manager: Manager, image: str) -> None:
    manager.fail("*/images/image", 429, None, retry_after="1200", code="OperationNotAllowed")
    began = time.monotonic()
    answer = reader.get(image, COMPUTE)
    assert time.monotonic() - began < 2
    assert (answer.kind, answer.code) == (UNASKED, "OperationNotAllowed")
    assert "asks to wait 1200 s" in answer.reason


# -- the time limit ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["slow", "trickle"])
def test_the_time_limit_ends_in_a_verdict(
    connect: Callable[..., Reader], manager: Manager, image: str, kind: str
) -> None:
    reader = connect(timeout=1.5)
    manager.fail("*/images/image", kind, None, seconds=10)
    began = time.monotonic()
    answers = reader.side_by_side([lambda: reader.get(image, COMPUTE)] * 3)
    assert time.monotonic() - began < 2.5
    assert {answer.kind for answer in answers} == {UNASKED}
    assert "in time" in answers[0].reason or "within the 1.5 s of --live-timeout" in answers[0].reason
    # What is asked after that is not asked.
    before = len(manager.requests)
    assert reader.get(f"/subscriptions/{SUBSCRIPTION}", "2022-12-01").reason.startswith("no answer within")
    assert len(manager.requests) == before


def test_what_was_answered_in_time_stays_answered(connect: Callable[..., Reader], image: str) -> None:
    reader = connect(timeout=1.0)
    assert reader.get(image, COMPUTE).found
    time.sleep(1.1)
    assert reader.get(image, COMPUTE).found


def test_one_that_hangs_does_not_hide_the_others(
    connect: Callable[..., Reader], manager: Manager, image: str, estate: Estate
) -> None:
    other = add.managed_image(estate, "other")
    reader = connect(timeout=1.5)
    manager.fail("*/images/image", "slow", None, seconds=10)
    hung, answered = reader.side_by_side([lambda: reader.get(image, COMPUTE), lambda: reader.get(other, COMPUTE)])
    assert (hung.kind, answered.kind) == (UNASKED, FOUND)


# -- once, and side by side --------------------------------------------------------------------------------------------


def test_one_request_for_one_address(reader: Reader, manager: Manager, image: str) -> None:
    manager.latency = 0.05
    asks = [lambda path=path: reader.get(path, COMPUTE) for path in (image, image.upper(), image.lower())] * 10
    answers = reader.side_by_side(asks)
    assert {answer.kind for answer in answers} == {FOUND}
    assert len(manager.asked()) == 1
    reader.get(image, "2024-07-01")
    reader.list(image.rpartition("/")[0], COMPUTE)
    assert len(manager.asked()) == 3


def test_failures_are_remembered_too(reader: Reader, manager: Manager, image: str) -> None:
    manager.fail("*/images/image", 403)
    assert reader.get(image, COMPUTE).kind == FORBIDDEN
    assert reader.get(image, COMPUTE).kind == FORBIDDEN
    assert len(manager.asked()) == 1


def test_side_by_side(reader: Reader, manager: Manager, estate: Estate, az: Az) -> None:
    reader.caller()
    add.resource_group(estate)
    images = [add.managed_image(estate, f"image{number}") for number in range(16)]
    manager.latency = 0.2
    began = time.monotonic()
    answers = reader.side_by_side([lambda image=image: reader.get(image, COMPUTE) for image in images])
    assert time.monotonic() - began < 1.6
    assert [answer.at("name") for answer in answers] == [f"image{number}" for number in range(16)]
    assert manager.most_at_once > 4
    # One process for all of them.
    assert len(az.calls()) == 1


def test_side_by_side_raises_what_a_call_raises(reader: Reader) -> None:
    with pytest.raises(ZeroDivisionError):
        reader.side_by_side([lambda: 1 // 0])


# -- lists -------------------------------------------------------------------------------------------------------------


def test_all_pages(reader: Reader, manager: Manager, estate: Estate, only_official: None) -> None:
    manager.page_size = 2
    scope = f"/subscriptions/{SUBSCRIPTION}"
    for number in range(5):
        add.grant(estate, f"principal{number}", "Reader", scope)
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    answer = reader.list(path, RBAC, {"$filter": "atScope()"})
    assert [row["properties"]["principalId"][-1] for row in answer.body] == list("01234")
    assert len(manager.asked("*/roleAssignments")) == 3
    assert all(request.query["$filter"] == "atScope()" for request in manager.asked("*/roleAssignments"))


@pytest.mark.parametrize("kind", [403, 404, 500, "malformed"])
def test_a_list_that_breaks_off_is_no_list(reader: Reader, manager: Manager, kind: str) -> None:
    manager.page_size = 2
    path = f"/subscriptions/{SUBSCRIPTION}/locations"
    first = manager.fail("*/locations", "slow")
    manager.fail("*/locations", kind, None)
    answer = reader.list(path, "2022-12-01")
    assert first.times == 0
    assert answer.kind == UNASKED
    assert answer.body is None


def test_the_first_page_decides_about_the_list(reader: Reader, manager: Manager) -> None:
    manager.fail("*/locations", 403)
    assert reader.list(f"/subscriptions/{SUBSCRIPTION}/locations", "2022-12-01").kind == FORBIDDEN


def test_the_token_goes_to_no_other_host(reader: Reader, manager: Manager) -> None:
    manager.fail("*/locations", "elsewhere")
    answer = reader.list(f"/subscriptions/{SUBSCRIPTION}/locations", "2022-12-01")
    assert answer.reason == "the next page of the list is said to be somewhere else"


def test_a_bare_array_is_a_list(reader: Reader, estate: Estate, only_official: None) -> None:
    image = add.marketplace_image(estate)
    answer = reader.list(image.rpartition("/")[0], COMPUTE, {"$top": "1", "$orderby": "name desc"})
    assert [row["name"] for row in answer.body] == ["22.04.202601010"]


def test_what_is_no_list(reader: Reader, image: str) -> None:
    assert reader.list(image, COMPUTE).reason == "the answer is not a list"


# -- reads only --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "get"])
def test_no_write_is_sent(method: str) -> None:
    with pytest.raises(WriteRefusedError, match=rf"aiblint only reads: {method} /subscriptions/x was not sent"):
        refuse_writes(method, "https://management.azure.com/subscriptions/x?sig=secret")


@pytest.mark.parametrize(
    "path",
    [
        "/subscriptions/x/providers/Microsoft.Storage/storageAccounts/a/listKeys",
        "/subscriptions/x/providers/Microsoft.Compute/register",
        "/x/providers/Microsoft.PolicyInsights/checkPolicyRestrictions/../../register",
        "/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
    ],
)
def test_few_posts_are_reads(path: str) -> None:
    with pytest.raises(WriteRefusedError):
        refuse_writes("POST", f"https://management.azure.com{path}")


def test_a_post_that_reads(reader: Reader, manager: Manager, estate: Estate, only_official: None) -> None:
    group = add.resource_group(estate)
    rule = {"if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}, "then": {"effect": "deny"}}
    definition = add.policy_definition(estate, "no-storage", rule)
    assignment = add.policy(estate, group, definition)
    add.denied_by_policy(estate, "Microsoft.Storage/storageAccounts", assignment, definition)
    path = f"{group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    content = {"type": "Microsoft.Storage/storageAccounts", "location": "westeurope"}
    body = {"resourceDetails": {"resourceContent": content, "apiVersion": "2023-05-01"}}
    answer = reader.post(path, "2022-03-01", body)
    (evaluation,) = answer.at("contentEvaluationResult", "policyEvaluations")
    assert evaluation["effectDetails"] == {"policyEffect": "Deny"}
    assert reader.post(path, "2022-03-01", body) is answer
    assert len(manager.asked(method="POST")) == 1


def test_another_post_is_an_answer_too(reader: Reader, manager: Manager, image: str) -> None:
    answer = reader.post(f"{image}/listKeys", COMPUTE, {})
    assert answer.kind == UNASKED
    assert "aiblint only reads: POST" in answer.reason
    assert manager.asked() == []


def test_clients_of_the_sdk_cannot_write_either(reader: Reader, manager: Manager, image: str) -> None:
    compute = sdk.compute_client(reader, SUBSCRIPTION)
    with pytest.raises(WriteRefusedError):
        compute.images.begin_delete("rg", "image")
    answer = reader.ask("deleting", lambda: compute.images.begin_delete("rg", "image"))
    assert answer.reason.startswith("aiblint only reads: DELETE")
    blob = sdk.blob_client(reader, "https://127.0.0.1:1/account/container/blob")
    with pytest.raises(WriteRefusedError):
        blob.upload_blob(b"x")
    assert manager.writes() == []


# -- clients of the SDK ------------------------------------------------------------------------------------------------


def test_compute_client(reader: Reader, manager: Manager, image: str, only_official: None) -> None:
    compute = sdk.compute_client(reader, SUBSCRIPTION)
    answer = reader.ask("the image", lambda: compute.images.get("rg", "image"))
    assert answer.found
    assert answer.body.storage_profile.os_disk.os_type == "Linux"
    assert reader.ask("the image", lambda: 1 // 0) is answer
    missing = reader.ask("another image", lambda: compute.images.get("rg", "other"))
    assert (missing.kind, missing.code) == (MISSING, "ResourceNotFound")
    manager.fail("*/skus", 403)
    forbidden = reader.ask("sizes", lambda: list(compute.resource_skus.list()))
    assert forbidden.kind == FORBIDDEN


def test_authorization_client(reader: Reader, manager: Manager, estate: Estate, only_official: None) -> None:
    manager.page_size = 2
    scope = f"/subscriptions/{SUBSCRIPTION}"
    for number in range(3):
        add.grant(estate, f"principal{number}", "Reader", scope)
    authorization = sdk.authorization_client(reader, SUBSCRIPTION)
    answer = reader.ask(
        "assignments",
        lambda: list(authorization.role_assignments.list_for_scope(scope.lstrip("/"), filter="atScope()")),
    )
    assert [row.principal_id for row in answer.body] == ["principal0", "principal1", "principal2"]


def test_sdk_malformed(reader: Reader, manager: Manager, image: str) -> None:
    manager.fail("*/images/image", "malformed", None)
    compute = sdk.compute_client(reader, SUBSCRIPTION)
    answer = reader.ask("the image", lambda: compute.images.get("rg", "image"))
    assert answer.kind == UNASKED
    assert answer.reason.endswith("is not JSON")


# -- the network and TLS -----------------------------------------------------------------------------------------------


def test_a_certificate_that_is_not_trusted(
    signed_in: Manager, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.other))
    began = time.monotonic()
    with pytest.raises(LiveError, match=r"the certificate of 127\.0\.0\.1:\d+ cannot be trusted \(.+\): name the file"):
        client.connect(signed_in.url)
    assert time.monotonic() - began < 2
    assert signed_in.requests == []


def test_without_the_variable_it_is_not_trusted(signed_in: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(LiveError, match="cannot be trusted"):
        client.connect(signed_in.url)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_usual_variables(
    signed_in: Manager, authority: Authority, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv(variable, str(authority.file))
    assert client.connect(signed_in.url).get(f"/subscriptions/{SUBSCRIPTION}", "2022-12-01").found


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_is_none(
    signed_in: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(LiveError) as raised:
        client.connect(signed_in.url)
    assert "\n" not in str(raised.value)
    assert content is not None or "REQUESTS_CA_BUNDLE names" in str(raised.value)


def test_nobody_listens(az: Az) -> None:
    began = time.monotonic()
    with pytest.raises(LiveError, match="refuses the connection"):
        client.connect(f"https://127.0.0.1:{free_port()}")
    assert time.monotonic() - began < 3


def test_no_such_host(az: Az) -> None:
    began = time.monotonic()
    with pytest.raises(LiveError, match=r"there is no address for nowhere\.invalid"):
        client.connect("https://nowhere.invalid")
    assert time.monotonic() - began < 8


def test_the_manager_goes_away(reader: Reader, signed_in: Manager, image: str) -> None:
    assert reader.get(image, COMPUTE).found
    reader = reader.__class__(reader.cloud._replace(endpoint=f"https://127.0.0.1:{free_port()}"), reader.until)
    answer = reader.get(image, COMPUTE)
    assert answer.kind == UNASKED
    assert answer.reason.endswith("refuses the connection")


# -- clouds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("public", "https://management.azure.com"),
        ("USGov", "https://management.usgovcloudapi.net"),
        ("china", "https://management.chinacloudapi.cn"),
        ("https://management.azure.com", "https://management.azure.com"),
        ("https://management.local.azurestack.external/", "https://management.local.azurestack.external"),
    ],
)
def test_clouds(name: str, endpoint: str) -> None:
    assert named(name).endpoint == endpoint


@pytest.mark.parametrize(
    "name",
    [
        "",
        "azure",
        "http://management.azure.com",
        "https://",
        "https://u:p@host",
        "https://h?x=1",
        "https://h:99999",
        "https://[",
    ],
)
def test_no_cloud(name: str) -> None:
    with pytest.raises(LiveError, match="--cloud takes `public`, `usgov`, `china` or the https address"):
        named(name)


def test_a_cloud_says_itself_what_it_is(reader: Reader, manager: Manager) -> None:
    assert reader.cloud.scope == "https://management.core.test/.default"
    assert reader.cloud.authority == manager.url
    assert reader.cloud.storage == "core.test"


@pytest.mark.parametrize(
    "metadata", [None, [], {}, {"authentication": {"audiences": []}}, {"suffixes": {"storage": 1}}]
)
def test_a_cloud_that_says_nothing_keeps_the_guess(metadata: object) -> None:
    cloud = named("https://management.local.azurestack.external")
    assert described(cloud, metadata)[:5] == cloud[:5]
    assert cloud.storage == "local.azurestack.external"


def test_whose_blob() -> None:
    public = CLOUDS[0]
    assert holds_blob(public, "https://account.blob.core.windows.net/c/b")
    assert holds_blob(public, "https://account.z12.blob.storage.azure.net/c/b")
    for url in (
        "http://account.blob.core.windows.net/c/b",
        "https://account.blob.core.windows.net.example.com/c/b",
        "https://example.com/account.blob.core.windows.net",
        "https://u:p@account.blob.core.windows.net/c/b",
        "https://blob.core.windows.net@example.com/",
        "https://core.windows.net/c/b",
        "https://[",
    ):
        assert not holds_blob(public, url), url


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_no_secret_in_any_text(
    connect: Callable[..., Reader],
    manager: Manager,
    az: Az,
    image: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    authority: Authority,
) -> None:
    caplog.set_level(logging.DEBUG)
    token = az.tokens["https://management.core.test"]
    signature = "sig=abcdefghij0123456789ABCDEFGHIJ0123456789abc%3D"
    reader = connect()
    texts: list[str] = []
    for kind in (401, 403, 404, 409, 429, 500, "cut", "malformed", "html"):
        manager.fail("*/images/image", kind, None, code="" if kind != "html" else "403")
        texts.append(repr(connect().get(image, COMPUTE)))
        manager.faults.clear()
    # A service that repeats the token, and one that repeats it in pieces.
    for repeated in (token, f"Bearer {token[:60]}"):
        manager.estate.put(f"{image}x", {})
        manager.fail("*/images/image", 409, None, code=repeated)
        texts.append(repr(connect().get(image, COMPUTE)))
        manager.faults.clear()
    for url in (
        f"https://127.0.0.1:{free_port()}/c/b?{signature}",
        f"https://user:Passw0rd77@127.0.0.1:1/c?{signature}",
    ):
        texts += [repr(reader.head(url)), repr(reader.checksum(url)), repr(reader.head(url, signed_in=True))]
    blob = sdk.blob_client(reader, f"https://127.0.0.1:{free_port()}/c/b?{signature}")
    texts.append(repr(reader.ask("a blob", blob.get_blob_properties)))
    texts += [caplog.text, *capfd.readouterr(), repr(reader), repr(reader.credential), repr(reader.cloud)]
    everything = "\n".join(texts)
    for secret in (token, token[:60], token.split(".")[1][:40], "abcdefghij0123456789", "Passw0rd77"):
        assert secret not in everything, secret
    assert manager.asked()  # and it was used


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("see https://a.blob.core.windows.net/c/b?sv=1&sig=x now", "see https://a.blob.core.windows.net/c/b?*** now"),
        ("a\n  b\tc", "a b c"),
        ("Bearer abcdefghijkl", "Bearer ***"),
        ("x" * 400, "x" * 297 + "..."),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


# -- files and blobs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def blobs(azurite: Azurite, signed_in: Manager, connect: Callable[..., Reader]) -> tuple[Azurite, Reader]:
    return azurite, connect()


def test_the_size_of_a_blob(blobs: tuple[Azurite, Reader]) -> None:
    azurite, reader = blobs
    answer = reader.head(azurite.put("public/hello.sh", b"x" * 1234))
    assert answer.found
    assert (answer.body["size"], answer.body["type"]) == (1234, "BlockBlob")
    assert answer.body["etag"] and answer.body["modified"]


def test_blobs_and_signatures(blobs: tuple[Azurite, Reader]) -> None:
    azurite, reader = blobs
    private = azurite.put("private/hello.sh")
    public = azurite.put("public/hello.sh")
    other_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
    cases = {
        public: FOUND,
        f"{public}x": MISSING,
        private: FORBIDDEN,
        f"{private}?{azurite.sas('private/hello.sh')}": FOUND,
        f"{private}x?{azurite.sas('private/hello.shx')}": MISSING,
        f"{private}?{azurite.sas('private/hello.sh', hours=-1)}": FORBIDDEN,
        f"{private}?{azurite.sas('private/hello.sh', starts=0.5)}": FORBIDDEN,
        f"{private}?{azurite.sas('private/hello.sh', permissions='w')}": FORBIDDEN,
        f"{private}?{azurite.sas('private/hello.sh', key=other_key)}": FORBIDDEN,
        f"{private}?{azurite.sas('private/other.sh')}": FORBIDDEN,
    }
    answers = {url: reader.head(url) for url in cases}
    assert {url: answer.kind for url, answer in answers.items()} == cases
    for answer in answers.values():
        assert "sig" not in repr(answer)
        assert answer.found or answer.code


def test_blobs_as_the_account_that_is_signed_in(blobs: tuple[Azurite, Reader], az: Az) -> None:
    azurite, reader = blobs
    private = azurite.put("private/hello.sh")
    assert reader.head(private, signed_in=True).found
    assert [call[-1] for call in az.calls()] == ["https://storage.azure.com"]
    az.tokens["https://storage.azure.com"] = add.token("https://management.azure.com")
    az.tell()
    other = reader.__class__(reader.cloud, reader.until)
    assert other.head(private, signed_in=True).kind == FORBIDDEN


def test_nobody_else_is_shown_a_token(reader: Reader, manager: Manager, az: Az) -> None:
    """The manager itself, as a host that is no storage of its cloud."""
    answer = reader.head(f"{manager.url}/container/blob?api-version=2022-12-01", signed_in=True)
    assert (answer.kind, answer.status, answer.reason) == (FORBIDDEN, 401, "not everybody may read it")
    assert az.calls() == []
    (request,) = manager.asked("/container/*")
    assert (request.method, request.signed) == ("HEAD", False)


@pytest.mark.parametrize(
    ("status", "code", "as_account", "kind"),
    [
        (401, "NoAuthenticationInformation", False, FORBIDDEN),
        (404, "ResourceNotFound", False, FORBIDDEN),
        (404, "BlobNotFound", False, MISSING),
        (404, "ContainerNotFound", False, MISSING),
        (409, "PublicAccessNotPermitted", False, FORBIDDEN),
        (403, "AuthorizationFailure", True, FORBIDDEN),
        (404, "ResourceNotFound", True, MISSING),
        (401, "InvalidAuthenticationInfo", True, UNASKED),
        (503, "ServerBusy", True, UNASKED),
    ],
)
def test_what_real_storage_says(
    connect: Callable[..., Reader], manager: Manager, status: int, code: str, as_account: bool, kind: str
) -> None:
    """Azurite says some of it in other words."""
    manager.storage = manager.url.removeprefix("https://")
    manager.fail("/container/*", status, None, code=code)
    answer = connect().head(f"{manager.url}/container/blob", signed_in=as_account)
    assert (answer.kind, answer.code) == (kind, code)
    assert manager.asked("/container/*")[0].signed is as_account


def test_the_checksum_of_a_blob(blobs: tuple[Azurite, Reader]) -> None:
    import hashlib

    azurite, reader = blobs
    content = bytes(range(256)) * 1000
    url = azurite.put("public/tool.bin", content)
    assert reader.checksum(url).body == {"size": 256000, "sha256": hashlib.sha256(content).hexdigest()}
    assert reader.checksum(f"{url}x").kind == MISSING
    assert reader.checksum(azurite.put("public/tool2.bin", content), most=1000).reason == "it is larger than 1000 bytes"


def test_the_client_of_the_sdk_for_blobs(blobs: tuple[Azurite, Reader]) -> None:
    azurite, reader = blobs
    url = azurite.put("private/hello.sh", b"12345")
    blob = sdk.blob_client(reader, f"{url}?{azurite.sas('private/hello.sh')}")
    assert reader.ask("the blob", lambda: blob.get_blob_properties().size).body == 5
    unsigned = sdk.blob_client(reader, url)
    answer = reader.ask("the blob, unsigned", unsigned.get_blob_properties)
    assert answer.kind == FORBIDDEN
    mine = sdk.blob_client(reader, url, signed_in=True)
    assert reader.ask("the blob, signed in", lambda: mine.get_blob_properties().size).body == 5


@pytest.mark.parametrize("url", ["ftp://example.com/x", "file:///etc/passwd", "x", "", "https://[", "http:///x"])
def test_no_address(reader: Reader, url: str) -> None:
    for answer in (reader.head(url), reader.checksum(url, signed_in=True)):
        assert answer.kind == UNASKED
        assert answer.reason


# -- the SDK -----------------------------------------------------------------------------------------------------------


def test_a_missing_sdk_says_what_to_install() -> None:
    code = """
        import sys

        class Hidden:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("azure", "msal", "requests"):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Hidden())
        from aiblint.azure import client
        try:
            client.connect()
        except client.LiveError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.stdout == "--live needs the Azure SDK, which is not installed: pip install 'aiblint[live]'\n", (
        done.stderr
    )


def test_the_caller(reader: Reader) -> None:
    who = reader.caller()
    assert not isinstance(who, str)
    assert (who.object_id, who.tenant, who.name) == (CALLER, TENANT, "someone@example.com")


def test_nothing_is_asked_before_it_is_needed(reader: Reader, manager: Manager, az: Az) -> None:
    assert [request.path for request in manager.requests] == ["/metadata/endpoints"]
    assert az.calls() == []


def test_it_says_who_it_is(reader: Reader, manager: Manager, image: str) -> None:
    reader.get(image, COMPUTE)
    assert all(request.agent.startswith("aiblint/") for request in manager.requests)
