"""In what a template departs from an API version, found by jsonschema with the keywords that a template needs.

JSON Schema knows neither values that are not known yet, nor a null that counts as absent, nor that one cause deserves
one finding: hence keywords of our own, put in through jsonschema's extension points, and our own words for what they
find.
"""

from __future__ import annotations

import difflib
from functools import cache
from itertools import islice

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from aiblint.light import TYPE_CHECKING
from aiblint.shape import (
    API_VERSIONS,
    Violation,
    chooses,
    fits,
    is_type,
    listed,
    obeys,
    resolved,
    same_name,
    schema,
)
from aiblint.value import OpenKey, Partial, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

# The service took under the first what only the description of the second has: Microsoft's own quickstarts of that time
# use WindowsUpdate, osDiskSizeGB and runAsSystem under 2019-05-01-preview.
WIDER_THAN_DESCRIBED = {"2019-05-01-preview": "2020-02-14"}

# Nobody reads more, and a hostile file may hold millions.
MOST = 1000

# One, and several, of each type.
TYPE_WORDS = {
    "object": ("an object", "objects"),
    "array": ("an array", "arrays"),
    "string": ("a string", "strings"),
    "boolean": ("`true` or `false`", "booleans"),
    "integer": ("a whole number", "whole numbers"),
}
PATTERN_WORDS = {
    "^[A-Za-z0-9-_]{1,64}$": "1 to 64 letters, digits, `-` and `_`",
    "^[A-Za-z0-9-_.]{1,64}$": "1 to 64 letters, digits, `-`, `_` and `.`",
}


def violations(instance: object, version: str) -> list[Violation]:
    """As `aiblint.shape.violations`, without the short cut."""
    found = {}
    for error in islice(_validator(version).iter_errors(instance), MOST):
        violation = _violation(error, instance, version)
        # Once the kind is decided, its own schema says some of it again, and more exactly.
        found[violation.kind, violation.path, violation.name] = violation
    wider = WIDER_THAN_DESCRIBED.get(version)
    return [violation for violation in found.values() if wider not in violation.known_in]


# -- keywords ---------------------------------------------------------------------------------------------------------
# Each yields errors whose `validator` is the kind of the Violation and whose message is the property's name if that is
# at fault. A member that is null counts as absent, as ARM has it (template-expressions, "null values"). A name that is
# an expression may be any name: then nothing is missing.


def _error(kind: str, name: str, value: object, *path: str) -> ValidationError:
    return ValidationError(name, validator=kind, path=path, instance=value)


def _type(validator: Any, types: Any, instance: Any, subschema: Any) -> Iterator[ValidationError]:
    if not any(validator.is_type(instance, kind) for kind in listed(types)):
        yield _error("wrong-type", "", instance)


