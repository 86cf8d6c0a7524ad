"""The identity that a template acts with."""

from __future__ import annotations

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate

JSON = (
    "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
    "#user-assigned-identity-for-azure-image-builder-image-template-resource"
)
# The service asks every API version for an identity since 26 May 2020.
REQUIRED = "https://github.com/danielsollondon/azvmimagebuilder/issues/39"


@check("AIB201", "missing-identity", "error", JSON, REQUIRED)
def missing_identity(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a template without a user-assigned identity: no `identity` at all, one of type `None`, or one that names
    no identity under `userAssignedIdentities`.

    ## Why it matters
    Image Builder reads the source, fetches the scripts and writes the image as this identity. Without one the
    submission is rejected with `Missing field 'identity'`, whatever the API version: also samples of 2019, which have
    none, no longer work.

    ## Bad
    ```json document
    {
      "type": «"Microsoft.VirtualMachineImages/imageTemplates"»,
      "name": "example",
      "location": "westeurope",
      "properties": {
        "vmProfile": {"vmSize": "Standard_D4s_v5"},
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
            "galleryImageId":
              "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/example",
            "targetRegions": [{"name": "westeurope"}]
          }
        ]
      }
    }
    ```
    ```json
    "identity": {"type": «"None"»}
    ```
    ```json
    "identity": {"type": "UserAssigned", "userAssignedIdentities": «{}»}
    ```

    ## Good
    ```json
    "identity": {
      "type": "UserAssigned",
      "userAssignedIdentities": {
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder":
          {}
      }
    }
    ```
    """
    identity = template.resource.get("identity")
    type_, identities = identity.get("type"), identity.get("userAssignedIdentities")
    lost = any(fault.kind == "syntax" for fault in template.document.faults)
    if identity.is_missing and lost and '"identity"' in template.document.text:
        return  # it may stand where the broken text could not be read
    if identity.is_missing:
        at, message = identity, "the template has no identity"
    elif (type_.text or "").lower() == "none":
        at, message = type_, "the type of the template's identity is `None`, so it has none"
    elif (type_.text or "").lower() not in ("", "userassigned"):
        return  # not a type that the API knows: `invalid-value` speaks of that
    elif isinstance(identity.data, dict) and (identities.is_missing or identities.data == {}):
        at, message = identities, "the template's identity names no user-assigned identity"
    else:
        return
    newer = "" if template.api_version >= "2019-05-01-preview" else "use `apiVersion` 2024-02-01 or newer and "
    yield Finding(
        at,
        message,
        help=newer + 'give it `"identity": {"type": "UserAssigned", "userAssignedIdentities": {"<resource ID>": {}}}`',
        notes=("the submission is rejected with `Missing field 'identity'`, since May 2020 under every API version",),
    )


@check("AIB202", "several-identities", "error", JSON)
def several_identities(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for more than one identity under the template's `userAssignedIdentities`.

    ## Why it matters
    Image Builder supports a single identity for the template. Identities that the scripts want to sign in with belong
    to the build VM: `vmProfile.userAssignedIdentities`, which takes several.

    ## Bad
    ```json
    "identity": {
      "type": "UserAssigned",
      "userAssignedIdentities": {
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder":
          {},
        «"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"»:
          {}
      }
    }
    ```

    ## Good
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "userAssignedIdentities": [
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
      ]
    }
    ```
    """
    identities = template.resource.get("identity", "userAssignedIdentities")
    # Null takes an identity away (troubleshooting page, PATCH).
    given = [member for _, member in identities.members if not member.is_missing]
    if len(given) < 2:
        return
    first, second = given[0].key_span, given[1].key_span
    yield Finding(
        second,
        f"the template has {len(given)} identities, but the service supports only one",
        help="keep the one that reads the source and writes the image, and move those that scripts sign in with to "
        "`vmProfile.userAssignedIdentities`",
        related=(Related(first, "the first one"),) if first != second else (),
    )
