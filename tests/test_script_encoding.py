"""What a File step brings: line ends of Windows in a shell script that a later step runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiblint import engine
from aiblint.settings import Settings
from tests.test_cases import template


def _found(folder: Path, data: bytes, run: str) -> list[str]:
    (folder / "setup.sh").write_bytes(data)
    whole = template({"shell": run}, run)
    step = {"type": "File", "name": "Bring", "sourceUri": "./setup.sh", "destination": "/tmp/setup.sh"}
    whole["properties"]["customize"].insert(0, step)  # type: ignore[index]
    settings = Settings(select=("script-encoding",), show_info=True)
    outcome = engine.lint_bytes(str(folder / "template.json"), json.dumps(whole).encode(), settings, {})
    assert not outcome.broken
    return [finding.message for finding in outcome.findings]


def test_carriage_returns_in_what_a_file_step_brings(tmp_path: Path) -> None:
    found = _found(tmp_path, b"#!/bin/bash\r\nls\r\n", "chmod +x /tmp/setup.sh\nsudo /tmp/setup.sh")
    assert found == ["the shell script that step `Bring` brings has line ends of Windows, and step `Work` runs it"]


@pytest.mark.parametrize(
    ("data", "run"),
    [
        (b"#!/bin/bash\nls\n", "sudo bash /tmp/setup.sh"),
        (b"#!/bin/bash\r\nls\r\n", "sed -i 's/\\r$//' /tmp/setup.sh\nsudo bash /tmp/setup.sh"),
        (b"#!/bin/bash\r\nls\r\n", "dos2unix /tmp/setup.sh && sudo bash /tmp/setup.sh"),
        (b"#!/bin/bash\r\nls\r\n", "sudo cp /tmp/setup.sh /opt/x"),
    ],
)
def test_no_harm(tmp_path: Path, data: bytes, run: str) -> None:
    assert _found(tmp_path, data, run) == []


def test_utf_16_is_no_shell_script(tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_bytes("#!/bin/bash\nls\n".encode("utf-16"))
    failures: list[str] = []
    data = (tmp_path / "x.sh").read_bytes()
    outcome = engine.lint_script("x.sh", data, Settings(select=("script-encoding",)), failures)
    assert [finding.severity for finding in outcome.findings] == ["error"]
