"""What to say where the structure of a text is no JSON, and how to go on behind it.

Every mistake is told once, at the place to mend; what follows from it stays silent (`Reader.hushed`). The mistakes are
those of public templates that strict parsers refuse, and of every single character taken out of good ones. Where one
text has several explanations, `brackets.furthest` chooses; what strings and words look like is the part of `misspelt`.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.source import misspelt
from aiblint.source.brackets import begins_line, closing_bracket, furthest, indentation, open_brackets
from aiblint.source.reader import AFTER, END, NEXT, SCALAR, VALUE
from aiblint.source.reader import quoted as named
from aiblint.source.strings import string_end, unescape
from aiblint.source.wording import expected_value, name_of, opening_bracket, tell, value_of

if TYPE_CHECKING:
    from aiblint.source.document import Node
    from aiblint.source.misspelt import Key
    from aiblint.source.reader import Reader

# After so many a text is not a template with mistakes; and each may cost a look at much of the text.
_MOST_RECOVERIES = 200

_QUOTED = r'"[^"\\\r\n]*(?:\\.[^"\\\r\n]*){0,200}"'
_KEY_AHEAD = re.compile(_QUOTED + r"[ \t\r\n]*:")
_JOINED = re.compile(rf"(?:[ \t\r\n]*\+[ \t\r\n]*{_QUOTED}){{1,200}}")
_REST_OF_LINE = re.compile(rf"(?:{_QUOTED}|[^\r\n,{{}}\[\]]){{1,400}}")
_COMMAS = re.compile(r",[, \t\r\n]*")
_BEFORE_THE_TEMPLATE = re.compile(r"[^\r\n{\[\"<]{1,200}(?=\{\s*[\"}]|\[\s*[\"\]{])")


def recover(reader: Reader, char: str) -> None:
    """Tells what is wrong where the reader stands, before `char` ("" at the end), and takes it past that.

    Whatever state it leaves the reader in, either the position has moved on or something else is expected there.
    """
    node = reader.node
    if reader.state == NEXT and reader.comma >= 0 and node is not None and char == closing_bracket(node):
        owner = value_of(node.children[-1]) if node.children else "the last value"
        help_ = "delete the comma: Azure PowerShell lets it pass, the Azure CLI, the REST API and the portal do not"
        message = f"nothing follows the comma after {owner}"
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
        _value(reader, node, char)
    else:
        _member(reader, node, char)


def repair(reader: Reader) -> None:
    """Reads on as the next of `Reader.repairs` says."""
    offset, what = reader.repairs_left.pop()
    reader.limit = reader.repairs_left[-1][0] if reader.repairs_left else len(reader.text)
    text, node = reader.text, reader.node
    if reader.pos != offset or node is None or node.parent is None or reader.state == VALUE:
        return
    reader.hushed = False
    if what == "missing":
        end = string_end(text, offset, misspelt.end_of_line(text, offset)) if text[offset] == '"' else -1
        before = named(text[offset + 1 : end - 1]) if end >= 0 else f"this `{text[offset]}`"
        _tell_missing_closer(reader, node, offset, max(end, offset + 1), before)
        _close_unclosed(reader)
        if text[offset] not in "}]":  # its comma, if there is one, is that of the outer object
            reader.state = NEXT
    else:
        _tell_surplus(reader, node)
        reader.pos = offset + 1
        reader.state = AFTER
    reader.hushed = False


# -- the root -------------------------------------------------------------------------------------------------------


def _root(reader: Reader, char: str) -> None:
    text, start = reader.text, reader.pos
    if char == "":
        if not reader.faults:
            message = "nothing but comments is in this file" if reader.comments else "the file is empty"
            tell(reader, 0, min(1, len(text)), message, "a template begins with `{`")
        reader.state = END
    elif char == '"' and _KEY_AHEAD.match(text, start, start + 10_000):
        _key_for_value(reader, reader.node)
    elif char == '"':
        misspelt.string_value(reader)
    elif char in "{[":
        reader.open(char)
    elif before := _BEFORE_THE_TEMPLATE.match(text, start):
        tell(reader, start, start + len(before[0].rstrip()), "there is text before the first bracket", "delete it")
        reader.pos = before.end()
        reader.hushed = False
    else:
        end = start + 1 if char in ",:}]" else min(misspelt.end_of_line(text, start), start + 40)
        message = "this is no JSON: it begins with neither `{` nor `[`"
        tell(reader, start, end, message, "a template begins with `{`")
        reader.state = END


def _behind_the_root(reader: Reader, char: str) -> None:
    text, start, root = reader.text, reader.pos, reader.root
    assert root is not None  # or nothing would be behind it
    reader.brackets_in_doubt = root.kind in ("object", "array")
    following = _KEY_AHEAD.search(text, start, start + 300)
    if root.kind == "object" and following and text[start : following.start()].strip(" \t\r\n") in (",", ""):
        name = unescape(text[following.start() + 1 : string_end(text, following.start(), len(text)) - 1])[0]
        message = f"this `}}` closes the whole template, but {named(name)} follows"
        tell(reader, root.end - 1, root.end, message, "delete it, or the bracket before it that is one too many")
        reader.node = root
        reader.depth = 1
        return
    if char in ("}", "]"):
        tell(reader, start, start + 1, f"this `{char}` is one too many: everything is closed already", "delete it")
    else:
        end = min(misspelt.end_of_line(text, start), start + 40)
        help_ = "delete it: a file holds one template"
        tell(reader, start, end, "there is text after the end of the template", help_)
    reader.state = END


def _end_of_text(reader: Reader, node: Node) -> None:
    reader.state = END
    reader.brackets_in_doubt = True
    missing = open_brackets(node)[::-1].replace("{", "}").replace("[", "]")
    shown = missing if len(missing) <= 20 else missing[:19] + "…"
    end = len(reader.text.rstrip(" \t\r\n"))
    message = f"the text ends before {name_of(node)} is closed: `{shown}` is missing"
    tell(reader, end - 1, end, message, f"add `{shown}`", opening_bracket(node))


# -- values ---------------------------------------------------------------------------------------------------------


def _value(reader: Reader, node: Node, char: str) -> None:
    text, start = reader.text, reader.pos
    if char == '"':
        if _KEY_AHEAD.match(text, start, start + 10_000):
            _key_for_value(reader, node)
        else:
            misspelt.string_value(reader)
    elif char in ("", ",", "}", "]"):
        if reader.state == VALUE:
            _no_value(reader, node, char)
        elif char == "":
            _end_of_text(reader, node)
        elif char == ",":
            _surplus_commas(reader, node)
        else:
            _wrong_closer(reader, node, char)
    elif char == ":":
        tell(reader, start, start + 1, "this colon is one too many", "delete it")
        reader.pos += 1
    elif char in "{[" and not misspelt.is_bare(reader, char):
        reader.open(char)
    else:
        misspelt.bare_value(reader)


def _no_value(reader: Reader, node: Node, char: str) -> None:
    """A separator, or the end, where the value of a member belongs."""
    start, brackets = reader.pos, open_brackets(node)
    explanations = [(brackets, start, "separator", "")]
    if char in ("}", "]"):
        opener = "{" if char == "}" else "["
        explanations.append((brackets + opener, start, "key" if char == "}" else "element", opener))
        reader.brackets_in_doubt = True
    opener = furthest(reader, explanations)
    if opener:
        tell(reader, start, start + 1, f"a `{opener}` is missing before this `{char}`", f"add `{opener}`")
        reader.open(opener, 0)
    else:
        tell(reader, reader.colon, reader.colon + 1, f"{expected_value(reader)} is missing", "write it after the colon")
        _add_nothing(reader, reader.colon + 1)


def _add_nothing(reader: Reader, at: int) -> None:
    """A value of no width at `at`, for a key that has none; the reader stays."""
    position = reader.pos
    reader.pos = at
    reader.add("broken", at, "")
    reader.pos = position


def _key_for_value(reader: Reader, node: Node | None) -> None:
    """A string with a colon behind it where a value belongs."""
    text, start, brackets = reader.text, reader.pos, open_brackets(node)
    end = string_end(text, start, len(text))
    name = unescape(text[start + 1 : end - 1])[0]
    behind_colon = text.index(":", end) + 1
    explanations = [(brackets + "{", start, "key", "object")]
    if node is not None and node.kind == "object":
        explanations.append((brackets, start, "key", "nothing"))
        key = reader.key
        if key is not None and begins_line(text, start) and indentation(text, start) <= indentation(text, key.start):
            explanations.reverse()
        explanations.append((brackets, behind_colon, "key", "comma"))
    elif node is not None:
        if brackets.endswith("{["):
            explanations.append((brackets[:-1], start, "key", "closer"))
            if indentation(text, start) <= indentation(text, node.start):
                explanations.reverse()
        if not node.children:
            explanations.append((brackets[:-1] + "{", start, "key", "wrong"))
        explanations.append((brackets, behind_colon, "element", "comma"))
    reader.brackets_in_doubt = True
    meant = furthest(reader, explanations)
    if node is None or meant == "object":
        tell(reader, start, end, f"a `{{` is missing before {named(name)}", "add `{`")
        reader.open("{", 0)
    elif meant == "nothing":
        _no_value(reader, node, "")
    elif meant == "comma":
        tell(reader, behind_colon - 1, behind_colon, "this colon should be a comma", "write `,`")
        reader.add("string", end, name)
        reader.pos = behind_colon
        reader.state = NEXT
        reader.hushed = False
    elif meant == "closer":
        _tell_missing_closer(reader, node, start, end, named(name))
        _close_unclosed(reader)
        reader.state = NEXT
    else:
        message = f"this `[` opens an array, but {named(name)} is the key of an object"
        tell(reader, node.start, node.start + 1, message, "write `{` and `}` around the members")
        node.kind = "object"


# -- members --------------------------------------------------------------------------------------------------------


def _member(reader: Reader, node: Node, char: str) -> None:
    start = reader.pos
    if char == '"':
        _behind_a_key(reader, node, misspelt.string_key(reader))
    elif char == "":
        _end_of_text(reader, node)
    elif char == "]":
        _wrong_closer(reader, node, char)
    elif char == ",":
        _surplus_commas(reader, node)
    elif char == ":":
        tell(reader, start, start + 1, "a key is missing before this colon", "write it in double quotes")
        reader.detached = True
        reader.colon = start
        reader.pos += 1
        reader.state = VALUE
    elif char in "{[" and not misspelt.is_bare(reader, char) and not misspelt.is_half_quoted_key(reader):
        _without_key(reader, node, char)
    elif (key := misspelt.bare_key(reader)) is not None:
        _behind_a_key(reader, node, key)
    else:
        reader.state = AFTER


def _behind_a_key(reader: Reader, node: Node, key: Key) -> None:
    char, text, at = reader.token(), reader.text, reader.pos
    name = named(key.name)
    if char == ":":
        reader.expect_value_of(*key)
    elif char == "=":
        tell(reader, at, at + 1, f"a colon is missing after the key {name}", "write `:` instead of `=`")
        reader.pos += text.startswith("=>", at)
        reader.expect_value_of(*key)
    elif char in ("", ",", "}", "]") or (char == '"' and _KEY_AHEAD.match(text, at, at + 10_000)):
        _key_alone(reader, node, key)
    else:
        if key.name.endswith(":"):
            message = f"the colon of {name} is inside the quotation marks"
        else:
            message = f"a colon is missing after the key {name}"
        tell(reader, key.end - 1, key.end, message, "add `:` after it")
        reader.pos -= 1  # there is no colon to go behind
        reader.expect_value_of(*key)
        reader.colon = key.end - 1


def _key_alone(reader: Reader, node: Node, key: Key) -> None:
    """A string that no colon and no value follow, where a key belongs; the reader stands behind it."""
    at, brackets = reader.pos, open_brackets(node)
    last = node.children[-1] if node.children else None
    explanations = [(brackets, at, "separator", "value")]
    if last is None:
        explanations.append((brackets[:-1] + "[", at, "separator", "array"))
    elif reader.comma >= 0:
        explanations.append((brackets + "[", at, "separator", "opener"))
    meant = furthest(reader, explanations)
    if meant == "value":
        if last is None or last.kind != "broken" or last.start < last.end:  # or this is a list: once is enough
            help_ = 'write `"key": value`; a list stands in `[` and `]`'
            tell(reader, key.start, key.end, f"the key {named(key.name)} has no value", help_)
        reader.begin_member(*key)
        _add_nothing(reader, key.end)
        return
    if last is not None:
        _open_before(reader, node, last)
    else:
        message = "this `{` opens an object, but values without keys follow"
        tell(reader, node.start, node.start + 1, message, "write `[` and `]` around them")
        node.kind = "array"
    if reader.state != END:
        reader.pos = key.start
        reader.add("string", key.end, key.name)


def _without_key(reader: Reader, node: Node, char: str) -> None:
    """An object or array where a key belongs."""
    text, start, brackets = reader.text, reader.pos, open_brackets(node)
    last = node.children[-1] if node.children else None
    explanations = []
    if brackets.endswith("[{"):
        explanations.append((brackets[:-1], start, "element", "closer"))
    if last is not None and text.startswith(char, last.start):
        explanations.append((brackets + "[", start, "element", "opener"))
        if begins_line(text, last.start) and indentation(text, last.start) == indentation(text, start):
            explanations.reverse()
    explanations.append((brackets, start, "value", "key"))
    reader.brackets_in_doubt = True
    meant = furthest(reader, explanations)
    if meant == "closer":
        at, before = (reader.comma, "this comma") if reader.comma >= 0 else (start, f"this `{char}`")
        _tell_missing_closer(reader, node, at, at + 1, before)
        _close_unclosed(reader)
        reader.state = NEXT
    elif meant == "opener" and last is not None:
        _open_before(reader, node, last)
    else:
        what = "object" if char == "{" else "array"
        tell(reader, start, start + 1, f"this {what} has no key", f'write `"key":` before the `{char}`')
        hushed = reader.hushed
        reader.detached = True
        reader.open(char)
        reader.hushed = hushed


def _open_before(reader: Reader, node: Node, last: Node) -> None:
    """The bracket before the last member's value is missing: what follows are its other elements. The reader stays."""
    tell(reader, last.start, last.start + 1, f"a `[` is missing before {value_of(last)}", "add `[`")
    hushed, position, state, comma = reader.hushed, reader.pos, reader.state, reader.comma
    node.children.pop()
    reader.key, reader.pos = last.key, last.start
    reader.open("[", 0)
    reader.hushed = hushed
    if reader.state == END:
        return
    last.key, last.parent = None, reader.node
    assert reader.node is not None  # it was opened
    reader.node.children.append(last)
    reader.pos, reader.state, reader.comma = position, state, comma


