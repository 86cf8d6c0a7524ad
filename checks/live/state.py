"""Live: the image template of the same name that is there already, and its triggers."""

from __future__ import annotations

import datetime
import re
from functools import partial

from aiblint.finding import Finding, Holds, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.template import region_name, triggers
from aiblint.value import Partial, Unknown, Value

from .home import given, is_told, template_id
from .moment import moment
from .verdicts import unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
OVERVIEW = "https://learn.microsoft.com/azure/virtual-machines/image-builder-overview"
TRIGGERS = "https://learn.microsoft.com/azure/virtual-machines/image-builder-triggers-how-to"

# What cannot be changed in a template that is there. Of the rest, tags and identity can, `distribute` and `vmProfile`
# by newer versions (ImageTemplateUpdateParameters in the API description, since 2023-07-01 and 2024-02-01).
FIXED = (
    "source",
    "customize",
    "validate",
    "optimize",
    "errorHandling",
    "buildTimeoutInMinutes",
    "stagingResourceGroup",
    "managedResourceTags",
)
CHANGEABLE = ("distribute", "vmProfile")
CONFLICT = "the submission fails with `Update/Upgrade of image templates is currently not supported`"
BEING = {"creating": "still being created", "updating": "being changed", "deleting": "being deleted"}
# Templates that stay longer in `Creating` were reported to stay there for good.
LONG = datetime.timedelta(minutes=30)


