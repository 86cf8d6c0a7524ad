"""Deployment templates resolved: what a place in an image template holds, and where that was written."""

from __future__ import annotations

import json

import pytest

from aiblint import engine
from aiblint.source.reader import read_text
from aiblint.template import triggers
from aiblint.value import OpenKey, Partial, Unknown, Value
from tests.templates import (
    TYPE,
    deployment,
    faults,
    findings,
    marked,
    marks,
    name,
    nested,
    related,
    resource,
    templates,
)


def shown(data: object) -> object:
    """Plain data with `?` for what is unknown, alone or as a piece of a text or of a name."""
    if isinstance(data, Value):
        return shown(data.data)
    if isinstance(data, dict):
        return {shown(key.data) if isinstance(key, OpenKey) else key: shown(value) for key, value in data.items()}
    if isinstance(data, list):
        return [shown(item) for item in data]
    if isinstance(data, Partial):
        return "".join(piece if isinstance(piece, str) else "?" for piece in data.parts)
    return "?" if isinstance(data, Unknown) else data


def value(written: object, **members: object) -> object:
    """What `written` comes to as a property of an image template, in a deployment with these members."""
    (template,) = templates(deployment(resource({"value": written}), **members))
    return shown(template.properties.get("value"))


PARAMETERS = {
    "given": {"type": "string"},
    "text": {"type": "string", "defaultValue": "known"},
    "only": {"type": "string", "allowedValues": ["one"]},
    "several": {"type": "string", "allowedValues": ["one", "two"]},
    "built": {"type": "string", "defaultValue": "[concat(parameters('text'), '-', parameters('given'))]"},
    "list": {"type": "array", "defaultValue": ["a", "[parameters('text')]", {"deep": "c"}]},
    "secret": {"type": "secureString", "defaultValue": "hunter2"},
    "secrets": {"type": "SecureObject", "defaultValue": {"key": "hunter2"}},
    "hidden": {"$ref": "#/definitions/second"},
    "empty": {"type": "string", "defaultValue": None},
    "Case": {"TYPE": "STRING", "DefaultValue": "any"},
}
DEFINITIONS = {"first": {"type": "securestring"}, "second": {"$ref": "#/definitions/first"}}
VARIABLES = {
    "plain": "known",
    "uses": "[parameters('text')]",
    "open": "[parameters('given')]",
    "object": {
        "name": "[variables('plain')]",
        "copy": [{"name": "disks", "count": 2, "input": {"lun": "[copyIndex('disks', 1)]"}}],
    },
    "copy": [
        {"name": "lines", "count": 3, "input": "[concat('echo ', copyIndex('lines'))]"},
        {"name": "ports", "count": "[length(parameters('list'))]", "input": "[copyIndex('ports', 8080)]"},
        {"name": "none", "count": 0, "input": "never"},
        {"name": "many", "count": "[parameters('given')]", "input": "x"},
    ],
    "nothing": None,
    "circle": "[concat('a', variables('square'))]",
    "square": "[concat('b', variables('circle'))]",
    "shouted": "[my.shout(parameters('text'))]",
}
FUNCTIONS = [
    {
        "namespace": "my",
        "members": {
            "shout": {
                "parameters": [{"name": "word", "type": "string"}],
                "output": {"type": "string", "value": "[toUpper(concat(parameters('word'), '!'))]"},
            }
        },
    }
]
ALL = {"parameters": PARAMETERS, "variables": VARIABLES, "functions": FUNCTIONS, "definitions": DEFINITIONS}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain text", "plain text"),
        ("[parameters('text')]", "known"),
        ("[PARAMETERS('TEXT')]", "known"),
        ("[parameters('case')]", "any"),
        ("[parameters('given')]", "?"),
        ("[parameters('only')]", "one"),
        ("[parameters('several')]", "?"),
        ("[parameters('built')]", "known-?"),
        ("[parameters('list')]", ["a", "known", {"deep": "c"}]),
        ("[parameters('list')[2].deep]", "c"),
        ("[parameters('secret')]", "?"),
        ("[parameters('secrets').key]", "?"),
        ("[parameters('hidden')]", "?"),
        ("[concat('x', parameters('secret'))]", "x?"),
        ("[parameters('empty')]", None),
        ("[variables('plain')]", "known"),
        ("[variables('uses')]", "known"),
        ("[variables('open')]", "?"),
        ("[variables('object')]", {"name": "known", "disks": [{"lun": 1}, {"lun": 2}]}),
        ("[variables('lines')]", ["echo 0", "echo 1", "echo 2"]),
        ("[variables('lines')[1]]", "echo 1"),
        ("[variables('ports')]", [8080, 8081, 8082]),
        ("[variables('none')]", []),
        ("[variables('many')]", "?"),
        ("[variables('nothing')]", None),
        ("[null()]", None),
        ("[json('null')]", None),
        ("[my.shout('hey')]", "HEY!"),
        ("[variables('shouted')]", "KNOWN!"),
        ("[my.shout(parameters('given'))]", "?!"),
        ("[[not evaluated]", "[not evaluated]"),
        ("[[not evaluated", "[[not evaluated"),
        ("[not evaluated", "[not evaluated"),
        (["[variables('plain')]", {"x": "[add(1, 2)]"}, True, 2, None], ["known", {"x": 3}, True, 2, None]),
        ({"[parameters('text')]": 1, "[parameters('given')]": 2, "[[x]": 3}, {"known": 1, "?": 2, "[x]": 3}),
        # unknown stays unknown, and a text keeps what is known of it
        ("[concat('a/', parameters('given'), '/b')]", "a/?/b"),
        ("[format('{0}-{1}', parameters('given'), 'x')]", "?-x"),
        ("[if(parameters('given'), 'a', 'b')]", "?"),
        ("[if(true(), 'a', parameters('given'))]", "a"),
        ("[concat('/subscriptions/', subscription().subscriptionId, '//x')]", "/subscriptions/?//x"),
        ("[resourceGroup().location]", "?"),
        ("[reference('x').y[0]]", "?"),
        ("[length(parameters('given'))]", "?"),
        ("[copyIndex()]", "?"),
        ("<region>", "?"),
        ("/subscriptions/<subscriptionID>/x", "/subscriptions/?/x"),
        # notes are not evaluated
        ({"metadata": {"description": "[see below]"}, "comments": "plain"},
         {"metadata": {"description": "[see below]"}, "comments": "plain"}),
    ],
)  # fmt: skip
def test_what_a_place_holds(written: object, expected: object) -> None:
    assert value(written, **ALL) == expected


