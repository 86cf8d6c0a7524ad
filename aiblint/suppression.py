"""Comments that silence findings: `// aiblint: ignore[AIB401] reason` at the end of a line or above an element.

ARM's JSON allows comments. What a comment covers:

- at the end of a line: what is found on that line;
- on lines of its own: what is found in the next member or element, the whole of it;
- `// aiblint: ignore-file[AIB401] reason` on a line of its own: what is found in the file.

Inside the brackets stand ids (`AIB401`), names (`interactive-install`) or the beginning of ids (`AIB4`). A finding is
silenced where it marks, and also where it relates to: at the default of the parameter that it is about, say.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.settings import did_you_mean, specificity
from aiblint.source.document import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aiblint.finding import Check, Finding
    from aiblint.source.document import Comment, Document

_COMMENT = re.compile(r"(?://+|/\*+|<?#+)\s*(aiblint\s*(:?)\s*([\w-]*)\s*(?:\[([^\]\n]*)\])?)")
_EXAMPLE = "`aiblint: ignore[AIB220] reason`"

# More complaints about one file help nobody; and looking for near names takes its time.
MOST_COMPLAINTS = 50


class Complaint(NamedTuple):
    """A suppression that does nothing: the words that are at fault, what is wrong with them, and what to do."""

    span: Span
    message: str
    help: str


class _Word(NamedTuple):
    """A selector in the brackets of a comment, and the characters that the comment covers, from and up to."""

    text: str
    span: Span
    scope: tuple[int, int]


class _Place(NamedTuple):
    """A character offset at which a finding, by its number and its check's id, can be silenced."""

    offset: int
    number: int
    id: str


def apply(
    document: Document, findings: Sequence[Finding], selected: Iterable[Check], checks: Sequence[Check]
) -> tuple[list[Finding], int, list[Complaint]]:
    """What the comments of a document leave of its findings, how many they silence, and what is wrong with them.

    `selected` are the checks that this run makes: what could have silenced another one is not called useless, nor what
    may silence a finding about comments, which only this makes possible. Of a document that could not be read to its
    end nothing is called useless either. Takes a time that grows with comments
    plus findings, not with their product.
    """
    places = sorted(
        _Place(span.start, number, finding.check.id)
        for number, finding in enumerate(findings)
        for span in (finding.span, *(related.span for related in finding.related))
        if finding.check is not None and span.document is document
    )
    words: list[_Word] = []
    complaints: list[Complaint] = []
    for comment, alone in zip(document.comments, _alone(document), strict=True):
        if "aiblint" in comment.text:
            for found in _words(document, comment, alone, places):
                if isinstance(found, _Word):
                    words.append(found)
                else:
                    complaints.append(found)
    meant = {
        text: frozenset(check.id for check in checks if specificity(text, check) >= 0)
        for text in {word.text for word in words}
    }
    silenced, used = _silence(words, meant, places)
    ran = {check.id for check in selected if check.subjects != ("Complaint",)}
    whole = not any(fault.kind in ("syntax", "limit") for fault in document.faults)
    for word in words:
        if len(complaints) >= MOST_COMPLAINTS:
            break
        ids = meant[word.text]
        if not ids:
            complaints.append(_unknown(word, checks))
        elif whole and ids <= ran and not any((word.scope, one) in used for one in ids):
            message = f"`{word.text}` silences nothing here"
            complaints.append(Complaint(word.span, message, "remove it, so that it hides nothing in the future"))
    kept = [finding for number, finding in enumerate(findings) if number not in silenced]
    complaints.sort(key=lambda complaint: complaint.span.start)
    return kept, len(silenced), complaints[:MOST_COMPLAINTS]


# -- what a comment says -----------------------------------------------------------------------------------------------


