"""What each API version accepts: the JSON Schemas of `schemas/`, and the quick way to see that a template obeys one.

There is one JSON Schema (2020-12) per API version, held against the official Swagger by the tests. They use few
keywords, and a choice between kinds (`"type": "Shell"`) is an `allOf` of `if`/`then` on one property, so that the kind
is decided first and a mistake gives one violation, not one per kind.
Most templates are right, and importing jsonschema takes longer than all else together: so `accepts` walks the schema
with a few lines of our own, and only where it hesitates `violations` asks jsonschema (see `thorough`).
"""

from __future__ import annotations

import json
import os
import re
from functools import cache

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.value import OpenKey, Partial, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

API_VERSIONS = (
    "2018-02-01-preview",
    "2019-02-01-preview",
    "2019-05-01-preview",
    "2020-02-14",
    "2021-10-01",
    "2022-02-14",
    "2022-07-01",
    "2023-07-01",
    "2024-02-01",
    "2025-10-01",
)
NEWEST = API_VERSIONS[-1]
# From here on the service refuses names that it does not know, and wrong letter case (release notes of Image Builder).
STRICT = "2024-02-01"

# What a value of each JSON Schema type is in Python.
_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": (str, Partial),
    "boolean": bool,
    "integer": int,
}


class Violation(NamedTuple):
    """One departure from the schema of an API version; the words are for a person, with names in backticks.

    `kind` is `unknown-property`, `wrong-case`, `missing-property`, `wrong-type`, `invalid-value` or `read-only`. `path`
    leads to the offending value, for a missing property to the object that lacks it. `name` is the property as written
    (the one that is missing; for an element of an array, the array's). `on_key` says that the name is at fault and not
    the value: it tells a property in the wrong case from a value in the wrong case. `found` and `expected` complete
    "found ..." and "expected ..."; for an unknown property `expected` lists those there are. `nearest` are the likely
    names or values, at most 3, best first; for a wrong case, the right one. `known_in` are the API versions that know
    this property or value at this place. `kind_of` names the object it is in ("a PowerShell customizer", "vmProfile",
    "the image template"). `open` marks a value outside a list that the service may extend (modelAsString in Swagger).
    `belongs` is the one place near by where an unknown property would be known ("a `SharedImage` distributor",
    "`vnetConfig`"), empty where there is none or more than one.
    """

    kind: str
    path: tuple[str | int, ...]
    name: str
    on_key: bool
    found: str = ""
    expected: str = ""
    nearest: tuple[str, ...] = ()
    known_in: tuple[str, ...] = ()
    kind_of: str = ""
    open: bool = False
    belongs: str = ""


def schema(version: str) -> dict[str, Any]:
    """The JSON Schema of an API version of API_VERSIONS; ValueError for any other."""
    if version not in API_VERSIONS:
        raise ValueError(f"not an API version of AIB: {version!r}")
    return _load(version)


@cache
def _load(version: str) -> dict[str, Any]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = os.path.join(package, "schemas")  # so the wheel has it; in a checkout it stands beside the package
    if not os.path.isdir(folder):
        folder = os.path.join(os.path.dirname(package), "schemas")
    with open(os.path.join(folder, version + ".json"), encoding="utf-8") as file:
        return json.load(file)  # type: ignore[no-any-return]


def accepts(instance: object, version: str) -> bool:
    """True if for certain nothing violates the schema; False means only that `violations` has to look.

    `instance` is plain data as `aiblint.value.plain` gives it, `version` one of API_VERSIONS.
    """
    root = schema(version)
    return obeys(instance, root, root)


def violations(instance: object, version: str) -> list[Violation]:
    """All in which a template departs from an API version of API_VERSIONS, at most 1000.

    `instance` is plain data as `aiblint.value.plain` gives it: what is Unknown violates nothing. One cause gives one
    violation: a property that stands there misspelt is not missing too, and below a value of the wrong type, an unknown
    or a read-only property nothing is looked at. Under 2019-05-01-preview, whatever 2020-02-14 knows is let pass.
    """
    if accepts(instance, version):
        return []
    from aiblint.shape.thorough import violations as thorough_violations  # here: it imports jsonschema

    return thorough_violations(instance, version)


