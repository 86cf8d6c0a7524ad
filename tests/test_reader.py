"""Examples of reading: what is read, what is said of mistakes, and where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiblint.source.document import Document, Node
from aiblint.source.reader import decode, offset_in_string, read, read_text

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/corpus, templates from the public")


def plain(node: Node | None) -> object:
    """The tree as Python data; what is broken as a tuple of its raw text."""
    if node is None:
        return None
    if node.kind == "object":
        return {str(child.key.value): plain(child) for child in node.children if child.key is not None}
    if node.kind == "array":
        return [plain(child) for child in node.children]
    return (node.value,) if node.kind == "broken" else node.value


def told(document: Document) -> list[tuple[str, str, str]]:
    """Each fault as its kind, the characters it stands at, and its message."""
    return [(fault.kind, document.text[fault.span.start : fault.span.end], fault.message) for fault in document.faults]


# -- what is well-formed ----------------------------------------------------------------------------------------------


def test_every_key_and_value_knows_its_characters() -> None:
    document = read_text("t", '{ "a" : [1.5, "x\\n", true , null],\r\n "b":{} }')
    spelled = {node.pointer: document.text[node.start : node.end] for node in document.nodes()}
    assert spelled == {
        "": document.text, "/a": '[1.5, "x\\n", true , null]', "/a/0": "1.5", "/a/1": '"x\\n"', "/a/2": "true",
        "/a/3": "null", "/b": "{}",
    }  # fmt: skip
    keys = [node.key for node in document.nodes() if node.key is not None]
    assert [document.text[key.start : key.end] for key in keys] == ['"a"', '"b"']
    assert [key.pointer for key in keys] == ["/a", "/b"]
    assert document.faults == ()


def test_comments_are_kept_and_are_no_fault() -> None:
    document = read_text("t", '// first\n{ /* in */ "a": 1, // why\n "b": 2 /**/ }\n// last')
    assert plain(document.root) == {"a": 1, "b": 2}
    assert [comment.text for comment in document.comments] == ["first", "in", "why", "", "last"]
    assert [document.text[comment.span.start : comment.span.end] for comment in document.comments][1:3] == [
        "/* in */",
        "// why",
    ]
    assert document.faults == ()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_string_may_span_lines(ending: str) -> None:
    document = read_text("t", f'{{"inline": ["if (1) {{{ending}  \\"x\\"{ending}}}", "b"]}}')
    assert plain(document.root) == {"inline": [f'if (1) {{{ending}  "x"{ending}}}', "b"]}
    assert document.faults == ()


def test_half_a_surrogate_pair_can_still_be_printed() -> None:
    document = read_text("t", '["\\ud83d\\ude00\\ud83d", "\ud800"]')
    assert plain(document.root) == ["😀\ufffd", "\ufffd"]
    document.text.encode()


def test_a_number_of_ten_thousand_digits_is_read() -> None:
    assert plain(read_text("t", "[" + "1" * 10_000 + "]").root) == [float("inf")]


# -- mistakes ---------------------------------------------------------------------------------------------------------

MISTAKES = {
    # separators
    '{"a": 1 "b": 2}': ({"a": 1, "b": 2}, "1", "a comma is missing after the value of `a`"),
    '{"c": [{} {}]}': ({"c": [{}, {}]}, "}", "a comma is missing after `c[0]`"),
    "[1 2]": ([1, 2], "1", "a comma is missing after element 1"),
    '{"a" 1}': ({"a": 1}, '"', "a colon is missing after the key `a`"),
    '{"a" = 1}': ({"a": 1}, "=", "a colon is missing after the key `a`"),
    '{"a:" 1}': ({"a:": 1}, '"', "the colon of `a:` is inside the quotation marks"),
    '{"a":: 1}': ({"a": 1}, ":", "this colon is one too many"),
    '{"a": 1: "b": 2}': ({"a": 1, "b": 2}, ":", "this colon should be a comma"),
    '{"a": 1,, "b": 2}': ({"a": 1, "b": 2}, ",", "a comma is one too many here: no value precedes it"),
    '{"a": , "b": 2}': ({"a": ("",), "b": 2}, ":", "the value of `a` is missing"),
    '{: 1, "b": 2}': ({"b": 2}, ":", "a key is missing before this colon"),
    '{"a": {"b", "c"}}': ({"a": {"b": ("",), "c": ("",)}}, '"b"', "the key `b` has no value"),
    '{"s": "x" + "y"}': ({"s": ('"x" + "y"',)}, "+", "strings cannot be joined with `+` in a template"),
    '{"s": "x" > "y"}': ({"s": ('"x" > "y"',)}, '> "y"', "more text follows the value of `s`"),
    '{"a": "b": "c": 1}': ({"a": "b", "c": 1}, ":", "this colon should be a comma"),
    '{"a":\n"b": 1}': ({"a": ("",), "b": 1}, ":", "the value of `a` is missing"),
    # strings
    '{"a"b": 1}': ({'a"b': 1}, '"', "a quotation mark inside this key ends it too early"),
    '["a\\\n"]': (["a\\\n"], "\\\n", "a backslash at the end of a line means nothing in a JSON string"),
    '["a",\n#b \\"",\n"c"]': (
        ["a", ('#b \\""',), "c"], '#b \\""', "the quotation mark that opens element 2 is missing",
    ),
    '{"a": "b\n}': ({"a": ('"b',)}, '"b', "the value of `a` is not closed by a quotation mark on its line"),
    '{"a": "b,\n"c": 1}': (
        {"a": ('"b',), "c": 1}, '"b', "the value of `a` is not closed by a quotation mark on its line",
    ),
    '{"a": "b, "c": 1}': (
        {"a": ('"b',), "c": 1}, '"b', "the value of `a` is not closed by a quotation mark on its line",
    ),
    '["[f(\'x\')],\n"y"]': (
        [('"[f(\'x\')]',), "y"], '"[f(\'x\')]', "element 1 is not closed by a quotation mark on its line",
    ),
    '{"a": "c:\\d\\",\n"b": 1}': (
        {"a": ('"c:\\d\\"',), "b": 1}, '\\"',
        "the backslash before the last quotation mark keeps the value of `a` open",
    ),
    '{"a: "b"}': ({"a": "b"}, '"a', "the key `a` is not closed by a quotation mark"),
    '{"a: [\n1]}': ({"a": [1]}, '"a', "the key `a` is not closed by a quotation mark"),
    '{a": "b"}': ({"a": "b"}, 'a"', "the quotation mark that opens the key `a` is missing"),
    '{"a": b",\n"c": 1}': ({"a": ('b"',), "c": 1}, 'b"', "the quotation mark that opens the value of `a` is missing"),
    '{"a": 31"\n}': ({"a": ('31"',)}, '"', "the value of `a` ends in a quotation mark that nothing opens"),
    '{"a": "x "y" z", "b": 1}': (
        {"a": ('"x "y" z"',), "b": 1}, '"', "a quotation mark inside the value of `a` ends it too early",
    ),
    '{"a": ""b"", "c": 1}': ({"a": ('""b""',), "c": 1}, '""', "the value of `a` is in doubled quotation marks"),
    "{'a': 1}": ({"a": 1}, "'a'", "this key is in single quotation marks"),
    '{"a": “b”}': ({"a": "b"}, "“b”", "the value of `a` is in curly quotation marks"),
    '["C:\\Windows\\Nope"]': (
        ["C:\\Windows\\Nope"], "\\W", "`\\W` means nothing in a JSON string: a backslash begins an escape",
    ),
    '["\\u12"]': (["\\u12"], "\\u", "`\\u` needs four hexadecimal digits after it"),
    # words and numbers
    "[True]": ([True], "True", "`True` is written `true` in JSON"),
    "[None]": ([None], "None", "`None` is written `null` in JSON"),
    '{"a": $false}': ({"a": False}, "$false", "`$false` is written `false` in JSON"),
    "[NaN]": ([("NaN",)], "NaN", "JSON has no `NaN`"),
    "[007]": ([7], "007", "element 1 begins with a zero too many"),
    "[+1]": ([1], "+1", "element 1 has a plus sign, which JSON does not allow"),
    "[-.5]": ([-0.5], "-.5", "element 1 has no digit before its point"),
    "[1.]": ([1], "1.", "element 1 has no digit after its point"),
    "[0x1F]": ([31], "0x1F", "element 1 is a hexadecimal number, which JSON does not have"),
    "{a: 1}": ({"a": 1}, "a", "the key `a` is not in double quotes"),
    '{"a": west us, "b": 1}': (
        {"a": ("west us",), "b": 1}, "west us", "the value of `a` is text without double quotes",
    ),
    '{"a": [concat(\'x\', \'y\')]}': (
        {"a": ("[concat('x', 'y')]",)}, "[concat('x', 'y')]", "the value of `a` is an expression without double quotes",
    ),
    '{"v": {\n  x\n}}': ({"v": {}}, "x", "this text does not belong in `v`"),
    # brackets
    '{"a": [1, 2}': ({"a": [1, 2]}, "}", "`]` is missing before this `}`, to close `a`"),
    '{"a": [1, 2}, "b": 3}': ({"a": [1, 2], "b": 3}, "}", "this `}` should be `]`, to close `a`"),
    '{"a": {"b": 1}': ({"a": {"b": 1}}, "}", "the text ends before the outermost bracket is closed: `}` is missing"),
    '{"a": 1}}': ({"a": 1}, "}", "this `}` is one too many: everything is closed already"),
    '{"a": 1}, "b": 2}': ({"a": 1, "b": 2}, "}", "this `}` closes the whole template, but `b` follows"),
    '{"a": 1 ], "b": 2}': ({"a": 1, "b": 2}, "]", "this `]` is one too many: nothing is open that it should close"),
    '{"a": "b": 1}}': ({"a": {"b": 1}}, '"b"', "a `{` is missing before `b`"),
    '{"a": }}': ({"a": {}}, "}", "a `{` is missing before this `}`"),
    '{"a": ["b": 1}]}': ({"a": [{"b": 1}]}, '"b"', "a `{` is missing before `b`"),
    '{"a": ["b": 1}}': ({"a": {"b": 1}}, "[", "this `[` opens an array, but `b` is the key of an object"),
    '{"a": {"b", "c"]}': ({"a": ["b", "c"]}, "{", "this `{` opens an object, but values without keys follow"),
    '{"a": ["b", "c": 1}': ({"a": ["b"], "c": 1}, '"c"', "a `]` is missing before `c`, to close `a`"),
    '{"a": [, "c": 1}': ({"a": [], "c": 1}, ",", "a `]` is missing before this comma, to close `a`"),
    '{"a": "b", "c"], "d": 1}': ({"a": ["b", "c"], "d": 1}, '"', "a `[` is missing before the value of `a`"),
    '{"a": {"x": 1}, {"y": 2}], "d": 1}': (
        {"a": [{"x": 1}, {"y": 2}], "d": 1}, "{", "a `[` is missing before the value of `a`",
    ),
    '[{"a": 1, {"b": 2}]': ([{"a": 1}, {"b": 2}], ",", "a `}` is missing before this comma, to close element 1"),
    '{"a": 1, {"b": 2}}': ({"a": 1}, "{", "this object has no key"),
    "[{}, }]": ([{}, {}], "}", "a `{` is missing before this `}`"),
    '{"a":\n"b"\n], "c": 1}': ({"a": ["b"], "c": 1}, '"', "a `[` is missing before the value of `a`"),
    '"a": 1}': ({"a": 1}, '"a"', "a `{` is missing before `a`"),
    # the file
    "": (None, "", "the file is empty"),
    " // x": (None, " ", "nothing but comments is in this file"),
    "name: x": (None, "name: x", "this is no JSON: it begins with neither `{` nor `[`"),
    'hi{"a": 1}': ({"a": 1}, "hi", "there is text before the first bracket"),
    '{"a": 1} bye': ({"a": 1}, "bye", "there is text after the end of the template"),
    '# x\n{"a": 1} # y': ({"a": 1}, "#", "`#` begins no comment in a template"),
    '{"a": 1 /* x }': ({"a": 1}, "/*", "this comment is never closed"),
    '{"a":\xa0 1,\ufeff "b": 2}': ({"a": 1, "b": 2}, "\xa0", "an invisible character (U+00A0) lies between the values"),
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_once_in_plain_words_at_its_place(text: str) -> None:
    value, place, message = MISTAKES[text]
    document = read_text("t", text)
    assert told(document) == [("syntax", place, message)]
    assert document.faults[0].help
    assert plain(document.root) == value


@pytest.mark.parametrize(
    "raw", ["<region>", "${region}", "{{ region }}", "__REGION__", "#{region}#", "$(region)", "<a>-<b>", "%R%", "..."]
)
def test_a_placeholder_without_quotes(raw: str) -> None:
    document = read_text("t", f'{{"a": {raw}, "b": [{raw}, 1]}}')
    assert plain(document.root) == {"a": (raw,), "b": [(raw,), 1]}
    assert told(document) == [("placeholder", raw, f"the placeholder `{raw}` is not filled in")] * 2


def test_a_placeholder_for_members() -> None:
    document = read_text("t", '{"a": 1,\n<members>\n}')
    assert told(document) == [("placeholder", "<members>", "the placeholder `<members>` is not filled in")]
    assert plain(document.root) == {"a": 1}


@pytest.mark.parametrize(("text", "owner"), [('{"a": 1 , }', "the value of `a`"), ('{"a": [1, 2,]}', "`a[1]`")])
def test_a_trailing_comma_is_noted_and_not_fatal(text: str, owner: str) -> None:
    document = read_text("t", text)
    assert told(document) == [("trailing-comma", ",", f"nothing follows the comma after {owner}")]
    assert document.root is not None
    assert document.root.end == len(text)


def test_equal_keys_point_to_the_first() -> None:
    document = read_text("t", '{"a": 1, "A": 2, "a": 3, "\\u0061": 4}')
    assert [(kind, place) for kind, place, _ in told(document)] == [
        ("duplicate-key", '"a"'),
        ("duplicate-key", '"\\u0061"'),
    ]
    assert [fault.related[0][0].start for fault in document.faults] == [1, 1]


def test_indentation_tells_which_bracket_is_missing() -> None:
    text = '{\n  "a": {\n    "b": {\n      "c": 1\n  },\n  "d": 2\n}\n'
    document = read_text("t", text)
    assert [fault.message for fault in document.faults] == ["a `}` is missing before this `}`, to close `b`"]
    assert document.position(document.faults[0].span.start).line == 5
    assert document.position(document.faults[0].related[0][0].start).line == 3
    assert plain(document.root) == {"a": {"b": {"c": 1}}, "d": 2}


def test_indentation_tells_which_bracket_is_one_too_many() -> None:
    document = read_text("t", '{\n  "a": {\n    "b": {\n    }\n    }\n  },\n  "d": 2\n}\n')
    assert told(document) == [("syntax", "}", "this `}` is one too many: nothing is open that it should close")]
    assert document.position(document.faults[0].span.start).line == 5
    assert plain(document.root) == {"a": {"b": {}}, "d": 2}


def test_no_value_is_quoted_for_it_may_be_a_secret() -> None:
    for text in (
        '{"password": hunter2}',
        '{"password": "hunter2\n}',
        "{'password': 'hunter2'}",
        '{"password": "a"hunter2"}',
    ):
        for fault in read_text("t", text).faults:
            assert "hunter2" not in fault.message + fault.help


def test_a_long_name_is_clipped() -> None:
    (fault,) = read_text("t", '{"' + "k" * 500 + '" 1}').faults
    assert len(fault.message) < 100


# -- limits -----------------------------------------------------------------------------------------------------------


def test_nesting_ends_at_128_levels() -> None:
    assert read_text("t", "[" * 128 + "]" * 128).faults == ()
    document = read_text("t", '{"a":' * 129)
    assert [fault.kind for fault in document.faults] == ["limit"]
    assert document.faults[0].message.startswith("nested deeper than 128 levels")
    assert document.root is not None
    assert document.root.pointer == ""


@pytest.mark.parametrize("text", ["[" + "True," * 300 + "1]", '{"a":' + "{},a" * 300, "[" + "[1,]," * 300 + "1]"])
def test_at_most_fifty_faults_are_told(text: str) -> None:
    faults = read_text("t", text).faults
    assert len(faults) == 51
    assert [fault.kind for fault in faults].count("limit") == 1


def test_reading_goes_on_after_fifty_trailing_commas() -> None:
    document = read_text("t", "[" + "[1,]," * 300 + '"last"]')
    assert isinstance(plain(document.root), list)
    assert document.root is not None
    assert document.root.children[-1].value == "last"


def test_reading_ends_at_half_a_million_values() -> None:
    document = read_text("t", "[" + "{}," * 600_000 + "1]")
    assert [fault.kind for fault in document.faults] == ["limit"]
    assert sum(1 for _ in document.nodes()) == 500_000


HOSTILE = [
    "[",
    '"a":',
    '{"a":',
    '"',
    "\\",
    "/",
    "<",
    ",",
    "a",
    '"\n',
    "{",
    "}",
    ":",
    "'",
    "#",
    "${",
    "(",
    "\x00",
    "\xa0",
]


@pytest.mark.parametrize("start", ["", "[", '{"a":', '["'])
@pytest.mark.parametrize("part", [*HOSTILE, "[],", '\\"\n', "x ", "/* ", "// x\n", '"" + ', "'a' ", '\n"x":', "[a,"])
def test_a_megabyte_of_anything_ends_with_a_document(start: str, part: str) -> None:
    document = read_text("t", start + part * (1_000_000 // len(part)))
    assert 1 <= len(document.faults) <= 51


# -- bytes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(codec: str) -> None:
    text = '{"a": "ä😀"}\r\n'
    assert decode(text.encode(codec)) == (text, None)
    document = read("t", text.encode(codec))
    assert plain(document.root) == {"a": "ä😀"}
    assert document.faults == ()


def test_big_endian_marks() -> None:
    assert decode(b"\xfe\xff\x00{\x00}") == ("{}", None)
    assert decode(b"\x00\x00\xfe\xff\x00\x00\x00{\x00\x00\x00}") == ("{}", None)


def test_bytes_that_are_no_utf_8() -> None:
    data = b'\xef\xbb\xbf{\r\n"a": "caf\xe9"}'
    assert decode(data) == ('{\r\n"a": "caf\ufffd"}', "byte 0xE9 at offset 15 (line 2) is not UTF-8")
    document = read("t", data)
    assert told(document) == [("encoding", "\ufffd", "byte 0xE9 at offset 15 (line 2) is not UTF-8")]
    assert plain(document.root) == {"a": "caf\ufffd"}


def test_half_a_character_of_utf_16() -> None:
    text, problem = decode(b"\xff\xfe{\x00}\x00\n")
    assert text.startswith("{}")
    assert problem == "the bytes at offset 6 (line 1) are not UTF-16"


def test_what_is_no_text_gets_one_fault() -> None:
    document = read("t", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff")
    assert [fault.kind for fault in document.faults] == ["encoding"]
    assert document.root is None


# -- places inside strings --------------------------------------------------------------------------------------------


def test_offsets_go_through_escapes() -> None:
    document = read_text("t", ' "a\\n\\u00e9\\ud83d\\ude00\\Wz" ')
    node = document.root
    assert node is not None
    assert node.value == "a\né😀\\Wz"
    offsets = [offset_in_string(node, index) for index in range(len(node.value) + 1)]
    assert offsets == [2, 3, 5, 11, 23, 24, 25, 26]
    assert document.text[offsets[-1]] == '"'


def test_offsets_in_a_key_without_quotes() -> None:
    root = read_text("t", "{name: 1}").root
    assert root is not None
    key = root.children[0].key
    assert key is not None
    assert [offset_in_string(key, index) for index in (0, 2, 4, 9)] == [1, 3, 5, 5]


# -- templates from the public ----------------------------------------------------------------------------------------

# The first fault of each of corpus/broken: line, column, kind. 047 only has strings that span lines, which are legal.
FIRST_FAULTS = """
001 17 9 syntax           | 002 85 78 trailing-comma | 003 85 78 trailing-comma | 004 102 31 trailing-comma
005 71 21 syntax          | 006 63 13 syntax         | 007 63 17 syntax         | 008 63 17 syntax
009 63 17 syntax          | 010 58 26 syntax         | 011 58 26 syntax         | 012 35 10 trailing-comma
013 35 10 trailing-comma  | 014 33 35 syntax         | 015 33 35 syntax         | 016 9 29 trailing-comma
017 9 29 trailing-comma   | 018 62 77 trailing-comma | 019 61 25 syntax         | 020 64 77 trailing-comma
021 67 77 trailing-comma  | 022 55 39 syntax         | 023 64 77 trailing-comma | 024 91 22 trailing-comma
025 78 48 syntax          | 026 112 209 syntax       | 027 91 51 syntax         | 028 91 209 syntax
029 67 77 trailing-comma  | 030 67 77 trailing-comma | 031 119 51 syntax        | 032 120 51 syntax
033 28 5 syntax           | 034 31 39 syntax         | 035 50 40 trailing-comma | 036 50 40 trailing-comma
037 24 44 syntax          | 038 7 36 syntax          | 039 57 163 syntax        | 040 57 163 syntax
041 94 67 trailing-comma  | 042 94 67 trailing-comma | 043 67 83 syntax         | 044 67 82 syntax
045 75 115 syntax         | 046 75 115 syntax        | 048 48 4 duplicate-key   | 049 81 43 syntax
050 91 17 syntax          | 051 60 176 syntax        | 052 38 38 placeholder    | 053 38 38 placeholder
054 7 44 syntax           | 055 38 49 syntax         | 056 1 1 syntax           | 057 66 140 syntax
058 50 125 trailing-comma | 059 58 1 syntax          | 060 51 13 syntax         | 061 36 31 syntax
062 36 31 syntax
"""


@needs_corpus
def test_first_faults_of_broken_templates() -> None:
    found = []
    for path in sorted((CORPUS / "broken").glob("*.json")):
        document = read(path.name, path.read_bytes())
        if document.faults:
            place = document.position(document.faults[0].span.start)
            found.append(f"{path.stem} {place.line} {place.column} {document.faults[0].kind}")
    assert found == [" ".join(each.split()) for each in FIRST_FAULTS.replace("\n", "|").split("|") if each.strip()]


@needs_corpus
def test_whole_templates_agree_with_json_loads() -> None:
    agreeing = 0
    for path in sorted((CORPUS / "json").rglob("*.json*")):
        data = path.read_bytes()
        document = read(str(path), data)
        try:
            expected = json.loads(data.decode("utf-8-sig"), strict=False)
        except ValueError:
            assert document.faults or document.comments, path
            continue
        agreeing += 1
        assert plain(document.root) == expected, path
        assert {fault.kind for fault in document.faults} <= {"duplicate-key"}, path
    assert agreeing > 300


@needs_corpus
def test_a_character_taken_out_is_told_once_and_near() -> None:
    near = once = cases = 0
    for path in sorted((CORPUS / "json").rglob("*.json"))[::38]:
        text = path.read_bytes().decode("utf-8-sig")
        if len(text) > 12_000 or read_text("t", text).faults:
            continue
        for at in [at for at, char in enumerate(text) if char in '{}[],:"'][::11]:
            document = read_text("t", text[:at] + text[at + 1 :])
            if document.faults:
                line = text.count("\n", 0, at) + 1
                cases += 1
                near += abs(document.position(document.faults[0].span.start).line - line) <= 1
                once += len(document.faults) == 1
            else:
                assert plain(document.root) == json.loads(document.text, strict=False), (path, at)
    assert cases > 100
    assert near >= 0.95 * cases
    assert once >= 0.97 * cases


def test_pointers_and_places_agree_with_counting_through() -> None:
    """Both are looked up, since a file may hold tens of thousands of steps."""
    document = read_text("a.json", '{"a": [1, [], {"b~/c": [2, "x", {}]}, <gap>, 4], "d": {"e": null}}')

    def counted(node: Node) -> str:
        if node.parent is None:
            return ""
        step = str(next(n for n, child in enumerate(node.parent.children) if child is node))
        if node.key is not None:
            step = str(node.key.value).replace("~", "~0").replace("/", "~1")
        return f"{counted(node.parent)}/{step}"

    nodes = list(document.nodes())
    assert len(nodes) == 13
    assert [node.pointer for node in nodes] == [counted(node) for node in nodes]
    for node in nodes:
        for start in range(len(document.text)):
            inside = [c for c in node.children if (c.key or c).start <= start and start + 1 <= c.end]
            assert node.child_around(start, start + 1) is (inside[0] if inside else None)
