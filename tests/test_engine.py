"""From bytes to findings and an exit status: what a whole run does with a real template."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiblint import cli, engine
from aiblint.finding import Check, Finding
from aiblint.settings import Settings
from aiblint.source.document import Span
from tests.templates import TYPE, deployment, findings, marked, marks, name, related, resource, templates

# One error, one warning and one hint, each for a reason of its own.
WRONG = deployment(
    resource(
        {
            "buildTimeoutInMinutes": 5000,
            "customize": [
                {"type": "Shell", "name": "Greet", "inline": ["echo hello"]},
                {"type": "Shell", "name": "Greet", "inline": ["echo again"]},
            ],
        },
        apiVersion="2024-02-01",
    )
)


def run(*arguments: str) -> int:
    return cli.main([*arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The names of the checks in a concise report."""
    return re.findall(r"\[([a-z-]+)\]$", capsys.readouterr().out, re.MULTILINE)


# -- selection and exit status -----------------------------------------------------------------------------------------


def test_what_is_wrong_with_the_example() -> None:
    severities = {name(one): one.severity for one in findings(WRONG)}
    assert severities == {"build-timeout-range": "error", "duplicate-step-name": "warning"}


@pytest.mark.parametrize(
    ("options", "status", "names"),
    [
        ([], cli.FOUND, ["build-timeout-range", "duplicate-step-name"]),
        (["--fail-on", "error"], cli.FOUND, ["build-timeout-range", "duplicate-step-name"]),
        (["--select", "AIB220"], cli.FOUND, ["build-timeout-range"]),
    ],
)
def test_options(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], status: int, names: list[str]
) -> None:
    (folder / "image.json").write_text(WRONG)
    assert run("--output", "concise", *options) == status
    assert found(capsys) == names
