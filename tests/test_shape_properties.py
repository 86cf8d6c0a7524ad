"""What must hold of the shape validation for every input, tried on mutated and on random bodies."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from aiblint.shape import API_VERSIONS, NEWEST, accepts, schema, thorough, violations
from aiblint.value import OpenKey, Partial, Unknown
from tests.test_shape import BODY, SMALL

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

# Own bodies, and beside ../shared the official ones of all versions.
BODIES = [(BODY, NEWEST), *((SMALL, version) for version in API_VERSIONS)] + [
    (json.loads(path.read_text(encoding="utf-8"))["parameters"]["parameters"], path.parts[-3])
    for path in sorted(SHARED.glob("swagger/*/examples/CreateImageTemplate*.json"))
]
NAMES = sorted({name for body, _ in BODIES for name in json.dumps(body).split('"') if name.isalnum()})

KINDS = {"unknown-property", "wrong-case", "missing-property", "wrong-type", "invalid-value", "read-only"}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 1000),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from([*NAMES, *(name.swapcase() for name in NAMES[::5])]),
)
unknown = st.one_of(
    st.builds(Unknown, st.just("a parameter")),
    st.builds(Partial, st.sampled_from([("a", Unknown("x")), (Unknown("x"), "Shell"), (Unknown("x"),)])),
)
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=5))
open_names = st.one_of(names, st.builds(OpenKey, st.just("[parameters('name')]")))
known_data = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=8,
)
any_data = st.recursive(
    st.one_of(scalars, unknown),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(open_names, inner, max_size=4)),
    max_leaves=8,
)
versions = st.sampled_from(API_VERSIONS)
quietly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def places(data, path=()):
    """Every path of a body, that of the body itself first."""
    yield path
    if isinstance(data, dict):
        for name, member in data.items():
            yield from places(member, (*path, name))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from places(item, (*path, index))


def at(data, path):
    for step in path:
        data = data[step]
    return data


def replaced(data, path, value):
    """A copy with another value at the path."""
    if not path:
        return value
    data = copy.deepcopy(data)
    at(data, path[:-1])[path[-1]] = value
    return data


@st.composite
def mutated(draw, values):
    """A valid body in which up to three things were replaced, removed, renamed or added; and the version it is for."""
    body, version = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(list(places(body))))
        how = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if how == "replace":
            body = replaced(body, path, draw(values))
        elif how == "add" and isinstance(at(body, path), dict):
            body = replaced(body, (*path, draw(names)), draw(values))
        elif how in ("remove", "rename") and path and isinstance(path[-1], str):
            holder = dict(at(body, path[:-1]))
            member = holder.pop(path[-1])
            if how == "rename":
                holder[draw(st.sampled_from([path[-1].swapcase(), path[-1] + ":", path[-1][:-1], "x" + path[-1]]))] = (
                    member
                )
            body = replaced(body, path[:-1], holder)
    return body, draw(st.one_of(st.just(version), versions))


def holds_null_or_read_only(body, version):
    """What plain JSON Schema judges otherwise: to it a null is there, and what is read-only may be given."""
    return any(at(body, path) is None for path in places(body)) or any(
        found.kind == "read-only" for found in violations(body, version)
    )


def without_short_cuts(body, version):
    """The violations that the extended jsonschema finds on its own."""
    with patch.object(thorough, "obeys", return_value=False):
        return thorough.violations(body, version)


@quietly
@given(mutated(any_data))
def test_what_is_accepted_has_no_violation(case):
    body, version = case
    if accepts(body, version):
        assert without_short_cuts(body, version) == []


@quietly
@given(mutated(any_data))
def test_the_short_cut_for_elements_hides_nothing(case):
    assert violations(*case) == without_short_cuts(*case)


@quietly
@given(mutated(known_data))
def test_plain_json_schema_agrees(case):
    body, version = case
    valid = Draft202012Validator(schema(version)).is_valid(body)
    if accepts(body, version):
        assert valid or holds_null_or_read_only(body, version)
    if version not in thorough.WIDER_THAN_DESCRIBED and not holds_null_or_read_only(body, version):
        assert (violations(body, version) == []) == valid
        assert accepts(body, version) == valid


@quietly
@given(mutated(any_data), st.data())
def test_what_becomes_unknown_adds_no_violation(case, data):
    body, version = case
    path = data.draw(st.sampled_from(list(places(body))))
    assume(at(body, path) is not None)  # a null is absent; something unknown in its place is there
    before = {found[:3] for found in violations(body, version)}
    after = {found[:3] for found in violations(replaced(body, path, Unknown("x")), version)}
    assert after <= before


def check(body, version):
    found = violations(body, version)
    assert len({each[:3] for each in found}) == len(found)
    for each in found:
        assert each.kind in KINDS
        at(body, each.path)
        assert len(each.nearest) <= 3
        assert set(each.known_in) <= set(API_VERSIONS)
        assert (each.found == "") == (each.kind == "missing-property")
        assert "\n" not in each.found
        assert each.kind_of


@quietly
@given(any_data, versions)
def test_anything_at_all_gives_sound_violations(body, version):
    check(body, version)


@quietly
@given(mutated(any_data))
def test_mutated_bodies_give_sound_violations(case):
    check(*case)


def test_depth_does_no_harm():
    deep = []
    for _ in range(50_000):
        deep = [deep]
    for path in ("nonsense", "location", "tags", "properties", "identity"):
        assert [found.path for found in violations({**SMALL, path: deep}, NEWEST)] == [(path,)]
    body = {**SMALL, "properties": {**SMALL["properties"], "customize": deep}}
    assert [found.path for found in violations(body, NEWEST)] == [("properties", "customize", 0)]
