"""Scripts that shut the build out with a firewall, or cut off the address of Azure itself."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from .. import effects
from ..effects import rest_of_build, runs_now, shown
from ..execution import where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
WIRE_SERVER = "https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16"
FIREWALL = "https://learn.microsoft.com/powershell/module/netsecurity/set-netfirewallprofile"

_AGENT = "168.63.129.16"
_SSH_PORT = pattern(r"(?:^|[^\d.])(?:22(?:/tcp)?|ssh|openssh)(?:$|[^\d.])", re.IGNORECASE)
_WINRM = pattern(r"(?i)windows remote management|winrm|wsman")
_LOCK_OUT = "the next thing that the build does on the machine waits for an answer, until the build times out"


class _Cut(NamedTuple):
    """How a command cuts the connection: the words that show it, what it does, what to do, and how bad it is."""

    words: tuple[Word, ...]
    does: str
    help: str
    severity: str = ""
    note: str = _LOCK_OUT


@check("AIB408", "firewall-blocks-build", "error", TROUBLESHOOT, WIRE_SERVER, FIREWALL)
def firewall_blocks_build(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for firewall rules that shut the build out: `ufw enable` with no rule for SSH before it, `iptables`, `nft` and
    `firewall-cmd` that drop what comes in, Windows rules that block port 5986 or remove the rules of WinRM, and whatever
    blocks 168.63.129.16, the address of Azure itself. Where earlier scripts of the build are not known, or a file holds
    the rules, this is a warning. To switch a firewall off, and to allow something, is harmless.

    ## Why it matters
    The build comes over the network: over SSH, or over WinRM on port 5986. Once that is blocked it waits, often until
    it times out hours later, and says only `context canceled`.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Harden",
        "inline": ["sudo ufw default deny incoming", "sudo ufw allow 443/tcp", "sudo «ufw --force enable»"]
      }
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Harden",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Set-NetFirewallProfile -All -DefaultInboundAction Block»", "Start-Sleep -Seconds 60"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Harden",
        "inline": ["sudo ufw allow OpenSSH", "sudo ufw allow 443/tcp", "sudo ufw --force enable"]
      }
    ]
    ```
    """
    if not runs_now(command):
        return
    linux = command.language == "shell"
    cut = _blocks_agent(command) or (_cut_on_linux(command, build) if linux else _cut_on_windows(command))
    if cut is None:
        return
    severity = cut.severity
    if not severity and not _knows_earlier(command, build):
        severity = "warning"
    yield Finding(
        command.at(*cut.words),
        f"`{_said(command, cut.words)}` in {where(command.script)} {cut.does}",
        help=cut.help,
        notes=(cut.note,) if cut.note else (),
        severity=severity,
    )


def _said(command: Command, words: tuple[Word, ...]) -> str:
    return shown(command, words[-1]) if words else command.label()


def _knows_earlier(command: Command, build: Build) -> bool:
    """Whether all scripts are known that the build runs before: one that is not may allow what is needed."""
    step = command.script.step
    if build.template is None or step is None or build.complete:
        return True
    known = {
        script.step.index for script in build.scripts if script.step is not None and script.step.phase == "customize"
    }
    return all(
        one.index in known or one.type not in ("Shell", "PowerShell", None)
        for one in build.template.customizers[: step.index]
    )


def _blocks_agent(command: Command) -> _Cut | None:
    """What blocks the address that the guest agent, DNS and DHCP of Azure are at."""
    word = next(
        (word for word in command.arguments if re.search(rf"(?<!\d){re.escape(_AGENT)}(?!\d)", word.known)), None
    )
    if word is None:
        return None
    said = " ".join(command.texts).lower()
    name = command.name
    blocks = (
        # Azure's own advice lets only root reach it.
        (
            name == "iptables"
            and re.search(r"-j (?:drop|reject)", said)
            and "owner" not in said
            and "-d" not in command.texts[:1]
        )
        or (name in ("ip", "route") and re.search(r"\b(?:del|delete|blackhole|unreachable|prohibit|reject)\b", said))
        or (name == "ufw" and re.search(r"\b(?:deny|reject)\b", said) and "delete" not in said)
        or (name == "nft" and re.search(r"\b(?:drop|reject)\b", said) and "skuid" not in said)
        or (name == "firewall-cmd" and re.search(r"\b(?:drop|reject)\b", said) and "--remove" not in said)
        or (name in ("new-netfirewallrule", "set-netfirewallrule") and "block" in said)
        or (name == "netsh" and "action=block" in command.written.lower())
        or name == "remove-netroute"
    )
    if not blocks:
        return None
    return _Cut(
        (word,),
        f"cuts off {_AGENT}, the address of Azure itself",
        "take it out: on Linux, block it for users other than root at most",
        note="the guest agent, DHCP and the name server of Azure answer there",
    )


