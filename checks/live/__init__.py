"""Live checks (`--live`): what only the real subscription can tell, read-only. One module for each topic.

Each yields a verdict on all that it asks: `Holds`, a `Finding`, or a `Finding` with a reason in `unchecked`.
"""

from aiblint.finding import Check

from . import (
    rights,
    sources,
)

CHECKS: tuple[Check, ...] = (
    # AIB7xx: live, permissions
    rights.cannot_read_source,
    # AIB8xx: live, everything else
    sources.source_not_found,
)
