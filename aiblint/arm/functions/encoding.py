"""Functions that turn strings into other spellings: base64, data URIs, percent-encoding, URIs, JSON.

Their documentation is template-functions-string on learn.microsoft.com; `parseUri()` and `buildUri()` are only in
Azure/bicep, SystemNamespaceType.cs, without the details that .NET's Uri class adds.
"""

from __future__ import annotations

import re

from aiblint.arm.functions.data import (
    LARGEST_INTEGER,
    LONGEST_LIST,
    LONGEST_STRING,
    TOO_LARGE,
    UNDOCUMENTED,
    FunctionError,
    assemble,
    mapping,
    member,
    shallow,
    text,
    unknown_in,
)
from aiblint.value import Partial, Unknown

_DEEPEST_JSON = 64


def base64(value: object) -> object:
    """`base64()` of the UTF-8 form."""
    data = text("base64", value)
    if not isinstance(data, str):
        return unknown_in(data)
    if len(data) * 4 > LONGEST_STRING:
        return Unknown(TOO_LARGE)
    from base64 import b64encode

    encoded = _utf8(data)
    return Unknown(UNDOCUMENTED) if encoded is None else b64encode(encoded).decode("ascii")


def base64_to_string(value: object) -> object:
    """`base64ToString()`."""
    return _decoded("base64ToString", value)


def base64_to_json(value: object) -> object:
    """`base64ToJson()`."""
    data = _decoded("base64ToJson", value)
    return json_of(data) if isinstance(data, str) else data


def _decoded(name: str, value: object) -> str | Unknown:
    data = text(name, value)
    if not isinstance(data, str):
        return unknown_in(data)
    from base64 import b64decode

    compact = re.sub(r"[ \t\r\n]", "", data)
    try:
        return b64decode(compact.encode("ascii"), validate=True).decode("utf-8")
    except UnicodeDecodeError:
        return Unknown(UNDOCUMENTED)
    except ValueError:  # binascii.Error too, and UnicodeEncodeError for what is not ASCII
        raise FunctionError(f"`{name}()` needs base64, which `{data[:40]}` is not") from None


def _utf8(data: str) -> bytes | None:
    """The bytes, or None for half a surrogate pair, which JSON can spell."""
    try:
        return data.encode("utf-8")
    except UnicodeEncodeError:
        return None


def data_uri(value: object) -> object:
    """`dataUri()`; `charset=utf8` is how the documented example has it."""
    if not isinstance(shallow(value), str):
        return unknown_in(value)
    encoded = base64(value)
    return f"data:text/plain;charset=utf8;base64,{encoded}" if isinstance(encoded, str) else encoded


def data_uri_to_string(value: object) -> object:
    """`dataUriToString()` of a base64 data URI in UTF-8."""
    data = text("dataUriToString", value)
    if not isinstance(data, str):
        return unknown_in(data)
    found = re.match(r"data:(?:text/plain)?(?:;charset=utf-?8)?;base64,", data, re.IGNORECASE)
    return _decoded("dataUriToString", data[found.end() :]) if found else Unknown(UNDOCUMENTED)


def uri_component(value: object) -> object:
    """`uriComponent()`."""
    data = text("uriComponent", value)
    if not isinstance(data, str):
        return unknown_in(data)
    encoded = _utf8(data)
    # Whether these five are encoded differs between the versions of .NET.
    if encoded is None or any(mark in data for mark in "!*'()"):
        return Unknown(UNDOCUMENTED)
    if len(encoded) * 3 > LONGEST_STRING:
        return Unknown(TOO_LARGE)
    from urllib.parse import quote

    return quote(encoded, safe="")


def uri_component_to_string(value: object) -> object:
    """`uriComponentToString()`."""
    data = text("uriComponentToString", value)
    if not isinstance(data, str):
        return unknown_in(data)
    from urllib.parse import unquote

    decoded = unquote(data)
    # What is no UTF-8 .NET leaves as it is, Python replaces.
    return Unknown(UNDOCUMENTED) if "\ufffd" in decoded else decoded


def uri(base: object, relative: object) -> object:
    """`uri()`: the two resolved as RFC 3986 says; known only where .NET's Uri class changes nothing else."""
    start, rest = text("uri", base), text("uri", relative)
    if not isinstance(rest, str) or not re.fullmatch(r"/?(?:[\w~-][\w.~-]*/)*[\w~-][\w.~-]*", rest, re.ASCII):
        return unknown_in(start, rest)
    if isinstance(start, str):
        found = re.fullmatch(r"(https?://[a-z0-9.-]+[a-z])((?:/[\w~-][\w.~-]*)*)(/?)", start, re.ASCII)
        if found is None:
            return Unknown(UNDOCUMENTED)
        site, path, slash = found.groups()
        if rest.startswith("/"):
            return site + rest
        return f"{site}{path if slash else path.rpartition('/')[0]}/{rest}"
    return assemble((unknown_in(start), rest))


def parse_uri(value: object) -> object:
    """`parseUri()`: scheme and host of a plain web address; the rest of it is not documented well enough."""
    data = text("parseUri", value)
    found = re.match(r"(https?)://([a-z0-9.-]+)(?=[:/?#]|$)", data) if isinstance(data, str) else None
    if found is None:
        return unknown_in(data)
    members: dict[str, object] = {"scheme": found[1], "host": found[2]}
    return {**members, "port": Unknown(UNDOCUMENTED), "path": Unknown(UNDOCUMENTED), "query": Unknown(UNDOCUMENTED)}


def build_uri(value: object) -> object:
    """`buildUri()`: scheme and host; what joins the rest is not documented well enough."""
    parts = mapping("buildUri", value)
    if isinstance(parts, Unknown):
        return parts
    scheme, host = shallow(member(parts, "scheme")), shallow(member(parts, "host"))
    if not isinstance(scheme, str) or not isinstance(host, str) or not re.fullmatch("[a-z0-9.-]+", host):
        return unknown_in(parts)
    return Partial((f"{scheme}://{host}", unknown_in(parts))) if scheme in ("http", "https") else unknown_in(parts)


def json_of(value: object) -> object:
    """`json()`. ARM reads more than JSON, single quotes for one: what is no strict JSON is unknown, not wrong."""
    data = text("json", value)
    if not isinstance(data, str):
        return unknown_in(data)
    depth = deepest = 0
    for found in re.finditer(r"[\[\]{}]", data):
        depth += 1 if found[0] in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST_JSON or len(data) > LONGEST_STRING:
        return Unknown(TOO_LARGE)
    import json

    try:
        read = json.loads(data, parse_constant=_refuse, object_pairs_hook=_members)
    except ValueError:
        return Unknown(UNDOCUMENTED)
    return read if _is_small(read) else Unknown(TOO_LARGE)


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names are all different, whatever their case; of others ARM's reading is not documented."""
    if len({name.lower() for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _is_small(read: object) -> bool:
    if isinstance(read, list):
        return len(read) <= LONGEST_LIST and all(map(_is_small, read))
    if isinstance(read, dict):
        return len(read) <= LONGEST_LIST and all(map(_is_small, read.values()))
    return not isinstance(read, (int, float)) or abs(read) <= LARGEST_INTEGER
