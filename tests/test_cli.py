"""The command line: arguments, exit status, streams."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiblint import __version__, cli
from aiblint.finding import Check
from aiblint.report import catalogue
from aiblint.run import Run, Seen
from aiblint.settings import Settings
from aiblint.source.document import Document
from tests.golden import golden
from tests.reports import check, finding, place, run
from tests.templates import resource

DOCUMENT = Document("a.json", "marked")
AT = place(DOCUMENT, "marked")
ERROR = finding(AT, made_by=check("AIB401", "interactive-install"))
WARNING = finding(AT, made_by=check("AIB402", "silent-curl-failure", "warning"))
INFO = finding(AT, made_by=check("AIB403", "old-shell", "info"))
SEEN = Seen("a.json", "request body", "2024-02-01", False)


def explained(_: Document) -> Any:
    """
    ## What it does
    Looks for installs that ask. They wait
    for an answer: `apt-get install`, say.

    ## Why it matters
    The build hangs.

    ## Bad
    ```json
    "inline": ["«apt-get install nginx»"]
    ```

    ## Good
    ```json
    "inline": [
      "apt-get install -y nginx"
    ]
    ```
    ```json windows
    "inline": []
    ```
    """


CHECKS = (
    Check("AIB401", "interactive-install", "error", ("https://example.invalid/shell",), ("Document",), explained),
    check("AIB402", "silent-curl-failure", "warning"),
    check("AIB001", "syntax-error"),
)


class Asked:
    """An engine that notes what it is asked for and answers with `answer`."""

    def __init__(self) -> None:
        self.answer = run(templates=(SEEN,))
        self.paths: list[str] = []
        self.settings = Settings()
        self.parameters: tuple[str, ...] = ()
        self.stdin: tuple[str, bytes] | None = None

    def lint(
        self,
        paths: list[str],
        settings: Settings,
        parameters: tuple[str, ...],
        stdin: tuple[str, bytes] | None,
        live: object,
    ) -> Run:
        assert live is None
        self.paths, self.settings, self.parameters, self.stdin = list(paths), settings, parameters, stdin
        return self.answer


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The engine's place is taken; the current folder is an empty repository; nothing asks for colour."""
    engine = Asked()
    monkeypatch.setattr("aiblint.engine.lint", engine.lint)
    monkeypatch.setattr("aiblint.engine.load_checks", lambda parts=None: CHECKS)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return engine


# -- exit status -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "options", "status"),
    [
        ((), [], 0),
        ((ERROR,), [], 1),
        ((WARNING,), [], 1),
        ((INFO,), ["--show-info"], 0),
        ((WARNING,), ["--fail-on", "error"], 0),
        ((WARNING, ERROR), ["--fail-on", "error"], 1),
        ((INFO,), ["--fail-on", "info"], 1),
    ],
)
def test_status_of_findings(asked: Asked, findings: Any, options: list[str], status: int) -> None:
    asked.answer = run(*findings, templates=(SEEN,))
    assert cli.main([*options, "a.json"]) == status