# -- separators -----------------------------------------------------------------------------------------------------


def _behind_a_value(reader: Reader, node: Node, char: str) -> None:
    text, start = reader.text, reader.pos
    last = node.children[-1] if node.children else None
    if char == "":
        _end_of_text(reader, node)
    elif char in ("}", "]"):
        _wrong_closer(reader, node, char)
    elif char == ":":
        tell(reader, start, start + 1, "this colon should be a comma", "write `,`")
        reader.pos += 1
        reader.state = NEXT
    elif char == "+" and last is not None and last.kind in ("string", "broken"):
        joined = _JOINED.match(text, start)
        tell(reader, start, start + 1, "strings cannot be joined with `+` in a template", "write one string")
        _spoil(reader, last, joined.end() if joined else start + 1)
    elif node.kind == "object" and char in "{[":
        _without_key(reader, node, char)
    elif last is None or (node.kind == "array" and char == '"' and _KEY_AHEAD.match(text, start, start + 10_000)):
        reader.state = NEXT  # which then says what a key does in an array
    elif _begins_anew(reader, node, last, char):
        tell(reader, last.end - 1, last.end, f"a comma is missing after {value_of(last)}", "add `,`")
        reader.state = NEXT
        reader.comma = -1
        reader.hushed = False
    else:
        rest = _REST_OF_LINE.match(text, start)
        end = start + len(rest[0].rstrip()) if rest else start + 1
        tell(reader, start, end, f"more text follows {value_of(last)}", "delete it, or put all of it in one string")
        _spoil(reader, last, end)


