"""Deployment templates: parameters, variables, copy loops, conditions and nested deployments.

Everything is evaluated once, when it is looked at, with what is unknown left unknown. The rules are those of
learn.microsoft.com/azure/azure-resource-manager/templates (syntax, copy-resources, copy-properties, linked-templates).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aiblint import placeholder
from aiblint.arm.evaluate import EvaluationError, ScopeError, UserFunction, evaluate
from aiblint.arm.expression import ExpressionError, is_expression, parse, unescape
from aiblint.source.document import Fault, Span
from aiblint.value import OpenKey, Partial, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.source.document import Document, Node

# More iterations than this say nothing new about one image template, and a hostile count must not cost minutes.
ITERATIONS = 40
NESTING = 8


class Resource(NamedTuple):
    """A resource of the deployment, not yet resolved: its full type in lower case, its node, what it can refer to."""

    type: str
    node: Node
    scope: Scope

    @property
    def value(self) -> Value:
        """The resource with every expression evaluated."""
        return resolve(self.node, self.scope)


class Deployment(NamedTuple):
    """What a deployment template deploys: its resources, those of nested deployments included, in order."""

    document: Document
    resources: tuple[Resource, ...]

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types (in lower case)."""
        return (resource for resource in self.resources if resource.type in types)


class Scope:
    """What expressions can refer to: the parameters, variables and user functions of one (nested) template.

    `given` holds parameter values from outside by lower-case name. `faults` collects what is wrong with expressions,
    for the whole document. The budget is shared by all scopes of a document, so that no template can cost minutes.
    """

    __slots__ = ("_busy", "_known", "copies", "faults", "given", "spent", "template")

    def __init__(self, template: Node | None, given: dict[str, Value], faults: dict[Span, Fault], spent: list[int]) -> None:
        self.template = template
        self.given = given
        self.faults = faults
        self.spent = spent
        self.copies: tuple[tuple[str, int], ...] = ()
        self._known: dict[tuple[str, str], Value] = {}
        self._busy: set[tuple[str, str]] = set()

    def within_copy(self, name: str, index: int) -> Scope:
        """The same scope inside one iteration of a copy loop; the innermost loop stands last."""
        inner = Scope(self.template, self.given, self.faults, self.spent)
        inner.copies = (*self.copies, (name, index))
        inner._known = self._known
        return inner

    # -- what `aiblint.arm.evaluate` asks for ------------------------------------------------------------------------

    @property
    def budget(self) -> int:
        """How many more calls may be evaluated."""
        return self.spent[0]

    @budget.setter
    def budget(self, left: int) -> None:
        self.spent[0] = left

    def names(self, section: str) -> list[str]:
        """The names declared in a section (`parameters`, `variables`), as written."""
        declared = self.template.member(section) if self.template is not None else None
        names = [str(child.key.value) for child in declared.children if child.key] if declared is not None else []
        if section == "variables" and declared is not None:
            names += [str(loop.member("name").value) for loop in _loops(declared) if loop.member("name")]  # type: ignore[union-attr]
        return names

    def parameter(self, name: str) -> Value:
        """The value of a parameter: given, its default, or unknown.

        Raises ScopeError for a parameter that the template does not declare, or whose default needs itself.
        """
        return self._once("parameters", name, self._parameter)

    def variable(self, name: str) -> Value:
        """The value of a variable. Raises ScopeError as `parameter` does."""
        return self._once("variables", name, self._variable)

    def user_function(self, namespace: str, name: str) -> UserFunction | None:
        """A function that the template itself defines."""
        functions = self.template.member("functions") if self.template is not None else None
        for space in functions.children if functions is not None else []:
            named = space.member("namespace")
            members = space.member("members")
            if named is None or members is None or str(named.value).lower() != namespace.lower():
                continue
            function = members.member(name)
            output = function.member("output") if function is not None else None
            value = output.member("value") if output is not None else None
            if function is None or value is None:
                return None
            declared = function.member("parameters")
            names = [p.member("name") for p in declared.children] if declared is not None else []
            return UserFunction(tuple(str(n.value) for n in names if n is not None), value)
        return None

    def copy_index(self, name: str | None, offset: int) -> int | Unknown:
        """The counter of a copy loop, of the innermost one without a name."""
        for loop, index in reversed(self.copies):
            if name is None or loop.lower() == name.lower():
                return index + offset
        return Unknown("`copyIndex()` counts a loop that is not known here")

    # ----------------------------------------------------------------------------------------------------------------

    def _once(self, section: str, name: str, compute: object) -> Value:
        key = (section, name.lower())
        if key not in self._known:
            if key in self._busy:
                raise ScopeError(f"{section[:-1]} `{name}` needs its own value")
            self._busy.add(key)
            try:
                self._known[key] = compute(name)  # type: ignore[operator]
            finally:
                self._busy.discard(key)
        return self._known[key]

    def _declared(self, section: str, name: str) -> Node | None:
        declared = self.template.member(section) if self.template is not None else None
        return declared.member(name) if declared is not None else None

    def _parameter(self, name: str) -> Value:
        declared = self._declared("parameters", name)
        if declared is None:
            raise ScopeError(f"there is no parameter `{name}`")
        kind = declared.member("type")
        if kind is not None and str(kind.value).lower() in ("securestring", "secureobject"):
            # What is secret is never looked at, so no report can show it.
            return Value(Unknown(f"parameter `{name}` is secure"), declared)
        given = self.given.get(name.lower())
        if given is not None:
            return _as_declared(given, kind)
        default = declared.member("defaultValue")
        if default is not None:
            return resolve(default, self)
        allowed = declared.member("allowedValues")
        if allowed is not None and len(allowed.children) == 1:
            return resolve(allowed.children[0], self)
        return Value(Unknown(f"parameter `{name}` has no value"), declared)

    def _variable(self, name: str) -> Value:
        declared = self._declared("variables", name)
        if declared is not None and name.lower() != "copy":
            return resolve(declared, self)
        variables = self.template.member("variables") if self.template is not None else None
        for loop in _loops(variables):
            named = loop.member("name")
            if named is not None and str(named.value).lower() == name.lower():
                return _repeat(loop, self)
        raise ScopeError(f"there is no variable `{name}`")


