"""Which files hold an image template, and in which form: told by what is in them."""

from __future__ import annotations

import json

import pytest

from aiblint import engine, recognise
from aiblint.recognise import BODY, DEPLOYMENT, LONE_TRIGGER, RESOURCE
from aiblint.settings import Settings
from tests.templates import NESTED, TYPE, deployment, nested, resource

TRIGGER = {"type": f"{TYPE}/triggers", "apiVersion": "2024-02-01", "name": "example/source", "dependsOn": ["example"]}
TRIGGER["properties"] = {"kind": "SourceImage"}  # type: ignore[assignment]
CHILD = {**TRIGGER, "type": "triggers", "name": "source"}
WHOLE = json.loads(deployment())
BARE = resource()
PROPERTIES = BARE["properties"]
GALLERY = {
    "type": "Microsoft.Compute/galleries",
    "apiVersion": "2022-03-03",
    "name": "images",
    "location": "westeurope",
    "properties": {},
}


def seen(data: object) -> list[str]:
    """The forms that are seen in a file, whose content may be given as text or bytes."""
    if not isinstance(data, bytes):
        data = (data if isinstance(data, str) else json.dumps(data)).encode()
    assert recognise.may_hold_template(data)
    outcome = engine.lint_bytes("some.json", data, Settings(), {})
    assert outcome.broken == ()
    return [one.form for one in outcome.seen]


def without(data: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in data.items() if name not in names}


@pytest.mark.parametrize(
    ("data", "forms"),
    [
        (WHOLE, [DEPLOYMENT]),
        (deployment(resource(), resource(name="second")), [DEPLOYMENT] * 2),
        ({**WHOLE, "languageVersion": "2.0", "resources": {"image": BARE}}, [DEPLOYMENT]),
        (
            {
                **WHOLE,
                "languageVersion": "2.0",
                "resources": {"old": {**BARE, "name": "old", "existing": True}, "image": BARE},
            },
            [DEPLOYMENT],
        ),
        (deployment(nested(WHOLE)), [DEPLOYMENT]),
        (deployment(nested(json.loads(deployment(nested(WHOLE, "inner"))), "outer")), [DEPLOYMENT]),
        (deployment(resource(), nested(WHOLE, "Inner")), [DEPLOYMENT] * 2),
        (deployment(resource(type=TYPE.upper())), [DEPLOYMENT]),
        (deployment().replace('"type": "Microsoft', '"TYPE" :\n "microsoft', 1), [DEPLOYMENT]),
        (deployment().replace("Microsoft.VirtualMachineImages/", "Microsoft.VirtualMachineImages\\/"), [DEPLOYMENT]),
        (deployment().replace('"resources": [', '"Resources": ['), [DEPLOYMENT]),
        ("// built by hand\n" + deployment(), [DEPLOYMENT]),
        (without(WHOLE, "$schema", "contentVersion"), [DEPLOYMENT]),
        (BARE, [RESOURCE]),
        (without(BARE, "apiVersion", "name"), [RESOURCE]),
        ({**BARE, "type": TYPE.lower()}, [RESOURCE]),
        ({"type": TYPE}, [RESOURCE]),
        ({**BARE, "resources": [CHILD]}, [RESOURCE]),
        ({**BARE, "type": "Microsoft.VirtualMachineImages"}, [BODY]),
        ({**BARE, "type": "microsoft.virtualmachineimages", "properties": without(PROPERTIES, "source")}, [BODY]),  # type: ignore[arg-type]
        (without(BARE, "type"), [BODY]),
        ({"properties": PROPERTIES}, [BODY]),
        ({"Properties": {"SOURCE": {}, "distribute": []}}, [BODY]),
        (TRIGGER, [LONE_TRIGGER]),
        ({**TRIGGER, "type": f"{TYPE}/Triggers".lower()}, [LONE_TRIGGER]),
        (deployment(TRIGGER), [DEPLOYMENT]),
        (deployment(resource(), TRIGGER), [DEPLOYMENT]),
        (deployment(resource(resources=[CHILD])), [DEPLOYMENT]),
        (deployment({**BARE, "condition": False}, resource(name="second")), [DEPLOYMENT]),
    ],
)  # fmt: skip
def test_what_is_seen(data: object, forms: list[str]) -> None:
    assert seen(data) == forms


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("data", "form"), [(deployment(), DEPLOYMENT), (json.dumps({"properties": PROPERTIES}), BODY)])
def test_any_encoding(data: str, form: str, codec: str) -> None:
    assert seen(data.encode(codec)) == [form]


