"""What a template needs to be allowed: every action, who does it, at which scope, and what in the template asks for it.

The least set, feature by feature. Sources, below learn.microsoft.com/azure/virtual-machines/linux:
image-builder-permissions-cli (the template's identity), image-builder-json (identities of the build VM, subnets, the
staging resource group), image-builder-troubleshoot (the service itself). Where these leave a doubt, so does `Need`.

Not here, because it depends on the subscription and not on the template: marketplace terms, registering providers,
joining a DDoS plan that a policy asks for. Nor is what a caller may want to do later: cancel, delete, read logs.
"""

from __future__ import annotations

import re

from aiblint.arm.deployment import literal
from aiblint.azure.scope import parent
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.value import OpenKey, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.azure.rbac import Principal, Rights, Verdict
    from aiblint.template import Distributor, ImageTemplate

# Who needs it. The last one is Microsoft's own application, which is in every tenant that has registered the provider.
IDENTITY, CALLER, SERVICE = "template identity", "caller", "image builder service"
SERVICE_APP_ID = "cf32a0cc-373c-47c9-9156-0db11f6a6dfc"

# Where the service asks for a role and not for actions: the least one first.
CONTRIBUTOR = "Contributor"
ROLES = {CONTRIBUTOR: "b24988ac-6180-42a0-ab88-20f7382dd24c", "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"}

_COMPUTE = "Microsoft.Compute/"
_NETWORK = "Microsoft.Network/virtualNetworks/"
_TEMPLATES = "Microsoft.VirtualMachineImages/imageTemplates/"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
_DEPLOYMENTS = "Microsoft.Resources/deployments/"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
_READ_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/read"

_INTERMEDIATE = "documented also for galleries, for an image in between; newer builds seem to do without it"
_STAGING = "if the group is there before; otherwise the service makes it and gives the role itself"
_READS = "documented; a role with the other action alone was reported to be enough"
_OWN_VHD = "which right the service wants here is not documented"
_SAS = "unless what is not known of the address is a signature (SAS)"
_ELSEWHERE = "if the address, which is not known, is that of a blob without a signature (SAS)"
_OS = "if the source is Windows, which is not known"
_AUTO_RUN = "unless `autoRun` is enabled, which is not known"


class Need(NamedTuple):
    """One action that somebody must be allowed to do.

    `action` is written as ARM asks for it; `data` tells data actions. `role` is set where the service asks for a role
    (a key of ROLES), and `action` is then `*`. `scope` is a resource ID in which `<name>` stands for what the template
    leaves open. `why` completes "it ..."; `doubt` says when it may not be needed, empty where it is. `at` is the value
    that asks for it.
    """

    who: str
    action: str
    scope: str
    why: str
    at: Value
    data: bool = False
    role: str = ""
    doubt: str = ""


class Home(NamedTuple):
    """Where a template is deployed to; what is empty is not known."""

    subscription: str = ""
    resource_group: str = ""

    @property
    def scope(self) -> str:
        """The resource group."""
        group = self.resource_group or _OWN_GROUP
        return f"/subscriptions/{self.subscription or _OWN_SUBSCRIPTION}/resourceGroups/{group}"


_OWN_SUBSCRIPTION, _OWN_GROUP = "<subscription>", "<resource group>"
SOMEWHERE = Home()


def needs(template: ImageTemplate, home: Home = SOMEWHERE) -> tuple[Need, ...]:
    """All that a template needs, the template's identity first, then the caller; each action at each scope once."""
    found: dict[tuple[str, str, str, bool], Need] = {}
    for need in (*_of_identity(template, home), *_of_service(template, home), *_of_caller(template, home)):
        key = (need.who, need.action, need.scope.lower(), need.data)
        if key not in found or (found[key].doubt and not need.doubt):
            found[key] = need
    return tuple(found.values())


