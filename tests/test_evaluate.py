"""What expressions come to: provenance, branches, scopes, user functions, limits; and that unknown is never wrong."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiblint.arm.evaluate import EvaluationError, ScopeError, UserFunction, evaluate
from aiblint.arm.expression import ExpressionError, parse
from aiblint.arm.functions import FUNCTIONS
from aiblint.arm.functions.data import same
from aiblint.source.document import Document, Node
from aiblint.value import MISSING, OpenKey, Partial, Unknown, Value, plain

DOCUMENT = Document("template.json", "")


def node(kind: str = "string", data: object = "", key: str | None = None) -> Node:
    name = Node("string", 0, 0, key, None, None, DOCUMENT) if key is not None else None
    return Node(kind, 0, 0, data, name, None, DOCUMENT)


def written(data: object) -> Value:
    """Data as a template holds it: a Value, each with a place of its own, all the way down."""
    if isinstance(data, dict):
        return Value({name: written(member) for name, member in data.items()}, node("object", []))
    if isinstance(data, list):
        return Value([written(item) for item in data], node("array", []))
    return Value(data, node(data=data))


class Names:
    """Parameters and variables from one dictionary, and the user function `my.wrap`."""

    def __init__(self, functions: dict[str, UserFunction] | None = None, **values: object) -> None:
        self.budget = 100_000
        self.functions = functions or {}
        self.values = {name.lower(): value for name, value in values.items()}

    def parameter(self, name: str) -> object:
        if name.lower() not in self.values:
            raise ScopeError(f"there is no parameter `{name}`")
        return self.values[name.lower()]

    def variable(self, name: str) -> object:
        if name.lower() not in self.values:
            raise ScopeError(f"there is no variable `{name}`")
        return self.values[name.lower()]

    def user_function(self, namespace: str, name: str) -> UserFunction | None:
        return self.functions.get(f"{namespace}.{name}".lower())

    def copy_index(self, name: str | None, offset: int) -> int | Unknown:
        if name not in (None, "loop"):
            raise ScopeError(f"there is no copy loop `{name}` around this")
        return 2 + offset

    def names(self, section: str) -> list[str]:
        return list(self.values)


def value(text: str, scope: Names | None = None) -> object:
    return plain(evaluate(parse(text), scope or Names()))


def fault(text: str, scope: Names | None = None) -> tuple[str, str]:
    """What is said of a fault, and the characters that show it."""
    with pytest.raises(EvaluationError) as caught:
        evaluate(parse(text), scope or Names())
    return caught.value.message, text[caught.value.start : caught.value.end]


# -- provenance --------------------------------------------------------------------------------------------------------

SETTINGS = written({"list": ["first", "second"], "inner": {"deep": "x"}, "nothing": None})


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[parameters('s')]", ()),
        ("[PARAMETERS('S')]", ()),
        ("[variables('s').inner.DEEP]", ("inner", "deep")),
        ("[parameters('s')['list'][1]]", ("list", 1)),
        ("[if(equals(1, 1), parameters('s').list, 'x')]", ("list",)),
        ("[if(false(), 'x', parameters('s'))]", ()),
        ("[coalesce(parameters('s').nothing, parameters('s').inner)]", ("inner",)),
        ("[first(parameters('s').list)]", ("list", 0)),
        ("[last(parameters('s').list)]", ("list", 1)),
        ("[tryGet(parameters('s'), 'inner', 'deep')]", ("inner", "deep")),
        ("[createArray(1, parameters('s'))[1].inner]", ("inner",)),
        ("[union(createObject('a', 1), parameters('s')).list]", ("list",)),
        ("[filter(parameters('s').list, lambda('x', equals(lambdaVariables('x'), 'second')))[0]]", ("list", 1)),
        ("[concat(parameters('s').list, createArray(1))[0]]", ("list", 0)),
        ("[items(parameters('s'))[0].value.deep]", ("inner", "deep")),
        ("[shallowMerge(createArray(parameters('s'))).inner]", ("inner",)),
    ],
)
def test_what_is_only_picked_keeps_its_place(text: str, path: tuple[str | int, ...]) -> None:
    expected: object = SETTINGS
    for step in path:
        assert isinstance(expected, Value)
        expected = expected.data[step]  # type: ignore[index]
    assert evaluate(parse(text), Names(s=SETTINGS)) is expected


def test_what_is_computed_is_data() -> None:
    result = evaluate(parse("[concat(parameters('s').inner.deep, 'y')]"), Names(s=SETTINGS))
    assert result == "xy"
    assert not isinstance(result, Value)


# -- branches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[if(true(), 1, div(1, 0))]", 1),
        ("[if(false(), parameters('none'), 2)]", 2),
        ("[and(false(), div(1, 0))]", False),
        ("[or(true(), div(1, 0))]", True),
        ("[coalesce('a', div(1, 0))]", "a"),
        ("[and(parameters('u'), div(1, 0), false())]", False),
    ],
)
def test_a_fault_that_is_never_reached_is_none(text: str, expected: object) -> None:
    assert value(text, Names(u=Unknown("u"))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[if(parameters('u'), 1, div(1, 0))]",
        "[if(parameters('u'), parameters('none').x, 1)]",
        "[and(parameters('u'), createArray())]",
    ],
)
def test_a_fault_that_may_not_be_reached_is_none(text: str) -> None:
    assert isinstance(value(text, Names(u=Unknown("u"))), Unknown)


@pytest.mark.parametrize(
    "text",
    [
        "[if(div(1, 0), 1, 2)]",
        "[if(true(), div(1, 0), 2)]",
        "[and(true(), div(1, 0))]",
        "[and(div(1, 0), false())]",
        "[coalesce(null(), div(1, 0))]",
    ],
)
def test_a_fault_that_is_reached_is_one(text: str) -> None:
    assert fault(text) == ("`div()` divides by zero", "div(1, 0)")


# -- faults ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "shown"),
    [
        ("[conact('a')]", "there is no function `conact`, did you mean `concat`", "conact"),
        ("[zzzzzz()]", "there is no function `zzzzzz`", "zzzzzz"),
        ("[parameters('settins')]", "there is no parameter `settins`, did you mean `settings`", "'settins'"),
        ("[variables('nope')]", "there is no variable `nope`", "'nope'"),
        ("[parameters(1)]", "`parameters()` needs a name, not an integer", "1"),
        (
            "[parameters('settings').innr]",
            "`innr` is not a member of `parameters('settings')`, did you mean `inner`",
            "innr",
        ),
        ("[parameters('settings')['x y']]", "`x y` is not a member of `parameters('settings')`", "'x y'"),
        (
            "[parameters('settings').list[2]]",
            "there is no element 2: `parameters('settings').list` has 2 elements",
            "2",
        ),
        ("[createArray()[0]]", "there is no element 0: `createArray()` has no elements", "0"),
        ("[createArray(1)[-1]]", "there is no element -1: `createArray(1)` has 1 element", "-1"),
        (
            "[parameters('settings').inner.deep.more]",
            "`parameters('settings').inner.deep` is a string and has no member `more`",
            "more",
        ),
        (
            "[parameters('settings').list.count]",
            "`parameters('settings').list` is an array and has no member `count`",
            "count",
        ),
        ("[null().a]", "`null()` is null and has no member `a`", "a"),
        ("[my.nope(1)]", "the template defines no function `my.nope()`", "my.nope(1)"),
        ("[if(createArray(), 1, 2)]", "the condition of `if()` is an array", "createArray()"),
        ("[or(createObject(), true())]", "`or()` needs true or false here, not an object", "createObject()"),
        ("[copyIndex('other')]", "there is no copy loop `other` around this", "copyIndex('other')"),
        ("[lambdaVariables('x')]", "no `lambda()` around this has a variable `x`", "'x'"),
        (
            "[map(range(0, 1), lambda('item', lambdaVariables('itme')))]",
            "no `lambda()` around this has a variable `itme`, did you mean `item`",
            "'itme'",
        ),
        ("[map(range(0, 1), lambda(1, 2))]", "a variable of `lambda()` is a name in quotes", "1"),
        ("[map(range(0, 1), lambda('a'))]", "`lambda()` takes at least 2 arguments, not 1", "lambda('a')"),
    ],
)
def test_faults(text: str, message: str, shown: str) -> None:
    assert fault(text, Names(settings=SETTINGS)) == (message, shown)


@pytest.mark.parametrize("text", ["[concat(lambda('a', 1))]", "[lambda('a', 1)]", "[if(true(), lambda('a', 1), 2)]"])
def test_a_lambda_stands_only_where_it_may(text: str) -> None:
    assert fault(text)[0].startswith("`lambda()` can only be an argument of `filter()`, ")


def test_a_scope_error_about_a_known_name_offers_no_other() -> None:
    class Circular(Names):
        def variable(self, name: str) -> object:
            raise ScopeError(f"variable `{name}` needs its own value")

    assert fault("[variables('abc')]", Circular(abc=1, abd=2))[0] == "variable `abc` needs its own value"


@pytest.mark.parametrize(
    "text",
    [
        "[parameters('u').a.b[0]]",
        "[parameters('s').inner[parameters('u')]]",
        "[parameters('s').list[parameters('u')]]",
        "[concat('a', parameters('u')).length]",
        "[parameters(parameters('u'))]",
        "[variables(concat('x', parameters('u')))]",
        "[copyIndex(parameters('u'))]",
        "[createObject(concat('a', parameters('u')), 1).abc]",
    ],
)
def test_what_is_read_from_or_with_something_unknown_is_unknown(text: str) -> None:
    assert isinstance(value(text, Names(u=Unknown("u"), s=SETTINGS)), Unknown)


def test_an_open_name_does_not_hide_that_a_member_is_missing() -> None:
    text = "[createObject(concat('ab', parameters('u')), 1).xyz]"
    assert fault(text, Names(u=Unknown("u")))[1] == "xyz"


def test_what_is_missing_is_null() -> None:
    assert value("[coalesce(parameters('m'), 'x')]", Names(m=Value(MISSING, node()))) == "x"


# -- functions of the template -----------------------------------------------------------------------------------------


def test_a_user_function_sees_its_own_parameters_only() -> None:
    output = node("object", [node(data="[concat(parameters('A'), '!')]", key="x"), node("number", 7, key="y")])
    shout = UserFunction(("a",), output)
    scope = Names({"my.shout": shout}, outside="o")
    assert value("[my.shout(variables('outside'))]", scope) == {"x": "o!", "y": 7}
    assert fault("[my.shout()]", scope) == ("`my.shout()` takes 1 argument, not 0", "my.shout()")
    peek = UserFunction(("a",), node(data="[parameters('outside')]"))
    message = "in `my.peek()`: the function has no parameter `outside`"
    assert fault("[concat(my.peek(1))]", Names({"my.peek": peek}, outside="o")) == (message, "my.peek(1)")


def test_a_user_function_may_call_another_but_not_itself_for_ever() -> None:
    double = UserFunction(("a",), node(data="[concat(parameters('a'), parameters('a'))]"))
    twice = UserFunction(("b",), node(data="[my.double(my.double(parameters('b')))]"))
    loop = UserFunction((), node(data="[my.loop()]"))
    scope = Names({"my.double": double, "my.twice": twice, "my.loop": loop})
    assert value("[my.twice('x')]", scope) == "xxxx"
    assert isinstance(value("[my.loop()]", scope), Unknown)


def test_a_broken_user_function_is_the_fault_of_the_call() -> None:
    scope = Names({"my.bad": UserFunction((), node(data="[concat(]"))})
    message, shown = fault("[my.bad()]", scope)
    assert message.startswith("in `my.bad()`: the expression has no closing `)`")
    assert shown == "my.bad()"


def test_the_output_of_a_user_function_knows_where_it_is_written() -> None:
    output = node(data="[[literal]")
    result = evaluate(parse("[my.f()]"), Names({"my.f": UserFunction((), output)}))
    assert isinstance(result, Value)
    assert (result.data, result.node) == ("[literal]", output)


# -- limits ------------------------------------------------------------------------------------------------------------


def test_each_call_is_paid_for() -> None:
    scope = Names()
    scope.budget = 5
    assert value("[add(add(1, 1), add(1, 1))]", scope) == 4
    assert scope.budget == 2
    assert isinstance(value("[add(add(1, 1), add(1, 1))]", scope), Unknown)


@pytest.mark.parametrize(
    "text",
    [
        "[reduce(range(0, 10000), 1, lambda('c', 'n', createArray(lambdaVariables('c'), lambdaVariables('c'))))]",
        "[map(range(0, 10000), lambda('a', map(range(0, 10000), lambda('b', 1))))]",
        "[map(range(0, 10000), lambda('a', range(0, 10000)))]",
        "[map(range(0, 10000), lambda('a', padLeft('', 1000000)))]",
        "[reduce(range(0, 10000), 'ab', lambda('c', 'n', concat(lambdaVariables('c'), lambdaVariables('c'))))]",
    ],
)
def test_a_short_text_cannot_ask_for_everything(text: str) -> None:
    assert isinstance(value(text), Unknown)


def test_nesting_without_end_is_cut_off() -> None:
    text = "[reduce(range(0, 5000), 1, lambda('c', 'n', createArray(lambdaVariables('c'))))]"
    assert not is_known(value(text))


def test_a_huge_value_of_the_template_is_not_walked_through() -> None:
    item: object = "x"
    for _ in range(40):
        item = Value([item, item], node("array", []))
    assert isinstance(value("[parameters('bomb')]", Names(bomb=item)), Unknown)
    assert isinstance(value("[equals(parameters('bomb'), parameters('bomb'))]", Names(bomb=item)), Unknown)


def test_a_long_chain_of_variables_is_unknown_not_a_crash() -> None:
    class Chain(Names):
        def variable(self, name: str) -> object:
            return evaluate(parse(f"[variables('{name}x')]"), self)

    assert isinstance(value("[variables('v')]", Chain()), Unknown)


# -- unknown is never wrong --------------------------------------------------------------------------------------------

CONCRETE: list[object] = [
    *("a", "", "ab,c", "Microsoft.A/b", "b a", 0, 5, True, False, None),
    *([], [1, "a"], [[1]], {}, {"a": 1}, {"A": "ab", "b": [1]}),
]
# Expressions by what they make, Strings, Numbers, Truth, Arrays, Objects; `<S>` is a place for one that makes a string.
LEAVES = {
    "S": """
        parameters('x') ; parameters('y') ; 'a' ; '' ; 'ab,c' ; 'b' ; ',' ; concat('a', parameters('x')) ;
        concat(parameters('x'), 'c') ; concat('a', parameters('x'), 'b') ; parameters('x').a ; parameters('x')[0]
    """,
    "N": "parameters('x') ; parameters('y') ; 0 ; 1 ; 2 ; 5 ; -1",
    "T": "parameters('x') ; true() ; false()",
    "A": "parameters('x') ; parameters('y') ; createArray() ; createArray(1, 'a') ; createArray(parameters('x'), 'b')",
    "O": """
        parameters('x') ; createObject() ; createObject('a', 1, 'b', 'x') ; createObject('a', parameters('x')) ;
        createObject(concat('a', parameters('x')), 'x') ; createObject('b', 'x', parameters('x'), 'x')
    """,
}
CALLS = {
    "S": """
        concat(<S>, <S>) ; concat(<S>, <N>) ; format('{0}-{1,3}', <S>, <N>) ; format(<S>, <S>) ; join(<A>, <S>) ;
        padLeft(<S>, <N>, 'a') ; replace(<S>, <S>, <S>) ; string(<S>) ; string(<A>) ; string(<O>) ;
        substring(<S>, <N>) ; substring(<S>, <N>, <N>) ; toLower(<S>) ; toUpper(<S>) ; trim(concat(<S>,' ',<S>)) ;
        trim(<S>) ; skip(<S>, <N>) ; take(<S>, <N>) ; first(<S>) ; last(<S>) ; first(<A>) ; last(<A>) ;
        uri('https://a.b/c/', <S>) ; uri(<S>, 'a.sh') ; uriComponent(<S>) ; uriComponentToString(<S>) ;
        base64(<S>) ; base64ToString(base64(<S>)) ; dataUri(<S>) ; dataUriToString(dataUri(<S>)) ;
        if(<T>, <S>, <S>) ; coalesce(<S>, <S>) ; tryGet(<O>, <S>) ; tryGet(<A>, <N>) ; tryIndexFromEnd(<A>, <N>) ;
        createArray(<S>, <S>)[<N>] ; createObject('a', <S>).a ; createObject(<S>, <S>).a ; split(<S>, ',')[<N>] ;
        json('"a"') ; base64ToJson('e30=').a ; parseUri('https://a.b').host ;
        buildUri(createObject('scheme', 'https', 'host', <S>)) ; resourceId('s', <S>, 'A.B/c', <S>) ;
        resourceId(<S>, 'A.B/c', <S>) ; subscriptionResourceId(<S>, 'A.B/c', <S>) ;
        tenantResourceId('A.B/c', <S>) ; extensionResourceId(<S>, 'A.B/c', <S>) ;
        managementGroupResourceId(<S>, 'A.B/c', <S>) ; cidrHost('10.0.0.0/24', <N>) ;
        cidrSubnet('10.0.0.0/16', 24, <N>) ; parseCidr('10.0.0.0/16').network ;
        dateTimeAdd('2026-01-01T00:00:00Z', 'P1D', <S>) ; dateTimeFromEpoch(<N>)
    """,
    "N": """
        add(<N>, <N>) ; sub(<N>, <N>) ; mul(<N>, <N>) ; div(<N>, <N>) ; mod(<N>, <N>) ; max(<N>, <N>) ; min(<A>) ;
        min(<N>, <A>) ; int(<N>) ; int(string(<N>)) ; float(<N>) ; length(<S>) ; length(<A>) ; length(<O>) ;
        indexOf(<S>, <S>) ; lastIndexOf(<S>, <S>) ; indexOf(<A>, <S>) ; lastIndexOf(<A>, <N>) ;
        if(<T>, <N>, <N>) ; coalesce(null(), <N>) ; indexFromEnd(<A>, <N>) ;
        reduce(<A>, <N>, lambda('c', 'n', add(lambdaVariables('c'), <N>))) ;
        dateTimeToEpoch('2026-01-01T00:00:00Z')
    """,
    "T": """
        contains(<S>, <S>) ; contains(<A>, <S>) ; contains(<A>, <N>) ; contains(<O>, <S>) ; empty(<S>) ;
        empty(<A>) ; empty(<O>) ; startsWith(<S>, <S>) ; endsWith(<S>, <S>) ; equals(<S>, <S>) ;
        equals(<A>, <A>) ; equals(<O>, <O>) ; equals(<N>, <S>) ; and(<T>, <T>) ; or(<T>, <T>) ; not(<T>) ;
        bool(<S>) ; bool(<N>) ; greater(<N>, <N>) ; greaterOrEquals(<S>, <S>) ; less(<N>, <N>) ;
        lessOrEquals(<N>, <N>) ; if(<T>, <T>, <T>)
    """,
    "A": """
        array(<S>) ; array(<A>) ; createArray(<S>, <N>) ; concat(<A>, <A>) ; skip(<A>, <N>) ; take(<A>, <N>) ;
        flatten(createArray(<A>, <A>)) ; union(<A>, <A>) ; intersection(<A>, <A>) ; split(<S>, <S>) ;
        split(<S>, createArray(',', <S>)) ; range(<N>, 2) ; items(<O>) ; objectKeys(<O>) ;
        filter(<A>, lambda('i', equals(lambdaVariables('i'), <S>))) ; filter(<A>, lambda('i', <T>)) ;
        map(<A>, lambda('i', concat(lambdaVariables('i'), <S>))) ; sort(<A>, lambda('i', 'j', <T>)) ;
        sort(createArray(<N>, <N>), lambda('i', 'j', less(lambdaVariables('i'), lambdaVariables('j')))) ;
        if(<T>, <A>, <A>)
    """,
    "O": """
        createObject(<S>, <S>) ; createObject('a', <S>, <S>, <N>) ; union(<O>, <O>) ; intersection(<O>, <O>) ;
        shallowMerge(createArray(<O>, <O>)) ; json('{"a": 1}') ;
        mapValues(<O>, lambda('v', concat(lambdaVariables('v'), <S>))) ;
        toObject(<A>, lambda('i', concat('k', lambdaVariables('i')))) ;
        toObject(<A>, lambda('i', <S>), lambda('i', <N>)) ; groupBy(<A>, lambda('i', <S>)) ; if(<T>, <O>, <O>)
    """,
}


def listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(";")]


@st.composite
def expressions(draw: st.DrawFn, kind: str = "", depth: int = 2) -> str:
    """An expression, mostly of the kind that its place asks for."""
    kind = kind if kind and draw(st.integers(0, 19)) else draw(st.sampled_from("SNTAO"))
    text = draw(st.sampled_from(listed(CALLS[kind]) * (depth > 0) + listed(LEAVES[kind]) * (depth < 2)))
    return re.sub("<([SNTAO])>", lambda place: draw(expressions(place[1], depth - 1)), text)


EXPRESSIONS = expressions().map(lambda inner: f"[{inner}]")


def test_the_expressions_below_use_every_function() -> None:
    used = set(re.findall(r"(\w+)\(", " ".join([*CALLS.values(), *LEAVES.values()])))
    never = {"copyindex", "fail", "variables"} | {name for name, function in FUNCTIONS.items() if function.reason}
    assert {name.lower() for name in used} == set(FUNCTIONS) - never


def outcome(text: str, x: object, y: object) -> object:
    """The plain result, or the error."""
    try:
        return plain(evaluate(parse(text), Names(x=x, y=y)))
    except EvaluationError as error:
        return error


def agrees(general: object, special: object) -> bool:
    """Whether a result that was reached with less knowledge leaves room for one that was reached with more."""
    if isinstance(general, Unknown) or isinstance(special, Unknown):
        return True
    if isinstance(special, EvaluationError):
        return True
    if isinstance(general, Partial) or isinstance(special, Partial):
        return same(general, special) is not False
    if isinstance(general, list) and isinstance(special, list):
        return len(general) == len(special) and all(map(agrees, general, special))
    if isinstance(general, dict) and isinstance(special, dict):
        named = {name: item for name, item in general.items() if not isinstance(name, OpenKey)}
        certain = all(name in special and agrees(item, special[name]) for name, item in named.items())
        closed = len(named) == len(general) and not any(isinstance(name, OpenKey) for name in special)
        return certain and (not closed or len(named) == len(special))
    return type(general) is type(special) and general == special


def is_known(data: object) -> bool:
    if isinstance(data, dict):
        return not any(isinstance(name, OpenKey) for name in data) and all(map(is_known, data.values()))
    return all(map(is_known, data)) if isinstance(data, list) else not isinstance(data, (Unknown, Partial))


def contradicts(text: str, x: object, special: list[object], y: object) -> str:
    """What a result for the less known `x` denies of the result for a special case of it; nothing if all is well."""
    general = outcome(text, x, y)
    if isinstance(general, Unknown):
        return ""
    for one in special:
        result = outcome(text, written(one), y)
        if isinstance(general, EvaluationError):
            fits = isinstance(result, EvaluationError) or not is_known(result)
        else:
            fits = agrees(general, result)
        if not fits:
            return f"{text} gives {general!r}, but {result!r} for {one!r}"
    return ""


PART = Partial(("a", Unknown("x"), "b"))
WHOLES: list[object] = ["ab", "a,b", "aab", "a/b", "aXb"]


@pytest.mark.parametrize("call", [call for kind in CALLS.values() for call in listed(kind)])
def test_knowing_more_never_changes_what_a_call_gave(call: str) -> None:
    places = [listed(LEAVES[kind]) for kind in re.findall("<([SNTAO])>", call)]
    for leaves in itertools.product(*places):
        filling = iter(leaves)
        text = "[" + re.sub("<[SNTAO]>", lambda _, filling=filling: next(filling), call) + "]"  # type: ignore[misc]
        if "parameters('x')" in text:
            assert not contradicts(text, Unknown("x"), CONCRETE, "a")
            assert not contradicts(text, PART, WHOLES, "a")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS, st.sampled_from(CONCRETE))
def test_knowing_more_never_changes_what_was_known(text: str, y: object) -> None:
    assert not contradicts(text, Unknown("x"), CONCRETE, y)
    assert not contradicts(text, PART, WHOLES, y)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, st.data())
def test_a_damaged_expression_is_read_or_refused(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(text) - 1))
    length = data.draw(st.integers(0, 5))
    damaged = text[:place] + data.draw(st.text(max_size=3)) + text[min(place + length, len(text) - 1) :]
    try:
        expression = parse(damaged)
    except ExpressionError:
        return
    try:
        result = evaluate(expression, Names(x=Unknown("x"), y="y"))
    except EvaluationError as error:
        result = error.message
    assert not isinstance(result, BaseException)
