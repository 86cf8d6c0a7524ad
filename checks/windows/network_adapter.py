"""Scripts of Windows that reset the network adapter that the build is connected over, or its address."""

from __future__ import annotations

import re

from aiblint.finding import check
from aiblint.light import TYPE_CHECKING

from .. import tables
from ..connection import Harm, finding
from ..effects import runs_now

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.command import Command

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
AVD_SCRIPTS = "https://github.com/Azure/azvmimagebuilder/tree/main/solutions/14_Building_Images_WVD"


@check("AIB509", "network-adapter-changed", "error", AVD_SCRIPTS, TROUBLESHOOT)
def network_adapter_changed(command: Command) -> Findings:
    r"""
    ## What it does
    Looks for commands of Windows scripts that reset the network adapter or its address:
    `Set-NetAdapterAdvancedProperty`, `Restart-NetAdapter`, `netsh int ip reset`, `ipconfig /release` and their like. A
    script that takes such a command out of another one is not meant.

    ## Why it matters
    The build is connected over that adapter. Its connection ends, and the step with it: `exit code 16001`. Older
    versions of the optimization scripts for Azure Virtual Desktop do this.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Optimize",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "«Set-NetAdapterAdvancedProperty» -DisplayName 'Send Buffer Size' -DisplayValue 4MB",
          "Start-Sleep -Seconds 60"
        ]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Optimize",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "$script = Get-Content -Path C:\\AVD\\Optimize.ps1 -Raw",
          "$script = $script.Replace('Set-NetAdapterAdvancedProperty', '#Set-NetAdapterAdvancedProperty')",
          "Set-Content -Path C:\\AVD\\Optimize.ps1 -Value $script",
          "Start-Sleep -Seconds 60"
        ]
      }
    ]
    ```
    """
    if command.language == "shell" or not runs_now(command):
        return
    match = tables.first("network-adapter-changed", command)
    if match is not None:
        row = match.row
        yield finding(command, Harm(match.words, row.does, row.help, row.note, row.severity))
    elif command.name == "netsh":
        does, severity = _netsh_interface(command)
        if does:
            yield finding(command, Harm(command.arguments, does, severity=severity))


def _netsh_interface(command: Command) -> tuple[str, str]:
    """What `netsh` does to the network, and how bad that is."""
    said = re.sub(r"\s+", " ", command.written.lower().replace('"', ""))
    if re.search(r"\b(?:winsock|int\w* (?:ip|ipv4|tcp)) reset\b", said):
        return "resets the network", "info" if "winsock" in said else ""
    if re.search(r"\bint\w* (?:ip|ipv4) (?:set|add|delete) address\b", said):
        return "changes the address that the build connects to", ""
    if re.search(r"\bint\w* set interface .*(?:admin=disable|\bdisabled?\b)", said):
        return "switches off the network adapter", ""
    return "", ""
