"""Live: the subnets that a build is put into. Are they there, fit for it, and open where it needs them open?"""

from __future__ import annotations

import re
from functools import partial

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.template import region_name

from .. import ground
from ..network import AVD, DELEGATION, JSON, NETWORKING, VNET, container_subnet_rules
from . import security_groups
from .security_groups import INTERNET, LOAD_BALANCER, Decision, Flow
from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

PRIVATE = "https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access"
RULES = "https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview"
RESERVED = "https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq"

BUILD, CONTAINER = "subnetId", "containerInstanceSubnetId"
_WHAT = {BUILD: "the subnet of the build VM", CONTAINER: "the subnet of the container"}
# Azure keeps five addresses of a subnet for itself (RESERVED).
_KEPT = 5


class _Subnet(NamedTuple):
    """A subnet that the template names; `id` and `network` (the ID of its virtual network) are None and empty where they
    are not known."""

    name: str
    at: Value
    id: str | None
    network: str

    @property
    def what(self) -> str:
        return _WHAT[self.name]


def _given(template: ImageTemplate, name: str) -> Value | None:
    at = template.vm_profile.get("vnetConfig", name)
    return None if at.is_missing or at.text == "" else at


def _subnets(template: ImageTemplate, azure: Azure) -> tuple[_Subnet, ...]:
    """The subnets that the template names, that of the build VM first.

    Not those that the same file deploys: what is in Azure now is not what the build will find. Nor what is the ID of
    something else: `malformed-resource-id` speaks of it.
    """
    found = []
    for name in (BUILD, CONTAINER):
        at = _given(template, name)
        if at is None or _is_deployed(template, at):
            continue
        subnet = azure.id(at)
        if subnet is None:
            found.append(_Subnet(name, at, None, ""))
            continue
        network = re.fullmatch(
            r"(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+)/subnets/[^/]+",
            subnet,
            re.IGNORECASE,
        )
        if network is not None:
            found.append(_Subnet(name, at, subnet, network[1]))
    return tuple(found)


def _is_deployed(template: ImageTemplate, at: Value) -> bool:
    """Whether the same file deploys a virtual network of that name, be it by a nested deployment into another group."""
    name = ground.marked(at).rpartition("/virtualnetworks/")[2].partition("/")[0]
    if template.deployment is None or not name:
        return False
    kinds = ("microsoft.network/virtualnetworks", "microsoft.network/virtualnetworks/subnets")
    deployed = (ground.marked(resource.value.get("name")) for resource in template.deployment.of_type(*kinds))
    return any(other.partition("/")[0] == name for other in deployed)


def _properties(azure: Azure, subnet: _Subnet | None) -> dict[str, Any] | None:
    """What Azure says of a subnet; None where `subnet-not-found` says why it does not."""
    answer = azure.get(subnet.id) if subnet is not None and subnet.id is not None else None
    properties = answer.at("properties") if answer is not None else None
    return properties if isinstance(properties, dict) else None


def _one(subnets: tuple[_Subnet, ...], name: str) -> _Subnet | None:
    return next((subnet for subnet in subnets if subnet.name == name), None)


