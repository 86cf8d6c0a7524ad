"""What a template needs to be allowed: for each of its features exactly which actions, and none without it."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest

from aiblint.arm.parameters import gather
from aiblint.azure import needs as asked
from aiblint.azure.needs import CALLER, IDENTITY, SERVICE, Home, Need, gaps, identity_of, needs
from aiblint.azure.rbac import PermissionSet, Principal, Rights, RoleAssignment, RoleDefinition
from tests.examples import GALLERY_IMAGE, SUBSCRIPTION
from tests.examples import IDENTITY as BUILDER
from tests.templates import deployment, nested, resource, templates

IMAGES = f"{SUBSCRIPTION}/resourceGroups/images"
NETWORK = f"{SUBSCRIPTION}/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub"
STAGING = f"{SUBSCRIPTION}/resourceGroups/staging"
GALLERY = f"{IMAGES}/providers/Microsoft.Compute/galleries/corporate"
HERE = "/subscriptions/<subscription>/resourceGroups/<resource group>"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
ACCOUNT = (
    "/subscriptions/<subscription of contoso>/resourceGroups/<resource group of contoso>"
    "/providers/Microsoft.Storage/storageAccounts/contoso/blobServices/default/containers/"
)
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"

# Nothing but a marketplace image and a VHD in the staging group: the identity needs no right at all.
BARE: dict[str, Any] = {"distribute": [{"type": "VHD", "runOutputName": "vhd"}]}


def of(text: str, home: Home = asked.SOMEWHERE, **given: str) -> tuple[Need, ...]:
    (template,) = templates(text, gather(tuple(f"{name}={value}" for name, value in given.items())))
    return needs(template, home)


def of_body(properties: dict[str, Any] | None = None, **members: Any) -> tuple[Need, ...]:
    """What a bare resource needs that has these properties in place of a sound one's."""
    return of(json.dumps(resource({**BARE, **(properties or {})}, **members)))


def lines(found: tuple[Need, ...]) -> set[str]:
    """Each as `[?] who: action @ scope`; the question mark stands for a doubt."""
    return {
        ("? " if need.doubt else "")
        + f"{need.who}: {'data ' if need.data else ''}{need.role or need.action} @ {need.scope}"
        for need in found
    }


def step(type_: str = "Shell", **members: Any) -> dict[str, Any]:
    return {"customize": [{"type": type_, "name": "Get", **members}]}


class Feature(NamedTuple):
    name: str
    properties: dict[str, Any]
    added: set[str]


def image_rights(group: str, mark: str = "") -> set[str]:
    return {f"{mark}{IDENTITY}: Microsoft.Compute/images/{action} @ {group}" for action in ("write", "read", "delete")}


def blob(container: str, mark: str = "", action: str = "read") -> set[str]:
    return {f"{mark}{IDENTITY}: data {BLOBS}/{action} @ {ACCOUNT}{container}"}


_SOURCE = {
    f"{IDENTITY}: Microsoft.Compute/galleries/read @ {GALLERY}",
    f"{IDENTITY}: Microsoft.Compute/galleries/images/read @ {GALLERY}/images/base",
}
_NETWORK = {
    f"{IDENTITY}: Microsoft.Network/virtualNetworks/read @ {NETWORK}",
    f"{IDENTITY}: {JOIN} @ {NETWORK}/subnets/build",
}
_STAGING = {f"? {IDENTITY}: Contributor @ {STAGING}"}
_SERVICE = {f"? {SERVICE}: Contributor @ {STAGING}"}
_SUBNETS = {"vnetConfig": {"subnetId": f"{NETWORK}/subnets/build"}}
_BOTH = {"vnetConfig": {"subnetId": f"{NETWORK}/subnets/build", "containerInstanceSubnetId": f"{NETWORK}/subnets/aci"}}
_WINDOWS = [{"type": "WindowsRestart", "name": "Restart"}]

