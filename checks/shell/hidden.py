"""Failures that a script of the shell hides, and commands that end one although nothing failed."""

from __future__ import annotations

import re
from itertools import islice

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from .. import tables
from ..execution import ends_on_error
from ..wording import the_script, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#shell-customizer"
PACKER = "https://github.com/hashicorp/packer/blob/main/provisioner/shell/provisioner.go"
POSIX = "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#set"
DNF = "https://dnf.readthedocs.io/en/latest/command_ref.html#check-update-command"
ZYPPER = "https://manpages.opensuse.org/Tumbleweed/zypper/zypper.8.en.html"

_DOWNLOADS = ("curl", "wget")
# What is content with an empty input: `false | bash` succeeds, while tar, gpg and apt-key complain (tried on Debian 12).
_CONTENT = ("sh", "bash", "dash", "ash", "ksh", "zsh", "tee", "python", "python3", "perl", "node", "ruby", "php", "cat")
_ALWAYS_SUCCEED = ("echo", "printf", "true", ":", "date", "sleep", "logger", "sync", "unset", "export", "clear", "rm")
# Functions of a script that print a line are called so.
_LOGS = pattern(r"_?(?:log|info|msg|say|print|banner|success|done)(?:_\w+)?", re.IGNORECASE)
# Somebody looks at the exit codes, in a way of his own.
_LOOKS = pattern(r"\$\{?(?:\?|PIPESTATUS)|\btrap\b[^\n]*\bERR\b")


@check("AIB407", "hidden-failure", "warning", JSON, PACKER, POSIX)
def hidden_failure(script: Script) -> Findings:
    """
    ## What it does
    Looks for scripts of the shell in which an installation or a download may fail without anybody noticing: a script file
    without `set -e` that ends with something like `echo`, `curl | bash` and `apt-get install | tee`, where only the last
    command of the pipe counts, and `set +e`. `|| true` behind an installation, and `a && b` in front of further commands,
    are advice only.

    ## Why it matters
    The build looks at nothing but the exit code of the script. If that is 0, the image is distributed without the software,
    and the first to notice are the people who use it. `inline` runs with `-e`, script files do not unless they say so.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "inline": ["«curl» -fsSL https://example.com/install.sh | sudo bash"]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["curl -fsSLo /tmp/install.sh https://example.com/install.sh", "sudo bash /tmp/install.sh"]
      }
    ]
    ```
    """
    if script.language != "shell" or not script.commands:
        return
    goes_on = next(_goes_on(script), None)
    if goes_on is not None:
        yield goes_on
        if goes_on.severity != "info":
            return
    pipefail = _pipefail(script)
    for command in script.commands:
        if pipefail is None or command.start < pipefail:
            yield from _in_pipe(command)
        yield from _let_pass(command)
        yield from _switched_off(command)
        if goes_on is None:
            yield from _cut_short(command)


def _matters(command: Command) -> tables.Match | None:
    return next(tables.matches("hidden-failure", command), None)


def _goes_on(script: Script) -> Iterator[Finding]:
    """A script file that nothing ends when a command of it fails."""
    if script.is_inline or ends_on_error(script) is not False or _LOOKS.search(script.text):
        return
    essential = [
        (command, match)
        for command in script.commands
        if (match := _matters(command)) is not None and command.inside("handled", "condition") is None
    ]
    last = _last(script)
    if not essential or last is None:
        return
    trivial = (
        last.name in _ALWAYS_SUCCEED
        or _LOGS.fullmatch(last.name) is not None
        or (last.name == "exit" and last.texts == ("0",))
    )
    if not trivial and len(essential) < 2:
        return
    command, match = essential[0]
    label = command.label(*match.words)
    end = script.text.find("\n")
    ends = f"and ends with `{last.label()}`, which succeeds" if trivial else "and only its last command counts"
    bash = "bash" in script.shebang
    yield Finding(
        script.span(0, end if end >= 0 else len(script.text)) if script.shebang else command.at(*match.words),
        f"{the_script(script)} goes on when `{label}` fails, {ends}",
        help="write `set -euo pipefail` below the `#!`" if bash else "write `set -e` at its beginning",
        notes=("without `set -e` the build cannot tell that something is missing in the image",),
        related=(Related(command.at(*match.words), "a failure here is not seen"),) if script.shebang else (),
        severity="" if trivial and len(essential) > 1 else "info",
    )


def _last(script: Script) -> Command | None:
    """The command whose exit code is that of the script, unless a branch decides."""
    for command in reversed(script.commands):
        if command.inside("function", "capture", "condition") is None and (command.name, command.texts) != ("exit", ()):
            return command
    return None


def _in_pipe(command: Command) -> Iterator[Finding]:
    script, consumer = command.script, command.feeds
    match = _matters(command)
    if consumer is None:
        if command.name in _DOWNLOADS and _is_run_as_text(command):
            yield _hidden_download(command, "the text that `-c` runs")
        return
    if any(wrapper.has("pipefail") for wrapper in command.wrappers):
        return
    if command.name in _DOWNLOADS and consumer.name in _CONTENT:
        yield _hidden_download(command, f"`{consumer.label()}` behind it")
    elif match is not None:
        label = command.label(*match.words)
        yield Finding(
            command.at(*match.words),
            f"`{label}` in {where(script)} may fail unnoticed: only `{consumer.label()}` behind its `|` counts",
            help=f"leave out `| {consumer.label()}`, or write `{label} ... > FILE 2>&1`",
            notes=("of a pipe, the shell looks at the last exit code only",),
        )