def gaps(template: ImageTemplate) -> tuple[str, ...]:
    """What the template leaves so open that needs may be missing from the list, each as a part of a sentence."""
    found = []
    if template.source_type is None:
        found.append("what the image is built from")
    if not template.distributors_known or any(one.type is None for one in template.distributors):
        found.append("what it is distributed to")
    if not template.steps_known:
        found.append("all of its steps")
    if template.vm_profile.get("vnetConfig").is_unknown:
        found.append("in which network it is built")
    if template.vm_profile.get("userAssignedIdentities").is_unknown:
        found.append("the identities of the build VM")
    return tuple(found)


def decide(need: Need, who: Principal, rights: Rights) -> Verdict:
    """Whether somebody is allowed what is needed."""
    from aiblint.azure import rbac  # here: a list of needs is made without weighing any

    if need.role:
        return rbac.has_role(who, tuple(ROLES.values()), need.scope, rights)
    return rbac.may(who, need.action, need.scope, rights, data=need.data)


def identity_of(template: ImageTemplate, home: Home = SOMEWHERE) -> tuple[str, Value] | None:
    """The resource ID of the template's identity and where it stands; None for a template without one."""
    identities = template.resource.get("identity", "userAssignedIdentities")
    for name, member in identities.members:
        if not member.is_missing:
            key = member.node.key or member.node
            data: object = name.data if isinstance(name, OpenKey) else name
            value = literal(key) if data == key.value else Value(data, key, key)
            return identifier(value, "template identity", home), value
    return ("<template identity>", identities) if identities.is_unknown else None


# -- the template's identity -------------------------------------------------------------------------------------------


def _of_identity(template: ImageTemplate, home: Home) -> Iterator[Need]:
    yield from _source(template, home)
    yield from _files(template)
    yield from _network(template, home)
    yield from _build_identities(template, home)
    for distributor in template.distributors:
        yield from _distribution(template, distributor, home)
    staging = _staging(template, home)
    if staging is not None:
        group, at = staging
        yield Need(IDENTITY, "*", group, "builds in this staging resource group", at, role=CONTRIBUTOR, doubt=_STAGING)


def _source(template: ImageTemplate, home: Home) -> Iterator[Need]:
    # A marketplace image asks for no right, only for its terms to be accepted.
    if template.source_type == "ManagedImage":
        at = template.source.get("imageId")
        if not at.is_missing:
            yield Need(
                IDENTITY, f"{_COMPUTE}images/read", identifier(at, "imageId", home), "reads the source image", at
            )
    elif template.source_type == "SharedImageVersion":
        at = template.source.get("imageVersionId")
        version = identifier(at, "imageVersionId", home)
        # Images that others share stand in no resource group, and what they take is not documented.
        if at.is_missing or re.search(r"/(?:shared|community)galleries/", version, re.IGNORECASE):
            return
        gallery = _part(version, "galleries", "gallery of imageVersionId")
        definition = _part(version, "images", "image of imageVersionId")
        # `latest` is looked up among the versions of the definition.
        at_version = definition if version.lower().endswith("/versions/latest") else version
        yield Need(IDENTITY, f"{_COMPUTE}galleries/read", gallery, "reads the gallery of the source", at)
        yield Need(
            IDENTITY, f"{_COMPUTE}galleries/images/read", definition, "reads the image definition of the source", at
        )
        yield Need(
            IDENTITY,
            f"{_COMPUTE}galleries/images/versions/read",
            at_version,
            "reads the image version of the source",
            at,
        )


def _files(template: ImageTemplate) -> Iterator[Need]:
    owners = [(step.label, step.value, step.type) for step in template.steps]
    owners.append(("`optimize.workload`", template.properties.get("optimize", "workload"), "Shell"))
    for label, owner, type_ in owners:
        # What is called scriptUri was called script in the previews of 2018 and February 2019.
        names = {"File": ("sourceUri",), "Shell": ("scriptUri", "script"), "PowerShell": ("scriptUri", "script")}
        for name in names.get(type_ or "", ()):
            at = owner.get(name)
            blob = None if at.is_missing or at.text == "" else _container(at, name)
            if blob is not None:
                container, doubt = blob
                why = f"downloads `{name}` of {label}"
                yield Need(IDENTITY, f"{_BLOBS}read", container, why, at, data=True, doubt=doubt)
                break


