"""Live checks of the subscription: providers, regions, sizes of virtual machines, quotas. Each verdict of each check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.azure import estate as az
from tests.azure.scenes import GROUP, deployment, says, scene, session, verdicts

if TYPE_CHECKING:
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

pytestmark = pytest.mark.usefixtures("only_official")

HERE = f"/subscriptions/{az.SUBSCRIPTION}"
OWN = (
    "AIB820", "AIB821", "AIB822", "AIB823", "AIB824", "AIB840", "AIB841", "AIB842", "AIB843", "AIB860", "AIB861",
)  # fmt: skip
SCENES: tuple[dict[str, Any], ...] = (
    {},
    {"source": "managed"},
    {"source": "version"},
    {"distribute": "managed"},
    {"distribute": "vhd"},
    {"network": "proxy"},
    {"network": "container"},
    {"staging": True},
    {"build_identity": True},
    {"windows": True, "network": "proxy", "staging": True},
)


@pytest.mark.parametrize("kind", SCENES, ids=str)
def test_nothing_is_said_where_all_is_there(kind: dict[str, Any], estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, **kind)
    findings, held = verdicts(signed_in, made.template, *OWN)
    assert findings == []
    spoken = {one.check.id for one in held if one.check}
    assert spoken == set(OWN) - {"AIB843"} - (set() if kind.get("staging") else {"AIB840", "AIB841"})


def test_one_thing_is_taken_away(estate: Estate, signed_in: Manager) -> None:
    """Who speaks of it: one check, once."""
    made = scene(estate, network="proxy", staging=True)
    cases: dict[str, list[tuple[str, str]]] = {}
    for name in az.PROVIDERS:
        if name == "Microsoft.MarketplaceOrdering":  # of use only for images with a plan
            continue
        az.provider(estate, name, "NotRegistered")
        cases[name] = says(verdicts(signed_in, made.template, *OWN)[0])
        az.provider(estate, name)
    assert set(map(tuple, cases.values())) == {(("provider-not-registered", "error"),)}


def test_asks_side_by_side(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy", staging=True)
    verdicts(signed_in, made.template, *OWN)
    asked = [(one.method, one.path, str(one.query), str(one.body)) for one in signed_in.asked()]
    assert len(asked) == len(set(asked))  # and each question once


# -- location ----------------------------------------------------------------------------------------------------------


def test_location(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    made.template["location"] = "West Europe"
    findings, held = verdicts(signed_in, made.template, "location-not-offered")
    assert findings == [] and [one.message for one in held] == [
        "this subscription offers image templates in `West Europe`"
    ]
    az.provider(estate, "Microsoft.VirtualMachineImages", locations=("North Europe", "East US"))
    (finding,), held = verdicts(signed_in, made.template, "location-not-offered")
    assert says([finding]) == [("location-not-offered", "error")] and held == []
    assert finding.message == "this subscription does not offer image templates in `West Europe`"
    assert "`northeurope`" in finding.help


def test_location_of_the_group(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    made.template["location"] = "[resourceGroup().location]"
    whole = deployment(made.template)
    findings, held = verdicts(signed_in, whole, "location-not-offered")
    assert findings == [] and len(held) == 1
    signed_in.fail(f"*/resourceGroups/{GROUP}", 403, times=None)
    findings, held = verdicts(signed_in, whole, "location-not-offered", "vm-size-unavailable")
    assert says(findings) == [("location-not-offered", "unchecked")] and held == []
    # Of a group that is not known or not there somebody else speaks.
    findings, held = verdicts(signed_in, whole, "location-not-offered", resource_group="")
    assert findings == [] and held == []


def test_location_unknown(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    made.template["location"] = "[parameters('region')]"
    whole = deployment(made.template, region={"type": "string"})
    findings, _ = verdicts(signed_in, whole, "AIB82", "AIB86")
    names = [one for one in says(findings) if one[0] != "provider-not-registered"]
    assert names == [("location-not-offered", "unchecked")]


@pytest.mark.parametrize("state", ["Registered", "NotRegistered", ""])
def test_location_in_preview(state: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    made.template["location"] = "usgovvirginia"
    az.provider(estate, "Microsoft.VirtualMachineImages", locations=("USGov Virginia",))
    if state:
        az.feature(estate, "Microsoft.VirtualMachineImages", "FairfaxPublicPreview", state)
    findings, held = verdicts(signed_in, made.template, "location-not-offered")
    expected = {"Registered": [], "NotRegistered": ["warning"], "": ["unchecked"]}[state]
    assert [severity for _, severity in says(findings)] == expected and len(held) == (state == "Registered")


# -- providers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["VirtualMachineImages", "KeyVault", "ContainerInstance", "ManagedIdentity"])
def test_providers(name: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    findings, held = verdicts(signed_in, made.template, "provider-not-registered")
    assert findings == [] and len(held) == 1
    az.provider(estate, f"Microsoft.{name}", "NotRegistered")
    (finding,), held = verdicts(signed_in, made.template, "provider-not-registered")
    assert finding.message == f"the subscription has not registered `Microsoft.{name}`"
    assert f"az provider register --namespace Microsoft.{name}" in finding.help and len(held) == 1
    az.provider(estate, f"Microsoft.{name}", "Registering")
    findings, _ = verdicts(signed_in, made.template, "provider-not-registered")
    assert says(findings) == [("provider-not-registered", "warning")]


def test_providers_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    fault = signed_in.fail("*/providers/Microsoft.*", 403, times=None)
    (finding,), held = verdicts(signed_in, made.template, "provider-not-registered", "location-not-offered")
    assert says([finding]) == [("provider-not-registered", "unchecked")] and held == []
    signed_in.faults.remove(fault)
    # A subscription of another tenant: one finding for all.
    del estate.resources[HERE.lower()]
    findings, held = verdicts(signed_in, made.template, *OWN)
    assert says(findings) == [("provider-not-registered", "unchecked")] and held == []


def test_subscription_not_known(estate: Estate, signed_in: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scene(estate)
    monkeypatch.setattr("aiblint.azure.live._own_subscription", lambda _: "")
    findings, held = verdicts(signed_in, made.template, *OWN, subscription="")
    assert says(findings) == [("provider-not-registered", "unchecked")] and held == []
    assert findings[0].help == "name it with `--subscription`"
    assert session(signed_in).live.subscription == az.SUBSCRIPTION


# -- sizes -------------------------------------------------------------------------------------------------------------


def test_size(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    made.properties["vmProfile"]["vmSize"] = "standard_d2DS_v4"
    findings, held = verdicts(signed_in, made.template, "vm-size-unavailable")
    assert findings == [] and len(held) == 1
    az.sku(estate, "Standard_D2ds_v4", "standardDDSv4Family", 2, restrictions=[az.restricted("West Europe")])
    (finding,), held = verdicts(signed_in, made.template, "vm-size-unavailable", "quota-exceeded")
    assert finding.message == (
        "`standard_d2DS_v4`, the size of the build VM, may not be used by this subscription in `westeurope` "
        "(`NotAvailableForSubscription`)"
    )
    assert finding.help.endswith("such as `Standard_D2ads_v5`") and held == []
    # A build VM is in no zone, so what is closed there does not matter; neither does another region.
    for restriction in (az.restricted(kind="Zone"), az.restricted("northeurope")):
        az.sku(estate, "Standard_D2ds_v4", "standardDDSv4Family", 2, restrictions=[restriction])
        findings, held = verdicts(signed_in, made.template, "vm-size-unavailable")
        assert findings == [] and len(held) == 1
    made.properties["vmProfile"]["vmSize"] = "Standard_D2ds_v44"
    (finding,), _ = verdicts(signed_in, made.template, "vm-size-unavailable", "quota-exceeded")
    assert finding.message == "`Standard_D2ds_v44`, the size of the build VM, is not offered in `westeurope`"
    assert "`Standard_D2ds_v4`" in finding.help


@pytest.mark.parametrize("generation", ["V1", "V2"])
@pytest.mark.parametrize("source", ["managed", "version"])
def test_default_size(source: str, generation: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, source)
    made.properties["vmProfile"]["vmSize"] = ""
    image = made.ids["source"] if source == "managed" else made.ids["source image"]
    estate.get(image)["properties"]["hyperVGeneration"] = generation
    az.sku(estate, "Standard_D1_v2", "standardDv2Family", 1, restrictions=[az.restricted()])
    findings, held = verdicts(signed_in, made.template, "vm-size-unavailable")
    assert says(findings) == ([("vm-size-unavailable", "error")] if generation == "V1" else [])
    assert len(held) == (generation == "V2")
    if findings:
        assert findings[0].message.startswith("`Standard_D1_v2`, the default size of the build VM, may not be used")


def test_default_size_of_an_unknown_generation(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    del made.properties["vmProfile"]["vmSize"]
    made.properties["source"].update(publisher="someone", offer="something", sku="else")
    findings, held = verdicts(signed_in, made.template, "vm-size-unavailable", "quota-exceeded")
    assert findings == [] and [one.message for one in held] == [
        "the build VM can be had in `westeurope`: `Standard_D1_v2` and `Standard_D2ds_v4`"
    ]
    az.sku(estate, "Standard_D1_v2", "standardDv2Family", 1, locations=("westeurope",), restrictions=[az.restricted()])
    (finding,), _ = verdicts(signed_in, made.template, "vm-size-unavailable", "quota-exceeded")
    assert finding.severity == "info" and "for a source of generation 1" in finding.message
    az.sku(estate, "Standard_D2ds_v4", "standardDDSv4Family", 2, restrictions=[az.restricted()])
    findings, _ = verdicts(signed_in, made.template, "vm-size-unavailable", "quota-exceeded")
    assert says(findings) == [("vm-size-unavailable", "error")]


def test_proxy_size(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    az.sku(estate, "Standard_A1_v2", "standardAv2Family", 1, restrictions=[az.restricted()])
    (finding,), held = verdicts(signed_in, made.template, "vm-size-unavailable")
    assert finding.message.startswith("`Standard_A1_v2`, the default size of the proxy VM, may not be used")
    assert len(held) == 1
    made.properties["vmProfile"]["vnetConfig"]["proxyVmSize"] = "Standard_D2ds_v4"
    assert verdicts(signed_in, made.template, "vm-size-unavailable")[0] == []
    made = scene(estate, network="container")  # which needs no proxy
    az.sku(estate, "Standard_A1_v2", "standardAv2Family", 1, restrictions=[az.restricted()])
    assert verdicts(signed_in, made.template, "vm-size-unavailable")[0] == []


def test_size_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    fault = signed_in.fail("*/skus", 403, times=None)
    findings, held = verdicts(signed_in, made.template, "vm-size-unavailable", "quota-exceeded")
    assert says(findings) == [("vm-size-unavailable", "unchecked")] and held == []
    signed_in.faults.remove(fault)
    estate.lists[f"{HERE}/providers/Microsoft.Compute/skus".lower()] = []
    findings, held = verdicts(signed_in, made.template, "vm-size-unavailable", "quota-exceeded")
    assert says(findings) == [("vm-size-unavailable", "unchecked")] and held == []
    made.properties["vmProfile"]["vmSize"] = "[parameters('size')]"
    whole = deployment(made.template, size={"type": "string"})
    findings, held = verdicts(signed_in, whole, "vm-size-unavailable", "quota-exceeded")
    assert says(findings) == [("vm-size-unavailable", "unchecked")] and "`vmSize`" in findings[0].message


# -- quotas ------------------------------------------------------------------------------------------------------------


def test_quota(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    findings, held = verdicts(signed_in, made.template, "quota-exceeded")
    assert findings == [] and len(held) == 1
    az.usage(estate, "standardDDSv4Family", 9, 10, "Standard DDSv4 Family vCPUs")
    (finding,), held = verdicts(signed_in, made.template, "quota-exceeded")
    assert finding.message == (
        "the quota `Standard DDSv4 Family vCPUs` has 1 of 10 vCPUs left in `westeurope`, and the build VM "
        "(`Standard_D2ds_v4`) needs 2"
    )
    assert says([finding]) == [("quota-exceeded", "error")] and len(held) == 1
    az.usage(estate, "standardDDSv4Family", 8, 10)
    az.usage(estate, "cores", 348, 350, "Total Regional vCPUs")
    (finding,), _ = verdicts(signed_in, made.template, "quota-exceeded")
    assert finding.message.endswith(
        "the build VM (`Standard_D2ds_v4`) and the proxy VM (`Standard_A1_v2`, the default size) need 3"
    )


def test_quota_of_one_family(estate: Estate, signed_in: Manager) -> None:
    """The proxy and the build VM together."""
    made = scene(estate, network="proxy")
    made.properties["vmProfile"]["vnetConfig"]["proxyVmSize"] = "Standard_D2ds_v4"
    az.usage(estate, "standardDDSv4Family", 7, 10)
    assert says(verdicts(signed_in, made.template, "quota-exceeded")[0]) == [("quota-exceeded", "error")]
    az.usage(estate, "standardDDSv4Family", 6, 10)
    assert verdicts(signed_in, made.template, "quota-exceeded")[0] == []


def test_quota_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    signed_in.fail("*/Microsoft.Compute/*/usages", 403, times=None)
    findings, held = verdicts(signed_in, made.template, "quota-exceeded")
    assert says(findings) == [("quota-exceeded", "unchecked")] and held == []


def test_container_quota(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate)
    usage = {"namespace": "Microsoft.ContainerInstance"}
    findings, held = verdicts(signed_in, made.template, "container-quota-exceeded")
    assert findings == [] and len(held) == 2
    az.usage(estate, "StandardCores", 8, 10, **usage)  # type: ignore[arg-type]
    (finding,), held = verdicts(signed_in, made.template, "container-quota-exceeded")
    assert says([finding]) == [("container-quota-exceeded", "error")] and len(held) == 1
    assert finding.message == ("2 of 10 standard cores of containers are left in `westeurope`, and a build needs 4")
    az.usage(estate, "StandardCores", 6, 10, **usage)  # type: ignore[arg-type]
    az.usage(estate, "ContainerGroups", 100, 100, **usage)  # type: ignore[arg-type]
    (finding,), _ = verdicts(signed_in, made.template, "container-quota-exceeded")
    assert finding.message.startswith("0 of 100 container groups")
    signed_in.fail("*/Microsoft.ContainerInstance/*/usages", 403, times=None)
    findings, held = verdicts(signed_in, made.template, "container-quota-exceeded")
    assert says(findings) == [("container-quota-exceeded", "unchecked")] and held == []
