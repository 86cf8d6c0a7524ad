"""The test bed itself: its paths and properties are the official ones, it answers as the service does, and it ends."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.azure import estate as add
from tests.azure import manager as managers
from tests.azure import official
from tests.azure.estate import CALLER, LOCATION, SUBSCRIPTION, Estate
from tests.azure.manager import Manager, Request
from tests.azure.routes import ROUTES, route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.azure.az import Az
    from tests.azure.conftest import Authority

HERE = f"/subscriptions/{SUBSCRIPTION}"
RBAC = "2022-04-01"
examples = pytest.mark.skipif(not official.FOLDER.is_dir(), reason="no folder shared/arm-examples beside the checkout")


def get(estate: Estate, path: str, version: str = "2024-01-01", **query: str) -> Any:
    """The body of an answer that must be 200."""
    reply = route(
        estate, "GET", path, {"api-version": version, **{f"${name}": value for name, value in query.items()}}, None
    )
    assert reply.status == 200, reply.body
    return reply.body


def code(estate: Estate, path: str, **query: str) -> tuple[int, str]:
    reply = route(estate, "GET", path, query or {"api-version": "2024-01-01"}, None)
    assert set(reply.body) == {"error"} and {"code", "message"} <= set(reply.body["error"])
    return reply.status, reply.body["error"]["code"]


def everything(estate: Estate) -> None:
    """One of each thing that an estate can hold."""
    group = add.resource_group(estate, tags={"a": "b"}, managed_by=f"{HERE}/x")
    principal = add.principal_of(estate, add.identity(estate))
    assignment = add.grant(estate, principal, "Contributor", group, condition="@Resource[x] StringEquals 'y'")
    add.member(estate, principal, "group")
    add.deny(estate, group, ["*/write"], excluded=(principal,))
    add.lock(estate, group)
    definition = add.policy_definition(
        estate, "p", {"if": {"field": "type", "equals": "x"}, "then": {"effect": "deny"}}
    )
    add.policy(estate, group, definition)
    add.feature(estate, "Microsoft.VirtualMachineImages", "F")
    add.managed_image(estate)
    gallery = add.gallery(estate, sharing={"permissions": "Groups"})
    plan = {"publisher": "p", "name": "n", "product": "o"}
    image = add.gallery_image(estate, gallery, security_type="TrustedLaunch", end_of_life="2030-01-01", plan=plan)
    add.gallery_version(estate, image, states={LOCATION: "Replicating"}, end_of_life="2030-01-01")
    add.shared_version(estate, "unique", "image", end_of_life="2030-01-01")
    add.shared_version(estate, "public", "image", community=True)
    add.marketplace_image(estate, plan=plan, security_type="TrustedLaunch")
    add.agreement(estate, "p", "o", "n")
    error = {"provisioningErrorCode": "Other", "message": "x"}
    add.image_template(estate, run="Failed", staging=group, state="Failed", error=error)
    network = add.virtual_network(estate)
    nat, rules, routes = (
        add.nat_gateway(estate),
        add.security_group(estate),
        add.route_table(estate, routes=(("0.0.0.0/0", "Internet"),)),
    )
    add.subnet(
        estate, network, delegation="Microsoft.ContainerInstance/containerGroups", nat_gateway=nat, security_group=rules,
        route_table=routes, outbound=False, used=2,
    )  # fmt: skip
    add.container(
        estate, add.storage_account(estate, default_action="Deny", addresses=("1.2.3.4",), subnets=(f"{network}/x",))
    )
    add.sku(estate, "Standard_X", "xFamily", 2, restrictions=[add.restricted(kind="Zone")])
    assert assignment in estate.role_assignments


# -- against the official examples -------------------------------------------------------------------------------------


@examples
@pytest.mark.parametrize("template", [template for _, template, _ in ROUTES])
def test_every_path_is_official(template: str) -> None:
    filled = template.replace("/{scope}", f"{HERE}/resourceGroups/rg").replace("{location}", LOCATION)
    path = "".join("name" if "}" in part else part for part in _pieces(filled))
    method = "POST" if "checkPolicy" in template else "GET"
    assert official.unofficial([Request(method, path, {"api-version": "2024-01-01"}, True)]) == []


def _pieces(template: str) -> list[str]:
    pieces: list[str] = []
    for part in template.split("{"):
        name, brace, rest = part.partition("}")
        pieces += [f"{name}}}", rest] if brace else [part]
    return pieces


@examples
def test_what_is_not_official_is_noticed() -> None:
    version = {"api-version": "2024-01-01"}
    for request in (
        Request("GET", f"{HERE}/providers/Microsoft.Compute/unknown", version, True),
        Request("DELETE", f"{HERE}/resourceGroups/rg", version, True),
        Request("GET", HERE, {"api-version": "1", "filter": "x"}, True),
    ):
        assert len(official.unofficial([request])) == 1


@examples
def test_every_property_is_official(estate: Estate) -> None:
    everything(estate)

    def names(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for name, inside in value.items():
                # What is in these is named by whoever writes it.
                if name not in ("tags", "policyRule", "parameters", "metadata"):
                    yield name
                    yield from names(inside)
        elif isinstance(value, list):
            for inside in value:
                yield from names(inside)

    rows = (*estate.role_assignments, *estate.deny_assignments, *estate.locks, *estate.policy_assignments)
    used = set(names([list(estate.resources.values()), list(estate.lists.values()), list(rows)]))
    assert used - official.property_names() - {"a"} == set()


# -- errors ------------------------------------------------------------------------------------------------------------


def test_errors(estate: Estate) -> None:
    add.resource_group(estate)
    group = f"{HERE}/resourceGroups/rg"
    compute = "providers/Microsoft.Compute"
    assert code(estate, HERE, x="y") == (400, "MissingApiVersionParameter")
    assert code(estate, HERE, **{"api-version": "latest"}) == (400, "InvalidApiVersionParameter")
    assert code(estate, "/subscriptions/other") == (404, "SubscriptionNotFound")
    assert code(estate, f"{HERE}/resourceGroups/gone/{compute}/images/i") == (404, "ResourceGroupNotFound")
    assert code(estate, f"{group}/{compute}/images/i") == (404, "ResourceNotFound")
    assert code(estate, f"{group}/{compute}/galleries/g/images/i") == (404, "ParentResourceNotFound")
    assert code(estate, f"{group}/{compute}/nothing/i") == (404, "InvalidResourceType")
    assert code(estate, f"{HERE}/providers/Microsoft.Nothing") == (404, "InvalidResourceNamespace")
    publishers = f"{HERE}/{compute}/locations/{LOCATION}/publishers"
    assert code(estate, f"{publishers}/p/artifacttypes/vmimage/offers/o/skus/s/versions/1") == (404, "NotFound")
    assert code(estate, f"{HERE}/providers/Microsoft.Authorization/roleDefinitions/x") == (
        404,
        "RoleDefinitionDoesNotExist",
    )
    add.provider(estate, "Microsoft.Compute", state="NotRegistered")
    assert code(estate, f"{HERE}/{compute}/skus") == (409, "MissingSubscriptionRegistration")
    assert get(estate, f"{HERE}/{compute}")["registrationState"] == "NotRegistered"
    assert route(estate, "PUT", group, {"api-version": "2024-01-01"}, None).status == 405


# -- answers -----------------------------------------------------------------------------------------------------------


def test_ids_in_any_letter_case(estate: Estate) -> None:
    everything(estate)
    image = f"{HERE}/resourceGroups/rg/providers/Microsoft.Compute/images/image"
    assert get(estate, image.upper()) == get(estate, image.lower()) == estate.get(image)


def test_role_assignments(estate: Estate) -> None:
    group = add.resource_group(estate)
    inside = add.managed_image(estate)
    estate.above[SUBSCRIPTION] = ("/providers/Microsoft.Management/managementGroups/top",)
    add.member(estate, "someone", "crew")
    for principal, scope in (
        ("someone", inside), ("someone", group), ("crew", HERE), ("other", group), ("someone", "/"),
        ("someone", "/providers/Microsoft.Management/managementGroups/top"),
        ("someone", f"{HERE}/resourceGroups/rg2"),
    ):  # fmt: skip
        add.grant(estate, principal, "Reader", scope)

    def scopes(at: str, query: str) -> list[str]:
        path = f"{at}/providers/Microsoft.Authorization/roleAssignments"
        rows = get(estate, path, RBAC, filter=query)["value"] if query else get(estate, path, RBAC)["value"]
        return [f"{row['properties']['principalId']} {row['properties']['scope'].rpartition('/')[2]}" for row in rows]

    above = ["crew " + SUBSCRIPTION, "other rg", "someone ", "someone top"]
    assert scopes(group, "atScope()") == ["someone rg", *above]
    assert scopes(group, "") == ["someone image", "someone rg", *above]
    assert scopes(group, "atScope() and assignedTo('someone')") == [
        "someone rg",
        "crew " + SUBSCRIPTION,
        "someone ",
        "someone top",
    ]
    assert scopes(inside, "principalId eq 'someone'") == ["someone image", "someone rg", "someone ", "someone top"]
    assert route(
        estate, "GET", f"{group}/providers/Microsoft.Authorization/roleAssignments",
        {"api-version": RBAC, "$filter": "roleName eq 'x'"}, None,
    ).status == 400  # fmt: skip


def test_role_definitions(estate: Estate) -> None:
    custom = add.role_definition(estate, "Custom", actions=["a/b/read"])
    assert get(estate, custom, RBAC)["properties"]["permissions"][0]["actions"] == ["a/b/read"]
    assert get(estate, "/" + custom.split("/", 3)[3], RBAC)["name"] == custom.rpartition("/")[2]
    path = f"{HERE}/resourceGroups/rg/providers/Microsoft.Authorization/roleDefinitions"
    add.resource_group(estate)
    assert [
        row["properties"]["roleName"] for row in get(estate, path, RBAC, filter="roleName eq 'Reader'")["value"]
    ] == ["Reader"]
    assert [row["id"] for row in get(estate, path, RBAC, filter="type eq 'CustomRole'")["value"]] == [custom]


def test_permissions_are_those_of_the_caller(estate: Estate) -> None:
    group = add.resource_group(estate)
    path = f"{group}/providers/Microsoft.Authorization/permissions"
    assert get(estate, path, RBAC) == {"value": []}
    given = add.grant(estate, CALLER, "Reader", HERE)
    add.grant(estate, "crew", "Owner", group)
    assert [row["actions"] for row in get(estate, path, RBAC)["value"]] == [["*/read"]]
    add.member(estate, CALLER, "crew")
    add.revoke(estate, given)
    assert [row["actions"] for row in get(estate, path, RBAC)["value"]] == [["*"]]


def test_deny_assignments_and_locks(estate: Estate) -> None:
    group = add.resource_group(estate)
    add.deny(estate, group, ["*"])
    add.deny(estate, HERE, ["*/delete"], principals=("someone",))
    add.lock(estate, group)
    path = f"{group}/providers/Microsoft.Authorization"
    assert len(get(estate, f"{path}/denyAssignments", RBAC, filter="atScope()")["value"]) == 2
    assert len(get(estate, f"{path}/denyAssignments", RBAC, filter="assignedTo('someone')")["value"]) == 1
    assert get(estate, f"{path}/locks")["value"][0]["properties"] == {"level": "CanNotDelete"}
    assert get(estate, f"{HERE}/providers/Microsoft.Authorization/locks", filter="atScope()")["value"] == []


def test_images_and_versions(estate: Estate) -> None:
    everything(estate)
    image = f"{HERE}/resourceGroups/rg/providers/Microsoft.Compute/galleries/gallery/images/definition"
    version = f"{image}/versions/1.0.0"
    assert "replicationStatus" not in get(estate, version)["properties"]
    status = get(estate, version, expand="ReplicationStatus")["properties"]["replicationStatus"]
    assert (status["aggregatedState"], status["summary"][0]["region"]) == ("InProgress", "West Europe")
    assert [row["name"] for row in get(estate, f"{image}/versions")["value"]] == ["1.0.0"]
    assert code(estate, f"{image}x/versions") == (404, "ResourceNotFound")


def test_the_marketplace(estate: Estate) -> None:
    for number in (1, 3, 2):
        add.marketplace_image(estate, version=f"1.0.{number}")
    versions = add.marketplace_image(estate, version="1.0.2").rpartition("/")[0]
    assert [row["name"] for row in get(estate, versions)] == ["1.0.1", "1.0.2", "1.0.3"]
    assert [row["name"] for row in get(estate, versions, top="1", orderby="name desc")] == ["1.0.3"]
    skus, offers, publishers = (
        versions.split(f"/{word}/")[0] + f"/{word}" for word in ("skus", "offers", "publishers")
    )
    assert [row["name"] for row in get(estate, skus)] == ["22_04-lts-gen2"]
    assert [row["name"].lower() for row in get(estate, offers)] == ["0001-com-ubuntu-server-jammy"]
    assert [row["name"].lower() for row in get(estate, publishers)] == ["canonical"]
    assert code(estate, f"{offers}/other/skus") == (404, "NotFound")


def test_sizes_and_quotas(estate: Estate) -> None:
    restriction = add.restricted("eastus")
    add.sku(
        estate, "Standard_D2ds_v4", "standardDDSv4Family", 2, locations=("eastus",), restrictions=[restriction], used=99
    )
    path = f"{HERE}/providers/Microsoft.Compute"
    rows = get(estate, f"{path}/skus", filter="location eq 'EastUS'")["value"]
    assert [row["restrictions"] for row in rows if row["name"] == "Standard_D2ds_v4"] == [[restriction]]
    assert all(row["locations"] == ["eastus"] for row in rows)
    usages = {row["name"]["value"]: row for row in get(estate, f"{path}/locations/eastus/usages")["value"]}
    assert (usages["standardDDSv4Family"]["currentValue"], usages["cores"]["limit"]) == (99, 350)
    containers = get(estate, f"{HERE}/providers/Microsoft.ContainerInstance/locations/eastus/usages")["value"]
    assert {row["name"]["value"] for row in containers} == {"ContainerGroups", "StandardCores"}


def test_what_is_in_a_group(estate: Estate) -> None:
    group = add.resource_group(estate, "staging")
    assert get(estate, f"{group}/resources") == {"value": []}
    network = add.virtual_network(estate, group="staging")
    add.subnet(estate, network)
    add.other(estate, "Microsoft.KeyVault/vaults", "vault", "staging")
    assert [row["name"] for row in get(estate, f"{group}/resources")["value"]] == ["vnet", "vault"]
    template = add.image_template(estate, group="staging")
    assert [
        row["id"] for row in get(estate, f"{HERE}/providers/Microsoft.VirtualMachineImages/imageTemplates")["value"]
    ] == [template]
    estate.remove(network)
    assert f"{network}/subnets/default".lower() not in estate.resources


def test_a_subnet_is_in_its_network(estate: Estate) -> None:
    add.resource_group(estate)
    network = add.virtual_network(estate)
    subnet = add.subnet(estate, network, policies="Enabled")
    assert get(estate, network)["properties"]["subnets"] == [get(estate, subnet)]


# -- the server --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fetch(manager: Manager, authority: Authority) -> Callable[..., tuple[int, Any, dict[str, str]]]:
    """Ask it as anybody would, without the SDK and without aiblint."""
    context = ssl.create_default_context(cafile=str(authority.file))
    manager.tokens.add("good")

    def fetched(path: str, token: str = "good", method: str = "GET") -> tuple[int, Any, dict[str, str]]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(manager.url + quote(path, safe="/?&=$"), headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, context=context, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null"), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null"), dict(error.headers)

    return fetched


def test_tokens(fetch: Callable[..., Any], manager: Manager) -> None:
    path = f"{HERE}?api-version=2022-12-01"
    assert fetch(path)[0] == 200
    status, body, headers = fetch(path, token="bad")
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert headers["WWW-Authenticate"].startswith("Bearer ")
    assert fetch(path, token="")[1]["error"]["code"] == "AuthenticationFailed"
    assert [request.signed for request in manager.requests] == [True, False, False]
    assert fetch("/metadata/endpoints?api-version=2022-09-01", token="")[0] == 200


def test_records(fetch: Callable[..., Any], manager: Manager) -> None:
    fetch(f"{HERE}?api-version=2022-12-01&$filter=a eq 'b'")
    fetch(f"{HERE}?api-version=2022-12-01", method="HEAD")
    fetch(f"{HERE}?api-version=2022-12-01", method="DELETE")
    assert [(request.method, request.path) for request in manager.asked()] == [
        ("GET", HERE), ("HEAD", HERE), ("DELETE", HERE),
    ]  # fmt: skip
    assert manager.requests[0].query == {"api-version": "2022-12-01", "$filter": "a eq 'b'"}
    assert [request.method for request in manager.writes()] == ["DELETE"]
    assert "good" not in repr(manager.requests)


def test_pages(fetch: Callable[..., Any], manager: Manager) -> None:
    manager.page_size = 3
    path, names, pages = f"{HERE}/locations?api-version=2022-12-01", [], 0
    while path:
        _, body, _ = fetch(path)
        names += [row["name"] for row in body["value"]]
        path, pages = body.get("nextLink", "").removeprefix(manager.url), pages + 1
    assert (names, pages) == (list(add.REGIONS), 3)


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 503])
def test_faults(fetch: Callable[..., Any], manager: Manager, status: int) -> None:
    manager.fail(f"{HERE}*", status, 2, retry_after="7" if status in (429, 503) else "")
    for _ in range(2):
        got, body, headers = fetch(f"{HERE}?api-version=2022-12-01")
        assert got == status
        assert {"code", "message"} <= set(body["error"])
        assert headers.get("Retry-After") == ("7" if status in (429, 503) else None)
    assert fetch(f"{HERE}?api-version=2022-12-01")[0] == 200


def test_faults_of_the_wire(fetch: Callable[..., Any], manager: Manager) -> None:
    path = f"{HERE}?api-version=2022-12-01"
    manager.fail("*", "malformed")
    with pytest.raises(ValueError, match="Unterminated"):
        fetch(path)
    manager.fail("*", "cut")
    with pytest.raises((OSError, urllib.error.URLError)):
        fetch(path)
    manager.fail("*", "slow", seconds=0.3)
    assert fetch(path)[0] == 200


def test_it_ends(estate: Estate, authority: Authority) -> None:
    running = Manager(estate)
    server = managers.serve(running, authority.context)
    address = server.server_address[0], server.server_address[1]
    threads = threading.active_count()
    context = ssl.create_default_context(cafile=str(authority.file))
    with socket.create_connection(address) as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as kept:
        kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(12) == b"HTTP/1.1 401"
        server.end()
        kept.settimeout(5)
        while kept.recv(4096):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    assert threading.active_count() <= threads


# -- the stand-in for the Azure CLI ------------------------------------------------------------------------------------


def test_az(az: Az) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["az", *arguments], capture_output=True, text=True, env=dict(os.environ))

    given = run("account", "get-access-token", "--output", "json", "--resource", "https://management.azure.com")
    assert json.loads(given.stdout)["accessToken"] == az.tokens["https://management.azure.com"]
    assert set(json.loads(given.stdout)) == {
        "accessToken",
        "expiresOn",
        "expires_on",
        "subscription",
        "tenant",
        "tokenType",
    }
    assert json.loads(run("account", "show").stdout)["id"] == SUBSCRIPTION
    assert run("vm", "delete").returncode == 1
    az.tell("nobody")
    failed = run("account", "get-access-token")
    assert (failed.returncode, failed.stderr) == (1, "ERROR: Please run 'az login' to setup account.\n")
    assert [call[0] for call in az.calls()] == ["account", "account", "vm", "account"]
