"""Who asks: the account of the Azure CLI, the environment, a workload identity, a managed identity, in that order.

azure-identity does it; what is ours is the order, settings with which each fails within seconds, one token for all
requests (its Azure CLI credential starts a process of 0.7 s for each), and one message of what was tried.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import shutil
import threading
import time

import requests
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import AzureError
from azure.identity import (
    AzureCliCredential,
    AzurePipelinesCredential,
    ClientAssertionCredential,
    EnvironmentCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from aiblint.azure.cloud import CLOUDS
from aiblint.azure.pipeline import certificates
from aiblint.azure.trouble import LiveError, clean
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from azure.core.credentials import TokenRequestOptions

    from aiblint.azure.cloud import Cloud
    from aiblint.azure.pipeline import Deadline

    Credential = (
        AzureCliCredential
        | AzurePipelinesCredential
        | ClientAssertionCredential
        | EnvironmentCredential
        | ManagedIdentityCredential
        | WorkloadIdentityCredential
    )

MEND = (
    "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run where a workload identity "
    "or a managed identity is at hand"
)
CLI_SECONDS = 10.0
# A token that ends within these seconds is not used any more.
_MARGIN = 60


class SignInError(LiveError):
    """No token: what was tried, what failed and how to mend it, in one line."""


class Caller(NamedTuple):
    """Who is signed in, as the token says. `object_id` is what role assignments call the `principalId`."""

    object_id: str
    tenant: str
    name: str


class _Way(NamedTuple):
    """A way to sign in. `variable` is what AZURE_TOKEN_CREDENTIALS calls it; `unmet` says why it cannot be tried."""

    name: str
    variable: str
    unmet: str
    make: Callable[[], Credential]


class SignIn:
    """The credential of a run, for azure-core's policies and the SDK's clients alike. Safe to share between threads.

    `subscription` makes the Azure CLI take the account that belongs to it. `method` is the way that led to a token.
    """

    def __init__(self, cloud: Cloud, until: Deadline, subscription: str = "") -> None:
        self.method = ""
        self._ways = tuple(_wanted(_ways(cloud, until, subscription)))
        self._until = until
        self._credential: Credential | None = None
        self._tokens: dict[str, AccessTokenInfo | SignInError] = {}
        self._lock = threading.Lock()

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token, from memory if it is good for another while. Raises SignInError, and does not try twice."""
        if options and options.get("claims"):
            raise SignInError(
                "Azure wants a fresh sign-in (a policy of conditional access): run `az logout` and `az login`"
            )
        scope = " ".join(scopes)
        with self._lock:
            kept = self._tokens.get(scope)
            if isinstance(kept, SignInError):
                raise kept
            if kept is None or kept.expires_on < time.time() + _MARGIN:
                try:
                    kept = self._tokens[scope] = self._sign_in(scopes)
                except SignInError as error:
                    self._tokens[scope] = error
                    raise
            return kept

    def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = False, **_: Any
    ) -> AccessToken:
        """As get_token_info, for those who know only this."""
        token = self.get_token_info(*scopes, options={"claims": claims} if claims else None)
        return AccessToken(token.token, token.expires_on)

    def close(self) -> None:
        """Nothing is kept open."""

    def hide(self, text: str) -> str:
        """A text without any token of this run."""
        for token in tuple(self._tokens.values()):
            if isinstance(token, AccessTokenInfo):
                text = text.replace(token.token, "***")
        return text

    def _sign_in(self, scopes: tuple[str, ...]) -> AccessTokenInfo:
        if self._credential is not None:
            token, why = _token(self._credential, scopes)
            if token is None:
                raise SignInError(f"no token for {' '.join(scopes)} ({self.method}: {why}): {MEND}")
            return token
        tried: list[str] = []
        for way in self._ways:
            why = way.unmet or ("" if self._until.left() > 0 else "no time was left")
            if not why:
                try:
                    credential = way.make()
                except ValueError as error:  # how azure-identity refuses a setting
                    why = clean(str(error), 160)
                else:
                    token, why = _token(credential, scopes)
                    if token is not None:
                        self._credential, self.method = credential, way.name
                        return token
            tried.append(f"{way.name}: {why}")
        raise SignInError(f"cannot sign in to Azure ({'; '.join(tried)}): {MEND}")


