"""The paths of the resource manager that the test bed knows, and what it answers, from the data of an Estate.

The templates are written as in the official examples; `tests/azure/official.py` compares them. Names in ids are
compared in any letter case, as the service does. Bodies of errors are those that the service is known to send
(arm-examples/_errors/OBSERVED.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.azure.estate import Estate


class Reply(NamedTuple):
    """An answer; `raw` is sent in place of the body, if given."""

    status: int
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012  # never changed
    raw: bytes | None = None


class Call(NamedTuple):
    """A question that a route answers: `path` without the slash at its end, `names` what stands for the braces."""

    estate: Estate
    path: str
    names: tuple[str, ...]
    query: dict[str, str]
    body: Any


_MESSAGES = {
    400: ("BadRequest", "The request is not right."),
    401: ("InvalidAuthenticationToken", "The access token is invalid."),
    403: (
        "AuthorizationFailed",
        "The client 'someone@example.com' with object id 'c0ffee00-0000-4000-8000-000000000001' does not have authorization "
        "to perform action '{action}' over scope '/subscriptions/x' or the scope is invalid. If access "
        "was recently granted, please refresh your credentials.",
    ),
    404: (
        "ResourceNotFound",
        "The Resource was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    ),
    409: ("Conflict", "Another operation is in progress."),
    429: ("TooManyRequests", "The server rejected the request because too many requests have been received."),
    500: ("InternalServerError", "Encountered internal server error."),
    503: ("ServerTimeout", "The request timed out."),
}


def _action(path: str) -> str:
    """What reading a path is called: `Microsoft.Compute/images/read`."""
    namespace, *steps = path.rpartition("/providers/")[2].strip("/").split("/")
    if not steps:  # the provider itself
        return "Microsoft.Resources/subscriptions/providers/read"
    return "/".join((namespace, *steps[::2], "read"))


def error(status: int, code: str = "", message: str = "", retry_after: str = "", path: str = "") -> Reply:
    """The official body of an error; that of Compute's throttling is flat (arm-examples/_throttling/THROTTLING.md)."""
    usual = _MESSAGES.get(status, ("Error", "Something is wrong."))
    body: dict[str, Any] = {"code": code or usual[0], "message": message or usual[1].replace("{action}", _action(path))}
    headers = {"Retry-After": retry_after} if retry_after else {}
    if status == 401:
        headers["WWW-Authenticate"] = (
            'Bearer authorization_uri="https://login.microsoftonline.com/common", '
            'error="invalid_token", error_description="Could not validate the token"'
        )
    flat = status == 429 and code == "OperationNotAllowed"
    return Reply(status, body if flat else {"error": body}, headers)


# -- answering ---------------------------------------------------------------------------------------------------------


