"""Who may do what: role assignments, role definitions and deny assignments weighed as Azure weighs them.

One pure function, `may`. What Azure does is described at learn.microsoft.com/azure/role-based-access-control: overview
("How Azure RBAC determines if a user has access"), role-definitions, deny-assignments, conditions-overview. Every
verdict has three answers: what could not be read, or depends on a condition, is *unknown*, never allowed and never
denied.
"""

from __future__ import annotations

from aiblint.azure.actions import matches
from aiblint.azure.condition import holds_anyway
from aiblint.azure.scope import covers, depth, words
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    # What a role comes to: whether it grants (None: not known), the kind of reason, and how messages go on.
    Grant = tuple[bool | None, str, str]

ALLOWED, DENIED, UNKNOWN = "allowed", "denied", "unknown"

# Stands for every principal of the tenant in a deny assignment.
EVERYONE = "00000000-0000-0000-0000-000000000000"

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


class PermissionSet(NamedTuple):
    """One element of `permissions`. What its `not_...` takes away, it takes from its own actions alone."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str | None = None


class RoleDefinition(NamedTuple):
    """A role. `id` ends in the GUID, which is all that tells roles apart; `name` is the one that people read."""

    id: str
    name: str
    permissions: tuple[PermissionSet, ...] = ()


class RoleAssignment(NamedTuple):
    """A role given to a principal at a scope.

    `principal_type` is "User", "Group", "ServicePrincipal", ..., empty where Azure did not say. `through` names the
    group by which it counts for somebody, where the list was asked for as `assignedTo(...)`: then it counts for sure.
    `created` is when, as Azure writes times, or empty.
    """

    id: str
    role_definition_id: str
    principal_id: str
    scope: str
    principal_type: str = ""
    condition: str | None = None
    through: str = ""
    created: str = ""


class DenyAssignment(NamedTuple):
    """What is forbidden to `principals` but not to `excluded`, whatever their roles; each is pair of ID and type."""

    id: str
    name: str
    scope: str
    permissions: tuple[PermissionSet, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    applies_to_children: bool = True
    condition: str | None = None


class Principal(NamedTuple):
    """Somebody: an object ID, and those of the groups that it is in, also through other groups.

    `groups_known` tells whether that is all of them.
    """

    id: str
    groups: tuple[str, ...] = ()
    groups_known: bool = False


class Rights(NamedTuple):
    """What was read of a subscription's rights.

    `above` are the management groups over it, None if they are not known. `assignments_gap` and `denials_gap` say why
    a list may be incomplete ("listing role assignments is forbidden"); empty for a list that is complete.
    """

    assignments: tuple[RoleAssignment, ...] = ()
    definitions: tuple[RoleDefinition, ...] = ()
    denials: tuple[DenyAssignment, ...] = ()
    above: tuple[str, ...] | None = ()
    assignments_gap: str = ""
    denials_gap: str = ""


class Verdict(NamedTuple):
    """`answer` is ALLOWED, DENIED or UNKNOWN; `because` is the rest of a sentence that begins with it.

    `kind` tells the reasons apart: "role" (allowed); "nothing", "not-actions", "data-action", "narrower-scope",
    "other-scope", "deny-assignment" (denied); "condition", "group", "scope", "role-unread", "similar-role",
    "assignments-unread", "denials-unread" (unknown). `by` is the assignment that decides, or that nearly did.
    """

    answer: str
    kind: str
    because: str
    by: RoleAssignment | DenyAssignment | None = None
    role: RoleDefinition | None = None


def may(who: Principal, action: str, scope: str, rights: Rights, *, data: bool = False) -> Verdict:
    """Whether somebody may do `action` (a data action if `data`) at `scope`, and what decides that.

    `scope` may have parts that are not known, written `<name>`.
    """
    weights = _weights(who, scope, rights, lambda role, condition: _grants(role, condition, action, data))
    denials = _denials(who, scope, rights, lambda denial: _forbids(denial, action, data))
    return _verdict(weights, denials, scope, rights)


def has_role(who: Principal, roles: tuple[str, ...], scope: str, rights: Rights) -> Verdict:
    """Whether somebody has one of these roles (GUIDs) at `scope`: some services ask for a role, not for actions.

    A role of another name with all actions is *unknown*: the service may take it or not.
    """

    def grants(role: RoleDefinition, condition: str | None) -> Grant:
        if _guid(role.id) not in roles:
            granted, _, _ = _grants(role, condition, "*", False)
            return (False, "nothing", "") if granted is False else (None, "similar-role", "may not be accepted for it")
        if condition and not holds_anyway(condition, "*"):
            return None, "condition", "grants it on a condition"
        return True, "role", "is what it takes"

    # Whatever is forbidden there may be what the role is needed for.
    denials = _denials(who, scope, rights, lambda denial: None if _actions(denial) else False)
    return _verdict(_weights(who, scope, rights, grants), denials, scope, rights)


# -- the verdict -------------------------------------------------------------------------------------------------------


class _Weight(NamedTuple):
    """What one assignment comes to: whether it grants (or forbids), None if that is not known; and the reason."""

    counts: bool | None
    kind: str
    because: str
    by: RoleAssignment | DenyAssignment
    role: RoleDefinition | None = None


# Where several assignments have a reason to tell, the one is told that is nearest to what is wanted.
_NEAREST = (
    "role", "deny-assignment", "condition", "group", "role-unread", "scope", "similar-role",
    "not-actions", "data-action", "narrower-scope", "other-scope", "nothing",
)  # fmt: skip


def _verdict(weights: list[_Weight], denials: list[_Weight], scope: str, rights: Rights) -> Verdict:
    """Deny assignments come first, then what grants for sure, then what may grant; all else is a near miss."""
    forbidding = _best(denials, True)
    if forbidding is not None:
        return _of(DENIED, forbidding)
    sure = _best(weights, True)
    if sure is not None:
        perhaps = _best(denials, None)
        if perhaps is not None:
            return _of(UNKNOWN, perhaps)
        if rights.denials_gap:
            because = f"{sure.because}, but whether a deny assignment forbids it is not known: {rights.denials_gap}"
            return Verdict(UNKNOWN, "denials-unread", because, sure.by, sure.role)
        return _of(ALLOWED, sure)
    perhaps = _best(weights, None)
    if perhaps is not None:
        return _of(UNKNOWN, perhaps)
    if rights.assignments_gap:
        return Verdict(UNKNOWN, "assignments-unread", rights.assignments_gap)
    nearest = _best(weights, False)
    if nearest is None:
        return Verdict(DENIED, "nothing", f"it has no role at {words(scope)}")
    if nearest.kind != "nothing":
        return _of(DENIED, nearest)
    names = sorted({f"`{weight.role.name}`" for weight in weights if weight.role is not None})
    held = f"the role {names[0]}" if len(names) == 1 else f"the roles {', '.join(names)}"
    return Verdict(DENIED, "nothing", f"it has only {held} at {words(scope)}, and that does not grant it")


def _best(weights: list[_Weight], counts: bool | None) -> _Weight | None:
    those = [weight for weight in weights if weight.counts is counts]
    return min(those, key=_order) if those else None


def _order(weight: _Weight) -> tuple[int, int, str]:
    return _NEAREST.index(weight.kind), -depth(weight.by.scope), repr(weight.by).lower()


def _of(answer: str, weight: _Weight) -> Verdict:
    return Verdict(answer, weight.kind, weight.because, weight.by, weight.role)


# -- what grants -------------------------------------------------------------------------------------------------------


def _weights(
    who: Principal, scope: str, rights: Rights, grants: Callable[[RoleDefinition, str | None], Grant]
) -> list[_Weight]:
    """What each role assignment that is, or may be, somebody's comes to."""
    roles = {_guid(role.id): role for role in rights.definitions}
    weights = []
    for assignment in rights.assignments:
        theirs = bool(assignment.through) or _is_one_of(assignment.principal_id, assignment.principal_type, who)
        there = covers(assignment.scope, scope, rights.above)
        role = roles.get(_guid(assignment.role_definition_id))
        if theirs is False:
            continue
        if role is not None:
            group = assignment.through or assignment.principal_id
            through = f" through group `{group}`," if group.lower() != who.id.lower() else ","
            subject = f"role `{role.name}`, assigned at {words(assignment.scope)}{through}"
            grant = grants(role, assignment.condition)
            weight = _weigh(assignment, role, grant, theirs, there, scope, subject)
        elif there is False:
            continue
        else:
            name = _guid(assignment.role_definition_id)
            unread = f"role `{name}`, assigned at {words(assignment.scope)}, could not be read"
            weight = _Weight(None, "role-unread", unread, assignment)
        if weight is not None:
            weights.append(weight)
    return weights


