"""What commands do, in whatever words they are written: to services, to the registry, to files that they write.

Ground for checks of scripts, as `execution` is.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.script.build import Build, Script
    from aiblint.script.command import Command, Word

# Where the service puts the script that generalizes the build VM, and where it looks for it when all steps are done.
DEPROVISIONING_LINUX = "/tmp/DeprovisioningScript.sh"
DEPROVISIONING_WINDOWS = "C:\\DeprovisioningScript.ps1"

# Script blocks given to these run some other time, or in tests.
_LATER = ("", "register-scheduledjob", "register-objectevent", "register-engineevent", "describe", "context", "it")
_COPIES = ("cp", "mv", "install", "ln", "rsync")


def named_or_first(command: Command, *parameters: str) -> tuple[Word, ...]:
    """What one of these parameters of a cmdlet is given; else its first argument without a name, with its whole list."""
    for parameter in parameters:
        values = command.values(parameter, parameter[:3])
        if values:
            return values
    return command.first_unnamed()


def runs_now(command: Command) -> bool:
    """Whether a command is run by the build, on its own machine: not in a `chroot`, nor in a block for some other time."""
    later = any(frame.kind == "block" and frame.text in _LATER for frame in command.around)
    return not later and command.under("chroot") is None and not does_nothing(command)


def does_nothing(command: Command) -> bool:
    """Whether `-WhatIf` of PowerShell keeps a command from doing anything."""
    return command.is_cmdlet and command.switched("WhatIf", "wh")


def rest_of_build(command: Command, build: Build) -> Iterator[Command]:
    """What the build runs after a command, in order: in its own script, then in later ones."""
    yield from command.after()
    behind = False
    for script in build.scripts:
        if behind:
            yield from script.commands
        behind = behind or script is command.script


def is_built(command: Command) -> bool:
    """Whether a script has a part in the image: scripts of validators run on a machine that is thrown away."""
    step = command.script.step
    return step is None or step.phase == "customize"


def is_deprovisioning_script(script: Script) -> bool:
    """Whether a script file is, by its name, one that takes the place of the deprovisioning script."""
    return script.file is not None and "deprovisioningscript" in script.file.path.lower()


def is_deprovisioning_path(path: str, linux: bool) -> bool:
    """Whether a path is that of the deprovisioning script."""
    if linux:
        return path == DEPROVISIONING_LINUX
    return re.sub(r"[\\/]+", r"\\", path).lower() == DEPROVISIONING_WINDOWS.lower()


# -- services ----------------------------------------------------------------------------------------------------------


class Service(NamedTuple):
    """What a command does to services. `action` is `start`, `stop`, `restart`, `reload`, `enable`, `disable` (`now` is
    true where it is stopped or started as well), `mask`, `kill` or `remove`; `names` are in lower case."""

    action: str
    names: tuple[str, ...]
    words: tuple[Word, ...]
    now: bool = False
    verb: Word | None = None

    def said(self, word: Word) -> tuple[Word, ...]:
        """The words for a message about one of them, the last one last: `service ssh stop`."""
        return (word, self.verb) if self.verb is not None and self.verb.start > word.start else (word,)

    def word(self, *names: str) -> Word | None:
        """The word that names one of these services."""
        return next((word for name, word in zip(self.names, self.words, strict=True) if name in names), None)


_ACTIONS = {
    "try-restart": "restart", "reload-or-restart": "restart", "force-reload": "reload", "condrestart": "restart",
    "reenable": "enable", "off": "disable", "on": "enable", "del": "remove", "remove": "remove", "delete": "remove",
    "start": "start", "stop": "stop", "restart": "restart", "reload": "reload", "enable": "enable",
    "disable": "disable", "mask": "mask", "kill": "kill", "pause": "stop",
}  # fmt: skip
_CMDLETS = {
    "stop-service": "stop", "suspend-service": "stop", "restart-service": "restart", "start-service": "start",
    "remove-service": "remove", "set-service": "set",
}  # fmt: skip
_SERVICE_KEY = pattern(r"hklm\\system\\(?:currentcontrolset|controlset001)\\services\\([\w-]+)")


def service(command: Command) -> Service | None:
    """What a command does to services; None where it does nothing to any."""
    if command.language == "shell":
        return _linux_service(command)
    return _windows_service(command)


def _linux_service(command: Command) -> Service | None:
    name, words = command.name, command.operands("-H", "--host", "-t", "--type", "-s", "--signal", "--level", "--root")
    if name == "systemctl" and words and command.has("--root", "--user", "--global") is None:
        verb, units = words[0], words[1:]
    elif name in ("service", "rc-service", "invoke-rc.d", "chkconfig", "update-rc.d") and len(words) > 1:
        verb, units = words[1], words[:1]
    elif "/init.d/" in command.word.known and words:
        verb, units = words[0], (command.word,)
    else:
        return None
    action = _ACTIONS.get(verb.known, "")
    names = tuple(re.sub(r"\.service$", "", word.known.rpartition("/")[2].lower()) for word in units)
    now = name == "systemctl" and command.has("--now") is not None
    return Service(action, names, units, now, verb) if action and names else None


def _windows_service(command: Command) -> Service | None:
    name = command.name
    if name in _CMDLETS and command.language == "powershell":
        words = named_or_first(command, "Name", "DisplayName")
        if not words and command.fed_by is not None and command.fed_by.name == "get-service":
            words = named_or_first(command.fed_by, "Name", "DisplayName")
        action, now = _CMDLETS[name], False
        if action == "set":
            kind = "".join(word.known.lower() for word in command.values("StartupType", "startu"))
            status = "".join(word.known.lower() for word in command.values("Status", "sta"))
            now = status == "stopped"
            action = "disable" if kind == "disabled" else "stop" if now else "enable" if kind else ""
    elif name == "net" and len(command.arguments) > 1:
        action, words, now = command.arguments[0].known.lower(), command.arguments[1:2], False
    elif name == "sc" and len(command.arguments) > 1:
        operands = [word for word in command.arguments if not word.known.startswith("\\\\")]
        action, words, now = operands[0].known.lower(), tuple(operands[1:2]), False
        if action == "config":
            setting = "".join(word.known.lower() for word in operands[2:])
            action = "disable" if "start=disabled" in setting else ""
    else:
        entry = registry(command)
        key = _SERVICE_KEY.fullmatch(entry.key) if entry is not None else None
        if entry is None or key is None or entry.name.lower() != "start" or entry.value not in ("4", "0x4"):
            return None
        return Service("disable", (key[1],), (entry.word,))
    action = _ACTIONS.get(action, "")
    return Service(action, tuple(word.known.lower() for word in words), words, now) if action and words else None


# -- the registry ------------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A value that a command writes to the registry; what is not known has UNKNOWN in it.

    `key` is in lower case from its hive on: `hklm\\software\\contoso`, however it is written; so is `value`. `word` is
    that of the name, `words` are all that say it.
    """

    key: str
    name: str
    value: str
    word: Word
    words: tuple[Word, ...]


