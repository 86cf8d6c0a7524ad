"""Live checks of the subnets of a build: each verdict of each check, and the rules of network security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.live.security_groups import INTERNET, LOAD_BALANCER, Decision, Flow, decide
from tests.azure import estate as az
from tests.azure.scenes import GROUP, Scene, deployment, says, scene, verdicts

if TYPE_CHECKING:
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

pytestmark = pytest.mark.usefixtures("only_official")

ALL = ("AIB830", "AIB831", "AIB832", "AIB833", "AIB834", "AIB835")


def properties(estate: Estate, subnet: str) -> dict[str, Any]:
    found: dict[str, Any] = estate.get(subnet)["properties"]
    return found


def vnet_config(made: Scene) -> dict[str, Any]:
    found: dict[str, Any] = made.properties["vmProfile"]["vnetConfig"]
    return found


def secure(estate: Estate, subnet: str, *rules: dict[str, Any], name: str = "nsg") -> str:
    """Put a network security group on a subnet."""
    group = az.security_group(estate, name, GROUP, rules=rules)
    properties(estate, subnet)["networkSecurityGroup"] = {"id": group}
    return group


# -- everything is as it has to be -------------------------------------------------------------------------------------


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("source", ["platform", "managed", "version"])
@pytest.mark.parametrize(("network", "held"), [("", 0), ("proxy", 6), ("container", 8)])
def test_all_is_well(network: str, held: int, source: str, windows: bool, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, source, network=network, windows=windows)
    findings, holds = verdicts(signed_in, made.template, *ALL)
    assert findings == []
    assert len(holds) == held
    assert len(signed_in.asked("*/Microsoft.Network/*")) == {"": 0, "proxy": 2, "container": 3}[network]


def test_in_any_letter_case_and_by_display_name(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    config = vnet_config(made)
    config["subnetId"] = config["subnetId"].upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")
    made.template["location"] = "West Europe"
    estate.get(made.ids["network"])["location"] = "WestEurope"
    properties(estate, made.ids["container subnet"])["delegations"][0]["properties"]["serviceName"] = (
        "microsoft.containerinstance/containergroups"
    )
    findings, holds = verdicts(signed_in, made.template, *ALL)
    assert findings == []
    assert len(holds) == 8


# -- subnet-not-found --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["subnet", "container subnet"])
def test_a_subnet_is_not_there(which: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    estate.remove(made.ids[which])
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-not-found", "error")]
    assert made.ids[which] in findings[0].message


@pytest.mark.parametrize("network", ["proxy", "container"])
def test_a_network_is_not_there(network: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    estate.remove(made.ids["network"])
    findings, holds = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-not-found", "error")]
    assert "virtual network" in findings[0].message and holds == []


@pytest.mark.parametrize("pattern", ["*/virtualNetworks/vnet*", "*/subnets/build", "*/subnets/aci"])
def test_a_subnet_cannot_be_read(pattern: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    signed_in.fail(pattern, 403, times=None)
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-not-found", "unchecked")]


def test_only_the_network_cannot_be_read(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    signed_in.fail("*/virtualNetworks/vnet", 403, times=None)
    findings, holds = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-not-found", "unchecked")]
    assert "virtual network" in findings[0].message
    assert "subnet-region" not in [one.check.name for one in holds if one.check]


def parametrized(made: Scene, name: str, **parameter: Any) -> dict[str, Any]:
    """A deployment of the template, in which a property of `vnetConfig` is a parameter."""
    vnet_config(made)[name] = "[parameters('subnet')]"
    return deployment(made.template, subnet={"type": "string", **parameter})


@pytest.mark.parametrize("name", ["subnetId", "containerInstanceSubnetId"])
def test_a_subnet_is_not_known(name: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    findings, _ = verdicts(signed_in, parametrized(made, name), *ALL)
    assert says(findings) == [("subnet-not-found", "unchecked")]
    assert name in findings[0].message


def test_no_container_by_default(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    findings, holds = verdicts(signed_in, parametrized(made, "containerInstanceSubnetId", defaultValue=""), *ALL)
    assert findings == [] and len(holds) == 6


def test_the_id_is_completed_by_the_deployment(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    wrapped = parametrized(made, "proxyVmSize", defaultValue="")
    vnet_config(made)["subnetId"] = "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'build')]"
    findings, holds = verdicts(signed_in, wrapped, *ALL)
    assert findings == [] and len(holds) == 6


@pytest.mark.parametrize("how", ["inside", "beside", "elsewhere"])
def test_what_the_file_deploys_is_not_asked_for(how: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    estate.remove(made.ids["network"])
    wrapped = parametrized(made, "proxyVmSize", defaultValue="")
    vnet_config(made)["subnetId"] = "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'build')]"
    subnet = {"name": "build", "properties": {"addressPrefix": "10.0.0.0/24"}}
    network = {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-01-01", "name": "vnet"}
    if how == "inside":
        wrapped["resources"].append({**network, "properties": {"subnets": [subnet]}})
    elif how == "elsewhere":
        vnet_config(made)["subnetId"] = (
            "[resourceId('network', 'Microsoft.Network/virtualNetworks/subnets', 'VNet', 'build')]"
        )
        inner = {**wrapped, "parameters": {}, "resources": [{**network, "properties": {"subnets": [subnet]}}]}
        nested = {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "resourceGroup": "network"}
        wrapped["resources"].append(
            {**nested, "name": "network", "properties": {"mode": "Incremental", "template": inner}}
        )
    else:
        kind = "Microsoft.Network/virtualNetworks/subnets"
        wrapped["resources"].append({**subnet, "type": kind, "apiVersion": "2024-01-01", "name": "vnet/build"})
    findings, holds = verdicts(signed_in, wrapped, *ALL)
    assert findings == [] and holds == []
    wrapped["resources"][-1]["condition"] = False
    findings, _ = verdicts(signed_in, wrapped, *ALL)
    assert says(findings) == [("subnet-not-found", "error")]


@pytest.mark.parametrize(
    ("network", "prefix", "used", "said"),
    [
        ("proxy", "10.0.0.0/28", 8, ""),
        ("proxy", "10.0.0.0/28", 9, "has 2 free addresses, and a build needs three at least"),
        ("proxy", "10.0.0.0/29", 3, "has no free addresses"),
        ("proxy", "fd00::/64", 9, ""),
        ("container", "10.0.0.0/29", 2, ""),
        ("container", "10.0.0.0/29", 3, "has no free addresses, and a build needs one"),
    ],
)
def test_a_full_subnet(network: str, prefix: str, used: int, said: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    az.subnet(
        estate, made.ids["network"], "build", prefix, used=used,
        nat_gateway=properties(estate, made.ids["subnet"])["natGateway"]["id"],
    )  # fmt: skip
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == ([("subnet-not-found", "warning")] if said else [])
    assert all(said in one.message for one in findings)


def test_several_prefixes(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    subnet = properties(estate, made.ids["subnet"])
    del subnet["addressPrefix"]
    subnet["addressPrefixes"] = ["10.0.0.0/29", "10.0.8.0/29"]
    subnet["ipConfigurations"] = [{"id": f"/x/{number}"} for number in range(8)]
    assert verdicts(signed_in, made.template, *ALL)[0] == []
    subnet["ipConfigurations"].append({"id": "/x/8"})
    assert says(verdicts(signed_in, made.template, *ALL)[0]) == [("subnet-not-found", "warning")]


# -- subnet-policies ---------------------------------------------------------------------------------------------------


def test_policies(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    properties(estate, made.ids["subnet"])["privateLinkServiceNetworkPolicies"] = "Enabled"
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-policies", "error")]
    assert made.ids["subnet"] in findings[0].help
    del properties(estate, made.ids["subnet"])["privateLinkServiceNetworkPolicies"]
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-policies", "unchecked")]


def test_policies_do_not_matter_with_a_container(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    properties(estate, made.ids["subnet"])["privateLinkServiceNetworkPolicies"] = "Enabled"
    assert verdicts(signed_in, made.template, *ALL)[0] == []
    # Nor where there may be one.
    findings, _ = verdicts(signed_in, parametrized(made, "containerInstanceSubnetId"), "subnet-policies")
    assert findings == []


# -- subnet-delegation -------------------------------------------------------------------------------------------------


def test_delegation_of_the_container(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    container = properties(estate, made.ids["container subnet"])
    container["delegations"][0]["properties"]["serviceName"] = "Microsoft.Web/serverFarms"
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-delegation", "error")]
    assert "`Microsoft.Web/serverFarms`, not to" in findings[0].message
    container["delegations"] = []
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-delegation", "error")]
    assert "is not delegated to" in findings[0].message
    signed_in.fail("*/subnets/aci", 403, times=None)
    assert verdicts(signed_in, made.template, "subnet-delegation")[0] == []


@pytest.mark.parametrize("network", ["proxy", "container"])
def test_delegation_of_the_build_subnet(network: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    service = {"name": "delegation", "properties": {"serviceName": "Microsoft.ContainerInstance/containerGroups"}}
    properties(estate, made.ids["subnet"])["delegations"] = [service]
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-delegation", "error")]
    assert "no VM can be put into it" in findings[0].message


def test_two_subnets_of_one_network(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    other = az.virtual_network(estate, "vnet", "images")
    subnet = az.subnet(estate, other, "aci", delegation="Microsoft.ContainerInstance/containerGroups")
    wrapped = parametrized(made, "proxyVmSize", defaultValue="")
    vnet_config(made)["subnetId"] = "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'build')]"
    vnet_config(made)["containerInstanceSubnetId"] = subnet
    # Only the resource group of the deployment tells that these are two networks.
    findings, _ = verdicts(signed_in, wrapped)
    assert [found for found in says(findings) if found[0].startswith("subnet-")] == [("subnet-delegation", "error")]
    assert "in another virtual network than" in findings[0].message
    vnet_config(made)["containerInstanceSubnetId"] = made.ids["subnet"]
    findings, _ = verdicts(signed_in, wrapped, "subnet-delegation")
    assert says(findings) == [("subnet-delegation", "error")]
    assert "is the same subnet as" in findings[0].message


def test_what_the_template_shows_is_said_once(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    vnet_config(made)["containerInstanceSubnetId"] = made.ids["subnet"]
    findings, _ = verdicts(signed_in, made.template, "container-subnet-rules", *ALL)
    assert says(findings) == [("container-subnet-rules", "error")]


# -- subnet-region -----------------------------------------------------------------------------------------------------


def test_region(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    estate.get(made.ids["network"])["location"] = "northeurope"
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("subnet-region", "error")]
    made.template["location"] = "North Europe"
    assert verdicts(signed_in, made.template, *ALL)[0] == []


def test_a_region_that_is_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    wrapped = parametrized(made, "proxyVmSize", defaultValue="")
    wrapped["parameters"]["location"] = {"type": "string"}
    made.template["location"] = "[parameters('location')]"
    findings, holds = verdicts(signed_in, wrapped, "subnet-region")
    assert findings == [] and holds == []


# -- no-outbound -------------------------------------------------------------------------------------------------------


def private(estate: Estate, made: Scene, access: bool | None = False) -> dict[str, Any]:
    subnet = properties(estate, made.ids["subnet"])
    del subnet["natGateway"]
    if access is not None:
        subnet["defaultOutboundAccess"] = access
    return subnet


@pytest.mark.parametrize("network", ["proxy", "container"])
def test_no_outbound(network: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network=network)
    private(estate, made)
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("no-outbound", "warning")]


@pytest.mark.parametrize(("access", "held"), [(True, 1), (None, 0)])
def test_default_outbound(access: bool | None, held: int, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    private(estate, made, access)
    findings, holds = verdicts(signed_in, made.template, "no-outbound")
    assert findings == [] and len(holds) == held


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ((("0.0.0.0/0", "VirtualAppliance"),), []),
        ((("0.0.0.0/0", "VirtualNetworkGateway"),), []),
        ((("0.0.0.0/0", "None"),), [("no-outbound", "warning")]),
        ((("0.0.0.0/0", "Internet"),), [("no-outbound", "warning")]),
        ((("10.1.0.0/16", "VirtualAppliance"),), [("no-outbound", "warning")]),
    ],
)
def test_routes(
    routes: tuple[tuple[str, str], ...], said: list[tuple[str, str]], estate: Estate, signed_in: Manager
) -> None:
    made = scene(estate, network="proxy")
    private(estate, made)["routeTable"] = {"id": az.route_table(estate, group=GROUP, routes=routes)}
    findings, holds = verdicts(signed_in, made.template, "no-outbound")
    assert says(findings) == said and len(holds) == (0 if said else 1)


def test_a_route_that_drops_everything_comes_before_a_nat_gateway(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    table = az.route_table(estate, group=GROUP, routes=(("0.0.0.0/0", "None"),))
    properties(estate, made.ids["subnet"])["routeTable"] = {"id": table}
    assert says(verdicts(signed_in, made.template, *ALL)[0]) == [("no-outbound", "warning")]
    signed_in.fail(table, 403, times=None)
    assert says(verdicts(signed_in, made.template, *ALL)[0]) == [("no-outbound", "unchecked")]


@pytest.mark.parametrize("how", ["peer", "gateway", "unread"])
def test_a_route_may_come_from_a_gateway(how: str, estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="proxy")
    private(estate, made)
    network = properties(estate, made.ids["network"])
    if how == "peer":
        network["virtualNetworkPeerings"] = [{"name": "hub", "properties": {"useRemoteGateways": True}}]
    elif how == "gateway":
        az.subnet(estate, made.ids["network"], "GatewaySubnet", "10.0.9.0/24")
    else:
        signed_in.fail("*/virtualNetworks/vnet", 403, times=None)
    findings, holds = verdicts(signed_in, made.template, "no-outbound")
    assert findings == [] and holds == []


# -- network-blocks-build ----------------------------------------------------------------------------------------------

DENY_IN = az.rule("DenyIn", "Deny", 4096)
DENY_OUT = az.rule("DenyOut", "Deny", 4096, "Outbound")
DOCUMENTED = az.rule(
    "AzureImageBuilderNsgRule", "Allow", 400, source="AzureLoadBalancer", destination="VirtualNetwork",
    ports="60000-60001", protocol="Tcp",
)  # fmt: skip
SSH = az.rule("Ssh", "Allow", 410, source="VirtualNetwork", destination="VirtualNetwork", ports="22", protocol="TCP")
WINRM = az.rule("WinRm", "Allow", 420, source="VirtualNetwork", destination="VirtualNetwork", ports="5986")


def test_default_rules_let_the_build_through(estate: Estate, signed_in: Manager) -> None:
    for network in ("proxy", "container"):
        made = scene(estate, network=network)
        secure(estate, made.ids["subnet"])
        if network == "container":
            secure(estate, made.ids["container subnet"])
        findings, _ = verdicts(signed_in, made.template, *ALL)
        assert findings == []


@pytest.mark.parametrize(
    ("rules", "windows", "said"),
    [
        ((DENY_IN, DOCUMENTED, SSH), False, ""),
        ((DENY_IN, DOCUMENTED, WINRM), True, ""),
        ((DENY_IN, DOCUMENTED, SSH), True, "from the proxy VM to the build VM on port 5986"),
        ((DENY_IN, SSH), False, "from the load balancer to the proxy VM on port 60001"),
        ((DENY_IN, WINRM), True, "from the load balancer to the proxy VM on port 60000"),
        (
            (DENY_IN,),
            False,
            "from the load balancer to the proxy VM on port 60001 and from the proxy VM to the build VM on port 22",
        ),
        ((DENY_OUT,), False, "from the proxy VM to the build VM on port 22"),
    ],
)
def test_rules_with_a_proxy(
    rules: tuple[dict[str, Any], ...], windows: bool, said: str, estate: Estate, signed_in: Manager
) -> None:
    made = scene(estate, network="proxy", windows=windows)
    secure(estate, made.ids["subnet"], *rules)
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == ([("network-blocks-build", "error")] if said else [])
    for finding in findings:
        assert finding.message.endswith(f"network security group `nsg` blocks what goes {said}")


def test_rules_with_a_container(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    secure(estate, made.ids["subnet"], DENY_IN)
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("network-blocks-build", "error")]
    assert "from the container to the build VM on port 22" in findings[0].message
    secure(estate, made.ids["subnet"], DENY_IN, SSH)
    assert verdicts(signed_in, made.template, *ALL)[0] == []
    out_ssh = az.rule("Ssh", "Allow", 100, "Outbound", "VirtualNetwork", "VirtualNetwork", "22")
    secure(estate, made.ids["container subnet"], DENY_OUT, out_ssh, name="aci")
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("network-blocks-build", "error")]
    assert findings[0].message.endswith(
        "`aci` blocks what goes from the container to its image on port 443 and from the container to its file share "
        "on port 445"
    )
    # Of what the tags stand for, nobody can tell whether it is all that is needed.
    tags = (
        az.rule("Registry", "Allow", 110, "Outbound", destination="MicrosoftContainerRegistry", ports="443"),
        az.rule("Files", "Allow", 120, "Outbound", destination="Storage.WestEurope", ports="445"),
    )
    secure(estate, made.ids["container subnet"], DENY_OUT, out_ssh, *tags, name="aci")
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("network-blocks-build", "warning")]
    assert "`DenyOut` of the network security group `aci` may block" in findings[0].message


def test_one_group_for_both_subnets(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, network="container")
    group = secure(estate, made.ids["subnet"])
    properties(estate, made.ids["container subnet"])["networkSecurityGroup"] = {"id": group.upper()}
    signed_in.fail(group, 403, times=None)
    findings, _ = verdicts(signed_in, made.template, *ALL)
    assert says(findings) == [("network-blocks-build", "unchecked")]


def test_a_system_that_is_not_known(estate: Estate, signed_in: Manager) -> None:
    made = scene(estate, "managed", network="proxy")
    made.properties["customize"] = []
    secure(estate, made.ids["subnet"], DENY_IN, DOCUMENTED, SSH)
    findings, _ = verdicts(signed_in, made.template, "network-blocks-build")
    assert says(findings) == [("network-blocks-build", "warning")]
    assert "`DenyIn`" in findings[0].message and "on port 22 or 5986" in findings[0].message
    secure(estate, made.ids["subnet"], DENY_IN, DOCUMENTED)
    assert says(verdicts(signed_in, made.template, "network-blocks-build")[0]) == [("network-blocks-build", "error")]


# -- the rules of network security groups ------------------------------------------------------------------------------

SUBNET, OTHER = ("10.0.0.0/24",), ("10.0.1.0/24",)


def several(rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A rule with further properties, those that are None taken out."""
    changed = {**rule["properties"], **more}
    return {**rule, "properties": {name: value for name, value in changed.items() if value is not None}}


