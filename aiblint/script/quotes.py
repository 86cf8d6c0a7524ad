"""Where strings and comments of a script begin and end, read without a grammar.

The grammars recover from a quote that does not close, and say no more than that something is broken. This reads as the
shells do, character by character, and so knows which quote it was.
"""

from __future__ import annotations

import re

from aiblint.light import NamedTuple

# Text behind which `#` begins a comment.
_BEFORE_COMMENT = " \t\n\r;|&(){},"
_SINGLE = "'\u2018\u2019\u201a\u201b"
_DOUBLE = '"\u201c\u201d\u201e'
_HERE_DOCUMENT = re.compile(r"<<-?[ \t]*(?:(['\"])([^'\"\n]+)\1|\\?([\w.-]+))")
_HERE_STRING = re.compile(r"@(['\"])[ \t]*\r?\n")
# Each candidate has the text read again, and nobody waits for that.
_MOST_CANDIDATES = 20
LONGEST = 60_000


class Piece(NamedTuple):
    """Characters of a script: `kind` is `single`, `double`, `here` or `comment`; `closed` tells whether they end."""

    kind: str
    start: int
    end: int
    closed: bool = True


def pieces(text: str, language: str) -> list[Piece]:
    """The strings and comments of a script, those inside others as well, in the order in which they end."""
    return _shell(text) if language == "shell" else _powershell(text)


def unclosed(text: str, language: str) -> int | None:
    """The quote that most likely lacks its counterpart, if the quotes of a script do not close.

    One stray quote turns all strings behind it inside out, and the one that is open in the end is the last of the
    script. The culprit stands in the line where closing it leaves the fewest strings that go over several lines.
    """
    if len(text) > LONGEST:
        return None
    found = pieces(text, language)
    if all(piece.closed or piece.kind not in ("single", "double") for piece in found):
        return None
    best: tuple[int, int] | None = None
    candidates = sorted(piece.start for piece in found if piece.kind in ("single", "double") and _is_long(piece, text))
    for start in candidates[:_MOST_CANDIDATES]:
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        closed = text[:stop] + text[start] + text[stop:]
        again = pieces(closed, language)
        left = sum(_is_long(piece, closed) for piece in again if piece.kind in ("single", "double"))
        if all(piece.closed for piece in again) and (best is None or left < best[0]):
            best = left, start
    if best is None:
        return None
    begin = text.rfind("\n", 0, best[1]) + 1
    same = [piece.start for piece in found if begin <= piece.start <= best[1] and text[piece.start] == text[best[1]]]
    # What opens in the middle of a word was rather meant to close: `OneDrive" /v`.
    inside = [start for start in sorted(same) if start > begin and (text[start - 1].isalnum())]
    return inside[0] if inside else best[1]


def _is_long(piece: Piece, text: str) -> bool:
    return not piece.closed or "\n" in text[piece.start : piece.end]


def _shell(text: str) -> list[Piece]:
    found: list[Piece] = []
    # What is open: a bracket, a brace, a backtick, `"`, or `((`, each with where it began.
    stack: list[tuple[str, int]] = []
    waiting: list[str] = []  # the here-documents that begin with the next line
    at = 0
    while at < len(text):
        char = text[at]
        top = stack[-1][0] if stack else ""
        if char == "\\":
            at += 2
            continue
        if top == '"':
            if char == '"':
                found.append(Piece("double", stack.pop()[1], at + 1))
            elif char == "`":
                stack.append(("`", at))
            elif text.startswith(("$(", "${"), at):
                stack.append((text[at + 1], at))
                at += 1
            at += 1
            continue
        if char == "\n" and waiting:
            at = _behind_documents(text, at, waiting, found)
            continue
        if char == "#" and top != "((" and (at == 0 or text[at - 1] in _BEFORE_COMMENT) and top != "{":
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            found.append(Piece("comment", at, stop))
            at = stop
            continue
        if char == "'" and not (top == "{" and any(kind == '"' for kind, _ in stack)):
            stop = _ansi(text, at) if at and text[at - 1] == "$" else text.find("'", at + 1)
            if stop < 0:
                found.append(Piece("single", at, len(text), closed=False))
                return found
            found.append(Piece("single", at, stop + 1))
            at = stop + 1
            continue
        if char == '"':
            stack.append(('"', at))
        elif char == "`":
            if top == "`":
                stack.pop()
            else:
                stack.append(("`", at))
        elif text.startswith("((", at) and top != "((":
            stack.append(("((", at))
            at += 1
        elif char == "(":
            stack.append(("(", at))
        elif char == ")":
            if top == "((" and text.startswith("))", at):
                stack.pop()
                at += 1
            elif top == "(":
                stack.pop()
            elif top == "((":  # it was `( (` after all
                stack[-1] = ("(", stack[-1][1])
        elif text.startswith("${", at):
            stack.append(("{", at))
            at += 1
        elif char == "}" and top == "{":
            stack.pop()
        elif text.startswith("<<<", at):
            at += 2
        elif text.startswith("<<", at) and top != "((":
            document = _HERE_DOCUMENT.match(text, at)
            if document is not None:
                waiting.append(document[2] or document[3])
                at = document.end() - 1
        at += 1
    found += [Piece("double", start, len(text), closed=False) for kind, start in stack if kind == '"']
    return found


