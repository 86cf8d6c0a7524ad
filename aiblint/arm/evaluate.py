"""What an expression comes to, with what is unknown left unknown.

The value of `[parameters('x')]` and of anything that only picks out of it is the very Value that the scope gave: it
still knows where it was written. Whatever is computed is shallow data (`aiblint.value`).
"""

from __future__ import annotations

from aiblint.arm.expression import (
    Call,
    Expression,
    ExpressionError,
    Index,
    Literal,
    Property,
    is_expression,
    parse,
    render,
    unescape,
)
from aiblint.arm.functions import FUNCTIONS, TAKES_LAMBDA, Function, FunctionError, Lambda
from aiblint.arm.functions.data import TOO_LARGE, UNDOCUMENTED, is_integer, kind, member, same, shallow
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.value import MISSING, OpenKey, Partial, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from aiblint.source.document import Node
else:
    Protocol = object

# How large a value may be: an element or a member weighs one, and so do ten characters. No image template comes near.
HEAVIEST = 200_000
DEEPEST_DATA = 100
# Walking through so much takes about as long as a call.
_WEIGHT_OF_A_CALL = 25
# User functions may call each other (Bicep since 0.26), but never themselves; a template can try all the same.
_DEEPEST_CALLS = 16

_SPENT = Unknown("the template takes too long to compute")
_TOO_DEEP = Unknown("the template refers to itself too deeply")


class EvaluationError(Exception):
    """A fault for which ARM refuses the template: `message` is a sentence, characters `start` to `end` show it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


class ScopeError(Exception):
    """A scope has no such name, or cannot give its value; the text of the error is a sentence."""


class UserFunction(NamedTuple):
    """A function of the template itself: the names of its parameters and the node of its output's value."""

    parameters: tuple[str, ...]
    output: Node


class Scope(Protocol):
    """What the names in an expression mean. Every name comes as it is written and is looked up whatever its case."""

    budget: int
    """How many more calls may be evaluated; each takes at least one away, and at zero everything is unknown."""

    def parameter(self, name: str) -> object:
        """The parameter, a Value or data; raises ScopeError if there is none."""

    def variable(self, name: str) -> object:
        """The variable, a Value or data; raises ScopeError if there is none."""

    def user_function(self, namespace: str, name: str) -> UserFunction | None:
        """The function that the template defines under this name."""

    def copy_index(self, name: str | None, offset: int) -> int | Unknown:
        """The counter of the copy loop of this name (if None, of the resource) plus offset; may raise ScopeError."""

    def names(self, section: str) -> Iterable[str]:
        """All names of `parameters` or `variables`, to find the one that a misspelt name meant."""


def evaluate(expression: Expression, scope: Scope) -> object:
    """The Value or data that an expression comes to; raises EvaluationError for what ARM rejects for certain."""
    try:
        result = _evaluate(expression, scope, {})
        return result if _affordable([result], scope) else Unknown(TOO_LARGE)
    except RecursionError:
        # Expressions and data are limited in depth, but variables may refer to each other in a chain of any length.
        return _TOO_DEEP


def _evaluate(expression: Expression, scope: Scope, bindings: dict[str, object]) -> object:
    steps: list[Property | Index] = []
    node = expression
    while isinstance(node, (Property, Index)):
        steps.append(node)
        node = node.base
    value: object = node.value if isinstance(node, Literal) else _call(node, scope, bindings)
    for step in reversed(steps):
        if isinstance(step, Property):
            value = _read(value, step.name, step.base, step.end - len(step.name), step.end, scope)
        else:
            place = shallow(_evaluate(step.index, scope, bindings))
            value = _read(value, place, step.base, step.index.start, step.index.end, scope)
    return value


