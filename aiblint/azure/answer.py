"""What Azure said to one question: what was found, that it is not there, that it is forbidden, or why it is unknown."""

from __future__ import annotations

import json
import re

from aiblint.azure.trouble import clean
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FOUND = "found"
MISSING = "missing"
FORBIDDEN = "forbidden"
UNASKED = "unasked"

# A 404 with one of these is not about the resource: the cloud does not know the type or the version, or the account
# that is signed in belongs to a tenant without this subscription.
_NOT_ABOUT_IT = (
    "InvalidResourceType",
    "InvalidResourceNamespace",
    "NoRegisteredProviderFound",
    "InvalidApiVersionParameter",
    "SubscriptionNotFound",
)


class Answer(NamedTuple):
    """What Azure said to one question. `kind` is FOUND, MISSING (404), FORBIDDEN (403) or UNASKED (could not ask).

    `body` is the JSON of what was found (all pages of a list as one list), shared by all who ask the same: not to be
    changed. `asked` is the question, `code` the service's word for what is wrong (`AuthorizationFailed`), `reason` ours
    in one line; `status` is of HTTP, 0 where there was no answer. No text holds a secret.
    """

    kind: str
    asked: str
    body: Any = None
    code: str = ""
    reason: str = ""
    status: int = 0

    @property
    def found(self) -> bool:
        """Whether there is a body."""
        return self.kind == FOUND

    def at(self, *names: str) -> Any:
        """What the body has at a path of keys (`"properties", "osType"`); None if there is nothing."""
        inside = self.body
        for name in names:
            if not isinstance(inside, dict):
                return None
            inside = inside.get(name)
        return inside


def judged(response: Any, asked: str, host: str, hide: Callable[[str], str]) -> Answer:
    """What an answer of HTTP means.

    Only what Azure itself says counts: the page of a proxy is no 404 of a resource. `hide` takes tokens out of a text.
    """
    status = response.status_code
    body, is_json = _json(response)
    code, message = _error(body)
    code = code or response.headers.get("x-ms-error-code", "")
    lacking = hide(clean(_lacking(message)))
    message = hide(clean(message))
    answer = Answer(UNASKED, asked, code=hide(clean(code, 80)), status=status)
    if status == 200 and is_json:
        return answer._replace(kind=FOUND, body=body)
    if status == 200:
        return answer._replace(reason=f"the answer of {host} is not JSON")
    genuine = bool(code) or (not is_json and "html" not in response.headers.get("Content-Type", ""))
    if status == 404 and genuine and code not in _NOT_ABOUT_IT:
        return answer._replace(kind=MISSING, reason=message or "there is no such thing")
    if (status == 403 and genuine) or code == "PublicAccessNotPermitted":
        return answer._replace(kind=FORBIDDEN, reason=lacking or message or "access is denied")
    said = " ".join(filter(None, (f"({answer.code})" if code else "", f"- {message}" if message else "")))
    if status == 401:
        return answer._replace(reason=f"{host} does not accept the sign-in {said}".rstrip())
    wait = response.headers.get("Retry-After", "")
    if status in (429, 503) and wait.isdigit():
        return answer._replace(reason=f"{host} asks to wait {wait} s {said}".rstrip())
    return answer._replace(reason=f"{host} answers {status} {said}".rstrip())


def _json(response: Any) -> tuple[Any, bool]:
    """The body and whether it is JSON."""
    try:
        text = response.text() if callable(response.text) else response.text
        return json.loads(text.removeprefix("\ufeff")), True
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None, False


def _error(body: Any) -> tuple[str, str]:
    """The code and the message of an error, wrapped in `error` or, as Compute throttles, flat."""
    inside = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(inside, dict):
        return "", ""
    code, message = inside.get("code"), inside.get("message")
    return code if isinstance(code, str) else "", message if isinstance(message, str) else ""


def _lacking(message: str) -> str:
    """The action that an error of authorization says is missing."""
    match = re.search(r"perform action '([^']+)'", message)
    return f"the account that is signed in lacks `{match[1]}`" if match else ""
