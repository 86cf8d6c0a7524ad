"""Whole processes, cold, side by side: aiblint, a bare interpreter, check-jsonschema and checkov.

    python -m venv .bench && .bench/bin/pip install . -r benchmarks/requirements.txt
    .bench/bin/python benchmarks/run.py --corpus FOLDER > benchmarks/RESULTS.md

Runs are interleaved (A B C, A B C, ...), so that a machine that slows down slows all of them down; what is quoted is
the median and the ratio of the medians to `python -c pass` of the same interpreter. FOLDER holds real templates.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.dirname(sys.executable)
GOOD = os.path.join(HERE, "good.json")
FLAWED = os.path.join(HERE, "flawed.json")
FOREIGN = os.path.join(HERE, "foreign.json")
SCHEMA = os.path.join(HERE, "..", "schemas", "2024-02-01.json")

Command = tuple[str, list[str]]


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of one run; the exit status is no matter, findings make it 1."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def interleaved(commands: list[Command], rounds: int) -> list[tuple[str, float, float]]:
    """Name, median wall and median processor seconds of each command."""
    for _, command in commands:
        timed(command)
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in commands}
    for _ in range(rounds):
        for name, command in commands:
            figures[name].append(timed(command))
    return [
        (name, statistics.median(w for w, _ in runs), statistics.median(c for _, c in runs))
        for name, runs in figures.items()
    ]


def table(title: str, commands: list[Command], rounds: int) -> None:
    """Print one comparison as a Markdown table; the first command is the measure of the others."""
    rows = interleaved(commands, rounds)
    print(f"\n## {title}\n\nMedian of {rounds} interleaved runs.\n")
    print("| command | wall | processor | wall ratio | processor ratio |\n|---|--:|--:|--:|--:|")
    _, wall, processor = rows[0]
    for name, own_wall, own_processor in rows:
        print(
            f"| {name} | {own_wall * 1000:.1f} ms | {own_processor * 1000:.1f} ms "
            f"| {own_wall / wall:.2f} | {own_processor / processor:.2f} |"
        )
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="a folder of real templates")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    scratch = tempfile.mkdtemp()
    bare: Command = ("`python -c pass`", [sys.executable, "-c", "pass"])

    def aiblint(path: str) -> Command:
        # A copy outside of this repository, whose own pyproject.toml would be read as a configuration.
        copy = shutil.copy(path, os.path.join(scratch, "copy-of-" + os.path.basename(path)))
        return f"`aiblint {os.path.basename(path)}`", [os.path.join(BIN, "aiblint"), copy]

    def schema_checker(path: str) -> Command:
        # It knows no deployment templates: so it gets the resource alone, expressions and all.
        with open(path, encoding="utf-8") as file, open(os.path.join(scratch, os.path.basename(path)), "w") as bare:
            json.dump(json.load(file)["resources"][0], bare)
        with_schema = ["--schemafile", SCHEMA, bare.name]
        return f"`check-jsonschema` on {os.path.basename(path)}", [os.path.join(BIN, "check-jsonschema"), *with_schema]

    checkov = [os.path.join(BIN, "checkov"), "--framework", "arm", "--skip-download", "--quiet", "--compact"]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    print(f"# Results\n\n{machine}, Python {platform.python_version()}.")
    print("Made by `benchmarks/run.py`; ratios travel between machines, milliseconds do not.")
    table(
        "One real template, cold",
        [
            bare,
            aiblint(FOREIGN),
            aiblint(GOOD),
            aiblint(FLAWED),
            schema_checker(GOOD),
            schema_checker(FLAWED),
            ("`checkov --framework arm` on good.json", [*checkov, "-f", GOOD]),
        ],
        options.rounds,
    )
    files = [
        os.path.join(at, name) for at, _, names in os.walk(options.corpus) for name in names if name.endswith(".json")
    ]
    os.chdir(scratch)
    table(
        f"{len(files)} real files in one run",
        [
            bare,
            ("`aiblint FOLDER`", [os.path.join(BIN, "aiblint"), options.corpus]),
            ("`check-jsonschema` on all", [os.path.join(BIN, "check-jsonschema"), "--schemafile", SCHEMA, *files]),
            ("`checkov --framework arm -d FOLDER`", [*checkov, "-d", options.corpus]),
        ],
        3,
    )
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
