"""A command of a script, whatever language and however deep it stood: its name, its words, and what is around it."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.script.build import Script
    from aiblint.source.document import Span

# Stands in a text for what is not known of it: an ARM parameter, a variable, what a command printed. A character for
# private use, which the grammars take for a letter and no script has.
UNKNOWN = "\ue000"
# What a splat of PowerShell (`@options`) is known by where it is not resolved: it may be any parameter.
SPLAT = "@" + UNKNOWN
SHELLS = ("sh", "bash", "dash", "ash", "ksh", "zsh")
# Parameters of PowerShell's own commands that take no value, those of many of them.
_SWITCHES = (
    "force", "recurse", "passthru", "verbose", "debug", "whatif", "confirm", "append", "noclobber", "nonewline", "raw",
    "file", "directory", "hidden", "system", "readonly", "asjob", "wait", "usebasicparsing", "all", "nowait",
)  # fmt: skip


class Word(NamedTuple):
    """One argument after quotes, escapes and variables are resolved.

    `known` is its text with UNKNOWN for each piece that is not known. `start` and `end` are its characters in the
    script's text; several words may come from one place (`$OPTIONS`). `open` is true for what may turn into no word or
    into many. `quoted` is true where quotes enclose all of it. `listed` is true where a comma of PowerShell joins it to
    the next one.
    """

    known: str
    start: int
    end: int
    open: bool = False
    quoted: bool = False
    listed: bool = False

    @property
    def text(self) -> str | None:
        """The text, if all of it is known."""
        return None if UNKNOWN in self.known else self.known

    @property
    def may_be_option(self) -> bool:
        """Whether it begins with something unknown, so that it may be any option."""
        return self.open or self.known.startswith(UNKNOWN)


class Redirect(NamedTuple):
    """Where a command reads from or writes to: `>`, `>>`, `2>`, `&>`, `<`, `<<` (a here-document), `<<<`.

    `target` is the file, or for the last two the text.
    """

    operator: str
    target: Word


class Frame(NamedTuple):
    """Something around a command. `kind` says what, `text` what is written there:

    ============  ====================================================================================================
    if            a branch of if, case, switch, or behind a test: it runs in some cases; `text` is the condition
    condition     the condition itself: its failure decides something and ends nothing
    and, or       behind `&&` or `||`: it runs if the command in `text` succeeds, or fails
    chained       before `&&`: its failure ends nothing, but what is behind does not run
    loop          a loop; `text` is its condition, "" for one over a list
    forever       a loop that only a `break` ends
    function      the body of a function; `text` is its name
    handled       its failure is taken care of: left of `||`, negated
    background    not waited for: `&`, Start-Job
    capture       its output is taken as text: `$( )`, `( )` of PowerShell
    subshell      `( )` of the shell
    try, catch    of PowerShell; `catch` stands for `finally`, too
    block         a script block; `text` is the command that it is given to, in lower case
    ============  ====================================================================================================
    """

    kind: str
    text: str = ""


class Command:
    """A command that a script runs. Written once by the reader, never changed afterwards.

    `name` is without folder and `.exe`, in lower case and with aliases resolved where the language does so, and empty
    where it is not known. Calls of .NET methods are commands as well: `[console]::readkey`, `.waitforexit` (the object
    is the first argument); so are `exit`, `throw` and `return` of PowerShell.

    `word` is the name as written. `arguments` are the words behind it; `around` are the frames, outermost first;
    `wrappers` the commands that run it (`sudo`, `env`, `bash -c`, `Start-Process`, `cmd /c`), outermost first.
    `environment` holds the variables that are set for it by name, whose values are UNKNOWN where not known. `fed_by`
    and `feeds` are its neighbours in a pipeline; `piped` tells whether its input is a pipe, be it that of a loop or a
    group around it (of the shell only). `start` and `end` are its characters in the text of `script`, `number` its
    place among the commands of that.
    """

    __slots__ = (
        "arguments",
        "around",
        "end",
        "environment",
        "fed_by",
        "feeds",
        "language",
        "name",
        "number",
        "piped",
        "redirects",
        "script",
        "start",
        "word",
        "wrappers",
    )

    def __init__(
        self,
        script: Script,
        language: str,
        name: str,
        word: Word,
        arguments: tuple[Word, ...],
        end: int,
        around: tuple[Frame, ...],
        wrappers: tuple[Command, ...],
        redirects: tuple[Redirect, ...] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.script = script
        self.language = language
        self.name = name
        self.word = word
        self.arguments = arguments
        self.start = word.start
        self.end = max(end, word.end)
        self.around = around
        self.wrappers = wrappers
        self.redirects = redirects
        self.environment = environment or {}
        self.number = 0
        self.fed_by: Command | None = None
        self.feeds: Command | None = None
        self.piped = False

    def __repr__(self) -> str:
        return f"Command({self.written!r})"

    # -- its words ---------------------------------------------------------------------------------------------------

    @property
    def written(self) -> str:
        """The command as the script has it."""
        return self.script.text[self.start : self.end]

    @property
    def texts(self) -> tuple[str, ...]:
        """The arguments as far as they are known: `Word.known` of each."""
        return tuple(word.known for word in self.arguments)

    @property
    def is_open(self) -> bool:
        """Whether some argument may be any option: then what seems to be missing may be there."""
        return any(word.may_be_option for word in self.arguments)

    @property
    def is_cmdlet(self) -> bool:
        """Whether it is one of PowerShell's own (`Install-Module`), whose parameters may be shortened."""
        return self.language == "powershell" and re.fullmatch(r"[a-z]+-[a-z]+", self.name) is not None

    @property
    def is_splatted(self) -> bool:
        """Whether a splat that is not known may give it any parameter."""
        return any(word.known == SPLAT for word in self.arguments)

    def as_written(self, word: Word) -> str:
        """One of its words as the script has it."""
        return self.script.text[word.start : word.end]

    def has(self, *options: str) -> Word | None:
        """The first argument that is one of these options, as native programs read them.

        `--yes` is also found as `--yes=true`; `-y` also among others (`-qqy`), `-qq` by its number of letters. What
        begins with `/` also counts with `-` and goes on behind `:` or `=`. In PowerShell and cmd case is ignored.
        """
        for word in self.arguments:
            for option in options:
                if _is_option(word.known, option, self.language != "shell"):
                    return word
        return None

    def lacks(self, *options: str) -> bool:
        """Whether it is certain that none of these options is given."""
        return not self.is_open and self.has(*options) is None

    def parameter(self, name: str, least: str = "") -> Word | None:
        """The word that gives a parameter of PowerShell (`-UseBasicParsing`, `-UseB`); `name` is without the dash.

        Where a shorter beginning would mean another parameter, `least` is the shortest one that means this.
        """
        name, least = name.lower(), least.lower()
        for word in self.arguments:
            written = word.known.lower()
            dashed = not word.quoted and written[:1] in ("-", "–", "—") and len(written) > max(1, len(least))
            if dashed and name.startswith(written[1:]):
                return word
        return None

    def values(self, name: str, least: str = "") -> tuple[Word, ...]:
        """The values of a parameter of PowerShell: none, one, or those of a list."""
        given = self.parameter(name, least)
        if given is None:
            return ()
        found: list[Word] = []
        for word in self.arguments[self.arguments.index(given) + 1 :]:
            if found and not found[-1].listed:
                break
            named = not word.quoted and word.known.startswith("-") and not word.known[1:2].isdigit()
            # What a variable holds is a value, whatever it begins with.
            if not found and named and self.as_written(word)[:1] != "$":
                break
            found.append(word)
        return tuple(found)

    def switched(self, name: str, least: str = "") -> bool:
        """Whether a switch of PowerShell is on: given, and not as `-Wait:$false`."""
        return self.parameter(name, least) is not None and all(
            word.known.lower() != "$false" for word in self.values(name, least)[:1]
        )

    def operands(self, *valued: str) -> tuple[Word, ...]:
        """The arguments that are no options: `install` and `nginx` of `apt-get -y install nginx`.

        `valued` are the options whose value is a word of its own.
        """
        found: list[Word] = []
        skip = False
        for word in self.arguments:
            if not skip and not word.known.startswith("-"):
                found.append(word)
            skip = not skip and word.known in valued
        return tuple(found)

    def unnamed(self, *switches: str) -> tuple[Word, ...]:
        """The arguments of a command of PowerShell that no parameter names.

        `switches` are those of its parameters that take no value, besides the common ones.
        """
        found: list[Word] = []
        taken = False
        for word in self.arguments:
            written = word.known.lower()
            # What a variable holds is a value, whatever it begins with.
            named = not word.quoted and written[:1] == "-" and not written[1:2].isdigit()
            if named and self.as_written(word)[:1] != "$":
                taken = not any(switch.startswith(written[1:]) for switch in (*_SWITCHES, *switches))
            elif taken:
                taken = word.listed
            elif written not in ("$true", "$false"):
                found.append(word)
        return tuple(found)

    def first_unnamed(self, *switches: str) -> tuple[Word, ...]:
        """The first argument that no parameter names: none, one word, or those of a list."""
        found: list[Word] = []
        for word in self.unnamed(*switches):
            if found and not found[-1].listed:
                break
            found.append(word)
        return tuple(found)

    def label(self, *words: Word | None) -> str:
        """What messages call it: `apt-get install` for its name and these words, as far as they are known."""
        name = self.word.known if UNKNOWN not in self.word.known else self.name
        return " ".join((name, *(word.text for word in words if word is not None and word.text)))

    # -- what is around it -------------------------------------------------------------------------------------------

    def inside(self, *kinds: str) -> Frame | None:
        """The innermost frame of one of these kinds."""
        return next((frame for frame in reversed(self.around) if frame.kind in kinds), None)

    def under(self, *names: str) -> Command | None:
        """The innermost of its wrappers that has one of these names."""
        return next((wrapper for wrapper in reversed(self.wrappers) if wrapper.name in names), None)

    @property
    def always_runs(self) -> bool:
        """Whether nothing around it decides if it runs."""
        return self.inside("if", "or", "condition", "catch", "block") is None

    # -- other commands ----------------------------------------------------------------------------------------------

    def before(self) -> Iterator[Command]:
        """What the build runs before it, nearest first: in this script, then in those of earlier steps."""
        yield from reversed(self.script.commands[: self.number])
        for script in reversed(self.script.earlier):
            yield from reversed(script.commands)

    def after(self) -> Iterator[Command]:
        """What its own script runs after it, nearest first."""
        yield from self.script.commands[self.number + 1 :]

    # -- where it stands ---------------------------------------------------------------------------------------------

    @property
    def span(self) -> Span:
        """The characters of the command, from its name to its end."""
        return self.script.span(self.start, self.end)

    def at(self, *words: Word | None) -> Span:
        """The characters from the name to the last of these words; of the name alone without any."""
        ends = [word.end for word in words if word is not None and word.end >= self.start]
        return self.script.span(self.start, max([self.word.end, *ends]))

    def place(self, word: Word) -> Span:
        """The characters of one of its words."""
        return self.script.span(word.start, word.end)


