"""What aiblint checks: the list of all checks, and the page of one."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.report.text import ELLIPSIS, painter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiblint.finding import Check

# An id's first digit says what it is about (DESIGN, "A check").
BANDS = {
    "AIB0": "the file",
    "AIB1": "the shape that the API version accepts",
    "AIB2": "the meaning of the template",
    "AIB3": "the sequence of customizers",
    "AIB4": "scripts of the shell, and of both kinds",
    "AIB5": "scripts of PowerShell, and installers",
    "AIB6": "secrets and supply chain",
    "AIB7": "live: permissions",
    "AIB8": "live: what exists, regions, quota, networks, files, policies",
    "AIB9": "diagnosis of a finished build",
}


def table(checks: Iterable[Check], *, colour: bool = False, width: int | None = None) -> str:
    """The checks as a table, band by band: id, name, severity and what each does, in `width` columns if given."""
    paint = painter(colour)
    listed = sorted(checks, key=lambda check: check.id)
    names = max((len(check.name) for check in listed), default=0)
    lines = []
    band = ""
    for check in listed:
        if not check.id.startswith(band) or not band:
            band = check.id[:4]
            lines += ["", paint("strong", f"{band}xx  {BANDS[band]}")]
        severity = paint(check.severity, check.severity) + " " * (len("warning") - len(check.severity))
        does = summary(check)
        room = len(does) if width is None else max(width - names - len("  AIB401    warning  "), 20)
        if len(does) > room:
            does = does[: room - len(ELLIPSIS)] + ELLIPSIS
        lines.append(f"  {check.id}  {check.name:<{names}}  {severity}  {does}".rstrip())
    return "\n".join((*lines[1:], "", "`aiblint explain ID` shows the page of a check", ""))


def as_json(checks: Iterable[Check]) -> str:
    """The checks as the text of one JSON object; `documentation` is the page in Markdown."""
    import json

    from aiblint.report.json import TOOL, VERSION

    rules = [
        {
            "id": check.id,
            "name": check.name,
            "severity": check.severity,
            "band": f"{check.id[:4]}xx",
            "summary": summary(check),
            "sources": list(check.sources),
            "documentation": _page(check),
        }
        for check in sorted(checks, key=lambda check: check.id)
    ]
    return json.dumps({"version": VERSION, "tool": TOOL, "rules": rules}, indent=2) + "\n"


def summary(check: Check) -> str:
    """The first sentence of *What it does*, as one line without its full stop."""
    text = " ".join(_sections(_page(check)).get("What it does", "").split("```")[0].split())
    # A full stop inside a name or a version (`template.json`, 2.0) has no blank behind it.
    return re.split(r"\.(?:\s|$)", text, maxsplit=1)[0]


def explain(check: Check, *, colour: bool = False) -> str:
    """The page of a check for a terminal."""
    paint = painter(colour)
    lines = [f"{paint('strong', f'{check.id} {check.name}')} ({paint(check.severity, check.severity)})"]
    page = _page(check)
    for heading, text in _sections(page).items():
        lines += ["", paint("strong", heading), *_indented(text)]
    if "«" in page:
        lines += ["", paint("faint", "The text between « and » is where the finding points.")]
    lines += ["", paint("strong", "References"), *(f"  {source}" for source in check.sources)]
    return "\n".join(lines) + "\n"


def _page(check: Check) -> str:
    from inspect import cleandoc  # here: a run that lints shows no pages

    return cleandoc(check.run.__doc__ or "")


def _sections(page: str) -> dict[str, str]:
    found = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page + "\n", re.MULTILINE | re.DOTALL)
    return {heading.strip(): text.strip("\n") for heading, text in found}


def _indented(text: str) -> list[str]:
    """The lines of a section: text two columns in, code six and without its fences, a blank line between."""
    lines: list[str] = []
    code = False
    for line in text.split("\n"):
        fence = line.startswith("```")
        if fence:
            code = not code
            line = ""
        if line or (lines and lines[-1]) or (code and not fence):
            lines.append((("      " if code else "  ") + line).rstrip())
    return lines if not lines or lines[-1] else lines[:-1]
