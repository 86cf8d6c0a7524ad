"""What to say of text that is no JSON, and how to go on behind it.

Every mistake is told once, in the words of the template, at the place to mend; what follows from it stays silent
(`Reader.hushed`). The mistakes are those of 74 public templates that strict parsers refuse, and of every single
character taken out of good ones. No value is quoted in a message: it may be a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiblint.source.brackets import begins_line, closing_brackets, furthest, indentation, open_brackets
from aiblint.source.document import Comment
from aiblint.source.reader import AFTER, END, NEXT, VALUE, Reader, number, quoted
from aiblint.source.strings import string_end, unescape

if TYPE_CHECKING:
    from aiblint.source.document import Node, Span

# After so many repairs a text is not a template with mistakes; each may cost a look at much of the text.
_MOST_RECOVERIES = 200

_SEPARATED = re.compile(r"[ \t\r\n]*(?:[,:}\]]|/[/*]|\Z)")
_ENDED = re.compile(r"[ \t]*(?:[,}\]\r\n]|/[/*]|\Z)")
_QUOTED = r'"[^"\\\r\n]*(?:\\.[^"\\\r\n]*){0,200}"'
_KEY_AHEAD = re.compile(_QUOTED + r"[ \t\r\n]*:")

_PLACEHOLDER = (
    r"<[^<>\r\n\"]{1,200}>|\$\{[^{}\r\n]{1,200}\}|\{\{[^{}\r\n]{1,200}\}\}|#\{[^{}\r\n]{1,200}\}#?|"
    r"\$\([^()\r\n]{1,200}\)|__[A-Za-z0-9][\w.-]{0,200}?__|@@?\w{1,200}@@?|%\w{1,200}%|\$\w{1,200}|\.\.\.|…"
)
_PLACEHOLDERS = re.compile(rf"[\w.\-/:]{{0,200}}(?:(?:{_PLACEHOLDER})[\w.\-/:]{{0,200}}){{1,20}}")
_BARE = re.compile(
    rf"(?:{_PLACEHOLDER}|'[^'\r\n]{{0,200}}'|\([^()\r\n]{{0,200}}\)|[^\r\n\"{{}}\[\],]){{1,400}}[^\r\n\"{{}}\[\],]*"
)
_TRAILING_COMMENT = re.compile(r"[ \t]/[/*]")
_BARE_EXPRESSION = re.compile(r"\[[A-Za-z]\w*\([^\"\r\n]*\)[^\"\r\n,]*\]")
_HALF_QUOTED_LINE = re.compile(
    r'(?!")[^"\\\r\n]*(?:\\.[^"\\\r\n]*){0,200}"(?=[ \t]*[,}\]]*[ \t]*(?://[^\r\n]*)?(?:[\r\n]|\Z))'
)
_HALF_QUOTED = re.compile(r'[^"\r\n,{}\[\]]+"(?=[ \t]*[,}\]])')
_HALF_QUOTED_KEY = re.compile(r'([^"\r\n,:]{1,300})"[ \t]*(?=:)')
_BARE_KEY = re.compile(r"([^\s\"'{}\[\],:=]{1,300})[ \t]*(?=[:=])")
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
_JOINED = re.compile(rf"(?:[ \t\r\n]*\+[ \t\r\n]*{_QUOTED}){{1,200}}")
_REST_OF_LINE = re.compile(rf"(?:{_QUOTED}|[^\r\n,{{}}\[\]]){{1,400}}")
_COMMAS = re.compile(r",[, \t\r\n]*")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\xa0\xad\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+"
)
_BEFORE_THE_TEMPLATE = re.compile(r"[^\r\n{\[\"]{1,200}(?=\{\s*[\"}]|\[\s*[\"\]{])")


def recover(reader: Reader, char: str) -> None:
    """Tells what is wrong where the reader stands, before `char` ("" at the end), and takes it past that.

    Whatever state it leaves the reader in, either the position has moved on or something else is expected there.
    """
    node = reader.node
    if reader.state == NEXT and reader.comma >= 0 and node is not None and char == _closer(node):
        owner = _called(node.children[-1]) if node.children else "the last value"
        message = f"nothing follows the comma after {owner}"
        help_ = "delete the comma: Azure PowerShell lets it pass, the Azure CLI, the REST API and the portal do not"
        reader.fault("trailing-comma", reader.comma, reader.comma + 1, message, help_)
        reader.close(reader.pos + 1)
        return
    reader.recoveries += 1
    if reader.recoveries > _MOST_RECOVERIES or reader.dropped:
        reader.state = END
    elif node is None and reader.state == AFTER:
        _behind_the_root(reader, char)
    elif node is None:
        _root(reader, char)
    elif reader.state == AFTER:
        _behind_a_value(reader, node, char)
    elif reader.expects_value():
        _value(reader, char)
    else:
        _member(reader, node, char)


def repair(reader: Reader) -> None:
    """Reads on as the next of `Reader.repairs` says."""
    offset, what = reader.repairs_left.pop()
    reader.limit = reader.repairs_left[-1][0] if reader.repairs_left else len(reader.text)
    node = reader.node
    if reader.pos != offset or node is None or node.parent is None or reader.state == VALUE:
        return
    reader.hushed = False
    if what == "missing":
        end = _token_end(reader, offset)
        before = quoted(reader.text[offset + 1 : end - 1]) if end > offset + 1 else f"this `{reader.text[offset]}`"
        message = f"a `{_closer(node)}` is missing before {before}, to close {_name(node)}"
        _tell(reader, offset, end, message, f"add `{_closer(node)}`", _opener(node))
        _close_unclosed(reader)
        if reader.text[offset] not in "}]":  # its comma, if there is one, is that of the outer object
            reader.state = NEXT
    else:
        _tell_surplus(reader, node)
        reader.pos = offset + 1
        reader.state = AFTER
    reader.hushed = False


def skip_odd_character(reader: Reader, char: str) -> bool:
    """Whether `char`, which is no mark of JSON, counts as blank; then goes behind it, and tells why."""
    text, start = reader.text, reader.pos
    if char == "#" and reader.expects_value() and _HALF_QUOTED_LINE.match(text, start):
        return False  # the comment of a script, whose first quotation mark is missing
    if char == "#" and not text.startswith("#{", start):
        reader.pos = _end_of_line(text, start)
        reader.comments.append(Comment(reader.span(start, reader.pos), text[start:reader.pos].strip("# \t")))
        _tell_once(reader, "#", start, start + 1, "`#` begins no comment in a template", "write `//` instead")
        return True
    if text.startswith("/*", start):
        reader.pos = len(text)
        reader.comments.append(Comment(reader.span(start, reader.pos), text[start + 2 :].strip()))
        _tell_once(reader, "/*", start, start + 2, "this comment is never closed", "end it with `*/`")
        return True
    invisible = _INVISIBLE.match(text, start)
    if invisible is None:
        return False
    reader.pos = invisible.end()
    message = f"an invisible character (U+{ord(char):04X}) lies between the values"
    _tell_once(reader, "invisible", start, reader.pos, message, "delete it: text copied from a page often brings it")
    return True


# -- the root -------------------------------------------------------------------------------------------------------


def _root(reader: Reader, char: str) -> None:
    text, start = reader.text, reader.pos
    if char == "":
        what = "nothing but comments is in this file" if reader.comments else "the file is empty"
        if not reader.faults:
            _tell(reader, 0, min(1, len(text)), what, "a template begins with `{`")
        reader.state = END
    elif char == '"' or char in _QUOTES:
        _value(reader, char)
    elif char == "{" or char == "[":
        reader.open(char)
    elif before := _BEFORE_THE_TEMPLATE.match(text, start):
        _tell(reader, start, start + len(before[0].rstrip()), "there is text before the first bracket", "delete it")
        reader.pos = before.end()
        reader.hushed = False
    else:
        end = start + 1 if char in ",:}]" else _end_of_line(text, start)
        message = "this is no JSON: it begins with neither `{` nor `[`"
        _tell(reader, start, min(end, start + 40), message, "a template begins with `{`")
        reader.state = END


def _behind_the_root(reader: Reader, char: str) -> None:
    text, start, root = reader.text, reader.pos, reader.root
    reader.brackets_in_doubt = root is not None and root.kind in ("object", "array")
    if root is not None and root.kind == "object" and reader.pos > root.start:
        following = _KEY_AHEAD.search(text, start, start + 300)
        if following and text[start : following.start()].strip(" \t\r\n") in (",", ""):
            key = _string_text(text, following.start())
            message = f"this `}}` closes the whole template, but {quoted(key)} follows"
            _tell(reader, root.end - 1, root.end, message, "delete it, or the bracket before it that is one too many")
            reader.node = root
            reader.depth = 1
            return
    if char in ("}", "]"):
        _tell(reader, start, start + 1, f"this `{char}` is one too many: everything is closed already", "delete it")
    else:
        end = min(_end_of_line(text, start), start + 40)
        _tell(reader, start, end, "there is text after the end of the template", "delete it: a file holds one template")
    reader.state = END


# -- values ---------------------------------------------------------------------------------------------------------


def _value(reader: Reader, char: str) -> None:
    text, start = reader.text, reader.pos
    if char == '"':
        _string(reader, is_key=False)
    elif char == "" or char in ",}]":
        if reader.state == VALUE and reader.node is not None:
            _no_value(reader, reader.node, char)
        elif char == "":
            _end_of_text(reader)
        elif reader.node is None:
            reader.state = END
        elif char == ",":
            _surplus_commas(reader, reader.node)
        else:
            _wrong_closer(reader, reader.node, char)
    elif char == ":":
        _tell(reader, start, start + 1, "this colon is one too many", "delete it")
        reader.pos += 1
    elif char in _QUOTES and _other_quotes(reader, is_key=False):
        pass
    elif char in "{[" and not (_PLACEHOLDERS if char == "{" else _BARE_EXPRESSION).match(text, start):
        reader.open(char)
    else:
        _bare_value(reader)


def _no_value(reader: Reader, node: Node, char: str) -> None:
    """A separator, or the end, where the value of a member belongs."""
    start, brackets = reader.pos, open_brackets(node)
    explanations = [(brackets, start, "separator", "value")]
    if char != "" and char in "}]":
        opener = "{" if char == "}" else "["
        explanations.append((brackets + opener, start, "key" if char == "}" else "element", opener))
        reader.brackets_in_doubt = True
    meant = furthest(reader, explanations)
    if meant != "value":
        _tell(reader, start, start + 1, f"a `{meant}` is missing before this `{char}`", f"add `{meant}`")
        reader.open(meant, 0)
        return
    _tell(reader, reader.colon, reader.colon + 1, f"{_pending(reader)} is missing", "write it after the colon")
    reader.pos = reader.colon + 1
    reader.add("broken", reader.pos, "")
    reader.pos = start


def _bare_value(reader: Reader) -> None:
    """A value without quotes: a placeholder, a word of another language, a loose number, or text."""
    text, start = reader.text, reader.pos
    half = _HALF_QUOTED_LINE.match(text, start) or _HALF_QUOTED.match(text, start)
    owner = _pending(reader)
    if half:
        end = half.end()
        if _LOOSE_NUMBER.fullmatch(half[0][:40].rstrip('"')):
            message, at = f"{owner} ends in a quotation mark that nothing opens", end - 1
        else:
            message, at = f"the quotation mark that opens {owner} is missing", start
        _tell(reader, at, end, message, "put the whole text in double quotes")
        reader.add("broken", end, text[start:end])
        return
    expression = _BARE_EXPRESSION.match(text, start)
    end = expression.end() if expression else _bare_end(text, start)
    raw = text[start:end]
    loose = None if expression else _LOOSE_NUMBER.fullmatch(raw)
    word = raw.lower()
    if word in _LOOSE_WORDS:
        literal = _LOOSE_WORDS[word]
        kind = "null" if literal is None else "boolean"
        spelled = "null" if literal is None else "true" if literal else "false"
        _tell(reader, start, end, f"`{raw}` is no JSON: it is written `{spelled}`", f"write `{spelled}`")
        reader.add(kind, end, literal)
    elif word in _NOT_FINITE:
        _tell(reader, start, end, f"JSON knows no `{raw}`", "write a number")
        reader.add("broken", end, raw)
    elif loose and (loose[2] or loose[3] or loose[5]):
        reason, best = _loose_number(loose)
        _tell(reader, start, end, f"the number of {owner} {reason}", f"write `{best}`" if len(raw) <= 40 else "")
        reader.add("number", end, best)
    elif not expression and _is_placeholder(raw):
        help_ = "fill it in; text needs double quotes around it"
        _tell(reader, start, end, f"the placeholder {quoted(raw)} is not filled in", help_, kind="placeholder")
        reader.add("broken", end, raw)
    else:
        message = f"{owner} is {'an expression ' if expression else 'text '}without double quotes"
        _tell(reader, start, end, message, "put it in double quotes")
        reader.add("broken", end, raw)
    if _ENDED.match(text, end):
        reader.hushed = False


def _loose_number(found: re.Match[str]) -> tuple[str, int | float]:
    """What is wrong with a number that JSON does not write so, and the value that was meant."""
    sign, hexadecimal, whole, point, fraction, exponent = found.groups("")
    minus = "-" if sign == "-" else ""
    if hexadecimal:
        return "is hexadecimal, which JSON does not know", int(minus + hexadecimal, 16)
    best = minus + (whole.lstrip("0") or "0") + ("." + fraction if fraction else "") + exponent
    if sign == "+":
        return "has a plus sign, which JSON does not allow", number(best)
    if point and not whole:
        return "has no digit before its point", number(best)
    if point and not fraction:
        return "has no digit after its point", number(best)
    return "begins with a zero too many", number(best)


def _is_placeholder(raw: str) -> bool:
    return len(raw) <= 400 and _PLACEHOLDERS.fullmatch(raw) is not None


# -- members --------------------------------------------------------------------------------------------------------


def _member(reader: Reader, node: Node, char: str) -> None:
    text, start = reader.text, reader.pos
    if char == '"':
        _string(reader, is_key=True)
    elif char == "":
        _end_of_text(reader)
    elif char in ("}", "]"):
        if char == "}":
            reader.close(start + 1)
        else:
            _wrong_closer(reader, node, char)
    elif char == ",":
        _surplus_commas(reader, node)
    elif char == ":":
        _tell(reader, start, start + 1, "a key is missing before this colon", "write it in double quotes")
        reader.detached = True
        reader.colon = start
        reader.pos += 1
        reader.state = VALUE
    elif half := _HALF_QUOTED_KEY.match(text, start):
        message = f"the quotation mark that opens the key {quoted(half[1])} is missing"
        _tell(reader, start, start + len(half[1]) + 1, message, "put the key in double quotes")
        reader.pos = half.end()
        reader.expect_value_of(start, start + len(half[1]) + 1, half[1])
    elif char in _QUOTES and _other_quotes(reader, is_key=True):
        pass
    elif char in ("{", "[") and not _PLACEHOLDERS.match(text, start):
        _without_key(reader, node, char)
    else:
        _bare_key(reader)


def _bare_key(reader: Reader) -> None:
    text, start = reader.text, reader.pos
    placeholder = _PLACEHOLDERS.match(text, start)
    bare = None if placeholder else _BARE_KEY.match(text, start)
    if bare:
        end = start + len(bare[1])
        _tell(reader, start, end, f"the key {quoted(bare[1])} is not in double quotes", f'write `"{bare[1]}":`')
        reader.pos = bare.end()
        _expect_value_of(reader, start, end, bare[1])
        return
    end = placeholder.end() if placeholder else _bare_end(text, start)
    raw = text[start:end]
    if placeholder:
        message = f"the placeholder {quoted(raw)} is not filled in"
        _tell(reader, start, end, message, "put members in its place, or delete it", kind="placeholder")
    else:
        message = "this text has no place in an object"
        _tell(reader, start, end, message, 'every member is written `"key": value`; delete what is no member')
    reader.pos = end
    if reader.token() == ":":
        reader.expect_value_of(start, end, raw)
    else:
        reader.state = AFTER


def _expect_value_of(reader: Reader, start: int, end: int, name: str) -> None:
    """Goes behind the colon, or what stands for it, that follows a key."""
    text, at = reader.text, reader.pos
    if text[at] == "=":
        message = f"a colon is missing after the key {quoted(name)}"
        _tell(reader, at, at + 1, message, "write `:` instead of `=`")
        if text.startswith("=>", at):
            reader.pos += 1
    reader.expect_value_of(start, end, name)


def _without_key(reader: Reader, node: Node, char: str) -> None:
    """An object or array where a key belongs."""
    text, start, brackets = reader.text, reader.pos, open_brackets(node)
    explanations = []
    last = node.children[-1] if node.children else None
    if brackets.endswith("[{"):
        explanations.append((brackets[:-1], start, "element", "closer"))
    if last is not None and last.kind == text_kind(char):
        explanations.append((brackets + "[", start, "element", "opener"))
        if begins_line(text, last.start) and indentation(text, last.start) == indentation(text, start):
            explanations.reverse()
    explanations.append((brackets, start, "value", "key"))
    reader.brackets_in_doubt = True
    meant = furthest(reader, explanations)
    if meant == "closer":
        at = reader.comma if reader.comma >= 0 else start
        help_ = f"add `}}` before the {'comma' if at == reader.comma else 'bracket'}"
        _tell(reader, at, at + 1, f"a `}}` is missing here, to close {_name(node)}", help_, _opener(node))
        _close_unclosed(reader)
        reader.state = NEXT
    elif meant == "opener" and last is not None:
        _open_before(reader, node, last)
    else:
        what = "object" if char == "{" else "array"
        _tell(reader, start, start + 1, f"this {what} has no key", f'write `"key":` before the `{char}`')
        hushed = reader.hushed
        reader.detached = True
        reader.open(char)
        reader.hushed = hushed


def text_kind(bracket: str) -> str:
    """The kind of node that a bracket opens."""
    return "object" if bracket == "{" else "array"


def _open_before(reader: Reader, node: Node, last: Node) -> None:
    """The bracket before the last member's value is missing: what follows are its other elements."""
    owner = _called(last)
    _tell(reader, last.start, last.start + 1, f"a `[` is missing before {owner}", "add `[`")
    hushed = reader.hushed
    node.children.pop()
    position, state, comma = reader.pos, reader.state, reader.comma
    reader.key, reader.pos = last.key, last.start
    reader.open("[", 0)
    reader.hushed = hushed
    if reader.state == END:
        return
    last.key, last.parent = None, reader.node
    assert reader.node is not None
    reader.node.children.append(last)
    reader.pos, reader.state, reader.comma = position, state, comma


