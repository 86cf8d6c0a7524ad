"""A run made by hand, for the tests of the reports: every kind of place and text that a report has to show."""

from __future__ import annotations

from aiblint.finding import Check, Finding, Related
from aiblint.run import Run, Seen
from aiblint.source.document import Document, Span
from aiblint.source.reader import read_text

SIGNATURE = "abcdEFGH1234567890abcdEFGH1234567890abcdEFG%3D"
SAS = f"https://account.blob.core.windows.net/tools/agent.tar.gz?sv=2023-11-03&sp=r&sig={SIGNATURE}&se=2030-01-01"

TEXT = f"""\
{{
  "type": "Microsoft.VirtualMachineImages/imageTemplates",
  "properties": {{
    "customize": [
      {{
        "type": "Shell",
        "name": "InstallTools",
        "inline": [
          "apt-get install nginx",
          "curl -fsSL '{SAS}' | tar xz -C /opt && /opt/agent/install.sh --quiet",
\t\t\t"echo 日本語 && apt-get install 日本語パッケージ"
        ],
        "type": "PowerShell"
      }}
    ]
  }}
}}
"""


def check(id: str = "AIB401", name: str = "interactive-install", severity: str = "error") -> Check:  # noqa: A002
    """A check that finds nothing."""
    return Check(id, name, severity, (f"https://example.invalid/{name}",), ("Document",), lambda _: iter(()))


def place(document: Document, text: str, number: int = 1) -> Span:
    """Where a text stands in a document for the `number`th time."""
    start = -1
    for _ in range(number):
        start = document.text.index(text, start + 1)
    return Span(start, start + len(text), document)


def finding(at: Span, message: str = "this is wrong", *, made_by: Check | None = None, **more: object) -> Finding:
    """A finding as the engine completes it."""
    made_by = made_by or check()
    return Finding(at, message, severity=made_by.severity, check=made_by, **more)  # type: ignore[arg-type]


def run(*findings: Finding, templates: tuple[Seen, ...] = (), **more: int) -> Run:
    """A run with these findings."""
    counts = {"files": 1, "hidden": 0, "suppressed": 0, "skipped": 0, **more}
    return Run(findings, templates, failures=(), **counts)


def example() -> Run:
    """A run with one finding of each sort."""
    document = read_text("templates/web.json", TEXT)
    values = read_text("templates/web.parameters.json", '{"parameters": {"size": {"value": 30}}}')
    return run(
        finding(
            place(document, "apt-get install nginx"),
            "`apt-get install` in step `InstallTools` waits for an answer that nobody gives",
            help="add `-y`",
            notes=(
                "the build hangs until `buildTimeoutInMinutes` is over, 4 hours unless set, then fails; nothing of it "
                "is kept, and every minute of the build VM has to be paid",
            ),
        ),
        finding(
            place(document, f"sig={SIGNATURE}"),
            f"`{SAS}` carries its own key",
            help="let the build VM's identity read the blob",
            made_by=check("AIB601", "sas-in-template"),
        ),
        finding(
            place(document, "/opt/agent/install.sh"),
            "nobody knows what `install.sh` does",
            made_by=check("AIB610", "unchecked-download", "warning"),
            related=(Related(place(document, "curl -fsSL"), "it comes from here"),),
        ),
        finding(place(document, "日本語パッケージ"), "wide", made_by=check("AIB499", "wide-characters", "info")),
        finding(
            place(document, '"type"', 3),
            "`type` is given twice, and only the last one counts",
            help="remove one of them",
            related=(
                Related(place(document, '"type"', 2), "first given here"),
                Related(place(values, "30"), "the value comes from here"),
            ),
            made_by=check("AIB003", "duplicate-key"),
        ),
        templates=(Seen("templates/web.json", "ARM deployment template", "2025-10-01", True),),
        hidden=4,
        suppressed=2,
    )