def _begins_anew(reader: Reader, node: Node, last: Node, char: str) -> bool:
    """Whether what follows a value without a comma is the next member or element, and not more of the same."""
    text, start = reader.text, reader.pos
    if "\n" in text[last.end : start] or "\r" in text[last.end : start]:
        return True
    if node.kind == "array":
        return char in '"{[' or SCALAR.match(text, start) is not None
    key = _KEY_AHEAD.match(text, start, start + 10_000) if char == '"' else None
    return key is not None or misspelt.begins_bare_key(text, start)


def _surplus_commas(reader: Reader, node: Node) -> None:
    start, brackets = reader.pos, open_brackets(node)
    commas = _COMMAS.match(reader.text, start)
    assert commas is not None  # it stands before one
    end = start + len(commas[0].rstrip())
    explanations = [(brackets, end, "key" if node.kind == "object" else "element", "comma")]
    if not node.children and reader.comma < 0 and node.parent is not None:
        explanations.append((brackets[:-1], start, "separator", "closer"))
    if furthest(reader, explanations) == "closer":
        _tell_missing_closer(reader, node, start, start + 1, "this comma")
        reader.close(start)
        return
    tell(reader, start, end, "a comma is one too many here: no value precedes it", "delete it")
    reader.pos = end
    reader.state = NEXT
    reader.comma = -1
    reader.hushed = False


