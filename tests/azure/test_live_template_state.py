"""Live checks of the staging group, the template that is there already, and policies: each verdict of each check."""

from __future__ import annotations

import copy
import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.azure import estate as az
from tests.azure.scenes import GROUP, NAME, Scene, deployment, says, scene, verdicts

if TYPE_CHECKING:
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

pytestmark = pytest.mark.usefixtures("only_official")

HERE = f"/subscriptions/{az.SUBSCRIPTION}"
OTHER = "00000000-0000-4000-8000-00000000000f"


def submitted(estate: Estate, made: Scene, **how: Any) -> str:
    """The template of the scene, as Azure has it after its submission."""
    properties = copy.deepcopy(made.properties)
    properties["source"]["exactVersion"] = "24.04.202601010"
    properties["vmProfile"].setdefault("osDiskSizeGB", 0)
    properties.setdefault("errorHandling", {"onCustomizerError": "cleanup"})
    return az.image_template(estate, NAME, GROUP, properties=properties, **how)


# -- the staging group -------------------------------------------------------------------------------------------------


def test_staging_group_not_empty(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    check = "staging-group-not-empty"
    assert [one.message for one in verdicts(signed_in, made.template, check)[1]] == [
        "the staging resource group `staging` is empty"
    ]
    for name in ("first", "second", "third", "fourth"):
        az.other(estate, "Microsoft.Storage/storageAccounts", name, "staging")
    (finding,), held = verdicts(signed_in, made.template, check)
    assert says([finding]) == [(check, "error")] and held == []
    assert finding.message == (
        "the staging resource group `staging` is not empty: it has `first`, `second`, `third` and 1 more in it"
    )
    # What the template itself has there is no fault.
    submitted(estate, made, staging=made.ids["staging"])
    findings, held = verdicts(signed_in, made.template, check)
    assert findings == [] and len(held) == 1
    estate.remove(made.ids["staging"])
    assert [one.message for one in verdicts(signed_in, made.template, check)[1]] == [
        "the staging resource group `staging` is not there yet, and the service makes it"
    ]
    signed_in.fail("*/resourceGroups/staging", 403, times=None)
    findings, held = verdicts(signed_in, made.template, check, "staging-group-elsewhere")
    assert says(findings) == [(check, "unchecked")] and held == []


def test_staging_group_is_listed(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    signed_in.fail("*/resourceGroups/staging/resources", 403, times=None)
    findings, _ = verdicts(signed_in, made.template, "staging-group-not-empty", "staging-group-elsewhere")
    assert says(findings) == [("staging-group-not-empty", "unchecked")]
    estate.get(made.ids["staging"])["properties"]["provisioningState"] = "Deleting"
    signed_in.faults.clear()
    (finding,), _ = verdicts(signed_in, made.template, "staging-group-not-empty")
    assert finding.message == "the staging resource group `staging` is being deleted"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", []),
        ("staging", []),  # of which `staging-group-rules` speaks
        ("[parameters('group')]", ["unchecked"]),
        ("[concat(subscription().id, '/resourceGroups/staging')]", []),
        ("[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'staging')]", []),
    ],
)
def test_staging_group_written(written: str, expected: list[str], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    made.properties["stagingResourceGroup"] = written
    file = deployment(made.template, group={"type": "string"})
    findings, held = verdicts(signed_in, file, "AIB840", "AIB841")
    assert [severity for _, severity in says(findings)] == expected
    assert len(held) == (2 if "concat" in written else 0)


def test_staging_group_elsewhere(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    check = "staging-group-elsewhere"
    assert len(verdicts(signed_in, made.template, check)[1]) == 1
    estate.get(made.ids["staging"])["location"] = "northeurope"
    (finding,), held = verdicts(signed_in, made.template, check, "staging-group-not-empty")
    assert finding.message == (
        "the staging resource group `staging` is in `northeurope`, and the template in `westeurope`"
    )
    assert len(held) == 1
    made.properties["stagingResourceGroup"] = f"/subscriptions/{OTHER}/resourceGroups/staging"
    (finding,), held = verdicts(signed_in, made.template, check, "staging-group-not-empty")
    assert finding.message == "the staging resource group `staging` is in another subscription than the template"
    assert held == []


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"imageTemplateName": "older", "imageTemplateResourceGroupName": "rg2"}, "`older` in `rg2`"),
        ({"IMAGETEMPLATENAME": "template", "imageTemplateResourceGroupName": "rg2"}, "`template` in `rg2`"),
        ({"imageTemplateName": "older"}, "`older`"),
        ({"imageTemplateName": "TEMPLATE", "imageTemplateResourceGroupName": "RG"}, "`TEMPLATE` in `RG`"),
        ({"costCenter": "1"}, ""),
    ],
)
def test_staging_group_of_another(tags: dict[str, str], words: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    estate.get(made.ids["staging"])["tags"] = tags
    findings, held = verdicts(signed_in, made.template, "staging-group-elsewhere")
    assert [one.message for one in findings] == (
        [f"the staging resource group `staging` bears the tags of the image template {words}"] if words else []
    )
    assert len(held) == (not words)
    if words == "`TEMPLATE` in `RG`":  # stale, or its own
        submitted(estate, made)
        findings, held = verdicts(signed_in, made.template, "staging-group-elsewhere")
        assert findings == [] and len(held) == 1


def test_staging_group_tags_with_an_unknown_name(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=True)
    estate.get(made.ids["staging"])["tags"] = {"imageTemplateName": "older"}
    made.template["name"] = "[parameters('name')]"
    file = deployment(made.template, name={"type": "string"})
    findings, _ = verdicts(signed_in, file, "staging-group-elsewhere")
    assert says(findings) == [("staging-group-elsewhere", "error")]
    assert verdicts(signed_in, file, "staging-group-elsewhere", template_name="older")[0] != []


# -- the template that is there ----------------------------------------------------------------------------------------


def test_no_template_is_there(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    findings, held = verdicts(signed_in, made.template, "template-exists")
    assert findings == [] and [one.message for one in held] == ["no image template `template` is there yet"]
    signed_in.fail("*/imageTemplates/*", 403, times=None)
    findings, held = verdicts(signed_in, made.template, "template-exists")
    assert says(findings) == [("template-exists", "unchecked")] and held == []


def test_name_of_the_template(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    submitted(estate, made, state="Failed")
    made.template["name"] = "[parameters('name')]"
    file = deployment(made.template, name={"type": "string"})
    (finding,), held = verdicts(signed_in, file, "template-exists")
    assert says([finding]) == [("template-exists", "unchecked")] and held == []
    assert "--template-name" in finding.help
    findings, _ = verdicts(signed_in, file, "template-exists", template_name="template")
    assert says(findings) == [("template-exists", "error")]
    assert verdicts(signed_in, file, "template-exists", resource_group="") == ([], [])


def test_the_same_template_is_there(estate: Estate, signed_in: Manager) -> None:
    for kind in ({}, {"source": "version"}, {"staging": True, "network": "container"}, {"windows": True}):
        made = scene(estate, **kind)
        submitted(estate, made, run="Succeeded")
        findings, held = verdicts(signed_in, made.template, "template-exists")
        assert findings == [], kind
        assert [one.message for one in held] == ["an image template `template` is there already, with the same content"]


def test_what_is_written_otherwise_is_the_same(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "version")
    made.properties["customize"].append({"type": "Shell", "scriptUri": "https://example.com/a.sh?sig=old", "name": "b"})
    made.properties["buildTimeoutInMinutes"] = 0  # the default
    made.template["location"] = "West Europe"
    submitted(estate, made)
    there = estate.get(f"{HERE}/resourceGroups/{GROUP}/providers/Microsoft.VirtualMachineImages/imageTemplates/{NAME}")
    there["properties"]["buildTimeoutInMinutes"] = 240
    there["properties"]["customize"][1]["scriptUri"] = "https://example.com/a.sh"
    version = there["properties"]["source"]["imageVersionId"]
    there["properties"]["source"]["imageVersionId"] = version.replace("/resourceGroups/", "/RESOURCEGROUPS/")
    gallery = "'Microsoft.Compute/galleries/images/versions', 'sources', 'base', '1.0.0'"
    made.properties["source"]["imageVersionId"] = f"[resourceId({gallery})]"
    assert verdicts(signed_in, deployment(made.template), "template-exists")[0] == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda template: template["properties"]["customize"][0]["inline"].append("echo more"), "customize[0].inline"),
        (
            lambda template: template["properties"]["customize"][0].update(inline=["ECHO hello"]),
            "customize[0].inline[0]",
        ),
        (lambda template: template["properties"].update(buildTimeoutInMinutes=60), "buildTimeoutInMinutes"),
        (lambda template: template["properties"]["source"].update(sku="minimal"), "source.sku"),
        (lambda template: template.update(location="northeurope"), "location"),
    ],
)
def test_another_template_is_there(change: Any, path: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    submitted(estate, made)
    change(made.template)
    (finding,), held = verdicts(signed_in, made.template, "template-exists")
    assert says([finding]) == [("template-exists", "error")] and held == []
    assert finding.message == (f"an image template `template` is there already, and differs from this one in `{path}`")
    assert "az image builder delete --name template --resource-group rg" in finding.help and finding.related


def test_what_can_be_changed(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    submitted(estate, made)
    made.template["tags"] = {"a": "b"}
    assert verdicts(signed_in, made.template, "template-exists")[0] == []
    made.properties["vmProfile"]["vmSize"] = "Standard_D1_v2"
    (finding,), _ = verdicts(signed_in, made.template, "template-exists")
    assert says([finding]) == [("template-exists", "info")] and "`vmProfile.vmSize`" in finding.message
    made.properties["distribute"].append({"type": "VHD", "runOutputName": "more"})
    assert says(verdicts(signed_in, made.template, "template-exists")[0]) == [("template-exists", "info")]


def test_a_target_is_dropped(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    made.properties["distribute"].append({"type": "VHD", "runOutputName": "disk"})
    submitted(estate, made)
    made.properties["distribute"].pop()
    (finding,), _ = verdicts(signed_in, made.template, "template-exists")
    assert says([finding]) == [("template-exists", "error")]
    assert finding.message == (
        "the image template `template` that is there already also distributes `disk`, which is missing here"
    )
    made.properties["distribute"].append({"type": "VHD", "runOutputName": "[parameters('output')]"})
    file = deployment(made.template, output={"type": "string"})
    assert "missing here" not in str([one.message for one in verdicts(signed_in, file, "template-exists")[0]])


def test_content_is_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    submitted(estate, made)
    made.properties["customize"][0]["inline"] = ["[concat('echo ', parameters('word'))]"]
    file = deployment(made.template, word={"type": "string"})
    findings, held = verdicts(signed_in, file, "template-exists")
    assert says(findings) == [("template-exists", "unchecked")] and held == []
    assert findings[0].unchecked == "the value of `customize[0].inline[0]` is not known"


def test_a_failed_template_is_there(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    message = "The script https://account.blob.core.windows.net/c/a.sh?sig=SECRETSIGNATURE is not there."
    submitted(estate, made, state="Failed", error={"provisioningErrorCode": "Other", "message": message})
    (finding,), held = verdicts(signed_in, made.template, "template-exists")
    assert says([finding]) == [("template-exists", "error")] and held == []
    assert finding.message == "an image template `template` is there already, left by a submission that failed"
    assert "SECRET" not in str(finding) and finding.notes[-1].startswith("that submission failed with: The script")


@pytest.mark.parametrize(
    ("state", "run", "words"),
    [
        ("Creating", "", "still being created"),
        ("Updating", "", "being changed"),
        ("Deleting", "", "being deleted"),
        ("Succeeded", "Running", "its build is running"),
        ("Succeeded", "Canceling", "its build is being cancelled"),
    ],
)
def test_a_busy_template_is_there(state: str, run: str, words: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    submitted(estate, made, state=state, run=run)
    (finding,), _ = verdicts(signed_in, made.template, "template-exists")
    assert says([finding]) == [("template-exists", "warning")]
    assert finding.message == f"an image template `template` is there already, and {words}"


@pytest.mark.parametrize("minutes", [5, 45])
def test_a_template_hangs(minutes: int, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
    whole = submitted(estate, made, state="Creating")
    estate.get(whole)["systemData"] = {"createdAt": f"{began:%Y-%m-%dT%H:%M:%S}.1234567Z"}
    (finding,), _ = verdicts(signed_in, made.template, "template-exists")
    assert (" UTC" in finding.message) == (minutes > 30) == ("delete" in finding.help)


# -- triggers ----------------------------------------------------------------------------------------------------------


def trigger(name: str = "template/source") -> dict[str, Any]:
    return {
        "type": "Microsoft.VirtualMachineImages/imageTemplates/triggers",
        "apiVersion": "2024-02-01",
        "name": name,
        "dependsOn": ["template"],
        "properties": {"kind": "SourceImage"},
    }


def test_triggers(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    assert verdicts(signed_in, made.template, "trigger-state") == ([], [])
    file = deployment(made.template, trigger())
    findings, held = verdicts(signed_in, file, "trigger-state")
    assert findings == [] and len(held) == 1
    az.feature(estate, "Microsoft.VirtualMachineImages", "Triggers", "NotRegistered")
    findings, held = verdicts(signed_in, file, "trigger-state")
    assert says(findings) == [("trigger-state", "warning")] and len(held) == 1
    az.feature(estate, "Microsoft.VirtualMachineImages", "Triggers")
    whole = submitted(estate, made)
    body = {"name": "SOURCE", "properties": {"kind": "SourceImage"}}
    estate.put(f"{whole}/triggers/source", body)
    findings, held = verdicts(signed_in, file, "trigger-state")
    assert findings == [] and len(held) == 2
    body["name"] = "nightly"
    (finding,), _ = verdicts(signed_in, file, "trigger-state")
    assert finding.message == "the image template `template` has a trigger already, `nightly`, and takes only one"
    signed_in.fail("*/triggers", 403, times=None)
    findings, _ = verdicts(signed_in, file, "trigger-state")
    assert says(findings) == [("trigger-state", "unchecked")]


# -- policies ----------------------------------------------------------------------------------------------------------

DENY = {"if": {"field": "type", "equals": "Microsoft.ContainerInstance/containerGroups"}, "then": {"effect": "deny"}}


def denied(estate: Estate, kind: str, scope: str = HERE, name: str = "no-containers", effect: str = "Deny") -> None:
    definition = az.policy_definition(estate, name, DENY)
    az.denied_by_policy(estate, kind, az.policy(estate, scope, definition, name), definition, effect)


@pytest.mark.parametrize("staging", [False, True])
def test_policy_denies(staging: bool, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, staging=staging)
    findings, held = verdicts(signed_in, made.template, "policy-denies")
    assert findings == [] and len(held) == 1
    scope = made.ids["staging"] if staging else HERE
    assert {one.path for one in signed_in.asked(method="POST")} == {
        f"{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    }
    denied(estate, "Microsoft.ContainerInstance/containerGroups")
    (finding,), held = verdicts(signed_in, made.template, "policy-denies")
    assert says([finding]) == [("policy-denies", "error")] and len(held) == 1
    assert finding.message == (
        "the policy `no-containers` refuses the container that a build makes in the staging resource group"
    )
    assert "az policy exemption create" in finding.help


def test_policy_for_a_group_that_is_not_there(estate: Estate, signed_in: Manager) -> None:
    """It may be exempt once it is made."""
    made = scene(estate, staging=True)
    estate.remove(made.ids["staging"])
    denied(estate, "Microsoft.Storage/storageAccounts")
    findings, _ = verdicts(signed_in, made.template, "policy-denies")
    assert says(findings) == [("policy-denies", "warning")]


@pytest.mark.parametrize(
    ("network", "kind", "speaks"),
    [
        ("", "Microsoft.Network/virtualNetworks", True),
        ("container", "Microsoft.Network/virtualNetworks", False),
        ("proxy", "Microsoft.Network/virtualNetworks", True),
        ("proxy", "Microsoft.Network/privateEndpoints", True),
        ("", "Microsoft.Network/privateEndpoints", False),
        ("", "Microsoft.Network/publicIPAddresses", False),
        ("container", "Microsoft.Compute/disks", True),
    ],
)
def test_policy_by_network(network: str, kind: str, speaks: bool, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    denied(estate, kind)
    findings, _ = verdicts(signed_in, made.template, "policy-denies")
    assert says(findings) == ([("policy-denies", "error")] if speaks else [])


def test_policies_that_do_not_refuse(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    denied(estate, "Microsoft.Storage/storageAccounts", effect="Audit")
    assert verdicts(signed_in, made.template, "policy-denies")[0] == []


@pytest.mark.parametrize("windows", [False, True])
def test_policy_of_vaults(windows: bool, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, windows=windows)
    denied(estate, "Microsoft.KeyVault/vaults")
    findings, _ = verdicts(signed_in, made.template, "policy-denies")
    assert says(findings) == ([("policy-denies", "warning")] if windows else [])


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        ("properties.networkAcls.defaultAction", "error"),  # documented: it has no firewall
        ("properties.allowSharedKeyAccess", "warning"),
        ("tags.costCenter", "warning"),
        ("location", "error"),
        ("name", "warning"),
    ],
)
def test_policy_looks_at(
    path: str, severity: str, estate: Estate, signed_in: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.azure import routes

    made = scene(estate)
    denied(estate, "Microsoft.Storage/storageAccounts")
    plain = routes._restrictions

    def looking(call: routes.Call) -> routes.Reply:
        reply = plain(call)
        for one in reply.body["contentEvaluationResult"]["policyEvaluations"]:
            one["evaluationDetails"]["evaluatedExpressions"].append({"result": "True", "path": path})
        return reply

    compiled = tuple((m, p, looking if answer is plain else answer) for m, p, answer in routes._COMPILED)
    monkeypatch.setattr(routes, "_COMPILED", compiled)
    (finding,), _ = verdicts(signed_in, made.template, "policy-denies")
    assert says([finding]) == [("policy-denies", severity)]
    assert ("`managedResourceTags`" in finding.help) == path.startswith("tags")


def test_policy_cannot_be_asked(estate: Estate, signed_in: Manager) -> None:
    """As it is for who has only `Reader`: what is assigned is named."""
    made = scene(estate)
    denied(estate, "Microsoft.ContainerInstance/containerGroups")
    az.policy(estate, HERE, az.policy_definition(estate, "p", {**DENY, "then": {"effect": "audit"}}), "audits")
    signed_in.fail("*/checkPolicyRestrictions", 403, times=None)
    (finding,), held = verdicts(signed_in, made.template, "policy-denies")
    assert says([finding]) == [("policy-denies", "unchecked")] and held == []
    assert finding.notes == ("`no-containers` is assigned there and may refuse some of it",)
    signed_in.fail("*/policyAssignments", 403, times=None)
    (finding,), _ = verdicts(signed_in, made.template, "policy-denies")
    assert finding.notes == ()


def extension(effect: str = "deployIfNotExists") -> dict[str, Any]:
    return {
        "if": {"field": "type", "equals": "Microsoft.Compute/virtualMachines"},
        "then": {"effect": effect, "details": {"type": "Microsoft.Compute/virtualMachines/extensions"}},
    }


def test_policy_alters_build(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    check = "policy-alters-build"
    findings, held = verdicts(signed_in, made.template, check)
    assert findings == [] and len(held) == 1
    definition = az.policy_definition(estate, "agent", extension("[parameters('effect')]"))
    az.policy(estate, HERE, definition, "agent")
    assert verdicts(signed_in, made.template, check)[0] == []  # no such parameter
    estate.get(definition)["properties"]["parameters"] = {"effect": {"defaultValue": "DeployIfNotExists"}}
    (finding,), held = verdicts(signed_in, made.template, check)
    assert says([finding]) == [(check, "info")] and held == []
    assert finding.message == "the policy `agent` may put an extension on the build VM"
    estate.policy_assignments[0]["properties"]["parameters"] = {"effect": {"value": "Disabled"}}
    assert verdicts(signed_in, made.template, check)[0] == []
    estate.policy_assignments[0]["properties"].update(parameters={}, enforcementMode="DoNotEnforce")
    assert verdicts(signed_in, made.template, check)[0] == []
    signed_in.fail("*/policyAssignments", 403, times=None)
    findings, held = verdicts(signed_in, made.template, check)
    assert says(findings) == [(check, "unchecked")] and held == []


@pytest.mark.parametrize("network", ["", "proxy", "container"])
def test_ddos_policy(network: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    definition = "/providers/Microsoft.Authorization/policyDefinitions/94de2ad3-e0c1-4caf-ad78-5d47bbc83d3d"
    rule = {
        "if": {"field": "type", "equals": "Microsoft.Network/virtualNetworks"},
        "then": {"effect": "[parameters('effect')]"},
    }
    parameters = {"effect": {"defaultValue": "Modify"}}
    estate.put(definition, {"id": definition, "properties": {"policyRule": rule, "parameters": parameters}})
    az.policy(estate, HERE, definition, "ddos")
    findings, _ = verdicts(signed_in, made.template, "policy-alters-build")
    assert says(findings) == ([] if network == "container" else [("policy-alters-build", "warning")])