def _network(template: ImageTemplate, home: Home) -> Iterator[Need]:
    join = f"{_NETWORK}subnets/join/action"
    at = template.vm_profile.get("vnetConfig", "subnetId")
    if _is_given(at):
        subnet = identifier(at, "subnetId", home)
        network = _part(subnet, "virtualNetworks", "virtual network of subnetId")
        yield Need(IDENTITY, f"{_NETWORK}read", network, "finds the virtual network of the build VM", at)
        yield Need(IDENTITY, join, subnet, "puts the build VM into this subnet", at)
    at = template.vm_profile.get("vnetConfig", "containerInstanceSubnetId")
    if _is_given(at):
        why = "puts the container that drives the build into this subnet"
        yield Need(IDENTITY, join, identifier(at, "containerInstanceSubnetId", home), why, at)


def _build_identities(template: ImageTemplate, home: Home) -> Iterator[Need]:
    for at in template.vm_profile.get("userAssignedIdentities").items:
        if _is_given(at):
            identity = identifier(at, "identity of the build VM", home)
            yield Need(IDENTITY, ASSIGN, identity, "gives this identity to the build VM", at)
            yield Need(IDENTITY, _READ_IDENTITY, identity, "finds this identity of the build VM", at, doubt=_READS)


def _distribution(template: ImageTemplate, distributor: Distributor, home: Home) -> Iterator[Need]:
    label = distributor.label
    if distributor.type == "ManagedImage" and _is_given(distributor.get("imageId")):
        at = distributor.get("imageId")
        group = _part(identifier(at, "imageId", home), "resourceGroups", "resource group of imageId")
        yield from _image_in(group, at, f"the image of {label}", "")
    elif distributor.type == "SharedImage" and _is_given(distributor.get("galleryImageId")):
        at = distributor.get("galleryImageId")
        image = identifier(at, "galleryImageId", home)
        gallery = _part(image, "galleries", "gallery of galleryImageId")
        definition = _part(image, "images", "image of galleryImageId")
        galleries = f"{_COMPUTE}galleries/"
        yield Need(IDENTITY, f"{galleries}read", gallery, f"finds the gallery of {label}", at)
        yield Need(IDENTITY, f"{galleries}images/read", definition, f"finds the image definition of {label}", at)
        yield Need(
            IDENTITY, f"{galleries}images/versions/read", definition, f"looks for the versions that {label} has", at
        )
        yield Need(
            IDENTITY, f"{galleries}images/versions/write", definition, f"writes the image version of {label}", at
        )
        group = _part(image, "resourceGroups", "resource group of galleryImageId")
        yield from _image_in(group, at, f"an image in between for {label}", _INTERMEDIATE)
    elif distributor.type == "VHD" and _is_given(distributor.get("uri")) and template.api_version >= "2022-07-01":
        at = distributor.get("uri")
        blob = _container(at, "uri")
        if blob is not None:
            yield Need(IDENTITY, f"{_BLOBS}write", blob[0], f"writes the VHD of {label}", at, data=True, doubt=_OWN_VHD)


def _image_in(group: str, at: Value, what: str, doubt: str) -> Iterator[Need]:
    for action, does in (("write", "writes"), ("read", "reads"), ("delete", "replaces")):
        yield Need(IDENTITY, f"{_COMPUTE}images/{action}", group, f"{does} {what}", at, doubt=doubt)


# -- the service -------------------------------------------------------------------------------------------------------


