"""Strings, words and numbers that are no JSON: what was meant, and where it ends.

These functions tell what is wrong where the reader stands. Those for values put the value into the tree; those for keys
return the key, and leave the reader behind it.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.source.document import Comment
from aiblint.source.reader import number, quoted
from aiblint.source.strings import string_end, unescape
from aiblint.source.wording import expected_value, name_of, tell, tell_once

if TYPE_CHECKING:
    from aiblint.source.reader import Reader


class Key(NamedTuple):
    """A key that was read: where it stands, and its name."""

    start: int
    end: int
    name: str


# Every repetition is bounded or of single characters: a file of ten million `<` or `(` must not be read twice.
_PLACEHOLDER = (
    r"<[^<>\r\n\"]{1,200}>|\$\{[^{}\r\n]{1,200}\}|\{\{[^{}\r\n]{1,200}\}\}|#\{[^{}\r\n]{1,200}\}#?|"
    r"\$\([^()\r\n]{1,200}\)|__[A-Za-z0-9][\w.-]{0,200}?__|@@?\w{1,200}@@?|%\w{1,200}%|\$\w{1,200}|\.\.\.|…"
)
_PLACEHOLDERS = re.compile(rf"[\w.\-/:]{{0,200}}(?:(?:{_PLACEHOLDER})[\w.\-/:]{{0,200}}){{1,20}}")
_BARE = re.compile(
    rf"(?:{_PLACEHOLDER}|'[^'\r\n]{{0,200}}'|\([^()\r\n]{{0,200}}\)|[^\r\n\"{{}}\[\],]){{1,400}}[^\r\n\"{{}}\[\],]*"
)
_TRAILING_COMMENT = re.compile(r"[ \t]/[/*]")
_EXPRESSION = re.compile(r"\[[A-Za-z]\w*\([^\"\r\n]*\)[^\"\r\n,]*\]")
_BARE_KEY = re.compile(r"([^\s\"'{}\[\],:=]{1,300})[ \t]*(?=[:=])")
# Text whose first quotation mark is missing: the last one is followed by what ends a value, or by the colon of a key.
_HALF_QUOTED_LINE = re.compile(
    r'(?!")[^"\\\r\n]{0,5000}(?:\\.[^"\\\r\n]*){0,200}"(?=[ \t]*[,}\]]*[ \t]*(?://[^\r\n]*)?(?:[\r\n]|\Z))'
)
_HALF_QUOTED = re.compile(r'[^"\r\n,{}\[\]]+"(?=[ \t]*[,}\]])')
_HALF_QUOTED_KEY = re.compile(r'([^"\r\n,:]{1,300})"(?=[ \t]*:)')
_SEPARATED = re.compile(r"[ \t\r\n]*(?:[,:}\]]|/[/*]|\Z)")
_ENDED = re.compile(r"[ \t]*(?:[,}\]\r\n]|/[/*]|\Z)")
_LOOSE_NUMBER = re.compile(r"([+-]?)(?:(0[xX][0-9a-fA-F]+)|([0-9]*)(\.?)([0-9]*)((?:[eE][+-]?[0-9]+)?))")
_LOOSE_WORDS = {
    "true": True, "$true": True, "false": False, "$false": False,
    "null": None, "$null": None, "none": None, "nil": None, "undefined": None,
}  # fmt: skip
_NOT_FINITE = ("nan", "infinity", "-infinity", "+infinity", "inf", "-inf")
_QUOTES = {
    "'": ("'[^'\\\\\r\n]*(?:\\\\.[^'\\\\\r\n]*){0,200}'", "single"),
    "“": ("“[^”\r\n]*”", "curly"), "”": ("”[^”\r\n]*”", "curly"), "„": ("„[^“”\r\n]*[“”]", "curly"),
    "‘": ("‘[^’\r\n]*’", "curly"), "’": ("’[^’\r\n]*’", "curly"),
}  # fmt: skip
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\xa0\xad\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"
)


def skip_odd_character(reader: Reader, char: str) -> bool:
    """Whether `char`, which is no mark of JSON, counts as blank; then goes behind it, and tells why."""
    text, start = reader.text, reader.pos
    if char == "#":
        if text.startswith("#{", start) or (reader.expects_value() and _HALF_QUOTED_LINE.match(text, start)):
            return False  # a placeholder, or a comment inside a script whose first quotation mark is missing
        reader.pos = end_of_line(text, start)
        reader.comments.append(Comment(reader.span(start, reader.pos), text[start : reader.pos].strip("# \t")))
        tell_once(reader, "#", start, start + 1, "`#` begins no comment in a template", "write `//` instead")
        return True
    if text.startswith("/*", start):
        reader.pos = len(text)
        reader.comments.append(Comment(reader.span(start, reader.pos), text[start + 2 :].strip()))
        tell(reader, start, start + 2, "this comment is never closed", "end it with `*/`")
        return True
    invisible = _INVISIBLE.match(text, start)
    if invisible is None:
        return False
    reader.pos = invisible.end()
    message = f"an invisible character (U+{ord(char):04X}) lies between the values"
    tell_once(reader, "invisible", start, reader.pos, message, "delete it: text copied from a page often brings it")
    return True


# -- strings --------------------------------------------------------------------------------------------------------


def string_value(reader: Reader) -> None:
    """A string that is not closed where it should be, has wrong escapes, or is not followed by what ends a value."""
    text, start = reader.text, reader.pos
    end, follows = _string_end(reader)
    if end < 0:
        _unclosed_value(reader, end_of_line(text, start))
        return
    adjacent = not follows and not text[end].isspace()
    if adjacent and text[start + 1 : end - 1].rstrip().endswith(","):
        _unclosed_value(reader, end - 1)  # the quotation mark opens the next string
        return
    if adjacent and (last := _last_quote(text, end, r'"(?=[ \t]*(?:[,}\]\r\n]|//|\Z))')) >= 0:
        _tell_inner_quotes(reader, end, expected_value(reader))
        reader.add("broken", last, text[start:last])
        _end_hush(reader)
        return
    value = _unescaped(reader, start + 1, end - 1)
    reader.add("string", end, value)
    if follows:
        reader.hushed = False


def string_key(reader: Reader) -> Key:
    """As `string_value`, for a key."""
    text, start = reader.text, reader.pos
    end, follows = _string_end(reader)
    if end < 0:
        return _unclosed_key(reader, end_of_line(text, start))
    if not follows and not text[end].isspace():
        if text[start + 1 : end - 1].rstrip().endswith(":"):
            return _unclosed_key(reader, end - 1)  # the quotation mark opens the value
        if (last := _last_quote(text, end, r'"(?=[ \t]*:)')) >= 0:
            _tell_inner_quotes(reader, end, "this key")
            reader.pos = last
            return Key(start, last, text[start + 1 : last - 1])
    reader.pos = end
    return Key(start, end, _unescaped(reader, start + 1, end - 1))


def _string_end(reader: Reader) -> tuple[int, bool]:
    """Where the string here ends (-1: it was meant to end on its line, and does not), and whether a separator follows.

    A string that spans lines is taken at its word only when a separator follows it. Otherwise its second quotation mark
    opened the next string; up to there no other string is tried, so that each part of the text is searched once.
    """
    text, start = reader.text, reader.pos
    line_end = end_of_line(text, start)
    end = string_end(text, start, line_end if start < reader.rejected else len(text))
    follows = end >= 0 and _SEPARATED.match(text, end) is not None
    if end < 0 or (end > line_end and not follows):
        reader.rejected = max(reader.rejected, end if end >= 0 else len(text))
        return -1, False
    return end, follows


def _unclosed_key(reader: Reader, stop: int) -> Key:
    text, start = reader.text, reader.pos
    colon = text.find(":", start, stop)
    end = max(start + len(text[start : colon if colon >= 0 else stop].rstrip()), start + 1)
    name = text[start + 1 : end]
    tell(reader, start, end, f"the key {quoted(name)} is not closed by a quotation mark", "add one after it")
    reader.pos = end
    return Key(start, end, name)


def _unclosed_value(reader: Reader, stop: int) -> None:
    text, start = reader.text, reader.pos
    content = text[start:stop].rstrip()
    for _ in range(20):  # what closes the value on the same line
        last = content[-1:]
        if last == "," or (last in ("}", "]") and content.count(last) > content.count("{" if last == "}" else "[")):
            content = content[:-1].rstrip()
        else:
            break
    end = start + max(len(content), 1)
    if content.endswith('\\"'):
        message = f"the backslash before the last quotation mark keeps {expected_value(reader)} open"
        tell(reader, end - 2, end, message, "write two backslashes, `\\\\`, for one")
    else:
        message = f"{expected_value(reader)} is not closed by a quotation mark on its line"
        tell(reader, start, end, message, "add one where the text ends")
    reader.add("broken", end, text[start:end])


def _last_quote(text: str, start: int, pattern: str) -> int:
    """The offset behind the first quotation mark after `start`, on its line, that `pattern` accepts, or -1."""
    found = re.compile(pattern).search(text, start, min(end_of_line(text, start) + 1, start + 20_000))
    return found.end() if found else -1


def _tell_inner_quotes(reader: Reader, inner: int, owner: str) -> None:
    start = reader.pos
    if inner == start + 2:
        tell(reader, start, inner, f"{owner} is in doubled quotation marks", "write one quotation mark on either side")
    else:
        message = f"a quotation mark inside {owner} ends it too early"
        tell(reader, inner - 1, inner, message, 'write `\\"` for a quotation mark inside a string')


def _unescaped(reader: Reader, start: int, end: int) -> str:
    text = reader.text
    value, wrong = unescape(text[start:end])
    if wrong >= 0:
        at = start + wrong
        follows = text[at + 1 : at + 2]
        if follows == "u":
            message = "`\\u` needs four hexadecimal digits after it"
        elif follows in ("\r", "\n"):
            message = "a backslash at the end of a line means nothing in a JSON string"
        else:
            message = f"{quoted(chr(92) + follows)} means nothing in a JSON string: a backslash begins an escape"
        tell(reader, at, min(at + 2, len(text)), message, "write two backslashes, `\\\\`, for one")
    return value


def _other_quotes(reader: Reader, owner: str) -> Key | None:
    """A string in quotation marks of another kind, from which the reader has not moved; None when there is none."""
    text, start = reader.text, reader.pos
    pattern, kind = _QUOTES.get(text[start], ("", ""))
    found = re.compile(pattern).match(text, start) if pattern else None
    if found is None:
        return None
    end = found.end()
    tell(reader, start, end, f"{owner} is in {kind} quotation marks", 'write `"`: JSON has no other quotation mark')
    return Key(start, end, unescape(text[start + 1 : end - 1])[0])


# -- words ----------------------------------------------------------------------------------------------------------


def is_bare(reader: Reader, char: str) -> bool:
    """Whether the bracket here is no bracket of JSON, but begins a placeholder or an expression without quotes."""
    return (_PLACEHOLDERS if char == "{" else _EXPRESSION).match(reader.text, reader.pos) is not None


def bare_value(reader: Reader) -> None:
    """A value without double quotes: a string in others, a placeholder, a word of another language, a number, text."""
    text, start, owner = reader.text, reader.pos, expected_value(reader)
    if (string := _other_quotes(reader, owner)) is not None:
        reader.add("string", string.end, string.name)
        _end_hush(reader)
        return
    half = _HALF_QUOTED_LINE.match(text, start) or _HALF_QUOTED.match(text, start)
    if half:
        end = half.end()
        if _LOOSE_NUMBER.fullmatch(half[0][:40].rstrip('"')):
            tell(reader, end - 1, end, f"{owner} ends in a quotation mark that nothing opens", "delete it")
        else:
            message = f"the quotation mark that opens {owner} is missing"
            tell(reader, start, end, message, "put the whole text in double quotes")
        reader.add("broken", end, text[start:end])
        return
    expression = _EXPRESSION.match(text, start)
    end = expression.end() if expression else _bare_end(text, start)
    raw = text[start:end]
    word = raw.lower()
    loose = None if expression else _LOOSE_NUMBER.fullmatch(raw)
    if word in _LOOSE_WORDS:
        literal = _LOOSE_WORDS[word]
        spelled = "null" if literal is None else "true" if literal else "false"
        tell(reader, start, end, f"`{raw}` is written `{spelled}` in JSON", f"write `{spelled}`")
        reader.add("null" if literal is None else "boolean", end, literal)
    elif word in _NOT_FINITE:
        tell(reader, start, end, f"JSON has no `{raw}`", "write a number")
        reader.add("broken", end, raw)
    elif loose and (loose[2] or loose[3] or loose[5]):
        reason, best = _loose_number(loose)
        tell(reader, start, end, f"{owner} {reason}", f"write `{best}`" if len(raw) <= 40 else "write it as JSON does")
        reader.add("number", end, best)
    elif not expression and len(raw) <= 400 and _PLACEHOLDERS.fullmatch(raw):
        help_ = "fill it in; text needs double quotes around it"
        tell(reader, start, end, f"the placeholder {quoted(raw)} is not filled in", help_, kind="placeholder")
        reader.add("broken", end, raw)
    else:
        message = f"{owner} is {'an expression' if expression else 'text'} without double quotes"
        tell(reader, start, end, message, "put it in double quotes")
        reader.add("broken", end, raw)
    _end_hush(reader)


def bare_key(reader: Reader) -> Key | None:
    """A key without quotes, or with one of them; None, and the reader behind it, for text that is no key."""
    text, start = reader.text, reader.pos
    if half := _HALF_QUOTED_KEY.match(text, start):
        message = f"the quotation mark that opens the key {quoted(half[1])} is missing"
        tell(reader, start, half.end(), message, "put the key in double quotes")
        reader.pos = half.end()
        return Key(start, reader.pos, half[1])
    if (string := _other_quotes(reader, "this key")) is not None:
        reader.pos = string.end
        return string
    placeholder = _PLACEHOLDERS.match(text, start)
    if not placeholder and (bare := _BARE_KEY.match(text, start)):
        reader.pos = start + len(bare[1])
        tell(reader, start, reader.pos, f"the key {quoted(bare[1])} is not in double quotes", f'write `"{bare[1]}"`')
        return Key(start, reader.pos, bare[1])
    reader.pos = end = placeholder.end() if placeholder else _bare_end(text, start)
    raw = text[start:end]
    if placeholder:
        message = f"the placeholder {quoted(raw)} is not filled in"
        tell(reader, start, end, message, "put members in its place, or delete it", kind="placeholder")
    else:
        help_ = 'every member is written `"key": value`; delete what is no member'
        owner = name_of(reader.node) if reader.node is not None else "an object"
        tell(reader, start, end, f"this text does not belong in {owner}", help_)
    return Key(start, end, raw) if reader.token() == ":" else None


def is_half_quoted_key(reader: Reader) -> bool:
    """Whether a key begins here of which only the first quotation mark is missing."""
    return _HALF_QUOTED_KEY.match(reader.text, reader.pos) is not None


def begins_bare_key(text: str, start: int) -> bool:
    """Whether a key without quotes, and what stands for its colon, begins here."""
    return _BARE_KEY.match(text, start) is not None


def _loose_number(found: re.Match[str]) -> tuple[str, int | float]:
    """What is wrong with a number that JSON does not write so, and the value that was meant."""
    sign, hexadecimal, whole, point, fraction, exponent = found.groups("")
    minus = "-" if sign == "-" else ""
    if hexadecimal:
        return "is a hexadecimal number, which JSON does not have", int(minus + hexadecimal, 16)
    best = number(minus + (whole.lstrip("0") or "0") + ("." + fraction if fraction else "") + exponent)
    if sign == "+":
        return "has a plus sign, which JSON does not allow", best
    if point and not whole:
        return "has no digit before its point", best
    if point and not fraction:
        return "has no digit after its point", best
    return "begins with a zero too many", best


def _end_hush(reader: Reader) -> None:
    """The value ended cleanly: what comes next is no consequence of what was wrong with it."""
    if _ENDED.match(reader.text, reader.pos):
        reader.hushed = False


def _bare_end(text: str, start: int) -> int:
    """Where text without quotes ends: at a bracket, a comma, a quotation mark, a comment or the end of its line."""
    found = _BARE.match(text, start)
    if found is None:
        return start + 1
    comment = _TRAILING_COMMENT.search(text, start, found.end())
    return max(start + len(text[start : comment.start() if comment else found.end()].rstrip()), start + 1)


def end_of_line(text: str, offset: int) -> int:
    """The offset at which the line ends, before its LF or CR."""
    feed = text.find("\n", offset)
    stop = feed if feed >= 0 else len(text)
    carriage = text.find("\r", offset, stop)
    return carriage if carriage >= 0 else stop
