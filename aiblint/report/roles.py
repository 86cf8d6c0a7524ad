"""What a template needs, as grants: a custom role, `az` commands, Bicep.

One role for each set of actions, assigned at the narrowest scopes that the documentation speaks of: what is needed of a
resource and of something inside it is granted at the resource (a gallery, a virtual network), never at its group.
"""

from __future__ import annotations

import json
import re

from aiblint.azure.needs import ASSIGN, CALLER, IDENTITY, ROLES, SERVICE, SERVICE_APP_ID
from aiblint.azure.scope import parent, words
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.report import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.azure.needs import Need
    from aiblint.report.permissions import Wanted

# Roles are checked against the operations that providers list, and there this one has an asterisk (built-in role
# Managed Identity Operator).
_LISTED = {ASSIGN: "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"}
_OPEN = re.compile(r"<[^<>/]*>")
_IN_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+(?:/providers/|$)", re.IGNORECASE)
_PRINCIPALS = {IDENTITY: "identity", CALLER: "caller", SERVICE: "service"}


class Grant(NamedTuple):
    """A role for somebody at some scopes: one of one's own with these actions, or a built-in one, then by its GUID.

    `doubts` pairs a scope with what may not be needed there, and why.
    """

    who: str
    name: str
    actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    scopes: tuple[str, ...]
    doubts: tuple[tuple[str, str], ...] = ()
    built_in: str = ""


def grants(one: Wanted) -> tuple[Grant, ...]:
    """The grants that give exactly what is needed, first of the identity, then of the others."""
    found: list[Grant] = []
    for who in _PRINCIPALS:
        own = [need for need in one.needs if need.who == who]
        found += _own_roles(one, who, [need for need in own if not need.role])
        for need in own:
            if need.role:
                doubts = ((need.scope, need.doubt),) if need.doubt else ()
                found.append(Grant(who, need.role, (), (), (need.scope,), doubts, ROLES[need.role]))
    return tuple(found)


def _own_roles(one: Wanted, who: str, needs: list[Need]) -> Iterator[Grant]:
    at: dict[str, list[Need]] = {}
    for need in needs:
        at.setdefault(_lifted(need.scope, needs), []).append(need)
    roles: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for scope, those in at.items():
        roles.setdefault((_actions(those, False), _actions(those, True)), []).append(scope)
    kinds: dict[str, int] = {}
    for (actions, data_actions), scopes in roles.items():
        # Of a scope that is not known at all, at least what it is: `<gallery of galleryImageId>`.
        kind = words(scopes[0]).strip("`<>").partition(" `")[0].partition(" of ")[0]
        number = kinds[kind] = kinds.get(kind, 0) + 1
        name = f"{_title(one, who)}, {kind}" + (f" {number}" if number > 1 else "")
        doubts = tuple((scope, text) for scope in scopes for text in _doubts(at[scope]))
        yield Grant(who, name, actions, data_actions, tuple(scopes), doubts)


def _doubts(needs: list[Need]) -> Iterator[str]:
    """Each reason to doubt, with the actions that it is about."""
    reasons: dict[str, list[str]] = {}
    for need in needs:
        if need.doubt:
            reasons.setdefault(need.doubt, []).append(need.action)
    for reason, actions in reasons.items():
        yield f"{', '.join(actions)}: {reason}"


def _lifted(scope: str, needs: list[Need]) -> str:
    """The outermost resource around a scope at which something is needed, too."""
    inner = scope.lower()
    around = [n.scope for n in needs if "/providers/" in n.scope and inner.startswith(f"{n.scope.lower()}/")]
    return min(around, key=len, default=scope)


def _actions(needs: list[Need], data: bool) -> tuple[str, ...]:
    return tuple(sorted({_LISTED.get(need.action, need.action) for need in needs if need.data is data}))


def _title(one: Wanted, who: str) -> str:
    # A role's name may have 512 characters and not these (custom-roles, "Custom role properties").
    return f"Image Builder {re.sub(r'[<>%&:?/*]+', '-', one.name)[:100]}, {who}"


def open_parts(one: Wanted) -> tuple[str, ...]:
    """The placeholders in the scopes of a template's needs."""
    return tuple(dict.fromkeys(part for need in one.needs for part in _OPEN.findall(need.scope)))


# -- one role ----------------------------------------------------------------------------------------------------------


def role(one: Wanted, who: str) -> str:
    """All that somebody needs as one custom role, in the form that `az role definition create` takes.

    Assigned at a resource group, it gives there more than a role for each scope would. A role that the service asks for
    by name is not in it.
    """
    needs = [need for need in one.needs if need.who == who and not need.role]
    grant = Grant(
        who, _title(one, who), _actions(needs, False), _actions(needs, True), tuple(need.scope for need in needs)
    )
    return json.dumps(_definition(grant, one), indent=2) + "\n"


