"""The tables of programs: compiled as written, and every row with a command that fires and one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiblint.checks.tables import Row, compiled
from aiblint.checks.tables import __main__ as compiler

from tests.test_cases import Case, found

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found, no-redef]

FOLDER = Path(compiler.__file__).parent
FILES = sorted(FOLDER.glob("*.toml"))
ROWS = [
    (check, entry, path.stem)
    for path in FILES
    for check, entries in tomllib.loads(path.read_text(encoding="utf-8")).items()
    for entry in entries
]
IDS = [f"{check}-{entry['names'][0]}-{number}" for number, (check, entry, _) in enumerate(ROWS)]


def test_compiled_as_written() -> None:
    written = Path(str(compiled.__file__)).read_text(encoding="utf-8")
    assert written == compiler.compiled(), "python -m aiblint.checks.tables writes it anew"


@pytest.mark.parametrize(("check", "entry", "file"), ROWS, ids=IDS)
def test_row(check: str, entry: dict[str, object], file: str, tmp_path: Path) -> None:
    row = Row(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})  # type: ignore[arg-type]
    assert row.fires and row.passes, "a row needs a command that fires and one that does not"
    language = "shell" if file.startswith("linux") else "powershell"
    for command in row.fires:
        case: Case = {language: command}
        findings, _ = found(case, check, tmp_path)
        assert [f.check.name for f in findings if f.check] == [check], command
        assert not row.severity or findings[0].severity == row.severity
    for command in row.passes:
        findings, _ = found({language: command}, check, tmp_path)
        assert [f.message for f in findings] == [], command
