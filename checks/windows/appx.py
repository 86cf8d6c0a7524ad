"""Apps from the Microsoft Store: what is installed or removed for one user only, and what that does to Sysprep."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.script.command import UNKNOWN, Word

from ..effects import does_nothing
from ..execution import is_system
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build, Script
    from aiblint.script.command import Command

SYSPREP = "https://learn.microsoft.com/troubleshoot/windows-client/deployment/sysprep-fails-remove-or-update-store-apps"
PACKER = "https://github.com/hashicorp/packer-plugin-azure/issues/350"
WINGET = "https://learn.microsoft.com/windows/package-manager/winget/"
GOLDEN_IMAGE = "https://learn.microsoft.com/azure/virtual-desktop/set-up-golden-image"

# The cmdlets with all their names: the modules Appx and Dism have aliases for them.
_ADD = ("add-appxpackage", "add-apppackage")
_REMOVE = ("remove-appxpackage", "remove-apppackage")
_PROVISION = ("add-appxprovisionedpackage", "add-appprovisionedpackage", "add-provisionedappxpackage",
              "add-provisionedapppackage")  # fmt: skip
_DEPROVISION = ("remove-appxprovisionedpackage", "remove-appprovisionedpackage", "remove-provisionedappxpackage",
                "remove-provisionedapppackage")  # fmt: skip
_GET = ("get-appxpackage", "get-apppackage", "get-appxprovisionedpackage", "get-appprovisionedpackage",
        "get-provisionedappxpackage", "get-provisionedapppackage")  # fmt: skip
# The switches of these cmdlets, as far as a name may follow them.
_SWITCHES = ("allusers", "online", "register", "disabledevelopmentmode", "forceapplicationshutdown",
             "forcetargetapplicationshutdown", "forceupdatefromanyversion", "preserveapplicationdata",
             "preserveroamableapplicationdata", "skiplicense")  # fmt: skip
_INSTALLER = "desktopappinstaller"
_STORE = "microsoft.windowsstore"
# Parts of the names of apps that Windows has provisioned: what of them is removed for the users alone comes back.
_PROVISIONED = ("549981c3f5f10", "alarms", "bing", "calculator", "camera", "clipchamp", "communicationsapps", "feedback",
                "gaming", "gethelp", "getstarted", "maps", "mixedreality", "officehub", "onenote", "outlookforwindows",
                "paint", "people", "photos", "powerautomate", "screensketch", "skype", "solitaire", "soundrecorder",
                "stickynotes", "todos", "wallet", "windowsstore", "xbox", "yourphone", "zune")  # fmt: skip
_SYSPREP_FAILS = "at a package that is installed for a user, but not provisioned for all, Sysprep stops (`0x80073cf2`)"
_LOOPS = "the build then repeats `IMAGE_STATE_COMPLETE` until `buildTimeoutInMinutes` is over"


class _Target(NamedTuple):
    """A name or pattern of the packages that a command removes; `word` is where it is written."""

    pattern: str
    word: Word


@check("AIB514", "per-user-appx", "error", SYSPREP, PACKER)
def per_user_appx(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for apps that are installed or removed for a single user: `Add-AppxPackage` where nothing provisions the same
    package, `Remove-AppxPackage` without `-AllUsers`, and an app of Windows that is removed for its users, but stays
    provisioned in the image. Removals are warnings. Where the scripts of a build are not all known, the missing half
    may be there: then less is said.

    ## Why it matters
    Sysprep refuses to generalize when a package is installed for some user, but not provisioned for all. The build does
    not end there: it waits for Sysprep until its timeout. An app that is removed for the build user alone is back
    for everyone who signs in to a VM made from the image.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallApp",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Add-AppxPackage -Path C:\\\\setup\\\\Contoso.msix»"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "RemoveApps",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Get-AppxPackage *Xbox* | «Remove-AppxPackage»"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Apps",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "Add-AppxProvisionedPackage -Online -PackagePath C:\\\\setup\\\\Contoso.msix -SkipLicense",
          "Get-AppxProvisionedPackage -Online | Where-Object DisplayName -like *Xbox* | Remove-AppxProvisionedPackage -Online",
          "Get-AppxPackage -AllUsers *Xbox* | Remove-AppxPackage -AllUsers"
        ]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if command.is_splatted or does_nothing(command):
        return
    if command.name in _ADD:
        yield from _added(command, build)
    elif command.name in _REMOVE:
        yield from _removed(command, build)
    elif command.name in _DEPROVISION:
        yield from _deprovisioned(command, build)


def _deprovisioned(command: Command, build: Build) -> Findings:
    everywhere = command.switched("AllUsers", "a") or any(other.name in _REMOVE for other in build.commands)
    if build.complete and not everywhere:
        yield Finding(
            command.at(),
            f"`{command.label()}` in {where(command.script)} takes the app out of the image, but not from users who "
            "have it",
            help="add `-AllUsers`, or remove it for them first: "
            "`Get-AppxPackage -AllUsers <name> | Remove-AppxPackage -AllUsers`",
            notes=("if the build user has the app, Sysprep stops at it (`0x80073cf2`)",),
            severity="info",
        )


def _added(command: Command, build: Build) -> Findings:
    if command.parameter("Stage", "st") is not None:
        return
    registered = command.parameter("RegisterByFamilyName", "registerb") or command.parameter("Register", "reg")
    if registered is not None:
        if not any(_INSTALLER in word.known.lower() for word in command.arguments):
            # Registers once more what is there already, which mostly is provisioned.
            yield Finding(
                command.at(registered),
                f"`{command.label(registered)}` in {where(command.script)} registers an app for the build user only",
                help="make sure that the app is provisioned as well: `Get-AppxProvisionedPackage -Online`",
                notes=(_SYSPREP_FAILS,),
                severity="info",
            )
            return
        yield Finding(
            command.at(registered),
            f"`{command.label(registered)}` in {where(command.script)} registers winget for the build user only",
            help="leave it out, and install with an MSI, Chocolatey or the vendor's installer",
            notes=(
                "once App Installer is newer for this user than what is provisioned, Sysprep stops at it (`0x80073cf2`)",
                _LOOPS,
            ),
            severity="warning",
        )
        return
    given = command.values("Path", "p") or command.first_unnamed(*_SWITCHES)[:1]
    written = re.split(r"[\\/:]", given[0].known)[-1] if given else UNKNOWN
    file = written.lower()
    for other in build.commands:
        if other.name in _PROVISION or (other.name == "dism" and other.has("/add-provisionedappxpackage")):
            said = [_file(word.known) for word in other.arguments]
            if UNKNOWN in file or other.is_splatted or file in said or any(UNKNOWN in one for one in said):
                return
    yield Finding(
        command.at(*given),
        f"`{command.label()}` in {where(command.script)} installs {f'`{written}`' if UNKNOWN not in file else 'the app'} for "
        "the build user only",
        help="provision it for all users: `Add-AppxProvisionedPackage -Online -PackagePath <file> -SkipLicense`",
        notes=(_SYSPREP_FAILS, _LOOPS),
        severity="" if build.complete and command.inside("if") is None else "warning",
    )


def _removed(command: Command, build: Build) -> Findings:
    if command.parameter("User", "u") is not None:
        return
    sources = [one for one in _feeding(command) if one.name in _GET]
    deprovisioned = any(
        other.name in _DEPROVISION or (other.name == "dism" and other.has("/remove-provisionedappxpackage"))
        for other in build.commands
    )
    if not command.switched("AllUsers", "a"):
        whom = "for System" if is_system(command.script) else "for the build user"
        yield Finding(
            command.at(),
            f"`{command.label()}` in {where(command.script)} removes the app {whom} only",
            help="write `Get-AppxPackage -AllUsers <name> | Remove-AppxPackage -AllUsers`"
            + ("" if deprovisioned else ", and take it out of the image with `Remove-AppxProvisionedPackage -Online`"),
            notes=(
                "every other user keeps the app or gets it at the first sign-in",
                "where an app is there for some users and not provisioned for all, Sysprep stops",
            ),
            # Whoever got the app is found, and nobody new gets it: only what Windows does with others' packages is open.
            severity="info" if deprovisioned and any(one.switched("AllUsers", "a") for one in sources) else "warning",
        )
    elif not deprovisioned and build.complete:
        inbox = any(
            part in target.pattern.lower() for target in _targets(command, command.script) for part in _PROVISIONED
        )
        yield Finding(
            command.at(command.parameter("AllUsers", "a")),
            f"`{command.label(command.parameter('AllUsers', 'a'))}` in {where(command.script)} leaves the app provisioned "
            "in the image",
            help="also run `Get-AppxProvisionedPackage -Online | Where-Object DisplayName -eq <name> | "
            "Remove-AppxProvisionedPackage -Online`",
            notes=("everyone who signs in to a VM made from the image gets it again",),
            # What a user or an installer brought along is not provisioned.
            severity="warning" if inbox else "info",
        )


@check("AIB515", "store-removed", "warning", GOLDEN_IMAGE)
def store_removed(command: Command) -> Findings:
    """
    ## What it does
    Looks for the removal of the Microsoft Store itself: by its name, by a pattern that fits it (`*Store*`), in a list of
    apps that a loop removes, or because all apps are removed.

    ## Why it matters
    Removing the Store is not supported. Apps can no longer be installed or updated, those that Windows brings along
    included, and there is no supported way to get it back.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "RemoveApps",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "$apps = 'Microsoft.BingNews', «'Microsoft.WindowsStore'»",
          "foreach ($app in $apps) {",
          "  Get-AppxPackage -AllUsers $app | Remove-AppxPackage -AllUsers",
          "  Get-AppxProvisionedPackage -Online | Where-Object DisplayName -eq $app | Remove-AppxProvisionedPackage -Online",
          "}"
        ]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "CloseStore",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "New-Item 'HKLM:\\\\SOFTWARE\\\\Policies\\\\Microsoft\\\\WindowsStore' -Force",
          "Set-ItemProperty 'HKLM:\\\\SOFTWARE\\\\Policies\\\\Microsoft\\\\WindowsStore' RemoveWindowsStore 1"
        ]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if command.name not in (*_REMOVE, *_DEPROVISION) or command.is_splatted or does_nothing(command):
        return
    guard = command.inside("if")
    if guard is not None and re.search(r"(?i)-(?:c?not|c?ne)|-c?match|-c?like", guard.text):
        return  # it may be the one that is left out
    target = next((one for one in _targets(command, command.script) if _fits_store(one.pattern)), None)
    if target is None:
        return
    # The same list is mostly gone through twice: for the users, and for the image.
    for other in command.script.commands:
        if other is command:
            break
        if other.name in (*_REMOVE, *_DEPROVISION) and target in _targets(other, command.script):
            return
    everything = target.pattern in ("", "*")
    yield Finding(
        command.place(target.word),
        f"`{command.label()}` in {where(command.script)} removes {'all apps, ' if everything else ''}the Microsoft Store"
        f"{' among them' if everything else ''}",
        help="leave `Microsoft.WindowsStore` out, and close it with the policy `RemoveWindowsStore`",
        notes=("removing the Store is not supported, and the apps that stay are no longer updated",),
    )


