"""What a run knows besides the file: the time, and the repository that the file lies in."""

from __future__ import annotations

import os
import re

from aiblint.light import NamedTuple
from aiblint.pattern import pattern

_SECTION = pattern(r"^[ \t]*\[", re.MULTILINE)
_REMOTE = pattern(
    r"^\s*url\s*=\s*(?:https?://(?:[^@/\s]+@)?|ssh://git@|git@)github\.com[/:]([^/\s]+)/([^/\s]+?)(?:\.git)?/?\s*$",
    re.MULTILINE | re.IGNORECASE,
)
_RAW = (
    pattern(r"https://raw\.githubusercontent\.com/([^/]+)/([^/]+)/(?:refs/heads/)?[^/]+/([^?#]+)", re.I),
    pattern(r"https://(?:www\.)?github\.com/([^/]+)/([^/]+)/(?:raw|blob)/(?:refs/heads/)?[^/]+/([^?#]+)", re.I),
)


class Surroundings(NamedTuple):
    """`now` is UTC as `2026-11-22T19:00:00Z`, which compares as text with dates that begin alike.

    `folder` is the folder of the linted file; empty for standard input.
    """

    now: str
    folder: str

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
        if path is None:
            return None
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
