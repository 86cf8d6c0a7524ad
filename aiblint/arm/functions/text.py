"""Functions on strings: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string."""

from __future__ import annotations

import re

from aiblint.arm.functions.data import (
    LARGEST_INTEGER,
    LONGEST_LIST,
    LONGEST_STRING,
    TOO_LARGE,
    UNDOCUMENTED,
    FunctionError,
    array,
    assemble,
    beginning,
    ending,
    fold,
    integer,
    is_integer,
    kind,
    lower,
    pieces,
    plain_units,
    shallow,
    spell,
    text,
    unknown_in,
    upper,
)
from aiblint.value import MISSING, OpenKey, Partial, Unknown, plain

# Char.IsWhiteSpace of .NET; Python's own strip() also takes the separators U+001C to U+001F.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
)


def starts_with(string: object, sought: object) -> object:
    """`startsWith()`; case does not matter."""
    return _has_at_end("startsWith", string, sought, at_start=True)


def ends_with(string: object, sought: object) -> object:
    """`endsWith()`; case does not matter."""
    return _has_at_end("endsWith", string, sought, at_start=False)


def _has_at_end(name: str, string: object, sought: object, *, at_start: bool) -> object:
    whole, part = text(name, string), text(name, sought)
    edge = beginning if at_start else ending
    have, want = fold(edge(whole)), fold(edge(part))
    if not at_start:
        have, want = have[::-1], want[::-1]
    if isinstance(part, str) and have.startswith(want) and not isinstance(whole, Unknown):
        return True
    length = min(len(have), len(want))
    if have[:length] != want[:length] or (isinstance(whole, str) and len(want) > len(have)):
        return False
    return unknown_in(whole, part)


def format_string(template: object, *arguments: object) -> object:
    """`format()`: .NET composite formatting, `{0}`, `{0,8}`, `{0:N0}`; further formats stay unknown."""
    pattern = text("format", template)
    if not isinstance(pattern, str):
        return pattern if isinstance(pattern, Unknown) else unknown_in(pattern)
    parts: list[str | Unknown] = []
    length = end = 0
    for found in re.finditer(_PLACEHOLDER, pattern):
        before = len(parts)
        parts.append(pattern[end : found.start()])
        end = found.end()
        if found[0] in ("{{", "}}"):
            parts.append(found[0][0])
        elif found["index"] is None:
            raise FunctionError(f"`format()` reads a single `{found[0]}` as broken; write `{found[0] * 2}`")
        else:
            index = int(found["index"]) if len(found["index"]) < 6 else len(arguments)
            if index >= len(arguments):
                count = "no values follow" if not arguments else f"the last value is number {len(arguments) - 1}"
                raise FunctionError(f"`format()` uses `{{{found['index']}}}`, but {count}")
            parts.extend(_formatted(arguments[index], found["width"] or "", found["specifier"] or ""))
        length += sum(len(part) for part in parts[before:] if isinstance(part, str))
        if length > LONGEST_STRING:
            return Unknown(TOO_LARGE)
    parts.append(pattern[end:])
    return assemble(parts)


_PLACEHOLDER = r"\{\{|\}\}|\{(?P<index>[0-9]+) *(?:, *(?P<width>-?[0-9]+) *)?(?::(?P<specifier>[^{}]*))?\}|[{}]"


def _formatted(argument: object, width: str, specifier: str) -> tuple[str | Unknown, ...]:
    data = shallow(argument)
    shown: str | None = None
    if isinstance(data, str):
        shown = data
    elif isinstance(data, bool):
        shown = str(data)  # `True`, as Bicep's own evaluation test has it (EvaluationTests.cs, String_expressions)
    elif data is None:
        shown = ""
    elif is_integer(data):
        shown = _formatted_integer(data, specifier)
    if shown is None:
        return (unknown_in(data),) if width or not isinstance(data, Partial) else data.parts
    if width:
        places = int(width) if len(width) < 8 else LONGEST_STRING + 1
        if abs(places) > LONGEST_STRING or not plain_units(shown):
            return (Unknown(TOO_LARGE),)
        shown = shown.rjust(places) if places > 0 else shown.ljust(-places)
    return (shown,)


def _formatted_integer(number: int, specifier: str) -> str | None:
    if not specifier:
        return str(number)
    sign, digits = "-" if number < 0 else "", str(abs(number))
    if set(specifier) == {"0"} and len(specifier) < 100:
        return sign + digits.zfill(len(specifier))
    count = specifier[1:]
    if not re.fullmatch("[0-9]{0,2}", count):
        return None
    if specifier[0] in "dD":
        return sign + digits.zfill(int(count or 0))
    if specifier[0] in "nN" and count:
        return f"{number:,}" + ("." + "0" * int(count) if int(count) else "")
    return None


