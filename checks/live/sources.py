"""Live: the image that a build begins with. Is it there, in this region, fit for a build?"""

from __future__ import annotations

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING

from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"


@check("AIB801", "source-not-found", "error", TROUBLESHOOT, JSON)
def source_not_found(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the managed image, or for the image version of a gallery, that the build begins with.

    ## Why it matters
    The submission fails, with `BadManagedImageSource` or `BadSharedImageVersionSource`.

    ## Bad
    `imageId` names a managed image that is not there, or that was deleted.

    ## Good
    `imageId` names a managed image of the subscription.
    """
    kinds = {
        "ManagedImage": ("imageId", "the source image"),
        "SharedImageVersion": ("imageVersionId", "the source version"),
    }
    name, what = kinds.get(template.source_type or "", ("", ""))
    at = template.source.get(name) if name else template.source
    if not name or at.is_missing:
        return
    image = azure.id(at)
    if image is None:
        yield unknown(at, f"{what} is there", name)
        return
    answer = azure.get(image)
    if answer.found:
        yield Holds(at, f"{what} is there")
    elif answer.kind == "missing":
        yield Finding(
            at, f"{what} is not there: Azure knows no `{image}`", help=f"mend `{name}`, or make the image first"
        )
    else:
        yield unchecked(at, f"{what} is there", answer)
