"""What a script does to Windows that keeps it from being generalized, or a VM made from the image from starting."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING

from .. import tables
from ..effects import does_nothing, registry, rest_of_build
from ..wording import where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word
    from aiblint.template import ImageTemplate

SYSPREP = "https://learn.microsoft.com/windows-hardware/manufacture/desktop/sysprep--system-preparation--overview"
ROLES = "https://learn.microsoft.com/windows-hardware/manufacture/desktop/sysprep-support-for-server-roles"
PREPARE = "https://learn.microsoft.com/azure/virtual-machines/windows/prepare-for-upload-vhd-image"
GENERALIZE = "https://learn.microsoft.com/azure/virtual-machines/generalize"
DEPROVISION = (
    "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot#sysprep-command-windows"
)
DEV_BOX = "https://learn.microsoft.com/azure/dev-box/how-to-customize-devbox-azure-image-builder"
RESERVED = "https://learn.microsoft.com/windows-hardware/manufacture/desktop/reserved-storage"
UNKNOWN_SCRIPT = "deprovisioningscript"


@check("AIB516", "disk-encryption", "error", SYSPREP, PREPARE)
def disk_encryption(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for BitLocker being turned on: `Enable-BitLocker`, `manage-bde -on`. Nothing is reported if a later command of
    the build turns it off again.

    ## Why it matters
    Sysprep generalizes only a disk that is fully decrypted. It gives up, and the build waits for it until its timeout.
    A VM made from the image could not use the key of the build VM anyway.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Encrypt",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«manage-bde -on» C: -UsedSpaceOnly", "Start-Sleep -Seconds 60"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "LeaveDecrypted",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["reg add HKLM\\\\SYSTEM\\\\CurrentControlSet\\\\Control\\\\BitLocker /v PreventDeviceEncryption /t REG_DWORD /d 1 /f"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    match = tables.broken("disk-encryption", command)
    if match is None or does_nothing(command):
        return
    for later in rest_of_build(command, build):
        if later.name in ("disable-bitlocker", "clear-bitlockerautounlock") or (
            later.name == "manage-bde" and later.has("-off")
        ):
            return
    yield Finding(
        command.at(*match.words),
        f"`{command.label(*match.words)}` in {where(command.script)} encrypts a disk, and Sysprep refuses to generalize it",
        help=match.row.help,
        notes=(match.row.note,),
    )


@check("AIB517", "domain-join", "error", GENERALIZE, SYSPREP)
def domain_join(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for a Windows build VM that joins a domain or Microsoft Entra ID: `Add-Computer -DomainName`, `netdom join`,
    `djoin`, `dsregcmd /join`. A workgroup is none, and what leaves the domain again is not reported.

    ## Why it matters
    Generalizing takes the machine out of its domain, and is not supported for a member. The account stays behind in the
    domain, policies of the domain may lock the build out, and no VM made from the image is joined.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Join",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Add-Computer» -DomainName corp.contoso.com -Credential $credential"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Prepare",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Add-WindowsCapability -Online -Name Rsat.ActiveDirectory.DS-LDS.Tools~~~~0.0.1.0"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    match = tables.broken("domain-join", command)
    if match is None or command.parameter("WorkgroupName", "w") or does_nothing(command):
        return
    if command.is_splatted:
        return  # the splat may name a workgroup
    for later in rest_of_build(command, build):
        if later.name == "remove-computer" or (later.name == "dsregcmd" and later.has("/leave")):
            return
    yield Finding(
        command.at(*match.words),
        f"`{command.label(*match.words)}` in {where(command.script)} joins the build VM, and generalizing it is not "
        "supported then",
        help=match.row.help,
        notes=(match.row.note,),
    )


@check("AIB518", "role-against-sysprep", "warning", ROLES)
def role_against_sysprep(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for roles of Windows Server that do not survive Sysprep: Active Directory Domain, Certificate, Federation,
    Lightweight Directory and Rights Management Services, Network Policy and Access Services, DHCP. Tools to administer
    them (`RSAT-...`) are fine.

    ## Why it matters
    Such a role may no longer work in any VM made from the image, and a domain controller cannot be generalized at all.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRole",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Install-WindowsFeature -Name AD-Domain-Services» -IncludeManagementTools"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallTools",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Install-WindowsFeature -Name Web-Server, RSAT-AD-Tools"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if does_nothing(command):
        return
    match = tables.broken("role-against-sysprep", command)
    if match is None:
        return
    # Whoever promotes the server has mostly installed the role before: one cause.
    does = match.row.does
    for before in build.commands:
        if before is command:
            break
        if any(found.row.does == does for found in tables.matches("role-against-sysprep", before)):
            return
    yield Finding(
        command.at(*match.words),
        f"`{command.label(*match.words)}` in {where(command.script)} {does}, which Sysprep does not support",
        help="install it when a VM made from the image is deployed",
        notes=(match.row.note or "the role may no longer work in a VM made from the image",),
    )


@check("AIB519", "hyper-v-without-vm-mode", "warning", DEPROVISION, DEV_BOX)
def hyper_v_without_vm_mode(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for Hyper-V, the Virtual Machine Platform or version 2 of the Windows Subsystem for Linux being turned on where
    no step adds `/mode:vm` to the call of Sysprep in `C:\\DeprovisioningScript.ps1`. Where a step writes that script in
    a way that cannot be seen, or some script of the build is not known, nothing is reported.

    ## Why it matters
    Image Builder runs Sysprep without `/mode:vm`. With a hypervisor in the image it then hangs until the build's timeout,
    or the image does not boot.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "EnableHyperV",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V» -All -NoRestart"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "EnableHyperV",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All -NoRestart",
          "$file = 'C:\\\\DeprovisioningScript.ps1'",
          "((Get-Content $file -Raw) -replace '/quiet /quit', '/quiet /quit /mode:vm') | Set-Content $file"
        ]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    match = tables.broken("hyper-v-without-vm-mode", command)
    if match is None or not build.complete or build.template is None or _sets_mode(build):
        return
    for before in build.commands:
        if before is command:
            break
        if tables.broken("hyper-v-without-vm-mode", before) is not None:
            return
    yield Finding(
        command.at(*match.words),
        f"`{command.label(*match.words)}` in {where(command.script)} needs Sysprep to run with `/mode:vm`, and no step "
        "sees to that",
        help="add to a step: `((Get-Content C:\\DeprovisioningScript.ps1 -Raw) -replace '/quiet /quit', "
        "'/quiet /quit /mode:vm') | Set-Content C:\\DeprovisioningScript.ps1`",
        notes=("without it Sysprep hangs until `buildTimeoutInMinutes` is over, or the image does not boot",),
    )


def _sets_mode(build: Build) -> bool:
    """Whether some step makes Sysprep run in VM mode, or writes the deprovisioning script in a way that may do so."""
    for script in build.scripts:
        text = script.text.lower()
        for comment in script.contents.comments:
            text = text[: comment.start] + " " * (comment.end - comment.start) + text[comment.end :]
        if "mode:vm" in text or UNKNOWN_SCRIPT in text:
            return True
    steps = build.template.steps if build.template is not None else ()
    return any(
        step.type == "File"
        and (step.get("destination").text is None or UNKNOWN_SCRIPT in (step.get("destination").text or "").lower())
        for step in steps
    )


# The classes of devices that a policy can close: CD and DVD.
_OPTICAL = "{53f56308-b6bf-11d0-94f2-00a0c91efb8b}"


@check("AIB520", "removable-storage-disabled", "error", PREPARE)
def removable_storage_disabled(command: Command) -> Findings:
    """
    ## What it does
    Looks for commands that turn off the DVD drive of Windows: the service `cdrom` with `Start` 4, and the policies below
    `RemovableStorageDevices` that deny all removable storage, or CD and DVD. USB sticks (`USBSTOR`) may be closed.

    ## Why it matters
    Azure hands a new VM its settings on a DVD. Where Windows may not read it, the first start never ends: the VM stays
    at `OS provisioning` until the deployment times out.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Harden",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Set-ItemProperty -Path HKLM:\\\\SYSTEM\\\\CurrentControlSet\\\\Services\\\\cdrom -Name Start -Value 4»"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Harden",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Set-ItemProperty -Path HKLM:\\\\SYSTEM\\\\CurrentControlSet\\\\Services\\\\USBSTOR -Name Start -Value 4"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    entry = registry(command)
    if entry is not None and entry.key.startswith("hklm\\"):
        key, name = entry.key, entry.name.lower()
        driver = re.search(r"\\(?:currentcontrolset|controlset001)\\services\\cdrom$", key) and name == "start"
        policy = r"\\policies\\microsoft\\windows\\removablestoragedevices"
        denied = (re.search(f"{policy}$", key) and name == "deny_all") or (
            re.search(rf"{policy}\\{re.escape(_OPTICAL)}$", key) and name == "deny_read"
        )
        if (driver and _number(entry.value) == 4) or (denied and _number(entry.value) == 1):
            what = "the DVD drive" if driver else "removable storage, the DVD drive included,"
            yield _without_drive(command, entry.words, what)
        return
    operands = command.operands()
    if command.name == "sc" and [word.known.lower() for word in operands[:2]] == ["config", "cdrom"]:
        disabled = re.search(r"(?i)start=\s*disabled", " ".join(word.known for word in operands))
        if disabled:
            yield _without_drive(command, command.arguments, "the DVD drive")


