"""The published schemas: sound in themselves, and in agreement with the official Swagger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from aiblint.shape import API_VERSIONS, listed, schema
from aiblint.shape.thorough import PATTERN_WORDS, TYPE_WORDS

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared, the facts and the official Swagger")
each_version = pytest.mark.parametrize("version", API_VERSIONS)

# What ARM itself takes off a resource before AIB sees it (arm.md, "resource keys").
ENVELOPE = {"apiVersion", "comments", "condition", "copy", "dependsOn", "existing", "metadata", "resources", "scope"}
# The Swagger calls them read-only, since a PUT has them in its address; in a deployment template they must be given.
GIVEN_IN_TEMPLATES = {"name", "type"}
INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}
# All that aiblint.shape understands. Whoever adds a keyword must teach it there.
KEYWORDS = {
    *("type", "required", "properties", "additionalProperties", "items", "enum", "const", "pattern", "minimum"),
    *("maximum", "allOf", "if", "then", "$ref", "$defs", "readOnly", "x-open"),
    *("$schema", "title", "description", "default", "examples", "deprecated", "format"),
}


def subschemas(subschema):
    """A schema and all below it."""
    yield subschema
    below = [subschema[name] for name in ("items", "if", "then") if name in subschema]
    below += subschema.get("allOf", [])
    below += [*subschema.get("properties", {}).values(), *subschema.get("$defs", {}).values()]
    if isinstance(subschema.get("additionalProperties"), dict):
        below.append(subschema["additionalProperties"])
    for each in below:
        yield from subschemas(each)


@each_version
def test_schema_is_valid_json_schema(version):
    Draft202012Validator.check_schema(schema(version))


def test_there_is_one_file_per_version():
    assert sorted(path.stem for path in (ROOT / "schemas").glob("*.json")) == sorted(API_VERSIONS)


def test_no_file_is_read_for_another_name():
    with pytest.raises(ValueError, match="not an API version"):
        schema("../schemas/2025-10-01")


@each_version
def test_only_keywords_that_the_validation_understands(version):
    for each in subschemas(schema(version)):
        assert set(each) <= KEYWORDS
        assert each.get("pattern") in {None, *PATTERN_WORDS}
        assert set(listed(each.get("type", []))) <= TYPE_WORDS.keys()
        if "$ref" in each:
            assert set(each) <= {"$ref", "description"}


@each_version
def test_kinds_are_chosen_by_one_property(version):
    definitions = schema(version)["$defs"]
    choices = {name: each for name, each in definitions.items() if "allOf" in each}
    chosen = set()
    for each in choices.values():
        (discriminator,) = each["required"]
        kinds = each["properties"][discriminator]["enum"]
        for kind, rule in zip(kinds, each["allOf"], strict=True):
            assert rule["if"] == {"required": [discriminator], "properties": {discriminator: {"const": kind}}}
            name = rule["then"]["$ref"].removeprefix("#/$defs/")
            assert definitions[name]["properties"][discriminator] == {"const": kind}
            assert definitions[name]["title"].startswith(kind)
            chosen.add(name)
    assert chosen == definitions.keys() - choices.keys()


@each_version
def test_every_object_says_what_it_is_and_is_closed(version):
    for each in subschemas(schema(version)):
        if each.get("type") == "object":
            assert "additionalProperties" in each or "allOf" in each
        for below in (each.get("items"), each.get("additionalProperties")):
            # An element has no name of its own to be called by in a message.
            if isinstance(below, dict) and below.get("type") == "object":
                assert "title" in below


@each_version
@pytest.mark.parametrize("kind", [None, "Docker"])
def test_unknown_or_missing_kind_is_one_error_in_an_editor(version, kind):
    source = {"publisher": "p"} if kind is None else {"type": kind, "publisher": "p"}
    body = {"location": "westus2", "identity": {}, "properties": {"source": source, "distribute": []}}
    if version < "2019-05":
        del body["identity"]
    assert len(list(Draft202012Validator(schema(version)).iter_errors(body))) == 1


def flattened(root):
    """A schema as facts/schema-tree.json has it: path to what is said of the property."""
    nodes = {}

    def enter(subschema, path, required):
        node = {"required": required}
        if "$ref" in subschema:
            subschema = root["$defs"][subschema["$ref"].removeprefix("#/$defs/")]
        node["type"] = "string" if "const" in subschema else subschema.get("type")
        for name in ("readOnly", "format", "pattern", "minimum", "maximum", "default", "enum"):
            if name in subschema:
                node[name] = subschema[name]
        if subschema.get("x-open"):
            node["open"] = True
        if path:
            nodes[path] = node
        if "allOf" in subschema:
            (node["discriminator"],) = subschema["required"]
            node["kinds"] = subschema["properties"][node["discriminator"]]["enum"]
            for kind, rule in zip(node["kinds"], subschema["allOf"], strict=True):
                enter(rule["then"], f"{path}<{kind}>", False)
                nodes[f"{path}<{kind}>"]["kind"] = kind
            return
        for name, below in subschema.get("properties", {}).items():
            enter(below, f"{path}.{name}" if path else name, name in subschema.get("required", ()))
        if "items" in subschema:
            enter(subschema["items"], path + "[]", False)
        if isinstance(subschema.get("additionalProperties"), dict):
            enter(subschema["additionalProperties"], path + "{*}", False)

    enter(root, "", False)
    return nodes


def expected(path, node):
    """A node of facts/schema-tree.json in the terms of JSON Schema."""
    node = {name: value for name, value in node.items() if name not in ("path", "description", "x-ms-mutability")}
    if node.pop("modelAsString", False):
        node["open"] = True
    if node.get("format") == "int32":
        node = {**INT32, **node}
    if path in GIVEN_IN_TEMPLATES:
        del node["readOnly"]
    return node


@needs_shared
@each_version
def test_schema_says_what_the_swagger_says(version):
    tree = json.loads((SHARED / "facts" / "schema-tree.json").read_text(encoding="utf-8"))["put"][version]
    nodes = {path: node for path, node in flattened(schema(version)).items() if path not in ENVELOPE}
    assert sorted(nodes) == sorted(tree)
    for path, node in tree.items():
        assert (path, nodes[path]) == (path, expected(path, node))


@needs_shared
def test_descriptions_are_our_own():
    trees = json.loads((SHARED / "facts" / "schema-tree.json").read_text(encoding="utf-8"))["put"]
    theirs = {node.get("description") for tree in trees.values() for node in tree.values()}
    ours = {each.get("description") for version in API_VERSIONS for each in subschemas(schema(version))}
    assert (ours - {None}).isdisjoint(theirs)


def test_deprecated_is_what_the_service_replaced():
    marked = {
        version: sorted(
            name
            for each in subschemas(schema(version))
            for name, below in each.get("properties", {}).items()
            if below.get("deprecated")
        )
        for version in API_VERSIONS
    }
    since = API_VERSIONS.index("2022-07-01")
    assert all(not names for version, names in marked.items() if version in API_VERSIONS[:since])
    assert all(marked[version] == ["replicationRegions", "storageAccountType"] for version in API_VERSIONS[since:])


# constraints.md 77: they write `tags` for what the same version calls `artifactTags`.
WRONG_EXAMPLES = {
    ("2018-02-01-preview", "CreateImageTemplate.json"): "tags",
    ("2019-02-01-preview", "CreateImageTemplate.json"): "tags",
}
EXAMPLES = sorted(SHARED.glob("swagger/*/examples/CreateImageTemplate*.json"))


@needs_shared
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_official_examples_are_valid(path):
    version = path.parts[-3]
    body = json.loads(path.read_text(encoding="utf-8"))["parameters"]["parameters"]
    errors = list(Draft202012Validator(schema(version)).iter_errors(body))
    wrong = WRONG_EXAMPLES.get((version, path.name))
    if wrong is None:
        assert errors == []
    else:
        (error,) = errors
        assert error.validator == "additionalProperties"
        assert f"'{wrong}' was unexpected" in error.message


@needs_shared
def test_every_version_has_official_examples():
    assert {path.parts[-3] for path in EXAMPLES} == set(API_VERSIONS)
