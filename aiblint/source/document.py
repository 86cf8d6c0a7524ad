"""A file and its tree: every key and every value knows the exact characters it was written with."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Span(NamedTuple):
    """Characters `start` up to, not including, `end` of a document's text (both count from 0).

    `definition` is the node where what stands there is defined, if the characters only refer to it.
    """

    start: int
    end: int
    document: Document
    definition: Node | None = None


class Position(NamedTuple):
    """A place as editors name it: `line` and `column` count from 1, a column is a Unicode character."""

    line: int
    column: int


class Node:
    """One value of the tree. Written once by the reader, never changed afterwards.

    `kind` says what `value` holds:

    ========  =====================================================================================
    object    list of the members' value nodes, in order, repeated keys included; each has its `key`
    array     list of the elements' nodes
    string    the decoded text; `Document.text[start:end]` still has the quotes and the escapes
    number    int or float
    boolean   True or False
    null      None
    broken    the raw text of something that is no JSON value, such as `<region>`
    ========  =====================================================================================

    `key` is the string node of the member's key (None for an element of an array and for the root).
    """

    __slots__ = ("document", "end", "key", "kind", "parent", "start", "value")

    def __init__(
        self, kind: str, start: int, end: int, value: object, key: Node | None, parent: Node | None, document: Document
    ) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.value = value
        self.key = key
        self.parent = parent
        self.document = document

    @property
    def children(self) -> list[Node]:
        """The members or elements; empty for a scalar."""
        return self.value if self.kind in ("object", "array") else []  # type: ignore[return-value]

    def member(self, name: str) -> Node | None:
        """The member of this name, letter case ignored as ARM ignores it; of repeated keys the last, as parsers do."""
        folded = name.lower()
        found = None
        if self.kind == "object":
            for child in self.children:
                if child.key is not None and str(child.key.value).lower() == folded:
                    found = child
        return found

    def nodes(self) -> Iterator[Node]:
        """This node and every node below it, parents first."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))

    def child_around(self, start: int, end: int) -> Node | None:
        """The member (its key included) or element in which the characters `start` to `end` lie."""
        children = self.children
        number = bisect_right(children, start, key=lambda child: (child.key or child).start) - 1
        return children[number] if number >= 0 and end <= children[number].end else None

    @property
    def is_maimed(self) -> bool:
        """Whether the text of an object or array is itself broken, so that what it lacks may not have been readable."""
        places = [fault.span.start for fault in self.document.faults if fault.kind in ("syntax", "limit")]
        # Where the text ends before it does, the mistake may be in what is deepest.
        open_ended = self.document.text[self.end - 1 : self.end] not in ("}", "]")
        for place in places:
            if self.start <= place <= self.end:
                child = self.child_around(place, place + 1)
                if open_ended or child is None or place < child.start:
                    return True
        return False

    @property
    def span(self) -> Span:
        """The characters of this value."""
        return Span(self.start, self.end, self.document)

    @property
    def pointer(self) -> str:
        """The JSON pointer (RFC 6901) of this value in its document."""
        steps: list[str] = []
        node = self
        while node.parent is not None:
            if node.key is not None:
                steps.append(str(node.key.value).replace("~", "~0").replace("/", "~1"))
            else:
                siblings = node.parent.children
                number = bisect_left(siblings, node.start, key=lambda sibling: sibling.start)
                # Of what recovery put in at one place, each begins there.
                steps.append(str(next(n for n in range(number, len(siblings)) if siblings[n] is node)))
            node = node.parent
        return "".join("/" + step for step in reversed(steps))


class Fault(NamedTuple):
    """Something about the text itself that the reader stumbled over.

    `kind` is one of `syntax`, `placeholder`, `trailing-comma`, `duplicate-key`, `encoding`, `limit`; `message` is one
    lowercase sentence in a person's words, `help` what to do, `related` the other place (the first of two equal keys,
    the bracket that was never closed) with what it is.
    """

    kind: str
    span: Span
    message: str
    help: str = ""
    related: tuple[tuple[Span, str], ...] = ()


class Comment(NamedTuple):
    """A `//` or `/* */` comment: `text` is what stands inside, stripped."""

    span: Span
    text: str


class Document:
    """A file that has been read: its text, its tree and what was wrong with it. Frozen once the reader returns it.

    `path` is the name to show. `root` is None when nothing could be read at all, and for a script. `data` are the bytes
    of a script.
    """

    __slots__ = ("_lines", "comments", "data", "faults", "path", "root", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.data = b""
        self.root: Node | None = None
        self.faults: tuple[Fault, ...] = ()
        self.comments: tuple[Comment, ...] = ()
        self._lines: list[int] | None = None

    @property
    def line_starts(self) -> list[int]:
        """The offset at which each line begins; a line ends in LF, CR LF or CR, as in the Language Server Protocol."""
        if self._lines is None:
            self._lines = [0, *(found.end() for found in re.finditer(r"\r\n|\n|\r", self.text))]
        return self._lines

    def position(self, offset: int) -> Position:
        """The line and column of a character offset."""
        line = bisect_right(self.line_starts, offset)
        return Position(line, offset - self.line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its end."""
        starts = self.line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def nodes(self) -> Iterator[Node]:
        """Every node of the tree, parents first."""
        return self.root.nodes() if self.root is not None else iter(())
