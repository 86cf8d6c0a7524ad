"""What the image is made from."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.template import region_name

from . import ground
from .data import images, platform_images

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
SOURCE = JSON + "#properties-source"
OVERVIEW = "https://learn.microsoft.com/azure/virtual-machines/image-builder-overview"
RELEASE_NOTES = "https://learn.microsoft.com/azure/virtual-machines/image-builder-api-update-release-notes"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
LIFECYCLE = "https://learn.microsoft.com/lifecycle/products/"
UBUNTU = "https://ubuntu.com/about/release-cycle"
RED_HAT = "https://access.redhat.com/support/policy/updates/errata"
AVD = "https://learn.microsoft.com/azure/virtual-desktop/troubleshoot-custom-image-templates"

# From here on `latest` of a gallery image is resolved when the build runs (release notes, "Version 2022-07-01").
LATEST_OF_GALLERY = "2022-07-01"

# Known to be gone: "Platform Image was not found", https://github.com/Azure/azvmimagebuilder/issues/34.
_WITHDRAWN = ("19h1-evd",)

_VERSION = pattern(r"\d+\.\d+\.\d+")
_NAMED_VERSION = pattern(r"/versions/([^/]+)$", re.IGNORECASE)
# `<`, `$` and their like: somebody fills it in later, in a way that is not known as a placeholder.
_FILLED_IN = pattern(r"[$%{}<>#*@]")


@check("AIB204", "incomplete-source", "error", SOURCE)
def incomplete_source(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a marketplace source (`PlatformImage`) that lacks its publisher, offer, sku or version, or has an empty
    one.

    ## Why it matters
    The API's description calls all four optional, but the marketplace finds no image by less: the submission fails with
    `BadPIRSource`. Often a parameter or a variable was empty when the template was filled in.

    ## Bad
    ```json
    «"source"»: {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server"
    }
    ```
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": «""»,
      "version": "latest"
    }
    ```

    ## Good
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server",
      "version": "latest"
    }
    ```
    """
    if template.source_type != "PlatformImage":
        return
    parts = {name: template.source.get(name) for name in ("publisher", "offer", "sku", "version")}
    missing = [name for name, value in parts.items() if value.is_missing]
    help_ = "write all four as `az vm image list --all` shows them, with `latest` for the version"
    if missing == ["version"]:
        help_ = 'add `"version": "latest"`'
    notes = ("the submission fails with `BadPIRSource`",)
    if missing:
        names = " and no ".join(f"`{name}`" for name in missing)
        yield Finding(parts[missing[0]], f"the source has no {names}", help_, notes)
    for name, value in parts.items():
        if value.text is not None and not value.text.strip() and not ground.may_be_filled_in(template, value):
            yield Finding(value, f"the `{name}` of the source is empty", help_, notes)


