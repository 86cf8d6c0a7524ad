"""Live: the galleries that images are published to. Are they there, and fit for what is published?"""

from __future__ import annotations

from functools import partial

from aiblint.azure.scope import parent
from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING
from aiblint.template import region_name

from .. import distribute, ground
from . import image
from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import Distributor, ImageTemplate
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
DISTRIBUTE = JSON + "#distribute-sharedimage"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
GALLERIES = "https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries"
PLANS = "https://learn.microsoft.com/azure/virtual-machines/marketplace-images"
LOCATIONS = "https://learn.microsoft.com/rest/api/resources/subscriptions/list-locations"


@check("AIB811", "gallery-not-found", "error", TROUBLESHOOT, DISTRIBUTE)
def gallery_not_found(distributor: Distributor, template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the gallery and the image definition that a distributor publishes to, unless the same file makes
    them.

    ## Why it matters
    Image Builder makes neither. The submission fails, or the build does when all is built.

    ## Bad
    `galleryImageId` names an image definition that nobody has made yet.

    ## Good
    Gallery and image definition are there before the template is submitted.
    """
    at = distributor.get("galleryImageId")
    if distributor.type != "SharedImage" or at.is_missing:
        return
    what = f"the image definition of {distributor.label} is there"
    definition = image.definition_of(distributor, azure)
    gallery = parent(definition, "galleries")
    made_here = ground.declared(template, _without_version(at)) is not None
    if not gallery:
        # What is wrongly written is a matter of malformed-resource-id.
        if at.text is None and image.is_open(at) and not made_here:
            yield unknown(at, what, "galleryImageId")
        return
    found, holder = azure.reader.side_by_side((partial(azure.get, definition), partial(azure.get, gallery)))
    if found.found or made_here:
        yield Holds(at, what if found.found else f"{what} when the same file has been deployed")
        if found.found and not holder.found:
            yield unchecked(at, f"the gallery of {distributor.label} fits the template", holder)
    elif found.kind == "missing":
        lacking = ("gallery", gallery) if holder.kind == "missing" else ("image definition", definition)
        command = "az sig create" if holder.kind == "missing" else "az sig image-definition create"
        yield Finding(
            at,
            f"the {lacking[0]} of {distributor.label} is not there: Azure knows no `{lacking[1]}`",
            help=f"mend `galleryImageId`, or make it first with `{command}`",
            notes=("Image Builder makes neither galleries nor image definitions",),
        )
    else:
        yield unchecked(at, what, found)


def _without_version(at: Value) -> str:
    return ground.marked(at).partition("/versions/")[0]


@check("AIB812", "version-already-exists", "error", DISTRIBUTE, GALLERIES)
def version_already_exists(distributor: Distributor, azure: Azure) -> Verdicts:
    """
    ## What it does
    Where `galleryImageId` gives the version to publish, looks whether the image definition has that version already.

    ## Why it matters
    A gallery does not replace a version: all is built, and the distribution fails.

    ## Bad
    `galleryImageId` ends in `/versions/1.0.0`, and version 1.0.0 is there.

    ## Good
    `galleryImageId` ends in a version that is not there yet, or without one: then the service takes the next number.
    """
    at = distributor.get("galleryImageId")
    version = azure.id(at) or ""
    definition = image.definition_of(distributor, azure)
    if distributor.type != "SharedImage" or not parent(version, "versions"):
        return
    found, holder = azure.reader.side_by_side((partial(azure.get, version), partial(azure.get, definition)))
    name = version.rpartition("/")[2]
    if not holder.found:
        return  # `gallery-not-found` says why
    if found.kind == "missing":
        yield Holds(at, f"version `{name}` of {distributor.label} is not there yet")
    elif found.found:
        yield Finding(
            at,
            f"{distributor.label} publishes version `{name}`, which is there already",
            help=f"leave `/versions/{name}` out, so that the service takes the next number, or write a new one",
            notes=("a gallery does not replace a version that it has",),
        )
    else:
        yield unchecked(at, f"version `{name}` of {distributor.label} is not there yet", found)


@check("AIB813", "target-region-unavailable", "error", DISTRIBUTE, LOCATIONS)
def target_region_unavailable(distributor: Distributor, template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the subscription of the gallery has each region that a distributor publishes to, and whether the
    gallery's own region is among them (a warning, since the service may add it by itself).

    ## Why it matters
    The image is built and then cannot be replicated. Microsoft's reference demands the gallery's region in the list:
    a version is created there first and copied from there.

    ## Bad
    The gallery is in `westeurope`, and `targetRegions` has `northeurope` only.

    ## Good
    `targetRegions` has `westeurope` and `northeurope`, both of them regions of the subscription.
    """
    listed, places = distribute.listed_regions(distributor)
    gallery = parent(image.definition_of(distributor, azure), "galleries")
    if distributor.type != "SharedImage" or not gallery or not places:
        return
    subscription = parent(gallery, "subscriptions")
    holder, regions = azure.reader.side_by_side(
        (partial(azure.get, gallery), partial(azure.list, f"{subscription}/locations"))
    )
    names = [region_name(place.text) for place in places if place.text]
    complete = len(names) == len(places)
    known = {region_name(one.get("name", "")) for one in regions.body} if regions.found else set()
    gone = [place for place in places if place.text and region_name(place.text) not in known]
    what = f"the subscription has all regions of {distributor.label}"
    if not regions.found:
        yield unchecked(places[0], what, regions)
    for place in gone if regions.found else ():
        yield Finding(
            place,
            f"{distributor.label} publishes to `{place.text}`, a region that the subscription of the gallery does not "
            "have",
            help="take one that `az account list-locations` shows, or have the region opened for the subscription",
            notes=("the image is built and then cannot be replicated",),
        )
    home = region_name(holder.at("location") or "")
    if not complete:
        yield unknown(places[0], what, listed)
    elif home and home not in names:
        # Where the same file declares the definition, home-region-missing says it.
        if ground.declared(template, _without_version(distributor.get("galleryImageId"))) is None:
            yield Finding(
                distributor.get(listed).key_span,
                f"`{listed}` of {distributor.label} leaves out `{home}`, the region of its gallery",
                help=f"add `{home}` to `{listed}`",
                notes=("the version is created in that region first and copied from there",),
                severity="warning",
            )
    elif regions.found and not gone:
        yield Holds(distributor.get(listed), f"{what}: {', '.join(names)}")


@check("AIB814", "definition-lacks-plan", "warning", PLANS, GALLERIES)
def definition_lacks_plan(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Of a source that is bought under a plan, looks whether each image definition that it is published to has that plan
    as its `purchasePlan`.

    ## Why it matters
    The image is built, but whoever makes a VM of it has to know the plan and give it: otherwise that fails with
    `VMMarketplaceInvalidInput`. A definition keeps what it was made with, so it has to be made anew.

    ## Bad
    The source has `planInfo`, and the image definition has no `purchasePlan`.

    ## Good
    The image definition was made with `--plan-name`, `--plan-product` and `--plan-publisher`.
    """
    found = image.source_image(template, azure)
    if found is None or found.plan is None:
        return
    publisher, product, name = found.plan
    for target in image.targets(template, azure):
        plan = target.body.get("properties", {}).get("purchasePlan") or {}
        theirs = str(plan.get("name") or "")
        if theirs.lower() == name.lower():
            yield Holds(target.at, f"the image definition of {target.distributor.label} has the plan `{name}`")
            continue
        yield Finding(
            target.at,
            f"{found.what} is bought under the plan `{name}`, but the image definition of {target.distributor.label} has "
            + (f"the plan `{theirs}`" if theirs else "no plan"),
            help=f"make a definition with `--plan-name {name} --plan-product {product} --plan-publisher {publisher}`",
            notes=("whoever makes a VM of the image has to give the plan, or gets `VMMarketplaceInvalidInput`",),
        )


@check("AIB815", "definition-elsewhere", "info", DISTRIBUTE)
def definition_elsewhere(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether each image definition that is published to is in the region of the template.

    ## Why it matters
    If it is not, each build copies the disk to the other region first: that takes time, and nothing else.

    ## Bad
    The template is in `westeurope`, the image definition in `eastus`.

    ## Good
    Both are in `westeurope`.
    """
    for target in image.targets(template, azure) if azure.location else ():
        location = region_name(str(target.body.get("location") or ""))
        if location == azure.location:
            yield Holds(target.at, f"the image definition of {target.distributor.label} is in `{location}`, too")
        elif location:
            yield Finding(
                target.at,
                f"the image definition of {target.distributor.label} is in `{location}`, the template in "
                f"`{azure.location}`",
                help="put both into one region if time matters",
                notes=("each build copies the disk to the other region first",),
            )