def _properties(validator: Any, properties: Any, instance: Any, subschema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for name, member in instance.items():
        known = same_name(name, properties)
        if member is None or known is None:
            continue
        if properties[known].get("readOnly"):
            yield _error("read-only", name, member, name)
            continue
        if name != known:
            yield _error("wrong-case", name, member, name)
        yield from validator.descend(member, properties[known], path=name, schema_path=known)


def _additional(validator: Any, others: Any, instance: Any, subschema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    properties = subschema.get("properties", {})
    for name, member in instance.items():
        if member is None or same_name(name, properties) is not None:
            continue
        if others is not False:
            yield from validator.descend(member, others, path=name)
        elif not isinstance(name, OpenKey):
            yield _error("unknown-property", name, member, name)


def _required(validator: Any, names: Any, instance: Any, subschema: Any) -> Iterator[ValidationError]:
    """What is missing, except for a name that stands there misspelt: that one is unknown, and reported once."""
    if not isinstance(instance, dict):
        return
    present = [name for name, member in instance.items() if member is not None]
    missing = [name for name in names if same_name(name, present) is None]
    if not missing or any(isinstance(name, OpenKey) for name in present):
        return
    properties = subschema["properties"]
    misspelt = {}
    for stranger in islice((name for name in present if same_name(name, properties) is None), MOST):
        for meant in _nearest(stranger, _absent(properties, instance))[:1]:
            misspelt[meant] = stranger
    for name in missing:
        if name not in misspelt:
            yield _error("missing-property", name, instance)
        elif "additionalProperties" not in subschema:  # where it is, it reports the misspelt name
            yield _error("unknown-property", misspelt[name], instance[misspelt[name]], misspelt[name])


def _enum(validator: Any, values: Any, instance: Any, subschema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, (str, Partial)) and not fits(instance, values):
        other_case = isinstance(instance, str) and same_name(instance, values) is not None
        yield _error("wrong-case" if other_case else "invalid-value", "", instance)


def _if(validator: Any, condition: Any, instance: Any, subschema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict) and chooses(subschema, instance):
        yield from validator.descend(instance, subschema["then"], schema_path="then")


def _const(validator: Any, value: Any, instance: Any, subschema: Any) -> tuple[()]:
    """Nothing: the `enum` of the choice has said how a kind is spelt."""
    return ()


def _on_known(keyword: Callable[..., Any]) -> Callable[..., Any]:
    def on_known(validator: Any, value: Any, instance: Any, subschema: Any) -> Any:
        return () if isinstance(instance, (Unknown, Partial)) else keyword(validator, value, instance, subschema)

    return on_known


@cache
def _validator(version: str) -> Any:
    """jsonschema's validator of an API version, extended. It is not asked to check the schema: that takes 0.5 s."""
    root = schema(version)

    def items(validator: Any, below: Any, instance: Any, subschema: Any) -> Iterator[ValidationError]:
        for index, item in enumerate(instance if isinstance(instance, list) else ()):
            if not obeys(item, below, root):  # one wrong customizer among thousands must not cost seconds
                yield from validator.descend(item, below, path=index)

    keywords: dict[str, Any] = {
        "type": _type,
        "properties": _properties,
        "additionalProperties": _additional,
        "required": _required,
        "enum": _enum,
        "if": _if,
        "const": _const,
        "items": items,
    }
    for name in ("pattern", "minimum", "maximum"):
        keywords[name] = _on_known(Draft202012Validator.VALIDATORS[name])
    types = Draft202012Validator.TYPE_CHECKER.redefine_many(
        {kind: lambda _, instance, kind=kind: is_type(instance, kind) for kind in TYPE_WORDS}
    )
    return extend(Draft202012Validator, keywords, type_checker=types)(root)  # type: ignore[no-untyped-call]


# -- from an error to the words of a person ---------------------------------------------------------------------------


def _violation(error: ValidationError, instance: Any, version: str) -> Violation:
    subschema: Any = error.schema
    keyword, path = str(error.validator), tuple(error.path)
    kind, name = (keyword, error.message) if "-" in keyword else ("invalid-value", "")
    holder = path if kind == "missing-property" else path[:-1]
    while holder and not isinstance(_value_at(instance, holder), dict):
        holder = holder[:-1]
    kind_of = _kind_of(instance, holder, version)
    if kind == "missing-property":
        return Violation(kind, path, name, False, expected=_expected(subschema["properties"][name]), kind_of=kind_of)

    # At fault is a name among properties, or a string among the values of an enum.
    on_key = bool(name)
    word, vocabulary, place = (name, "properties", holder) if on_key else (error.instance, "enum", path)
    words = _words(subschema, vocabulary)
    nearest: tuple[str, ...] = ()
    known_in: tuple[str, ...] = ()
    if isinstance(word, str) and words and kind != "read-only":
        right = same_name(word, words)
        free = _absent(words, _value_at(instance, holder)) if on_key else words
        nearest = (right,) if right is not None else _nearest(word, free)
        known_in = tuple(
            other
            for other in API_VERSIONS
            if any(word in _words(applying, vocabulary) for applying in _schemas_at(instance, place, other))
        )
    expected = "" if on_key else _expected(subschema, keyword)
    return Violation(
        kind,
        path,
        name or next((step for step in reversed(path) if isinstance(step, str)), ""),
        on_key,
        found=_found(error.instance),
        expected=_one_of(words) if kind == "unknown-property" else expected,
        nearest=nearest,
        known_in=known_in,
        kind_of=kind_of,
        open=not on_key and "x-open" in subschema,
        belongs=_elsewhere(name, instance, holder, version) if kind == "unknown-property" else "",
    )


def _elsewhere(name: str, instance: Any, holder: tuple[str | int, ...], version: str) -> str:
    """Where else a property could stand: in an object of another kind, one level down, one level up."""
    root = schema(version)
    places: dict[str, None] = {}
    for subschema in _schemas_at(instance, holder, version):
        kinds = [resolved(rule["then"], root) for rule in subschema.get("allOf", ())]
        for kind in kinds:
            if name in _words(kind, "properties"):
                own, _, noun = kind["title"].partition(" ")
                places[f"a `{own}` {noun}"] = None
        for member, below in subschema.get("properties", {}).items():
            if name in _words(resolved(below, root), "properties"):
                places[f"`{member}`"] = None
    while holder and isinstance(holder[-1], int):
        holder = holder[:-1]
    above = _schemas_at(instance, holder[:-1], version) if holder else []
    if any(name in _words(subschema, "properties") for subschema in above):
        places[f"the object around `{holder[-1]}`"] = None
    return next(iter(places)) if len(places) == 1 else ""


def _value_at(instance: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        instance = instance[step]
    return instance


def _schemas_at(instance: Any, path: Iterable[str | int], version: str) -> list[dict[str, Any]]:
    """The subschemas that a version applies at this place of the instance, that of the decided kind last."""
    root = schema(version)
    here = _applying([root], instance, root)
    for step in path:
        instance = instance[step]
        below = []
        for subschema in here:
            properties = subschema.get("properties", {}) if isinstance(step, str) else {}
            known = same_name(str(step), properties)
            others = subschema.get("additionalProperties" if isinstance(step, str) else "items")
            below.append(properties[known] if known is not None else others)
        here = _applying([subschema for subschema in below if subschema], instance, root)
    return here


def _applying(subschemas: list[dict[str, Any]], instance: Any, root: dict[str, Any]) -> list[dict[str, Any]]:
    applying = [resolved(subschema, root) for subschema in subschemas]
    if not isinstance(instance, dict):
        return applying
    rules = [rule for subschema in applying for rule in subschema.get("allOf", ())]
    return applying + [resolved(rule["then"], root) for rule in rules if chooses(rule, instance)]


def _kind_of(instance: Any, path: tuple[str | int, ...], version: str) -> str:
    if not path:
        return "the image template"
    titles = [subschema["title"] for subschema in _schemas_at(instance, path, version) if "title" in subschema]
    return f"{'an' if titles[-1][0] in 'AEIO' else 'a'} {titles[-1]}" if titles else str(path[-1])


def _words(subschema: dict[str, Any], vocabulary: str) -> list[str]:
    """The values of an `enum`, or the `properties` that may be given."""
    if vocabulary == "enum":
        return list(subschema.get("enum", ()))
    return [name for name, below in subschema.get("properties", {}).items() if not below.get("readOnly")]


def _absent(names: Iterable[str], instance: dict[str, Any]) -> list[str]:
    return [name for name in names if instance.get(name) is None]


def _nearest(word: str, words: Iterable[str]) -> tuple[str, ...]:
    """Those of the words that look like this one, then those that contain it, as `artifactTags` does `tags`."""
    if word == "id":  # too short to look like anything; every ID of a template ends in it
        return tuple(other for other in words if other.endswith("Id"))[:3]
    folded = {other.lower(): other for other in words}
    # 0.65: `imageId` is near `galleryImageId` (0.67), `contentVersion` not near `condition` (0.61).
    near = difflib.get_close_matches(word.lower(), folded, 3, 0.65)
    near += [other for other in folded if len(word) > 2 and word.lower() in other and other not in near]
    return tuple(folded[other] for other in near[:3])


def _one_of(words: Iterable[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else "one of " + ", ".join(quoted)


def _expected(subschema: dict[str, Any], keyword: str = "type") -> str:
    if keyword in ("minimum", "maximum"):
        return f"at {'least' if keyword == 'minimum' else 'most'} {subschema[keyword]}"
    if keyword == "pattern":
        return PATTERN_WORDS[subschema["pattern"]]
    if "enum" in subschema:
        return _one_of(subschema["enum"])
    types = listed(subschema.get("type", "object"))  # what has no type of its own is a `$ref` to an object
    if types == ["array"] and "items" in subschema:
        return f"an array of {TYPE_WORDS[subschema['items'].get('type', 'object')][1]}"
    return " or ".join(TYPE_WORDS[kind][0] for kind in types)


LONGEST_SHOWN = 60


def _found(value: object) -> str:
    if isinstance(value, str):
        # A longer one is not clipped, but not shown at all: of half a secret nobody can tell that it is one.
        if len(value) > LONGEST_SHOWN:
            return f"a string of {len(value)} characters"
        return f"the string `{' '.join(value.split()) or value}`" if value else "an empty string"
    if isinstance(value, (dict, list)):
        noun = "object" if isinstance(value, dict) else "array"
        return f"an {noun}" if value else f"an empty {noun}"
    if isinstance(value, Unknown):
        return "a value that is not known"
    if isinstance(value, Partial):
        return "a string"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else f"the number {value}"
