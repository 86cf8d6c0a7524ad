"""Scripts and the generalization of the machine: doing it oneself, and what it needs."""

from __future__ import annotations

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

from .. import effects
from ..deletion import deletion_of
from ..effects import (
    DEPROVISIONING_LINUX,
    DEPROVISIONING_WINDOWS,
    is_built,
    is_deprovisioning_script,
    rest_of_build,
    runs_now,
)
from ..wording import shown, where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word

GENERALIZE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#generalize"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
AGENT = "https://learn.microsoft.com/azure/virtual-machines/extensions/agent-linux"

_SYSPREP_OPTIONS = ("/generalize", "/oobe", "/audit", "/shutdown", "/reboot", "/quit", "/quiet", "/unattend")


@check("AIB413", "own-generalization", "error", GENERALIZE, TROUBLESHOOT)
def own_generalization(command: Command) -> Findings:
    r"""
    ## What it does
    Looks for scripts that generalize the build VM themselves, with `sysprep.exe` or `waagent -deprovision`. A script
    that only writes the command into the deprovisioning script is not meant. Of a script file that no template is known
    to run, this is only advice: it may be the deprovisioning script.

    ## Why it matters
    The build generalizes its VM by itself when all steps are done. `waagent -deprovision+user` deletes the user
    that the build is signed in with, and its key; `sysprep` ends the session, and the machine is generalized twice.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Finish", "inline": ["sudo «waagent -deprovision+user» -force"]}
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Finish",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["& «C:\\Windows\\System32\\Sysprep\\sysprep.exe /generalize» /oobe /quit", "Start-Sleep -Seconds 60"]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Finish",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "$path = 'C:\\DeprovisioningScript.ps1'",
          "(Get-Content $path -Raw) -replace '/quiet /quit', '/quiet /quit /mode:vm' | Set-Content $path",
          "Start-Sleep -Seconds 60"
        ]
      }
    ]
    ```
    """
    option = _generalizes(command)
    script = command.script
    own = is_deprovisioning_script(script)
    if option is None or own or not is_built(command) or not runs_now(command):
        return
    linux = command.language == "shell"
    yield Finding(
        command.at(option),
        f"`{command.label(option)}` in {where(script)} generalizes the build VM, which the build does itself at its end",
        help="take it out; to change how it is done, write "
        f"`{DEPROVISIONING_LINUX if linux else DEPROVISIONING_WINDOWS}`",
        notes=(
            "with `+user` it deletes the build user, and all that follows fails"
            if linux
            else "no step can follow, and the build waits for a second Sysprep that has nothing to do, or fails",
        ),
        severity="info" if script.step is None else "",
    )


def _generalizes(command: Command) -> Word | None:
    """The option that makes a command generalize."""
    if command.language != "shell":
        return command.has(*_SYSPREP_OPTIONS) if command.name == "sysprep" else None
    words = list(command.arguments)
    if command.name.startswith("python") and words and words[0].known.rpartition("/")[2] == "waagent":
        words = words[1:]
    elif command.name not in ("waagent", "waagent2.0"):
        return None
    return next((word for word in words if word.known.lstrip("-").startswith("deprovision")), None)


# -- the guest agent ---------------------------------------------------------------------------------------------------

_LINUX_SERVICES = ("walinuxagent", "waagent", "python-azure-agent")
_LINUX_PACKAGES = ("walinuxagent", "waagent", "python-azure-agent", "python3-azure-agent")
_WINDOWS_SERVICES = ("rdagent", "windowsazureguestagent", "windowsazuretelemetryservice")
_REMOVERS = {
    "apt": ("remove", "purge", "autoremove"), "apt-get": ("remove", "purge", "autoremove"), "aptitude": ("remove", "purge"),
    "yum": ("remove", "erase"), "dnf": ("remove", "erase"), "microdnf": ("remove",), "tdnf": ("remove", "erase"),
    "zypper": ("remove", "rm"), "dpkg": (), "rpm": (),
}  # fmt: skip
_BINARIES = ("/usr/sbin/waagent", "/usr/bin/waagent")


