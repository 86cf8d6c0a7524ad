"""Signing in: the order, what is said when it fails, how long that takes, and that a token is asked for once."""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from aiblint.azure import client, pipeline
from aiblint.azure.cloud import CLOUDS, STORAGE_SCOPE
from aiblint.azure.sign_in import SignIn, SignInError, caller
from tests.azure import estate as add
from tests.azure.estate import CALLER, SUBSCRIPTION, TENANT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.azure.az import Az
    from tests.azure.conftest import Authority
    from tests.azure.manager import Manager

PUBLIC = CLOUDS[0]
HERE = f"/subscriptions/{SUBSCRIPTION}"


def sign_in(subscription: str = "", seconds: float = 20) -> SignIn:
    pipeline.silence()
    return SignIn(PUBLIC, pipeline.deadline(seconds), subscription)


# -- the Azure CLI -----------------------------------------------------------------------------------------------------


def test_the_azure_cli(az: Az) -> None:
    signed_in = sign_in()
    token = signed_in.get_token_info(PUBLIC.scope)
    assert token.token == az.tokens["https://management.azure.com"]
    assert signed_in.method == "Azure CLI"
    assert az.calls() == [
        ["account", "get-access-token", "--output", "json", "--resource", "https://management.azure.com"]
    ]


def test_one_process_for_one_scope(az: Az) -> None:
    az.tell(seconds=0.2)
    signed_in = sign_in()
    threads = [threading.Thread(target=signed_in.get_token, args=(PUBLIC.scope,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(az.calls()) == 1
    signed_in.get_token(STORAGE_SCOPE)
    assert len(az.calls()) == 2


def test_a_token_that_is_about_to_end_is_replaced(az: Az) -> None:
    az.tell(expires_in=30)
    signed_in = sign_in()
    signed_in.get_token(PUBLIC.scope)
    signed_in.get_token(PUBLIC.scope)
    assert len(az.calls()) == 2


def test_the_account_of_the_subscription(az: Az) -> None:
    sign_in(SUBSCRIPTION).get_token_info(PUBLIC.scope)
    assert az.calls()[0][-2:] == ["--subscription", SUBSCRIPTION]


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("nobody", "Azure CLI: nobody is signed in there"),
        ("expired", "Azure CLI: AADSTS70043: The refresh token has expired"),
        ("broken", "Azure CLI: Unexpected output from Azure CLI"),
    ],
)
def test_a_cli_that_gives_none(az: Az, mode: str, said: str) -> None:
    az.tell(mode)
    with pytest.raises(SignInError) as raised:
        sign_in().get_token_info(PUBLIC.scope)
    message = str(raised.value)
    assert message.startswith("cannot sign in to Azure (Azure CLI: ")
    assert said in message
    assert "environment: AZURE_TENANT_ID and AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are not set" in message
    assert "workload identity: no AZURE_FEDERATED_TOKEN_FILE" in message
    assert "managed identity: there is none on this machine" in message
    assert message.endswith("or a managed identity is at hand")
    assert "run `az login`" in message
    assert "\n" not in message


def test_a_cli_that_hangs_costs_no_more_than_there_is(az: Az) -> None:
    az.tell(seconds=20)
    began = time.monotonic()
    with pytest.raises(SignInError, match="`az` did not answer in time"):
        sign_in(seconds=1.5).get_token_info(PUBLIC.scope)
    assert time.monotonic() - began < 3


def test_a_scope_that_the_account_has_not(az: Az) -> None:
    signed_in = sign_in()
    signed_in.get_token_info(PUBLIC.scope)
    with pytest.raises(SignInError, match=r"no token for https://other\.test/\.default \(Azure CLI: AADSTS500011"):
        signed_in.get_token_info("https://other.test/.default")
    assert signed_in.get_token_info(PUBLIC.scope)


def test_nobody_anywhere(nowhere: Path) -> None:
    began = time.monotonic()
    signed_in = sign_in()
    for _ in range(3):
        with pytest.raises(SignInError, match=r"Azure CLI: `az` is not on the PATH; environment: AZURE_TENANT_ID"):
            signed_in.get_token_info(PUBLIC.scope)
    assert time.monotonic() - began < 3


def test_a_managed_identity_that_hangs(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(SignInError, match="managed identity: there is none on this machine"):
            sign_in().get_token_info(PUBLIC.scope)
        assert time.monotonic() - began < 6


def test_a_challenge_for_a_fresh_sign_in(az: Az) -> None:
    with pytest.raises(SignInError, match="run `az logout` and `az login`"):
        sign_in().get_token(PUBLIC.scope, claims="{}")


# -- within a run ------------------------------------------------------------------------------------------------------


def test_a_run_without_anybody_says_so_once(
    manager: Manager, nowhere: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    reader = client.connect(manager.url)
    who = reader.caller()
    assert isinstance(who, str) and who.startswith("cannot sign in to Azure")
    answer = reader.get(HERE, "2022-12-01")
    assert (answer.kind, answer.reason) == ("unasked", who)
    assert manager.asked() == []


def test_a_token_of_somebody_else(signed_in: Manager) -> None:
    signed_in.tokens.clear()
    answer = client.connect(signed_in.url).get(HERE, "2022-12-01")
    assert (answer.kind, answer.code, answer.status) == ("unasked", "InvalidAuthenticationToken", 401)
    assert len(signed_in.asked()) == 1


# -- environment, workload identity, managed identity ------------------------------------------------------------------


@pytest.fixture
def issued(manager: Manager, nowhere: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """The manager, which also issues tokens (as its metadata say) and accepts them; nobody is signed in."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))

    class Anything(set[str]):
        def __contains__(self, token: object) -> bool:
            who = caller(str(token))
            return who is not None and who.object_id == CALLER

    manager.tokens = Anything()
    return manager


def method_of(manager: Manager) -> str:
    reader = client.connect(manager.url)
    answer = reader.get(HERE, "2022-12-01")
    assert answer.found, answer
    return reader.credential.method


def _set_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TENANT_ID", TENANT), ("CLIENT_ID", CALLER), ("CLIENT_SECRET", "not so secret")):
        monkeypatch.setenv(f"AZURE_{name}", value)


def test_environment(issued: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    _set_secret(monkeypatch)
    assert method_of(issued) == "environment"


def test_the_cli_comes_before_the_environment(issued: Manager, az: Az, monkeypatch: pytest.MonkeyPatch) -> None:
    _set_secret(monkeypatch)
    assert method_of(issued) == "Azure CLI"
    az.tell("nobody")
    assert method_of(issued) == "environment"


def test_the_wish_for_one(issued: Manager, az: Az, monkeypatch: pytest.MonkeyPatch) -> None:
    _set_secret(monkeypatch)
    for wish, method in (
        ("prod", "environment"),
        ("EnvironmentCredential", "environment"),
        ("dev", "Azure CLI"),
        ("azureclicredential", "Azure CLI"),
    ):
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", wish)
        assert method_of(issued) == method


def test_a_workload_identity_of_a_file(issued: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "federated"
    file.write_text(add.token("api://AzureADTokenExchange"))
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CALLER)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    assert method_of(issued) == "workload identity"


class _Pipelines(BaseHTTPRequestHandler):
    """The addresses at which GitHub and Azure DevOps give tokens to a job, and a machine its identity."""

    def _give(self) -> None:
        given = add.token("api://AzureADTokenExchange")
        if "metadata/identity" in self.path:
            access = add.token("https://management.core.test/")
            body: object = {
                "access_token": access,
                "expires_in": "3599",
                "expires_on": str(int(time.time()) + 3599),
                "token_type": "Bearer",
                "resource": "x",
            }
        elif "audience=api" in self.path:
            assert self.headers["Authorization"] == "bearer of-github"
            body = {"value": given}
        else:
            assert self.headers["Authorization"] == "Bearer of-devops"
            body = {"oidcToken": given}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _give  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pipelines() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Pipelines)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_job_of_github(issued: Manager, pipelines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CALLER)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{pipelines}/token?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-github")
    assert method_of(issued) == "workload identity (GitHub)"


def test_a_job_of_github_that_gets_none(issued: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CALLER)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:1/token?secret=abcdef")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-github")
    reader = client.connect(issued.url)
    who = reader.caller()
    assert isinstance(who, str)
    assert (
        "workload identity (GitHub): GitHub gives no token (does the job have `permissions: id-token: write`?)" in who
    )
    assert "abcdef" not in who and "of-github" not in who


def test_a_job_of_azure_devops(issued: Manager, pipelines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEM_OIDCREQUESTURI", f"{pipelines}/oidc")
    monkeypatch.setenv("SYSTEM_ACCESSTOKEN", "of-devops")
    monkeypatch.setenv("AZURESUBSCRIPTION_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURESUBSCRIPTION_CLIENT_ID", CALLER)
    monkeypatch.setenv("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection")
    assert method_of(issued) == "workload identity (Azure DevOps)"


def test_a_managed_identity(issued: Manager, pipelines: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", pipelines)
    assert method_of(issued) == "managed identity"


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_no_secret_in_the_message(issued: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CALLER)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "Sesam-0123-oeffne-dich")
    issued.fail("*/oauth2/*", 401, None, code="invalid_client")
    reader = client.connect(issued.url)
    who = reader.caller()
    assert isinstance(who, str)
    assert "Sesam" not in who + repr(reader.get(HERE, "2022-12-01"))
    assert "environment: " in who


@pytest.mark.parametrize("token", ["", "a.b.c", "a", "a.e30.c", "a.W10.c"])
def test_no_caller(token: str) -> None:
    assert caller(token) is None


def test_the_environment_of_the_tests_has_nobody(nowhere: Path) -> None:
    assert not any(name.startswith("AZURE_CLIENT") for name in os.environ)
