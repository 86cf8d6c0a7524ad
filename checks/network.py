"""The network that the build VM is put into."""

from __future__ import annotations

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.value import Partial

from . import ground

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
NETWORKING = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-networking"
VNET = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-vnet"
AVD = "https://learn.microsoft.com/azure/virtual-desktop/troubleshoot-custom-image-templates"

# `containerInstanceSubnetId` exists from here on; before, `unknown-property` speaks of it.
CONTAINER_SUBNET = "2024-02-01"
DELEGATION = "Microsoft.ContainerInstance/containerGroups"


@check("AIB215", "container-subnet-rules", "error", JSON, NETWORKING)
def container_subnet_rules(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at `containerInstanceSubnetId`, the subnet of the container that drives an isolated build: it needs `subnetId`
    beside it, must be another subnet of the same virtual network, and must be delegated to
    `Microsoft.ContainerInstance/containerGroups`. Delegation is looked at where the same file declares the subnet.

    ## Why it matters
    The submission is rejected, or the container cannot be created and the build fails at once.

    ## Bad
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "containerInstanceSubnetId":
          «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/containers"»
      }
    }
    ```
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "subnetId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build",
        "containerInstanceSubnetId":
          «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build"»
      }
    }
    ```
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "subnetId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build",
        "containerInstanceSubnetId":
          «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/spoke/subnets/containers"»
      }
    }
    ```

    ## Good
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "subnetId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build",
        "containerInstanceSubnetId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/containers"
      }
    }
    ```
    """
    build, container = _subnets(template)
    if not _is_given(template, container):
        return
    if build.is_missing:
        message = "`containerInstanceSubnetId` is given without `subnetId`, which it needs"
        help_ = "give `subnetId` too: another subnet of the same virtual network, for the build VM"
    elif ground.marked(build) == ground.marked(container):
        message = "`containerInstanceSubnetId` is the same subnet as `subnetId`"
        help_ = f"make a second subnet in that virtual network for the container, delegated to `{DELEGATION}`"
    elif _in_two_networks(build, container):
        message = "`containerInstanceSubnetId` is in another virtual network than `subnetId`"
        help_ = "take two subnets of one virtual network"
    elif _lacks_delegation(_declared(template, container)):
        message = f"the subnet of `containerInstanceSubnetId` is not delegated to `{DELEGATION}`"
        help_ = f"give that subnet a delegation whose `serviceName` is `{DELEGATION}`"
    else:
        return
    yield Finding(
        container,
        message,
        help=help_,
        related=() if build.is_missing else (Related(build.span, "the subnet of the build VM"),),
    )


def _subnets(template: ImageTemplate) -> tuple[Value, Value]:
    vnet = template.vm_profile.get("vnetConfig")
    return vnet.get("subnetId"), vnet.get("containerInstanceSubnetId")


def _is_given(template: ImageTemplate, container: Value) -> bool:
    """Whether there is a container subnet for certain, in an API version that has it; an empty ID is none."""
    return template.api_version >= CONTAINER_SUBNET and (bool(container.text) or isinstance(container.data, Partial))


def _in_two_networks(first: Value, second: Value) -> bool:
    """Whether two subnets are certain to be in different virtual networks: by name, or by an ID known as a whole."""
    networks = [ground.marked(subnet).rpartition("/subnets/")[0] for subnet in (first, second)]
    names = [network.rpartition("/virtualnetworks/")[2] for network in networks]
    if not all(names) or ground.MARK.search("".join(names)):
        return False
    return names[0] != names[1] or (networks[0] != networks[1] and not ground.MARK.search("".join(networks)))


def _declared(template: ImageTemplate, identifier: Value) -> Value | None:
    """The subnet of the same file that an ID names: a resource of its own, or one of a network's `subnets`."""
    subnet = ground.marked(identifier)
    network, _, name = subnet.rpartition("/subnets/")
    resource = ground.declared(template, subnet)
    around = ground.declared(template, network) if resource is None else None
    if around is not None:
        subnets = around.get("properties", "subnets").items
        resource = next((value for value in subnets if ground.marked(value.get("name")) == name), None)
    return resource


def _lacks_delegation(subnet: Value | None) -> bool:
    if subnet is None:
        return False
    delegations = subnet.get("properties", "delegations")
    services = [delegation.get("properties", "serviceName").text for delegation in delegations.items]
    known = delegations.is_missing or (isinstance(delegations.data, list) and None not in services)
    return known and DELEGATION.lower() not in [(service or "").lower() for service in services]