def join(elements: object, delimiter: object) -> object:
    """`join()`."""
    items, between = array("join", elements), text("join", delimiter)
    if isinstance(items, Unknown):
        return items
    if len(items) > LONGEST_LIST:
        return Unknown(TOO_LARGE)
    parts: list[str | Unknown] = []
    for number, item in enumerate(items):
        if number:
            parts.extend(pieces(between))
        parts.extend(pieces(spell(item)))
    return assemble(parts)


def pad_left(value: object, length: object, padding: object = " ") -> object:
    """`padLeft()`."""
    shown, places, mark = spell(value), integer("padLeft", length), text("padLeft", padding)
    if isinstance(shallow(value), (list, dict)):
        raise FunctionError(f"`padLeft()` needs a string here, not {kind(value)}")
    if isinstance(mark, str) and len(mark) != 1:
        raise FunctionError(f"`padLeft()` pads with one character, not with `{mark[:20]}`")
    if not isinstance(shown, str) or isinstance(places, Unknown) or not isinstance(mark, str):
        return unknown_in(shown, places, mark)
    if places > LONGEST_STRING:
        return Unknown(TOO_LARGE)
    if places < 0 or not plain_units(shown, mark):
        return Unknown(UNDOCUMENTED)
    return shown.rjust(places, mark)


# The search for an occurrence that is only partly known takes the square of its length.
_LONGEST_SEARCH = 5000


def replace(string: object, old: object, new: object) -> object:
    """`replace()`, all occurrences, case matters."""
    whole, sought, instead = text("replace", string), text("replace", old), text("replace", new)
    if isinstance(whole, Unknown) or not isinstance(sought, str):
        return unknown_in(whole, sought)
    if not sought:
        return Unknown(UNDOCUMENTED)
    if isinstance(whole, Partial) and len(sought) * len(whole.parts) > _LONGEST_SEARCH:
        return unknown_in(whole)
    parts: list[str | Unknown] = []
    known = pieces(whole)
    for number, piece in enumerate(known):
        if isinstance(piece, Unknown):
            parts.append(piece)
            continue
        # What is unknown may complete an occurrence that only begins, or only ends, in the known text.
        if number + 1 < len(known) and any(piece.endswith(sought[:n]) for n in range(1, len(sought))):
            return unknown_in(whole)
        if number and any(piece.startswith(sought[n:]) for n in range(1, len(sought))):
            return unknown_in(whole)
        count = piece.count(sought)
        longest = sum(len(part) for part in pieces(instead) if isinstance(part, str))
        if count * longest > LONGEST_STRING or count > LONGEST_LIST * 10:
            return Unknown(TOO_LARGE)
        if isinstance(instead, str):
            parts.append(piece.replace(sought, instead))
            continue
        for turn, between in enumerate(piece.split(sought)):
            parts.extend((*pieces(instead), between) if turn else (between,))
    return assemble(parts)


def split(string: object, delimiter: object) -> object:
    """`split()` at one delimiter, or at each of several."""
    whole = text("split", string)
    given = shallow(delimiter)
    delimiters = [shallow(one) for one in given] if isinstance(given, list) else [text("split", delimiter)]
    if not isinstance(whole, str) or not all(isinstance(one, str) for one in delimiters):
        return unknown_in(whole, delimiter)
    if not delimiters or "" in delimiters or len(delimiters) > 20:
        return Unknown(UNDOCUMENTED)
    # .NET takes the delimiters in their order at each place, as an alternation does.
    found = re.split("|".join(re.escape(str(one)) for one in delimiters), whole, maxsplit=LONGEST_LIST)
    return found if len(found) <= LONGEST_LIST else Unknown(TOO_LARGE)


def string(value: object) -> object:
    """`string()`: objects and arrays become JSON without spaces."""
    data = shallow(value)
    if isinstance(data, (str, Partial, Unknown)):
        return data
    if isinstance(data, bool):
        return str(data)  # .NET's spelling, `True`; many templates wrap it in toLower() for that reason
    if is_integer(data):
        return str(data)
    if not isinstance(data, (list, dict)):
        return Unknown(UNDOCUMENTED)
    whole = plain(data)
    if not _is_plain_json(whole):
        return unknown_in(data)
    import json

    written = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    # Json.NET escapes these characters, Python does not.
    if any(mark in written for mark in "\x7f\x85\u2028\u2029"):
        return Unknown(UNDOCUMENTED)
    return written if len(written) <= LONGEST_STRING else Unknown(TOO_LARGE)


