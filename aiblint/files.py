"""Which files a run looks at: those that are named, and what folders hold of JSON that git would not ignore."""

from __future__ import annotations

import os

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.settings import excluded, is_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pathspec import GitIgnoreSpec

    from aiblint.settings import Settings

ENDINGS = (".json", ".jsonc")
# Linted when they are named. In a folder most of them are no scripts of a build: those that are, a template names.
POWERSHELL_ENDINGS = (".ps1", ".psm1")
SCRIPT_ENDINGS = (".sh", ".bash", *POWERSHELL_ENDINGS)

# A junction is a link to a folder, but Python takes it for a folder before 3.12: [MS-FSCC] 2.1.2.1, reparse tags.
_JUNCTION = 0xA0000003


class _Ignores(NamedTuple):
    """What an ignore file says: `folder`, with a separator at its end, is what its patterns are relative to."""

    folder: str
    patterns: GitIgnoreSpec


def collect(paths: Iterable[str], settings: Settings, failures: list[str]) -> Iterator[str]:
    """The files to lint, each once, in the order of `paths` and, inside a folder, of names.

    A file that is named counts whatever it is called and wherever it lies, also if it is ignored or excluded (the
    latter unless `force_exclude`), and also if it does not exist: whoever opens it will say so. A folder that cannot be
    read becomes a line of `failures`.
    """
    seen: set[str] = set()
    for path in paths:
        if os.path.isdir(path):
            found: Iterable[str] = _walk(path, settings, failures)
        else:
            found = () if settings.force_exclude and excluded(path, settings) else (path,)
        for file in found:
            place = os.path.normcase(os.path.abspath(file))
            if place not in seen:
                seen.add(place)
                yield file


def _walk(start: str, settings: Settings, failures: list[str]) -> Iterator[str]:
    """The JSON files below a folder. No link to a folder is followed, so there is no way round in circles."""
    whole = os.path.abspath(start)
    inside = os.path.join(whole, "")
    # Whoever names an ignored folder wants what is in it: then only ignore files further down count.
    above = tuple(said for said in _above(whole) if said.folder == inside or not _ignored(whole, True, (said,)))
    exclude = not excluded(inside, settings)
    first = "" if os.path.normpath(start) == "." else start
    pending: list[tuple[str, bool, tuple[_Ignores, ...]]] = [(first, True, above)]
    while pending:
        path, is_folder, ignores = pending.pop()
        if not is_folder:
            yield path
            continue
        try:
            with os.scandir(path or ".") as scan:
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            failures.append(f"{path or '.'}: {(error.strerror or str(error)).lower()}")
            continue
        folder = os.path.abspath(path)
        if any(entry.name == ".gitignore" for entry in entries):
            ignores = (*ignores, *_read(os.path.join(folder, ".gitignore"), folder))
        for entry in entries:
            enters = _enters(entry)
            if not enters and not _lints(entry):
                continue
            here = os.path.join(folder, entry.name)
            if _ignored(here, enters, ignores):
                continue
            if not exclude or not excluded(os.path.join(here, "") if enters else here, settings):
                pending.append((os.path.join(path, entry.name), enters, ignores))


def _enters(entry: os.DirEntry[str]) -> bool:
    if entry.name == ".git" or not entry.is_dir(follow_symlinks=False):
        return False
    return os.name != "nt" or getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) != _JUNCTION


def _lints(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.name.lower().endswith(ENDINGS) and entry.is_file()
    except OSError:  # a link to itself
        return False


# -- ignore files ------------------------------------------------------------------------------------------------------


def _above(folder: str) -> list[_Ignores]:
    """What the ignore files of the repository around a folder say, outermost first; nothing outside of a repository."""
    folders = [folder]
    while not os.path.exists(os.path.join(folders[-1], ".git")):
        parent = os.path.dirname(folders[-1])
        if parent == folders[-1]:
            return []
        folders.append(parent)
    top = folders[-1]
    found = _read(os.path.join(top, ".git", "info", "exclude"), top)
    for parent in reversed(folders[1:]):
        found += _read(os.path.join(parent, ".gitignore"), parent)
    return found


def _read(file: str, folder: str) -> list[_Ignores]:
    """What an ignore file says; nothing where there is none or it says nothing."""
    try:
        with open(file, encoding="utf-8-sig", errors="surrogateescape") as opened:
            lines = [line for line in opened.read().split("\n") if line.strip() and not line.startswith("#")]
    except OSError:
        return []
    if not lines:
        return []
    from pathspec import GitIgnoreSpec  # here: it costs several interpreter starts, and not every folder ignores

    # Git passes over a line that is no pattern, and so do we.
    patterns = GitIgnoreSpec.from_lines(filter(is_pattern, lines))
    return [_Ignores(os.path.join(folder, ""), patterns)]


def _ignored(path: str, is_folder: bool, ignores: tuple[_Ignores, ...]) -> bool:
    """Whether git would ignore a path: the innermost ignore file that speaks of it decides."""
    for folder, patterns in reversed(ignores):
        relative = path[len(folder) :].replace(os.sep, "/") + ("/" if is_folder else "")
        decided = patterns.check_file(relative).include
        if decided is not None:
            return decided
    return False
