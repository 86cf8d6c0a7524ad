"""Live: the image that a build begins with. Is it there, in this region, fit for a build and for where it goes?"""

from __future__ import annotations

from aiblint.finding import Finding, Holds, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.template import region_name

from .. import build_vm, customizers, ground, source
from . import image
from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from typing import Any

    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
SOURCE = JSON + "#properties-source"
OVERVIEW = "https://learn.microsoft.com/azure/virtual-machines/image-builder-overview"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
GALLERIES = "https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries"
DEPRECATED = "https://learn.microsoft.com/azure/virtual-machines/deprecated-images"
PLANS = "https://learn.microsoft.com/azure/virtual-machines/linux/cli-ps-findimage"
SECURITY = OVERVIEW + "#confidential-vm-and-trusted-launch-support"
GENERATIONS = "https://learn.microsoft.com/azure/virtual-machines/generation-2"

TRUSTED = "TrustedLaunchSupported"


@check("AIB801", "source-not-found", "error", TROUBLESHOOT, JSON)
def source_not_found(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the image that the build begins with: the marketplace image in the template's region, the managed
    image, or the version of a gallery, also of one that others share. Of `latest` it looks which version that is.

    ## Why it matters
    The submission fails, with `BadPIRSource`, `BadManagedImageSource` or `BadSharedImageVersionSource`, or the build
    does when it begins.

    ## Bad
    `imageVersionId` ends in `latest`, and all versions of the image definition are excluded from latest.

    ## Good
    `imageVersionId` names a version that is there and whose `provisioningState` is `Succeeded`.
    """
    found = image.source_image(template, azure)
    if found is None or (not found.found and ground.declared(template, ground.marked(found.at)) is not None):
        return  # what the same file declares is made before the template
    if found.open:
        yield unknown(found.at, f"{found.what} is there", found.open)
    elif found.answer.kind == "missing":
        where = f" in `{azure.location}`" if found.kind in ("marketplace", "shared") else ""
        reason = found.answer.reason if not found.answer.status else f"Azure knows no `{found.name}`{where}"
        help_ = "mend the ID, or make the image first"
        if found.kind == "marketplace":
            publisher, offer, _, _ = found.name.split(":")
            help_ = (
                "take one that `az vm image list --all "
                f"--location {azure.location} --publisher {publisher} --offer {offer}` shows"
            )
        elif found.kind == "shared":
            help_ = "mend the ID, or have the gallery shared with the subscription and replicated to the region"
        yield Finding(found.at, f"{found.what} is not there: {reason}", help=help_)
    elif not found.found:
        yield unchecked(found.at, f"{found.what} is there", found.answer)
    else:
        if found.definition is not None and not found.definition.found:
            yield unchecked(found.at, "the image definition of the source fits the template", found.definition)
        yield from _readiness(found)


def _readiness(found: image.Source) -> Verdicts:
    """What comes of provisioningState (Creating, Updating, Failed, Succeeded, Deleting, Migrating)."""
    state = str(found.answer.at("properties", "provisioningState") or "")
    if state.lower() in ("failed", "deleting", "creating"):
        yield Finding(
            found.at,
            f"{found.label} cannot be used: its `provisioningState` is `{state}`",
            help="wait until it is `Succeeded`" if state.lower() == "creating" else "make it anew, or take another one",
            severity="warning" if state.lower() == "creating" else "",
        )
    else:
        yield Holds(found.at, f"{found.label} is there")


@check("AIB802", "source-not-in-region", "error", SOURCE, TROUBLESHOOT)
def source_not_in_region(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the source is where the template is: a gallery version replicated to the template's region (a warning
    while that is not complete), a managed image in its region and its subscription.

    ## Why it matters
    The submission fails with `BadSharedImageVersionSource` or `BadManagedImageSource`.

    ## Bad
    The template is in `westeurope`, the target regions of the source version are `eastus` and `westus2`.

    ## Good
    One of the target regions is `West Europe`, and the replication there is completed.
    """
    found = image.source_image(template, azure)
    here = azure.location
    if found is None or not found.found or not here or image.told(source.source_region_mismatch, template):
        return
    if found.kind == "managed":
        yield from _whereabouts(found, azure)
    elif found.kind == "gallery":
        regions = image.replicated_to(found.answer.body)
        rows = found.answer.at("properties", "replicationStatus", "summary") or ()
        row: dict[str, Any] = next((row for row in rows if region_name(row.get("region", "")) == here), {})
        state = str(row.get("state") or "Completed").lower()
        where = f"{found.label} is replicated to `{here}`, the region of the template"
        if here not in regions:
            yield Finding(
                found.at,
                f"{found.label} is not replicated to `{here}`, the region of the template, only to "
                + (", ".join(f"`{one}`" for one in regions) or "no region"),
                help=f"add `{here}` to its target regions (`az sig image-version update --target-regions`, with all "
                "regions), or move the template",
            )
        elif state == "completed":
            yield Holds(found.at, where)
        elif state == "unknown":
            yield unchecked(found.at, where, "Azure does not know how far the replication is")
        else:
            failed = state == "failed"
            yield Finding(
                found.at,
                f"the replication of {found.label} to `{here}`, the region of the template, "
                + ("failed" if failed else f"is not complete: {row.get('progress', 0)} %"),
                help="replicate it again" if failed else "submit the template when it is `Completed`",
                severity="" if failed else "warning",
            )


def _whereabouts(found: image.Source, azure: Azure) -> Verdicts:
    location = region_name(found.answer.at("location") or "")
    subscription = found.name.split("/")[2]
    wrong = []
    if location != azure.location:
        wrong.append(f"in `{location}`, not in `{azure.location}`")
    if azure.home.subscription and subscription.lower() != azure.home.subscription.lower():
        wrong.append(f"in subscription `{subscription}`, not in `{azure.home.subscription}`")
    if wrong:
        yield Finding(
            found.at,
            f"{found.what} is not where the template is: it is {', and '.join(wrong)}",
            help="publish the image to a gallery that is replicated to the template's region, and build from that",
        )
    else:
        yield Holds(found.at, f"{found.what} is in the region of the template, `{location}`")


@check("AIB803", "source-deprecated", "error", DEPRECATED, GALLERIES)
def source_deprecated(template: ImageTemplate, azure: Azure, surroundings: Surroundings) -> Verdicts:
    """
    ## What it does
    Looks whether the marketplace image is deprecated (info where that is only scheduled), and whether the end of life
    of a gallery version or its definition is past (a warning, since Azure goes on to build from it).

    ## Why it matters
    No VM can be made from a deprecated image, so no build either. Past its end of life an image lacks updates.

    ## Bad
    The `imageDeprecationStatus` of the marketplace image is `Deprecated`.

    ## Good
    Its state is `Active`.
    """
    found = image.source_image(template, azure)
    if found is None or not found.found or found.kind == "managed":
        return
    status = found.answer.at("properties", "imageDeprecationStatus") or {}
    state = str(status.get("imageState") or "Active").lower()
    instead = status.get("alternativeOption") or {}
    named = str(instead.get("type") or "None").lower() != "none" and instead.get("value")
    help_ = f"take the {str(instead['type']).lower()} `{instead['value']}`" if named else "take another image"
    answers = [one for one in (found.answer, found.definition) if one is not None]
    dates = [one.at("properties", "publishingProfile", "endOfLifeDate") for one in answers]
    dates += [one.at("properties", "endOfLifeDate") for one in answers]
    ended = sorted(str(date)[:10] for date in dates if date and str(date)[:10] < surroundings.now[:10])
    if state == "deprecated":
        yield Finding(
            found.at, f"{found.label} is deprecated", help=help_, notes=("no VM can be made of a deprecated image",)
        )
    elif state == "scheduledfordeprecation":
        when = str(status.get("scheduledDeprecationTime") or "")[:10]
        yield Finding(
            found.at,
            f"{found.label} will be deprecated" + (f" on {when}" if when else ""),
            help=help_,
            notes=("no VM can be made of it from then on",),
            severity="info",
        )
    elif ended:
        yield Finding(
            found.at,
            f"the end of life of {found.label} was on {ended[0]}",
            help="build from a newer version",
            severity="warning",
        )
    else:
        yield Holds(found.at, f"{found.label} is not deprecated")


@check("AIB804", "plan-not-accepted", "error", PLANS, SOURCE)
def plan_not_accepted(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Of a source that is bought under a plan, looks whether `planInfo` names that plan, and whether its terms are accepted
    in the subscription.

    ## Why it matters
    Without the plan the submission fails with `PurchasePlanNotProvided`; without the terms the build VM cannot be
    made: `MarketplacePurchaseEligibilityFailed`, or `Legal terms have not been accepted`.

    ## Bad
    The marketplace image has a plan, and the source has no `planInfo`.

    ## Good
    `planInfo` has the plan's name, product and publisher, and `az vm image terms show` says `accepted: true`.
    """
    found = image.source_image(template, azure)
    if found is None or not found.found:
        return
    info = template.source.get("planInfo")
    if found.plan is None:
        if found.kind == "marketplace" and not info.is_missing and not info.is_unknown:
            yield Finding(
                info,
                f"{found.label} has no plan, but the source has `planInfo`",
                help="leave `planInfo` out",
                severity="info",
            )
        return
    publisher, product, name = found.plan
    if found.kind == "marketplace":
        yield from _plan_info(info, found)
    if not azure.home.subscription or not all(found.plan):
        return
    base = f"/subscriptions/{azure.home.subscription}/providers/Microsoft.MarketplaceOrdering/offerTypes/virtualmachine"
    terms = azure.get(f"{base}/publishers/{publisher}/offers/{product}/plans/{name}/agreements/current")
    what = f"the terms of the plan `{name}` are accepted in the subscription"
    if terms.at("properties", "accepted") is True:
        yield Holds(found.at, what)
    elif terms.at("properties", "accepted") is False:
        yield Finding(
            found.at,
            f"the terms of the plan `{name}` of {found.what} are not accepted in the subscription",
            help=f"run `az vm image terms accept --publisher {publisher} --offer {product} --plan {name}`",
            notes=("the build VM cannot be made until then",),
        )
    else:
        yield unchecked(found.at, what, "Azure does not say it" if terms.found else terms)


def _plan_info(info: Value, found: image.Source) -> Verdicts:
    assert found.plan is not None
    parts = {
        name: info.get(name) for name in ("planPublisher", "planProduct", "planName") if not info.get(name).is_missing
    }
    named = dict(zip(("planPublisher", "planProduct", "planName"), found.plan, strict=True))
    wanted = ", ".join(f'"{key}": "{value}"' for key, value in named.items())
    # In other letter case Azure may take it or not.
    wrong = [name for name, part in parts.items() if part.text is not None and part.text.lower() != named[name].lower()]
    if info.is_missing:
        yield Finding(
            found.at,
            f"{found.label} is bought under the plan `{found.plan[2]}`, but the source has no `planInfo`",
            help=f'add `"planInfo": {{{wanted}}}`',
            notes=("the submission fails with `PurchasePlanNotProvided`",),
        )
    elif wrong:
        yield Finding(
            parts[wrong[0]],
            f"`{wrong[0]}` is `{parts[wrong[0]].text}`, but that of {found.label} is `{named[wrong[0]]}`",
            help=f'write `"planInfo": {{{wanted}}}`',
            notes=("the build VM cannot be made under another plan",),
        )
    elif info.is_unknown or any(part.text is None for part in parts.values()):
        yield unknown(info, f"`planInfo` is the plan of {found.what}", "planInfo")
    elif len(parts) == len(named):  # else missing-property says it
        yield Holds(info, f"`planInfo` is the plan of {found.label}")


@check("AIB805", "source-security-type", "error", SECURITY)
def source_security_type(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks at the security type of the source and of each image definition that it is published to. A source for
    Trusted Launch or confidential VMs alone cannot be built from. A source that supports Trusted Launch goes to a
    definition that does, too, and any other source to one that does not.

    ## Why it matters
    Such builds are not supported: the build VM cannot be made, or the image is built and cannot be published. New
    definitions support Trusted Launch if nobody says otherwise, so old and new ones do not fit each other.

    ## Bad
    The `SecurityType` of the source's image definition is `TrustedLaunch`.

    ## Good
    It is `TrustedLaunchSupported`, and so is that of the definition that the image is published to.
    """
    found = image.source_image(template, azure)
    if found is None or not found.found or not found.security:
        return
    if found.security.lower().startswith(("trustedlaunch", "confidentialvm")) and not _is_supporting(found.security):
        yield Finding(
            found.at,
            f"{found.label} is for VMs of the security type `{found.security}` alone, which no build uses",
            help=f"build from an image whose definition says `{found.security}Supported`",
        )
        return
    yield Holds(found.at, f"{found.label}, of security type `{found.security}`, can be built from")
    for target in image.targets(template, azure):
        theirs = image.security(target.body)
        if "confidential" in (_trust(found.security) + _trust(theirs)).lower():
            continue  # how these go together is not documented
        if _trust(theirs) == _trust(found.security):
            yield Holds(target.at, f"the security types of source and {target.distributor.label} fit: `{theirs}`")
            continue
        yield Finding(
            target.at,
            f"the image definition of {target.distributor.label} has the security type `{theirs}`, but "
            f"{found.label} has `{found.security}`",
            help=f"publish to an image definition with the security type `{_trust(found.security)}`",
            notes=("Image Builder supports that only if both say `TrustedLaunchSupported`, or neither",),
            # Not supported either, yet nobody has reported that it fails.
            severity="warning" if _trust(found.security) == TRUSTED and theirs == "Standard" else "",
        )
    for distributor in template.distributors:
        if distributor.type == "ManagedImage" and _trust(found.security) == TRUSTED:
            yield Finding(
                distributor.get("type"),
                f"{found.label} supports Trusted Launch, which the managed image of {distributor.label} cannot",
                help="publish to a gallery (`SharedImage`) if VMs of the image are to use Trusted Launch",
                severity="info",
            )


def _is_supporting(security: str) -> bool:
    return security.lower().endswith("supported")


def _trust(security: str) -> str:
    """`TrustedLaunchAndConfidentialVmSupported` supports Trusted Launch like any other."""
    return TRUSTED if security.lower().startswith("trustedlaunch") and _is_supporting(security) else security


@check("AIB806", "generation-mismatch-live", "error", OVERVIEW, GENERATIONS)
def generation_mismatch_live(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Compares the Hyper-V generation of the source, as Azure tells it, with that of each image definition that it is
    published to, and with those that the size of the build VM can start.

    ## Why it matters
    Image Builder does not turn one generation into the other. The build runs to its end, and the distribution then
    fails with `Error with Hyper-V Version validation`; of a size that cannot start it, no build VM is made.

    ## Bad
    The source is of generation V2, the `hyperVGeneration` of the image definition is `V1`.

    ## Good
    Both are V2.
    """
    found = image.source_image(template, azure)
    if found is None or not found.found or not found.generation:
        return
    if not image.told(source.generation_mismatch, template):
        yield from _compared(template, azure, found, "hyperVGeneration", found.generation, "generation")
    able = (image.vm_size(template, azure) or {}).get("HyperVGenerations", "")
    size = template.vm_profile.get("vmSize")
    if able and found.generation.upper() in able.upper().split(","):
        yield Holds(size, f"`{size.text}` starts images of generation {found.generation}")
    elif able and not image.told(build_vm.vm_size_generation, template):
        yield Finding(
            size,
            f"the build VM `{size.text}` cannot start {found.label}, an image of generation {found.generation}",
            help=f"write a size that starts generation {found.generation}",
            notes=(f"it starts {able.replace(',', ' and ')}, so the build VM cannot be created",),
        )


def _compared(template: ImageTemplate, azure: Azure, found: image.Source, name: str, own: str, words: str) -> Verdicts:
    """What comes of comparing a property of each image definition with the source's own."""
    for target in image.targets(template, azure):
        theirs = target.get(name)
        if theirs and theirs.lower() == own.lower():
            yield Holds(
                target.at, f"source and image definition of {target.distributor.label} are alike: {words} {own}"
            )
        elif theirs:
            yield Finding(
                target.at,
                f"the image definition of {target.distributor.label} has `{name}` `{theirs}`, but {found.label} is of "
                f"{words} `{own}`",
                help=f"publish to an image definition whose `{name}` is `{own}`",
                notes=("the image is built and then cannot be published",),
            )


@check("AIB807", "architecture-mismatch", "error", GALLERIES, OVERVIEW)
def architecture_mismatch(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Compares the processor architecture of the source, `x64` or `Arm64`, with that of each image definition that it is
    published to and that of the size of the build VM. Where the template gives no size, an Arm64 source is worth a
    look (info): the documented default sizes are x64.

    ## Why it matters
    No VM of the one architecture starts an image of the other: the build VM cannot be made, or the version that is
    published.

    ## Bad
    The source is an image for Arm64, and `vmSize` is `Standard_D2ds_v4`.

    ## Good
    The source is an image for Arm64, `vmSize` is `Standard_D2ps_v5`, and the image definition says `Arm64`.
    """
    found = image.source_image(template, azure)
    if found is None or not found.found or not found.architecture:
        return
    yield from _compared(template, azure, found, "architecture", found.architecture, "architecture")
    able = (image.vm_size(template, azure) or {}).get("CpuArchitectureType", "")
    size = template.vm_profile.get("vmSize")
    if able and able.lower() == found.architecture.lower():
        yield Holds(size, f"`{size.text}` is of the architecture of the source, {able}")
    elif able:
        yield Finding(
            size,
            f"the build VM `{size.text}` is {able}, but {found.label} is an image for {found.architecture}",
            help=f"write a size whose architecture is {found.architecture}",
            notes=("the build VM cannot be created",),
        )
    elif (size.is_missing or size.text == "") and found.architecture.lower() == "arm64":
        yield Finding(
            template.vm_profile if not template.vm_profile.is_missing else found.at,
            f"{found.label} is an image for Arm64, and no `vmSize` is given",
            help="write a size for Arm64, such as `Standard_D2ps_v5`",
            notes=("the sizes that are documented as the default are x64",),
            severity="info",
        )


@check("AIB808", "source-not-generalized", "error", SOURCE)
def source_not_generalized(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the managed image, or the image definition of the source version, is generalized.

    ## Why it matters
    Image Builder takes generalized images only: a VM made from a specialized one keeps the accounts of the old one,
    and nobody can log on to it to build.

    ## Bad
    The `osState` of the source's image definition is `Specialized`.

    ## Good
    Its `osState` is `Generalized`.
    """
    found = image.source_image(template, azure)
    if found is None or not found.found or not found.state or found.kind == "marketplace":
        return
    if found.state.lower() == "specialized":
        yield Finding(
            found.at,
            f"{found.label} is specialized, and Image Builder builds from generalized images only",
            help="generalize the VM (Sysprep, or `waagent -deprovision`), and make the image of that",
        )
    else:
        yield Holds(found.at, f"{found.label} is generalized")


@check("AIB809", "system-mismatch", "error", JSON, OVERVIEW)
def system_mismatch(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Compares the operating system of the source, as Azure tells it, with that of each image definition that it is
    published to, and with what the steps need. Of marketplace images whose publisher tells the system,
    `os-customizer-mismatch` knows the latter without Azure.

    ## Why it matters
    The service refuses steps for another system (`UnsupportedCustomizerType`); a definition for another one makes the
    distribution fail when all is built.

    ## Bad
    The source is a managed image of Windows, and a step is a `Shell` step.

    ## Good
    All steps of a build from a managed image of Windows are `PowerShell`, `WindowsRestart`, `WindowsUpdate` or `File`.
    """
    found = image.source_image(template, azure)
    if found is None or not found.found or not found.system:
        return
    yield from _compared(template, azure, found, "osType", found.system, "system")
    foreign = ("Shell",) if found.system.lower() == "windows" else customizers.WINDOWS_STEPS
    wrong = [step for step in template.steps if step.type in foreign]
    if wrong and not image.told(customizers.os_customizer_mismatch, template):
        yield Finding(
            wrong[0].get("type"),
            f"{wrong[0].label} is a `{wrong[0].type}` step, but {found.label} is an image of {found.system}",
            help=f"use a `{'PowerShell' if foreign == ('Shell',) else 'Shell'}` step, or remove it",
            related=tuple(Related(step.get("type").span, f"it is a `{step.type}` step, too") for step in wrong[1:]),
        )
    elif template.steps and not wrong:
        yield Holds(template.steps[0].get("type"), f"the steps are for {found.system}, as the source is")


@check("AIB810", "disk-smaller-than-source", "error", JSON + "#osdisksizegb")
def disk_smaller_than_source(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Compares `osDiskSizeGB` with the size of the source's disk, as Azure tells it. 0 keeps the size of the source.

    ## Why it matters
    A disk can only grow. The build VM cannot be created: the disk `is smaller than the size of the corresponding disk
    in the VM image`.

    ## Bad
    The disk of the source version has 128 GB, and `osDiskSizeGB` is 64.

    ## Good
    `osDiskSizeGB` is 128 or more, or is left out.
    """
    found = image.source_image(template, azure)
    given = template.vm_profile.get("osDiskSizeGB")
    if found is None or not found.found or not found.gib or given.is_missing:
        return
    if given.is_unknown:
        yield unknown(given, "the disk of the source fits on that of the build VM", "osDiskSizeGB")
    elif given.number is None or given.number < 0:
        return
    elif given.number == 0 or given.number >= found.gib:
        yield Holds(given, f"the disk of {found.label}, {found.gib} GB, fits on that of the build VM")
    elif not image.told(build_vm.os_disk_too_small, template):
        yield Finding(
            given,
            f"`osDiskSizeGB` is {given.number}, but the disk of {found.label} has {found.gib} GB and can only grow",
            help=f"write {found.gib} or more, or leave it out to keep the size of the image",
            notes=("the build VM cannot be created",),
        )
