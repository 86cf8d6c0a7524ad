"""`aiblint permissions`: what the command reads and prints, through `cli.main`."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiblint import __version__, cli
from aiblint.azure.actions import matches
from aiblint.azure.needs import ROLES, needs
from aiblint.azure.rbac import PermissionSet, Principal, Rights, RoleAssignment, RoleDefinition, may
from aiblint.report import roles
from aiblint.report.permissions import Wanted, wanted
from tests.golden import golden
from tests.templates import deployment, resource, templates

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
FULL = """\
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "stagingGroup": {"type": "string"}
  },
  "variables": {
    "identity": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]"
  },
  "resources": [
    {
      "type": "Microsoft.VirtualMachineImages/imageTemplates",
      "apiVersion": "2024-02-01",
      "name": "session-host",
      "location": "westeurope",
      "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[variables('identity')]": {}}},
      "properties": {
        "stagingResourceGroup": "[concat(subscription().id, '/resourceGroups/', parameters('stagingGroup'))]",
        "vmProfile": {
          "userAssignedIdentities": ["[variables('identity')]"],
          "vnetConfig": {
            "subnetId": "[resourceId('network', 'Microsoft.Network/virtualNetworks/subnets', 'hub', 'build')]"
          }
        },
        "source": {
          "type": "SharedImageVersion",
          "imageVersionId": "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/golden/providers/Microsoft.Compute/galleries/golden/images/windows/versions/latest"
        },
        "customize": [
          {"type": "PowerShell", "name": "Install", "scriptUri": "https://contoso.blob.core.windows.net/scripts/install.ps1"},
          {"type": "WindowsRestart", "name": "Restart"}
        ],
        "distribute": [
          {
            "type": "SharedImage",
            "runOutputName": "gallery",
            "galleryImageId": "[resourceId('images', 'Microsoft.Compute/galleries/images', 'corporate', 'session-host')]",
            "targetRegions": [{"name": "westeurope"}]
          },
          {
            "type": "ManagedImage",
            "runOutputName": "copy",
            "imageId": "[resourceId('copies', 'Microsoft.Compute/images', 'session-host')]",
            "location": "westeurope"
          }
        ]
      }
    }
  ]
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a template that has most of what there is."""
    (tmp_path / "session-host.json").write_text(FULL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["permissions", *arguments]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


# -- the formats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("permissions-table.txt", []),
        ("permissions.json", ["--output", "json"]),
        ("permissions-role.json", ["--output", "role"]),
        ("permissions-az.sh", ["--output", "az"]),
        ("permissions.bicep", ["--output", "bicep"]),
    ],
)
def test_outputs(capsys: pytest.CaptureFixture[str], name: str, options: list[str]) -> None:
    shown = output(capsys, "session-host.json", "--subscription", SUBSCRIPTION, *options)
    shown = shown.replace(f'"version": "{__version__}"', '"version": "-"')
    assert shown == golden(name, shown)


def test_colour(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = output(capsys, "session-host.json")
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = output(capsys, "session-host.json")
    assert "\x1b[" in coloured and "\x1b[" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_json_points_into_the_template(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = json.loads(output(capsys, "session-host.json", "--output=json"))["templates"]
    join = next(need for need in one["needs"] if need["action"].endswith("join/action"))
    assert join["location"]["pointer"] == "/resources/0/properties/vmProfile/vnetConfig/subnetId"
    assert FULL.splitlines()[join["location"]["start"]["line"] - 1].strip().startswith('"subnetId"')
    assert one["unknown"] == []


def test_the_role_of_the_caller(capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(output(capsys, "session-host.json", "--output", "role", "--for", "caller"))
    assert made["Name"] == "Image Builder session-host, caller"
    assert "Microsoft.VirtualMachineImages/imageTemplates/run/action" in made["Actions"]
    assert "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action" in made["Actions"]
    assert made["DataActions"] == []


def test_parameters_and_the_place_fill_in_all_names(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--subscription", SUBSCRIPTION, "--resource-group", "images", "--parameters", "stagingGroup=stage"]
    shown = output(capsys, "session-host.json", "--output", "role", *options)
    assert set(re.findall(r"<[^>]*>", shown)) == {"<subscription of contoso>", "<resource group of contoso>"}
    assert f"/subscriptions/{SUBSCRIPTION}/resourceGroups/stage" in output(capsys, "session-host.json", *options)


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FULL.encode())))
    assert output(capsys, "-").startswith("-: image template `session-host`\n")


def test_several_templates_in_one_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "two.json").write_text(deployment(resource(), resource(name="other")), encoding="utf-8")
    shown = output(capsys, "two.json")
    assert shown.count(": image template `") == 2
    assert len(json.loads(output(capsys, "two.json", "--output", "json"))["templates"]) == 2
    assert output(capsys, "two.json", "--output", "az").count("\n# Image template ") == 2
    bicep = output(capsys, "two.json", "--output", "bicep")
    symbols = re.findall(r"^(?:resource|var|param) (\w+)", bicep, re.M)
    assert len(symbols) == len(set(symbols))
    assert cli.main(["permissions", "two.json", "--output", "role"]) == 2
    assert (
        capsys.readouterr().err
        == "aiblint: two.json: it holds 2 image templates, and `--output role` makes a role of one\n"
    )


def test_what_is_not_known_is_said(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    text = deployment(resource({"source": "[parameters('s')]"}), parameters={"s": {"type": "object"}})
    (folder / "vague.json").write_text(text, encoding="utf-8")
    assert output(capsys, "vague.json").endswith(
        "note: not known, and so not listed with what it needs: what the image is built from\n"
    )


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "the following arguments are required: TEMPLATE"),
        (["missing.json"], "missing.json: no such file or directory"),
        (["package.json"], "package.json: there is no image template in it"),
        (["broken.json"], "broken.json: there is no image template in it"),
        (["session-host.json", "--output", "xml"], "argument --output: invalid choice: 'xml'"),
        (["session-host.json", "--for", "me"], "argument --for: invalid choice: 'me'"),
        (["session-host.json", "--parameters", "none.json"], "none.json: no such file or directory"),
        (["session-host.json", "--parameters", "package.json"], "package.json: this is no parameter file"),
        (["."], ".: is a directory"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], expected: str
) -> None:
    (folder / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    (folder / "broken.json").write_bytes(b"\xff\x00{")
    assert cli.main(["permissions", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"aiblint: {expected}") and shown.err.count("\n") == 1


def test_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert "aiblint permissions TEMPLATE" in capsys.readouterr().out
    assert cli.main(["permissions", "--help"]) == 0
    assert "--resource-group" in capsys.readouterr().out


# -- safety ------------------------------------------------------------------------------------------------------------

NASTY = "'; rm -rf ~; echo '$(id)`id`${id}\x1b[31m\n# <x>\\"


def nasty() -> str:
    account = "https://contoso.blob.core.windows.net/it's/a.sh"
    name = f"/subscriptions/s/resourceGroups/{NASTY}/providers/Microsoft.Compute/images/{NASTY}"
    return deployment(
        resource(
            {
                "source": {"type": "ManagedImage", "imageId": name},
                "customize": [{"type": "Shell", "name": NASTY, "scriptUri": account}],
            },
            name=NASTY,
        )
    )


def test_no_text_of_a_template_becomes_a_command(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """The script is run with an `az` that only writes down what it is given."""
    (folder / "nasty.json").write_text(nasty(), encoding="utf-8")
    script = output(capsys, "nasty.json", "--output", "az")
    tools = folder / "tools"
    tools.mkdir()
    (tools / "az").write_text(
        '#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word"; done >> "$LOG"\nprintf "\\n" >> "$LOG"\n'
    )
    (tools / "az").chmod(0o755)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "LOG": str(folder / "log"), "HOME": str(folder), "caller": "me"}
    done = subprocess.run(["sh", "-c", script], env=environment, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    commands = (folder / "log").read_text().split("\0\n")[:-1]
    assert {tuple(command.split("\0")[:3]) for command in commands} == {
        ("identity", "show", "--ids"), ("role", "definition", "create"), ("role", "assignment", "create"),
    }  # fmt: skip
    assert (folder / "nasty.json").exists()


def test_no_text_of_a_template_ends_a_string_of_bicep(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "nasty.json").write_text(nasty(), encoding="utf-8")
    shown = output(capsys, "nasty.json", "--output", "bicep")
    for line in shown.splitlines():
        # What is left without the strings is ours.
        rest = re.sub(r"'(?:[^'\\$]|\\.|\$(?!\{)|\$\{[\w.()]+\})*'", "", line)
        assert "rm -rf" not in rest.partition("//")[0], line
    assert "\x1b" not in shown


def test_secrets_stay_where_they_are(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    signature = "abcdEFGH1234567890abcdEFGH1234567890abcdEFG%3D"
    uri = f"https://contoso.blob.core.windows.net/a/b.sh?sv=2023-11-03&sp=r&sig={signature}"
    body = resource({"customize": [{"type": "Shell", "name": uri, "scriptUri": uri}]}, name=uri)
    (folder / "sas.json").write_text(deployment(body), encoding="utf-8")
    for name in ("table", "json", "role", "az", "bicep"):
        assert signature not in output(capsys, "sas.json", "--output", name)


def test_nothing_of_azure_is_imported() -> None:
    code = (
        "import sys; from aiblint import cli; cli.main(['permissions', 'session-host.json', '--output', 'bicep']); "
        "print([n for n in sys.modules if n.split('.')[0] in ('azure', 'msal', 'requests', 'jsonschema') "
        "or n in ('aiblint.azure.rbac', 'aiblint.engine.checks', 'checks')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=".", env=_environment())
    assert done.stderr == "[]\n"


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": "/usr/bin:/bin"}


# -- the grants are what is needed -------------------------------------------------------------------------------------


def given(text: str = FULL) -> Wanted:
    (template,) = templates(text)
    return wanted(template, roles_home())


def roles_home() -> Any:
    from aiblint.azure.needs import Home

    return Home(SUBSCRIPTION, "images")


def rights(grants: tuple[roles.Grant, ...]) -> Rights:
    made, held = [], []
    for number, grant in enumerate(grants):
        guid = grant.built_in or f"role-{number}"
        sets = PermissionSet(("*",)) if grant.built_in else PermissionSet(grant.actions, (), grant.data_actions)
        made.append(RoleDefinition(guid, grant.name, (sets,)))
        held += [RoleAssignment(f"{number} {scope}", guid, grant.who, scope) for scope in grant.scopes]
    return Rights(tuple(held), tuple(made))


def filled(one: Wanted) -> Wanted:
    return one._replace(needs=tuple(need._replace(scope=re.sub("<[^>]*>", "x", need.scope)) for need in one.needs))


def test_what_is_granted_is_all_that_is_needed() -> None:
    from aiblint.azure.needs import decide

    one = filled(given())
    grants = roles.grants(one)
    for need in one.needs:
        assert decide(need, Principal(need.who, (), True), rights(grants)).answer == "allowed", need


def test_no_grant_can_be_spared() -> None:
    from aiblint.azure.needs import decide

    one = filled(given())
    grants = roles.grants(one)
    for spared in grants:
        left = rights(tuple(grant for grant in grants if grant is not spared))
        assert any(decide(need, Principal(need.who, (), True), left).answer == "denied" for need in one.needs), spared


def test_no_grant_gives_what_is_not_needed() -> None:
    one = filled(given())
    for grant in roles.grants(one):
        if grant.built_in:
            assert grant.built_in == ROLES["Contributor"]
            continue
        wanted_actions = [need.action for need in one.needs if need.who == grant.who]
        for action in (*grant.actions, *grant.data_actions):
            assert any(matches(action, need) for need in wanted_actions)
        # Never further out than the resource in which something is needed.
        for scope in grant.scopes:
            if "/providers/" not in scope:
                assert any(need.scope == scope for need in one.needs)
        assert (
            may(
                Principal(grant.who, (), True),
                "Microsoft.Compute/virtualMachines/write",
                grant.scopes[0],
                rights((grant,)),
            ).answer
            == "denied"
        )


def test_a_template_that_needs_nothing_of_its_identity() -> None:
    bare = deployment(resource({"distribute": [{"type": "VHD", "runOutputName": "v"}]}))
    one = given(bare)
    assert {grant.who for grant in roles.grants(one)} == {"caller"}
    assert json.loads(roles.role(one, "template identity"))["Actions"] == []
    (template,) = templates(bare)
    assert len(needs(template)) == len(one.needs)
