"""Which strings are expressions, and how they are read."""

from __future__ import annotations

import json
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiblint.arm.expression import (
    Call,
    ExpressionError,
    Index,
    Literal,
    Property,
    is_expression,
    parse,
    references,
    render,
    unescape,
)

CORPUS = os.path.join(os.path.dirname(__file__), "..", "..", "shared", "corpus", "json")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[parameters('x')]", True),
        ("[concat('a',\n 'b')]", True),
        ("[string]$x = $a[0]", True),
        ("[ -f /a ] || [ -f /b ]", True),
        ("[ ]", True),
        ("[]", False),
        ("[", False),
        ("]", False),
        ("", False),
        ("[[x]", False),
        ("[x] ", False),
        (" [x]", False),
        ("[Environment]::SetEnvironmentVariable('A','B')", False),
        ("plain", False),
    ],
)
def test_which_strings_are_expressions(text: str, expected: bool) -> None:
    assert is_expression(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[[x]", "[x]"), ("[[1,2]]", "[1,2]]"), ("[[x", "[[x"), ("[x]", "[x]"), ("x", "x"), ("", "")],
)
def test_only_what_ends_in_a_bracket_is_unescaped(text: str, expected: str) -> None:
    assert unescape(text) == expected


def test_the_tree_knows_its_places() -> None:
    text = "[concat( 'it''s', my.f(-5).size[add(1, 2)] )]"
    tree = parse(text)
    assert isinstance(tree, Call)
    assert text[tree.start : tree.end] == text[1:-1]
    first, second = tree.arguments
    assert first == Literal("it's", 9, 16)
    assert isinstance(second, Index)
    assert text[second.start : second.end] == "my.f(-5).size[add(1, 2)]"
    assert text[second.index.start : second.index.end] == "add(1, 2)"
    assert isinstance(second.base, Property)
    assert second.base.name == "size"
    assert text[second.base.end - len(second.base.name) : second.base.end] == "size"
    call = second.base.base
    assert isinstance(call, Call)
    assert (call.namespace, call.name, call.arguments[0]) == ("my", "f", Literal(-5, 23, 25))


def test_names_are_kept_as_written() -> None:
    tree = parse("[ResourceGroup().Location]")
    assert isinstance(tree, Property)
    assert (tree.name, tree.base) == ("Location", Call("ResourceGroup", (), 1, 16))


def test_numbers() -> None:
    tree = parse("[f(0, -12, 9223372036854775807, 1.5, 2e3)]")
    assert isinstance(tree, Call)
    assert [argument.value for argument in tree.arguments if isinstance(argument, Literal)] == [
        0,
        -12,
        2**63 - 1,
        1.5,
        2000.0,
    ]


# Each expression, what is said of it, and the characters that show it.
FAULTS = [
    ("[concat('a', 'b']", "the expression has no closing `)` for `concat(`", "concat("),
    ("[f('a')[g('b']]", "`g(` has no closing `)` before this `]`", "g("),
    ("[concat(]", "the expression has no closing `)` for `concat(`", "concat("),
    ("[true]", "`true` must be written `true()`", "true"),
    ("[if(False, 1, 2)]", "`False` must be written `false()`", "False"),
    ("[location]", "`location` is no value: a function needs parentheses, a string single quotes", "location"),
    ("[a.b]", "`a.b` is no value: a function needs parentheses, a string single quotes", "a.b"),
    ('[concat("a b", 1)]', "a string in an expression stands in single quotes", '"a b"'),
    ("[concat('a)]", "the string that starts here has no closing `'`", "'a)"),
    ("[concat('it's')]", "the string ends here: a `'` inside a string is written `''`", "'"),
    ("[concat('a' 'b')]", "a `,` is missing before this", "'"),
    ("[concat('a',,'b')]", "an argument of `concat()` is missing before this `,`", ","),
    ("[concat('a',)]", "an argument of `concat()` is missing before this `)`", ")"),
    ("[concat('a',]", "an argument of `concat()` is missing", ","),
    ("[add(1, 2))]", "this `)` closes nothing", ")"),
    ("[f(), g()]", "this `,` stands outside any function", ","),
    ("[f()[]]", "the index between `[` and `]` is missing", "[]"),
    ("[f().'x']", "a name must follow this `.`; other names go in `['...']`", "."),
    ("[concat([f()])]", "inside an expression a function stands without brackets: one pair encloses", "["),
    ("[f()]-[g()]", "the expression ends at this `]`, but text follows; join the parts with `concat()`", "]"),
    ("['a']", "an expression starts with a function, not with a string", "'a'"),
    ("[5]", "an expression starts with a function, not with a number", "5"),
    ("[ ]", "the expression is empty", "[ ]"),
    ("[()]", "this `(` has no function name before it", "("),
    ("[f({})]", "`{` has no meaning in an expression; use `createObject()`", "{"),
    ("[f($x)]", "`$` has no meaning in an expression", "$"),
    ("[f() $x]", "`$` stands here instead of the end of the expression", "$"),
    ("[f(99999999999999999999)]", "the number does not fit in 64 bits", "9" * 20),
]


@pytest.mark.parametrize(("text", "message", "shown"), FAULTS)
def test_what_is_wrong_is_said_and_shown(text: str, message: str, shown: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.message.startswith(message)
    assert text[caught.value.start : caught.value.end] == shown


@pytest.mark.parametrize(
    ("text", "operator", "function"),
    [
        ("[f(1 + 2)]", "+", "add()"),
        ("[f('a' == 'b')]", "==", "equals()"),
        ("[not(f()) && g()]", "&&", "and()"),
        ("[!f()]", "!", "not()"),
        ("[f() ? 1 : 2]", "?", "if()"),
        ("[f() ?? 1]", "??", "coalesce()"),
        ("[f(2-1)]", "-", "sub()"),
        ("[f(1 <= 2)]", "<=", "lessOrEquals()"),
    ],
)
def test_an_operator_is_answered_with_its_function(text: str, operator: str, function: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert f"`{operator}`" in caught.value.message
    assert function in caught.value.message
    assert text[caught.value.start : caught.value.end] == operator


def test_nesting_and_length_have_a_limit() -> None:
    assert isinstance(parse("[" + "f(" * 64 + ")" * 64 + "]"), Call)
    for text in (
        "[" + "f(" * 5000 + ")" * 5000 + "]",
        "[f()" + ".a" * 5000 + "]",
        "[f()" + "[f()" * 5000 + "]" * 5001,
        "[f('" + "a" * 30_000 + "')]",
    ):
        with pytest.raises(ExpressionError):
            parse(text)


def test_references_come_in_the_order_of_the_text() -> None:
    tree = parse("[concat(PARAMETERS('a').b[variables('c')], f(parameters(variables('d'))), my.parameters('e'))]")
    assert [render(call) for call in references(tree)] == [
        "PARAMETERS('a')",
        "variables('c')",
        "parameters(variables('d'))",
        "variables('d')",
    ]


@pytest.mark.parametrize("text", ["[f('it''s', -1, my.g().a[0])]", "[parameters('x').y['z z']]"])
def test_render_writes_what_was_read(text: str) -> None:
    assert f"[{render(parse(text))}]" == text


def outcome(text: str) -> tuple[int, int, str]:
    """Where the expression stands, or where its fault stands and what is said of it."""
    try:
        tree = parse(text)
    except ExpressionError as error:
        return error.start, error.end, error.message
    return tree.start, tree.end, ""


@given(st.text(alphabet=st.sampled_from("[]()'\",.+-5 ab{}&$\n\\é"), max_size=40).map(lambda inner: f"[{inner}]"))
def test_any_text_is_read_or_refused(text: str) -> None:
    start, end, message = outcome(text)
    assert 0 <= start <= end <= len(text)
    assert message or (start >= 1 and start < end < len(text))


@given(st.text())
def test_no_text_crashes_the_reader(text: str) -> None:
    start, end, _ = outcome(text)
    assert 0 <= start <= end <= len(text)
    assert unescape(text) in (text, text[1:])


def test_every_expression_of_real_templates_can_be_read() -> None:
    if not os.path.isdir(CORPUS):
        pytest.skip("the folder `shared` with real templates is not beside the checkout")
    read = 0
    for folder, _, names in os.walk(CORPUS):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8-sig", errors="replace") as file:
                text = file.read()
            if "eploymentTemplate.json" not in text:
                continue
            for found in re.findall(r'"\[(?:[^"\\\n]|\\.)*\]"', text):
                decoded = json.loads(found, strict=False)
                if is_expression(decoded):
                    parse(decoded)
                    read += 1
    assert read > 3000
