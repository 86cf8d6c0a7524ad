"""What a place in a template holds once expressions are evaluated: known, partly known or unknown.

Evaluated once, with *unknown* as a value of its own: it is never wrong and never right, and whatever is computed from
it stays unknown. Strings keep the parts that are known.
"""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING
from aiblint.source.document import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.source.document import Node


class Unknown:
    """A value that only Azure or the person who deploys can tell. `reason` completes "is not known: ..."."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"Unknown({self.reason!r})"


class Partial:
    """A string of which only pieces are known: `parts` are text and Unknown in any order, at least one of each."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[str | Unknown, ...]) -> None:
        self.parts = parts

    def __repr__(self) -> str:
        return f"Partial({self.parts!r})"


class OpenKey(str):
    """The name of a member whose own name is an expression that is not fully known; the text is the expression.

    Identities are often keyed so: `"[parameters('identityId')]": {}`. `data` is what is known of it.
    """

    data: Unknown | Partial


class _Missing:
    """The one value of a property that is not there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()

# Shallow data: a scalar, an Unknown, a Partial, or a container whose elements are Values or data again.
Data = object


class Value:
    """A resolved value and where it stands.

    `data` is str, int, float, bool, None, Unknown, Partial, MISSING, a list of Values, or a dict of name to Value (in
    order; of repeated keys the last). `node` is where the template uses it; for a missing property, the object that
    should hold it. `definition` is the parameter's or variable's own node when the text at `node` only refers to it.
    """

    __slots__ = ("data", "definition", "node")

    def __init__(self, data: Data, node: Node, definition: Node | None = None) -> None:
        self.data = data
        self.node = node
        self.definition = definition

    def __repr__(self) -> str:
        return f"Value({self.data!r})"

    # -- what it is --------------------------------------------------------------------------------------------------

    @property
    def is_missing(self) -> bool:
        """Not there, or null, which ARM treats as not there (template-expressions, "null values")."""
        return self.data is MISSING or self.data is None

    @property
    def is_unknown(self) -> bool:
        """Nothing is known of it. A partly known string is not unknown: ask for `text` or `pieces`."""
        return isinstance(self.data, Unknown)

    @property
    def text(self) -> str | None:
        """The string, if it is one and all of it is known."""
        return self.data if isinstance(self.data, str) else None

    @property
    def pieces(self) -> tuple[str | Unknown, ...]:
        """A string as its known and unknown pieces; empty for anything else."""
        if isinstance(self.data, str):
            return (self.data,)
        return self.data.parts if isinstance(self.data, Partial) else ()

    @property
    def number(self) -> int | None:
        """The integer, if it is one."""
        return self.data if isinstance(self.data, int) and not isinstance(self.data, bool) else None

    @property
    def flag(self) -> bool | None:
        """The boolean, if it is one."""
        return self.data if isinstance(self.data, bool) else None

    @property
    def items(self) -> tuple[Value, ...]:
        """The elements of an array; empty for anything else."""
        return tuple(self._adopt(item) for item in self.data) if isinstance(self.data, list) else ()

    @property
    def members(self) -> Iterator[tuple[str, Value]]:
        """The members of an object as name and value; none for anything else."""
        if isinstance(self.data, dict):
            for name, member in self.data.items():
                yield name, self._adopt(member)

    def get(self, *names: str) -> Value:
        """The value below, member by member: missing where the object has no such member, unknown below an unknown.

        The exact name wins; otherwise letter case is ignored, as the service did before 2024-02-01 (`wrong-case`
        tells). Where the name of some member is not known, that may be the one.
        """
        value = self
        for name in names:
            data = value.data
            if isinstance(data, Unknown):
                continue
            found: object = MISSING
            if isinstance(data, dict):
                found = data.get(name, MISSING)
                if found is MISSING:
                    folded = name.lower()
                    found = next((member for key, member in data.items() if key.lower() == folded), MISSING)
                if found is MISSING and any(isinstance(key, OpenKey) for key in data):
                    found = Unknown("the name of a member is not known")
            value = Value(MISSING, value.node, value.definition) if found is MISSING else value._adopt(found)
        return value

    def _adopt(self, member: object) -> Value:
        """A member as seen from here: below a reference it stays at the place of use, and remembers its own place."""
        if not isinstance(member, Value):
            return Value(member, self.node, self.definition)
        if self.definition is None:
            return member
        return Value(member.data, self.node, member.definition or member.node)

    # -- where it stands ---------------------------------------------------------------------------------------------

    @property
    def span(self) -> Span:
        """The smallest characters that show it; for something missing, the key of the object that should hold it.

        An element of an array has no key: there its type or name stands for it, whichever comes first.
        """
        node = self.node
        if self.data is not MISSING or self.definition is not None:
            return node.span
        if node.key is not None:
            return node.key.span
        named = [member for member in (node.member("type"), node.member("name")) if member is not None]
        if named:
            return min(named, key=lambda member: member.start).span
        return Span(node.start, min(node.start + 1, node.end), node.document)

    @property
    def key_span(self) -> Span:
        """The characters of its key, or of the value itself where there is none (an element of an array)."""
        place = self.node.key or self.node
        definition = self.definition and (self.definition.key or self.definition)
        return Span(place.start, place.end, place.document, definition)

    def part(self, start: int, end: int) -> Span:
        """The characters behind `text[start:end]`, through JSON escapes; the whole value if an expression made it."""
        from aiblint.source.strings import offset_in_string  # here: most runs never point inside a string

        node = self.node
        if self.definition is not None or node.kind != "string" or node.value != self.data:
            return Span(node.start, node.end, node.document, self.definition)
        return Span(offset_in_string(node, start), offset_in_string(node, end), node.document)


def plain(data: object) -> object:
    """Values and containers as plain Python data; Unknown and Partial stay as they are."""
    if isinstance(data, Value):
        data = data.data
    if isinstance(data, dict):
        return {name: plain(member) for name, member in data.items()}
    if isinstance(data, list):
        return [plain(item) for item in data]
    return data
