"""What a person may set: the nearest `.aiblint.toml`, or `[tool.aiblint]` of the nearest `pyproject.toml`."""

from __future__ import annotations

import os
import sys
from functools import cache, lru_cache

from aiblint.finding import SEVERITIES
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pathspec import GitIgnoreSpec

    from aiblint.finding import Check

ALL = "ALL"


class Settings(NamedTuple):
    """What a run is asked to do; each default is what a run without any configuration does.

    A selector is an id (`AIB401`), a name (`interactive-install`), the beginning of ids (`AIB4`, `AIB`) or `ALL`.
    `per_file_ignores` pairs a pattern with selectors. Its patterns and those of `exclude` are written as in .gitignore,
    relative to `folder`. Files named one by one are linted even if excluded, unless `force_exclude`: so does ruff, and
    pre-commit, which names files one by one, needs the other. `fail_on` is the mildest severity that makes a run fail.
    `api_version` judges templates that do not say their own. `script_roots` are folders, relative to `folder`, with
    what is uploaded to where `scriptUri` leads. `file` is where all this was read, empty for nowhere.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    fail_on: str = "warning"
    show_info: bool = False
    api_version: str | None = None
    script_roots: tuple[str, ...] = ()
    folder: str = ""
    file: str = ""


class SettingsError(Exception):
    """A configuration, or an option, that aiblint cannot follow; its text is one line that names the place."""


# -- reading -----------------------------------------------------------------------------------------------------------

_LIST = "a list of texts"
_SEVERITY = '"error", "warning" or "info"'
_KINDS = {
    "select": _LIST,
    "ignore": _LIST,
    "per-file-ignores": "a table of lists of texts",
    "exclude": _LIST,
    "force-exclude": "true or false",
    "fail-on": _SEVERITY,
    "show-info": "true or false",
    "api-version": "a text",
    "script-roots": _LIST,
}


def load(start_folder: str, explicit: str | None = None) -> Settings:
    """The settings for `start_folder`: from the nearest configuration going upwards, or from the file `explicit`.

    The search ends with a folder that holds `.git`. Patterns are relative to the folder of the file that was found; to
    the current folder for an explicit one, which may be shared and lie anywhere (as in ruff). Raises SettingsError.
    """
    if explicit is not None:
        table = _table(explicit)
        if table is None:
            raise SettingsError(f"{explicit}: there is no [tool.aiblint] in it")
        return _settings(table, explicit, os.getcwd())
    folder = os.path.abspath(start_folder)
    while True:
        for name in (".aiblint.toml", "pyproject.toml"):
            file = os.path.join(folder, name)
            if os.path.isfile(file):
                table = _table(file)
                if table is not None:
                    return _settings(table, file, folder)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return Settings()
        folder = above


def _table(file: str) -> dict[str, object] | None:
    """The table of a configuration file that is ours; None for a pyproject.toml without one."""
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError as error:
        raise SettingsError(f"{file}: {(error.strerror or str(error)).lower()}") from None
    shared = os.path.basename(file) == "pyproject.toml"
    if shared and b"aiblint" not in data:
        return None
    if sys.version_info >= (3, 11):
        import tomllib  # here: it costs as much as an interpreter's start, and most projects configure nothing
    else:
        import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # installed on Python 3.10 only
    try:
        table: object = tomllib.loads(data.decode("utf-8-sig"))
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise SettingsError(f"{file}: not valid TOML: {' '.join(str(error).split())}") from None
    # Of a file of our own the heading may be left out.
    for name in ("tool", "aiblint") if shared or (isinstance(table, dict) and "tool" in table) else ():
        table = table.get(name) if isinstance(table, dict) else None
    if isinstance(table, dict):
        return table
    if table is not None:
        raise SettingsError(f"{file}: `tool.aiblint` must be a table")
    return None


def _settings(table: dict[str, object], file: str, folder: str) -> Settings:
    for name, value in table.items():
        if name not in _KINDS:
            raise SettingsError(f"{file}: `{name}` is not a setting{did_you_mean(name, _KINDS)}")
        if not _is(value, _KINDS[name]):
            raise SettingsError(f"{file}: `{name}` must be {_KINDS[name]}")
    given: dict[str, object] = {name.replace("-", "_"): _frozen(value) for name, value in table.items()}
    return Settings(**given, folder=folder, file=file)  # type: ignore[arg-type]  # `_is` has looked


def _is(value: object, kind: str) -> bool:
    if kind == _LIST:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == "a table of lists of texts":
        return isinstance(value, dict) and all(_is(item, _LIST) for item in value.values())
    if kind == "true or false":
        return isinstance(value, bool)
    return value in SEVERITIES if kind == _SEVERITY else isinstance(value, str)


def _frozen(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return tuple((name, _frozen(item)) for name, item in value.items()) if isinstance(value, dict) else value


# -- selecting ---------------------------------------------------------------------------------------------------------


def selects(check: Check, settings: Settings, path: str | None = None) -> bool:
    """Whether a check is wanted, for the file `path` if one is given.

    Of the selectors that mean the check the most specific one decides; of equal ones, `ignore`. Per-file ignores come
    after that and always win. All as in ruff.
    """
    wanted = max((specificity(selector, check) for selector in settings.select), default=-1)
    unwanted = max((specificity(selector, check) for selector in settings.ignore), default=-1)
    if wanted <= unwanted:
        return False
    if path is None or not settings.per_file_ignores:
        return True
    return all(specificity(selector, check) < 0 for selector in _ignored_for(path, settings))


def specificity(selector: str, check: Check) -> int:
    """How narrowly a selector means a check; negative if it does not mean it at all."""
    if selector in (check.id, check.name):
        return len(check.id)
    if selector == ALL:
        return 0
    return len(selector) if selector.startswith("AIB") and check.id.startswith(selector) else -1


def require_known(selectors: Iterable[str], checks: Iterable[Check], where: str) -> None:
    """Raise SettingsError for the first selector that means no check; `where` says whose selector it is."""
    listed = tuple(checks)
    for selector in selectors:
        if all(specificity(selector, check) < 0 for check in listed):
            raise SettingsError(f"{where}: {unknown_check(selector, listed)}")


def unknown_check(selector: str, checks: Iterable[Check]) -> str:
    """What to say of a selector that means no check, with the names that come near."""
    names = [name for check in checks for name in (check.id, check.name)]
    return f"no check is called `{selector}`{did_you_mean(selector, names)}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean ...?` with up to three known words that come near; empty if none does."""
    from difflib import get_close_matches  # here: only a mistake needs it

    written = {name.lower(): name for name in known}
    near = [f"`{written[name]}`" for name in get_close_matches(word.lower(), written, 3, 0.6)]
    return f", did you mean {' or '.join(near)}?" if near else ""