def _wrong_closer(reader: Reader, node: Node, char: str) -> None:
    """A closing bracket that does not fit the innermost open one."""
    text, start, brackets = reader.text, reader.pos, open_brackets(node)
    opener = "{" if char == "}" else "["
    fitting = brackets.rfind(opener)
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
        missing = brackets[fitting + 1 :][::-1].replace("{", "}").replace("[", "]")
        message = f"`{missing}` is missing before this `{char}`, to close {name_of(node)}"
        tell(reader, start, start + 1, message, f"add `{missing}`", opening_bracket(node))
        for _ in missing:
            _close_unclosed(reader)
        reader.close(start + 1)
    elif meant == "wrong":
        closer = closing_bracket(node)
        message = f"this `{char}` should be `{closer}`, to close {name_of(node)}"
        tell(reader, start, start + 1, message, f"write `{closer}`", opening_bracket(node))
        reader.close(start + 1)
    elif meant == "opener":
        tell(reader, start, start + 1, f"a `{opener}` is missing before this `{char}`", f"add `{opener}`")
        reader.open(opener, 0)
        if reader.state != END:
            reader.close(start + 1)
    elif last is not None and last.key is not None and char == "]" and "\n" in text[last.key.end : last.start]:
        _open_before(reader, node, last)
        if reader.state != END:
            reader.close(start + 1)
    else:
        _tell_surplus(reader, node)
        reader.pos += 1
        if reader.comma >= 0 or reader.state != NEXT:
            reader.state = AFTER


