"""Template expressions: which strings are one, and the text of one as a tree.

The grammar is that of the deployment engine as the VS Code extension for ARM templates reads it
(microsoft/vscode-azurearmtools, src/language/expressions/TLE.ts); nothing is evaluated here.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

# learn.microsoft.com/azure/azure-resource-manager/templates/best-practices, "Template limits".
LONGEST_EXPRESSION = 24_576

# Ours, not ARM's: deeper than any template seen (the deepest that Bicep wrote in the corpus nests 13), and shallow
# enough for plain recursion everywhere.
DEEPEST_NESTING = 64

_LARGEST_INTEGER = 2**63 - 1


class ExpressionError(Exception):
    """The text is no expression: `message` is a sentence, characters `start` to `end` of the decoded string show it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


class Literal(NamedTuple):
    """A string (without its quotes) or a number."""

    value: str | int | float
    start: int
    end: int


class Call(NamedTuple):
    """`name(arguments)`, or `namespace.name(arguments)` for a function that the template itself defines."""

    name: str
    arguments: tuple[Expression, ...]
    start: int
    end: int
    namespace: str = ""


class Property(NamedTuple):
    """`base.name`; the name is the last characters before `end`."""

    base: Expression
    name: str
    start: int
    end: int


class Index(NamedTuple):
    """`base[index]`."""

    base: Expression
    index: Expression  # type: ignore[assignment]  # hides tuple.index, which nobody needs on a node
    start: int
    end: int


Expression = Literal | Call | Property | Index