def _ansi(text: str, at: int) -> int:
    """The quote that ends `$'...'`."""
    at += 1
    while at < len(text) and text[at] != "'":
        at += 2 if text[at] == "\\" else 1
    return at if at < len(text) else -1


def _behind_documents(text: str, at: int, waiting: list[str], found: list[Piece]) -> int:
    """The place behind the here-documents that begin in the line after `at`."""
    begin = at + 1
    while waiting:
        end = re.compile(rf"^\t*{re.escape(waiting.pop(0))}\r?$", re.MULTILINE).search(text, begin)
        stop = end.end() if end is not None else len(text)
        found.append(Piece("here", begin, stop, closed=end is not None))
        begin = stop
    return begin


def _powershell(text: str) -> list[Piece]:
    found: list[Piece] = []
    stack: list[tuple[str, int]] = []
    at = 0
    while at < len(text):
        char = text[at]
        top = stack[-1][0] if stack else ""
        if char == "`":
            at += 2
            continue
        if top == '"':
            if char in _DOUBLE and text[at + 1 : at + 2] and text[at + 1] in _DOUBLE:
                at += 1
            elif char in _DOUBLE:
                found.append(Piece("double", stack.pop()[1], at + 1))
            elif text.startswith("$(", at):
                stack.append(("(", at))
                at += 1
            at += 1
            continue
        here = _HERE_STRING.match(text, at) if char == "@" else None
        if here is not None:
            stop = text.find(f"\n{here[1]}@", here.end() - 1)
            found.append(Piece("here", at, stop + 3 if stop >= 0 else len(text), closed=stop >= 0))
            at = stop + 3 if stop >= 0 else len(text)
            continue
        if text.startswith("<#", at):
            stop = text.find("#>", at + 2)
            found.append(Piece("comment", at, stop + 2 if stop >= 0 else len(text)))
            at = found[-1].end
            continue
        if char == "#" and (at == 0 or text[at - 1] in _BEFORE_COMMENT):
            stop = text.find("\n", at)
            found.append(Piece("comment", at, stop if stop >= 0 else len(text)))
            at = found[-1].end
            continue
        if text.startswith("--%", at):
            stop = text.find("\n", at)
            at = stop if stop >= 0 else len(text)
            continue
        if char in _SINGLE:
            begin = at
            at += 1
            while at < len(text) and (text[at] not in _SINGLE or text[at + 1 : at + 2] in tuple(_SINGLE)):
                at += 2 if text[at] in _SINGLE else 1
            found.append(Piece("single", begin, min(at + 1, len(text)), closed=at < len(text)))
        elif char in _DOUBLE:
            stack.append(('"', at))
        elif char == "(":
            stack.append(("(", at))
        elif char == ")" and top == "(":
            stack.pop()
        at += 1
    found += [Piece("double", start, len(text), closed=False) for kind, start in stack if kind == '"']
    return found
