"""Which programs of Windows are installers, and which of them PowerShell waits for: ground for checks beside it."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from .. import tables

if TYPE_CHECKING:
    from aiblint.script.command import Command

_LOOKS_LIKE_INSTALLER = pattern(r"setup|install(?!util)")
_INSTALLS = pattern(r"[-/]+(?:q|qn|quiet|silent|verysilent|norestart|install)$")
# These take such options, too.
_NO_INSTALLERS = ("sysprep", "reg", "regsvr32", "powershell", "pwsh", "cmd", "shutdown", "netsh", "robocopy", "sc")


def is_named_like_installer(command: Command) -> bool:
    written = command.word.known.lower()
    return (
        written.endswith(".exe")
        and not command.is_cmdlet
        and _LOOKS_LIKE_INSTALLER.search(written.replace("/", "\\").rpartition("\\")[2]) is not None
    )


def is_installer(command: Command) -> bool:
    """Whether a command is an installer: by its name, or because `Start-Process` gives it options of one."""
    if command.is_cmdlet or command.name.startswith((".", "[")) or command.name in _NO_INSTALLERS:
        return False
    if is_named_like_installer(command) or tables.rows("installer-not-awaited", command.name):
        return True
    if next(tables.matches("interactive-installer", command), None) is not None:
        return True
    return command.under("start-process") is not None and any(
        _INSTALLS.match(word.known.lower()) for word in command.arguments
    )


def has_window(command: Command) -> bool:
    """Whether a program has a window of its own, so that PowerShell does not wait when it calls it."""
    return is_named_like_installer(command) or bool(tables.rows("installer-not-awaited", command.name))


def is_left_alone(command: Command) -> bool:
    """Whether PowerShell calls a program and goes on: nothing takes its output, for which it would have to wait."""
    if command.language == "cmd":
        # The bootstrapper of Visual Studio ends before its work, unless it is told to wait.
        return command.name.startswith("vs_") and command.has("--quiet", "-q") is not None and command.lacks("--wait")
    return (
        has_window(command)
        and command.has("/?") is None
        and command.feeds is None
        and not command.redirects
        and command.inside("capture") is None
    )