def registry(command: Command) -> Entry | None:
    """The value that a command writes to the registry; None where it writes none."""
    if command.language == "powershell" and command.name in ("set-itemproperty", "new-itemproperty"):
        paths = command.values("Path", "pat") or command.values("LiteralPath", "li")
        names = command.values("Name", "n")
        values = command.values("Value", "v")
        rest = list(command.unnamed())
        paths = paths or tuple(rest[:1])
        if not command.values("Path", "pat") and not command.values("LiteralPath", "li"):
            rest = rest[1:]
        if not names:
            names, rest = tuple(rest[:1]), rest[1:]
        values = values or tuple(rest[:1])
        if len(paths) == 1 and names and values:
            path, name, value = paths[0], names[0], values[0]
            return Entry(_key(path.known), name.known, value.known.lower(), name, (path, name, value))
    if command.name == "reg" and len(command.arguments) > 1 and command.arguments[0].known.lower() == "add":
        found: dict[str, Word] = {}
        for option, value in zip(command.arguments[2:], command.arguments[3:], strict=False):
            found.setdefault(option.known.lower(), value)
        if "/v" in found and "/d" in found:
            name, value = found["/v"], found["/d"]
            words = (*command.arguments[:2], name, value)
            return Entry(_key(command.arguments[1].known), name.known, value.known.lower(), name, words)
    return None


def _key(path: str) -> str:
    written = re.sub(r"[\\/]+", r"\\", path.lower()).rstrip("\\")
    written = re.sub(r"^(?:microsoft\.powershell\.core\\)?registry::", "", written)
    written = written.replace("hkey_local_machine", "hklm", 1).replace("hkey_current_user", "hkcu", 1)
    return re.sub(r"^(hk\w+):\\?", r"\1\\", written)


