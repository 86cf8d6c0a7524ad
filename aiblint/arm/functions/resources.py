"""Functions that write resource IDs: .../azure-resource-manager/templates/template-functions-resource#resourceid."""

from __future__ import annotations

import re

from aiblint.arm.functions.data import FunctionError, assemble, kind, pieces, shallow, spell, unknown_in
from aiblint.value import Partial, Unknown

_SUBSCRIPTION = Unknown("the subscription is known only to the deployment")
_RESOURCE_GROUP = Unknown("the resource group is known only to the deployment")
_MANAGEMENT_GROUP = Unknown("the management group is known only to the deployment")
_GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def resource_id(*arguments: object) -> object:
    """`resourceId([subscription], [resource group], type, name, ...)`."""
    outer, resource = _outer_and_resource("resourceId", arguments, 2)
    if resource is None:
        return unknown_in(*arguments)
    subscription: object = _SUBSCRIPTION
    group: object = _RESOURCE_GROUP
    if len(outer) == 2:
        subscription, group = outer
    elif len(outer) == 1:
        group = outer[0]
        if isinstance(shallow(group), str) and re.fullmatch(_GUID, str(shallow(group))):
            # One GUID alone may be a subscription; whether ARM takes it for one depends on what is deployed to.
            group = _RESOURCE_GROUP
    return _joined("/subscriptions/", subscription, "/resourceGroups/", group, "/providers/", *resource)


def subscription_resource_id(*arguments: object) -> object:
    """`subscriptionResourceId([subscription], type, name, ...)`."""
    outer, resource = _outer_and_resource("subscriptionResourceId", arguments, 1)
    if resource is None:
        return unknown_in(*arguments)
    return _joined("/subscriptions/", outer[0] if outer else _SUBSCRIPTION, "/providers/", *resource)


def tenant_resource_id(*arguments: object) -> object:
    """`tenantResourceId(type, name, ...)`."""
    _, resource = _outer_and_resource("tenantResourceId", arguments, 0)
    return unknown_in(*arguments) if resource is None else _joined("/providers/", *resource)


def management_group_resource_id(*arguments: object) -> object:
    """`managementGroupResourceId([management group], type, name, ...)`."""
    outer, resource = _outer_and_resource("managementGroupResourceId", arguments, 1)
    if resource is None:
        return unknown_in(*arguments)
    group = outer[0] if outer else _MANAGEMENT_GROUP
    return _joined("/providers/Microsoft.Management/managementGroups/", group, "/providers/", *resource)


def extension_resource_id(*arguments: object) -> object:
    """`extensionResourceId(resource ID, type, name, ...)`."""
    _, resource = _outer_and_resource("extensionResourceId", arguments[1:], 0)
    return unknown_in(*arguments) if resource is None else _joined(arguments[0], "/providers/", *resource)


def _outer_and_resource(
    name: str, arguments: tuple[object, ...], most_outer: int
) -> tuple[tuple[object, ...], list[object] | None]:
    """What stands before the resource type, and type and names laced as in an ID; None if no type is found."""
    for argument in arguments:
        if isinstance(shallow(argument), (list, dict)):
            raise FunctionError(f"`{name}()` needs strings, not {kind(argument)}")
    place = next((n for n, one in enumerate(arguments[: most_outer + 1]) if "/" in _text(one)), None)
    if place is None:
        return (), None
    type_ = shallow(arguments[place])
    names = arguments[place + 1 :]
    if not isinstance(type_, str):
        return (), None
    provider, *types = type_.split("/")
    if len(types) != len(names):
        if any(not isinstance(shallow(argument), str) for argument in arguments[:place]):
            return (), None  # the type may be one of those before it
        count = "1 name" if len(types) == 1 else f"{len(types)} names"
        raise FunctionError(f"`{name}()` needs {count} for the type `{type_}`, not {len(names)}")
    laced: list[object] = [provider]
    for one, of_one in zip(types, names, strict=True):
        laced += ["/", one, "/", of_one]
    return arguments[:place], laced


def _text(argument: object) -> str:
    data = shallow(argument)
    if isinstance(data, Partial):
        return "".join(part for part in data.parts if isinstance(part, str))
    return data if isinstance(data, str) else ""


def _joined(*parts: object) -> object:
    return assemble(piece for part in parts for piece in pieces(spell(part)))
