"""Deployment templates: parameters, variables, copy loops, conditions and nested deployments.

Everything is evaluated once, when it is looked at, with what is unknown left unknown. The rules are those of
learn.microsoft.com/azure/azure-resource-manager/templates (syntax, copy-resources, copy-properties, linked-templates).
"""

from __future__ import annotations

import re
from itertools import islice

from aiblint import placeholder, secret
from aiblint.arm.evaluate import EvaluationError, ScopeError, UserFunction, evaluate
from aiblint.arm.expression import ExpressionError, is_expression, parse, unescape
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.source.document import Fault, Span
from aiblint.value import MISSING, OpenKey, Partial, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiblint.source.document import Document, Node

# More iterations than this say nothing new about one image template, and a hostile count must not cost minutes.
ITERATIONS = 40
NESTING = 8
# A template may have 800 resources (best-practices, "Template limits").
MOST_RESOURCES = 1000

TOO_LONG = Unknown("the template takes too long to compute")

# What is for people only, and not evaluated (syntax, "Comments and metadata").
_NOTES = ("metadata", "comments")

# Where values of `--parameters NAME=VALUE` come from, as the path of a document; its whole text is the value.
COMMAND_LINE = "--parameters"

# What the values of a type of parameter are; the secure types are never looked at.
TYPES: dict[str, type] = {"string": str, "int": int, "bool": bool, "object": dict, "array": list}
NOT_ITS_TYPE = "it is not of its type"


class Resource:
    """A resource of the deployment: its full type in lower case, its node, what it can refer to.

    `parent` is the resource that it stands in, if any; a nested deployment is none.
    """

    __slots__ = ("_value", "node", "parent", "scope", "type")

    def __init__(self, type_: str, node: Node, scope: Scope, parent: Resource | None) -> None:
        self.type = type_
        self.node = node
        self.scope = scope
        self.parent = parent
        self._value: Value | None = None

    @property
    def value(self) -> Value:
        """The resource with every expression evaluated: always the same value, worked out when it is first needed."""
        if self._value is None:
            affordable = self.scope.spend(self.node)
            self._value = resolve(self.node, self.scope) if affordable else Value(TOO_LONG, self.node)
        return self._value


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

    __slots__ = ("_busy", "_known", "_whole", "copies", "faults", "given", "iteration", "spent", "template")

    def __init__(
        self, template: Node | None, given: dict[str, Value], faults: dict[Span, Fault], spent: list[int]
    ) -> None:
        self.template = template
        self.given = given
        self.faults = faults
        self.spent = spent
        self.copies: dict[str, int] = {}
        self.iteration: int | None = None
        # Parameters and variables stand outside of every loop around a resource: they are worked out there, once.
        self._whole = self
        self._known: dict[tuple[str, str], Value] = {}
        self._busy: set[tuple[str, str]] = set()

    def within_copy(self, name: str, index: int, of_resources: bool) -> Scope:
        """The same scope inside one iteration of a copy loop, of resources or of what is in one of them."""
        inner = Scope(self.template, self.given, self.faults, self.spent)
        inner.copies = {**self.copies, name.lower(): index}
        inner.iteration = index if of_resources else self.iteration
        inner._whole = self._whole
        return inner

    def spend(self, node: Node | None = None) -> bool:
        """Take from the budget what it costs to resolve a node, or to look at one; False if that is more than is left.

        Copies of copies of a large node would take as long as all their text together.
        """
        self.budget -= 1 + (node.end - node.start) // 100 if node is not None else 1
        return self.budget >= 0

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
        return self._whole._once("parameters", name, self._whole._parameter)

    def variable(self, name: str) -> Value:
        """The value of a variable. Raises ScopeError as `parameter` does."""
        return self._whole._once("variables", name, self._whole._variable)

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
        """The counter of a copy loop; without a name of the resource's (template-functions-numeric, "copyIndex")."""
        index = self.iteration if name is None else self.copies.get(name.lower())
        return Unknown("`copyIndex()` counts a loop that is not known here") if index is None else index + offset

    # ----------------------------------------------------------------------------------------------------------------

    def _once(self, section: str, name: str, compute: Callable[[str], Value]) -> Value:
        key = (section, name.lower())
        if key not in self._known:
            if key in self._busy:
                raise ScopeError(f"{section[:-1]} `{name}` needs its own value")
            self._busy.add(key)
            try:
                self._known[key] = compute(name)
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
        kind = self._type(declared)
        if kind in secret.SECURE_TYPES:
            # What is secret is never looked at, so no report can show it.
            return Value(Unknown(f"parameter `{name}` is secure"), declared)
        given = self.given.get(name.lower())
        # ARM takes a null for no value at all (Azure/bicep pull request 11532).
        if given is not None and given.data is not None:
            return _as_declared(given, kind)
        default = declared.member("defaultValue")
        if default is not None:
            return _as_declared(resolve(default, self), kind)
        allowed = declared.member("allowedValues")
        if allowed is not None and len(allowed.children) == 1:
            return resolve(allowed.children[0], self)
        return Value(Unknown(f"parameter `{name}` has no value"), declared)

    def _type(self, declared: Node) -> str:
        """The type of a parameter in lower case, also where a definition tells it; empty where nothing does."""
        for _ in range(NESTING):
            kind, reference = declared.member("type"), declared.member("$ref")
            if kind is not None or reference is None:
                return str(kind.value).lower() if kind is not None else ""
            found = self._declared("definitions", str(reference.value).removeprefix("#/definitions/"))
            if found is None:
                break
            declared = found
        return ""

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
            if name.startswith("["):
                key = _string(child.key, scope)
                if key.text is not None:
                    name = key.text
                else:
                    open_key = OpenKey(name)
                    open_key.data = key.data if isinstance(key.data, (Unknown, Partial)) else Unknown("no name")
                    name = open_key
        members[name] = resolve(child, scope if name.lower() not in _NOTES else None)
    return Value(members, node)