def _hidden_download(command: Command, what: str) -> Finding:
    return Finding(
        command.at(),
        f"a download of `{command.name}` in {where(command.script)} that fails is not noticed: {what} is empty then",
        help="download to a file first (`curl -fsSLo FILE URL`), and use the file in the next command",
        notes=("an empty script succeeds, so the build goes on without what it should have installed",),
    )


def _is_run_as_text(command: Command) -> bool:
    """Whether it stands in `bash -c "$(curl ...)"`."""
    ahead = command.script.text[max(0, command.start - 40) : command.start]
    return (
        command.inside("capture") is not None
        and re.search(r"\b(?:ba|da|z|k)?sh\s+-\w*c\s+\"\$\(\s*$", ahead) is not None
    )


def _pipefail(script: Script) -> int | None:
    """From where on a pipe fails with any of its commands, or somebody looks at each of them."""
    if "PIPESTATUS" in script.text:
        return 0
    return next((one.start for one in script.commands if one.name == "set" and one.has("pipefail")), None)


def _let_pass(command: Command) -> Iterator[Finding]:
    """`apt-get install || true`."""
    match = _matters(command)
    if match is None or command.inside("handled") is None:
        return
    behind = [other for other in islice(command.after(), 3) if _is_or(other, command)]
    if len(behind) != 1:  # `|| { echo failed; exit 1; }`
        return
    other = behind[0]
    if other.name in ("true", ":", "echo", "printf"):
        label = command.label(*match.words)
        yield Finding(
            command.at(*match.words),
            f"`|| {other.label()}` in {where(command.script)} lets a failure of `{label}` pass",
            help=f"leave out `|| {other.label()}`, unless the image is as good without it",
            severity="info",
        )


def _is_or(other: Command, command: Command) -> bool:
    frame = other.inside("or")
    return frame is not None and frame.text.endswith(command.written)


def _switched_off(command: Command) -> Iterator[Finding]:
    """`set +e`, and an installation before the next `set -e`."""
    script = command.script
    off = command.has("+e") if command.name == "set" and ends_on_error(script) is not False else None
    if off is None or command.wrappers:
        return
    after = list(command.after())
    on = next((n for n, other in enumerate(after) if other.name == "set" and other.has("-e")), len(after))
    end = after[on].start if on < len(after) else len(script.text)
    if _LOOKS.search(script.text[command.end : end]):
        return
    for other in after[:on]:
        match = _matters(other)
        if match is not None and other.inside("handled", "condition") is None:
            label = other.label(*match.words)
            yield Finding(
                command.at(off),
                f"`set +e` in {where(script)} lets the script go on when `{label}` fails",
                help="leave it out, and write `|| true` behind the commands that may fail",
                related=(Related(other.at(*match.words), "a failure here is not seen"),),
            )
            return


def _cut_short(command: Command) -> Iterator[Finding]:
    """`apt-get update && apt-get install`, and something else in the next line."""
    script = command.script
    match = _matters(command)
    chained = bool(command.around) and command.around[-1].kind == "chained"
    if match is None or not chained or ends_on_error(script) is not True:
        return
    for other in command.after():
        if not any(frame.kind in ("and", "or", "if") and command.written in frame.text for frame in other.around):
            label = command.label(*match.words)
            yield Finding(
                command.at(*match.words),
                f"when `{label}` in {where(script)} fails, `&&` skips the next command and the script goes on",
                help="write the commands on lines of their own",
                notes=("`-e` does not end a script at what stands in front of `&&`",),
                severity="info",
            )
            return


@check("AIB427", "expected-failure-ends-step", "warning", DNF, ZYPPER, POSIX)
def expected_failure_ends_step(script: Script) -> Findings:
    """
    ## What it does
    Looks for commands that exit with something other than 0 although nothing is wrong, in scripts that end at the first
    failure: `yum check-update` and `dnf check-update`, `needs-restarting -r`, `zypper patch`. Of `grep`, `diff` and
    `systemctl is-active`, which may well be meant to end the step, it is advice.

    ## Why it matters
    `inline` runs with `-e`. `yum check-update` exits with 100 whenever there is something to update, so the step fails on
    any day but the one on which it was written.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Update", "inline": ["sudo «yum check-update»", "sudo yum upgrade -y"]}
    ],
    "source": {"type": "PlatformImage", "publisher": "RedHat", "offer": "RHEL", "sku": "9-lvm-gen2", "version": "latest"}
    ```

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "Update", "inline": ["sudo yum upgrade -y"]}],
    "source": {"type": "PlatformImage", "publisher": "RedHat", "offer": "RHEL", "sku": "9-lvm-gen2", "version": "latest"}
    ```
    """
    if script.language != "shell" or ends_on_error(script) is not True:
        return
    off = False
    for command in script.commands:
        if command.name == "set" and command.has("-e", "+e") is not None:
            off = command.has("+e") is not None
        match = None if off or not _ends_script(command) else tables.broken("expected-failure-ends-step", command)
        if match is not None:
            yield Finding(
                command.at(*match.words),
                f"`{command.label(*match.words)}` in {where(script)} may end the step although nothing is wrong: "
                f"it {match.row.does}",
                help=match.row.help,
                notes=("the script runs with `-e`, and ends with the first command that does not exit with 0",),
                severity=match.row.severity,
            )


def _ends_script(command: Command) -> bool:
    """Whether the script ends where this command fails: nothing looks at its exit code, and it is not that of others."""
    if command.feeds is not None or command.inside("handled", "condition", "capture", "background", "chained"):
        return False
    # A shell of its own need not end with `-e`.
    return command.under("bash", "sh", "dash", "su", "xargs", "timeout") is None
