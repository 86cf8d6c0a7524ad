"""Write `compiled.py` from the tables: `python -m aiblint.checks.tables`."""

from __future__ import annotations

import pathlib
import pprint
import sys

from . import Row

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]  # installed on Python 3.10 only

FOLDER = pathlib.Path(__file__).parent
HEAD = '''"""The tables as Python, written from `*.toml` by `python -m aiblint.checks.tables`: change those, not this."""

# fmt: off
# mypy: disable-error-code="type-arg"
TABLES: dict[str, tuple[dict, ...]] = \\
'''


def compiled() -> str:
    """The text of `compiled.py`. Raises ValueError for a column that no row has."""
    tables: dict[str, list[dict[str, object]]] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        for check, entries in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for entry in entries:
                unknown = set(entry) - set(Row._fields)
                if unknown:
                    raise ValueError(f"{file.name}: [[{check}]] has no column {', '.join(sorted(unknown))}")
                columns = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
                kept = {name: value for name, value in columns.items() if name not in ("fires", "passes")}
                tables.setdefault(check, []).append(kept)
    frozen = {check: tuple(found) for check, found in tables.items()}
    return HEAD + pprint.pformat(frozen, width=118, sort_dicts=True) + "\n"


if __name__ == "__main__":
    (FOLDER / "compiled.py").write_text(compiled(), encoding="utf-8", newline="\n")