@check("AIB216", "proxy-and-container-subnet", "error", JSON, NETWORKING)
def proxy_and_container_subnet(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a `proxyVmSize` beside a `containerInstanceSubnetId`.

    ## Why it matters
    With a subnet for the container there is no proxy VM, and the service rejects a size for it.

    ## Bad
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "proxyVmSize": «"Standard_A2_v2"»,
        "subnetId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build",
        "containerInstanceSubnetId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/containers"
      }
    }
    ```

    ## Good
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "proxyVmSize": "Standard_A2_v2",
        "subnetId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build"
      }
    }
    ```
    """
    proxy = template.vm_profile.get("vnetConfig", "proxyVmSize")
    _, container = _subnets(template)
    # An empty string is how the API writes the default, so it asks for nothing.
    if not proxy.text or not _is_given(template, container):
        return
    yield Finding(
        proxy,
        "`proxyVmSize` is given beside `containerInstanceSubnetId`, and then there is no proxy VM",
        help="remove `proxyVmSize`",
        notes=("the submission is rejected",),
        related=(Related(container.key_span, "the subnet for the container"),),
    )


@check("AIB217", "private-link-policy", "error", VNET, AVD)
def private_link_policy(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the subnet of `subnetId`, where the same file declares it, for
    `"privateLinkServiceNetworkPolicies": "Disabled"`. With a `containerInstanceSubnetId` it is not needed.

    ## Why it matters
    Image Builder reaches the build VM through a Private Link service in that subnet, which the policy forbids unless it
    is disabled, and enabled is the default: the submission fails with `PrivateLinkService Network Policy is not
    disabled for the given subnet`.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "resources": [
        {
          "type": "Microsoft.Network/virtualNetworks",
          "apiVersion": "2023-11-01",
          "name": "hub",
          "location": "westeurope",
          "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "build", «"properties"»: {"addressPrefix": "10.0.0.0/24"}}]
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', 'hub')]"],
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "vmProfile": {
              "vmSize": "Standard_D4s_v5",
              "vnetConfig": {"subnetId": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'hub', 'build')]"}
            },
            "source": {
              "type": "PlatformImage",
              "publisher": "Canonical",
              "offer": "ubuntu-24_04-lts",
              "sku": "server",
              "version": "latest"
            },
            "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "SharedImage",
                "runOutputName": "example",
                "galleryImageId": "[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'example')]",
                "targetRegions": [{"name": "westeurope"}]
              }
            ]
          }
        }
      ]
    }
    ```

    ## Good
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "resources": [
        {
          "type": "Microsoft.Network/virtualNetworks",
          "apiVersion": "2023-11-01",
          "name": "hub",
          "location": "westeurope",
          "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [
              {
                "name": "build",
                "properties": {"addressPrefix": "10.0.0.0/24", "privateLinkServiceNetworkPolicies": "Disabled"}
              }
            ]
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', 'hub')]"],
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "vmProfile": {
              "vmSize": "Standard_D4s_v5",
              "vnetConfig": {"subnetId": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'hub', 'build')]"}
            },
            "source": {
              "type": "PlatformImage",
              "publisher": "Canonical",
              "offer": "ubuntu-24_04-lts",
              "sku": "server",
              "version": "latest"
            },
            "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "SharedImage",
                "runOutputName": "example",
                "galleryImageId": "[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'example')]",
                "targetRegions": [{"name": "westeurope"}]
              }
            ]
          }
        }
      ]
    }
    ```
    """
    build, container = _subnets(template)
    subnet = _declared(template, build) if container.is_missing else None
    policies = subnet.get("properties", "privateLinkServiceNetworkPolicies") if subnet is not None else None
    if policies is None or (not policies.is_missing and (policies.text or "disabled").lower() == "disabled"):
        return
    yield Finding(
        policies,
        "the subnet of the build VM does not have its Private Link service network policies disabled",
        help='give it `"privateLinkServiceNetworkPolicies": "Disabled"`, or the template a `containerInstanceSubnetId`',
        notes=("the submission fails with `PrivateLinkService Network Policy is not disabled for the given subnet`",),
        related=(Related(build.span, "the template uses it here"),),
    )
