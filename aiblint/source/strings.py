"""JSON strings: where one ends, what its escapes mean, and which characters of the file a piece of it comes from."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.source.document import Node

# A surrogate pair, one escape, or a backslash that escapes nothing (which then stands for itself).
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\"\\/bfnrt]|)")
# Counted, so that the matcher's stack stays small on a string of a million escapes.
_BODY = re.compile(r'[^"\\]*(?:\\.[^"\\]*){0,200}', re.DOTALL)

_SHORT = {
    '\\"': '"', "\\\\": "\\", "\\/": "/", "\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\": "\\"
}  # fmt: skip


def string_end(text: str, start: int, stop: int) -> int:
    """The offset behind the quote that closes the string opened at `start`, or -1 when none does before `stop`."""
    at = start + 1
    while True:
        at = _BODY.match(text, at, stop).end()  # type: ignore[union-attr]  # it matches the empty text
        if at >= stop or (text[at] == "\\" and at + 1 >= stop):
            return -1
        if text[at] == '"':
            return at + 1


def unescape(raw: str) -> tuple[str, int]:
    """The text that `raw` (what stands between the quotes) means, and the index of its first wrong escape, or -1.

    A wrong escape keeps its backslash. Half a surrogate pair becomes U+FFFD: no encoding can write it down.
    """
    wrong = -1

    def meaning(found: re.Match[str]) -> str:
        nonlocal wrong
        escape = found[0]
        short = _SHORT.get(escape)
        if short is None:
            return _from_unicode_escape(escape)
        if escape == "\\" and wrong < 0:
            wrong = found.start()
        return short

    return _ESCAPE.sub(meaning, raw), wrong


def _from_unicode_escape(escape: str) -> str:
    if len(escape) == 12:
        return chr(0x10000 + ((int(escape[2:6], 16) - 0xD800) << 10) + int(escape[8:], 16) - 0xDC00)
    code = int(escape[2:], 16)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def offset_in_string(node: Node, index: int) -> int:
    """The offset in the file of character `index` of a string node's value.

    `index == len(value)` gives the closing quote. A value that was written without quotes counts from its start.
    """
    text = node.document.text
    if node.end <= node.start or text[node.start] not in "\"'“”„‘’":
        return min(node.start + index, node.end)
    offset, seen = node.start + 1, 0
    for found in _ESCAPE.finditer(text, offset, node.end):
        if seen + found.start() - offset >= index:
            break
        seen += found.start() - offset + 1
        offset = found.end()
    return min(offset + index - seen, node.end)
