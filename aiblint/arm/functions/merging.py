"""Functions that put objects and arrays together: `createObject()`, `union()`, `intersection()`, `shallowMerge()`.

learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-object. Where names are partly unknown, or
values may be equal or not, each result holds whatever they turn out to be.
"""

from __future__ import annotations

from aiblint.arm.functions.data import (
    LONGEST_LIST,
    TOO_LARGE,
    UNDOCUMENTED,
    FunctionError,
    array,
    converted,
    kind,
    mapping,
    member,
    open_name,
    pieces,
    same,
    shallow,
    unknown_in,
)
from aiblint.value import MISSING, OpenKey, Partial, Unknown


def create_object(*arguments: object) -> object:
    """`createObject()`; a name that is not fully known makes an OpenKey."""
    if len(arguments) % 2:
        raise FunctionError("`createObject()` needs a value for each name, but has an odd number of arguments")
    members: dict[str, object] = {}
    names = _Names(members)
    for place in range(0, len(arguments), 2):
        name, value = shallow(arguments[place]), arguments[place + 1]
        if isinstance(name, (Partial, Unknown)):
            key = OpenKey("".join(part if isinstance(part, str) else "..." for part in pieces(name)))
            key.data = name
            name = key
        if not isinstance(name, str):
            raise FunctionError(f"the name of a member in `createObject()` is a string, not {kind(name)}")
        if name in members and not isinstance(name, OpenKey):
            return Unknown(UNDOCUMENTED)
        if names.may_clash(name, value, members):
            return unknown_in({name: value}, members)
        members[name] = value
    return members


# Comparing open names takes the square of their number.
_MOST_COMPARED = 10_000


class _Names:
    """The names of an object that grows: the known ones by lower case, and those that are not fully known."""

    __slots__ = ("folded", "open")

    def __init__(self, members: dict[str, object]) -> None:
        self.folded = {name.lower(): name for name in members if not isinstance(name, OpenKey)}
        self.open = [name for name in members if isinstance(name, OpenKey)]

    def may_clash(self, name: str, value: object, members: dict[str, object]) -> bool:
        """Whether a new name may be that of a member with another value: it differs by case, or is not fully known."""
        if isinstance(name, OpenKey):
            if len(self.folded) * (len(self.open) + 1) > _MOST_COMPARED:
                return True
            near = [known for known in self.folded.values() if member({name: None}, known) is not MISSING]
            self.open.append(name)
        else:
            if self.folded.setdefault(name.lower(), name) != name:
                return True
            if len(self.folded) * len(self.open) > _MOST_COMPARED:
                return True
            near = [known for known in self.open if member({known: None}, name) is not MISSING]
        return any(same(value, members[known]) is not True for known in near)


def union(*arguments: object) -> object:
    """`union()` of arrays without repeating a value, or of objects, the later one winning, nested objects merged."""
    data = [shallow(argument) for argument in arguments]
    if all(isinstance(one, list) for one in data):
        kept = _Elements([])
        for item in (item for one in data if isinstance(one, list) for item in one):
            verdict = kept.has(item)
            if verdict is None:
                return unknown_in(item, kept.items)
            if not verdict:
                kept.add(item)
        return kept.items if len(kept.items) <= LONGEST_LIST else Unknown(TOO_LARGE)
    if all(isinstance(one, dict) for one in data):
        merged: object = {}
        for one in data:
            merged = _merge(merged, one, deep=True)
        return merged
    _reject_mixture("union", data)
    return unknown_in(*data)


class _Elements:
    """The elements of an array, by what they are: only those that may be equal are compared one by one."""

    __slots__ = ("alike", "items", "left", "vague")

    def __init__(self, items: list[object]) -> None:
        self.items: list[object] = []
        self.alike: dict[object, list[object]] = {}
        self.vague: list[object] = []
        self.left = 20_000
        for item in items:
            self.add(item)

    def add(self, item: object) -> None:
        """One more element, at the end."""
        self.items.append(item)
        try:
            self.alike.setdefault(_loosely(item), []).append(item)
        except _VagueError:
            self.vague.append(item)

    def has(self, item: object) -> bool | None:
        """Whether an element is equal to this; None where that is not known, or takes too long to find out."""
        try:
            rivals = [*self.alike.get(_loosely(item), ()), *self.vague]
        except _VagueError:
            rivals = self.items
        self.left -= len(rivals)
        verdicts = [same(item, other) for other in rivals] if self.left > 0 else [None]
        return True if True in verdicts else None if None in verdicts else False


