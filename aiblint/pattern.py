"""Regular expressions that cost nothing until they are needed.

Compiling one takes as long as importing a module, and of the hundred that the checks have, a template meets a few.
"""

from __future__ import annotations

import re
from typing import cast


class _Pattern:
    """Stands for the compiled pattern, and compiles it when something of it is first asked for."""

    def __init__(self, text: str, flags: int) -> None:
        self._source = text, flags

    def __getattr__(self, name: str) -> object:
        # Only what is not there yet comes here: once kept, a method is found without.
        found = getattr(re.compile(*self._source), name)
        setattr(self, name, found)
        return found


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, later."""
    return cast("re.Pattern[str]", _Pattern(text, flags))
