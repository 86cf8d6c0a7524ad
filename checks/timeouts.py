"""How long the build may take: `buildTimeoutInMinutes` and what has to fit into it."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING

from .execution import runs_in_dash
from .ground import operating_system
from .wording import where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command
    from aiblint.template import ImageTemplate, Step

# JSON: learn.microsoft.com, "Properties: buildTimeoutInMinutes"; TROUBLESHOOT has a section on 1 to 5 minutes.
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-buildtimeoutinminutes"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"

SHORTEST = 6
LONGEST = 960
DEFAULT = 240
# "For Windows, we don't recommend setting buildTimeoutInMinutes below 60 minutes" (JSON).
SHORTEST_FOR_WINDOWS = 60

# Minutes that parts of a build take even when all goes well; no document has them, so they are meant to be low.
STARTING = {"Windows": 15, "Linux": 5}  # the VM starts; in the end it is generalized and captured
RESTART = 2
FIRST_UPDATE = 20
NEXT_UPDATE = 5
GALLERY = 5
OTHER_REGIONS = 10

# Above this part of the time that the build has, sleeps are worth a word.
SLEEPING = 0.3
# The head of a loop is not further than this many characters from a sleep in it.
NEAR = 1000

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
# Around a sleep, anything else decides whether it runs, or how often.
_CERTAIN = ("and", "chained", "handled", "try", "subshell", "function", "loop")


@check("AIB220", "build-timeout-range", "error", JSON, TROUBLESHOOT)
def build_timeout_range(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a `buildTimeoutInMinutes` that the service does not take: anything from 1 to 5, below 0, or above 960.
    0, like leaving it out, means 240 minutes.

    ## Why it matters
    Below 0 and above 960 the submission is rejected. 1 to 5 is worse: the submission passes, the build VM starts, and
    Packer then stops because its token would expire within five minutes.

    ## Bad
    ```json
    "buildTimeoutInMinutes": «5»
    ```

    ## Good
    ```json
    "buildTimeoutInMinutes": 60
    ```
    ```json
    "buildTimeoutInMinutes": 0
    ```
    """
    timeout = template.properties.get("buildTimeoutInMinutes")
    minutes = timeout.number
    if minutes is None or minutes == 0 or SHORTEST <= minutes <= LONGEST:
        return
    if 0 < minutes < SHORTEST:
        why = "the submission passes, and the build then fails with `client_jwt will expire within 5 minutes`"
    else:
        why = "the submission is rejected"
    yield Finding(
        timeout,
        f"`buildTimeoutInMinutes` is {minutes}, but the service takes 0 or {SHORTEST} to {LONGEST}",
        help="leave it out for 240 minutes, or give the build the minutes it needs, including replication",
        notes=(why,),
    )


@check("AIB222", "build-timeout-too-short", "warning", JSON, TROUBLESHOOT)
def build_timeout_too_short(template: ImageTemplate, build: Build) -> Findings:
    """
    ## What it does
    Adds up what a build takes at least: sleeps in its scripts, restarts, Windows Update, starting, generalizing and
    capturing the VM, publishing to a gallery and copying to other regions. Warns where that is more than
    `buildTimeoutInMinutes`, and for a Windows build below 60 minutes, which Microsoft advises against. Where the sleeps
    alone are too long, `sleep-against-timeout` says so.

    ## Why it matters
    The timeout covers everything from the first customizer to the last copied region. When it is over, the build is
    stopped with `context deadline exceeded`, however close to the end it was.

    ## Bad
    ```json windows
    "buildTimeoutInMinutes": «30»
    ```
    ```json windows
    "buildTimeoutInMinutes": «60»,
    "customize": [
      {"type": "PowerShell", "name": "Settle", "inline": ["Start-Sleep -Seconds 1500"]},
      {"type": "WindowsUpdate", "name": "Update"},
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "buildTimeoutInMinutes": 120
    ```
    ```json
    "buildTimeoutInMinutes": 60,
    "customize": [{"type": "Shell", "name": "Wait", "inline": ["sleep 15m", "echo ready"]}]
    ```
    """
    allowed = _allowed(template)
    if allowed is None:
        return
    timeout = template.properties.get("buildTimeoutInMinutes")
    given = timeout.number or 0
    sleeps = _sleeps(template, build)
    sleeping = sum(seconds for _, seconds in sleeps) / 60
    if sleeping >= allowed:
        return  # the matter of `sleep-against-timeout`
    written = f"`buildTimeoutInMinutes` is {given}" if given else f"the build has {DEFAULT} minutes"
    parts = [*_parts(template), (round(sleeping), "for sleeps")]
    least = sum(minutes for minutes, _ in parts)
    notes = [f"in minutes, roughly: {_sum(parts)}; scripts and downloads come on top"]
    builds = not template.properties.get("validate", "sourceValidationOnly").flag
    related: tuple[Related, ...] = ()
    if least > allowed:
        problem = f"a build of this template takes about {least:.0f} minutes when all goes well"
        if sleeps:
            related = (Related(max(sleeps, key=lambda sleep: sleep[1])[0].span, "the longest sleep"),)
    elif 0 < given < SHORTEST_FOR_WINDOWS and builds and operating_system(template) == "Windows":
        problem = f"a Windows build should have at least {SHORTEST_FOR_WINDOWS}"
        notes.append(f"for Windows, Microsoft advises against less than {SHORTEST_FOR_WINDOWS} minutes")
    else:
        return
    yield Finding(
        timeout,
        f"{written}, but {problem}",
        help="leave it out for 240 minutes, or allow twice what a build has taken"
        if given
        else f"write the minutes that it needs, at most {LONGEST}",
        notes=tuple(notes),
        related=related,
    )


