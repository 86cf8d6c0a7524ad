"""The tree-sitter grammars, each loaded when the first script of its language is there."""

from __future__ import annotations

import os
import sys
from functools import cache

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from tree_sitter import Parser, Tree

PACKAGES = {"shell": "tree_sitter_bash", "powershell": "tree_sitter_pwsh"}


def parse(language: str, data: bytes) -> Tree:
    """The syntax tree of a script in UTF-8; `language` is a key of PACKAGES. It has a tree for any bytes."""
    return _parser(language).parse(data)


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