def _string(node: Node, scope: Scope | None) -> Value:
    text = str(node.value)
    if text.startswith("["):
        if scope is not None:
            if is_expression(text):
                return _evaluated(node, text, scope)
            if _is_unclosed(node):
                return Value(Unknown("its expression is broken"), node)
            text = unescape(text)
        elif is_unevaluated(node):
            return Value(Unknown("expressions are not evaluated outside a deployment template"), node)
    known = None if placeholder.in_program(node) else _without_placeholders(node, text)
    return Value(text if known is None else known, node)


def _is_unclosed(node: Node) -> bool:
    """Whether a setting begins as an expression and has lost its last bracket: to ARM it is a text like any other."""
    text = str(node.value)
    return not placeholder.in_program(node) and re.match(r"\[[A-Za-z][\w.]*\([^\]]*$", text) is not None


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


def _as_declared(given: Value, kind: str) -> Value:
    """A value of a parameter; one from the command line, which is only text, as the Azure CLI reads it for the type.

    What is not of the declared type is unknown: `parameter-value` speaks of it, and what uses it is not to blame.
    """
    node = given.node
    if node.document.path == COMMAND_LINE and kind != "string":
        from aiblint.source.reader import read_text  # here: only `--parameters NAME=VALUE` needs it

        text = node.document.text
        if kind == "int":
            number = re.fullmatch(r"\s*[-+]?[0-9]{1,19}\s*", text)
            return Value(int(text) if number else Unknown(NOT_ITS_TYPE), node)
        document = read_text(COMMAND_LINE, text.lower() if kind == "bool" else text)
        if document.root is not None and not document.faults:
            given = Value(literal(document.root).data, node)
    data = given.data
    fits = isinstance(data, TYPES.get(kind, object)) and not (kind == "int" and isinstance(data, bool))
    if fits or data is None or isinstance(data, (Unknown, Partial)):
        return given
    return Value(Unknown(NOT_ITS_TYPE), node)


def _blame(node: Node, message: str, start: int, end: int, scope: Scope) -> None:
    # A step's command that only looks like an expression is a mistake of its own: `inline-read-as-expression`.
    holder = node.parent.key if node.parent is not None and node.key is None else None
    in_script = holder is not None and str(holder.value).lower() == "inline"
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
    copies = []
    for index in range(count):
        if not scope.spend(source):
            return Value(TOO_LONG, loop)
        copies.append(resolve(source, scope.within_copy(str(name.value), index, of_resources=False)))
    return Value(copies, loop)


