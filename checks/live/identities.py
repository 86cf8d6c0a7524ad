"""Live: the identities that a template names. Is each there, the one that was meant, and of this tenant?"""

from __future__ import annotations

from functools import partial

from aiblint.finding import Finding, Holds, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple

from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
VM_IDENTITIES = (
    "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
    "#user-assigned-identity-for-the-image-builder-build-vm"
)
OWN = "the template's identity"


@check("AIB710", "identity-not-found", "error", TROUBLESHOOT, VM_IDENTITIES)
def identity_not_found(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the identity of the template and for those of the build VM: whether each is there, whether it belongs
    to the tenant of the subscription, and whether it is still the one whose `principalId` the file, or the template
    that was submitted before, has. An identity that was deleted and made anew has the same name and another principal,
    which has none of the roles of the old one.

    ## Why it matters
    The submission fails. Of a template whose identity is gone Azure says `The assigned managed identity cannot be
    used`, and not even deleting the template works before it has another one.

    ## Bad
    `userAssignedIdentities` names an identity that was deleted.

    ## Good
    `userAssignedIdentities` names an identity of the same tenant, in this subscription or in another one.
    """
    named: dict[str, list[_Named]] = {}
    for one in _named(template, azure):
        if one.path is None:
            yield unknown(one.at, f"{one.what} is there", one.property)
        else:
            named.setdefault(one.path.lower(), []).append(one)
    asked = [*named, *_beside(azure)] if named else []
    answers = azure.reader.side_by_side([partial(azure.get, path) for path in asked])
    for together, answer in zip(named.values(), answers, strict=False):
        one = together[0]
        if answer.found:
            wrong = _of_another_tenant(azure, one, answer) or _made_anew(template, azure, one, answer)
            yield wrong or Holds(one.at, f"{one.what} is there")
        elif answer.kind == "missing":
            yield Finding(
                one.at,
                f"{one.what} is not there: Azure knows no `{one.path}`",
                help=f"mend `{one.property}`, or make the identity first, with `az identity create`",
                related=tuple(Related(other.at.span, "it is named here, too") for other in together[1:]),
            )
        else:
            yield unchecked(one.at, f"{one.what} is there", answer)


class _Named(NamedTuple):
    """An identity that the template names: `what` is what messages call it, `path` its ID, None where not known."""

    at: Value
    what: str
    path: str | None
    property: str


def _named(template: ImageTemplate, azure: Azure) -> Iterator[_Named]:
    from aiblint.azure.needs import identity_of

    own = identity_of(template, azure.home)
    if own is not None and _is_id(own[0]):
        yield _Named(own[1], OWN, azure.identity, "identity.userAssignedIdentities")
    listed = template.vm_profile.get("userAssignedIdentities")
    for at in (listed,) if listed.is_unknown else listed.items:
        path = azure.id(at)
        if not at.is_missing and (path is not None or at.text is None):
            name = f" `{path.rpartition('/')[2]}`" if path is not None else ""
            yield _Named(at, f"the identity{name} of the build VM", path, "vmProfile.userAssignedIdentities")


def _beside(azure: Azure) -> Iterator[str]:
    """What is asked for along with the identities: the subscription, and the template that is there already."""
    if azure.home.subscription:
        yield f"/subscriptions/{azure.home.subscription}"
        if azure.home.resource_group and azure.name:
            yield _submitted(azure)


def _submitted(azure: Azure) -> str:
    return f"{azure.home.scope}/providers/Microsoft.VirtualMachineImages/imageTemplates/{azure.name}"


def _is_id(text: str) -> bool:
    """Whether it is one, or may be: `malformed-resource-id` speaks of all others."""
    return text.startswith(("/subscriptions/", "<"))


def _of_another_tenant(azure: Azure, one: _Named, identity: Answer) -> Finding | None:
    """VM_IDENTITIES: identities of other subscriptions are supported, those of other tenants are not."""
    if not azure.home.subscription:
        return None
    tenant = azure.get(f"/subscriptions/{azure.home.subscription}").at("tenantId")
    own = identity.at("properties", "tenantId")
    if not tenant or not own or tenant.lower() == own.lower():
        return None
    return Finding(
        one.at,
        f"{one.what} belongs to tenant `{own}`, and the subscription to `{tenant}`",
        help="name an identity of the subscription's own tenant",
        notes=("identities of other subscriptions will do, but none of other tenants",),
    )


def _made_anew(template: ImageTemplate, azure: Azure, one: _Named, identity: Answer) -> Finding | None:
    """Whether the file, or the template that was submitted, remembers the template's identity as another one."""
    principal = str(identity.at("properties", "principalId") or "")
    if one.what != OWN or not principal:
        return None
    notes = ("the roles of the old principal do not count for the new one",)
    kept = _kept(azure, one.path or "")
    if kept and kept.lower() != principal.lower():
        return Finding(
            one.at,
            f"{one.what} was deleted and made anew: the template `{azure.name}` in Azure knows it by the principal "
            f"`{kept}`, and now it is `{principal}`",
            help="assign the roles to the new principal, and take the identity off the template and put it on again",
            notes=notes,
        )
    members = template.resource.get("identity", "userAssignedIdentities").members
    written = next((member.get("principalId") for _, member in members if not member.is_missing), None)
    if written is not None and written.text and written.text.lower() != principal.lower():
        return Finding(
            written,
            f"{one.what} was deleted and made anew: its principal is no longer `{written.text}`, but `{principal}`",
            help="assign the roles to the new principal, and take `principalId` and `clientId` out of the file",
            notes=notes,
            severity="warning",  # the service does not read these members
        )
    return None


def _kept(azure: Azure, path: str) -> str | None:
    """The principal that the template which is in Azure knows an identity by."""
    if not (azure.home.subscription and azure.home.resource_group and azure.name):
        return None
    identities = azure.get(_submitted(azure)).at("identity", "userAssignedIdentities")
    for name, member in identities.items() if isinstance(identities, dict) else ():
        if name.lower() == path.lower() and isinstance(member, dict):
            return member.get("principalId")
    return None
