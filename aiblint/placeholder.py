"""What people leave in a template for `sed`, a pipeline or the reader to fill in."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.source.document import Node

# `<subscriptionID>` and `#{name}#` mean nothing else in a setting.
_PLAIN = r"<[A-Za-z][\w .,/\-]{0,60}>|#\{[\w.\-]+\}#"
# `__name__`, `{{name}}`, `${name}`, `$(name)`, `PLACEHOLDER_X` are marks of pipelines; expressions may replace them.
_MARKED = (
    r"\b(?:PLACEHOLDER\w*|(?:REPLACE|CHANGE)_?ME)\b|\b__[A-Za-z]\w*?__\b"
    r"|\{\{\s*[\w.\-]+\s*\}\}|\$\{[\w.\-]+\}|\$\([\w.\-]+\)"
)
# Then what stands in angle brackets is XML or HTML.
_MARKUP = pattern(r"</[A-Za-z]|/>|<[A-Za-z][\w:.\-]*\s+[\w:.\-]+\s*=|<[?!]")
_SETTING = pattern(f"{_PLAIN}|{_MARKED}")
_PLAIN_ONLY = pattern(_PLAIN)
# In a script `<`, `$` and `{` have meanings of their own; this one has none.
_PROGRAM = pattern(r"<(?:your|insert|enter|replace)[\w .\-]*>|<subscription_?id>", re.IGNORECASE)

# Without one of these there is nothing to look for.
_SIGNS = ("<", "#{", "__", "{{", "${", "$(", "PLACEHOLDER", "REPLACE", "CHANGE")

_PROGRAMS = frozenset(("inline", "filters", "searchcriteria", "restartcommand", "restartcheckcommand", "script"))


def in_program(node: Node) -> bool:
    """Whether a string is a command or a query rather than a setting."""
    holder = node if node.key is not None else node.parent
    return holder is not None and holder.key is not None and str(holder.key.value).lower() in _PROGRAMS


def find(node: Node, deployed: bool = True) -> Iterator[re.Match[str]]:
    """The placeholders in a string node; `deployed` is false outside of resources: expressions may mend those."""
    text = str(node.value)
    if any(sign in text for sign in _SIGNS):
        looked_for = _PROGRAM if in_program(node) else _SETTING if deployed else _PLAIN_ONLY
        for found in looked_for.finditer(text):
            if not (found[0].startswith("<") and _MARKUP.search(text)):
                yield found
