"""The text and the concise report."""

from __future__ import annotations

import re

import pytest

from aiblint import cli
from aiblint.finding import Related
from aiblint.report import concise, text
from aiblint.run import Run, Seen
from aiblint.source.document import Document, Span
from aiblint.source.reader import read_text
from tests.golden import golden
from tests.reports import SAS, SIGNATURE, TEXT, check, example, finding, place, run

ANSI = re.compile(r"\x1b\[[0-9;]*m")
FROZEN = re.compile(r"^[^:\n]+:[0-9]+:[0-9]+: (?:error|warning|info) AIB[0-9]{3} .+ \[[a-z0-9-]+\]$", re.M)


def test_text() -> None:
    report = text.render(example())
    assert report == golden("report.txt", report)


def test_narrow_text() -> None:
    report = text.render(example(), width=72)
    assert report == golden("report-narrow.txt", report)


def test_concise() -> None:
    report = concise.render(example())
    assert report == golden("report-concise.txt", report)
    assert len(FROZEN.findall(report)) == len(report.splitlines()) == len(example().findings)


def test_first_lines_are_the_same_in_both() -> None:
    assert FROZEN.findall(text.render(example(), width=60)) == concise.render(example()).splitlines()


def test_colour_changes_nothing_else() -> None:
    coloured = text.render(example(), colour=True)
    assert ANSI.search(coloured)
    assert ANSI.sub("", coloured) == text.render(example())


@pytest.mark.parametrize(
    "marked", [SIGNATURE, SIGNATURE[5:9], f"sig={SIGNATURE}&se", SIGNATURE[-1] + "&se", SAS, "&se=2030"]
)
def test_no_secret_is_shown(marked: str) -> None:
    document = read_text(f"{SAS}.json", TEXT)
    at = place(document, marked)
    found = finding(at, f"wrong: {SAS}", help=SAS, notes=(SAS,))
    report = text.render(run(found)) + concise.render(run(found))
    assert SIGNATURE not in report
    assert not any(SIGNATURE[n : n + 8] in report for n in range(len(SIGNATURE) - 8))
    assert "^" in report


def test_a_secret_that_only_its_place_betrays_is_hidden_in_messages() -> None:
    document = read_text("a.json", '{"adminPassword": "Tr0ub\\u0026dor", "other": "Tr0ub"}')
    at = place(document, "dor")
    for said in ("Tr0ub&dor", "Tr0ub\\u0026dor"):
        report = text.render(
            run(finding(at, f"`{said}` is bad", help=said, notes=(said,), related=(Related(at, said),)))
        )
        assert "`***` is bad" in report
        assert "dor" not in report
        assert '"other": "Tr0ub"' in report


