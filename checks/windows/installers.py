"""Installers of Windows: whether they ask, are waited for, and restart the build VM."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from .. import tables
from ..execution import awaits, is_answered
from ..wording import called, where
from .programs import is_installer, is_left_alone, is_named_like_installer

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
MSIEXEC = "https://learn.microsoft.com/windows-server/administration/windows-commands/msiexec"
START_PROCESS = "https://learn.microsoft.com/powershell/module/microsoft.powershell.management/start-process"
NATIVE = "https://learn.microsoft.com/powershell/scripting/learn/shell/running-commands"
# What makes some installer quiet, or is no installation: with one of them nobody can say that it asks.
_QUIET = pattern(
    r"[-/](?:[sq]|qn|qb|ms|y|p|sall|s[/ ].*|v.*/q.*|f1.*)$|.*(?:silent|quiet|unattend|passive|hidden|nogui|exenoui)"
    r"|[-/]+(?:configure|download|extract|layout|action|allusers|uninstall|help|\?|version|batch|auto|c$|mode|i$)"
)
_POLLS = pattern(r"wait-process|get-process|win32_process|msiservice", re.IGNORECASE)


@check("AIB501", "interactive-installer", "error", TROUBLESHOOT, MSIEXEC)
def interactive_installer(script: Script) -> Findings:
    """
    ## What it does
    Looks for installers and package managers of Windows that show a window or ask something: without `/qn`, `/quiet`,
    `/S`, `-y`, `-Force`, or whatever makes the one at hand silent. It knows the options of `msiexec`, the Visual C++ and
    .NET runtimes, Visual Studio, SQL Server, Chocolatey, winget, `Install-Module` and many others. Options in variables
    and lists are followed; where they are not known nothing is reported.

    ## Why it matters
    Nobody sits at a build, and in its session there is no desktop to click on. The step waits until
    `buildTimeoutInMinutes` is over, which is four hours by default, and does not say for what.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process «msiexec.exe» -Wait -ArgumentList '/i C:\\\\setup\\\\runtime.msi /norestart'"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process msiexec.exe -Wait -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn /norestart'"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if script.language != "powershell":
        return
    allowed = {_allows(command) for earlier in script.earlier for command in earlier.commands}
    for command in script.commands:
        allowed.add(_allows(command))
        if is_answered(command) or _family(command) in allowed or _has_odd_mark(command):
            continue
        match = tables.broken("interactive-installer", command)
        if match is not None:
            row = match.row
            yield Finding(
                command.at(*match.words),
                f"`{called(command, *match.words)}` in {where(script)} waits for {row.asks}",
                help=row.help,
                notes=(row.note,) if row.note else (),
                severity=row.severity,
            )
        elif _is_unknown_installer(command):
            yield Finding(
                command.at(),
                f"nothing tells `{called(command)}` in {where(script)} to be silent",
                help="look up its option for that: often `/quiet`, `/S`, `/s` or `/VERYSILENT`",
                notes=("an installer that shows a window waits until `buildTimeoutInMinutes` is over",),
                severity="info",
            )


