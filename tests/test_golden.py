"""Whole templates of our own, each beside what aiblint says of it: read the difference when it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiblint import cli
from tests.golden import golden

CORPUS = Path(__file__).parent / "corpus"
EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize(
    "template", [*sorted(CORPUS.glob("*.json")), *sorted(EXAMPLES.glob("*.json"))], ids=lambda path: path.stem
)
def test_output(template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(template.parent)
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert cli.main([template.name]) == 1
    shown = capsys.readouterr().out
    assert shown == golden(f"{template.stem}.out", shown)
