"""Exit codes of installers: that nobody looks at, or that stop a step although all went well."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from .. import tables
from ..execution import awaits
from ..wording import called, where
from .programs import has_window, is_installer, is_left_alone

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#powershell-customizer"
START_PROCESS = "https://learn.microsoft.com/powershell/module/microsoft.powershell.management/start-process"
ROBOCOPY = "https://learn.microsoft.com/windows-server/administration/windows-commands/robocopy"
PACKER = "https://developer.hashicorp.com/packer/docs/provisioners/powershell"
_LOOKED_AT = pattern(r"\$(?:global:)?LASTEXITCODE|\.ExitCode|\$\?", re.IGNORECASE)
# Functions of PowerShell itself and words of the language, which leave $LASTEXITCODE as it is.
_LEAVES_EXIT_CODE = ("mkdir", "md", "pause", "help", "exit", "throw", "return", "trap")


@check("AIB504", "ignored-exit-code", "info", START_PROCESS, PACKER)
def ignored_exit_code(script: Script) -> Findings:
    """
    ## What it does
    Looks for scripts that wait for an installer and never look at how it ended: no `$LASTEXITCODE`, no `.ExitCode` of
    what `Start-Process -PassThru` returns, no `$?`. The exit code of the last program that PowerShell itself calls is
    that of the step, so it is left out. One finding for each script.

    ## Why it matters
    `Start-Process` succeeds when it has started the program. If the installation fails, the build still succeeds, and
    the image lacks the program.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process «msiexec.exe» -Wait -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn /norestart'"]
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
    looked_at = max((found.start() for found in _LOOKED_AT.finditer(script.text)), default=-1)
    last = max((command.number for command in script.commands if _sets_exit_code(command) is not False), default=-1)
    ignored = [
        command
        for command in script.commands
        if command.start > looked_at
        and is_installer(command)
        and _is_waited_for(command)
        # The exit code of the last program is that of the step.
        and (command.under("start-process") is not None or command.number < last)
    ]
    for command in ignored[:1]:
        more = len(ignored) - 1
        count = f", nor at {f'those of {more} more' if more > 1 else 'that of another one'}" if more else ""
        yield Finding(
            command.at(),
            f"nobody looks at the exit code of `{called(command)}` in {where(script)}{count}",
            help="write `$p = Start-Process ... -Wait -PassThru; if ($p.ExitCode -notin 0, 3010) { exit $p.ExitCode }`",
            notes=("if it fails, the build goes on and the image lacks what it should install",),
        )


@check("AIB505", "misread-exit-code", "warning", ROBOCOPY, JSON)
def misread_exit_code(script: Script) -> Findings:
    """
    ## What it does
    Looks for a program at the end of a script whose exit code for success is not 0: `robocopy`, which ends with 1 where
    it has copied something. It is right to end with `exit`, or to name the code in `validExitCodes`. For `msiexec`,
    `dism`, `wusa` and others, which end with 3010 where a restart is pending, this is only advice: most of them end with
    0. What `Start-Process` starts never sets the exit code.

    ## Why it matters
    The step ends with the exit code of the last program that it ran. `1` makes the build fail, although all went well.

    ## Bad
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "CopyTools", "inline": ["«robocopy» C:\\\\setup\\\\tools C:\\\\tools /e"]}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "CopyTools",
        "inline": ["robocopy C:\\\\setup\\\\tools C:\\\\tools /e", "if ($LASTEXITCODE -lt 8) { exit 0 }"]
      }
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "CopyTools",
        "validExitCodes": [0, 1, 2, 3],
        "inline": ["robocopy C:\\\\setup\\\\tools C:\\\\tools /e"]
      }
    ]
    ```
    """
    if script.language != "powershell" or not script.complete or script.contents.broken:
        return
    command = _last_program(script)
    match = tables.broken("misread-exit-code", command) if command is not None else None
    if command is None or match is None or _is_translated(command) or _counts_as_success(script, match.row.codes[0]):
        return
    yield Finding(
        command.at(*match.words),
        f"`{called(command, *match.words)}` is the last program of {where(script)}, and {match.row.does}",
        help=match.row.help,
        notes=(match.row.note,),
        # Nobody knows which exit codes the step takes that runs it.
        severity=match.row.severity or ("" if script.step is not None else "info"),
    )


def _is_waited_for(command: Command) -> bool:
    """Whether a script waits for an installer, so that it could look at how it ended."""
    starter = command.under("start-process")
    if starter is not None:
        return awaits(starter)
    if command.inside("background", "capture") is not None:
        return False
    return command.language == "cmd" or not (has_window(command) and is_left_alone(command))


def _sets_exit_code(command: Command) -> bool | None:
    """Whether PowerShell takes the exit code of a command for `$LASTEXITCODE`; None where that is not known."""
    if command.under("start-process", "start") is not None or command.inside("background") is not None:
        return False
    if command.is_cmdlet or command.name.startswith((".", "[")) or command.name in _LEAVES_EXIT_CODE:
        return False
    if command.name == "":
        return None if UNKNOWN in command.word.known else False
    if command.language == "powershell" and has_window(command) and is_left_alone(command):
        return False
    if command.name.endswith((".ps1", ".psm1")) or command.inside("function") is not None:
        return None
    known = command.word.known.lower().endswith((".exe", ".cmd", ".bat", ".com"))
    # A bare name may be a function of the script.
    return True if known or command.language == "cmd" or tables.rows("misread-exit-code", command.name) else None


def _last_program(script: Script) -> Command | None:
    """The program whose exit code is that of the script; None where there is none, or it is not known."""
    for command in reversed(script.commands):
        sets = _sets_exit_code(command)
        if sets is None:
            return None
        if sets:
            return command
    return None


def _is_translated(command: Command) -> bool:
    """Whether the script ends with another exit code than that of a command, at least in some cases."""
    if command.inside("handled", "function", "block") is not None:
        return True
    script = command.script
    if any(
        assignment.start > command.end and assignment.name.endswith("lastexitcode")
        for assignment in script.contents.assignments
    ):
        return True
    for later in command.after():
        if later.name != "exit":
            continue
        code = later.arguments[0].text if later.arguments else None
        # `exit 1` in a branch for failures, and `exit $LASTEXITCODE`, leave the rest as it is.
        if code is None and "lastexitcode" in later.written.lower() and later.always_runs:
            continue
        if code is None or code.strip("/") in ("0", "b") or later.inside("if") is None:
            return True
    return False


def _counts_as_success(script: Script, code: int) -> bool:
    """Whether the step takes an exit code for success, or may."""
    given = script.step.get("validExitCodes") if script.step is not None else None
    if given is None or given.is_missing:
        return False
    return given.is_unknown or any(item.number == code or item.is_unknown for item in given.items)
