"""Draw the picture of the README, `docs/picture.svg`: what a terminal shows for an example.

python docs/picture.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import escape

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLE = "windows.json"
COLUMNS, LINES = 136, 52
WIDTH, HEIGHT, MARGIN = 8.4, 18, 16
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea"}


def terminal_output() -> list[str]:
    """The lines that aiblint prints for the example, with their colour codes."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "PYTHONPATH": ROOT}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "aiblint", EXAMPLE]
    run = subprocess.run(
        command, cwd=os.path.join(ROOT, "examples"), env=environment, capture_output=True, text=True, check=False
    )
    return [row for line in run.stdout.splitlines() for row in wrapped(line)]


def wrapped(line: str) -> list[str]:
    """A line as the rows of a terminal of that width; colours go on behind the break."""
    rows, colour, used = [""], "", 0
    for piece in re.findall(r"\x1b\[[0-9;]*m|.", line):
        if piece.startswith("\x1b"):
            colour = piece
        elif used == COLUMNS:
            rows.append(colour)
            used = 0
        used += not piece.startswith("\x1b")
        rows[-1] += piece
    return rows


def spans(line: str) -> str:
    """A line as SVG text spans."""
    out, style = "", ""
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", piece)
        if code:
            codes = code[1].split(";")
            style = "".join(f' fill="{COLOURS[c]}"' for c in codes if c in COLOURS)
            style += ' font-weight="bold"' if "1" in codes else ""
            style += ' fill="#8b949e"' if "2" in codes else ""
        elif piece:
            out += f"<tspan{style}>{escape(piece)}</tspan>"
    return out


def picture(lines: list[str]) -> str:
    """The SVG of a terminal that shows these lines."""
    width, height = COLUMNS * WIDTH + 2 * MARGIN, (len(lines) + 1) * HEIGHT + 2 * MARGIN
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + (number + 1) * HEIGHT}" xml:space="preserve">{spans(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f"font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" "
        f'font-size="13.6" fill="#e6edf3">\n<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n{rows}\n</svg>\n'
    )


def main() -> None:
    """Write the picture: the command, and the beginning of what it prints."""
    lines = ["\x1b[2m$\x1b[0m aiblint " + EXAMPLE, *terminal_output()]
    if len(lines) > LINES:
        end = max(number for number, line in enumerate(lines[:LINES]) if not line)
        lines = [*lines[: end + 1], "\x1b[2m...\x1b[0m", "", lines[-1]]
    with open(os.path.join(ROOT, "docs", "picture.svg"), "w", encoding="utf-8", newline="\n") as file:
        file.write(picture(lines))


if __name__ == "__main__":
    main()
