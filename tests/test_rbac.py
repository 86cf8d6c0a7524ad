"""Who may do what: a table of cases from the rules in Azure's documentation, and what must hold for all of them.

Sources, all below learn.microsoft.com/azure/role-based-access-control: overview, scope-overview, role-definitions,
deny-assignments, conditions-overview, conditions-format, built-in-roles.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiblint.azure import rights as reading
from aiblint.azure.actions import matches
from aiblint.azure.condition import holds_anyway
from aiblint.azure.rbac import (
    CONTRIBUTOR,
    EVERYONE,
    OWNER,
    DenyAssignment,
    PermissionSet,
    Principal,
    Rights,
    RoleAssignment,
    RoleDefinition,
    Verdict,
    has_role,
    may,
)
from aiblint.azure.scope import covers, parent, words

# -- the world of the table --------------------------------------------------------------------------------------------

_SUB = "/subscriptions/11111111-2222-3333-4444-555555555555"
_RG = f"{_SUB}/resourceGroups/images"
_VNET = f"{_SUB}/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub"
_GALLERY = f"{_RG}/providers/Microsoft.Compute/galleries/corporate"
_ACCOUNT = f"{_RG}/providers/Microsoft.Storage/storageAccounts/scripts"
SCOPES = {
    "root": "/",
    "company": "/providers/Microsoft.Management/managementGroups/company",
    "platform": "/providers/Microsoft.Management/managementGroups/platform",
    "elsewhere": "/providers/Microsoft.Management/managementGroups/elsewhere",
    "sub": _SUB,
    "other-sub": "/subscriptions/99999999-2222-3333-4444-555555555555",
    "images": _RG,
    "images2": f"{_RG}2",
    "network": f"{_SUB}/resourceGroups/network",
    "gallery": _GALLERY,
    "gallery2": f"{_GALLERY}2",
    "definition": f"{_GALLERY}/images/web",
    "version": f"{_GALLERY}/images/web/versions/1.0.0",
    "image": f"{_RG}/providers/Microsoft.Compute/images/base",
    "vnet": _VNET,
    "subnet": f"{_VNET}/subnets/build",
    "subnet2": f"{_VNET}/subnets/other",
    "identity": f"{_RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder",
    "account": _ACCOUNT,
    "container": f"{_ACCOUNT}/blobServices/default/containers/scripts",
    "container2": f"{_ACCOUNT}/blobServices/default/containers/private",
    "somewhere": "<imageVersionId>",
    "some-group": f"{_SUB}/resourceGroups/<resource group>",
    "some-image": f"{_RG}/providers/Microsoft.Compute/images/<name>",
    "some-sub-image": "/subscriptions/<subscription>/resourceGroups/images/providers/Microsoft.Compute/images/base",
}

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/"
_CONTROL = "Microsoft.Storage/storageAccounts/blobServices/"


def role(name: str, *sets: PermissionSet, guid: str = "") -> RoleDefinition:
    identifier = guid or name.lower()
    return RoleDefinition(f"{_SUB}/providers/Microsoft.Authorization/roleDefinitions/{identifier}", name, sets)


def of(*actions: str, less: tuple[str, ...] = (), data: tuple[str, ...] = (), less_data: tuple[str, ...] = (),
       condition: str | None = None) -> PermissionSet:  # fmt: skip
    return PermissionSet(actions, less, data, less_data, condition)


_LESS = (
    "Microsoft.Authorization/*/Delete",
    "Microsoft.Authorization/*/Write",
    "Microsoft.Authorization/elevateAccess/Action",
)
ROLES = (
    role("Owner", of("*"), guid=OWNER),
    role("Contributor", of("*", less=_LESS), guid=CONTRIBUTOR),
    role("Reader", of("*/read")),
    role("Compute", of("Microsoft.Compute/*")),
    role("NetworkReader", of("Microsoft.Network/*/read")),
    role("Join", of("Microsoft.Network/virtualNetworks/subnets/join/action")),
    role("Galleries", of("Microsoft.Compute/galleries/*", less=("Microsoft.Compute/galleries/*/delete",))),
    role("Versions", of("Microsoft.Compute/galleries/images/versions/*")),
    role("AnyVersions", of("Microsoft.Compute/*/versions/*")),
    role("ReadOnlyImages", of("Microsoft.Compute/images/*", less=("microsoft.compute/IMAGES/write",))),
    role("NoVersionWrite", of("*", less=("Microsoft.Compute/galleries/*/write",))),
    role("TwoSets", of("Microsoft.Compute/*", less=("Microsoft.Compute/images/write",)), of("Microsoft.Compute/images/write")),
    role("Operator", of("Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
                        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action")),
    role("Assigner", of("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action")),
    role("NoAssign", of("*", less=("Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",))),
    role("BlobReader", of(f"{_CONTROL}containers/read", data=(f"{_BLOBS}read",))),
    role("BlobOwner", of(f"{_CONTROL}containers/*", data=(f"{_BLOBS}*",))),
    role("BlobNoWrite", of(data=(f"{_BLOBS}*",), less_data=(f"{_BLOBS}write",))),
    role("DataEverything", of(data=("*",))),
    role("ControlNotData", of("*", data=(f"{_BLOBS}read",), less=(f"{_BLOBS}read",))),
    role("Conditional", of("Microsoft.Compute/*", condition="@Resource[x] StringEquals 'y'")),
    role("Nothing"),
    role("Empty", of()),
)  # fmt: skip

CONDITIONS = {
    "delegation": "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {1, 2})) AND "
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})) OR "
    "(@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {1, 2}))",
    "container": "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT "
    "SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] "
    "StringEquals 'scripts'))",
    "tag": "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Project] StringEquals 'x'",
}

ME, MY_GROUP, MY_OTHER_GROUP, A_GROUP, SOMEBODY = "me", "my-group", "my-other-group", "a-group", "somebody"
TYPES = {ME: "ServicePrincipal", SOMEBODY: "User", MY_GROUP: "Group", MY_OTHER_GROUP: "Group", A_GROUP: "Group"}
KNOWN = Principal(ME, (MY_GROUP, MY_OTHER_GROUP), True)
UNSURE = Principal(ME, (MY_GROUP,), False)


class Case(NamedTuple):
    """`held` are role assignments: `ROLE @ SCOPE [to WHOM] [if CONDITION]`; `denied` are deny assignments:
    `ROLE @ SCOPE [to WHOM,...] [except WHOM,...] [only here] [if CONDITION]`, which forbid what the role would grant.
    `asked` is an action and its scope; `data:` before it makes it a data action. `answer` is the answer and its kind.
    """

    why: str
    held: tuple[str, ...]
    asked: str
    answer: str
    denied: tuple[str, ...] = ()
    who: Principal = KNOWN
    gaps: tuple[str, str] = ("", "")
    above: tuple[str, ...] | None = (SCOPES["platform"], SCOPES["company"])


def _assignment(text: str, number: int) -> RoleAssignment:
    found = re.fullmatch(r"(\w+) @ ([\w-]+)(?: to ([\w-]+))?(?: if (\w+))?(?: via (\w+))?", text)
    assert found is not None, text
    whom = found[3] or ME
    defined = next((one.id for one in ROLES if one.name == found[1]), f"/x/roleDefinitions/{found[1]}")
    return RoleAssignment(
        id=f"assignment-{number}",
        role_definition_id=defined,
        principal_id=whom,
        scope=SCOPES[found[2]],
        principal_type=TYPES.get(whom, ""),
        condition=CONDITIONS[found[4]] if found[4] else None,
        through=found[5] or "",
    )


def _denial(text: str, number: int) -> DenyAssignment:
    found = re.fullmatch(r"(\w+) @ ([\w-]+)(?: to ([\w,-]+))?(?: except ([\w,-]+))?( only here)?(?: if (\w+))?", text)
    assert found is not None, text
    whom = (found[3] or "everyone").split(",")
    return DenyAssignment(
        id=f"denial-{number}",
        name=f"deny {found[1]}",
        scope=SCOPES[found[2]],
        permissions=next(one.permissions for one in ROLES if one.name == found[1]),
        principals=tuple(
            (EVERYONE, "SystemDefined") if one == "everyone" else (one, TYPES.get(one, "")) for one in whom
        ),
        excluded=tuple((one, TYPES.get(one, "")) for one in (found[4] or "").split(",") if one),
        applies_to_children=not found[5],
        condition=CONDITIONS[found[6]] if found[6] else None,
    )


def _rights(case: Case) -> Rights:
    held = tuple(_assignment(text, number) for number, text in enumerate(case.held))
    denied = tuple(_denial(text, number) for number, text in enumerate(case.denied))
    return Rights(held, ROLES, denied, case.above, *case.gaps)


def _ask(case: Case) -> Verdict:
    action, _, scope = case.asked.removeprefix("data:").partition(" @ ")
    return may(case.who, action, SCOPES[scope], _rights(case), data=case.asked.startswith("data:"))


# -- the table ---------------------------------------------------------------------------------------------------------

IMAGES_READ = "Microsoft.Compute/images/read"
IMAGES_WRITE = "Microsoft.Compute/images/write"
VERSIONS_WRITE = "Microsoft.Compute/galleries/images/versions/write"
VERSIONS_READ = "Microsoft.Compute/galleries/images/versions/read"
DEFINITION_READ = "Microsoft.Compute/galleries/images/read"
GALLERY_READ = "Microsoft.Compute/galleries/read"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
VNET_READ = "Microsoft.Network/virtualNetworks/read"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
STARRED_ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"
IDENTITY_READ = "Microsoft.ManagedIdentity/userAssignedIdentities/read"
TEMPLATE_WRITE = "Microsoft.VirtualMachineImages/imageTemplates/write"
ROLE_WRITE = "Microsoft.Authorization/roleAssignments/write"
ROLE_READ = "Microsoft.Authorization/roleAssignments/read"
BLOB_READ, BLOB_WRITE = f"data:{_BLOBS}read", f"data:{_BLOBS}write"

YES, NOTHING, TAKEN, DATA = "allowed role", "denied nothing", "denied not-actions", "denied data-action"
NARROWER, OTHER, DENY = "denied narrower-scope", "denied other-scope", "denied deny-assignment"

CASES = (
    # Scopes: what is given holds below.
    Case("the very scope", ("Compute @ image",), f"{IMAGES_READ} @ image", YES),
    Case("from the resource group", ("Compute @ images",), f"{IMAGES_READ} @ image", YES),
    Case("from the subscription", ("Compute @ sub",), f"{IMAGES_READ} @ image", YES),
    Case("from the management group over the subscription", ("Compute @ platform",), f"{IMAGES_READ} @ image", YES),
    Case("from a management group further up", ("Compute @ company",), f"{IMAGES_READ} @ image", YES),
    Case("from the root", ("Compute @ root",), f"{IMAGES_READ} @ image", YES),
    Case("from the root to a subscription", ("Compute @ root",), f"{IMAGES_READ} @ sub", YES),
    Case("from the root to the root", ("Owner @ root",), f"{ROLE_WRITE} @ root", YES),
    Case("from the subscription to a resource group", ("Compute @ sub",), f"{IMAGES_WRITE} @ images", YES),
    Case("the subscription itself", ("Compute @ sub",), f"{IMAGES_READ} @ sub", YES),
    Case("from a gallery to its image definition", ("Compute @ gallery",), f"{DEFINITION_READ} @ definition", YES),
    Case("from a gallery to a version", ("Compute @ gallery",), f"{VERSIONS_READ} @ version", YES),
    Case("from an image definition to its version", ("Compute @ definition",), f"{VERSIONS_READ} @ version", YES),
    Case("from a virtual network to a subnet", ("Join @ vnet",), f"{JOIN} @ subnet", YES),
    Case("the subnet itself", ("Join @ subnet",), f"{JOIN} @ subnet", YES),
    Case("from a storage account to a container", ("BlobReader @ account",), f"{BLOB_READ} @ container", YES),
    Case("the container itself", ("BlobReader @ container",), f"{BLOB_READ} @ container", YES),
    # Scopes: nothing holds upwards or sideways.
    Case("not up from a version", ("Compute @ version",), f"{DEFINITION_READ} @ definition", NARROWER),
    Case("not up from a definition", ("Compute @ definition",), f"{GALLERY_READ} @ gallery", NARROWER),
    Case("not up from a resource", ("Compute @ image",), f"{IMAGES_WRITE} @ images", NARROWER),
    Case("not up from a resource group", ("Compute @ images",), f"{IMAGES_READ} @ sub", NARROWER),
    Case("not up from a subnet", ("NetworkReader @ subnet",), f"{VNET_READ} @ vnet", NARROWER),
    Case("not up from a container", ("BlobReader @ container",), f"{BLOB_READ} @ account", NARROWER),
    Case("not up to the root", ("Owner @ sub",), f"{ROLE_WRITE} @ root", NARROWER),
    Case("not to another subnet", ("Join @ subnet2",), f"{JOIN} @ subnet", OTHER),
    Case("not to another container", ("BlobReader @ container2",), f"{BLOB_READ} @ container", OTHER),
    Case("not to another resource group", ("Compute @ network",), f"{IMAGES_READ} @ image", OTHER),
    Case("not to another subscription", ("Owner @ other-sub",), f"{IMAGES_READ} @ image", OTHER),
    Case("not from a management group beside", ("Owner @ elsewhere",), f"{IMAGES_READ} @ image", OTHER),
    Case("a name that begins alike is another one", ("Compute @ images2",), f"{IMAGES_READ} @ image", OTHER),
    Case("nor does a longer one hold the shorter", ("Compute @ gallery2",), f"{GALLERY_READ} @ gallery", OTHER),
    Case("from the resource group of the same name begun", ("Compute @ images",), f"{IMAGES_READ} @ images2", OTHER),
    Case("a sibling's child", ("Compute @ gallery2",), f"{VERSIONS_WRITE} @ version", OTHER),
    # Management groups that nobody could read.
    Case("over which subscriptions is not known", ("Owner @ company",), f"{IMAGES_READ} @ image", "unknown scope", above=None),
    Case("but a role below is enough", ("Owner @ company", "Compute @ sub"), f"{IMAGES_READ} @ image", YES, above=None),
    Case("and the root is over all", ("Owner @ root",), f"{IMAGES_READ} @ image", YES, above=None),
    Case("no management group is over it", ("Owner @ company",), f"{IMAGES_READ} @ image", OTHER, above=()),
    Case("a role that grants nothing leaves nothing open", ("Join @ company",), f"{IMAGES_READ} @ image", NOTHING, above=None),
    # Scopes of which a template leaves parts open.
    Case("known up to the role", ("Compute @ images",), f"{IMAGES_READ} @ some-image", YES),
    Case("known up to the subscription", ("Compute @ sub",), f"{IMAGES_WRITE} @ some-group", YES),
    Case("the root holds also what is open", ("Compute @ root",), f"{IMAGES_READ} @ somewhere", YES),
    Case("may be that resource group", ("Compute @ images",), f"{IMAGES_WRITE} @ some-group", "unknown scope"),
    Case("may be that image", ("Compute @ image",), f"{IMAGES_READ} @ some-image", "unknown scope"),
    Case("may be in that subscription", ("Compute @ sub",), f"{IMAGES_READ} @ some-sub-image", "unknown scope"),
    Case("may be anywhere", ("Compute @ sub",), f"{VERSIONS_READ} @ somewhere", "unknown scope"),
    Case("cannot be in that group whatever the name", ("Compute @ network",), f"{IMAGES_READ} @ some-image", OTHER),
    Case("nobody has a role: it does not matter where", (), f"{VERSIONS_READ} @ somewhere", NOTHING),
    # Actions and their wildcards.
    Case("all", ("Owner @ sub",), f"{TEMPLATE_WRITE} @ images", YES),
    Case("all of a provider", ("Compute @ sub",), f"{VERSIONS_WRITE} @ version", YES),
    Case("not of another provider", ("Compute @ sub",), f"{JOIN} @ subnet", NOTHING),
    Case("all reads", ("Reader @ sub",), f"{VERSIONS_READ} @ version", YES),
    Case("a read is no write", ("Reader @ sub",), f"{VERSIONS_WRITE} @ version", NOTHING),
    Case("a read is no join", ("Reader @ sub",), f"{JOIN} @ subnet", NOTHING),
    Case("all reads of a provider, of a type", ("NetworkReader @ sub",), f"{VNET_READ} @ vnet", YES),
    Case("all reads of a provider, of a child type", ("NetworkReader @ sub",), "Microsoft.Network/virtualNetworks/subnets/read @ subnet", YES),
    Case("not those of another", ("NetworkReader @ sub",), f"{IMAGES_READ} @ image", NOTHING),
    Case("all of a child type", ("Versions @ gallery",), f"{VERSIONS_WRITE} @ version", YES),
    Case("not of its parents", ("Versions @ gallery",), f"{DEFINITION_READ} @ definition", NOTHING),
    Case("nor of the parents' parents", ("Versions @ gallery",), f"{GALLERY_READ} @ gallery", NOTHING),
    Case("two wildcards", ("AnyVersions @ gallery",), f"{VERSIONS_WRITE} @ version", YES),
    Case("two wildcards that do not fit", ("AnyVersions @ gallery",), f"{DEFINITION_READ} @ definition", NOTHING),
    Case("one exact action", ("Join @ subnet",), f"{JOIN} @ subnet", YES),
    Case("and no other", ("Join @ vnet",), f"{VNET_READ} @ vnet", NOTHING),
    Case("a longer action is another", ("Join @ vnet",), f"{JOIN}/more @ vnet", NOTHING),
    Case("letter case of the action", ("Compute @ sub",), f"{IMAGES_READ.upper()} @ image", YES),
    Case("letter case of the exclusion", ("ReadOnlyImages @ images",), f"{IMAGES_WRITE} @ image", TAKEN),
    # The action on identities that is listed with a wildcard in it.
    Case("Managed Identity Operator may assign", ("Operator @ identity",), f"{ASSIGN} @ identity", YES),
    Case("and is asked so, too", ("Operator @ identity",), f"{STARRED_ASSIGN} @ identity", YES),
    Case("and may read", ("Operator @ identity",), f"{IDENTITY_READ} @ identity", YES),
    Case("and may not write", ("Operator @ identity",), "Microsoft.ManagedIdentity/userAssignedIdentities/write @ identity", NOTHING),
    Case("an exact role of one's own", ("Assigner @ identity",), f"{ASSIGN} @ identity", YES),
    Case("asked with the wildcard", ("Assigner @ identity",), f"{STARRED_ASSIGN} @ identity", YES),
    Case("which cannot read", ("Assigner @ identity",), f"{IDENTITY_READ} @ identity", NOTHING),
    Case("Contributor may assign", ("Contributor @ images",), f"{ASSIGN} @ identity", YES),
    Case("Reader may not", ("Reader @ images",), f"{ASSIGN} @ identity", NOTHING),
    Case("taken away with the wildcard", ("NoAssign @ images",), f"{ASSIGN} @ identity", TAKEN),
    # notActions: from the same role only.
    Case("Contributor creates templates", ("Contributor @ images",), f"{TEMPLATE_WRITE} @ images", YES),
    Case("Contributor gives no roles", ("Contributor @ sub",), f"{ROLE_WRITE} @ images", TAKEN),
    Case("Contributor reads roles", ("Contributor @ sub",), f"{ROLE_READ} @ images", YES),
    Case("Owner gives roles", ("Owner @ sub",), f"{ROLE_WRITE} @ images", YES),
    Case("Contributor and Owner", ("Contributor @ sub", "Owner @ images"), f"{ROLE_WRITE} @ images", YES),
    Case("taken by one role, given by another", ("NoVersionWrite @ sub", "Versions @ gallery"), f"{VERSIONS_WRITE} @ version", YES),
    Case("given by another, but elsewhere", ("NoVersionWrite @ sub", "Versions @ gallery2"), f"{VERSIONS_WRITE} @ version", TAKEN),
    Case("taken with a wildcard", ("NoVersionWrite @ sub",), f"{VERSIONS_WRITE} @ version", TAKEN),
    Case("what is not taken stays", ("NoVersionWrite @ sub",), f"{VERSIONS_READ} @ version", YES),
    Case("a delete that is taken", ("Galleries @ gallery",), "Microsoft.Compute/galleries/images/delete @ definition", TAKEN),
    Case("a delete beside it", ("Galleries @ gallery",), "Microsoft.Compute/galleries/images/write @ definition", YES),
    Case("one permission set takes from itself only", ("TwoSets @ images",), f"{IMAGES_WRITE} @ image", YES),
    Case("excluded and elsewhere: the nearer reason", ("ReadOnlyImages @ images", "Compute @ network"), f"{IMAGES_WRITE} @ image", TAKEN),
    # Data actions are another matter.
    Case("Storage Blob Data Reader reads", ("BlobReader @ container",), f"{BLOB_READ} @ container", YES),
    Case("and does not write", ("BlobReader @ container",), f"{BLOB_WRITE} @ container", NOTHING),
    Case("all data actions on blobs", ("BlobOwner @ account",), f"{BLOB_WRITE} @ container", YES),
    Case("Owner does not read blobs", ("Owner @ sub",), f"{BLOB_READ} @ container", DATA),
    Case("Contributor does not read blobs", ("Contributor @ account",), f"{BLOB_READ} @ container", DATA),
    Case("Reader does not read blobs", ("Reader @ account",), f"{BLOB_READ} @ container", DATA),
    Case("all data actions", ("DataEverything @ sub",), f"{BLOB_WRITE} @ container", YES),
    Case("are no control action", ("DataEverything @ sub",), f"{IMAGES_READ} @ image", NOTHING),
    Case("the name of a data action as a control action", ("BlobReader @ container",), f"{_BLOBS}read @ container", NOTHING),
    Case("notDataActions take away", ("BlobNoWrite @ account",), f"{BLOB_WRITE} @ container", TAKEN),
    Case("and leave the others", ("BlobNoWrite @ account",), f"{BLOB_READ} @ container", YES),
    Case("notActions take no data action", ("ControlNotData @ account",), f"{BLOB_READ} @ container", YES),
    Case("taken by one, given by another", ("BlobNoWrite @ account", "BlobOwner @ container"), f"{BLOB_WRITE} @ container", YES),
    Case("Owner, and a reader of another container", ("Owner @ sub", "BlobReader @ container2"), f"{BLOB_READ} @ container", DATA),
    # Roles that give nothing.
    Case("nobody gave anything", (), f"{IMAGES_READ} @ image", NOTHING),
    Case("a role without permissions", ("Nothing @ sub",), f"{IMAGES_READ} @ image", NOTHING),
    Case("a role with an empty one", ("Empty @ sub",), f"{IMAGES_READ} @ image", NOTHING),
    Case("several roles, none of use", ("Join @ sub", "BlobReader @ sub"), f"{IMAGES_READ} @ image", NOTHING),
    # Who: groups.
    Case("somebody else's role", ("Owner @ sub to somebody",), f"{IMAGES_READ} @ image", NOTHING),
    Case("through a group", ("Compute @ images to my-group",), f"{IMAGES_READ} @ image", YES),
    Case("through a group in a group", ("Compute @ images to my-other-group",), f"{IMAGES_READ} @ image", YES),
    Case("a group of others", ("Compute @ images to a-group",), f"{IMAGES_READ} @ image", NOTHING),
    Case("a group that one may be in", ("Compute @ images to a-group",), f"{IMAGES_READ} @ image", "unknown group", who=UNSURE),
    Case("a group that one is in, others not known", ("Compute @ images to my-group",), f"{IMAGES_READ} @ image", YES, who=UNSURE),
    Case("a group with a role that is of no use", ("Join @ images to a-group",), f"{IMAGES_READ} @ image", NOTHING, who=UNSURE),
    Case("a group with a role elsewhere", ("Compute @ network to a-group",), f"{IMAGES_READ} @ image", NOTHING, who=UNSURE),
    Case("somebody else is no group", ("Owner @ sub to somebody",), f"{IMAGES_READ} @ image", NOTHING, who=UNSURE),
    Case("what it is to whom the role is given is not known", ("Owner @ sub to unnamed",), f"{IMAGES_READ} @ image", "unknown group", who=UNSURE),
    Case("Azure itself says that the group counts", ("Compute @ images to a-group via builders",), f"{IMAGES_READ} @ image", YES, who=UNSURE),
    Case("one's own role besides", ("Compute @ images to a-group", "Compute @ sub"), f"{IMAGES_READ} @ image", YES, who=UNSURE),
    # Conditions.
    Case("on a condition", ("BlobReader @ account if container",), f"{BLOB_READ} @ container", "unknown condition"),
    Case("a condition about another action", ("BlobOwner @ account if container",), f"{BLOB_WRITE} @ container", YES),
    Case("a condition about all", ("BlobOwner @ account if tag",), f"{BLOB_WRITE} @ container", "unknown condition"),
    Case("with and without one", ("BlobReader @ account if container", "BlobReader @ container"), f"{BLOB_READ} @ container", YES),
    Case("a condition on what is not granted", ("BlobReader @ account if tag",), f"{BLOB_WRITE} @ container", NOTHING),
    Case("a constrained Owner gives roles", ("Owner @ sub if delegation",), f"{ROLE_WRITE} @ images", "unknown condition"),
    Case("a constrained Owner does all else", ("Owner @ sub if delegation",), f"{TEMPLATE_WRITE} @ images", YES),
    Case("the condition of a role", ("Conditional @ sub",), f"{IMAGES_READ} @ image", "unknown condition"),
    Case("the condition of a role and another role", ("Conditional @ sub", "Reader @ sub"), f"{IMAGES_READ} @ image", YES),
    Case("a condition elsewhere", ("BlobReader @ container2 if tag",), f"{BLOB_READ} @ container", NOTHING),
    # Deny assignments: they win.
    Case("denied at the very scope", ("Owner @ sub",), f"{IMAGES_READ} @ image", DENY, ("Compute @ image",)),
    Case("denied from the resource group", ("Owner @ sub",), f"{IMAGES_READ} @ image", DENY, ("Compute @ images",)),
    Case("denied from a management group", ("Owner @ image",), f"{IMAGES_READ} @ image", DENY, ("Compute @ company",)),
    Case("denied from the root", ("Owner @ image",), f"{IMAGES_READ} @ image", DENY, ("Compute @ root",)),
    Case("denied further up than it is granted", ("Owner @ image",), f"{IMAGES_READ} @ image", DENY, ("Compute @ sub",)),
    Case("denied elsewhere", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ network",)),
    Case("denied below", ("Owner @ sub",), f"{IMAGES_WRITE} @ images", YES, ("Compute @ image",)),
    Case("another action denied", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Join @ sub",)),
    Case("not for what lies below", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ images only here",)),
    Case("but for the scope itself", ("Owner @ sub",), f"{IMAGES_WRITE} @ images", DENY, ("Compute @ images only here",)),
    Case("the root only", ("Owner @ root",), f"{ROLE_WRITE} @ root", DENY, ("Owner @ root only here",)),
    Case("the management group only", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ platform only here",)),
    Case("all but reading denied", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("ReadOnlyImages @ network",)),
    Case("denied to me", ("Owner @ sub",), f"{IMAGES_READ} @ image", DENY, ("Compute @ sub to me",)),
    Case("denied to somebody else", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ sub to somebody",)),
    Case("denied to my group", ("Owner @ sub",), f"{IMAGES_READ} @ image", DENY, ("Compute @ sub to my-group",)),
    Case("denied to another group", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ sub to a-group",)),
    Case("denied to a group that one may be in", ("Owner @ sub",), f"{IMAGES_READ} @ image", "unknown group", ("Compute @ sub to a-group",), UNSURE),
    Case("denied to all but me", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ sub except me",)),
    Case("denied to all but somebody", ("Owner @ sub",), f"{IMAGES_READ} @ image", DENY, ("Compute @ sub except somebody",)),
    Case("denied to all but my group", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ sub except my-group",)),
    Case("denied to all but a group that one may be in", ("Owner @ sub",), f"{IMAGES_READ} @ image", "unknown group", ("Compute @ sub except a-group",), UNSURE),
    Case("denied to my group, but not to me", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("Compute @ sub to my-group except me",)),
    Case("denied less something", ("Owner @ sub",), f"{IMAGES_WRITE} @ image", YES, ("ReadOnlyImages @ sub",)),
    Case("denied, and that not less", ("Owner @ sub",), f"{IMAGES_READ} @ image", DENY, ("ReadOnlyImages @ sub",)),
    Case("a control action denied, data granted", ("BlobReader @ sub",), f"{BLOB_READ} @ container", YES, ("Owner @ sub",)),
    Case("data denied", ("BlobReader @ sub",), f"{BLOB_READ} @ container", DENY, ("BlobReader @ account",)),
    Case("data denied, control granted", ("Owner @ sub",), f"{IMAGES_READ} @ image", YES, ("DataEverything @ sub",)),
    Case("denied on a condition", ("BlobReader @ sub",), f"{BLOB_READ} @ container", "unknown condition", ("BlobReader @ sub if tag",)),
    Case("denied on one condition and without", ("BlobReader @ sub",), f"{BLOB_READ} @ container", DENY, ("BlobReader @ sub if tag", "BlobReader @ account")),
    Case("denied on a condition, and not granted", ("Owner @ sub",), f"{BLOB_READ} @ container", DATA, ("BlobReader @ sub if tag",)),
    Case("denied and not granted", (), f"{IMAGES_READ} @ image", DENY, ("Compute @ sub",)),
    Case("granted perhaps, denied for sure", ("BlobReader @ sub if tag",), f"{BLOB_READ} @ container", DENY, ("BlobReader @ sub",)),
    Case("the wildcard of identities denied", ("Owner @ sub",), f"{ASSIGN} @ identity", DENY, ("Operator @ images",)),
    Case("denied over an unknown management group", ("Owner @ sub",), f"{IMAGES_READ} @ image", "unknown scope", ("Compute @ company",), above=None),
    Case("denied where it may lie", ("Owner @ root",), f"{IMAGES_READ} @ some-image", "unknown scope", ("Compute @ image",)),
    # What could not be read.
    Case("a role that is not there", ("Lost @ sub",), f"{IMAGES_READ} @ image", "unknown role-unread"),
    Case("a role that is not there, elsewhere", ("Lost @ network",), f"{IMAGES_READ} @ image", NOTHING),
    Case("a role that is not there, somebody's", ("Lost @ sub to somebody",), f"{IMAGES_READ} @ image", NOTHING),
    Case("a role that is not there, and one that grants", ("Lost @ sub", "Compute @ sub"), f"{IMAGES_READ} @ image", YES),
    Case("a role that is not there, and a denial", ("Lost @ sub",), f"{IMAGES_READ} @ image", DENY, ("Compute @ sub",)),
    Case("listing is forbidden", (), f"{IMAGES_READ} @ image", "unknown assignments-unread", gaps=("403", "")),
    Case("listing is forbidden, some are known", ("Reader @ sub",), f"{IMAGES_WRITE} @ image", "unknown assignments-unread", gaps=("403", "")),
    Case("what is known is enough", ("Compute @ sub",), f"{IMAGES_READ} @ image", YES, gaps=("403", "")),
    Case("denials cannot be listed", ("Compute @ sub",), f"{IMAGES_READ} @ image", "unknown denials-unread", gaps=("", "403")),
    Case("which is no matter where nothing grants", ("Reader @ sub",), f"{IMAGES_WRITE} @ image", NOTHING, gaps=("", "403")),
    Case("a denial that is known is enough", ("Compute @ sub",), f"{IMAGES_READ} @ image", DENY, ("Compute @ sub",), gaps=("403", "403")),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_the_table(case: Case) -> None:
    verdict = _ask(case)
    assert f"{verdict.answer} {verdict.kind}" == case.answer, verdict


def test_the_table_is_large_and_has_no_doubles() -> None:
    assert len(CASES) >= 120
    assert len({case.why for case in CASES}) == len(CASES)
    assert {case.answer.partition(" ")[0] for case in CASES} == {"allowed", "denied", "unknown"}


# -- what is said ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "by", "because"),
    [
        ("from the resource group", "assignment-0", "role `Compute`, assigned at resource group `images`, grants it"),
        ("through a group", "assignment-0", "role `Compute`, assigned at resource group `images` through group `my-group`, grants it"),
        ("Contributor gives no roles", "assignment-0", "role `Contributor`, assigned at subscription `11111111-2222-3333-4444-555555555555`, "
         "grants it, but takes it away again by `Microsoft.Authorization/*/Write` in `notActions`"),
        ("Contributor does not read blobs", "assignment-0", "role `Contributor`, assigned at storage account `scripts`, gives the right to manage, but not to the data"),
        ("not to another subnet", "assignment-0", "role `Join` grants it, but only at subnet `hub/other`, not at subnet `hub/build`"),
        ("not up from a definition", "assignment-0", "role `Compute` grants it, but only at image definition `corporate/web`, not at gallery `corporate`"),
        ("a read is no join", None, "it has only the role `Reader` at subnet `hub/build`, and that does not grant it"),
        ("several roles, none of use", None, "it has only the roles `BlobReader`, `Join` at image `base`, and that does not grant it"),
        ("nobody gave anything", None, "it has no role at image `base`"),
        ("a group that one may be in", "assignment-0", "role `Compute`, assigned at resource group `images` through group `a-group`, grants it, "
         "but who is in that group is not known"),
        ("a role that is not there", "assignment-0", "role `lost`, assigned at subscription `11111111-2222-3333-4444-555555555555`, could not be read"),
        ("denied from a management group", "denial-0", "deny assignment `deny Compute` at management group `company` forbids it, whatever the roles"),
        ("denied on a condition", "denial-0", "deny assignment `deny BlobReader` at subscription `11111111-2222-3333-4444-555555555555` may forbid it, "
         "depending on what is requested"),
        ("denied from the root", "denial-0", "deny assignment `deny Compute` at the root of the tenant forbids it, whatever the roles"),
    ],
)  # fmt: skip
def test_the_assignment_that_decides_is_named(why: str, by: str | None, because: str) -> None:
    verdict = _ask(next(case for case in CASES if case.why == why))
    assert (verdict.by.id if verdict.by is not None else None, verdict.because) == (by, because)


def test_of_several_the_nearest_decides() -> None:
    verdict = _ask(
        Case("", ("Owner @ root", "Owner @ company", "Compute @ image", "Owner @ sub"), f"{IMAGES_READ} @ image", "")
    )
    assert verdict.by is not None and verdict.by.id == "assignment-2"
    verdict = _ask(Case("", ("Compute @ sub", "Compute @ company"), f"{IMAGES_READ} @ image", ""))
    assert verdict.by is not None and verdict.by.id == "assignment-0"


# -- a role that is asked for by name ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "denied", "answer"),
    [
        (("Contributor @ images",), (), "allowed role"),
        (("Owner @ sub",), (), "allowed role"),
        (("Owner @ sub if delegation",), (), "allowed role"),
        (("Owner @ sub if tag",), (), "unknown condition"),
        (("NoAssign @ images",), (), "unknown similar-role"),
        (("Compute @ images",), (), "denied nothing"),
        (("Contributor @ network",), (), "denied other-scope"),
        (("Contributor @ image",), (), "denied narrower-scope"),
        ((), (), "denied nothing"),
        (("Contributor @ images",), ("Compute @ images",), "unknown condition"),
        (("Contributor @ images",), ("DataEverything @ images",), "allowed role"),
        (("Contributor @ images",), ("Compute @ network",), "allowed role"),
    ],
)
def test_has_role(held: tuple[str, ...], denied: tuple[str, ...], answer: str) -> None:
    rights = _rights(Case("", held, "", "", denied))
    verdict = has_role(KNOWN, (CONTRIBUTOR, OWNER), SCOPES["images"], rights)
    assert f"{verdict.answer} {verdict.kind}" == answer, verdict


# -- what must always hold ---------------------------------------------------------------------------------------------

_held = st.builds(
    RoleAssignment,
    id=st.uuids().map(str),
    role_definition_id=st.sampled_from([*(one.id for one in ROLES), "/x/lost"]),
    principal_id=st.sampled_from([ME, MY_GROUP, A_GROUP, SOMEBODY]),
    scope=st.sampled_from(sorted(SCOPES.values())),
    principal_type=st.sampled_from(["", "Group", "User", "ServicePrincipal"]),
    condition=st.sampled_from([None, *CONDITIONS.values()]),
)
_principals = st.lists(
    st.sampled_from([(EVERYONE, "SystemDefined"), (ME, ""), (A_GROUP, "Group"), (SOMEBODY, "User")]), max_size=2
).map(tuple)
_denied = st.builds(
    DenyAssignment,
    id=st.uuids().map(str),
    name=st.just("denial"),
    scope=st.sampled_from(sorted(SCOPES.values())),
    permissions=st.sampled_from([one.permissions for one in ROLES]),
    principals=_principals,
    excluded=_principals,
    applies_to_children=st.booleans(),
    condition=st.sampled_from([None, CONDITIONS["tag"]]),
)
_some_rights = st.builds(
    Rights,
    assignments=st.lists(_held, max_size=5).map(tuple),
    definitions=st.just(ROLES),
    denials=st.lists(_denied, max_size=3).map(tuple),
    above=st.sampled_from([None, (), (SCOPES["platform"], SCOPES["company"])]),
    assignments_gap=st.sampled_from(["", "403"]),
    denials_gap=st.sampled_from(["", "403"]),
)
_asked = st.tuples(
    st.sampled_from([IMAGES_READ, IMAGES_WRITE, VERSIONS_WRITE, JOIN, ASSIGN, ROLE_WRITE, f"{_BLOBS}read"]),
    st.booleans(),
    st.sampled_from(sorted(SCOPES.values())),
    st.sampled_from([KNOWN, UNSURE]),
)
_ORDER = {"denied": 0, "unknown": 1, "allowed": 2}


def _verdict(asked: tuple[str, bool, str, Principal], rights: Rights) -> Verdict:
    action, data, scope, who = asked
    return may(who, action, scope, rights, data=data)


@given(_some_rights, _held, _asked)
def test_another_role_never_takes_a_right_away(
    rights: Rights, more: RoleAssignment, asked: tuple[str, bool, str, Principal]
) -> None:
    richer = rights._replace(assignments=(*rights.assignments, more))
    assert _ORDER[_verdict(asked, richer).answer] >= _ORDER[_verdict(asked, rights).answer]


@given(_some_rights, _denied, _asked)
def test_a_denial_never_gives_a_right(
    rights: Rights, more: DenyAssignment, asked: tuple[str, bool, str, Principal]
) -> None:
    poorer = rights._replace(denials=(*rights.denials, more))
    assert _ORDER[_verdict(asked, poorer).answer] <= _ORDER[_verdict(asked, rights).answer]


@given(_some_rights, _asked, st.randoms())
def test_order_never_matters(rights: Rights, asked: tuple[str, bool, str, Principal], chance: object) -> None:
    shuffled = rights._replace(
        assignments=tuple(_shuffled(rights.assignments, chance)),
        definitions=tuple(_shuffled(rights.definitions, chance)),
        denials=tuple(_shuffled(rights.denials, chance)),
        above=tuple(_shuffled(rights.above, chance)) if rights.above is not None else None,  # type: ignore[arg-type]
    )
    assert _verdict(asked, shuffled) == _verdict(asked, rights)


def _shuffled(things: tuple[object, ...], chance: object) -> list[object]:
    listed = list(things)
    chance.shuffle(listed)  # type: ignore[attr-defined]
    return listed


def _raised(value: object) -> object:
    """The same in capitals, all the way down; conditions are texts of their own."""
    if isinstance(value, (RoleAssignment, DenyAssignment, PermissionSet)):
        kept = {"condition": value.condition}
        return type(value)(**{**{name: _raised(one) for name, one in value._asdict().items()}, **kept})
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_raised(one) for one in value)
    if isinstance(value, (RoleDefinition, Rights, Principal)):
        return type(value)(**{name: _raised(one) for name, one in value._asdict().items()})
    return value.upper() if isinstance(value, str) else value


@given(_some_rights, _asked)
def test_case_never_matters(rights: Rights, asked: tuple[str, bool, str, Principal]) -> None:
    action, data, scope, who = asked
    raised = _raised(rights)
    assert isinstance(raised, Rights)
    one, other = _verdict(asked, rights), _verdict((action.upper(), data, scope.swapcase(), who), raised)
    assert (one.answer, one.kind) == (other.answer, other.kind)


@given(_some_rights, _asked)
def test_more_knowledge_never_turns_yes_into_no(rights: Rights, asked: tuple[str, bool, str, Principal]) -> None:
    """What is unknown may become anything; what is known stays as it is when gaps are closed with nothing in them."""
    answer = _verdict(asked, rights).answer
    closed = _verdict(asked, rights._replace(assignments_gap="", denials_gap="")).answer
    assert answer in ("unknown", closed)


# -- patterns, scopes, conditions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "a/b/c", True),
        ("*", "*", True),
        ("a/*", "*", False),
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", True),
        ("a/*", "a", False),
        ("*/c", "a/b/c", True),
        ("*/c", "c", False),
        ("a/*/c", "a/b/c", True),
        ("a/*/c", "a/b/b/c", True),
        ("a/*/c", "a/c", True),
        ("a/*/c", "a/xc", False),
        ("a/*/c", "ac", False),
        ("a/b*", "a/bcd", True),
        ("a/b*d/e", "a/bcd/e", True),
        ("a/*/b/*/c", "a/b/c", True),
        ("a/*/b/*/c", "a/x/b/y/c", True),
        ("a/*/*/c", "a/b/d/c", True),
        ("a/*b*/c", "a/b/c", True),
        ("ab*ba", "aba", False),
        ("a.b/c", "aXb/c", False),
        ("", "a", False),
        ("a/c", "a/*/c", True),
    ],
)
def test_patterns(pattern: str, action: str, expected: bool) -> None:
    assert matches(pattern, action) is expected


@given(st.text("ab/*", max_size=12), st.text("ab/", max_size=12))
def test_patterns_are_those_of_a_slow_but_plain_reading(pattern: str, action: str) -> None:
    if "/*/" in pattern:
        return
    plain = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(pattern, action) is (re.fullmatch(plain, action) is not None)


def test_many_wildcards_cost_little() -> None:
    assert not matches("*a" * 2000 + "b", "a" * 4000)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("/", "/", True),
        ("/subscriptions/A/", "/subscriptions/a", True),
        ("subscriptions/a", "/subscriptions/a/resourceGroups/b", True),
        ("/subscriptions/a/resourceGroups/b", "/subscriptions/a/resourcegroups/B/providers/x/y/z", True),
        ("/subscriptions/a/resourceGroups/<b>", "/subscriptions/a/resourceGroups/<b>", None),
        ("/subscriptions/a/resourceGroups/<b>", "/subscriptions/c/resourceGroups/<b>", False),
        ("<scope>", "/subscriptions/a", None),
        ("/providers/Microsoft.Management/managementGroups/m", "/providers/Microsoft.Management/managementGroups/M", True),
        ("/subscriptions/a", "/providers/Microsoft.Management/managementGroups/m", False),
    ],
)  # fmt: skip
def test_scopes(outer: str, inner: str, expected: bool | None) -> None:
    assert covers(outer, inner, ()) is expected


def test_the_words_of_scopes() -> None:
    assert {name: words(scope) for name, scope in SCOPES.items() if name in ("sub", "version", "vnet", "identity", "container", "somewhere")} == {
        "sub": "subscription `11111111-2222-3333-4444-555555555555`",
        "version": "image version `corporate/web/1.0.0`",
        "vnet": "virtual network `hub`",
        "identity": "identity `builder`",
        "container": "blob container `scripts/scripts`",
        "somewhere": "`<imageVersionId>`",
    }  # fmt: skip
    assert parent(SCOPES["version"], "galleries") == SCOPES["gallery"]
    assert parent(SCOPES["version"], "resourcegroups") == SCOPES["images"]
    assert parent("/subscriptions/1", "resourceGroups") == ""


@pytest.mark.parametrize(
    ("condition", "action", "expected"),
    [
        (CONDITIONS["delegation"], "Microsoft.Compute/images/read", True),
        (CONDITIONS["delegation"], "Microsoft.Authorization/roleAssignments/delete", False),
        (CONDITIONS["container"], f"{_BLOBS}write", True),
        (CONDITIONS["container"], f"{_BLOBS}read", False),
        (CONDITIONS["tag"], "Microsoft.Compute/images/read", False),
        ("(!(ActionMatches{'a/*'}) AND !(ActionMatches{'b/*'})) OR (@Request[x] StringEquals ' AND ')", "c/d", True),
        ("(!(ActionMatches{'a/*'}) AND !(ActionMatches{'b/*'})) OR (@Request[x] StringEquals ' AND ')", "b/d", False),
        ("!(ActionMatches{'a/b'})", "c", True),
        ("(ActionMatches{'a/b'}) OR (@Request[x] StringEquals 'y')", "c", False),
        ("!(ActionMatches{'a/b'} OR @Request[x] StringEquals 'y')", "c", False),
        ("(!(ActionMatches{'a/b'})) AND (@Request[x] StringEquals 'y')", "c", False),
        ("((!(ActionMatches{'a/b'}))", "c", False),
        ("", "c", False),
        (")(", "c", False),
    ],
)
def test_conditions_that_have_no_say(condition: str, action: str, expected: bool) -> None:
    assert holds_anyway(condition, action) is expected


@given(st.text("()!' ANDORx{}", max_size=40))
def test_no_condition_breaks_it(text: str) -> None:
    holds_anyway(text, "a/b")


# -- reading -----------------------------------------------------------------------------------------------------------

_NAMED = f"{_SUB}/providers/Microsoft.Authorization"


def test_role_assignments_are_read() -> None:
    page = {
        "value": [
            {
                "id": f"{_NAMED}/roleAssignments/1",
                "properties": {
                    "roleDefinitionId": f"{_NAMED}/roleDefinitions/{OWNER}",
                    "principalId": "ME",
                    "principalType": "ServicePrincipal",
                    "scope": _SUB,
                    "condition": "",
                },
            },
            {"id": f"{_NAMED}/roleAssignments/2", "properties": {"principalId": "group", "condition": "x"}},
        ]
    }
    first, second = reading.role_assignments(page, assigned_to="me")
    assert first == RoleAssignment(
        f"{_NAMED}/roleAssignments/1", f"{_NAMED}/roleDefinitions/{OWNER}", "ME", _SUB, "ServicePrincipal"
    )
    assert second == RoleAssignment(f"{_NAMED}/roleAssignments/2", "", "group", _SUB, "", "x", "group")
    assert may(Principal("me"), IMAGES_READ, _SUB, Rights((first,), ROLES)).answer == "allowed"
    # The root, by its ID alone; and nowhere at all.
    at_root, nowhere = reading.role_assignments([{"id": "/providers/Microsoft.Authorization/roleAssignments/3"}, {}])
    assert (at_root.scope, nowhere.scope) == ("/", "<scope>")
    flat = reading.role_assignments([{"id": "i", "scope": _SUB, "principalId": "p", "roleDefinitionId": "r"}])
    assert flat == (RoleAssignment("i", "r", "p", _SUB),)


def test_role_definitions_are_read() -> None:
    sets = [{"actions": ["a/read", 1], "notActions": None, "dataActions": ["d"], "condition": "c"}, "x"]
    defined = {"id": "/r/1", "name": "1", "properties": {"roleName": "Mine", "permissions": sets}}
    assert reading.role_definitions(defined) == (
        RoleDefinition("/r/1", "Mine", (PermissionSet(("a/read",), (), ("d",), (), "c"),)),
    )
    # Without permissions nothing is known of a role.
    assert reading.role_definitions({"value": [{"id": "/r/2", "properties": {}}]}) == ()


def test_deny_assignments_are_read() -> None:
    denial = {
        "id": f"{_NAMED}/denyAssignments/1",
        "properties": {
            "denyAssignmentName": "stack",
            "permissions": [{"actions": ["*/delete"]}],
            "scope": _RG,
            "doNotApplyToChildScopes": True,
            "principals": [{"id": EVERYONE, "type": "SystemDefined"}],
            "excludePrincipals": [{"id": "me", "type": "ServicePrincipal"}],
        },
    }
    on_trial = {"id": "x", "properties": {**denial["properties"], "denyAssignmentEffect": "Audit"}}  # type: ignore[dict-item]
    assert reading.deny_assignments({"value": [denial, on_trial]}) == (
        DenyAssignment(
            f"{_NAMED}/denyAssignments/1", "stack", _RG, (PermissionSet(("*/delete",)),),
            ((EVERYONE, "SystemDefined"),), (("me", "ServicePrincipal"),), False,
        ),
    )  # fmt: skip
    # One that does not say what it forbids may forbid anything.
    (vague,) = reading.deny_assignments({"properties": {"scope": _RG, "principals": [{"id": EVERYONE}]}})
    rights = Rights((_assignment("Owner @ sub", 0),), ROLES, (vague,))
    assert may(KNOWN, IMAGES_READ, SCOPES["image"], rights).kind == "condition"


def test_own_permissions_are_read() -> None:
    body = {"value": [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/write"]}], "nextLink": "n"}
    assignment, own = reading.own_permissions(body, ME, _RG)
    rights = Rights((assignment,), (own,))
    assert may(KNOWN, TEMPLATE_WRITE, _RG, rights).answer == "allowed"
    assert may(KNOWN, ROLE_WRITE, _RG, rights).kind == "not-actions"


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "properties", "permissions", "id", "scope", "actions", "principals"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(_anything)
def test_whatever_is_answered_can_be_read(body: object) -> None:
    rights = Rights(reading.role_assignments(body), reading.role_definitions(body), reading.deny_assignments(body))
    assert may(KNOWN, IMAGES_READ, _RG, rights).answer in ("allowed", "denied", "unknown")


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (
            reading.role_assignments,
            '{"value": [{"properties": {"roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/0b5fe924", '
            '"principalId": "ce2ce14e", "principalType": "User", "scope": "/subscriptions/a925f2f7"}, '
            '"id": "/subscriptions/a925f2f7/providers/Microsoft.Authorization/roleAssignments/b0f43c54", "name": "b0f43c54"}]}',
        ),
        (
            reading.deny_assignments,
            '{"value": [{"properties": {"denyAssignmentName": "d", "permissions": [{"actions": ["action"], "notActions": [], '
            '"dataActions": ["action"], "notDataActions": []}], "scope": "/subscriptions/subId", "principals": '
            '[{"id": "principalId1", "type": "principalType1"}], "isSystemProtected": true}, "id": "/subscriptions/subId/x"}]}',
        ),
    ],
)
def test_the_official_shapes_lose_nothing(read: object, body: str) -> None:
    (one,) = read(json.loads(body))  # type: ignore[operator]
    assert all((one.id, one.scope)) and one.scope.startswith("/subscriptions/")
