"""Real templates from the public, beside the checkout in `../shared/corpus`: never a crash, and a verdict on each."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from aiblint import engine, recognise
from aiblint.settings import Settings

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is not here")


def _manifest() -> list[tuple[str, str]]:
    if not CORPUS.exists():
        return []
    with open(CORPUS / "MANIFEST.tsv", encoding="utf-8") as file:
        return [(row["file"], row["kind"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _lint(name: str) -> engine.Outcome:
    path = CORPUS / name
    return engine.lint_bytes(str(path), path.read_bytes(), Settings(show_info=True), {})


@pytest.mark.parametrize("kind", ["deployment", "standalone", "restbody"])
def test_every_template_is_recognised(kind: str) -> None:
    names = [name for name, its in _manifest() if its == kind]
    assert names
    for name in names:
        assert recognise.may_hold_template((CORPUS / name).read_bytes()), name
        outcome = _lint(name)
        assert outcome.broken == (), name
        assert outcome.seen, name
        for finding in outcome.findings:
            assert 0 <= finding.span.start < finding.span.end <= len(finding.span.document.text), (name, finding)


def test_parameter_files_are_passed_over() -> None:
    for name, kind in _manifest():
        if kind == "parameters":
            outcome = _lint(name)
            assert outcome == engine.Outcome(), name


def test_broken_templates_get_a_syntax_finding_and_more() -> None:
    names = [name for name, kind in _manifest() if kind == "broken"]
    assert names
    # Only a string of several lines offends strict parsers there, and the Azure CLI takes those.
    names.remove("broken/047.json")
    for name in names:
        outcome = _lint(name)
        assert outcome.broken == (), name
        found = {finding.check.name for finding in outcome.findings if finding.check}
        assert found & {"syntax-error", "trailing-comma", "unresolved-placeholder", "duplicate-key"}, name


def test_every_script_parses(capsys: pytest.CaptureFixture[str]) -> None:
    """The share of nodes that the grammars cannot make out; one template has a quote too many (REVIEW.md)."""
    from aiblint.script.build import build
    from aiblint.script.grammar import parse
    from aiblint.script.reading import Source
    from aiblint.source.reader import read
    from aiblint.surroundings import Surroundings

    scripts = nodes = broken = 0
    for name, kind in _manifest():
        if kind not in ("deployment", "standalone", "restbody"):
            continue
        subjects = engine.understand(read(name, (CORPUS / name).read_bytes()), None, {})
        for template in subjects.templates if subjects is not None else ():
            for script in build(template, Surroundings("", "")).scripts:
                tree = parse(
                    script.language, Source(script.language, script.text, lambda start, end: (start, end)).data
                )
                assert tree is not None
                scripts += 1
                pending = [tree.root_node]
                while pending:
                    node = pending.pop()
                    nodes += 1
                    broken += node.type == "ERROR" or node.is_missing
                    pending += node.children
    with capsys.disabled():
        print(f" {scripts} scripts, {nodes} nodes, {broken} errors ({broken / nodes:.3%})", end=" ")
    assert scripts > 300
    assert broken <= 3
