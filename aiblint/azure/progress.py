"""Progress on a terminal while Azure is asked: one line on standard error, gone when the report begins."""

from __future__ import annotations

import sys
import threading

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.azure.client import Reader

# Nobody wants to see it of a run that is over before it can be read.
_PATIENCE = 0.3
_EVERY = 0.2


class Progress:
    """Shows how many questions a Reader has asked, from `_PATIENCE` seconds on, until `end`. Nothing off a terminal."""

    __slots__ = ("_over", "_thread")

    def __init__(self, reader: Reader) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        if sys.stderr.isatty():
            self._thread = threading.Thread(target=self._show, args=(reader,), daemon=True)
            self._thread.start()

    def _show(self, reader: Reader) -> None:
        wait = _PATIENCE
        shown = False
        while not self._over.wait(wait):
            left = max(0, round(reader.until.left()))
            sys.stderr.write(f"\r\x1b[Kasking Azure: {reader.requests} questions, {left} s left")
            sys.stderr.flush()
            wait, shown = _EVERY, True
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(1)