# -- the schema, keyword by keyword -----------------------------------------------------------------------------------


def obeys(instance: object, subschema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether the instance obeys this part of the schema `root` to the letter, as far as its values are known."""
    subschema = resolved(subschema, root)
    if isinstance(instance, Unknown):
        return True
    if "type" in subschema and not any(is_type(instance, kind) for kind in listed(subschema["type"])):
        return False
    if isinstance(instance, dict):
        return _obeys_as_object(instance, subschema, root)
    if isinstance(instance, list):
        below = subschema.get("items")
        return not below or all(obeys(item, below, root) for item in instance)
    if isinstance(instance, (str, Partial)):
        if "enum" in subschema and not fits(instance, subschema["enum"]):
            return False
        pattern = subschema.get("pattern")
        return pattern is None or isinstance(instance, Partial) or re.search(pattern, instance) is not None
    if isinstance(instance, (int, float)) and "minimum" in subschema:
        return bool(subschema["minimum"] <= instance <= subschema.get("maximum", instance))
    return True


def _obeys_as_object(instance: dict[str, Any], subschema: dict[str, Any], root: dict[str, Any]) -> bool:
    properties = subschema.get("properties", {})
    others = subschema.get("additionalProperties")
    open_key = False
    for name, member in instance.items():
        if member is None:
            continue
        if isinstance(name, OpenKey):
            open_key = True
        below = properties.get(name, others)
        if below is False and not isinstance(name, OpenKey):
            return False
        if below and (below.get("readOnly") or not obeys(member, below, root)):
            return False
    if not open_key and any(instance.get(name) is None for name in subschema.get("required", ())):
        return False
    return all(obeys(instance, rule["then"], root) for rule in subschema.get("allOf", ()) if chooses(rule, instance))


def is_type(instance: object, kind: str) -> bool:
    """Whether a value is of a JSON Schema type, as far as it is known. As JSON Schema has it, 1.0 is an integer."""
    if isinstance(instance, Unknown):
        return True
    if kind == "integer" and isinstance(instance, float):
        return instance.is_integer()
    return isinstance(instance, _PYTHON_TYPES[kind]) and (kind == "boolean" or not isinstance(instance, bool))


def listed(types: str | list[str]) -> list[str]:
    """The value of the keyword `type` as a list."""
    return [types] if isinstance(types, str) else types


def fits(instance: str | Partial, values: Iterable[str]) -> bool:
    """Whether the string is one of the values or, being partly known, begins and ends as one of them does."""
    if isinstance(instance, str):
        return instance in values
    first, last = (part.lower() if isinstance(part, str) else "" for part in (instance.parts[0], instance.parts[-1]))
    return any(value.lower().startswith(first) and value.lower().endswith(last) for value in values)


def same_name(name: str, names: Iterable[str]) -> str | None:
    """That one of the names which is the given one, if need be with letter case ignored."""
    if name in names:
        return name
    folded = name.lower()
    return next((known for known in names if known.lower() == folded), None)


def chooses(rule: dict[str, Any], instance: dict[str, Any]) -> bool:
    """Whether this `if`/`then` is for the kind that the object says it is; an unknown kind chooses none."""
    ((discriminator, wanted),) = rule["if"]["properties"].items()
    name = same_name(discriminator, instance)
    kind = instance[name] if name is not None else None
    return isinstance(kind, str) and kind.lower() == wanted["const"].lower()


def resolved(subschema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The definition that a `$ref` leads to; what stands beside a `$ref` in our schemas is for the reader only."""
    reference = subschema.get("$ref")
    return root["$defs"][reference.rpartition("/")[2]] if reference else subschema
