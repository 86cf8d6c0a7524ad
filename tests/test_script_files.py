"""Script files: those that a template of this repository runs, and those that are linted alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from aiblint import cli
from tests.templates import resource

if TYPE_CHECKING:
    from pathlib import Path

SELECT = ("--select", "interactive-install,unused-suppression", "--output")
SCRIPT = "#!/bin/bash\nset -e\nsudo apt-get install nginx\n"
IMAGE = {"customize": [{"type": "Shell", "name": "Install", "scriptUri": "scripts/install.sh"}]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "install.sh").write_text(SCRIPT)
    (tmp_path / "template.json").write_text(json.dumps(resource(IMAGE)))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = cli.main(list(arguments))
    return status, capsys.readouterr().out


def test_a_script_is_marked_in_its_own_file(capsys: pytest.CaptureFixture[str]) -> None:
    status, shown = run(capsys, *SELECT, "json", "template.json")
    assert status == 1
    (finding,) = json.loads(shown)["findings"]
    assert finding["location"]["path"] == "scripts/install.sh"
    assert finding["location"]["start"] == {"line": 3, "column": 6}
    assert finding["location"]["pointer"] == ""
    (related,) = finding["related"]
    assert related["message"] == "step `Install` runs it"
    assert related["location"]["path"] == "template.json"


def test_a_script_that_two_templates_share_speaks_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.json").write_text(json.dumps(resource(IMAGE)))
    _, shown = run(capsys, *SELECT, "concise")
    assert len(shown.splitlines()) == 1


def test_a_script_alone(capsys: pytest.CaptureFixture[str]) -> None:
    status, shown = run(capsys, *SELECT, "text", "scripts/install.sh")
    assert status == 1
    assert "`apt-get install` in `install.sh` waits" in shown
    assert shown.endswith("\n1 error in 1 script\n")
    (status, shown) = run(capsys, "--select", "AIB2", "scripts/install.sh")
    assert (status, shown) == (0, "no problems in 1 script\n")


def test_a_script_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import types

    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(SCRIPT.encode())))
    status, shown = run(capsys, *SELECT, "concise", "--stdin-filename", "x/setup.sh", "-")
    assert status == 1
    assert shown.startswith("x/setup.sh:3:6: error AIB401 ")


def test_scripts_of_a_folder_are_only_those_that_a_template_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "scripts" / "other.sh").write_text(SCRIPT)
    _, shown = run(capsys, *SELECT, "concise")
    assert [line.split(":")[0] for line in shown.splitlines()] == ["scripts/install.sh"]


@pytest.mark.parametrize(
    "uri", ["../install.sh", "/etc/hostname", "scripts", "scripts/none.sh", "https://x/install.sh"]
)
def test_what_is_no_file_of_this_repository_is_not_read(
    uri: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.parent / "install.sh").write_text(SCRIPT)
    steps = [{"type": "Shell", "name": "Install", "scriptUri": uri}]
    (folder / "template.json").write_text(json.dumps(resource({"customize": steps})))
    assert run(capsys, *SELECT, "concise", "template.json") == (0, "")


def test_script_roots(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [{"type": "Shell", "scriptUri": "https://account.blob.core.windows.net/container/install.sh?x=1"}]
    (folder / "template.json").write_text(json.dumps(resource({"customize": steps})))
    (folder / ".aiblint.toml").write_text('script-roots = ["scripts"]\n')
    _, shown = run(capsys, *SELECT, "concise", "template.json")
    assert shown.startswith("scripts/install.sh:3:6:")


def test_a_file_step_brings_a_script(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        {"type": "File", "name": "Copy", "sourceUri": "scripts/install.sh", "destination": "/tmp/go.sh"},
        {"type": "Shell", "name": "Run", "inline": ["bash /tmp/go.sh"]},
    ]
    (folder / "template.json").write_text(json.dumps(resource({"customize": steps})))
    _, shown = run(capsys, *SELECT, "text", "template.json")
    assert "`apt-get install` in step `Run` waits" in shown
    assert "step `Run` runs it" in shown
    steps = [steps[0], {"type": "Shell", "name": "Run", "inline": ["ls /tmp"]}]
    (folder / "template.json").write_text(json.dumps(resource({"customize": steps})))
    assert run(capsys, *SELECT, "concise", "template.json") == (0, "")


@pytest.mark.parametrize(("runner", "needs"), [("bash /tmp/go.sh", True), ("sudo bash /tmp/go.sh", False)])
def test_a_script_that_sudo_runs_is_root(
    runner: str, needs: bool, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "scripts" / "install.sh").write_text("#!/bin/bash\nset -e\nsystemctl enable nginx\nmkdir /etc/app\n")
    steps = [
        {"type": "File", "name": "Copy", "sourceUri": "scripts/install.sh", "destination": "/tmp/go.sh"},
        {"type": "Shell", "name": "Run", "inline": [runner]},
    ]
    (folder / "template.json").write_text(json.dumps(resource({"customize": steps})))
    _, shown = run(capsys, "--select", "missing-sudo", "--output", "concise", "template.json")
    assert bool(shown) is needs


SUPPRESSED = [
    "sudo apt-get install nginx # aiblint: ignore[AIB401] it never asks",
    "# aiblint: ignore[interactive-install] it never asks\n\n# really\nsudo apt-get \\\n  install nginx",
    "# aiblint: ignore-file[AIB4]\necho hello\nsudo apt-get install nginx",
]


@pytest.mark.parametrize("text", SUPPRESSED)
def test_comments_of_a_script_silence(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "scripts" / "install.sh").write_text(f"#!/bin/bash\n{text}\n")
    for named in ("scripts/install.sh", "template.json"):
        status, shown = run(capsys, *SELECT, "json", named)
        assert (status, json.loads(shown)["findings"]) == (0, [])
        assert json.loads(shown)["summary"]["suppressed"] == 1


def test_a_comment_that_silences_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "setup.ps1").write_text("# aiblint: ignore[AIB401]\nGet-Date\n")
    _, shown = run(capsys, *SELECT, "concise", "setup.ps1")
    assert shown.startswith("setup.ps1:1:19: warning AIB009 `AIB401` silences nothing here")


def test_the_template_silences_what_its_script_does(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(resource(IMAGE), indent=1)
    marked = text.replace('"scriptUri"', '// aiblint: ignore[AIB401] known\n"scriptUri"')
    (folder / "template.json").write_text(marked)
    status, shown = run(capsys, *SELECT, "json", "template.json")
    assert (status, json.loads(shown)["findings"], json.loads(shown)["summary"]["suppressed"]) == (0, [], 1)


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"MZ\x90\x00\x03"])
def test_what_is_no_text(data: bytes, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "x.sh").write_bytes(data)
    assert cli.main(["x.sh"]) == 2
    assert capsys.readouterr().err == "aiblint: x.sh: this is no text, but has the name of a script\n"
    (folder / "scripts" / "install.sh").write_bytes(data)
    assert run(capsys, *SELECT, "concise", "template.json") == (0, "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings(encoding: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "scripts" / "install.sh").write_bytes("sudo apt-get install é\r\n".encode(encoding))
    _, shown = run(capsys, *SELECT, "concise", "template.json")
    assert shown.startswith("scripts/install.sh:1:6: error AIB401")
