"""Resource IDs: whether each has the form of what it must name."""

from __future__ import annotations

import re

from aiblint.arm.deployment import literal
from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.value import OpenKey, Value

from . import ground

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.source.document import Span
    from aiblint.template import ImageTemplate

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"

# A part in braces is a name: what stands there is its description.
_GROUP = "/subscriptions/{subscription ID}/resourceGroups/{resource group name}/providers/"
IMAGE = _GROUP + "Microsoft.Compute/images/{image name}"
GALLERY_IMAGE = _GROUP + "Microsoft.Compute/galleries/{gallery name}/images/{image definition name}"
GALLERY_VERSION = GALLERY_IMAGE + "/versions/{version}"
SUBNET = _GROUP + "Microsoft.Network/virtualNetworks/{virtual network name}/subnets/{subnet name}"
IDENTITY = _GROUP + "Microsoft.ManagedIdentity/userAssignedIdentities/{identity name}"

_GUID = pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# No name of a resource has these: somebody fills such a part in later, in a way that is not known as a placeholder.
_FILLED_IN = pattern(r"[^/]*[$%{}<>#*][^/]*")
# Images that others share; the documentation does not say how their IDs look (Direct Shared Gallery is in preview).
_SHARED = pattern(r"/(?:shared|community)galleries/", re.IGNORECASE)

# Stands in a text for a piece that is not known.
_OPEN = "\0"


class Identifier(NamedTuple):
    """A resource ID of the template: how messages call it, its value, the forms it may have, the usual one first."""

    words: str
    value: Value
    forms: tuple[str, ...]


class Mistake(NamedTuple):
    """What is wrong with an ID: the rest of the sentence, and the characters of the ID that show it."""

    words: str
    start: int
    end: int


