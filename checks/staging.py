"""The staging resource group, where the service keeps what it needs during a build."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.recognise import IMAGE_TEMPLATE

from .ground import marked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.source.document import Span
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-stagingresourcegroup"
NAMES = "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"
# Two templates with one staging group: InternalOperationError.
SHARED = "https://github.com/MicrosoftDocs/azure-docs/pull/96778"

# Older versions do not have the property at all, and `unknown-property` says so.
SINCE = "2022-02-14"

_GROUP = pattern(r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/?", re.IGNORECASE)
_LONGEST = 90
_ALLOWED = "_-.()"


@check("AIB230", "staging-group-rules", "error", JSON, NAMES)
def staging_group_rules(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at `stagingResourceGroup`: it takes the ID of a resource group, not its name and not the ID of something in
    it. The name has at most 90 letters, digits and `_ - . ( )`, and no `.` at its end. The group must not be one in
    which something stands already, such as the identity or the gallery of the template. Empty means: a group of the
    service's choice.

    ## Why it matters
    The submission fails with `BadStagingResourceGroup`. A group that does not exist is created, one that exists has to
    be empty.

    ## Bad
    ```json
    "stagingResourceGroup": «"app-staging"»
    ```
    ```json
    "stagingResourceGroup": «"/subscriptions/11111111-2222-3333-4444-555555555555/providers/Microsoft.Resources/resourceGroups/app-staging"»
    ```
    ```json
    "stagingResourceGroup": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/«app staging»"
    ```
    ```json
    "stagingResourceGroup": «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images"»,
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```

    ## Good
    ```json
    "stagingResourceGroup": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/app-staging"
    ```
    ```json
    "stagingResourceGroup": ""
    ```
    """
    staging = template.properties.get("stagingResourceGroup")
    if template.api_version < SINCE or not staging.pieces or staging.text == "":
        return
    if template.deployment is None and (staging.text or "").startswith("["):
        return  # an expression where the file has none is not a mistake of the ID
    form = "write `/subscriptions/<subscription ID>/resourceGroups/<name>`"
    if any("/providers/" in piece.lower() for piece in staging.pieces if isinstance(piece, str)):
        words = "`stagingResourceGroup` has a `/providers/` in it, as no ID of a resource group has"
        yield Finding(staging, words, help=form)
        return
    if staging.text is None:
        return
    found = _GROUP.fullmatch(staging.text)
    if found is None:
        what = "gives only a name" if "/" not in staging.text else "is not the ID of a resource group"
        yield Finding(staging, f"`stagingResourceGroup` {what}: `{staging.text}`", help=form)
        return
    problem = _name_problem(found[2])
    if problem:
        yield Finding(
            staging.part(*found.span(2)),
            f"the name of the staging resource group {problem}",
            help=f"use at most {_LONGEST} letters, digits and `_ - . ( )`, and no `.` at the end",
        )
        return
    for what, identifier, place in _standing(template):
        other = _GROUP.match(identifier)
        if other is not None and (other[1].lower(), other[2].lower()) == (found[1].lower(), found[2].lower()):
            yield Finding(
                staging,
                f"the staging resource group `{found[2]}` has {what} in it, but has to be empty",
                help="name a group of its own: it is created if it does not exist",
                related=(Related(place, "in the same group"),),
            )
            return


def _name_problem(name: str) -> str:
    """What is wrong with the name of a group, to go on from "the name"; empty if nothing is."""
    if len(name) > _LONGEST:
        return f"has {len(name)} characters, and {_LONGEST} is the most"
    wrong = next((c for c in name if not c.isalnum() and c not in _ALLOWED), None)
    if wrong is not None:
        return f"has {'a space' if wrong == ' ' else f'`{wrong}`'} in it: `{name}`"
    return f"ends in `.`: `{name}`" if name.endswith(".") else ""


def _standing(template: ImageTemplate) -> Iterator[tuple[str, str, Span]]:
    """What has to exist before the template is submitted: in words, its ID (empty where not known) and its place."""
    for name, member in template.resource.get("identity", "userAssignedIdentities").members:
        yield "the identity of the template", str(name), member.key_span
    network = template.vm_profile.get("vnetConfig")
    values = [
        ("the virtual network", network.get("subnetId")),
        ("the virtual network", network.get("containerInstanceSubnetId")),
        ("the source image", template.source.get("imageId")),
        ("the source image", template.source.get("imageVersionId")),
    ]
    values += [(f"the gallery of {one.label}", one.get("galleryImageId")) for one in template.distributors]
    for what, value in values:
        yield what, value.text or "", value.span


@check("AIB231", "shared-staging-group", "error", JSON, SHARED)
def shared_staging_group(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for two image templates of one deployment with the same `stagingResourceGroup`.

    ## Why it matters
    A staging resource group belongs to one image template, and the service marks it with tags. The second template
    fails with `InternalOperationError`, which names no reason.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "web",
          "location": "westeurope",
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "stagingResourceGroup": "[concat(subscription().id, '/resourceGroups/staging')]",
            "source": {
              "type": "PlatformImage",
              "publisher": "Canonical",
              "offer": "ubuntu-24_04-lts",
              "sku": "server",
              "version": "latest"
            },
            "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo web"]}],
            "distribute": [
              {"type": "VHD", "runOutputName": "web", "uri": "https://images.blob.core.windows.net/vhds/web.vhd"}
            ]
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "database",
          "location": "westeurope",
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "stagingResourceGroup": «"[concat(subscription().id, '/resourceGroups/staging')]"»,
            "source": {
              "type": "PlatformImage",
              "publisher": "Canonical",
              "offer": "ubuntu-24_04-lts",
              "sku": "server",
              "version": "latest"
            },
            "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo database"]}],
            "distribute": [
              {"type": "VHD", "runOutputName": "database", "uri": "https://images.blob.core.windows.net/vhds/database.vhd"}
            ]
          }
        }
      ]
    }
    ```

    ## Good
    ```json
    "stagingResourceGroup": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web-staging"
    ```
    """
    staging = template.properties.get("stagingResourceGroup")
    condition = template.resource.get("condition")
    group = _group(staging)
    if template.deployment is None or group is None or not (condition.is_missing or condition.flag):
        return
    before: list[Value] = []
    for resource in template.deployment.of_type(IMAGE_TEMPLATE):
        other = resource.value
        value, when = other.get("properties", "stagingResourceGroup"), other.get("condition")
        if _group(value) == group and (when.is_missing or when.flag):
            if resource.node is template.resource.node and before:
                yield Finding(
                    staging,
                    "two image templates of this deployment have the same `stagingResourceGroup`",
                    help="give each image template a staging group of its own, or leave it to the service",
                    related=(Related(before[0].span, "the other one"),) if before[0].span != staging.span else (),
                )
                return
            before.append(value)


def _group(staging: Value) -> tuple[str, str] | None:
    """Subscription and name, comparable with others of the same deployment; None where no group is named for certain.

    Not known, the subscription is the deployment's own; a name that is not known equals only itself.
    """
    subscription, _, name = marked(staging).partition("/resourcegroups/")
    return ("" if "\0" in subscription else subscription, name) if name else None
