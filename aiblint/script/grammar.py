"""The tree-sitter grammars, each loaded when the first script of its language is there."""

from __future__ import annotations

import os
import sys
import time
from functools import cache

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from tree_sitter import Parser, Tree

PACKAGES = {"shell": "tree_sitter_bash", "powershell": "tree_sitter_pwsh"}


# Scripts take milliseconds (5 MB a second). What takes longer than this was made to.
LONGEST_PARSE = 1.0
# The memory for one pipeline grows with the square of its length (measured: 29 MB for 1,000 parts, 336 MB for 5,000).
LONGEST_PIPELINE = 1_000


def parse(language: str, data: bytes) -> Tree | None:
    """The syntax tree of a script in ASCII; `language` is a key of PACKAGES.

    None for what no person wrote: a grammar that repairs mistakes takes more than linear time for many of them.
    """
    if _has_endless_pipeline(data):
        return None
    parser = _parser(language)
    stop = time.monotonic() + LONGEST_PARSE
    try:
        return parser.parse(
            lambda offset, _: data[offset : offset + 65536], progress_callback=lambda *_: time.monotonic() > stop
        )
    except ValueError:  # it was called off
        parser.reset()
        return None


def _has_endless_pipeline(data: bytes) -> bool:
    if data.count(b"|") <= LONGEST_PIPELINE:
        return False
    parts = 0
    for line in data.split(b"\n"):
        parts += line.count(b"|")
        if parts > LONGEST_PIPELINE:
            return True
        if not line.rstrip().endswith((b"|", b"\\", b"`")):
            parts = 0
    return False


@cache
def _parser(language: str) -> Parser:
    core = _compiled("tree_sitter")
    grammar = _compiled(PACKAGES[language])
    parser: Parser = core.Parser(core.Language(grammar.language()))
    return parser


def _compiled(package: str) -> ModuleType:
    """The compiled half of a package.

    The other half, its `__init__`, imports importlib.resources and typing, which takes longer than to parse twenty
    scripts (measured: 10 ms of 12). So the package is stood in for while its compiled half is imported.
    """
    if package in sys.modules:
        return sys.modules[package]
    for folder in sys.path:
        path = os.path.join(folder, package)
        if os.path.isfile(os.path.join(path, "__init__.py")):
            standing_in = type(sys)(package)
            standing_in.__path__ = [path]
            sys.modules[package] = standing_in
            try:
                return __import__(f"{package}._binding", fromlist=["language"])
            except ImportError:
                break
            finally:
                sys.modules.pop(package, None)
                # The package itself, if somebody imports it later, has to find its own.
                sys.modules.pop(f"{package}._binding", None)
    return __import__(package)
