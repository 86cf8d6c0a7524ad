"""What can go wrong while asking, in words: one line, without secrets, and never a traceback."""

from __future__ import annotations

import re
import socket
import ssl

from aiblint import secret
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class LiveError(Exception):
    """What keeps a whole run with --live from asking anything; its text is one line and says how to mend it."""


class WriteRefusedError(LiveError):
    """A request that is not a read was about to be sent, and was not."""


NOT_INSTALLED = "--live needs the Azure SDK, which is not installed: pip install 'aiblint[live]'"
TRUST = "REQUESTS_CA_BUNDLE or SSL_CERT_FILE"
_LONGEST = 300


def clean(text: str, longest: int = _LONGEST) -> str:
    """A text of somebody else (a service, the SDK) as it may be shown: one line, no secret, no query of an address."""
    text = re.sub(r"(?i)(https?://[^\s?#'\"<>]*)[?#][^\s'\"<>]*", r"\1?***", text)
    # A token may stand cut off or in a shape that `mask` does not know.
    text = re.sub(r"\beyJ[\w.~+/=-]{8,}", "***", text)
    text = re.sub(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}", r"\1***", text)
    text = " ".join(secret.mask(text).split())
    return text if len(text) <= longest else text[: longest - 3] + "..."


def reason(error: BaseException, host: str) -> str:
    """Why a request to `host` got no answer. The text of the error is not used where its type says enough.

    The SDK wraps what `requests` wraps of what urllib3 wraps; the innermost error is the one that says it.
    """
    inner = tuple(_within(error))
    for cause in inner:
        if isinstance(cause, LiveError):
            return str(cause)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {host} cannot be trusted ({clean(cause.verify_message or 'unknown')}): "
                f"name the file of the certificate authority in {TRUST}"
            )
        if isinstance(cause, ssl.SSLError):
            return f"no TLS connection to {host} ({clean(cause.reason or 'unknown')})"
        if isinstance(cause, socket.gaierror):
            return f"there is no address for {host}: is the network up, and the name right?"
        if isinstance(cause, ConnectionRefusedError):
            return f"{host} refuses the connection"
    names = {name for cause in inner for name in _class_names(cause)}
    if names & {"ProxyError"}:
        return f"the proxy does not lead to {host}: look at HTTPS_PROXY and NO_PROXY"
    if names & {"ConnectTimeout", "ConnectTimeoutError", "ServiceRequestTimeoutError"}:
        return f"no connection to {host} in time"
    if names & {"ReadTimeout", "ReadTimeoutError", "ServiceResponseTimeoutError", "TimeoutError"}:
        return f"{host} does not answer in time"
    if names & {"RemoteDisconnected", "ProtocolError", "ConnectionError", "IncompleteRead", "IncompleteReadError"}:
        return f"{host} cut the connection"
    if names & {"DecodeError", "JSONDecodeError"}:
        return f"the answer of {host} is not JSON"
    return f"{host} could not be asked ({type(error).__name__})"


def is_certificate(error: BaseException) -> bool:
    """Whether a certificate was not trusted: trying again does not help."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _within(error))


def _within(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it was made of, whichever way that was kept."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            kept = (
                cause.__cause__,
                cause.__context__,
                getattr(cause, "reason", None),
                getattr(cause, "inner_exception", None),
            )
            waiting += (*kept, *cause.args)


def _class_names(error: BaseException) -> Iterator[str]:
    return (kind.__name__ for kind in type(error).__mro__)
