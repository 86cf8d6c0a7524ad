"""Where the image goes: `distribute`, its galleries, regions and version numbers."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.template import region_name

from .data.regions import OTHER_REGIONS, TEMPLATE_LOCATIONS
from .ground import declared, marked

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import Distributor, ImageTemplate
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
DISTRIBUTE = f"{JSON}#properties-distribute"
VERSIONING = f"{JSON}#versioning"
RELEASE_NOTES = "https://learn.microsoft.com/azure/virtual-machines/image-builder-api-update-release-notes"
GALLERIES = "https://learn.microsoft.com/azure/virtual-machines/shared-image-galleries"
# The words of Azure Compute Gallery: "Duplicate regions are not allowed in target publishing regions."
DUPLICATE_REGIONS = "https://github.com/hashicorp/terraform-provider-azurerm/issues/7751"
# "... where int is between 0 and 2,147,483,647 (inclusive)"
VERSION_NAME = "https://github.com/hashicorp/packer-plugin-azure/issues/187"

# The first version with targetRegions, versioning and a VHD's uri; older ones are the business of `unknown-property`.
TARGET_REGIONS_SINCE = "2022-07-01"

# No version has these characters: somebody fills it in later, in a way that is not known as a placeholder.
_EXPLICIT = pattern(r"/galleries/[^/]+/images/[^/]+/versions/([^/$%{}<>#*]+)$", re.IGNORECASE)
_NUMBER = pattern(r"0|[1-9][0-9]*")
_LARGEST = 2147483647


@check("AIB221", "duplicate-run-output", "error", DISTRIBUTE)
def duplicate_run_output(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for two distributors with the same `runOutputName`. Letter case makes no difference: each name becomes a
    resource below the image template, and resource names are compared without it.

    ## Why it matters
    The submission is rejected: each distribution target keeps its state under its own name.

    ## Bad
    ```json
    "distribute": [
      {"type": "VHD", "runOutputName": "app", "uri": "https://images.blob.core.windows.net/vhds/app.vhd"},
      {"type": "VHD", "runOutputName": «"App"», "uri": "https://images.blob.core.windows.net/vhds/copy.vhd"}
    ]
    ```

    ## Good
    ```json
    "distribute": [
      {"type": "VHD", "runOutputName": "app", "uri": "https://images.blob.core.windows.net/vhds/app.vhd"},
      {"type": "VHD", "runOutputName": "app-copy", "uri": "https://images.blob.core.windows.net/vhds/copy.vhd"}
    ]
    ```
    """
    first: dict[str, tuple[int, Value]] = {}
    for distributor in template.distributors:
        output = distributor.get("runOutputName")
        if not output.text:
            continue
        here = distributor.index
        there, other = first.setdefault(output.text.lower(), (here, output))
        if here != there:
            yield Finding(
                output,
                f"`distribute[{here}]` has the same `runOutputName` as `distribute[{there}]`: `{output.text}`",
                help="give each distributor a `runOutputName` of its own",
                related=(Related(other.span, "the name is taken here"),),
            )