def test_a_bare_resource_is_taken_as_it_stands() -> None:
    bare = resource({"a": "[[x]", "b": "[parameters('x')]", "c": "[ -f /x ]", "copy": [{"name": "d", "count": 1}]})
    (template,) = templates(json.dumps(bare))
    properties = template.properties
    assert [shown(properties.get(name)) for name in "abcd"] == ["[[x]", "?", "[ -f /x ]", properties.get("d").data]
    assert properties.get("d").is_missing
    assert template.deployment is None


# -- copies, conditions ------------------------------------------------------------------------------------------------


def names(text: str) -> list[object]:
    return [shown(template.resource.get("name")) for template in templates(text)]


@pytest.mark.parametrize(
    ("copy", "written", "expected"),
    [
        ({"name": "loop", "count": 2}, "[concat('image', copyIndex())]", ["image0", "image1"]),
        ({"name": "loop", "count": 2}, "[concat('image', copyIndex('LOOP', 5))]", ["image5", "image6"]),
        ({"name": "loop", "count": 2}, "[concat('image', copyIndex(1))]", ["image1", "image2"]),
        ({"name": "loop", "count": "[length(parameters('list'))]"}, "[parameters('list')[copyIndex()]]", ["a", "b"]),
        ({"name": "loop", "count": "[parameters('given')]"}, "[concat('image', copyIndex())]", ["image?"]),
        ({"name": "loop", "count": "[parameters('given')]"}, "same", ["same"]),
        ({"name": "loop", "count": 0}, "never", []),
        ({"name": "loop", "count": "[sub(1, 1)]"}, "never", []),
        ({"name": "loop", "count": 1, "mode": "Serial", "batchSize": 1}, "x", ["x"]),
        ({"name": "loop", "count": 700}, "x", ["x"] * 40),
    ],
)
def test_copies_of_a_template(copy: object, written: str, expected: list[str]) -> None:
    parameters = {"given": {"type": "int"}, "list": {"type": "array", "defaultValue": ["a", "b"]}}
    assert names(deployment(resource(name=written, copy=copy), parameters=parameters)) == expected