def _is_plain_json(data: object) -> bool:
    if isinstance(data, dict):
        return all(not isinstance(name, OpenKey) and _is_plain_json(value) for name, value in data.items())
    if isinstance(data, list):
        return all(_is_plain_json(value) for value in data)
    return data is None or isinstance(data, (str, bool)) or is_integer(data)


def substring(string: object, start: object = 0, length: object = MISSING) -> object:
    """`substring()`; fails when it reaches beyond the string."""
    whole, first = text("substring", string), integer("substring", start)
    count = integer("substring", length) if length is not MISSING else None
    for number, what in ((first, "start"), (count, "length")):
        if isinstance(number, int) and number < 0:
            raise FunctionError(f"the {what} of `substring()` is {number}, below zero")
    if isinstance(first, Unknown) or isinstance(count, Unknown) or isinstance(whole, Unknown):
        return unknown_in(whole, first, count)
    known = beginning(whole)
    if not plain_units(known):
        return Unknown(UNDOCUMENTED)
    end = first + count if count is not None else None
    if isinstance(whole, str):
        if first > len(whole) or (end is not None and end > len(whole)):
            asked = f"characters {first} to {end}" if end is not None else f"what follows character {first}"
            raise FunctionError(f"`substring()` asks for {asked} of a string of {len(whole)}")
        return whole[first:end]
    if end is not None:
        return known[first:end] if end <= len(known) else unknown_in(whole)
    if first <= len(known):
        return assemble((known[first:], *pieces(whole)[1 if known else 0 :]))
    return unknown_in(whole)


def to_lower(string: object) -> object:
    """`toLower()`."""
    whole = text("toLower", string)
    return assemble(lower(part) if isinstance(part, str) else part for part in pieces(whole))


def to_upper(string: object) -> object:
    """`toUpper()`."""
    whole = text("toUpper", string)
    return assemble(upper(part) if isinstance(part, str) else part for part in pieces(whole))


def trim(string: object) -> object:
    """`trim()`."""
    whole = text("trim", string)
    if isinstance(whole, str):
        return whole.strip(WHITE_SPACE)
    if isinstance(whole, Unknown):
        return whole
    # What is unknown may be empty, so white space next to it may be at the end of the string: only the outer texts
    # without it are certain to stay.
    first, last = beginning(whole).strip(WHITE_SPACE), ending(whole).strip(WHITE_SPACE)
    return assemble((first, unknown_in(whole), last))


def integer_of(value: object) -> object:
    """`int()`."""
    data = shallow(value)
    if isinstance(data, str):
        stripped = data.strip(WHITE_SPACE)
        if re.fullmatch(r"[-+]?[0-9]{1,19}", stripped) and abs(int(stripped)) <= LARGEST_INTEGER:
            return int(stripped)
        # .NET reads some other spellings as integers, depending on settings that are not documented.
        if not re.fullmatch(r"[-+0-9.,eE\s]*[0-9][-+0-9.,eE\s]*", stripped):
            raise FunctionError(f"`int()` cannot turn `{data[:40]}` into an integer")
        return Unknown(UNDOCUMENTED)
    if isinstance(data, (list, dict)):
        raise FunctionError(f"`int()` needs a string or an integer, not {kind(data)}")
    return data if is_integer(data) else unknown_in(data)


def float_of(value: object) -> object:
    """`float()`."""
    data = shallow(value)
    if is_integer(data):
        return float(data)
    if isinstance(data, str):
        stripped = data.strip(WHITE_SPACE)
        if re.fullmatch(r"[-+]?[0-9]{1,300}(\.[0-9]{1,300})?", stripped):
            return float(stripped)
        if not any(mark.isdigit() for mark in stripped) and not stripped.lower().endswith(("nan", "infinity")):
            raise FunctionError(f"`float()` cannot turn `{data[:40]}` into a number")
        return Unknown(UNDOCUMENTED)
    if isinstance(data, (list, dict)):
        raise FunctionError(f"`float()` needs a string or a number, not {kind(data)}")
    return data if isinstance(data, float) else unknown_in(data)


def bool_of(value: object) -> object:
    """`bool()`."""
    data = shallow(value)
    if isinstance(data, str):
        folded = data.strip(WHITE_SPACE).lower()
        if folded in ("true", "false"):
            return folded == "true"
        if any(mark.isdigit() for mark in folded):
            return Unknown(UNDOCUMENTED)
        raise FunctionError(f"`bool()` cannot turn `{data[:40]}` into true or false")
    if isinstance(data, (list, dict)):
        raise FunctionError(f"`bool()` needs a string or an integer, not {kind(data)}")
    if isinstance(data, bool):
        return data
    return data != 0 if is_integer(data) else unknown_in(data)