# -- patterns ----------------------------------------------------------------------------------------------------------


def excluded(path: str, settings: Settings) -> bool:
    """Whether `exclude` means a file, or a folder whose `path` ends in a separator. Raises SettingsError."""
    return bool(settings.exclude) and _means(settings.exclude, path, settings)


@lru_cache(maxsize=16)
def _ignored_for(path: str, settings: Settings) -> tuple[str, ...]:
    return tuple(
        selector
        for pattern, selectors in settings.per_file_ignores
        if _means((pattern,), path, settings)
        for selector in selectors
    )


def _means(patterns: tuple[str, ...], path: str, settings: Settings) -> bool:
    whole = os.path.abspath(path)
    folder = os.path.join(settings.folder, "")
    # Outside of the folder only patterns that are bound to no folder can mean a file.
    relative = whole[len(folder) :] if whole.startswith(folder) else os.path.splitdrive(whole)[1].lstrip(os.sep)
    ending = "/" if path.endswith(("/", os.sep)) else ""
    return _specification(patterns, settings.file).match_file(relative.replace(os.sep, "/") + ending)


@cache
def _specification(patterns: tuple[str, ...], file: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # here: it costs several interpreter starts, and few configure patterns

    for pattern in patterns:
        if not is_pattern(pattern):
            raise SettingsError(f"{file}: `{pattern}` is not a pattern as in .gitignore")
    return GitIgnoreSpec.from_lines(patterns)


def is_pattern(line: str) -> bool:
    """Whether a line is a pattern as in .gitignore."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines((line,))
    except Exception:  # a ValueError of pathspec's own, or what `re` says to a range such as `[z-a]`
        return False
    return True