def test_what_is_wrong_in_each_copy_is_said_once() -> None:
    looped = resource({"vmProfile": {"vmSize": 3}}, copy={"name": "loop", "count": 5}, name="[string(copyIndex())]")
    assert marks(deployment(looped)) == [("wrong-type", "3")]


def test_an_expression_that_is_wrong_in_each_copy_is_said_once() -> None:
    looped = resource(copy={"name": "loop", "count": 5}, name="[concat(copyIndex(), parameters('x'))]")
    assert [found for _, found, _ in faults(deployment(looped))] == ["'x'"]


def test_a_copy_of_properties() -> None:
    steps = [
        {"name": "customize", "count": 2, "input": {"type": "Shell", "name": "[concat('s', copyIndex('customize'))]"}}
    ]
    properties = {key: held for key, held in resource()["properties"].items() if key != "customize"}  # type: ignore[attr-defined]
    looped = {**resource(), "properties": {**properties, "copy": steps}}
    (template,) = templates(deployment(looped))
    assert [step.label for step in template.customizers] == ["step `s0`", "step `s1`"]
    assert template.steps_known
    steps[0]["count"] = "[parameters('n')]"
    (template,) = templates(deployment(looped, parameters={"n": {"type": "int"}}))
    assert (template.customizers, template.steps_known) == ((), False)


def test_a_copy_of_properties_within_a_copy_of_templates() -> None:
    inner = {"name": "lines", "count": 2, "input": "[concat(copyIndex(), copyIndex('lines'), copyIndex('loop'))]"}
    looped = resource({"value": {"copy": [inner]}}, copy={"name": "loop", "count": 2})
    values = [shown(template.properties.get("value")) for template in templates(deployment(looped))]
    # without a name the loop of the resource counts
    assert values == [{"lines": ["000", "010"]}, {"lines": ["101", "111"]}]


def test_a_variable_is_the_same_in_every_copy() -> None:
    looped = resource(copy={"name": "loop", "count": 2}, name="[concat(variables('x'), copyIndex())]")
    variables = {
        "x": "[concat('v', copyIndex('loop'))]",
        "copy": [{"name": "y", "count": 1, "input": "[copyIndex('y')]"}],
    }
    assert names(deployment(looped, variables=variables)) == ["v?0", "v?1"]
    looped["name"] = "[concat(string(variables('y')[0]), copyIndex())]"
    assert names(deployment(looped, variables=variables)) == ["00", "01"]


@pytest.mark.parametrize(
    ("condition", "judged"),
    [
        (True, 1),
        (False, 0),
        ("[true()]", 1),
        ("[not(equals(parameters('mode'), 'dev'))]", 0),
        ("[equals(parameters('mode'), 'dev')]", 1),
        ("[parameters('given')]", 1),
        ("[and(parameters('given'), equals(1, 2))]", 0),
        ("[nonsense(]", 1),
    ],
)
def test_conditions(condition: object, judged: int) -> None:
    parameters = {"given": {"type": "bool"}, "mode": {"type": "string", "defaultValue": "dev"}}
    text = deployment(resource(), resource(condition=condition, name="second"), parameters=parameters)
    assert len(templates(text)) == 1 + judged


