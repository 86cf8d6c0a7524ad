"""The VM that the image is built on: its size and its disk."""

from __future__ import annotations

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING

from . import ground
from .data import large_installs, vm_sizes
from .wording import where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.template import ImageTemplate

VM_PROFILE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-vmprofile"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
OVERVIEW = "https://learn.microsoft.com/azure/virtual-machines/image-builder-overview"
SMALL_DISKS = "https://learn.microsoft.com/troubleshoot/azure/virtual-machines/default-size-images-changed-30-gb"
EXPAND = "https://learn.microsoft.com/azure/virtual-machines/windows/expand-os-disk"

# What Windows Update needs to get through; the documentation's own advice is Standard_D2_v2, with 2 and 7.
ENOUGH_VCPUS = 2
ENOUGH_GIB = 7

# Publisher and offer (lower case) -> GB of the OS disk. A sku with `smalldisk` has SMALL_DISK. Images for Cloud PCs
# (windows-ent-cpc) are smaller than others of their publisher and have no row.
OS_DISKS = {
    ("microsoftwindowsserver", "windowsserver"): 127,
    ("microsoftwindowsdesktop", "windows-10"): 127,
    ("microsoftwindowsdesktop", "windows-11"): 127,
    ("microsoftwindowsdesktop", "office-365"): 127,
    ("canonical", "ubuntuserver"): 30,
    ("canonical", "0001-com-ubuntu-server-focal"): 30,
    ("canonical", "0001-com-ubuntu-server-jammy"): 30,
    ("canonical", "ubuntu-24_04-lts"): 30,
}
SMALL_DISK = 30


def _starts(size: vm_sizes.Size, template: ImageTemplate) -> bool:
    """Whether a VM of this size may be able to start the source image."""
    generation = ground.generation(template)
    return generation is None or size.generations is None or generation in size.generations


