"""Scripts that delete, hide or lock what the build itself keeps on the machine: its scripts and the deprovisioning one."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

from .. import effects
from ..deletion import deletion_of
from ..effects import DEPROVISIONING_LINUX as LINUX
from ..effects import DEPROVISIONING_WINDOWS as WINDOWS
from ..effects import is_built, is_deprovisioning_path, is_deprovisioning_script, rest_of_build, runs_now
from ..execution import distribution, is_elevated
from ..wording import shown, where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
GENERALIZE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#generalize"
PACKER_SHELL = "https://developer.hashicorp.com/packer/docs/provisioners/shell"
PACKER_ELEVATED = "https://github.com/hashicorp/packer-plugin-sdk/blob/main/guestexec/elevated.go"

# Names as Packer makes them up, with a number or a UUID in the middle.
_SHELL_SCRIPT = "/tmp/script_1234.sh"
_WINDOWS_FILES = ("C:\\Windows\\Temp\\packer-0a1b.out", "C:\\Windows\\Temp\\script-0a1b.ps1")


@check("AIB411", "deprovisioning-script-removed", "error", GENERALIZE, TROUBLESHOOT)
def deprovisioning_script_removed(command: Command, build: Build) -> Findings:
    r"""
    ## What it does
    Looks for commands that delete the deprovisioning script, `/tmp/DeprovisioningScript.sh` or
    `C:\DeprovisioningScript.ps1`, mostly together with everything around it: `rm -rf /tmp/*`, `find /tmp -delete`, a
    `tmpfs` mounted over `/tmp`, `Remove-Item C:\*.ps1`. Patterns that leave it alone (`/tmp/*.deb`) are not meant, nor
    a script that writes another one in its place.

    ## Why it matters
    The service puts the script there before the first step and runs it after the last one, to generalize the build VM.
    Without it the build fails at its very end: `Deprovisioning script could not be found`.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "CleanUp",
        "inline": ["cd /opt/app && sudo ./install.sh", "sudo «rm -rf /tmp/*»"]
      }
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "CleanUp",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Sleep -Seconds 60", "«Remove-Item -Path C:\\*.ps1» -Force"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "CleanUp",
        "inline": ["cd /opt/app && sudo ./install.sh", "sudo rm -rf /tmp/app /tmp/*.deb"]
      }
    ]
    ```
    """
    target = LINUX if command.language == "shell" else WINDOWS
    found = deletion_of(command, target)
    words, does = ((found.word,), f"deletes `{target}`") if found is not None else _hides(command)
    if not does or not is_built(command) or not runs_now(command) or _is_written_anew(command, build):
        return
    if is_deprovisioning_script(command.script):
        return  # it deletes itself
    yield Finding(
        command.at(*words),
        f"`{shown(command, words[-1])}` in {where(command.script)} {does}, which the build runs as its last act",
        help="delete only what the build has put there, by name",
        notes=("the build fails when all steps are done: `Deprovisioning script could not be found`",),
        severity="warning" if command.name in _BY_AGE else "",
    )


_BY_AGE = ("tmpreaper", "tmpwatch", "systemd-tmpfiles")


def _hides(command: Command) -> tuple[tuple[Word, ...], str]:
    """The words of a command that empties `/tmp` without naming files, and what it does; nothing for others."""
    if command.language != "shell":
        return (), ""
    if command.name == "mount":
        target = _mounted(command)
        if target is not None and "remount" not in _mount_options(command):
            return (target,), f"hides `{LINUX}`"
        everything = command.has("-a", "--all")
        if everything is not None and _in_fstab(command, ""):
            return (everything,), f"mounts another `/tmp` over `{LINUX}`"
    change = effects.service(command)
    if change is not None and "tmp.mount" in change.names and (change.action in ("start", "restart") or change.now):
        return change.words, f"mounts an empty `/tmp` over `{LINUX}`"
    if command.name in ("tmpreaper", "tmpwatch"):
        # Older than hours or minutes is what the service wrote before the first step; older than days it cannot be.
        age = next((word.known for word in command.operands() if re.match(r"\d", word.known)), "")
        folder = next((word for word in command.operands() if word.known.rstrip("/") == "/tmp"), None)
        unit = "h" if command.name == "tmpwatch" and age.isdigit() else age[-1:]
        hours = int(re.sub(r"\D", "", age) or 0) if unit in ("h", "m", "s") else 0 if age.startswith("0") else 99
        if folder is not None and age and (hours < 12 or unit in ("m", "s")):
            return (folder,), f"deletes `{LINUX}` if it is old enough"
    if command.name == "systemd-tmpfiles" and not command.operands() and command.has("--prefix", "--root") is None:
        # Debian and Ubuntu have `D /tmp`, whose contents `--remove` deletes; others have `q /tmp`.
        option = command.has("--remove")
        if option is not None and distribution(command.script) in (None, "debian"):
            return (option,), f"empties `/tmp` and deletes `{LINUX}` on Debian and Ubuntu"
    return (), ""


def _is_written_anew(command: Command, build: Build) -> bool:
    linux = command.language == "shell"
    for later in rest_of_build(command, build):
        for one in effects.writings(later):
            if not one.appends and is_deprovisioning_path(one.path, linux):
                return True
    if build.template is None or command.script.step is None:
        return False
    return any(
        step.type == "File" and is_deprovisioning_path(step.get("destination").text or "", linux)
        for step in build.template.customizers[command.script.step.index + 1 :]
    )


# -- mounts ------------------------------------------------------------------------------------------------------------


def _mounted(command: Command) -> Word | None:
    """The word `/tmp`, where that is what a `mount` mounts to."""
    operands = command.operands("-t", "--types", "-o", "--options", "-L", "-U")
    target = operands[-1] if operands else None
    return target if target is not None and target.known.rstrip("/") == "/tmp" else None


def _mount_options(command: Command) -> list[str]:
    found: list[str] = []
    for option, value in zip(command.arguments, command.arguments[1:], strict=False):
        if option.known in ("-o", "--options"):
            found += value.known.split(",")
    return found


def _in_fstab(command: Command, option: str) -> bool:
    """Whether an earlier command puts `/tmp` with this option into `/etc/fstab`."""
    for earlier in command.before():
        for one in effects.writings(earlier):
            if one.path == "/etc/fstab":
                said = one.content if one.content is not None else " ".join(earlier.texts)
                if re.search(rf"(?m)\s/tmp\s.*{option}", said.replace("\\", "")):
                    return True
    return False


@check("AIB415", "noexec-tmp", "warning", TROUBLESHOOT, PACKER_SHELL)
def noexec_tmp(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for scripts that mount `/tmp` anew with `noexec` while the build goes on. What only counts from the next start
    (a line in `/etc/fstab`, `systemctl enable tmp.mount`) is not meant. In the last step this is only advice.

    ## Why it matters
    Each `Shell` step is a file in `/tmp` that is run: with `noexec` all steps behind it end with `Permission denied`.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Harden", "inline": ["sudo «mount -o remount,noexec,nosuid /tmp»"]},
      {"type": "Shell", "name": "Install", "inline": ["echo installing"]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Harden",
        "inline": ["echo 'tmpfs /tmp tmpfs rw,noexec,nosuid,nodev 0 0' | sudo tee -a /etc/fstab"]
      },
      {"type": "Shell", "name": "Install", "inline": ["echo installing"]}
    ]
    ```
    """
    if command.language != "shell" or command.name != "mount" or not runs_now(command):
        return
    target = _mounted(command)
    options = _mount_options(command)
    if target is None or "remount" not in options or "exec" in options:
        return
    if "noexec" not in options and not _in_fstab(command, r"\bnoexec\b"):
        return
    if any(_mounted(later) is not None and "exec" in _mount_options(later) for later in command.after()):
        return
    script = command.script
    last = build.template is not None and build.complete and script is build.scripts[-1]
    yield Finding(
        command.at(*command.arguments),
        f"`{command.label(*command.arguments)}` in {where(script)} keeps the build from running its scripts in `/tmp`",
        help="leave it to `/etc/fstab`, which counts from the next start",
        notes=("each `Shell` step is a file in `/tmp` that is run: the next one ends with `Permission denied`",),
        severity="info" if last else "",
    )


@check("AIB510", "packer-files-removed", "warning", PACKER_ELEVATED, TROUBLESHOOT)
def packer_files_removed(command: Command) -> Findings:
    r"""
    ## What it does
    Looks for elevated PowerShell steps that empty `C:\Windows\Temp`, which is `$env:TEMP` as well where the step runs as
    System. Deletions that leave out `packer-*` and `script-*` are fine. For `/tmp/script_*` on Linux, and where it is
    not known how a script runs, this is only advice.

    ## Why it matters
    Packer keeps the running script there, and of an elevated step its wrapper and its output, which it reads until the
    step is over. Without them the step ends with an error that says nothing about the cause, or never ends.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "CleanUp",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "Start-Sleep -Seconds 60",
          "«Remove-Item -Path C:\\Windows\\Temp\\*» -Recurse -Force -ErrorAction SilentlyContinue"
        ]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "CleanUp",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "Start-Sleep -Seconds 60",
          "Remove-Item -Path C:\\Windows\\Temp\\* -Exclude packer-*, script-* -Recurse -Force"
        ]
      }
    ]
    ```
    """
    linux = command.language == "shell"
    found = deletion_of(command, *((_SHELL_SCRIPT,) if linux else _WINDOWS_FILES))
    if found is None or not runs_now(command):
        return
    if found.covers(LINUX if linux else WINDOWS):
        return  # deprovisioning-script-removed
    elevated = is_elevated(command.script)
    if not linux and (elevated is False or any("packer" in one.lower() for one in found.but)):
        return
    yield Finding(
        command.at(found.word),
        f"`{shown(command, found.word)}` in {where(command.script)} deletes files that Packer needs to run the step",
        help="delete what the build has put there by name"
        if linux
        else "leave them out: `-Exclude packer-*, script-*`, or delete by name",
        notes=("Packer's own cleaning up then complains about the missing script",)
        if linux
        else ("`packer-*` and `script-*` hold the running script and its output, which Packer waits for",),
        severity="info" if linux or elevated is None else "",
    )
