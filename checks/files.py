"""The File customizer: where it writes, and how much."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from .ground import operating_system, platform_image
from aiblint.finding import Finding, check

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate, Step

FILE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#file-customizer"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
UPLOAD = "https://github.com/hashicorp/packer/blob/main/provisioner/file/provisioner.go"

# FILE: "only suitable for small file downloads, < 20MB".
LARGEST = 20 * 1024 * 1024
LARGE_KINDS = (".iso", ".vhd", ".vhdx", ".zip", ".msi", ".exe")

# Where the build user, who is not root, may write on any Linux.
_WRITABLE = ("/tmp/", "/var/tmp/", "/dev/shm/", "/home/")
# What may let the build user write elsewhere.
_OPENS = r"\b(?:chmod|chown|chgrp|setfacl|install|umask|mount|ln)\b"
# Folders of every Windows.
_WINDOWS_FOLDERS = r"[a-z]:|[a-z]:\\(?:windows|users|programdata|program files(?: \(x86\))?)(?:\\.*)?"


def _earlier(step: Step, template: ImageTemplate) -> tuple[Step, ...]:
    """The steps that run before this one; validators run after all customizers."""
    return template.steps[: step.index + (len(template.customizers) if step.phase == "validate" else 0)]


def _earlier_commands(step: Step, template: ImageTemplate) -> str | None:
    """The inline commands of the steps before this one, one a line; None where one of them runs what is not known."""
    if not template.steps_known:
        return None
    lines: list[str] = []
    for earlier in _earlier(step, template):
        if earlier.type in ("Shell", "PowerShell"):
            texts = [line.text for line in earlier.get("inline").items]
            if not texts or None in texts:
                return None
            lines += [text for text in texts if text is not None]
    return "\n".join(lines)


@check("AIB319", "file-destination", "error", FILE, UPLOAD)
def file_destination(step: Step, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the `destination` of a File step. It must be there, and name a file and not a folder. On Linux the file
    must lie below `/tmp`, in a folder that exists, unless an earlier step may have opened another folder to the build
    user. On Windows the folder must exist, too, says the documentation; as the upload creates it, that is only advice.

    ## Why it matters
    Files are copied by the build user, who is not root: elsewhere on Linux the step fails with `Permission denied`. Of
    a destination that ends with `/` the file takes a name that only the service knows.

    ## Bad
    ```json
    "customize": [
      {
        "type": "File",
        "name": "Copy",
        "sourceUri": "https://images.blob.core.windows.net/files/app.conf",
        "destination": «"/etc/app.conf"»
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "File",
        "name": "Copy",
        "sourceUri": "https://images.blob.core.windows.net/files/app.conf",
        "destination": «"/tmp/"»
      }
    ]
    ```
    ```json
    "customize": [
      {"type": «"File"», "name": "Copy", "sourceUri": "https://images.blob.core.windows.net/files/app.conf"}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "File",
        "name": "Copy",
        "sourceUri": "https://images.blob.core.windows.net/files/app.conf",
        "destination": "/tmp/app.conf"
      },
      {"type": "Shell", "name": "Move", "inline": ["sudo install -m 644 /tmp/app.conf /etc/app.conf"]}
    ]
    ```
    """
    if step.type != "File":
        return
    destination = step.get("destination")
    path = destination.text
    if destination.is_missing or (path == "" and destination.definition is None):
        # Under a name that only looks right it is there: `unknown-property` says so.
        others = (name for name, _ in step.value.members if name != "destination")
        if not any(re.match(r"dest|target|path", name, re.IGNORECASE) for name in others):
            yield Finding(
                destination,
                f"{step.label} has no destination to copy its file to",
                help="give it a `destination`: the whole path, with the name of the file",
            )
        return
    if not path:
        return
    system = operating_system(template)
    if path.endswith(("/", "\\")) or (system == "Linux" and path == "/tmp"):
        yield Finding(
            destination,
            f"the destination of {step.label} is a folder, not a file",
            help="write the name of the file behind it, such as " + _example(step, path),
            notes=("a File step copies one file, and its destination is the whole path with the name",),
        )
    elif system == "Linux":
        yield from _on_linux(step, template, path)
    elif system == "Windows":
        yield from _on_windows(step, template, path)


def _example(step: Step, folder: str) -> str:
    name = (step.get("sourceUri").text or "").partition("?")[0].rpartition("/")[2] or "settings.json"
    separator = "" if folder.endswith(("/", "\\")) else "/"
    return f"`{folder}{separator}{name}`"


