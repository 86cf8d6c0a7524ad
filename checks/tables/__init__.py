"""What is known of programs, as tables: `*.toml` beside this file, one table for each check that rests on one.

The name of a table is that of its check, each row is about one program (or several that are alike), and `fires` and
`passes` are commands that a test holds against the check: so no row can be wrong without anybody noticing.

Runs do not read TOML, which takes as long as everything else together: `python -m aiblint.checks.tables` writes the same
as `compiled.py`, and a test compares the two.

To add a program: copy a row that is like it, change it, and run that command.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.script.command import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.script.command import Command, Word


class Row(NamedTuple):
    """One row; what a column does not say goes for all. Options are compared as `Command.has` does.

    In `without`, `silent` and `together`, `-f*` is any word that begins with `-f`.

    ===========  =======================================================================================================
    names        the programs: without folder and `.exe`, in lower case for Windows; may have `*`, `?` and `[0-9]`
    verbs        only with one of these subcommands, of one word or of two
    valued       options whose value is a word of its own, so that it is not taken for the subcommand, nor, on Windows, an
                 unknown one for an option
    given        only with one of these options or words
    without      not with any of these options or words: with them it does something else
    silent       any one of these makes it right
    together     all of these are needed to make it right; of `-a|-b` one is enough
    variables    any one of these variables in its environment makes it right
    exact        true where the letter case of the options counts on Windows, too
    asks         what it asks for, behind "waits for ": `a person to confirm`
    installs     what it installs: "windows" (a part of Windows), "program", or "package" (which seldom needs a restart)
    does         what it does, behind the command, where the check has no words of its own: `restarts the build VM`
    language     only in scripts of the shell (`shell`), or in the others (`powershell`)
    help         what to do
    note         why, or what it costs
    severity     where it is not the check's own
    most         only with at most so many words that are no options, the subcommand among them
    runs         only where one of these texts is in the name or the address of the script that it runs
    endless      true for what goes on for ever, whatever it is fed
    terminal     true for what asks the terminal itself, so that nothing answers through a pipe
    codes        exit codes that mean success, besides 0
    fires        commands that the check must report
    passes       commands that it must let pass
    ===========  =======================================================================================================
    """

    names: tuple[str, ...]
    verbs: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    exact: bool = False
    asks: str = ""
    installs: str = ""
    does: str = ""
    language: str = ""
    help: str = ""
    note: str = ""
    severity: str = ""
    most: int = -1
    runs: tuple[str, ...] = ()
    endless: bool = False
    terminal: bool = False
    codes: tuple[int, ...] = ()
    fires: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()


class Match(NamedTuple):
    """A row that a command falls under, and the words of the command that say so (its subcommand, the option)."""

    row: Row
    words: tuple[Word, ...]


@lru_cache(maxsize=2048)  # scripts call the same programs again and again, and each check asks for each of them
def rows(table: str, name: str) -> tuple[Row, ...]:
    """The rows of a table about a program."""
    from .compiled import TABLES  # here: a template without scripts needs none of it

    found = (columns for columns in TABLES.get(table, ()) if name and any(_fits(name, one) for one in columns["names"]))
    return tuple(Row(**columns) for columns in found)


def matches(table: str, command: Command, name: str = "") -> Iterator[Match]:
    """The rows that a command falls under, whether or not something makes it right.

    `name` is the program where it is not the command's own name: `sh` for `./setup.run`.
    """
    for row in rows(table, name or command.name):
        if row.language and (row.language == "shell") != (command.language == "shell"):
            continue
        words = _verb(row, command)
        if words is None or (row.without and _given(command, row, row.without)):
            continue
        if row.given:
            given = _given(command, row, row.given)
            if given is None or _is_off(command, given):
                continue
            words = (*words, given)
        if _applies(row, command):
            yield Match(row, words)


def first(table: str, command: Command) -> Match | None:
    """The first row that a command falls under and that none of `silent` makes right, or may make right.

    Other than for `broken`, what is not known excuses nothing where a row has no `silent`: `shutdown -r $when` restarts.
    """
    for match in matches(table, command):
        silent = match.row.silent
        if not silent or not (_may_hide_options(command, match.row) or _given(command, match.row, silent)):
            return match
    return None


def broken(table: str, command: Command, name: str = "") -> Match | None:
    """The first row that a command falls under and that nothing makes right. What is not known may make it right."""
    for match in matches(table, command, name):
        row = match.row
        if _is_silenced(row, command):
            continue
        hidden = _may_hide_options(command, row)
        if row.silent and (hidden or _given(command, row, row.silent)):
            continue
        if row.together and (hidden or all(_given(command, row, (option,)) for option in row.together)):
            continue
        if not row.silent and not row.together and hidden and row.without:
            continue
        if any(command.environment.get(name) for name in row.variables):
            continue
        return match
    return None


def _fits(name: str, written: str) -> bool:
    if name == written:
        return True
    # Before a pattern is compiled, what stands before its first sign says of nearly all names that they do not fit.
    plain = re.match(r"[^*?\[]*", written)
    return plain is not None and plain[0] != written and name.startswith(plain[0]) and fnmatchcase(name, written)


def _given(command: Command, row: Row, options: tuple[str, ...]) -> Word | None:
    """The first word that is one of these options: of a cmdlet, also a shorter beginning of it."""
    if command.is_cmdlet:
        found = (command.parameter(option[1:]) for option in options if option.startswith("-"))
        return next((word for word in found if word is not None), None) or command.has(*options)
    if row.exact:
        return next((word for word in command.arguments if word.known in options), None)
    return command.has(*options)


def _is_off(command: Command, switch: Word) -> bool:
    """Whether a switch of a cmdlet is given to be off: `-Restart:$false`."""
    after = command.arguments[command.arguments.index(switch) + 1 :] if command.language == "powershell" else ()
    return bool(after) and after[0].known.lower() == "$false"


def _may_hide_options(command: Command, row: Row) -> bool:
    """Whether some argument may be any option.

    A variable is never a parameter of a cmdlet. On Windows what stands behind an option with a value is its value.
    """
    if command.is_cmdlet:
        return command.is_splatted
    if command.language == "shell" or not row.valued:
        return command.is_open
    before = ("", *(word.known.lower() for word in command.arguments))
    return any(
        word.may_be_option and (option not in row.valued or UNKNOWN not in word.known or _holds_options(word, command))
        for option, word in zip(before, command.arguments, strict=False)
    )


def _holds_options(word: Word, command: Command) -> bool:
    # Whoever keeps options in a variable calls it so: `/i $arguments`.
    written = command.as_written(word).lower()
    return word.known.startswith("@") or any(part in written for part in ("arg", "opt", "param", "switch"))


def _verb(row: Row, command: Command) -> tuple[Word, ...] | None:
    """The words that are one of the row's subcommands; empty where it wants none, None where they are others."""
    if not row.verbs:
        return ()
    operands = command.operands(*row.valued)
    for count in (2, 1):
        if len(operands) >= count and " ".join(word.known.lower() for word in operands[:count]) in row.verbs:
            return operands[:count]
    return None


