"""Live: the staging resource group that a template names. Is it fit for this template, and for no other?"""

from __future__ import annotations

from functools import partial

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING
from aiblint.template import region_name

from .home import is_told, staging, staging_group, template_id
from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-stagingresourcegroup"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"

REJECTED = "the submission is rejected with `BadStagingResourceGroup`"
# JSON: the tags with which the service marks the group of a template.
NAME_TAG, GROUP_TAG = "imagetemplatename", "imagetemplateresourcegroupname"


def _elsewhere(group: str, azure: Azure) -> bool:
    """Whether it is a group of another subscription."""
    subscription = azure.home.subscription.lower()
    return bool(subscription) and group.lower().split("/")[2] != subscription


def _is_own(template: ImageTemplate, azure: Azure, group: str) -> bool:
    """Whether the template is there already and builds in this group: then what is in it, and its tags, are its own."""
    own = template_id(azure)
    answer = azure.get(own) if own else None
    if answer is None or not answer.found:
        return False
    names = ("stagingResourceGroup", "exactStagingResourceGroup")
    used = {str(answer.at("properties", name) or "").lower().rstrip("/") for name in names}
    return group.lower() in used


@check("AIB840", "staging-group-not-empty", "error", JSON)
def staging_group_not_empty(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the group that `stagingResourceGroup` names is empty, or not there yet. What stands in the group of a
    template that is there already is its own, and no fault.

    ## Why it matters
    The submission is rejected with `BadStagingResourceGroup`.

    ## Bad
    The group holds a storage account: the one that the build of an older template has left, for example.

    ## Good
    The group is not there, and the service makes it; or it is there, and empty.
    """
    at = staging(template)
    if at is None:
        return
    group = staging_group(template, azure)
    what = "the staging resource group is empty"
    if not group:
        # Of a value that is no ID of a group `staging-group-rules` speaks.
        if at.text is None and azure.id(at) is None and azure.home.subscription:
            yield unknown(at, what, "stagingResourceGroup")
        return
    if _elsewhere(group, azure):
        return
    answer, inside = azure.reader.side_by_side((partial(azure.get, group), partial(azure.list, f"{group}/resources")))
    name = group.rpartition("/")[2]
    if answer.kind == "missing":
        yield Holds(at, f"the staging resource group `{name}` is not there yet, and the service makes it")
        return
    if not answer.found or not inside.found:
        why = answer if not answer.found else inside
        if not is_told(why):
            yield unchecked(at, what, why)
        return
    if str(answer.at("properties", "provisioningState")).lower() == "deleting":
        yield Finding(
            at,
            f"the staging resource group `{name}` is being deleted",
            help="wait until it is gone, or name another one",
            notes=(REJECTED,),
        )
    elif not inside.body:
        yield Holds(at, f"the staging resource group `{name}` is empty")
    elif _is_own(template, azure, group):
        yield Holds(at, f"the staging resource group `{name}` is that of this template already")
    else:
        listed = [str(one.get("name")) for one in inside.body if isinstance(one, dict)]
        more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
        yield Finding(
            at,
            f"the staging resource group `{name}` is not empty: it has "
            + ", ".join(f"`{one}`" for one in listed[:3])
            + f"{more} in it",
            help="name a group of its own: it is made if it is not there",
            notes=(REJECTED,),
        )


@check("AIB841", "staging-group-elsewhere", "error", JSON, TROUBLESHOOT)
def staging_group_elsewhere(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the group that `stagingResourceGroup` names is in the template's subscription, in its region, and not
    that of another image template: the service marks a group with the tags `imageTemplateName` and
    `imageTemplateResourceGroupName`, and does not always take them off.

    ## Why it matters
    The submission is rejected with `BadStagingResourceGroup`, or fails with `InternalOperationError`, which names no
    reason.

    ## Bad
    The group is in `northeurope`, the template in `westeurope`.

    ## Good
    The group is in the template's region, and has no tag of an image template.
    """
    at = staging(template)
    group = staging_group(template, azure) if at is not None else ""
    if at is None or not group:
        return
    name = group.rpartition("/")[2]
    if _elsewhere(group, azure):
        yield Finding(
            at,
            f"the staging resource group `{name}` is in another subscription than the template",
            help=f"name a group in the subscription `{azure.home.subscription}`",
            notes=(REJECTED,),
        )
        return
    answer = azure.get(group)
    if not answer.found:
        return  # it is made, or `staging-group-not-empty` says why it is not known
    place = str(answer.at("location") or "")
    wrong = bool(azure.location and place) and region_name(place) != azure.location
    if wrong:
        yield Finding(
            at,
            f"the staging resource group `{name}` is in `{place}`, and the template in `{azure.location}`",
            help="name a group in the template's region: it is made if it is not there",
            notes=(REJECTED,),
        )
    tags = {key.lower(): str(value) for key, value in (answer.at("tags") or {}).items()}
    whose, in_group = tags.get(NAME_TAG), tags.get(GROUP_TAG)
    manager = str(answer.at("managedBy") or "")
    own = template_id(azure)
    if whose is None and in_group is None and "/imagetemplates/" not in manager.lower():
        if not wrong:
            yield Holds(at, f"the staging resource group `{name}` is in the template's region, and no other's")
        return
    if whose is None and in_group is None:
        whose, in_group = manager.rpartition("/")[2], manager.split("/")[4]
    same_name = whose is None or whose.lower() == azure.name.lower()
    if not own and same_name:
        yield unknown(at, f"the staging resource group `{name}` is that of no other image template", "name")
        return
    same = same_name and (in_group is None or in_group.lower() == azure.home.resource_group.lower())
    if same and _is_own(template, azure, group):
        if not wrong:
            yield Holds(at, f"the staging resource group `{name}` is that of this template already")
        return
    marked = f"`{whose}`" if whose is not None else "another image template"
    if in_group is not None:
        marked += f" in `{in_group}`"
    yield Finding(
        at,
        f"the staging resource group `{name}` bears the tags of the image template {marked}",
        help="delete the group, or take the tags `imageTemplateName` and `imageTemplateResourceGroupName` off it"
        if same
        else "name a group of its own: it is made if it is not there",
        notes=(
            "the template of these tags is gone" if same else "a group belongs to one image template",
            "the submission is rejected with `BadStagingResourceGroup`, or fails with `InternalOperationError`",
        ),
    )