# -- strings --------------------------------------------------------------------------------------------------------


def _string(reader: Reader, is_key: bool) -> None:
    """A string that is not closed where it should be, has wrong escapes, or is not followed by what should follow."""
    text, start = reader.text, reader.pos
    line_end = _end_of_line(text, start)
    end = string_end(text, start, line_end if start < reader.rejected else len(text))
    follows = end >= 0 and _SEPARATED.match(text, end) is not None
    if end < 0 or (end > line_end and not follows):
        reader.rejected = max(reader.rejected, end if end >= 0 else len(text))
        if is_key:
            _unclosed_key(reader, line_end)
        else:
            _unclosed_value(reader, line_end)
        return
    if not follows:
        raw = text[start + 1 : end - 1].rstrip()
        adjacent = not text[end].isspace()
        if adjacent and is_key and raw.endswith(":") and '"' not in raw:
            _unclosed_key(reader, end - 1)
            return
        if adjacent and raw.endswith(",") and not is_key:
            _unclosed_value(reader, end - 1)
            return
        inner = _last_quote(text, end, line_end, is_key) if adjacent else -1
        if inner >= 0:
            _inner_quotes(reader, end, inner, is_key)
            return
    value, wrong = unescape(text[start + 1 : end - 1])
    if wrong >= 0:
        _tell_wrong_escape(reader, start + 1 + wrong)
    if is_key:
        reader.pos = end
        char = reader.token()
        if char == ":":
            reader.expect_value_of(start, end, value)
        else:
            _missing_colon(reader, start, end, value, char)
        return
    if _KEY_AHEAD.match(text, start, start + 10_000):
        _key_for_value(reader, start, end, value)
        return
    reader.add("string", end, value)
    if follows:
        reader.hushed = False


