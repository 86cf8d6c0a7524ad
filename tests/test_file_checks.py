"""What a page cannot show: bytes that are no text, and files that are too large."""

from __future__ import annotations

import json

from aiblint import engine
from aiblint.settings import Settings
from tests.examples import SOUND


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
