"""Each check's page is its test: a Bad example gives exactly its finding at the marked place, a Good one nothing."""

from __future__ import annotations

import re

import pytest

from aiblint import engine
from aiblint.finding import SEVERITIES, Check, Finding
from aiblint.settings import Settings
from tests.examples import Example, examples, page

# A page of JSON can show neither bytes that are no text, a file of four megabytes, nor one beside it in a repository:
# test_file_checks.py does, and tests/cases for script files.
NOT_SHOWN = ("undecodable-text", "file-limits", "stale-checksum", "broken-shebang")

CHECKS = engine.load_checks()
EXAMPLES = [example for check in CHECKS for example in examples(check)]


def _findings(example: Example) -> list[Finding]:
    outcome = engine.lint_bytes("template.json", example.text.encode(), Settings(), {})
    assert not outcome.broken
    return [f for f in outcome.findings if f.severity != "info" or f.check is example.check]


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{e.check.id}-{e.kind}-{n}" for n, e in enumerate(EXAMPLES)])
def test_example(example: Example) -> None:
    found = [(f.check.name if f.check else "", f.message, f.span.start, f.span.end) for f in _findings(example)]
    if example.kind == "Good":
        assert found == [], example.text
    else:
        assert [name for name, *_ in found] == [example.check.name], f"{found}\n{example.text}"
        assert example.text[found[0][2] : found[0][3]] == example.text[example.start : example.end], found
        assert found[0][2:] == (example.start, example.end)


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_page(check: Check) -> None:
    text = page(check)
    headings = re.findall(r"^## (.*)$", text, re.M)
    assert headings == ["What it does", "Why it matters", "Bad", "Good"]
    kinds = [example.kind for example in examples(check)]
    # What a live check says depends on what is in Azure: tests/azure shows each of its verdicts.
    shown = check.is_live or ("Good" in kinds and ("Bad" in kinds) == (check.name not in NOT_SHOWN))
    assert shown, "a page needs an example of each kind"
    assert check.severity in SEVERITIES
    assert re.fullmatch(r"AIB[0-9]{3}", check.id) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", check.name)
    assert check.sources and all(source.startswith("https://") for source in check.sources)


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_message(check: Check) -> None:
    """One lowercase sentence without a full stop, with a help; the shape that every finding keeps."""
    for example in examples(check):
        for finding in _findings(example):
            for text in (finding.message, finding.help, *finding.notes):
                assert not text.endswith(".") and "\n" not in text and text == text.strip()
                assert (
                    text[:1] == text[:1].lower()
                    or not text[:1].isalpha()
                    or text.split()[0].isupper()
                    or text[1:2].isupper()
                )
            assert finding.help


def test_ids_and_names_are_unique_and_in_order() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted(set(ids))
    assert len({check.name for check in CHECKS}) == len(CHECKS)