def _unclosed_key(reader: Reader, stop: int) -> None:
    text, start = reader.text, reader.pos
    colon = text.find(":", start, stop)
    end = start + len(text[start : colon if colon >= 0 else stop].rstrip())
    name = text[start + 1 : end]
    message = f"the key {quoted(name)} is not closed by a quotation mark"
    _tell(reader, start, max(end, start + 1), message, "add a quotation mark after it")
    reader.pos = max(end, start + 1)
    if reader.token() == ":":
        reader.expect_value_of(start, max(end, start + 1), name)
    else:
        reader.state = AFTER


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
        message = f"the backslash before the last quotation mark keeps {_pending(reader)} open"
        _tell(reader, end - 2, end, message, "write two backslashes, `\\\\`, for one")
    else:
        message = f"{_pending(reader)} is not closed by a quotation mark on its line"
        _tell(reader, start, end, message, "add a quotation mark where the text ends")
    reader.add("broken", end, text[start:end])


def _last_quote(text: str, start: int, stop: int, is_key: bool) -> int:
    """The offset behind the first quotation mark after `start` that a separator follows, or -1."""
    pattern = r'"(?=[ \t]*:)' if is_key else r'"(?=[ \t]*(?:[,}\]\r\n]|//|\Z))'
    found = re.compile(pattern).search(text, start, min(stop + 1, start + 20_000))
    return found.end() if found else -1