def _read(container: object, key: object, base: Expression, start: int, end: int, scope: Scope) -> object:
    """The member or the element `key` of what `base` came to; `start` and `end` are where the key stands."""
    data = shallow(container)
    if isinstance(data, Unknown):
        return data
    if isinstance(data, Partial) or isinstance(key, (Unknown, Partial)):
        return key if isinstance(key, Unknown) else Unknown(f"it is read from `{render(base)}`")
    if isinstance(data, dict) and isinstance(key, str):
        scope.budget -= len(data) // _WEIGHT_OF_A_CALL
        found = member(data, key)
        if found is MISSING:
            near = _nearest(key, (name for name in data if not isinstance(name, OpenKey)), scope)
            raise EvaluationError(f"`{key}` is not a member of `{render(base)}`{near}", start, end)
        return found
    if isinstance(data, list) and is_integer(key):
        if not 0 <= key < len(data):
            count = "no elements" if not data else "1 element" if len(data) == 1 else f"{len(data)} elements"
            raise EvaluationError(f"there is no element {key}: `{render(base)}` has {count}", start, end)
        return data[key]
    if isinstance(key, str) and not isinstance(data, (dict, list)):
        raise EvaluationError(f"`{render(base)}` is {kind(data)} and has no member `{key}`", start, end)
    if isinstance(data, list) and isinstance(key, str) and not key.lstrip("-").isdigit():
        raise EvaluationError(f"`{render(base)}` is an array and has no member `{key}`", start, end)
    return Unknown(UNDOCUMENTED)