# -- Linux -------------------------------------------------------------------------------------------------------------


def _cut_on_linux(command: Command, build: Build) -> _Cut | None:
    name = command.name
    if name == "ufw":
        return _ufw(command)
    if name in ("iptables", "iptables-nft", "iptables-legacy"):
        return _iptables(command)
    if name in ("iptables-restore", "netfilter-persistent", "nft"):
        return _rules_of_file(command, build)
    if name == "firewall-cmd":
        return _firewall_cmd(command, build)
    change = effects.service(command)
    if (
        change is not None
        and change.word("firewalld") is not None
        and (change.action in ("start", "restart") or change.now)
    ):
        if any(earlier.name in ("firewall-cmd", "firewall-offline-cmd") for earlier in command.before()):
            return None
        return _Cut(
            change.words,
            "starts the firewall while the build is connected",
            "make sure that SSH is allowed: `firewall-offline-cmd --add-service=ssh` before it",
            "info",
            "its default zone `public` allows SSH; where another is set, the build is shut out",
        )
    return None


def _ufw(command: Command) -> _Cut | None:
    operands = command.operands()
    if not operands or operands[0].known != "enable" or command.has("--dry-run") is not None:
        return None
    restricted = False
    for earlier in command.before():
        said = " ".join(earlier.texts)
        if earlier.name != "ufw":
            if "/etc/ufw/" in earlier.written or any("/etc/ufw/" in one.path for one in effects.writings(earlier)):
                return None  # rules in files
            continue
        words = [word.known for word in earlier.operands()]
        if words[:1] == ["route"] or not set(words[:2]) & {"allow", "limit"} or "out" in words[:3] or "delete" in words:
            continue
        if UNKNOWN in said or earlier.is_open:
            return None
        if words[:2] == ["default", "allow"] and words[2:3] in ([], ["incoming"]):
            return None
        ports = [word for word in words[1:] if word != "allow"]
        source = words[words.index("from") + 1] if "from" in words[:-1] else "any"
        names_port = "port" in words or not {"from", "to", "on"} & set(words)
        if (names_port and _has_ssh(ports)) or not names_port:
            if source == "any":
                return None
            restricted = True
    if restricted:
        return _Cut(
            operands[:1],
            "lets SSH in from some addresses only, and the build may come from another one",
            "allow SSH from the subnet of the build (`containerInstanceSubnetId`, or that of the build machine) as well",
            "warning",
        )
    return _Cut(
        operands[:1],
        "cuts the connection of the build: no rule before it allows SSH",
        "put `ufw allow OpenSSH` before it",
    )


def _has_ssh(words: list[str]) -> bool:
    for word in words:
        if _SSH_PORT.search(word):
            return True
        if any(int(first) <= 22 <= int(last) for first, last in re.findall(r"\b(\d+):(\d+)", word)):
            return True
    return False


def _iptables(command: Command) -> _Cut | None:
    texts = command.texts
    if "-t" in texts and "filter" not in texts:
        return None
    said = f" {' '.join(texts)} "
    policy = re.search(r" (?:-P|--policy) (INPUT|OUTPUT) DROP ", said)
    if policy:
        chain = policy[1]
        if _accepts(command, chain):
            return None
        words = command.arguments
        if chain == "OUTPUT":
            return _Cut(
                words,
                "lets nothing out any more: no download, no answer to the guest agent",
                "allow what the build needs before it, or take it out",
                note=_LOCK_OUT,
            )
        return _Cut(
            words,
            "cuts the connection of the build: no rule before it lets SSH in",
            "put `iptables -A INPUT -p tcp --dport 22 -j ACCEPT` before it, or set the policy at the first boot",
        )
    added = re.search(r" (?:-A|-I|--append|--insert) INPUT .*(?:-j|--jump) (?:DROP|REJECT) ", said)
    if added is None or UNKNOWN in said:
        return None
    narrow = re.search(r" (?:-s|--source|-d|--destination|-i|--in-interface|--sport|--tcp-flags|!) ", said)
    modules = set(re.findall(r" (?:-m|--match) (\S+)", said)) - {"tcp", "comment", "multiport"}
    ports = re.findall(r" --(?:dport|dports|destination-port)s? (\S+)", said)
    protocol = re.search(r" (?:-p|--protocol) (\S+)", said)
    if narrow or (modules and " NEW " not in said):
        return None
    if protocol and protocol[1] not in ("tcp", "all"):
        return None
    if ports and not _has_ssh(re.split(",", ports[0])):
        return None
    if not ports and _accepts(command, "INPUT"):
        return None
    if ports and _accepts(command, "INPUT", only_new=True):
        return None
    return _Cut(
        command.arguments,
        "cuts the connection of the build: no rule before it lets SSH in",
        "put `iptables -A INPUT -p tcp --dport 22 -j ACCEPT` before it, or set the rules at the first boot",
    )