def _inner_quotes(reader: Reader, inner: int, end: int, is_key: bool) -> None:
    text, start = reader.text, reader.pos
    owner = "this key" if is_key else _pending(reader)
    if inner == start + 2:
        _tell(reader, start, inner, f"{owner} is in doubled quotation marks", "write one quotation mark on either side")
    else:
        message = f"a quotation mark inside {owner} ends it too early"
        _tell(reader, inner - 1, inner, message, 'write `\\"` for a quotation mark inside a string')
    if is_key:
        reader.pos = end
        reader.token()
        reader.expect_value_of(start, end, text[start + 1 : end - 1])
    else:
        reader.add("broken", end, text[start:end])
        reader.hushed = False


def _tell_wrong_escape(reader: Reader, at: int) -> None:
    follows = reader.text[at + 1 : at + 2]
    if follows == "u":
        message = "`\\u` needs four hexadecimal digits after it"
    elif follows in ("\r", "\n"):
        message = "a backslash at the end of a line means nothing in a string"
    else:
        message = f"{quoted(chr(92) + follows)} means nothing in a string: the backslash begins an escape"
    _tell(reader, at, min(at + 2, len(reader.text)), message, "write two backslashes, `\\\\`, for one")


def _missing_colon(reader: Reader, start: int, end: int, name: str, char: str) -> None:
    """A key that no colon follows; the reader stands before `char`."""
    text, at, node = reader.text, reader.pos, reader.node
    assert node is not None
    if char == "=":
        _expect_value_of(reader, start, end, name)
        return
    if char != "" and char not in ",}]" and not (char == '"' and _KEY_AHEAD.match(text, at, at + 10_000)):
        if name.endswith(":"):
            message = f"the colon of {quoted(name)} is inside the quotation marks"
        else:
            message = f"a colon is missing after the key {quoted(name)}"
        _tell(reader, end - 1, end, message, "add `:` after the closing quotation mark")
        reader.pos -= 1  # there is no colon to go behind
        reader.expect_value_of(start, end, name)
        reader.colon = end - 1
        return
    brackets = open_brackets(node)
    explanations = [(brackets, at, "separator", "value")]
    if node.children and reader.comma >= 0:
        explanations.append((brackets + "[", at, "separator", "opener"))
    elif not node.children:
        explanations.append((brackets[:-1] + "[", at, "separator", "array"))
    meant = furthest(reader, explanations)
    if meant == "value":
        _tell(reader, start, end, f"the key {quoted(name)} has no value", 'write `"key": value`')
        reader.begin_member(start, end, name)
        reader.pos = end
        reader.add("broken", end, "")
        return
    reader.pos = start
    if meant == "opener":
        _open_before(reader, node, node.children[-1])
    else:
        message = "this `{` opens an object, but values without keys follow"
        _tell(reader, node.start, node.start + 1, message, "write `[` and `]` around them")
        node.kind = "array"
    if reader.state != END:
        reader.add("string", end, name)


