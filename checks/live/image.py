"""Live: what Azure tells of the image that a build begins with and of the definitions it goes to, as the checks of both
want it. Answers are remembered for a run, so each check may ask anew: it costs no request.
"""

from __future__ import annotations

import re
from functools import partial

from aiblint.azure.answer import FOUND, MISSING, Answer
from aiblint.azure.needs import Home, identifier
from aiblint.azure.scope import OPEN, parent
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.template import region_name

if TYPE_CHECKING:
    from typing import Any

    from aiblint.azure.live import Azure
    from aiblint.finding import Check
    from aiblint.template import Distributor, ImageTemplate
    from aiblint.value import Value

_IMAGE = pattern(r"/subscriptions/.+/providers/Microsoft\.Compute/images/[^/]+", re.IGNORECASE)
_VERSION = pattern(r"(/subscriptions/.+/galleries/[^/]+/images/[^/]+)/versions/([^/]+)", re.IGNORECASE)
# A gallery that others share, as Compute writes the `uniqueId` of its images; with a region and a subscription before
# it where somebody took the path that is asked for (official examples SharedGalleryImageVersions_Get and its like).
_SHARED = pattern(r"(?:/.+)?/(shared|community)Galleries/([^/]+)/images/([^/]+)/versions/([^/]+)", re.IGNORECASE)
# No name has these: somebody fills it in later, in a way that is not known as a placeholder (those are unknown values).
_FILLED_IN = pattern(r"[$%{}<>#*]")
_KNOWN = Home("0", "0")
_GIB = 2**30


class Source(NamedTuple):
    """The image that a build begins with.

    `at` is where the template names it, `kind` marketplace, managed, gallery or shared, `what` how messages call it,
    `name` what Azure was asked for. `open` names the property that leaves it unknown. `answer` tells whether it is there
    (`body` of the version, or of the managed image), `definition` the same of the image definition, None for images
    without one.

    All else is empty where Azure does not tell. `system` is Linux or Windows, `state` Generalized or Specialized,
    `generation` V1 or V2, `architecture` x64 or Arm64, `security` the feature SecurityType (`Standard` where there is
    none), `gib` the size of its disk, `plan` publisher, product and name of a purchase plan, `published` the version.
    """

    at: Value
    kind: str
    what: str
    name: str = ""
    open: str = ""
    answer: Answer = Answer("", "")
    definition: Answer | None = None
    system: str = ""
    state: str = ""
    generation: str = ""
    architecture: str = ""
    security: str = ""
    gib: int = 0
    plan: tuple[str, str, str] | None = None
    published: str = ""

    @property
    def found(self) -> bool:
        """Whether Azure has the image."""
        return self.answer.found

    @property
    def label(self) -> str:
        """How messages call it where they tell what it is."""
        return f"{self.what} `{self.published}`" if self.published else self.what


class Target(NamedTuple):
    """An image definition that is there, and the distributor that publishes to it; `at` is its galleryImageId."""

    distributor: Distributor
    at: Value
    body: dict[str, Any]

    def get(self, name: str) -> str:
        """A property of it; empty where Azure does not tell."""
        return str(self.body.get("properties", {}).get(name) or "")


def source_image(template: ImageTemplate, azure: Azure) -> Source | None:
    """The source; None for one that is not given or wrongly written (checks that only read the template say so), and
    where it is not known in which subscription or region to ask (others say that)."""
    readers = {"PlatformImage": _marketplace, "ManagedImage": _managed, "SharedImageVersion": _gallery}
    reader = readers.get(template.source_type or "")
    return reader(template, azure) if reader is not None else None


def targets(template: ImageTemplate, azure: Azure) -> list[Target]:
    """The image definitions that the template publishes to, as far as they are there: of others `gallery-not-found`
    speaks."""
    named = [(one, definition_of(one, azure)) for one in template.distributors if one.type == "SharedImage"]
    answers = azure.reader.side_by_side([partial(azure.get, definition) for _, definition in named])
    return [
        Target(one, one.get("galleryImageId"), answer.body)
        for (one, _), answer in zip(named, answers, strict=True)
        if answer.found
    ]