def _of_service(template: ImageTemplate, home: Home) -> Iterator[Need]:
    """A staging group of one's own, a subnet without one for the container, and Windows: all three together."""
    staging = _staging(template, home)
    network = template.vm_profile.get("vnetConfig")
    windows = _is_windows(template)
    if staging is None or windows is False or not _is_given(network.get("subnetId")):
        return
    if _is_given(network.get("containerInstanceSubnetId")):
        return  # then there is no proxy VM, and it was for its disk that the service needed the role
    group, at = staging
    doubt = f"{_OS}, and {_STAGING}" if windows is None else _STAGING
    yield Need(SERVICE, "*", group, "makes the disk of its proxy VM in this group", at, role=CONTRIBUTOR, doubt=doubt)


def _is_windows(template: ImageTemplate) -> bool | None:
    """As the steps tell, or a publisher of Windows; None where nothing does."""
    types = {step.type for step in template.steps}
    publisher = (template.source.get("publisher").text or "").lower()
    if types & {"PowerShell", "WindowsRestart", "WindowsUpdate"} or publisher.startswith("microsoftwindows"):
        return True
    return False if "Shell" in types or publisher else None


def _staging(template: ImageTemplate, home: Home) -> tuple[str, Value] | None:
    at = template.properties.get("stagingResourceGroup")
    return (identifier(at, "stagingResourceGroup", home), at) if _is_given(at) else None


# -- the caller --------------------------------------------------------------------------------------------------------


def _of_caller(template: ImageTemplate, home: Home) -> Iterator[Need]:
    from aiblint.template import triggers

    resource = template.resource
    at = resource.get("name") if not resource.get("name").is_missing else resource
    group = home.scope
    # What is not there yet is in no narrower scope than the group.
    yield Need(CALLER, f"{_TEMPLATES}write", group, "submits the template", at)
    yield Need(CALLER, f"{_TEMPLATES}read", group, "reads what became of it", at)
    auto = template.properties.get("autoRun", "state")
    if (auto.text or "").lower() != "enabled":
        doubt = _AUTO_RUN if not auto.is_missing and auto.text is None else ""
        yield Need(CALLER, f"{_TEMPLATES}run/action", group, "starts the build", at, doubt=doubt)
    identity = identity_of(template, home)
    if identity is not None:
        yield Need(CALLER, ASSIGN, identity[0], "gives the template its identity", identity[1])
    for trigger in triggers(template):
        what = trigger.value.get("name") if not trigger.value.get("name").is_missing else trigger.value
        yield Need(CALLER, f"{_TEMPLATES}triggers/write", group, "creates the trigger", what)
        yield Need(CALLER, f"{_TEMPLATES}triggers/read", group, "reads what became of the trigger", what)
    if template.deployment is not None:
        yield from _deploying(template, home)


def _deploying(template: ImageTemplate, home: Home) -> Iterator[Need]:
    deployment = template.deployment
    assert deployment is not None
    root = deployment.document.root
    schema = root.member("$schema") if root is not None else None
    whole = "subscriptiondeploymenttemplate" in (str(schema.value).lower() if schema is not None else "")
    scope = home.scope.partition("/resourceGroups/")[0] if whole else home.scope
    at = Value(schema.value, schema) if schema is not None else template.resource
    for action, why in (
        ("validate/action", "has the deployment checked before it begins"),
        ("write", "starts the deployment"),
        ("read", "reads what became of the deployment"),
        ("operationStatuses/read", "waits for the deployment"),
        ("operations/read", "reads what failed in the deployment"),
    ):
        yield Need(CALLER, f"{_DEPLOYMENTS}{action}", scope, why, at)
    if whole:  # and in that, one of the group that the template comes to
        yield Need(CALLER, f"{_DEPLOYMENTS}write", home.scope, "starts the deployment inside it", at)
    for kind, what in (("roleAssignments", "assigns a role"), ("roleDefinitions", "defines a role")):
        for resource in deployment.of_type(f"microsoft.authorization/{kind.lower()}"):
            if resource.value.get("condition").flag is not False:
                own = Value(None, resource.node)
                # Contributor has neither.
                yield Need(
                    CALLER, f"Microsoft.Authorization/{kind}/write", scope, f"{what} in the same deployment", own
                )
                break