def _key_for_value(reader: Reader, start: int, end: int, value: str) -> None:
    """A string with a colon behind it where a value belongs; the reader stands before it."""
    text, node, key = reader.text, reader.node, reader.key
    colon = text.index(":", end) + 1
    brackets = open_brackets(node)
    explanations = [(brackets + "{", start, "key", "object")]
    if node is None:
        pass
    elif node.kind == "object":
        explanations.append((brackets, start, "key", "nothing"))
        if key is not None and indentation(text, start) <= indentation(text, key.start) and begins_line(text, start):
            explanations.reverse()
        explanations.append((brackets, colon, "key", "comma"))
    else:
        if brackets.endswith("{["):
            explanations.append((brackets[:-1], start, "key", "closer"))
            if indentation(text, start) <= indentation(text, node.start):
                explanations.reverse()
        if not node.children:
            explanations.append((brackets[:-1] + "{", start, "key", "wrong"))
        explanations.append((brackets, colon, "element", "comma"))
    reader.brackets_in_doubt = True
    meant = furthest(reader, explanations)
    if meant == "object":
        _tell(reader, start, end, f"a `{{` is missing before {quoted(value)}", "add `{`")
        reader.open("{", 0)
    elif meant == "nothing":
        _value(reader, "")
    elif meant == "comma":
        _tell(reader, colon - 1, colon, "this colon should be a comma", "write `,`")
        reader.add("string", end, value)
        reader.pos = colon
        reader.state = NEXT
        reader.hushed = False
    elif node is not None and meant == "closer":
        message = f"a `]` is missing before {quoted(value)}, to close {_name(node)}"
        _tell(reader, start, end, message, "add `]`", _opener(node))
        _close_unclosed(reader)
        reader.state = NEXT
    elif node is not None:
        message = f"this `[` opens an array, but {quoted(value)} is the key of an object"
        _tell(reader, node.start, node.start + 1, message, "write `{` and `}` around the members")
        node.kind = "object"