def _accepts(command: Command, chain: str, *, only_new: bool = False) -> bool:
    """Whether an earlier rule of a chain accepts the connection of the build, or may."""
    for earlier in command.before():
        if earlier.name not in ("iptables", "iptables-nft", "iptables-legacy"):
            if earlier.name == "iptables-restore":
                return True
            continue
        said = f" {' '.join(earlier.texts)} "
        rule = re.search(rf" (?:-A|-I|--append|--insert) {chain} (.*)(?:-j|--jump) ACCEPT ", said)
        if rule is None:
            continue
        ports = re.findall(r" --(?:dport|dports|sport|sports|destination-port)s? (\S+)", said)
        if UNKNOWN in said or (ports and _has_ssh(re.split(",", ports[0]))):
            return True
        if not only_new and "ESTABLISHED" in said:
            return True
        if re.fullmatch(r"(?:\d+ )?\s*", rule[1]):
            return True
    return False


def _rules_of_file(command: Command, build: Build) -> _Cut | None:
    name = command.name
    operands = command.operands()
    if name == "nft":
        said = command.written.replace("\\", "")
        if re.search(r"\badd\s+chain\b.*\bhook\s+input\b.*\bpolicy\s+drop\b", said, re.DOTALL):
            others = [*command.before(), *rest_of_build(command, build)]
            texts = [other.written for other in others if other.name == "nft"]
            if any(re.search(r"\binput\b.*\baccept\b", text, re.DOTALL) and _lets_in(text) for text in texts):
                return None
            return _Cut(
                command.arguments,
                "cuts the connection of the build: no rule lets SSH in",
                "add a rule that accepts `tcp dport 22`, or load the rules at the first boot",
            )
        if command.has("-f", "--file") is None or command.has("-c", "--check") is not None:
            return None
        rules = next((redirect.target.known for redirect in command.redirects if redirect.operator == "<<"), None)
    elif name == "netfilter-persistent":
        if not operands or operands[0].known not in ("reload", "start", "restart"):
            return None
        rules = None
    else:
        if command.has("-t", "--test") is not None:
            return None
        rules = next((redirect.target.known for redirect in command.redirects if redirect.operator == "<<"), None)
    if rules is None:
        rules = _written_rules(command)
    if rules == "":
        return None
    if rules is not None:
        if not re.search(r"(?i)INPUT DROP|policy drop|-j (?:DROP|REJECT)|\bdrop\b|\breject\b", rules) or _lets_in(
            rules
        ):
            return None
        return _Cut(
            (),
            "cuts the connection of the build: no rule lets SSH in",
            "add a rule that accepts port 22, or load the rules at the first boot",
        )
    return _Cut(
        command.arguments,
        "loads firewall rules from a file while the build is connected",
        "make sure that they let SSH in, or load them at the first boot",
        "warning",
        "where they do not, the build waits until it times out",
    )


def _lets_in(rules: str) -> bool:
    return re.search(r"(?i)established|\b22\b|\bssh\b", rules) is not None


def _written_rules(command: Command) -> str | None:
    """The rules that an earlier command wrote to the file; empty where they are those that were in force anyway."""
    for earlier in command.before():
        if earlier.name in ("iptables-save", "netfilter-persistent") and (
            earlier.name == "iptables-save" or "save" in earlier.texts
        ):
            return ""
        for one in effects.writings(earlier):
            rest = (*command.texts, *(redirect.target.known for redirect in command.redirects))
            if one.path in rest and one.content is not None and UNKNOWN not in one.content:
                return one.content
    return None