# -- identifiers -------------------------------------------------------------------------------------------------------


def _is_given(value: Value) -> bool:
    return not value.is_missing and value.text != ""


def _part(identifier: str, kind: str, otherwise: str) -> str:
    return parent(identifier, kind) or f"<{otherwise}>"


_PARAMETER = pattern(r"parameter `([^`]+)`|`([^`(]+)`")
_OWN = pattern(r"`(resourceGroup|subscription)\(\)`|the (resource group|subscription) is known only")


def identifier(value: Value, name: str, home: Home) -> str:
    """A resource ID as text, with a placeholder for each piece that is not known, and for all of it by its `name`."""
    data = value.data
    pieces = (data,) if isinstance(data, Unknown) else value.pieces
    text = ""
    for piece in pieces:
        text += piece if isinstance(piece, str) else _placeholder(piece, text, name, home)
    return text.rstrip("/") if text.strip("/") else f"<{name}>"


def _placeholder(piece: Unknown, before: str, name: str, home: Home) -> str:
    own = _OWN.match(piece.reason)
    kind = before.rstrip("/").rpartition("/")[2].lower() if before.endswith("/") else ""
    if own is not None:
        group = (own[1] or own[2]).lower() in ("resourcegroup", "resource group")
        if not before:
            return home.scope if group else home.scope.partition("/resourceGroups/")[0]
        if kind == "subscriptions":
            return home.subscription or _OWN_SUBSCRIPTION
        return (home.resource_group or _OWN_GROUP) if group else _OWN_SUBSCRIPTION
    found = _PARAMETER.search(piece.reason)
    word = re.sub(r"[^\w .-]+|^_+|_+$", "", (found[1] or found[2]) if found is not None else "").strip()
    return f"<{word or _NAMES.get(kind, name if not before else 'unknown')}>"


# What a piece is called by the type before it, if nothing else tells.
_NAMES = {
    "subscriptions": "other subscription",
    "resourcegroups": "other resource group",
    "galleries": "gallery",
    "images": "image",
    "versions": "version",
    "virtualnetworks": "virtual network",
    "subnets": "subnet",
    "userassignedidentities": "identity",
}

_HOST = pattern(
    r"https?://(?P<account>[^./?#]+)(?:\.z\d+)?\.blob\."
    r"(?:core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)|storage\.azure\.net|<[^>]*>)(?::\d+)?"
    r"(?P<path>/[^?#]+)",
    re.IGNORECASE,
)


def _container(uri: Value, name: str) -> tuple[str, str] | None:
    """The container that a URI leads to, and what makes it doubtful; None for what needs no right in Azure Storage."""
    pieces = (uri.data,) if isinstance(uri.data, Unknown) else uri.pieces
    text = "".join(piece if isinstance(piece, str) else _placeholder(piece, ":", name, SOMEWHERE) for piece in pieces)
    if re.search(r"[?&]sig=", text, re.IGNORECASE):
        return None
    found = _HOST.match(text)
    if found is None:
        begins_open = bool(pieces) and not isinstance(pieces[0], str)
        host_open = re.match(r"https?://[^/]*<", text, re.IGNORECASE) is not None
        return (f"<container of {name}>", _ELSEWHERE) if begins_open or host_open else None
    account = found["account"].lower() if "<" not in found["account"] else found["account"]
    steps = found["path"].strip("/").split("/")
    # A blob that is in no container is in the one of the root.
    container = steps[0] if len(steps) > 1 else f"<container of {name}>" if "<" in steps[0] else "$root"
    whose = account.strip("<>")
    scope = (
        f"/subscriptions/<subscription of {whose}>/resourceGroups/<resource group of {whose}>"
        f"/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/{container}"
    )
    return scope, _SAS if text.endswith(">") else ""
