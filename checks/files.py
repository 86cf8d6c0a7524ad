"""The File customizer: where it writes, and how much."""

from __future__ import annotations

import os
import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple

from .ground import operating_system, platform_image

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


class _Before(NamedTuple):
    """What ran before a step: whether all of it is `known`, whether it may have `opened` folders, the words in it."""

    known: bool
    opened: bool
    words: set[str]

    def may_create(self, folder: str) -> bool:
        """Whether a command or a copied file names the folder, or what ran is not known."""
        return not self.known or _words(re.split(r"[/\\]", folder)[-1]) <= self.words


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w.-]+", text.lower()))


def _after(before: _Before, step: Step) -> _Before:
    """What ran before the step that follows this one. The words are gathered in one set, as a template may be long."""
    known, opened = before.known, before.opened
    texts = (step.get("destination"),) if step.type == "File" else step.get("inline").items
    if step.type in ("Shell", "PowerShell", "File"):
        known = known and bool(texts) and all(text.text is not None for text in texts)
    for text in texts:
        before.words.update(_words(text.text or ""))
        opened = opened or (step.type != "File" and re.search(_OPENS, text.text or "") is not None)
    return _Before(known, opened, before.words)


@check("AIB319", "file-destination", "error", FILE, UPLOAD)
def file_destination(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the `destination` of a File step. It must be there, and name a file and not a folder. On Linux the file
    must lie below `/tmp`, in a folder that exists, unless an earlier step may have opened another folder to the build
    user. On Windows the documentation asks for a whole path and a folder that exists; as the upload creates the folder,
    that is only advice.

    ## Why it matters
    Files are copied by the build user, who is not root: elsewhere on Linux the step fails with `Permission denied`. And
    a file that is copied to a folder, `/tmp/`, gets a name there that only the service knows.

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
    system = operating_system(template)
    before = _Before(template.steps_known, False, set())
    for step in template.steps:
        if step.type == "File":
            path = step.get("destination").text
            if path is None or path == "" or path.endswith(("/", "\\")) or (system == "Linux" and path == "/tmp"):
                yield from _no_file(step, path)
            elif system == "Linux":
                yield from _on_linux(step, path, before, template)
            elif system == "Windows":
                yield from _on_windows(step, path, before)
        before = _after(before, step)


def _no_file(step: Step, path: str | None) -> Findings:
    destination = step.get("destination")
    if path:
        name = re.split(r"[?#]", step.get("sourceUri").text or "")[0].rpartition("/")[2]
        name = name if re.fullmatch(r"[\w.+-]+", name) else "settings.json"
        separator = "" if path.endswith(("/", "\\")) else "/"
        yield Finding(
            destination,
            f"the destination of {step.label} is a folder, not a file",
            help=f"add the name of the file, such as `{path}{separator}{name}`",
            notes=("a File step copies one file, and its destination is the whole path with the name",),
        )
    # A parameter that is empty by default waits for whoever deploys; what stands there under a name that only looks
    # right is the business of `unknown-property`.
    elif destination.is_missing or (path == "" and destination.definition is None):
        others = (name for name, _ in step.value.members if name != "destination")
        if not any(re.match(r"dest|target|path", name, re.IGNORECASE) for name in others):
            yield Finding(
                destination,
                f"{step.label} has no `destination` to copy its file to",
                help="give it one: the whole path, with the name of the file",
            )


def _on_linux(step: Step, path: str, before: _Before, template: ImageTemplate) -> Findings:
    if re.match(r"[A-Za-z]:\\", path):
        yield Finding(
            step.get("destination"),
            f"the destination of {step.label} is a Windows path, but the image is Linux",
            help="write a path below `/tmp`",
        )
        return
    folder, _, name = path.rpartition("/")
    # A path that is not absolute lies in the home of the build user.
    if not path.startswith("/") or (path.startswith(_WRITABLE) and "/../" not in path):
        if folder.startswith("/tmp/") and not before.may_create(folder):
            yield Finding(
                step.get("destination"),
                f"nothing creates the folder `{folder}` before {step.label} copies a file into it",
                help=f"create it in an earlier Shell step, `mkdir -p {folder}`, or copy to `/tmp/{name}`",
                notes=("a File step creates no folders on Linux",),
                severity="warning",
            )
        return
    if before.opened or not before.known:
        return
    yield Finding(
        step.get("destination"),
        f"{step.label} copies its file to `{path}`, where the build user may not write",
        help=f"copy it to `/tmp/{name}`, and move it in a later Shell step: `sudo mv /tmp/{name} {path}`",
        notes=("the build user is not root, and `/tmp` is the only folder that Image Builder can write to on Linux",),
        # A source of one's own may have been prepared for it.
        severity="error" if platform_image(template) is not None else "warning",
    )


def _on_windows(step: Step, path: str, before: _Before) -> Findings:
    if re.match(r"[\w.-]+(?:[\\/]|$)", path):
        yield Finding(
            step.get("destination"),
            f"the destination of {step.label} is not a whole path: `{path}`",
            help="begin with the drive and the folder, such as `C:\\Windows\\Temp\\`",
            notes=("where the file ends up is not documented, and a later step may look for it elsewhere",),
            severity="info",
        )
        return
    folder = path.replace("/", "\\").rpartition("\\")[0]
    if not re.match(r"[A-Za-z]:[^%$]*$", folder) or re.fullmatch(_WINDOWS_FOLDERS, folder, re.IGNORECASE):
        return
    if not before.may_create(folder):
        yield Finding(
            step.get("destination"),
            f"nothing creates the folder `{folder}` before {step.label} copies a file into it",
            help=f"create it in an earlier PowerShell step: `New-Item -ItemType Directory -Force {folder}`",
            notes=("the documentation asks for it, though today the upload creates the folder itself",),
            severity="info",
        )


@check("AIB320", "large-file", "warning", FILE, TROUBLESHOOT)
def large_file(step: Step, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for a File step that copies more than 20 MB. The size is known where `sourceUri` leads to a file of the
    linted repository; elsewhere kinds of files that are often large (`.iso`, `.vhd`, `.vhdx`, `.zip`, `.msi`, `.exe`)
    get a piece of advice.

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
    else:
        kind = os.path.splitext(re.split(r"[?#]", uri.text)[0])[1].lower()
        if kind in LARGE_KINDS:
            yield Finding(
                uri,
                f"{step.label} copies a `{kind}` file, and a File step is only for less than 20 MB",
                help=f"if it is larger, {help_}",
                severity="info",
            )
