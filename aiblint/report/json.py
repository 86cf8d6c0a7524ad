"""The report for programs: one JSON object, described by `docs/report.schema.json`.

The form is versioned: within version 1 members may be added, none changes or goes away. Lines and columns count from 1,
a column is a Unicode character, and `end` is the place after the last character.
"""

from __future__ import annotations

import json

from aiblint import __version__
from aiblint.light import TYPE_CHECKING
from aiblint.report import mask, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiblint.finding import Finding, Fix, Holds
    from aiblint.report import Page
    from aiblint.run import Run
    from aiblint.source.document import Document, Span

VERSION = 1
TOOL = {"name": "aiblint", "version": __version__}


def render(run: Run) -> str:
    """The run as the text of one JSON object. It is plain ASCII, so no code page and no terminal can garble it."""
    page = pages()
    seen: dict[tuple[str, str], int] = {}
    findings = []
    for finding in run.findings:
        own = page(finding.span.document)
        assert finding.check is not None  # the engine completes every finding
        findings.append(
            {
                "id": finding.check.id,
                "name": finding.check.name,
                "severity": finding.severity,
                "message": own.hide(finding.message),
                "help": own.hide(finding.help),
                "url": finding.check.sources[0] if finding.check.sources else None,
                "location": {**_place(own, finding.span), "pointer": own.hide(finding.pointer)},
                "related": [
                    {
                        "message": own.hide(related.message),
                        "location": _place(page(related.span.document), related.span),
                    }
                    for related in finding.related
                ],
                "fix": _fix(finding.fix, own) if finding.fix else None,
                "unchecked": own.hide(finding.unchecked) if finding.unchecked else None,
                "fingerprint": _fingerprint(finding, own, seen),
            }
        )
    severities = [finding.severity for finding in run.findings if not finding.unchecked]
    report = {
        "version": VERSION,
        "tool": TOOL,
        "findings": findings,
        "templates": [
            {"path": mask(seen.path), "form": seen.form, "apiVersion": seen.api_version, "assumed": seen.assumed}
            for seen in run.templates
        ],
        "verdicts": list(_verdicts(run, page)),
        "summary": {
            "files": run.files,
            "templates": len(run.templates),
            "scripts": run.scripts,
            "errors": severities.count("error"),
            "warnings": severities.count("warning"),
            "infos": severities.count("info"),
            "unchecked": len(run.findings) - len(severities),
            "hidden": run.hidden,
            "suppressed": run.suppressed,
            "skipped": run.skipped,
        },
    }
    return json.dumps(report, indent=2) + "\n"


def _verdicts(run: Run, page: Callable[[Document], Page]) -> Iterator[dict[str, object]]:
    """What the live checks say; what fails or could not be checked stands among the findings as well."""
    live = [finding for finding in run.findings if finding.check and finding.check.is_live]
    verdicts: list[Finding | Holds] = [*run.held, *live]
    for verdict in verdicts:
        own = page(verdict.span.document)
        assert verdict.check is not None  # the engine completes every verdict
        unchecked = getattr(verdict, "unchecked", None)
        yield {
            "id": verdict.check.id,
            "name": verdict.check.name,
            "verdict": "holds" if unchecked is None else "unchecked" if unchecked else "fails",
            "message": own.hide(verdict.message),
            "location": _place(own, verdict.span),
        }


def _place(page: Page, span: Span) -> dict[str, object]:
    start, end = page.document.position(span.start), page.document.position(span.end)
    return {"path": page.path, "start": start._asdict(), "end": end._asdict()}


def _fix(fix: Fix, page: Page) -> dict[str, object] | None:
    """The fix as edits; none where it would have to write a secret, which no report may carry."""
    if page.hide(fix.replacement) != fix.replacement:
        return None
    edit = {"location": _place(page, fix.span), "replacement": fix.replacement}
    return {"title": page.hide(fix.title), "edits": [edit]}


def _fingerprint(finding: Finding, page: Page, seen: dict[tuple[str, str], int]) -> str:
    """16 hexadecimal digits that stay the same when lines move or folders are renamed.

    They come from the check, the file's name, the JSON pointer and the marked text. `seen` counts how often a file has
    had the same; from the second time on the number is mixed in.
    """
    import hashlib

    assert finding.check is not None
    span = finding.span
    name = page.path.replace("\\", "/").rpartition("/")[2]
    key = "\0".join((finding.check.id, name, page.hide(finding.pointer), page.between(span.start, span.end)))
    number = seen[page.path, key] = seen.get((page.path, key), 0) + 1
    if number > 1:
        key += f"\0{number}"
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
