"""What the rules of a network security group let through, from nothing but the rules.

Azure takes the rules of one direction by their priority, and the first one that fits decides:
https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
"""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Sequence
    from typing import Any

    # Subnets of a virtual network by their IPv4 prefixes (none: not known), or one of these two service tags.
    Place = tuple[str, ...] | str

LOAD_BALANCER, INTERNET = "AzureLoadBalancer", "Internet"
# What probes of a load balancer come from, in every region.
_PROBES = "168.63.129.16/32"

_NO, _PARTLY, _WHOLLY = range(3)


class Flow(NamedTuple):
    """TCP traffic to one port. `routed` tells whether the subnet has a route table: the tag `VirtualNetwork` then also
    stands for the prefixes of its routes."""

    direction: str
    source: Place
    target: Place
    port: int
    routed: bool = False


class Decision(NamedTuple):
    """`access` is allow, deny or unknown: some of the traffic may be denied. `rule` is the one that decides that, empty
    where none does."""

    access: str
    rule: str = ""


def decide(rules: Sequence[dict[str, Any]], flow: Flow) -> Decision:
    """What rules (custom and default ones, in the shape of the resource manager) do with traffic."""
    fitting = [rule for rule in rules if str(_of(rule, "direction")).lower() == flow.direction.lower()]
    seen: dict[str, str] = {}
    for rule in sorted(fitting, key=lambda rule: int(_of(rule, "priority") or 65536)):
        fit = _fits(rule, flow)
        if fit == _NO:
            continue
        access = str(_of(rule, "access")).lower()
        name = str(rule.get("name") or "")
        if fit == _WHOLLY and not set(seen) - {access}:
            return Decision(access, name)
        seen.setdefault(access, name)
        if fit == _WHOLLY:
            break
    return Decision("unknown", seen.get("deny", ""))


def _of(rule: dict[str, Any], name: str) -> Any:
    return (rule.get("properties") or {}).get(name)


def _several(rule: dict[str, Any], one: str, more: str) -> list[str]:
    """A rule has either one prefix or a list of them, and so it is with ports."""
    return [text for text in (_of(rule, one), *(_of(rule, more) or ())) if isinstance(text, str) and text]


def _fits(rule: dict[str, Any], flow: Flow) -> int:
    if str(_of(rule, "protocol")).lower() not in ("*", "tcp"):
        return _NO
    target_ports = _several(rule, "destinationPortRange", "destinationPortRanges")
    if not any(_includes(ports, flow.port) for ports in target_ports):
        return _NO
    source_ports = _several(rule, "sourcePortRange", "sourcePortRanges")
    # Which port a connection comes from is not known.
    whole = _WHOLLY if any(_includes(ports, 0) and _includes(ports, 65535) for ports in source_ports) else _PARTLY
    return min(
        whole,
        _covers(_several(rule, "sourceAddressPrefix", "sourceAddressPrefixes"), flow.source, flow.routed),
        # Application security groups have no member that Image Builder makes, and stand in place of a prefix.
        _covers(_several(rule, "destinationAddressPrefix", "destinationAddressPrefixes"), flow.target, flow.routed),
    )


def _includes(ports: str, port: int) -> bool:
    if ports == "*":
        return True
    first, _, last = ports.partition("-")
    return first.isdigit() and (last or first).isdigit() and int(first) <= port <= int(last or first)


def _covers(prefixes: list[str], place: Place, routed: bool) -> int:
    import ipaddress  # here: a run that asks nothing does without

    networks: list[ipaddress.IPv4Network] = []
    best = _NO
    for prefix in prefixes:
        if prefix in ("*", "0.0.0.0/0") or prefix.lower() == "any":
            return _WHOLLY
        try:
            network = ipaddress.ip_network(prefix, strict=False)
            networks += [network] if isinstance(network, ipaddress.IPv4Network) else []
        except ValueError:
            best = max(best, _tag(prefix.lower(), place, routed))
    together = list(ipaddress.collapse_addresses(networks))
    if place == INTERNET:
        if any(network.prefixlen == 0 for network in together):
            return _WHOLLY
        return max(best, _PARTLY if any(not network.is_private for network in together) else _NO)
    if place == LOAD_BALANCER:
        place = (_PROBES,)
    if not place:
        return max(best, _PARTLY if together else _NO)
    wanted = [ipaddress.IPv4Network(prefix, strict=False) for prefix in place]
    if all(any(own.subnet_of(network) for network in together) for own in wanted):
        return _WHOLLY
    return max(best, _PARTLY if any(own.overlaps(network) for own in wanted for network in together) else _NO)


def _tag(tag: str, place: Place, routed: bool) -> int:
    """How much of a place a service tag stands for: https://learn.microsoft.com/azure/virtual-network/service-tags-overview"""
    if isinstance(place, str):
        if tag == place.lower():
            return _WHOLLY
        if place == INTERNET and tag == "virtualnetwork":
            return _PARTLY if routed else _NO
        # `VirtualNetwork` has the address of the host in it, and that is where probes come from.
        return _NO if tag in ("internet", "azureloadbalancer") else _PARTLY
    if tag == "virtualnetwork":
        return _WHOLLY
    import ipaddress

    # All other tags are public addresses.
    public = not place or any(not ipaddress.IPv4Network(prefix, strict=False).is_private for prefix in place)
    return _PARTLY if public and tag not in ("internet", "azureloadbalancer") else _NO
