"""One module for each output format; here is what they share: what may be shown of a text, and where it stands then.

No secret leaves through a report (`aiblint.secret` knows them), and no control character reaches a terminal.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.source.document import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiblint.secret import Secret
    from aiblint.source.document import Node


class _Region(NamedTuple):
    """Characters `start` to `end` of a line are a secret; shown in their place: characters `shown` to `shown_end`."""

    start: int
    end: int
    shown: int
    shown_end: int


class Page:
    """A document as it may be shown: its path, its lines and what is said about it, all without secrets."""

    __slots__ = ("_lines", "_secrets", "_shown", "document", "path")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.path = mask(document.path)
        secrets = _secrets(document)
        self._shown = Document(self.path, mask(document.text, secrets))
        self._lines: dict[int, tuple[str, list[_Region]]] = {}
        # Of a text with secrets: what they are, since out of their context not each can be told for one.
        self._secrets = _any_of({document.text[start:end] for start, end, _ in secrets}) if secrets else None

    def hide(self, text: str) -> str:
        """A text about the document without its secrets."""
        text = mask(text)
        return text if self._secrets is None else self._secrets.sub("***", text)

    def line(self, number: int) -> str:
        """The text of a line (counted from 1) without its secrets."""
        return self._line(number)[0]

    def column(self, number: int, column: int, *, ending: bool = False) -> int:
        """Where the character before which `column` (from 0) stands is shown in `line(number)`, also counted from 0.

        A place inside a secret moves to the start of what is shown for it, or to the end of that when `ending`.
        """
        regions = self._line(number)[1]
        before = bisect_left(regions, column, key=lambda region: region.start)
        if before == 0:
            return column
        region = regions[before - 1]
        if column < region.end:
            return region.shown_end if ending else region.shown
        return region.shown_end + column - region.end

    def between(self, start: int, end: int) -> str:
        """What may be shown of the characters `start` to `end` of the document's text."""
        return self._shown.text[self._offset(start, ending=False) : self._offset(end, ending=True)]

    def _offset(self, offset: int, *, ending: bool) -> int:
        starts, shown = self.document.line_starts, self._shown.line_starts
        number = bisect_right(starts, offset)
        return shown[number - 1] + self.column(number, offset - starts[number - 1], ending=ending)

    def _line(self, number: int) -> tuple[str, list[_Region]]:
        known = self._lines.get(number)
        if known is None:
            written, shown = self.document.line(number), self._shown.line(number)
            known = self._lines[number] = (shown, _regions(written, shown))
        return known


def _regions(written: str, shown: str) -> list[_Region]:
    """What of a written line `***` stands for in the line that is shown."""
    if written == shown:
        return []
    first, *pieces = shown.split("***")
    regions = []
    at = to = len(first)
    fits = written.startswith(first) and bool(pieces)
    for number, piece in enumerate(pieces, 1):
        # What follows the last secret is the end of the line. Before that, the nearest place is the right one: a secret
        # is at least one character long, and it ends where the text that is no secret begins.
        last = number == len(pieces)
        end = len(written) - len(piece) if last else written.find(piece, at + 1)
        fits = fits and end >= at and written.startswith(piece, end)
        regions.append(_Region(at, end, to, to + len("***")))
        at, to = end + len(piece), to + len("***") + len(piece)
    return regions if fits else [_Region(0, len(written), 0, len(shown))]


def _secrets(document: Document) -> list[Secret]:
    """The secrets of a document: what looks like one, and what a secure parameter has as its default."""
    from aiblint import secret  # here: a run that finds nothing has nothing to mask
    from aiblint.arm.expression import is_expression

    declared = [
        secret.Secret(node.start + 1, node.end - 1, "a secure default")
        for default in document.nodes()
        if default.key is not None and default.key.value == "defaultValue" and _is_secure(default.parent)
        for node in default.nodes()
        if node.kind == "string" and node.end - node.start > 2 and not is_expression(str(node.value))
    ]
    return secret.merged([*secret.find(document.text), *declared])


def _is_secure(parameter: Node | None) -> bool:
    from aiblint import secret

    kind = parameter.member("type") if parameter is not None else None
    return kind is not None and str(kind.value).lower() in secret.SECURE_TYPES


def _any_of(values: set[str]) -> re.Pattern[str]:
    """A pattern for these secrets, as written in the text and as what that means in JSON."""
    from aiblint.source.strings import unescape

    values |= {unescape(value)[0] for value in values}
    longest_first = sorted(values, key=len, reverse=True)
    # Only as a word of its own: a short password may be a part of many words.
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


def pages() -> Callable[[Document], Page]:
    """A function that gives the page of a document, and makes it once."""
    made: dict[Document, Page] = {}

    def page(document: Document) -> Page:
        if document not in made:
            made[document] = Page(document)
        return made[document]

    return page


def clean(text: str) -> str:
    """A text as it may be printed: without secrets, control characters made visible."""
    return visible(mask(text))


def visible(text: str) -> str:
    """The text with every character that has no shape of its own written out: `␛`, `\\x9b`, `\\u202e`.

    Besides control characters these are the ones that reorder a line or hide in it (Unicode Technical Report 36, 3.6).
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _symbol(ord(character)) for character in text)


def _symbol(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def mask(text: str, secrets: list[Secret] | None = None) -> str:
    """The text without its secrets (those given, or else those that it is seen to have)."""
    from aiblint import secret

    return secret.mask(text, secrets)
