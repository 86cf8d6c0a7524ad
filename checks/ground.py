"""The ground that several checks stand on: what a template builds from, on what VM, and what else its file declares."""

from __future__ import annotations

from functools import lru_cache

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.value import Unknown

from .data import platform_images, vm_sizes

if TYPE_CHECKING:
    from aiblint.arm.deployment import Deployment, Resource
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

_WINDOWS_STEPS = ("PowerShell", "WindowsRestart", "WindowsUpdate")
MARK = pattern("\0[^\0]*\0")


def platform_image(template: ImageTemplate) -> tuple[str, str, str] | None:
    """Publisher, offer and sku of a marketplace source, each empty where it is not known; None for any other source."""
    if template.source_type != "PlatformImage":
        return None
    publisher, offer, sku = (template.source.get(name).text or "" for name in ("publisher", "offer", "sku"))
    return publisher, offer, sku


def operating_system(template: ImageTemplate) -> str | None:
    """`Windows` or `Linux`: from the marketplace source, else from the steps where they agree; None if neither tells.

    A File step says nothing, since both know it.
    """
    image = platform_image(template)
    known = platform_images.operating_system(*image) if image is not None else None
    if known is not None:
        return known
    types = {step.type for step in template.steps} - {None, "File"}
    told = {"Windows" if type_ in _WINDOWS_STEPS else "Linux" for type_ in types}
    return told.pop() if len(told) == 1 else None


def is_windows_client(template: ImageTemplate) -> bool:
    """Whether the source is a Windows for desktops from the marketplace; False also where that is not known."""
    image = platform_image(template)
    return image is not None and platform_images.client(*image)


def generation(template: ImageTemplate) -> str | None:
    """The Hyper-V generation of a marketplace source, `V1` or `V2`; None if that is not known."""
    image = platform_image(template)
    return platform_images.generation(*image) if image is not None else None


def vm_size(template: ImageTemplate) -> str | None:
    """The size of the build VM: the one given, or the documented default where the generation tells which that is."""
    given = template.vm_profile.get("vmSize")
    if given.is_missing or given.text == "":
        return vm_sizes.DEFAULT_SIZES.get(generation(template) or "")
    return given.text


def may_be_filled_in(template: ImageTemplate, value: Value) -> bool:
    """Whether an expression made the value while some parameter is empty, by default or in the parameter file.

    Such a parameter waits for whoever deploys: what an expression leaves empty or maimed here need not be so then.
    """
    return value.definition is not None and template.deployment is not None and _has_empty(template.deployment)


@lru_cache(maxsize=1)  # one file at a time is looked at, and in a bad one every ID may ask
def _has_empty(deployment: Deployment) -> bool:
    given = (known for resource in deployment.resources for known in resource.scope.given.values())
    return any(known.text == "" for known in given) or any(
        node.value == "" and node.key is not None and node.key.value == "defaultValue"
        for node in deployment.document.nodes()
    )


def declared(template: ImageTemplate, identifier: str) -> Value | None:
    """The resource of the same file that a resource ID names (as `marked` gives it); None where that is not certain.

    It is certain where the ID leaves subscription and resource group to the deployment, as `resourceId()` does, and
    ends in the type and the name of a resource of the file. A name may be unknown if both take it from one parameter.
    """
    before, _, after = identifier.rpartition("/providers/")
    if template.deployment is None or MARK.sub("", before) not in ("", "/subscriptions//resourcegroups/"):
        return None
    provider, *rest = after.split("/")
    type_, name = "/".join((provider, *rest[::2])), "/".join(rest[1::2])
    for resource in template.deployment.of_type(type_):
        if _full_name(resource, template) == name:
            return resource.value
    return None


def marked(value: Value) -> str:
    """A string in lower case; each unknown piece is a mark that only the very same unknown has again.

    The marks are good as long as the value lives. What cannot be a string is empty.
    """
    pieces = (value.data,) if isinstance(value.data, Unknown) else value.pieces
    return "".join(piece.lower() if isinstance(piece, str) else f"\0{id(piece)}\0" for piece in pieces)


def _full_name(resource: Resource, template: ImageTemplate) -> str:
    """`gallery/image`, also where the image stands inside the gallery and has only its own name."""
    name = marked(resource.value.get("name"))
    owner = resource.node.parent.parent if resource.node.parent is not None else None
    if template.deployment is None or name.count("/") + 2 > resource.type.count("/"):
        return name
    for other in template.deployment.resources:
        if other.node is owner:
            return f"{_full_name(other, template)}/{name}"
    return name
