"""Write the pages of the checks, `docs/checks/`, from the checks themselves.

    python -m docs.generate

The message under each Bad example is what aiblint prints for it. A test compares the pages with what this would write.
"""

from __future__ import annotations

import os
import re

from aiblint import engine
from aiblint.finding import Check
from aiblint.report.catalogue import BANDS, summary
from aiblint.settings import Settings
from tests.examples import examples, page

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def pages() -> dict[str, str]:
    """The text of each page by its path below `docs/checks/`."""
    checks = engine.load_checks()
    return {"README.md": _index(checks), **{f"{check.id}.md": _page(check) for check in checks}}


def _index(checks: tuple[Check, ...]) -> str:
    lines = ["# The checks", "", "Made from the checks themselves by `python -m docs.generate`.", ""]
    band = ""
    for check in checks:
        if check.id[:4] != band:
            band = check.id[:4]
            lines += [
                "",
                f"## {band}xx: {BANDS[band]}",
                "",
                "| id | name | severity | what it looks for |",
                "|---|---|---|---|",
            ]
        what = summary(check).replace("|", "\\|")
        lines.append(f"| [{check.id}]({check.id}.md) | {check.name} | {check.severity} | {what} |")
    return "\n".join(lines) + "\n"


def _page(check: Check) -> str:
    bad = [example for example in examples(check) if example.kind == "Bad"]
    text = f"# {check.id} {check.name}\n\nSeverity: {check.severity}.\n\n" + page(check)
    head, mark, tail = text.partition("\n## Bad\n")
    body, good, rest = tail.partition("\n## Good\n")
    for example in bad:
        outcome = engine.lint_bytes("template.json", example.text.encode(), Settings(), {})
        finding = next(f for f in outcome.findings if f.check is check)
        says = [f"{finding.severity}: {finding.message}", f"  help: {finding.help}"]
        says += [f"  note: {note}" for note in finding.notes]
        block = re.search(r"```json(?!c)[^\n]*\n(.*?)```\n?", body, re.S)
        assert block is not None
        body = body[: block.start()] + _block(block[1], says) + body[block.end() :]
    if "«" in body:
        body = body.rstrip() + "\n\nThe finding marks what stands between « and ».\n"
    rest = re.sub(r"```json[^\n]*\n", "```jsonc\n", rest)
    sources = "\n".join(f"- <{source}>" for source in check.sources)
    return f"{head}{mark}{body}{good}{rest}\n\n## References\n\n{sources}\n".replace("\n\n\n", "\n\n")


def _block(code: str, says: list[str]) -> str:
    # The marks below keep this block from being found again for the next example.
    return "```jsonc\n" + code + "```\n\n```text\n" + "\n".join(says) + "\n```\n"


def main() -> None:
    """Write all pages, and remove those of checks that are gone."""
    folder = os.path.join(ROOT, "docs", "checks")
    os.makedirs(folder, exist_ok=True)
    wanted = pages()
    for name in os.listdir(folder):
        if name not in wanted:
            os.remove(os.path.join(folder, name))
    for name, text in wanted.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


if __name__ == "__main__":
    main()
