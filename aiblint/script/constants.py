"""Constants of PowerShell: what an expression stands for where a script sets its variables itself."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN
from aiblint.script.reading import LONGEST_VALUE, MOST_VARIABLES, bounded, named_children

if TYPE_CHECKING:
    from tree_sitter import Node

    from aiblint.script.reading import Source

    # A variable's value: a text, the texts of a list, or the words of a hash table; None where it is not known.
    Constant = str | tuple[str, ...] | dict[str, "Constant"] | None

# The same on every Windows machine of Azure; the rest of the environment depends on who runs the script.
ENVIRONMENT = {
    "env:systemdrive": "C:",
    "env:systemroot": r"C:\Windows",
    "env:windir": r"C:\Windows",
    "env:programfiles": r"C:\Program Files",
    "env:programfiles(x86)": r"C:\Program Files (x86)",
    "env:programdata": r"C:\ProgramData",
    "env:allusersprofile": r"C:\ProgramData",
    "env:public": r"C:\Users\Public",
}
_VARIABLE = pattern(r"`(.)|\$\{([^}]+)\}|\$((?:[A-Za-z]+:)?\w+)|(\$\()", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "", "\n": ""}


class Constants:
    """The variables of one script as far as they are known at this place: `known`, by their names in lower case."""

    __slots__ = ("known", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.known: dict[str, Constant] = {**ENVIRONMENT}

    def set(self, name: str, operator: str, constant: Constant) -> None:
        """Take down what an assignment makes of a variable."""
        if operator == "+=":
            old = self.known.get(name)
            if isinstance(old, str) and isinstance(constant, str):
                constant = old + constant
            elif isinstance(old, tuple) and isinstance(constant, (str, tuple)):
                constant = old + ((constant,) if isinstance(constant, str) else constant)
            else:
                constant = None
        self.known[name] = constant
        if _size(constant) > LONGEST_VALUE or len(self.known) > MOST_VARIABLES:
            self.known.pop(name)

    def text(self, node: Node) -> str:
        return self.source.between(node.start_byte, node.end_byte)

    def value(self, node: Node) -> Constant:
        """The value of an expression, None where it is not known. A text may have UNKNOWN in it."""
        kind, text = node.type, self.text(node)
        if kind == "string_literal":
            return self.string(node)
        if kind == "variable":
            return self.variable(text)
        if kind in ("generic_token", "expandable_bareword"):
            return self.expanded(text)
        if kind in ("integer_literal", "real_literal"):
            return text
        if kind in ("array_literal_expression", "array_expression", "statement_list", "bareword_argument_list"):
            return self.listed(named_children(node), kind)
        if kind == "hash_literal_expression":
            return self.table(node)
        if kind == "additive_expression":
            return self.sum(node)
        children = named_children(node)
        alone = ("unary_expression", "pipeline", "pipeline_chain", "assignment_value", "parenthesized_expression")
        if (
            kind in (*alone, "argument_expression")
            and len(children) == 1
            and not (kind == "pipeline_chain" and node.child_count > 1)
        ):
            return self.value(children[0])
        return None

    def listed(self, nodes: list[Node], kind: str) -> Constant:
        found: list[str] = []
        for child in nodes:
            value = self.value(child)
            if isinstance(value, str):
                found.append(value)
            elif isinstance(value, tuple):
                found += value
            elif kind in ("array_expression", "statement_list"):
                return None  # a command inside gives any number of values
            else:
                found.append(UNKNOWN)
        return tuple(found)

    def table(self, node: Node) -> Constant:
        found: dict[str, Constant] = {}
        pending = list(node.children)
        while pending:
            child = pending.pop(0)
            if child.type == "hash_literal_body":
                pending = [*child.children, *pending]
            elif child.type == "hash_entry":
                key = next((inner for inner in child.children if inner.type == "key_expression"), None)
                values = [inner for inner in named_children(child) if inner is not key]
                if key is None or not values:
                    return None
                found[self.text(key).strip().strip("'\"")] = self.value(values[-1])
        return found

    def sum(self, node: Node) -> Constant:
        if any(
            child.type not in ("unary_expression", "additive_expression", "+", "string_literal", "variable")
            for child in node.children
        ):
            return None
        left, right = self.value(node.children[0]), self.value(node.children[-1])
        if isinstance(left, tuple):
            return left + (right if isinstance(right, tuple) else (right,) if isinstance(right, str) else (UNKNOWN,))
        pieces = [piece if isinstance(piece, str) else UNKNOWN for piece in (left, right)]
        return bounded(pieces) if pieces != [UNKNOWN, UNKNOWN] else None

    def variable(self, text: str) -> Constant:
        name = variable_name(text)
        if name in ("true", "false", "null"):
            return f"${name}"
        return self.known.get(name)

    def string(self, node: Node) -> str:
        """What a literal in quotes, or a here-string, stands for."""
        text = self.text(node)
        if text[:2] in ("@'", '@"'):
            inner = text[2:-2]
            inner = inner[inner.find("\n") + 1 :]
            inner = inner.rpartition("\n")[0].removesuffix("\r")
            return inner if text[1] == "'" else self.expanded(inner)
        if text[:1] in ('"', "“", "”", "„"):
            return self.expanded(text[1:-1].replace('""', '"'))
        return text[1:-1].replace("''", "'")

    def expanded(self, text: str) -> str:
        """A text with its variables put in and its escapes resolved; what `$( )` gives is not known."""
        if "$" not in text and "`" not in text:
            return text
        pieces: list[str] = []
        at = 0
        while True:
            found = _VARIABLE.search(text, at)
            if found is None:
                return bounded((*pieces, text[at:]))
            pieces.append(text[at : found.start()])
            at = found.end()
            if found[1] is not None:
                pieces.append(_ESCAPES.get(found[1], found[1]))
            elif found[4] is not None:
                at = _closing(text, at)
                pieces.append(UNKNOWN)
            else:
                value = self.variable("$" + (found[2] or found[3]))
                pieces.append(
                    value if isinstance(value, str) else " ".join(value) if isinstance(value, tuple) else UNKNOWN
                )


def variable_name(text: str) -> str:
    """A variable's name in lower case without its sign, its braces, its type and its scope (other than `env:`)."""
    name = re.sub(r"^\[[^\]]*(?:\[\])?\]\s*", "", text).lstrip("$@").strip("{}").lower()
    return re.sub(r"^(?:global|script|local|private|variable):", "", name)


def _size(constant: Constant) -> int:
    if isinstance(constant, str):
        return len(constant)
    values = constant.values() if isinstance(constant, dict) else constant or ()
    return sum(1 + _size(value) for value in values)


def _closing(text: str, at: int) -> int:
    """The place behind the bracket that closes the one before `at`."""
    depth = 1
    while at < len(text) and depth:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at
