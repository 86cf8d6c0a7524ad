"""How long the build may take: `buildTimeoutInMinutes` and what has to fit into it."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from .ground import operating_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate, Step
    from aiblint.value import Value

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

_SLEEPS = {
    "PowerShell": pattern(r"(?:start-)?sleep\s+(?:-s[a-z]*[\s:]\s*)?(?P<count>\d{1,9})(?P<unit>)", re.IGNORECASE),
    "Shell": pattern(r"(?:sudo\s+)?(?:/usr)?(?:/bin/)?sleep\s+(?P<count>\d{1,9})(?P<unit>[smhd]?)"),
}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
# What opens and closes a block: inside one, a sleep may not run, or many times.
_BLOCKS = {
    "PowerShell": (pattern(r"[({]"), pattern(r"[)}]")),
    "Shell": (pattern(r"\{|\b(?:if|case|do)\b"), pattern(r"\}|\b(?:fi|esac|done)\b")),
}
# From here on a line is not what it seems, or does not run: texts over several lines, the end of the script.
_ENDS = pattern(r"<<|<#|@['\"]|^(?:exit|exec|return)\b", re.IGNORECASE)


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
def build_timeout_too_short(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Adds up what a build takes at least: sleeps in inline scripts, restarts, Windows Update, starting, generalizing and
    capturing the VM, publishing to a gallery and copying to other regions. Warns where that is more than
    `buildTimeoutInMinutes`, and for a Windows build below 60 minutes, which Microsoft advises against. It is an error
    where the sleeps alone are too long.

    ## Why it matters
    The timeout covers everything from the first customizer to the last copied region. When it is over, the build is
    stopped with `context deadline exceeded`, however close to the end it was.

    ## Bad
    ```json windows
    "buildTimeoutInMinutes": «30»
    ```
    ```json
    "buildTimeoutInMinutes": «30»,
    "customize": [{"type": "Shell", "name": "Wait", "inline": ["sleep 30m", "echo ready"]}]
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
    "customize": [{"type": "Shell", "name": "Wait", "inline": ["sleep 30m", "echo ready"]}]
    ```
    """
    timeout = template.properties.get("buildTimeoutInMinutes")
    given = timeout.number or 0
    if not (timeout.is_missing or timeout.number == 0 or SHORTEST <= given <= LONGEST):
        return  # unknown, or the matter of `build-timeout-range`
    allowed = given or DEFAULT
    sleeps = [sleep for step in _running(template) for sleep in _sleeps(step)]
    sleeping = sum(seconds for _, seconds in sleeps) / 60
    related: tuple[Related, ...] = ()
    if sleeps:
        longest = max(sleeps, key=lambda sleep: sleep[1])[0]
        related = (Related(longest.span, "the longest sleep"),)
    written = f"`buildTimeoutInMinutes` is {given}" if given else f"the build has {DEFAULT} minutes"
    if sleeping >= allowed:
        yield Finding(
            timeout,
            f"{written}, but the sleeps in the scripts alone take {sleeping:.0f} minutes",
            help=f"shorten the sleeps, or allow more than {sleeping:.0f} minutes (at most {LONGEST})",
            notes=("the build is certain to be stopped with `context deadline exceeded`",),
            related=related,
            severity="error",
        )
        return
    parts = [*_parts(template), (round(sleeping), "for sleeps")]
    least = sum(minutes for minutes, _ in parts)
    notes = [f"in minutes, roughly: {_sum(parts)}; scripts and downloads come on top"]
    builds = not template.properties.get("validate", "sourceValidationOnly").flag
    if least > allowed:
        problem = f"a build of this template takes about {least:.0f} minutes when all goes well"
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
        related=related if least > allowed else (),
    )


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


def _sleeps(step: Step) -> Iterator[tuple[Value, int]]:
    """The sleeps of a step's inline script that are certain to run once: the line, and how many seconds."""
    if step.type not in _SLEEPS or not any("sleep" in (line.text or "").lower() for line in step.get("inline").items):
        return
    opens, closes = _BLOCKS[step.type]
    depth = 0
    for line in step.get("inline").items:
        if line.text is None:
            return
        for command in line.text.split("\n"):
            for statement in [command] if re.search("['\"]", command) else command.split(";"):
                statement = re.sub(r"\s#.*", "", f" {statement}").strip()
                if _ENDS.search(statement):
                    return
                sleep = _SLEEPS[step.type].fullmatch(statement)
                if sleep and depth == 0:
                    yield line, int(sleep["count"]) * _SECONDS[sleep["unit"]]
                depth += len(opens.findall(statement)) - len(closes.findall(statement))