def _definition(grant: Grant, one: Wanted) -> dict[str, object]:
    return {
        "Name": grant.name,
        "IsCustom": True,
        "Description": f"What the {grant.who} of image template {one.name} needs, and no more",
        "Actions": list(grant.actions),
        "NotActions": [],
        "DataActions": list(grant.data_actions),
        "NotDataActions": [],
        "AssignableScopes": list(_assignable(grant.scopes)),
    }


def _assignable(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The resource groups of scopes, which is as narrow as roles can be bound; or their subscriptions."""
    outer = (parent(scope, "resourceGroups") or parent(scope, "subscriptions") or scope for scope in scopes)
    return tuple({scope.lower(): scope for scope in outer}.values())


# -- az ----------------------------------------------------------------------------------------------------------------


def az(wanted: tuple[Wanted, ...]) -> str:
    """Commands of the Azure CLI for a POSIX shell that make the roles and assign them."""
    lines = [
        "#!/bin/sh",
        "# Made by aiblint. A new role takes minutes until it can be assigned, and again until it counts.",
        "set -eu",
    ]
    for one in wanted:
        parts = open_parts(one)
        lines += ["", f"# Image template {_comment(one.name)}"]
        lines += [f"# Replace below: {_comment(', '.join(parts))}"] if parts else []
        for who in dict.fromkeys(grant.who for grant in grants(one)):
            lines.append(_principal(one, who))
        for grant in grants(one):
            lines.append("")
            if not grant.built_in:
                definition = json.dumps(_definition(grant, one), indent=2)
                lines.append(f"az role definition create --role-definition {_quoted(definition)}")
            for scope in grant.scopes:
                lines += [f"# {_comment(doubt)}" for place, doubt in grant.doubts if place == scope]
                kind = "" if grant.who == CALLER else "--assignee-principal-type ServicePrincipal "
                lines.append(
                    f'az role assignment create --assignee-object-id "${_PRINCIPALS[grant.who]}" {kind}'
                    f"--role {_quoted(grant.built_in or grant.name)} --scope {_quoted(scope)}"
                )
    return "\n".join(lines) + "\n"


def _principal(one: Wanted, who: str) -> str:
    if who == CALLER:
        return "caller=${caller:?set it to the object ID of who submits the template}"
    if who == SERVICE:
        return f"service=$(az ad sp show --id {SERVICE_APP_ID} --query id --output tsv)"
    if not one.identity:
        return "identity=${identity:?set it to the principal ID of the identity}"
    return f"identity=$(az identity show --ids {_quoted(one.identity)} --query principalId --output tsv)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _comment(text: str) -> str:
    return visible(text)


# -- Bicep -------------------------------------------------------------------------------------------------------------


def bicep(wanted: tuple[Wanted, ...]) -> str:
    """A Bicep file for a subscription that makes the roles and assigns them, wherever the scopes are.

    Bicep assigns a role at something of another resource group only through a module, which is a file of its own. A
    nested deployment does the same in one file.
    """
    names: dict[str, str] = {}
    body: list[str] = []
    principals: dict[str, str] = {}
    for number, one in enumerate(wanted, 1):
        many = str(number) if len(wanted) > 1 else ""
        body += ["", f"// Image template {_comment(one.name)}"]
        for place, grant in enumerate(grants(one), 1):
            parameter = f"{_PRINCIPALS[grant.who]}PrincipalId{many if grant.who == IDENTITY else ''}"
            principals.setdefault(parameter, _describe(one, grant.who))
            body += _granted(grant, one, f"{many and 'template' + many}role{place}", parameter, names)
    lines = ["// Made by aiblint. A new role takes minutes until it counts.", "targetScope = 'subscription'", ""]
    for parameter, description in principals.items():
        lines += [f"@description({_text(description)})", f"param {parameter} string", ""]
    for part, parameter in names.items():
        lines += [
            f"@description({_text(f'What stands for {part} in the scopes below')})",
            f"param {parameter} string",
            "",
        ]
    return "\n".join((*lines[:-1], *body)) + "\n"


def _describe(one: Wanted, who: str) -> str:
    if who == CALLER:
        return "Object ID of who submits the template"
    if who == SERVICE:
        return f"Object ID of the service principal of Image Builder in this tenant (appId {SERVICE_APP_ID})"
    return f"Principal ID of the identity {one.identity}".rstrip()


def _granted(grant: Grant, one: Wanted, symbol: str, principal: str, names: dict[str, str]) -> Iterator[str]:
    if grant.built_in:
        identifier = f"tenantResourceId('Microsoft.Authorization/roleDefinitions', {_text(grant.built_in)})"
    else:
        identifier = f"{symbol}.id"
        yield ""
        yield f"resource {symbol} 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {{"
        yield f"  name: guid(subscription().id, {_text(grant.name)})"
        yield "  properties: {"
        yield f"    roleName: {_text(grant.name)}"
        yield f"    description: {_text(f'What the {grant.who} of image template {one.name} needs, and no more')}"
        yield "    type: 'CustomRole'"
        yield "    permissions: ["
        yield "      {"
        yield from _array("actions", grant.actions, 8)
        yield from _array("dataActions", grant.data_actions, 8)
        yield "      }"
        yield "    ]"
        yield "    assignableScopes: ["
        yield from (f"      {_expression(scope, names)}" for scope in _assignable(grant.scopes))
        yield "    ]"
        yield "  }"
        yield "}"
    for number, scope in enumerate(grant.scopes, 1):
        yield from ("", f"// {_comment(words(scope))}")
        yield from (f"// {_comment(doubt)}" for place, doubt in grant.doubts if place == scope)
        yield from _assigned(scope, f"{symbol}At{number}", identifier, principal, grant.who, names)


def _assigned(scope: str, symbol: str, role_id: str, principal: str, who: str, names: dict[str, str]) -> Iterator[str]:
    written = f"{symbol}Scope"
    kind = [] if who == CALLER else ["principalType: 'ServicePrincipal'"]
    properties = [f"roleDefinitionId: {role_id}", f"principalId: {principal}", *kind]
    name = f"guid({written}, {principal}, {role_id})"
    yield f"var {symbol}Scope = {_expression(scope, names)}"
    if parent(scope, "subscriptions") == scope:
        yield f"resource {symbol} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{"
        yield f"  name: {name}"
        yield "  properties: {"
        yield from (f"    {line}" for line in properties)
        yield "  }"
        yield "}"
        return
    parts = scope.split("/")
    if _IN_GROUP.match(scope):
        subscription, group, rest = (_expression(part, names) for part in (parts[2], parts[4], "/".join(parts[6:])))
    else:  # it becomes known only with the parameter that it is
        subscription, group = f"split({written}, '/')[2]", f"split({written}, '/')[4]"
        rest = f"join(skip(split({written}, '/'), 6), '/')"
    yield "#disable-next-line no-deployments-resources"
    yield f"resource {symbol} 'Microsoft.Resources/deployments@2022-09-01' = {{"
    yield f"  name: 'aiblint-${{uniqueString({written}, {principal}, {role_id})}}'"
    yield f"  subscriptionId: {subscription}"
    yield f"  resourceGroup: {group}"
    yield "  properties: {"
    yield "    mode: 'Incremental'"
    yield "    template: {"
    yield "      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'"
    yield "      contentVersion: '1.0.0.0'"
    yield "      resources: ["
    yield "        {"
    yield "          type: 'Microsoft.Authorization/roleAssignments'"
    yield "          apiVersion: '2022-04-01'"
    yield f"          name: {name}"
    if rest != "''":
        yield f"          scope: {rest}"
    yield "          properties: {"
    yield from (f"            {line}" for line in properties)
    yield "          }"
    yield "        }"
    yield "      ]"
    yield "    }"
    yield "  }"
    yield "}"


def _array(name: str, texts: tuple[str, ...], indent: int) -> Iterator[str]:
    margin = " " * indent
    if texts:
        yield f"{margin}{name}: ["
        yield from (f"{margin}  {_text(text)}" for text in texts)
        yield f"{margin}]"


def _expression(text: str, names: dict[str, str]) -> str:
    """A text as a Bicep string, its placeholders as parameters; `names` grows by those that are new."""
    whole = _OPEN.fullmatch(text)
    if whole is not None:
        return _parameter(text, names)
    written = ""
    end = 0
    for found in _OPEN.finditer(text):
        written += _escaped(text[end : found.start()]) + "${" + _parameter(found[0], names) + "}"
        end = found.end()
    return f"'{written}{_escaped(text[end:])}'"


def _parameter(part: str, names: dict[str, str]) -> str:
    if part == "<subscription>":
        return "subscription().subscriptionId"
    if part not in names:
        first, *rest = re.findall(r"[A-Za-z0-9]+", part) or ["unknown"]
        word = first[0].lower() + first[1:] + "".join(one[0].upper() + one[1:] for one in rest)
        word = ("p" if word[0].isdigit() else "") + word + ("Name" if word in ("resourceGroup", "subscription") else "")
        taken = {name.lower() for name in names.values()}
        number = next(n for n in range(1, len(taken) + 2) if (word + str(n if n > 1 else "")).lower() not in taken)
        names[part] = word + str(number if number > 1 else "")
    return names[part]


def _text(text: str) -> str:
    return f"'{_escaped(text)}'"


def _escaped(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
