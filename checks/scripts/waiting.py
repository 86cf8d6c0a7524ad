"""Scripts that do not end: what is left in the background, servers in the foreground, loops without a limit."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from .. import tables
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command, Frame

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
SSH = "https://www.openssh.com/faq.html#3.10"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-buildtimeoutinminutes"

# Its keyword is not further than this many characters from the first or last command of a loop.
NEAR = 1000
_SLEEPS = ("sleep", "start-sleep")
# What in a loop counts, or looks at a clock: then it has a limit.
_LIMITED = pattern(
    r"\+\+|--\s*[);\n]|\+=|-=|\$\(\(|\bexpr\b|\blet\b|-l[te]\b|-g[te]\b|SECONDS|EPOCH|\bdate\b|get-date|stopwatch|elapsed"
    r"|\btimeout\b|\bretr|\battempt|\btries\b|\bcount|\bread\b|\bgetopts\b|\bshift\b|\bseq\b|nexttoken|\.next\(|peek",
    re.IGNORECASE,
)
_LEAVES = pattern(r"\b(?:break|exit|return|throw)\b", re.IGNORECASE)
# The documented end of a Windows build waits for these without a limit.
_DOCUMENTED = pattern(r"rdagent|windowsazureguestagent|imagestate", re.IGNORECASE)


@check("AIB417", "background-process", "warning", SSH, TROUBLESHOOT)
def background_process(script: Script) -> Findings:
    """
    ## What it does
    Looks for programs that a script of the shell leaves running: with `&`, `nohup` or `setsid` and no `wait` or `kill`
    behind it, and servers that stay in the foreground (`npm start`, `python3 -m http.server`). Where the output of the
    program goes to a file, it is advice only.

    ## Why it matters
    A program in the background that still has the output of the step keeps the SSH session open, and the step may never
    end. In any case it does not survive: the build VM is generalized, and what should run in the image has to be a
    service.

    ## Bad
    ```json
    "customize": [{"type": "Shell", "name": "Start", "inline": ["nohup «/tmp/agent» --serve &"]}]
    ```

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "Start", "inline": ["sudo systemctl enable agent.service"]}]
    ```
    """
    if script.language != "shell":
        return
    seen: set[int] = set()
    ends = ("wait", "kill", "pkill", "killall")
    last = max((command.start for command in script.commands if command.name in ends), default=-1)
    for command in script.commands:
        frame = command.inside("background")
        if frame is not None:
            if id(frame) in seen or command.start < last:
                continue
            seen.add(id(frame))
            yield _left_running(command)
        elif command.under("timeout", "systemd-run", "screen", "tmux") is None:
            match = tables.broken("background-process", command)
            if match is not None:
                label = command.label(*match.words)
                yield Finding(
                    command.at(*match.words),
                    f"`{label}` in {where(script)} is a server in the foreground, so the step does not end",
                    help="make it a service (`systemctl enable`), which starts with the VMs made from the image",
                    notes=("the build waits for it until `buildTimeoutInMinutes` is over",),
                    severity=match.row.severity,
                )


def _left_running(command: Command) -> Finding:
    written = any(
        redirect.operator in (">", ">>", "&>", "&>>", ">|")
        for one in (*command.wrappers, command)
        for redirect in one.redirects
    )
    label = command.label(*command.operands()[:1])
    if written:
        return Finding(
            command.at(),
            f"`{label}` in {where(command.script)} is left in the background, and nothing waits for it",
            help="write `wait` behind it, or make it a service (`systemctl enable`)",
            notes=("it is cut off when the build VM is generalized, and does not run in VMs made from the image",),
            severity="info",
        )
    return Finding(
        command.at(),
        f"`{label}` in {where(command.script)} runs on in the background with the step's output, so the step may not end",
        help="make it a service (`systemctl enable`), or write `wait` behind it, or `> FILE 2>&1 < /dev/null &`",
        notes=("the SSH session stays open as long as something can write to it",),
    )


@check("AIB418", "endless-wait", "warning", TROUBLESHOOT, JSON)
def endless_wait(script: Script) -> Findings:
    """
    ## What it does
    Looks for loops that nothing ends: `while true` and `while ($true)` without `break`, `exit` or a time limit around it.
    Loops that wait for something with no limit of time or number (`until curl ...; do sleep 5; done`) are advice.

    ## Why it matters
    If what the loop waits for does not come, nothing happens until `buildTimeoutInMinutes` is over: four hours by default.
    The log shows no more than that the step had begun.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Wait", "inline": ["«while true»; do curl -fs http://localhost && echo up; sleep 5; done"]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Wait",
        "inline": ["for i in 1 2 3 4 5; do", "  if curl -fs http://localhost; then exit 0; fi", "  sleep 5", "done", "exit 1"]
      }
    ]
    ```
    """
    for frame, inside in _loops(script):
        if any(command.under("timeout") or command.inside("background") for command in inside):
            continue
        at = _keyword(script, frame, inside)
        body = script.text[at[0] : _end(script, inside[-1].end)]
        if frame.kind == "forever":
            yield Finding(
                script.span(*at),
                f"nothing ends this loop in {where(script)}",
                help="count the rounds and leave it with `break`, or put `timeout 300` in front"
                if script.language == "shell"
                else "count the rounds and leave it with `break`",
                notes=("the build waits until `buildTimeoutInMinutes` is over",),
            )
            continue
        waits = any(command.name in _SLEEPS for command in inside)
        if waits and not any(sign.search(body) for sign in (_LIMITED, _LEAVES, _DOCUMENTED)):
            yield Finding(
                script.span(*at),
                f"this loop in {where(script)} waits without a limit",
                help="count the rounds, and end with an error after some minutes",
                notes=("if it waits in vain, the build ends only when `buildTimeoutInMinutes` is over",),
                severity="info",
            )


def _loops(script: Script) -> Iterator[tuple[Frame, list[Command]]]:
    """The loops with a condition, and the commands in each."""
    found: dict[int, tuple[Frame, list[Command]]] = {}
    for command in script.commands:
        for frame in command.around:
            if frame.kind == "forever" or (frame.kind == "loop" and frame.text):
                found.setdefault(id(frame), (frame, []))[1].append(command)
    yield from found.values()


def _keyword(script: Script, frame: Frame, inside: list[Command]) -> tuple[int, int]:
    """Where the loop says how long it goes on; else its first command."""
    first = inside[0]
    begin, stop = max(0, first.start - NEAR), inside[-1].end + NEAR
    condition = re.escape(frame.text.strip())
    for opened in (rf"\b(?:while|until)\s*\(?\s*{condition}\s*\)?", r"\bfor\s*\(\s*;\s*;\s*\)"):
        places = [found.span() for found in re.compile(opened, re.IGNORECASE).finditer(script.text, begin, stop)]
        before = [place for place in places if place[0] <= first.start]
        # `do { } while ($true)` says it in the end.
        chosen = before[-1] if before else places[0] if places else None
        if chosen is not None:
            start, end = chosen
            return start, end - (len(script.text[start:end]) - len(script.text[start:end].rstrip()))
    return first.start, first.word.end


def _end(script: Script, at: int) -> int:
    """The end of the loop whose last command ends at `at`: what closes it is not far."""
    closing = re.compile(
        r"\bdone\b" if script.language == "shell" else r"\n\}|\}\s*$|\}\s*(?:while|until)[^\n]*"
    ).search(script.text, at)
    return closing.end() if closing is not None else len(script.text)