def _on_linux(step: Step, template: ImageTemplate, path: str) -> Findings:
    if re.match(r"[A-Za-z]:\\", path):
        yield Finding(
            step.get("destination"),
            f"the destination of {step.label} is a path of Windows, but the image is Linux",
            help="write a path below `/tmp`",
        )
        return
    folder, _, name = path.rpartition("/")
    # A path that is not absolute lies in the home of the build user.
    if not path.startswith("/") or (path.startswith(_WRITABLE) and "/../" not in path):
        if folder.startswith("/tmp/") and _is_created_nowhere(folder, step, template):
            yield Finding(
                step.get("destination"),
                f"no step before {step.label} creates the folder `{folder}`",
                help=f"create it in a Shell step before: `mkdir -p {folder}`, or copy to `/tmp/{name}`",
                notes=("a File step creates no folders on Linux",),
                severity="warning",
            )
        return
    commands = _earlier_commands(step, template)
    if commands is None or re.search(_OPENS, commands):
        return
    yield Finding(
        step.get("destination"),
        f"{step.label} copies its file to `{path}`, where the build user may not write",
        help=f"copy it to `/tmp/{name}`, and move it in a Shell step after that: `sudo mv /tmp/{name} {path}`",
        notes=("the build user is not root, and `/tmp` is the only folder that Image Builder can write to on Linux",),
        # A source of one's own may have been prepared for it.
        severity="error" if platform_image(template) is not None else "warning",
    )


def _on_windows(step: Step, template: ImageTemplate, path: str) -> Findings:
    folder = path.replace("/", "\\").rpartition("\\")[0]
    if not re.match(r"[A-Za-z]:[^%$]*$", folder) or re.fullmatch(_WINDOWS_FOLDERS, folder, re.IGNORECASE):
        return
    if _is_created_nowhere(folder, step, template):
        yield Finding(
            step.get("destination"),
            f"no step before {step.label} creates the folder `{folder}`",
            help=f"create it in a PowerShell step before: `New-Item -ItemType Directory -Force {folder}`",
            notes=("the documentation asks for it; the upload of today creates the folder itself",),
            severity="info",
        )


def _is_created_nowhere(folder: str, step: Step, template: ImageTemplate) -> bool:
    """Whether certainly no step before this one makes the folder: no command names it, no file is copied into it."""
    commands = _earlier_commands(step, template)
    name = re.split(r"[/\\]", folder.lower())[-1]
    if commands is None or name in commands.lower():
        return False
    files = [earlier for earlier in _earlier(step, template) if earlier.type == "File"]
    return not any(name in (file.get("destination").text or name).lower() for file in files)


@check("AIB320", "large-file", "warning", FILE, TROUBLESHOOT)
def large_file(step: Step, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for a File step that copies more than 20 MB. The size is known where `sourceUri` leads to a file of the
    linted repository; elsewhere the kind of the file (`.iso`, `.vhd`, `.vhdx`, `.zip`, `.msi`, `.exe`) gives a piece of
    advice.

    ## Why it matters
    A File step copies through the service, to Windows in small pieces of text: a large file takes hours, and the build
    runs into its timeout.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "File",
        "name": "Copy",
        "sourceUri": «"https://images.blob.core.windows.net/files/office.iso"»,
        "destination": "C:\\\\Windows\\\\Temp\\\\office.iso"
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Download",
        "inline": [
          "$url = 'https://images.blob.core.windows.net/files/office.iso'",
          "Invoke-WebRequest -UseBasicParsing $url -OutFile C:\\\\Windows\\\\Temp\\\\office.iso",
          "Start-Sleep -Seconds 60"
        ]
      }
    ]
    ```
    """
    uri = step.get("sourceUri")
    if step.type != "File" or not uri.text:
        return
    help_ = "download it in a script: `Invoke-WebRequest` on Windows, `curl` or `wget` on Linux"
    local = surroundings.local_file(uri.text)
    if local is not None:
        size = os.path.getsize(local)
        if size > LARGEST:
            yield Finding(
                uri,
                f"{step.label} copies a file of {size / 1_000_000:.0f} MB, but a File step is only for less than 20 MB",
                help=help_,
                notes=("a large file takes hours, and the build runs into its timeout",),
            )
    elif re.split(r"[?#]", uri.text)[0].lower().endswith(LARGE_KINDS):
        yield Finding(
            uri,
            f"{step.label} copies a kind of file that is often larger than 20 MB, the most that a File step is for",
            help=f"if it is, {help_}",
            severity="info",
        )
