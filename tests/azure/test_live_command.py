"""`aiblint --live` through the command line: what it asks, what it says, and the exit status of each outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aiblint import cli
from tests.azure import estate as az
from tests.azure.scenes import GROUP, NAME, deployment, scene

if TYPE_CHECKING:
    from tests.azure.az import Az
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

ROOT = Path(__file__).parents[2]
SELECT = "source-not-found,cannot-read-source"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(
    capsys: pytest.CaptureFixture[str], manager: Manager, template: dict[str, Any], *more: str
) -> tuple[int, dict[str, Any], str]:
    """Exit status, JSON report and standard error."""
    with open("template.json", "w", encoding="utf-8") as file:
        json.dump(template, file)
    options = ["--live", "--cloud", manager.url, "--resource-group", GROUP, "--select", SELECT, "--output", "json"]
    status = cli.main(["template.json", *options, *more])
    shown = capsys.readouterr()
    return status, json.loads(shown.out), shown.err


def test_all_holds(estate: Estate, signed_in: Manager, capsys: pytest.CaptureFixture[str]) -> None:
    status, report, errors = run(capsys, signed_in, scene(estate, "managed").template)
    assert (status, errors, report["findings"]) == (0, "", [])
    assert [(one["name"], one["verdict"]) for one in report["verdicts"]] == [
        ("cannot-read-source", "holds"),
        ("source-not-found", "holds"),
    ]
    assert report["summary"]["skipped"] == 0
    assert signed_in.writes() == []


def test_something_fails(estate: Estate, signed_in: Manager, capsys: pytest.CaptureFixture[str]) -> None:
    made = scene(estate, "managed")
    estate.remove(made.ids["source"])
    signed_in.fail("*/roleAssignments", 500, times=None)
    status, report, _ = run(capsys, signed_in, made.template)
    assert status == 1
    assert {one["name"]: one["verdict"] for one in report["verdicts"]} == {
        "cannot-read-source": "unchecked",
        "source-not-found": "fails",
    }
    assert (report["summary"]["errors"], report["summary"]["unchecked"]) == (1, 1)


def test_something_could_not_be_checked(estate: Estate, signed_in: Manager, capsys: pytest.CaptureFixture[str]) -> None:
    made = scene(estate, "managed")
    signed_in.fail(made.ids["source"], 403, times=None)
    status, report, errors = run(capsys, signed_in, made.template)
    assert (status, errors) == (2, "")
    (finding,) = report["findings"]
    assert finding["unchecked"] and finding["message"].startswith("it could not be checked whether the source image")
    assert report["summary"]["warnings"] == 0


def test_nobody_is_signed_in(estate: Estate, signed_in: Manager, az: Az, capsys: pytest.CaptureFixture[str]) -> None:
    az.tell("nobody")
    status, report, errors = run(capsys, signed_in, scene(estate).template)
    assert status == 2
    assert errors.startswith("aiblint: ") and "az login" in errors and errors.count("\n") == 1
    assert report["templates"] and report["verdicts"] == []


def test_the_subscription_of_the_cli_is_taken(
    estate: Estate, signed_in: Manager, az: Az, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, signed_in, scene(estate, "managed").template)
    assert ["account", "show", "--output", "json"] in az.calls()
    assert az.calls() and all(call[0] == "account" for call in az.calls())


def test_without_the_sdk(estate: Estate) -> None:
    with open("template.json", "w", encoding="utf-8") as file:
        json.dump(scene(estate).template, file)
    code = "import sys; sys.modules['azure'] = None; from aiblint import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--live", "template.json", "--output", "concise"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, done.stderr) == (
        2, "aiblint: --live needs the Azure SDK, which is not installed: pip install 'aiblint[live]'\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--subscription", "x"], "--subscription goes with --live"),
        (["--live-timeout", "3"], "--live-timeout goes with --live"),
        (["--download-checksums"], "--download-checksums goes with --live"),
        (["--live", "--live-timeout", "0"], "--live-timeout takes seconds"),
        (["--live", "--live-timeout", "nan"], "--live-timeout takes seconds"),
        (["--live", "--cloud", "mars"], "--cloud takes"),
    ],
)
def test_bad_options(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with open("template.json", "w", encoding="utf-8") as file:
        json.dump({"type": "Microsoft.VirtualMachineImages/imageTemplates", "properties": {"distribute": []}}, file)
    assert cli.main([*arguments, "template.json"]) == 2
    assert complaint in capsys.readouterr().err


def test_offline_is_the_default(estate: Estate, signed_in: Manager, capsys: pytest.CaptureFixture[str]) -> None:
    with open("template.json", "w", encoding="utf-8") as file:
        json.dump(scene(estate).template, file)
    assert cli.main(["template.json", "--output", "json", "--select", SELECT]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["summary"]["skipped"] > 0 and report["verdicts"] == []
    assert signed_in.requests == []


def test_what_is_not_known_is_completed(estate: Estate, signed_in: Manager, capsys: pytest.CaptureFixture[str]) -> None:
    made = scene(estate, "managed")
    source = "[resourceId('Microsoft.Compute/images', 'base')]"
    made.properties["source"]["imageId"] = source
    whole = deployment({**made.template, "name": NAME})
    status, report, _ = run(capsys, signed_in, whole, "--subscription", az.SUBSCRIPTION)
    assert status == 0
    assert [one["verdict"] for one in report["verdicts"]] == ["holds", "holds"]
