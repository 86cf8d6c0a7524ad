"""Role assignments, role definitions and deny assignments as Azure Resource Manager writes them, read into values.

The shapes are those of Microsoft.Authorization 2022-04-01; what a later version adds is read where it matters. Where a
member is missing that decides, what is read leaves it open: a scope that is nowhere for certain, a role that counts as
unread, a deny assignment that may forbid anything.
"""

from __future__ import annotations

from aiblint.azure.rbac import DenyAssignment, PermissionSet, RoleAssignment, RoleDefinition
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


# Where an assignment says nothing of its scope.
_NOWHERE = "<scope>"
# What a deny assignment may be about that does not say it.
_ANYTHING = PermissionSet(("*",), (), ("*",), (), "not readable")


def role_assignments(body: object, assigned_to: str = "") -> tuple[RoleAssignment, ...]:
    """Those of a list, or the one that `body` is.

    `assigned_to` is the object ID of a list that was asked for with `$filter=assignedTo('...')`: whatever stands in it
    under another ID counts through a group.
    """
    return tuple(
        RoleAssignment(
            id=_text(resource, "id"),
            role_definition_id=_text(properties, "roleDefinitionId"),
            principal_id=_text(properties, "principalId"),
            scope=_text(properties, "scope") or _holder(resource, "roleassignments"),
            principal_type=_text(properties, "principalType"),
            condition=_text(properties, "condition") or None,
            through=_through(_text(properties, "principalId"), assigned_to),
            created=_text(properties, "createdOn"),
        )
        for resource, properties in _resources(body)
    )


def role_definitions(body: object) -> tuple[RoleDefinition, ...]:
    """Those of a list, or the one that `body` is; none without permissions, which then counts as unread."""
    return tuple(
        RoleDefinition(
            id=_text(resource, "id") or _text(resource, "name"),
            name=_text(properties, "roleName") or _text(resource, "name"),
            permissions=permissions(properties.get("permissions")),
        )
        for resource, properties in _resources(body)
        if isinstance(properties.get("permissions"), list)
    )


def deny_assignments(body: object) -> tuple[DenyAssignment, ...]:
    """Those of a list, or the one that `body` is, without those that are only on trial."""
    return tuple(
        DenyAssignment(
            id=_text(resource, "id"),
            name=_text(properties, "denyAssignmentName") or _text(resource, "name"),
            scope=_text(properties, "scope") or _holder(resource, "denyassignments"),
            permissions=permissions(properties.get("permissions")) or (_ANYTHING,),
            principals=_principals(properties.get("principals")),
            excluded=_principals(properties.get("excludePrincipals")),
            applies_to_children=properties.get("doNotApplyToChildScopes") is not True,
            condition=_text(properties, "condition") or None,
        )
        for resource, properties in _resources(body)
        # An effect of its own came with 2024-07-01-preview: what is audited is not forbidden.
        if _text(properties, "denyAssignmentEffect").lower() != "audit"
    )


def permissions(body: object) -> tuple[PermissionSet, ...]:
    """A list of permission sets, as roles have them and as `.../providers/Microsoft.Authorization/permissions` is."""
    return tuple(
        PermissionSet(
            actions=_texts(one, "actions"),
            not_actions=_texts(one, "notActions"),
            data_actions=_texts(one, "dataActions"),
            not_data_actions=_texts(one, "notDataActions"),
            condition=_text(one, "condition") or None,
        )
        for one in _list(body)
    )


def own_permissions(body: object, principal_id: str, scope: str) -> tuple[RoleAssignment, RoleDefinition]:
    """The answer about one's own rights at `scope`, as one role that one has there."""
    name = "own permissions"
    role = RoleDefinition(name, name, permissions(body))
    return RoleAssignment(name, name, principal_id, scope), role


# -- members -----------------------------------------------------------------------------------------------------------


def _list(body: object) -> Iterator[dict[str, object]]:
    """The objects of an array, of the `value` of a page, or the one object itself."""
    if isinstance(body, dict):
        body = body["value"] if isinstance(body.get("value"), list) else [body]
    for one in body if isinstance(body, list) else ():
        if isinstance(one, dict):
            yield one


def _resources(body: object) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    """Each resource and its properties; the SDKs and the Azure CLI write these side by side with the others."""
    for resource in _list(body):
        properties = resource.get("properties")
        yield resource, properties if isinstance(properties, dict) else resource


def _text(holder: dict[str, object], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _texts(holder: dict[str, object], name: str) -> tuple[str, ...]:
    value = holder.get(name)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _principals(body: object) -> tuple[tuple[str, str], ...]:
    return tuple((_text(one, "id"), _text(one, "type")) for one in _list(body))


def _through(principal_id: str, assigned_to: str) -> str:
    return principal_id if assigned_to and principal_id.lower() != assigned_to.lower() else ""


def _holder(resource: dict[str, object], kind: str) -> str:
    """The scope that an assignment belongs to by its own ID."""
    identifier = _text(resource, "id")
    before, found, _ = identifier.lower().rpartition(f"/providers/microsoft.authorization/{kind}/")
    return (identifier[: len(before)] or "/") if found else _NOWHERE
