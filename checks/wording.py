"""What messages call things: a step, a script, a command; and lists in words."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING
from aiblint.script.command import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiblint.script.build import Script
    from aiblint.script.command import Command, Word

# A command that is longer is shown by its last word alone.
_LONGEST = 80


def where(script: Script) -> str:
    """What messages call the place of a command: step `InstallTools`, or the script's own file."""
    if script.step is not None:
        return script.step.label
    return f"`{script.file.path.rpartition('/')[2]}`" if script.file is not None else "this script"


def the_script(script: Script) -> str:
    """What messages call a script itself: the script of step `InstallTools`, or its own file."""
    return where(script) if script.step is None else f"the script of {where(script)}"


def called(command: Command, *words: Word | None) -> str:
    """What messages call a program and these words, without the folder that it lies in: `msiexec.exe /qb`."""
    name = command.word.known.replace("/", "\\").rpartition("\\")[2]
    label = command.label(*words)
    return name + label[len(command.word.known) :] if name and UNKNOWN not in command.word.known else label


def shown(command: Command, *words: Word) -> str:
    """A command up to the last of these words: `rm -rf /tmp/*`; if that is long, that word and its option alone."""
    if not words:
        return command.label()
    word = words[-1]
    if word not in command.arguments:
        return command.label(word)
    before = command.arguments[: command.arguments.index(word)]
    whole = command.label(*before, word)
    if len(whole) <= _LONGEST:
        return whole
    return command.label(*(one for one in before[-1:] if one.known.startswith("-") and not one.quoted), word)


def listed(words: Sequence[str], joint: str = "and") -> str:
    """`a, b and c`."""
    return f" {joint} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
