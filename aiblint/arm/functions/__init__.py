"""The functions of template expressions: one table, and what evaluates each.

Names and argument counts are those of VS Code's ExpressionMetadata.json (microsoft/vscode-azurearmtools), of Bicep and
of the reference on learn.microsoft.com; where they differ the wider count stands: nothing right may be called wrong.
"""

from __future__ import annotations

from aiblint.arm.functions.data import FunctionError, Lambda, shallow
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiblint.arm.functions import (
        arithmetic,
        containers,
        dates,
        encoding,
        lambdas,
        merging,
        network,
        resources,
        text,
    )
else:

    class _Family:
        """A module of functions, imported when one of them is called: a template uses few."""

        def __init__(self, name):
            self._name = name

        def __getattr__(self, function):
            def call(*arguments):
                module = __import__(f"aiblint.arm.functions.{self._name}", fromlist=[function])
                return getattr(module, function)(*arguments)

            return call

    arithmetic, containers, dates, encoding, lambdas, merging, network, resources, text = map(
        _Family,
        ("arithmetic", "containers", "dates", "encoding", "lambdas", "merging", "network", "resources", "text"),
    )

__all__ = ["FUNCTIONS", "TAKES_LAMBDA", "Function", "FunctionError", "Lambda"]


class Function(NamedTuple):
    """A function of the language: `name` as documented, from `minimum` to `maximum` arguments (None: any number).

    `offline` says that its result follows from the template and its parameter values. `call` takes the arguments,
    each a Value or shallow data, returns one, and raises FunctionError; it is None for what `aiblint.arm.evaluate`
    does itself (no `reason`) and for what nothing here can know (`reason` completes "is not known: ...").
    """

    name: str
    minimum: int
    maximum: int | None
    offline: bool
    call: Callable[..., object] | None
    reason: str = ""


def _known(name: str, minimum: int, maximum: int | None, call: Callable[..., object]) -> Function:
    return Function(name, minimum, maximum, True, call, "")


def _special(name: str, minimum: int, maximum: int | None) -> Function:
    return Function(name, minimum, maximum, True, None, "")


def _hash(name: str) -> Function:
    return Function(name, 1, None, True, None, f"`{name}()` is a hash that only Azure computes")


def _context(name: str) -> Function:
    return Function(name, 0, 0, False, None, f"`{name}()` is known only to the deployment")


def _azure(name: str, minimum: int, maximum: int | None) -> Function:
    return Function(name, minimum, maximum, False, None, f"`{name}()` asks Azure")


def _list(name: str, minimum: int = 2) -> Function:
    # Every `list...` function takes a third argument, `functionValues` (template-functions-resource#list).
    return _azure(name, minimum, 3)


def _fail(message: object) -> object:
    """`fail()`."""
    data = shallow(message)
    raise FunctionError(f"the template stops itself with `fail()`: {data[:200] if isinstance(data, str) else '...'}")