FEATURES = (
    Feature("a marketplace image", {}, set()),
    Feature(
        "a managed image",
        {"source": {"type": "ManagedImage", "imageId": f"{IMAGES}/providers/Microsoft.Compute/images/base"}},
        {f"{IDENTITY}: Microsoft.Compute/images/read @ {IMAGES}/providers/Microsoft.Compute/images/base"},
    ),
    Feature(
        "an image version",
        {"source": {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY}/images/base/versions/1.0.0"}},
        _SOURCE | {f"{IDENTITY}: Microsoft.Compute/galleries/images/versions/read @ {GALLERY}/images/base/versions/1.0.0"},
    ),
    Feature(
        "the latest image version",
        {"source": {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY}/images/base/versions/latest"}},
        _SOURCE | {f"{IDENTITY}: Microsoft.Compute/galleries/images/versions/read @ {GALLERY}/images/base"},
    ),
    Feature(
        "an image that others share",
        {"source": {"type": "SharedImageVersion", "imageVersionId": "/SharedGalleries/x/images/base/versions/1.0.0"}},
        set(),
    ),
    Feature(
        "a gallery",
        {
            "distribute": [
                {"type": "SharedImage", "runOutputName": "g", "galleryImageId": f"{GALLERY_IMAGE}/web", "targetRegions": [{"name": "x"}]}
            ]
        },
        {
            f"{IDENTITY}: Microsoft.Compute/galleries/read @ {GALLERY}",
            f"{IDENTITY}: Microsoft.Compute/galleries/images/read @ {GALLERY}/images/web",
            f"{IDENTITY}: Microsoft.Compute/galleries/images/versions/read @ {GALLERY}/images/web",
            f"{IDENTITY}: Microsoft.Compute/galleries/images/versions/write @ {GALLERY}/images/web",
        }
        | image_rights(IMAGES, "? "),
    ),
    Feature(
        "a managed image to write",
        {"distribute": [{"type": "ManagedImage", "runOutputName": "m", "imageId": f"{IMAGES}/providers/Microsoft.Compute/images/web"}]},
        image_rights(IMAGES),
    ),
    Feature("a VHD", {"distribute": [{"type": "VHD", "runOutputName": "v"}]}, set()),
    Feature(
        "a VHD of one's own",
        {"distribute": [{"type": "VHD", "runOutputName": "v", "uri": "https://contoso.blob.core.windows.net/vhds/web.vhd"}]},
        blob("vhds", "? ", "write"),
    ),
    Feature("a subnet", {"vmProfile": _SUBNETS}, _NETWORK),
    Feature("a subnet for the container", {"vmProfile": _BOTH}, _NETWORK | {f"{IDENTITY}: {JOIN} @ {NETWORK}/subnets/aci"}),
    Feature(
        "identities of the build VM",
        {"vmProfile": {"userAssignedIdentities": [BUILDER, f"{BUILDER}2"]}},
        {
            f"{mark}{IDENTITY}: {action} @ {identity}"
            for identity in (BUILDER, f"{BUILDER}2")
            for mark, action in (("", ASSIGN), ("? ", "Microsoft.ManagedIdentity/userAssignedIdentities/read"))
        },
    ),
    Feature("a staging group", {"stagingResourceGroup": STAGING}, _STAGING),
    Feature("no staging group after all", {"stagingResourceGroup": ""}, set()),
    Feature(
        "a staging group and a subnet, for Windows",
        {"stagingResourceGroup": STAGING, "vmProfile": _SUBNETS, "customize": _WINDOWS},
        _STAGING | _NETWORK | _SERVICE,
    ),
    Feature(
        "the same with a subnet for the container",
        {"stagingResourceGroup": STAGING, "vmProfile": _BOTH, "customize": _WINDOWS},
        _STAGING | _NETWORK | {f"{IDENTITY}: {JOIN} @ {NETWORK}/subnets/aci"},
    ),
    Feature("the same for Linux", {"stagingResourceGroup": STAGING, "vmProfile": _SUBNETS}, _STAGING | _NETWORK),
    Feature("a script in a blob", step(scriptUri="https://contoso.blob.core.windows.net/scripts/a/install.sh"), blob("scripts")),
    Feature("a PowerShell script", step("PowerShell", scriptUri="https://Contoso.blob.core.windows.net/s/i.ps1"), blob("s")),
    Feature("a file in a blob", step("File", sourceUri="https://contoso.blob.core.windows.net/f/a.conf", destination="/a"), blob("f")),
    Feature("a blob in no container", step(scriptUri="https://contoso.blob.core.windows.net/install.sh"), blob("$root")),
    Feature("a blob of China", step(scriptUri="https://contoso.blob.core.chinacloudapi.cn/s/i.sh"), blob("s")),
    Feature("a blob of the US government", step(scriptUri="https://contoso.blob.core.usgovcloudapi.net/s/i.sh"), blob("s")),
    Feature("a blob in a zone of DNS", step(scriptUri="https://contoso.z42.blob.storage.azure.net/s/i.sh"), blob("s")),
    Feature("a blob with a signature", step(scriptUri="https://contoso.blob.core.windows.net/s/i.sh?sv=2023-11-03&sig=YWJj"), set()),
    Feature("a script elsewhere", step(scriptUri="https://raw.githubusercontent.com/contoso/images/main/i.sh"), set()),
    Feature("a name that only looks so", step(scriptUri="https://contoso.blob.core.windows.net.example.org/s/i.sh"), set()),
    Feature("a file of this repository", step(scriptUri="scripts/install.sh"), set()),
    Feature(
        "two scripts in one container",
        {"customize": [{"type": "Shell", "name": n, "scriptUri": f"https://contoso.blob.core.windows.net/s/{n}.sh"} for n in "ab"]},
        blob("s"),
    ),
    Feature(
        "a script that validates",
        {"validate": {"inVMValidations": [{"type": "Shell", "name": "v", "scriptUri": "https://contoso.blob.core.windows.net/v/v.sh"}]}},
        blob("v"),
    ),
    Feature(
        "a script of the workload",
        {"optimize": {"workload": {"state": "Enabled", "scriptUri": "https://contoso.blob.core.windows.net/w/w.sh"}}},
        blob("w"),
    ),
)  # fmt: skip

CALLERS = {
    f"{CALLER}: Microsoft.VirtualMachineImages/imageTemplates/{action} @ {HERE}"
    for action in ("write", "read", "run/action")
} | {f"{CALLER}: {ASSIGN} @ {BUILDER}"}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_each_feature_needs_exactly_this(feature: Feature) -> None:
    assert lines(of_body(feature.properties)) == CALLERS | feature.added
    assert lines(of_body()) == CALLERS


def test_features_add_up() -> None:
    several = {**FEATURES[1].properties, "stagingResourceGroup": STAGING, "vmProfile": _BOTH}
    assert lines(of_body(several)) == CALLERS | FEATURES[1].added | _STAGING | _NETWORK | {
        f"{IDENTITY}: {JOIN} @ {NETWORK}/subnets/aci"
    }


def test_what_is_needed_for_sure_is_not_doubted() -> None:
    """The group of the gallery is also that of a managed image: there the rights on images are no doubt any more."""
    both = [*FEATURES[5].properties["distribute"], *FEATURES[6].properties["distribute"]]
    found = lines(of_body({"distribute": both}))
    assert image_rights(IMAGES) <= found
    assert not image_rights(IMAGES, "? ") & found


# -- the caller --------------------------------------------------------------------------------------------------------


def test_a_template_that_runs_by_itself_needs_nobody_to_run_it() -> None:
    run = f"{CALLER}: Microsoft.VirtualMachineImages/imageTemplates/run/action @ {HERE}"
    assert lines(of_body({"autoRun": {"state": "Enabled"}})) == CALLERS - {run}
    assert lines(of_body({"autoRun": {"state": "Disabled"}})) == CALLERS
    found = of(
        deployment(
            resource({**BARE, "autoRun": {"state": "[parameters('auto')]"}}), parameters={"auto": {"type": "string"}}
        )
    )
    assert f"? {run}" in lines(found)


def test_a_template_without_identity_needs_nobody_to_assign_one() -> None:
    assert lines(of_body(identity={"type": "None"})) == CALLERS - {f"{CALLER}: {ASSIGN} @ {BUILDER}"}


DEPLOYS = {
    f"{CALLER}: Microsoft.Resources/deployments/{action} @ {HERE}"
    for action in ("validate/action", "write", "read", "operationStatuses/read", "operations/read")
}


def test_a_deployment() -> None:
    assert lines(of(deployment(resource(BARE)))) == CALLERS | DEPLOYS


def test_a_deployment_of_a_subscription() -> None:
    schema = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"
    inner = nested(json.loads(deployment(resource(BARE))))
    found = lines(of(deployment({**inner, "resourceGroup": "images"}, **{"$schema": schema})))
    whole = {line.replace(HERE, "/subscriptions/<subscription>") for line in DEPLOYS}
    assert found == CALLERS | whole | {f"{CALLER}: Microsoft.Resources/deployments/write @ {HERE}"}


@pytest.mark.parametrize(("kind", "name"), [("roleAssignments", "a"), ("roleDefinitions", "d")])
def test_roles_in_the_same_file(kind: str, name: str) -> None:
    own: dict[str, Any] = {
        "type": f"Microsoft.Authorization/{kind}",
        "apiVersion": "2022-04-01",
        "name": name,
        "properties": {},
    }
    added = {f"{CALLER}: Microsoft.Authorization/{kind}/write @ {HERE}"}
    assert lines(of(deployment(resource(BARE), own, own))) == CALLERS | DEPLOYS | added
    assert lines(of(deployment(resource(BARE), {**own, "condition": False}))) == CALLERS | DEPLOYS


def test_triggers() -> None:
    trigger = {
        "type": "Microsoft.VirtualMachineImages/imageTemplates/triggers",
        "apiVersion": "2024-02-01",
        "name": "example/source",
        "properties": {"kind": "SourceImage"},
    }
    added = {
        f"{CALLER}: Microsoft.VirtualMachineImages/imageTemplates/triggers/{action} @ {HERE}"
        for action in ("write", "read")
    }
    assert lines(of(deployment(resource(BARE), trigger))) == CALLERS | DEPLOYS | added


# -- what is not known -------------------------------------------------------------------------------------------------


def scopes(properties: dict[str, Any], who: str = IDENTITY, home: Home = asked.SOMEWHERE, **given: str) -> list[str]:
    parameters = {name: {"type": "string"} for name in ("id", "group", "name")}
    found = of(deployment(resource({**BARE, **properties}), parameters=parameters), home, **given)
    return [need.scope for need in found if need.who == who]


def source(expression: str) -> dict[str, Any]:
    return {"source": {"type": "ManagedImage", "imageId": expression}}


@pytest.mark.parametrize(
    ("expression", "scope"),
    [
        ("[parameters('id')]", "<id>"),
        ("[resourceId('Microsoft.Compute/images', 'base')]", f"{HERE}/providers/Microsoft.Compute/images/base"),
        (
            "[resourceId(parameters('group'), 'Microsoft.Compute/images', parameters('name'))]",
            "/subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.Compute/images/<name>",
        ),
        ("[concat(resourceGroup().id, '/providers/Microsoft.Compute/images/base')]", f"{HERE}/providers/Microsoft.Compute/images/base"),
        (
            "[concat(subscription().id, '/resourceGroups/images/providers/Microsoft.Compute/images/base')]",
            "/subscriptions/<subscription>/resourceGroups/images/providers/Microsoft.Compute/images/base",
        ),
        (
            "[format('/subscriptions/{0}/resourceGroups/{1}/providers/Microsoft.Compute/images/a', subscription().subscriptionId, resourceGroup().name)]",
            f"{HERE}/providers/Microsoft.Compute/images/a",
        ),
        (
            "/subscriptions/<subscriptionID>/resourceGroups/__group__/providers/Microsoft.Compute/images/base",
            "/subscriptions/<subscriptionID>/resourceGroups/<group>/providers/Microsoft.Compute/images/base",
        ),
        ("[reference('x').id]", "<imageId>"),
        ("[concat('/subscriptions/', uniqueString('x'))]", "/subscriptions/<other subscription>"),
    ],
)  # fmt: skip
def test_what_is_left_open_gets_a_name(expression: str, scope: str) -> None:
    assert scopes(source(expression)) == [scope]


def test_the_place_of_the_deployment_fills_in_its_own_names_only() -> None:
    home = Home("11111111-2222-3333-4444-555555555555", "images")
    assert home.scope == IMAGES
    assert scopes(source("[resourceId('Microsoft.Compute/images', 'base')]"), home=home) == [
        f"{IMAGES}/providers/Microsoft.Compute/images/base"
    ]
    assert scopes(source("[concat(resourceGroup().id, '/x')]"), home=home) == [f"{IMAGES}/x"]
    other = "[resourceId(parameters('group'), 'Microsoft.Compute/images', 'base')]"
    assert scopes(source(other), home=home) == [
        f"{SUBSCRIPTION}/resourceGroups/<group>/providers/Microsoft.Compute/images/base"
    ]
    assert IMAGES in scopes({}, CALLER, home)


def test_parameters_fill_in_the_rest() -> None:
    assert scopes(source("[parameters('id')]"), id="/subscriptions/1") == ["/subscriptions/1"]


@pytest.mark.parametrize(
    ("uri", "scope", "doubt"),
    [
        ("[parameters('id')]", "<container of scriptUri>", "a blob"),
        ("[concat(parameters('id'), '/install.sh')]", "<container of scriptUri>", "a blob"),
        ("[concat(reference('x').primaryEndpoints.blob, 'scripts/install.sh')]", "<container of scriptUri>", "a blob"),
        ("[concat('https://contoso.blob.core.windows.net/scripts/install.sh', parameters('name'))]", f"{ACCOUNT}scripts", "signature"),
        ("[concat('https://contoso.blob.core.windows.net/scripts/', parameters('name'), '.sh')]", f"{ACCOUNT}scripts", ""),
        ("[concat('https://contoso.blob.core.windows.net/scripts/install.sh?', 'sig=a', parameters('name'))]", None, ""),
        ("[concat('https://contoso.blob.', environment().suffixes.storage, '/scripts/install.sh')]", f"{ACCOUNT}scripts", ""),
        (
            "[concat('https://', parameters('name'), '.blob.core.windows.net/scripts/install.sh')]",
            ACCOUNT.replace("of contoso", "of name").replace("contoso", "<name>") + "scripts",
            "",
        ),
        ("[concat('https://raw.githubusercontent.com/', parameters('name'))]", None, ""),
    ],
)  # fmt: skip
def test_addresses_that_are_partly_known(uri: str, scope: str | None, doubt: str) -> None:
    parameters = {name: {"type": "string"} for name in ("id", "name")}
    found = of(deployment(resource({**BARE, **step(scriptUri=uri)}), parameters=parameters))
    own = [need for need in found if need.who == IDENTITY]
    assert [need.scope for need in own] == ([scope] if scope else [])
    assert all((doubt in need.doubt) if doubt else not need.doubt for need in own)


def test_what_may_be_missing_from_the_list() -> None:
    parameters = {"x": {"type": "string"}, "o": {"type": "object"}, "a": {"type": "array"}}
    vague = {
        "source": "[parameters('o')]",
        "customize": [{"type": "[parameters('x')]", "name": "x"}],
        "distribute": "[parameters('a')]",
        "vmProfile": "[parameters('o')]",
    }
    (template,) = templates(deployment(resource(vague), parameters=parameters))
    assert gaps(template) == (
        "what the image is built from",
        "what it is distributed to",
        "all of its steps",
        "in which network it is built",
        "the identities of the build VM",
    )
    (template,) = templates(deployment(resource()))
    assert gaps(template) == ()


def test_broken_identifiers_stop_nothing() -> None:
    for broken in (
        "",
        "/",
        "//",
        "images",
        f"{GALLERY}/images/",
        f"{GALLERY}//images/x",
        "/subscriptions",
        {},
        None,
        3,
        [],
    ):
        of_body({"distribute": [{"type": "SharedImage", "runOutputName": "g", "galleryImageId": broken}]})
        of_body({"source": {"type": "SharedImageVersion", "imageVersionId": broken}, "stagingResourceGroup": broken})
        of_body({"vmProfile": {"vnetConfig": {"subnetId": broken}, "userAssignedIdentities": [broken]}})
        of_body(step(scriptUri=broken))


# -- where it comes from, and what decides it --------------------------------------------------------------------------


def test_each_need_points_into_the_template() -> None:
    text = deployment(resource({**FEATURES[1].properties, "vmProfile": _SUBNETS}))
    (template,) = templates(text)
    marked = {text[n.at.span.start : n.at.span.end] for n in needs(template) if n.who == IDENTITY}
    assert f'"{NETWORK}/subnets/build"' in marked
    assert f'"{IMAGES}/providers/Microsoft.Compute/images/base"' in marked
    assert {text[n.at.span.start : n.at.span.end] for n in needs(template) if n.action == ASSIGN} == {f'"{BUILDER}"'}
    assert all(need.why and not need.why.endswith(".") for need in needs(template))


def test_the_identity_of_a_template() -> None:
    (template,) = templates(deployment(resource()))
    assert identity_of(template) is not None and identity_of(template)[0] == BUILDER  # type: ignore[index]
    (template,) = templates(
        json.dumps(resource(identity={"type": "UserAssigned", "userAssignedIdentities": {BUILDER: None}}))
    )
    assert identity_of(template) is None
    open_key = {
        "type": "UserAssigned",
        "userAssignedIdentities": {"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'b')]": {}},
    }
    (template,) = templates(deployment(resource(identity=open_key)))
    own = identity_of(template)
    assert own is not None and own[0] == f"{HERE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/b"


def granting(found: list[Need]) -> Rights:
    """A role for each need and nothing else."""
    roles, held = [], []
    for number, need in enumerate(found):
        sets = PermissionSet((), (), (need.action,)) if need.data else PermissionSet((need.action,))
        guid = asked.ROLES[need.role] if need.role else f"role-{number}"
        roles.append(RoleDefinition(guid, f"role {number}", (sets,)))
        held.append(RoleAssignment(f"assignment-{number}", guid, "identity", need.scope))
    return Rights(tuple(held), tuple(roles))


@pytest.mark.parametrize("feature", [one for one in FEATURES if one.added], ids=lambda feature: feature.name)
def test_it_is_the_least_set(feature: Feature) -> None:
    """With all of it granted everything is allowed; with any one taken away just that one is not."""
    # What is open is filled in; of an account whose group is not known nothing can be told.
    own = [
        need._replace(scope=re.sub("<[^>]*>", "x", need.scope))
        for need in of_body(feature.properties)
        if need.who == IDENTITY
    ]
    who = Principal("identity", (), True)
    assert all(asked.decide(need, who, granting(own)).answer == "allowed" for need in own)
    for taken in own:
        rights = granting([need for need in own if need is not taken])
        assert [need for need in own if asked.decide(need, who, rights).answer != "allowed"] == [taken]