def caller(token: str) -> Caller | None:
    """Who a token is for, by its claims (`oid`, `tid`); None if it is not a JSON Web Token. Nothing is verified."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    if not isinstance(claims, dict) or not isinstance(claims.get("oid"), str):
        return None
    names = (claims.get(name) for name in ("upn", "unique_name", "app_displayname", "appid"))
    return Caller(claims["oid"], str(claims.get("tid", "")), next((str(name) for name in names if name), ""))


def _token(credential: Credential, scopes: tuple[str, ...]) -> tuple[AccessTokenInfo | None, str]:
    """A token, or why there is none."""
    try:
        return credential.get_token_info(*scopes), ""
    except (AzureError, ValueError, OSError) as error:
        return None, _why(str(getattr(error, "message", None) or error))
    except LiveError as error:
        return None, str(error)


# What azure-identity says, in its own words, and what we say.
_WORDS = (
    ("Please run 'az login' to set up an account", "nobody is signed in there"),
    ("Failed to invoke the Azure CLI", "`az` did not answer in time"),
    ("no response from the IMDS endpoint", "there is none on this machine"),
    ("IMDS", "there is none on this machine"),
    ("No identity has been assigned", "this machine has none"),
)


def _why(message: str) -> str:
    for words, ours in _WORDS:
        if words in message:
            return ours
    text = clean(message, 160).removeprefix("ERROR: ")
    return text.rstrip(". ") or "it gives no reason"


# -- the ways ----------------------------------------------------------------------------------------------------------


def _wanted(ways: tuple[_Way, ...]) -> Iterator[_Way]:
    """Those that AZURE_TOKEN_CREDENTIALS leaves: `dev`, `prod`, or the name of one, as for DefaultAzureCredential."""
    wish = os.environ.get("AZURE_TOKEN_CREDENTIALS", "").strip().lower()
    for way in ways:
        developer = way.variable == "AzureCliCredential"
        if not wish or wish == ("dev" if developer else "prod") or wish == way.variable.lower():
            yield way
        else:
            yield way._replace(unmet=f"AZURE_TOKEN_CREDENTIALS is `{clean(wish, 40)}`")


def _ways(cloud: Cloud, until: Deadline, subscription: str) -> tuple[_Way, ...]:
    settings: dict[str, Any] = {
        "authority": cloud.authority,
        # Only the clouds of Microsoft are known to the service that would be asked whether the issuer is genuine.
        "disable_instance_discovery": cloud not in CLOUDS,
        "connection_verify": certificates(),
        "retry_total": 1,
        "retry_backoff_factor": 0.2,
        "connection_timeout": 3,
        "read_timeout": 10,
    }
    # One that is not there must not cost a minute: measured 55 s and more with the SDK's own settings.
    nearby: dict[str, Any] = {"retry_total": 0, "connection_timeout": 1, "read_timeout": 3}
    patience = int(max(1.0, min(CLI_SECONDS, until.left())))
    given = os.environ.get
    name, make = _workload(settings)
    return (
        _Way(
            "Azure CLI",
            "AzureCliCredential",
            "" if shutil.which("az") else "`az` is not on the PATH",
            lambda: AzureCliCredential(subscription=subscription or None, process_timeout=patience),
        ),
        _Way("environment", "EnvironmentCredential", _environment(), lambda: EnvironmentCredential(**settings)),
        _Way(
            f"workload identity{name}",
            "WorkloadIdentityCredential",
            ""
            if make
            else "no AZURE_FEDERATED_TOKEN_FILE, and not in a pipeline of GitHub or Azure DevOps that gives one",
            make or _none,
        ),
        _Way(
            "managed identity",
            "ManagedIdentityCredential",
            "",
            lambda: ManagedIdentityCredential(client_id=given("AZURE_CLIENT_ID"), **nearby),
        ),
    )


def _environment() -> str:
    given = os.environ.get
    lacking = [name for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID") if not given(name)]
    if not given("AZURE_CLIENT_SECRET") and not given("AZURE_CLIENT_CERTIFICATE_PATH"):
        lacking.append("AZURE_CLIENT_SECRET")
    return f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not set" if lacking else ""


def _workload(settings: dict[str, Any]) -> tuple[str, Callable[[], Credential] | None]:
    """Whose workload identity is at hand: a file's (Kubernetes), GitHub's or Azure DevOps'."""
    given = os.environ.get
    tenant, client = given("AZURE_TENANT_ID", ""), given("AZURE_CLIENT_ID", "")
    if given("AZURE_FEDERATED_TOKEN_FILE") and tenant and client:
        return "", lambda: WorkloadIdentityCredential(**settings)
    if given("ACTIONS_ID_TOKEN_REQUEST_URL") and given("ACTIONS_ID_TOKEN_REQUEST_TOKEN") and tenant and client:
        return " (GitHub)", lambda: ClientAssertionCredential(tenant, client, _github_token, **settings)
    tenant = given("AZURESUBSCRIPTION_TENANT_ID", "")
    client = given("AZURESUBSCRIPTION_CLIENT_ID", "")
    connection = given("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "")
    access = given("SYSTEM_ACCESSTOKEN", "")
    if given("SYSTEM_OIDCREQUESTURI") and tenant and client and connection and access:
        return " (Azure DevOps)", lambda: AzurePipelinesCredential(
            tenant_id=tenant,
            client_id=client,
            service_connection_id=connection,
            system_access_token=access,
            **settings,
        )
    return "", None


def _none() -> Credential:
    raise SignInError("not at hand")


def _github_token() -> str:
    """The token that GitHub issues to a job with `permissions: id-token: write`.

    https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments
    """
    try:
        answer = requests.get(
            os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"],
            params={"audience": "api://AzureADTokenExchange"},
            headers={"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
            timeout=(3, 10),
            verify=certificates(),
        )
        answer.raise_for_status()
        return str(answer.json()["value"])
    except (requests.RequestException, ValueError, KeyError, TypeError):
        # Not from the error: its text holds the address with its query.
        raise SignInError("GitHub gives no token (does the job have `permissions: id-token: write`?)") from None
