"""What live checks ask with: one `Session` for a run, one `Azure` for each image template.

A check asks for what it is about and leaves the rest to others: of a resource that is not there, only the check that
looks whether it is there speaks. `Azure.id` gives the ID of what a template names, `Azure.get` the resource,
`Azure.may` weighs what somebody is allowed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import partial

from aiblint.azure import needs as needing
from aiblint.azure import rbac, rights
from aiblint.azure.client import connect as connected
from aiblint.azure.needs import Home, Need
from aiblint.azure.progress import Progress
from aiblint.azure.rbac import Principal, Rights
from aiblint.azure.scope import OPEN, parent
from aiblint.azure.trouble import LiveError
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.template import region_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from aiblint.azure.answer import Answer
    from aiblint.azure.client import Reader
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

    T = TypeVar("T")

__all__ = ["Azure", "Live", "LiveError", "Session", "connect"]

# The version that each kind of resource is asked for with: one that has all that is looked at.
VERSIONS = {
    "microsoft.authorization": "2022-04-01",
    "microsoft.authorization/policyassignments": "2023-04-01",
    "microsoft.authorization/policydefinitions": "2023-04-01",
    "microsoft.authorization/locks": "2020-05-01",
    "microsoft.compute": "2024-07-01",
    "microsoft.compute/communitygalleries": "2024-03-03",
    "microsoft.compute/galleries": "2024-03-03",
    "microsoft.compute/sharedgalleries": "2024-03-03",
    "microsoft.compute/skus": "2021-07-01",
    "microsoft.containerinstance": "2023-05-01",
    "microsoft.managedidentity": "2023-01-31",
    "microsoft.marketplaceordering": "2021-01-01",
    "microsoft.network": "2024-01-01",
    "microsoft.policyinsights": "2023-03-01",
    "microsoft.storage": "2023-05-01",
    "microsoft.virtualmachineimages": "2024-02-01",
    "microsoft.virtualmachineimages/features": "2021-07-01",  # of Microsoft.Features
}
RESOURCES = "2021-04-01"


class Live(NamedTuple):
    """What `--live` is asked with: the options of the command line."""

    cloud: str = "public"
    subscription: str = ""
    resource_group: str = ""
    template_name: str = ""
    timeout: float = 30.0
    checksums: bool = False


def connect(live: Live) -> Session:
    """Sign in. Raises LiveError, whose text says what was tried, what failed and how to mend it."""
    reader = connected(live.cloud, live.subscription, live.timeout)
    caller = reader.caller()
    if isinstance(caller, str):
        raise LiveError(caller)
    return Session(reader, live._replace(subscription=live.subscription or _own_subscription(reader)), caller.object_id)


def _own_subscription(reader: Reader) -> str:
    """The subscription that a deployment goes to if nothing says another: that of the environment, or of the CLI."""
    given = os.environ.get("AZURE_SUBSCRIPTION_ID") or os.environ.get("ARM_SUBSCRIPTION_ID") or ""
    program = shutil.which("az")
    if given or program is None or "CLI" not in reader.credential.method:
        return given
    command = [program, "account", "show", "--output", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10, stdin=subprocess.DEVNULL)
        return str(json.loads(done.stdout)["id"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return ""


class Session:
    """A run's way to Azure. `caller` is the object ID of who is signed in, empty where the token does not say."""

    __slots__ = ("caller", "live", "progress", "reader")

    def __init__(self, reader: Reader, live: Live, caller: str) -> None:
        self.reader = reader
        self.live = live
        self.caller = caller
        self.progress = Progress(reader)

    def close(self) -> None:
        """All is asked."""
        self.progress.end()

    def of(self, template: ImageTemplate) -> Azure:
        """What the checks of one image template ask with."""
        return Azure(self, template)

    def side_by_side(self, calls: Sequence[Callable[[], T]]) -> tuple[T, ...]:
        """What each of the calls gives, all of them at once."""
        return self.reader.side_by_side(calls)


