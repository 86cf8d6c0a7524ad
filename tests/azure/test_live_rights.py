"""Live checks of what the template's identity and its caller are allowed: each verdict of each check, the scene with
everything granted, and the proof that the list of needs is the least one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from aiblint.azure.granted import weighed
from aiblint.azure.needs import CALLER, IDENTITY, Home, Need, needs
from tests.azure import estate as az
from tests.azure.scenes import GROUP, HOME, deployment, says, scene, session, verdicts
from tests.templates import templates

if TYPE_CHECKING:
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager
    from tests.azure.scenes import Scene

pytestmark = pytest.mark.usefixtures("only_official")

FEATURES: dict[str, dict[str, Any]] = {
    "platform to gallery": {},
    "managed source": {"source": "managed"},
    "gallery source": {"source": "version"},
    "to managed image": {"distribute": "managed"},
    "to vhd": {"distribute": "vhd"},
    "network with proxy": {"network": "proxy"},
    "network with container": {"network": "container"},
    "staging group": {"staging": True},
    "build identity": {"build_identity": True},
    "blob": {"blob": True},
    "all": {
        "source": "version", "network": "container", "staging": True, "build_identity": True, "blob": True,
    },
    "windows": {"windows": True, "source": "managed", "network": "proxy", "staging": True},
}  # fmt: skip
# Which check names which grant of a scene.
NAMED = {
    "source": "cannot-read-source",
    "network": "cannot-join-subnet",
    "staging": "staging-group-rights",
    "build identity": "cannot-assign-build-identity",
    "blob": "cannot-read-blob",
    "caller": "caller-cannot-submit",
    "caller identity": "caller-cannot-assign-identity",
}
OWN = "AIB7"


def _named(grant: str, features: dict[str, Any]) -> str:
    managed = features.get("distribute") == "managed"
    return NAMED.get(grant, "cannot-write-image" if managed else "cannot-publish-to-gallery")


def _vhd(made: Scene, estate: Estate, role: str = "Storage Blob Data Contributor") -> dict[str, Any]:
    """Let a scene write a VHD into a storage account."""
    account = az.storage_account(estate, "disks", GROUP)
    made.ids["container"] = az.container(estate, account, "vhds")
    made.properties["distribute"] = [
        {"type": "VHD", "runOutputName": "vhd", "uri": "https://disks.blob.core.windows.net/vhds/result.vhd"}
    ]
    principal = az.principal_of(estate, made.ids["identity"])
    return az.grant(estate, principal, role, made.ids["container"])


# -- everything granted, and each thing taken away ---------------------------------------------------------------------


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_everything_granted(features: dict[str, Any], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **features)
    findings, held = verdicts(signed_in, made.template, OWN)
    assert findings == []
    spoken = {one.check.name for one in held if one.check}
    assert {_named(grant, features) for grant in made.grants} <= spoken
    assert {"identity-not-found", "locked-scope", "caller-cannot-submit"} <= spoken


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_each_grant_taken_away(features: dict[str, Any], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **features)
    for name, grant in made.grants.items():
        az.revoke(estate, grant)
        findings, _ = verdicts(signed_in, made.template, OWN)
        assert says(findings) == [(_named(name, features), "error")], name
        estate.role_assignments.append(grant)


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_nothing_may_be_read(features: dict[str, Any], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **features)
    signed_in.fail("*/providers/Microsoft.Authorization/*", 403, times=None)
    findings, held = verdicts(signed_in, made.template, OWN)
    assert {one for _, one in says(findings)} == {"unchecked"}
    assert {_named(grant, features) for grant in made.grants} | {"locked-scope"} == {name for name, _ in says(findings)}
    assert {one.check.name for one in held if one.check} == {"identity-not-found"}
    assert all("role `Reader`" in one.help for one in findings)


# -- the least set -----------------------------------------------------------------------------------------------------


def _exact(estate: Estate, made: Scene, listed: list[Need]) -> None:
    """Grant these needs and nothing else, each by a role of its own."""
    estate.role_assignments.clear()
    identity = az.principal_of(estate, made.ids["identity"])
    for number, need in enumerate(listed):
        who, kind = (identity, "ServicePrincipal") if need.who == IDENTITY else (estate.caller, "User")
        scope = need.scope
        if need.data:
            scope = made.ids["container"]
        role = need.role or az.role_definition(
            estate, f"exact {number}", **{"dataActions" if need.data else "actions": [need.action]}
        )
        az.grant(estate, who, role, scope, kind)


def _needs(made: Scene) -> list[Need]:
    (template,) = templates(json.dumps(made.template))
    return [need for need in needs(template, Home(az.SUBSCRIPTION, GROUP)) if need.who in (IDENTITY, CALLER)]


def _check_of(need: Need) -> str:
    """The check that has to speak where a need is not granted."""
    if need.who == CALLER:
        return "caller-cannot-assign-identity" if "ManagedIdentity" in need.action else "caller-cannot-submit"
    pointer = need.at.node.pointer
    places = {
        "/properties/source": "cannot-read-source",
        "/properties/stagingResourceGroup": "staging-group-rights",
        "/properties/vmProfile/vnetConfig": "cannot-join-subnet",
        "/properties/vmProfile/userAssignedIdentities": "cannot-assign-build-identity",
        "/properties/customize": "cannot-read-blob",
    }
    found = [name for place, name in places.items() if pointer.startswith(place)]
    distributed = "cannot-write-image" if pointer.endswith("/imageId") else "cannot-publish-to-gallery"
    return found[0] if found else distributed


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
def test_the_list_of_needs_is_enough_and_the_least(
    features: dict[str, Any], estate: Estate, signed_in: Manager
) -> None:
    made = scene(estate, **features)
    listed = _needs(made)
    _exact(estate, made, listed)
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert findings == []
    # A role is needed of a group that is there; all other doubts are about what may not be needed.
    certain = [need for need in listed if not need.doubt or need.role]
    _exact(estate, made, certain)
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert "error" not in {severity for _, severity in says(findings)}
    for dropped in certain:
        _exact(estate, made, [need for need in listed if need is not dropped])
        findings, _ = verdicts(signed_in, made.template, OWN)
        assert says(findings) == [(_check_of(dropped), "error")], dropped
        if not dropped.role:
            assert dropped.action in findings[0].message


def test_what_is_left_out_of_the_least_set_is_milder(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, build_identity=True)
    _exact(estate, made, [need for need in _needs(made) if not need.doubt])
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert sorted(says(findings)) == [
        ("cannot-assign-build-identity", "info"),
        ("cannot-publish-to-gallery", "warning"),
    ]
    assert any("an image in between" in note for one in findings for note in one.notes)


# -- how rights are judged ---------------------------------------------------------------------------------------------


def _principal(estate: Estate, made: Scene) -> str:
    return az.principal_of(estate, made.ids["identity"])


def test_a_source_that_is_not_there_is_no_question_of_rights(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "version")
    az.revoke(estate, made.grants["source"])
    estate.remove(made.ids["source gallery"])
    assert verdicts(signed_in, made.template, "cannot-read-source") == ([], [])


def test_a_place_that_is_not_known_is_no_question_of_rights(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "managed")
    made.properties["source"]["imageId"] = "[resourceId(parameters('group'), 'Microsoft.Compute/images', 'base')]"
    made.properties["distribute"][0]["galleryImageId"] = "[parameters('image')]"
    whole = deployment(made.template, group={"type": "string"}, image={"type": "string"})
    findings, held = verdicts(signed_in, whole, "cannot-read-source", "cannot-publish-to-gallery")
    assert (findings, held) == ([], [])


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_letter_case_of_ids(change: Any, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "managed", "managed", "container", staging=True, build_identity=True)
    image, staging = made.properties["source"]["imageId"], made.properties["stagingResourceGroup"]
    for holder, name in ((made.properties["source"], "imageId"), (made.properties, "stagingResourceGroup")):
        holder[name] = change(holder[name]).replace("/SUBSCRIPTIONS/", "/subscriptions/")
    assert (made.properties["source"]["imageId"], made.properties["stagingResourceGroup"]) != (image, staging)
    assert verdicts(signed_in, made.template, OWN)[0] == []


def test_a_deny_assignment_beats_the_role(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "managed")
    denial = az.deny(estate, made.ids["source"], ["Microsoft.Compute/images/*"])
    (finding,), held = verdicts(signed_in, made.template, "cannot-read-source")
    assert says([finding]) == [("cannot-read-source", "error")] and held == []
    assert "deny assignment" in finding.help and denial["properties"]["denyAssignmentName"] in finding.notes[1]


def test_a_gallery_needs_one_finding(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    az.revoke(estate, made.grants["target"])
    (finding,), _ = verdicts(signed_in, made.template, "cannot-publish-to-gallery")
    assert "`Microsoft.Compute/galleries/images/versions/write`" in finding.message
    assert "Microsoft.Compute/images/" not in finding.message
    assert f"at `{made.ids['gallery']}`" in finding.help
    assert any("it may also need `Microsoft.Compute/images/write`" in note for note in finding.notes)


def test_two_subnets_of_one_network_are_one_finding(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    az.revoke(estate, made.grants["network"])
    (finding,), _ = verdicts(signed_in, made.template, "cannot-join-subnet")
    assert finding.pointer.endswith("/subnetId") and len(finding.related) == 1
    assert '--role "Network Contributor"' in finding.help and f'"{made.ids["network"]}"' in finding.help
    # A role on one subnet leaves the other.
    az.grant(estate, _principal(estate, made), "Network Contributor", made.ids["subnet"])
    az.grant(estate, _principal(estate, made), "Reader", made.ids["network"])
    (finding,), _ = verdicts(signed_in, made.template, "cannot-join-subnet")
    assert finding.pointer.endswith("/containerInstanceSubnetId") and finding.related == ()


def test_build_identity(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, build_identity=True)
    # The template's own identity, listed for the build VM, needs the right to give itself.
    made.properties["vmProfile"]["userAssignedIdentities"].append(made.ids["identity"])
    (finding,), _ = verdicts(signed_in, made.template, "cannot-assign-build-identity")
    assert finding.pointer.endswith("/userAssignedIdentities/1") and finding.severity == "error"
    role = az.role_definition(estate, "assign", ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"])
    az.grant(estate, _principal(estate, made), role, made.ids["identity"])
    findings, _ = verdicts(signed_in, made.template, "cannot-assign-build-identity")
    assert says(findings) == [("cannot-assign-build-identity", "info")]


def test_staging_group(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    az.revoke(estate, made.grants["staging"])
    principal = _principal(estate, made)
    lesser = az.grant(estate, principal, "Reader", made.ids["staging"])
    (finding,), _ = verdicts(signed_in, made.template, "staging-group-rights")
    assert "the role `Contributor`" in finding.message and '--role "Contributor"' in finding.help
    # A role of another name with all actions: the service may take it or not.
    estate.role_assignments.remove(lesser)
    az.grant(estate, principal, az.role_definition(estate, "all", ["*"]), made.ids["staging"])
    (finding,), _ = verdicts(signed_in, made.template, "staging-group-rights")
    assert finding.unchecked and "`Owner`" in finding.help
    # Nothing is asked of a group that the service will make.
    estate.remove(made.ids["staging"])
    assert verdicts(signed_in, made.template, "staging-group-rights") == ([], [])


def test_owner_will_do_for_the_staging_group(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    az.revoke(estate, made.grants["staging"])
    az.grant(estate, _principal(estate, made), "Owner", f"/subscriptions/{az.SUBSCRIPTION}")
    findings, held = verdicts(signed_in, made.template, "staging-group-rights")
    assert findings == [] and len(held) == 1


# -- blobs -------------------------------------------------------------------------------------------------------------


def test_a_role_to_manage_does_not_read_blobs(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, blob=True)
    az.revoke(estate, made.grants["blob"])
    az.grant(estate, _principal(estate, made), "Owner", made.ids["account"])
    (finding,), held = verdicts(signed_in, made.template, "cannot-read-blob")
    assert finding.severity == "error" and held == []
    assert any("but not to the data" in note for note in finding.notes)
    assert '--role "Storage Blob Data Reader"' in finding.help and made.ids["container"] in finding.help


def test_a_condition_on_blobs_is_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, blob=True)
    az.revoke(estate, made.grants["blob"])
    condition = (
        "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR "
        "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'other'))"
    )
    principal = _principal(estate, made)
    az.grant(estate, principal, "Storage Blob Data Reader", made.ids["account"], condition=condition)
    (finding,), held = verdicts(signed_in, made.template, "cannot-read-blob")
    assert "condition" in finding.unchecked and "condition" in finding.help and held == []


def test_an_account_of_another_subscription_is_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, blob=True)
    estate.remove(made.ids["account"])
    (finding,), held = verdicts(signed_in, made.template, "cannot-read-blob")
    assert "storage account `scripts` is not in subscription" in finding.unchecked and held == []


def test_accounts_may_not_be_listed(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, blob=True)
    signed_in.fail("*/storageAccounts", 403, times=None)
    (finding,), held = verdicts(signed_in, made.template, "cannot-read-blob")
    assert "could not be read" in finding.unchecked and "`Reader`" in finding.help and held == []


def test_an_account_with_a_dns_zone(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, blob=True)
    made.properties["customize"][1]["scriptUri"] = "https://scripts.z7.blob.storage.azure.net/scripts/work.sh"
    (finding,), _ = verdicts(signed_in, made.template, "cannot-read-blob")
    assert finding.unchecked  # the account of this name is another one
    endpoint = "https://scripts.z7.blob.storage.azure.net/"
    estate.get(made.ids["account"])["properties"]["primaryEndpoints"]["blob"] = endpoint
    findings, held = verdicts(signed_in, made.template, "cannot-read-blob")
    assert findings == [] and len(held) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "https://scripts.blob.core.windows.net/scripts/work.sh?sv=2022-11-02&sig=secret",
        "https://example.com/scripts/work.sh",
        "[concat('https://scripts.blob.core.windows.net/scripts/work.sh', parameters('more'))]",
        "[parameters('more')]",
    ],
)
def test_addresses_that_need_no_role_or_may_not(uri: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, blob=True)
    az.revoke(estate, made.grants["blob"])
    made.properties["customize"][1]["scriptUri"] = uri
    whole = deployment(made.template, more={"type": "string"})
    assert verdicts(signed_in, whole, "cannot-read-blob") == ([], [])


def test_one_container_is_one_finding(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, blob=True)
    az.revoke(estate, made.grants["blob"])
    file = {"type": "File", "name": "Copy", "sourceUri": "https://SCRIPTS.blob.core.windows.net/scripts/a.txt"}
    made.properties["customize"].append({**file, "destination": "/tmp/a.txt"})
    findings, _ = verdicts(signed_in, made.template, "cannot-read-blob")
    assert len(findings) == 1


def test_vhd(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, distribute="vhd")
    assert verdicts(signed_in, made.template, "cannot-write-vhd") == ([], [])
    granted = _vhd(made, estate)
    findings, held = verdicts(signed_in, made.template, "cannot-write-vhd")
    assert findings == [] and len(held) == 1
    az.revoke(estate, granted)
    (finding,), _ = verdicts(signed_in, made.template, "cannot-write-vhd")
    assert finding.severity == "warning" and any("not documented" in note for note in finding.notes)
    # Who manages the account may take its key, and whether the service does is not documented.
    az.grant(estate, _principal(estate, made), "Contributor", HOME)
    (finding,), _ = verdicts(signed_in, made.template, "cannot-write-vhd")
    assert finding.severity == "info"
    made.properties["distribute"][0]["uri"] = "https://elsewhere.blob.core.windows.net/vhds/result.vhd"
    (finding,), _ = verdicts(signed_in, made.template, "cannot-write-vhd")
    assert "`elsewhere` is not in subscription" in finding.unchecked


def test_a_vhd_whose_address_is_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    _vhd(made, estate)
    made.properties["distribute"][0]["uri"] = "[parameters('uri')]"
    whole = deployment(made.template, uri={"type": "string"})
    (finding,), held = verdicts(signed_in, whole, "cannot-write-vhd")
    assert "`uri` is not known" in finding.unchecked and held == []


# -- the caller --------------------------------------------------------------------------------------------------------


def test_caller_cannot_submit(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    az.revoke(estate, made.grants["caller"])
    az.grant(estate, estate.caller, "Reader", HOME, "User")
    (finding,), held = verdicts(signed_in, made.template, "caller-cannot-submit")
    assert says([finding]) == [("caller-cannot-submit", "error")]
    assert [one.message.partition("may do ")[2].partition(":")[0] for one in held] == [
        "`Microsoft.VirtualMachineImages/imageTemplates/read`"
    ]
    assert "imageTemplates/write`" in finding.message and "imageTemplates/read`" not in finding.message
    signed_in.fail("*/permissions", 403, times=None)
    (finding,), held = verdicts(signed_in, made.template, "caller-cannot-submit")
    assert finding.unchecked and held == []


def test_caller_in_a_deployment(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    assignment = {
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": "2022-04-01",
        "name": "11111111-2222-3333-4444-555555555555",
        "properties": {},
    }
    whole = deployment(made.template, assignment)
    (finding,), _ = verdicts(signed_in, whole, "caller-cannot-submit")
    assert finding.message.endswith(": `Microsoft.Authorization/roleAssignments/write`")  # Contributor lacks it
    az.revoke(estate, made.grants["caller"])
    (finding,), _ = verdicts(signed_in, whole, "caller-cannot-submit")
    assert finding.message.endswith(" and more") and any(
        note.startswith("nor is it allowed ") and "roleAssignments/write" in note for note in finding.notes
    )


def test_a_deny_assignment_for_the_caller(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    az.deny(estate, HOME, ["Microsoft.VirtualMachineImages/*/write"], (estate.caller,))
    (finding,), _ = verdicts(signed_in, made.template, "caller-cannot-submit")
    assert finding.severity == "error" and "deny assignment" in finding.help


def test_a_caller_whom_the_token_does_not_name(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    az.deny(estate, HOME, ["Microsoft.VirtualMachineImages/*/write"], ("00000000-1111-2222-3333-444444444444",))
    live = session(signed_in)
    live.caller = ""
    (template,) = templates(json.dumps(made.template))
    verdicts_of = weighed(live.of(template), [need for need in _needs(made) if need.who == CALLER])
    found = {one.need.action.rpartition("imageTemplates/")[2]: one.verdict for one in verdicts_of}
    assert (found["write"].answer, found["write"].kind) == ("unknown", "denials-unread")


def test_the_resource_group_is_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    (finding,), held = verdicts(signed_in, made.template, "caller-cannot-submit", resource_group="")
    assert finding.unchecked and "--resource-group" in finding.help and held == []


def test_the_resource_group_is_not_there_yet(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    (finding,), held = verdicts(signed_in, made.template, "caller-cannot-submit", resource_group="later")
    assert "resource group `later` is not there" in finding.unchecked and held == []
    az.grant(estate, estate.caller, "Contributor", f"/subscriptions/{az.SUBSCRIPTION}", "User")
    findings, held = verdicts(signed_in, made.template, "caller-cannot-submit", resource_group="later")
    assert findings == [] and len(held) == 1


def test_caller_cannot_assign_identity(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    az.revoke(estate, made.grants["caller identity"])
    (finding,), held = verdicts(signed_in, made.template, "caller-cannot-assign-identity")
    assert says([finding]) == [("caller-cannot-assign-identity", "error")] and held == []
    assert f"--assignee {estate.caller}" in finding.help
    signed_in.fail("*/permissions", 500, times=None)
    (finding,), held = verdicts(signed_in, made.template, "caller-cannot-assign-identity")
    assert finding.unchecked and held == []
    estate.remove(made.ids["identity"])
    assert verdicts(signed_in, made.template, "caller-cannot-assign-identity") == ([], [])


# -- identities --------------------------------------------------------------------------------------------------------


def test_identity_not_found(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "managed", network="container", build_identity=True, blob=True)
    assert verdicts(signed_in, made.template, "identity-not-found")[0] == []
    estate.remove(made.ids["identity"])
    # Of what the identity is allowed nothing more is said.
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert says(findings) == [("identity-not-found", "error")]
    signed_in.fail(made.ids["identity"], 403, times=None)
    findings, _ = verdicts(signed_in, made.template, OWN)
    assert says(findings) == [("identity-not-found", "unchecked")]


def test_identity_of_the_build_vm_not_found(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, build_identity=True)
    estate.remove(made.ids["build identity"])
    (finding,), _ = verdicts(signed_in, made.template, OWN)
    assert says([finding]) == [("identity-not-found", "error")] and "`vm` of the build VM" in finding.message
    # One that is named twice is one cause.
    again = made.ids["identity"].replace("/resourceGroups/", "/resourcegroups/")
    made.properties["vmProfile"]["userAssignedIdentities"] = [again]
    estate.remove(made.ids["identity"])
    (finding,), _ = verdicts(signed_in, made.template, OWN)
    assert len(finding.related) == 1


def test_identities_that_are_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    made.template["identity"]["userAssignedIdentities"] = {"[parameters('identity')]": {}}
    made.properties["vmProfile"]["userAssignedIdentities"] = ["[parameters('identity')]"]
    whole = deployment(made.template, identity={"type": "string"})
    findings, _ = verdicts(signed_in, whole, OWN)
    assert says(findings) == [("identity-not-found", "unchecked")] * 2
    assert all("--parameters" in finding.help for finding in findings)


def test_an_identity_of_another_tenant(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, build_identity=True)
    other = "00000000-1111-2222-3333-444444444444"
    estate.get(made.ids["build identity"])["properties"]["tenantId"] = other
    (finding,), _ = verdicts(signed_in, made.template, "identity-not-found")
    assert finding.severity == "error" and other in finding.message and "`vm`" in finding.message


def test_an_identity_that_was_made_anew(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    principal = _principal(estate, made)
    old = "00000000-1111-2222-3333-444444444444"
    member = made.template["identity"]["userAssignedIdentities"][made.ids["identity"]]
    member["principalId"] = principal.upper()
    assert verdicts(signed_in, made.template, "identity-not-found")[0] == []
    member["principalId"] = old
    (finding,), _ = verdicts(signed_in, made.template, "identity-not-found")
    assert finding.severity == "warning" and finding.pointer.endswith("/principalId")
    del member["principalId"]
    submitted = az.image_template(estate, "template", GROUP)
    estate.get(submitted)["identity"] = {
        "type": "UserAssigned",
        "userAssignedIdentities": {made.ids["identity"].lower(): {"principalId": old, "clientId": old}},
    }
    (finding,), _ = verdicts(signed_in, made.template, "identity-not-found")
    assert finding.severity == "error" and "`template` in Azure" in finding.message and old in finding.message


# -- locks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "level", "severity", "words"),
    [
        ("template", "ReadOnly", "warning", "cannot be submitted"),
        ("template", "CanNotDelete", "info", "cannot be deleted"),
        ("staging", "ReadOnly", "warning", "cannot make the resources"),
        ("staging", "CanNotDelete", "warning", "goes on costing"),
        ("target", "ReadOnly", "warning", "cannot be written"),
        ("target", "CanNotDelete", "info", "can be replaced"),
        ("subscription", "CanNotDelete", "warning", "goes on costing"),
    ],
)
@pytest.mark.parametrize("readable", [True, False])
def test_locks(
    place: str, level: str, severity: str, words: str, readable: bool, estate: Estate, signed_in: Manager
) -> None:
    made = scene(estate, staging=True)
    group = f"/subscriptions/{az.SUBSCRIPTION}/resourceGroups/images"
    where = {"template": HOME, "staging": made.ids["staging"], "target": group}
    az.lock(estate, where.get(place, f"/subscriptions/{az.SUBSCRIPTION}"), level)
    if not readable:
        signed_in.fail(f"/subscriptions/{az.SUBSCRIPTION}/providers/Microsoft.Authorization/locks", 403, times=None)
    (finding,), held = verdicts(signed_in, made.template, "locked-scope")
    assert (finding.severity, len(held)) == (severity, 0 if place == "subscription" else 2)
    assert words in finding.message and "az lock delete --ids /subscriptions/" in finding.help


def test_a_lock_of_the_subscription_without_a_staging_group(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, distribute="managed")
    az.lock(estate, f"/subscriptions/{az.SUBSCRIPTION}")
    az.lock(estate, f"{HOME}/providers/Microsoft.Storage/storageAccounts/other", "ReadOnly", "elsewhere")
    (finding,), _ = verdicts(signed_in, made.template, "locked-scope")
    assert finding.severity == "warning" and finding.pointer == "/name"


# -- roles that were assigned just now ---------------------------------------------------------------------------------


def _ago(minutes: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.1234567Z", time.gmtime(time.time() - 60 * minutes))


def test_role_assigned_just_now(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "version", blob=True)
    assert verdicts(signed_in, made.template, "role-assigned-just-now")[0] == []
    for name in ("source", "blob"):
        made.grants[name]["properties"]["createdOn"] = _ago(2)
    findings, held = verdicts(signed_in, made.template, "role-assigned-just-now")
    assert says(findings) == [("role-assigned-just-now", "warning")] * 2 and held == []
    assert made.grants["source"]["id"] in findings[0].notes[0]
    made.grants["blob"]["properties"]["createdOn"] = _ago(11)
    # What an older role grants as well does not have to wait.
    az.grant(estate, _principal(estate, made), "Reader", f"/subscriptions/{az.SUBSCRIPTION}")
    findings, held = verdicts(signed_in, made.template, "role-assigned-just-now")
    assert findings == [] and len(held) == 1
