"""Parameter values from outside: files, the command line, the file beside the template."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiblint import cli
from aiblint.arm.parameters import gather
from aiblint.template import ImageTemplate
from aiblint.value import Unknown
from tests.templates import deployment, findings, marked, name, related, resource, templates

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
VAULT = {"keyVault": {"id": "/subscriptions/x"}, "secretName": "s"}


def parameter_file(**values: object) -> str:
    return json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "parameters": values})


def value(template: ImageTemplate) -> object:
    data = template.properties.get("value").data
    return "?" if isinstance(data, Unknown) else data


def template(kind: str | None, **more: object) -> str:
    declared = {"p": {**({"type": kind} if kind else {}), **more}}
    return deployment(resource({"value": "[parameters('p')]"}), parameters=declared)


# -- NAME=VALUE --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("string", "text", "text"),
        ("string", "", ""),
        ("string", "a=b==c", "a=b==c"),
        ("string", "https://x/?sv=1&sig=2%3D", "https://x/?sv=1&sig=2%3D"),
        ("string", "5", "5"),
        ("string", "true", "true"),
        ("string", '"quoted"', '"quoted"'),
        ("string", "[concat('a')]", "[concat('a')]"),
        ("String", '{"a": 1}', '{"a": 1}'),
        ("string", " spaced ", " spaced "),
        ("string", "naïve 日本", "naïve 日本"),
        ("int", "5", 5),
        ("Int", " -007 ", -7),
        ("int", "five", "?"),
        ("int", "1.5", "?"),
        ("int", '"5"', "?"),
        ("int", "9" * 5000, "?"),
        ("bool", "true", True),
        ("bool", "False", False),
        ("BOOL", "TRUE", True),
        ("bool", "yes", "?"),
        ("bool", "1", "?"),
        ("array", "nonsense", "?"),
        ("array", '{"a": 1}', "?"),
        ("object", "[1]", "?"),
        ("object", '{"a": }', "?"),
        (None, "5", 5),
        (None, "text", "text"),
        ("securestring", "hunter2", "?"),
        ("secureObject", '{"a": 1}', "?"),
    ],
)
def test_a_value_of_the_command_line_has_the_declared_type(kind: str | None, written: str, expected: object) -> None:
    (one,) = templates(template(kind), gather((f"p={written}",)))
    result = value(one)
    assert result == expected
    assert type(result) is type(expected)


def test_arrays_and_objects_of_the_command_line() -> None:
    (one,) = templates(template("array"), gather(('P = ["a", {"b": [2]}]',)))
    items = one.properties.get("value").items
    assert items[0].text == "a"
    assert items[1].get("b").items[0].number == 2
    (one,) = templates(template("object"), gather(('p={"a": "x=y"} // why',)))
    assert one.properties.get("value", "A").text == "x=y"


def test_a_later_value_wins_and_defaults_lose(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text(parameter_file(P={"value": "file"}))
    text = template("string", defaultValue="default")
    for arguments, expected in (
        ((), "default"),
        (("p=first", "p=second"), "second"),
        ((str(file),), "file"),
        (("p=line", str(file)), "file"),
        ((str(file), "p=line"), "line"),
        ((f"@{file}",), "file"),
        (("other=x",), "default"),
    ):
        (one,) = templates(text, gather(arguments))
        assert value(one) == expected


def test_a_file_may_have_an_equals_sign_in_its_name(tmp_path: Path) -> None:
    file = tmp_path / "stage=dev.json"
    file.write_text(parameter_file(p={"value": 5}))
    for argument in (str(file), f"@{file}"):
        (one,) = templates(template("int"), gather((argument,)))
        assert value(one) == 5


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ({"value": "text"}, "text"),
        ({"Value": ["a"]}, ["a"]),
        ({"value": 5}, 5),
        ({"value": None}, "default"),
        ({"reference": VAULT}, "?"),
        ({"value": "<region>"}, "?"),
        ({"value": "[[x]"}, "[[x]"),
        ({"value": "[parameters('p')]"}, "?"),
        ({}, "default"),
        ("text", "default"),
    ],
)
def test_what_a_parameter_file_gives(tmp_path: Path, argument: object, expected: object) -> None:
    file = tmp_path / "some.json"
    file.write_text("// dev\n" + parameter_file(p=argument))
    (one,) = templates(template(None, defaultValue="default"), gather((str(file),)))
    given = one.properties.get("value")
    assert ([item.text for item in given.items] or value(one)) == expected


def test_a_parameter_file_in_utf_16(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_bytes(parameter_file(p={"value": "text"}).encode("utf-16"))
    assert gather((str(file),))["p"].text == "text"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "some.json: no such file or directory"),
        ("[]", "some.json: this is no parameter file: it has no `parameters`"),
        ('{"parameters": []}', "some.json: this is no parameter file: it has no `parameters`"),
        ("", "some.json:1: "),
        ('{"parameters": {\n"p": {"value": "a" "x": 1}}}', "some.json:2: "),
    ],
)
def test_a_file_that_gives_no_parameters_stops_the_run_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "some.json").write_text(content)
    (tmp_path / "template.json").write_text(template("string"))
    arguments = ["--parameters", str(tmp_path / "some.json"), str(tmp_path / "template.json")]
    assert cli.main(arguments) == cli.FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("aiblint: ")
    assert message in line


# -- the file beside ---------------------------------------------------------------------------------------------------


def test_the_file_beside_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    path = tmp_path / "image.json"
    text = template("string", defaultValue="default")
    beside = tmp_path / "image.parameters.json"
    for content, expected in (
        (parameter_file(P={"value": "beside"}), "beside"),
        (parameter_file(other={"value": "beside"}), "default"),
        (parameter_file(p={"reference": VAULT}), "?"),
        (template("string"), "default"),
        ("[]", "default"),
        ("", "default"),
    ):
        beside.write_text(content)
        (one,) = templates(text, path=str(path))
        assert value(one) == expected, content
        (one,) = templates(text, gather(("p=line",)), path=str(path))
        assert value(one) == "line"


@pytest.mark.parametrize("own", ["image", "image.bicep", "-", "other.json"])
def test_only_the_file_of_the_same_name_is_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    (tmp_path / "image.parameters.json").write_text(parameter_file(p={"value": "beside"}))
    monkeypatch.chdir(tmp_path)
    (one,) = templates(template("string", defaultValue="default"), path=own)
    assert value(one) == "default"


# -- where a value comes from ------------------------------------------------------------------------------------------


def test_a_finding_relates_to_the_place_in_the_parameter_file(tmp_path: Path) -> None:
    text = deployment(
        resource({"buildTimeoutInMinutes": "[parameters('minutes')]"}), parameters={"minutes": {"type": "int"}}
    )
    file = tmp_path / "image.parameters.json"
    file.write_text(parameter_file(minutes={"value": 5000}))
    (found,) = findings(text, path=str(tmp_path / "image.json"))
    assert name(found) == "build-timeout-range"
    assert marked(found) == "\"[parameters('minutes')]\""
    assert related(found) == [(str(file), "5000")]
    (found,) = findings(text, given=gather(("minutes=5000",)))
    assert related(found) == [("--parameters", "5000")]


def test_the_report_names_the_parameter_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "image.json").write_text(
        deployment(resource({"buildTimeoutInMinutes": "[parameters('m')]"}), parameters={"m": {"type": "int"}})
    )
    (tmp_path / "values.json").write_text('{"parameters": {\n  "m": {"value": 5000}}}')
    assert cli.main(["--parameters", "values.json", "image.json"]) == cli.FOUND
    assert "note: values.json:2:18: the value is defined here" in capsys.readouterr().out


def test_an_element_relates_to_its_own_place_in_the_parameter_file(tmp_path: Path) -> None:
    text = deployment(resource({"customize": "[parameters('steps')]"}), parameters={"steps": {"type": "array"}})
    (tmp_path / "image.parameters.json").write_text(
        parameter_file(steps={"value": [{"type": "Shell", "name": "a", "inline": 7}]})
    )
    (found,) = findings(text, path=str(tmp_path / "image.json"))
    assert marked(found) == "\"[parameters('steps')]\""
    assert related(found) == [(str(tmp_path / "image.parameters.json"), "7")]


def test_a_secret_on_the_command_line_is_in_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "image.json"
    path.write_text(deployment(resource(location="[parameters('p')]"), parameters={"p": {"type": "securestring"}}))
    assert cli.main(["--show-info", "--parameters", "p=hunter2", str(path)]) == cli.CLEAN
    captured = capsys.readouterr()
    assert "hunter2" not in captured.out + captured.err


# -- the API version ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "note: image.json does not say its API version; the newest, 2025-10-01, was assumed"),
        (["--api-version", "2022-07-01"], "ARM deployment template, API version 2022-07-01"),
        (["--parameters", "api-version=2021-10-01"], "ARM deployment template, API version 2021-10-01"),
        (["--parameters", "API-Version=2021-10-01", "--api-version", "2022-07-01"], "API version 2021-10-01"),
        (["--parameters", "p.json"], "ARM deployment template, API version 2020-02-14"),
    ],
)
def test_an_api_version_without_default(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.json").write_text(parameter_file(**{"api-version": {"value": "2020-02-14"}}))
    text = deployment(
        resource(apiVersion="[parameters('api-version')]"), parameters={"api-version": {"type": "string"}}
    )
    (tmp_path / "image.json").write_text(text)
    cli.main([*options, "image.json"])
    out = capsys.readouterr().out
    assert told in out
    assert ("was assumed" in out) == (not options)


def test_that_versions_are_assumed_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = deployment(resource(apiVersion="[parameters('v')]"), parameters={"v": {"type": "string"}})
    for number in range(3):
        (tmp_path / f"{number}.json").write_text(text)
    assert cli.main([]) == cli.CLEAN
    assert capsys.readouterr().out.count("assumed") == 1


@pytest.mark.parametrize(
    ("written", "options", "status"),
    [
        ("2021-13-01", [], cli.FOUND),
        ("[parameters('v')]", ["--parameters", "v=2021-13-01"], cli.FOUND),
        ("[parameters('v')]", ["--api-version", "2021-13-01"], cli.FAILED),
    ],
)
def test_api_versions_that_do_not_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str, options: list[str], status: int
) -> None:
    path = tmp_path / "image.json"
    path.write_text(deployment(resource(apiVersion=written), parameters={"v": {"type": "string"}}))
    assert cli.main(["--select", "unknown-api-version", *options, str(path)]) == status
    captured = capsys.readouterr()
    assert "2021-13-01" in captured.out + captured.err
