"""Live: what the template's identity is allowed."""

from __future__ import annotations

from aiblint.finding import Finding, Holds, Related, check
from aiblint.light import TYPE_CHECKING

from .moment import moment
from .verdicts import undecided, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiblint.azure.granted import Granted
    from aiblint.azure.live import Azure
    from aiblint.azure.needs import Need
    from aiblint.azure.rbac import RoleAssignment, Verdict
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

PERMISSIONS = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-permissions-cli"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
VM_IDENTITIES = f"{JSON}#user-assigned-identity-for-the-image-builder-build-vm"
STAGING = f"{JSON}#properties-stagingresourcegroup"
VHD = f"{JSON}#distribute-vhd"
DELAY = "https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"

# DELAY, "Role assignment changes are not being detected".
MINUTES = 10


@check("AIB701", "cannot-read-source", "error", PERMISSIONS)
def cannot_read_source(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may read the image that the build begins with: a managed image, or a
    version of a gallery with its definition and its gallery.

    ## Why it matters
    The submission fails with `Not authorized to access the resource`, or the build does when it begins.

    ## Bad
    The identity has a role on the gallery that it publishes to, and none on the one that the source is in.

    ## Good
    The identity has a role with `Microsoft.Compute/galleries/read`, `galleries/images/read` and
    `galleries/images/versions/read` on the gallery of the source.
    """
    source = template.source
    wanted = _asked_by(source.get("imageId"), source.get("imageVersionId"))
    yield from _of_identity(azure, template, wanted)


@check("AIB702", "cannot-publish-to-gallery", "error", PERMISSIONS)
def cannot_publish_to_gallery(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may write a version into each gallery that the template distributes to,
    and read the gallery, its definition and the versions there.

    Microsoft also asks for `Microsoft.Compute/images/write`, `read` and `delete` on the resource group of the gallery,
    for an image in between. Newer builds seem to do without it, so that these alone are a warning.

    ## Why it matters
    The submission fails with `BadSharedImageDistribute`, or the build does at its very end, after all the time it took.

    ## Bad
    The role of the identity was assigned on the resource group of the template, and the gallery is in another one.

    ## Good
    The identity has a role with `Microsoft.Compute/galleries/read`, `galleries/images/read`,
    `galleries/images/versions/read` and `galleries/images/versions/write` on the gallery or on its resource group.
    """
    targets = [one.get("galleryImageId") for one in template.distributors if one.type == "SharedImage"]
    yield from _of_identity(azure, template, _asked_by(*targets))


@check("AIB703", "cannot-write-image", "error", PERMISSIONS)
def cannot_write_image(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may write, read and replace images in the resource group that a managed
    image is distributed to.

    ## Why it matters
    The build fails at its very end with `AuthorizationFailed`, after all the time it took.

    ## Bad
    The identity has the role `Reader` on the resource group of `imageId`.

    ## Good
    The identity has a role with `Microsoft.Compute/images/write`, `images/read` and `images/delete` on it.
    """
    targets = [one.get("imageId") for one in template.distributors if one.type == "ManagedImage"]
    yield from _of_identity(azure, template, _asked_by(*targets))


@check("AIB704", "cannot-join-subnet", "error", PERMISSIONS, JSON)
def cannot_join_subnet(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may read the virtual network of the build VM and join its subnet, and
    join the subnet of the container that drives the build.

    ## Why it matters
    The submission fails with `LinkedAuthorizationFailed`, or the build does when it makes its VM; an older form of the
    same failure is a network interface that is not found. Networks are often in a resource group or a subscription of
    their own, where the role for images does not reach.

    ## Bad
    The identity has the sample role for image creation, which says nothing of networks.

    ## Good
    The identity has a role with `Microsoft.Network/virtualNetworks/read` and
    `Microsoft.Network/virtualNetworks/subnets/join/action` on the virtual network.
    """
    network = template.vm_profile.get("vnetConfig")
    wanted = _asked_by(network.get("subnetId"), network.get("containerInstanceSubnetId"))
    yield from _of_identity(azure, template, wanted, "Network Contributor")


@check("AIB705", "cannot-assign-build-identity", "error", VM_IDENTITIES)
def cannot_assign_build_identity(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may give the build VM each of the identities in
    `vmProfile.userAssignedIdentities`. That goes for the template's own identity, too, where it is listed there.

    Microsoft asks for the right to read them as well; a role without it was seen to be enough, so that this alone is
    only information.

    ## Why it matters
    The build fails with `LinkedAuthorizationFailed` when it makes its VM.

    ## Bad
    The template's identity has no role on the identity of the build VM.

    ## Good
    The template's identity has the role `Managed Identity Operator` on each identity of the build VM.
    """
    wanted = _asked_by(*template.vm_profile.get("userAssignedIdentities").items)
    yield from _of_identity(azure, template, wanted, "Managed Identity Operator", "info")


@check("AIB706", "cannot-read-blob", "error", JSON, PERMISSIONS)
def cannot_read_blob(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may read the blobs that `scriptUri` and `sourceUri` name without a
    signature (SAS). The storage account is looked for in the subscription of the template.

    ## Why it matters
    The submission fails with `Downloading external file ... failed`. Roles to manage, `Owner` and `Contributor` among
    them, give no right to the data. Microsoft asks for the role even where the blob is public.

    ## Bad
    The identity has the role `Contributor` on the storage account.

    ## Good
    The identity has the role `Storage Blob Data Reader` on the container.
    """

    def wanted(need: Need) -> bool:
        # Of an address that is not all known `file-not-found` says so: it may have a signature.
        return need.data and need.action.endswith("/read") and not need.doubt

    yield from _of_identity(azure, template, wanted, "Storage Blob Data Reader")


@check("AIB707", "staging-group-rights", "error", STAGING)
def staging_group_rights(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template has the role `Contributor` or `Owner` on the staging resource group, if
    that group is there. One that is not there is made by the service, which gives the role itself.

    ## Why it matters
    The submission fails with `BadStagingResourceGroup`, or the build does when it makes its resources.

    ## Bad
    `stagingResourceGroup` names a group that was made beforehand, and the identity has only a role for images there.

    ## Good
    The identity has the role `Contributor` on that group.
    """
    group = azure.id(template.properties.get("stagingResourceGroup"))
    if group is not None and azure.get(group).kind != "missing":
        yield from _of_identity(azure, template, lambda need: need.role == "Contributor", "Contributor", "error")


@check("AIB712", "role-assigned-just-now", "warning", DELAY, TROUBLESHOOT)
def role_assigned_just_now(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether what the template's identity needs is granted by a role that was assigned less than ten minutes ago.

    ## Why it matters
    It takes up to ten minutes until a role counts everywhere. Until then the submission may fail with `Not authorized
    to access the resource`, although everything is granted.

    ## Bad
    A pipeline assigns the role and submits the template in its next step.

    ## Good
    The role was assigned yesterday, or the pipeline waits before it submits, and tries again.
    """
    allowed = [one for one in _weighed(azure, template, lambda need: True) if one.verdict.answer == "allowed"]
    young: dict[str, tuple[Need, RoleAssignment]] = {}
    for need, verdict in allowed:
        by: RoleAssignment | None = verdict.by  # type: ignore[assignment]  # only a role allows something
        if by is not None and _is_young(by) and not _is_granted_otherwise(azure, need):
            young.setdefault(by.id.lower(), (need, by))
    for need, by in young.values():
        yield Finding(
            need.at,
            f"the role by which the template's identity {need.why} was assigned less than {MINUTES} minutes ago",
            help=f"wait until {MINUTES} minutes have passed, or submit again if it fails",
            notes=(f"the role assignment is `{by.id}`", "it takes that long until a role counts everywhere"),
        )
    if allowed and not young:
        yield Holds(allowed[0].need.at, f"no role that the template's identity needs is younger than {MINUTES} minutes")


def _is_young(assignment: RoleAssignment) -> bool:
    from datetime import datetime, timedelta, timezone  # here and below: a run without `--live` needs none of it

    created = moment(assignment.created)
    return created is not None and datetime.now(timezone.utc) - created < timedelta(minutes=MINUTES)


def _is_granted_otherwise(azure: Azure, need: Need) -> bool:
    """Whether it is granted without what was assigned just now."""
    from aiblint.azure.needs import decide
    from aiblint.azure.rbac import Principal

    principal = azure.principal()
    if not isinstance(principal, str):
        return False
    rights = azure.rights(need.scope, principal)
    old = tuple(one for one in rights.assignments if not _is_young(one))
    who = Principal(principal, groups_known=True)
    return decide(need, who, rights._replace(assignments=old)).answer == "allowed"


@check("AIB713", "cannot-write-vhd", "warning", VHD)
def cannot_write_vhd(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may write blobs into the container that `uri` of a VHD distributor names.
    The storage account is looked for in the subscription of the template.

    Which right the service wants here is not documented. So this is a warning, and only information where the identity
    has a role to manage the storage account, which may do as well.

    ## Why it matters
    The build may fail at its very end, when it copies the VHD.

    ## Bad
    The identity has no role on the storage account of `uri`.

    ## Good
    The identity has the role `Storage Blob Data Contributor` on the container.
    """
    if template.api_version < "2022-07-01":
        return  # `unknown-property` says that there was no `uri` yet
    given = [distributor for distributor in template.distributors if distributor.type == "VHD"]
    for distributor in given:
        at = distributor.get("uri")
        if not at.is_missing and at.text is None:
            yield unknown(at, f"the template's identity may write the VHD of {distributor.label}", "uri")
    wanted = _asked_by(*(distributor.get("uri") for distributor in given if distributor.get("uri").text))
    yield from _of_identity(azure, template, wanted, "Storage Blob Data Contributor")


# -- what the identity needs -------------------------------------------------------------------------------------------


def _asked_by(*values: Value) -> Callable[[Need], bool]:
    """Whether it is one of these values that asks for a need."""
    places = {value.span[:2] for value in values if not value.is_missing}
    return lambda need: need.at.span[:2] in places


def _weighed(azure: Azure, template: ImageTemplate, wanted: Callable[[Need], bool]) -> tuple[Granted, ...]:
    """What the identity needs and whether it is granted, but for what another check has said already."""
    from aiblint.azure.granted import SAID_ELSEWHERE, weighed
    from aiblint.azure.needs import IDENTITY, needs

    listed = [need for need in needs(template, azure.home) if need.who == IDENTITY and wanted(need)]
    return tuple(one for one in weighed(azure, listed) if one.verdict.kind not in SAID_ELSEWHERE)


def _of_identity(
    azure: Azure, template: ImageTemplate, wanted: Callable[[Need], bool], role: str = "", doubtful: str = "warning"
) -> Verdicts:
    """The verdicts on what the identity needs, one for each place and answer.

    `role` is the built-in one that grants it; `doubtful` the severity where only that is lacking which may not be
    needed.
    """
    from aiblint.azure.scope import parent

    by_place: dict[object, list[Granted]] = {}
    for one in _weighed(azure, template, wanted):
        # Two subnets of one network take one role.
        place = parent(one.need.scope, "virtualNetworks").lower() or one.need.at.span[:2]
        by_place.setdefault((place, one.verdict.answer), []).append(one)
    for together in by_place.values():
        first = min(together, key=lambda one: bool(one.need.doubt))
        what = f"the template's identity {_may(together)}"
        if first.verdict.answer == "allowed":
            yield Holds(first.need.at, f"{what}: {first.verdict.because}")
        elif first.verdict.answer == "unknown":
            yield undecided(first.need.at, what, first.verdict)
        else:
            yield _lacking(azure, together, role, doubtful)


def _lacking(azure: Azure, together: list[Granted], role: str, doubtful: str) -> Finding:
    # What may not be needed goes along with what is.
    doubted = [one for one in together if one.need.doubt]
    sure = [one for one in together if not one.need.doubt]
    need, verdict = (sure or doubted)[0]
    scope = min((one.need.scope for one in sure or doubted), key=len)
    notes = [f"it {need.why}", verdict.because]
    if sure and doubted:
        notes.append(f"it may also need {_actions(doubted)} at `{doubted[0].need.scope}`: {doubted[0].need.doubt}")
    elif doubted and not need.role:
        notes.append(need.doubt)
    # Who may manage a storage account may also take its key.
    milder = "info" if verdict.kind == "data-action" else doubtful
    others = {one.need.at.span[:2]: one.need.at.span for one in together if one.need.at.span[:2] != need.at.span[:2]}
    return Finding(
        need.at,
        f"the template's identity is not allowed what the template needs: {_named(sure or doubted)}",
        help=_mend(azure, verdict, scope, role),
        notes=tuple(notes),
        related=tuple(Related(span, "this needs it, too") for span in others.values()),
        severity="" if sure else milder,
    )


def _mend(azure: Azure, verdict: Verdict, scope: str, role: str) -> str:
    if verdict.kind == "deny-assignment":
        return "have the identity excluded from that deny assignment: no role outweighs it"
    if not role:
        return f"grant it at `{scope}`; `aiblint permissions --output az` writes the commands"
    return (
        f"`az role assignment create --assignee-object-id {azure.principal()} "
        f'--assignee-principal-type ServicePrincipal --role "{role}" --scope "{scope}"`'
    )


def _may(granted: list[Granted]) -> str:
    return f"has {_named(granted)}" if granted[0].need.role else f"may do {_named(granted)}"


def _named(granted: list[Granted]) -> str:
    role = granted[0].need.role
    return f"the role `{role}`" if role else _actions(granted)


def _actions(granted: list[Granted]) -> str:
    return ", ".join(dict.fromkeys(f"`{one.need.action}`" for one in granted))