@check("AIB205", "source-region-mismatch", "error", SOURCE)
def source_region_mismatch(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a custom source that the file itself shows to be out of reach: a managed image or a gallery version that
    the same file puts into other regions than the template's, and a managed image in another subscription than the
    staging resource group.

    ## Why it matters
    A managed image must be in the subscription and the region of the template, a gallery version must be replicated to
    that region. Otherwise the submission fails with `BadManagedImageSource` or `BadSharedImageVersionSource`.

    ## Bad
    ```json
    "source": {
      "type": "ManagedImage",
      "imageId":
        «"/subscriptions/66666666-7777-8888-9999-000000000000/resourceGroups/images/providers/Microsoft.Compute/images/base"»
    },
    "stagingResourceGroup": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/staging"
    ```

    ## Good
    ```json
    "source": {
      "type": "ManagedImage",
      "imageId":
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/base"
    },
    "stagingResourceGroup": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/staging"
    ```
    """
    location = region_name(template.location.text or "")
    if template.source_type == "ManagedImage":
        identifier = template.source.get("imageId")
        staging = template.properties.get("stagingResourceGroup")
        here, there = _subscription(staging), _subscription(identifier)
        image = ground.declared(template, ground.marked(identifier))
        if here and there and here != there:
            yield Finding(
                identifier,
                "the managed image is in another subscription than the template, going by the staging resource group",
                help="copy the image into the template's subscription, or publish it to a gallery and build from that",
                notes=("the submission fails with `BadManagedImageSource`",),
                related=(Related(staging.span, "the staging resource group must be in the template's subscription"),),
            )
        elif image is not None:
            yield from _elsewhere(identifier, [image.get("location")], location, "the managed image is in")
    elif template.source_type == "SharedImageVersion":
        identifier = template.source.get("imageVersionId")
        version = ground.declared(template, ground.marked(identifier))
        if version is not None:
            targets = version.get("properties", "publishingProfile", "targetRegions").items
            places = [target.get("name") for target in targets]
            yield from _elsewhere(identifier, places, location, "the gallery version is replicated only to")


def _elsewhere(identifier: Value, places: list[Value], location: str, where: str) -> Findings:
    names = [place.text for place in places]
    if not location or not names or None in names or location in {region_name(name or "") for name in names}:
        return
    yield Finding(
        identifier,
        f"{where} {', '.join(f'`{name}`' for name in names)}, the template in `{location}`",
        help=f"bring the image to `{location}`, or the template to the image",
        related=(Related(places[0].span, "its region is given here"),),
    )


def _subscription(identifier: Value) -> str:
    found = re.match(r"/subscriptions/([0-9a-f-]{36})(?:/|$)", (identifier.text or "").lower())
    return found[1] if found else ""


@check("AIB206", "source-version", "error", SOURCE, RELEASE_NOTES)
def source_version(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the version of the source: it is `latest` or three numbers with dots. For a gallery image, `latest` needs
    API version 2022-07-01 or newer.

    ## Why it matters
    No image has any other version, so the source is not found. The portal shows `latest (19045.2846.230411)`, which is
    text for people, and people copy it.

    ## Bad
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server",
      "version": «"latest (24.04.202404230)"»
    }
    ```
    ```json
    "apiVersion": "2022-02-14",
    "source": {
      "type": "SharedImageVersion",
      "imageVersionId":
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/base/versions/«latest»"
    },
    "distribute": [
      {
        "type": "ManagedImage",
        "runOutputName": "example",
        "location": "westeurope",
        "imageId":
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/example"
      }
    ]
    ```

    ## Good
    ```json
    "source": {
      "type": "SharedImageVersion",
      "imageVersionId":
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images/base/versions/latest"
    }
    ```
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server",
      "version": "24.04.202404230"
    }
    ```
    """
    if template.source_type == "PlatformImage":
        value = template.source.get("version")
        written = (value.text or "").strip()
        if written and not _is_version(written):
            yield Finding(
                value,
                f"`{written}` is not a version of an image",
                help="write `latest`, or a version as `az vm image list --all` shows it: three numbers with dots",
            )
    elif template.source_type == "SharedImageVersion":
        value = template.source.get("imageVersionId")
        last = value.pieces[-1] if value.pieces else None
        named = _NAMED_VERSION.search(last) if isinstance(last, str) else None
        if named is None:
            return
        at = value.part(*named.span(1)) if value.text is not None and value.definition is None else value
        if not _is_version(named[1]):
            yield Finding(
                at,
                f"`{named[1]}` is not a version of a gallery image",
                help="end the ID in three numbers with dots, such as `/versions/1.0.0`, or in `/versions/latest`",
            )
        elif named[1].lower() == "latest" and template.api_version < LATEST_OF_GALLERY:
            yield Finding(
                at,
                f"`latest` of a gallery image is not known to API version {template.api_version}",
                help=f"use `apiVersion` {LATEST_OF_GALLERY} or newer, or name the version",
            )


def _is_version(written: str) -> bool:
    known = _VERSION.fullmatch(written) is not None or written.lower() == "latest"
    return known or _FILLED_IN.search(written) is not None


@check("AIB207", "out-of-support-image", "warning", LIFECYCLE, UBUNTU, RED_HAT)
def out_of_support_image(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for a marketplace image of a release whose support has ended: Windows 10 20H2, Ubuntu 18.04, CentOS 7 and the
    like.

    ## Why it matters
    Every VM made from the image lacks security updates from its first day. Its publisher may withdraw such an image at
    any time, and then the build fails with `PlatformImageNotFound`. Package repositories of old releases move away too,
    so that `apt-get update` fails.

    ## Bad
    ```json windows
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsDesktop",
      "offer": "windows-10",
      "sku": «"20h2-evd"»,
      "version": "latest"
    }
    ```

    ## Good
    ```json windows
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsDesktop",
      "offer": "windows-11",
      "sku": "win11-25h2-avd",
      "version": "latest"
    }
    ```
    """
    image = ground.platform_image(template)
    release = images.end_of_support(*image) if image is not None else None
    if release is None or surroundings.now[:10] <= release.date:
        return
    sku = template.source.get("sku")
    gone = (sku.text or "").lower() in _WITHDRAWN
    newest = images.newest(release, surroundings.now[:10])
    yield Finding(
        sku,
        f"support for {release.name} ended on {release.date}",
        help="build from a release that is still supported" + (f", such as {newest.name}" if newest else ""),
        notes=(
            *((release.note,) if release.note else ()),
            "the marketplace " + ("no longer has the image" if gone else "may withdraw the image at any time"),
            f"its dates: {release.source}",
        ),
    )


@check("AIB208", "generation-mismatch", "error", OVERVIEW, AVD)
def generation_mismatch(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Compares the Hyper-V generation of a marketplace source with that of the image definition it goes to, where the
    same file declares that definition. A definition that does not say its `hyperVGeneration` is `V1`.

    ## Why it matters
    Image Builder does not turn one generation into the other. The build runs to its end, and the distribution then
    fails with `Error with Hyper-V Version validation`.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "resources": [
        {
          "type": "Microsoft.Compute/galleries/images",
          "apiVersion": "2023-07-03",
          "name": "corporate/desktop",
          "location": "westeurope",
          "properties": {
            "osType": "Windows",
            "osState": "Generalized",
            "identifier": {"publisher": "corporate", "offer": "desktop", "sku": "multi-session"}
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "desktop",
          "location": "westeurope",
          "dependsOn": ["[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'desktop')]"],
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "vmProfile": {"vmSize": "Standard_D4s_v5"},
            "source": {
              "type": "PlatformImage",
              "publisher": "MicrosoftWindowsDesktop",
              "offer": "windows-11",
              "sku": "win11-25h2-avd",
              "version": "latest"
            },
            "customize": [{"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}],
            "distribute": [
              {
                "type": "SharedImage",
                "runOutputName": "desktop",
                "galleryImageId": «"[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'desktop')]"»,
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
          "type": "Microsoft.Compute/galleries/images",
          "apiVersion": "2023-07-03",
          "name": "corporate/desktop",
          "location": "westeurope",
          "properties": {
            "osType": "Windows",
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "identifier": {"publisher": "corporate", "offer": "desktop", "sku": "multi-session"}
          }
        },
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "desktop",
          "location": "westeurope",
          "dependsOn": ["[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'desktop')]"],
          "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {
              "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'builder')]": {}
            }
          },
          "properties": {
            "vmProfile": {"vmSize": "Standard_D4s_v5"},
            "source": {
              "type": "PlatformImage",
              "publisher": "MicrosoftWindowsDesktop",
              "offer": "windows-11",
              "sku": "win11-25h2-avd",
              "version": "latest"
            },
            "customize": [{"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}],
            "distribute": [
              {
                "type": "SharedImage",
                "runOutputName": "desktop",
                "galleryImageId": "[resourceId('Microsoft.Compute/galleries/images', 'corporate', 'desktop')]",
                "targetRegions": [{"name": "westeurope"}]
              }
            ]
          }
        }
      ]
    }
    ```
    """
    generation = ground.generation(template)
    for distributor in template.distributors if generation is not None else ():
        identifier = distributor.get("galleryImageId")
        definition = ground.declared(template, ground.marked(identifier)) if distributor.type == "SharedImage" else None
        given = definition.get("properties", "hyperVGeneration") if definition is not None else None
        if definition is None or given is None:
            continue
        accepted = "V1" if given.is_missing else (given.text or "").upper()
        if accepted not in ("V1", "V2") or accepted == generation:
            continue
        has = "does not say its own, which makes it V1" if given.is_missing else f"is of generation {accepted}"
        yield Finding(
            identifier,
            f"the source is of generation {generation}, but the image definition of {distributor.label} {has}",
            help=f"make a definition with `hyperVGeneration` {generation} (it cannot be changed), or take a source of "
            "the definition's generation",
            notes=("the build runs to its end before the distribution fails",),
            related=(Related(given.span, "the definition is declared here"),),
        )


@check("AIB209", "hardened-source", "warning", TROUBLESHOOT)
def hardened_source(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a source image that the Center for Internet Security (CIS) has hardened.

    ## Why it matters
    Such images often refuse what a build needs: on Windows the connection over WinRM, on Linux running a script from
    `/tmp`. The build then fails, or waits for `Timeout waiting for WinRM`.

    ## Bad
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": «"center-for-internet-security-inc"»,
      "offer": "cis-ubuntu",
      "sku": "cis-ubuntulinux2404-l1-gen2",
      "version": "latest",
      "planInfo": {
        "planName": "cis-ubuntulinux2404-l1-gen2",
        "planProduct": "cis-ubuntu",
        "planPublisher": "center-for-internet-security-inc"
      }
    }
    ```

    ## Good
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server",
      "version": "latest"
    }
    ```
    """
    image = ground.platform_image(template)
    if image is None or not platform_images.hardened(*image):
        return
    trouble = {"Linux": "running its scripts", "Windows": "connecting to the build VM"}
    system = ground.operating_system(template) or ""
    often = trouble.get(system, " or ".join(trouble.values()))
    yield Finding(
        template.source.get("publisher"),
        f"the source is hardened by CIS, which often keeps a build from {often}",
        help="build from the publisher's plain image and harden it in the last step",
    )


@check("AIB210", "pinned-source-version", "info", SOURCE)
def pinned_source_version(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a marketplace source with a fixed version instead of `latest`.

    ## Why it matters
    Publishers withdraw old versions, often after some months; from then on the build fails with
    `PlatformImageNotFound`. Until then its updates take longer with every month. Pinning is right where a build must be
    repeatable, if somebody moves the pin.

    ## Bad
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server",
      "version": «"24.04.202404230"»
    }
    ```

    ## Good
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server",
      "version": "latest"
    }
    ```
    """
    version = template.source.get("version")
    if template.source_type == "PlatformImage" and version.text and _VERSION.fullmatch(version.text):
        yield Finding(
            version,
            f"the source is pinned to version `{version.text}`, which the marketplace will withdraw one day",
            help="write `latest`, or make sure that somebody moves the pin",
        )