def _weigh(
    assignment: RoleAssignment,
    role: RoleDefinition,
    grant: Grant,
    theirs: bool | None,
    there: bool | None,
    scope: str,
    subject: str,
) -> _Weight | None:
    granted, kind, how = grant
    if there is False and granted is True and theirs:
        narrower = covers(scope, assignment.scope, ()) is True
        where = "narrower-scope" if narrower else "other-scope"
        missed = f"role `{role.name}` grants it, but only at {words(assignment.scope)}, not at {words(scope)}"
        return _Weight(False, where, missed, assignment, role)
    if there is False or (granted is False and not (there and theirs)):
        return None  # it can change nothing, and it is nobody's near miss
    if granted is not True:
        return _Weight(granted, kind, f"{subject} {how}", assignment, role)
    if theirs is None:
        return _Weight(None, "group", f"{subject} grants it, but who is in that group is not known", assignment, role)
    if there is None:
        unknown = f"{subject} grants it, but where {words(scope)} lies is not known"
        return _Weight(None, "scope", unknown, assignment, role)
    return _Weight(True, kind, f"{subject} {how}", assignment, role)


def _is_one_of(principal_id: str, principal_type: str, who: Principal) -> bool | None:
    """Whether an ID is somebody's own or that of a group of theirs; None if it may be that of a group not known."""
    wanted = principal_id.lower()
    if wanted == who.id.lower() or any(wanted == group.lower() for group in who.groups):
        return True
    may_be_group = principal_type.lower() in ("", "group", "foreigngroup", "unknown")
    return None if may_be_group and not who.groups_known else False


