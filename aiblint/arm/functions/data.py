"""What the functions share: how they read an argument, when two values are equal, and how long a result may be.

An argument is a `Value` or shallow data (`aiblint.value`). Functions look through a Value when they need what is inside
and pass it on untouched when they only move it, so that it still knows where it was written.
"""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.value import MISSING, OpenKey, Partial, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeGuard

# Nothing that a build needs is longer; an expression of a line could otherwise ask for gigabytes.
LONGEST_STRING = 1_000_000
# ARM's own limit for `range()` (template-functions-array).
LONGEST_LIST = 10_000

TOO_LARGE = "it is too large to compute"
UNDOCUMENTED = "Microsoft does not document what ARM makes of these arguments"

LARGEST_INTEGER = 2**63 - 1


class FunctionError(Exception):
    """A call that ARM rejects for certain; the text of the error is a sentence for the person who wrote the call."""


class Lambda(NamedTuple):
    """The last argument of `filter()` and its kin: `call` takes `arity` arguments and evaluates the body."""

    arity: int
    call: Callable[..., object]


def shallow(argument: object) -> object:
    """The data of an argument, looking through a Value; what is missing is null, as for ARM."""
    data = argument.data if isinstance(argument, Value) else argument
    return None if data is MISSING else data


def kind(argument: object) -> str:
    """What an argument is, in words."""
    data = shallow(argument)
    if data is None:
        return "null"
    if isinstance(data, bool):
        return "true or false"
    if isinstance(data, int):
        return "an integer"
    if isinstance(data, float):
        return "a number with a fraction"
    if isinstance(data, list):
        return "an array"
    if isinstance(data, dict):
        return "an object"
    return "a string" if isinstance(data, (str, Partial)) else "not known"


def unknown_in(*arguments: object) -> Unknown:
    """The first unknown thing in the arguments, however deep, or one that says that ARM's answer is not documented."""
    pending = list(reversed(arguments))
    while pending:
        data = shallow(pending.pop())
        if isinstance(data, Unknown):
            return data
        if isinstance(data, Partial):
            pending.extend(reversed(data.parts))
        elif isinstance(data, list):
            pending.extend(reversed(data))
        elif isinstance(data, dict):
            pending.extend(reversed(data.values()))
            pending.extend(key.data for key in data if isinstance(key, OpenKey))
    return Unknown(UNDOCUMENTED)


# -- reading arguments -------------------------------------------------------------------------------------------------
# Each raises FunctionError for what ARM rejects for certain (an array as a string, say). ARM converts some scalars and
# rejects others, and no documentation tells which: those come back as unknown.


def text(name: str, argument: object) -> str | Partial | Unknown:
    """A string argument of function `name`."""
    data = shallow(argument)
    if isinstance(data, (str, Partial, Unknown)):
        return data
    if isinstance(data, (list, dict)):
        raise FunctionError(f"`{name}()` needs a string here, not {kind(data)}")
    return Unknown(UNDOCUMENTED)


def integer(name: str, argument: object) -> int | Unknown:
    """An integer argument of function `name`."""
    data = shallow(argument)
    if isinstance(data, Unknown):
        return data
    if is_integer(data):
        return data
    if isinstance(data, (list, dict)) or (isinstance(data, str) and not any(mark.isdigit() for mark in data)):
        raise FunctionError(f"`{name}()` needs an integer here, not {kind(data)}")
    return Unknown(UNDOCUMENTED)


def array(name: str, argument: object) -> list[object] | Unknown:
    """An array argument of function `name`."""
    data = shallow(argument)
    if isinstance(data, (list, Unknown)):
        return data
    if data is None:
        return Unknown(UNDOCUMENTED)
    raise FunctionError(f"`{name}()` needs an array here, not {kind(data)}")


def mapping(name: str, argument: object) -> dict[str, object] | Unknown:
    """An object argument of function `name`."""
    data = shallow(argument)
    if isinstance(data, (dict, Unknown)):
        return data
    if data is None:
        return Unknown(UNDOCUMENTED)
    raise FunctionError(f"`{name}()` needs an object here, not {kind(data)}")


def is_integer(data: object) -> TypeGuard[int]:
    """Whether this is an integer that ARM can hold (64 bits)."""
    return isinstance(data, int) and not isinstance(data, bool) and -LARGEST_INTEGER - 1 <= data <= LARGEST_INTEGER


def open_name(members: dict[str, object]) -> OpenKey | None:
    """A member whose own name is not fully known: then any other name may be there as well."""
    return next((name for name in members if isinstance(name, OpenKey)), None)


def member(members: dict[str, object], name: str) -> object:
    """The member of this name, letter case ignored as ARM ignores it; MISSING if it is certainly not there."""
    found = members.get(name, MISSING)
    folded = name.lower()
    if found is MISSING:
        found = next((value for key, value in members.items() if key.lower() == folded), MISSING)
    if found is MISSING:
        for key in members:
            if isinstance(key, OpenKey) and _may_be_named(key.data, folded):
                return unknown_in(key.data)
    return found


def _may_be_named(data: Unknown | Partial, folded: str) -> bool:
    if isinstance(data, Unknown):
        return True
    return _may_match(Partial(tuple(p.lower() if isinstance(p, str) else p for p in data.parts)), folded)


# -- strings in pieces -------------------------------------------------------------------------------------------------