class Azure:
    """The real subscription, as the checks of one image template see it.

    `home` is where the template goes to (subscription and resource group, each empty where nobody said), `name` what it
    is called there, `location` its region without blanks and in lower case; all empty where they are not known.
    """

    __slots__ = ("caller", "home", "live", "location", "name", "reader", "template")

    def __init__(self, session: Session, template: ImageTemplate) -> None:
        self.reader = session.reader
        self.live = session.live
        self.caller = session.caller
        self.template = template
        self.home = Home(session.live.subscription, session.live.resource_group)
        self.name = session.live.template_name or template.resource.get("name").text or ""
        self.location = region_name(template.location.text or "") or self._group_location()

    def _group_location(self) -> str:
        """The region of the resource group, which `[resourceGroup().location]` stands for."""
        if not self.home.subscription or not self.home.resource_group or not self.template.location.is_unknown:
            return ""
        reason = getattr(self.template.location.data, "reason", "")
        return region_name(self.get(self.home.scope).at("location") or "") if "resourceGroup" in reason else ""

    # -- what the template names -------------------------------------------------------------------------------------

    def id(self, value: Value) -> str | None:
        """The resource ID that a value of the template gives, with subscription and resource group of the deployment
        put in; None where any of it is not known, or where it is none."""
        if value.is_missing or value.text == "":
            return None
        found = needing.identifier(value, "id", self.home)
        return found if found.startswith("/subscriptions/") and OPEN not in found else None

    @property
    def identity(self) -> str | None:
        """The resource ID of the template's identity; None for a template without one or where it is not known."""
        found = needing.identity_of(self.template, self.home)
        return found[0] if found is not None and OPEN not in found[0] else None

    # -- questions ---------------------------------------------------------------------------------------------------

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """A resource by its ID, or another path of the resource manager; the version follows from its type."""
        return self.reader.get(path, version(path), query)

    def list(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """A list by its path, all pages: `body` is a list."""
        return self.reader.list(path, version(path), query)

    def provider(self, namespace: str) -> Answer:
        """A resource provider in the subscription of the template: its state, its resource types and their regions."""
        return self.get(f"/subscriptions/{self.home.subscription}/providers/{namespace}")

    # -- rights ------------------------------------------------------------------------------------------------------

    def principal(self) -> Answer | str:
        """The object ID of the template's identity; the answer that has none, where it cannot be known."""
        answer = self.get(self.identity or "")
        found = answer.at("properties", "principalId")
        return str(found) if found else answer

    def may(self, need: Need, principal: str) -> rbac.Verdict:
        """Whether a principal is allowed what is needed, and what decides it."""
        who = Principal(principal, groups_known=True)  # assignedTo() has looked through all groups
        return needing.decide(need, who, self.rights(need.scope, principal))

    def rights(self, scope: str, principal: str) -> Rights:
        """What is assigned to a principal, also through groups, and what is forbidden, as far as it matters at a scope.

        One list of the whole subscription serves all scopes in it. Whoever may not read that, asks at each scope; where
        the scope is not there yet, the resource group tells. (Without `atScope()` a list also has what is below:
        learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest.)
        """
        assigned, denied = self.reader.side_by_side(
            (partial(self._assigned, scope, f"assignedTo('{principal}')"), partial(self._denied, scope))
        )
        assignments = rights.role_assignments(assigned.body, principal) if assigned.found else ()
        definitions = self.reader.side_by_side(
            [partial(self.get, role) for role in sorted({one.role_definition_id for one in assignments})]
        )
        # A list has only what holds at its scope or below: so every management group in it is above.
        above = tuple(one.scope for one in assignments if "/managementgroups/" in one.scope.lower())
        return Rights(
            assignments,
            tuple(role for answer in definitions if answer.found for role in rights.role_definitions(answer.body)),
            rights.deny_assignments(denied.body) if denied.found else (),
            above,
            "" if assigned.found else assigned.reason,
            "" if denied.found else denied.reason,
        )

    def _assigned(self, scope: str, assigned_to: str) -> Answer:
        return self._listed("roleAssignments", scope, assigned_to)

    def _denied(self, scope: str) -> Answer:
        return self._listed("denyAssignments", scope, "")

    def _listed(self, what: str, scope: str, clause: str) -> Answer:
        """A list of the subscription if that may be read; else that of the scope, or of the group around it."""
        answer = self.list(
            _authorization(parent(scope, "subscriptions"), what), {"$filter": clause} if clause else None
        )
        for place in dict.fromkeys((scope, parent(scope, "resourceGroups"))):
            if answer.found or not place:
                break
            at_scope = {"$filter": " and ".join(filter(None, ("atScope()", clause)))}
            answer = self.list(_authorization(place, what), at_scope)
            if answer.kind != "missing":
                break
        return answer

    def own_rights(self, scope: str) -> Rights:
        """What the caller is allowed at a scope: Azure tells that in one answer, but not what is forbidden."""
        allowed, denied = self.reader.side_by_side(
            (partial(self.list, _authorization(scope, "permissions")), partial(self._denied, scope))
        )
        denials = rights.deny_assignments(denied.body) if denied.found else ()
        gap = "" if denied.found else denied.reason
        if denials and not self.caller:
            gap = "the token does not say who is signed in"
        if not allowed.found:
            return Rights((), (), denials, (), allowed.reason, gap)
        assignment, role = rights.own_permissions(allowed.body, self.caller, scope)
        return Rights((assignment,), (role,), denials, (), "", gap)


def _authorization(scope: str, what: str) -> str:
    return f"{scope}/providers/Microsoft.Authorization/{what}"


def version(path: str) -> str:
    """The API version for a path, by the last provider in it."""
    folded = path.lower().rstrip("/")
    before, found, after = folded.rpartition("/providers/")
    if not found or ("/" not in after and before.count("/") == 2):
        return RESOURCES  # subscriptions, resource groups, and the providers themselves
    steps = after.split("/")
    # What a region has stands below it: `locations/{location}/sharedGalleries`.
    kinds = ("/".join(steps[:2]), f"{steps[0]}/{steps[-1]}", "/".join(steps[:1] + steps[3:4]), steps[0])
    return next((VERSIONS[kind] for kind in kinds if kind in VERSIONS), RESOURCES)
