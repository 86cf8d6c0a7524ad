"""Outputs as they should be, as plain files. `AIBLINT_UPDATE_GOLDEN=1 pytest` writes them anew; read the diff then."""

from __future__ import annotations

import os


def golden(name: str, actual: str) -> str:
    """What a file of this folder says the output should be; after having written it when asked to."""
    path = os.path.join(os.path.dirname(__file__), name)
    if os.environ.get("AIBLINT_UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(actual)
    with open(path, encoding="utf-8") as file:
        return file.read()