@check("AIB212", "small-build-vm", "warning", VM_PROFILE, TROUBLESHOOT)
def small_build_vm(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a Windows build on a VM with one vCPU, and for Windows Update on one with less than 7 GiB of memory. That
    is also what a template gets that names no `vmSize` and starts from an image of generation 1: `Standard_D1_v2`.

    ## Why it matters
    Windows Update exhausts such a VM. After an hour or more the build stops at `Waiting for operation to complete
    (system performance: 1% cpu)`, `unexpected EOF` or `Machine not yet available`, or a Sysprep that begins before the
    guest agent is ready. A larger VM costs less than the second build.

    ## Bad
    ```json windows
    "vmProfile": {"vmSize": «"Standard_B1ms"»}
    ```
    ```json windows
    "vmProfile": {"vmSize": «""»},
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsServer",
      "offer": "WindowsServer",
      "sku": "2022-Datacenter",
      "version": "latest"
    }
    ```

    ## Good
    ```json windows
    "vmProfile": {"vmSize": "Standard_D2s_v5"}
    ```
    """
    name = ground.vm_size(template)
    size = vm_sizes.describe(name) if name is not None else None
    if size is None or ground.operating_system(template) != "Windows" or not _starts(size, template):
        return
    updates = any(step.type == "WindowsUpdate" for step in template.customizers)
    too_few = size.vcpus < ENOUGH_VCPUS
    too_little = updates and size.memory_gib is not None and size.memory_gib < ENOUGH_GIB
    if not too_few and not too_little:
        return
    has = f"only {size.vcpus} vCPU, too little" if too_few else f"only {size.memory_gib:g} GiB of memory, little"
    given = template.vm_profile.get("vmSize")
    which = f"the build VM `{name}`" if given.text else f"no `vmSize` is given, and the default `{name}`"
    yield Finding(
        given,
        f"{which} has {has} for {'Windows Update' if updates else 'a Windows build'}",
        help='write `"vmSize": "Standard_D2s_v5"` or a larger one',
        notes=("the build often hangs or stops with `unexpected EOF` after an hour or more",),
    )


@check("AIB213", "vm-size-generation", "error", OVERVIEW, vm_sizes.GENERATION_2)
def vm_size_generation(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Compares the Hyper-V generation of a marketplace source with the generations that the build VM can start: some old
    sizes start only generation 1, some new ones only generation 2.

    ## Why it matters
    The build VM cannot be created: the build fails minutes after it began, with `cannot boot Hypervisor Generation`.

    ## Bad
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "0001-com-ubuntu-server-jammy",
      "sku": "22_04-lts-gen2",
      "version": "latest"
    },
    "vmProfile": {"vmSize": «"Standard_D2_v2"»}
    ```

    ## Good
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "0001-com-ubuntu-server-jammy",
      "sku": "22_04-lts-gen2",
      "version": "latest"
    },
    "vmProfile": {"vmSize": "Standard_D2s_v5"}
    ```
    """
    given = template.vm_profile.get("vmSize")
    size = vm_sizes.describe(given.text) if given.text else None
    if size is None or _starts(size, template):
        return
    yield Finding(
        given,
        f"the build VM `{given.text}` cannot start the source, an image of generation {ground.generation(template)}",
        help="write a size that starts both generations, such as `Standard_D2s_v5`",
        notes=("the build VM cannot be created",),
    )


@check("AIB214", "os-disk-too-small", "error", VM_PROFILE, EXPAND, SMALL_DISKS)
def os_disk_too_small(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for an `osDiskSizeGB` smaller than the disk of the source image, for marketplace images whose size is known:
    Windows 127 GB, those with `smalldisk` in their sku and Ubuntu 30 GB.

    ## Why it matters
    A disk can only grow. The build VM cannot be created: the disk `is smaller than the size of the corresponding disk
    in the VM image`.

    ## Bad
    ```json windows
    "vmProfile": {"vmSize": "Standard_D4s_v5", "osDiskSizeGB": «64»}
    ```

    ## Good
    ```json windows
    "vmProfile": {"vmSize": "Standard_D4s_v5", "osDiskSizeGB": 127}
    ```
    ```json windows
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsServer",
      "offer": "WindowsServer",
      "sku": "2022-datacenter-smalldisk-g2",
      "version": "latest"
    },
    "vmProfile": {"vmSize": "Standard_D4s_v5", "osDiskSizeGB": 64}
    ```
    """
    image = ground.platform_image(template)
    given = template.vm_profile.get("osDiskSizeGB")
    if image is None or not given.number or given.number < 0:
        return
    publisher, offer, sku = (part.lower() for part in image)
    disk = OS_DISKS.get((publisher, offer)) if sku else None
    if disk is not None and "smalldisk" in sku:
        disk = SMALL_DISK
    if disk is None or given.number >= disk:
        return
    yield Finding(
        given,
        f"`osDiskSizeGB` is {given.number}, but the disk of the source image has {disk} GB and can only grow",
        help=f"write {disk} or more, or leave it out to keep the size of the image",
        notes=("the build VM cannot be created",),
    )


@check("AIB423", "large-download-on-small-vm", "warning", VM_PROFILE, TROUBLESHOOT)
def large_download_on_small_vm(template: ImageTemplate, build: Build) -> Findings:
    """
    ## What it does
    Looks for scripts that install something very large (Visual Studio, SQL Server, Office, CUDA, a desktop for Linux) on a
    build VM with one vCPU or less than 7 GiB of memory. With two vCPUs it is advice. Where `small-build-vm` speaks of the
    VM already, nothing is said.

    ## Why it matters
    Such an installation unpacks many gigabytes. On a small VM it takes hours, or ends for want of memory, and the build is
    stopped when `buildTimeoutInMinutes` is over. A larger VM costs less than the time that it saves.

    ## Bad
    ```json
    "vmProfile": {"vmSize": "Standard_B1ms"},
    "customize": [
      {
        "type": "Shell",
        "name": "Cuda",
        "inline": ["cloud-init status --wait", "sudo apt-get update", "sudo «apt-get install -y cuda»"]
      }
    ]
    ```

    ## Good
    ```json
    "vmProfile": {"vmSize": "Standard_D4s_v5"},
    "customize": [
      {
        "type": "Shell",
        "name": "Cuda",
        "inline": ["cloud-init status --wait", "sudo apt-get update", "sudo apt-get install -y cuda"]
      }
    ]
    ```
    """
    name = ground.vm_size(template)
    size = vm_sizes.describe(name) if name is not None else None
    if size is None or size.vcpus > ENOUGH_VCPUS:
        return
    little = size.memory_gib is not None and size.memory_gib < ENOUGH_GIB
    updates = any(step.type == "WindowsUpdate" for step in template.customizers)
    if ground.operating_system(template) == "Windows" and (size.vcpus < ENOUGH_VCPUS or (updates and little)):
        return  # the matter of `small-build-vm`
    found = [(command, large) for command in build.commands if (large := large_installs.what(command)) is not None]
    if not found:
        return
    command, (what, word) = found[0]
    given = template.vm_profile.get("vmSize")
    default = "" if given.text else ", the default size,"
    has = f"{size.vcpus} vCPU{'s' if size.vcpus > 1 else ''}"
    if size.memory_gib is not None:
        has += f" and {size.memory_gib:g} GiB"
    yield Finding(
        command.at(word),
        f"{where(command.script)} installs {what}, and the build VM `{name}`{default} has only {has}",
        help='write `"vmSize": "Standard_D4s_v5"` or a larger one',
        notes=("the installation takes hours there, or does not come to its end",) if little or size.vcpus < 2 else (),
        related=() if given.is_missing else (Related(given.span, "the build VM"),),
        severity="" if size.vcpus < ENOUGH_VCPUS or little else "info",
    )