def _fits_store(pattern: str) -> bool:
    from fnmatch import fnmatchcase  # here: few scripts remove apps

    lowered = pattern.lower()
    return lowered == "" or lowered.startswith(f"{_STORE}_") or (len(lowered) < 100 and fnmatchcase(_STORE, lowered))


def _targets(command: Command, script: Script) -> list[_Target]:
    """The names and patterns of what a command removes, as far as they are known; "" stands for all packages."""
    found: list[_Target] = []
    given = command.values("Package", "p") or command.values("PackageName", "p") or command.first_unnamed(*_SWITCHES)
    for word in given:
        found += _named(command, word, script)
    filtered = bool(given)
    for one in _feeding(command):
        if one.name in _GET:
            if one.is_splatted:
                return []
            words = one.values("Name", "n") or one.first_unnamed(*_SWITCHES)
            for word in words:
                found += _named(one, word, script)
            other = one.parameter("Publisher", "pu") or one.parameter("PackageTypeFilter", "packaget")
            if not words and not filtered and other is None:
                found.append(_Target("", one.word))
            filtered = True
        elif one.name == "where-object":
            filtered = True
            found += _filtered(one, script)
        else:
            filtered = True
            if not one.name:
                found += _named(one, one.word, script)
    return found


def _filtered(one: Command, script: Script) -> Iterator[_Target]:
    """What `Where-Object` lets pass, by its comparisons that are not negated."""
    start, end = one.start, one.end
    text = script.text[start:end]
    if re.search(r"(?i)-c?i?not(?:like|match|in|contains)?\b|-c?ne\b|!\s*\(", text):
        return
    for match in re.finditer(r"(?i)-[ci]?(?:like|eq|match)\s+(\"[^\"$]*\"|'[^']*'|[*\w.]+)", text):
        pattern = match[1].strip("\"'")
        if "match" in match[0][:8].lower():
            pattern = f"*{pattern}*" if "windowsstore" in pattern.lower() and "|" not in pattern else UNKNOWN
        yield _Target(pattern, Word(pattern, start + match.start(1), start + match.end(1)))
    for match in re.finditer(r"(?i)-[ci]?(?:in|like|eq|match)\s+[\"*]*\$(\w+)|\$(\w+)\s+-[ci]?contains\b", text):
        yield from _loop(one, (match[1] or match[2]).lower(), script)