@check("AIB842", "template-exists", "error", TROUBLESHOOT, OVERVIEW)
def template_exists(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether an image template of the same name is in the resource group already, in what state it is, and what in
    it differs from this one. A template that did not get through its submission is there, too.

    ## Why it matters
    Little of an image template can be changed. A submission over one that failed, or with other steps, ends in
    `Update/Upgrade of image templates is currently not supported`; while it builds it can be neither changed nor
    deleted.

    ## Bad
    The template of that name has the `provisioningState` `Failed`, from yesterday's submission.

    ## Good
    No template of that name is there, or one with the same content.
    """
    if not azure.home.subscription or not azure.home.resource_group:
        return  # others say that these are not known
    at = template.resource.get("name")
    if not azure.name:
        reason = "the name of the template is not known"
        yield Finding(
            at,
            f"it could not be checked whether an image template of this name is there already: {reason}",
            help="give the parameters of the deployment with `--parameters`, or the name with `--template-name`",
            severity="warning",
            unchecked=reason,
        )
        return
    answer = azure.get(template_id(azure))
    if answer.kind == "missing":
        yield Holds(at, f"no image template `{azure.name}` is there yet")
    elif answer.found:
        yield from _compared(template, azure, answer)
    elif not is_told(answer):
        yield unchecked(at, f"an image template `{azure.name}` is there already", answer)


def _compared(template: ImageTemplate, azure: Azure, answer: Answer) -> Verdicts:
    at = template.resource.get("name")
    there = f"an image template `{azure.name}`"
    where = f"--name {azure.name} --resource-group {azure.home.resource_group}"
    delete = f"`az image builder delete {where}`"
    state = str(answer.at("properties", "provisioningState") or "").lower()
    running = str(answer.at("properties", "lastRunStatus", "runState") or "").lower()
    if state == "failed":
        from aiblint.azure.trouble import clean

        why = clean(str(answer.at("properties", "provisioningError", "message") or ""))
        yield Finding(
            at,
            f"{there} is there already, left by a submission that failed",
            help=f"delete it first: {delete}",
            notes=(CONFLICT, *((f"that submission failed with: {why.rstrip('.')}",) if why else ())),
        )
    elif state in BEING:
        since = _since(answer) if state == "creating" else ""
        yield Finding(
            at,
            f"{there} is there already, and {BEING[state]}{f', since {since}' if since else ''}",
            help=f"delete it: {delete}; if that is refused, ask the support" if since else "wait until that is over",
            notes=("templates that take so long to be created were reported to stay so for good",) if since else (),
            severity="warning",
        )
    elif running in ("running", "canceling"):
        yield Finding(
            at,
            f"{there} is there already, and its build is {'running' if running == 'running' else 'being cancelled'}",
            help="wait until it is over"
            + (f", or cancel it: `az image builder cancel {where}`" if running == "running" else ""),
            notes=("until then it can be neither changed nor deleted, and no other build can be started",),
            severity="warning",
        )
    yield from _changes(template, azure, answer, delete) if state != "failed" and state != "deleting" else ()


def _since(answer: Answer) -> str:
    """When a template began to be created, if that was too long ago."""
    began = moment(answer.at("systemData", "createdAt"))
    late = began is not None and datetime.datetime.now(datetime.timezone.utc) - began > LONG
    return f"{began:%Y-%m-%d %H:%M} UTC" if late else ""


def _changes(template: ImageTemplate, azure: Azure, answer: Answer, delete: str) -> Verdicts:
    """What a submission would change in the template that is there."""
    at = template.resource.get("name")
    found = []
    if azure.location and region_name(str(answer.at("location") or "")) not in ("", azure.location):
        found.append(_Difference(template.location, "location", True))
    for name in FIXED:
        found += _differences(template.properties.get(name), answer.at("properties", name), name, azure)
    different = [one for one in found if one.certain]
    dropped = _dropped(template, answer.at("properties", "distribute"))
    if different:
        shown = ", ".join(f"`{one.path}`" for one in different[:3]) + (" and more" if len(different) > 3 else "")
        yield Finding(
            at,
            f"an image template `{azure.name}` is there already, and differs from this one in {shown}",
            help=f"give this one another name, or delete the old one first: {delete}",
            notes=(CONFLICT,),
            related=tuple(Related(one.at.span, "this would be changed") for one in different[:3]),
        )
        return
    if dropped:
        yield Finding(
            template.properties.get("distribute"),
            f"the image template `{azure.name}` that is there already also distributes "
            + " and ".join(f"`{name}`" for name in dropped)
            + ", which is missing here",
            help=f"add it again, or delete the old template first: {delete}",
            notes=("a target cannot be taken away: `Distribute target with Runoutput name ... not found`",),
        )
        return
    if found:
        reason = f"the value of `{found[0].path}` is not known"
        yield Finding(
            at,
            f"it could not be checked whether the image template `{azure.name}`, which is there already, "
            f"has the same content: {reason}",
            help="give the parameters of the deployment with `--parameters`",
            severity="warning",
            unchecked=reason,
        )
        return
    changed = [
        one
        for name in CHANGEABLE
        for one in _differences(template.properties.get(name), answer.at("properties", name), name, azure)
        if one.certain
    ]
    if changed:
        yield Finding(
            at,
            f"an image template `{azure.name}` is there already, and differs from this one in `{changed[0].path}`",
            help=f"change it with a PATCH, not a new submission, or delete the old one first: {delete}",
            notes=("`distribute` and `vmProfile` can be changed only so, and only by newer API versions",),
            related=(Related(changed[0].at.span, "this would be changed"),),
            severity="info",
        )
    else:
        yield Holds(at, f"an image template `{azure.name}` is there already, with the same content")


def _dropped(template: ImageTemplate, there: Any) -> list[str]:
    """The targets that the template has in Azure and not here; none where not all here are known."""
    names = [one.get("runOutputName").text for one in template.distributors]
    if not template.distributors_known or not all(names):
        return []
    kept = {str(name).lower() for name in names}
    old = [str(one.get("runOutputName") or "") for one in there or () if isinstance(one, dict)]
    return [name for name in old if name and name.lower() not in kept]


class _Difference:
    """A place where the two templates differ, or, if not `certain`, may differ."""

    __slots__ = ("at", "certain", "path")

    def __init__(self, at: Value, path: str, certain: bool) -> None:
        self.at = at
        self.path = path
        self.certain = certain


def _differences(here: Value, there: object, path: str, azure: Azure) -> Iterator[_Difference]:
    """Where a value of the template differs from what Azure has.

    Only what both have is compared: Azure adds what is left out, leaves out what the version that is asked with does
    not know, and writes an empty value in one way or another.
    """
    if not given(here) or here.number == 0 or there is None or there == "" or (there == 0 and there is not False):
        return
    if isinstance(here.data, (Unknown, Partial)):
        known = azure.id(here)  # `resourceId()` leaves open only what the deployment says
        if known is None or _same(known, path) != _same(there, path):
            yield _Difference(here, path, known is not None)
    elif isinstance(here.data, list) and isinstance(there, list):
        if here.items and there and len(here.items) != len(there) and not any(one.is_unknown for one in here.items):
            yield _Difference(here, path, True)
            return
        for number, (one, other) in enumerate(zip(here.items, there, strict=False)):
            yield from _differences(one, other, f"{path}[{number}]", azure)
    elif isinstance(here.data, dict) and isinstance(there, dict):
        folded = {str(name).lower(): value for name, value in there.items()}
        for name, member in here.members:
            yield from _differences(member, folded.get(name.lower()), f"{path}.{name}", azure)
    elif _same(here.data, path) != _same(there, path):
        yield _Difference(here, path, True)


def _same(data: object, path: str) -> object:
    """A value as it is compared: commands as they are, all else in any letter case and without what may be hidden."""
    if not isinstance(data, str):
        return data
    if ".inline[" in path:
        return data.replace("\r\n", "\n")
    if re.search(r"(?i)location$|regions\[\d+\](?:\.name)?$", path):
        return region_name(data)
    # A signature in an address may be left out, or renewed.
    return data.partition("?")[0].rstrip("/").lower() if "://" in data else data.rstrip("/").lower()


@check("AIB843", "trigger-state", "error", TRIGGERS)
def trigger_state(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    For a template with a trigger in the same file it looks whether the subscription has registered the feature
    `Triggers`, and whether the template, where it is there already, has another trigger.

    ## Why it matters
    A template takes one trigger of the kind `SourceImage`, and a second one is rejected. Without the feature there are
    no triggers; nobody notices that no new images come.

    ## Bad
    The template has the trigger `source`, and the file declares a trigger `nightly`.

    ## Good
    The trigger of the file is the only one.
    """
    declared = [one.value for one in triggers(template) if one.value.get("condition").flag is not False]
    if not declared or not azure.home.subscription:
        return
    at = declared[0].get("name")
    base = f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Features/providers"
    own = template_id(azure)
    calls = [partial(azure.get, f"{base}/Microsoft.VirtualMachineImages/features/Triggers")]
    calls += [partial(azure.list, f"{own}/triggers")] if own else []
    feature, *listed = azure.reader.side_by_side(calls)
    state = str(feature.at("properties", "state") or "")
    if feature.found and state.lower() not in ("registered", "registering"):
        yield Finding(
            at,
            "the subscription has not registered the feature `Triggers`",
            help="run `az feature register --namespace Microsoft.VirtualMachineImages --name Triggers`",
            severity="warning",
        )
    elif feature.found:
        yield Holds(at, "the subscription has registered the feature `Triggers`")
    # Where there is no such feature it is not asked for; where it cannot be read, it is only a doubt.
    for answer in listed:
        name = (at.text or "").rpartition("/")[2]
        if answer.kind == "missing":
            yield Holds(at, "no other trigger is there")
        elif not answer.found:
            if not is_told(answer):
                yield unchecked(at, "the image template has no other trigger", answer)
        else:
            others = [
                str(one.get("name"))
                for one in answer.body
                if isinstance(one, dict) and str((one.get("properties") or {}).get("kind")).lower() == "sourceimage"
            ]
            other = next((one for one in others if name and one.lower() != name.lower()), None)
            if other is not None:
                yield Finding(
                    at,
                    f"the image template `{azure.name}` has a trigger already, `{other}`, and takes only one",
                    help=f"call this trigger `{other}`, or delete that one first",
                )
            elif name or not others:
                yield Holds(at, "no other trigger is there")
