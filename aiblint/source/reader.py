"""JSON as Azure Resource Manager and its clients read it, into a tree with exact spans.

Beyond RFC 8259: comments and raw line ends inside strings (both documented for deployment templates, "Understand the
structure and syntax of ARM templates") and trailing commas (Azure PowerShell's Newtonsoft takes them, the Azure CLI and
the portal refuse them, so they are noted). Whatever else is wrong is the business of `recovery`, which is imported only
then.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.source.document import Comment, Document, Fault, Node, Span
from aiblint.source.encoding import decode as decode
from aiblint.source.strings import offset_in_string as offset_in_string
from aiblint.source.strings import string_end, unescape

if TYPE_CHECKING:
    from collections.abc import Iterable

DEEPEST = 128
MOST_FAULTS = 50
# Templates end at 4 MB (ARM's limit), which is a tenth of this; it bounds the memory that a hostile file can take.
MOST_VALUES = 500_000

# What the reader expects next: a member, an element or a bracket; what follows a value; the value of `Reader.key`.
NEXT, AFTER, VALUE, END = range(4)

_BLANK = r"[ \t\r\n]*"
_STRING = r'"([^"\\\r\n]*)"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
# One member or element with what ends it, or a bracket: all of a well-formed template but its escapes and comments.
# `{{x}}` and `[f('x')]` without quotes are left to the recovery.
_ITEM = re.compile(
    rf"{_BLANK}(?:{_STRING}{_BLANK}:{_BLANK})?"
    rf"(?:(?:{_STRING}|({_NUMBER})|(true|false|null)){_BLANK}([,}}\]])|(\{{(?!\{{)|\[(?![A-Za-z])|[}}\]]))"
)
_SEPARATOR = re.compile(_BLANK + r"([,}\]])")
SCALAR = re.compile(rf"(?:({_NUMBER})|true|false|null)(?=[\s,}}\]]|/[/*]|:\s*\"|\Z)")
_SKIPPED = re.compile(_BLANK + r"(?://([^\r\n]*))?")
_FOLLOWS = re.compile(_BLANK + r"(?:[,:}\]/]|\Z)")
_LITERALS = {"true": True, "false": False, "null": None}


def read(path: str, data: bytes) -> Document:
    """The document that these bytes of a file are. Raises nothing: whatever is wrong is in `Document.faults`."""
    text, problem = decode(data)
    document = read_text(path, text)
    if problem is not None:
        at = max(document.text.find("\ufffd"), 0)
        fault = Fault("encoding", Span(at, min(at + 1, len(text)), document), problem, "save the file as UTF-8")
        # Of something that is no text at all, it is enough to say so.
        others = document.faults if document.root is not None else ()
        document.faults = _in_order((fault, *others[:MOST_FAULTS]))
    return document


def read_text(path: str, text: str) -> Document:
    """The document that this text is. Raises nothing."""
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which could never be written out again
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    document = Document(path, text)
    reader = Reader(document)
    reader.run()
    if reader.brackets_in_doubt:
        from aiblint.source.brackets import settle_brackets

        reader = settle_brackets(reader)
    document.root = reader.root
    document.faults = _in_order(reader.faults)
    document.comments = tuple(reader.comments)
    return document


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.span.start))


class Reader:
    """The state of reading one text; `recovery` works on it too.

    `repairs` are offsets, ascending, at which the text is to be read otherwise: "missing" before a token that should
    have been preceded by a closing bracket, "surplus" at a closing bracket that should not be there.
    """

    __slots__ = (
        "brackets_in_doubt", "colon", "comma", "comments", "depth", "detached", "document", "dropped", "faults",
        "hushed", "key", "left", "limit", "node", "pos", "recoveries", "rejected", "repairs", "repairs_left", "root",
        "said", "skipped", "state", "text",
    )  # fmt: skip

    def __init__(self, document: Document, repairs: tuple[tuple[int, str], ...] = ()) -> None:
        self.document = document
        self.text = document.text
        self.repairs = repairs
        self.repairs_left = list(reversed(repairs))
        self.limit = repairs[0][0] if repairs else len(self.text)
        self.root: Node | None = None
        self.faults: list[Fault] = []
        self.comments: list[Comment] = []
        self.pos = 0
        self.state = VALUE
        self.node: Node | None = None  # the innermost open object or array
        self.key: Node | None = None  # of the member whose value is expected
        self.detached = False  # the next value has no place in the tree
        self.colon = self.comma = -1  # the last of each, -1 when it does not stand right before what is expected
        self.depth = 0
        self.left = MOST_VALUES  # values and comments that may still come
        self.skipped = False  # the last token had something other than blanks before it
        self.rejected = 0  # up to here no string spans lines: one was tried, and made no sense
        self.hushed = False  # a fault has been told in this member; what follows in it is its consequence
        self.said: set[str] = set()  # what is told once a file
        self.dropped = False
        self.recoveries = 0
        self.brackets_in_doubt = False

    def run(self) -> None:
        """Reads to the end, or as far as makes sense."""
        while self.state != END:
            if self.node is not None and self.state != VALUE:
                self._read_plainly()
            if self.state != END:
                self._step()
        while self.node is not None:
            self.node.end = self.pos
            self.node = self.node.parent

    def _read_plainly(self) -> None:
        """Reads on for as long as the text is well-formed and plain."""
        text, limit, document = self.text, self.limit, self.document
        pos, state, comma, node = self.pos, self.state, self.comma, self.node
        item, after = _ITEM.match, _SEPARATOR.match
        hushed, left = self.hushed, self.left
        while node is not None:
            members: list[Node] = node.value  # type: ignore[assignment]
            is_object = node.kind == "object"
            if state == AFTER:
                found = after(text, pos, limit)
                if found is None:
                    break
                separator = found[1]
            else:
                found = item(text, pos, limit)
                if found is None:
                    break
                left -= 1
                if left < 0:
                    break
                name, word, bracket = found[1], found[2], found[6]
                separator = found[5]
                key = None
                if name is not None:
                    start, end = found.span(1)
                    if not is_object:
                        break
                    key = Node("string", start - 1, end + 1, name, None, node, document)
                    key.key = key  # so that its pointer is the member's
                elif is_object and bracket != "}":
                    break
                if word is not None:
                    start, end = found.span(2)
                    members.append(Node("string", start - 1, end + 1, word, key, node, document))
                elif bracket is not None:
                    if bracket == "{" or bracket == "[":
                        if self.depth == DEEPEST:
                            break
                        self.depth += 1
                        pos = found.end()
                        node = Node("object" if bracket == "{" else "array", pos - 1, 0, [], key, node, document)
                        members.append(node)
                        state, comma, hushed = NEXT, -1, False
                        continue
                    if name is not None or comma >= 0 or (bracket == "}") is not is_object:
                        break
                    separator = bracket
                    left += 1  # it is no value
                elif found[3] is not None:
                    start, end = found.span(3)
                    members.append(Node("number", start, end, number(found[3]), key, node, document))
                else:
                    word = found[4]
                    start, end = found.span(4)
                    kind = "null" if word == "null" else "boolean"
                    members.append(Node(kind, start, end, _LITERALS[word], key, node, document))
            pos = found.end()
            if separator == ",":
                state, comma, hushed = NEXT, pos - 1, False
            elif (separator == "}") is is_object:
                node.end = pos
                if is_object and len(members) > 1 and len({child.key.value for child in members}) != len(members):  # type: ignore[union-attr]
                    self.note_repeated_keys(members)
                self.depth -= 1
                node, state = node.parent, AFTER
                comma, hushed = -1, False
            else:
                pos -= 1
                state, comma = AFTER, -1
                break
        self.pos, self.state, self.comma, self.node, self.hushed, self.left = pos, state, comma, node, hushed, left

    def _step(self) -> None:
        """Reads the one thing that stands next, when it is not plain."""
        char = self.token()
        if self.left < 0:
            self.stop(f"more than {MOST_VALUES} values: what follows is not read", 1)
        elif self.repairs_left and self.pos >= self.limit:
            from aiblint.source import recovery

            recovery.repair(self)
        elif self.skipped and self.node is not None and self.state != VALUE:
            return  # a comment stood in the way; it may go on plainly behind it
        elif char == '"' and self.state != AFTER and self._read_string():
            return
        elif (char == "{" or char == "[") and self.expects_value() and _ITEM.match(self.text, self.pos):
            self.open(char)
        elif self.expects_value() and (found := SCALAR.match(self.text, self.pos)):
            word = found[0]
            kind = "number" if found[1] else "null" if word == "null" else "boolean"
            self.add(kind, found.end(), number(word) if found[1] else _LITERALS[word])
            self.hushed = False
        elif char == "" and self.node is None and self.state == AFTER:
            self.state = END
        else:
            from aiblint.source import recovery

            recovery.recover(self, char)

    def expects_value(self) -> bool:
        """Whether a value may stand here: the root, an element, or behind a colon."""
        return self.state == VALUE or (self.state == NEXT and self.node is not None and self.node.kind == "array")

    def token(self) -> str:
        """The character with which the next token begins ("" at the end); goes there, and keeps comments on the way."""
        text = self.text
        self.skipped = False
        while self.left >= 0:
            found = _SKIPPED.match(text, self.pos)
            assert found is not None  # it matches the empty text
            self.pos = found.end()
            char = text[self.pos : self.pos + 1]
            if found[1] is not None:
                self.comments.append(Comment(self.span(found.start(1) - 2, self.pos), found[1].strip("/ \t")))
            elif char == "/" and text.startswith("/*", self.pos) and (end := text.find("*/", self.pos + 2)) >= 0:
                comment = text[self.pos + 2 : end].strip()
                self.comments.append(Comment(self.span(self.pos, end + 2), comment))
                self.pos = end + 2
            elif char == "#" or char == "/" or not "!" <= char <= "~":
                if not char:
                    return ""
                from aiblint.source import misspelt

                if not misspelt.skip_odd_character(self, char):
                    return char
            else:
                return char
            self.skipped = True
            self.left -= 1
        return ""

    def _read_string(self) -> bool:
        """Reads a key or a string value with escapes or line ends in it; False when something about it is wrong."""
        text, start = self.text, self.pos
        if start < self.rejected:
            return False
        end = string_end(text, start, len(text))
        if end < 0 or not (follows := _FOLLOWS.match(text, end)):
            return False
        raw = text[start + 1 : end - 1]
        value, wrong = unescape(raw) if "\\" in raw else (raw, -1)
        if wrong >= 0:
            return False
        if self.expects_value():
            if text[follows.end() - 1] == ":":
                return False
            self.add("string", end, value)
            self.hushed = False
            return True
        before = self.pos, len(self.comments)
        self.pos = end
        if self.token() != ":":
            self.pos = before[0]
            del self.comments[before[1] :]
            return False
        self.expect_value_of(start, end, value)
        return True

    # -- what the recovery shares ------------------------------------------------------------------------------------

    def span(self, start: int, end: int) -> Span:
        """Characters of the document."""
        return Span(start, end, self.document)

    def expect_value_of(self, start: int, end: int, name: str) -> None:
        """The text from `start` to `end` is a key, and the reader stands at its colon."""
        self.begin_member(start, end, name)
        self.colon = self.pos
        self.pos += 1
        self.state = VALUE

    def begin_member(self, start: int, end: int, name: str) -> None:
        """The text from `start` to `end` is the key of the next value."""
        self.key = Node("string", start, end, name, None, self.node, self.document)
        self.key.key = self.key  # so that its pointer is the member's

    def add(self, kind: str, end: int, value: object) -> Node:
        """Puts a value that begins here and ends at `end` into the tree, and goes behind it."""
        node = Node(kind, self.pos, end, value, self.key, self.node, self.document)
        if self.node is None:
            self.root = node
        elif not self.detached:
            self.node.children.append(node)
        self.key = None
        self.detached = False
        self.comma = -1
        self.left -= 1
        self.pos = end
        self.state = AFTER
        return node

    def open(self, bracket: str, width: int = 1) -> None:
        """Begins an object or array here; `width` is 0 where its bracket is missing."""
        if self.depth == DEEPEST:
            self.stop(f"nested deeper than {DEEPEST} levels, which no reader of templates follows", width)
            return
        self.depth += 1
        self.node = self.add("object" if bracket == "{" else "array", self.pos + width, [])
        self.state = NEXT
        self.hushed = False

    def stop(self, message: str, width: int) -> None:
        """Reads no further, because of this limit."""
        self.state = END
        if not self.dropped:
            end = min(self.pos + width, len(self.text))
            self.faults.append(Fault("limit", self.span(self.pos, end), message, "split the file"))

    def close(self, end: int) -> None:
        """Ends the innermost object or array at `end`, and goes there."""
        node = self.node
        assert node is not None
        node.end = self.pos = end
        if node.kind == "object":
            self.note_repeated_keys(node.children)
        self.depth -= 1
        self.node = node.parent
        self.state = AFTER
        self.comma = -1
        self.hushed = False

    def note_repeated_keys(self, members: Iterable[Node]) -> None:
        """A fault for every key that an object already has. Exactly equal names only, as parsers compare them."""
        first: dict[object, Node] = {}
        for member in members:
            key = member.key
            if key is not None and first.setdefault(key.value, key) is not key:
                other = first[key.value]
                message = f"the key {quoted(str(key.value))} appears more than once in this object"
                related = ((self.span(other.start, other.end), "first here"),)
                help_ = "keep one of them: of equal keys the last counts, and the others are lost"
                self.fault("duplicate-key", key.start, key.end, message, help_, related)

    def fault(
        self, kind: str, start: int, end: int, message: str, help_: str = "", related: tuple[tuple[Span, str], ...] = ()
    ) -> None:
        """Notes a fault; beyond the first fifty only that there are more."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(kind, self.span(start, end), message, help_, related))
        elif not self.dropped:
            self.dropped = True
            message = f"more than {MOST_FAULTS} things are wrong with this text; the others are not listed"
            self.faults.append(Fault("limit", self.span(start, end), message, "mend those above first"))


def number(raw: str) -> int | float:
    """The value of a JSON number; one that int() refuses to convert (beyond 4300 digits) as a float."""
    return float(raw) if len(raw) > 4300 or not raw.lstrip("-").isdigit() else int(raw)


def quoted(name: str) -> str:
    """A name as messages show it: in backticks, at most 40 characters, all of them printable."""
    shown = name if len(name) <= 40 else name[:39] + "…"
    return "`" + "".join(char if char.isprintable() and char != "`" else "?" for char in shown) + "`"