@check("AIB223", "nothing-to-distribute", "error", DISTRIBUTE)
def nothing_to_distribute(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for an empty `distribute`. It says nothing where `sourceValidationOnly` is on, because then no image is built.
    With validators it is a warning: somebody may only want to know whether the image passes them.

    ## Why it matters
    `distribute` is required because it is what a build is for: without a target the build ends with no image at all.

    ## Bad
    ```json
    "distribute": «[]»
    ```
    ```json
    "distribute": «[]»,
    "validate": {"inVMValidations": [{"type": "Shell", "name": "Boots", "inline": ["uptime"]}]}
    ```

    ## Good
    ```json
    "distribute": [
      {"type": "VHD", "runOutputName": "app", "uri": "https://images.blob.core.windows.net/vhds/app.vhd"}
    ]
    ```
    ```json
    "distribute": [],
    "customize": [],
    "validate": {
      "sourceValidationOnly": true,
      "inVMValidations": [{"type": "Shell", "name": "Boots", "inline": ["uptime"]}]
    }
    ```
    """
    distribute = template.properties.get("distribute")
    only_validates = template.properties.get("validate", "sourceValidationOnly")
    if distribute.data == [] and (only_validates.is_missing or only_validates.flag is False):
        yield Finding(
            distribute,
            "`distribute` is empty, so the build leaves no image behind",
            help="add a distributor: `SharedImage` for a gallery, `ManagedImage` or `VHD`",
            severity="warning" if template.validators else "",
        )


def listed_regions(distributor: Distributor) -> tuple[str, tuple[Value, ...]]:
    """The property that lists the regions of a gallery distributor, and where each is named; of two, the newer one."""
    targets = distributor.get("targetRegions").items
    if targets:
        return "targetRegions", tuple(target.get("name") for target in targets)
    return "replicationRegions", distributor.get("replicationRegions").items


@check("AIB224", "replication-and-target-regions", "error", DISTRIBUTE, RELEASE_NOTES, DUPLICATE_REGIONS)
def replication_and_target_regions(distributor: Distributor, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the two ways to list the regions of a gallery distributor, from API version 2022-07-01 on: the deprecated
    `replicationRegions`, whose storage type is the distributor's `storageAccountType`, and `targetRegions`, where each
    region has its own. They exclude each other. A region that one list names twice is a warning.

    ## Why it matters
    The submission is rejected where both are given, and where `storageAccountType` has no `replicationRegions` beside
    it. A region named twice is refused by Azure Compute Gallery, and that is at the very end of the build.

    ## Bad
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        «"replicationRegions"»: ["westeurope"],
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        «"storageAccountType"»: "Standard_ZRS",
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        "targetRegions": [{"name": "westeurope"}, {"name": «"West Europe"»}]
      }
    ]
    ```

    ## Good
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        "targetRegions": [{"name": "westeurope", "storageAccountType": "Standard_ZRS"}, {"name": "northeurope"}]
      }
    ]
    ```
    """
    if distributor.type != "SharedImage":
        return
    first: dict[str, Value] = {}
    for region in listed_regions(distributor)[1]:
        other = first.setdefault(region_name(region.text), region) if region.text else region
        if other is not region:
            yield Finding(
                region,
                f"{distributor.label} names the region `{region.text}` twice",
                help="name it once; more copies in one region are its `replicaCount`",
                notes=("the gallery refuses it, but only when the image has been built",),
                related=(Related(other.span, "named here already"),),
                severity="warning",
            )
    replication, targets = distributor.get("replicationRegions"), distributor.get("targetRegions")
    storage = distributor.get("storageAccountType")
    if template.api_version < TARGET_REGIONS_SINCE:
        return
    if replication.items and targets.items:
        yield Finding(
            replication.key_span,
            f"{distributor.label} has both `replicationRegions` and `targetRegions`",
            help="remove the deprecated `replicationRegions`, and name all its regions in `targetRegions`",
            related=(Related(targets.key_span, "the other list"),),
        )
    elif storage.text and replication.is_missing:
        yield Finding(
            storage.key_span,
            f"{distributor.label} has a `storageAccountType`, but none of the `replicationRegions` that it is for",
            help=f'give each region of `targetRegions` its own: `"storageAccountType": "{storage.text}"`',
        )


@check("AIB225", "home-region-missing", "warning", DISTRIBUTE)
def home_region_missing(distributor: Distributor, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a list of regions without the region of the image definition, where the same file declares the definition.
    Where it does not, the region of the build has to do: if that is not in the list either, it is worth a look (info).

    ## Why it matters
    Microsoft's reference demands the gallery's own region in the list. A version is created there first and copied
    from there, whatever the list says: leaving it out spares nothing, and may end the build in the distribution.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "resources": [
        {
          "type": "Microsoft.Compute/galleries/images",
          "apiVersion": "2023-07-03",
          "name": "corporate/app",
          "location": "westeurope",
          "properties": {
            "osType": "Linux",
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "identifier": {"publisher": "platform", "offer": "app", "sku": "ubuntu"}
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "app",
          "location": "westeurope",
          "dependsOn": ["[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'app')]"],
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
              {
                "type": "SharedImage",
                "runOutputName": "app",
                "galleryImageId": "[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'app')]",
                «"targetRegions"»: [{"name": "northeurope"}]
              }
            ]
          }
        }
      ]
    }
    ```
    ```json
    "location": "westeurope",
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        «"targetRegions"»: [{"name": "northeurope"}]
      }
    ]
    ```

    ## Good
    ```json
    "location": "westeurope",
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        "targetRegions": [{"name": "westeurope"}, {"name": "northeurope"}]
      }
    ]
    ```
    """
    listed, places = listed_regions(distributor)
    regions = [region_name(place.text) for place in places if place.text]
    if distributor.type != "SharedImage" or not regions or len(regions) < len(places):
        return
    definition = declared(template, marked(distributor.get("galleryImageId")))
    home = (definition.get("location") if definition is not None else template.location).text
    if not home or region_name(home) in regions:
        return
    if definition is not None:
        yield Finding(
            distributor.get(listed).key_span,
            f"`{listed}` of {distributor.label} leaves out `{home}`, the region of its image definition",
            help=f"add `{home}` to `{listed}`",
            notes=("the version is created in that region first and copied from there",),
            related=(Related(definition.get("location").span, "the image definition is here"),),
        )
    elif region_name(home) in TEMPLATE_LOCATIONS:
        yield Finding(
            distributor.get(listed).key_span,
            f"`{listed}` of {distributor.label} leaves out `{home}`, where the image is built",
            help="make sure that the region of the gallery is in the list",
            notes=("if the image definition is in another region than the template, each build copies the disk first",),
            severity="info",
        )


@check("AIB226", "gallery-image-version", "error", DISTRIBUTE, GALLERIES, VERSION_NAME)
def gallery_image_version(distributor: Distributor) -> Findings:
    """
    ## What it does
    Looks at a version that `galleryImageId` gives after `/versions/`: it has to be three whole numbers from 0 to
    2147483647 with dots between them and without leading zeros. A sound one is mentioned (info) because only one build
    can use it.

    ## Why it matters
    The gallery takes no other name, and it is asked at the end of the build. A version that exists already is not
    replaced: the second build of the same template fails.

    ## Bad
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app/versions/«latest»",
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app/versions/«2024.01.15»",
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app/versions/«2024.1.15»",
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```

    ## Good
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        "targetRegions": [{"name": "westeurope"}]
      }
    ]
    ```
    """
    image = distributor.get("galleryImageId")
    given = _EXPLICIT.search(image.text or "")
    if distributor.type != "SharedImage" or given is None:
        return
    version = given[1]
    problem, suggestion = _version_problem(version)
    yield Finding(
        image.part(*given.span(1)),
        f"{distributor.label} would publish version `{version}`, but {problem}"
        if problem
        else f"{distributor.label} always publishes version `{version}`, so only the first build can succeed",
        help=f"leave `/versions/{version}` out, so that the service takes the next number, or write {suggestion}",
        notes=() if problem else ("a gallery does not replace a version that it has",),
        severity="" if problem else "info",
    )


def _version_problem(version: str) -> tuple[str, str]:
    """What is wrong with the name of a version, empty if nothing is, and what to write instead."""
    numbers = version.split(".")
    if len(numbers) != 3 or not all(number.isascii() and number.isdigit() for number in numbers):
        return "a version is three whole numbers with dots between them", "one like `1.0.0`"
    if not all(_NUMBER.fullmatch(number) for number in numbers):
        return "its numbers must not begin with 0", f"`{'.'.join(str(int(number[:20])) for number in numbers)}`"
    if any(int(number[:20]) > _LARGEST for number in numbers):
        return f"its numbers must not be above {_LARGEST}", "smaller numbers"
    return "", "a new number for each build"


@check("AIB227", "versioning-rules", "warning", VERSIONING)
def versioning_rules(distributor: Distributor, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at `versioning`, which says how the number of a new gallery version is found. `Source` makes it from the
    version of the source image, which a managed image does not have. A `galleryImageId` that gives a version leaves
    nothing to find (info, since no document says which of the two counts).

    ## Why it matters
    With nothing to make the number from, the image is built and then cannot be published under the number that you
    expect. `major` beside `Source` is a matter of unknown-property.

    ## Bad
    ```json
    "source": {
      "type": "ManagedImage",
      "imageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/base"
    },
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        "targetRegions": [{"name": "westeurope"}],
        "versioning": {"scheme": «"Source"»}
      }
    ]
    ```

    ## Good
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "app",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/app",
        "targetRegions": [{"name": "westeurope"}],
        "versioning": {"scheme": "Latest", "major": 2}
      }
    ]
    ```
    """
    versioning = distributor.get("versioning")
    if distributor.type != "SharedImage" or template.api_version < TARGET_REGIONS_SINCE or not any(versioning.members):
        return
    scheme = versioning.get("scheme")
    given = _EXPLICIT.search(distributor.get("galleryImageId").text or "")
    if given is not None:
        yield Finding(
            versioning.key_span,
            f"{distributor.label} has `versioning`, but its `galleryImageId` gives the version already: `{given[1]}`",
            help=f"remove one of them: `versioning`, or `/versions/{given[1]}`",
            severity="info",
        )
    elif (scheme.text or "").lower() == "source" and template.source_type == "ManagedImage":
        yield Finding(
            scheme,
            f"{distributor.label} takes its version from the source, but a managed image has no version",
            help="write `Latest`, or build from a gallery or marketplace image",
            related=(Related(template.source.get("type").span, "the source is a managed image"),),
        )


# Info, though the VHD can be lost: it is the documented default, Microsoft's own samples use it, and whoever copies the
# VHD away at once does everything right. No file tells whether they do.
@check("AIB228", "vhd-without-uri", "info", f"{JSON}#distribute-vhd", RELEASE_NOTES)
def vhd_without_uri(distributor: Distributor, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for VHD distributors without a `uri`.

    ## Why it matters
    Such a VHD lies in a storage account of the staging resource group. It is deleted together with the image template,
    so it has to be copied away before. From API version 2022-07-01 on, `uri` puts it where you want it to stay.

    ## Bad
    ```json
    "distribute": [{"type": «"VHD"», "runOutputName": "app"}]
    ```
    ```json
    "distribute": [{"type": "VHD", "runOutputName": "app", «"uri"»: ""}]
    ```

    ## Good
    ```json
    "distribute": [
      {"type": "VHD", "runOutputName": "app", "uri": "https://images.blob.core.windows.net/vhds/app.vhd"}
    ]
    ```
    """
    uri = distributor.get("uri")
    if distributor.type == "VHD" and (uri.is_missing or uri.text == ""):
        too_old = template.api_version < TARGET_REGIONS_SINCE
        how = f" (from `apiVersion` {TARGET_REGIONS_SINCE} on)" if too_old else ""
        yield Finding(
            uri if uri.is_missing else uri.key_span,
            f"the VHD of {distributor.label} is deleted together with the image template",
            help=f"copy it away after each build, or give it a `uri` in a storage account of your own{how}",
            notes=("no VM can run from the VHD itself: unmanaged disks were retired on 2026-03-31",),
        )


