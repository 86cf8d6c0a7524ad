"""Whole templates, and everything in Azure that they need: a test takes one thing away and looks who speaks.

`scene` makes the template and the estate; `verdicts` gives what the live checks say of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from aiblint import engine
from aiblint.azure.live import Live, Session, connect
from aiblint.settings import Settings
from tests.azure import estate as az

if TYPE_CHECKING:
    from aiblint.finding import Finding, Holds
    from tests.azure.estate import Estate
    from tests.azure.manager import Manager

GROUP = "rg"
HOME = f"/subscriptions/{az.SUBSCRIPTION}/resourceGroups/{GROUP}"
NAME = "template"
BLOB = "https://scripts.blob.core.windows.net/scripts/work.sh"


class Scene(NamedTuple):
    """A template (an image template resource) and the ids of what it names; `grants` are the role assignments by what
    they are for."""

    template: dict[str, Any]
    ids: dict[str, str]
    grants: dict[str, dict[str, Any]]

    @property
    def properties(self) -> dict[str, Any]:
        """The template's properties, to be changed."""
        found: dict[str, Any] = self.template["properties"]
        return found


def scene(
    estate: Estate,
    source: str = "platform",
    distribute: str = "gallery",
    network: str = "",
    staging: bool = False,
    build_identity: bool = False,
    windows: bool = False,
    blob: bool = False,
) -> Scene:
    """A template for which everything is there and granted.

    `source` is platform, managed or version; `distribute` gallery, managed or vhd; `network` "", "proxy" (a subnet for
    the build VM) or "container" (one for the container, too). With `blob` there is a step whose script is a blob.
    """
    az.resource_group(estate, GROUP)
    az.resource_group(estate, "identities")
    # Elsewhere: in the template's own group Contributor would be enough for the caller.
    ids = {"identity": az.identity(estate, "aib", "identities")}
    principal = az.principal_of(estate, ids["identity"])
    grants = {"caller": az.grant(estate, estate.caller, "Contributor", HOME, "User")}
    grants["caller identity"] = az.grant(estate, estate.caller, "Managed Identity Operator", ids["identity"], "User")
    system = "Windows" if windows else "Linux"
    properties: dict[str, Any] = {
        "buildTimeoutInMinutes": 120,
        "vmProfile": {"vmSize": "Standard_D2ds_v4"},
        "source": _source(estate, source, system, ids, grants, principal),
        "customize": [
            {"type": "PowerShell", "name": "Work", "inline": ["Write-Output hello"]}
            if windows
            else {"type": "Shell", "name": "Work", "inline": ["echo hello"]}
        ],
        "distribute": [_distributor(estate, distribute, system, ids, grants, principal)],
    }
    if network:
        ids["network"] = az.virtual_network(estate, "vnet", GROUP)
        nat = az.nat_gateway(estate)
        ids["subnet"] = az.subnet(estate, ids["network"], "build", "10.0.0.0/24", nat_gateway=nat)
        properties["vmProfile"]["vnetConfig"] = {"subnetId": ids["subnet"]}
        az.sku(estate, "Standard_A1_v2", "standardAv2Family", 1, generations="V1")  # the proxy VM
        grants["network"] = az.grant(estate, principal, "Network Contributor", ids["network"])
        if network == "container":
            ids["container subnet"] = az.subnet(
                estate, ids["network"], "aci", "10.0.1.0/24", nat_gateway=nat,
                delegation="Microsoft.ContainerInstance/containerGroups",
            )  # fmt: skip
            properties["vmProfile"]["vnetConfig"]["containerInstanceSubnetId"] = ids["container subnet"]
    if staging:
        ids["staging"] = az.resource_group(estate, "staging")
        properties["stagingResourceGroup"] = ids["staging"]
        grants["staging"] = az.grant(estate, principal, "Contributor", ids["staging"])
    if build_identity:
        ids["build identity"] = az.identity(estate, "vm", GROUP)
        properties["vmProfile"]["userAssignedIdentities"] = [ids["build identity"]]
        grants["build identity"] = az.grant(estate, principal, "Managed Identity Operator", ids["build identity"])
    if blob:
        ids["account"] = az.storage_account(estate, "scripts", GROUP)
        ids["container"] = az.container(estate, ids["account"], "scripts")
        script = {"type": "PowerShell" if windows else "Shell", "name": "Script", "scriptUri": BLOB}
        properties["customize"].append(script)
        grants["blob"] = az.grant(estate, principal, "Storage Blob Data Reader", ids["container"])
    template = {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": "2024-02-01",
        "name": NAME,
        "location": az.LOCATION,
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {ids["identity"]: {}}},
        "properties": properties,
    }
    return Scene(template, ids, grants)


