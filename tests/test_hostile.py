"""No input may crash it: any bytes, any nesting, any damage to a template end in findings or in one clear line."""

from __future__ import annotations

import io
import json
import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiblint import cli, engine
from aiblint.settings import Settings
from tests.examples import SOUND

TEXT = json.dumps(
    {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"region": {"type": "string", "defaultValue": "[resourceGroup().location]"}},
        "variables": {"copy": [{"name": "lines", "count": 2, "input": "[concat('echo ', copyIndex('lines'))]"}]},
        "resources": [
            SOUND["linux"],
            {**SOUND["windows"], "location": "[parameters('region')]", "copy": {"name": "images", "count": 2}},
        ],
    },
    indent=2,
)
MARK = b'"type": "Microsoft.VirtualMachineImages/imageTemplates", '


def _lint(data: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Through the command line, as standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    status = cli.main(["--output", "json", "-"])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def _sound_outcome(data: bytes) -> None:
    outcome = engine.lint_bytes("template.json", data, Settings(show_info=True), {})
    assert outcome.broken == ()
    for finding in outcome.findings:
        assert 0 <= finding.span.start <= finding.span.end <= len(finding.span.document.text)
        assert finding.pointer is not None
        assert finding.message


HEALTH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@HEALTH
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    _sound_outcome(MARK + data)
    _sound_outcome(b"{" + MARK + data)


@HEALTH
@given(st.integers(0, len(TEXT)))
def test_any_truncation(end: int) -> None:
    _sound_outcome(TEXT[:end].encode())


@HEALTH
@given(st.integers(0, len(TEXT)), st.integers(0, 12), st.text(max_size=6))
def test_any_edit(start: int, removed: int, added: str) -> None:
    _sound_outcome((TEXT[:start] + added + TEXT[start + removed :]).encode("utf-8", "replace"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@HEALTH
@given(st.data())
def test_any_value_in_any_place(data: st.DataObject) -> None:
    template = json.loads(TEXT)
    places: list[tuple[dict[str, object] | list[object], object]] = []

    def walk(node: object) -> None:
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in pairs:
            places.append((node, key))  # type: ignore[arg-type]
            walk(value)

    walk(template)
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(JSON)  # type: ignore[index,call-overload]
    _sound_outcome(json.dumps(template).encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_encoding_reads_the_same(encoding: str) -> None:
    broken = TEXT.replace('"buildTimeoutInMinutes": 120', '"buildTimeoutInMinutes": 5', 1)
    outcome = engine.lint_bytes("template.json", broken.encode(encoding), Settings(), {})
    assert [(f.check.name, f.span.start) for f in outcome.findings if f.check] == [
        ("build-timeout-range", broken.index("5", broken.index("buildTimeoutInMinutes")))
    ]


@pytest.mark.parametrize(
    "data",
    [b"[" * 10_000_000, b'"a":' * 2_500_000, b'{"a":' * 2_000_000, b'"' * 10_000_000, b"<a>" * 3_000_000],
    ids=["brackets", "keys", "objects", "quotes", "placeholders"],
)
@pytest.mark.parametrize("marked", [False, True])
def test_ten_megabytes(
    data: bytes, marked: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = _lint((b"{" + MARK if marked else b"") + data, monkeypatch, capsys)
    assert status in (0, 1, 2)
    assert status != 2 or err.startswith("aiblint: ")
    assert len(out) < 1_000_000
    assert marked is False or json.loads(out)["findings"]


def test_expressions_cannot_explode(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    variables = {"v0": "0123456789"}
    for n in range(1, 60):
        variables[f"v{n}"] = f"[concat({', '.join([f'variables({chr(39)}v{n - 1}{chr(39)})'] * 10)})]"
    template = json.loads(TEXT)
    template["variables"] = variables
    template["resources"][0]["location"] = "[variables('v59')]"
    template["resources"][0]["tags"] = {"circle": "[variables('round')]"}
    variables["round"] = "[variables('round')]"
    status, out, _ = _lint(json.dumps(template).encode(), monkeypatch, capsys)
    assert status == 1
    assert [finding["name"] for finding in json.loads(out)["findings"]] == ["broken-expression"]


def test_files_that_cannot_be_read(tmp_path: str, capsys: pytest.CaptureFixture[str]) -> None:
    missing = os.path.join(tmp_path, "missing.json")
    assert cli.main([missing]) == 2
    error = capsys.readouterr().err
    assert error.startswith("aiblint: ") and "missing.json" in error and error.count("\n") == 1
