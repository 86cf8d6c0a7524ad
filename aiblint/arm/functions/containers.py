"""Functions on arrays and objects, and those that take strings as well.

learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array and template-functions-object; for
the newer ones the descriptions in Azure/bicep, src/Bicep.Core/Semantics/Namespaces/SystemNamespaceType.cs. Elements and
members are moved as they are, so that a Value keeps its place.
"""

from __future__ import annotations

from aiblint.arm.functions.data import (
    LARGEST_INTEGER,
    LONGEST_LIST,
    TOO_LARGE,
    UNDOCUMENTED,
    FunctionError,
    array,
    assemble,
    beginning,
    ending,
    fold,
    integer,
    is_integer,
    kind,
    mapping,
    member,
    open_name,
    pieces,
    plain_units,
    same,
    shallow,
    spell,
    text,
    unknown_in,
)
from aiblint.value import MISSING, OpenKey, Partial, Unknown


def concat(*arguments: object) -> object:
    """`concat()` of strings, or of arrays."""
    data = [shallow(argument) for argument in arguments]
    arrays = [one for one in data if isinstance(one, list)]
    if arrays:
        if any(isinstance(one, (str, Partial, bool, int)) for one in data):
            raise FunctionError("`concat()` joins strings or arrays, not both")
        if len(arrays) < len(data):
            return unknown_in(*(one for one in data if not isinstance(one, list)))
        if sum(map(len, arrays)) > LONGEST_LIST:
            return Unknown(TOO_LARGE)
        return [item for one in arrays for item in one]
    return assemble(part for one in data for part in pieces(spell(one)))


def contains(container: object, sought: object) -> object:
    """`contains()`: a value of an array, a member's name (whatever its case), or a part of a string (case matters)."""
    data, wanted = shallow(container), shallow(sought)
    if isinstance(data, list):
        return _found(same(item, wanted) for item in data) if data else False
    if isinstance(data, dict) and isinstance(wanted, str):
        if member(data, wanted) is MISSING:
            return False
        return True if _is_named(data, wanted) else unknown_in(data)
    if isinstance(data, (str, Partial)) and isinstance(wanted, (str, Partial)):
        known = [part for part in pieces(wanted) if isinstance(part, str)]
        if isinstance(wanted, str) and any(isinstance(part, str) and wanted in part for part in pieces(data)):
            return True
        if isinstance(data, str):
            return False if any(part not in data for part in known) else unknown_in(wanted)
    return unknown_in(data, wanted)


def _is_named(members: dict[str, object], name: str) -> bool:
    folded = name.lower()
    return any(key.lower() == folded and not isinstance(key, OpenKey) for key in members)


def _found(verdicts: object) -> object:
    undecided = False
    for verdict in verdicts:  # type: ignore[attr-defined]
        if verdict is True:
            return True
        undecided = undecided or verdict is None
    return Unknown("an element of the array is not known") if undecided else False


def empty(container: object) -> object:
    """`empty()`; null is empty too (Bicep's signature takes it)."""
    data = shallow(container)
    if data is None:
        return True
    if isinstance(data, Partial):
        return False
    if isinstance(data, (str, list, dict)):
        return len(data) == 0
    return unknown_in(data)


def length(container: object) -> object:
    """`length()` of a string, an array or an object."""
    data = shallow(container)
    if isinstance(data, str):
        return len(data) if plain_units(data) else len(data.encode("utf-16-le", "surrogatepass")) // 2
    if isinstance(data, list):
        return len(data)
    if isinstance(data, dict) and open_name(data) is None:
        return len(data)
    return unknown_in(data)


def first(container: object) -> object:
    """`first()` character or element; of an empty array null, of an empty string the empty string."""
    data = _string_or_array("first", container)
    if isinstance(data, list):
        return data[0] if data else None
    if isinstance(data, Unknown) or not plain_units(beginning(data)):
        return unknown_in(data)
    return beginning(data)[:1] if isinstance(data, str) or beginning(data) else unknown_in(data)