def test_a_condition_in_a_loop() -> None:
    looped = resource(
        copy={"name": "i", "count": 3}, name="[string(copyIndex())]", condition="[equals(copyIndex(), 1)]"
    )
    assert names(deployment(looped)) == ["1"]


# -- nested deployments ------------------------------------------------------------------------------------------------

INNER = {
    "parameters": {
        "x": {"type": "string", "defaultValue": "inner default"},
        "y": {"type": "string"},
        "z": {"type": "secureString"},
    },
    "variables": {"v": "inner variable"},
}
OUTER = {
    "parameters": {
        "x": {"type": "string", "defaultValue": "outer default"},
        "o": {"type": "string", "defaultValue": "outer"},
        "given": {"type": "object"},
    },
    "variables": {"v": "outer variable"},
}


def inside(written: object, scope: str | None, arguments: object = None, **members: object) -> object:
    """What `written` comes to as a property of an image template in a nested deployment."""
    inner = {**INNER, "resources": [resource({"value": written})]}
    more = {} if arguments is None else {"parameters": arguments}
    (template,) = templates(deployment(nested(inner, scope, **more), **OUTER, **members))
    return shown(template.properties.get("value"))


@pytest.mark.parametrize(
    ("written", "scope", "arguments", "expected"),
    [
        ("[parameters('x')]", None, {"x": {"value": "argument"}}, "outer default"),
        ("[parameters('x')]", "outer", {"x": {"value": "argument"}}, "outer default"),
        ("[parameters('x')]", "NotSpecified", {"x": {"value": "argument"}}, "outer default"),
        ("[variables('v')]", "Outer", None, "outer variable"),
        ("[variables('v')]", "Inner", None, "inner variable"),
        ("[parameters('x')]", "inner", None, "inner default"),
        ("[parameters('x')]", "inner", {"X": {"value": "argument"}}, "argument"),
        ("[parameters('x')]", "inner", {"x": {"value": "[parameters('o')]"}}, "outer"),
        ("[parameters('x')]", "inner", {"x": {"value": "[concat(parameters('o'), parameters('x'))]"}}, "outerouter default"),
        ("[parameters('x')]", "inner", {"x": {"value": "[parameters('given').x]"}}, "?"),
        ("[parameters('x')]", "inner", {"x": {"value": None}}, "inner default"),
        ("[parameters('x')]", "inner", {"x": {"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}}}, "?"),
        ("[parameters('x')]", "inner", {"x": "[createObject('value', parameters('o'))]"}, "outer"),
        ("[parameters('x')]", "inner", "[createObject('x', createObject('value', 'made'))]", "made"),
        ("[parameters('x')]", "inner", "[parameters('given')]", "?"),
        ("[parameters('y')]", "inner", None, "?"),
        ("[parameters('y')]", "inner", {"y": {"value": "argument"}}, "argument"),
        ("[parameters('z')]", "inner", {"z": {"value": "hunter2"}}, "?"),
    ],
)  # fmt: skip
def test_nested_deployments(written: str, scope: str | None, arguments: object, expected: str) -> None:
    assert inside(written, scope, arguments) == expected


@pytest.mark.parametrize(("scope", "expected"), [(None, "inner default"), ("NotSpecified", "inner default")])
def test_language_version_2_nests_in_the_inner_scope(scope: str | None, expected: str) -> None:
    assert inside("[parameters('x')]", scope, languageVersion="2.0") == expected


def test_parameters_of_another_file_are_unknown() -> None:
    inner = {**INNER, "resources": [resource({"value": "[parameters('x')]"})]}
    (template,) = templates(deployment(nested(inner, "inner", parametersLink={"uri": "https://example.com/p.json"})))
    assert template.properties.get("value").is_unknown


def test_an_inner_scope_knows_nothing_of_the_outer_one() -> None:
    inner = {**INNER, "resources": [resource({"value": "[parameters('o')]"})]}
    text = deployment(nested(inner, "inner"), **OUTER)
    assert faults(text) == [("expression", "'o'", "there is no parameter `o`")]


def test_the_counter_of_a_loop_reaches_into_the_outer_scope_only() -> None:
    inner = {**INNER, "resources": [resource(name="[concat(parameters('x'), copyIndex())]")]}
    looped = {**nested(inner, "outer"), "copy": {"name": "loop", "count": 2}}
    assert names(deployment(looped, **OUTER)) == ["outer default0", "outer default1"]
    looped = {**nested(inner, "inner", parameters={"x": {"value": "[string(copyIndex())]"}}), "copy": looped["copy"]}
    assert names(deployment(looped, **OUTER)) == ["0?", "1?"]


# -- broken expressions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"outputs": {"id": {"type": "string", "value": "[resourceId('a/b', 'c']"}}}, "resourceId("),
        ({"variables": {"fine": "[nonsense", "broken": "[concat('a' 'b')]"}}, "'"),
        ({"parameters": {"unused": {"type": "string", "defaultValue": "[concat('a\\n\"', )]"}}}, ")"),
        ({"outputs": {"id": {"type": "object", "value": {"[concat(]": 1}}}}, "concat("),
    ],
)
def test_a_broken_expression_anywhere_is_one_finding(members: dict[str, object], found: str) -> None:
    assert marks(deployment(**members)) == [("broken-expression", found)]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("[conact('a', 'b')]", "conact"),
        ("[concat('\"\\u0041', parameters('nope'))]", "'nope'"),
        ("[parameters('known').member]", "member"),
        ("[variables('nope')]", "'nope'"),
        ("[concat('a']", "concat("),
        ("[my.function()]", "my.function()"),
    ],
)
def test_a_broken_expression_is_marked_at_its_characters(written: str, found: str) -> None:
    text = deployment(
        resource(location=written, tags={"same": written}),
        parameters={"known": {"type": "string", "defaultValue": "x"}},
    )
    assert marks(text) == [("broken-expression", found)] * 2


