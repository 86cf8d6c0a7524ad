"""The network that the build VM is put into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiblint.checks import ground
from aiblint.finding import Finding, Related, check
from aiblint.value import Partial, Value

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate

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
        "containerInstanceSubnetId": «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/containers"»
      }
    }
    ```
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "subnetId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build",
        "containerInstanceSubnetId": «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build"»
      }
    }
    ```
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "subnetId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build",
        "containerInstanceSubnetId": «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/spoke/subnets/containers"»
      }
    }
    ```

    ## Good
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "vnetConfig": {
        "subnetId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/build",
        "containerInstanceSubnetId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub/subnets/containers"
      }
    }
    ```
    """
    build, container = _subnets(template)
    if not container.pieces or container.text == "":
        return
    network, name = _split(build)
    container_network, container_name = _split(container)
    related = (Related(build.span, "the subnet of the build VM"),)
    if build.is_missing:
        yield Finding(
            container,
            "`containerInstanceSubnetId` is given without `subnetId`, which it needs",
            help="give `subnetId` too: another subnet of the same virtual network, for the build VM",
            notes=("the submission is rejected",),
        )
    elif _same(build, container):
        yield Finding(
            container,
            "`containerInstanceSubnetId` is the same subnet as `subnetId`",
            help="make a second subnet in the same virtual network for the container, delegated to " + f"`{DELEGATION}`",
            notes=("the submission is rejected",),
            related=related,
        )
    elif network and container_network and network != container_network:
        yield Finding(
            container,
            "`containerInstanceSubnetId` is in another virtual network than `subnetId`",
            help="take two subnets of one virtual network",
            notes=("the submission is rejected",),
            related=related,
        )
    else:
        subnet = _declared(template, container)
        delegations = subnet.get("properties", "delegations") if subnet is not None else None
        if subnet is not None and delegations is not None and _not_delegated(delegations):
            yield Finding(
                container,
                f"the subnet of `containerInstanceSubnetId` is not delegated to `{DELEGATION}`",
                help=f"give the subnet a delegation with `\"serviceName\": \"{DELEGATION}\"`",
                notes=("the container cannot be created and the build fails with `SubnetMissingRequiredDelegation`",),
                related=(Related(delegations.span, "the subnet is declared here"),),
            )
