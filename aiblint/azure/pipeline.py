"""How requests leave: azure-core's pipeline, with reads only, a limit on the time, and the waits that services ask for.

Imported only where the SDK is installed. The numbers are measured: with the SDK's own a dead network costs 5 s for each
request, a hanging one a minute and more.
"""

from __future__ import annotations

import logging
import os
import re
import time
from urllib.parse import urlsplit

import requests
from azure.core.exceptions import ServiceRequestTimeoutError, ServiceResponseTimeoutError
from azure.core.pipeline import Pipeline
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    ContentDecodePolicy,
    HTTPPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport

from aiblint import __version__
from aiblint.azure.trouble import LiveError, WriteRefusedError, is_certificate
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineRequest, PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse

USER_AGENT = f"aiblint/{__version__}"
CONNECT_SECONDS = 3.0
# Lists of VM sizes take the real service several seconds; a dead network is noticed by the connection already.
READ_SECONDS = 10.0
# How many requests are under way at once.
AT_ONCE = 16

# The POSTs that read. Everything else but GET and HEAD stays here.
# https://learn.microsoft.com/rest/api/policyinsights/policy-restrictions
READING_POSTS = (r"(?i)(/[\w.()-]+)+/providers/Microsoft\.PolicyInsights/checkPolicyRestrictions",)


class Deadline(NamedTuple):
    """When a run must have its answers: at `at` of the monotonic clock, `seconds` after it began."""

    at: float
    seconds: float

    def left(self) -> float:
        """The seconds that are left; not negative."""
        return max(0.0, self.at - time.monotonic())


def deadline(seconds: float) -> Deadline:
    """A deadline that begins now."""
    return Deadline(time.monotonic() + seconds, seconds)


def refuse_writes(method: str, url: str) -> None:
    """Raise WriteRefusedError unless a request only reads."""
    path = urlsplit(url).path
    if method in ("GET", "HEAD") or (method == "POST" and any(re.fullmatch(post, path) for post in READING_POSTS)):
        return
    raise WriteRefusedError(f"aiblint only reads: {method} {path} was not sent")


class ReadsOnly(HTTPPolicy["HttpRequest", "HttpResponse"]):
    """The first policy: nothing that writes gets as far as asking for a token."""

    def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Pass a read on."""
        refuse_writes(request.http_request.method, request.http_request.url)
        return self.next.send(request)


class Transport(RequestsTransport):  # type: ignore[misc]  # imported lazily by the SDK, so untyped
    """The last gate: it refuses writes again, as clients of the SDK have policies of their own between the two (one of
    them registers resource providers), and it lets no request last longer than the run may."""

    def __init__(self, until: Deadline) -> None:
        session = requests.Session()
        session.mount("https://", requests.adapters.HTTPAdapter(pool_connections=AT_ONCE, pool_maxsize=AT_ONCE))
        # Otherwise ~/.netrc would be searched for a password for every host, which would replace the token.
        session.auth = _as_it_is
        super().__init__(session=session, session_owner=False, connection_verify=certificates())
        self._until = until

    def send(self, request: Any, *, proxies: Any = None, **kwargs: Any) -> Any:
        """Send a read, in the time that is left."""
        refuse_writes(request.method, request.url)
        left = self._until.left()
        if left <= 0:
            raise ServiceRequestTimeoutError("out of time")
        kwargs["connection_timeout"] = min(CONNECT_SECONDS, left)
        kwargs["read_timeout"] = min(READ_SECONDS, left)
        return super().send(request, proxies=proxies, **kwargs)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Retries(RetryPolicy):  # type: ignore[type-arg]
    """Tries again what may pass, and waits as long as a service asks (Retry-After), if the run has that time."""

    def __init__(self, until: Deadline) -> None:
        super().__init__(
            retry_total=3, retry_connect=1, retry_read=1, retry_status=3, retry_backoff_factor=0.2, retry_backoff_max=5
        )
        self._until = until

    def increment(self, settings: dict[str, Any], response: Any = None, error: Exception | None = None) -> bool:
        """Whether to try again; with an answer that asks for a longer wait than there is time that answer is kept."""
        if error is not None and (isinstance(error, ServiceResponseTimeoutError) or is_certificate(error)):
            return False
        if not super().increment(settings, response=response, error=error):
            return False
        wait = self.get_retry_after(response) if hasattr(response, "http_response") else None
        return (self.get_backoff_time(settings) if wait is None else wait) < self._until.left()


def certificates() -> str | bool:
    """What certificates are verified against: the file or folder that the usual variables name, in the order of
    `requests` (which knows the first two) and OpenSSL, or the authorities that come along. Raises LiveError."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = os.environ.get(name)
        if path:
            if not os.path.exists(path):
                raise LiveError(f"{name} names `{path}`, which is not there")
            return path
    return True


def build(
    transport: Transport, until: Deadline, credential: TokenCredential | None, scope: str, decode: bool = False
) -> Pipeline[HttpRequest, HttpResponse]:
    """A pipeline; without a credential requests go out unsigned. Clients of the SDK want answers decoded for them."""
    policies: list[Any] = [ReadsOnly(), UserAgentPolicy(USER_AGENT)]
    if decode:
        policies.append(ContentDecodePolicy())
    policies.append(Retries(until))
    if credential is not None:
        policies.append(BearerTokenCredentialPolicy(credential, scope))
    return Pipeline(transport, policies=policies)


def silence() -> None:
    """Keep the SDK from logging: it writes a dozen lines for one failed sign-in, urllib3 whole addresses with their
    signatures."""
    for name in ("azure", "msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
