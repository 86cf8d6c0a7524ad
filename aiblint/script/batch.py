"""A line of the Windows command interpreter, as `cmd /c` takes it: its commands and their words."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN, Command, Frame, Redirect, Word

if TYPE_CHECKING:
    from aiblint.script.reading import Place, Reading

_TOKEN = pattern(r"(?P<operator>&&|\|\||[&|\n()]|\d?>>?|<)|(?P<word>(?:[^\s&|<>()\"^]|\"[^\"\n]*\"?|\^.)+)", re.DOTALL)
_VARIABLE = pattern(r"%[^%\s]+%")
_KNOWN = {"systemdrive": "C:", "systemroot": r"C:\Windows", "windir": r"C:\Windows"}
# `start` takes a title in quotes, and options, before the program.
_START_OPTIONS = ("/wait", "/w", "/b", "/min", "/max", "/low", "/normal", "/high", "/i")


def read(
    reading: Reading, text: str, place: Place, around: tuple[Frame, ...], wrappers: tuple[Command, ...],
    environment: dict[str, str],
) -> None:  # fmt: skip
    """Put the commands of a line into `reading`; see `aiblint.script.shell.read`."""
    # cmd takes off one pair of quotes around all of it.
    if len(text) > 1 and text[0] == text[-1] == '"' and text.count('"') != 2:
        text, outer = text[1:-1], place
        place = lambda start, end: outer(start + 1, end + 1)  # noqa: E731
    words: list[Word] = []
    redirects: list[Redirect] = []
    frames = around
    operator = ""
    before: Command | None = None
    for found in [*_TOKEN.finditer(text), None]:
        if found is not None and found["word"]:
            word = _word(found, place)
            if operator.strip("0123456789") in (">", ">>", "<"):
                redirects.append(Redirect(operator.replace("1", ""), word))
                operator = ""
            else:
                words.append(word)
            continue
        sign = found["operator"] if found is not None else "\n"
        if sign.strip("0123456789") in (">", ">>", "<"):
            operator = sign
            continue
        if words:
            handled = (*frames, Frame("handled")) if sign == "||" else frames
            command = _command(reading, words, handled, wrappers, tuple(redirects), environment)
            if before is not None:
                before.feeds, command.fed_by = command, before
            before = command if sign == "|" else None
            if sign in ("&&", "||"):
                frames = (*around, Frame("and" if sign == "&&" else "or", command.written))
            elif sign in ("&", "\n"):
                frames = around
        words, redirects, operator = [], [], ""


def _word(found: re.Match[str], place: Place) -> Word:
    raw = found["word"]
    known = _VARIABLE.sub(lambda name: _KNOWN.get(name[0].strip("%").lower(), UNKNOWN), raw)
    quoted = raw.startswith('"') and raw.endswith('"') and len(raw) > 1
    return Word(re.sub(r"\^(.)", r"\1", known.replace('"', "")), *place(found.start(), found.end()), quoted=quoted)


def _command(
    reading: Reading, words: list[Word], around: tuple[Frame, ...], wrappers: tuple[Command, ...],
    redirects: tuple[Redirect, ...], environment: dict[str, str],
) -> Command:  # fmt: skip
    first, *rest = words
    known = first.known.lstrip("@").lower().replace("/", "\\").rpartition("\\")[2]
    name = "" if UNKNOWN in known else known.removesuffix(".exe")
    if name == "call" and rest:
        return _command(reading, rest, around, wrappers, redirects, environment)
    command = Command(
        reading.script, "cmd", name, first, tuple(rest), words[-1].end, around, wrappers, redirects, environment
    )
    if name == "start":
        inner = [word for n, word in enumerate(rest) if not (n == 0 and word.quoted)]
        while inner and inner[0].known.lower() in _START_OPTIONS:
            inner.pop(0)
        if inner:
            return _command(reading, inner, around, (*wrappers, command), redirects, environment)
    reading.commands.append(command)
    return command
