"""The examples in the checks' own pages, made into whole templates.

A fenced block under `## Bad` or `## Good` holds the members that matter; the rest comes from a sound deployment template
for Linux or (```json windows) for Windows. Members of `properties` may stand alone. An object that names its `type` or `scheme`
replaces the sound one, any other is merged into it. A block marked `document` is a whole file. In a Bad block, « and »
enclose exactly what the finding must mark.
"""

from __future__ import annotations

import json
import re
import textwrap
from typing import NamedTuple

from aiblint.finding import Check
from aiblint.source.document import Node
from aiblint.source.reader import read_text

SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555"
GALLERY_IMAGE = f"{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate/images"
IDENTITY = f"{SUBSCRIPTION}/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
PROPERTIES = [
    "source",
    "customize",
    "distribute",
    "validate",
    "optimize",
    "errorHandling",
    "autoRun",
    "vmProfile",
    "buildTimeoutInMinutes",
    "stagingResourceGroup",
    "managedResourceTags",
    "additionalDataDisks",
]


def _sound(source: dict[str, str], customize: list[dict[str, object]]) -> dict[str, object]:
    return {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": "2024-02-01",
        "name": "example",
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
        "properties": {
            "buildTimeoutInMinutes": 120,
            "vmProfile": {"vmSize": "Standard_D4s_v5"},
            "source": {"type": "PlatformImage", **source, "version": "latest"},
            "customize": customize,
            "distribute": [
                {
                    "type": "SharedImage",
                    "runOutputName": "example",
                    "galleryImageId": f"{GALLERY_IMAGE}/example",
                    "targetRegions": [{"name": "westeurope"}],
                }
            ],
        },
    }


SOUND = {
    "linux": _sound(
        {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
        [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}],
    ),
    "windows": _sound(
        {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"},
        [
            {
                "type": "PowerShell",
                "name": "Greet",
                "runElevated": True,
                "runAsSystem": True,
                "inline": ["Write-Output hello", "Start-Sleep -Seconds 60"],
            },
            {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"},
        ],
    ),
}


OPENING = (
    '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",\n'
    '"contentVersion": "1.0.0.0",\n"resources": [\n'
)
CLOSING = "\n]}\n"


class Example(NamedTuple):
    """A whole template; `start` and `end` enclose what must be marked, None in a Good one."""

    check: Check
    kind: str
    text: str
    start: int | None
    end: int | None


def page(check: Check) -> str:
    """The page of a check: its docstring, dedented."""
    return textwrap.dedent(check.run.__doc__ or "").strip()


def examples(check: Check) -> list[Example]:
    """Every Bad and Good block of a check's page."""
    found: list[Example] = []
    for kind, body in re.findall(r"^## (Bad|Good)\n(.*?)(?=^## |\Z)", page(check), re.M | re.S):
        for words, block in re.findall(r"^```json([^\n]*)\n(.*?)^```", body, re.M | re.S):
            found.append(_example(check, kind, words.split(), block))
    return found


def _example(check: Check, kind: str, words: list[str], block: str) -> Example:
    start, end = block.find("«"), block.find("»")
    text = block.replace("«", "").replace("»", "")
    end -= 1  # the opening mark is gone
    if "document" not in words:
        sound = SOUND["windows" if "windows" in words else "linux"]
        pieces: Pieces = [(OPENING, None), *_merged(text, sound), (CLOSING, None)]
        text = "".join(piece for piece, _ in pieces)
        start, end = _moved(pieces, start), _moved(pieces, end)
    return Example(check, kind, text, *((start, end) if kind == "Bad" else (None, None)))


Pieces = list[tuple[str, int | None]]


def _merged(fragment: str, sound: dict[str, object]) -> Pieces:
    root = read_text("example", "{" + fragment + "}").root
    assert root is not None
    pieces: Pieces = []
    _merge(root, sound, [child for child in root.children if child.key and child.key.value in PROPERTIES], pieces)
    return pieces


def _merge(node: Node, sound: dict[str, object], under_properties: list[Node], pieces: Pieces) -> None:
    text = node.document.text
    opening = "{\n"
    rest = dict(sound)
    for child in node.children:
        assert child.key is not None
        if child in under_properties:
            continue
        pieces.append((opening, None))
        opening = ",\n"
        base = rest.pop(str(child.key.value), None)
        pieces.append((text[child.key.start : child.key.end], child.key.start - 1))
        pieces.append((": ", None))
        replaces = child.member("type") or child.member("scheme")
        if child.kind == "object" and isinstance(base, dict) and not replaces:
            _merge(child, base, [], pieces)
        else:
            pieces.append((text[child.start : child.end], child.start - 1))
    if under_properties:
        pieces.append((opening + '"properties": ', None))
        opening = ",\n"
        holder = Node("object", 0, 0, under_properties, None, None, node.document)
        properties = rest.pop("properties")
        assert isinstance(properties, dict)
        _merge(holder, properties, [], pieces)
    for name, value in rest.items():
        pieces.append((f"{opening}{json.dumps(name)}: {json.dumps(value, indent=2)}", None))
        opening = ",\n"
    pieces.append(("\n}", None))


def _moved(pieces: Pieces, place: int) -> int:
    moved = 0
    for piece, begin in pieces:
        if begin is not None and begin <= place <= begin + len(piece):
            return moved + place - begin
        moved += len(piece)
    return -1
