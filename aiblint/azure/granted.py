"""Whether what a template needs is granted in the real subscription: each need with a verdict, and what decides it.

Checks and `aiblint permissions --live` ask here. What is said is that of `rbac`, with further kinds of *unknown*:
"identity" (who the template's identity is could not be read), "service" (who Microsoft's application is only Graph
tells), "open" (the template leaves open where), "absent" (that is not there, so nobody can have a role at it),
"account" (the storage account was not found).
"""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from aiblint.azure import needs as needing
from aiblint.azure.needs import CALLER, SERVICE, Need
from aiblint.azure.rbac import ALLOWED, DENIED, UNKNOWN, Principal, Verdict
from aiblint.azure.scope import OPEN, parent, words
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiblint.azure.live import Azure

# What another check, the one that looks whether a thing is there, has said already.
SAID_ELSEWHERE = ("identity", "open", "absent")


class Granted(NamedTuple):
    """A need, its scope as Azure knows it, and whether it is granted."""

    need: Need
    verdict: Verdict


def weighed(azure: Azure, listed: Sequence[Need]) -> tuple[Granted, ...]:
    """What each of the needs comes to, all asked at once."""
    return azure.reader.side_by_side([partial(_weighed, azure, need) for need in listed])


def _weighed(azure: Azure, need: Need) -> Granted:
    if need.who == SERVICE:
        return Granted(need, Verdict(UNKNOWN, "service", "whom that is in this tenant only Microsoft Graph tells"))
    found = need
    if need.data:
        account = _at_account(azure, need)
        if isinstance(account, Verdict):
            return Granted(need, account)
        found = account
    if OPEN in found.scope or not found.scope.startswith("/subscriptions/"):
        return Granted(found, Verdict(UNKNOWN, "open", f"where {words(found.scope)} lies is not known"))
    verdict = _of_caller(azure, found) if need.who == CALLER else _of_identity(azure, found)
    # What is said of a place that is not there is said of the group around it.
    if verdict.answer == DENIED and verdict.kind != "deny-assignment" and azure.get(found.scope).kind == "missing":
        return Granted(found, _absent(found))
    return Granted(found, verdict)


def _of_identity(azure: Azure, need: Need) -> Verdict:
    if azure.identity is None:
        return Verdict(UNKNOWN, "identity", "which identity the template has is not known")
    principal = azure.principal()
    if not isinstance(principal, str):
        reason = principal.reason or "it has no principal"
        return Verdict(UNKNOWN, "identity", f"who the template's identity is could not be read: {reason}")
    return azure.may(need, principal)


def _of_caller(azure: Azure, need: Need) -> Verdict:
    """Azure tells in one answer what the caller may do; which role gives it stays open."""
    who = Principal(azure.caller)
    verdict = needing.decide(need, who, azure.own_rights(need.scope))
    place = words(need.scope)
    if verdict.kind == "assignments-unread" and azure.get(need.scope).kind == "missing":
        above = parent(need.scope, "subscriptions")
        verdict = needing.decide(need, who, azure.own_rights(above))
        if verdict.answer != ALLOWED:
            return _absent(need)
        place = words(above)
    if verdict.answer == ALLOWED:
        return verdict._replace(because=f"Azure says so for {place}", by=None)
    if verdict.answer == DENIED and verdict.kind != "deny-assignment":
        return verdict._replace(because=f"none of its roles grants that at {place}", by=None)
    if verdict.kind == "condition" and verdict.role is not None:
        return verdict._replace(because="a role grants it on a condition that only a request can meet", by=None)
    return verdict


def _absent(need: Need) -> Verdict:
    return Verdict(UNKNOWN, "absent", f"{words(need.scope)} is not there")


def _at_account(azure: Azure, need: Need) -> Need | Verdict:
    """The same need at the container as Azure knows it: an address tells the account's name, but not its group."""
    account = parent(need.scope, "storageAccounts").rpartition("/")[2]
    container = parent(need.scope, "containers").rpartition("/")[2]
    subscription = azure.home.subscription
    if not account or OPEN in account + container or not subscription:
        return need
    listed = azure.list(f"/subscriptions/{subscription}/providers/Microsoft.Storage/storageAccounts")
    if not listed.found:
        return Verdict(UNKNOWN, "account", f"where storage account `{account}` is could not be read: {listed.reason}")
    for found in listed.body:
        if found.get("name", "").lower() == account.lower() and _is_host(found, need.at.text):
            return need._replace(scope=f"{found['id']}/blobServices/default/containers/{container}")
    return Verdict(UNKNOWN, "account", f"storage account `{account}` is not in subscription `{subscription}`")


def _is_host(account: dict[str, dict[str, dict[str, str]]], address: str | None) -> bool:
    """Whether an address leads to a storage account: with DNS zones several have one name."""
    properties = account.get("properties", {})
    endpoints = [
        urlsplit(properties.get(which, {}).get("blob", "")).hostname
        for which in ("primaryEndpoints", "secondaryEndpoints")
    ]
    # Of an address that is not all known, the name has to do.
    return address is None or urlsplit(address).hostname in endpoints
