"""Small deployment templates for tests, and what aiblint makes of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiblint import engine
from aiblint.settings import Settings
from aiblint.source.reader import read_text
from tests.examples import SOUND

if TYPE_CHECKING:
    from aiblint.finding import Finding
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
TYPE = "Microsoft.VirtualMachineImages/imageTemplates"
NESTED = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "nested"}


def resource(properties: dict[str, object] | None = None, **members: object) -> dict[str, object]:
    """A sound image template for Linux with these `properties` and these members instead of its own."""
    sound = SOUND["linux"]
    own = sound["properties"]
    assert isinstance(own, dict)
    return {**sound, **members, "properties": {**own, **(properties or {})}}


def deployment(*resources: object, **members: object) -> str:
    """The text of a deployment template with these resources; without any, with a sound one."""
    whole = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", **members, "resources": list(resources) or [resource()]}
    return json.dumps(whole, indent=2)


def nested(template: dict[str, object], scope: str | None = None, **properties: object) -> dict[str, object]:
    """A nested deployment of a template, in a scope if given; further `properties` are `parameters`, say."""
    options = {"expressionEvaluationOptions": {"scope": scope}} if scope else {}
    return {**NESTED, "properties": {"mode": "Incremental", **options, **properties, "template": template}}


def templates(text: str, given: dict[str, Value] | None = None, path: str = "template.json") -> list[ImageTemplate]:
    """The image templates of a file; none where it holds none."""
    subjects = engine.understand(read_text(path, text), None, given or {})
    return list(subjects.templates) if subjects is not None else []


def faults(text: str) -> list[tuple[str, str, str]]:
    """What is wrong with the expressions of a file: kind, marked text and message of each."""
    subjects = engine.understand(read_text("template.json", text), None, {})
    assert subjects is not None
    return [(fault.kind, text[fault.span.start : fault.span.end], fault.message) for fault in subjects.faults]


def findings(
    text: str | bytes, *select: str, given: dict[str, Value] | None = None, path: str = "template.json"
) -> list[Finding]:
    """What is found in a file; with `select`, what these checks find."""
    data = text.encode() if isinstance(text, str) else text
    settings = Settings(select=select or ("ALL",), show_info=True)
    outcome = engine.lint_bytes(path, data, settings, given or {})
    assert outcome.broken == ()
    return list(outcome.findings)


def marks(text: str | bytes, *select: str, given: dict[str, Value] | None = None) -> list[tuple[str, str]]:
    """The findings as names of checks with the marked characters."""
    return [(name(one), marked(one)) for one in findings(text, *select, given=given)]


def name(finding: Finding) -> str:
    """The name of the check that made a finding."""
    assert finding.check is not None
    return finding.check.name


def marked(finding: Finding) -> str:
    """The characters that a finding marks."""
    start, end, document, _ = finding.span
    return document.text[start:end]


def related(finding: Finding) -> list[tuple[str, str]]:
    """The other places of a finding: path and characters of each."""
    return [(one.span.document.path, one.span.document.text[one.span.start : one.span.end]) for one in finding.related]