def route(
    estate: Estate, method: str, path: str, query: dict[str, str], body: Any, url: str = "", storage: str = ""
) -> Reply:
    """What is answered to one request."""
    path = path.rstrip("/")
    if path == "/metadata/endpoints":
        return Reply(200, _metadata(url, storage))
    if login := re.fullmatch(r"/([\w.-]+)/(v2\.0/\.well-known/openid-configuration|oauth2/v2\.0/token)", path):
        return _login(estate, login[1], login[2], url)
    if method not in ("GET", "HEAD", "POST"):
        return error(405, "HttpMethodNotAllowed", f"The method {method} is not allowed.")
    version = query.get("api-version")
    if not version:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        return error(400, "MissingApiVersionParameter", text)
    if not re.fullmatch(r"20\d\d-[01]\d-[0-3]\d(-(preview|privatepreview))?", version):
        return error(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
    for wanted, pattern, answer in _COMPILED:
        match = pattern.fullmatch(path)
        if match and wanted == ("GET" if method == "HEAD" else method):
            return _context(estate, path) or answer(Call(estate, path, match.groups(), query, body))
    kind = re.search(r"/providers/([\w.]+)/(\w+)", path, re.I)
    namespace, name = (kind[1], kind[2]) if kind else ("Microsoft.Resources", path)
    text = f"The resource type '{name}' could not be found in the namespace '{namespace}' for api version '{version}'."
    return error(404, "InvalidResourceType", text)


def _context(estate: Estate, path: str) -> Reply | None:
    """What is wrong with the subscription, the group or the provider that a path leads through."""
    parts = path.split("/")
    if len(parts) < 3 or parts[1].lower() != "subscriptions":
        return None
    if f"/subscriptions/{parts[2]}".lower() not in estate.resources:
        return error(404, "SubscriptionNotFound", f"The subscription '{parts[2]}' could not be found.")
    if len(parts) > 4 and parts[3].lower() == "resourcegroups":
        if "/".join(parts[:5]).lower() not in estate.resources:
            return error(404, "ResourceGroupNotFound", f"Resource group '{parts[4]}' could not be found.")
    elif len(parts) > 5 and parts[3].lower() == "providers":
        offered = estate.resources.get("/".join(parts[:5]).lower())
        if offered is not None and offered["registrationState"] != "Registered":
            return error(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{parts[4]}'. "
                "See https://aka.ms/rps-not-found for how to register subscriptions.",
            )
    return None


def _resource(call: Call) -> Reply:
    """A resource by its id."""
    body = call.estate.resources.get(call.path.lower())
    if body is not None:
        return Reply(200, body)
    match = re.search(r"(?i)/resourceGroups/([^/]+)/providers/([^/]+)/(.+)$", call.path)
    if not match:
        return error(404, "NotFound", "The entity was not found.")
    parts = match[3].split("/")
    kind, names = "/".join(parts[::2]), "/".join(parts[1::2])
    parent = call.path.rsplit("/", 2)[0]
    if len(parts) > 2 and parent.lower() not in call.estate.resources and "default" not in parts:
        text = (
            f"Failed to perform 'read' on resource(s) of type '{kind}', because the parent resource '{parent}' "
            "could not be found."
        )
        return error(404, "ParentResourceNotFound", text)
    text = (
        f"The Resource '{match[2]}/{kind}/{names}' under resource group '{match[1]}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return error(404, "ResourceNotFound", text)


def _group(call: Call) -> Reply:
    return Reply(200, call.estate.resources[call.path.lower()])


def _provider(call: Call) -> Reply:
    body = call.estate.resources.get(call.path.lower())
    namespace = call.names[-1]
    if body is None:
        return error(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    return Reply(200, body)


def _providers(call: Call) -> Reply:
    return Reply(200, {"value": _directly_in(call.estate, call.path)})


def _listed(call: Call) -> Reply:
    return Reply(200, {"value": call.estate.lists.get(call.path.lower(), [])})


def _skus(call: Call) -> Reply:
    rows = call.estate.lists.get(call.path.lower(), [])
    wanted = re.fullmatch(r"location eq '([^']+)'", call.query.get("$filter", ""))
    if wanted:
        rows = [row for row in rows if wanted[1].lower() in (place.lower() for place in row["locations"])]
    elif "$filter" in call.query:
        return error(400, "InvalidFilter", "The filter is not supported: only location.")
    return Reply(200, {"value": rows})


def _inside(call: Call) -> Reply:
    """The children of a resource: `.../versions`."""
    parent = call.path.rpartition("/")[0]
    if "/providers/" in parent and parent.lower() not in call.estate.resources:
        return _resource(call._replace(path=parent))
    return Reply(200, {"value": _directly_in(call.estate, call.path)})


def _directly_in(estate: Estate, path: str) -> list[Any]:
    prefix = f"{path.lower()}/"
    return [body for key, body in estate.resources.items() if key.startswith(prefix) and "/" not in key[len(prefix) :]]


def _gallery_version(call: Call) -> Reply:
    reply = _resource(call)
    if reply.status == 200 and call.query.get("$expand", "").lower() != "replicationstatus":
        kept = {key: value for key, value in reply.body["properties"].items() if key != "replicationStatus"}
        return reply._replace(body={**reply.body, "properties": kept})
    return reply


def _vm_image(call: Call) -> Reply:
    body = call.estate.resources.get(call.path.lower())
    return error(404, "NotFound", "Artifact: VMImage was not found.") if body is None else Reply(200, body)


def _vm_images(call: Call) -> Reply:
    """What is below in the marketplace of a region: publishers, offers, skus or versions; a bare array."""
    prefix = f"{call.path.lower()}/"
    found: dict[str, str] = {}
    for key, body in call.estate.resources.items():
        if key.startswith(prefix):
            name = body["id"][len(prefix) :].split("/")[0]
            found[name] = body["location"]
    if not found and not call.path.lower().endswith("/publishers"):
        return error(404, "NotFound", "Artifact: VMImage was not found.")
    names = sorted(found, reverse=call.query.get("$orderby", "").lower().endswith("desc"))
    names = names[: int(call.query["$top"])] if "$top" in call.query else names
    return Reply(200, [{"id": f"{call.path}/{name}", "name": name, "location": found[name]} for name in names])


def _resources_of_group(call: Call) -> Reply:
    """What is in a group: top-level resources only, in short."""
    group = f"{call.path.rpartition('/')[0]}/providers/".lower()
    rows = [
        {key: body[key] for key in ("id", "name", "type", "location", "tags") if key in body}
        for path, body in call.estate.resources.items()
        if path.startswith(group) and path[len(group) :].count("/") == 2 and not path[len(group) :].startswith(_META)
    ]
    return Reply(200, {"value": rows})


_META = ("microsoft.authorization/", "microsoft.features/")


def _of_type(call: Call) -> Reply:
    """All resources of a type in a subscription or a group."""
    start, _, kind = call.path.lower().rpartition("/providers/")
    rows = [
        body
        for path, body in call.estate.resources.items()
        if path.startswith(f"{start}/") and re.search(rf"/providers/{re.escape(kind)}/[^/]+$", path)
    ]
    return Reply(200, {"value": rows})


# -- who may do what ---------------------------------------------------------------------------------------------------


def _scope(call: Call) -> str:
    return call.path.lower().rpartition("/providers/microsoft.authorization/")[0] or "/"


def _above(estate: Estate, scope: str) -> Iterator[str]:
    """A scope and all scopes above it, in lower case: parents, group, subscription, management groups, the root."""
    at = scope.lower().rstrip("/")
    if at.startswith("/subscriptions/"):
        yield at
        subscription = "/".join(at.split("/")[:3])
        parts = at.split("/")
        for end in range(len(parts) - 1, 2, -1):
            yield "/".join(parts[:end])
        yield from (group.lower() for group in estate.above.get(subscription.rpartition("/")[2], ()))
    elif at:
        yield at
    yield ""


def _within(estate: Estate, rows: list[dict[str, Any]], call: Call, only_above: bool) -> list[dict[str, Any]]:
    """Those that are at a scope or above it, and, unless that is asked for, below it."""
    scope = _scope(call)
    above = set(_above(estate, scope))
    found = []
    for row in rows:
        own = row.get("properties", {}).get("scope") or row["id"].rpartition("/providers/Microsoft.Authorization/")[0]
        own = own.lower().rstrip("/")
        if own in above or (not only_above and own.startswith(f"{scope.rstrip('/')}/")):
            found.append(row)
    return found


def _role_assignments(call: Call) -> Reply:
    """https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest (filters)."""
    clauses = _clauses(call)
    if clauses is None:
        return error(400, "UnsupportedFilter", "The filter is not supported.")
    rows = _within(call.estate, call.estate.role_assignments, call, "atscope()" in clauses)
    for clause in clauses:
        if assigned := re.fullmatch(r"assignedto\('([^']+)'\)", clause):
            rows = [
                row for row in rows if row["properties"]["principalId"].lower() in _everyone(call.estate, assigned[1])
            ]
        elif principal := re.fullmatch(r"principalid eq '?([\w-]+)'?", clause):
            rows = [row for row in rows if row["properties"]["principalId"].lower() == principal[1]]
    return Reply(200, {"value": rows})


def _clauses(call: Call) -> list[str] | None:
    """The parts of a `$filter`; None if one is not known."""
    written = call.query.get("$filter", "").lower().replace("+", " ").strip()
    clauses = [clause.strip() for clause in written.split(" and ")] if written else []
    known = r"atscope\(\)|assignedto\('[^']+'\)|principalid eq '?[\w-]+'?|type eq '\w+'"
    return clauses if all(re.fullmatch(known, clause) for clause in clauses) else None


def _everyone(estate: Estate, principal: str) -> set[str]:
    """A principal and its groups, in lower case."""
    return {principal, *(group.lower() for group in _groups(estate, principal))}


def _groups(estate: Estate, principal: str) -> set[str]:
    return next((groups for name, groups in estate.groups.items() if name.lower() == principal.lower()), set())


def _role_definitions(call: Call) -> Reply:
    subscription = re.match(r"(?i)/subscriptions/[^/]+", call.path)
    prefix = f"{subscription[0].lower() if subscription else ''}/providers/microsoft.authorization/roledefinitions/"
    rows = [body for path, body in call.estate.resources.items() if path.startswith(prefix)]
    clauses = _clauses(call)
    name = re.fullmatch(r"(?i)roleName eq '([^']+)'", call.query.get("$filter", ""))
    if name:
        rows = [row for row in rows if row["properties"]["roleName"].lower() == name[1].lower()]
    elif clauses is None:
        return error(400, "UnsupportedFilter", "The filter is not supported.")
    for clause in clauses or ():
        if kind := re.fullmatch(r"type eq '(\w+)'", clause):
            rows = [row for row in rows if row["properties"]["type"].lower() == kind[1]]
    return Reply(200, {"value": rows})


def _role_definition(call: Call) -> Reply:
    """A role is the same at whatever scope it is asked for."""
    name = call.path.rpartition("/")[2].lower()
    subscription = re.match(r"(?i)/subscriptions/[^/]+", call.path)
    where = subscription[0].lower() if subscription else ""
    body = call.estate.resources.get(f"{where}/providers/microsoft.authorization/roledefinitions/{name}")
    if body is None:
        return error(
            404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist."
        )
    return Reply(200, body)


def _deny_assignments(call: Call) -> Reply:
    clauses = _clauses(call)
    if clauses is None:
        return error(400, "UnsupportedFilter", "The filter is not supported.")
    rows = _within(call.estate, call.estate.deny_assignments, call, "atscope()" in clauses)
    for clause in clauses:
        if named := re.fullmatch(r"(?:assignedto\('([^']+)'\)|principalid eq '?([\w-]+)'?)", clause):
            who = _everyone(call.estate, named[1]) if named[1] else {named[2]}
            rows = [row for row in rows if who & {one["id"].lower() for one in row["properties"]["principals"]}]
    return Reply(200, {"value": rows})


def _permissions(call: Call) -> Reply:
    """What the caller's own assignments allow at a scope: one element for each permission of each role."""
    above = set(_above(call.estate, _scope(call)))
    who = _everyone(call.estate, call.estate.caller.lower())
    value = []
    for assignment in call.estate.role_assignments:
        properties = assignment["properties"]
        if properties["principalId"].lower() in who and properties["scope"].lower().rstrip("/") in above:
            role = call.estate.resources.get(properties["roleDefinitionId"].lower())
            value += role["properties"]["permissions"] if role else []
    return Reply(200, {"value": value})


def _locks(call: Call) -> Reply:
    return Reply(200, {"value": _within(call.estate, call.estate.locks, call, "atscope()" in (_clauses(call) or ()))})


def _policies(call: Call) -> Reply:
    only = "atscope()" in (_clauses(call) or ())
    return Reply(200, {"value": _within(call.estate, call.estate.policy_assignments, call, only)})


def _none(call: Call) -> Reply:
    return Reply(200, {"value": []})


def _restrictions(call: Call) -> Reply:
    """https://learn.microsoft.com/rest/api/policyinsights/policy-restrictions/check-at-resource-group-scope"""
    details = call.body.get("resourceDetails") if isinstance(call.body, dict) else None
    content = details.get("resourceContent") if isinstance(details, dict) else None
    if not isinstance(content, dict):
        return error(400, "InvalidCheckRestrictionsRequest", "The request content is invalid.")
    kind = str(content.get("type", "")).lower()
    evaluations = [
        {
            "policyInfo": {
                "policyDefinitionId": row["definition"],
                "policyAssignmentId": row["assignment"],
            },
            "evaluationResult": "NonCompliant",
            "evaluationDetails": {
                "evaluatedExpressions": [
                    {
                        "result": "True",
                        "expressionKind": "field",
                        "expression": "type",
                        "path": "type",
                        "expressionValue": content.get("type"),
                        "targetValue": row["type"],
                        "operator": "equals",
                    }
                ]
            },
            "effectDetails": {"policyEffect": row["effect"]},
        }
        for row in call.estate.restrictions
        if row["type"].lower() == kind
    ]
    return Reply(200, {"fieldRestrictions": [], "contentEvaluationResult": {"policyEvaluations": evaluations}})


# -- the cloud itself --------------------------------------------------------------------------------------------------


def _metadata(url: str, storage: str) -> dict[str, Any]:
    """What a cloud says of itself (as `az cloud register --endpoint-resource-manager` reads it)."""
    return {
        "portal": url,
        "authentication": {
            "loginEndpoint": url,
            "audiences": ["https://management.core.test/", "https://management.test/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "name": "TestCloud",
        "suffixes": {"storage": storage or "core.test", "keyVaultDns": "vault.test"},
        "resourceManager": url,
    }


def _login(estate: Estate, tenant: str, what: str, url: str) -> Reply:
    """As much of Entra ID as signing in with a secret or an assertion needs."""
    from tests.azure.estate import token

    if what.endswith("token"):
        access = token("https://management.core.test/", estate.caller, tenant)
        return Reply(200, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": access})
    return Reply(
        200,
        {
            "token_endpoint": f"{url}/{tenant}/oauth2/v2.0/token",
            "authorization_endpoint": f"{url}/{tenant}/oauth2/v2.0/authorize",
            "issuer": f"{url}/{tenant}/v2.0",
        },
    )


# -- the paths ---------------------------------------------------------------------------------------------------------

_IN_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_COMPUTE = "/subscriptions/{subscriptionId}/providers/Microsoft.Compute"
_IMAGES = f"{_COMPUTE}/locations/{{location}}/publishers"
_OFFERS = f"{_IMAGES}/{{publisherName}}/artifacttypes/vmimage/offers"
_GALLERY = f"{_IN_GROUP}/providers/Microsoft.Compute/galleries/{{galleryName}}"
_NETWORK = f"{_IN_GROUP}/providers/Microsoft.Network"
_TEMPLATES = f"{_IN_GROUP}/providers/Microsoft.VirtualMachineImages/imageTemplates"
_ORDERING = "/subscriptions/{subscriptionId}/providers/Microsoft.MarketplaceOrdering"

# More exact ones first.
ROUTES: tuple[tuple[str, str, Callable[[Call], Reply]], ...] = (
    ("POST", "/{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions", _restrictions),
    ("GET", "/{scope}/providers/Microsoft.Authorization/roleAssignments", _role_assignments),
    ("GET", "/{scope}/providers/Microsoft.Authorization/roleDefinitions", _role_definitions),
    ("GET", "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}", _role_definition),
    ("GET", "/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}", _role_definition),
    ("GET", "/{scope}/providers/Microsoft.Authorization/denyAssignments", _deny_assignments),
    ("GET", "/{scope}/providers/Microsoft.Authorization/permissions", _permissions),
    ("GET", "/{scope}/providers/Microsoft.Authorization/locks", _locks),
    ("GET", "/{scope}/providers/Microsoft.Authorization/policyAssignments", _policies),
    ("GET", "/{scope}/providers/Microsoft.Authorization/policyAssignments/{policyAssignmentName}", _resource),
    ("GET", "/{scope}/providers/Microsoft.Authorization/policyExemptions", _none),
    (
        "GET",
        "/subscriptions/{subscriptionId}/providers/Microsoft.Authorization/policyDefinitions/{policyDefinitionName}",
        _resource,
    ),
    ("GET", "/providers/Microsoft.Authorization/policyDefinitions/{policyDefinitionName}", _resource),
    ("GET", "/subscriptions/{subscriptionId}", _group),
    ("GET", "/subscriptions/{subscriptionId}/locations", _listed),
    ("GET", "/subscriptions/{subscriptionId}/providers", _providers),
    ("GET", "/subscriptions/{subscriptionId}/providers/{resourceProviderNamespace}", _provider),
    (
        "GET",
        "/subscriptions/{subscriptionId}/providers/Microsoft.Features/providers/{resourceProviderNamespace}/features/{featureName}",
        _resource,
    ),
    ("GET", "/subscriptions/{subscriptionId}/resourcegroups/{resourceGroupName}", _group),
    ("GET", f"{_IN_GROUP}/resources", _resources_of_group),
    ("GET", f"{_COMPUTE}/skus", _skus),
    ("GET", f"{_COMPUTE}/locations/{{location}}/usages", _listed),
    (
        "GET",
        "/subscriptions/{subscriptionId}/providers/Microsoft.ContainerInstance/locations/{location}/usages",
        _listed,
    ),
    ("GET", _IMAGES, _vm_images),
    ("GET", _OFFERS, _vm_images),
    ("GET", f"{_OFFERS}/{{offer}}/skus", _vm_images),
    ("GET", f"{_OFFERS}/{{offer}}/skus/{{skus}}/versions", _vm_images),
    ("GET", f"{_OFFERS}/{{offer}}/skus/{{skus}}/versions/{{version}}", _vm_image),
    ("GET", f"{_IN_GROUP}/providers/Microsoft.Compute/images", _of_type),
    ("GET", f"{_IN_GROUP}/providers/Microsoft.Compute/images/{{imageName}}", _resource),
    ("GET", _GALLERY, _resource),
    ("GET", f"{_GALLERY}/images/{{galleryImageName}}", _resource),
    ("GET", f"{_GALLERY}/images/{{galleryImageName}}/versions", _inside),
    ("GET", f"{_GALLERY}/images/{{galleryImageName}}/versions/{{galleryImageVersionName}}", _gallery_version),
    *(
        ("GET", f"{_COMPUTE}/locations/{{location}}/{shared}{path}", _resource)
        for shared in ("communityGalleries/{publicGalleryName}", "sharedGalleries/{galleryUniqueName}")
        for path in ("", "/images/{galleryImageName}", "/images/{galleryImageName}/versions/{galleryImageVersionName}")
    ),
    *(
        ("GET", f"{_COMPUTE}/locations/{{location}}/{shared}/images/{{galleryImageName}}/versions", _inside)
        for shared in ("communityGalleries/{publicGalleryName}", "sharedGalleries/{galleryUniqueName}")
    ),
    (
        "GET",
        f"{_IN_GROUP}/providers/Microsoft.Compute/diskEncryptionSets/{{diskEncryptionSetName}}",
        _resource,
    ),
    (
        "GET",
        f"{_IN_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}",
        _resource,
    ),
    ("GET", f"{_NETWORK}/virtualNetworks/{{virtualNetworkName}}", _resource),
    ("GET", f"{_NETWORK}/virtualNetworks/{{virtualNetworkName}}/subnets/{{subnetName}}", _resource),
    ("GET", f"{_NETWORK}/networkSecurityGroups/{{networkSecurityGroupName}}", _resource),
    ("GET", f"{_NETWORK}/natGateways/{{natGatewayName}}", _resource),
    ("GET", f"{_NETWORK}/routeTables/{{routeTableName}}", _resource),
    ("GET", f"{_IN_GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}", _resource),
    (
        "GET",
        f"{_IN_GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}/blobServices/default/containers/{{containerName}}",
        _resource,
    ),
    (
        "GET",
        f"{_ORDERING}/offerTypes/{{offerType}}/publishers/{{publisherId}}/offers/{{offerId}}/plans/{{planId}}/agreements/current",
        _resource,
    ),
    ("GET", f"{_ORDERING}/agreements/{{publisherId}}/offers/{{offerId}}/plans/{{planId}}", _resource),
    ("GET", "/subscriptions/{subscriptionId}/providers/Microsoft.VirtualMachineImages/imageTemplates", _of_type),
    ("GET", _TEMPLATES, _of_type),
    ("GET", f"{_TEMPLATES}/{{imageTemplateName}}", _resource),
    ("GET", f"{_TEMPLATES}/{{imageTemplateName}}/runOutputs", _inside),
    ("GET", f"{_TEMPLATES}/{{imageTemplateName}}/triggers", _inside),
    # Storage accounts by subscription, to find the one that an address of a blob names.
    ("GET", "/subscriptions/{subscriptionId}/providers/Microsoft.Storage/storageAccounts", _of_type),
)


def pattern_of(template: str) -> re.Pattern[str]:
    """What fits a template of a path: `{scope}` may hold slashes, or be nothing at all."""
    written = re.escape(template).replace(r"/\{scope\}", "((?:/[^/]+)*)")
    return re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", written), re.IGNORECASE)


_COMPILED = tuple((method, pattern_of(template), answer) for method, template, answer in ROUTES)