# -- deployments -------------------------------------------------------------------------------------------------------


def deploy(document: Document, template: Node, given: dict[str, Value], faults: dict[Span, Fault]) -> Deployment:
    """The resources that a deployment template deploys. `given` holds parameter values by lower-case name."""
    scope = Scope(template, given, faults, [100_000])
    return Deployment(document, tuple(islice(_resources(template, scope, None, 0), MOST_RESOURCES)))


def _resources(template: Node, scope: Scope, parent: Resource | None, depth: int) -> Iterator[Resource]:
    declared = template.member("resources")
    for node in declared.children if declared is not None else []:
        if node.kind != "object":
            continue
        existing = node.member("existing")
        if existing is not None and existing.value is True:
            continue
        for inner in _iterations(node, scope):
            if not inner.spend():
                return
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
        yield scope.within_copy(str(name.value), index, of_resources=True)


def _resource(node: Node, scope: Scope, parent: Resource | None, depth: int) -> Iterator[Resource]:
    written = node.member("type")
    type_ = (resolve(written, scope).text or "").lower() if written is not None else ""
    resource = Resource(f"{parent.type}/{type_}" if parent is not None else type_, node, scope, parent)
    yield resource
    if depth >= NESTING:
        return
    if resource.type == "microsoft.resources/deployments":
        yield from _nested(node, scope, depth)
    else:
        yield from _resources(node, scope, resource, depth + 1)


def _nested(node: Node, scope: Scope, depth: int) -> Iterator[Resource]:
    properties = node.member("properties")
    template = properties.member("template") if properties is not None else None
    if properties is None or template is None or template.kind != "object":
        return
    options = properties.member("expressionEvaluationOptions")
    chosen = options.member("scope") if options is not None else None
    version = scope.template.member("languageVersion") if scope.template is not None else None
    # Language version 2.0 evaluates nested templates in their own scope, the older language in the parent's.
    evaluated = str(chosen.value).lower() if chosen is not None else ""
    if evaluated not in ("inner", "outer"):
        evaluated = "inner" if version is not None else "outer"
    if evaluated == "inner":
        scope = Scope(template, _arguments(properties, template, scope), scope.faults, scope.spent)
    yield from _resources(template, scope, None, depth + 1)


def _arguments(properties: Node, template: Node, scope: Scope) -> dict[str, Value]:
    """What a deployment gives to the parameters of the template that is nested in it, by lower-case name."""
    link, written = properties.member("parametersLink"), properties.member("parameters")
    if link is not None:
        arguments = Value(Unknown("they are in another file"), link)
    elif written is not None:
        arguments = resolve(written, scope)
    else:
        return {}
    given: dict[str, Value] = {}
    if arguments.is_unknown:
        declared = template.member("parameters")
        for parameter in declared.children if declared is not None else []:
            given[str(parameter.key.value).lower() if parameter.key is not None else ""] = arguments
    for name, argument in arguments.members:
        value = argument.get("value")
        if value.data is MISSING:
            value = Value(Unknown(f"`{name}` is in a key vault"), argument.node)
        given[name.lower()] = value
    return given


def find_broken_expressions(document: Document, faults: dict[Span, Fault]) -> None:
    """Add a fault for each expression of the document that ARM could not even read, wherever it stands."""
    scope = Scope(None, {}, faults, [0])
    pending = [document.root] if document.root is not None else []
    while pending:
        node = pending.pop()
        if node.key is not None:
            if str(node.key.value).lower() in _NOTES:
                continue
            _read(node.key, scope)
        if node.kind == "string":
            _read(node, scope)
        pending.extend(reversed(node.children))


def _read(node: Node, scope: Scope) -> None:
    text = str(node.value)
    if is_expression(text):
        try:
            parse(text)
        except ExpressionError as error:
            _blame(node, error.message, error.start, error.end, scope)
    elif text.startswith("[") and _is_unclosed(node):
        _blame(node, "this expression has no `]` at its end, so it is taken for a text", 0, len(text), scope)
