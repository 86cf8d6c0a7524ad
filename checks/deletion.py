"""Which files a command deletes, or moves away: `rm`, `find -delete`, `Remove-Item`, `Get-ChildItem |`, `del`.

Ground for checks of scripts. What is not known deletes nothing.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import pairwise

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from .effects import does_nothing
from .execution import is_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.script.command import Command, Frame, Word

_TEMPORARY = pattern(r"\"?\$\{(?:TMPDIR|TMP|TEMP):?-/tmp\}\"?")
# The folder for temporary files of the System user; that of the build user lies in its profile.
_SYSTEM_TEMP = pattern(r"(?i)^[\"']?(?:\$\{?env:te?mp\}?|%te?mp%)[\"']?(?=\\|/|$)")
# Tests of `find` that all files pass; `-name` is looked at, any other may leave a file alone.
_NOTHING = ("-maxdepth", "0")
_HARMLESS_TESTS = ("-depth", "-xdev", "-mount", "-print", "-delete", "-print0")


class Deletion(NamedTuple):
    """What a command deletes: `path` is a pattern without UNKNOWN; `word` names it.

    Where `within` is true, all that lies in folders that it names is deleted as well; `only` and `but` are patterns for
    the names of files that are deleted, and that are not.
    """

    path: str
    word: Word
    within: bool
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    windows: bool = False
    literal: bool = False

    def covers(self, target: str) -> bool:
        """Whether it deletes a file, if that is there. `target` is a whole path without patterns."""
        names = _names(target, self.windows)
        file = names[-1]
        if any(UNKNOWN in one or fnmatchcase(file, self._folded(one)) for one in self.but):
            return False
        if self.only and not any(fnmatchcase(file, self._folded(one)) for one in self.only):
            return False
        for path in [self.path] if self.literal or self.windows else _without_braces(self.path):
            own = _names(path, self.windows)
            if len(own) > len(names) or (len(own) < len(names) and not self.within):
                continue
            if all(name == one if self.literal else fnmatchcase(name, one) for name, one in zip(names, own)):  # noqa: B905
                return True
        return False

    def _folded(self, text: str) -> str:
        return text.lower() if self.windows else text


def deletions(command: Command) -> Iterator[Deletion]:
    """What a command deletes or moves away."""
    for found in _of_shell(command) if command.language == "shell" else _of_windows(command):
        if UNKNOWN not in found.path and found.path:
            yield found


def deletion_of(command: Command, *targets: str) -> Deletion | None:
    """The first of what a command deletes that covers one of these files."""
    for found in deletions(command):
        if any(found.covers(target) for target in targets):
            return found
    return None


# -- the shell ---------------------------------------------------------------------------------------------------------


def _of_shell(command: Command) -> Iterator[Deletion]:
    name = command.name
    if name in ("rm", "unlink", "shred"):
        recursive = command.has("-r", "-R", "--recursive") is not None
        if name == "shred" and command.has("-u", "--remove") is None:
            return
        for word in command.operands():
            yield Deletion(_absolute(command, word), word, recursive, literal=word.quoted)
        if command.under("xargs") is not None and command.fed_by is not None and command.fed_by.name == "find":
            yield from _found(command.fed_by)
    elif name == "mv" and command.has("-t", "--target-directory") is None:
        for word in command.operands()[:-1]:
            yield Deletion(_absolute(command, word), word, within=True, literal=word.quoted)
    elif name == "find" and _deletes(command):
        yield from _found(command)


def _deletes(command: Command) -> bool:
    if command.has("-delete") is not None:
        return True
    texts = command.texts
    return any(
        text in ("-exec", "-execdir") and following.rpartition("/")[2] == "rm" for text, following in pairwise(texts)
    )


def _found(command: Command) -> Iterator[Deletion]:
    """What `find` finds, where all its tests are understood."""
    words = list(command.arguments)
    starts: list[Word] = []
    while words and not words[0].known.startswith(("-", "!", "(", UNKNOWN)):
        starts.append(words.pop(0))
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    negated = False
    while words:
        test = words.pop(0).known
        if test in ("-exec", "-execdir"):
            break
        if test in ("!", "-not"):
            negated = True
            continue
        if test in ("-name", "-iname") and words:
            pattern = words.pop(0).known
            if UNKNOWN in pattern:
                return
            if negated:
                but = (*but, pattern)
            elif only:
                return
            else:
                only = (pattern,)
        elif test in ("-type", "-mindepth", "-maxdepth") and words and not negated:
            value = words.pop(0).known
            if value not in {"-type": ("f",), "-mindepth": ("0", "1")}.get(test, (value,)) or (test, value) == _NOTHING:
                return
        elif test not in _HARMLESS_TESTS or negated:
            return
        negated = False
    for word in starts:
        yield Deletion(_absolute(command, word), word, within=True, only=only, but=but)


def _absolute(command: Command, word: Word) -> str:
    path = word.known
    if path.startswith(UNKNOWN):
        default = _TEMPORARY.match(command.as_written(word))
        return "/tmp" + command.as_written(word)[default.end() :].strip('"') if default else UNKNOWN
    if path.startswith("/"):
        return path
    folder = _folder(command, ("cd", "pushd"))
    return f"{folder}/{path}" if folder.startswith("/") else UNKNOWN


def _folder(command: Command, names: tuple[str, ...]) -> str:
    """The folder that a script has gone to before a command; UNKNOWN where that is not certain."""
    own = _steady(command)
    for earlier in command.before():
        if earlier.script is not command.script:
            break
        if earlier.name not in names and earlier.name not in ("popd", "pop-location"):
            continue
        frames = _steady(earlier)
        if own[: len(frames)] != frames:
            if any(frame.kind in ("subshell", "capture") for frame in frames[len(own) :]):
                continue  # what a subshell does ends with it
            return UNKNOWN
        words = [word for word in earlier.arguments if not word.known.startswith("-")]
        return words[0].known if words and earlier.name in names else UNKNOWN
    return UNKNOWN


def _steady(command: Command) -> tuple[Frame, ...]:
    return tuple(frame for frame in command.around if frame.kind not in ("and", "chained", "handled"))


def _without_braces(path: str) -> list[str]:
    """`/tmp/{a,b}` as `/tmp/a` and `/tmp/b`."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", path)
    if found is None:
        return [path]
    paths = [path[: found.start()] + one + path[found.end() :] for one in found[1].split(",")]
    return [whole for one in paths for whole in _without_braces(one)][:64]


