"""How a script takes away the connection that the build works over: what it does, what to do, and what it costs.

Ground for the checks that look for it.
"""

from __future__ import annotations

from aiblint.finding import Finding
from aiblint.light import TYPE_CHECKING, NamedTuple

from .wording import shown, where

if TYPE_CHECKING:
    from aiblint.finding import Related
    from aiblint.script.command import Command, Word
    from aiblint.source.document import Span

_FIRST_BOOT = "take it out, or let it run at the first boot of the VMs made from the image"
_FIRST_BOOT_OF_WINDOWS = f"{_FIRST_BOOT} (`SetupComplete.cmd`, a scheduled task)"
_LOCKED_OUT = "the next thing that the build does on the VM waits for an answer until `buildTimeoutInMinutes` is over"
_LOST = (
    "the build loses its connection: the step ends with exit code 16001, or waits until `buildTimeoutInMinutes` is over"
)


class Harm(NamedTuple):
    """How a command takes the connection away: the words that show it, and what it does, as messages say it.

    Without `help` and `note`, what goes for all of them is said. `at` is where the finding stands, if not at the command;
    then `does` is said of the step, not of the command.
    """

    words: tuple[Word, ...]
    does: str
    help: str = ""
    note: str = ""
    severity: str = ""
    related: tuple[Related, ...] = ()
    at: Span | None = None


def finding(command: Command, harm: Harm) -> Finding:
    """What a check says of it."""
    linux = command.language == "shell"
    said = (
        where(command.script) if harm.at is not None else f"`{shown(command, *harm.words)}` in {where(command.script)}"
    )
    return Finding(
        harm.at or command.at(*harm.words),
        f"{said} {harm.does}",
        help=harm.help or (_FIRST_BOOT if linux else _FIRST_BOOT_OF_WINDOWS),
        notes=(harm.note or (_LOCKED_OUT if linux else _LOST),),
        related=harm.related,
        severity=harm.severity,
    )
