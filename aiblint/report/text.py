"""The report for people: each finding with the line it is about, what to do and why, and a summary at the end."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.report import clean, pages, visible
from aiblint.report.concise import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiblint.finding import Finding
    from aiblint.report import Page
    from aiblint.run import Run
    from aiblint.source.document import Document, Span

    Paint = Callable[[str, str], str]

# ECMA-48 "select graphic rendition"; the sixteen basic colours only, since those follow the terminal's own theme.
STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "good": "1;32",
    "strong": "1",
    "faint": "2",
    "gutter": "1;34",
    "help": "1;36",
    "note": "1",
}
ELLIPSIS = "..."


class Mark(NamedTuple):
    """Characters of one line to underline: `start` to `end` of line `line`, the underline's character and its label."""

    line: int
    start: int
    end: int
    sign: str
    style: str
    label: str


def render(run: Run, *, colour: bool = False, width: int = 120) -> str:
    """The whole report. Lines of code and texts are fitted into `width` columns, the frozen first lines never."""
    paint = painter(colour)
    page = pages()
    blocks = ["\n".join(_finding(finding, page, paint, width)) + "\n\n" for finding in run.findings]
    return "".join(blocks) + "".join(line + "\n" for line in _summary(run, paint))


def painter(colour: bool) -> Paint:
    """A function of a name in STYLES and a text that gives the text in that style, or as it is without colour."""
    if not colour:
        return lambda _, text: text
    return lambda style, text: f"\x1b[{STYLES[style]}m{text}\x1b[0m" if text else ""


# -- one finding -------------------------------------------------------------------------------------------------------


def _finding(finding: Finding, page: Callable[[Document], Page], paint: Paint, width: int) -> Iterator[str]:
    document = finding.span.document
    own = page(document)
    place, kind, message, name = words(finding, own)
    kind, name = paint(finding.severity, kind), paint("faint", f"[{name}]")
    yield f"{paint('strong', place)}: {kind} {paint('strong', message)} {name}"

    marks = [_mark(own, finding.span, "^", finding.severity, "")]
    elsewhere = []
    for related in finding.related:
        label = own.hide(related.message)
        if related.span.document is document:
            marks.append(_mark(own, related.span, "-", "gutter", visible(label)))
        else:
            line, column = related.span.document.position(related.span.start)
            elsewhere.append(f"{page(related.span.document).path}:{line}:{column}: {label}")
    marks.sort(key=lambda mark: mark.line)  # stable: on one line the finding's own mark comes first
    digits = len(str(marks[-1].line))
    bar = paint("gutter", " " * digits + " |")
    yield bar
    yield from _frame(own, marks, digits, paint, width)
    texts = [("help", own.hide(finding.help))] if finding.help else []
    texts += [("note", own.hide(note)) for note in finding.notes] + [("note", note) for note in elsewhere]
    if texts:
        yield bar
    for label, text in texts:
        indent = digits + len(" = note: ")
        first, *rest = _wrapped(visible(text), width - indent)
        yield f"{' ' * digits} {paint('gutter', '=')} {paint(label, f'{label}:')} {first}"
        yield from (" " * indent + line for line in rest)


def _mark(page: Page, span: Span, sign: str, style: str, label: str) -> Mark:
    line, column = page.document.position(span.start)
    start = page.column(line, column - 1)
    text = page.line(line)
    end_line, end_column = page.document.position(span.end)
    # Of something that goes on over several lines its first line says where it is.
    end = page.column(line, end_column - 1, ending=True) if end_line == line else len(text.rstrip())
    return Mark(line, start, max(end, start + 1), sign, style, label)


def _frame(page: Page, marks: list[Mark], digits: int, paint: Paint, width: int) -> Iterator[str]:
    """The marked lines in their order, each with its underlines; `...` where lines are left out."""
    room = max(width - digits - len(" | "), 40)
    margin = paint("gutter", " " * digits + " |")
    line, window = 0, range(0)
    for mark in marks:
        text = page.line(mark.line)
        if mark.line != line or mark.start < window.start or min(mark.end, len(text)) > window.stop:
            if line and mark.line > line + 2:
                yield paint("gutter", ELLIPSIS)
            elif line and mark.line == line + 2:
                yield _row(line + 1, page.line(line + 1), _window(page.line(line + 1), 0, 0, room), digits, paint)
            line, window = mark.line, _window(text, mark.start, mark.end, room)
            yield _row(line, text, window, digits, paint)
        before = sum(_width(text[n]) for n in range(window.start, min(mark.start, len(text))))
        before += len(ELLIPSIS) if window.start else 0
        under = sum(_width(text[n]) for n in range(mark.start, min(mark.end, window.stop, len(text))))
        underline = paint(mark.style, mark.sign * max(under, 1) + (f" {mark.label}" if mark.label else ""))
        yield f"{margin} {' ' * before}{underline}"


