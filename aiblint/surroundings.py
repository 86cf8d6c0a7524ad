"""What a run knows besides the file: the time, and the repository that the file lies in."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern

if TYPE_CHECKING:
    from aiblint.source.document import Document

_SECTION = pattern(r"^[ \t]*\[", re.MULTILINE)
_REMOTE = pattern(
    r"^\s*url\s*=\s*(?:https?://(?:[^@/\s]+@)?|ssh://git@|git@)github\.com[/:]([^/\s]+)/([^/\s]+?)(?:\.git)?/?\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_RAW = (
    pattern(r"https://raw\.githubusercontent\.com/([^/]+)/([^/]+)/(?:refs/heads/)?[^/]+/([^?#]+)", re.I),
    pattern(r"https://(?:www\.)?github\.com/([^/]+)/([^/]+)/(?:raw|blob)/(?:refs/heads/)?[^/]+/([^?#]+)", re.I),
)


# What is larger is no script that a person wrote, and File steps and scripts may not be larger anyway (20 MB).
LARGEST_SCRIPT = 4_000_000


class Surroundings(NamedTuple):
    """`now` is UTC as `2026-11-22T19:00:00Z`, which compares as text with dates that begin alike.

    `folder` is the folder of the linted file; empty for standard input. `script_roots` are folders (absolute) that hold
    what is uploaded to where scripts are fetched from.
    """

    now: str
    folder: str
    script_roots: tuple[str, ...] = ()

    def local_file(self, uri: str) -> str | None:
        """The file of this repository that a URI or a relative path names, if there is one; nothing is fetched.

        A raw URL counts when it belongs to the repository's own remote on GitHub. Nothing outside the repository (or,
        where there is none, outside the file's own folder) is ever named, also not through a symbolic link.
        """
        if not self.folder:
            return None
        repository = _repository(self.folder)
        top = os.path.realpath(repository or self.folder)
        path = None
        if "://" not in uri:
            path = os.path.join(self.folder, uri.replace("\\", "/"))
        elif repository is not None:
            own = _remotes(repository)
            for pattern in _RAW:
                found = pattern.match(uri)
                if found and (found[1].lower(), found[2].lower().removesuffix(".git")) in own:
                    path = os.path.join(repository, *_unquoted(found[3]).split("/"))
        return _inside(top, path) if path is not None else None

    def script(self, uri: str) -> Document | None:
        """The script that a URI or a relative path names, if it is a file of this repository or below a script root."""
        path = self.local_file(uri) or self._below_root(uri)
        return script_document(path) if path is not None else None

    def _below_root(self, uri: str) -> str | None:
        """The file below a script root that has the longest end of the URI's path for its own."""
        steps = [step for step in _unquoted(re.sub(r"^\w+://[^/]*|[?#].*", "", uri)).split("/") if step]
        for root in self.script_roots:
            for first in range(len(steps)):
                found = _inside(os.path.realpath(root), os.path.join(root, *steps[first:]))
                if found is not None:
                    return found
        return None


def script_document(path: str) -> Document | None:
    """The script in a file, the same one for the same file; None where it cannot be read or is no text."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return _read(path, state.st_mtime_ns, state.st_size, os.path.join(os.getcwd(), ""))


@lru_cache(maxsize=64)  # many templates of a folder run the same script; a file that was changed is read again
def _read(path: str, _changed: int, size: int, here: str) -> Document | None:
    if size > LARGEST_SCRIPT:
        return None
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST_SCRIPT + 1)
    except OSError:
        return None
    return script_of(path[len(here) :] if path.startswith(here) else path, data)


def script_of(path: str, data: bytes) -> Document | None:
    """The script that bytes hold, known by `path`; None where they are no text."""
    from aiblint.source.document import Document  # here and below: few templates name a script that is at hand
    from aiblint.source.encoding import decode

    text, _ = decode(data)
    if "\0" in text:
        return None
    document = Document(path, text)
    document.data = data
    return document


def _inside(top: str, path: str) -> str | None:
    """The real path of a file, if there is one and it lies below the folder `top`."""
    try:
        real = os.path.realpath(path)
    except ValueError:  # a NUL, or what the file system cannot write
        return None
    return real if real.startswith(os.path.join(top, "")) and os.path.isfile(real) else None


def _unquoted(path: str) -> str:
    if "%" not in path:
        return path
    from urllib.parse import unquote  # here: few URLs need it

    return unquote(path)


def _repository(folder: str) -> str | None:
    """The nearest folder above that holds `.git`."""
    folder = os.path.realpath(folder)
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _remotes(repository: str) -> set[tuple[str, str]]:
    try:
        with open(os.path.join(repository, ".git", "config"), encoding="utf-8", errors="replace") as file:
            sections = _SECTION.split(file.read())
    except OSError:  # none, or a worktree, whose `.git` is a file
        return set()
    # Submodules stand in the same file, with URLs of their own.
    remotes = (
        found for section in sections if section.lower().startswith("remote") for found in _REMOTE.findall(section)
    )
    return {(owner.lower(), name.lower()) for owner, name in remotes}