def is_expression(text: str) -> bool:
    """Whether ARM evaluates this string: it starts with `[` but not `[[`, and ends with `]`; `[]` stays as it is.

    VS Code's isTleExpression and the string pattern of the deployment schema say so, except that both stop at a line
    break, where ARM does not (syntax, "Multi-line strings").
    """
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[") and text != "[]"


def unescape(text: str) -> str:
    """The string that ARM takes `[[...]` for, which is `[...]`; every other string unchanged.

    A text that starts with `[` and does not end with `]` is a literal already and must not be escaped, so its `[[`
    stays (template-expressions, "Escape characters").
    """
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def parse(text: str) -> Expression:
    """The tree of an expression; `text` is the whole decoded string, brackets included, and offsets count from it.

    Raises `ExpressionError`; never anything else.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionError(
            f"an expression may have {LONGEST_EXPRESSION:,} characters, this one has {len(text):,}", 0, len(text)
        )
    if len(text) < 2 or text[0] != "[" or text[-1] != "]":
        raise ExpressionError("an expression stands between `[` and `]`", 0, len(text))
    parser = _Parser(text)
    if parser.skip_space() == parser.stop:
        raise ExpressionError("the expression is empty", 0, len(text))
    expression = parser.expression(0, None)
    if parser.skip_space() != parser.stop:
        parser.fail_after_operand("the end of the expression")
    primary = expression
    while isinstance(primary, (Property, Index)):
        primary = primary.base
    if isinstance(primary, Literal):
        what = "a string" if isinstance(primary.value, str) else "a number"
        raise ExpressionError(f"an expression starts with a function, not with {what}", primary.start, primary.end)
    return expression


def references(expression: Expression) -> Iterator[Call]:
    """Every call of `parameters()` and `variables()`, in the order of the text."""
    pending: list[Expression] = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, Call):
            if not node.namespace and node.name.lower() in ("parameters", "variables"):
                yield node
            pending.extend(reversed(node.arguments))
        elif isinstance(node, Property):
            pending.append(node.base)
        elif isinstance(node, Index):
            pending.extend((node.index, node.base))


def render(expression: Expression) -> str:
    """The expression as a person would write it, for messages; the arguments of a long call shrink to `...`."""
    if isinstance(expression, Literal):
        value = expression.value
        return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
    if isinstance(expression, Property):
        return f"{render(expression.base)}.{expression.name}"
    if isinstance(expression, Index):
        return f"{render(expression.base)}[{render(expression.index)}]"
    name = f"{expression.namespace}.{expression.name}" if expression.namespace else expression.name
    arguments = ", ".join(render(argument) for argument in expression.arguments)
    return f"{name}({arguments if len(arguments) <= 60 else '...'})"


_SPACE = re.compile(r"[ \t\r\n]*")
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"[-+]?[0-9]+(?P<fraction>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_STRING = re.compile(r"'[^']*(?:''[^']*)*'")
_INSTEAD_OF = {
    "+": "use `add()`, or `concat()` for strings",
    "-": "use `sub()`",
    "*": "use `mul()`",
    "/": "use `div()`",
    "%": "use `mod()`",
    "=": "use `equals()`",
    "==": "use `equals()`",
    "=~": "use `equals()` and `toLower()`",
    "!=": "use `not(equals())`",
    "!": "use `not()`",
    "<": "use `less()`",
    "<=": "use `lessOrEquals()`",
    ">": "use `greater()`",
    ">=": "use `greaterOrEquals()`",
    "&&": "use `and()`",
    "&": "use `and()`, or `concat()` for strings",
    "||": "use `or()`",
    "|": "use `or()`",
    "?": "use `if()`",
    "??": "use `coalesce()`",
    "^": "functions do all the work",
}


class _Parser:
    """A place in the text that moves on as the tree grows."""

    __slots__ = ("position", "stop", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 1
        self.stop = len(text) - 1

    def skip_space(self) -> int:
        """Move to the next character that is not white space, and say where that is."""
        found = _SPACE.match(self.text, self.position, self.stop)
        self.position = found.end() if found else self.position
        return self.position

    def peek(self) -> str:
        """The character here, or nothing at the end."""
        return self.text[self.position] if self.position < self.stop else ""

    def expression(self, depth: int, caller: str | None) -> Expression:
        """An operand and the `.name` and `[index]` behind it; `caller` names the call it is an argument of."""
        start = self.skip_space()
        if depth > DEEPEST_NESTING:
            raise ExpressionError(f"the expression nests deeper than {DEEPEST_NESTING} calls", start, self.stop)
        node = self.operand(depth, caller)
        steps = 0
        while True:
            place = self.skip_space()
            mark = self.peek()
            if mark == ".":
                self.position += 1
                self.skip_space()
                name = _NAME.match(self.text, self.position, self.stop)
                if name is None:
                    raise ExpressionError("a name must follow this `.`; other names go in `['...']`", place, place + 1)
                self.position = name.end()
                node = Property(node, name.group(), node.start, name.end())
            elif mark == "[":
                self.position += 1
                if self.skip_space() < self.stop and self.peek() == "]":
                    raise ExpressionError("the index between `[` and `]` is missing", place, self.position + 1)
                index = self.expression(depth + 1, None)
                if self.skip_space() == self.stop:
                    raise ExpressionError("this `[` has no closing `]`", place, place + 1)
                if self.peek() != "]":
                    self.fail_after_operand("`]`")
                self.position += 1
                node = Index(node, index, node.start, self.position)
            else:
                return node
            steps += 1
            if steps > DEEPEST_NESTING:
                raise ExpressionError(
                    f"the expression reads more than {DEEPEST_NESTING} levels deep", node.start, node.end
                )

    def operand(self, depth: int, caller: str | None) -> Expression:
        """A string, a number or a call."""
        start = self.position
        mark = self.peek()
        if mark == "'":
            return self.string()
        number = _NUMBER.match(self.text, start, self.stop)
        if number is not None:
            return self.number(number)
        name = _NAME.match(self.text, start, self.stop)
        if name is not None:
            self.position = name.end()
            return self.call(name.group(), start, depth)
        if not mark:
            message = f"an argument of `{caller}()` is missing" if caller else "the expression is incomplete"
            raise ExpressionError(message, start - 1, start)
        if mark == '"':
            end = self.text.find('"', start + 1, self.stop)
            raise ExpressionError(
                "a string in an expression stands in single quotes", start, end + 1 if end > 0 else start + 1
            )
        if mark in ",)]":
            what = f"an argument of `{caller}()`" if caller else "something"
            raise ExpressionError(f"{what} is missing before this `{mark}`", start, start + 1)
        if mark == "[":
            raise ExpressionError(
                "inside an expression a function stands without brackets: one pair encloses the whole string",
                start,
                start + 1,
            )
        if mark == "{":
            raise ExpressionError("`{` has no meaning in an expression; use `createObject()`", start, start + 1)
        if mark == "(":
            raise ExpressionError("this `(` has no function name before it", start, start + 1)
        self.fail_at_operator()
        raise ExpressionError(f"`{mark}` has no meaning in an expression", start, start + 1)

    def string(self) -> Literal:
        """`'...'`, in which `''` stands for one quote."""
        start = self.position
        found = _STRING.match(self.text, start, self.stop)
        if found is None:
            raise ExpressionError("the string that starts here has no closing `'`", start, self.stop)
        self.position = found.end()
        if _NAME.match(self.text, self.position, self.stop):
            raise ExpressionError(
                "the string ends here: a `'` inside a string is written `''`", self.position - 1, self.position
            )
        return Literal(found.group()[1:-1].replace("''", "'"), start, found.end())

    def number(self, found: re.Match[str]) -> Literal:
        """An integer of 64 bits, or a number with a fraction, which some functions take."""
        start, self.position = found.span()
        digits = found.group()
        if not found.group("fraction"):
            value = int(digits) if len(digits) <= 20 else _LARGEST_INTEGER + 1
            if not -_LARGEST_INTEGER - 1 <= value <= _LARGEST_INTEGER:
                raise ExpressionError("the number does not fit in 64 bits", start, self.position)
            return Literal(value, start, self.position)
        if len(digits) > 100:
            raise ExpressionError("the number has too many digits", start, self.position)
        return Literal(float(digits), start, self.position)

    def call(self, name: str, start: int, depth: int) -> Call:
        """`(arguments)` behind a name that has just been read."""
        namespace = ""
        if self.skip_space() < self.stop and self.peek() == ".":
            self.position += 1
            self.skip_space()
            member = _NAME.match(self.text, self.position, self.stop)
            if member is not None:
                namespace, name = name, member.group()
                self.position = member.end()
                self.skip_space()
        if self.peek() != "(":
            self.fail_without_arguments(f"{namespace}.{name}" if namespace else name, start)
        self.position += 1
        opened = self.position
        arguments: list[Expression] = []
        if self.skip_space() < self.stop and self.peek() == ")":
            self.position += 1
            return Call(name, (), start, self.position, namespace)
        while True:
            if self.skip_space() < self.stop or arguments:
                arguments.append(self.expression(depth + 1, name))
            if self.skip_space() == self.stop:
                raise ExpressionError(f"the expression has no closing `)` for `{name}(`", start, opened)
            mark = self.peek()
            if mark == "]":
                raise ExpressionError(f"`{name}(` has no closing `)` before this `]`", start, opened)
            if mark not in ",)":
                self.fail_after_operand(f"`,` or `)` in `{name}()`")
            self.position += 1
            if mark == ")":
                return Call(name, tuple(arguments), start, self.position, namespace)

    def fail_without_arguments(self, name: str, start: int) -> NoReturn:
        """A name that no `(` follows."""
        end = start + len(name)
        if name.lower() in ("true", "false", "null"):
            raise ExpressionError(f"`{name}` must be written `{name.lower()}()`", start, end)
        self.fail_at_operator()
        raise ExpressionError(f"`{name}` is no value: a function needs parentheses, a string single quotes", start, end)

    def fail_after_operand(self, expected: str) -> NoReturn:
        """What stands here cannot follow what was read before it."""
        start = self.position
        mark = self.peek()
        if mark == ")":
            raise ExpressionError("this `)` closes nothing", start, start + 1)
        if mark == "]":
            raise ExpressionError(
                "the expression ends at this `]`, but text follows; join the parts with `concat()`", start, start + 1
            )
        if mark == ",":
            raise ExpressionError("this `,` stands outside any function", start, start + 1)
        self.fail_at_operator()
        if expected.startswith("`,`") and (mark == "'" or _NAME.match(mark) or _NUMBER.match(mark)):
            raise ExpressionError("a `,` is missing before this", start, start + 1)
        raise ExpressionError(f"`{mark}` stands here instead of {expected}", start, start + 1)

    def fail_at_operator(self) -> None:
        """Complain if an operator stands here; otherwise do nothing."""
        found = re.match(r"&&|\|\||\?\?|[=!<>]=|=~|[-+*/%<>!?&|=^]", self.text[self.position : self.stop])
        if found is not None:
            operator = found.group()
            raise ExpressionError(
                f"operators such as `{operator}` do not exist in template expressions; {_INSTEAD_OF[operator]}",
                self.position,
                self.position + len(operator),
            )