def _other_quotes(reader: Reader, is_key: bool) -> bool:
    """Reads a string in quotes of another kind; False when none ends on this line."""
    text, start = reader.text, reader.pos
    pattern, name = _QUOTES[text[start]]
    found = re.compile(pattern).match(text, start)
    if found is None:
        return False
    end = found.end()
    value, _ = unescape(text[start + 1 : end - 1])
    owner = "this key" if is_key else _pending(reader)
    _tell(reader, start, end, f"{owner} is in {name} quotation marks", 'write `"`: JSON knows no other quotation mark')
    if not is_key:
        reader.add("string", end, value)
        if _ENDED.match(text, end):
            reader.hushed = False
        return True
    reader.pos = end
    char = reader.token()
    if char == ":":
        reader.expect_value_of(start, end, value)
    else:
        _missing_colon(reader, start, end, value, char)
    return True


# -- separators -----------------------------------------------------------------------------------------------------


def _behind_a_value(reader: Reader, node: Node, char: str) -> None:
    text, start = reader.text, reader.pos
    last = node.children[-1] if node.children else None
    new_line = last is None or "\n" in text[last.end : start] or "\r" in text[last.end : start]
    key_follows = char == '"' and _KEY_AHEAD.match(text, start, start + 10_000) is not None
    if char == "":
        _end_of_text(reader)
    elif char in ("}", "]"):
        if char == _closer(node):
            reader.close(start + 1)
        else:
            _wrong_closer(reader, node, char)
    elif char == ",":
        reader.comma = start
        reader.pos += 1
        reader.state = NEXT
        reader.hushed = False
    elif char == ":":
        _tell(reader, start, start + 1, "this colon should be a comma", "write `,`")
        reader.pos += 1
        reader.state = NEXT
    elif char == "+" and last is not None and last.kind in ("string", "broken"):
        joined = _JOINED.match(text, start)
        _tell(reader, start, start + 1, "strings cannot be joined with `+` in a template", "write one string")
        _spoil(reader, last, joined.end() if joined else start + 1)
    elif node.kind == "array" and key_follows:
        reader.state = NEXT  # which then says what this key does in an array
    elif node.kind == "object" and char in ("{", "["):
        _without_key(reader, node, char)
    elif last is None:
        reader.state = NEXT
    elif key_follows or new_line or (node.kind == "array" and char in '"{[') or _BARE_KEY.match(text, start):
        _tell(reader, last.end - 1, last.end, f"a comma is missing after {_called(last)}", "add `,`")
        reader.state = NEXT
        reader.comma = -1
        reader.hushed = False
    else:
        rest = _REST_OF_LINE.match(text, start)
        end = start + len(rest[0].rstrip()) if rest else start + 1
        _tell(reader, start, end, f"more text follows {_called(last)}", "delete it, or put all of it in one string")
        _spoil(reader, last, end)


