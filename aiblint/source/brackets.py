"""Which bracket is missing or too many: grammar first, indentation where grammar cannot tell.

A missing bracket shows only where the text stops making sense, which may be pages later. Two helps: how far the text
goes on making sense under each explanation (`furthest`), and, once all is read, where brackets stand on other columns
than their partners (`settle_brackets`).
"""

from __future__ import annotations

import re
from bisect import bisect_right

from aiblint.light import TYPE_CHECKING
from aiblint.source.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeVar

    from aiblint.source.document import Node

    Explanation = TypeVar("Explanation")

# A string or a string's beginning, a mark, a comment, a word. The counts keep hostile text from being read again and
# again to its end.
_TOKEN = re.compile(
    r'("[^"\\\r\n]*(?:\\.[^"\\\r\n]*){0,500}")|"|[{}\[\],:]|//[^\r\n]*|/\*(?s:.){0,2000}?\*/|[^\s"{}\[\],:/]+|/'
)
_INDENT = re.compile(r"[ \t]*")
_TOKENS_AHEAD = 3000
_CHARACTERS_AHEAD = 200_000
_TO_THE_END = 1 << 30
_OPENER = {"}": "{", "]": "["}


def open_brackets(node: Node | None) -> str:
    """The brackets that are open inside `node`, the outermost first."""
    brackets = ""
    while node is not None:
        brackets = ("{" if node.kind == "object" else "[") + brackets
        node = node.parent
    return brackets


def closing_bracket(node: Node) -> str:
    """The bracket that closes this object or array."""
    return "}" if node.kind == "object" else "]"


def furthest(reader: Reader, explanations: list[tuple[str, int, str, Explanation]]) -> Explanation:
    """Of several explanations the one under which the text makes sense longest; of equal ones the first.

    Each is: the open brackets, the offset from which to read, what is expected there (`key`, `colon`, `value`,
    `element` or `separator`), and what to return.
    """
    if len(explanations) == 1:
        return explanations[0][3]
    most = _TOKENS_AHEAD if reader.recoveries <= 10 else _TOKENS_AHEAD // 30
    return max(explanations, key=lambda each: _sense(reader.text, each[0], each[1], each[2], most))[3]


def _sense(text: str, brackets: str, start: int, expected: str, most: int) -> int:
    """How many tokens from `start` on, up to `most`, are well-formed; a huge number when all are, to the end."""
    opened = list(brackets)
    stop = min(len(text), start + _CHARACTERS_AHEAD)
    count = 0
    for found in _TOKEN.finditer(text, start, stop):
        token = found[0]
        if token.startswith(("//", "/*")):
            continue
        count += 1
        if count > most:
            return count
        if expected == "colon":
            if token != ":":
                return count
            expected = "value"
        elif token in ("{", "["):
            if expected not in ("value", "element"):
                return count
            opened.append(token)
            expected = "key" if token == "{" else "element"
        elif token in ("}", "]"):
            if expected not in ("separator", "key", "element") or not opened or opened.pop() != _OPENER[token]:
                return count
            expected = "separator"
        elif token == ",":
            if expected != "separator" or not opened:
                return count
            expected = "key" if opened[-1] == "{" else "element"
        elif expected == "key":
            if found[1] is None:
                return count
            expected = "colon"
        elif token in (":", '"') or expected == "separator":
            return count
        else:
            expected = "separator"
    return count if opened or expected != "separator" or stop < len(text) else _TO_THE_END


def indentation(text: str, offset: int) -> int:
    """The column (counted from 0, a tab as four) of the first character of the line that `offset` is on."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    return _column(text, start, _first_character(text, start))


def begins_line(text: str, offset: int) -> bool:
    """Whether nothing but blanks stands before `offset` on its line."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    return _first_character(text, start) == offset


def _first_character(text: str, line_start: int) -> int:
    return _INDENT.match(text, line_start).end()  # type: ignore[union-attr]  # it matches the empty text


def _column(text: str, line_start: int, first_character: int) -> int:
    return len(text[line_start:first_character].expandtabs(4))


def _beginning(node: Node) -> int:
    return node.start if node.key is None else node.key.start


def settle_brackets(reader: Reader) -> Reader:
    """The reading that explains the brackets best, given one that met a bracket which did not fit.

    Tries to read the text as if a bracket were missing, or too many, at each of the first places where the indentation
    says so; a reading with fewer faults wins, then one whose brackets stand on the columns of their partners.
    """
    tries = min(40, 400_000 // max(len(reader.text), 1))
    best = reader
    for _ in range(3 if tries else 0):
        best_score, places = _indentation_score(best)
        trials: list[tuple[tuple[int, int], int, Reader]] = []
        for place in [place for place in places if place not in best.repairs][:tries]:
            trial = Reader(reader.document, tuple(sorted({*best.repairs, place})))
            trial.run()
            trials.append((_indentation_score(trial)[0], len(trials), trial))
        score, _, trial = min(trials, default=(best_score, 0, best))
        if score >= best_score:
            break
        best = trial
        if not best.brackets_in_doubt:
            break
    return best


def _indentation_score(reader: Reader) -> tuple[tuple[int, int], list[tuple[int, str]]]:
    """How bad a reading is (its faults, then what the indentation says against it), and the places that look wrong."""
    misaligned = list(_misaligned(reader))
    return (len(reader.faults), sum(weight for _, _, weight in misaligned)), sorted({each[:2] for each in misaligned})


def _misaligned(reader: Reader) -> Iterator[tuple[int, str, int]]:
    """Where the indentation says that a closing bracket is "missing", or that the one there is "surplus".

    The third item is how much that says: people indent members with care, closing brackets anywhere.
    """
    text, starts = reader.text, reader.document.line_starts
    firsts = [_first_character(text, start) for start in starts]

    def line(offset: int) -> int:
        return bisect_right(starts, offset) - 1

    def column(number: int) -> int:
        return _column(text, starts[number], firsts[number])

    pending = [reader.root] if reader.root is not None else []
    while pending:
        node = pending.pop()
        if node.kind not in ("object", "array"):
            continue
        pending.extend(node.children)
        opened = line(node.start)
        outside = None
        for child in node.children:
            start = _beginning(child)
            at = line(start)
            if at != opened and firsts[at] == start and column(at) <= column(opened):
                outside = start
                break
        if node.children and outside == _beginning(node.children[0]):
            outside = None  # nothing in this one is indented
        if outside is not None:
            yield outside, "missing", 3
        last = node.end - 1
        closed = line(last)
        if closed != opened and text[last] == closing_bracket(node) and firsts[closed] == last:
            if column(closed) < column(opened) and outside is None:
                yield last, "missing", 2
            elif column(closed) > column(opened):
                yield last, "surplus", 1