# -- Windows -----------------------------------------------------------------------------------------------------------


def _of_windows(command: Command) -> Iterator[Deletion]:
    name = command.name
    if command.language == "cmd":
        yield from _of_batch(command)
    elif does_nothing(command) or command.is_splatted:
        return
    elif name in ("remove-item", "move-item", "rename-item", "clear-content"):
        within = name == "move-item" or command.switched("Recurse", "r")
        paths = _paths(command)
        only, but = _patterns(command, "Include", "Filter"), _patterns(command, "Exclude")
        if paths and any("$_" in command.as_written(word) for word in paths):
            source = _loop(command)
            yield from _listed(source, within) if source is not None else ()
        elif paths:
            literal = command.parameter("LiteralPath", "li") is not None
            for word in paths:
                path = _resolved(command, word)
                yield Deletion(path, word, within, only, but, windows=True, literal=literal)
        elif command.fed_by is not None:
            yield from _listed(command.fed_by, within)
    elif name in ("[io.file]::delete", "[io.directory]::delete", "[io.file]::move") and command.arguments:
        word = command.arguments[0]
        yield Deletion(_resolved(command, word), word, name == "[io.directory]::delete", windows=True, literal=True)


def _listed(command: Command, within: bool) -> Iterator[Deletion]:
    """What a pipe from `Get-ChildItem` or `Get-Item` hands on to be deleted."""
    if command.name not in ("get-childitem", "get-item") or command.switched("Directory", "d"):
        return
    only, but = _patterns(command, "Include", "Filter"), _patterns(command, "Exclude")
    recurses = command.switched("Recurse", "rec") or command.parameter("s", "s") is not None
    for one in _paths(command):
        path = _resolved(command, one)
        if command.name == "get-childitem" and not re.search(r"[*?][^\\/]*$", path):
            path = path.rstrip("\\/") + "\\*"
        yield Deletion(path, one, within or recurses, only, but, windows=True)


def _loop(command: Command) -> Command | None:
    """What feeds the `ForEach-Object` around a command, where nothing decides in it."""
    frame = command.around[-1] if command.around else None
    if frame is None or frame.kind != "block" or frame.text != "foreach-object":
        return None
    for earlier in command.before():
        if earlier.name == "foreach-object" and earlier.start < command.start < earlier.end:
            return earlier.fed_by
    return None


def _of_batch(command: Command) -> Iterator[Deletion]:
    if command.name not in ("del", "erase", "rd", "rmdir", "move", "ren"):
        return
    words = [word for word in command.arguments if not word.known.startswith("/")]
    deep = command.has("/s") is not None
    for word in words[:1] if command.name in ("move", "ren") else words:
        path = _resolved(command, word)
        if command.name in ("rd", "rmdir"):
            if deep:
                yield Deletion(path, word, within=True, windows=True, literal=True)
            continue
        folder, _, file = path.replace("/", "\\").rpartition("\\")
        if deep and "*" in file:
            file = "*" if file == "*.*" else file
            yield Deletion(folder + "\\*", word, within=True, only=(file,), windows=True)
        else:
            # The name of a folder stands for all files in it.
            yield Deletion(path.replace("*.*", "*"), word, within=command.name == "del", windows=True)


def _paths(command: Command) -> tuple[Word, ...]:
    named = command.values("Path", "p") or command.values("LiteralPath", "li")
    if named:
        return named
    return command.first_unnamed("s")


def _patterns(command: Command, *parameters: str) -> tuple[str, ...]:
    # An unknown pattern keeps the command from covering anything, as one that matches nothing does.
    return tuple(word.known for parameter in parameters for word in command.values(parameter, parameter[:2]))


def _resolved(command: Command, word: Word) -> str:
    path = word.known
    if path.startswith(UNKNOWN) and is_system(command.script):
        path = _SYSTEM_TEMP.sub(r"C:\\Windows\\Temp", command.as_written(word)).strip("\"'")
        return UNKNOWN if re.search(r"[$%`]", path) else path
    if re.match(r"[A-Za-z]:(?:[\\/]|$)", path) or UNKNOWN in path:
        return path
    folder = _folder(command, ("set-location", "push-location", "cd", "chdir"))
    return f"{folder}\\{path}" if folder[1:2] == ":" and not re.match(r"[A-Za-z]+:", path) else UNKNOWN


def _names(path: str, windows: bool) -> list[str]:
    if windows:
        path = path.replace("/", "\\").lower()
    names = path.split("\\" if windows else "/")
    return [name for name in names if name not in ("", ".")]
