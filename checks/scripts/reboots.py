"""Scripts that restart or switch off the build VM."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

from .. import effects, tables
from ..effects import rest_of_build, runs_now
from ..wording import where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
RESTART = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#windows-restart-customizer"
PACKER = "https://developer.hashicorp.com/packer/docs/provisioners/shell#handling-reboots"

_WINDOWS_HELP = "take it out, and put a `WindowsRestart` step behind this one"
_LINUX_HELP = "take it out: no restart is needed to make an image, and the VMs made from it start anew anyway"
_WINDOWS_NOTE = (
    "the step ends with exit code 16001, 1115 or 1190, or the build waits until `buildTimeoutInMinutes` is over"
)
_LINUX_NOTE = (
    "there is no restart step for Linux, and the build does not expect one in a script: it fails with `Script "
    "disconnected unexpectedly`"
)
_OWN_NAMES = ("localhost", ".", "127.0.0.1")


@check("AIB410", "reboot-in-script", "error", PACKER, RESTART, TROUBLESHOOT)
def reboot_in_script(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for commands of a script that restart or switch off the build VM: `reboot`, `shutdown`, `init 6`,
    `Restart-Computer`, `Install-WindowsFeature -Restart` and their like. What a script only writes down for later (a
    scheduled task, a file, the `restartCommand` of a `WindowsRestart`) is not meant, nor a restart that the build calls
    off again. Where a condition decides, this is a warning.

    ## Why it matters
    The script runs over the connection that the restart ends. On Linux the build fails there and then; on Windows it
    fails with 16001, or starts the next step while Windows is shutting down.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Upgrade", "inline": ["sudo systemctl enable app", "sudo «reboot»"]}
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Rename",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Set-TimeZone -Id UTC", "«Restart-Computer» -Force"]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "SetTimeZone",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Set-TimeZone -Id UTC"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    found = _restarts(command)
    if found is None or not runs_now(command) or _is_called_off(command, build) or _never(command):
        return
    words, does, help_ = found
    linux = command.language == "shell"
    yield Finding(
        command.at(*words),
        f"`{command.label(*words)}` in {where(command.script)} {does}, and the build loses its connection",
        help=help_ or (_LINUX_HELP if linux else _WINDOWS_HELP),
        notes=(_LINUX_NOTE if linux else _WINDOWS_NOTE,),
        severity="" if command.inside("if", "catch") is None else "warning",
    )


def _restarts(command: Command) -> tuple[tuple[Word, ...], str, str] | None:
    """The words of a command that restarts, what it does, and what to do instead where that is special."""
    match = tables.first("reboot-in-script", command)
    if match is not None:
        remote = command.values("ComputerName", "co") if command.name in ("restart-computer", "stop-computer") else ()
        if any(word.known.lower() not in _OWN_NAMES for word in remote):
            return None
        return match.words, match.row.does, match.row.help
    if command.language != "shell":
        return None  # installers that are told to restart: installer-may-restart
    for one in effects.writings(command):
        if one.path == "/proc/sysrq-trigger" and (one.content or "").strip() in ("b", "o"):
            return (one.word,), "restarts or stops the build VM at once", ""
    return None


def _is_called_off(command: Command, build: Build) -> bool:
    return command.name == "shutdown" and any(
        later.name == "shutdown" and later.has("-c" if command.language == "shell" else "/a") is not None
        for later in rest_of_build(command, build)
    )


def _never(command: Command) -> bool:
    """Whether it waits for a switch of the script, which the build starts without any."""
    text = command.script.text
    return command.script.runner is None and any(
        re.fullmatch(r"\$\w+", frame.text) and re.search(rf"(?i)\[switch\]\s*{re.escape(frame.text)}\b", text)
        for frame in command.around
        if frame.kind == "if"
    )
