"""Conditions of role assignments: whether one can have no say in an action.

A condition is a row of clauses that are joined by AND. Each says for which actions it speaks, and lets all others pass
(learn.microsoft.com/azure/role-based-access-control/conditions-format):

    ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[...] ForAnyOfAnyValues:...))

Nothing more is read of it: what the attributes are at the time of a request nobody knows beforehand.
"""

from __future__ import annotations

from aiblint.azure.actions import matches
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACTION = pattern(r"!\s*\(\s*ActionMatches\s*\{\s*'([^']*)'\s*\}(.*)\)", 0)
_QUOTED = pattern(r"'[^']*'", 0)


def holds_anyway(condition: str, action: str) -> bool:
    """Whether a condition lets an action pass whatever the request is; False also where it cannot be made out."""
    clauses = list(_split(_bare(condition), "AND"))
    return bool(condition.strip()) and all(_passes(clause, action) for clause in clauses)


def _passes(clause: str, action: str) -> bool:
    first = next(_split(_bare(clause), "OR"))
    # Every action of the first part has to be another one.
    return all(_is_other(_bare(part), action) for part in _split(_bare(first), "AND"))


def _is_other(part: str, action: str) -> bool:
    found = _ACTION.fullmatch(part)
    if found is None or matches(found[1], action):
        return False
    # Behind it may stand which of the action's operations are meant; then it is even fewer.
    more = found[2].strip()
    return not more or more.lower().startswith("and ")


def _bare(text: str) -> str:
    """A text without the parentheses around all of it."""
    text = " ".join(text.split())
    while text.startswith("(") and _closing(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _closing(text: str) -> int:
    """Where the parenthesis closes that the text begins with; -1 if it does not."""
    level = 0
    for place, character in enumerate(_without_quoted(text)):
        level += (character == "(") - (character == ")")
        if level == 0:
            return place
    return -1


def _split(text: str, word: str) -> Iterator[str]:
    """The parts of a text between a word that stands outside of all parentheses."""
    level = start = 0
    plain = _without_quoted(text).upper()
    for place, character in enumerate(plain):
        level += (character == "(") - (character == ")")
        if level == 0 and plain.startswith(f" {word} ", place):
            yield text[start:place].strip()
            start = place + len(word) + 2
    yield text[start:].strip()


def _without_quoted(text: str) -> str:
    return _QUOTED.sub(lambda found: "'" + "_" * (len(found[0]) - 2) + "'", text)
