"""Live: management locks, which forbid to change or to delete whatever the roles are."""

from __future__ import annotations

from functools import partial

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING, NamedTuple

from .verdicts import unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

LOCKS = "https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources"


class _Place(NamedTuple):
    """A place that the build works in. `changes` and `deletes` tell what a lock of either level is in the way of;
    `severity` is that of the second."""

    at: Value
    scope: str
    changes: str
    deletes: str
    severity: str = "info"


@check("AIB711", "locked-scope", "warning", LOCKS)
def locked_scope(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks for management locks on the resource group of the template, on the staging resource group and on what the
    template distributes to, also for those on the subscription.

    A lock `CanNotDelete` in the way of what the build itself does not delete is only information.

    ## Why it matters
    A lock stands above all roles. With one of the level `ReadOnly` the submission or the build fails with
    `ScopeLocked`; with `CanNotDelete` what the build needed for itself stays behind, and costs.

    ## Bad
    The staging resource group has a lock `CanNotDelete`, as all groups of the subscription have.

    ## Good
    The staging resource group has no lock.
    """
    from aiblint.azure.scope import words

    places = list(_places(template, azure))
    answers = azure.reader.side_by_side([partial(_locks, azure, place.scope) for place in places])
    said: set[str] = set()
    for place, answer in zip(places, answers, strict=True):
        if answer.kind == "missing":
            continue  # whether it has to be there others say
        if not answer.found:
            if answer.reason not in said:
                yield unchecked(place.at, f"{words(place.scope)} is locked", answer)
            said.add(answer.reason)
            continue
        locks = list(_over(answer, place.scope))
        for lock, level, where in locks:
            if lock.lower() not in said:
                yield _finding(place, lock, level, where)
            said.add(lock.lower())
        if not locks:
            yield Holds(place.at, f"there is no lock on {words(place.scope)}")


def _places(template: ImageTemplate, azure: Azure) -> Iterator[_Place]:
    """Where a lock matters most comes first, for one lock may stand over all of them."""
    from aiblint.azure.scope import parent

    own = template.resource if template.resource.get("name").is_missing else template.resource.get("name")
    staging = template.properties.get("stagingResourceGroup")
    group = azure.id(staging)
    if (staging.is_missing or staging.text == "") and azure.home.subscription:
        # The service makes the group, and all groups of a subscription inherit its locks.
        group, staging = f"/subscriptions/{azure.home.subscription}", own
    if group is not None:
        left = "what the build needed for itself cannot be deleted, and goes on costing"
        yield _Place(staging, group, "the build cannot make the resources that it needs", left, "warning")
    for distributor in template.distributors:
        name = {"SharedImage": "galleryImageId", "ManagedImage": "imageId"}.get(distributor.type or "")
        target = azure.id(distributor.get(name)) if name is not None else None
        if name is not None and target is not None:
            # Of the group of a managed image it is not known which locks on images in it matter.
            scope = parent(target, "resourceGroups") if distributor.type == "ManagedImage" else target
            yield _Place(
                distributor.get(name),
                scope,
                f"the image of {distributor.label} cannot be written",
                f"no image of {distributor.label} can be replaced",
            )
    if azure.home.subscription and azure.home.resource_group:
        again = "the template cannot be deleted, and it has to be before it is submitted again"
        yield _Place(own, azure.home.scope, "the template cannot be submitted", again)


def _locks(azure: Azure, scope: str) -> Answer:
    """All locks of the subscription, in one answer for all places; if they may not be read, those of the group."""
    from aiblint.azure.scope import parent

    subscription = azure.list(f"{parent(scope, 'subscriptions')}/providers/Microsoft.Authorization/locks")
    group = parent(scope, "resourceGroups")
    if subscription.found or not group:
        return subscription
    return azure.list(f"{group}/providers/Microsoft.Authorization/locks")


def _over(answer: Answer, scope: str) -> Iterator[tuple[str, str, str]]:
    """The locks that hold at a scope: ID, level, and where each stands."""
    from aiblint.azure.scope import covers

    for lock in answer.body:
        where = lock["id"].lower().rpartition("/providers/microsoft.authorization/locks/")[0]
        if covers(where, scope, ()):
            yield lock["id"], lock.get("properties", {}).get("level", ""), lock["id"][: len(where)]


def _finding(place: _Place, lock: str, level: str, where: str) -> Finding:
    from aiblint.azure.scope import words

    changes = level.lower() == "readonly"
    return Finding(
        place.at,
        f"a lock `{level}` stands on {words(where)}: {place.changes if changes else place.deletes}",
        help=f"take it away while the image is built: `az lock delete --ids {lock}`",
        notes=("a lock stands above all roles",),
        severity="" if changes else place.severity,
    )