# -- files that are written --------------------------------------------------------------------------------------------


class Writing(NamedTuple):
    """A file that a command writes; `content` is None where it is not known, and has UNKNOWN for what of it is not."""

    path: str
    word: Word
    content: str | None
    appends: bool = False


def writings(command: Command) -> Iterator[Writing]:
    """The files that a command writes."""
    for redirect in command.redirects:
        if redirect.operator in (">", ">>", "&>", ">|"):
            content = _said(command) if redirect.operator in (">", ">>", ">|") else None
            yield Writing(redirect.target.known, redirect.target, content, redirect.operator == ">>")
    if command.language == "shell":
        yield from _written_by_shell(command)
    elif command.language == "powershell":
        yield from _written_by_powershell(command)
    elif command.name in ("copy", "move", "xcopy") and len(command.operands()) > 1:
        words = [word for word in command.arguments if not word.known.startswith("/")]
        if len(words) > 1:
            yield Writing(words[-1].known, words[-1], None)


def _said(command: Command) -> str | None:
    """What a command of the shell, or a value of PowerShell, puts on its output; None where that is not known."""
    if command.name in ("cat", "tee"):
        for redirect in command.redirects:
            if redirect.operator in ("<<", "<<<"):
                return redirect.target.known
        return _said(command.fed_by) if command.fed_by is not None and not command.operands() else None
    if command.name in ("echo", "printf", "write-output"):
        words = [word.known for word in command.arguments if word.quoted or word.known not in ("-e", "-n", "-en")]
        text = " ".join(words)
        return text.replace("\\n", "\n") if command.language == "shell" else text
    if command.name == "" and command.language == "powershell" and command.arguments:
        return "\n".join(word.known for word in command.arguments)
    return None


def _written_by_shell(command: Command) -> Iterator[Writing]:
    operands = command.operands("-t", "-m", "-o", "-g")
    if command.name == "tee":
        said = _said(command)
        if said is None and command.fed_by is not None:
            said = _said(command.fed_by)
        for word in operands:
            yield Writing(word.known, word, said, command.has("-a", "--append") is not None)
    elif command.name in _COPIES and len(operands) > 1:
        path, source = operands[-1].known, operands[-2].known
        if path.endswith("/"):
            path += source.rpartition("/")[2]
        yield Writing(path, operands[-1], None)
    elif command.name in ("curl", "wget"):
        options = ("-o", "--output") if command.name == "curl" else ("-O", "--output-document")
        for option, value in zip(command.arguments, command.arguments[1:], strict=False):
            if option.known in options:
                yield Writing(value.known, value, None)
    elif command.name == "sed" and command.has("-i", "--in-place") is not None:
        for word in operands[1:] or operands:
            yield Writing(word.known, word, None, appends=True)


def _written_by_powershell(command: Command) -> Iterator[Writing]:
    name = command.name
    if name in ("set-content", "add-content", "out-file", "tee-object", "new-item"):
        given = command.values("Path", "pat") or command.values("LiteralPath", "li") or command.values("FilePath", "fi")
        rest = command.unnamed()
        target = given[:1] or rest[:1]
        content: str | None = None
        values = command.values("Value", "v") or command.values("InputObject", "in") or rest[0 if given else 1 :]
        if values:
            content = "\n".join(word.known for word in values)
        elif command.fed_by is not None:
            content = _said(command.fed_by)
        if target and not command.is_splatted and (name != "new-item" or content is not None):
            appends = name == "add-content" or command.switched("Append", "a")
            yield Writing(target[0].known, target[0], content, appends)
    elif name in ("copy-item", "move-item"):
        target = command.values("Destination", "d") or command.unnamed()[1:2]
        if target:
            yield Writing(target[0].known, target[0], None)
    elif name in ("invoke-webrequest", "invoke-restmethod", "start-bitstransfer"):
        target = command.values("OutFile", "outf") or command.values("Destination", "d")
        if target:
            yield Writing(target[0].known, target[0], None)
    elif name in ("[io.file]::writealltext", "[io.file]::writealllines") and len(command.arguments) > 1:
        yield Writing(command.arguments[0].known, command.arguments[0], command.arguments[1].known)
    elif name == ".downloadfile" and len(command.arguments) > 2:
        yield Writing(command.arguments[2].known, command.arguments[2], None)
