"""The words for what departs from the schema: in the template's own terms, once for each cause, with the right advice."""

from __future__ import annotations

import pytest

from tests.templates import deployment, findings, resource

SUBNET = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/n/providers/Microsoft.Network/virtualNetworks/v/subnets/s"


def _said(properties: dict[str, object], **members: object) -> list[tuple[str, str]]:
    found = findings(deployment(resource(properties, **members)), "AIB1")
    return [(finding.message, finding.help) for finding in found]


@pytest.mark.parametrize(
    ("properties", "message", "help_"),
    [
        (
            {"customize": [{"type": "Shell", "name": "a", "inline": ["x"], "runElevated": True}]},
            "step `a` (`Shell`) has no property `runElevated`",
            "remove it: only a `PowerShell` customizer has it",
        ),
        (
            {"vmProfile": {"proxyVmSize": "x"}},
            "`vmProfile` has no property `proxyVmSize`",
            "move it to `vnetConfig`",
        ),
        (
            {"distribute": [{"type": "ManagedImage", "runOutputName": "r", "location": "x", "galleryImageId": "/x"}]},
            "distributor `r` (`ManagedImage`) has no property `galleryImageId`",
            "did you mean `imageId`? (only a `SharedImage` distributor has `galleryImageId`)",
        ),
        (
            {"source": {"type": "ManagedImage", "id": "/x"}},
            "the source (`ManagedImage`) has no property `id`",
            "did you mean `imageId`?",
        ),
        (
            {"vmProfile": {"vnetConfig": {"name": "v", "subnetName": "s", "resourceGroupName": "n"}}},
            "`vnetConfig` has no `name`, `subnetName` or `resourceGroupName`: it takes the resource ID of a subnet",
            'write `"subnetId": "<resource ID of the subnet>"` instead',
        ),
        (
            {"vmProfile": {"vnetConfig": {"resourceGroupName": "n", "subnetId": SUBNET}}},
            "`vnetConfig` has no `resourceGroupName`: it takes the resource ID of a subnet",
            "remove it: the `subnetId` beside it is enough",
        ),
        (
            {"vmProfile": {"vnetConfig": "/x"}},
            "`vnetConfig` of `vmProfile` is the string `/x`, not an object",
            'write `{"subnetId": "/x"}`',
        ),
        (
            {"customize": [{"type": "PowerShell", "inline": ["x"], "validExitCodes": "0"}]},
            "`validExitCodes` of `customize[0]` is the string `0`, not an array of whole numbers",
            "write `[0]`",
        ),
        (
            {"customize": [{"type": "PowerShell", "inline": ["x"], "validExitCodes": [0, "1"]}]},
            "`validExitCodes[1]` of `customize[0]` is the string `1`, not a whole number",
            "write `1` without quotes",
        ),
        ({"customize": ["echo"]}, "`customize[0]` is the string `echo`, not an object", "give it an object"),
        (
            {"customize": [{"type": "Shell", "name": "a", "Name": "b", "inline": ["x"]}]},
            "`Name` of step `a` is in the wrong letter case: the API has `name`",
            "remove it: `name` is there as well",
        ),
    ],
)
def test_words(properties: dict[str, object], message: str, help_: str) -> None:
    assert _said(properties) == [(message, help_)]


@pytest.mark.parametrize(
    ("version", "kind", "severity"),
    [
        ("2022-07-01", "sharedImage", "error"),  # refused in 2020 already
        ("2019-05-01-preview", "sharedImage", "warning"),
        ("2022-07-01", "sharedimage", "error"),  # which no version ever had
    ],
)
def test_letter_case_of_the_kind_of_a_distributor(version: str, kind: str, severity: str) -> None:
    distributor = {"type": kind, "runOutputName": "r", "galleryImageId": "/x", "replicationRegions": ["westeurope"]}
    found = findings(deployment(resource({"distribute": [distributor]}, apiVersion=version)), "wrong-case")
    assert [finding.severity for finding in found] == [severity]


def test_a_name_at_fault_does_not_point_to_what_its_value_refers_to() -> None:
    parameters = {"p": {"type": "string", "defaultValue": "x"}}
    (direct,) = findings(deployment(resource({"licenseType": "[parameters('p')]"}), parameters=parameters), "AIB101")
    assert direct.related == ()
    variables = {"steps": [{"type": "Shell", "inline": ["x"], "runElevated": True}]}
    (behind,) = findings(deployment(resource({"customize": "[variables('steps')]"}), variables=variables), "AIB101")
    assert [place.message for place in behind.related] == ["the value is defined here"]