class _VagueError(Exception):
    """A value is not fully known."""


def _loosely(item: object) -> object:
    """A hashable stand-in: values that are equal, or of which nobody knows whether ARM thinks so, have the same."""
    data = shallow(item)
    if isinstance(data, (Unknown, Partial)):
        raise _VagueError
    if isinstance(data, list):
        return tuple(map(_loosely, data))
    if isinstance(data, dict):
        if open_name(data) is not None:
            raise _VagueError
        return frozenset((name.lower(), _loosely(value)) for name, value in data.items() if shallow(value) is not None)
    number = converted(data)
    return number if isinstance(number, float) and number == number else data  # `nan` is equal to nothing


def _reject_mixture(name: str, data: list[object]) -> None:
    for one in data:
        if one is not None and not isinstance(one, (list, dict, Unknown)):
            raise FunctionError(f"`{name}()` needs arrays or objects, not {kind(one)}")
    if any(isinstance(one, list) for one in data) and any(isinstance(one, dict) for one in data):
        raise FunctionError(f"`{name}()` needs arrays or objects, not both")


def _merge(base: object, other: object, *, deep: bool) -> object:
    """Two objects as one; unknown where names may coincide without being equal."""
    left, right = shallow(base), shallow(other)
    if not isinstance(left, dict) or not isinstance(right, dict):
        return unknown_in(left, right)
    merged = dict(left)
    names = _Names(merged)
    for name, value in right.items():
        if names.may_clash(name, value, merged):
            return unknown_in({name: value}, merged)
        merged[name] = _override(merged[name], value, deep=deep) if name in merged else value
    return merged


def _override(value: object, later: object, *, deep: bool) -> object:
    left, right = shallow(value), shallow(later)
    if right is None:
        return Unknown(UNDOCUMENTED)
    if deep and isinstance(right, dict):
        if isinstance(left, dict):
            return _merge(left, right, deep=True)
        if isinstance(left, Unknown):
            return left
    if deep and isinstance(right, Unknown) and isinstance(left, dict):
        return right
    return later


def intersection(*arguments: object) -> object:
    """`intersection()`: the elements, or the members, that all have."""
    data = [shallow(argument) for argument in arguments]
    if all(isinstance(one, list) for one in data):
        first_array, *others = (_Elements(one) for one in data if isinstance(one, list))
        kept = _Elements([])
        for item in first_array.items:
            verdicts = [other.has(item) for other in others]
            if False in verdicts:
                continue
            if None in verdicts or kept.has(item) is not False:
                return unknown_in(item, *data)
            kept.add(item)
        return kept.items
    if all(isinstance(one, dict) for one in data):
        common: dict[str, object] = {}
        for name, value in data[0].items():  # type: ignore[attr-defined]
            found = [member(one, name) for one in data[1:]]  # type: ignore[arg-type]
            if isinstance(name, OpenKey):
                return unknown_in(name.data)
            if any(other is MISSING for other in found):
                continue
            verdict = [same(value, other) for other in found]
            nested = isinstance(shallow(value), (dict, list))
            if None in verdict or (False in verdict and nested):
                return unknown_in(value, *found)
            if False not in verdict:
                common[name] = value
        return common
    _reject_mixture("intersection", data)
    return unknown_in(*data)


def shallow_merge(objects: object) -> object:
    """`shallowMerge()`: the members of all objects; of equal names the last."""
    items = array("shallowMerge", objects)
    if isinstance(items, Unknown):
        return items
    merged: object = {}
    for item in items:
        mapping("shallowMerge", item)
        merged = _merge(merged, item, deep=False)
    return merged
