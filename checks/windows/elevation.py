"""What Windows refuses to a step without `runElevated`."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

from .. import tables
from ..execution import is_elevated
from ..wording import called, where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Script

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#powershell-customizer"
REMOTE_WUA = "https://learn.microsoft.com/windows/win32/wua_sdk/using-wua-from-a-remote-computer"


@check("AIB507", "needs-elevation", "error", JSON, REMOTE_WUA)
def needs_elevation(script: Script) -> Findings:
    """
    ## What it does
    Looks for what is refused in a step without `runElevated`: Windows features and capabilities through DISM, updates
    through `wusa` and the Windows Update API, `Start-BitsTransfer`. `Install-WindowsFeature` works in some builds and is
    only advice; `#Requires -RunAsAdministrator` is a warning.

    ## Why it matters
    Without `runElevated` the step is logged on over the network, with fewer rights than at a console. These commands end
    with `Access is denied` or `0x80070005`, and as PowerShell goes on after most errors, often nobody notices until the
    image lacks them.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallSsh",
        "inline": ["«Add-WindowsCapability» -Online -Name OpenSSH.Server~~~~0.0.1.0"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallSsh",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Add-WindowsCapability -Online -Name OpenSSH.Server~~~~0.0.1.0"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    # A script that is linted alone may be run by an elevated step.
    if script.language != "powershell" or is_elevated(script) is not False:
        return
    for comment in script.contents.comments:
        if re.match(r"#requires\s.*-runasadmin", comment.text, re.IGNORECASE):
            yield Finding(
                script.span(comment.start, comment.end),
                f"{where(script)} wants to run as administrator, and its step is not elevated",
                help='write `"runElevated": true` and `"runAsSystem": true` in the step',
                notes=("without the rights of an administrator PowerShell refuses to run the script at all",),
                severity="warning",
            )
    for command in script.commands:
        match = tables.broken("needs-elevation", command)
        starter = command.under("start-process")
        elsewhere = command.inside("block") and "invoke-command" in (frame.text for frame in command.around)
        if match is None or elsewhere or (starter is not None and starter.parameter("Verb", "verb") is not None):
            continue
        yield Finding(
            command.at(*match.words),
            f"`{called(command, *match.words)}` needs more rights than {where(script)} has, which is not elevated",
            help=match.row.help,
            notes=(match.row.note,),
            severity=match.row.severity,
        )