def last(container: object) -> object:
    """`last()` character or element."""
    data = _string_or_array("last", container)
    if isinstance(data, list):
        return data[-1] if data else None
    if isinstance(data, Unknown) or not plain_units(ending(data)):
        return unknown_in(data)
    return ending(data)[-1:] if isinstance(data, str) or ending(data) else unknown_in(data)


def skip(container: object, number: object) -> object:
    """`skip()`: what follows the first so many characters or elements."""
    data, count = _string_or_array("skip", container), integer("skip", number)
    if isinstance(data, Unknown) or isinstance(count, Unknown):
        return unknown_in(data, count)
    count = max(count, 0)
    if isinstance(data, list):
        return data[count:]
    known = beginning(data)
    if not plain_units(known):
        return Unknown(UNDOCUMENTED)
    if isinstance(data, str):
        return data[count:]
    return assemble((known[count:], *pieces(data)[1 if known else 0 :])) if count <= len(known) else unknown_in(data)


def take(container: object, number: object) -> object:
    """`take()`: the first so many characters or elements."""
    data, count = _string_or_array("take", container), integer("take", number)
    if isinstance(data, Unknown) or isinstance(count, Unknown):
        return unknown_in(data, count)
    count = max(count, 0)
    if isinstance(data, list):
        return data[:count]
    known = beginning(data)
    if not plain_units(known):
        return Unknown(UNDOCUMENTED)
    return known[:count] if isinstance(data, str) or count <= len(known) else unknown_in(data)


def _string_or_array(name: str, argument: object) -> str | Partial | Unknown | list[object]:
    data = shallow(argument)
    if isinstance(data, (str, Partial, Unknown, list)):
        return data
    if isinstance(data, dict):
        raise FunctionError(f"`{name}()` needs a string or an array, not {kind(data)}")
    return Unknown(UNDOCUMENTED)


def index_of(container: object, sought: object) -> object:
    """`indexOf()`: in a string whatever its case, in an array by equality; -1 if it is not there."""
    data = shallow(container)
    if isinstance(data, list):
        return _index(data, sought, range(len(data)))
    if isinstance(data, Unknown):
        return data
    whole, part = text("indexOf", container), text("indexOf", sought)
    if not isinstance(part, str) or not part or not plain_units(part, beginning(whole)):
        return unknown_in(whole, part)
    # What follows the known beginning cannot make an earlier occurrence.
    place = fold(beginning(whole)).find(fold(part))
    return place if place >= 0 or isinstance(whole, str) else unknown_in(whole)


def last_index_of(container: object, sought: object) -> object:
    """`lastIndexOf()`."""
    data = shallow(container)
    if isinstance(data, list):
        return _index(data, sought, range(len(data) - 1, -1, -1))
    if isinstance(data, Unknown):
        return data
    whole, part = text("lastIndexOf", container), text("lastIndexOf", sought)
    if not isinstance(whole, str) or not isinstance(part, str) or not part or not plain_units(whole, part):
        return unknown_in(whole, part)
    return fold(whole).rfind(fold(part))


def _index(items: list[object], sought: object, places: range) -> object:
    for place in places:
        verdict = same(items[place], sought)
        if verdict is None:
            return unknown_in(items[place], sought)
        if verdict:
            return place
    return -1


def range_of(start: object, count: object) -> object:
    """`range()`: at most 10,000 integers, none above 2147483647."""
    begin, number = integer("range", start), integer("range", count)
    if isinstance(number, int) and not 0 <= number <= LONGEST_LIST:
        raise FunctionError(f"`range()` makes 0 to {LONGEST_LIST:,} numbers, not {number}")
    if isinstance(begin, Unknown) or isinstance(number, Unknown):
        return unknown_in(begin, number)
    if begin + number > 2**31 - 1:
        raise FunctionError(f"`range()` would go beyond {2**31 - 1}")
    return list(range(begin, begin + number))


def array_of(value: object) -> object:
    """`array()`: an array as it is, anything else as the one element of an array."""
    data = shallow(value)
    if isinstance(data, Unknown):
        return data
    if data is None:
        return Unknown(UNDOCUMENTED)
    return value if isinstance(data, list) else [value]


