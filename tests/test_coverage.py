"""docs/coverage.md: every row of the failure catalogue is accounted for, by checks that exist or by a reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from aiblint import engine

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT.parent / "shared" / "facts"
PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
CHECKS = {check.id: check.name for check in engine.load_checks()}

needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="../shared/facts, the catalogue itself, is not here")

LINK = re.compile(r"\[(AIB[0-9]{3}) ([a-z0-9-]+)\]\(checks/(AIB[0-9]{3})\.md\)")
BAND = re.compile(r"AIB9xx")

# What the parts of a row's class in the catalogue ask for, by the beginning of ids; what is static asks for any check.
WANTED = {
    "live-permission": ("AIB7", "AIB8"),
    "live-existence": ("AIB7", "AIB8"),
    "live-region": ("AIB8",),
    "live-quota": ("AIB8",),
    "live-storage": ("AIB7", "AIB8"),
    "log-only": ("AIB9",),
}


class Row(NamedTuple):
    """A row of the tables of failures; `checks` and `bands` are what its third column names."""

    id: str
    failure: str
    checks: frozenset[str]
    bands: frozenset[str]
    remark: str


def _table(heading: str) -> list[list[str]]:
    """The cells of the rows below a heading, without the head of the table."""
    section = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert section is not None, heading
    lines = [line for line in section[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _row(cells: list[str]) -> Row:
    row, failure, covered, remark = cells
    assert covered == "none" or not LINK.sub("", BAND.sub("", covered)).strip(", "), cells
    checks = frozenset(found[1] for found in LINK.finditer(covered))
    return Row(row, failure, checks, frozenset(BAND.findall(covered)), remark)


SECTIONS = re.findall(r"^## [A-L]\. .*$", PAGE, re.M)
ROWS = [_row(cells) for heading in SECTIONS for cells in _table(heading)]
OTHER = [LINK.sub(r"\1", cells[0]) for cells in _table("## Checks that rest on other sources")]


def _classes() -> dict[str, str]:
    """The class of each row of the catalogue by its id, in the catalogue's order."""
    return {row["id"]: row["cls"] for row in json.loads((FACTS / "failures.json").read_text(encoding="utf-8"))}


def _parts(cls: str) -> list[str]:
    return re.findall(r"static-\w+|live-\w+|log-only", cls)


def _is_static(cls: str) -> bool:
    return any(part.startswith("static-") for part in _parts(cls))


@needs_facts
def test_every_row_stands_once_and_in_order() -> None:
    assert [row.id for row in ROWS] == list(_classes())


def test_every_row_has_words_and_an_answer() -> None:
    assert len(SECTIONS) == 12
    for row in ROWS:
        assert row.failure, row.id
        assert row.checks or row.bands or row.remark, f"{row.id} is covered by nothing, and no remark says why"


def test_checks_are_called_by_their_names() -> None:
    links = LINK.findall(PAGE)
    assert links
    for id_, name, page in links:
        assert (CHECKS.get(id_), page) == (name, id_)
    assert set(re.findall(r"AIB[0-9]{3}", PAGE)) <= CHECKS.keys()


def test_every_check_covers_a_row_or_says_what_it_rests_on() -> None:
    covering = frozenset[str]().union(*(row.checks for row in ROWS))
    assert sorted(OTHER) == sorted(CHECKS.keys() - covering)
    assert all(cells[1] for cells in _table("## Checks that rest on other sources"))


@needs_facts
def test_what_a_template_shows_has_a_check_or_a_reason() -> None:
    classes = _classes()
    without = [row for row in ROWS if _is_static(classes[row.id]) and not row.checks]
    assert [row.id for row in without if not row.remark] == []


@needs_facts
def test_what_it_does_not_show_has_a_check_or_a_reason() -> None:
    classes = _classes()
    for row in ROWS:
        for part in _parts(classes[row.id]):
            if part in WANTED and not any(one.startswith(WANTED[part]) for one in (*row.checks, *row.bands)):
                assert row.remark, f"{row.id} is {part}, and no {' or '.join(WANTED[part])} covers it"


@needs_facts
def test_constraints_are_those_of_the_facts() -> None:
    text = (FACTS / "constraints.md").read_text(encoding="utf-8")
    numbers = [number for cells in _table("## Documented constraints") for number in cells[0].split(", ")]
    assert numbers
    assert len(set(numbers)) == len(numbers)
    assert set(numbers) <= set(re.findall(r"^\| ([0-9]+) \|", text, re.M))
    assert all(LINK.search(cells[2]) for cells in _table("## Documented constraints"))


def test_counts() -> None:
    counts = [int(cells[0]) for cells in _table("# What is covered")[:5]]
    checks_alone = sum(bool(row.checks) and not row.bands for row in ROWS)
    checks_and_bands = sum(bool(row.checks) and bool(row.bands) for row in ROWS)
    bands_alone = sum(bool(row.bands) and not row.checks for row in ROWS)
    nothing = sum(not row.bands and not row.checks for row in ROWS)
    assert counts == [len(ROWS), checks_alone, checks_and_bands, bands_alone, nothing]


@needs_facts
def test_counts_of_what_a_template_shows() -> None:
    classes = _classes()
    static = [row for row in ROWS if _is_static(classes[row.id])]
    checked = sum(bool(row.checks) for row in static)
    sentence = f"{len(static)} can be seen in a template, at least in part. {checked} of these have a check, "
    assert sentence + f"{len(static) - checked} say why not." in PAGE
