"""How the scripts of a build are run: by which shell, as whom, whether an error ends them, who answers their questions.

The facts: Packer's provisioners write the elements of `inline` into one file, with `#!/bin/sh -e` above them for
`Shell`; the user is not root, but may use sudo without a password; nothing is on standard input.
"""

from __future__ import annotations

import re
from functools import lru_cache

from aiblint.light import TYPE_CHECKING
from aiblint.script.command import SHELLS

from .ground import platform_image

if TYPE_CHECKING:
    from aiblint.script.build import Script
    from aiblint.script.command import Command, Redirect

# Publisher of a marketplace image (lower case) -> the distribution, by what its package manager and its /bin/sh are.
_DISTRIBUTIONS = {
    "almalinux": "rhel",
    "canonical": "debian",
    "credativ": "debian",
    "debian": "debian",
    "erockyenterprisesoftwarefoundationinc1653071250513": "rhel",
    "microsoftcblmariner": "azurelinux",
    "openlogic": "rhel",
    "oracle": "rhel",
    "redhat": "rhel",
    "resf": "rhel",
    "suse": "suse",
}
_MANAGERS = {"apt-get": "debian", "apt": "debian", "yum": "rhel", "dnf": "rhel", "zypper": "suse", "tdnf": "azurelinux"}
# What gives an answer to whoever reads from the pipe.
_ANSWERING = ("yes", "echo", "printf", "cat")


@lru_cache(maxsize=32)  # a script may hold thousands of commands that ask
def distribution(script: Script) -> str | None:
    """`debian` (Ubuntu as well), `rhel` (and its like), `suse` or `azurelinux`; None where the source does not tell.

    Where the source is no marketplace image, the package manager that the build itself uses tells.
    """
    if script.template is not None:
        image = platform_image(script.template)
        if image is not None:
            publisher, offer, sku = (part.lower() for part in image)
            if re.search(r"ubuntu|debian", f"{offer}/{sku}"):
                return "debian"
            return _DISTRIBUTIONS.get(publisher)
    used = {
        _MANAGERS.get(command.name)
        for one in (*script.earlier, script)
        for command in one.commands
        if command.always_runs
    } - {None}
    return used.pop() if len(used) == 1 else None


def runs_in_dash(script: Script) -> bool | None:
    """Whether dash runs a shell script; None where that is not known.

    `inline` is run by /bin/sh, which is dash on Debian and Ubuntu and bash elsewhere. Where it begins with a `#!` of its
    own, it depends on the version of Packer (since 1.13 it counts) who runs it.
    """
    interpreter = script.shebang.removeprefix("/usr/bin/env ").partition(" ")[0].rpartition("/")[2]
    if script.runner is not None and script.runner.name in ("bash", "dash"):
        return script.runner.name == "dash"
    if script.is_inline and script.shebang:
        return None
    if not script.is_inline and interpreter != "sh":
        return interpreter == "dash" if interpreter else None
    known = distribution(script)
    return None if known is None else known == "debian"


def ends_on_error(script: Script) -> bool | None:
    """Whether a shell script ends with the first command that fails; None where that is not known."""
    if script.is_inline:
        return None if script.shebang else True
    if re.search(r"\s-\w*e", script.shebang):
        return True
    return any(
        command.name == "set" and command.has("-e", "errexit") is not None and command.always_runs
        for command in script.commands
    )


def elevates_itself(script: Script) -> bool:
    """Whether a shell script runs itself again with sudo when it finds that it is not root."""
    return (
        re.search(r"sudo\s+(?:-\w+\s+)*(?:/bin/)?(?:ba)?s?h?\s*[\"']?\$\{?(?:0|BASH_SOURCE)", script.text) is not None
    )


def follows_unread(script: Script) -> bool:
    """Whether a step before a script's own runs one that is not known: it may have done anything."""
    if script.template is None or script.step is None:
        return False
    read = {id(earlier.step) for earlier in script.earlier}
    for step in script.template.steps:
        if step is script.step:
            break
        if step.type in ("Shell", "PowerShell", None) and id(step) not in read:
            return True
    return False


def is_elevated(script: Script) -> bool | None:
    """Whether a PowerShell step runs elevated; None for a script that no template is known to run."""
    if script.step is None:
        return None
    given = script.step.get("runElevated")
    return False if given.is_missing else given.flag


def is_system(script: Script) -> bool | None:
    """Whether a PowerShell step runs as System; None for a script that no template is known to run."""
    if script.step is None:
        return None
    given = script.step.get("runAsSystem")
    return False if given.is_missing else given.flag


def is_answered(command: Command) -> bool:
    """Whether something gives answers to a command: a pipe from `yes` or `echo`, a here-document, a file, expect.

    On Windows that is any pipe into a program; what is piped into a cmdlet is no answer. What xargs runs does not see the
    pipe; and a list that a loop goes through holds no answers for what the loop runs.
    """
    if command.under("xargs") is not None:
        return False
    on_windows = command.language != "shell"
    # A shell that is handed its script as a here-document leaves its commands nothing else to read.
    handed = [n for n, one in enumerate(command.wrappers, 1) if one.name in SHELLS and one.has("-c") is None]
    for one in (command, *command.wrappers[max(handed, default=0) :]):
        if one.fed_by is not None and (not one.is_cmdlet if on_windows else one.fed_by.name in _ANSWERING):
            return True
        if any(
            redirect.operator in ("<", "<<", "<<<")
            and redirect.target.known != "/dev/null"
            and not _feeds_a_loop(redirect, one)
            for redirect in one.redirects
        ):
            return True
    return command.under("expect", "unbuffer") is not None


def awaits(starter: Command) -> bool:
    """Whether `Start-Process`, or `start` of cmd, waits for what it starts."""
    if starter.name == "start":
        return starter.has("/wait", "/w") is not None
    return starter.switched("Wait", "wa")


@lru_cache(maxsize=32)
def _own_names(script: Script) -> frozenset[str]:
    names = {frame.text for command in script.commands for frame in command.around if frame.kind == "function"}
    aliases = (word.known.partition("=")[0] for command in script.commands if command.name == "alias"
               for word in command.arguments)  # fmt: skip
    return frozenset((*names, *aliases))


def is_own(command: Command) -> bool:
    """Whether the script itself says what a name means, by a function or an alias, so that it is not that program."""
    names = _own_names(command.script)
    return command.name in names and not command.wrappers and "/" not in command.word.known


def _feeds_a_loop(redirect: Redirect, command: Command) -> bool:
    between = command.script.text[command.end : redirect.target.start]
    return command.inside("loop") is not None and re.search(r"\bdone\b", between) is not None
