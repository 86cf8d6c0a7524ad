"""What ends in the profile of the user that a step runs as, and so in no image."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from .. import tables
from ..wording import called, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Assignment, Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#powershell-customizer"


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
    Looks for what ends in the profile of the user that the step runs as: values under `HKCU:`, files below
    `$env:APPDATA`, the desktop or the documents, `setx` without `/M`, modules with `-Scope CurrentUser`, installers for
    one user such as those of Slack or the user setup of Visual Studio Code. Temporary files are right there, and so are
    scripts that load the hive of the default profile (`C:\\Users\\Default\\NTUSER.DAT`) or copy the settings to it.
    Each kind is reported once for each script.

    ## Why it matters
    A step runs as the build user, or as System. Sysprep removes that user, so the settings and programs are in the
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
        note = "the profile of the user that a step runs as is not in the image"
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
                    f"`{called(command)}` in {place} writes to the registry of the user that the step runs as",
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
                    f"`{called(command)}` in {place} writes to the profile of the user that the step runs as",
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