def definition_of(distributor: Distributor, azure: Azure) -> str:
    """The ID of the image definition that a distributor publishes to, without a version; empty if it is not known or
    wrongly written."""
    definition = parent(azure.id(distributor.get("galleryImageId")) or "", "images")
    return definition if parent(definition, "galleries") and not _FILLED_IN.search(definition) else ""


def security(body: dict[str, Any]) -> str:
    """The security type that an image or a definition says it is for: `Standard` where it says none."""
    listed = body.get("properties", {}).get("features") or ()
    features = {str(one.get("name")).lower(): str(one.get("value")) for one in listed}
    return features.get("securitytype", "Standard")


def vm_size(template: ImageTemplate, azure: Azure) -> dict[str, str] | None:
    """What the given size of the build VM is able to; None where that is not known: `vm-size-unavailable` says why."""
    name = template.vm_profile.get("vmSize").text
    if not name or not azure.home.subscription or not azure.location:
        return None
    path = f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Compute/skus"
    listed = azure.list(path, {"$filter": f"location eq '{azure.location}'"})
    for row in listed.body if listed.found else ():
        if row.get("resourceType") == "virtualMachines" and str(row.get("name")).lower() == name.lower():
            return {one["name"]: one["value"] for one in row.get("capabilities", ())}
    return None


def told(check: Check, *subjects: object) -> bool:
    """Whether a check that only reads the template finds something: what it says is not said again."""
    return any(True for _ in check.run(*subjects))


def is_open(at: Value) -> bool:
    """Whether the template leaves an ID open, and not only in which subscription or group it is deployed."""
    return OPEN in identifier(at, "id", _KNOWN)


# -- the marketplace ---------------------------------------------------------------------------------------------------


def _marketplace(template: ImageTemplate, azure: Azure) -> Source | None:
    parts = {name: template.source.get(name) for name in ("publisher", "offer", "sku", "version")}
    if any(part.is_missing or (part.text is not None and not part.text.strip()) for part in parts.values()):
        return None
    version = parts["version"]
    what = "the marketplace image"
    for name, part in parts.items():
        if part.text is None:
            return Source(part, "marketplace", what, open=name)
    publisher, offer, sku, wanted = (str(part.text) for part in parts.values())
    if _FILLED_IN.search(publisher + offer + sku) or not re.fullmatch(r"(?i)latest|[\d.]+", wanted):
        return None
    if not azure.home.subscription or not azure.location:
        return None
    base = (
        f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Compute/locations/{azure.location}"
        f"/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions"
    )
    name = f"{publisher}:{offer}:{sku}:{wanted}"
    if wanted.lower() == "latest":
        # The newest one, as the operation is documented: compute/virtual-machine-images/list, `name desc`.
        listed = azure.list(base, {"$top": "1", "$orderby": "name desc"})
        if listed.found and not listed.body:
            listed = Answer(MISSING, listed.asked, reason="it has no version")
        if not listed.found:
            return Source(parts["sku"], "marketplace", what, name, answer=listed)
        wanted = str(listed.body[0].get("name"))
    answer = azure.get(f"{base}/{wanted}")
    properties = answer.at("properties") or {}
    disk = properties.get("osDiskImage") or {}
    plan = properties.get("plan")
    return Source(
        version,
        "marketplace",
        what,
        name,
        answer=answer,
        system=disk.get("operatingSystem") or "",
        state="Generalized",
        generation=properties.get("hyperVGeneration") or "",
        architecture=properties.get("architecture") or "",
        security=security(answer.body or {}),
        # Sent though it is not in the API's description (github.com/Azure/azure-cli/issues/17599); the last half KiB
        # and more is the VHD's own.
        gib=int(disk.get("sizeInBytes") or 0) // _GIB,
        plan=(plan["publisher"], plan["product"], plan["name"]) if plan else None,
        published=wanted,
    )


# -- one's own images --------------------------------------------------------------------------------------------------


def _managed(template: ImageTemplate, azure: Azure) -> Source | None:
    at = template.source.get("imageId")
    what = "the source image"
    name = azure.id(at) or ""
    if _FILLED_IN.search(name) or not _IMAGE.fullmatch(name):
        return _left_open(at, "managed", what, "imageId")
    answer = azure.get(name)
    properties = answer.at("properties") or {}
    disk = answer.at("properties", "storageProfile", "osDisk") or {}
    return Source(
        at,
        "managed",
        what,
        name,
        answer=answer,
        system=disk.get("osType") or "",
        state=disk.get("osState") or "",
        generation=properties.get("hyperVGeneration") or "",
        gib=disk.get("diskSizeGB") or 0,
    )