# -- resolving ---------------------------------------------------------------------------------------------------------


def literal(node: Node) -> Value:
    """A value of a file in which strings are only strings: a bare resource, a request body, a parameter file."""
    return resolve(node, None)


def resolve(node: Node, scope: Scope | None) -> Value:
    """The value of a node, its expressions evaluated in `scope`; faults of expressions are left in `scope.faults`."""
    if node.kind == "string":
        return _string(node, scope)
    if node.kind == "array":
        return Value([resolve(child, scope) for child in node.children], node)
    if node.kind == "object":
        return _object(node, scope)
    if node.kind == "broken":
        return Value(Unknown("it is not filled in"), node)
    return Value(node.value, node)


def _object(node: Node, scope: Scope | None) -> Value:
    members: dict[str, Value] = {}
    for child in node.children:
        if child.key is None:
            continue
        name = str(child.key.value)
        if scope is not None:
            if name == "copy" and child.kind == "array":
                for loop in _loops(node):
                    named = loop.member("name")
                    if named is not None:
                        members[str(named.value)] = _repeat(loop, scope)
                continue
            if is_expression(name):
                key = _string(child.key, scope)
                if key.text is not None:
                    name = key.text
                else:
                    open_key = OpenKey(name)
                    open_key.data = key.data if isinstance(key.data, (Unknown, Partial)) else Unknown("no name")
                    name = open_key
        members[name] = resolve(child, scope)
    return Value(members, node)


def _string(node: Node, scope: Scope | None) -> Value:
    text = str(node.value)
    if text.startswith("["):
        if scope is not None:
            if is_expression(text):
                return _evaluated(node, text, scope)
            text = unescape(text)
        elif is_unevaluated(node):
            return Value(Unknown("expressions are not evaluated outside a deployment template"), node)
    known = None if placeholder.in_program(node) else _without_placeholders(node, text)
    return Value(text if known is None else known, node)


def is_unevaluated(node: Node) -> bool:
    """Whether a setting outside a deployment template is written as an expression, which nobody will evaluate there."""
    text = str(node.value)
    if not is_expression(text) or placeholder.in_program(node):
        return False
    try:
        parse(text)
    except ExpressionError:
        return False
    return True


def _without_placeholders(node: Node, text: str) -> Unknown | Partial | None:
    """What is known of a string that still has placeholders in it; None when it has none."""
    parts: list[str | Unknown] = []
    end = 0
    for found in placeholder.find(node):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(Unknown(f"`{found[0]}` is not filled in"))
        end = found.end()
    if not parts:
        return None
    if end < len(text):
        parts.append(text[end:])
    return Partial(tuple(parts)) if len(parts) > 1 else parts[0]  # type: ignore[return-value]


def _evaluated(node: Node, text: str, scope: Scope) -> Value:
    try:
        expression = parse(text)
        result = evaluate(expression, scope)
    except (ExpressionError, EvaluationError) as error:
        _blame(node, error.message, error.start, error.end, scope)
        return Value(Unknown("its expression is broken"), node)
    if isinstance(result, Value):
        return Value(result.data, node, result.definition or result.node)
    return Value(result, node, node)


def _as_declared(given: Value, kind: Node | None) -> Value:
    # On a command line `version=1` may be meant for a string; a parameter file has types of its own.
    written = given.node.document
    if written.path == "--parameters" and kind is not None and str(kind.value).lower() == "string":
        return Value(given.data if isinstance(given.data, str) else written.text, given.node)
    return given


