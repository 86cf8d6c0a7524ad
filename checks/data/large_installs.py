"""Installations of many gigabytes.

One row is a program, what a word of its command must be like, and what is installed. Names are as `Command.name` has
them; the pattern is held against each argument in lower case, and "" takes any command of that name.

Last looked at: 2026-11-22. Each of these needs 3 GB or more on the disk, by the system requirements of its maker.

To add one: a row here, and a case in tests/cases/large-download-on-small-vm.toml.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.script.command import Command, Word

_LINUX = r"apt-get|apt|yum|dnf|tdnf|zypper"
_WINDOWS = r"choco|cinst|winget"

LARGE: tuple[tuple[str, str, str], ...] = (
    (r"vs_(?:community|professional|enterprise|buildtools|teamexplorer|setup)", "", "Visual Studio"),
    (_WINDOWS, r"(?:microsoft\.)?visualstudio(?!.*code)[\w.-]*(?:community|professional|enterprise|buildtools)[\w.-]*",
     "Visual Studio"),
    (_WINDOWS, r"sql-server-(?:20\d\d|express)[\w.-]*|microsoft\.sqlserver\.[\w.]+", "SQL Server"),
    (_WINDOWS, r"office365[\w-]*|officeproplus[\w-]*|microsoft-office-deployment|microsoft\.office", "Office"),
    (_WINDOWS, r"cuda|nvidia\.cuda", "CUDA"),
    (_WINDOWS, r"androidstudio|google\.androidstudio", "Android Studio"),
    (_LINUX, r"cuda(?:-toolkit|-runtime)?(?:-[\d-]+)?|nvidia-cuda-toolkit", "CUDA"),
    (_LINUX, r"mssql-server", "SQL Server"),
    (_LINUX, r"(?:ubuntu|kubuntu|xubuntu)-desktop(?:-minimal)?|gnome-desktop|task-gnome-desktop", "a desktop"),
    (_LINUX, r"@?server with gui|@graphical-server-environment|@gnome desktop", "a desktop"),
    (_LINUX, r"texlive-full|texlive-scheme-full", "TeX Live"),
    (r"pip3?|conda|mamba", r"(?:torch|tensorflow)(?:\[[\w-]+\])?(?:==.*)?|pytorch", "a framework for machine learning"),
)  # fmt: skip
_INSTALLS = ("install", "in", "add", "groupinstall", "upgrade", "update", "group")
# Programs that are called `setup`: what tells which one it is.
SETUPS: tuple[tuple[str, str], ...] = (
    (r"/configure", "Office"),
    (r"/action=\"?install\"?", "SQL Server"),
)


def what(command: Command) -> tuple[str, Word] | None:
    """What very large thing a command installs, and the word that says so; None for any other command."""
    if command.name == "setup":
        for sign, product in SETUPS:
            for word in command.arguments:
                if re.fullmatch(sign, word.known.lower()):
                    return product, command.word
        return None
    for names, sign, product in LARGE:
        if not re.fullmatch(names, command.name):
            continue
        if not sign:
            return product, command.word
        operands = command.operands()
        if command.name != "cinst" and not any(word.known.lower() in _INSTALLS for word in operands[:2]):
            continue
        for word in command.arguments:
            if re.fullmatch(sign, word.known.lower()):
                return product, word
    return None
