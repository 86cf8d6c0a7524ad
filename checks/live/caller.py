"""Live: what whoever submits the template is allowed, which is taken to be the account that is signed in."""

from __future__ import annotations

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING

from .verdicts import unchecked, undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.azure.granted import Granted
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate

OPERATIONS = "https://learn.microsoft.com/azure/role-based-access-control/permissions/compute"
DEPLOY = "https://learn.microsoft.com/azure/azure-resource-manager/templates/deploy-cli#required-permissions"
OPERATOR = "https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/identity"

# As many actions as a message names.
_MOST = 4
# Not each account that lints is the one that submits.
OTHER = "this is about the account that aiblint is signed in with; if another one submits, ignore this check"


@check("AIB708", "caller-cannot-submit", "error", OPERATIONS, DEPLOY)
def caller_cannot_submit(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the account that is signed in may submit the template to its resource group: write the template, read
    what became of it, start the build unless `autoRun` does, create its triggers, deploy the file where it is a
    deployment template, and assign the roles that the file assigns.

    ## Why it matters
    The submission fails with `AuthorizationFailed`, before anything is built. The identity of the template does not
    submit it.

    ## Bad
    The pipeline's service principal has the role `Reader` on the resource group.

    ## Good
    It has the role `Contributor` on the resource group, or a role with the actions that
    `aiblint permissions --output role --for caller` lists.
    """
    if not azure.home.subscription:
        return  # `provider-not-registered` says so
    at = template.resource.get("name") if not template.resource.get("name").is_missing else template.resource
    if not azure.home.resource_group:
        asked = unchecked(
            at, "the account that is signed in may submit the template", "its resource group is not known"
        )
        yield asked._replace(help="name the resource group with `--resource-group`")
        return
    by_place: dict[object, list[Granted]] = {}
    for one in _weighed(azure, template, of_identity=False):
        by_place.setdefault((one.need.scope.lower(), one.verdict.answer), []).append(one)
    for together in by_place.values():
        yield _judged(together, f"grant it at `{together[0].need.scope}`; `aiblint permissions` lists what it takes")


@check("AIB709", "caller-cannot-assign-identity", "error", OPERATOR)
def caller_cannot_assign_identity(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the account that is signed in may give the template its identity.

    ## Why it matters
    The submission fails with `LinkedAuthorizationFailed`, before anything is built: whoever puts an identity on a
    resource can act as it, so that needs a right of its own, at the identity.

    ## Bad
    The account has the role `Contributor` on the resource group of the template, and the identity is in another one.

    ## Good
    The account has the role `Managed Identity Operator` on the identity.
    """
    for one in _weighed(azure, template, of_identity=True):
        if one.verdict.kind not in ("open", "absent"):  # `identity-not-found` says so
            assignee = azure.caller or "<object id>"
            yield _judged(
                [one],
                f"`az role assignment create --assignee {assignee} "
                f'--role "Managed Identity Operator" --scope "{one.need.scope}"`',
            )


def _weighed(azure: Azure, template: ImageTemplate, *, of_identity: bool) -> Iterator[Granted]:
    """What the caller needs and whether it is granted: to give the identity, or all else."""
    from aiblint.azure.granted import weighed
    from aiblint.azure.needs import ASSIGN, CALLER, needs

    listed = [need for need in needs(template, azure.home) if need.who == CALLER]
    yield from weighed(azure, [need for need in listed if (need.action == ASSIGN) is of_identity])


def _judged(together: list[Granted], mend: str) -> Finding | Holds:
    """The verdict on what is needed in one place, all of it granted or all of it not."""
    together = [one for one in together if not one.need.doubt] or together
    need, verdict = together[0]
    actions = list(dict.fromkeys(f"`{one.need.action}`" for one in together))
    what = f"the account that is signed in may do {', '.join(actions)}"
    if verdict.answer == "allowed":
        return Holds(need.at, f"{what}: {verdict.because}")
    if verdict.answer == "unknown":
        return undecided(need.at, what, verdict)
    forbidden = verdict.kind == "deny-assignment"
    more = (f"nor is it allowed {', '.join(actions[_MOST:])}",) if actions[_MOST:] else ()
    return Finding(
        need.at,
        "the account that is signed in is not allowed what it takes to submit the template: "
        f"{', '.join(actions[:_MOST])}{' and more' if more else ''}",
        help="have it excluded from that deny assignment: no role outweighs it" if forbidden else mend,
        notes=(f"it {need.why}", *more, verdict.because, OTHER),
        severity="info" if need.doubt else "",
    )
