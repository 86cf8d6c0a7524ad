"""Scripts that shut the build out with a firewall, or cut off the address of Azure itself."""

from __future__ import annotations

import re

from aiblint.finding import check
from aiblint.light import TYPE_CHECKING

from ..connection import Harm, finding
from ..effects import runs_now
from ..execution import follows_unread
from . import linux_firewall, windows_firewall

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
WIRE_SERVER = "https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16"
FIREWALL = "https://learn.microsoft.com/powershell/module/netsecurity/set-netfirewallprofile"

_AGENT = "168.63.129.16"


@check("AIB408", "firewall-blocks-build", "error", TROUBLESHOOT, WIRE_SERVER, FIREWALL)
def firewall_blocks_build(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for firewall rules that shut the build out: `ufw enable` with no rule for SSH before it, `iptables`, `nft` and
    `firewall-cmd` that drop what comes in, Windows rules that block port 5986 or remove the rules of WinRM, and whatever
    blocks 168.63.129.16, the address of Azure itself. Where earlier scripts of the build are not known, or a file holds
    the rules, this is a warning. To switch a firewall off, and to allow something, is harmless.

    ## Why it matters
    The build works over the network: over SSH, or over WinRM on port 5986. Once that is blocked it waits, often until
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
    harm = _blocks_agent(command) or (linux_firewall.harm(command, build) if linux else windows_firewall.harm(command))
    if harm is None:
        return
    severity = harm.severity
    # A script that is not known may allow what is needed.
    if not severity and follows_unread(command.script):
        severity = "warning"
    yield finding(command, harm._replace(severity=severity))


def _blocks_agent(command: Command) -> Harm | None:
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
    return Harm(
        (word,),
        f"cuts off {_AGENT}, the address of Azure itself",
        "take it out: on Linux, block it for users other than root at most",
        note="the guest agent, DHCP and the name server of Azure answer there",
    )