class Assignment(NamedTuple):
    """A variable that a script sets; `name` as written (`OPTS`, `$ErrorActionPreference`, `[Net...]::Protocol`).

    `values` are the words that it is set to. PowerShell's names are in lower case. `exported` tells whether programs
    see it.
    """

    name: str
    values: tuple[Word, ...]
    start: int
    end: int
    around: tuple[Frame, ...]
    exported: bool = False


class Comment(NamedTuple):
    """A comment of a script: its characters, and its text with the sign that begins it."""

    text: str
    start: int
    end: int


class Construct(NamedTuple):
    """Syntax that not every shell has, and its characters: `[[`, `array`, `<<<`, `process substitution`, `&>`, `|&`,
    `function`, `((`, `for ((`, `select`, `$'`, `{..}`, `${x^^}`, `==` inside `[ ]`, `declare`, `typeset`."""

    kind: str
    start: int
    end: int


class Contents(NamedTuple):
    """What a script says; `broken` tells whether the grammar could not make out some of it."""

    commands: tuple[Command, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    constructs: tuple[Construct, ...] = ()
    comments: tuple[Comment, ...] = ()
    broken: bool = False


def _is_option(written: str, option: str, fold: bool) -> bool:
    if fold:
        written, option = written.lower(), option.lower()
    if written == option:
        return True
    if option.startswith("--"):
        return written.startswith(option + "=")
    if option.startswith("/"):
        return written[:1] in ("/", "-") and written[1:].partition(":")[0].partition("=")[0] == option[1:]
    # Letters may stand together, but a long word behind one dash is an option of its own (`-noprompt`).
    bundle = written[1:]
    if written[:1] != "-" or not option.startswith("-") or fold or not bundle.isalpha() or len(bundle) > 5:
        return False
    letters = option[1:]
    return len(set(letters)) == 1 and bundle.count(letters[:1]) >= len(letters)
