"""Regular expressions that cost nothing until they are needed.

Compiling one takes as long as importing a module, and of the hundred that the checks have, a template meets a few.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    pattern = re.compile
else:

    class pattern:  # noqa: N801  # it stands for the function, and for what that gives
        """What `re.compile` gives, compiled when something of it is first asked for."""

        def __init__(self, text, flags=0):
            self._source = text, flags

        def __getattr__(self, name):
            # Only what is not there yet comes here: once kept, a method is found without.
            found = getattr(re.compile(*self._source), name)
            setattr(self, name, found)
            return found