def _surplus_commas(reader: Reader, node: Node) -> None:
    start, brackets = reader.pos, open_brackets(node)
    commas = _COMMAS.match(reader.text, start)
    assert commas is not None  # it stands before one
    end = start + len(commas[0].rstrip())
    explanations = [(brackets, end, "key" if node.kind == "object" else "element", "comma")]
    if not node.children and reader.comma < 0 and node.parent is not None:
        explanations.append((brackets[:-1], start, "separator", "closer"))
    if furthest(reader, explanations) == "closer":
        closer = _closer(node)
        message = f"a `{closer}` is missing before this comma, to close {_name(node)}"
        _tell(reader, start, start + 1, message, f"add `{closer}`", _opener(node))
        reader.close(start)
        return
    _tell(reader, start, end, "a comma is one too many here: no value precedes it", "delete it")
    reader.pos = end
    reader.state = NEXT
    reader.comma = -1
    reader.hushed = False


def _wrong_closer(reader: Reader, node: Node, char: str) -> None:
    """A closing bracket that does not fit the innermost open one."""
    text, start, brackets = reader.text, reader.pos, open_brackets(node)
    fitting = brackets.rfind("{" if char == "}" else "[")
    explanations = [(brackets[:-1], start + 1, "separator", "wrong")]
    if fitting >= 0:
        explanations.insert(0, (brackets[:fitting], start + 1, "separator", "missing"))
        if begins_line(text, start) and indentation(text, start) == indentation(text, node.start):
            explanations.reverse()
    if reader.expects_value():
        explanations.append((brackets, start + 1, "separator", "opener"))
    explanations.append((brackets, start + 1, "separator", "surplus"))
    reader.brackets_in_doubt = True
    meant = furthest(reader, explanations)
    last = node.children[-1] if node.children else None
    if meant == "missing":
        missing = closing_brackets(node)[: len(brackets) - 1 - fitting]
        message = f"`{missing}` is missing before this `{char}`, to close {_name(node)}"
        _tell(reader, start, start + 1, message, f"add `{missing}`", _opener(node))
        for _ in missing:
            _close_unclosed(reader)
        reader.close(start + 1)
    elif meant == "wrong":
        message = f"this `{char}` should be `{_closer(node)}`, to close {_name(node)}"
        _tell(reader, start, start + 1, message, f"write `{_closer(node)}`", _opener(node))
        reader.close(start + 1)
    elif meant == "opener":
        opener = "{" if char == "}" else "["
        _tell(reader, start, start + 1, f"a `{opener}` is missing before this `{char}`", f"add `{opener}`")
        reader.open(opener, 0)
        reader.close(start + 1)
    elif last is not None and last.key is not None and char == "]" and _on_own_line(text, last):
        _open_before(reader, node, last)
        if reader.state != END:
            reader.close(start + 1)
    else:
        _tell_surplus(reader, node)
        reader.pos += 1
        if reader.comma >= 0 or reader.state != NEXT:
            reader.state = AFTER


