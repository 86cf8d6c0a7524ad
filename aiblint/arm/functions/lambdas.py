"""Functions that take a `lambda()`: azure-resource-manager/templates/template-functions-lambda on learn.microsoft.com.

The optional second variable of `filter()`, `map()` and `reduce()`, and the third argument of `groupBy()`, are in
Azure/bicep, SystemNamespaceType.cs.
"""

from __future__ import annotations

from functools import cmp_to_key

from aiblint.arm.functions.data import (
    UNDOCUMENTED,
    FunctionError,
    Lambda,
    array,
    kind,
    mapping,
    same,
    shallow,
    unknown_in,
)
from aiblint.value import MISSING, Unknown


def filter_items(elements: object, keep: object) -> object:
    """`filter()`."""
    items, chooses = array("filter", elements), _lambda("filter", keep, 1, 2)
    if isinstance(items, Unknown):
        return items
    kept = []
    for place, item in enumerate(items):
        verdict = shallow(_apply(chooses, item, place))
        if not isinstance(verdict, bool):
            return unknown_in(verdict)
        if verdict:
            kept.append(item)
    return kept


def map_items(elements: object, change: object) -> object:
    """`map()`."""
    items, changes = array("map", elements), _lambda("map", change, 1, 2)
    if isinstance(items, Unknown):
        return items
    return [_apply(changes, item, place) for place, item in enumerate(items)]


def reduce_items(elements: object, initial: object, combine: object) -> object:
    """`reduce()`."""
    items, combines = array("reduce", elements), _lambda("reduce", combine, 2, 3)
    if isinstance(items, Unknown):
        return items
    result = initial
    for place, item in enumerate(items):
        result = combines.call(result, item, place) if combines.arity == 3 else combines.call(result, item)
    return result


def sort_items(elements: object, comes_first: object) -> object:
    """`sort()`; unknown if elements tie, because nothing says whether ARM then keeps their order."""
    items, precedes = array("sort", elements), _lambda("sort", comes_first, 2, 2)
    if isinstance(items, Unknown):
        return items

    def compare(left: object, right: object) -> int:
        forward, backward = shallow(precedes.call(left, right)), shallow(precedes.call(right, left))
        if not isinstance(forward, bool) or not isinstance(backward, bool):
            raise _UndecidedError(unknown_in(forward, backward))
        if forward == backward and same(left, right) is not True:
            raise _UndecidedError(Unknown(UNDOCUMENTED))
        return int(backward) - int(forward)

    try:
        return sorted(items, key=cmp_to_key(compare))
    except _UndecidedError as undecided:
        return undecided.unknown


class _UndecidedError(Exception):
    def __init__(self, unknown: Unknown) -> None:
        super().__init__()
        self.unknown = unknown


def to_object(elements: object, name: object, value: object = MISSING) -> object:
    """`toObject()`."""
    items, names = array("toObject", elements), _lambda("toObject", name, 1, 1)
    values = _lambda("toObject", value, 1, 1) if value is not MISSING else None
    if isinstance(items, Unknown):
        return items
    members: dict[str, object] = {}
    for item in items:
        key = shallow(names.call(item))
        if not isinstance(key, str) or key.lower() in {known.lower() for known in members}:
            return unknown_in(key)
        members[key] = values.call(item) if values is not None else item
    return members


def group_by(elements: object, name: object, value: object = MISSING) -> object:
    """`groupBy()`: an object of arrays."""
    items, names = array("groupBy", elements), _lambda("groupBy", name, 1, 1)
    values = _lambda("groupBy", value, 1, 1) if value is not MISSING else None
    if isinstance(items, Unknown):
        return items
    groups: dict[str, list[object]] = {}
    for item in items:
        key = shallow(names.call(item))
        if not isinstance(key, str):
            return unknown_in(key)
        groups.setdefault(key, []).append(values.call(item) if values is not None else item)
    if len({key.lower() for key in groups}) < len(groups):
        return Unknown(UNDOCUMENTED)
    return groups


def map_values(value: object, change: object) -> object:
    """`mapValues()`."""
    members, changes = mapping("mapValues", value), _lambda("mapValues", change, 1, 1)
    if isinstance(members, Unknown):
        return members
    return {name: changes.call(member) for name, member in members.items()}


def _lambda(name: str, argument: object, fewest: int, most: int) -> Lambda:
    if not isinstance(argument, Lambda):
        raise FunctionError(f"`{name}()` needs a `lambda()` here, not {kind(argument)}")
    if not fewest <= argument.arity <= most:
        count = f"{fewest}" if fewest == most else f"{fewest} or {most}"
        raise FunctionError(f"the `lambda()` of `{name}()` has {argument.arity} variables instead of {count}")
    return argument


def _apply(changes: Lambda, item: object, place: int) -> object:
    return changes.call(item, place) if changes.arity == 2 else changes.call(item)