def _grants(role: RoleDefinition, condition: str | None, action: str, data: bool) -> Grant:
    """Whether a role grants an action: any of its permission sets, each less what that one takes away."""
    taken = control = ""
    open_set = False
    for one in role.permissions:
        given, withheld = _sets(one, data)
        if not _any(given, action):
            if data and _any(one.actions, action):
                control = "data"
            continue
        by = _any(withheld, action)
        if by:
            taken = taken or by
        elif one.condition and not holds_anyway(one.condition, action):
            open_set = True
        elif condition and not holds_anyway(condition, action):
            return None, "condition", "grants it on a condition that only a request can meet"
        else:
            return True, "role", "grants it"
    if open_set:
        return None, "condition", "grants it on a condition that only a request can meet"
    if taken:
        member = "notDataActions" if data else "notActions"
        return False, "not-actions", f"grants it, but takes it away again by `{taken}` in `{member}`"
    if control:
        return False, "data-action", "gives the right to manage, but not to the data"
    return False, "nothing", ""


def _sets(one: PermissionSet, data: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (one.data_actions, one.not_data_actions) if data else (one.actions, one.not_actions)


def _any(patterns: tuple[str, ...], action: str) -> str:
    """The first pattern that means an action; empty if none does."""
    return next((pattern for pattern in patterns if matches(pattern, action)), "")


def _guid(identifier: str) -> str:
    # The same role has an ID with the subscription in it, and one without.
    return identifier.lower().rstrip("/").rpartition("/")[2]


# -- what forbids ------------------------------------------------------------------------------------------------------


def _denials(
    who: Principal, scope: str, rights: Rights, forbids: Callable[[DenyAssignment], bool | None]
) -> list[_Weight]:
    """The deny assignments that forbid it, or may."""
    weights = []
    for denial in rights.denials:
        there = covers(denial.scope, scope, rights.above)
        if there and not denial.applies_to_children:
            there = covers(scope, denial.scope, rights.above)  # only if both are the same
        verdicts = (forbids(denial), there, _is_meant(denial, who))
        if False in verdicts:
            continue
        subject = f"deny assignment `{denial.name}` at {words(denial.scope)}"
        if None in verdicts:
            kind = "condition" if verdicts[0] is None else "scope" if verdicts[1] is None else "group"
            weights.append(_Weight(None, kind, f"{subject} may forbid it, {_OPEN[kind]}", denial))
        else:
            weights.append(_Weight(True, "deny-assignment", f"{subject} forbids it, whatever the roles", denial))
    return weights


_OPEN = {
    "condition": "depending on what is requested",
    "scope": "depending on where that lies, which is not known",
    "group": "depending on the groups that it is in, which are not known",
}


def _is_meant(denial: DenyAssignment, who: Principal) -> bool | None:
    """Whether a deny assignment is about somebody: among its principals and not among the excluded ones."""
    among = [True if one == EVERYONE else _is_one_of(one, kind, who) for one, kind in denial.principals]
    excluded = [_is_one_of(one, kind, who) for one, kind in denial.excluded]
    if True in excluded or not (True in among or None in among):
        return False
    return True if True in among and None not in excluded else None


def _forbids(denial: DenyAssignment, action: str, data: bool) -> bool | None:
    verdict: bool | None = False
    for one in denial.permissions:
        given, spared = _sets(one, data)
        if _any(given, action) and not _any(spared, action):
            conditions = [text for text in (denial.condition, one.condition) if text]
            if not conditions:
                return True
            verdict = None
    return verdict


def _actions(denial: DenyAssignment) -> bool:
    return any(one.actions for one in denial.permissions)
