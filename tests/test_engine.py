"""From bytes to findings and an exit status: what a whole run does with a real template."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiblint import cli, engine
from aiblint.finding import Check, Finding
from aiblint.settings import Settings
from aiblint.source.document import Span
from tests.examples import GALLERY_IMAGE, IDENTITY, SUBSCRIPTION
from tests.templates import deployment, findings, marked, name, nested, resource, templates

ERROR, WARNING, INFO = "build-timeout-range", "trailing-comma", "duplicate-step-name"
# One of each, in lines of their own.
STEPS = [
    {"type": "Shell", "name": "Greet", "inline": ["echo hello"]},
    {"type": "Shell", "name": "Greet", "inline": ["x"]},
]
WRONG = deployment(resource({"buildTimeoutInMinutes": 5000, "customize": STEPS})).replace('"x"', '"x",')


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """The exit status of a run, and the names of the checks that found something, in order."""
    status = cli.main([*arguments, "--output", "concise"])
    return status, re.findall(r"\[([a-z-]+)\]$", capsys.readouterr().out, re.MULTILINE)


# -- selection and exit status -----------------------------------------------------------------------------------------


def test_what_is_wrong_with_the_example() -> None:
    assert [(name(one), one.severity) for one in findings(WRONG)] == [
        (ERROR, "error"),
        (INFO, "info"),
        (WARNING, "warning"),
    ]
    assert findings(deployment()) == []


@pytest.mark.parametrize(
    ("options", "status", "names"),
    [
        ([], cli.FOUND, [ERROR, WARNING]),
        (["--show-info"], cli.FOUND, [ERROR, INFO, WARNING]),
        (["--fail-on", "error"], cli.FOUND, [ERROR, WARNING]),
        (["--fail-on", "info", "--select", INFO], cli.FOUND, [INFO]),
        (["--select", INFO], cli.CLEAN, []),
        (["--select", INFO, "--show-info"], cli.CLEAN, [INFO]),
        (["--select", WARNING], cli.FOUND, [WARNING]),
        (["--select", WARNING, "--fail-on", "error"], cli.CLEAN, [WARNING]),
        (["--select", "AIB2"], cli.FOUND, [ERROR]),
        (["--select", "AIB2,AIB004"], cli.FOUND, [ERROR, WARNING]),
        (["--ignore", "AIB2"], cli.FOUND, [WARNING]),
        (["--ignore", f"{ERROR},{WARNING}"], cli.CLEAN, []),
        (["--ignore", "AIB", "--select", ERROR], cli.FOUND, [ERROR]),
    ],
)
def test_options(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], status: int, names: list[str]
) -> None:
    (folder / "image.json").write_text(WRONG)
    assert run(capsys, *options) == (status, names)
    (folder / "sound.json").write_text(deployment())
    assert run(capsys, *options) == (status, names)
    assert run(capsys, "sound.json", *options) == (cli.CLEAN, [])


def test_the_configuration_of_the_repository(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "old").mkdir()
    for path in ("image.json", "old/image.json", "old/other.json"):
        (folder / path).write_text(WRONG)
    configuration = folder / "pyproject.toml"
    configuration.write_text('[tool.aiblint.per-file-ignores]\n"old/" = ["AIB2"]\n"other.json" = ["trailing-comma"]\n')
    assert run(capsys) == (cli.FOUND, [ERROR, WARNING, WARNING])
    assert run(capsys, "--show-info", "old/other.json") == (cli.CLEAN, [INFO])
    assert run(capsys, "--select", ERROR, "old") == (cli.CLEAN, [])
    configuration.write_text(f'[tool.aiblint]\nignore = ["{ERROR}"]\nfail-on = "error"\nshow-info = true\n')
    assert run(capsys, "image.json") == (cli.CLEAN, [INFO, WARNING])
    assert run(capsys, "image.json", "--fail-on", "warning") == (cli.FOUND, [INFO, WARNING])
    configuration.write_text('[tool.aiblint]\nexclude = ["old"]\napi-version = "2022-07-01"\n')
    assert run(capsys) == (cli.FOUND, [ERROR, WARNING])


def test_what_cannot_be_done_is_status_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "image.json").write_text(WRONG)
    assert run(capsys, "image.json", "none.json") == (cli.FAILED, [ERROR, WARNING])
    assert run(capsys, "--select", "nothing") == (cli.FAILED, [])
    assert run(capsys, "--fail-on", "never") == (cli.FAILED, [])
    assert run(capsys, "--parameters", "none.json", "image.json")[0] == cli.FAILED


def test_findings_are_in_the_order_of_the_file_and_of_the_files(folder: Path) -> None:
    for path in ("b.json", "a.json"):
        (folder / path).write_text(WRONG)
    outcome = engine.lint(["."], Settings(show_info=True))
    assert [(one.span.document.path, name(one)) for one in outcome.findings] == [
        (path, check) for path in ("a.json", "b.json") for check in (ERROR, INFO, WARNING)
    ]
    assert (outcome.files, len(outcome.templates), outcome.hidden) == (2, 2, 0)
    assert engine.lint(["."], Settings()).hidden == 2


# -- suppression -------------------------------------------------------------------------------------------------------


def commented(text: str, before: str, comment: str) -> str:
    """The text with a line of comment before the line that begins with these characters."""
    line = next(line for line in text.splitlines() if line.strip().startswith(before))
    return text.replace(line, f"{comment}\n{line}", 1)


def kept(text: str) -> list[str]:
    return [name(one) for one in findings(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # at the end of the line
        (WRONG.replace("5000,", f"5000, // aiblint: ignore[{ERROR}] a slow build"), [INFO, WARNING]),
        (WRONG.replace("5000,", "5000, /* aiblint: ignore[AIB220, AIB004] */"), ["unused-suppression", INFO, WARNING]),
        # above the element
        (commented(WRONG, '"buildTimeout', f"// aiblint: ignore[{ERROR}] a slow build"), [INFO, WARNING]),
        (commented(WRONG, '"customize', "// aiblint: ignore[AIB3] known"), [ERROR, WARNING]),
        (commented(WRONG, '"customize', "// aiblint: ignore[AIB0,AIB3] known"), [ERROR]),
        (commented(WRONG, '"properties', "// aiblint: ignore[AIB] all of it"), []),
        (commented(WRONG, '"source', f"// aiblint: ignore[{ERROR}] elsewhere"), [ERROR, "unused-suppression", INFO, WARNING]),
        # the whole file
        (f"// aiblint: ignore-file[{ERROR}] why\n{WRONG}", [INFO, WARNING]),
        (f"{WRONG}\n// aiblint: ignore-file[AIB] why\n", []),
        # what does nothing
        (f"// aiblint: ignore-file[AIB999] later\n{WRONG}", ["unused-suppression", ERROR, INFO, WARNING]),
        (f"// aiblint: ignore-file\n{deployment()}", ["unused-suppression"]),
        (f"// aiblint: ignore-file[{ERROR}] why\n{deployment()}", ["unused-suppression"]),
        (deployment().replace("120,", f"120, // aiblint: ignore[{ERROR}]"), ["unused-suppression"]),
        # what is said of comments is a finding like any other
        (f"// aiblint: ignore-file[{ERROR}, unused-suppression] why\n{deployment()}", []),
        (f"// aiblint: ignore-file[AIB009] why\n// aiblint: ignore-file[{ERROR}] why\n{deployment()}", []),
        (f"// aiblint: ignore-file[AIB0] why\n// aiblint: ignore-file[{ERROR}] why\n{deployment()}", []),
        (deployment().replace("120,", f"120, // aiblint: ignore[{ERROR}, unused-suppression]"), []),
        (f"// aiblint: ignore-file[unused-suppression] why\n{deployment()}", []),
    ],
)  # fmt: skip
def test_comments(text: str, names: list[str]) -> None:
    assert kept(text) == names


def test_a_comment_at_the_default_of_a_parameter() -> None:
    text = deployment(
        resource({"buildTimeoutInMinutes": "[parameters('minutes')]"}),
        parameters={"minutes": {"type": "int", "defaultValue": 5000}},
    )
    assert kept(text) == [ERROR]
    assert kept(text.replace("5000", f"5000 // aiblint: ignore[{ERROR}] whoever deploys knows")) == []
    assert kept(commented(text, '"minutes"', f"// aiblint: ignore[{ERROR}]")) == []
    assert kept(commented(text, '"type": "int"', f"// aiblint: ignore[{ERROR}]")) == ["unused-suppression", ERROR]


def test_a_comment_in_a_parameter_file_silences_nothing(tmp_path: Path) -> None:
    text = deployment(resource({"buildTimeoutInMinutes": "[parameters('m')]"}), parameters={"m": {"type": "int"}})
    (tmp_path / "image.parameters.json").write_text(
        '{"parameters": {"m": {"value": 5000}}} // aiblint: ignore[build-timeout-range]'
    )
    assert [name(one) for one in findings(text, path=str(tmp_path / "image.json"))] == [ERROR]


def test_suppressed_findings_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "image.json").write_text(f"// aiblint: ignore-file[AIB] why\n{WRONG}")
    assert cli.main([]) == cli.CLEAN
    assert "3 suppressed" in capsys.readouterr().out
    (folder / "image.json").write_text(f"// aiblint: ignore-file[{ERROR}, AIB009] why\n{deployment()}")
    assert cli.main([]) == cli.CLEAN
    assert "1 suppressed" in capsys.readouterr().out


def test_a_check_that_is_not_made_leaves_no_useless_comment(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "image.json").write_text(f"// aiblint: ignore-file[{ERROR}] why\n{WRONG}")
    assert run(capsys, "--select", "AIB0") == (cli.FOUND, [WARNING])
    assert run(capsys, "--ignore", f"{ERROR},{WARNING}") == (cli.CLEAN, [])


# -- a bug in a check --------------------------------------------------------------------------------------------------


def test_a_bug_in_one_check_hides_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stumble(template: object) -> object:
        raise KeyError("a secret")

    stumble.__annotations__ = {"template": "ImageTemplate"}
    checks = (Check("AIB299", "stumbling", "error", (), ("ImageTemplate",), stumble), *engine.load_checks())  # type: ignore[arg-type]
    monkeypatch.setattr("aiblint.engine.load_checks", lambda parts=None: checks)
    monkeypatch.delenv("AIBLINT_RAISE", raising=False)
    (folder / "image.json").write_text(WRONG)
    assert cli.main([]) == cli.FAILED
    captured = capsys.readouterr()
    assert "AIB299 stumbling" in captured.err
    assert "a secret" not in captured.out + captured.err
    assert ERROR in captured.out
    monkeypatch.setenv("AIBLINT_RAISE", "1")
    with pytest.raises(KeyError):
        cli.main([])


def test_a_long_message_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(document: object) -> object:
        yield Finding(Span(0, 1, document), "begins " + "x" * 10_000 + " ends")  # type: ignore[arg-type]

    checks = (Check("AIB099", "talking", "error", (), ("Document",), talk),)  # type: ignore[arg-type]
    monkeypatch.setattr("aiblint.engine.load_checks", lambda parts=None: checks)
    (only,) = findings(deployment())
    assert len(only.message) == engine.LONGEST_MESSAGE
    assert only.message.startswith("begins x")
    assert only.message.endswith("x ends")


# -- the view that checks have -----------------------------------------------------------------------------------------


def test_letter_case_of_names() -> None:
    (template,) = templates(
        deployment(resource({"CUSTOMIZE": "x", "value": {"Aa": 1, "aA": 2, "AA": 3}}, Location="northeurope"))
    )
    view = template.properties
    assert view.get("buildtimeoutinminutes").number == 120
    assert view.get("customize").items[0].get("TYPE").text == "Shell"
    # the exact name wins, then the first
    assert [view.get("value", each).number for each in ("Aa", "aA", "AA", "aa")] == [1, 2, 3, 1]
    assert view.get("value", "none").is_missing
    assert view.get("value", "none", "deeper").is_missing


@pytest.mark.parametrize(
    ("version", "severity"), [("2022-07-01", "warning"), ("2024-02-01", "error"), ("2025-10-01", "error")]
)
def test_letter_case_is_an_error_from_2024_on(version: str, severity: str) -> None:
    step = {"type": "shell", "Name": "Greet", "INLINE": ["echo"]}
    text = deployment(resource({"customize": [step]}, apiVersion=version))
    assert [(one.severity, marked(one)) for one in findings(text)] == [
        (severity, words) for words in ('"shell"', '"Name"', '"INLINE"')
    ]
    (template,) = templates(text)
    (only,) = template.customizers
    assert (only.type, only.label, only.get("inline").items[0].text) == ("Shell", "step `Greet`", "echo")


def test_members_and_items_below_a_reference() -> None:
    text = deployment(
        resource({"value": "[variables('v')]"}),
        variables={"v": {"list": [1, "[parameters('p')]"], "null": None}},
        parameters={"p": {"type": "string", "defaultValue": "x"}},
    )
    (template,) = templates(text)
    value = template.properties.get("value")
    used = value.node
    assert [key for key, _ in value.members] == ["list", "null"]
    assert all(member.node is used for _, member in value.members)
    first, second = value.get("list").items
    assert [first.number, second.text] == [1, "x"]
    assert first.definition is not None
    assert first.definition.pointer == "/variables/v/list/0"
    assert second.definition is not None
    assert second.definition.pointer == "/parameters/p/defaultValue"
    assert value.get("null").is_missing
    assert value.get("list").text is None
    assert (value.items, value.pieces, value.number, value.flag) == ((), (), None, None)


def test_what_is_below_an_unknown_or_a_member_of_no_known_name_is_unknown() -> None:
    text = deployment(
        resource({"value": {"[parameters('p')]": 1, "known": 2}, "open": "[parameters('p')]"}),
        parameters={"p": {"type": "string"}},
    )
    (template,) = templates(text)
    assert template.properties.get("open", "a", "b").is_unknown
    assert template.properties.get("value", "known").number == 2
    assert template.properties.get("value", "other").is_unknown


@pytest.mark.parametrize(
    ("written", "text", "start", "end", "shown"),
    [
        ('"plain"', "plain", 0, 5, "plain"),
        ('"a\\nb"', "a\nb", 1, 2, "\\n"),
        ('"a\\nb"', "a\nb", 2, 3, "b"),
        ('"\\u0041\\u00e9\\"x\\\\y"', 'Aé"x\\y', 1, 3, '\\u00e9\\"'),
        ('"\\u0041\\u00e9\\"x\\\\y"', 'Aé"x\\y', 4, 6, "\\\\y"),
        ('"\\ud83d\\ude00 x"', "\U0001f600 x", 0, 1, "\\ud83d\\ude00"),
        ('"\U0001f600 x"', "\U0001f600 x", 2, 3, "x"),
        ('"a\\/b"', "a/b", 1, 2, "\\/"),
        ('"[[x] y]"', "[x] y]", 1, 2, '"[[x] y]"'),
        ("\"[concat('a', 'b')]\"", "ab", 0, 1, "\"[concat('a', 'b')]\""),
        ("\"[variables('v')]\"", "value", 0, 1, "\"[variables('v')]\""),
    ],
)  # fmt: skip
def test_the_characters_of_a_part(written: str, text: str, start: int, end: int, shown: str) -> None:
    whole = deployment(resource({"value": "HERE"}), variables={"v": "value"}).replace('"HERE"', written)
    (template,) = templates(whole)
    value = template.properties.get("value")
    assert value.text == text
    span = value.part(start, end)
    assert whole[span.start : span.end] == shown


def test_where_something_missing_is_shown() -> None:
    text = deployment(resource({"vmProfile": {}, "customize": [{"name": "n", "type": "Shell"}, {}]}))
    (template,) = templates(text)
    step, empty = template.customizers

    def at(span: Span) -> str:
        return text[span.start : span.end]

    assert at(template.vm_profile.get("vmSize").span) == '"vmProfile"'
    assert at(step.get("inline").span) == '"n"'
    assert at(empty.get("inline").span) == "{"
    assert at(step.get("type").key_span) == '"type"'
    assert at(step.value.key_span) == at(step.value.span)


# -- unknown is never wrong --------------------------------------------------------------------------------------------

# Places of the template, each with a sound value and others, wrong or of the wrong type. None is an empty text: as a
# default it says that whoever deploys has to fill it in, which checks take into account.
CHECKSUM = "ab" * 32
IMAGE = resource(
    {
        "customize": [
            {"type": "Shell", "name": "Greet", "inline": ["echo hello"]},
            {
                "type": "Shell",
                "name": "Fetch",
                "scriptUri": "https://example.com/1.0.0/x.sh",
                "sha256Checksum": CHECKSUM,
            },
        ]
    }
)
SOUND = IMAGE["properties"]
assert isinstance(SOUND, dict)
PLACES: dict[tuple[str | int, ...], tuple[object, ...]] = {
    ("name",): ("image", "not a name!", 5),
    ("location",): ("westeurope", "West Europe", "mars", None),
    ("identity",): (IMAGE["identity"], {"type": "None"}, {}, "x"),
    ("identity", "type"): ("UserAssigned", "None", "SystemAssigned"),
    ("identity", "userAssignedIdentities"): ({IDENTITY: {}}, {}, {"/x": {}, "/y": {}}),
    ("tags",): ({"a": "b"}, {"a": 1}, []),
    ("properties", "buildTimeoutInMinutes"): (120, 5000, -1, "120"),
    ("properties", "vmProfile"): (SOUND["vmProfile"], {"vmSize": "Standard_B1s"}, {"osDiskSizeGB": 10}, 5),
    ("properties", "vmProfile", "vmSize"): ("Standard_D2s_v5", "Standard_B1s", 3),
    ("properties", "vmProfile", "osDiskSizeGB"): (64, 0, 10, True),
    ("properties", "stagingResourceGroup"): (f"{SUBSCRIPTION}/resourceGroups/staging", "/subscriptions/x", "y"),
    ("properties", "source"): (SOUND["source"], {"type": "ManagedImage", "imageId": "/x"}, "x", {"type": "PlatformImage"}),
    ("properties", "source", "sku"): ("server", "2022-datacenter-g2", "none"),
    ("properties", "source", "version"): ("latest", "1.2.3", "newest"),
    ("properties", "customize"): (SOUND["customize"], [], [{"type": "WindowsRestart"}], "x", None, [{"type": "File"}, {}]),
    ("properties", "customize", 0): (SOUND["customize"][0], {"type": "PowerShell", "inline": ["x"]}, {"type": "Shell"}, 5),
    ("properties", "customize", 0, "type"): ("Shell", "shell", "PowerShell", "Bash"),
    ("properties", "customize", 0, "inline"): (["echo"], [], "echo", ["[[ -f /x ]"]),
    ("properties", "customize", 1, "scriptUri"): ("https://example.com/1.0.0/y.sh", "http://x", "x.sh", 5),
    ("properties", "customize", 1, "sha256Checksum"): (CHECKSUM, "x", CHECKSUM.upper()),
    ("properties", "distribute"): (SOUND["distribute"], [], [{"type": "VHD", "runOutputName": "v"}] * 2, {}),
    ("properties", "distribute", 0, "runOutputName"): ("image", "not a name!", 7),
    ("properties", "distribute", 0, "galleryImageId"): (f"{GALLERY_IMAGE}/other", "/x"),
    ("properties", "distribute", 0, "targetRegions"): ([{"name": "westeurope"}], [{"name": "mars"}], [], [{"name": 1}], [{}]),
    ("properties", "optimize"): ({"vmBoot": {"state": "Enabled"}}, {"vmBoot": {}}, True),
    ("properties", "validate"): ({}, {"inVMValidations": [{"type": "Shell"}]}, {"sourceValidationOnly": 1}),
}  # fmt: skip


def put(holder: object, path: tuple[str | int, ...], value: object) -> None:
    """Put a value at a place, where the way to it is there."""
    for step in path[:-1]:
        try:
            holder = holder[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(holder, dict) or (isinstance(holder, list) and path[-1] in range(len(holder))):
        holder[path[-1]] = value  # type: ignore[index]


@st.composite
def parametrised(draw: st.DrawFn) -> dict[str, object]:
    """A deployment with some places of its image template taken from parameters, directly or through an expression.

    One of the parameters may have a wrong default. With two, one can hide the other: a finding names one cause.
    """
    image = copy.deepcopy(IMAGE)
    parameters: dict[str, object] = {}
    variables: dict[str, object] = {}
    paths = sorted(draw(st.sets(st.sampled_from(sorted(PLACES, key=str)), max_size=4)), key=len)
    wrong = draw(st.integers(0, 3))
    for number, path in enumerate(paths):
        value = draw(st.sampled_from(PLACES[path])) if number == wrong else PLACES[path][0]
        use = f"[parameters('p{number}')]"
        way = draw(st.sampled_from(("direct", "variable", "if", "concat", "element", "format", "copy")))
        if way == "variable":
            variables[f"v{number}"] = use
            use = f"[variables('v{number}')]"
        elif way == "if":
            use = f"[if(equals(parameters('p{number}'), 'x'), 'other', parameters('p{number}'))]"
        elif way == "element":
            variables[f"v{number}"] = [use]
            use = f"[first(variables('v{number}'))]"
        elif way in ("concat", "format") and isinstance(value, str):
            use = (
                f"[concat(parameters('p{number}'), '')]"
                if way == "concat"
                else f"[format('{{0}}', parameters('p{number}'))]"
            )
        put(image, path, use)
        kinds = {str: "string", int: "int", bool: "bool", list: "array", dict: "object", type(None): "string"}
        parameters[f"p{number}"] = {"type": kinds[type(value)], "defaultValue": value}
    image["apiVersion"] = draw(
        st.sampled_from(("2025-10-01", "2024-02-01", "2022-02-14", "2019-05-01-preview", "2021-13-01"))
    )
    whole: dict[str, object] = json.loads(deployment(image, parameters=parameters, variables=variables))
    if draw(st.integers(0, 4)) == 0:
        whole = json.loads(deployment(nested(whole, "inner")))
    return whole


SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def declared(whole: dict[str, object]) -> dict[str, dict[str, object]]:
    """The parameters of a deployment, or of the one nested in it."""
    text = whole.get("parameters")
    if not isinstance(text, dict):
        text = whole["resources"][0]["properties"]["template"]["parameters"]  # type: ignore[index]
    return text  # type: ignore[return-value]


def told(whole: dict[str, object]) -> set[str]:
    """The checks that find something."""
    return {name(one) for one in findings(json.dumps(whole))}


@SLOW
@given(parametrised(), st.data())
def test_without_a_default_nothing_more_is_found(
    monkeypatch: pytest.MonkeyPatch, whole: dict[str, object], data: st.DataObject
) -> None:
    monkeypatch.setenv("AIBLINT_RAISE", "1")
    before = told(whole)
    parameters = declared(whole)
    if not parameters:
        return
    for each in data.draw(st.sets(st.sampled_from(sorted(parameters)), min_size=1)):
        del parameters[each]["defaultValue"]
    assert told(whole) <= before
