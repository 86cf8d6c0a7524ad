"""What the readers of the languages share: where what they find goes, and how a nested script keeps its place."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING
from aiblint.script.command import Assignment, Command, Comment, Construct, Contents, Frame, Redirect, Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiblint.script.build import Script

    # Where a known text of this nested script stands in the outermost one: characters from and up to.
    Place = Callable[[int, int], tuple[int, int]]

# `bash -c 'bash -c "..."'` is seldom deeper than this, and an attack is.
DEEPEST = 8
# A script of this many characters is data, or an attack: nobody waits for it to be read.
LONGEST = 1_000_000


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


class Source:
    """A text as a grammar reads it: in UTF-8, whose offsets it turns into places in the outermost script."""

    __slots__ = ("_characters", "data", "place", "text")

    def __init__(self, text: str, place: Place) -> None:
        self.text = text
        self.place = place
        self.data = text.encode("utf-8", "replace")
        self._characters: list[int] | None = None
        if not text.isascii():
            self._characters = [n for n, c in enumerate(text) for _ in range(len(c.encode("utf-8", "replace")))]
            self._characters.append(len(text))

    def characters(self, start_byte: int, end_byte: int) -> tuple[int, int]:
        """The characters of this text that the bytes are."""
        if self._characters is None:
            return start_byte, end_byte
        return self._characters[start_byte], self._characters[end_byte]

    def at(self, start_byte: int, end_byte: int) -> tuple[int, int]:
        """Where the bytes stand in the outermost script."""
        return self.place(*self.characters(start_byte, end_byte))

    def between(self, start_byte: int, end_byte: int) -> str:
        """The text of the bytes."""
        start, end = self.characters(start_byte, end_byte)
        return self.text[start:end]


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