def _blame(node: Node, message: str, start: int, end: int, scope: Scope) -> None:
    # A step's command that only looks like an expression is a mistake of its own: `inline-read-as-expression`.
    in_script = node.parent is not None and node.parent.key is not None and node.parent.key.value == "inline"
    span = node.span
    if not in_script and 0 <= start < end <= len(str(node.value)):
        from aiblint.source.strings import offset_in_string  # here: a sound template never needs it

        span = Span(offset_in_string(node, start), offset_in_string(node, end), node.document)
    scope.faults.setdefault(span, Fault("inline-expression" if in_script else "expression", span, message))


def _loops(holder: Node | None) -> list[Node]:
    copy = holder.member("copy") if holder is not None else None
    return copy.children if copy is not None and copy.kind == "array" else []


def _count(loop: Node, scope: Scope) -> int | None:
    count = loop.member("count")
    return resolve(count, scope).number if count is not None else None


def _repeat(loop: Node, scope: Scope) -> Value:
    """The array that a copy loop of properties or variables makes."""
    count, name, source = _count(loop, scope), loop.member("name"), loop.member("input")
    if count is None or name is None or source is None or count > ITERATIONS:
        return Value(Unknown("the number of its copies is not known"), loop)
    return Value([resolve(source, scope.within_copy(str(name.value), index)) for index in range(count)], loop)


# -- deployments -------------------------------------------------------------------------------------------------------


def deploy(document: Document, template: Node, given: dict[str, Value], faults: dict[Span, Fault]) -> Deployment:
    """The resources that a deployment template deploys. `given` holds parameter values by lower-case name."""
    scope = Scope(template, given, faults, [100_000])
    return Deployment(document, tuple(_resources(template, scope, "", 0)))


def _resources(template: Node, scope: Scope, parent: str, depth: int) -> Iterator[Resource]:
    declared = template.member("resources")
    for node in declared.children if declared is not None else []:
        if node.kind != "object":
            continue
        existing = node.member("existing")
        if existing is not None and existing.value is True:
            continue
        for inner in _iterations(node, scope):
            condition = node.member("condition")
            if condition is not None and resolve(condition, inner).flag is False:
                continue
            yield from _resource(node, inner, parent, depth)


def _iterations(node: Node, scope: Scope) -> Iterator[Scope]:
    loop = node.member("copy")
    name = loop.member("name") if loop is not None else None
    if loop is None or loop.kind != "object" or name is None:
        yield scope
        return
    count = _count(loop, scope)
    if count is None:
        yield scope
    for index in range(min(count or 0, ITERATIONS)):
        yield scope.within_copy(str(name.value), index)


def _resource(node: Node, scope: Scope, parent: str, depth: int) -> Iterator[Resource]:
    written = node.member("type")
    type_ = (resolve(written, scope).text or "").lower() if written is not None else ""
    if parent:
        type_ = f"{parent}/{type_}"
    yield Resource(type_, node, scope)
    if depth >= NESTING:
        return
    if type_ == "microsoft.resources/deployments":
        yield from _nested(node, scope, depth)
    else:
        yield from _resources(node, scope, type_, depth + 1)


def _nested(node: Node, scope: Scope, depth: int) -> Iterator[Resource]:
    properties = node.member("properties")
    template = properties.member("template") if properties is not None else None
    if properties is None or template is None or template.kind != "object":
        return
    options = properties.member("expressionEvaluationOptions")
    chosen = options.member("scope") if options is not None else None
    version = scope.template.member("languageVersion") if scope.template is not None else None
    # Language version 2.0 evaluates nested templates in their own scope, the older language in the parent's.
    evaluated = str(chosen.value).lower() if chosen is not None else ("inner" if version is not None else "outer")
    if evaluated == "inner":
        given: dict[str, Value] = {}
        arguments = properties.member("parameters")
        for argument in arguments.children if arguments is not None else []:
            value = argument.member("value")
            if argument.key is not None:
                name = str(argument.key.value)
                given[name.lower()] = (
                    resolve(value, scope) if value is not None else Value(Unknown(f"`{name}` is in a key vault"), argument)
                )
        scope = Scope(template, given, scope.faults, scope.spent)
    yield from _resources(template, scope, "", depth + 1)


def find_broken_expressions(document: Document, faults: dict[Span, Fault]) -> None:
    """Add a fault for each expression of the document that ARM could not even read, wherever it stands."""
    scope = Scope(None, {}, faults, [0])
    for node in document.nodes():
        text = node.value
        if node.kind == "string" and is_expression(str(text)):
            try:
                parse(str(text))
            except ExpressionError as error:
                _blame(node, error.message, error.start, error.end, scope)
