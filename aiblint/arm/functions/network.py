"""Functions on address ranges: learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr."""

from __future__ import annotations

import re

from aiblint.arm.functions.data import UNDOCUMENTED, FunctionError, integer, text, unknown_in
from aiblint.light import TYPE_CHECKING
from aiblint.value import Unknown

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


def parse_cidr(value: object) -> object:
    """`parseCidr()`."""
    network = _network("parseCidr", value)
    if isinstance(network, Unknown):
        return network
    low, high = int(network.network_address), int(network.broadcast_address)
    described: dict[str, object] = {"network": str(network.network_address), "netmask": str(network.netmask)}
    if network.version == 4:
        if network.prefixlen > 30:
            return Unknown(UNDOCUMENTED)
        described["broadcast"] = str(network.broadcast_address)
        low, high = low + 1, high - 1
    described["firstUsable"] = _address(network, low)
    described["lastUsable"] = _address(network, high)
    described["cidr"] = network.prefixlen
    return described


def cidr_subnet(value: object, prefix: object, index: object) -> object:
    """`cidrSubnet()`."""
    network = _network("cidrSubnet", value)
    length, number = integer("cidrSubnet", prefix), integer("cidrSubnet", index)
    if isinstance(network, Unknown) or isinstance(length, Unknown) or isinstance(number, Unknown):
        return unknown_in(network, length, number)
    if not network.prefixlen <= length <= network.max_prefixlen:
        raise FunctionError(f"`cidrSubnet()` cannot cut /{length} out of `{network}`")
    count = 2 ** (length - network.prefixlen)
    if not 0 <= number < count:
        raise FunctionError(f"`cidrSubnet()` asks for subnet {number} of `{network}`, which holds {count} of /{length}")
    start = int(network.network_address) + number * 2 ** (network.max_prefixlen - length)
    return f"{_address(network, start)}/{length}"


def cidr_host(value: object, index: object) -> object:
    """`cidrHost()`: 0 is the first address that a machine can have."""
    network, number = _network("cidrHost", value), integer("cidrHost", index)
    if isinstance(network, Unknown) or isinstance(number, Unknown):
        return unknown_in(network, number)
    if network.max_prefixlen - network.prefixlen < 2:
        return Unknown(UNDOCUMENTED)
    if not 0 <= number < network.num_addresses - (2 if network.version == 4 else 1):
        raise FunctionError(f"`cidrHost()` asks for address {number} of `{network}`, which has fewer")
    return _address(network, int(network.network_address) + 1 + number)


def _network(name: str, value: object) -> IPv4Network | IPv6Network | Unknown:
    data = text(name, value)
    if not isinstance(data, str):
        return unknown_in(data)
    import ipaddress

    # Python also reads masks (`/255.0.0.0`) and zones (`%eth0`); what ARM makes of them is not documented.
    if not re.fullmatch(r"[^/%]+/[0-9]{1,3}", data, re.ASCII):
        return Unknown(UNDOCUMENTED)
    try:
        return ipaddress.ip_network(data)
    except ValueError:
        pass
    try:
        # An address with host bits set, such as 10.0.0.5/24: the documentation does not say.
        ipaddress.ip_network(data, strict=False)
    except ValueError:
        raise FunctionError(f"`{name}()` needs an address range such as `10.0.0.0/16`, not `{data[:60]}`") from None
    return Unknown(UNDOCUMENTED)


def _address(network: IPv4Network | IPv6Network, number: int) -> str:
    return str(type(network.network_address)(number))