def _words(document: Document, comment: Comment, alone: bool, places: list[_Place]) -> Iterator[_Word | Complaint]:
    """The words in the brackets of a comment, or what is wrong with them; nothing if it is not for aiblint.

    `alone` says whether the comment has its line to itself.
    """
    found = _COMMENT.match(document.text, comment.span.start, comment.span.end)
    if found is None:
        return
    _, colon, kind, brackets = found.groups()
    whole = Span(found.start(1), found.end(1), document)
    if not colon or kind not in ("ignore", "ignore-file"):
        # Without a colon it may be a sentence that begins with our name.
        if colon or kind.startswith("ignore"):
            yield Complaint(whole, "this looks like a suppression, but is not written like one", f"write {_EXAMPLE}")
        return
    scope = (
        _file(document) if kind == "ignore-file" else _below(document, comment) if alone else _line(document, comment)
    )
    names = list(re.finditer(r"[^\s,]+", brackets or ""))
    if not names:
        # The first few findings that it would cover are what it was written for.
        first = bisect_left(places, (scope[0],))
        ids = ", ".join(sorted({place.id for place in places[first : first + 5] if place.offset < scope[1]}))
        example = f"`aiblint: {kind}[{ids}] reason`" if ids else _EXAMPLE
        yield Complaint(whole, "this suppression does not say which check it silences", f"write {example}")
    elif kind == "ignore-file" and not alone:
        message = "a suppression for the whole file has to stand on a line of its own"
        yield Complaint(whole, message, "move it to a line of its own, or write `ignore` for this line alone")
    else:
        for name in names:
            span = Span(found.start(4) + name.start(), found.start(4) + name.end(), document)
            yield _Word(name[0], span, scope)


def _unknown(word: _Word, checks: Sequence[Check]) -> Complaint:
    near = did_you_mean(word.text, [known for check in checks for known in (check.id, check.name)])
    help = near.removeprefix(", ") or "`aiblint rules` lists the checks"  # noqa: A001
    return Complaint(word.span, f"no check is called `{word.text}`", help)


# -- what a comment covers: the characters from and up to --------------------------------------------------------------


def _file(document: Document) -> tuple[int, int]:
    return 0, len(document.text) + 1


def _line(document: Document, comment: Comment) -> tuple[int, int]:
    number = document.position(comment.span.start).line
    starts = document.line_starts
    return starts[number - 1], starts[number] if number < len(starts) else len(document.text) + 1


def _below(document: Document, comment: Comment) -> tuple[int, int]:
    """The member or element that begins next in the innermost object or array around the comment; or nothing."""
    offset = comment.span.end
    node = document.root
    if node is None:
        return _next_line(document, comment)
    if offset <= node.start:
        return node.start, node.end
    while True:
        children = node.children
        # By the value's start: between a key and its value, the value is what comes next.
        number = bisect_left(children, offset, key=lambda child: child.start)
        if number and offset < children[number - 1].end:
            node = children[number - 1]
        elif number < len(children):
            following = children[number]
            return (following.key or following).start, following.end
        else:
            return 0, 0


def _next_line(document: Document, comment: Comment) -> tuple[int, int]:
    """In a script: the next line that says something, with those that continue it."""
    number = document.position(comment.span.end).line + 1
    last = len(document.line_starts)
    while number <= last and re.match(r"\s*(?:#|$)", document.line(number)):
        number += 1
    if number > last:
        return 0, 0
    start = document.line_starts[number - 1]
    while number < last and re.search(r"[\\`|,]\s*$", document.line(number)):
        number += 1
    return start, document.line_starts[number] if number < last else len(document.text) + 1


def _alone(document: Document) -> Iterator[bool]:
    """For each comment, whether nothing but other comments stands before it on its line."""
    text, starts = document.text, document.line_starts
    before = Span(0, 0, document)
    alone = True
    for span, _ in document.comments:
        line = starts[document.position(span.start).line - 1]
        at = span.start
        while at > line and text[at - 1] in " \t":
            at -= 1
        # Behind a comment it is as alone as that one, whose beginning may be on a line above.
        alone = at == line or (before.end == at and (alone or before.start < line))
        yield alone
        before = span


# -- what that leaves --------------------------------------------------------------------------------------------------


def _silence(
    words: list[_Word], meant: dict[str, frozenset[str]], places: list[_Place]
) -> tuple[set[int], set[tuple[tuple[int, int], str]]]:
    """The numbers of the findings that are silenced, and what silences one: a scope and an id.

    One pass over scopes and places in the order of the text. Scopes are nested or apart, so few are open at a time.
    """
    scopes: dict[tuple[int, int], set[str]] = {}
    for word in words:
        scopes.setdefault(word.scope, set()).update(meant[word.text])
    pending = sorted(scopes, reverse=True)
    around: list[tuple[int, int]] = []
    silenced: set[int] = set()
    used: set[tuple[tuple[int, int], str]] = set()
    for place in places:
        while pending and pending[-1][0] <= place.offset:
            around.append(pending.pop())
        around = [scope for scope in around if place.offset < scope[1]]
        for scope in around:
            if place.id in scopes[scope]:
                used.add((scope, place.id))
                silenced.add(place.number)
    return silenced, used