def pieces(data: str | Partial | Unknown) -> tuple[str | Unknown, ...]:
    """A string as its known and unknown pieces."""
    if isinstance(data, Partial):
        return data.parts
    return (data,)


def assemble(parts: Iterable[str | Unknown]) -> str | Partial | Unknown:
    """The string that these pieces make together: known, partly known, or unknown if no text is known of it."""
    joined: list[str | Unknown] = []
    run: list[str] = []
    length = 0
    for part in parts:
        if isinstance(part, str):
            length += len(part)
            if length > LONGEST_STRING:
                return Unknown(TOO_LARGE)
            if part:
                run.append(part)
        else:
            if run:
                joined.append("".join(run))
                run = []
            joined.append(part)
            if len(joined) > LONGEST_LIST:
                return Unknown(TOO_LARGE)
    if not joined:
        return "".join(run)
    if run:
        joined.append("".join(run))
    known = any(isinstance(part, str) for part in joined)
    return Partial(tuple(joined)) if known else joined[0]


def beginning(data: str | Partial | Unknown) -> str:
    """The known characters that a string starts with."""
    first = pieces(data)[0]
    return first if isinstance(first, str) else ""


def ending(data: str | Partial | Unknown) -> str:
    """The known characters that a string ends with."""
    last = pieces(data)[-1]
    return last if isinstance(last, str) else ""


def spell(argument: object) -> str | Partial | Unknown:
    """A scalar as `concat()` and `join()` write it into a string; unknown where that is not documented."""
    data = shallow(argument)
    if isinstance(data, (str, Partial, Unknown)):
        return data
    if is_integer(data):
        return str(data)
    return Unknown(UNDOCUMENTED)


def plain_units(*texts: str) -> bool:
    """Whether Python and .NET count the characters of these strings alike: .NET counts those beyond U+FFFF twice."""
    return all(one.isascii() or max(one) <= "\uffff" for one in texts)


def fold(one: str) -> str:
    """The string for comparisons that ignore case, as long as it was: .NET changes the case of single characters."""
    return upper(one)


def upper(one: str) -> str:
    """Upper case as .NET's ToUpperInvariant has it: character by character, so the German sharp s stays."""
    return one.upper() if one.isascii() else "".join(m.upper() if len(m.upper()) == 1 else m for m in one)


def lower(one: str) -> str:
    """Lower case as .NET's ToLowerInvariant has it: character by character."""
    return one.lower() if one.isascii() else "".join(m.lower() if len(m.lower()) == 1 else m for m in one)


# -- equality ----------------------------------------------------------------------------------------------------------


def same(one: object, other: object) -> bool | None:
    """Whether two values are equal to ARM: deep, strings case by case; None where that is not known."""
    left, right = shallow(one), shallow(other)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return None
    if isinstance(left, (str, Partial)) and isinstance(right, (str, Partial)):
        if isinstance(left, str) and isinstance(right, str):
            return left == right
        return None if _may_match(left, right) else False
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return _all(same(first, second) for first, second in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return _same_members(left, right)
    if type(left) is type(right):
        return left == right
    if left is None or right is None:
        return left is right
    if isinstance(left, Partial) or isinstance(right, Partial):
        return False if isinstance(left, (list, dict)) or isinstance(right, (list, dict)) else None
    # `true` against `'true'` or 1, 1 against 1.0: no documentation says whether ARM converts one to the other.
    return None if converted(left) == converted(right) else False


def converted(data: object) -> object:
    """What a scalar would be if ARM converted it: a float if it can be a number or a truth value, else its text."""
    if isinstance(data, (list, dict)) or (isinstance(data, int) and abs(data) > LARGEST_INTEGER):
        return data
    folded = str(data).strip().lower()
    folded = {"true": "1", "false": "0"}.get(folded, folded)
    try:
        return float(folded)
    except ValueError:
        return folded


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    known = True
    for verdict in verdicts:
        if verdict is False:
            return False
        known = known and verdict is True
    return True if known else None


def _same_members(left: dict[str, object], right: dict[str, object]) -> bool | None:
    if open_name(left) is not None or open_name(right) is not None:
        return None
    only = [shallow(v) for a, b in ((left, right), (right, left)) for name, v in a.items() if name not in b]
    if only:
        # ARM treats a member that is null as if it were not there, and its names ignore case: neither is documented
        # for comparisons.
        if {name.lower() for name in left} == {name.lower() for name in right}:
            return None
        return None if all(value is None or isinstance(value, Unknown) for value in only) else False
    return _all(same(value, right[name]) for name, value in left.items())


def _may_match(left: str | Partial, right: str | Partial) -> bool:
    """Whether two strings, at least one of them partly known, can be the same string."""
    if isinstance(left, Partial) and isinstance(right, Partial):
        for one, other in ((beginning(left), beginning(right)), (ending(left)[::-1], ending(right)[::-1])):
            length = min(len(one), len(other))
            if one[:length] != other[:length]:
                return False
        return True
    pattern, whole = (left, right) if isinstance(left, Partial) else (right, left)
    first, last = beginning(pattern), ending(pattern)
    if not isinstance(whole, str) or len(first) + len(last) > len(whole):
        return False
    if not whole.startswith(first) or not whole.endswith(last):
        return False
    place, stop = len(first), len(whole) - len(last)
    inner = pieces(pattern)[1 if first else 0 : -1 if last else None]
    for piece in inner:
        if isinstance(piece, str):
            place = whole.find(piece, place, stop)
            if place < 0:
                return False
            place += len(piece)
    return True