def _named(command: Command, word: Word, script: Script) -> Iterator[_Target]:
    """The names that a word stands for: itself, or those of the list that a loop takes them from."""
    if word.text is not None:
        if word.text:
            yield _Target(word.text, word)
        return
    variable = re.search(r"\$\{?(\w+)", script.text[word.start : word.end])
    if variable is not None:
        yield from _loop(command, variable[1].lower(), script)


def _loop(command: Command, variable: str, script: Script) -> Iterator[_Target]:
    """The known elements of a list: of the variable itself, or of what `foreach` goes through with it."""
    lists = [variable]
    if variable in ("_", "psitem"):
        for one in script.commands:
            source = one.fed_by
            if one.name != "foreach-object" or source is None or not one.start < command.start < one.end:
                continue
            if source.name == "" and len(source.arguments) > 1 and not source.written.startswith("$"):
                yield from (_Target(word.known, word) for word in source.arguments if word.text)
            else:
                lists.append(source.written.lstrip("$").lower())
    for match in re.finditer(rf"(?i)foreach\s*\(\s*\${re.escape(variable)}\s+in\s+(?:\$(\w+)|@?\()", script.text):
        if match[1]:
            lists.append(match[1].lower())
            continue
        close = script.text.find(")", match.end())
        for literal in re.finditer(r"\"[^\"$]*\"|'[^']*'", script.text[match.end() : max(close, match.end())]):
            text = literal[0].strip("\"'")
            yield _Target(text, Word(text, match.end() + literal.start(), match.end() + literal.end()))
    for assignment in script.contents.assignments:
        if re.sub(r"^\[[^=$]*\]\s*", "", assignment.name).lstrip("$") in lists:
            yield from (_Target(value.known, value) for value in assignment.values if value.text)


