"""`aiblint permissions --live`: what of the needs is granted, by which assignment, in the table and in JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from aiblint import cli
from tests.azure import estate as az
from tests.azure.scenes import GROUP, scene

if TYPE_CHECKING:
    from pathlib import Path

    from tests.azure.estate import Estate
    from tests.azure.manager import Manager
    from tests.azure.scenes import Scene

pytestmark = pytest.mark.usefixtures("only_official")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the template is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def shown(
    made: Scene, manager: Manager, folder: Path, capsys: pytest.CaptureFixture[str], *options: str, status: int = 0
) -> str:
    """What the command prints: on standard output, or on the other if it fails."""
    (folder / "template.json").write_text(json.dumps(made.template), encoding="utf-8")
    where = ["--subscription", az.SUBSCRIPTION, "--resource-group", GROUP, "--cloud", manager.url]
    assert cli.main(["permissions", "template.json", "--live", *where, *options]) == status
    out, err = capsys.readouterr()
    assert (err == "") == (status == 0)
    return out or err


def marks(
    made: Scene, manager: Manager, folder: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> dict[tuple[str, str], dict[str, Any]]:
    """Who needs which action, with what is said of whether it is granted."""
    (one,) = json.loads(shown(made, manager, folder, capsys, "--output", "json", *options))["templates"]
    return {(need["who"], need["action"]): need["granted"] for need in one["needs"]}


def test_table(estate: Estate, signed_in: Manager, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = scene(estate, "managed", "vhd", "proxy", blob=True)
    az.revoke(estate, made.grants["network"])
    made.grants["blob"]["properties"]["condition"] = "@Resource[Microsoft.Storage/x:y] StringEquals 'z'"
    lines = [line.strip() for line in shown(made, signed_in, folder, capsys).splitlines()]

    def below(action: str) -> tuple[str, str]:
        place = next(number for number, line in enumerate(lines) if action in line)
        return lines[place].partition("  ")[0], lines[place + 1]

    assert below("Compute/images/read  ") == (
        "granted", "role `Reader`, assigned at image `base`, grants it",
    )  # fmt: skip
    assert below("subnets/join/action") == ("missing", "it has no role at subnet `vnet/build`")
    assert below("blobs/read (data)")[0] == "cannot tell"
    assert made.ids["container"] in lines  # where the container is, which the template does not say
    assert below("run/action") == ("granted", f"Azure says so for resource group `{GROUP}`")


def test_json(estate: Estate, signed_in: Manager, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = scene(estate, "managed", "vhd", "proxy", staging=True, windows=True)
    az.revoke(estate, made.grants["source"])
    found = marks(made, signed_in, folder, capsys)
    assert found["template identity", "Microsoft.Compute/images/read"]["answer"] == "missing"
    granted = found["template identity", "Microsoft.Network/virtualNetworks/read"]
    assert granted["answer"] == "granted"
    assert granted["assignment"] == {
        "id": made.grants["network"]["id"], "scope": made.ids["network"], "role": "Network Contributor",
    }  # fmt: skip
    assert found["template identity", "*"]["answer"] == "granted"
    # Who Microsoft's own application is only Graph tells.
    assert found["image builder service", "*"]["answer"] == "cannot tell"
    caller = found["caller", "Microsoft.VirtualMachineImages/imageTemplates/write"]
    assert (caller["answer"], caller["assignment"]) == ("granted", None)


def test_without_live_nothing_is_said(
    estate: Estate, signed_in: Manager, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = scene(estate)
    (folder / "template.json").write_text(json.dumps(made.template), encoding="utf-8")
    assert cli.main(["permissions", "template.json", "--output", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["templates"]
    assert all("granted" not in need for need in one["needs"])


def test_what_is_not_known_or_not_there(
    estate: Estate, signed_in: Manager, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = scene(estate, "managed", "vhd")
    az.revoke(estate, made.grants["source"])
    estate.remove(made.ids["source"])
    found = marks(made, signed_in, folder, capsys)
    gone = found["template identity", "Microsoft.Compute/images/read"]
    assert (gone["answer"], gone["because"]) == ("cannot tell", "image `base` is not there")
    estate.remove(made.ids["identity"])
    found = marks(made, signed_in, folder, capsys)
    assert {mark["answer"] for (who, _), mark in found.items() if who == "template identity"} == {"cannot tell"}
    made.template["identity"] = {"type": "None"}
    found = marks(made, signed_in, folder, capsys)
    because = found["template identity", "Microsoft.Compute/images/read"]["because"]
    assert because == "which identity the template has is not known"


def test_what_stops_it(
    estate: Estate,
    signed_in: Manager,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = scene(estate)
    assert "--live marks" in shown(made, signed_in, folder, capsys, "--output", "az", status=2)
    assert "--cloud takes" in shown(made, signed_in, folder, capsys, "--cloud", "moon", status=2)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert shown(made, signed_in, folder, capsys, status=2).count("\n") == 1
