"""How long the build may take: `buildTimeoutInMinutes` and what has to fit into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiblint.finding import Finding, check

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate

# JSON: learn.microsoft.com, "Properties: buildTimeoutInMinutes"; TROUBLESHOOT has a section of its own on 1 to 5 minutes.
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-buildtimeoutinminutes"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"

SHORTEST = 6
LONGEST = 960


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
