"""The function table: what it lists, what each function gives, and what is left of it when an argument is unknown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from aiblint.arm.evaluate import EvaluationError, ScopeError, UserFunction, evaluate
from aiblint.arm.expression import Call, Expression, Index, Property, parse
from aiblint.arm.functions import FUNCTIONS
from aiblint.arm.functions.data import LONGEST_STRING, same
from aiblint.value import OpenKey, Partial, Unknown, plain

FACTS = os.path.join(os.path.dirname(__file__), "..", "..", "shared", "facts", "arm-functions.json")

# Wider than the list of VS Code, with the page that says so.
WIDER = {
    "groupBy": (2, 3),  # Azure/bicep, SystemNamespaceType.cs: an optional third argument
    "padLeft": (2, 3),  # template-functions-string#padleft: the padding character is not required
}


class Names:
    """A scope with one of each: `u` is unknown, `p` a string that begins with `ab` and ends with `yz`."""

    def __init__(self) -> None:
        self.budget = 100_000

    def parameter(self, name: str) -> object:
        values: dict[str, object] = {
            "u": Unknown("u"),
            "p": Partial(("ab", Unknown("p"), "yz")),
            "flag": True,
            "list": ["b", "a", "c"],
            "object": {"one": "a", "Two": 2, "three": {"x": 1}},
        }
        if name.lower() not in values:
            raise ScopeError(f"there is no parameter `{name}`")
        return values[name.lower()]

    variable = parameter

    def user_function(self, namespace: str, name: str) -> UserFunction | None:
        return None

    def copy_index(self, name: str | None, offset: int) -> int | Unknown:
        return 3 + offset

    def names(self, section: str) -> list[str]:
        return ["u", "p", "flag", "list", "object"]


def read(text: str) -> Expression:
    """The tables below write `u` and `p` for these two parameters, and `$x` for a variable of a lambda."""
    text = re.sub(r"(?<=[( ])([up])(?=[,)])", r"parameters('\1')", text)
    return parse("[" + re.sub(r"\$(\w+)", r"lambdaVariables('\1')", text) + "]")


def value(text: str) -> object:
    return plain(evaluate(read(text), Names()))


def called(expression: Expression) -> set[str]:
    if isinstance(expression, Call):
        return {expression.name.lower()}.union(*(called(argument) for argument in expression.arguments))
    if isinstance(expression, Property):
        return called(expression.base)
    return called(expression.base) | called(expression.index) if isinstance(expression, Index) else set()


def shape(data: object) -> object:
    """Data for comparison: `...` for what is unknown, a string in pieces as a list."""
    if isinstance(data, Unknown):
        return ...
    if isinstance(data, Partial):
        return tuple(... if isinstance(part, Unknown) else part for part in data.parts)
    if isinstance(data, list):
        return [shape(item) for item in data]
    if isinstance(data, dict):
        return {("open " if isinstance(name, OpenKey) else "") + name: shape(item) for name, item in data.items()}
    return data


KNOWN: list[tuple[str, object]] = [
    # strings
    ("base64('one, two, three')", "b25lLCB0d28sIHRocmVl"),
    ("base64('é')", "w6k="),
    ("base64ToString('b25lLCB0d28s\n IHRocmVl')", "one, two, three"),
    ('base64ToJson(base64(\'{"one": "a"}\')).one', "a"),
    ("dataUri('Hello')", "data:text/plain;charset=utf8;base64,SGVsbG8="),
    ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"),
    ("endsWith('abcdef', 'EF')", True),
    ("endsWith('abcdef', 'e')", False),
    ("startsWith('abcdef', 'AB')", True),
    ("startsWith('a', 'ab')", False),
    (
        "format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)",
        "Hello, User. Formatted number: 8,175,133",
    ),
    (
        "format('{{{0}}} {0,4}|{0,-4}|{1:D4} {1:000} {1:N2} {2}{3}', 'ab', 7, true(), null())",
        "{ab}   ab|ab  |0007 007 7.00 True",
    ),
    ("join(createArray('a', 1, 'c'), '-')", "a-1-c"),
    ("join(createArray(), '-')", ""),
    ("padLeft('123', 10, '0')", "0000000123"),
    ("padLeft(12, 4)", "  12"),
    ("padLeft('1234', 2, '0')", "1234"),
    ("replace('123-123-1234', '-', '')", "1231231234"),
    ("replace('aXbxc', 'x', '--')", "aXb--c"),
    ("split('one,two;three', createArray(',', ';'))", ["one", "two", "three"]),
    ("split('a, b', ', ')", ["a", "b"]),
    ("split('', ',')", [""]),
    ("string(5)", "5"),
    ("string(true())", "True"),
    (
        "string(createObject('valueA', 10, 'b', createArray('x', null(), false())))",
        '{"valueA":10,"b":["x",null,false]}',
    ),
    ("substring('one two three', 4, 3)", "two"),
    ("substring('abc', 3)", ""),
    ("substring('abc')", "abc"),
    ("toLower('One ÀSS')", "one àss"),
    ("toUpper('One ß')", "ONE ß"),
    ("trim('\t  a b \u00a0')", "a b"),
    ("uri('http://contoso.org/firstpath', 'myscript.sh')", "http://contoso.org/myscript.sh"),
    ("uri('http://contoso.org/firstpath/', 'myscript.sh')", "http://contoso.org/firstpath/myscript.sh"),
    ("uri('http://contoso.org/firstpath/azuredeploy.json', 'a/b.sh')", "http://contoso.org/firstpath/a/b.sh"),
    ("uri('http://contoso.org', 'myscript.sh')", "http://contoso.org/myscript.sh"),
    ("uri('http://contoso.org/a/b/', '/c.sh')", "http://contoso.org/c.sh"),
    ("uriComponent('http://contoso.com/a b')", "http%3A%2F%2Fcontoso.com%2Fa%20b"),
    ("uriComponentToString('http%3A%2F%2Fcontoso.com%2Fa%20b')", "http://contoso.com/a b"),
    ("json('{\"a\": [1, 2.5, true, null]}')", {"a": [1, 2.5, True, None]}),
    ("json('null')", None),
    # arrays and objects
    ("array('efgh')", ["efgh"]),
    ("array(createArray(1))", [1]),
    ("array(createObject('a', 'b'))", [{"a": "b"}]),
    ("coalesce(null(), null(), 'a', 'b')", "a"),
    ("coalesce(null())", None),
    ("coalesce('', 'b')", ""),
    ("concat('prefix', '-', 5)", "prefix-5"),
    ("concat(createArray(1, 2), createArray(3))", [1, 2, 3]),
    ("concat()", ""),
    ("contains('OneTwoThree', 'e')", True),
    ("contains('OneTwoThree', 'one')", False),
    ("contains(parameters('object'), 'TWO')", True),
    ("contains(parameters('object'), 'a')", False),
    ("contains(createArray('one', createArray(1)), createArray(1))", True),
    ("contains(parameters('list'), 'A')", False),
    ("createArray()", []),
    (
        "createObject('intProp', 1, 'nested', createObject('key1', 'value1'))",
        {"intProp": 1, "nested": {"key1": "value1"}},
    ),
    ("empty('')", True),
    ("empty(createArray(0))", False),
    ("empty(createObject())", True),
    ("empty(null())", True),
    ("first('One')", "O"),
    ("first('')", ""),
    ("first(parameters('list'))", "b"),
    ("first(createArray())", None),
    ("last('One')", "e"),
    ("last(parameters('list'))", "c"),
    ("flatten(createArray(createArray(1, createArray(2)), createArray(3)))", [1, [2], 3]),
    ("indexFromEnd(parameters('list'), 1)", "c"),
    ("indexOf('test', 'T')", 0),
    ("lastIndexOf('test', 'T')", 3),
    ("indexOf('abcdef', 'z')", -1),
    ("indexOf(createArray('a', 'B', 'b'), 'b')", 2),
    ("lastIndexOf(createArray(1, 2, 1), 1)", 2),
    ("intersection(createArray('one', 'two', 'three'), createArray('three', 'two'))", ["two", "three"]),
    ('intersection(json(\'{"one":"a","two":"b"}\'), json(\'{"one":"a","two":"z"}\'))', {"one": "a"}),
    ("items(createObject('b', 2, 'a', 1))", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("objectKeys(createObject('b', 2, 'a', 1))", ["a", "b"]),
    ("objectKeys(createObject())", []),
    ("length('One Two Three')", 13),
    ("length('\U0001f600')", 2),
    ("length(parameters('object'))", 3),
    ("length(parameters('list'))", 3),
    ("range(5, 3)", [5, 6, 7]),
    ("range(1, 0)", []),
    (
        "shallowMerge(createArray(json('{\"a\":1,\"b\":{\"x\":1}}'), createObject('b', createObject('y', 2))))",
        {"a": 1, "b": {"y": 2}},
    ),
    ("skip('one two three', 4)", "two three"),
    ("skip(parameters('list'), 2)", ["c"]),
    ("skip('abc', -1)", "abc"),
    ("take('one', 2)", "on"),
    ("take('one', 9)", "one"),
    ("take(parameters('list'), 2)", ["b", "a"]),
    ("take('one', -3)", ""),
    ("tryGet(parameters('object'), 'ONE')", "a"),
    ("tryGet(parameters('object'), 'four')", None),
    ("tryGet(parameters('object'), 'four', 'five', 'six')", None),
    ("tryGet(parameters('object'), 'three', 'x')", 1),
    ("tryGet(parameters('list'), 9)", None),
    ("tryGet(null(), 'x')", None),
    ("tryGet(createObject('l', parameters('list')), 'l', createObject('value', 1, 'fromEnd', true()))", "c"),
    ("tryIndexFromEnd(parameters('list'), 3)", "b"),
    ("tryIndexFromEnd(parameters('list'), 4)", None),
    ("union(parameters('list'), createArray('a', 'd'))", ["b", "a", "c", "d"]),
    (
        'union(json(\'{"property":{"one":"a","three":"c1"},"nestedArray":[1,2]}\'),'
        ' json(\'{"property":{"three":"c2","four":"d"},"nestedArray":[3,4]}\'))',
        {"property": {"one": "a", "three": "c2", "four": "d"}, "nestedArray": [3, 4]},
    ),
    (
        "union(createArray('a', 'A', createArray(1), createObject('x', null())), createArray(createArray(1), 'a'))",
        ["a", "A", [1], {"x": None}],
    ),
    # lambdas
    ("filter(range(0, 10), lambda('i', equals(0, mod($i, 2))))", [0, 2, 4, 6, 8]),
    ("filter(parameters('list'), lambda('item', 'i', greater($i, 1)))", ["c"]),
    ("map(createArray('x', 'y'), lambda('n', format('Hello {0}!', $N)))", ["Hello x!", "Hello y!"]),
    ("map(createArray(5, 6), lambda('n', 'i', mul($n, $i)))", [0, 6]),
    ("mapValues(createObject('a', 1, 'b', 2), lambda('v', add($v, 1)))", {"a": 2, "b": 3}),
    ("reduce(range(1, 4), 1, lambda('cur', 'next', add($cur, $next)))", 11),
    (
        "reduce(createArray('a', 'b'), '', lambda('c', 'n', 'i', concat($c, $n, $i)))",
        "a0b1",
    ),
    ("sort(parameters('list'), lambda('a', 'b', less($a, $b)))", ["a", "b", "c"]),
    (
        "toObject(createArray('a', 'b'), lambda('e', $e), lambda('e', toUpper($e)))",
        {"a": "A", "b": "B"},
    ),
    ("toObject(createArray('a'), lambda('e', concat('k', $e)))", {"ka": "a"}),
    (
        "groupBy(createArray('ab', 'cd', 'ae'), lambda('e', first($e)))",
        {"a": ["ab", "ae"], "c": ["cd"]},
    ),
    (
        "groupBy(createArray('ab'), lambda('e', first($e)), lambda('e', length($e)))",
        {"a": [2]},
    ),
    # numbers and truth
    ("add(5, 3)", 8),
    ("sub(5, 8)", -3),
    ("mul(5, 3)", 15),
    ("div(8, 3)", 2),
    ("div(-8, 3)", -2),
    ("mod(7, 3)", 1),
    ("mod(-7, 3)", -1),
    ("max(0, 3, createArray(5, 4))", 5),
    ("min(createArray(6, 3, 2))", 2),
    ("int('4')", 4),
    ("int(4)", 4),
    ("int(' -7 ')", -7),
    ("float('3.5')", 3.5),
    ("bool('True')", True),
    ("bool(0)", False),
    ("and(true(), not(false()))", True),
    ("and(true(), false(), true())", False),
    ("or(false(), true())", True),
    ("or(false(), false())", False),
    ("equals('a', 'A')", False),
    ("equals(createObject('a', createArray(1)), createObject('a', createArray(1)))", True),
    ("equals(createArray(1), createArray(1, 2))", False),
    ("equals(null(), null())", True),
    ("equals('', null())", False),
    ("equals(1, 'a')", False),
    ("if(equals('a', 'a'), 'yes', 'no')", "yes"),
    ("greater('A', 'a')", True),
    ("less('A', 'a')", False),
    ("greaterOrEquals(2, 2)", True),
    ("lessOrEquals('abc', 'ABD')", True),
    ("less('10', '9')", True),
    # dates and address ranges
    ("dateTimeAdd('2024-02-01 00:00:00Z', 'P1M', 'u')", "2024-03-02 00:00:00Z"),
    ("dateTimeAdd('20200407T145314Z', '-P9DT1H', 'yyyy-MM-dd HH:mm')", "2020-03-29 13:53"),
    ("dateTimeToEpoch('2023-05-02T15:16:13Z')", 1683040573),
    ("dateTimeFromEpoch(1683040573)", "2023-05-02T15:16:13Z"),
    ("cidrHost('10.144.3.0/24', 4)", "10.144.3.5"),
    ("cidrHost('fdad:3236:5555:3000::/52', 0)", "fdad:3236:5555:3000::1"),
    ("cidrSubnet('10.144.0.0/20', 24, 4)", "10.144.4.0/24"),
    ("cidrSubnet('fdad:3236:5555::/48', 52, 1)", "fdad:3236:5555:1000::/52"),
    (
        "parseCidr('10.144.0.0/20')",
        {
            "network": "10.144.0.0",
            "netmask": "255.255.240.0",
            "broadcast": "10.144.15.255",
            "firstUsable": "10.144.0.1",
            "lastUsable": "10.144.15.254",
            "cidr": 20,
        },
    ),
    # the template itself, and resource IDs with all they need
    ("parameters('flag')", True),
    ("variables('FLAG')", True),
    ("copyIndex()", 3),
    ("copyIndex('loop', 2)", 5),
    ("copyIndex(1)", 4),
    (
        "resourceId('s', 'g', 'Microsoft.Compute/galleries/images', 'x', 'y')",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/x/images/y",
    ),
    ("subscriptionResourceId('s', 'Microsoft.A/b', 'c')", "/subscriptions/s/providers/Microsoft.A/b/c"),
    ("tenantResourceId('Microsoft.A/b', 'c')", "/providers/Microsoft.A/b/c"),
    ("extensionResourceId('/subscriptions/s', 'Microsoft.A/b', 'c')", "/subscriptions/s/providers/Microsoft.A/b/c"),
    (
        "managementGroupResourceId('m', 'Microsoft.A/b', 'c')",
        "/providers/Microsoft.Management/managementGroups/m/providers/Microsoft.A/b/c",
    ),
]


@pytest.mark.parametrize(("text", "expected"), KNOWN)
def test_known_arguments_give_a_known_result(text: str, expected: object) -> None:
    result = value(text)
    assert result == expected
    assert type(result) is type(expected)


# `...` is what is unknown of the result.
UNKNOWN = [
    ("base64(u)", ...),
    ("base64ToString(p)", ...),
    ("base64ToJson(u)", ...),
    ("buildUri(u)", ...),
    ("buildUri(createObject('scheme', 'https', 'host', 'a.b', 'path', u))", ("https://a.b", ...)),
    ("dataUri(u)", ...),
    ("dataUriToString(u)", ...),
    ("parseUri(u)", ...),
    ("parseUri('https://a.b/c')", {"scheme": "https", "host": "a.b", "port": ..., "path": ..., "query": ...}),
    ("endsWith(u, 'a')", ...),
    ("endsWith(p, 'Z')", True),
    ("endsWith(p, 'x')", False),
    ("endsWith(p, 'xyz')", ...),
    ("endsWith(u, p)", ...),
    ("endsWith('z', p)", False),
    ("startsWith(p, 'A')", True),
    ("startsWith(p, 'b')", False),
    ("startsWith(p, 'abc')", ...),
    ("startsWith('x', p)", False),
    ("startsWith(u, '')", ...),
    ("format('{0}-{1}', 'a', u)", ("a-", ...)),
    ("format('{0}{1,5}{2:N0}', p, u, u)", ("ab", ..., "yz", ..., ...)),
    ("format(u, 'a')", ...),
    ("guid('a', u)", ...),
    ("uniqueString('a')", ...),
    ("join(createArray('a', u), '-')", ("a-", ...)),
    ("join(u, '-')", ...),
    ("join(createArray('a', true()), '')", ("a", ...)),
    ("json(u)", ...),
    ("json('{''a'': 1}')", ...),
    ("padLeft(p, 9, ' ')", ...),
    ("replace(p, 'b', 'cc')", ("acc", ..., "yz")),
    ("replace(p, 'by', '')", ...),
    ("replace(p, 'ya', '-')", ("ab", ..., "yz")),
    ("replace(concat('ab', u), 'bc', '-')", ...),
    ("replace(concat(u, 'yz'), 'xy', '-')", ...),
    ("replace('a-b', '-', u)", ("a", ..., "b")),
    ("replace('ab', '-', u)", "ab"),
    ("replace('ab', u, 'x')", ...),
    ("split(p, ',')", ...),
    ("string(u)", ...),
    ("string(p)", ("ab", ..., "yz")),
    ("string(createArray(u))", ...),
    ("substring(p, 0, 2)", "ab"),
    ("substring(p, 1)", ("b", ..., "yz")),
    ("substring(p, 1, 5)", ...),
    ("toLower(concat('A', u))", ("a", ...)),
    ("toUpper(p)", ("AB", ..., "YZ")),
    ("trim(p)", ("ab", ..., "yz")),
    ("trim(concat(' a ', u))", ("a", ...)),
    ("trim(u)", ...),
    ("uri(u, 'x.sh')", (..., "x.sh")),
    ("uri('https://a.b/', u)", ...),
    ("uriComponent(u)", ...),
    ("uriComponentToString(u)", ...),
    ("array(u)", ...),
    ("coalesce(u, 'a')", ...),
    ("coalesce(null(), p)", ("ab", ..., "yz")),
    ("concat('a', u, 'b')", ("a", ..., "b")),
    ("concat(u, p)", (..., "ab", ..., "yz")),
    ("concat(u)", ...),
    ("concat(createArray(1), u)", ...),
    ("contains(u, 'a')", ...),
    ("contains(p, 'b')", True),
    ("contains(p, 'c')", ...),
    ("contains('xyz', p)", False),
    ("contains(createArray(u, 'a'), 'a')", True),
    ("contains(createArray(u), 'a')", ...),
    ("contains(createArray(p), 'q')", False),
    ("contains(createObject('a', u), 'A')", True),
    ("contains(createObject(p, 1), 'q')", False),
    ("contains(createObject(p, 1), 'ABYZ')", ...),
    ("createArray(u, 1)", [..., 1]),
    ("createObject('a', u)", {"a": ...}),
    ("createObject(p, 1)", {"open ab...yz": 1}),
    ("createObject('abyz', 1, p, 2)", ...),
    ("empty(u)", ...),
    ("empty(p)", False),
    ("first(p)", "a"),
    ("first(concat(u, 'a'))", ...),
    ("last(p)", "z"),
    ("last(u)", ...),
    ("flatten(createArray(createArray(1), u))", ...),
    ("indexFromEnd(u, 1)", ...),
    ("indexOf(p, 'B')", 1),
    ("indexOf(p, 'y')", ...),
    ("indexOf(createArray('a', u), 'a')", 0),
    ("indexOf(createArray(u, 'a'), 'a')", ...),
    ("lastIndexOf(p, 'z')", ...),
    ("lastIndexOf(createArray(u, 'a'), 'a')", 1),
    ("intersection(createArray('a'), u)", ...),
    ("intersection(createObject('a', 1, 'b', u), createObject('a', 1, 'b', 2))", ...),
    ("items(createObject('a', u))", [{"key": "a", "value": ...}]),
    ("items(createObject(p, 1))", ...),
    ("objectKeys(u)", ...),
    ("objectKeys(createObject('a', 1, 'B', 2))", ...),
    ("length(u)", ...),
    ("length(p)", ...),
    ("length(createArray(u))", 1),
    ("range(u, 3)", ...),
    ("shallowMerge(createArray(createObject('a', 1, 'b', 2), createObject('b', u)))", {"a": 1, "b": ...}),
    ("shallowMerge(u)", ...),
    ("skip(p, 1)", ("b", ..., "yz")),
    ("skip(p, 3)", ...),
    ("take(p, 2)", "ab"),
    ("take(p, 3)", ...),
    ("take(createArray(u, 1), 1)", [...]),
    ("tryGet(u, 'a')", ...),
    ("tryGet(createObject('a', u), 'a', 'b')", ...),
    ("tryIndexFromEnd(u, 1)", ...),
    ("union(createArray(u), createArray(1))", ...),
    ("union(createArray(1), createArray('1'))", ...),
    ("union(createArray(p), createArray('x'))", [("ab", ..., "yz"), "x"]),
    ("union(createObject('a', 1), createObject('b', u))", {"a": 1, "b": ...}),
    ("union(createObject('a', u), createObject('a', createObject('x', 1)))", {"a": ...}),
    ("union(createObject('a', createObject('x', 1)), createObject('a', u))", {"a": ...}),
    ("union(createObject('a', u), createObject('a', 1))", {"a": 1}),
    ("union(createObject(p, createObject()), createObject('x', 1))", {"open ab...yz": {}, "x": 1}),
    ("union(createObject('abyz', 1), createObject(p, 2))", ...),
    ("union(createObject('a', 1), createObject('a', null()))", {"a": ...}),
    ("filter(createArray(1), lambda('x', u))", ...),
    ("filter(u, lambda('x', true()))", ...),
    ("map(createArray(1, u), lambda('x', $x))", [1, ...]),
    ("mapValues(createObject('a', u), lambda('x', createArray($x)))", {"a": [...]}),
    ("reduce(u, 1, lambda('a', 'b', 1))", ...),
    ("sort(createArray(1, u), lambda('a', 'b', less($a, $b)))", ...),
    ("toObject(createArray(1), lambda('x', u))", ...),
    ("groupBy(createArray(1), lambda('x', p))", ...),
    ("add(1, u)", ...),
    ("sub(u, 1)", ...),
    ("mul(0, u)", ...),
    ("div(u, 2)", ...),
    ("mod(u, 2)", ...),
    ("max(1, u)", ...),
    ("min(createArray(1, u))", ...),
    ("int(u)", ...),
    ("float(u)", ...),
    ("bool(u)", ...),
    ("and(u, false())", False),
    ("and(true(), u)", ...),
    ("or(u, true())", True),
    ("or(false(), u)", ...),
    ("not(u)", ...),
    ("equals(u, 'a')", ...),
    ("equals(p, 'ab12yz')", ...),
    ("equals(p, 'ab12')", False),
    ("equals(p, 'aby')", False),
    ("equals(p, concat('b', u))", False),
    ("equals(p, createArray())", False),
    ("equals(createArray(u, 1), createArray(1, 2))", False),
    ("equals(true(), 'true')", ...),
    ("equals(createObject('a', 1), createObject('A', 1))", ...),
    ("if(u, 'a', 'a')", "a"),
    ("if(u, 'a', 'b')", ...),
    ("if(u, createArray(), createArray())", ...),
    ("greater(u, 1)", ...),
    ("greaterOrEquals(p, 'a')", ...),
    ("less('a-b', 'a.b')", ...),
    ("lessOrEquals(1, u)", ...),
    ("createArray(null(), true(), u)", [None, True, ...]),
    ("dateTimeAdd('2024-02-01 00:00:00Z', 'P1M')", ...),
    ("dateTimeAdd(u, 'P1M', 'u')", ...),
    ("dateTimeFromEpoch(u)", ...),
    ("dateTimeToEpoch(u)", ...),
    ("cidrHost(u, 1)", ...),
    ("cidrSubnet('10.0.0.0/16', u, 1)", ...),
    ("parseCidr(u)", ...),
    ("variables(u)", ...),
    ("copyIndex(u)", ...),
    (
        "resourceId('Microsoft.Compute/galleries/images', 'g', u)",
        ("/subscriptions/", ..., "/resourceGroups/", ..., "/providers/Microsoft.Compute/galleries/g/images/", ...),
    ),
    (
        "resourceId('rg', 'Microsoft.A/b', 'c')",
        ("/subscriptions/", ..., "/resourceGroups/rg/providers/Microsoft.A/b/c"),
    ),
    (
        "resourceId(u, u, 'Microsoft.A/b', 'c')",
        ("/subscriptions/", ..., "/resourceGroups/", ..., "/providers/Microsoft.A/b/c"),
    ),
    ("resourceId(u, 'c')", ...),
    ("subscriptionResourceId('Microsoft.A/b', 'c')", ("/subscriptions/", ..., "/providers/Microsoft.A/b/c")),
    ("tenantResourceId('Microsoft.A/b', u)", ("/providers/Microsoft.A/b/", ...)),
    ("extensionResourceId(u, 'Microsoft.A/b', 'c')", (..., "/providers/Microsoft.A/b/c")),
    (
        "managementGroupResourceId('Microsoft.A/b', 'c')",
        ("/providers/Microsoft.Management/managementGroups/", ..., "/providers/Microsoft.A/b/c"),
    ),
    *((f"{name}()", ...) for name in ("deployer", "deployment", "environment", "managementGroup", "resourceGroup")),
    *((f"{name}()", ...) for name in ("subscription", "tenant", "newGuid", "utcNow")),
    ("resourceGroup().location", ...),
    ("environment().suffixes.storage", ...),
    ("reference('x').a[0]", ...),
    ("listKeys('x', '2020-01-01').keys[0].value", ...),
    ("listAnythingElse('x', '2020-01-01')", ...),
]


@pytest.mark.parametrize(("text", "expected"), UNKNOWN)
def test_what_is_unknown_stays_unknown_and_only_that(text: str, expected: object) -> None:
    assert shape(value(text)) == expected


# What ARM rejects for certain, with the words that say so.
REJECTED = [
    ("concat('a', createArray())", "`concat()` joins strings or arrays, not both"),
    ("toLower(createArray())", "`toLower()` needs a string here, not an array"),
    ("add('one', 1)", "`add()` needs an integer here, not a string"),
    ("length(1, 2)", "`length()` takes 1 argument, not 2"),
    ("equals('a')", "`equals()` takes 2 arguments, not 1"),
    ("substring()", "`substring()` takes 1 to 3 arguments, not 0"),
    ("union(createArray())", "`union()` takes at least 2 arguments, not 1"),
    ("true(1)", "`true()` takes no arguments, not 1"),
    ("substring('1234567890', 0, 11)", "`substring()` asks for characters 0 to 11 of a string of 10"),
    ("substring('abc', 0, -1)", "the length of `substring()` is -1, below zero"),
    ("int('abc')", "`int()` cannot turn `abc` into an integer"),
    ("float('abc')", "`float()` cannot turn `abc` into a number"),
    ("bool('maybe')", "`bool()` cannot turn `maybe` into true or false"),
    ("div(1, 0)", "`div()` divides by zero"),
    ("mod(parameters('u'), 0)", "`mod()` divides by zero"),
    ("range(0, 10001)", "`range()` makes 0 to 10,000 numbers, not 10001"),
    ("range(2147483647, 1)", "`range()` would go beyond 2147483647"),
    ("createObject('a')", "`createObject()` needs a value for each name, but has an odd number of arguments"),
    ("createObject(1, 2)", "the name of a member in `createObject()` is a string, not an integer"),
    ("indexFromEnd(parameters('list'), 4)", "`indexFromEnd()` asks for element 4 from the end of 3"),
    ("union(createArray(), createObject())", "`union()` needs arrays or objects, not both"),
    ("intersection('a', 'b')", "`intersection()` needs arrays or objects, not a string"),
    ("flatten(createArray(1))", "`flatten()` needs an array here, not an integer"),
    ("items('a')", "`items()` needs an object here, not a string"),
    ("skip(createObject(), 1)", "`skip()` needs a string or an array, not an object"),
    ("format('{1}', 'a')", "`format()` uses `{1}`, but the last value is number 0"),
    ("format('a } b')", "`format()` reads a single `}` as broken; write `}}`"),
    ("padLeft('a', 5, '00')", "`padLeft()` pads with one character, not with `00`"),
    ("base64ToString('%')", "`base64ToString()` needs base64, which `%` is not"),
    ("cidrSubnet('10.0.0.0/16', 8, 0)", "`cidrSubnet()` cannot cut /8 out of `10.0.0.0/16`"),
    ("cidrSubnet('10.0.0.0/24', 25, 2)", "`cidrSubnet()` asks for subnet 2 of `10.0.0.0/24`, which holds 2 of /25"),
    ("cidrHost('10.0.0.0/30', 2)", "`cidrHost()` asks for address 2 of `10.0.0.0/30`, which has fewer"),
    ("parseCidr('10.0.0.300/16')", "`parseCidr()` needs an address range such as `10.0.0.0/16`, not `10.0.0.300/16`"),
    (
        "dateTimeAdd('2024-01-01T00:00:00Z', '1D')",
        "`dateTimeAdd()` needs a duration such as `P1D` or `-PT2H`, not `1D`",
    ),
    ("dateTimeToEpoch('today')", "`dateTimeToEpoch()` needs a time such as `2026-01-31T12:00:00Z`, not `today`"),
    ("fail('no way')", "the template stops itself with `fail()`: no way"),
    ("not(createArray())", "`not()` needs true or false, not an array"),
    (
        "resourceId('Microsoft.Compute/galleries/images', 'g')",
        "`resourceId()` needs 2 names for the type `Microsoft.Compute/galleries/images`, not 1",
    ),
    (
        "tenantResourceId('Microsoft.A/b', 'c', 'd')",
        "`tenantResourceId()` needs 1 name for the type `Microsoft.A/b`, not 2",
    ),
    ("map(createArray(), 'x')", "`map()` needs a `lambda()` here, not a string"),
    ("map(createArray(), lambda('a', 'b', 'c', 1))", "the `lambda()` of `map()` has 3 variables instead of 1 or 2"),
    ("sort(createArray(), lambda('a', 1))", "the `lambda()` of `sort()` has 1 variables instead of 2"),
]


@pytest.mark.parametrize(("text", "message"), REJECTED)
def test_what_arm_rejects_is_said(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(text)
    assert caught.value.message == message
    assert (caught.value.start, caught.value.end) == (1, len(text) + 1)


# Not rejected, because no documentation says that ARM does.
@pytest.mark.parametrize(
    "text",
    [
        "int('5.0')",
        "bool('1')",
        "add('1', 2)",
        "json('{a: 1}')",
        'json(\'{"a": 1, "A": 2}\')',
        "json('[NaN]')",
        "replace('a', '', 'b')",
        "split('a', '')",
        "indexOf('a', '')",
        "equals(1, float('1'))",
        "concat('a', null())",
        "parseCidr('10.0.0.5/16')",
        "parseCidr('10.0.0.0/32')",
        "parseCidr('10.0.0.0/255.0.0.0')",
        "tryGet(createObject('a', createObject()), 'a', 'b')",
        "sort(createArray('a', 'A'), lambda('x', 'y', false()))",
        "createObject('a', 1, 'A', 2)",
        "substring('\U0001f600', 0, 1)",
        "mul(9223372036854775807, 2)",
        "uriComponent('a(b)')",
        "base64(json('\"\\ud800\"'))",
        "uri('https://A.b/', 'x y')",
        "dateTimeAdd('2024-01-01T00:00:00Z', 'P1W', 'u')",
        "dateTimeAdd('2024-01-01T00:00:00Z', 'P1D', 'd MMMM')",
        "dateTimeAdd('9999-12-31T00:00:00Z', 'P9999Y', 'u')",
    ],
)
def test_what_is_not_documented_is_unknown(text: str) -> None:
    result = value(text)
    assert isinstance(result, (Unknown, Partial))


@pytest.mark.parametrize(
    "text",
    [
        f"padLeft('a', {LONGEST_STRING + 1})",
        f"format('{{0,{LONGEST_STRING * 5}}}', 'a')",
        "format('" + "{0}" * 5000 + f"', padLeft('', {LONGEST_STRING}, 'a'))",
        f"replace(padLeft('', {LONGEST_STRING}, 'a'), 'a', 'bb')",
        f"concat(padLeft('', {LONGEST_STRING}), 'a')",
        f"base64(padLeft('', {LONGEST_STRING}))",
        f"split(padLeft('', {LONGEST_STRING}, ','), ',')",
        f"join(split(padLeft('', 9000, ','), ','), padLeft('', {LONGEST_STRING}))",
        "concat(range(0, 10000), range(0, 1))",
        "json('" + "[" * 5000 + "]" * 5000 + "')",
        "string(map(range(0, 10000), lambda('x', padLeft('', 100000))))",
    ],
)
def test_what_would_be_huge_is_not_computed(text: str) -> None:
    assert isinstance(value(text), Unknown)


def test_every_documented_function_is_listed() -> None:
    if not os.path.exists(FACTS):
        pytest.skip("the folder `shared` with the list of functions is not beside the checkout")
    with open(FACTS, encoding="utf-8") as file:
        documented = json.load(file)
    assert {function.name for function in FUNCTIONS.values()} == set(documented)
    for name, fact in documented.items():
        function = FUNCTIONS[name.lower()]
        count = WIDER.get(name, (fact["min"], fact["max"]))
        if name.startswith("list") and count == (2, 2):
            count = (2, 3)  # template-functions-resource#list: functionValues may follow
        assert (function.minimum, function.maximum) == count, name
        assert function.offline == (fact["class"] == "offline"), name


def test_every_function_is_tried_with_known_and_with_unknown_arguments() -> None:
    known = set[str]().union(*(called(read(text)) for text, _ in KNOWN))
    unknown = set[str]().union(*(called(read(text)) for text, _ in UNKNOWN))
    never_known = {"builduri", "parseuri", "fail"} | {name for name, one in FUNCTIONS.items() if one.reason}
    # Those that ask Azure are all done by the same line.
    asks_azure = {name for name, one in FUNCTIONS.items() if one.reason.endswith("asks Azure")}
    assert set(FUNCTIONS) - known == never_known
    assert set(FUNCTIONS) - unknown <= asks_azure | {"fail", "false"}


def test_a_reason_completes_the_sentence() -> None:
    for function in FUNCTIONS.values():
        if function.reason:
            assert function.reason.startswith(f"`{function.name}()` ")
            assert not function.reason.endswith(".")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Partial(("a", Unknown(""), "b", Unknown(""), "c")), "a-b-c", None),
        (Partial(("a", Unknown(""), "b", Unknown(""), "c")), "abc", None),
        (Partial(("a", Unknown(""), "b", Unknown(""), "c")), "ac", False),
        (Partial(("aa", Unknown(""), "aa")), "aaa", False),
        (Partial((Unknown(""), "x", Unknown(""))), "no", False),
        ({"a": 1, "b": None}, {"a": 1}, None),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": Unknown("")}, {"a": 1}, None),
        (2, 2.0, None),
        (2, True, False),
        (1, True, None),
        (10**30, "1", False),
        (Partial(("1", Unknown(""))), 12, None),
    ],
)
def test_equality_has_three_answers(one: object, other: object, expected: bool | None) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


def test_heavy_modules_wait_until_they_are_used() -> None:
    code = "import sys, aiblint.arm.evaluate; print(*sys.modules)"
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    loaded = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert "aiblint.arm.functions" in loaded.split()
    assert not {"datetime", "ipaddress", "base64", "urllib.parse", "json", "difflib"} & set(loaded.split())