def _firewall_cmd(command: Command, build: Build) -> _Cut | None:
    panic = command.has("--panic-on")
    zone = command.has("--set-default-zone")
    removed = next(
        (word for word in command.arguments if word.known in ("--remove-service=ssh", "--remove-port=22/tcp")), None
    )
    moved = next((w for w in command.arguments if re.match(r"--(?:change|add)-interface", w.known)), None)
    help_ = "take it out, or let it run at the first boot"
    if panic is not None:
        return _Cut((panic,), "cuts every connection of the machine", help_)
    if zone is not None and zone.known.partition("=")[2] in ("drop", "block"):
        return _Cut((zone,), "cuts the connection of the build", help_)
    if moved is not None and command.has("--zone=drop", "--zone=block") and command.has("--permanent") is None:
        return _Cut((moved,), "cuts the connection of the build", help_)
    if removed is None:
        return None
    if command.has("--permanent") is not None and not any(
        (later.name == "firewall-cmd" and later.has("--reload", "--complete-reload") is not None)
        or ((change := effects.service(later)) is not None and "firewalld" in change.names)
        for later in rest_of_build(command, build)
    ):
        return None
    other = command.has("--zone")
    if other is not None and other.known.partition("=")[2] not in ("public", ""):
        return None
    return _Cut((removed,), "cuts the connection of the build, which comes over SSH", help_)


# -- Windows -----------------------------------------------------------------------------------------------------------


def _cut_on_windows(command: Command) -> _Cut | None:
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


_AT_FIRST_BOOT = "take it out, or let it run at the first boot (`SetupComplete.cmd`, a scheduled task)"


def _value(command: Command, parameter: str, least: str) -> str:
    return "".join(word.known for word in command.values(parameter, least)[:1]).lower()


def _netsh(command: Command) -> _Cut | None:
    said = re.sub(r"\s+", " ", command.written.lower().replace('"', "").replace("'", ""))
    if "advfirewall" not in said:
        return None
    words = command.arguments
    if re.search(r"advfirewall reset\b", said):
        return _Cut(words, "removes the firewall rule that lets the build in", _AT_FIRST_BOOT)
    blocked = re.search(r"firewallpolicy (block\w+),?\s*(\w*)", said)
    if blocked and (blocked[1] == "blockinboundalways" or not _allows_winrm(command)):
        return _Cut(words, "shuts the build out", _AT_FIRST_BOOT)
    if re.search(r"firewall delete rule name=(?:all\b|windows remote management|winrm)", said):
        return _Cut(words, "removes the firewall rule that lets the build in", _AT_FIRST_BOOT)
    if re.search(
        r"firewall set rule (?:group|name)=windows remote management.* new .*(?:enable=no|action=block)", said
    ):
        return _Cut(words, "removes the firewall rule that lets the build in", _AT_FIRST_BOOT)
    if "firewall add rule" in said and "action=block" in said and "dir=in" in said:
        port = re.search(r"localport=([\w,-]+)", said)
        narrow = re.search(r"remoteip=(?!any)|program=|service=(?!any)|protocol=(?!tcp|any|6\b)|enable=no", said)
        if not narrow and (port is None or _covers_winrm(port[1].split(","))):
            return _Cut(words, "blocks port 5986, which the build comes over", _AT_FIRST_BOOT)
    return None


def _profile(command: Command) -> _Cut | None:
    if _value(command, "AllowInboundRules", "allowi") == "false":
        return _Cut(command.values("AllowInboundRules", "allowi"), "shuts the build out", _AT_FIRST_BOOT)
    inbound = command.values("DefaultInboundAction", "defaulti")
    if inbound and inbound[0].known.lower() == "block" and not _allows_winrm(command):
        return _Cut(inbound, "shuts the build out unless a rule lets WinRM in", _AT_FIRST_BOOT, note=_LOCK_OUT)
    outbound = command.values("DefaultOutboundAction", "defaulto")
    if outbound and outbound[0].known.lower() == "block":
        return _Cut(
            outbound,
            "lets nothing out any more: no download, no guest agent",
            _AT_FIRST_BOOT,
            "warning",
            "what the build still has to download is not there, and the agent cannot tell that the machine is ready",
        )
    enabled = command.values("Enabled", "en")
    if enabled and enabled[0].known.lower() in ("true", "$true"):
        return _Cut(
            enabled,
            "switches the firewall on while the build is connected",
            "make sure that the rules of WinRM are still there",
            "info",
            "the build machine has a rule for WinRM, so this does no harm unless a script removed it",
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


def _blocking_rule(command: Command) -> _Cut | None:
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
    return _Cut(command.values("Action", "a"), "blocks port 5986, which the build comes over", _AT_FIRST_BOOT)


def _removed_rule(command: Command) -> _Cut | None:
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
    return _Cut(
        tuple(word for word in shown_words if word.start >= command.start),
        "removes the firewall rule that lets the build in",
        _AT_FIRST_BOOT,
    )


def _is_winrm(name: str) -> bool:
    # `*` alone stands for all rules, and with them for those of WinRM.
    return _WINRM.search(name) is not None or name.strip() == "*"