def _without_drive(command: Command, words: tuple[Word, ...], what: str) -> Finding:
    return Finding(
        command.at(*words),
        f"`{command.label(*words[:1])}` in {where(command.script)} turns off {what} from which Azure sets up a new VM"
        if what.endswith(",")
        else f"`{command.label(*words[:1])}` in {where(command.script)} turns off {what}, from which Azure sets up a new VM",
        help="leave it on in the image, and turn it off by policy once the VM is deployed",
        notes=("the first start of a VM never ends: `OSProvisioningTimedOut`",),
    )


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


@check("AIB521", "reserved-storage", "info", RESERVED, DEV_BOX)
def reserved_storage(command: Command, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for `DISM /Set-ReservedStorageState` or `Set-WindowsReservedStorageState` behind a `WindowsUpdate` with no
    `WindowsRestart` in between.

    ## Why it matters
    While updates are not finished the command fails with `0x800F0975`, since reserved storage is in use.

    ## Bad
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "name": "Update", "updateLimit": 40},
      {
        "type": "PowerShell",
        "name": "Shrink",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«DISM.exe /Online /Set-ReservedStorageState» /State:Disabled /Quiet /NoRestart"]
      },
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "name": "Update", "updateLimit": 40},
      {"type": "WindowsRestart", "restartTimeout": "30m"},
      {
        "type": "PowerShell",
        "name": "Shrink",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["DISM.exe /Online /Set-ReservedStorageState /State:Disabled /Quiet /NoRestart"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    option = command.has("/set-reservedstoragestate") if command.name == "dism" else None
    if option is None and command.name != "set-windowsreservedstoragestate":
        return
    step = command.script.step
    if template is None or step is None or not template.steps_known or step.phase != "customize":
        return
    update = None
    for before in template.customizers[: step.index]:
        if before.type == "WindowsUpdate":
            update = before
        elif before.type == "WindowsRestart":
            update = None
    if update is None:
        return
    yield Finding(
        command.at(option),
        f"`{command.label(option)}` in {where(command.script)} follows {update.label} without a restart in between",
        help="put a `WindowsRestart` in front of it",
        notes=("while updates are not finished it fails with `0x800F0975`",),
        related=(Related(update.get("type").span, "the updates are installed here"),),
    )
