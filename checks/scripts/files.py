"""Files that a script uses: scripts that it calls, and what an earlier step has left for it."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from ..execution import is_elevated, is_system
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build, Script
    from aiblint.script.command import Command

PRECEDENCE = "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_command_precedence"
SHELL = "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_09_01_01"
RUN_AS = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#powershell-customizer"
TEMP_PATH = "https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-gettemppath2w"

# Folders where commands are looked for.
_ON_PATH = pattern(r"/(?:s?bin|snap/bin)\b|/usr/(?:local/)?s?bin|system32|windowsapps", re.IGNORECASE)


@check("AIB524", "script-without-path", "error", PRECEDENCE, SHELL)
def script_without_path(command: Command) -> Findings:
    """
    ## What it does
    Looks for a script that is called by its bare name: `Setup.ps1` in PowerShell, `install.sh` in the shell. Where the
    script changes `PATH`, installs it with `Install-Script` or puts a file into a folder such as `/usr/local/bin`,
    nothing is reported.

    ## Why it matters
    Neither PowerShell nor the shell looks into the current folder for a command. The shell ends the step with
    `install.sh: not found`; PowerShell writes an error and goes on as if the script had run.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Setup",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Set-Location C:\\\\setup", "«Setup.ps1» -Quiet"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Setup", "inline": ["cd /opt/setup", "sudo «install.sh» --quiet"]}]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Setup",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Set-Location C:\\\\setup", ".\\\\Setup.ps1 -Quiet"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Setup", "inline": ["cd /opt/setup", "sudo ./install.sh --quiet"]}]
    ```
    """
    ending = {"powershell": ".ps1", "shell": ".sh"}.get(command.language)
    written = command.word.known
    if ending is None or not re.fullmatch(rf"(?i)[\w.-]+\{ending}", written) or written.startswith("."):
        return
    if command.wrappers and command.wrappers[-1].name not in (
        "sudo",
        "doas",
        "env",
        "time",
        "nohup",
        "powershell",
        "su",
    ):
        return
    guard = command.inside("if", "and", "or")
    if (guard is not None and written.lower() in guard.text.lower()) or _may_be_found(command, written.lower()):
        return
    shell = command.language == "shell"
    yield Finding(
        command.at(),
        f"`{written}` in {where(command.script)} is looked for in `PATH` only, not in the current folder",
        help=f"write `./{written}`, or its whole path"
        if shell
        else f"write `.\\{written}`, or its whole path behind `&`",
        notes=(
            f"the shell says `{written}: not found`"
            if shell
            else f"it says `The term '{written}' is not recognized`, and goes on with the next command",
        ),
    )


def _may_be_found(command: Command, name: str) -> bool:
    """Whether the folder of a script may be in PATH, or the name may be that of a function."""
    scripts = (*command.script.earlier, command.script)
    for script in scripts:
        if re.search(rf"(?i)\b(?:function\s+|alias\s+){re.escape(name)}\b|{re.escape(name)}\s*\(\)", script.text):
            return True
        for assignment in script.contents.assignments:
            if assignment.name.lower() in ("path", "$env:path"):
                return True
    for before in command.before():
        if before.name in ("install-script", "set-alias", "new-alias", "import-module", "alias"):
            return True
        if before.name in ("source", ".", "[environment]::setenvironmentvariable", "setx"):
            return True
        said = f"{before.written} {' '.join(before.texts)}"
        said += "".join(redirect.target.known for redirect in before.redirects)
        if _ON_PATH.search(said) and (name in said.lower() or UNKNOWN in said or "*" in said):
            return True
    return False


class _Use(NamedTuple):
    """A file below the folder of temporary files, by the name behind that folder, and the words that name it."""

    name: str
    start: int
    end: int
    writes: bool


_TEMP = r"(?:\$env:te?mp\b|\$\{env:te?mp\}|%te?mp%|\$\(\$env:te?mp\)|\[(?:system\.)?io\.path\]::gettemppath\(\))"
_JOINED = rf"join-path\s+(?:-path\s+)?[\"(]?{_TEMP}[\")]?\s+(?:-childpath\s+)?[\"']?"
# Parameters and commands that make a file; others read it.
_WRITERS = ("out-file", "set-content", "add-content", "new-item", "tee-object", "export-csv", "export-clixml", "mkdir")
_WRITING = ("outfile", "destination", "destinationpath")


@check("AIB525", "temp-differs", "warning", RUN_AS, TEMP_PATH)
def temp_differs(build: Build) -> Findings:
    """
    ## What it does
    Looks for a file that one step leaves in `$env:TEMP` and another one uses from there, where one of the two runs as
    System (`runElevated` and `runAsSystem`) and the other does not.

    ## Why it matters
    `$env:TEMP` is `C:\\Windows\\Temp` for System, and a folder in the profile of the build user for other steps. The
    second step does not find the file.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Download",
        "inline": ["Invoke-WebRequest -UseBasicParsing https://aka.ms/vs/17/release/vc_redist.x64.exe -OutFile $env:TEMP\\\\vc.exe"]
      },
      {
        "type": "PowerShell",
        "name": "Install",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process «$env:TEMP\\\\vc.exe» -ArgumentList '/install /quiet /norestart' -Wait", "Start-Sleep 60"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Download",
        "inline": [
          "New-Item -ItemType Directory C:\\\\setup -Force",
          "Invoke-WebRequest -UseBasicParsing https://aka.ms/vs/17/release/vc_redist.x64.exe -OutFile C:\\\\setup\\\\vc.exe"
        ]
      },
      {
        "type": "PowerShell",
        "name": "Install",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process C:\\\\setup\\\\vc.exe -ArgumentList '/install /quiet /norestart' -Wait", "Start-Sleep 60"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    # File -> the first place where each account writes it: as System or not.
    written: dict[str, dict[bool, tuple[Script, _Use]]] = {}
    for script in build.scripts:
        elevated, system = is_elevated(script), is_system(script)
        if script.language != "powershell" or elevated is None or system is None:
            continue
        account = elevated and system
        uses = list(_uses(script))
        for use in uses:
            if use.writes:
                written.setdefault(use.name, {}).setdefault(account, (script, use))
        told: set[str] = set()
        for use in uses:
            by = written.get(use.name, {})
            if use.writes or account in by or not by or use.name in told:
                continue
            told.add(use.name)
            writer, origin = by[not account]
            yield Finding(
                script.span(use.start, use.end),
                f"`{script.text[use.start : use.end].strip()}` in {where(script)} is not the file that {where(writer)} "
                "writes: `$env:TEMP` is another folder for System",
                help="use a folder that is the same for all steps, such as `C:\\setup`",
                notes=(
                    "it is `C:\\Windows\\Temp` for System, and for other steps a folder in the profile of the build user",
                ),
                related=(Related(writer.span(origin.start, origin.end), "the file is written here"),),
            )


def _uses(script: Script) -> Iterator[_Use]:
    """What the commands of a script name below the folder of temporary files, in order."""
    names = "|".join(rf"\$\{{?{name}\}}?\b" for name in _temp_variables(script))
    folder = f"(?:{_TEMP}|{names})" if names else _TEMP
    below = re.compile(rf"(?i)(?:{folder}[\\/]+|{_JOINED})([\w.-]+\.\w{{1,5}})\b(?![\\/])")
    files = _file_variables(script, below)
    for command in script.commands:
        for number, word in enumerate(command.arguments):
            yield from _use_of(command, number, word.start, word.end, below, files)
        if command.word.known.startswith(UNKNOWN) or not command.name or "\\" in command.word.known:
            yield from _use_of(command, -1, command.word.start, command.word.end, below, files)
        for wrapper in command.wrappers:
            yield from _use_of(wrapper, -1, wrapper.word.start, wrapper.word.end, below, files)
        for redirect in command.redirects:
            word = redirect.target
            for found in below.finditer(script.text, word.start, word.end):
                yield _Use(found[1].lower(), word.start, word.end, writes=True)


def _use_of(
    command: Command, number: int, start: int, end: int, below: re.Pattern[str], files: dict[str, str]
) -> Iterator[_Use]:
    text = command.script.text[start:end]
    found = below.search(text)
    variable = re.fullmatch(r"[\"']?\$\{?(\w+)\}?[\"']?", text)
    name = found[1].lower() if found else files.get(variable[1].lower(), "") if variable else ""
    if name:
        yield _Use(name, start, end, _writes(command, number))


def _writes(command: Command, number: int) -> bool:
    if number < 0:
        return False
    if command.name in _WRITERS or command.name in (".downloadfile", ".writealltext"):
        return True
    before = command.arguments[number - 1].known.lower().lstrip("-") if number else ""
    if len(before) > 1 and any(option.startswith(before) for option in _WRITING):
        return True
    if command.name == "curl" and before in ("o", "output"):
        return True
    # Source and destination of these stand one behind the other.
    moves = command.name in ("copy-item", "move-item", "expand-archive", "start-bitstransfer")
    return moves and number == 1 and not command.arguments[0].known.startswith("-")


def _temp_variables(script: Script) -> list[str]:
    """The variables that hold the folder itself."""
    return [
        re.escape(assignment.name.lstrip("$"))
        for assignment in script.contents.assignments
        if re.fullmatch(r"\$\w+", assignment.name)
        and re.search(rf"(?i)=\s*[\"']?{_TEMP}[\"']?\s*$", script.text[assignment.start : assignment.end])
    ]


def _file_variables(script: Script, below: re.Pattern[str]) -> dict[str, str]:
    """The variables that hold a file in it, and its name."""
    found: dict[str, str] = {}
    for assignment in script.contents.assignments:
        value = below.search(script.text, assignment.start, assignment.end)
        if value is not None and re.fullmatch(r"\$\w+", assignment.name):
            found[assignment.name.lstrip("$")] = value[1].lower()
    return found