def _close_unclosed(reader: Reader) -> None:
    """Ends the innermost object or array, whose closing bracket is missing, behind its last child."""
    node, position = reader.node, reader.pos
    if node is not None:
        reader.close(node.children[-1].end if node.children else node.start)
    reader.pos = position


def _tell_surplus(reader: Reader, node: Node) -> None:
    start = reader.pos
    char = reader.text[start]
    help_ = "delete it"
    last = node.children[-1] if node.children else None
    if char == "]" and node.kind == "object" and last is not None:
        help_ = f"delete it, or write `[` before {_called(last)}"
    _tell(reader, start, start + 1, f"this `{char}` is one too many: nothing is open that it should close", help_)


def _end_of_text(reader: Reader) -> None:
    node, text = reader.node, reader.text
    reader.state = END
    if node is None:
        return
    reader.brackets_in_doubt = True
    missing = closing_brackets(node)
    end = len(text.rstrip(" \t\r\n"))
    shown = missing if len(missing) <= 20 else missing[:19] + "…"
    message = f"the text ends before {_name(node)} is closed: `{shown}` is missing"
    _tell(reader, end - 1, end, message, f"add `{shown}`", _opener(node))


# -- words and places -----------------------------------------------------------------------------------------------


def _tell(
    reader: Reader,
    start: int,
    end: int,
    message: str,
    help_: str = "",
    related: tuple[tuple[Span, str], ...] = (),
    kind: str = "syntax",
) -> None:
    if not reader.hushed:
        reader.hushed = True
        reader.fault(kind, start, end, message, help_, related)


def _tell_once(reader: Reader, what: str, start: int, end: int, message: str, help_: str) -> None:
    if what not in reader.said:
        reader.said.add(what)
        reader.fault("syntax", start, end, message, help_)


def _spoil(reader: Reader, last: Node, end: int) -> None:
    """The last value has more text behind it, up to `end`: what it is cannot be known."""
    if last.kind not in ("object", "array"):
        last.kind, last.end, last.value = "broken", end, reader.text[last.start : end]
    reader.pos = end


def _called(node: Node) -> str:
    """A value as messages name it: `the value of `type`` or `customize[2]`."""
    return f"the value of {quoted(str(node.key.value))}" if node.key is not None else _name(node)


def _name(node: Node) -> str:
    """An object or array, or an element, by its key or its place."""
    if node.key is not None:
        return quoted(str(node.key.value))
    if node.parent is None:
        return "the outermost bracket"
    siblings = node.parent.children
    index = len(siblings) - 1 if siblings and siblings[-1] is node else len(siblings)
    return _element(node.parent, index)


def _element(array: Node, index: int) -> str:
    return quoted(f"{array.key.value}[{index}]") if array.key is not None else f"element {index + 1}"


def _pending(reader: Reader) -> str:
    """The value that the reader is about to read."""
    if reader.key is not None:
        return f"the value of {quoted(str(reader.key.value))}"
    if reader.node is not None and reader.node.kind == "array":
        return _element(reader.node, len(reader.node.children))
    return "this value"


def _closer(node: Node) -> str:
    return "}" if node.kind == "object" else "]"


def _opener(node: Node) -> tuple[tuple[Span, str], ...]:
    from aiblint.source.document import Span

    opened = node.document.text[node.start : node.start + 1] in ("{", "[")
    return ((Span(node.start, node.start + 1, node.document), "opened here"),) if opened else ()


def _on_own_line(text: str, node: Node) -> bool:
    """Whether a member's value begins a line below that of its key."""
    return node.key is not None and "\n" in text[node.key.end : node.start]


def _end_of_line(text: str, offset: int) -> int:
    feed = text.find("\n", offset)
    stop = feed if feed >= 0 else len(text)
    carriage = text.find("\r", offset, stop)
    return carriage if carriage >= 0 else stop


def _token_end(reader: Reader, start: int) -> int:
    end = string_end(reader.text, start, _end_of_line(reader.text, start)) if reader.text[start] == '"' else -1
    return end if end >= 0 else start + 1


def _string_text(text: str, start: int) -> str:
    return unescape(text[start + 1 : string_end(text, start, len(text)) - 1])[0]


def _bare_end(text: str, start: int) -> int:
    """Where text without quotes ends: at a bracket, a comma, a quotation mark, a comment or the end of its line."""
    found = _BARE.match(text, start)
    if found is None:
        return start + 1
    comment = _TRAILING_COMMENT.search(text, start, found.end())
    return max(start + len(text[start : comment.start() if comment else found.end()].rstrip()), start + 1)
