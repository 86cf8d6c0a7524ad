"""How PowerShell treats errors and questions: what goes on after a failure, what waits for an answer."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern

from .. import tables
from ..execution import awaits, is_answered
from ..wording import called, where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Assignment, Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
PREFERENCES = "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_preference_variables"
PACKER = "https://github.com/hashicorp/packer/blob/main/provisioner/powershell/provisioner.go"
MANDATORY = (
    "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_functions_advanced_parameters"
)

NOBODY = "nobody answers during a build: it waits until `buildTimeoutInMinutes` is over, or goes on without an answer"

# So many commands that fetch or install something make a script file worth a warning.
MANY = 3
_STOPS = pattern(r"-(?:ErrorAction|EA)[:\s]+[\"']?(?:Stop|1)\b|ErrorAction'?\]?\s*=\s*[\"']?Stop\b", re.IGNORECASE)
# Names of windows of their own, which wait only where somebody waits for them.
_WINDOWS = ("notepad", "mmc", "explorer", "regedit", "control", "taskmgr")


@check("AIB506", "continues-after-error", "info", PREFERENCES, PACKER)
def continues_after_error(script: Script) -> Findings:
    """
    ## What it does
    Looks for PowerShell scripts that fetch and install things and do nothing about errors: no
    `$ErrorActionPreference = 'Stop'`, no `-ErrorAction Stop`, no `try`, `throw` or `exit`. One finding for each script, at
    its first such command. For `inline` it is advice; for a script file with several of them a warning.

    ## Why it matters
    PowerShell goes on after most errors, and the exit code of the step is that of the last program, or 0. A download
    that failed does not fail the build: the image is made without what it should have, and somebody finds out when
    machines run from it.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallTools",
        "inline": [
          "«Invoke-WebRequest» https://example.com/tools.zip -UseBasicParsing -OutFile C:\\\\setup\\\\tools.zip",
          "Expand-Archive C:\\\\setup\\\\tools.zip C:\\\\tools"
        ]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallTools",
        "inline": [
          "$ErrorActionPreference = 'Stop'",
          "Invoke-WebRequest https://example.com/tools.zip -UseBasicParsing -OutFile C:\\\\setup\\\\tools.zip",
          "Expand-Archive C:\\\\setup\\\\tools.zip C:\\\\tools"
        ]
      }
    ]
    ```
    """
    if script.language != "powershell" or _minds_errors(script):
        return
    essential = [command for command in script.commands if _is_essential(command)]
    if len(essential) < 2:
        return
    first = essential[0]
    starter = first.under("start-process")
    at, name = (starter.at(), starter.label()) if starter is not None else (first.at(), called(first))
    yield Finding(
        at,
        f"{where(script)} goes on after an error, from `{name}` to its end, and the build succeeds all the same",
        help="begin the script with `$ErrorActionPreference = 'Stop'`",
        notes=("the exit code is that of the last program that ran, or 0: the image is made without what failed",),
        severity="warning" if not script.is_inline and len(essential) >= MANY else "",
    )


@check("AIB523", "waits-for-input", "error", TROUBLESHOOT, PREFERENCES, MANDATORY)
def waits_for_input(script: Script) -> Findings:
    """
    ## What it does
    Looks for commands of Windows that want an answer: `Read-Host`, `pause`, `Get-Credential`, message boxes, keys that
    are to be pressed; `reg delete` without `/f`, `rmdir /s` without `/q`, `Unregister-ScheduledTask` without
    `-Confirm:$false`; signing in to Azure by hand; `Remove-Item` of a folder that was just filled, without `-Recurse`;
    mandatory parameters of a script that `scriptUri` names, since a step runs its script without arguments. What a pipe
    or a file answers is right, and so is what `$ConfirmPreference = 'None'` covers. In a branch that may never run it is
    a warning.

    ## Why it matters
    Nobody sits at a build. The step waits until `buildTimeoutInMinutes` is over, which is four hours by default, or the
    command takes silence for a no and the build goes on without it.

    ## Bad
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "CleanUp", "inline": ["«reg delete» HKLM\\\\SOFTWARE\\\\Contoso\\\\Setup"]}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "CleanUp", "inline": ["«Unregister-ScheduledTask» -TaskName Setup"]}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "CleanUp", "inline": ["reg delete HKLM\\\\SOFTWARE\\\\Contoso\\\\Setup /f"]}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "CleanUp", "inline": ["Unregister-ScheduledTask -TaskName Setup -Confirm:$false"]}
    ]
    ```
    """
    if script.language != "powershell":
        return
    # Who runs a script that a File step brought may give it arguments.
    asked_for = _mandatory(script.text) if not script.is_inline and script.runner is None else []
    for _, start, end in asked_for[:1]:
        names = ", ".join(f"`{one}`" for one, _, _ in asked_for)
        yield Finding(
            script.span(start, end),
            f"{where(script)} waits for a value of {names}: a step runs its script without arguments",
            help="give it a default value instead of `Mandatory`, or run the script in `inline` with its arguments",
            notes=("PowerShell asks for a mandatory parameter also where it has a default value", NOBODY),
            # Nobody knows how a script is run that is linted alone.
            severity="" if script.step is not None else "info",
        )
    quiet = min((one.start for one in script.contents.assignments if _never_confirms(one)), default=len(script.text))
    for command in script.commands:
        question = _question(command, command.start > quiet) if not is_answered(command) else None
        if question is None:
            continue
        name = called(command, *question.words)
        if command.name.startswith((".", "[")):
            name = command.word.known
        # Whoever asks only in some case has thought of a build, or of a person.
        seldom = command.inside("if", "or", "catch") is not None
        yield Finding(
            command.at(*question.words),
            f"`{name}` in {where(script)} waits for {question.asks}",
            help=question.help,
            notes=(NOBODY,),
            severity=question.severity or ("warning" if seldom else ""),
        )


# -- errors ------------------------------------------------------------------------------------------------------------


def _minds_errors(script: Script) -> bool:
    """Whether a script does anything about errors."""
    contents = script.contents
    if any("erroractionpreference" in a.name and "stop" in _values(a.values) for a in contents.assignments):
        return True
    if _STOPS.search(script.text) is not None:
        return True
    for command in contents.commands:
        if command.name in ("throw", "trap") or command.inside("try", "catch") is not None:
            return True
        if command.name == "exit" and (command.inside("if") is not None or command.texts[:1] not in ((), ("0",))):
            return True
    return False


def _values(words: tuple[Word, ...]) -> str:
    return " ".join(word.known for word in words).lower()


def _is_essential(command: Command) -> bool:
    starter = command.under("start-process")
    if starter is not None:
        return True
    return bool(tables.rows("continues-after-error", command.name))


# -- questions ---------------------------------------------------------------------------------------------------------


class _Question(NamedTuple):
    """What a command asks: the words that say so, what for (behind "waits for "), what to do; its severity."""

    words: tuple[Word, ...]
    asks: str
    help: str
    severity: str = ""


def _question(command: Command, quiet: bool) -> _Question | None:
    """What a command asks. `quiet`: whether `$ConfirmPreference` keeps cmdlets from it."""
    match = tables.broken("waits-for-input", command)
    if match is not None:
        row = match.row
        if "-confirm" in row.silent and quiet:
            return None
        # Of a credential that is at hand it makes the same credential.
        if command.name == "get-credential" and command.arguments and command.arguments[0].text is None:
            return None
        return _Question(match.words, row.asks, row.help, row.severity)
    given = command.parameter("Confirm", "confirm") if command.is_cmdlet else None
    if given is not None and command.switched("Confirm", "confirm"):
        return _Question((given,), "somebody to confirm", "leave `-Confirm` out, or write `-Confirm:$false`")
    target = command.arguments[0].known.lower() if command.arguments and command.name.startswith(".") else ""
    if command.name in (".readkey", ".readline", ".readlineassecurestring", ".prompt") and "host.ui" in target:
        return _Question(
            (), "somebody to press a key" if "key" in command.name else "somebody to answer", "leave it out"
        )
    if command.name == ".popup" and not _closes_itself(command):
        return _Question((), "somebody to close its window", "write to the output instead: `Write-Output`")
    starter = command.under("start-process", "start")
    if command.name in _WINDOWS and starter is not None and awaits(starter):
        return _Question((), "somebody to close its window", "leave it out")
    if command.name in ("del", "erase") and command.language == "cmd" and command.lacks("/q"):
        everything = next((word for word in command.arguments if re.search(r"(?:^|\\)\*(?:\.\*)?$", word.known)), None)
        if everything is not None:
            return _Question((everything,), "somebody to confirm", "add `/q`")
    if command.name == "remove-item" and _removes_full_folder(command):
        return _Question((), "somebody to confirm, as the folder is not empty", "add `-Recurse -Force`")
    return None


def _never_confirms(assignment: Assignment) -> bool:
    return assignment.name.endswith("confirmpreference") and "none" in _values(assignment.values)


def _closes_itself(command: Command) -> bool:
    """Whether the `Popup` of WScript.Shell goes away after some seconds, or may."""
    words = command.arguments[1:]
    return len(words) > 1 and words[1].text != "0"


def _removes_full_folder(command: Command) -> bool:
    """Whether `Remove-Item` is given a folder into which the same script has unpacked something, without `-Recurse`."""
    if command.parameter("Recurse", "r") or command.parameter("Confirm", "co") or command.parameter("WhatIf", "w"):
        return False
    if any(word.may_be_option for word in command.arguments) or command.fed_by is not None or not command.always_runs:
        return False
    given = command.values("Path", "p") or command.values("LiteralPath", "l") or command.operands()[:1]
    folder = given[0].text.rstrip("\\/").lower() if len(given) == 1 and given[0].text else ""
    for earlier in command.before():
        if earlier.script is not command.script:
            return False
        if earlier.name == "expand-archive" and earlier.always_runs:
            target = earlier.values("DestinationPath", "d")
            if target and target[0].text and target[0].text.rstrip("\\/").lower() == folder != "":
                return True
        if earlier.name == "remove-item":
            return False
    return False


# What may stand before the parameters of a script.
_LEADING = pattern(r"\s+|<#.*?#>|#[^\n]*|using\s[^\n]*|\[\w[\w.]*\s*(?:\([^)]*\))?\s*\]", re.DOTALL | re.IGNORECASE)
_PARAM = pattern(r"param\s*\(", re.IGNORECASE)
# Nobody writes more parameters than fit into so many characters.
_LONGEST_PARAM = 20_000
_PARAM_TOKEN = pattern(
    r"(?P<skip>#[^\n]*|<#.*?#>|'(?:''|[^'])*'|\"(?:`.|\"\"|[^\"])*\")"
    r"|(?P<attribute>\[\s*Parameter\s*\((?P<inner>(?:'[^']*'|\"[^\"]*\"|[^()'\"]|\([^()]*\)){0,2000})\)\s*\])"
    r"|(?P<variable>\$\{?\w+\}?)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)",
    re.DOTALL | re.IGNORECASE,
)


def _mandatory(text: str) -> list[tuple[str, int, int]]:
    """The parameters that a script asks for when it is run without arguments, and their places."""
    at = 0
    while (leading := _LEADING.match(text, at)) is not None:
        at = leading.end()
    begin = _PARAM.match(text, at)
    if begin is None:
        return []
    found: list[tuple[str, int, int]] = []
    depth, mandatory, named = 0, False, False
    for token in _PARAM_TOKEN.finditer(text, begin.end(), begin.end() + _LONGEST_PARAM):
        if token["attribute"] is not None and depth == 0:
            mandatory = mandatory or _is_mandatory(token["inner"])
        elif token["variable"] and depth == 0 and not named:
            named = True
            if mandatory:
                found.append((token[0], token.start(), token.end()))
        elif token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
            if depth < 0:
                return found
        elif token["comma"] and depth == 0:
            mandatory = named = False
    return []  # it never ends: whatever this is, it is not known


def _is_mandatory(attribute: str) -> bool:
    # Which of several parameter sets is meant, without any argument, is not known.
    if re.search(r"ParameterSetName", attribute, re.IGNORECASE):
        return False
    found = re.search(r"\bMandatory\b\s*(?:=\s*(\S+?)\s*(?:,|$))?", attribute, re.IGNORECASE)
    return found is not None and (found[1] or "$true").lower() in ("$true", "1")
