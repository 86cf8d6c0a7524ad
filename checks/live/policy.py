"""Live: what Azure Policy says to that which the image builder puts into the staging resource group."""

from __future__ import annotations

from functools import partial

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING, NamedTuple

from ..ground import operating_system
from .home import given, is_told, staging, staging_group
from .verdicts import unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
NETWORKING = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-networking"
ISOLATED = "https://learn.microsoft.com/azure/virtual-machines/security-isolated-image-builds-image-builder"
RESTRICTIONS = "https://learn.microsoft.com/rest/api/policyinsights/policy-restrictions"
DDOS_POLICY = "https://learn.microsoft.com/azure/ddos-protection/policy-reference"

# "Virtual networks should be protected by Azure DDoS Protection" (DDOS_POLICY), with the effect `Modify`.
DDOS = "94de2ad3-e0c1-4caf-ad78-5d47bbc83d3d"


# The newest version of RESTRICTIONS that does not ask with more than a resource; `Azure.get` takes care of all others.
VERSION = "2023-03-01"


class _Kind(NamedTuple):
    """A type of resources that a build makes. `content` is what is known of them, `words` what messages call them.
    `doubt` tells those that only some builds make."""

    type: str
    words: str
    content: dict[str, Any]
    doubt: bool


# TROUBLESHOOT, "Prerequisites": a storage account without a firewall.
_OPEN = {"networkAcls": {"defaultAction": "Allow"}}
_ALWAYS = (
    _Kind("Microsoft.Storage/storageAccounts", "the storage account", _OPEN, False),
    _Kind("Microsoft.ContainerInstance/containerGroups", "the container", {}, False),
    _Kind("Microsoft.Compute/virtualMachines", "the build VM", {}, False),
    _Kind("Microsoft.Compute/disks", "the disk of the build VM", {}, False),
    _Kind("Microsoft.Network/networkInterfaces", "the network interface", {}, False),
)
# NETWORKING: unless both subnets are given.
_NETWORK = (
    _Kind("Microsoft.Network/virtualNetworks", "the virtual network", {}, False),
    _Kind("Microsoft.Network/networkSecurityGroups", "the network security group", {}, False),
)
# NETWORKING: with a subnet for the build VM only.
_PRIVATE_LINK = (
    _Kind("Microsoft.Network/loadBalancers", "the load balancer", {}, False),
    _Kind("Microsoft.Network/privateLinkServices", "the private link service", {}, False),
    _Kind("Microsoft.Network/privateEndpoints", "the private endpoint", {}, False),
)
# TROUBLESHOOT, "Template deployment failed because of a policy violation": a key vault without public access is not
# supported. Older builds keep the certificate for WinRM in one.
_VAULT = _Kind("Microsoft.KeyVault/vaults", "the key vault", {"publicNetworkAccess": "Enabled"}, True)


def _kinds(template: ImageTemplate) -> tuple[_Kind, ...]:
    """What a build of the template makes; where that is not known, only what each build does."""
    network = template.vm_profile.get("vnetConfig")
    kinds: tuple[_Kind, ...] = _ALWAYS
    if not network.is_unknown:
        build, container = given(network.get("subnetId")), given(network.get("containerInstanceSubnetId"))
        kinds += () if build and container else _NETWORK
        kinds += _PRIVATE_LINK if build and not container else ()
    return kinds if operating_system(template) == "Linux" else (*kinds, _VAULT)


class _Denial(NamedTuple):
    """A policy that refuses a resource; `certain` if it does so for what is known of the resource."""

    kind: _Kind
    assignment: str
    definition: str
    certain: bool
    field: str


def _denials(kind: _Kind, body: Any) -> Iterator[_Denial]:
    """What checkPolicyRestrictions says that would be refused.

    It judges what it is shown, and what is not shown counts as left out. Policies that look at anything else may still
    let the real resource through.
    """
    listed = body.get("contentEvaluationResult") if isinstance(body, dict) else None
    for one in (listed or {}).get("policyEvaluations") or ():
        effect = (one.get("effectDetails") or {}).get("policyEffect") or ""
        if str(effect).lower() != "deny" or str(one.get("evaluationResult")).lower() != "noncompliant":
            continue
        info = one.get("policyInfo") or {}
        looked = (one.get("evaluationDetails") or {}).get("evaluatedExpressions") or ()
        paths = [str(each.get("path") or each.get("expression") or "?").lower() for each in looked]
        shown = {"type", "location"} | {f"properties.{name}".lower() for name in kind.content}
        open_ = [path for path in paths if not any(path == one or path.startswith(f"{one}.") for one in shown)]
        yield _Denial(
            kind,
            str(info.get("policyAssignmentId") or ""),
            str(info.get("policyDefinitionId") or ""),
            bool(paths) and not open_,
            open_[0] if open_ else "",
        )