@check("AIB414", "guest-agent-disabled", "error", AGENT, GENERALIZE)
def guest_agent_disabled(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for scripts that remove the Azure guest agent (`walinuxagent`), or that stop or disable its services on Windows
    (`RdAgent`, `WindowsAzureGuestAgent`, `WindowsAzureTelemetryService`). To disable it on Linux is a warning.

    ## Why it matters
    The build's last act needs it. On Linux `waagent` itself generalizes the build VM; on Windows the deprovisioning
    script waits until the services run, without any limit: the build goes on until `buildTimeoutInMinutes` is over. The
    VMs made from the image need it as well: without it no extension works, and no password can be set.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Slim",
        "inline": ["cloud-init status --wait", "sudo apt-get -y purge snapd «walinuxagent»"]
      }
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Slim",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Sleep -Seconds 60", "«Set-Service -Name RdAgent» -StartupType Disabled"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Slim", "inline": ["cloud-init status --wait", "sudo apt-get -y purge snapd"]}
    ]
    ```
    """
    if not is_built(command) or not runs_now(command):
        return
    linux = command.language == "shell"
    word, severity = _removes_agent(command) if linux else (None, "")
    does = "removes the guest agent, which generalizes the build VM"
    whole = False
    if word is None:
        change = effects.service(command)
        services = _LINUX_SERVICES if linux else _WINDOWS_SERVICES
        word = change.word(*services) if change is not None else None
        if word is None or change is None or not _harms(command, build, change, linux):
            return
        whole = True
        does = (
            "keeps the guest agent from running in the VMs made from the image"
            if linux
            else "stops the guest agent, which the build waits for before it generalizes the build VM"
        )
        severity = "warning" if linux else ""
    yield Finding(
        command.at(word) if whole or not linux else command.place(word),
        f"`{shown(command, word)}` in {where(command.script)} {does}",
        help="take it out: an image of Azure needs its agent",
        notes=()
        if severity
        else (
            "the build fails when all steps are done: `waagent: not found`"
            if linux
            else "the deprovisioning script waits for the service without any limit: the build goes on until `buildTimeoutInMinutes` is over",
        ),
        severity=severity,
    )


def _removes_agent(command: Command) -> tuple[Word | None, str]:
    if command.name in _REMOVERS:
        verbs = _REMOVERS[command.name]
        operands = command.operands("-o", "-c", "-t")
        purges = command.name in ("dpkg", "rpm") and command.has("-r", "-P", "-e", "--remove", "--purge", "--erase")
        if not purges and not (verbs and operands and operands[0].known in verbs):
            return None, ""
        if command.has("-s", "--simulate", "--dry-run", "--just-print") is not None:
            return None, ""
        return next((word for word in operands if word.known.lower().rstrip("*") in _LINUX_PACKAGES), None), ""
    found = deletion_of(command, *_BINARIES)
    return (found.word if found is not None and "waagent" in found.path else None), ""


def _harms(command: Command, build: Build, change: effects.Service, linux: bool) -> bool:
    if linux and change.action not in ("disable", "mask"):
        return False
    if change.action not in ("disable", "mask", "stop", "remove"):
        return False
    if change.action == "stop" and not change.now and _restarts_later(command, build):
        return False
    wanted = set(change.names)
    for later in rest_of_build(command, build):
        undone = effects.service(later)
        if undone is None or not wanted & set(undone.names):
            continue
        if undone.action == "enable" or (change.action == "stop" and undone.action in ("start", "restart")):
            return False
    return True


def _restarts_later(command: Command, build: Build) -> bool:
    """Whether Windows starts anew behind a step, and with it what is only stopped."""
    step = command.script.step
    if build.template is None or step is None:
        return False
    later = build.template.customizers[step.index + 1 :]
    return any(one.type in ("WindowsRestart", "WindowsUpdate", None) for one in later)