def _call(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    scope.budget -= 1
    if scope.budget < 0:
        return _SPENT
    if node.namespace:
        return _user_call(node, scope, bindings)
    name = node.name.lower()
    function = FUNCTIONS.get(name)
    if function is None:
        if not name.startswith("list"):
            near = _nearest(node.name, (known.name for known in FUNCTIONS.values()), scope)
            raise EvaluationError(f"there is no function `{node.name}`{near}", node.start, node.start + len(node.name))
        # Each resource type may have list functions of its own (template-functions-resource#list).
        function = Function(node.name, 1, 3, False, None, f"`{node.name}()` asks Azure")
    _check_count(node, f"`{function.name}()`", function.minimum, function.maximum)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(node, scope, bindings)
    arguments = [_argument(argument, name, scope, bindings) for argument in node.arguments]
    if function.call is None:
        return Unknown(function.reason)
    if not _affordable(arguments, scope):
        return Unknown(TOO_LARGE)
    try:
        result = function.call(*arguments)
    except FunctionError as error:
        raise EvaluationError(str(error), node.start, node.end) from None
    return result if _affordable([result], scope) else Unknown(TOO_LARGE)


def _check_count(node: Call, shown: str, minimum: int, maximum: int | None) -> None:
    count = len(node.arguments)
    if count < minimum or (maximum is not None and count > maximum):
        if maximum is None:
            wanted = f"at least {minimum}"
        elif minimum == maximum:
            wanted = str(minimum) if minimum else "no"
        else:
            wanted = f"{minimum} to {maximum}"
        plural = "argument" if wanted.endswith(" 1") or wanted == "1" else "arguments"
        raise EvaluationError(f"{shown} takes {wanted} {plural}, not {count}", node.start, node.end)


def _affordable(arguments: list[object], scope: Scope) -> bool:
    """Whether these values are small enough to look at in full; takes what that costs from the budget.

    A few words can describe data of any size (`createArray(x, x)`, whose x is made the same way, and so on), so
    nothing is walked through before this has measured it.
    """
    weight = len(arguments)
    pending = [(argument, 0) for argument in arguments]
    while pending and weight <= HEAVIEST:
        item, depth = pending.pop()
        data = shallow(item)
        if isinstance(data, str):
            weight += len(data) // 10
        elif isinstance(data, Partial):
            weight += sum(1 + len(part) // 10 for part in data.parts if isinstance(part, str))
        elif isinstance(data, (list, dict)):
            weight += len(data) if depth < DEEPEST_DATA else HEAVIEST
            if weight <= HEAVIEST:
                pending.extend((part, depth + 1) for part in (data if isinstance(data, list) else data.values()))
    scope.budget -= min(weight, HEAVIEST) // _WEIGHT_OF_A_CALL
    return weight <= HEAVIEST


def _argument(node: Expression, caller: str, scope: Scope, bindings: dict[str, object]) -> object:
    if not isinstance(node, Call) or node.namespace or node.name.lower() != "lambda":
        return _evaluate(node, scope, bindings)
    if caller not in TAKES_LAMBDA:
        raise _misplaced(node)
    _check_count(node, "`lambda()`", 2, None)
    *variables, body = node.arguments
    names = []
    for variable in variables:
        if not isinstance(variable, Literal) or not isinstance(variable.value, str):
            raise EvaluationError("a variable of `lambda()` is a name in quotes", variable.start, variable.end)
        names.append(variable.value.lower())

    def call(*values: object) -> object:
        return _evaluate(body, scope, {**bindings, **dict(zip(names, values, strict=True))})

    return Lambda(len(names), call)


def _misplaced(node: Call) -> EvaluationError:
    takers = ", ".join(f"`{FUNCTIONS[name].name}()`" for name in sorted(TAKES_LAMBDA))
    return EvaluationError(f"`lambda()` can only be an argument of {takers}", node.start, node.end)


def _nearest(name: str, names: Iterable[str], scope: Scope) -> str:
    """`, did you mean ...` if one of the names is close; nothing otherwise."""
    from difflib import get_close_matches
    from itertools import islice

    by_folded = {known.lower(): known for known in islice(names, 500) if len(known) <= 100}
    # The comparison takes a hundred times as long as a call.
    scope.budget -= len(by_folded)
    near = get_close_matches(name.lower(), by_folded, 1, 0.7) if len(name) <= 100 and scope.budget > 0 else []
    return f", did you mean `{by_folded[near[0]]}`" if near else ""


# -- what does not evaluate all its arguments, or needs the scope ------------------------------------------------------


def _if(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    condition = _evaluate(node.arguments[0], scope, bindings)
    verdict = shallow(condition)
    if isinstance(verdict, bool):
        return _evaluate(node.arguments[1 if verdict else 2], scope, bindings)
    if isinstance(verdict, (list, dict)):
        first = node.arguments[0]
        raise EvaluationError(f"the condition of `if()` is {kind(verdict)}", first.start, first.end)
    # Nobody knows which branch ARM takes, so a fault in one of them is none yet.
    branches = [_tolerant(argument, scope, bindings) for argument in node.arguments[1:]]
    if all(isinstance(shallow(branch), (str, int, bool)) for branch in branches) and same(*branches) is True:
        return branches[0]
    return verdict if isinstance(verdict, Unknown) else Unknown(UNDOCUMENTED)


def _tolerant(node: Expression, scope: Scope, bindings: dict[str, object]) -> object:
    try:
        return _evaluate(node, scope, bindings)
    except EvaluationError:
        return Unknown("it may never be computed")


def _and(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    return _connect(node, scope, bindings, decisive=False)


def _or(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    return _connect(node, scope, bindings, decisive=True)


def _connect(node: Call, scope: Scope, bindings: dict[str, object], *, decisive: bool) -> object:
    """`and()` and `or()`; what follows a decisive value is not looked at, what follows an unknown one perhaps."""
    unknown: Unknown | None = None
    for argument in node.arguments:
        value = shallow((_evaluate if unknown is None else _tolerant)(argument, scope, bindings))
        if isinstance(value, (list, dict)) and unknown is None:
            raise EvaluationError(
                f"`{node.name}()` needs true or false here, not {kind(value)}", argument.start, argument.end
            )
        if value is decisive:
            return decisive
        if not isinstance(value, bool) and unknown is None:
            unknown = value if isinstance(value, Unknown) else Unknown(UNDOCUMENTED)
    return not decisive if unknown is None else unknown


def _coalesce(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    for argument in node.arguments:
        value = _evaluate(argument, scope, bindings)
        if shallow(value) is not None:
            return value
    return None


def _parameters(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    return _named(node, "parameters", scope, bindings)


def _variables(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    return _named(node, "variables", scope, bindings)


def _named(node: Call, section: str, scope: Scope, bindings: dict[str, object]) -> object:
    argument = node.arguments[0]
    name = shallow(_evaluate(argument, scope, bindings))
    if not isinstance(name, str):
        if isinstance(name, (Unknown, Partial)):
            return name if isinstance(name, Unknown) else Unknown(f"the name in `{render(node)}` is not known")
        raise EvaluationError(f"`{section}()` needs a name, not {kind(name)}", argument.start, argument.end)
    try:
        return scope.parameter(name) if section == "parameters" else scope.variable(name)
    except ScopeError as error:
        names = list(scope.names(section))
        exists = any(known.lower() == name.lower() for known in names)
        near = "" if exists else _nearest(name, names, scope)
        raise EvaluationError(f"{error}{near}", argument.start, argument.end) from None


def _copy_index(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    values = [shallow(_evaluate(argument, scope, bindings)) for argument in node.arguments]
    name = values[0] if values and isinstance(values[0], str) else None
    offset = values[-1] if values and values[-1] is not name else 0
    if not is_integer(offset) or (name is None and len(values) == 2):
        return offset if isinstance(offset, Unknown) else Unknown(UNDOCUMENTED)
    try:
        return scope.copy_index(name, offset)
    except ScopeError as error:
        raise EvaluationError(str(error), node.start, node.end) from None


def _lambda(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    raise _misplaced(node)


def _lambda_variables(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    argument = node.arguments[0]
    name = shallow(_evaluate(argument, scope, bindings))
    if not isinstance(name, str):
        return name if isinstance(name, Unknown) else Unknown(UNDOCUMENTED)
    if name.lower() not in bindings:
        near = _nearest(name, bindings, scope)
        raise EvaluationError(f"no `lambda()` around this has a variable `{name}`{near}", argument.start, argument.end)
    return bindings[name.lower()]


_SPECIAL = {
    "and": _and,
    "coalesce": _coalesce,
    "copyindex": _copy_index,
    "if": _if,
    "lambda": _lambda,
    "lambdavariables": _lambda_variables,
    "or": _or,
    "parameters": _parameters,
    "variables": _variables,
}


# -- functions of the template itself ----------------------------------------------------------------------------------


class _FunctionScope:
    """What the names inside a user function mean: its own parameters, and other functions."""

    __slots__ = ("arguments", "depth", "outer")

    def __init__(self, outer: Scope, arguments: dict[str, object], depth: int) -> None:
        self.outer = outer
        self.arguments = arguments
        self.depth = depth

    @property
    def budget(self) -> int:
        """The budget of the template."""
        return self.outer.budget

    @budget.setter
    def budget(self, left: int) -> None:
        self.outer.budget = left

    def parameter(self, name: str) -> object:
        """An argument of the call."""
        folded = name.lower()
        for known, value in self.arguments.items():
            if known.lower() == folded:
                return value
        raise ScopeError(f"the function has no parameter `{name}`")

    def variable(self, name: str) -> object:
        """Unknown: the page on syntax forbids variables here, newer versions of Bicep write them all the same."""
        return Unknown(UNDOCUMENTED)

    def user_function(self, namespace: str, name: str) -> UserFunction | None:
        """Another function of the template."""
        return self.outer.user_function(namespace, name)

    def copy_index(self, name: str | None, offset: int) -> int | Unknown:
        """Unknown: a function stands outside every loop."""
        return Unknown(UNDOCUMENTED)

    def names(self, section: str) -> Iterable[str]:
        """The names of the function's own parameters."""
        return self.arguments if section == "parameters" else ()


def _user_call(node: Call, scope: Scope, bindings: dict[str, object]) -> object:
    shown = f"`{node.namespace}.{node.name}()`"
    function = scope.user_function(node.namespace, node.name)
    if function is None:
        raise EvaluationError(f"the template defines no function {shown}", node.start, node.end)
    count = len(function.parameters)
    _check_count(node, shown, count, count)
    arguments = [_argument(argument, "", scope, bindings) for argument in node.arguments]
    depth = scope.depth + 1 if isinstance(scope, _FunctionScope) else 1
    if depth > _DEEPEST_CALLS:
        return _TOO_DEEP
    inner = _FunctionScope(scope, dict(zip(function.parameters, arguments, strict=True)), depth)
    try:
        result = _written(function.output, inner)
        return result if _affordable([result], scope) else Unknown(TOO_LARGE)
    except (EvaluationError, ExpressionError) as error:
        # The offsets count in the text of the function, not in this one.
        raise EvaluationError(f"in {shown}: {error.message}", node.start, node.end) from None


def _written(node: Node, scope: _FunctionScope) -> object:
    """What the output of a function comes to; its objects and arrays may hold further expressions."""
    if node.kind == "string":
        text = str(node.value)
        return _evaluate(parse(text), scope, {}) if is_expression(text) else Value(unescape(text), node)
    if node.kind == "array":
        return Value([_written(child, scope) for child in node.children], node)
    if node.kind == "object":
        members = {str(child.key.value): _written(child, scope) for child in node.children if child.key is not None}
        return Value(members, node)
    return Value(Unknown("it is not filled in") if node.kind == "broken" else node.value, node)
