"""One line for each finding and nothing else: for grep, and for editors that read lines.

The form of the line is frozen: `path:line:column: severity AIB401 message [interactive-install]`.
"""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING
from aiblint.report import pages, visible

if TYPE_CHECKING:
    from aiblint.finding import Finding
    from aiblint.report import Page
    from aiblint.run import Run


def render(run: Run) -> str:
    """The findings of a run, one line each; empty where there are none."""
    page = pages()
    return "".join("{}: {} {} [{}]\n".format(*words(finding, page(finding.span.document))) for finding in run.findings)


def words(finding: Finding, page: Page) -> tuple[str, str, str, str]:
    """What the line of a finding consists of: place, severity and id, message, name of the check."""
    assert finding.check is not None  # the engine completes every finding
    span = finding.span
    line, column = span.document.position(span.start)
    place = f"{visible(page.path)}:{line}:{column}"
    return place, f"{finding.severity} {finding.check.id}", visible(page.hide(finding.message)), finding.check.name
