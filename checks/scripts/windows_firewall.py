"""The firewall of Windows, where it shuts the build out. The check is in `firewall`."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from ..connection import Harm

if TYPE_CHECKING:
    from aiblint.script.command import Command

_WINRM = pattern(r"(?i)windows remote management|winrm|wsman")


def harm(command: Command) -> Harm | None:
    name = command.name
    if name == "netsh":
        return _netsh(command)
    if command.language != "powershell" or command.is_splatted:
        return None
    if name == "set-netfirewallprofile":
        return _profile(command)
    if name in ("new-netfirewallrule", "set-netfirewallrule") and _value(command, "Action", "a") == "block":
        return _blocking_rule(command)
    if name in ("disable-netfirewallrule", "remove-netfirewallrule") or (
        name == "set-netfirewallrule" and _value(command, "Enabled", "en") == "false"
    ):
        return _removed_rule(command)
    return None


def _value(command: Command, parameter: str, least: str) -> str:
    return "".join(word.known for word in command.values(parameter, least)[:1]).lower()


def _netsh(command: Command) -> Harm | None:
    said = re.sub(r"\s+", " ", command.written.lower().replace('"', "").replace("'", ""))
    if "advfirewall" not in said:
        return None
    words = command.arguments
    if re.search(r"advfirewall reset\b", said):
        return Harm(words, "removes the firewall rule that lets the build in")
    blocked = re.search(r"firewallpolicy (block\w+),?\s*(\w*)", said)
    if blocked and (blocked[1] == "blockinboundalways" or not _allows_winrm(command)):
        return Harm(words, "shuts the build out")
    if re.search(r"firewall delete rule name=(?:all\b|windows remote management|winrm)", said):
        return Harm(words, "removes the firewall rule that lets the build in")
    if re.search(
        r"firewall set rule (?:group|name)=windows remote management.* new .*(?:enable=no|action=block)", said
    ):
        return Harm(words, "removes the firewall rule that lets the build in")
    if "firewall add rule" in said and "action=block" in said and "dir=in" in said:
        port = re.search(r"localport=([\w,-]+)", said)
        narrow = re.search(r"remoteip=(?!any)|program=|service=(?!any)|protocol=(?!tcp|any|6\b)|enable=no", said)
        if not narrow and (port is None or _covers_winrm(port[1].split(","))):
            return Harm(words, "blocks port 5986, which the build is connected over")
    return None


def _profile(command: Command) -> Harm | None:
    if _value(command, "AllowInboundRules", "allowi") == "false":
        return Harm(command.values("AllowInboundRules", "allowi"), "shuts the build out")
    inbound = command.values("DefaultInboundAction", "defaulti")
    if inbound and inbound[0].known.lower() == "block" and not _allows_winrm(command):
        return Harm(inbound, "shuts the build out unless a rule lets WinRM in")
    outbound = command.values("DefaultOutboundAction", "defaulto")
    if outbound and outbound[0].known.lower() == "block":
        return Harm(
            outbound,
            "lets nothing out any more: no download, no guest agent",
            severity="warning",
            note="what the build still has to download is not there, and the agent cannot tell that the build VM is ready",
        )
    enabled = command.values("Enabled", "en")
    if enabled and enabled[0].known.lower() in ("true", "$true"):
        return Harm(
            enabled,
            "switches the firewall on while the build is connected",
            "make sure that the rules of WinRM are still there",
            severity="info",
            note="the build VM has a rule for WinRM, so this does no harm unless a script removed it",
        )
    return None


def _allows_winrm(command: Command) -> bool:
    """Whether an earlier command lets WinRM in."""
    for earlier in command.before():
        said = earlier.written.lower()
        adds = earlier.name in ("new-netfirewallrule", "enable-netfirewallrule", "set-netfirewallrule")
        if adds and "block" not in said and ("5986" in said or _WINRM.search(said) or earlier.is_splatted):
            return True
        if earlier.name == "netsh" and "action=allow" in said and "5986" in said:
            return True
    return False


def _covers_winrm(ports: list[str]) -> bool:
    for port in ports:
        first, _, last = port.partition("-")
        if port.lower() in ("any", "5986") or (first.isdigit() and last.isdigit() and int(first) <= 5986 <= int(last)):
            return True
    return False


_NARROW = ("RemoteAddress", "Program", "Service", "RemotePort", "Package", "RemoteUser", "InterfaceType")


def _blocking_rule(command: Command) -> Harm | None:
    if command.name == "set-netfirewallrule" and not _WINRM.search(command.written):
        return None
    if _value(command, "Direction", "di") == "outbound" or _value(command, "Enabled", "en") == "false":
        return None
    if command.name == "new-netfirewallrule":
        ports = [word.known for word in command.values("LocalPort", "localp")]
        protocol = _value(command, "Protocol", "prot")
        given = (_value(command, parameter, parameter[:7]) for parameter in _NARROW)
        if any(value not in ("", "any") for value in given) or protocol not in ("", "tcp", "any", "6"):
            return None
        profiles = [word.known.lower() for word in command.values("Profile", "prof")]
        if profiles and not {"any", "public"} & set(profiles):
            return None
        if any(UNKNOWN in port for port in ports) or (ports and not _covers_winrm(ports)):
            return None
    return Harm(command.values("Action", "a"), "blocks port 5986, which the build is connected over")


def _removed_rule(command: Command) -> Harm | None:
    fed = command.fed_by if command.fed_by is not None and command.fed_by.name == "get-netfirewallrule" else None
    if command.fed_by is not None and fed is None:
        return None
    source = fed or command
    if source.is_splatted:
        return None
    names = [
        word
        for parameter, least in (
            ("DisplayGroup", "displayg"),
            ("DisplayName", "displayn"),
            ("Name", "na"),
            ("Group", "g"),
        )
        for word in source.values(parameter, least)
    ] or list(source.unnamed())
    winrm = next((word for word in names if _is_winrm(word.known)), None)
    narrow = any(
        source.parameter(one) is not None for one in ("Action", "Enabled", "PolicyStore", "InputObject", "Owner")
    )
    outbound = _value(source, "Direction", "di") == "outbound"
    everything = not names and not narrow and not outbound
    if winrm is None and not everything:
        return None
    shown_words = (winrm,) if winrm is not None else source.arguments
    return Harm(
        tuple(word for word in shown_words if word.start >= command.start),
        "removes the firewall rule that lets the build in",
    )


def _is_winrm(name: str) -> bool:
    # `*` alone stands for all rules, and with them for those of WinRM.
    return _WINRM.search(name) is not None or name.strip() == "*"
