"""The JSON report, held against its published schema."""

from __future__ import annotations

import json
import os
from typing import Any

import jsonschema

from aiblint import __version__
from aiblint.finding import Fix
from aiblint.report import json as report
from aiblint.run import Run, Seen
from aiblint.source.document import Document, Span
from aiblint.source.reader import read_text
from tests.golden import golden
from tests.reports import SAS, SIGNATURE, TEXT, check, example, finding, place, run

with open(os.path.join(os.path.dirname(__file__), "..", "docs", "report.schema.json"), encoding="utf-8") as file:
    SCHEMA = json.load(file)


def rendered(of: Run) -> Any:
    """The report as data, after the schema has agreed."""
    data = json.loads(report.render(of))
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    return data


def test_json() -> None:
    text = report.render(example()).replace(f'"version": "{__version__}"', '"version": "0.0.0"')
    assert text == golden("report.json", text)


def test_the_schema_is_one_and_describes_every_member() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    at = place(Document("a.json", "{}"), "{}")
    data = rendered(example()._replace(findings=(finding(at, fix=Fix("mend it", at, "[]")), *example().findings)))

    def described(value: Any, schema: dict[str, Any]) -> None:
        while "$ref" in schema:
            schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        properties = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            properties.update(SCHEMA["$defs"][part["$ref"].removeprefix("#/$defs/")]["properties"])
        if isinstance(value, dict):
            assert value.keys() == properties.keys()
            for name, member in value.items():
                described(member, properties[name])
        for element in value if isinstance(value, list) else ():
            described(element, schema["items"])

    for number, one in enumerate(data["findings"]):
        one["fix"] = data["findings"][0]["fix"]
        described(one, SCHEMA["$defs"]["finding"])
        assert number < 6
    described({**data, "findings": []}, SCHEMA)


def test_an_empty_run() -> None:
    data = rendered(run(files=3, skipped=12))
    assert data["findings"] == data["templates"] == []
    assert data["summary"] == {
        "files": 3, "templates": 0, "errors": 0, "warnings": 0, "infos": 0, "hidden": 0, "suppressed": 0, "skipped": 12, "scripts": 0, "unchecked": 0,
    }  # fmt: skip


def test_positions_count_from_one_and_in_characters() -> None:
    document = read_text("a.json", '{"a": "日本",\r\n "b/c": ["😀", "x"]}')
    first, second = rendered(run(finding(place(document, "本")), finding(place(document, '"x"'))))["findings"]
    assert first["location"]["start"] == {"line": 1, "column": 9}
    assert first["location"]["end"] == {"line": 1, "column": 10}
    assert second["location"]["start"] == {"line": 2, "column": 15}
    assert second["location"]["pointer"] == "/b~1c/1"


def test_no_secret_is_written() -> None:
    document = read_text(f"{SAS}.json", TEXT.replace('"inline"', f'"{SAS}"'))
    at = place(document, SIGNATURE, 2)
    fix = Fix(SAS, at, SAS)
    text = report.render(
        run(finding(at, SAS, help=SAS, fix=fix), templates=(Seen(SAS, "request body", "2024-02-01", False),))
    )
    assert SIGNATURE[:8] not in text
    # Half a secret would be no mending.
    assert json.loads(text)["findings"][0]["fix"] is None


def test_a_fix_is_edits() -> None:
    at = place(Document("a.json", "[1,]"), ",")
    assert rendered(run(finding(at, fix=Fix("remove the comma", at, ""))))["findings"][0]["fix"] == {
        "title": "remove the comma",
        "edits": [
            {
                "location": {"path": "a.json", "start": {"line": 1, "column": 3}, "end": {"line": 1, "column": 4}},
                "replacement": "",
            }
        ],
    }


def test_the_report_is_ascii_and_has_no_control_characters() -> None:
    document = Document("\udcff\x9b.json", "x")
    text = report.render(run(finding(place(document, "x"), "日本 \x1b[31m \ud800")))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["findings"][0]["message"] == "日本 \x1b[31m \ud800"


def fingerprints(document: Document, *texts: str, **more: Any) -> list[str]:
    found = rendered(run(*(finding(place(document, text), **more) for text in texts)))["findings"]
    return [one["fingerprint"] for one in found]


def test_fingerprint_stays_when_lines_and_folders_move() -> None:
    before = read_text("old/a.json", '{"x": [1, {"k": "marked"}]}')
    after = read_text("new\\a.json", '{\n  "other": 0,\n  "x": [\n    1,\n    {"k": "marked"}\n  ]\n}')
    assert fingerprints(before, "marked") == fingerprints(after, "marked")


def test_fingerprint_tells_problems_apart() -> None:
    document = read_text("a.json", '{"x": ["same", "same", "else"]}')
    whole = Span(0, len(document.text), document)
    twice = rendered(run(finding(whole), finding(whole), finding(whole)))["findings"]
    different = {
        *(one["fingerprint"] for one in twice),
        *fingerprints(document, '"same"', '"else"'),
        *fingerprints(read_text("b.json", document.text), '"same"'),
        *fingerprints(read_text("a.json", document.text.replace("x", "y")), '"same"'),
        *fingerprints(document, '"same"', made_by=check("AIB402", "other-check")),
    }
    assert len(different) == 3 + 2 + 1 + 1 + 1
    assert len({one["fingerprint"] for one in twice}) == 3


def test_fingerprint_does_not_depend_on_a_secret() -> None:
    other = SIGNATURE.swapcase()
    one, two = (read_text("a.json", text) for text in (TEXT, TEXT.replace(SIGNATURE, other)))
    assert fingerprints(one, f"sig={SIGNATURE}") == fingerprints(two, f"sig={other}")
