"""Functions on numbers and truth values: template-functions-numeric, -logical and -comparison on learn.microsoft.com.

`if()`, `and()`, `or()` and `coalesce()` do not look at all their arguments and are in `aiblint.arm.evaluate`.
"""

from __future__ import annotations

import re

from aiblint.arm.functions.data import (
    UNDOCUMENTED,
    FunctionError,
    integer,
    is_integer,
    kind,
    same,
    shallow,
    unknown_in,
)
from aiblint.value import Unknown

TOO_BIG = "the result does not fit in 64 bits"


def add(left: object, right: object) -> object:
    """`add()`."""
    one, other = integer("add", left), integer("add", right)
    return unknown_in(one, other) if isinstance(one, Unknown) or isinstance(other, Unknown) else _bounded(one + other)


def sub(left: object, right: object) -> object:
    """`sub()`."""
    one, other = integer("sub", left), integer("sub", right)
    return unknown_in(one, other) if isinstance(one, Unknown) or isinstance(other, Unknown) else _bounded(one - other)


def mul(left: object, right: object) -> object:
    """`mul()`."""
    one, other = integer("mul", left), integer("mul", right)
    return unknown_in(one, other) if isinstance(one, Unknown) or isinstance(other, Unknown) else _bounded(one * other)


def div(left: object, right: object) -> object:
    """`div()`, rounded towards zero as .NET does."""
    one, other = integer("div", left), _divisor("div", right)
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return unknown_in(one, other)
    quotient = abs(one) // abs(other)
    return _bounded(quotient if (one < 0) == (other < 0) else -quotient)


def mod(left: object, right: object) -> object:
    """`mod()`, with the sign of the first number as in .NET."""
    one, other = integer("mod", left), _divisor("mod", right)
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return unknown_in(one, other)
    rest = abs(one) % abs(other)
    return -rest if one < 0 else rest


def _divisor(name: str, argument: object) -> int | Unknown:
    number = integer(name, argument)
    if number == 0:
        raise FunctionError(f"`{name}()` divides by zero")
    return number


def _bounded(number: int) -> object:
    return number if is_integer(number) else Unknown(TOO_BIG)


def smallest(*arguments: object) -> object:
    """`min()` of integers, or of arrays of them."""
    numbers = _numbers("min", arguments)
    return min(numbers) if isinstance(numbers, list) else numbers


def largest(*arguments: object) -> object:
    """`max()` of integers, or of arrays of them."""
    numbers = _numbers("max", arguments)
    return max(numbers) if isinstance(numbers, list) else numbers


def _numbers(name: str, arguments: tuple[object, ...]) -> list[int] | Unknown:
    numbers: list[int] = []
    for argument in arguments:
        data = shallow(argument)
        for item in data if isinstance(data, list) else [data]:
            number = integer(name, item)
            if isinstance(number, Unknown):
                return number
            numbers.append(number)
    return numbers or Unknown(UNDOCUMENTED)


def negate(value: object) -> object:
    """`not()`."""
    data = shallow(value)
    if isinstance(data, bool):
        return not data
    if isinstance(data, (list, dict)):
        raise FunctionError(f"`not()` needs true or false, not {kind(data)}")
    return unknown_in(data)


def equals(left: object, right: object) -> object:
    """`equals()`: deep, and case matters in strings."""
    verdict = same(left, right)
    return unknown_in(left, right) if verdict is None else verdict


def greater(left: object, right: object) -> object:
    """`greater()`."""
    order = _order(left, right)
    return order > 0 if isinstance(order, int) else order


def greater_or_equals(left: object, right: object) -> object:
    """`greaterOrEquals()`."""
    order = _order(left, right)
    return order >= 0 if isinstance(order, int) else order


def less(left: object, right: object) -> object:
    """`less()`."""
    order = _order(left, right)
    return order < 0 if isinstance(order, int) else order


def less_or_equals(left: object, right: object) -> object:
    """`lessOrEquals()`."""
    order = _order(left, right)
    return order <= 0 if isinstance(order, int) else order


def _order(left: object, right: object) -> int | Unknown:
    one, other = shallow(left), shallow(right)
    if is_integer(one) and is_integer(other):
        return (one > other) - (one < other)
    if isinstance(one, str) and isinstance(other, str):
        if one == other:
            return 0
        # The documented example, 'A' greater than 'a', is .NET's dictionary order: letters without their case first,
        # then lower before upper. How it orders punctuation depends on the platform.
        if re.fullmatch("[0-9A-Za-z]*", one) and re.fullmatch("[0-9A-Za-z]*", other):
            first, second = (one.lower(), one.swapcase()), (other.lower(), other.swapcase())
            return (first > second) - (first < second)
    return unknown_in(one, other)
