"""Actions of Azure and the patterns that roles are made of, `Microsoft.Compute/galleries/*/read` say.

learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format: `*` stands for any characters, `/`
included, also several times in one pattern; letter case does not matter.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)  # a subscription has a hundred roles with the same few thousand patterns
def matches(pattern: str, action: str) -> bool:
    """Whether a pattern of a role means an action.

    `/*/` also means a single `/`: the operation is listed as `userAssignedIdentities/*/assign/action`, and so it stands
    in the built-in role Managed Identity Operator, but what is asked of ARM is `userAssignedIdentities/assign/action`.
    """
    # With all other slashes doubled, the two around an asterisk may be the halves of one.
    text = action.lower().replace("/*/", "/").replace("/", "//")
    first, *rest = pattern.lower().replace("/", "//").replace("//*//", "/*/").split("*")
    if not rest:
        return first == text
    last = rest.pop()
    end = len(text) - len(last)
    at = len(first)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in rest:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