@check("AIB419", "sleep-against-timeout", "warning", JSON, TROUBLESHOOT)
def sleep_against_timeout(template: ImageTemplate, build: Build) -> Findings:
    """
    ## What it does
    Adds up the sleeps of all scripts of a build that are certain to run, also those in loops over a written list, and
    compares them with `buildTimeoutInMinutes`. More than 30 % of it is a warning, more than all of it an error. Where the
    build as a whole does not fit, `build-timeout-too-short` counts the sleeps as well, and this check says nothing.

    ## Why it matters
    The time is spent in each build, whether or not what was waited for has come. When `buildTimeoutInMinutes` is over,
    the build is stopped with `context deadline exceeded`, however close to the end it was.

    ## Bad
    ```json
    "buildTimeoutInMinutes": 60,
    "customize": [{"type": "Shell", "name": "Wait", "inline": ["«sleep 30m»", "echo ready"]}]
    ```
    ```json windows
    "buildTimeoutInMinutes": 90,
    "customize": [
      {
        "type": "PowerShell",
        "name": "Settle",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Start-Sleep -Seconds 6000»"]
      },
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json
    "buildTimeoutInMinutes": 60,
    "customize": [{"type": "Shell", "name": "Wait", "inline": ["sleep 30", "echo ready"]}]
    ```
    """
    allowed = _allowed(template)
    sleeps = _sleeps(template, build) if allowed is not None else []
    sleeping = sum(seconds for _, seconds in sleeps) / 60
    if allowed is None or sleeping <= SLEEPING * allowed:
        return
    fits = sleeping < allowed
    if fits and sum(minutes for minutes, _ in _parts(template)) + round(sleeping) > allowed:
        return  # the matter of `build-timeout-too-short`
    longest = max(sleeps, key=lambda sleep: sleep[1])[0]
    takes = "the sleeps of the build take" if len(sleeps) > 1 else f"this sleep in {where(longest.script)} takes"
    timeout = template.properties.get("buildTimeoutInMinutes")
    has = f"the {allowed} minutes that the build has{'' if timeout.number else ' by default'}"
    if fits:
        message = f"{takes} {sleeping:.0f} of {has}"
        helps, notes = (
            "wait for the thing itself, in a loop with a limit",
            ("each build takes this time, needed or not",),
        )
    else:
        message = f"{takes} {sleeping:.0f} minutes, longer than {has}"
        helps = f"shorten the sleeps, or allow more than {sleeping:.0f} minutes (at most {LONGEST})"
        notes = ("the build is certain to be stopped with `context deadline exceeded`",)
    yield Finding(
        longest.span,
        message,
        help=helps,
        notes=notes,
        related=() if timeout.is_missing else (Related(timeout.span, "the time that the build has"),),
        severity="" if fits else "error",
    )


def _allowed(template: ImageTemplate) -> int | None:
    """The minutes that the build has; None where that is unknown, or the matter of `build-timeout-range`."""
    timeout = template.properties.get("buildTimeoutInMinutes")
    given = timeout.number or 0
    if timeout.is_missing or timeout.number == 0 or SHORTEST <= given <= LONGEST:
        return int(given) or DEFAULT
    return None


def _running(template: ImageTemplate) -> tuple[Step, ...]:
    """The steps that run for certain: with `sourceValidationOnly`, known or not, no customizer does."""
    only = template.properties.get("validate", "sourceValidationOnly")
    return template.steps if only.is_missing or only.flag is False else template.validators


