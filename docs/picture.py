"""Draw the pictures of the README: what a terminal shows for an example, and for a preflight of a template.

    python -m docs.picture

The subscription that the preflight asks is the one of the tests, on the loopback.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from tests.azure import estate as az
from tests.azure.scenes import GROUP, scene
from tests.azure.stage import stage

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLE = "hardening.json"
COLUMNS, LINES = 120, 60
WIDTH, HEIGHT, MARGIN = 8.4, 18, 16
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea"}


def terminal_output(folder: str, *arguments: str, environment: dict[str, str] | None = None) -> list[str]:
    """The lines that aiblint prints in a folder, with their colour codes."""
    environment = {**(environment or os.environ), "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "PYTHONPATH": ROOT}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "aiblint", *arguments]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return [row for line in run.stdout.splitlines() for row in wrapped(line)]


def preflight() -> list[str]:
    """What `--live` says of a template for which some things are not as they have to be."""
    estate = az.new()
    made = scene(estate, "version", network="container")
    az.revoke(estate, made.grants["target"])
    az.gallery_version(estate, made.ids["source image"], regions=("northeurope",))
    az.usage(estate, "standardDDSv4Family", 99, 100, "Standard DDSv4 Family vCPUs")
    az.subnet(estate, made.ids["network"], "aci", "10.0.1.0/24")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "template.json").write_text(json.dumps(made.template, indent=2), encoding="utf-8")
        with stage(estate, Path(folder)) as (manager, environment):
            manager.fail("*/locks", 403, times=None)
            asked = ["--live", "--cloud", manager.url, "--resource-group", GROUP, "--select", "AIB7,AIB8"]
            return terminal_output(folder, *asked, "template.json", environment=environment)


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


def draw(name: str, command: str, output: list[str]) -> None:
    """Write a picture: a command, and as much of what it prints as fits."""
    lines = [f"\x1b[2m$\x1b[0m {command}", *output]
    if len(lines) > LINES:
        end = max(number for number, line in enumerate(lines[:LINES]) if not line)
        lines = [*lines[: end + 1], "\x1b[2m...\x1b[0m", "", lines[-1]]
    with open(os.path.join(ROOT, "docs", name), "w", encoding="utf-8", newline="\n") as file:
        file.write(picture(lines))


def main() -> None:
    """Write both."""
    draw("picture.svg", f"aiblint {EXAMPLE}", terminal_output(os.path.join(ROOT, "examples"), EXAMPLE))
    draw("preflight.svg", "aiblint --live --resource-group rg template.json", preflight())


if __name__ == "__main__":
    main()