def test_notes_for_people_are_no_expressions() -> None:
    parameters = {"x": {"type": "string", "metadata": {"description": "[size in GB]"}}}
    outputs = {"y": {"type": "string", "value": "z", "metadata": {"description": "[the end)]"}}}
    assert marks(deployment(resource(comments="[for now]"), parameters=parameters, outputs=outputs)) == []


@pytest.mark.parametrize(
    ("members", "uses", "found", "message"),
    [
        ({"variables": {"a": "[variables('b')]", "b": "[variables('a')]"}}, "[variables('a')]", "'a'",
         "variable `a` needs its own value"),
        ({"variables": {"a": "[variables('A')]"}}, "[variables('a')]", "'A'", "variable `A` needs its own value"),
        ({"parameters": {"a": {"type": "string", "defaultValue": "[parameters('a')]"}}}, "[parameters('a')]", "'a'",
         "parameter `a` needs its own value"),
        ({"variables": {"copy": [{"name": "a", "count": 3, "input": "[length(variables('a'))]"}]}}, "[variables('a')]",
         "'a'", "variable `a` needs its own value"),
        ({"variables": {"a": {"copy": [{"name": "x", "count": 2, "input": "[variables('a')]"}]}}}, "[variables('a').x]",
         "'a'", "variable `a` needs its own value"),
    ],
)  # fmt: skip
def test_a_circle_is_one_clear_finding(members: dict[str, object], uses: str, found: str, message: str) -> None:
    text = deployment(resource(location=uses, tags={"again": uses}), **members)
    assert faults(text) == [("expression", found, message)]
    assert marks(text, "broken-expression") == [("broken-expression", found)]


def test_a_command_that_only_looks_like_an_expression_is_a_finding_of_its_own() -> None:
    step = {"type": "Shell", "name": "Test", "inline": ["[ -f /etc/motd ]", "[concat('echo ', variables('x'))]"]}
    text = deployment(resource({"customize": [step]}), variables={"x": "y"})
    assert marks(text) == [("inline-read-as-expression", '"[ -f /etc/motd ]"')]


