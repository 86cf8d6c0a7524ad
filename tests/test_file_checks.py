"""What a page cannot show: bytes that are no text, files that are too large, and files beside the template."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from aiblint import engine
from aiblint.finding import Finding
from aiblint.settings import Settings
from tests.examples import SOUND
from tests.templates import deployment, findings, resource


def _found(data: bytes) -> list[tuple[str, str]]:
    outcome = engine.lint_bytes("template.json", data, Settings(), {})
    return [(f.check.name if f.check else "", f.message) for f in outcome.findings if f.severity != "info"]


def _deployment(**members: object) -> bytes:
    template = {"$schema": "x/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": [SOUND["linux"]]}
    return json.dumps({**template, **members}).encode()


def test_a_sound_template_is_found_sound() -> None:
    assert _found(_deployment()) == []


def test_a_windows_code_page_is_reported_once_and_the_rest_still_checked() -> None:
    data = _deployment(metadata="caf\u00e9").decode("unicode_escape").encode("cp1252").replace(b": 120", b": 5")
    names = [name for name, _ in _found(data)]
    assert names == ["undecodable-text", "build-timeout-range"] or names == ["build-timeout-range", "undecodable-text"]


def test_more_than_four_megabytes() -> None:
    ((name, message),) = _found(_deployment(variables={"long": "x" * 4 * 1024 * 1024}))
    assert name == "file-limits"
    assert "4.0 MB" in message


def test_too_many_parameters() -> None:
    parameters = {f"p{n}": {"type": "string"} for n in range(257)}
    assert _found(_deployment(parameters=parameters)) == [
        ("file-limits", "the template has 257 parameters, and Resource Manager takes 256")
    ]


def test_an_expression_that_is_too_long() -> None:
    long = "[concat('" + "x" * 24_576 + "')]"
    assert [name for name, _ in _found(_deployment(variables={"long": long}))] == ["broken-expression"]


def test_nested_too_deeply() -> None:
    deep = _deployment().replace(b'"variables"', b'"v"')[:-1] + b', "metadata": ' + b"[" * 200 + b"]" * 200 + b"}"
    assert "file-limits" in [name for name, _ in _found(deep)]


SCRIPT = b"#!/bin/sh\necho hello\n"
IN_BRANCH = "https://raw.githubusercontent.com/contoso/images/main/install.sh"


def _stale(folder: Path, content: bytes, checksum_of: bytes, uri: str = IN_BRANCH) -> list[Finding]:
    """What `stale-checksum` says of a template in a checkout of contoso/images, whose script has this content."""
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text('[remote "origin"]\n\turl = git@github.com:contoso/images.git\n')
    (folder / "install.sh").write_bytes(content)
    checksum = hashlib.sha256(checksum_of).hexdigest()
    step = {"type": "Shell", "name": "Install", "scriptUri": uri, "sha256Checksum": checksum}
    text = deployment(resource({"customize": [step]}))
    return findings(text, "stale-checksum", path=str(folder / "template.json"))


def test_a_checksum_of_another_file(tmp_path: Path) -> None:
    (finding,) = _stale(tmp_path, SCRIPT, b"as it was before")
    assert finding.message == "`sha256Checksum` of step `Install` is not that of `install.sh` in this repository"
    assert finding.help == f"write `{hashlib.sha256(SCRIPT).hexdigest()}`"
    assert not any("CRLF" in note for note in finding.notes)


def test_a_checksum_of_the_file_with_other_line_ends(tmp_path: Path) -> None:
    (finding,) = _stale(tmp_path, SCRIPT, SCRIPT.replace(b"\n", b"\r\n"))
    assert any("CRLF" in note for note in finding.notes)


@pytest.mark.parametrize(
    ("content", "checksum_of", "uri"),
    [
        (SCRIPT, SCRIPT, IN_BRANCH),
        # git mostly stores a text with LF, whatever this copy has
        (SCRIPT.replace(b"\n", b"\r\n"), SCRIPT, IN_BRANCH),
        # what the file was in a commit is not known, nor what a tag or another repository has
        (SCRIPT, b"as it was then", IN_BRANCH.replace("main", "4b825dc642cb6eb9a060e54bf8d69288fbee4904")),
        (SCRIPT, b"as it was then", IN_BRANCH.replace("main", "v1.0")),
        (SCRIPT, b"another", IN_BRANCH.replace("contoso", "fabrikam")),
    ],
)
def test_a_checksum_that_may_be_right(tmp_path: Path, content: bytes, checksum_of: bytes, uri: str) -> None:
    assert _stale(tmp_path, content, checksum_of, uri) == []


def test_the_line_ends_of_a_binary_file_are_not_converted(tmp_path: Path) -> None:
    (finding,) = _stale(tmp_path, b"\0\r\n", b"\0\n")
    assert not any("CRLF" in note for note in finding.notes)


# -- what is left to be filled in --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "severities"),
    [
        ({"location": "<region>"}, ["error"]),
        ({"tags": {"month": "<month>"}}, ["warning"]),
        ({"location": "[concat('<reg', 'ion>')]"}, []),
        ({"location": "[concat('<region>', '2')]"}, ["error"]),
        # an expression may take these for texts of its own
        ({"tags": {"stage": "[format('__SCRIPT__{0}', 1)]"}}, []),
        ({"tags": {"stage": "__STAGE__"}}, ["warning"]),
    ],
)
def test_placeholders_of_a_resource(members: dict[str, object], severities: list[str]) -> None:
    found = findings(deployment(resource(None, **members)), "unresolved-placeholder")
    assert [finding.severity for finding in found] == severities


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<name>", True),
        ("copy <source> to <target>", True),
        ('<Configuration><Add Channel="Current">', False),
        ("<b>bold</b>", False),
        ("<br/>", False),
        ("__name__", False),
    ],
)
def test_placeholders_of_a_variable(text: str, found: bool) -> None:
    template = deployment(variables={"text": text})
    assert bool(findings(template, "unresolved-placeholder")) == found


def test_a_placeholder_that_the_template_replaces_itself() -> None:
    variables = {"raw": "az login -u <user>", "command": "[replace(variables('raw'), '<user>', 'me')]"}
    assert findings(deployment(variables=variables), "unresolved-placeholder") == []


def test_a_placeholder_in_a_default_is_a_warning() -> None:
    parameters = {"uri": {"type": "string", "defaultValue": "https://<account>.blob.core.windows.net/a"}}
    (finding,) = findings(deployment(parameters=parameters), "unresolved-placeholder")
    assert finding.severity == "warning"


# -- what follows from broken JSON -------------------------------------------------------------------------------------


def test_a_parameter_whose_declaration_broken_json_cut_off() -> None:
    text = deployment(resource(None, location="[parameters('region')]"), parameters={"region": {"type": "string"}})
    assert findings(text, "broken-expression") == []
    assert findings(text.replace('"parameters": {', "", 1), "broken-expression") == []
    assert findings(text.replace('"region"', '"regions"'), "broken-expression")


def test_an_object_that_was_made_of_a_stray_bracket_lacks_nothing() -> None:
    text = deployment().replace('"customize": [', '"customize": [ },', 1)
    names = {finding.check.name for finding in findings(text) if finding.check}
    assert "syntax-error" in names
    assert "missing-property" not in names


# -- backslashes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "marked"),
    [
        (r"mkdir c:\\temp", None),
        (r"mkdir c:\temp", r"\t"),
        (r"copy x 'C:\\a\bin'", r"\b"),
        (r"grep -E '\bfoo'", r"\b"),
        (r"cd c:\nmkdir x", None),
        (r"echo 'Name:\tValue'", None),
        (r"echo \"c:\t$x\"", None),
    ],
)
def test_escapes_that_are_not_meant(written: str, marked: str | None) -> None:
    step = {"type": "Shell", "name": "Step", "inline": ["HERE"]}
    text = deployment(resource({"customize": [step]})).replace("HERE", written)
    found = findings(text, "unintended-escape")
    assert [text[finding.span.start : finding.span.end] for finding in found] == ([marked] if marked else [])


# -- what a resource of a deployment must have -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["apiVersion", "name"])
def test_a_resource_without_what_every_resource_has(name: str) -> None:
    own = resource()
    del own[name]
    (finding,) = findings(deployment(own))
    assert finding.severity == "error"
    assert name in finding.message


def test_an_api_profile_gives_the_api_version() -> None:
    own = resource()
    del own["apiVersion"]
    assert findings(deployment(own, apiProfile="2018-03-01-hybrid"), "unknown-api-version") == []
