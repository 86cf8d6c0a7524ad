"""Where the template lives and its builds run."""

from __future__ import annotations

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.template import region_name

from . import ground
from .data import regions

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate

# Canary regions and closed clouds: no public page says what they have.
_CLOSED = pattern(r"us(?:nat|sec)\w+|\w+(?:euap|stg|stage)")


@check("AIB211", "unsupported-location", "error", regions.LOCATIONS, regions.PREVIEW)
def unsupported_location(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the template's `location`: whether it is a region at all, and whether image templates can live there. The
    image itself can be distributed to any region. A government region that is in preview gives a finding of
    severity info. Canary regions and closed clouds are not judged, as no public page lists what they have.

    ## Why it matters
    The submission is rejected with `LocationNotAvailableForResourceType`.

    ## Bad
    ```json
    "location": «"westeu"»
    ```
    ```json
    "location": «"canadaeast"»
    ```
    ```json
    "location": «""»
    ```

    ## Good
    ```json
    "location": "West Europe"
    ```
    """
    location = template.location
    if location.text is None or (not location.text.strip() and ground.may_be_filled_in(template, location)):
        return
    name = region_name(location.text)
    if not name:
        message, help_ = "`location` is empty", "name the region that the build should run in"
    elif name in regions.PREVIEW_FEATURES:
        feature = regions.PREVIEW_FEATURES[name]
        yield Finding(
            location,
            f"Image Builder is in preview in `{location.text}`",
            help=f"register the feature `{feature}` of Microsoft.VirtualMachineImages before the first submission",
            severity="info",
        )
        return
    elif name in regions.TEMPLATE_LOCATIONS or _CLOSED.fullmatch(name):
        return
    elif name in regions.OTHER_REGIONS:
        message = f"image templates cannot live in `{location.text}`"
        help_ = "take another region for the template; the image can still be distributed to this one"
    else:
        message = f"`{location.text}` is not a region that image templates can live in"
        near = " or ".join(f"`{region}`" for region in regions.nearest(location.text))
        help_ = f"did you mean {near}?" if near else "write the name of a region as Azure has it, such as `westeurope`"
    yield Finding(
        location,
        message,
        help=help_,
        notes=("the submission is rejected with `LocationNotAvailableForResourceType`",) if name else (),
    )