@check("AIB502", "installer-not-awaited", "warning", START_PROCESS, NATIVE)
def installer_not_awaited(script: Script) -> Findings:
    """
    ## What it does
    Looks for installers for which the script does not wait: programs with a window of their own, such as `msiexec` and
    `setup.exe`, that PowerShell calls directly, and those that `Start-Process` starts without `-Wait`. It is right to
    wait by other means: `| Out-Null`, `| Wait-Process`, `$process.WaitForExit()`, a loop until `$process.HasExited`,
    `cmd /c start /wait`.

    ## Why it matters
    The script goes on while the installer runs. The next one fails with 1618, another installation is in progress; the
    step ends and Sysprep begins; or what was to be configured is not there yet. It depends on how fast the machine is,
    so the same build fails on some days only.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«msiexec.exe» /i C:\\\\setup\\\\runtime.msi /qn /norestart"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Start-Process» msiexec.exe -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn /norestart'"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "$p = Start-Process msiexec.exe -Wait -PassThru -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn /norestart'",
          "if ($p.ExitCode -notin 0, 3010) { exit $p.ExitCode }"
        ]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if script.language != "powershell":
        return
    waiting = _Waiting(script)
    for command in script.commands:
        if command.inside("background") is not None or not is_installer(command):
            continue
        starter = command.under("start-process", "start")
        if starter is None:
            left, at = is_left_alone(command), command.at()
            message = f"nothing waits for `{called(command)}` in {where(script)}"
            note = "for a program with a window PowerShell does not wait"
        else:
            left, at = not (awaits(starter) or starter.is_splatted), starter.at()
            message = f"`{starter.label()}` in {where(script)} does not wait for `{called(command)}`"
            note = "the script goes on at once"
        if not left or waiting.comes_for(command):
            continue
        yield Finding(
            at,
            message,
            help="start it with `Start-Process -Wait -PassThru`, and look at the `ExitCode`",
            notes=(f"{note}: the next installer fails with 1618, or the step ends too early",),
            # With a pause behind it, it is a matter of luck whether it is done.
            severity="info" if waiting.pauses_after(command) else "",
        )


@check("AIB503", "installer-may-restart", "warning", MSIEXEC, TROUBLESHOOT)
def installer_may_restart(command: Command) -> Findings:
    """
    ## What it does
    Looks for silent installers that may restart the build VM by themselves: `msiexec /qn` without `/norestart` or
    `REBOOT=ReallySuppress`, `wusa /quiet`, the Visual C++ and .NET runtimes, Visual Studio, `dism /Quiet`, and
    `Install-WindowsUpdate -AutoReboot`. Where one is told to restart for certain (`/forcerestart`, `REBOOT=Force`) this
    is an error.

    ## Why it matters
    A silent installer does not ask before it restarts. The build loses the connection and ends with exit code 16001
    or 1115. Whether a restart is needed depends on which files are in use, so the build may pass for months.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process -Wait «msiexec.exe -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn»'"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process -Wait msiexec.exe -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn /norestart'"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if command.language == "shell":
        return
    match = tables.broken("installer-may-restart", command)
    # What asks before it does anything is reported for that.
    asks = tables.broken("interactive-installer", command)
    if match is None or (asks is not None and not asks.row.severity):
        return
    yield Finding(
        command.at(*match.words),
        f"`{called(command, *match.words)}` in {where(command.script)} {match.row.does}",
        help=match.row.help,
        notes=(match.row.note,),
        severity=match.row.severity,
    )


def _family(command: Command) -> str:
    """The package manager that a command belongs to, if one can be told once and for all not to ask."""
    if command.name in ("choco", "chocolatey", "cinst", "cup", "cuninst"):
        return "choco"
    return "powershell" if command.name.endswith(("-module", "-script", "-psresource")) else "none"


def _allows(command: Command) -> str:
    """The package manager that a command tells not to ask any more."""
    if command.name in ("choco", "chocolatey") and "allowglobalconfirmation" in command.written.lower():
        return "choco"
    trusts = ("set-psrepository", "register-psrepository", "set-psresourcerepository", "set-packagesource")
    return "powershell" if command.name in trusts and "trusted" in command.written.lower() else ""


def _has_odd_mark(command: Command) -> bool:
    # `-y` and an invisible mark of the byte order behind it, as editors leave it: who knows what becomes of it.
    return any("\ufeff" in word.known for word in command.arguments)


def _is_unknown_installer(command: Command) -> bool:
    """Whether a program has the name of an installer, and none of the options that make one silent."""
    return (
        is_named_like_installer(command)
        and not tables.rows("interactive-installer", command.name)
        and not command.is_open
        and not any(word.text is None or _QUIET.match(word.known.lower()) for word in command.arguments)
    ) or (
        # Several programs are called so; the tables know that of SQL Server by its options.
        command.name == "setup"
        and command.word.known.lower().endswith(".exe")
        and not command.is_open
        and not any(word.text is None or _QUIET.match(word.known.lower()) for word in command.arguments)
    )


class _Waiting:
    """What in a script may wait for processes that are running. Looked for once, as scripts may be long."""

    def __init__(self, script: Script) -> None:
        self.text = script.text
        self.last = _last(_POLLS, script.text)
        self.methods = [command for command in script.commands if command.name == ".waitforexit"]
        self.pause = max((command.start for command in script.commands if command.name == "start-sleep"), default=-1)
        self.uses: dict[str, int] = {}

    def comes_for(self, command: Command) -> bool:
        """Whether something behind a command waits for the process that it has started, or may."""
        if command.feeds is not None and command.feeds.name in ("wait-process", "foreach-object"):
            return True
        if self.last >= command.end:
            return True
        if any(method.arguments[0].start <= command.start < method.arguments[0].end for method in self.methods):
            return True
        kept = command.inside("capture")
        if kept is None or not kept.text.startswith("$"):
            return False
        if kept.text not in self.uses:
            # Whatever is done with the process: only its number and its exit code do not wait.
            used = re.compile(rf"{re.escape(kept.text)}\b(?!\.(?:id|exitcode)\b|\s*=)", re.IGNORECASE)
            self.uses[kept.text] = _last(used, self.text)
        return self.uses[kept.text] >= command.end

    def pauses_after(self, command: Command) -> bool:
        """Whether the script sleeps for a while behind a command."""
        return self.pause > command.end


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match begins; -1 without one."""
    return max((found.start() for found in pattern.finditer(text)), default=-1)