@check("AIB203", "malformed-resource-id", "error", JSON, TROUBLESHOOT)
def malformed_resource_id(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Reads every resource ID of the template, part by part, as far as it is known: source image, gallery, managed
    image, subnets, identities. Letter case of the fixed parts does not matter.

    ## Why it matters
    The submission is rejected, with `Field 'imageId' has a bad value` or `LinkedInvalidPropertyId`. Often a variable
    was empty when a script filled the template in, which leaves two slashes in a row or an ID that ends in one.

    ## Bad
    ```json
    "source": {
      "type": "ManagedImage",
      "imageId":
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images«/»"
    }
    ```
    ```json
    "identity": {
      "type": "UserAssigned",
      "userAssignedIdentities": {«"66666666-7777-8888-9999-000000000000"»: {}}
    }
    ```
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "example",
        "galleryImageId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries«//»images/example",
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```
    ```json
    "source": {
      "type": "SharedImageVersion",
      "imageVersionId":
        «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/base"»
    }
    ```

    ## Good
    ```json
    "source": {
      "type": "ManagedImage",
      "imageId":
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/base"
    }
    ```
    """
    for identifier in _identifiers(template):
        pieces = identifier.value.pieces
        text = "".join(piece if isinstance(piece, str) else _OPEN for piece in pieces)
        mistake = _mistake(text, identifier.forms) if pieces else None
        if mistake is not None and not ground.may_be_filled_in(template, identifier.value):
            yield Finding(
                _place(identifier.value, mistake, len(text)),
                f"{identifier.words} {mistake.words.replace(_OPEN, '...')}",
                help=f"write it as `{_written_out(identifier.forms[0])}`",
                notes=("the submission is rejected",),
            )


def _identifiers(template: ImageTemplate) -> Iterator[Identifier]:
    identities = template.resource.get("identity", "userAssignedIdentities")
    for name, member in identities.members:
        yield Identifier("the ID of the template's identity", _key(name, member), (IDENTITY,))
    for value in template.vm_profile.get("userAssignedIdentities").items:
        yield Identifier("the ID of an identity of the build VM", value, (IDENTITY,))
    for name in ("subnetId", "containerInstanceSubnetId"):
        yield Identifier(f"`{name}`", template.vm_profile.get("vnetConfig", name), (SUBNET,))
    if template.source_type == "ManagedImage":
        yield Identifier("`imageId` of the source", template.source.get("imageId"), (IMAGE,))
    elif template.source_type == "SharedImageVersion":
        yield Identifier("`imageVersionId` of the source", template.source.get("imageVersionId"), (GALLERY_VERSION,))
    for distributor in template.distributors:
        if distributor.type == "ManagedImage":
            yield Identifier(f"`imageId` of {distributor.label}", distributor.get("imageId"), (IMAGE,))
        elif distributor.type == "SharedImage":
            words = f"`galleryImageId` of {distributor.label}"
            yield Identifier(words, distributor.get("galleryImageId"), (GALLERY_IMAGE, GALLERY_VERSION))


def _key(name: str, member: Value) -> Value:
    """The name of a member as a value of its own, at its own place."""
    node = member.node.key or member.node
    if isinstance(name, OpenKey):
        return Value(name.data, node, node)
    return literal(node) if node.value == name else Value(name, node, node)


def _place(value: Value, mistake: Mistake, length: int) -> Value | Span:
    # A part is characters; so is a key, which is no value of the tree. A whole value also tells where it is defined.
    if mistake.end - mistake.start < length and value.definition is None:
        return value.part(mistake.start, mistake.end)
    is_key = value.node.key is None and value.node.parent is not None and value.node.parent.kind == "object"
    return value.span if is_key else value


def _written_out(form: str) -> str:
    return re.sub(r"\{([^}]*?)(?: name)?\}", r"<\1>", form)


# -- reading an ID -----------------------------------------------------------------------------------------------------


def _mistake(text: str, forms: tuple[str, ...]) -> Mistake | None:
    segments = text.split("/")
    if forms[0] == GALLERY_VERSION and _SHARED.match(text):
        return None
    if any(_fits(segments, form.split("/")) for form in forms):
        return _wrong_subscription(segments)
    named_version = "versions" in text.lower().split("/")
    form = forms[-1] if named_version else forms[0]
    if _is_open(segments[0]):
        return Mistake(_tail(segments, form.split("/")), 0, len(text))
    return _outside(text) or _inside(text, form)


def _fits(segments: list[str], form: list[str]) -> bool:
    """Whether an ID has a form, or can have: a part that is not known may stand for several, one at least."""
    if not segments or not form:
        return not segments and not form
    first, rest = segments[0], segments[1:]
    if not _is_open(first):
        return _matches(first, form[0]) and _fits(rest, form[1:])
    return any(_fits(rest, form[count:]) for count in range(1, len(form) + 1))


def _is_open(segment: str) -> bool:
    return _OPEN in segment or _FILLED_IN.fullmatch(segment) is not None


def _matches(segment: str, expected: str) -> bool:
    return segment != "" if expected.startswith("{") else segment.lower() == expected.lower()


def _wrong_subscription(segments: list[str]) -> Mistake | None:
    subscription = segments[2] if len(segments) > 2 and segments[1].lower() == "subscriptions" else _OPEN
    if _is_open(subscription) or _GUID.fullmatch(subscription):
        return None
    start = len("/subscriptions/")
    words = f"has `{subscription}` for the ID of a subscription, which is a GUID"
    return Mistake(words, start, start + len(subscription))


def _outside(text: str) -> Mistake | None:
    """What one sees without reading part by part."""
    second = text.lower().find("/subscriptions/", 1)
    if not text.strip():
        words, start = "is empty", 0
    elif _GUID.fullmatch(text):
        words, start = "is a bare GUID, not a resource ID, which begins with `/subscriptions/`", 0
    elif text.lower().startswith(("http://", "https://")):
        words, start = "is a URL; a resource ID begins with `/subscriptions/`", 0
    elif text != text.strip():
        words, start = "has white space around it", 0
    elif text.lower().startswith("subscriptions/"):
        words, start = "lacks the slash before `subscriptions/`", 0
    elif not text.startswith("/") or not text.strip("/"):
        words, start = "is not a resource ID, which begins with `/subscriptions/`", 0
    elif second > 0:
        words, start = "holds a second ID, from its second `/subscriptions/` on", second
    else:
        return None
    return Mistake(words, start, len(text))


def _inside(text: str, form: str) -> Mistake:
    """The first part that departs from the form."""
    segments, expected = text.split("/"), form.split("/")
    start = 0
    for index, segment in enumerate(segments):
        wanted = expected[index] if index < len(expected) else None
        last = index == len(segments) - 1
        if not segment and last and index:
            words = _missing(segments[:-1], expected) if wanted is not None else "ends with a slash"
            return Mistake(words, start - 1, start)
        if not segment and index:
            empty = wanted.strip("{}") if wanted is not None and wanted.startswith("{") else "name"
            words = f"has no {empty} between `{segments[index - 1]}/` and `/{segments[index + 1]}`"
            return Mistake(words, start - 1, start + 1)
        if wanted is None:
            return Mistake(f"goes on with `{text[start - 1 :]}`, where it should end", start - 1, len(text))
        if not _is_open(segment) and not _matches(segment, wanted):
            return Mistake(_other(index, segments, expected), start, start + len(segment))
        start += len(segment) + 1
    return Mistake(_missing(segments, expected), 0, len(text))


def _tail(segments: list[str], expected: list[str]) -> str:
    """What is wrong with an ID whose beginning is not known."""
    if segments[-1] == "":
        return f"ends after `{segments[-2]}/`, without a name" if not _is_open(segments[-2]) else "ends with a slash"
    return f"does not end as the ID of a `{_kind(expected)}` does"


def _kind(segments: list[str]) -> str:
    # ["", "subscriptions", ..., "resourceGroups", ..., "providers", provider, type, name, type, name]
    return "/".join((segments[6], *segments[7::2]))


def _missing(segments: list[str], expected: list[str]) -> str:
    wanted = expected[len(segments)]
    if wanted.startswith("{"):
        return f"ends after `{segments[-1]}`: the {wanted.strip('{}')} is missing"
    return f"ends after `{segments[-1]}`, where `/{_written_out('/'.join(expected[len(segments) :]))}` should follow"


def _other(index: int, segments: list[str], expected: list[str]) -> str:
    if index >= 6 and not _is_open(_kind(segments)):
        return f"is the ID of a `{_kind(segments)}`, not of a `{_kind(expected)}`"
    return f"has `{segments[index]}` where `{expected[index]}` belongs"