@check("AIB860", "policy-denies", "error", TROUBLESHOOT, NETWORKING, RESTRICTIONS)
def policy_denies(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure Policy what it says to the resources that a build makes in the staging resource group: a storage account,
    a container, the build VM with its disk and network interface, and, depending on the subnets that are given, a virtual
    network with its security group, a load balancer, a private link service and a private endpoint. Where the staging
    group is there already it is asked about that one, otherwise about the subscription. Policies that look at properties
    which only the service knows give a warning.

    ## Why it matters
    The build fails with `RequestDisallowedByPolicy`, and nothing in the template shows why.

    ## Bad
    A policy of the subscription forbids `Microsoft.ContainerInstance/containerGroups`.

    ## Good
    The staging resource group is exempt from that policy.
    """
    at = template.properties.get("stagingResourceGroup")
    if not azure.home.subscription or not azure.location:
        return
    named = staging(template)
    group = staging_group(template, azure)
    # A group that is not there yet may still be exempt once it is.
    exists = bool(group) and azure.get(group).found
    scope = group if exists else f"/subscriptions/{azure.home.subscription}"
    path = f"{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    kinds = _kinds(template)
    calls = [
        partial(
            azure.reader.post,
            path,
            VERSION,
            {
                "resourceDetails": {
                    "resourceContent": {
                        "type": kind.type,
                        "location": azure.location,
                        **({"properties": kind.content} if kind.content else {}),
                    }
                }
            },
        )
        for kind in kinds
    ]
    answers = azure.reader.side_by_side(calls)
    denials: dict[tuple[str, str], list[_Denial]] = {}
    passed = []
    failed: dict[str, list[tuple[_Kind, Answer]]] = {}
    for kind, answer in zip(kinds, answers, strict=True):
        if not answer.found:
            failed.setdefault(answer.reason, []).append((kind, answer))
            continue
        found = list(_denials(kind, answer.body))
        passed += [] if found else [kind.words]
        for one in found:
            denials.setdefault((one.assignment.lower(), one.definition.lower()), []).append(one)
    for together in denials.values():
        certain = any(one.certain and not one.kind.doubt for one in together) and (exists or named is None)
        words = _words([one.kind.words for one in together])
        field = next((one.field for one in together if one.field), "")
        yield Finding(
            at,
            f"the policy `{_name(together[0].assignment)}` {'refuses' if certain else 'may refuse'} {words} that "
            f"{'a build makes' if certain or not all(one.kind.doubt for one in together) else 'older builds make'} "
            f"in the staging resource group",
            help=_mend(template, together, exists),
            notes=(
                f"it is assigned as `{together[0].assignment}`",
                *((f"it looks at `{field}`, which only the service knows",) if field else ()),
                *(("the group is not there yet: it may be exempt then",) if named is not None and not exists else ()),
                "the build fails with `RequestDisallowedByPolicy`",
            ),
            severity="" if certain else "warning",
        )
    for unanswered in failed.values():
        whole = len(unanswered) == len(kinds)
        words = "what it needs" if whole else _words([kind.words for kind, _ in unanswered])
        answer = unanswered[0][1]
        if answer.code == "SubscriptionNotFound":
            continue  # `provider-not-registered` tells that
        # Of Microsoft.PolicyInsights it does not: a build needs it not.
        doubt = unchecked(at, f"Azure Policy lets a build make {words}", answer)
        if answer.kind == "forbidden":
            suspects = _suspects(azure, scope, [kind for kind, _ in unanswered])
            doubt = doubt._replace(
                # https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/management-and-governance
                help="give aiblint's own account the role `Resource Policy Contributor` there: `Reader` cannot ask this",
                notes=tuple(f"`{name}` is assigned there and may refuse some of it" for name in suspects),
            )
        yield doubt
    if passed:
        yield Holds(at, f"Azure Policy lets a build make {_words(passed)} there")


def _words(parts: list[str]) -> str:
    *first, last = dict.fromkeys(parts)
    return f"{', '.join(first)} and {last}" if first else last


def _name(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]


def _mend(template: ImageTemplate, together: list[_Denial], exists: bool) -> str:
    """What to do so that a policy lets a build through."""
    if any(one.field.startswith("tags") for one in together):
        since = " (API version 2024-02-01 and newer)" if template.api_version < "2024-02-01" else ""
        return f"give what is made there the tag that the policy wants, in `managedResourceTags`{since}"
    command = "(`az policy exemption create`)"
    mend = f"exempt the staging resource group from the policy {command}"
    if not exists:
        mend = f"make a group, exempt it from the policy {command}, and name it as `stagingResourceGroup`"
    if all(one.kind in (*_NETWORK, *_PRIVATE_LINK) for one in together):
        mend += ", or give `subnetId` and `containerInstanceSubnetId`: then none of this is made"
    return mend


# -- assignments -------------------------------------------------------------------------------------------------------


class _Assigned(NamedTuple):
    """A policy that is assigned by itself, not in an initiative."""

    name: str
    effect: str
    rule: dict[str, Any]
    definition: str


def _assigned(azure: Azure, scope: str, answer: Answer) -> list[_Assigned]:
    """The policies that are in force at a scope, with what they do. Those of initiatives are hundreds, and left out."""
    rows = [row for row in answer.body if isinstance(row, dict) and isinstance(row.get("properties"), dict)]
    rows = [
        row
        for row in rows
        if str(row["properties"].get("enforcementMode") or "Default").lower() == "default"
        and "/policydefinitions/" in str(row["properties"].get("policyDefinitionId")).lower()
        and not any(
            f"{scope}/".lower().startswith(f"{place}/".lower()) for place in row["properties"].get("notScopes") or ()
        )
    ]
    ids = [str(row["properties"]["policyDefinitionId"]) for row in rows]
    definitions = azure.reader.side_by_side([partial(azure.get, one) for one in ids])
    found = []
    for row, one, definition in zip(rows, ids, definitions, strict=True):
        rule = definition.at("properties", "policyRule")
        if isinstance(rule, dict):
            effect = (rule.get("then") or {}).get("effect")
            name = str(row["properties"].get("displayName") or row.get("name"))
            found.append(_Assigned(name, _effect(str(effect), row["properties"], definition), rule, one))
    return found


def _effect(written: str, assignment: dict[str, Any], definition: Answer) -> str:
    """An effect in lower case; most are a parameter of the assignment, with a default in the definition."""
    if written.lower().replace(" ", "") == "[parameters('effect')]":
        given_ = (assignment.get("parameters") or {}).get("effect")
        default = definition.at("properties", "parameters", "effect", "defaultValue")
        written = str(given_.get("value") if isinstance(given_, dict) else default)
    return written.lower()


def _assignments(azure: Azure, scope: str) -> Answer:
    return azure.list(f"{scope}/providers/Microsoft.Authorization/policyAssignments", {"$filter": "atScope()"})


def _suspects(azure: Azure, scope: str, kinds: list[_Kind]) -> list[str]:
    """The names of policies that refuse something of one of the types."""
    answer = _assignments(azure, scope)
    types = {kind.type.lower() for kind in kinds}
    return [
        one.name
        for one in (_assigned(azure, scope, answer) if answer.found else ())
        if one.effect == "deny" and types & set(_texts(one.rule.get("if")))
    ]


def _texts(rule: object) -> Iterator[str]:
    """All texts in a rule, in lower case."""
    if isinstance(rule, str):
        yield rule.lower()
    elif isinstance(rule, (list, dict)):
        for inside in rule.values() if isinstance(rule, dict) else rule:
            yield from _texts(inside)


@check("AIB861", "policy-alters-build", "info", TROUBLESHOOT, ISOLATED, DDOS_POLICY)
def policy_alters_build(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks through the policies that are assigned by themselves, not in an initiative, for two that change what a build
    makes: one that gives each new virtual network a DDoS protection plan, where the build makes its own network, and
    those that put an extension on each new virtual machine.

    ## Why it matters
    To join a network to a plan the template's identity must be allowed to, and the build fails with
    `ddosProtectionPlans/join/action`. An extension may hold the lock of the package manager, or end up in the image, and
    keep Sysprep from its work.

    ## Bad
    A policy that installs the monitoring agent on all virtual machines is assigned to the subscription.

    ## Good
    The staging resource group is exempt from it.
    """
    at = template.properties.get("stagingResourceGroup")
    if not azure.home.subscription:
        return
    group = staging_group(template, azure)
    scope = group if group and azure.get(group).found else f"/subscriptions/{azure.home.subscription}"
    answer = _assignments(azure, scope)
    if is_told(answer):
        return
    if not answer.found:
        yield unchecked(at, "no policy changes what a build makes", answer)
        return
    makes_network = any(kind in _NETWORK for kind in _kinds(template))
    exempt = "make a group, exempt it from the policy, and name it as `stagingResourceGroup`"
    calm = True
    for one in _assigned(azure, scope, answer):
        details = (one.rule.get("then") or {}).get("details")
        kind = str(details.get("type")).lower() if isinstance(details, dict) else ""
        texts = set(_texts(one.rule.get("if")))
        if makes_network and one.effect == "modify" and one.definition.lower().endswith(DDOS):
            calm = False
            yield Finding(
                at,
                f"the policy `{one.name}` joins the virtual network of the build to a DDoS protection plan",
                help="give `subnetId` and `containerInstanceSubnetId`, or let the template's identity join the plan "
                "(`Microsoft.Network/ddosProtectionPlans/join/action`)",
                severity="warning",
            )
        elif (
            one.effect == "deployifnotexists"
            and kind == "microsoft.compute/virtualmachines/extensions"
            and "microsoft.compute/virtualmachines" in texts
        ):
            calm = False
            yield Finding(
                at,
                f"the policy `{one.name}` may put an extension on the build VM",
                help=exempt,
                notes=("extensions can hold the lock of the package manager, or keep Sysprep from its work",),
            )
    if calm:
        yield Holds(at, "no policy that is assigned by itself changes what a build makes")