def _source(
    estate: Estate, kind: str, system: str, ids: dict[str, str], grants: dict[str, dict[str, Any]], principal: str
) -> dict[str, str]:
    if kind == "managed":
        ids["source"] = az.managed_image(estate, "base", GROUP, os_type=system)
        grants["source"] = az.grant(estate, principal, "Reader", ids["source"])
        return {"type": "ManagedImage", "imageId": ids["source"]}
    if kind == "version":
        ids["source gallery"] = az.gallery(estate, "sources", GROUP)
        ids["source image"] = az.gallery_image(estate, ids["source gallery"], "base", os_type=system)
        ids["source"] = az.gallery_version(estate, ids["source image"])
        grants["source"] = az.grant(estate, principal, "Reader", ids["source gallery"])
        return {"type": "SharedImageVersion", "imageVersionId": ids["source"]}
    image = (
        ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2", "20348.2.260101")
        if system == "Windows"
        else ("Canonical", "ubuntu-24_04-lts", "server", "24.04.202601010")
    )
    publisher, offer, sku, version = image
    ids["source"] = az.marketplace_image(estate, publisher, offer, sku, version, os_type=system)
    return {"type": "PlatformImage", "publisher": publisher, "offer": offer, "sku": sku, "version": "latest"}


def _distributor(
    estate: Estate, kind: str, system: str, ids: dict[str, str], grants: dict[str, dict[str, Any]], principal: str
) -> dict[str, Any]:
    if kind == "managed":
        az.resource_group(estate, "images")
        group = f"/subscriptions/{az.SUBSCRIPTION}/resourceGroups/images"
        ids["target"] = f"{group}/providers/Microsoft.Compute/images/result"
        grants["target"] = az.grant(estate, principal, "Contributor", group)
        return {
            "type": "ManagedImage", "runOutputName": "result", "imageId": ids["target"], "location": az.LOCATION,
        }  # fmt: skip
    if kind == "vhd":
        return {"type": "VHD", "runOutputName": "result"}
    az.resource_group(estate, "images")
    ids["gallery"] = az.gallery(estate, "gallery", "images")
    ids["definition"] = az.gallery_image(estate, ids["gallery"], "result", os_type=system)
    group = f"/subscriptions/{az.SUBSCRIPTION}/resourceGroups/images"
    grants["target"] = az.grant(estate, principal, "Contributor", group)
    return {
        "type": "SharedImage",
        "runOutputName": "result",
        "galleryImageId": ids["definition"],
        "targetRegions": [{"name": az.LOCATION}],
    }


def deployment(resource: dict[str, Any], *others: dict[str, Any], **parameters: dict[str, Any]) -> dict[str, Any]:
    """A file that deploys the resource."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
        "resources": [resource, *others],
    }


def session(manager: Manager, **live: Any) -> Session:
    """A way to the manager, as `--live` makes it."""
    options = {"subscription": az.SUBSCRIPTION, "resource_group": GROUP, "timeout": 20.0, **live}
    return connect(Live(cloud=manager.url, **options))


def verdicts(
    manager: Manager, template: dict[str, Any], *select: str, **live: Any
) -> tuple[list[Finding], list[Holds]]:
    """What the live checks (or those of `select`) say of a template."""
    settings = Settings(select=select or ("AIB7", "AIB8"), show_info=True)
    outcome = engine.lint_bytes("template.json", json.dumps(template).encode(), settings, {}, session(manager, **live))
    assert outcome.broken == ()
    return list(outcome.findings), list(outcome.held)


def says(findings: list[Finding]) -> list[tuple[str, str]]:
    """Each finding as the name of its check and `unchecked` or its severity."""
    return [(one.check.name if one.check else "", "unchecked" if one.unchecked else one.severity) for one in findings]
