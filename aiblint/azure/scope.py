"""Scopes of Azure: resource IDs as segments, and which of them lie inside which.

Management groups hold subscriptions, those hold resource groups, those resources, and those child resources
(learn.microsoft.com/azure/role-based-access-control/scope-overview). What a template leaves open stands in an ID as
`<name>`: of such an ID it may not be known where it lies.
"""

from __future__ import annotations

# What stands for something that is not known.
OPEN = "<"
_GROUPS = ("providers", "microsoft.management", "managementgroups")


def segments(scope: str) -> tuple[str, ...]:
    """The parts of an ID in lower case; none for `/`, the root of all."""
    return tuple(part for part in scope.lower().split("/") if part)


def covers(outer: str, inner: str, above: tuple[str, ...] | None) -> bool | None:
    """Whether what holds at `outer` holds at `inner`, which is the same or lies below it; None if that is not known.

    `above` are the management groups over the subscription of `inner`; None if nobody could tell.
    """
    holder, held = segments(outer), segments(inner)
    if not holder or holder == held:
        return not _is_open(holder) or None
    if _is_open(holder[:1]) or _is_open(held[:1]):
        return None  # nothing is known of where it lies
    if holder[:3] == _GROUPS:
        if above is None:
            return None
        if any(segments(group) == holder for group in above):
            return True
        return None if _is_open(holder) or any(_is_open(segments(group)) for group in above) else False
    if len(holder) > len(held):
        return False
    alike: bool | None = True
    for one, other in zip(holder, held, strict=False):
        if one == other and OPEN not in one:
            continue
        if OPEN not in one + other:
            return False
        alike = None
    return alike


def parent(scope: str, kind: str) -> str:
    """The scope cut behind the name that follows the type `kind`; empty where it has no such type.

    `parent("/subscriptions/1/resourceGroups/g/providers/...", "resourceGroups")` is that resource group. Types and
    names alternate, so a resource group that is called `images` is no image.
    """
    parts = scope.rstrip("/").split("/")
    # Of an ID that does not begin as one, at least the end is known: that is a name.
    first = 1 if not parts[0] else len(parts) % 2
    for place in range(first, len(parts) - 1, 2):
        if parts[place].lower() == kind.lower() and parts[place + 1]:
            return "/".join(parts[: place + 2])
    return ""


def depth(scope: str) -> int:
    """How far down a scope is: the deeper of two that hold at one place is the nearer to it."""
    parts = segments(scope)
    return 0 if not parts else 1 if parts[:3] == _GROUPS else len(parts)


def words(scope: str) -> str:
    """A scope as messages call it: resource group `images`, subscription `1111...`, subnet `vnet/build`."""
    parts = [part for part in scope.split("/") if part]
    folded = segments(scope)
    if not parts:
        return "the root of the tenant"
    if folded[:3] == _GROUPS and len(parts) == 4:
        return f"management group `{parts[3]}`"
    if "providers" in folded:
        last = len(folded) - 1 - folded[::-1].index("providers")
        types, names = parts[last + 2 :: 2], parts[last + 3 :: 2]
        # Between an account and its containers stands `blobServices/default`, which says nothing.
        names = [name for name in names if name.lower() != "default"] if len(types) == len(names) else []
        if names:
            return f"{_KINDS.get('/'.join(folded[last + 2 :: 2]), types[-1])} `{'/'.join(names)}`"
    if folded[0] == "subscriptions" and len(parts) == 2:
        return f"subscription `{parts[1]}`"
    if folded[0] == "subscriptions" and len(parts) == 4 and folded[2] == "resourcegroups":
        return f"resource group `{parts[3]}`"
    return f"`{scope}`"


_KINDS = {
    "galleries": "gallery",
    "galleries/images": "image definition",
    "galleries/images/versions": "image version",
    "images": "image",
    "virtualnetworks": "virtual network",
    "virtualnetworks/subnets": "subnet",
    "userassignedidentities": "identity",
    "storageaccounts": "storage account",
    "storageaccounts/blobservices/containers": "blob container",
    "imagetemplates": "image template",
}


def _is_open(parts: tuple[str, ...]) -> bool:
    return any(OPEN in part for part in parts)