def test_a_failure_is_status_2_and_hides_nothing(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.answer = run(ERROR, templates=(SEEN,))._replace(failures=("b.json: permission denied", "c\x1b.json: gone"))
    assert cli.main(["--output", "concise", "a.json", "b.json"]) == 2
    output = capsys.readouterr()
    assert output.out == "a.json:1:1: error AIB401 this is wrong [interactive-install]\n"
    assert output.err == "aiblint: b.json: permission denied\naiblint: c␛.json: gone\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--output", "xml"], "argument --output: invalid choice: 'xml'"),
        (["--fail-on", "never"], "argument --fail-on: invalid choice: 'never'"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["--sel", "AIB4"], "unrecognized arguments: --sel"),
        (["--select"], "argument --select: expected one argument"),
        (["--select", ","], "--select: it takes the ids or names of checks"),
        (["--select", "AIB404"], "--select: no check is called `AIB404`, did you mean `AIB40"),
        (["--ignore", "AIB401,interactive-instal"], "`interactive-instal`, did you mean `interactive-install`?"),
        (["--api-version", "2024-02-02"], "Image Builder has no API version `2024-02-02`, did you mean `2024-02-01`"),
        (["--api-version", "latest"], "--api-version: Image Builder has no API version `latest`, the newest is `20"),
        (["--config", "missing.toml"], "missing.toml: no such file or directory"),
        (["--stdin-filename", "a.json", "b.json"], "--stdin-filename goes with -"),
        (["explain"], "the following arguments are required: ID (see `aiblint explain --help`)"),
        (["explain", "AIB40"], "no check is called `AIB40`, did you mean `AIB40"),
        (["explain", "silent-curl"], "no check is called `silent-curl`, did you mean `silent-curl-failure`?"),
        (["rules", "--output", "concise"], "argument --output: invalid choice: 'concise'"),
    ],
)  # fmt: skip
def test_bad_usage_is_one_line_and_status_2(
    asked: Asked, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert cli.main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("aiblint: ")
    assert expected in output.err
    assert output.err.count("\n") == 1
    assert asked.paths == []


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"aiblint {__version__}\n"
    assert cli.main(["--help"]) == 0
    help_text = capsys.readouterr().out
    for option in (
        "--output",
        "--select",
        "--fail-on",
        "--parameters",
        "--stdin-filename",
        "aiblint explain ID",
        "exit status",
    ):
        assert option in help_text


# -- what the engine is asked ------------------------------------------------------------------------------------------


def test_paths_and_parameters(asked: Asked) -> None:
    cli.main([])
    assert (asked.paths, asked.settings, asked.parameters, asked.stdin) == (["."], Settings(), (), None)
    cli.main(["a.json", "--parameters", "p.json", "b", "--parameters=size=30"])
    assert (asked.paths, asked.parameters) == (["a.json", "b"], ("p.json", "size=30"))


@pytest.mark.parametrize(
    ("arguments", "name", "paths"),
    [
        (["-"], "-", []),
        (["-", "--stdin-filename", "x/a.json"], "x/a.json", []),
        (["--stdin-filename", "a.json"], "a.json", []),
        (["-", "b.json"], "-", ["b.json"]),
    ],
)
def test_standard_input(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, arguments: list[str], name: str, paths: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff{}\r\n")))
    assert cli.main(arguments) == 0
    assert (asked.stdin, asked.paths) == ((name, b"\xff{}\r\n"), paths)


def test_options_win_over_the_configuration(asked: Asked, tmp_path: Path) -> None:
    file = tmp_path / ".aiblint.toml"
    file.write_text(
        'select = ["AIB4"]\nignore = ["AIB402"]\nfail-on = "error"\napi-version = "2022-07-01"', encoding="utf-8"
    )
    configured = Settings(
        select=("AIB4",),
        ignore=("AIB402",),
        fail_on="error",
        api_version="2022-07-01",
        folder=str(tmp_path),
        file=str(file),
    )
    cli.main([])
    assert asked.settings == configured
    cli.main(["--ignore", "AIB001, syntax-error", "--ignore=AIB0"])
    assert asked.settings == configured._replace(ignore=("AIB402", "AIB001", "syntax-error", "AIB0"))
    cli.main(["--select=AIB0,AIB402", "--ignore=AIB001"])
    assert asked.settings == configured._replace(select=("AIB0", "AIB402"), ignore=("AIB001",))
    cli.main(["--fail-on=warning", "--show-info", "--api-version=2024-02-01", "--force-exclude"])
    assert asked.settings == configured._replace(
        fail_on="warning", show_info=True, api_version="2024-02-01", force_exclude=True
    )
    cli.main(["--fail-on=info"])
    assert asked.settings.show_info


def test_the_configuration_is_the_nearest_to_all_paths(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / ".aiblint.toml").write_text("show-info = true", encoding="utf-8")
    cli.main(["a/b/x.json", "a/b"])
    assert asked.settings.show_info
    cli.main(["a/b/x.json", "y.json"])
    assert not asked.settings.show_info
    cli.main(["--config", "a/.aiblint.toml", "y.json"])
    assert asked.settings.show_info


@pytest.mark.parametrize("text", ['select = ["AIB9"]', 'ignore = ["AIB9"]', 'per-file-ignores = {"*" = ["AIB9"]}'])
def test_unknown_checks_in_the_configuration(
    asked: Asked, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / ".aiblint.toml").write_text(text, encoding="utf-8")
    assert cli.main([]) == 2
    line = f"aiblint: {tmp_path / '.aiblint.toml'}: `{text.split(' =')[0]}`: no check is called `AIB9`"
    assert capsys.readouterr().err.startswith(line)


# -- output ------------------------------------------------------------------------------------------------------------


def test_formats(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    asked.answer = run(WARNING, templates=(SEEN,))
    cli.main(["a.json"])
    assert "  | ^^^^^^\n" in capsys.readouterr().out
    cli.main(["--output=json", "a.json"])
    assert json.loads(capsys.readouterr().out)["summary"]["warnings"] == 1


@pytest.mark.parametrize(
    ("environment", "terminal", "coloured"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colour(
    asked: Asked,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    terminal: bool,
    coloured: bool,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    asked.answer = run(ERROR, templates=(SEEN,))
    cli.main(["a.json"])
    assert ("\x1b[" in capsys.readouterr().out) is coloured
    cli.main(["--output=concise", "a.json"])
    assert "\x1b[" not in capsys.readouterr().out


# -- the catalogue -----------------------------------------------------------------------------------------------------


def test_rules(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    table = capsys.readouterr().out
    assert table == golden("rules.txt", table)
    assert cli.main(["rules", "--output", "json"]) == 0
    rules = json.loads(capsys.readouterr().out)["rules"]
    assert [rule["id"] for rule in rules] == ["AIB001", "AIB401", "AIB402"]
    documentation = rules[1].pop("documentation")
    assert rules[1] == {
        "id": "AIB401",
        "name": "interactive-install",
        "severity": "error",
        "band": "AIB4xx",
        "summary": "Looks for installs that ask",
        "sources": ["https://example.invalid/shell"],
    }
    assert documentation.startswith("## What it does\nLooks for")


def test_rules_fit_into_a_terminal() -> None:
    for line in catalogue.table(CHECKS, width=60).splitlines():
        assert len(line) <= 60
    assert "error    Looks for install...\n" in catalogue.table(CHECKS, width=60)


@pytest.mark.parametrize("wanted", ["AIB401", "aib401", "interactive-install"])
def test_explain(asked: Asked, capsys: pytest.CaptureFixture[str], wanted: str) -> None:
    assert cli.main(["explain", wanted]) == 0
    page = capsys.readouterr().out
    assert page == golden("explain.txt", page)


def test_a_file_may_be_called_like_a_command(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("{}", encoding="utf-8")
    assert cli.main(["rules"]) == 0
    assert asked.paths == ["rules"]


# -- as a process ------------------------------------------------------------------------------------------------------


def process(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "aiblint.cli", *arguments],
        input=stdin, capture_output=True, env={**os.environ, **environment}, check=False, timeout=60,
    )  # fmt: skip


BODY = """{"location": "westeurope", "identity": {"type": "UserAssigned", "userAssignedIdentities": {"%s": {}}},
"properties": {"source": {"type": "PlatformImage"}, "distribute": [], "tags": {"ü": 1}, "tags": {}}}"""


def test_output_is_utf_8_whatever_the_locale() -> None:
    done = process("-", "--stdin-filename", "ü.json", stdin=BODY.encode(), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("ü.json:".encode())


def test_bad_bytes_are_no_crash() -> None:
    for data in (b"", b"\xff\xfe\x00", b'{"distribute"', BODY.encode("utf-16"), b'{"distribute":' * 5000):
        done = process("-", stdin=data)
        assert done.returncode in (0, 1, 2)
        assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no broken pipes of this sort")
def test_a_reader_that_goes_away_is_no_crash() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "aiblint.cli", "rules"], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, b"")


def test_a_bug_is_status_2_and_shows_nothing_of_the_template(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Run:
        raise KeyError("password")

    monkeypatch.setattr("aiblint.engine.lint", broken)
    monkeypatch.setattr(sys, "argv", ["aiblint", "a.json"])
    monkeypatch.delenv("AIBLINT_RAISE", raising=False)
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as left:
        cli.run()
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("aiblint: stopped by a bug of its own (KeyError at tests/test_cli.py:")
    assert "password" not in error


def test_an_interruption_is_130(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Run:
        raise KeyboardInterrupt

    monkeypatch.setattr("aiblint.engine.lint", interrupted)
    monkeypatch.setattr(sys, "argv", ["aiblint", "a.json"])
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as left:
        cli.run()
    assert left.value.code == 130


def test_all_of_a_report_arrives_in_a_pipe(tmp_path: Path) -> None:
    """The process leaves without taking Python down: nothing may be left in a buffer."""
    steps = [{"type": "Shell", "name": f"step {n}"} for n in range(3000)]
    body = {"properties": {"source": {}, "customize": steps, "distribute": []}}
    (tmp_path / "a.json").write_text(json.dumps(body))
    command = [sys.executable, "-m", "aiblint", "--output", "concise", "a.json"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert sum("[no-script]" in line for line in done.stdout.splitlines()) == 3000
    assert done.stdout.endswith("]\n")


def test_a_start_imports_no_more_than_it_needs() -> None:
    show = "import sys; from aiblint import cli; cli.main({}); print(' '.join(sys.modules))"
    heavy = {
        "aiblint.source.reader",
        "aiblint.checks",
        "jsonschema",
        "pathspec",
        "tomllib",
        "difflib",
        "hashlib",
        "dataclasses",
    }
    for arguments in (["--version"], ["--output", "xml"]):
        loaded = subprocess.run(
            [sys.executable, "-c", show.format(arguments)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert "aiblint.cli" in loaded
        assert heavy.isdisjoint(loaded)
        assert "aiblint.engine" not in loaded


SHELL = {"type": "Shell", "name": "Greet", "inline": ["echo hello"]}
POWERSHELL = {"type": "PowerShell", "name": "Greet", "inline": ["Write-Output hello"]}
FILE = {"type": "File", "name": "Copy", "sourceUri": "https://example.com/a.json", "destination": "/tmp/a.json"}


@pytest.mark.parametrize(
    ("step", "reads"),
    [
        (FILE, set()),
        (SHELL, {"aiblint.script.shell", "aiblint.checks.shell", "aiblint.checks.scripts"}),
        (POWERSHELL, {"aiblint.script.powershell", "aiblint.checks.windows", "aiblint.checks.scripts"}),
    ],
)
def test_scripts_are_paid_for_by_those_who_have_some(step: dict[str, object], reads: set[str], tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps(resource({"customize": [step]})))
    show = f"import sys; from aiblint import cli; cli.main([{str(template)!r}]); print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    watched = {"aiblint.script.shell", "aiblint.script.powershell", "aiblint.checks.shell", "aiblint.checks.windows",
               "aiblint.checks.scripts", "aiblint.checks.live", "aiblint.azure", "azure", "tomllib"}  # fmt: skip
    assert loaded & watched == reads