# -- where a value is defined ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "members", "definition"),
    [
        ("[parameters('p')]", {"parameters": {"p": {"type": "int", "defaultValue": 5000}}}, "5000"),
        ("[parameters('p')]", {"parameters": {"p": {"type": "int", "allowedValues": [5000]}}}, "5000"),
        ("[variables('v')]", {"variables": {"v": 5000}}, "5000"),
        ("[variables('v')]", {"variables": {"v": "[variables('w')]", "w": 5000}}, "5000"),
        ("[variables('v')[1]]", {"variables": {"v": [1, 5000]}}, "5000"),
        ("[variables('v').a.B]", {"variables": {"v": {"a": {"b": 5000}}}}, "5000"),
        ("[variables('v')]", {"variables": {"v": "[add(4999, 1)]"}}, '"[add(4999, 1)]"'),
        ("[first(variables('v'))]", {"variables": {"v": ["[parameters('p')]"]},
                                     "parameters": {"p": {"type": "int", "defaultValue": 5000}}}, "5000"),
        ("[add(variables('v'), 0)]", {"variables": {"v": 5000}}, None),
    ],
)  # fmt: skip
def test_a_finding_marks_the_use_and_relates_to_the_definition(
    used: str, members: dict[str, object], definition: str | None
) -> None:
    (finding,) = findings(deployment(resource({"buildTimeoutInMinutes": used}), **members))
    assert marked(finding) == f'"{used}"'
    assert finding.pointer == "/resources/0/properties/buildTimeoutInMinutes"
    assert related(finding) == ([] if definition is None else [("template.json", definition)])


def test_an_element_of_a_variable_relates_to_its_own_place() -> None:
    steps = [{"type": "Shell", "name": "a", "inline": ["echo"]}, {"type": "Shell", "name": "b", "inline": 7}]
    text = deployment(resource({"customize": "[variables('steps')]"}), variables={"steps": steps})
    (wrong,) = findings(text)
    assert (name(wrong), marked(wrong)) == ("wrong-type", "\"[variables('steps')]\"")
    assert related(wrong) == [("template.json", "7")]


def test_two_templates_that_share_a_variable_are_told_the_same() -> None:
    steps = [{"type": "Shell", "name": "a", "scripUri": "https://example.com/1.0.0/a.sh"}]
    both = [resource({"customize": "[variables('steps')]"}), resource({"customize": "[variables('steps')]"}, name="b")]
    found = findings(deployment(*both, variables={"steps": steps}), "AIB1", "AIB310")
    assert [(name(one), one.help) for one in found] == [("unknown-property", "did you mean `scriptUri`?")] * 2


def test_a_nested_argument_relates_to_where_the_outer_template_has_it() -> None:
    inner = {
        "parameters": {"m": {"type": "int"}},
        "resources": [resource({"buildTimeoutInMinutes": "[parameters('m')]"})],
    }
    arguments = {"m": {"value": "[parameters('p')]"}}
    (finding,) = findings(
        deployment(
            nested(inner, "inner", parameters=arguments), parameters={"p": {"type": "int", "defaultValue": 5000}}
        )
    )
    assert related(finding) == [("template.json", "5000")]


# -- API versions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "parameters", "version", "assumed"),
    [
        ("2022-07-01", {}, "2022-07-01", False),
        ("2018-02-01-PREVIEW", {}, "2018-02-01-preview", False),
        ("[parameters('v')]", {"v": {"type": "string", "defaultValue": "2020-02-14"}}, "2020-02-14", False),
        ("[parameters('v')]", {"v": {"type": "string", "allowedValues": ["2021-10-01"]}}, "2021-10-01", False),
        ("[parameters('v')]", {"v": {"type": "string"}}, "2025-10-01", True),
        ("2021-13-01", {}, "2025-10-01", False),
    ],
)  # fmt: skip
def test_the_api_version(written: str, parameters: object, version: str, assumed: bool) -> None:
    (template,) = templates(deployment(resource(apiVersion=written), parameters=parameters))
    assert (template.api_version, template.assumed) == (version, assumed)


