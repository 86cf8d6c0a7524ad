"""Installers of Windows: whether they ask, are waited for, restart the machine, are refused, and reach the image."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from .. import tables
from ..execution import awaits, is_answered, is_elevated
from ..wording import called, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Assignment, Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#powershell-customizer"
MSIEXEC = "https://learn.microsoft.com/windows-server/administration/windows-commands/msiexec"
START_PROCESS = "https://learn.microsoft.com/powershell/module/microsoft.powershell.management/start-process"
NATIVE = "https://learn.microsoft.com/powershell/scripting/learn/shell/running-commands"
ROBOCOPY = "https://learn.microsoft.com/windows-server/administration/windows-commands/robocopy"
REMOTE_WUA = "https://learn.microsoft.com/windows/win32/wua_sdk/using-wua-from-a-remote-computer"
PACKER = "https://developer.hashicorp.com/packer/docs/provisioners/powershell"

_LOOKS_LIKE_INSTALLER = pattern(r"setup|install(?!util)")
# What makes some installer quiet, or is no installation: with one of them nobody can say that it asks.
_QUIET = pattern(
    r"[-/](?:[sq]|qn|qb|ms|y|p|sall|s[/ ].*|v.*/q.*|f1.*)$|.*(?:silent|quiet|unattend|passive|hidden|nogui|exenoui)"
    r"|[-/]+(?:configure|download|extract|layout|action|allusers|uninstall|help|\?|version|batch|auto|c$|mode|i$)"
)
_INSTALLS = pattern(r"[-/]+(?:q|qn|quiet|silent|verysilent|norestart|install)$")
# These take such options, too.
_NO_INSTALLERS = ("sysprep", "reg", "regsvr32", "powershell", "pwsh", "cmd", "shutdown", "netsh", "robocopy", "sc")
_LOOKED_AT = pattern(r"\$(?:global:)?LASTEXITCODE|\.ExitCode|\$\?", re.IGNORECASE)
_POLLS = pattern(r"wait-process|get-process|win32_process|msiservice", re.IGNORECASE)
# Functions of PowerShell itself and words of the language, which leave $LASTEXITCODE as it is.
_LEAVES_EXIT_CODE = ("mkdir", "md", "pause", "help", "exit", "throw", "return", "trap")


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
                notes=("an installer that shows a window waits until the build times out",),
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
        if command.inside("background") is not None or not _is_installer(command):
            continue
        starter = command.under("start-process", "start")
        if starter is None:
            left, at = _is_left_alone(command), command.at()
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
    Looks for silent installers that may restart the machine by themselves: `msiexec /qn` without `/norestart` or
    `REBOOT=ReallySuppress`, `wusa /quiet`, the Visual C++ and .NET runtimes, Visual Studio, `dism /Quiet`, and
    `Install-WindowsUpdate -AutoReboot`. Where one is told to restart for certain (`/forcerestart`, `REBOOT=Force`) this
    is an error.

    ## Why it matters
    A silent installer does not ask before it restarts. The build loses the connection and ends with exit status 16001
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
    looked_at = _last(_LOOKED_AT, script.text)
    last = max((command.number for command in script.commands if _sets_exit_code(command) is not False), default=-1)
    ignored = [
        command
        for command in script.commands
        if command.start > looked_at
        and _is_installer(command)
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


# Where a profile keeps what programs need later: not `Temp`, nor the folder of downloads.
_PROFILE = pattern(
    r"\$\{?env:(?:LOCALAPPDATA|APPDATA)\}?(?!\\?\\Temp)|%(?:LOCALAPPDATA|APPDATA)%(?!\\Temp)"
    r"|(?:\$\{?env:USERPROFILE\}?|\$HOME|%USERPROFILE%)[\\/](?:Desktop|Documents|AppData(?![\\/]Local[\\/]Temp)|\.\w)"
    r"|C:\\Users\\(?:packer|Administrator)\\(?:Desktop|Documents|AppData(?!\\Local\\Temp))",
    re.IGNORECASE,
)
_HIVE = pattern(r"(?:HKCU:|HKCU\\|HKEY_CURRENT_USER)", re.IGNORECASE)
# Settings that the build itself needs: Invoke-WebRequest stops at the first run of Internet Explorer.
_OWN_SETTINGS = pattern(r"Internet Explorer\\Main|Software\\Sysinternals|\\Console", re.IGNORECASE)
_WRITES_VALUES = ("set-itemproperty", "new-itemproperty", "new-item", "set-item", "reg", "[win32.registry]::setvalue",
                  "[microsoft.win32.registry]::setvalue")  # fmt: skip
_WRITES_FILES = ("copy-item", "move-item", "new-item", "set-content", "add-content", "out-file", "expand-archive",
                 "robocopy", "xcopy", "copy", "md", "mkdir")  # fmt: skip
# What brings a profile's settings to those of new users.
_COPIES_PROFILE = pattern(r"NTUSER\.DAT|Copy-UserInternationalSettingsToSystem|Users\\Default\b", re.IGNORECASE)
_USER_SETUP = pattern(r"win32-(?:x64|arm64)?-?user\b", re.IGNORECASE)


@check("AIB522", "user-profile-install", "warning", TROUBLESHOOT, JSON)
def user_profile_install(script: Script) -> Findings:
    """
    ## What it does
    Looks for what ends in the profile of whoever runs the build: values under `HKCU:`, files below `$env:APPDATA`, the
    desktop or the documents, `setx` without `/M`, modules with `-Scope CurrentUser`, installers for one user such as
    those of Slack or the user setup of Visual Studio Code. Temporary files are right there, and so are scripts that load
    the hive of the default profile (`C:\\Users\\Default\\NTUSER.DAT`) or copy the settings to it. Each kind is
    reported once for each script.

    ## Why it matters
    A step runs as the build's own user, or as System. Sysprep removes that user, so the settings and programs are in the
    image for nobody.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Settings",
        "inline": ["«New-ItemProperty -Path HKCU:\\\\Software\\\\Policies\\\\Contoso» -Name Mode -Value 1 -Force"]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Settings",
        "inline": ["New-ItemProperty -Path HKLM:\\\\Software\\\\Policies\\\\Contoso -Name Mode -Value 1 -Force"]
      }
    ]
    ```
    """
    if script.language != "powershell":
        return
    seen: dict[str, list[Finding]] = {}
    copied = any(_COPIES_PROFILE.search(one.text) for one in (*script.earlier, script))
    values: dict[str, list[Assignment]] = {}
    for assignment in script.contents.assignments:
        values.setdefault(assignment.name, []).append(assignment)
    for command in script.commands:
        for kind, finding in _into_profile(command, values):
            if not (copied and kind == "hive"):
                seen.setdefault(kind, []).append(finding)
    for found in seen.values():
        more = len(found) - 1
        also = (f"so {'do' if more > 1 else 'does'} {more} more command{'s' if more > 1 else ''} here",) if more else ()
        note = "the profile of the user that a build runs as is not in the image"
        yield found[0]._replace(notes=(note, *also))


def _into_profile(command: Command, values: dict[str, list[Assignment]]) -> Iterator[tuple[str, Finding]]:
    """What a command leaves in a user's profile, each with its kind."""
    place = where(command.script)
    match = tables.broken("user-profile-install", command)
    if match is not None:
        label = called(command, *match.words)
        yield (
            command.name,
            Finding(command.at(*match.words), f"`{label}` in {place} {match.row.does}", help=match.row.help),
        )
    for word in command.arguments:
        written = command.as_written(word)
        if command.name in ("invoke-webrequest", "start-bitstransfer", ".downloadfile") and _USER_SETUP.search(written):
            yield (
                "vscode",
                Finding(
                    command.place(word),
                    f"{place} downloads the installer of Visual Studio Code for one user",
                    help="take the system installer: `win32-x64` instead of `win32-x64-user`",
                ),
            )
        adds = command.name != "reg" or command.has("add", "import") is not None
        if command.name in _WRITES_VALUES and adds and _is_hive(word, written):
            yield (
                "hive",
                Finding(
                    command.at(word),
                    f"`{called(command)}` in {place} writes to the registry of whoever runs the build",
                    help="write to `HKLM:`, or load `C:\\Users\\Default\\NTUSER.DAT` with `reg load` and write there",
                ),
            )
        if (
            command.name in _WRITES_FILES
            and _PROFILE.search(_resolved(command, written, values))
            and _is_target(command, word)
        ):
            yield (
                "files",
                Finding(
                    command.at(word),
                    f"`{called(command)}` in {place} writes to the profile of whoever runs the build",
                    help="write to `C:\\ProgramData`, `C:\\Users\\Public` or `C:\\Users\\Default`",
                ),
            )


def _is_hive(word: Word, written: str) -> bool:
    text = word.known if _HIVE.search(word.known) else written
    return _HIVE.search(text) is not None and _OWN_SETTINGS.search(text) is None


def _resolved(command: Command, written: str, values: dict[str, list[Assignment]]) -> str:
    """A word as it is written; where it begins with a variable, with what that was set to."""
    found = re.match(r"[\"']?(\$\w+)", written)
    for assignment in reversed(values.get(found[1].lower(), [])) if found is not None else ():
        if found is not None and assignment.start < command.start:
            text = command.script.text[assignment.start : assignment.end]
            return text.partition("=")[2].strip().strip("\"'") + written[found.end() :]
    return written


def _is_target(command: Command, word: Word) -> bool:
    """Whether a word is what a command writes to, not what it reads."""
    if command.name not in ("copy-item", "move-item", "expand-archive", "robocopy", "xcopy", "copy"):
        return True
    given = command.values("Destination", "d") or command.values("DestinationPath", "d")
    if given:
        return word in given
    plain = [one for one in command.arguments if not one.known.startswith(("-", "/"))]
    return len(plain) > 1 and word is plain[1]


# -- what installers are, and who waits for them -----------------------------------------------------------------------


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
        _is_named_like_installer(command)
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


def _is_named_like_installer(command: Command) -> bool:
    written = command.word.known.lower()
    return (
        written.endswith(".exe")
        and not command.is_cmdlet
        and _LOOKS_LIKE_INSTALLER.search(written.replace("/", "\\").rpartition("\\")[2]) is not None
    )


def _is_installer(command: Command) -> bool:
    """Whether a command is an installer: by its name, or because `Start-Process` gives it options of one."""
    if command.is_cmdlet or command.name.startswith((".", "[")) or command.name in _NO_INSTALLERS:
        return False
    if _is_named_like_installer(command) or tables.rows("installer-not-awaited", command.name):
        return True
    if next(tables.matches("interactive-installer", command), None) is not None:
        return True
    return command.under("start-process") is not None and any(
        _INSTALLS.match(word.known.lower()) for word in command.arguments
    )


def _has_window(command: Command) -> bool:
    """Whether a program has a window of its own, so that PowerShell does not wait when it calls it."""
    return _is_named_like_installer(command) or bool(tables.rows("installer-not-awaited", command.name))


def _is_left_alone(command: Command) -> bool:
    """Whether PowerShell calls a program and goes on: nothing takes its output, for which it would have to wait."""
    if command.language == "cmd":
        # The bootstrapper of Visual Studio ends before its work, unless it is told to wait.
        return command.name.startswith("vs_") and command.has("--quiet", "-q") is not None and command.lacks("--wait")
    return (
        _has_window(command)
        and command.has("/?") is None
        and command.feeds is None
        and not command.redirects
        and command.inside("capture") is None
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


def _is_waited_for(command: Command) -> bool:
    """Whether a script waits for an installer, so that it could look at how it ended."""
    starter = command.under("start-process")
    if starter is not None:
        return awaits(starter)
    if command.inside("background", "capture") is not None:
        return False
    return command.language == "cmd" or not (_has_window(command) and _is_left_alone(command))


# -- exit codes --------------------------------------------------------------------------------------------------------


def _sets_exit_code(command: Command) -> bool | None:
    """Whether PowerShell takes the exit code of a command for `$LASTEXITCODE`; None where that is not known."""
    if command.under("start-process", "start") is not None or command.inside("background") is not None:
        return False
    if command.is_cmdlet or command.name.startswith((".", "[")) or command.name in _LEAVES_EXIT_CODE:
        return False
    if command.name == "":
        return None if UNKNOWN in command.word.known else False
    if command.language == "powershell" and _has_window(command) and _is_left_alone(command):
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
