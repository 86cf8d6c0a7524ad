"""How the faults of a text are told: once for each cause, and in the names that the template itself gives to things.

Names are those of keys, with the number of an element behind: `type`, `customize[2]`. No value is quoted, except
placeholders and words such as `True`: it may be a secret.
"""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING
from aiblint.source.document import Span
from aiblint.source.reader import quoted

if TYPE_CHECKING:
    from aiblint.source.document import Node
    from aiblint.source.reader import Reader

Related = tuple[tuple[Span, str], ...]


def tell(
    reader: Reader, start: int, end: int, message: str, help_: str, related: Related = (), kind: str = "syntax"
) -> None:
    """Notes a fault, unless it follows from one that was told in the same member."""
    if not reader.hushed:
        reader.hushed = True
        reader.fault(kind, start, end, message, help_, related)


def tell_once(reader: Reader, what: str, start: int, end: int, message: str, help_: str) -> None:
    """Notes a fault of a sort of which one in a file is enough; `what` names the sort."""
    if what not in reader.said:
        reader.said.add(what)
        reader.fault("syntax", start, end, message, help_)


def value_of(node: Node) -> str:
    """A value by its key or its place: "the value of `type`", "`customize[2]`"."""
    return f"the value of {quoted(str(node.key.value))}" if node.key is not None else name_of(node)


def name_of(node: Node) -> str:
    """An object, array or element: "`properties`", "`customize[2]`"."""
    if node.key is not None:
        return quoted(str(node.key.value))
    if node.parent is None:
        return "the outermost bracket"
    siblings = node.parent.children
    return _element(node.parent, len(siblings) - 1 if siblings and siblings[-1] is node else len(siblings))


def expected_value(reader: Reader) -> str:
    """The value that is about to be read, as `value_of` will name it."""
    if reader.key is not None:
        return f"the value of {quoted(str(reader.key.value))}"
    if reader.node is not None and reader.node.kind == "array":
        return _element(reader.node, len(reader.node.children))
    return "this value"


def _element(array: Node, index: int) -> str:
    return quoted(f"{array.key.value}[{index}]") if array.key is not None else f"element {index + 1}"


def opening_bracket(node: Node) -> Related:
    """Where an object or array begins, to be shown beside a fault of its end; nothing where the bracket is missing."""
    opened = node.document.text[node.start : node.start + 1] in ("{", "[")
    return ((Span(node.start, node.start + 1, node.document), "opened here"),) if opened else ()