@check("AIB830", "subnet-policies", "error", VNET, AVD)
def subnet_policies(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure whether the Private Link service network policies of the subnet of the build VM are disabled. With a
    `containerInstanceSubnetId` nothing depends on them, and nothing is asked.

    ## Why it matters
    Image Builder reaches the build VM through a Private Link service in that subnet, which the policy forbids: the
    submission fails with `PrivateLinkService Network Policy is not disabled for the given subnet`.

    ## Bad
    `subnetId` names a subnet as Azure makes it, with its policies enabled, and there is no `containerInstanceSubnetId`.

    ## Good
    The subnet has `privateLinkServiceNetworkPolicies` set to `Disabled`, or the template has a
    `containerInstanceSubnetId`.
    """
    if _given(template, CONTAINER) is not None:
        return
    build = _one(_subnets(template, azure), BUILD)
    properties = _properties(azure, build)
    if build is None or properties is None:
        return
    policies = properties.get("privateLinkServiceNetworkPolicies")
    what = f"{build.what} has its Private Link service network policies disabled"
    if policies is None:
        yield unchecked(build.at, what, "Azure does not say how they are set")
    elif str(policies).lower() == "disabled":
        yield Holds(build.at, what)
    else:
        yield Finding(
            build.at,
            f"{build.what} does not have its Private Link service network policies disabled",
            help=f"`az network vnet subnet update --ids {build.id} --private-link-service-network-policies Disabled`, "
            "or give the template a `containerInstanceSubnetId`",
            notes=(
                "the submission fails with `PrivateLinkService Network Policy is not disabled for the given subnet`",
            ),
        )


@check("AIB831", "subnet-delegation", "error", JSON, NETWORKING)
def subnet_delegation(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure what the subnets are delegated to: that of the container must be delegated to
    `Microsoft.ContainerInstance/containerGroups`, that of the build VM to nothing. Where subscription and resource
    group of the deployment make the two IDs whole, they are compared as well: two subnets of one virtual network.

    ## Why it matters
    The container is not created, with `SubnetMissingRequiredDelegation`, or the build VM is not, since a delegated
    subnet is for its service alone.

    ## Bad
    `containerInstanceSubnetId` names a subnet without a delegation.

    ## Good
    `containerInstanceSubnetId` names a subnet that is delegated to `Microsoft.ContainerInstance/containerGroups`, and
    `subnetId` another one of that virtual network without a delegation.
    """
    subnets = _subnets(template, azure)
    build, container = (_one(subnets, name) for name in (BUILD, CONTAINER))
    if build is not None and container is not None and build.id is not None and container.id is not None:
        same = build.id.lower() == container.id.lower()
        # What the template itself shows, `container-subnet-rules` has said.
        if (same or build.network.lower() != container.network.lower()) and not any(
            container_subnet_rules.run(template)
        ):
            yield Finding(
                container.at,
                f"`{CONTAINER}` is {'the same subnet as' if same else 'in another virtual network than'} `{BUILD}`",
                help=f"take two subnets of one virtual network, the one for the container delegated to `{DELEGATION}`",
            )
        if same:
            return
    for subnet in subnets:
        properties = _properties(azure, subnet)
        if properties is None:
            continue
        services = [
            str((delegation.get("properties") or {}).get("serviceName"))
            for delegation in properties.get("delegations") or ()
        ]
        delegated = DELEGATION.lower() in [service.lower() for service in services]
        if subnet.name == CONTAINER and delegated:
            yield Holds(subnet.at, f"{subnet.what} is delegated to `{DELEGATION}`")
        elif subnet.name == CONTAINER:
            other = f"is delegated to `{services[0]}`, not" if services else "is not delegated"
            yield Finding(
                subnet.at,
                f"{subnet.what} {other} to `{DELEGATION}`",
                help=f"`az network vnet subnet update --ids {subnet.id} --delegations {DELEGATION}`",
                notes=("the build fails with `SubnetMissingRequiredDelegation`",),
            )
        elif services:
            yield Finding(
                subnet.at,
                f"{subnet.what} is delegated to `{services[0]}`, and no VM can be put into it",
                help=f"give `{BUILD}` a subnet without a delegation",
            )
        else:
            yield Holds(subnet.at, f"{subnet.what} is not delegated to a service")


@check("AIB832", "subnet-region", "error", VNET, NETWORKING)
def subnet_region(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the region of the virtual network, and compares it with the `location` of the template.

    ## Why it matters
    A VM can only be put into a virtual network of its own region, so the submission is rejected.

    ## Bad
    The `location` of the template is `westeurope`, and its virtual network is in `northeurope`.

    ## Good
    Template and virtual network are in one region.
    """
    seen: set[str] = set()
    for subnet in _subnets(template, azure):
        # Of a `location` that is not known `location-not-offered` speaks.
        if not azure.location or not subnet.network or subnet.network.lower() in seen:
            continue
        seen.add(subnet.network.lower())
        location = region_name(azure.get(subnet.network).at("location") or "")
        if location == azure.location:
            yield Holds(subnet.at, f"the virtual network of `{subnet.name}` is in the region of the template")
        elif location:
            yield Finding(
                subnet.at,
                f"the virtual network of `{subnet.name}` is in `{location}`, and the template in `{azure.location}`",
                help=f"take a virtual network in `{azure.location}`",
                notes=("a VM can only be put into a virtual network of its own region",),
            )


@check("AIB833", "no-outbound", "warning", PRIVATE, NETWORKING)
def no_outbound(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure whether anything leads from the subnet of the build VM to the internet: a NAT gateway, a route to an
    appliance or a gateway, or the default outbound access that subnets had before 2026. Where a route may come from
    elsewhere, through a gateway of the network or of a peer, it is silent. Whether an appliance lets the traffic
    through is not known.

    ## Why it matters
    Subnets are private by default since 2026: nothing in them reaches the internet. Updates, packages and downloads
    then fail with `Could not resolve` or `Connection timed out`, mostly after long retries. A build that fetches
    nothing does not mind.

    ## Bad
    `subnetId` names a private subnet without a NAT gateway and without a route table.

    ## Good
    The subnet has a NAT gateway.
    """
    build = _one(_subnets(template, azure), BUILD)
    properties = _properties(azure, build)
    if build is None or properties is None:
        return
    what = "the build VM can reach the internet"
    hop = ""
    table = (properties.get("routeTable") or {}).get("id")
    if table:
        answer = azure.get(table)
        if not answer.found:
            yield unchecked(build.at, what, answer)
            return
        hops = {
            str(route["properties"].get("addressPrefix")): str(route["properties"].get("nextHopType")).lower()
            for route in answer.at("properties", "routes") or ()
            if isinstance(route.get("properties"), dict)
        }
        hop = hops.get("0.0.0.0/0", "")
    access = properties.get("defaultOutboundAccess")
    nat = bool((properties.get("natGateway") or {}).get("id"))
    if hop in ("virtualappliance", "virtualnetworkgateway"):
        leads = "an appliance" if hop == "virtualappliance" else "a gateway"
        yield Holds(build.at, f"a route leads from {build.what} to {leads}")
    elif hop == "none":
        yield Finding(
            build.at,
            f"a route drops all that goes from {build.what} to the internet",
            help="remove the route for `0.0.0.0/0` whose next hop is `None`, or let it lead to a firewall",
            notes=("updates, packages and downloads of the build fail",),
        )
    elif nat or access is True:
        yield Holds(build.at, f"{build.what} has {'a NAT gateway' if nat else 'default outbound access'}")
    elif access is False and not _may_be_routed(azure, build):
        yield Finding(
            build.at,
            f"nothing leads from {build.what} to the internet: it is private, without a NAT gateway and a route",
            help="attach a NAT gateway: `az network vnet subnet update --ids "
            f"{build.id} --nat-gateway NAME_OR_ID`, or route `0.0.0.0/0` to a firewall",
            notes=("updates, packages and downloads of the build fail; a build that fetches nothing does not mind",),
        )


def _may_be_routed(azure: Azure, subnet: _Subnet) -> bool:
    """Whether a route may come from a gateway, which no route table shows."""
    network = azure.get(subnet.network)
    names = [str(one.get("name")).lower() for one in network.at("properties", "subnets") or ()]
    peers = [one.get("properties") or {} for one in network.at("properties", "virtualNetworkPeerings") or ()]
    return not network.found or "gatewaysubnet" in names or any(peer.get("useRemoteGateways") for peer in peers)


@check("AIB834", "subnet-not-found", "error", VNET, RESERVED)
def subnet_not_found(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the subnets that the template names, and for their virtual network. A subnet for the build VM with
    fewer than three free addresses is a warning; with a `containerInstanceSubnetId` one is enough, as no proxy VM and
    no load balancer come beside the build VM. Subnets that the same file deploys are not asked for.

    ## Why it matters
    The submission is rejected with `InvalidResourceReference`, or the build ends with `SubnetIsFull`.

    ## Bad
    `subnetId` names a subnet that was renamed or deleted.

    ## Good
    `subnetId` names a subnet that is there and has room.
    """
    by_network: dict[str, list[_Subnet]] = {}
    for subnet in _subnets(template, azure):
        if subnet.id is None:
            yield unknown(subnet.at, f"{subnet.what} is there", subnet.name)
        else:
            by_network.setdefault(subnet.network.lower(), []).append(subnet)
    paths = [
        path for subnets in by_network.values() for path in (subnets[0].network, *(one.id or "" for one in subnets))
    ]
    answers = dict(zip(paths, azure.reader.side_by_side([partial(azure.get, path) for path in paths]), strict=True))
    for subnets in by_network.values():
        yield from _existence(template, subnets, answers)


def _existence(template: ImageTemplate, subnets: list[_Subnet], answers: dict[str, Answer]) -> Verdicts:
    """The verdicts on subnets of one virtual network: one finding for what has one cause."""
    first = subnets[0]
    network = answers[first.network]
    if network.kind == "missing":
        yield Finding(
            first.at,
            f"the virtual network of `{first.name}` is not there: Azure knows no `{first.network}`",
            help=f"mend `{first.name}`, or make the network first",
        )
        return
    silent = []
    for subnet in subnets:
        answer = answers[subnet.id or ""]
        if answer.kind == "missing":
            yield Finding(
                subnet.at,
                f"{subnet.what} is not there: Azure knows no `{subnet.id}`",
                help=f"mend `{subnet.name}`, or make the subnet first",
            )
        elif not answer.found:
            silent.append((subnet.at, f"{subnet.what} is there", answer))
        elif subnet.name == BUILD and (crowded := _crowded(subnet, answer, _given(template, CONTAINER) is not None)):
            yield crowded
        else:
            yield Holds(subnet.at, f"{subnet.what} is there")
    if silent:
        yield unchecked(*silent[0])
    elif not network.found:
        yield unchecked(first.at, f"the virtual network of `{first.name}` is there", network)


def _crowded(subnet: _Subnet, answer: Answer, alone: bool) -> Finding | None:
    """That a subnet has too few free addresses, if that is certain; `alone` tells that only the build VM takes one."""
    import ipaddress  # here: a run that asks nothing does without

    properties = answer.at("properties") or {}
    prefixes = _prefixes(properties, every=True)
    if not prefixes or any(":" in prefix for prefix in prefixes):
        return None  # with IPv6, an interface has two configurations
    size = sum(ipaddress.ip_network(prefix, strict=False).num_addresses for prefix in prefixes)
    free = max(size - _KEPT - len(properties.get("ipConfigurations") or ()), 0)
    needed = 1 if alone else 3
    if free >= needed:
        return None
    has = f"{free or 'no'} free address{'' if free == 1 else 'es'}"
    return Finding(
        subnet.at,
        f"{subnet.what} has {has}, and a build needs {'one' if alone else 'three at least'}",
        help="take a larger subnet, or remove what is no longer used in this one",
        notes=(
            "the build ends with `SubnetIsFull`"
            + ("" if alone else "; beside the build VM there are a proxy VM and a load balancer"),
        ),
        severity="warning",
    )


def _prefixes(properties: dict[str, Any], every: bool = False) -> tuple[str, ...]:
    """The IPv4 prefixes of a subnet, or every one."""
    prefixes = properties.get("addressPrefixes") or [properties.get("addressPrefix")]
    return tuple(prefix for prefix in prefixes if prefix and (every or ":" not in prefix))


class _Way(NamedTuple):
    """Traffic that a build needs. `ports` are those for Linux and for Windows; `to_open` is the rule that lets it
    through, in words."""

    subnet: _Subnet
    flow: Flow
    ports: tuple[int, int]
    what: str
    to_open: str


@check("AIB835", "network-blocks-build", "error", VNET, JSON, RULES)
def network_blocks_build(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the network security groups of the subnets, and evaluates their rules for what a build needs. Without
    a `containerInstanceSubnetId`: from the load balancer to the proxy VM (port 60001 for Linux, 60000 for Windows) and
    from there to the build VM (22 or 5986). With one: from the container to the build VM, to the internet on port 443
    (its image) and 445 (its file share). Where rules deny only a part of it, or whether they do depends on service
    tags, it is a warning. Routes, firewalls and admin rules of a Virtual Network Manager are not looked at.

    ## Why it matters
    The build waits for SSH or WinRM until it gives up, with `Timeout waiting for SSH`, or the container never starts.

    ## Bad
    The group of the build subnet denies all that comes in, with a custom rule of priority 4096, and no rule before it
    allows `AzureLoadBalancer` to ports 60000-60001.

    ## Good
    A rule of priority 400 allows TCP from `AzureLoadBalancer` to `VirtualNetwork` on ports 60000-60001, one of priority
    410 allows TCP within the virtual network on ports 22 and 5986.
    """
    subnets = _subnets(template, azure)
    build, container = (_one(subnets, name) for name in (BUILD, CONTAINER))
    at_build, at_container = _properties(azure, build), _properties(azure, container)
    if build is None or at_build is None:
        return
    if _given(template, CONTAINER) is None:
        ways = tuple(_through_proxy(build, at_build))
    elif container is not None and at_container is not None:
        ways = tuple(_from_container(build, at_build, container, at_container))
    else:
        return
    system = ground.operating_system(template)
    groups: dict[str, _Subnet] = {}
    for subnet, properties in ((build, at_build), (container, at_container)):
        if subnet is not None:
            group = ((properties or {}).get("networkSecurityGroup") or {}).get("id")
            if group:
                groups[subnet.name] = subnet._replace(id=group)
            else:
                yield Holds(subnet.at, f"{subnet.what} has no network security group")
    answers = azure.reader.side_by_side([partial(azure.get, group.id or "") for group in groups.values()])
    unread: set[str] = set()
    for (name, group), answer in zip(groups.items(), answers, strict=True):
        if answer.found:
            yield from _weighed(group, answer, [way for way in ways if way.subnet.name == name], system)
        elif (group.id or "").lower() not in unread:
            unread.add((group.id or "").lower())
            yield unchecked(group.at, f"the network security group of {group.what} lets the build through", answer)


def _through_proxy(build: _Subnet, properties: dict[str, Any]) -> Iterator[_Way]:
    """VNET, "Add an NSG rule": the load balancer reaches the proxy VM, and that the build VM in the same subnet."""
    own = _prefixes(properties)
    from_proxy = "from the proxy VM to the build VM"
    yield _Way(
        build,
        Flow("Inbound", LOAD_BALANCER, own, 0),
        (60001, 60000),
        "from the load balancer to the proxy VM",
        "inbound TCP from `AzureLoadBalancer` to `VirtualNetwork`, ports 60000-60001",
    )
    for direction in ("Inbound", "Outbound"):
        opens = f"{direction.lower()} TCP from `VirtualNetwork` to `VirtualNetwork`, ports 22 and 5986"
        yield _Way(build, Flow(direction, own, own, 0), (22, 5986), from_proxy, opens)


def _from_container(
    build: _Subnet, at_build: dict[str, Any], container: _Subnet, at_container: dict[str, Any]
) -> Iterator[_Way]:
    """JSON, "containerInstanceSubnetId": what the container reaches."""
    own, others = _prefixes(at_container), _prefixes(at_build)
    routed = bool((at_container.get("routeTable") or {}).get("id"))
    for subnet, direction in ((build, "Inbound"), (container, "Outbound")):
        opens = f"{direction.lower()} TCP from `VirtualNetwork` to `VirtualNetwork`, ports 22 and 5986"
        flow = Flow(direction, own, others, 0)
        yield _Way(subnet, flow, (22, 5986), "from the container to the build VM", opens)
    for port, what in ((443, "from the container to its image"), (445, "from the container to its file share")):
        opens = f"outbound TCP from `VirtualNetwork` to `Internet`, port {port}"
        yield _Way(container, Flow("Outbound", own, INTERNET, 0, routed), (port, port), what, opens)


def _weighed(group: _Subnet, answer: Answer, ways: list[_Way], system: str | None) -> Verdicts:
    """The verdicts on one network security group: one finding for each rule that is in the way."""
    properties = answer.at("properties") or {}
    rules = [*(properties.get("securityRules") or ()), *(properties.get("defaultSecurityRules") or ())]
    blocked: dict[Decision, list[tuple[_Way, str]]] = {}
    for way in ways:
        ports = way.ports if system is None else (way.ports[system == "Windows"],)
        decisions = [security_groups.decide(rules, way.flow._replace(port=port)) for port in dict.fromkeys(ports)]
        bad = [one for one in decisions if one.access != "allow"]
        if bad:
            certain = len(bad) == len(decisions) and all(one.access == "deny" for one in bad)
            numbers = " or ".join(str(port) for port in dict.fromkeys(ports))
            why = Decision("deny" if certain else "unknown", bad[0].rule)
            blocked.setdefault(why, []).append((way, f"{way.what} on port {numbers}"))
    name = (group.id or "").rpartition("/")[2]
    for why, stopped in blocked.items():
        who = f"the rule `{why.rule}` of the network security group `{name}`" if why.rule else f"`{name}`"
        yield Finding(
            group.at,
            f"{who} {'blocks' if why.access == 'deny' else 'may block'} what goes "
            + " and ".join(dict.fromkeys(what for _, what in stopped)),
            help="allow it with a rule of a lower number: "
            + "; ".join(dict.fromkeys(way.to_open for way, _ in stopped)),
            notes=("the build ends with `Timeout waiting for SSH` or `WinRM`, or its container never starts",),
            severity="" if why.access == "deny" else "warning",
        )
    if not blocked:
        yield Holds(group.at, f"the network security group of {group.what} lets the build through")