def _row(line: int, text: str, window: range, digits: int, paint: Paint) -> str:
    shown = visible(text[window.start : window.stop].replace("\t", " "))  # a column is a character, also a tab
    start = ELLIPSIS if window.start else ""
    end = ELLIPSIS if window.stop < len(text) else ""
    return f"{paint('gutter', f'{line:>{digits}} |')} {start}{shown}{end}".rstrip()


def _window(text: str, start: int, end: int, room: int) -> range:
    """The characters of a line to show so that `start` to `end`, or how much of it fits, is among them."""
    if len(text) <= room and sum(map(_width, text)) <= room:
        return range(len(text))
    room -= 2 * len(ELLIPSIS)
    spare = room - min(end - start, room * 3 // 4)
    first = max(0, start - max(spare // 2, spare - (len(text) - end)))
    if first <= len(ELLIPSIS):
        first = 0
    last = min(len(text), first + room)
    columns = sum(_width(text[n]) for n in range(first, last))
    while columns > room and last > start + 1:
        last -= 1
        columns -= _width(text[last])
    while columns > room and first < start:  # wide characters before the mark
        columns -= _width(text[first])
        first += 1
    return range(first, last)


def _width(character: str) -> int:
    """The columns of a terminal that a character takes, as `_row` shows it."""
    if character.isascii():
        return 1
    if not character.isprintable():
        return len(visible(character))
    import unicodedata  # here: most templates are ASCII

    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _wrapped(text: str, width: int) -> list[str]:
    if len(text) <= width:
        return [text]
    import textwrap  # here: few texts are that long

    return textwrap.wrap(text, max(width, 40), break_long_words=False, break_on_hyphens=False)


# -- the summary -------------------------------------------------------------------------------------------------------


def _summary(run: Run, paint: Paint) -> Iterator[str]:
    """What was looked at and what it came to, in one line, and before it what had to be assumed."""
    assumed = [seen for seen in run.templates if seen.assumed]
    if assumed:
        who = (
            f"{clean(assumed[0].path)} does not say its"
            if len(assumed) == 1
            else f"{len(assumed)} image templates do not say their"
        )
        version = f"the newest, {assumed[0].api_version}, was assumed (--api-version sets it)"
        yield f"{paint('note', 'note:')} {who} API version; {version}"
    if not run.templates and not run.scripts and not run.findings:
        if not run.failures:
            yield f"no image template in {_count(run.files, 'file')}"
        return
    counts = {"error": 0, "warning": 0, "info": 0}
    unchecked = sum(1 for finding in run.findings if finding.unchecked)
    for finding in run.findings:
        counts[finding.severity] += 0 if finding.unchecked else 1
    problems = ", ".join(
        paint(severity, _count(count, "hint" if severity == "info" else severity))
        for severity, count in counts.items()
        if count
    )
    details = []
    if len(run.templates) == 1:
        details.append(f"{run.templates[0].form}, API version {run.templates[0].api_version}")
    if run.held or unchecked:
        asked = [f"{len(run.held)} of Azure's answers are as they have to be"]
        asked += [f"{unchecked} could not be had"] if unchecked else []
        details.append(", ".join(asked))
    if run.suppressed:
        details.append(f"{run.suppressed} suppressed")
    if run.hidden:
        shows = "--show-info shows it" if run.hidden == 1 else "--show-info shows them"
        details.append(f"{_count(run.hidden, 'hint')} hidden, {shows}")
    rest = f" ({'; '.join(details)})" if details else ""
    yield f"{problems or paint('good', 'no problems')} in {_places(run)}{rest}"


def _places(run: Run) -> str:
    others = {finding.span.document.path for finding in run.findings} - {seen.path for seen in run.templates}
    counts = [_count(len(run.templates), "image template")] if run.templates else []
    if run.scripts:
        counts.append(_count(run.scripts, "script"))
    elif others:
        counts.append(_count(len(others), "other file" if counts else "file"))
    return " and ".join(counts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
