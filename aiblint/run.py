"""What one run of aiblint did: the value that every report is made from."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aiblint.finding import Finding, Holds


class Seen(NamedTuple):
    """An image template that was found: in which form (`ARM deployment template`), judged by which API version.

    `assumed` is true where nothing says the API version and the newest was taken. A file that holds only triggers
    counts by these.
    """

    path: str
    form: str
    api_version: str
    assumed: bool


class Run(NamedTuple):
    """The outcome of a run. `findings` are in order and selected; `hidden` counts infos that were not asked for.

    `suppressed` counts findings that comments or configuration silence, `skipped` checks that this run could not make.
    `scripts` counts script files that were linted by themselves. `failures` are the lines about what could not be read
    or done: they make the exit status 2. `held` are the verdicts of live checks that found everything as it has to be.
    """

    findings: tuple[Finding, ...]
    templates: tuple[Seen, ...]
    files: int
    hidden: int
    suppressed: int
    skipped: int
    failures: tuple[str, ...]
    scripts: int = 0
    held: tuple[Holds, ...] = ()
