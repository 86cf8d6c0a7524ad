"""Firewalls of Linux that shut the build out: ufw, iptables, nftables, firewalld. The check is in `firewall`."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from .. import effects
from ..connection import Harm
from ..effects import rest_of_build

if TYPE_CHECKING:
    from aiblint.script.build import Build
    from aiblint.script.command import Command

_SSH_PORT = pattern(r"(?:^|[^\d.])(?:22(?:/tcp)?|ssh|openssh)(?:$|[^\d.])", re.IGNORECASE)


def harm(command: Command, build: Build) -> Harm | None:
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
        return Harm(
            change.words,
            "starts the firewall while the build is connected",
            "make sure that SSH is allowed: `firewall-offline-cmd --add-service=ssh` before it",
            severity="info",
            note="its default zone `public` allows SSH; where another is set, the build is shut out",
        )
    return None


def _ufw(command: Command) -> Harm | None:
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
        return Harm(
            operands[:1],
            "lets SSH in from some addresses only, and the build may connect from another one",
            "allow SSH from the subnet of the build (`containerInstanceSubnetId`, or that of the build VM) as well",
            severity="warning",
        )
    return Harm(
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


def _iptables(command: Command) -> Harm | None:
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
            return Harm(
                words,
                "lets nothing out any more: no download, no answer to the guest agent",
                "allow what the build needs before it, or take it out",
            )
        return Harm(
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
    return Harm(
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


def _rules_of_file(command: Command, build: Build) -> Harm | None:
    name = command.name
    operands = command.operands()
    if name == "nft":
        said = command.written.replace("\\", "")
        if re.search(r"\badd\s+chain\b.*\bhook\s+input\b.*\bpolicy\s+drop\b", said, re.DOTALL):
            others = [*command.before(), *rest_of_build(command, build)]
            texts = [other.written for other in others if other.name == "nft"]
            if any(re.search(r"\binput\b.*\baccept\b", text, re.DOTALL) and _lets_in(text) for text in texts):
                return None
            return Harm(
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
        return Harm(
            (),
            "cuts the connection of the build: no rule lets SSH in",
            "add a rule that accepts port 22, or load the rules at the first boot",
        )
    return Harm(
        command.arguments,
        "loads firewall rules from a file while the build is connected",
        "make sure that they let SSH in, or load them at the first boot",
        severity="warning",
        note="where they do not, the build waits until `buildTimeoutInMinutes` is over",
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


def _firewall_cmd(command: Command, build: Build) -> Harm | None:
    panic = command.has("--panic-on")
    zone = command.has("--set-default-zone")
    removed = next(
        (word for word in command.arguments if word.known in ("--remove-service=ssh", "--remove-port=22/tcp")), None
    )
    moved = next((w for w in command.arguments if re.match(r"--(?:change|add)-interface", w.known)), None)
    if panic is not None:
        return Harm((panic,), "cuts every connection of the build VM")
    if zone is not None and zone.known.partition("=")[2] in ("drop", "block"):
        return Harm((zone,), "cuts the connection of the build")
    if moved is not None and command.has("--zone=drop", "--zone=block") and command.has("--permanent") is None:
        return Harm((moved,), "cuts the connection of the build")
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
    return Harm((removed,), "cuts the connection of the build, which goes over SSH")
