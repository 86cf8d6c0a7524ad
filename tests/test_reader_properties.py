"""What holds for any text: nothing is raised, every span lies where it should, good JSON comes back as it went in."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from aiblint.source.document import Document, Node
from aiblint.source.reader import offset_in_string, read, read_text
from tests.test_reader import plain

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5)
)

# What templates, and mistakes in them, are made of.
pieces = st.sampled_from(
    ["{", "}", "[", "]", ",", ":", '"', '"a"', '"b": ', '"x": {', "1", "0x1F", "01", ".5", "-", "true", "True", "null",
     "<x>", "${x}", "{{x}}", "...", "'", "'a'", "“a”", "\\", "\\u12", "\\ud800", "//", "/*", "*/", "#", "+", "=", "\n",
     "\r\n", "\n  ", "\n    ", " ", "\t", "[concat(", ")", "word", "é", "\u00a0", "\x00", "\ud800"]
)  # fmt: skip
texts = st.lists(pieces, max_size=40).map("".join)


def check(document: Document) -> None:
    """The promises of document.py."""
    length = len(document.text)
    document.text.encode()
    assert len(document.faults) <= 51
    starts = [fault.span.start for fault in document.faults]
    assert starts == sorted(starts)
    for fault in document.faults:
        assert fault.message
        assert "\n" not in fault.message
        assert 0 <= fault.span.start <= fault.span.end <= length
        assert all(0 <= span.start <= span.end <= length for span, _ in fault.related)
    assert all(0 <= comment.span.start < comment.span.end <= length for comment in document.comments)
    for node in document.nodes():
        check_node(document, node)


def check_node(document: Document, node: Node) -> None:
    assert 0 <= node.start <= node.end <= len(document.text)
    assert (node.parent is None) == (node is document.root)
    if node.parent is not None:
        assert node.parent.start <= node.start
        assert node.end <= node.parent.end
        assert (node.key is not None) == (node.parent.kind == "object")
    if node.key is not None:
        assert node.key.kind == "string"
        assert node.key.end <= node.start
        assert node.key.pointer == node.pointer
    at = node.start
    for child in node.children:
        assert child.parent is node
        assert at <= (child.start if child.key is None else child.key.start)
        at = child.end
    if node.kind in ("string", "broken"):
        str(node.value).encode()
        assert node.start <= offset_in_string(node, len(str(node.value))) <= node.end


@given(values, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_json_comes_back_as_it_went_in(value: object, indent: int | str | None, ascii_only: bool) -> None:
    document = read_text("t", json.dumps(value, indent=indent, ensure_ascii=ascii_only))
    assert document.faults == ()
    assert plain(document.root) == value
    for node in document.nodes():
        assert json.loads(document.text[node.start : node.end]) == plain(node)
        if node.key is not None:
            assert json.loads(document.text[node.key.start : node.key.end]) == node.key.value
    check(document)


@given(values, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_json_comes_back_from_bytes(value: object, codec: str) -> None:
    document = read("t", json.dumps(value, ensure_ascii=False).encode(codec))
    assert document.faults == ()
    assert plain(document.root) == value


@given(st.text() | texts | texts.map(lambda text: "{" + text) | texts.map(lambda text: '{\n  "a": [\n' + text))
@example('[concat(\r"s":{\n"t[:"<t>,\n"p":1\n\x00},\r<x>"c')
def test_any_text_is_read(text: str) -> None:
    check(read_text("t", text))


@given(st.binary() | texts.map(lambda text: text.encode("utf-16", "surrogatepass")))
def test_any_bytes_are_read(data: bytes) -> None:
    check(read("t", data))


@given(st.data())
def test_a_mistake_leaves_a_fault_or_good_json(data: st.DataObject) -> None:
    text = json.dumps(data.draw(values), indent=data.draw(st.sampled_from([None, 2])))
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))
    text = text[:at] + data.draw(pieces) * data.draw(st.integers(0, 1)) + text[at + cut :]
    document = read_text("t", text)
    check(document)
    try:
        expected = json.loads(document.text, strict=False)
    except (ValueError, RecursionError):
        assert document.faults or document.comments
    else:
        if not any(name in text for name in ("NaN", "Infinity", "\\ud")):
            assert {fault.kind for fault in document.faults} <= {"duplicate-key"}
            assert plain(document.root) == expected


@given(
    st.lists(
        st.sampled_from(
            ['\\"', "\\\\", "\\n", "\\/", "\\u00e9", "\\ud83d\\ude00", "\\uD800", "\\q", "\\u1", "x", "é", "\n"]
        )
    )
)
def test_offsets_in_strings_agree_with_counting(parts: list[str]) -> None:
    text = '{"k":"' + "".join(parts) + '"}'
    root = read_text("t", text).root
    assert root is not None
    node = root.children[0]
    counted: list[int] = []
    offset = 6
    for part in parts:
        wrong = part in ("\\q", "\\u1")
        counted.extend(range(offset, offset + len(part)) if wrong else [offset])
        offset += len(part)
    assert isinstance(node.value, str)
    assert len(node.value) == len(counted)
    assert [offset_in_string(node, index) for index in range(len(node.value) + 1)] == [*counted, len(text) - 2]
