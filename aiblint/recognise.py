"""Which files hold an image template, and in which of its forms: told by content, never by name."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern

if TYPE_CHECKING:
    from aiblint.source.document import Document, Node

PROVIDER = "microsoft.virtualmachineimages"
IMAGE_TEMPLATE = PROVIDER + "/imagetemplates"
TRIGGER = IMAGE_TEMPLATE + "/triggers"

# In words, as the reports show them.
DEPLOYMENT = "ARM deployment template"
RESOURCE = "image template resource"
LONE_TRIGGER = "image template trigger"
BODY = "request body"

# Some writers of JSON escape the slash; and of one that was written with single quotation marks, that is to be said.
_TYPED = pattern(r"""["']type["']\s*:\s*["']Microsoft\.VirtualMachineImages\\?/imageTemplates""", re.IGNORECASE)


class Form(NamedTuple):
    """A place where an image template (or its trigger) begins: `kind` is one of the four above."""

    kind: str
    node: Node


def may_hold_template(data: bytes) -> bool:
    """Whether the bytes deserve to be read at all; most JSON of a repository is turned away here.

    Every form but the bare body names its type; the body has `source` and `distribute`, which all API versions require.
    """
    if b"\0" in data:
        data = data.replace(b"\0", b"")  # UTF-16 and UTF-32: what is left of ASCII text is ASCII
    return b'"distribute"' in data or b"imagetemplates" in data.lower()


def names_template(document: Document) -> bool:
    """Whether the text declares an image template: the last resort for a file too broken to have a tree."""
    return _TYPED.search(document.text) is not None


def recognise(document: Document) -> Form | None:
    """The form of the image template that a document holds, None where it holds none.

    A deployment template is taken as one only if it names an image template somewhere: nested deployments are the
    reader's business (`aiblint.arm.deployment`).
    """
    root = document.root
    if root is None or root.kind != "object":
        return None
    resources = root.member("resources")
    if resources is not None and resources.children and root.member("type") is None:
        return Form(DEPLOYMENT, root) if names_template(document) else None
    kind = root.member("type")
    written = str(kind.value).lower() if kind is not None and kind.kind == "string" else ""
    if written == IMAGE_TEMPLATE:
        return Form(RESOURCE, root)
    if written == TRIGGER:
        return Form(LONE_TRIGGER, root)
    # The official samples for `az resource create --is-full-object` name only the provider as their type.
    if written not in ("", PROVIDER):
        return None
    properties = root.member("properties")
    distribute = properties.member("distribute") if properties is not None else None
    if properties is None or distribute is None:
        return None
    # A JSON Schema of the body has the same names without a type, but describes each with an object.
    if written or (properties.member("source") is not None and distribute.kind != "object"):
        return Form(BODY, root)
    return None