def _parts(template: ImageTemplate) -> list[tuple[int, str]]:
    """What the build spends time on besides its scripts, in minutes and in words."""
    steps = _running(template)
    system = operating_system(template) or ""
    restarts = sum(step.type == "WindowsRestart" for step in steps)
    updates = sum(step.type == "WindowsUpdate" for step in steps)
    galleries = [distributor for distributor in template.distributors if distributor.type == "SharedImage"]
    lists = [one.get(name).items for one in galleries for name in ("targetRegions", "replicationRegions")]
    return [
        (STARTING.get(system, 0), f"to start, generalize and capture a {system} VM"),
        (restarts * RESTART, "for a restart" if restarts == 1 else f"for {restarts} restarts"),
        (
            FIRST_UPDATE + (updates - 1) * NEXT_UPDATE if updates else 0,
            "for Windows Update" if updates == 1 else f"for Windows Update, {updates} times",
        ),
        (GALLERY if galleries else 0, "to publish to a gallery"),
        (OTHER_REGIONS if any(len(regions) > 1 for regions in lists) else 0, "to copy to other regions"),
    ]


def _sum(parts: list[tuple[int, str]]) -> str:
    """`15 to start a VM + 2 for a restart = 17`."""
    counted = [f"{minutes} {words}" for minutes, words in parts if minutes]
    return " + ".join(counted) + (f" = {sum(minutes for minutes, _ in parts)}" if len(counted) > 1 else "")


def _sleeps(template: ImageTemplate, build: Build) -> list[tuple[Command, float]]:
    """The sleeps that are certain to run, with their seconds in all."""
    running = _running(template)
    found = []
    for script in build.scripts:
        # Where no such word stands, nothing has to be read.
        if script.step not in running or not re.search("sleep|timeout", script.text, re.IGNORECASE):
            continue
        for command in script.commands:
            seconds = _seconds(command)
            times = _times(command) if seconds else 0
            if seconds and times:
                found.append((command, seconds * times))
    return found


def _seconds(command: Command) -> float | None:
    """How long a command sleeps; None for what is no sleep, or not known."""
    if command.name == "sleep" and command.language == "shell":
        parts = [re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", word.known) for word in command.arguments]
        return sum(float(part[1]) * _SECONDS[part[2]] for part in parts if part) if all(parts) else None
    if command.name == "start-sleep":
        thousandth = command.values("Milliseconds", "m") or command.values("ms", "ms")
        given = thousandth or command.values("Seconds", "s") or command.arguments
        number = given[0].known if len(given) == 1 else ""
        return float(number) / (1000 if thousandth else 1) if re.fullmatch(r"\d{1,9}", number) else None
    if command.name == "timeout" and command.language != "shell":
        given = command.operands()
        number = next((word.known for word in given if word.known.isdecimal()), "")
        return float(number) if number and len(number) < 10 else None
    return None


def _times(command: Command) -> int:
    """How often a sleep is certain to run; 0 where that is not known."""
    if any(frame.kind not in _CERTAIN for frame in command.around) or command.under("timeout") is not None:
        return 0
    loops = [frame for frame in command.around if frame.kind == "loop"]
    if not loops:
        return 1
    return _rounds(command) if len(loops) == 1 and not loops[0].text else 0


def _rounds(command: Command) -> int:
    """How often the loop around a command runs: over a list that is written out, and that nothing leaves."""
    text = command.script.text
    shell = command.language == "shell"
    opened = re.compile(
        r"\bfor\s+\w+\s+in\s+([^;\n]+?)\s*[;\n]\s*do\b" if shell else r"\bforeach\s*\(\s*\$\w+\s+in\s+([^)]+)\)\s*\{",
        re.IGNORECASE,
    )
    closed = re.compile(r"\bdone\b" if shell else r"\}")
    head = next(reversed(list(opened.finditer(text, max(0, command.start - NEAR), command.start))), None)
    if head is None or closed.search(text, head.end(), command.start):
        return 0
    end = closed.search(text, command.end)
    if re.search(r"\b(?:break|exit|return|throw)\b", text[head.end() : end.end() if end else len(text)], re.IGNORECASE):
        return 0
    listed = head[1].strip()
    counted = re.fullmatch(
        r"(?:\{|@?\(?)?(\d{1,6})\.\.(\d{1,6})(?:\}|\))?|[$`]\(?seq\s+(\d{1,6})\s+(\d{1,6})[)`]", listed
    )
    if counted is not None:
        first, last = (int(number) for number in counted.groups() if number is not None)
        # dash takes `{1..3}` for one word.
        return 1 if "{" in listed and runs_in_dash(command.script) is not False else abs(last - first) + 1
    if shell and re.fullmatch(r"[\w./ -]+", listed):
        return len(listed.split())
    return 0