def _applies(row: Row, command: Command) -> bool:
    """Whether a command falls under a row also by `most`, by `runs` and by the beginnings (`-f*`) in `without`."""
    if row.runs and not any(part in _origin(command) for part in row.runs):
        return False
    if row.most >= 0 and (command.is_open or len(command.operands(*row.valued)) > row.most):
        return False
    return not _begins(command, row.without)


def _is_silenced(row: Row, command: Command) -> bool:
    """Whether a command is made right by what only beginnings (`-f*`) and choices (`-a|-b`) say."""
    if _begins(command, row.silent):
        return True
    choices = [option.split("|") for option in row.together]
    return bool(choices) and all(command.has(*choice) or _begins(command, tuple(choice)) for choice in choices)


def _begins(command: Command, options: tuple[str, ...]) -> bool:
    beginnings = tuple(option[:-1] for option in options if option.endswith("*"))
    return bool(beginnings) and any(word.known.startswith(beginnings) for word in command.arguments)


def _origin(command: Command) -> str:
    """Names and addresses of the script that a command runs, in lower case: from a file, a pipe or `$( )`."""
    said = command.written
    if command.fed_by is not None:
        said += " " + command.fed_by.written
    files = {word.known.rpartition("/")[2] for word in command.operands()[:1]} - {""}
    nearest = command.script.commands[max(0, command.number - 100) : command.number]
    for earlier in nearest if files else ():
        if earlier.name in ("curl", "wget") and any(file in earlier.written for file in files):
            said += " " + earlier.written
    return said.lower()
