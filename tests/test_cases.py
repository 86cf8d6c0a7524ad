"""Scripts and what a check must say of them: `tests/cases/*.toml`, one file for each check.

A case is a whole step: `shell` or `powershell` is its text, one element of `inline` for each line. « and » enclose what
must be marked; without them the check must be silent. Further keys, all optional:

| key | what it says |
|---|---|
| `why` | what the case is about |
| `source` | `ubuntu` (default for shell), `rhel`, `suse`, `azurelinux`, `image` (a managed image), `windows` (default for powershell), `windows-client`, `windows-2016` |
| `severity` | of the finding, where it is not the check's own |
| `step` | further members of the step: `{runElevated = true}` |
| `properties` | further members of the template's `properties` |
| `earlier`, `later` | texts of steps before and behind it, of the same kind |
| `file` | true: the text is a script file of the repository, which `scriptUri` names |
| `alone` | true: the text is a script file that is linted by itself |
| `says` | words that message, help or notes must have in them |
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from aiblint import cli, engine
from aiblint.finding import Finding
from aiblint.settings import Settings
from tests.examples import SOUND

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found, no-redef]

FOLDER = Path(__file__).parent / "cases"
IMAGES = {
    "ubuntu": ("Canonical", "ubuntu-24_04-lts", "server"),
    "rhel": ("RedHat", "RHEL", "9-lvm-gen2"),
    "suse": ("SUSE", "sles-15-sp6", "gen2"),
    "azurelinux": ("MicrosoftCBLMariner", "azure-linux-3", "azure-linux-3-gen2"),
    "windows": ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2"),
    "windows-2016": ("MicrosoftWindowsServer", "WindowsServer", "2016-datacenter-gensecond"),
    "windows-client": ("MicrosoftWindowsDesktop", "windows-11", "win11-25h2-avd"),
}
IMAGE_ID = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/base"
)
KEYS = {
    "why",
    "shell",
    "powershell",
    "source",
    "severity",
    "step",
    "properties",
    "earlier",
    "later",
    "file",
    "alone",
    "says",
}

Case = dict[str, object]


def _cases() -> list[tuple[str, Case]]:
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        assert data["check"] == path.stem
        found += [(data["check"], case) for case in data["case"]]
    return found


CASES = _cases()
IDS = [f"{check}-{number}" for number, (check, _) in enumerate(CASES)]


def lines(text: str) -> list[str]:
    """The elements of `inline` for a text."""
    return text.strip("\n").split("\n")


def step_of(kind: str, text: str) -> dict[str, object]:
    """A step with this text inline."""
    return {"type": kind, "name": "Work", "inline": lines(text)}


def template(case: Case, text: str, *, script: str | None = None) -> dict[str, object]:
    """The image template of a case, whose own step has this text, or names this script."""
    kind = "PowerShell" if "powershell" in case else "Shell"
    own = step_of(kind, text) if script is None else {"type": kind, "name": "Work", "scriptUri": script}
    step = {**own, **case.get("step", {})}  # type: ignore[dict-item]
    source = str(case.get("source", "windows" if kind == "PowerShell" else "ubuntu"))
    sound = SOUND["windows" if kind == "PowerShell" else "linux"]
    properties: dict[str, object] = dict(sound["properties"])  # type: ignore[call-overload]
    if source == "image":
        properties["source"] = {"type": "ManagedImage", "imageId": IMAGE_ID}
    else:
        publisher, offer, sku = IMAGES[source]
        properties["source"] = {
            "type": "PlatformImage",
            "publisher": publisher,
            "offer": offer,
            "sku": sku,
            "version": "latest",
        }
    before = [step_of(kind, str(other)) for other in case.get("earlier", ())]  # type: ignore[attr-defined]
    after = [step_of(kind, str(other)) for other in case.get("later", ())]  # type: ignore[attr-defined]
    properties["customize"] = [*before, step, *after]
    return {**sound, "properties": {**properties, **case.get("properties", {})}}  # type: ignore[dict-item]


def found(case: Case, check: str, folder: Path) -> tuple[list[Finding], str]:
    """What the check finds in a case, and the text of the file that it looks at."""
    marked = str(case.get("shell", case.get("powershell")))
    text = marked.replace("«", "").replace("»", "").lstrip("\n")
    ending = ".ps1" if "powershell" in case else ".sh"
    settings = Settings(select=(check,), show_info=True)
    if case.get("alone"):
        failures: list[str] = []
        outcome = engine.lint_script(f"script{ending}", text.encode(), settings, failures)
        assert not failures
    elif case.get("file"):
        (folder / f"script{ending}").write_bytes(text.encode())
        whole = json.dumps(template(case, "", script=f"./script{ending}"), indent=2, ensure_ascii=False)
        outcome = engine.lint_bytes(str(folder / "template.json"), whole.encode(), settings, {})
    else:
        text = json.dumps(template(case, text), indent=2, ensure_ascii=False)
        outcome = engine.lint_bytes("template.json", text.encode(), settings, {})
    assert outcome.broken == ()
    return list(outcome.findings), text


def wanted(case: Case) -> list[str]:
    """The texts between « and », in order."""
    return re.findall("«(.*?)»", str(case.get("shell", case.get("powershell"))), re.S)


@pytest.mark.parametrize(("check", "case"), CASES, ids=IDS)
def test_case(check: str, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(case) <= KEYS
    monkeypatch.setenv("AIBLINT_RAISE", "1")
    findings, _ = found(case, check, tmp_path)
    marks = []
    for finding in findings:
        start, end, document, _ = finding.span
        written = document.text[start:end]
        # In the template the text stands as JSON.
        marks.append(json.loads(f'"{written}"') if document.root is not None and "\n" not in written else written)
    assert marks == wanted(case), [finding.message for finding in findings]
    for finding in findings:
        assert finding.check is not None
        assert finding.severity == case.get("severity", finding.check.severity)
        assert str(case.get("says", "")) in " ".join((finding.message, finding.help, *finding.notes))


@pytest.mark.parametrize(("check", "case"), CASES, ids=IDS)
def test_case_through_the_command_line(
    check: str, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All checks together: no crash, and the exit status fits what is printed."""
    monkeypatch.chdir(tmp_path)
    marked = str(case.get("shell", case.get("powershell")))
    text = marked.replace("«", "").replace("»", "").lstrip("\n")
    ending = ".ps1" if "powershell" in case else ".sh"
    script = tmp_path / f"script{ending}"
    script.write_bytes(text.encode())
    named = script.name if case.get("alone") else "template.json"
    uri = f"./{script.name}" if case.get("file") else None
    Path("template.json").write_text(json.dumps(template(case, text, script=uri)), encoding="utf-8")
    status = cli.main([named, "--output", "json", "--show-info"])
    report = json.loads(capsys.readouterr().out)
    severities = {finding["severity"] for finding in report["findings"]}
    assert status == (1 if severities & {"error", "warning"} else 0)
    assert os.listdir(tmp_path)
    if wanted(case):
        assert check in {finding["name"] for finding in report["findings"]}


def test_there_are_cases_for_every_check_of_scripts() -> None:
    checks = {check.name for check in engine.load_checks() if check.id[:4] in ("AIB4", "AIB5")}
    covered = {check for check, _ in CASES}
    assert checks - covered == set()
