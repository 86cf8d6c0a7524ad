"""Moments as the resource manager writes them: always in UTC, with more digits than Python 3.10 reads."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def moment(text: object) -> datetime | None:
    """What `2026-01-31T12:34:56.1234567Z` says, to the second; None for what is no such text."""
    from datetime import datetime, timezone  # here: a run without `--live` needs none of it

    try:
        return datetime.strptime(str(text)[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