@check("AIB229", "distant-managed-image", "info", DISTRIBUTE)
def distant_managed_image(distributor: Distributor, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a managed image that is to lie in another region than the image template.

    ## Why it matters
    The disk is copied across regions as one large file at the end of each build. That takes time, it counts towards
    `buildTimeoutInMinutes`, and it has failed more than once.

    ## Bad
    ```json
    "location": "westeurope",
    "distribute": [
      {
        "type": "ManagedImage",
        "runOutputName": "app",
        "location": «"eastus"»,
        "imageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/app"
      }
    ]
    ```

    ## Good
    ```json
    "location": "westeurope",
    "distribute": [
      {
        "type": "ManagedImage",
        "runOutputName": "app",
        "location": "West Europe",
        "imageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/app"
      }
    ]
    ```
    """
    there, here = distributor.get("location"), template.location
    regions = {region_name(there.text or ""), region_name(here.text or "")}
    if distributor.type == "ManagedImage" and len(regions) == 2 and regions <= TEMPLATE_LOCATIONS.keys():
        yield Finding(
            there,
            f"{distributor.label} goes to `{there.text}`, but the image is built in `{here.text}`",
            help="build where the image is needed, or distribute to a gallery, which replicates it for you",
            related=(Related(here.span, "the image is built here"),),
        )


@check("AIB237", "misspelt-region", "warning", DISTRIBUTE)
def misspelt_region(distributor: Distributor) -> Findings:
    """
    ## What it does
    Looks for a region of a distributor that Azure does not have and that is nearly the name of one: in `targetRegions`,
    in `replicationRegions`, and as the `location` of a managed image. Azure opens new regions, so a name that is only
    unknown is let pass.

    ## Why it matters
    The build runs to its end, and then the image cannot be distributed.

    ## Bad
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "example",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/example",
        "targetRegions": [{"name": "westeurope"}, {"name": «"northeurop"»}]
      }
    ]
    ```

    ## Good
    ```json
    "distribute": [
      {
        "type": "SharedImage",
        "runOutputName": "example",
        "galleryImageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/example",
        "targetRegions": [{"name": "West Europe"}, {"name": "northeurope"}]
      }
    ]
    ```
    """
    regions = [region.get("name") for region in distributor.get("targetRegions").items]
    regions += distributor.get("replicationRegions").items
    if distributor.type == "ManagedImage":
        regions.append(distributor.get("location"))
    for region in regions:
        meant = _misspelt(region.text or "")
        if meant is not None:
            yield Finding(
                region,
                f"`{region.text}` in {distributor.label} is no region of Azure",
                help=f"did you mean `{meant}`?",
            )


def _misspelt(region: str) -> str | None:
    """The region that a name was certainly meant to be; None for a region, and for what may be a new one."""
    name = region_name(region)
    if len(name) < 5 or name in TEMPLATE_LOCATIONS or name in OTHER_REGIONS:
        return None
    from difflib import get_close_matches  # here: only a wrong region needs it

    near = get_close_matches(name, (*TEMPLATE_LOCATIONS, *OTHER_REGIONS), n=1, cutoff=0.85)
    # `westus4` may be there tomorrow.
    return near[0] if near and near[0].rstrip("0123456789") != name.rstrip("0123456789") else None