def create_array(*items: object) -> object:
    """`createArray()`."""
    return list(items)


def flatten(arrays: object) -> object:
    """`flatten()`: one level."""
    outer = array("flatten", arrays)
    if isinstance(outer, Unknown):
        return outer
    inner = [array("flatten", one) for one in outer]
    if any(isinstance(one, Unknown) for one in inner):
        return unknown_in(*inner)
    if sum(len(one) for one in inner if isinstance(one, list)) > LONGEST_LIST:
        return Unknown(TOO_LARGE)
    return [item for one in inner if isinstance(one, list) for item in one]


def items_of(value: object) -> object:
    """`items()`: the members as objects of `key` and `value`, by name."""
    members = mapping("items", value)
    if isinstance(members, Unknown):
        return members
    names = _in_order(members)
    if names is None:
        return unknown_in(members)
    return [{"key": name, "value": members[name]} for name in names]


def object_keys(value: object) -> object:
    """`objectKeys()`: the names, in order."""
    members = mapping("objectKeys", value)
    if isinstance(members, Unknown):
        return members
    return _in_order(members) or (unknown_in(members) if members else [])


def _in_order(members: dict[str, object]) -> list[str] | None:
    """The names in the order of the alphabet, if every meaning of that (with or without case) gives the same."""
    if open_name(members) is not None or len(members) > LONGEST_LIST:
        return None
    names = sorted(members)
    if len({name.lower() for name in names}) < len(names):
        return None
    return names if names == sorted(members, key=str.lower) == sorted(members, key=str.upper) else None


def index_from_end(elements: object, reverse_index: object) -> object:
    """`indexFromEnd()`: 1 is the last element."""
    items, place = array("indexFromEnd", elements), integer("indexFromEnd", reverse_index)
    if isinstance(items, Unknown) or isinstance(place, Unknown):
        return unknown_in(items, place)
    if not 1 <= place <= len(items):
        raise FunctionError(f"`indexFromEnd()` asks for element {place} from the end of {len(items)}")
    return items[-place]


def try_get(container: object, key: object, *further: object) -> object:
    """`tryGet()`: the member or element, or null; the further keys are read from it as with `.` and `[]`.

    Bicep writes `a.?b.c` so: nothing is read of what is not there (Decompiler_handles_banned_function_replacement).
    """
    data, wanted = shallow(container), shallow(key)
    if data is None:
        return None
    if isinstance(data, dict) and isinstance(wanted, str):
        found = member(data, wanted)
    elif isinstance(data, list) and is_integer(wanted) and wanted >= 0:
        found = data[wanted] if wanted < len(data) else MISSING
    else:
        return unknown_in(data, wanted)
    return _further(found, further)


def try_index_from_end(container: object, reverse_index: object, *further: object) -> object:
    """`tryIndexFromEnd()`: the element, or null."""
    data, place = shallow(container), integer("tryIndexFromEnd", reverse_index)
    if data is None:
        return None
    if not isinstance(data, list) or isinstance(place, Unknown) or not 1 <= place <= LARGEST_INTEGER:
        return unknown_in(data, place)
    return _further(data[-place] if place <= len(data) else MISSING, further)


def _further(found: object, keys: tuple[object, ...]) -> object:
    if found is MISSING:
        return None
    for key in keys:
        data, wanted = shallow(found), shallow(key)
        from_end = False
        if isinstance(wanted, dict):
            # `createObject('value', 2, 'fromEnd', true())` stands for Bicep's `[^2]`.
            from_end = shallow(wanted.get("fromEnd")) is True
            wanted = shallow(wanted.get("value"))
        if isinstance(data, dict) and isinstance(wanted, str):
            found = member(data, wanted)
        elif isinstance(data, list) and is_integer(wanted) and wanted >= 0:
            place = len(data) - wanted if from_end else wanted
            found = data[place] if 0 <= place < len(data) else MISSING
        else:
            return unknown_in(data, wanted)
        if found is MISSING:
            return Unknown(UNDOCUMENTED)
    return found