PARAMETERS = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
ROLE = {
    "Name": "Image Builder",
    "IsCustom": True,
    "Actions": [
        "Microsoft.VirtualMachineImages/imageTemplates/read",
        "Microsoft.VirtualMachineImages/imageTemplates/*",
    ],
    "AssignableScopes": ["/subscriptions/11111111-2222-3333-4444-555555555555"],
}
ASSIGNED = {
    "type": "Microsoft.Authorization/roleDefinitions",
    "apiVersion": "2022-04-01",
    "name": "builder",
    "properties": {"permissions": [{"actions": ROLE["Actions"]}]},
}


@pytest.mark.parametrize(
    "data",
    [
        {"name": "app", "version": "1.0.0", "scripts": {"build": "tsc"}, "dependencies": {}},
        {"$schema": PARAMETERS, "contentVersion": "1.0.0.0", "parameters": {"imageTemplates": {"value": TYPE}}},
        ROLE,
        deployment(ASSIGNED),
        deployment(GALLERY),
        deployment(GALLERY, outputs={"imageTemplates": {"type": "string", "value": TYPE}}),
        {**WHOLE, "resources": []},
        deployment({**BARE, "condition": False}),
        {**WHOLE, "languageVersion": "2.0", "resources": {"old": {**BARE, "existing": True}}},
        deployment(resource(copy={"name": "none", "count": 0})),
        deployment({**NESTED, "condition": False, "properties": {"mode": "Incremental", "template": WHOLE}}),
        deployment({**GALLERY, "type": f"{TYPE}/runOutputs"}),
        {"type": "Microsoft.App/jobs", "properties": {"source": {"type": "PlatformImage"}, "distribute": []}},
        {"type": "object", "properties": {"source": {}, "distribute": {"type": "array"}}},
        {"properties": {"source": {"type": "object"}, "distribute": {"type": "array"}}, "title": "a JSON Schema"},
        {"properties": {"distribute": []}},
        {"properties": ["source", "distribute"]},
        {"imageTemplates": [BARE]},
        [BARE],
        TYPE,
        None,
        "",
        '{"imageTemplates": ',
    ],
)
def test_whatever_holds_none_is_passed_over(data: object) -> None:
    text = data if isinstance(data, str) and data[:1] in ("", "{") else json.dumps(data)
    assert engine.lint_bytes("some.json", text.encode(), Settings(show_info=True), {}) == engine.Outcome()


@pytest.mark.parametrize("data", [b"", b"{}", b'{"name": "app"}', b"\x00" * 20, b"\xff\xfe{\x00}\x00"])
def test_most_files_are_not_even_read(data: bytes) -> None:
    assert not recognise.may_hold_template(data)


@pytest.mark.parametrize(
    "text",
    [
        # the tree has no resources any more, or no image template among them
        '{"type": "Microsoft.VirtualMachineImages/imageTemplates" "name" "x": [}',
        '[{"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": }]',
        '{"resources": [[{"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": }]]}',
    ],
)
def test_what_is_too_broken_to_recognise_is_still_told_to_be_broken(text: str) -> None:
    outcome = engine.lint_bytes("some.json", text.encode(), Settings(), {})
    assert "syntax-error" in {finding.check.name for finding in outcome.findings if finding.check}


def test_a_file_of_triggers_says_so() -> None:
    bare = engine.lint_bytes("trigger.json", json.dumps(TRIGGER).encode(), Settings(), {})
    assert bare.seen == (engine.Seen("trigger.json", LONE_TRIGGER, "2024-02-01", False),)
    assert bare.findings == ()
    body = {name: value for name, value in TRIGGER.items() if name != "apiVersion"}
    told = engine.lint_bytes("trigger.json", json.dumps(body).encode(), Settings(api_version="2022-07-01"), {})
    assert told.seen == (engine.Seen("trigger.json", LONE_TRIGGER, "2022-07-01", False),)
    both = engine.lint_bytes(
        "both.json", deployment(TRIGGER, {**TRIGGER, "name": "example/other"}).encode(), Settings(), {}
    )
    assert [one.form for one in both.seen] == [DEPLOYMENT, DEPLOYMENT]