def test_what_stands_behind_a_secret_is_underlined() -> None:
    document = read_text("a.json", TEXT)
    assert _underlined(text.render(run(finding(place(document, "| tar xz"))))) == "| tar xz"


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("before", [0, 3, 40, 119, 500])
@pytest.mark.parametrize("after", [0, 3, 40, 119, 500])
@pytest.mark.parametrize("length", [1, 30, 300])
def test_underline_in_long_lines(width: int, before: int, after: int, length: int) -> None:
    marked = ("marked " * 50)[:length]
    document = Document("a.json", "-" * before + marked + "+" * after)
    report = text.render(run(finding(Span(before, before + length, document))), width=width)
    shown = _underlined(report)
    assert shown
    assert shown == marked or (length > width // 2 and marked.startswith(shown) and len(shown) > width // 3)
    assert all(len(line) <= width for line in report.splitlines() if re.match(r" *[0-9]* \|", line))


def test_wide_and_combining_characters() -> None:
    report = text.render(run(finding(place(Document("a.json", "x 日本 e\u0301 marked"), "日本 e\u0301"))))
    assert report.splitlines()[2:4] == ["1 | x 日本 e\u0301 marked", "  |   ^^^^^^"]


def test_a_tab_is_one_column() -> None:
    report = text.render(run(finding(place(Document("a.json", "\t\tmarked"), "marked"))))
    assert report.startswith("a.json:1:3: ")
    assert report.splitlines()[2:4] == ["1 |   marked", "  |   ^^^^^^"]


def test_nothing_but_text_reaches_the_terminal() -> None:
    hostile = "\x1b]0;title\x07 \x9b31m \u202e \u2028 \x7f \r x"
    document = Document(f"{hostile}.json", f"a {hostile} marked")
    found = finding(place(document, "marked"), hostile, help=hostile, notes=(hostile,))
    report = text.render(run(found, templates=(Seen(hostile, "request body", "2024-02-01", True),))) + concise.render(
        run(found)
    )
    assert all(line.isprintable() for line in report.split("\n"))
    assert "␛]0;title␇ \\x9b31m \\u202e \\u2028 ␡" in report
    # What is written out takes more columns than it took characters.
    assert _underlined(text.render(run(finding(place(Document("a", "\u202e\x9b marked"), "marked"))))) == "marked"


def test_something_over_several_lines_shows_its_first_line() -> None:
    document = read_text("a.json", '{\n  "a": {\n    "b": 1\n  }\n}\n')
    report = text.render(run(finding(place(document, '{\n    "b": 1\n  }'))))
    assert report.splitlines()[1:4] == ["  |", '2 |   "a": {', "  |        ^"]


@pytest.mark.parametrize("content", ["", "\n", "abc", "abc\n", "abc\r\n"])
def test_the_end_of_the_file_can_be_marked(content: str) -> None:
    document = Document("a.json", content)
    assert "^" in text.render(run(finding(Span(len(content), len(content), document))))


def test_lines_between_two_marks() -> None:
    document = Document("a.json", "one\ntwo\nthree\nfour\nfive\nsix\n")

    def frame(first: str, second: str) -> list[str]:
        found = finding(place(document, second), related=(Related(place(document, first), "before"),))
        return text.render(run(found)).split("\n\n")[0].splitlines()[2:]

    assert frame("one", "two") == ["1 | one", "  | --- before", "2 | two", "  | ^^^"]
    assert frame("one", "three") == ["1 | one", "  | --- before", "2 | two", "3 | three", "  | ^^^^^"]
    assert frame("one", "four") == ["1 | one", "  | --- before", "...", "4 | four", "  | ^^^^"]


ONE = Seen("a.json", "ARM deployment template", "2024-02-01", False)
OTHER = Seen("b.json", "request body", "2025-10-01", True)
DOCUMENT = Document("a.json", "{}")
FOUND = finding(Span(0, 2, DOCUMENT))
WARNED = finding(Span(0, 2, DOCUMENT), made_by=check(severity="warning"))
HINTED = finding(Span(0, 2, DOCUMENT), made_by=check(severity="info"))


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (run(templates=(ONE,)), "no problems in 1 image template (ARM deployment template, API version 2024-02-01)"),
        (run(templates=(ONE, OTHER, OTHER), files=7), "no problems in 3 image templates"),
        (run(templates=(ONE, ONE), hidden=1), "no problems in 2 image templates (1 hint hidden, --show-info shows it)"),
        (
            run(templates=(ONE, ONE), hidden=4),
            "no problems in 2 image templates (4 hints hidden, --show-info shows them)",
        ),
        (run(templates=(ONE, ONE), suppressed=2), "no problems in 2 image templates (2 suppressed)"),
        (run(FOUND, FOUND, WARNED, templates=(ONE, ONE)), "2 errors, 1 warning in 2 image templates"),
        (run(WARNED, HINTED, HINTED, templates=(ONE, ONE)), "1 warning, 2 hints in 2 image templates"),
        (run(FOUND), "1 error in 1 file"),
        (run(FOUND, templates=(OTHER._replace(assumed=False),) * 2), "1 error in 2 image templates and 1 other file"),
        (run(files=12), "no image template in 12 files"),
        (run(files=0), "no image template in 0 files"),
    ],
)
def test_summary(of: Run, expected: str) -> None:
    assert text.render(of).splitlines()[-1] == expected


def test_nothing_is_said_of_files_that_could_not_be_read() -> None:
    assert text.render(run(files=0)._replace(failures=("a.json: no such file or directory",))) == ""


def test_assumed_api_version_is_said_once() -> None:
    one = text.render(run(templates=(ONE, OTHER)))
    assert one.splitlines()[0] == (
        "note: b.json does not say its API version; the newest, 2025-10-01, was assumed (--api-version sets it)"
    )
    two = text.render(run(templates=(ONE, OTHER, OTHER)))
    assert two.splitlines()[0].startswith(
        "note: 2 image templates do not say their API version; the newest, 2025-10-01"
    )
    assert "note:" not in text.render(run(templates=(ONE,)))


def _underlined(report: str) -> str:
    """The characters above the first row of carets (of lines without wide characters)."""
    lines = report.splitlines()
    number = next(n for n, line in enumerate(lines) if re.fullmatch(r" *\| *\^+", line))
    start = lines[number].index("^")
    return lines[number - 1][start : start + lines[number].count("^")]


def test_the_default_of_a_secure_parameter_is_a_secret_whatever_it_looks_like(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    template = """{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "vmAccess": {"type": "securestring", "defaultValue": "plainword"},
    "more": {"type": "secureObject", "defaultValue": {"first": "otherword"}}
  },
  "resources": [{"type": "Microsoft.VirtualMachineImages/imageTemplates", "apiVersion": "2024-02-01", "name": "x"}]
}"""
    (tmp_path / "template.json").write_text(template)
    for output in ("text", "concise", "json"):
        assert cli.main(["--output", output, str(tmp_path / "template.json")]) == 1
        shown = capsys.readouterr().out
        assert "AIB609" in shown
        assert "plainword" not in shown
        assert "otherword" not in shown