@check("AIB513", "winget-as-system", "warning", WINGET, PACKER)
def winget_as_system(script: Script) -> Findings:
    """
    ## What it does
    Looks for `winget` in a PowerShell step. Called by its path below `C:\\Program Files\\WindowsApps` it can be found by
    everyone, so then nothing is reported, other than an option that it does not know, such as `-silent` with one dash.
    What stands behind a question for `winget` is `info`.

    ## Why it matters
    `winget` is an alias that Windows makes for a user who signs in to the desktop. System has none, the user of the
    build has never signed in, and on Windows Server before 2025 App Installer is not there at all: the step fails with
    `The term 'winget' is not recognized`, or goes on without having installed anything.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Install",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«winget install» --id 7zip.7zip --silent --accept-package-agreements --accept-source-agreements"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Install",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["choco install 7zip -y --no-progress"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if script.language != "powershell":
        return
    calls = [one for one in script.commands if one.name == "winget" and one.language in ("powershell", "cmd")]
    bare = [one for one in calls if not re.search(r"[\\/]", one.word.known)]
    wrong = [(one, _misspelt(one)) for one in calls]
    for one, option in wrong:
        # Of a call that is not found at all its options are told below.
        if option is not None and one not in bare:
            yield Finding(
                one.place(option),
                f"`winget` in {where(script)} does not know `{option.known}`",
                help=f"write `--{option.known.lstrip('-')}` with two dashes",
                notes=("behind a single dash stands one letter, so the call fails without installing anything",),
            )
    if not bare:
        return
    first = next((one for one in bare if one.inside("if", "and", "or", "catch") is None), bare[0])
    verb = first.operands()[:1]
    system = is_system(script)
    notes = [
        "the alias `winget` belongs to a user who has signed in to the desktop, which "
        + ("System never does" if system else "nobody has done on the build VM"),
        "on Windows Server 2016, 2019 and 2022 it is not there for anybody",
    ]
    option = next((option for one, option in wrong if one in bare and option is not None), None)
    if option is not None:
        notes.append(f"where it is found, `{option.known}` with one dash is an invalid option: write `-{option.known}`")
    yield Finding(
        first.at(*verb),
        f"`{first.label(*verb)}` in {where(script)} is run {'as System' if system else 'without a desktop'}, where "
        "`winget` is not found",
        help="install with an MSI, Chocolatey or the vendor's installer",
        notes=tuple(notes),
        related=tuple(Related(one.at(), "called here as well") for one in bare if one is not first)[:3],
        severity="info" if first.inside("if", "and", "or", "catch") else "",
    )


def _misspelt(command: Command) -> Word | None:
    """A long option of winget behind a single dash; in a variable nothing can be seen."""
    return next((word for word in command.arguments if re.fullmatch(r"-[A-Za-z][a-z-]{2,}", word.known)), None)


# -- what they share ---------------------------------------------------------------------------------------------------


def _feeding(command: Command) -> Iterator[Command]:
    """What feeds a command in its pipeline, nearest first."""
    before = command.fed_by
    while before is not None:
        yield before
        before = before.fed_by


def _file(path: str) -> str:
    """The name of a file in lower case, without its folder."""
    return re.split(r"[\\/:]", path.lower())[-1]
