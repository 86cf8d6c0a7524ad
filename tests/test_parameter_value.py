"""Values that parameters themselves refuse, wherever they come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiblint import cli
from tests.examples import SOUND


def _template(**declared: object) -> str:
    return json.dumps(
        {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {"p": declared},
            "resources": [{**SOUND["linux"], "tags": {"p": "[string(parameters('p'))]"}}],
        }
    )


@pytest.mark.parametrize(
    ("declared", "given", "words"),
    [
        ({"type": "string", "allowedValues": ["a", "b"]}, "c", "is none of those that it allows"),
        ({"type": "string", "allowedValues": ["a", "b"]}, "B", ""),
        ({"type": "string", "allowedValues": ["a", "[concat('c')]"]}, "c", ""),
        ({"type": "int", "minValue": 60}, "59", "is less than 60"),
        ({"type": "int", "maxValue": 60}, "60", ""),
        ({"type": "string", "maxLength": 2}, "abc", "is longer than 2"),
        ({"type": "array", "minLength": 2}, '["a"]', "is shorter than 2"),
        ({"type": "securestring", "minLength": 20}, "short", ""),
        ({"type": "string", "defaultValue": "[parameters('p')]", "minLength": 2}, "long enough", ""),
    ],
)
def test_given_on_the_command_line(
    declared: dict[str, object], given: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "template.json").write_text(_template(**declared))
    command = ["--output", "json", "--select", "AIB015", "--parameters", f"p={given}", str(tmp_path / "template.json")]
    status = cli.main(command)
    messages = [finding["message"] for finding in json.loads(capsys.readouterr().out)["findings"]]
    assert messages == ([f"the value of parameter `p` {words}"] if words else [])
    assert status == (1 if words else 0)


def test_given_in_the_parameter_file_beside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "template.json").write_text(_template(type="string", allowedValues=["a", "b"], defaultValue="a"))
    (tmp_path / "template.parameters.json").write_text('{"parameters": {\n"p": {"value": "c"}}}')
    assert cli.main(["--output", "json", "--select", "AIB015", str(tmp_path / "template.json")]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["location"]["path"].endswith("template.parameters.json")
    assert finding["location"]["start"] == {"line": 2, "column": 16}
    assert finding["related"][0]["location"]["path"].endswith("template.json")


def test_a_default_that_needs_itself_is_no_bug_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = _template(type="string", defaultValue="[parameters('p')]", minLength=2)
    (tmp_path / "template.json").write_text(template)
    assert cli.main(["--output", "json", str(tmp_path / "template.json")]) == 1
    captured = capsys.readouterr()
    assert {finding["name"] for finding in json.loads(captured.out)["findings"]} == {"broken-expression"}
    assert captured.err == ""