_TABLE = (
    # strings
    _known("base64", 1, 1, encoding.base64),
    _known("base64ToJson", 1, 1, encoding.base64_to_json),
    _known("base64ToString", 1, 1, encoding.base64_to_string),
    _known("buildUri", 1, 1, encoding.build_uri),
    _known("dataUri", 1, 1, encoding.data_uri),
    _known("dataUriToString", 1, 1, encoding.data_uri_to_string),
    _known("endsWith", 2, 2, text.ends_with),
    _known("format", 1, None, text.format_string),
    _hash("guid"),
    _known("join", 2, 2, text.join),
    _known("json", 1, 1, encoding.json_of),
    _known("padLeft", 2, 3, text.pad_left),
    _known("parseUri", 1, 1, encoding.parse_uri),
    _known("replace", 3, 3, text.replace),
    _known("split", 2, 2, text.split),
    _known("startsWith", 2, 2, text.starts_with),
    _known("string", 1, 1, text.string),
    _known("substring", 1, 3, text.substring),
    _known("toLower", 1, 1, text.to_lower),
    _known("toUpper", 1, 1, text.to_upper),
    _known("trim", 1, 1, text.trim),
    _hash("uniqueString"),
    _known("uri", 2, 2, encoding.uri),
    _known("uriComponent", 1, 1, encoding.uri_component),
    _known("uriComponentToString", 1, 1, encoding.uri_component_to_string),
    # arrays and objects
    _known("array", 1, 1, containers.array_of),
    _special("coalesce", 1, None),
    _known("concat", 0, None, containers.concat),
    _known("contains", 2, 2, containers.contains),
    _known("createArray", 0, None, containers.create_array),
    _known("createObject", 0, None, merging.create_object),
    _known("empty", 1, 1, containers.empty),
    _known("first", 1, 1, containers.first),
    _known("flatten", 1, 1, containers.flatten),
    _known("indexFromEnd", 2, 2, containers.index_from_end),
    _known("indexOf", 2, 2, containers.index_of),
    _known("intersection", 2, None, merging.intersection),
    _known("items", 1, 1, containers.items_of),
    _known("last", 1, 1, containers.last),
    _known("lastIndexOf", 2, 2, containers.last_index_of),
    _known("length", 1, 1, containers.length),
    _known("null", 0, 0, lambda: None),
    _known("objectKeys", 1, 1, containers.object_keys),
    _known("range", 2, 2, containers.range_of),
    _known("shallowMerge", 1, 1, merging.shallow_merge),
    _known("skip", 2, 2, containers.skip),
    _known("take", 2, 2, containers.take),
    _known("tryGet", 2, None, containers.try_get),
    _known("tryIndexFromEnd", 2, None, containers.try_index_from_end),
    _known("union", 2, None, merging.union),
    # lambdas
    _known("filter", 2, 2, lambdas.filter_items),
    _known("groupBy", 2, 3, lambdas.group_by),
    _special("lambda", 2, None),
    _special("lambdaVariables", 1, 1),
    _known("map", 2, 2, lambdas.map_items),
    _known("mapValues", 2, 2, lambdas.map_values),
    _known("reduce", 3, 3, lambdas.reduce_items),
    _known("sort", 2, 2, lambdas.sort_items),
    _known("toObject", 2, 3, lambdas.to_object),
    # numbers and truth
    _known("add", 2, 2, arithmetic.add),
    _special("and", 2, None),
    _known("bool", 1, 1, text.bool_of),
    _known("div", 2, 2, arithmetic.div),
    _known("equals", 2, 2, arithmetic.equals),
    _known("false", 0, 0, lambda: False),
    _known("float", 1, 1, text.float_of),
    _known("greater", 2, 2, arithmetic.greater),
    _known("greaterOrEquals", 2, 2, arithmetic.greater_or_equals),
    _special("if", 3, 3),
    _known("int", 1, 1, text.integer_of),
    _known("less", 2, 2, arithmetic.less),
    _known("lessOrEquals", 2, 2, arithmetic.less_or_equals),
    _known("max", 1, None, arithmetic.largest),
    _known("min", 1, None, arithmetic.smallest),
    _known("mod", 2, 2, arithmetic.mod),
    _known("mul", 2, 2, arithmetic.mul),
    _known("not", 1, 1, arithmetic.negate),
    _special("or", 2, None),
    _known("sub", 2, 2, arithmetic.sub),
    _known("true", 0, 0, lambda: True),
    # dates and address ranges
    _known("cidrHost", 2, 2, network.cidr_host),
    _known("cidrSubnet", 3, 3, network.cidr_subnet),
    _known("dateTimeAdd", 2, 3, dates.date_time_add),
    _known("dateTimeFromEpoch", 1, 1, dates.date_time_from_epoch),
    _known("dateTimeToEpoch", 1, 1, dates.date_time_to_epoch),
    _known("parseCidr", 1, 1, network.parse_cidr),
    # the template itself
    _special("copyIndex", 0, 2),
    _special("parameters", 1, 1),
    _special("variables", 1, 1),
    Function("fail", 1, 1, False, _fail),
    # resource IDs: as much as is known of them
    _known("extensionResourceId", 3, None, resources.extension_resource_id),
    Function("managementGroupResourceId", 2, None, False, resources.management_group_resource_id),
    Function("resourceId", 2, None, False, resources.resource_id),
    Function("subscriptionResourceId", 2, None, False, resources.subscription_resource_id),
    _known("tenantResourceId", 2, None, resources.tenant_resource_id),
    # the deployment
    _context("deployer"),
    _context("deployment"),
    _context("environment"),
    _context("managementGroup"),
    _context("resourceGroup"),
    _context("subscription"),
    _context("tenant"),
    Function("newGuid", 0, 0, False, None, "`newGuid()` is another one at each deployment"),
    Function("utcNow", 0, 1, False, None, "`utcNow()` is the time of the deployment"),
    # Azure
    _azure("list", 2, None),
    _list("listAccountSas", 3),
    _list("listAdminKeys"),
    _list("listAuthKeys"),
    _list("listCallbackUrl"),
    _list("listChannelWithKeys"),
    _list("listClusterAdminCredential"),
    _list("listConnectionStrings"),
    _list("listCredential"),
    _list("listCredentials"),
    _list("listKeys"),
    _list("listKeyValue", 3),
    _list("listPackage"),
    _list("listQueryKeys"),
    _list("listSecrets"),
    _list("listServiceSas", 3),
    _list("listSyncFunctionTriggerStatus"),
    _azure("pickZones", 3, 5),
    _azure("providers", 1, 2),
    _azure("reference", 1, 3),
    _azure("references", 1, 2),
    _azure("resourceInfo", 1, 1),
    _azure("toLogicalZone", 3, 3),
    _azure("toLogicalZones", 3, 3),
    _azure("toPhysicalZone", 3, 3),
    _azure("toPhysicalZones", 3, 3),
)

# By lower-case name: ARM ignores the case of function names (template-expressions).
FUNCTIONS: dict[str, Function] = {function.name.lower(): function for function in _TABLE}

# The only functions among whose arguments a `lambda()` may stand (template-functions-lambda, "Limitations").
TAKES_LAMBDA = frozenset(("filter", "groupby", "map", "mapvalues", "reduce", "sort", "toobject"))