def within(access: str, priority: int, **more: Any) -> dict[str, Any]:
    return az.rule(access, access, priority, **more)


@pytest.mark.parametrize(
    ("rules", "flow", "decided"),
    [
        # Only what is in the list counts, and it ends in the default rules.
        ([], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        ([], Flow("Outbound", SUBNET, INTERNET, 443), "allow AllowInternetOutBound"),
        ([], Flow("Inbound", LOAD_BALANCER, SUBNET, 60001), "allow AllowAzureLoadBalancerInBound"),
        ([], Flow("Inbound", INTERNET, SUBNET, 22), "deny DenyAllInBound"),
        # The lower number wins, whatever the order.
        ([within("Deny", 200), within("Allow", 100)], Flow("Inbound", SUBNET, SUBNET, 22), "allow Allow"),
        ([within("Allow", 200), within("Deny", 100)], Flow("Inbound", SUBNET, SUBNET, 22), "deny Deny"),
        # The other direction is not asked.
        ([within("Deny", 100, direction="Outbound")], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        # Protocols.
        ([within("Deny", 100, protocol="Udp")], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        ([within("Deny", 100, protocol="TCP")], Flow("Inbound", SUBNET, SUBNET, 22), "deny Deny"),
        # Ports.
        ([within("Deny", 100, ports="23-80")], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        ([within("Deny", 100, ports="20-22")], Flow("Inbound", SUBNET, SUBNET, 22), "deny Deny"),
        (
            [several(within("Deny", 100), destinationPortRange=None, destinationPortRanges=["80", "22"])],
            Flow("Inbound", SUBNET, SUBNET, 22),
            "deny Deny",
        ),
        (
            [several(within("Deny", 100), sourcePortRange="1024-2048")],
            Flow("Inbound", SUBNET, SUBNET, 22),
            "unknown Deny",
        ),
        ([several(within("Deny", 100), sourcePortRange="0-65535")], Flow("Inbound", SUBNET, SUBNET, 22), "deny Deny"),
        # Prefixes: all of the subnet, a part of it, another one.
        ([within("Deny", 100, source="10.0.0.0/16")], Flow("Inbound", SUBNET, SUBNET, 22), "deny Deny"),
        ([within("Deny", 100, source="10.0.0.0/25")], Flow("Inbound", SUBNET, SUBNET, 22), "unknown Deny"),
        ([within("Deny", 100, source="10.0.0.4")], Flow("Inbound", SUBNET, SUBNET, 22), "unknown Deny"),
        ([within("Deny", 100, source="10.0.1.0/24")], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        ([within("Deny", 100, source="fd00::/8")], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        (
            [
                several(
                    within("Deny", 100),
                    sourceAddressPrefix=None,
                    sourceAddressPrefixes=["10.0.0.0/25", "10.0.0.128/25"],
                )
            ],
            Flow("Inbound", SUBNET, SUBNET, 22),
            "deny Deny",
        ),
        (
            [within("Deny", 100, destination="10.0.1.0/24")],
            Flow("Outbound", SUBNET, OTHER, 22),
            "allow AllowVnetOutBound",
        ),
        (
            [within("Deny", 100, direction="Outbound", destination="10.0.1.0/24")],
            Flow("Outbound", SUBNET, OTHER, 22),
            "deny Deny",
        ),
        # A part that is denied and a rest that is denied are all of it.
        (
            [within("Deny", 100, source="10.0.0.0/25"), az.rule("Rest", "Deny", 200)],
            Flow("Inbound", SUBNET, SUBNET, 22),
            "deny Rest",
        ),
        (
            [within("Allow", 100, source="10.0.0.0/25"), az.rule("Rest", "Deny", 200)],
            Flow("Inbound", SUBNET, SUBNET, 22),
            "unknown Rest",
        ),
        # Subnets whose prefix is not known.
        ([within("Deny", 100)], Flow("Inbound", (), SUBNET, 22), "deny Deny"),
        ([within("Deny", 100, source="10.0.0.0/24")], Flow("Inbound", (), SUBNET, 22), "unknown Deny"),
        # Service tags.
        ([within("Deny", 100, source="VirtualNetwork")], Flow("Inbound", SUBNET, SUBNET, 22), "deny Deny"),
        ([within("Deny", 100, source="virtualnetwork")], Flow("Inbound", SUBNET, SUBNET, 22), "deny Deny"),
        ([within("Deny", 100, source="Internet")], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        ([within("Deny", 100, source="AzureCloud")], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
        ([within("Deny", 100, source="AzureCloud")], Flow("Inbound", ("20.1.0.0/24",), SUBNET, 22), "unknown Deny"),
        ([within("Deny", 100, source="AzureLoadBalancer")], Flow("Inbound", LOAD_BALANCER, SUBNET, 60001), "deny Deny"),
        ([within("Deny", 100, source="168.63.129.16")], Flow("Inbound", LOAD_BALANCER, SUBNET, 60001), "deny Deny"),
        ([within("Deny", 100, source="0.0.0.0/0")], Flow("Inbound", LOAD_BALANCER, SUBNET, 60001), "deny Deny"),
        (
            [within("Allow", 100, source="AzureLoadBalancer", ports="60000-60001"), az.rule("Rest", "Deny", 200)],
            Flow("Inbound", LOAD_BALANCER, SUBNET, 60001),
            "allow Allow",
        ),
        (
            [within("Allow", 100, source="VirtualNetwork"), az.rule("Rest", "Deny", 200)],
            Flow("Inbound", LOAD_BALANCER, SUBNET, 60001),
            "unknown Rest",
        ),
        (
            [within("Allow", 100, source="Internet"), az.rule("Rest", "Deny", 200)],
            Flow("Inbound", LOAD_BALANCER, SUBNET, 60001),
            "deny Rest",
        ),
        (
            [within("Deny", 100, direction="Outbound", destination="Internet")],
            Flow("Outbound", SUBNET, INTERNET, 443),
            "deny Deny",
        ),
        (
            [within("Deny", 100, direction="Outbound", destination="Storage")],
            Flow("Outbound", SUBNET, INTERNET, 443),
            "unknown Deny",
        ),
        (
            [within("Deny", 100, direction="Outbound", destination="10.0.0.0/8")],
            Flow("Outbound", SUBNET, INTERNET, 443),
            "allow AllowInternetOutBound",
        ),
        (
            [within("Deny", 100, direction="Outbound", destination="20.0.0.0/8")],
            Flow("Outbound", SUBNET, INTERNET, 443),
            "unknown Deny",
        ),
        (
            [
                several(
                    within("Deny", 100, direction="Outbound"),
                    destinationAddressPrefix=None,
                    destinationAddressPrefixes=["0.0.0.0/1", "128.0.0.0/1"],
                )
            ],
            Flow("Outbound", SUBNET, INTERNET, 443),
            "deny Deny",
        ),
        (
            [within("Allow", 100, direction="Outbound", destination="VirtualNetwork"), DENY_OUT],
            Flow("Outbound", SUBNET, INTERNET, 443),
            "deny DenyOut",
        ),
        (
            [within("Allow", 100, direction="Outbound", destination="VirtualNetwork"), DENY_OUT],
            Flow("Outbound", SUBNET, INTERNET, 443, routed=True),
            "unknown DenyOut",
        ),
        # What Image Builder makes is in no application security group.
        (
            [several(within("Deny", 100), sourceAddressPrefix=None, sourceApplicationSecurityGroups=[{"id": "/x"}])],
            Flow("Inbound", SUBNET, SUBNET, 22),
            "allow AllowVnetInBound",
        ),
        # What is not whole decides nothing.
        ([{"name": "Odd"}], Flow("Inbound", SUBNET, SUBNET, 22), "allow AllowVnetInBound"),
    ],
)
def test_rules(rules: list[dict[str, Any]], flow: Flow, decided: str) -> None:
    estate = az.new()
    group = estate.get(az.security_group(estate, rules=()))["properties"]
    access, _, name = decided.partition(" ")
    assert decide([*rules, *group["defaultSecurityRules"]], flow) == Decision(access, name)
    assert decide([*group["defaultSecurityRules"], *reversed(rules)], flow) == Decision(access, name)


def test_no_rules_at_all() -> None:
    assert decide([], Flow("Inbound", SUBNET, SUBNET, 22)) == Decision("unknown")