def _tell_missing_closer(reader: Reader, node: Node, start: int, end: int, before: str) -> None:
    closer = closing_bracket(node)
    message = f"a `{closer}` is missing before {before}, to close {name_of(node)}"
    tell(reader, start, end, message, f"add `{closer}`", opening_bracket(node))


def _tell_surplus(reader: Reader, node: Node) -> None:
    start = reader.pos
    char = reader.text[start]
    help_ = "delete it"
    last = node.children[-1] if node.children else None
    if char == "]" and node.kind == "object" and last is not None:
        help_ = f"delete it, or write `[` before {value_of(last)}"
    tell(reader, start, start + 1, f"this `{char}` is one too many: nothing is open that it should close", help_)


def _close_unclosed(reader: Reader) -> None:
    """Ends the innermost object or array, whose closing bracket is missing, behind its last child. The reader stays."""
    node, position = reader.node, reader.pos
    if node is not None:
        reader.close(node.children[-1].end if node.children else node.start)
    reader.pos = position


def _spoil(reader: Reader, last: Node, end: int) -> None:
    """The last value has more text behind it, up to `end`: what it is cannot be known."""
    if last.kind not in ("object", "array"):
        last.kind, last.end, last.value = "broken", end, reader.text[last.start : end]
    reader.pos = end