def _left_open(at: Value, kind: str, what: str, name: str) -> Source | None:
    return None if at.is_missing or at.text is not None or not is_open(at) else Source(at, kind, what, open=name)


def _gallery(template: ImageTemplate, azure: Azure) -> Source | None:
    at = template.source.get("imageVersionId")
    written = "" if at.is_missing else identifier(at, "id", azure.home)
    shared, own = _SHARED.fullmatch(written), _VERSION.fullmatch(written)
    if _FILLED_IN.search(written) or not (shared or own):
        return _left_open(at, "gallery", "the source version", "imageVersionId")
    if shared is not None:
        if not azure.home.subscription or not azure.location:
            return None
        kind, gallery, image, wanted = shared.groups()
        definition = (
            f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Compute/locations/{azure.location}"
            f"/{kind.lower()}Galleries/{gallery}/images/{image}"
        )
        return _version(at, "shared", definition, wanted, azure)
    assert own is not None
    return _version(at, "gallery", own[1], own[2], azure)


def _version(at: Value, kind: str, definition: str, wanted: str, azure: Azure) -> Source:
    """A version of a gallery image, with what its definition says of it."""
    expand = {"$expand": "ReplicationStatus"} if kind == "gallery" else None
    versions, latest = f"{definition}/versions", wanted.lower() == "latest"
    answer, described = azure.reader.side_by_side(
        (
            partial(azure.list, versions) if latest else partial(azure.get, f"{versions}/{wanted}", expand),
            partial(azure.get, definition),
        )
    )
    if latest and answer.found:
        answer = _latest(answer, azure.location if kind == "gallery" else "")
        wanted = str(answer.at("name") or wanted)
        if answer.found and kind == "gallery":
            answer = azure.get(f"{versions}/{wanted}", expand)
    properties = described.at("properties") or {}
    disk = answer.at("properties", "storageProfile", "osDiskImage") or {}
    plan = properties.get("purchasePlan") or {}
    return Source(
        at,
        kind,
        "the source version",
        f"{versions}/{wanted}",
        answer=answer,
        definition=described,
        system=properties.get("osType") or "",
        state=properties.get("osState") or "",
        generation=properties.get("hyperVGeneration") or "",
        architecture=properties.get("architecture") or "",
        security=security(described.body) if described.found else "",
        gib=disk.get("sizeInGB") or disk.get("diskSizeGB") or 0,
        plan=(plan.get("publisher", ""), plan.get("product", ""), plan["name"]) if plan.get("name") else None,
        published=wanted,
    )


def _latest(listed: Answer, location: str) -> Answer:
    """The version that `latest` comes to: the highest that is ready and not excluded, in the region if there is one."""
    ready = [one for one in listed.body if _is_ready(one, location)]
    if not ready:
        count = len(listed.body)
        reason = f"none of its {count} versions is ready and counts as latest" if count else "it has no version"
        return Answer(MISSING, listed.asked, reason=reason)
    here = [one for one in ready if location in replicated_to(one)]
    return Answer(FOUND, listed.asked, max(here or ready, key=lambda one: version_key(one.get("name"))), status=200)


def _is_ready(version: dict[str, Any], location: str) -> bool:
    """https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries (excludeFromLatest)."""
    properties = version.get("properties", {})
    profile = properties.get("publishingProfile", properties)  # those that others share have none
    regional = [one for one in profile.get("targetRegions", ()) if region_name(one.get("name", "")) == location]
    excluded = profile.get("excludeFromLatest") or any(one.get("excludeFromLatest") for one in regional)
    return not excluded and properties.get("provisioningState", "Succeeded") in ("Succeeded", "Updating")


def replicated_to(version: dict[str, Any]) -> list[str]:
    """The regions that a version of a gallery is replicated to, as Azure compares them."""
    profile = version.get("properties", {}).get("publishingProfile", {})
    return [region_name(one.get("name", "")) for one in profile.get("targetRegions", ())]


def version_key(name: object) -> tuple[int, ...]:
    """What versions are in order by: their numbers."""
    return tuple(int(number) for number in re.findall(r"\d+", str(name)))
