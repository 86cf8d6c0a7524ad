"""What the readers of the languages share: where what they find goes, and how a nested script keeps its place."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.script.command import UNKNOWN, Assignment, Command, Comment, Construct, Contents, Frame, Redirect, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from tree_sitter import Node

    from aiblint.script.build import Script

    # Where a known text of this nested script stands in the outermost one: characters from and up to.
    Place = Callable[[int, int], tuple[int, int]]
    # What a variable may hold, in the terms of its language.
    Known = TypeVar("Known")

# `bash -c 'bash -c "..."'` is seldom deeper than this, and an attack is.
DEEPEST = 8
# A script of this many characters is data, or an attack: nobody waits for it to be read.
LONGEST = 1_000_000
# What a variable holds is followed up to this many characters.
LONGEST_VALUE = 20_000
# So many variables are followed; each branch takes a copy of them.
MOST_VARIABLES = 200


class Reading:
    """Gathers what a script says: commands, assignments and comments, in places of the outermost script."""

    __slots__ = ("assignments", "broken", "called", "commands", "comments", "constructs", "depth", "script")

    def __init__(self, script: Script) -> None:
        self.script = script
        self.commands: list[Command] = []
        self.assignments: list[Assignment] = []
        self.comments: list[Comment] = []
        self.constructs: list[Construct] = []
        self.broken = False
        self.depth = 0
        # Functions are known by the names that something calls.
        self.called: set[str] = set()

    def nested(
        self, language: str, text: str, place: Place, around: tuple[Frame, ...], wrappers: tuple[Command, ...],
        environment: dict[str, str],
    ) -> bool:  # fmt: skip
        """Read a script inside a word, such as that of `bash -c`; False where it lies too deep."""
        if self.depth >= DEEPEST:
            return False
        self.depth += 1
        _reader(language)(self, text, place, around, wrappers, environment)
        self.depth -= 1
        return True


def read(script: Script) -> Contents:
    """What a script says. A script that is too deeply nested, or too long, to be read by a person says nothing."""
    if len(script.text) > LONGEST:
        return Contents(broken=True)
    reading = Reading(script)
    try:
        _reader(script.language)(reading, script.text, lambda start, end: (start, end), (), (), {})
    except RecursionError:  # brackets in brackets in brackets: what no person wrote is not looked at
        return Contents(broken=True)
    called = reading.called
    live = tuple(
        command
        for command in reading.commands
        if all(frame.kind != "function" or frame.text in called for frame in command.around)
    )
    for number, command in enumerate(live):
        command.number = number
    return Contents(
        live, tuple(reading.assignments), tuple(reading.constructs), tuple(reading.comments), reading.broken
    )


def _reader(language: str) -> Callable[..., None]:
    if language == "shell":
        from aiblint.script import shell

        return shell.read
    if language == "powershell":
        from aiblint.script import powershell

        return powershell.read
    from aiblint.script import batch

    return batch.read


# What PowerShell takes for plain quotes, dashes and blanks: about_Quoting_Rules, and the language specification, 2.2.
_PLAIN = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e", '"')
    | dict.fromkeys("\u2013\u2014\u2015", "-")
    | {"\u00a0": " "}
)


class Source:
    """A text as a grammar reads it: one ASCII byte for each character, so that a place in the tree is one in the text.

    Every other character becomes a letter, or what PowerShell takes it for. The grammars are spared them because the
    one for bash looks characters up in tables of C that end before they do, and crashes the process.
    """

    __slots__ = ("data", "place", "text")

    def __init__(self, language: str, text: str, place: Place) -> None:
        self.text = text
        self.place = place
        if not text.isascii():
            text = re.sub(r"[^\x00-\x7f]", "x", text.translate(_PLAIN) if language == "powershell" else text)
        self.data = text.encode("ascii")

    def at(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters stand in the outermost script."""
        return self.place(start, end)

    def between(self, start: int, end: int) -> str:
        """The characters themselves."""
        return self.text[start:end]


def set_again(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    """The variables that a text sets more than once; `pattern` finds the name of each that it sets."""
    seen: set[str] = set()
    return frozenset(name for name in pattern.findall(text) if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def named_children(node: Node) -> list[Node]:
    """What stands in a node, without its signs and comments."""
    return [child for child in node.children if child.is_named and child.type != "comment"]


def behind_branch(before: dict[str, Known], after: dict[str, Known]) -> dict[str, Known | None]:
    """The variables behind what may run or not: those stay known that it left as they were."""
    return {name: value if name in before and before[name] == value else None for name, value in after.items()}


def bounded(pieces: Iterable[str]) -> str:
    """The pieces as one text; UNKNOWN where they grow beyond measure, as `a=$a$a` does line by line."""
    kept: list[str] = []
    length = 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece)
        if length > LONGEST:
            return UNKNOWN
    return "".join(kept)


def within(word: Word, script: Script, known: str) -> Place:
    """Where the characters of a nested script stand: inside the word if it is written there to the letter."""
    written = script.text[word.start : word.end]
    at = written.find(known)
    if not known or at < 0:
        return lambda start, end: (word.start, word.end)
    begin = word.start + at
    return lambda start, end: (begin + start, begin + end)


def redirected(redirects: tuple[Redirect, ...], *operators: str) -> Redirect | None:
    """The last of these redirects."""
    return next((redirect for redirect in reversed(redirects) if redirect.operator in operators), None)
