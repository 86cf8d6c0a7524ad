"""The API version: whether it exists, whether it is old, whether the file says it."""

from __future__ import annotations

from aiblint import shape
from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.recognise import DEPLOYMENT

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate

RELEASE_NOTES = "https://learn.microsoft.com/azure/virtual-machines/image-builder-api-update-release-notes"
REFERENCE = "https://learn.microsoft.com/azure/templates/microsoft.virtualmachineimages/imagetemplates"

# The release notes call the last of them "deprecated but still supported" and no longer mention the other two.
PREVIEWS = tuple(version for version in shape.API_VERSIONS if version.endswith("-preview"))


@check("AIB007", "unknown-api-version", "error", REFERENCE)
def unknown_api_version(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for an `apiVersion` that the provider Microsoft.VirtualMachineImages does not have, and for a resource of a
    deployment template without any.

    ## Why it matters
    Resource Manager refuses the deployment with `NoRegisteredProviderFound`, or as an invalid template. Each resource
    type has versions of its own: those of virtual machines or galleries are of no use here.

    ## Bad
    ```json
    "apiVersion": «"2023-03-01"»
    ```
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "resources": [
        {
          "type": «"Microsoft.VirtualMachineImages/imageTemplates"»,
          "name": "example",
          "location": "westeurope",
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```

    ## Good
    ```json
    "apiVersion": "2024-02-01"
    ```
    """
    written = template.resource.get("apiVersion")
    if _is_left_out(template):
        message = "the image template has no `apiVersion`, and a deployment template must give one"
    elif written.text is None or written.text.lower() in shape.API_VERSIONS:
        return
    else:
        message = f"image templates have no API version `{written.text}`" if written.text else "`apiVersion` is empty"
    yield Finding(
        written,
        message,
        help=f"use one of {', '.join(f'`{version}`' for version in shape.API_VERSIONS if version not in PREVIEWS)}",
        notes=(f"the rest of the template is judged by {template.api_version}",),
    )


def _is_left_out(template: ImageTemplate) -> bool:
    """Whether a deployment template says its API version nowhere: an `apiProfile` would say it for all resources."""
    root = template.document.root
    return (
        template.form == DEPLOYMENT
        and template.resource.get("apiVersion").is_missing
        and not any(fault.kind == "syntax" for fault in template.document.faults)
        and (root is None or root.member("apiProfile") is None)
    )


@check("AIB008", "assumed-api-version", "info", REFERENCE)
def assumed_api_version(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a template that does not say its API version, mostly because it is a parameter without a default.

    ## Why it matters
    What the service accepts depends on the version; aiblint takes the newest then. `--api-version` or
    `--parameters NAME=VALUE` tell it the right one.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {"version": {"type": "string"}, "identity": {"type": "string"}},
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": «"[parameters('version')]"»,
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```

    ## Good
    ```json
    "apiVersion": "2024-02-01"
    ```
    """
    written = template.resource.get("apiVersion")
    if template.assumed and written.text != "" and not _is_left_out(template):
        yield Finding(
            written,
            f"nothing here says the API version: {template.api_version}, the newest, is assumed",
            help="tell aiblint with `--api-version`"
            if written.is_missing
            else "give the parameter a default, or tell aiblint with `--api-version`",
        )


@check("AIB010", "retired-api-version", "warning", RELEASE_NOTES)
def retired_api_version(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for one of the preview API versions of 2018 and 2019.

    ## Why it matters
    They are deprecated: Microsoft still supports the last one, for how long nobody says. They know no staging resource
    group, no target regions and no validation, and what they let pass (wrong letter case, names that do not exist) is
    refused from 2024-02-01 on.

    ## Bad
    ```json
    "apiVersion": «"2019-05-01-preview"»,
    "distribute": [
      {
        "type": "ManagedImage",
        "runOutputName": "example",
        "location": "westeurope",
        "imageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/example"
      }
    ]
    ```

    ## Good
    ```json
    "apiVersion": "2024-02-01"
    ```
    """
    written = template.resource.get("apiVersion")
    if (written.text or "").lower() in PREVIEWS:
        yield Finding(
            written,
            f"API version `{written.text}` is a deprecated preview",
            help=f"write `{shape.STRICT}` or newer, which refuse misspelt names instead of ignoring them",
            notes=("the previews know neither `stagingResourceGroup` nor `targetRegions` nor `validate`",),
        )


@check("AIB012", "api-version-in-body", "warning", RELEASE_NOTES)
def api_version_in_body(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for `apiVersion` inside a template that is sent to the service as it is (`az image builder create
    --image-template`, `az resource create --is-full-object`, a REST call), without a deployment template around it.

    ## Why it matters
    In such a body it is a name that the service does not know; from 2024-02-01 on it refuses those. Where the version
    belongs is the address of the request: `--api-version`, or `?api-version=`.

    ## Bad
    ```json document
    {
      "type": "Microsoft.VirtualMachineImages",
      «"apiVersion"»: "2024-02-01",
      "location": "westeurope",
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder": {}
        }
      },
      "properties": {
        "source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
        "distribute": [{"type": "VHD", "runOutputName": "example", "uri": "https://images.blob.core.windows.net/vhds/example.vhd"}]
      }
    }
    ```

    ## Good
    A deployment template is another matter: there Resource Manager needs the version, and keeps it to itself.

    ```json
    "apiVersion": "2024-02-01"
    ```
    """
    written = template.resource.get("apiVersion")
    if template.form != DEPLOYMENT and shape.STRICT <= (written.text or "") <= shape.NEWEST:
        yield Finding(
            written.key_span,
            f"`apiVersion` is no property of the {template.form}",
            help="leave it out, and give the version with the command: `--api-version`, or `?api-version=` in the address",
            notes=(f"from {shape.STRICT} on the service may refuse it as an unknown field",),
        )