# -- triggers ----------------------------------------------------------------------------------------------------------

TRIGGER = {"apiVersion": "2024-02-01", "dependsOn": ["x"], "properties": {"kind": "Wrong"}}
BESIDE = {**TRIGGER, "type": f"{TYPE}/triggers"}


def owners(text: str) -> list[list[object]]:
    """For each image template its name and the names of its triggers; then the names of triggers without one."""
    subjects = engine.understand(read_text("template.json", text), None, {})
    assert subjects is not None
    owned = [
        [shown(one.resource.get("name")), *(shown(trigger.value.get("name")) for trigger in triggers(one))]
        for one in subjects.templates
    ]
    return [*owned, [shown(trigger.value.get("name")) for trigger in subjects.triggers]]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([resource(name="a", resources=[{**TRIGGER, "type": "triggers", "name": "t"}])], [["a", "t"], []]),
        ([resource(name="a"), {**BESIDE, "name": "a/t"}], [["a", "a/t"], []]),
        ([resource(name="a"), {**BESIDE, "name": "A/t"}], [["a", "A/t"], []]),
        ([resource(name="a"), {**BESIDE, "name": "b/t"}], [["a"], ["b/t"]]),
        ([resource(name="a"), {**BESIDE, "name": "[parameters('p')]"}], [["a", "?"], []]),
        ([resource(name="a"), resource(name="b"), {**BESIDE, "name": "b/t"}], [["a"], ["b", "b/t"], []]),
        ([resource(name="a"), resource(name="b"), {**BESIDE, "name": "[parameters('p')]"}], [["a"], ["b"], ["?"]]),
        ([resource(name="a"), resource(name="ab"), {**BESIDE, "name": "ab/t"}], [["a"], ["ab", "ab/t"], []]),
        ([{**BESIDE, "name": "a/t"}], [["a/t"]]),
        ([resource(name="a", existing=True), {**BESIDE, "name": "a/t"}], [["a/t"]]),
        (
            [
                resource(
                    name="[string(copyIndex())]",
                    copy={"name": "c", "count": 2},
                    resources=[{**TRIGGER, "type": "triggers", "name": "[concat('t', copyIndex())]"}],
                )
            ],
            [["0", "t0"], ["1", "t1"], []],
        ),
    ],
)
def test_whose_a_trigger_is(resources: list[object], expected: list[list[object]]) -> None:
    assert owners(deployment(*resources, parameters={"p": {"type": "string"}})) == expected


def test_a_trigger_is_looked_at_once_wherever_it_stands() -> None:
    beside = {**BESIDE, "name": "example/t"}
    inside = resource(resources=[{**TRIGGER, "type": "Triggers", "name": "t"}])
    for resources in ([resource(), beside], [beside], [inside], [nested({"resources": [resource(), beside]})]):
        assert marks(deployment(*resources)) == [("trigger-rules", '"Wrong"')]


# -- limits ------------------------------------------------------------------------------------------------------------


def test_copies_of_copies_end() -> None:
    # Written out they are four thousand million texts.
    block: object = {"x": "y" * 50}
    for depth in range(6):
        block = {"copy": [{"name": f"level{depth}", "count": 40, "input": block}]}
    (template,) = templates(deployment(resource({"value": block})))
    assert "?" in str(shown(template.properties.get("value")))
    many: dict[str, object] = {"resources": [resource(copy={"name": "x", "count": 40})]}
    for _ in range(5):
        many = {"resources": [{**nested(many, "outer"), "copy": {"name": "y", "count": 40}}]}
    assert 0 < len(templates(json.dumps(many))) <= 1000


def test_a_long_chain_of_variables_ends() -> None:
    variables: dict[str, object] = {f"v{number}": f"[variables('v{number + 1}')]" for number in range(2000)}
    assert value("[variables('v0')]", variables={**variables, "v2000": "end"}) in ("?", "end")
    assert value("[variables('v1990')]", variables={**variables, "v2000": "end"}) == "end"
