"""Rights that the same deployment gives to the template's identity."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.arm.deployment import Resource
    from aiblint.finding import Findings
    from aiblint.source.document import Node
    from aiblint.template import ImageTemplate

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
PERMISSIONS = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-permissions-cli"

ASSIGNMENT = "microsoft.authorization/roleassignments"
DEFINITION = "microsoft.authorization/roledefinitions"

# Built-in roles that give an identity what a template needs.
ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
}
# Own roles: the actions that the service needs of the identity are all of these providers.
_ACTIONS = ("*", "microsoft.compute/", "microsoft.network/")

# What a template depends on that is no role assignment and waits for none.
_OTHER = pattern(r"\[?resourceId\('Microsoft\.(?:ManagedIdentity|Compute|Network|Storage)/[^']*'", re.IGNORECASE)
_FORMATTED = pattern(r"format\('\{0\}',(.*)\)")


@check("AIB235", "role-assignment-race", "warning", TROUBLESHOOT, PERMISSIONS)
def role_assignment_race(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for an image template whose identity gets a role in the same deployment, and that does not wait for it.

    ## Why it matters
    What does not depend on each other is deployed at the same time. The service uses the identity as soon as the
    template is submitted, before the role is there: `Not authorized to access the resource`. The failed template has to
    be deleted before the next try. Waiting is not all: a new role takes minutes until it counts everywhere.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "resources": [
        {
          "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
          "apiVersion": "2023-01-31",
          "name": "builder",
          "location": "westeurope"
        },
        {
          "type": "Microsoft.Authorization/roleAssignments",
          "apiVersion": "2022-04-01",
          "name": "[guid(resourceGroup().id, 'builder')]",
          "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]"],
          "properties": {
            "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')]",
            "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')).principalId]",
            "principalType": "ServicePrincipal"
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "app",
          "location": "westeurope",
          «"dependsOn"»: ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]"],
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "source": {
              "type": "PlatformImage",
              "publisher": "Canonical",
              "offer": "ubuntu-24_04-lts",
              "sku": "server",
              "version": "latest"
            },
            "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}],
            "distribute": [
              {"type": "VHD", "runOutputName": "app", "uri": "https://images.blob.core.windows.net/vhds/app.vhd"}
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
          "type": "Microsoft.Authorization/roleAssignments",
          "apiVersion": "2022-04-01",
          "name": "[guid(resourceGroup().id, 'builder')]",
          "properties": {
            "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')]",
            "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder'), '2023-01-31').principalId]",
            "principalType": "ServicePrincipal"
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "app",
          "location": "westeurope",
          "dependsOn": ["[resourceId('Microsoft.Authorization/roleAssignments', guid(resourceGroup().id, 'builder'))]"],
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "source": {
              "type": "PlatformImage",
              "publisher": "Canonical",
              "offer": "ubuntu-24_04-lts",
              "sku": "server",
              "version": "latest"
            },
            "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}],
            "distribute": [
              {"type": "VHD", "runOutputName": "app", "uri": "https://images.blob.core.windows.net/vhds/app.vhd"}
            ]
          }
        }
      ]
    }
    ```
    """
    depends = template.resource.get("dependsOn")
    if not depends.is_missing and depends.node.kind != "array":
        return
    entries = [] if depends.is_missing else depends.node.children
    # Whatever else it waits for may itself wait for the role: a script, a nested deployment, the end of a copy loop.
    if not all(_OTHER.match(str(entry.value)) for entry in entries):
        return
    identities = [
        _inner(child.key)
        for child in _at(template.resource.node, "identity", "userAssignedIdentities")
        if child.key is not None
    ]
    for role in _siblings(template, ASSIGNMENT):
        condition = role.value.get("condition")
        principal = _text(role.node, "properties", "principalId")
        if not (condition.is_missing or condition.flag) or not _gives_needed_rights(role, template):
            continue
        if any(identity in principal for identity in identities if identity):
            type_ = role.node.member("type")
            yield Finding(
                depends if depends.is_missing else depends.key_span,
                "the image template does not wait for the role that this deployment gives to its identity",
                help="add the role assignment to its `dependsOn`",
                notes=("even then a new role takes minutes until it counts: deploy again if it is refused",),
                related=(Related(type_.span, "the role is assigned here"),) if type_ is not None else (),
            )
            return


def _siblings(template: ImageTemplate, kind: str) -> Iterator[Resource]:
    """The resources of a type that are deployed side by side with the template, in no order of their own."""
    if template.deployment is not None:
        for resource in template.deployment.of_type(kind):
            if resource.node.parent is template.resource.node.parent:
                yield resource


def _gives_needed_rights(role: Resource, template: ImageTemplate) -> bool:
    """Whether the role is one that templates need: known by its ID, or declared beside it with such actions."""
    given = role.value.get("properties", "roleDefinitionId")
    if any(known in piece.lower() for piece in given.pieces if isinstance(piece, str) for known in ROLES):
        return True
    written = _text(role.node, "properties", "roleDefinitionId")
    for definition in _siblings(template, DEFINITION):
        name = definition.node.member("name")
        actions = [
            action.text.lower()
            for permission in definition.value.get("properties", "permissions").items
            for action in permission.get("actions").items
            if action.text
        ]
        if name is not None and _inner(name) in written and any(action.startswith(_ACTIONS) for action in actions):
            return True
    return False


def _at(node: Node | None, *names: str) -> list[Node]:
    for name in names:
        node = node.member(name) if node is not None else None
    return node.children if node is not None else []


def _text(node: Node | None, *names: str) -> str:
    """A string below a resource as it is written, brackets included, without spaces and in lower case."""
    for name in names:
        node = node.member(name) if node is not None else None
    return re.sub(r"\s", "", str(node.value)).lower() if node is not None and node.kind == "string" else ""


def _inner(node: Node) -> str:
    """What stands inside the brackets of an expression; Bicep wraps a key into `format('{0}', ...)`."""
    text = re.sub(r"\s", "", str(node.value)).lower().removeprefix("[").removesuffix("]")
    wrapped = _FORMATTED.fullmatch(text)
    return wrapped[1] if wrapped else text
