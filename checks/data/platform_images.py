"""What publisher, offer and sku tell about a marketplace image: its operating system, its generation, its kind.

`OPERATING_SYSTEMS`: one row is a publisher (lower case) whose images all have the same system. `MIXED_PUBLISHERS`: one
row is a publisher of both, with the words in offer and sku that tell. `FIRST_GENERATION`: one row is a publisher whose
first-generation skus are known by what they lack, with the pattern that all of `offer/sku` must match then.

Last looked at: 2026-11-22. Sources: the images' own names, as `az vm image list --all` gives them; GENERATIONS; RUNNERS
(`2025-Datacenter` and `server-gen1` are V1, `2025-Datacenter-g2` and `server` are V2); WINDOWS_11, which demands UEFI
and so generation 2.

To add a publisher: a row in OPERATING_SYSTEMS or MIXED_PUBLISHERS. Say nothing about a generation that is not certain.
"""

from __future__ import annotations

import re

from aiblint.pattern import pattern

GENERATIONS = "https://learn.microsoft.com/azure/virtual-machines/generation-2"
RUNNERS = "https://github.com/actions/runner-images/issues/13939"
WINDOWS_11 = "https://learn.microsoft.com/windows/whats-new/windows-11-requirements"

OPERATING_SYSTEMS: dict[str, str] = {
    "almalinux": "Linux",
    "canonical": "Linux",
    "coreos": "Linux",
    "credativ": "Linux",
    "debian": "Linux",
    "erockyenterprisesoftwarefoundationinc1653071250513": "Linux",
    "kinvolk": "Linux",
    "microsoftcblmariner": "Linux",
    "openlogic": "Linux",
    "oracle": "Linux",
    "redhat": "Linux",
    "resf": "Linux",
    "suse": "Linux",
    "microsoftvisualstudio": "Windows",
    "microsoftwindowsdesktop": "Windows",
    "microsoftwindowsserver": "Windows",
    "microsoftwindowsserverhpcpack": "Windows",
}

_LINUX = r"linux|ubuntu|rhel|red-?hat|centos|debian|sles|suse|rocky"

# Publisher (lower case) -> what in `offer/sku` says Windows, what says Linux.
MIXED_PUBLISHERS: dict[str, tuple[str, str]] = {
    "center-for-internet-security-inc": (r"windows|cis-win", _LINUX),
    "microsoft-dsvm": (r"win", r"ubuntu|linux|aml-workstation"),
    "microsoftsqlserver": (r"-ws\d{4}", r"-(?:ubuntu|rhel|sles)"),
}

# Confidential VMs and Arm64 boot from generation 2 only.
_SECOND = pattern(r"(?:^|[-_]|\d)(?:gen2|g2|gensecond|gs|cvm|arm64)$")
_FIRST = pattern(r"(?:^|[-_])gen1$")

FIRST_GENERATION: dict[str, str] = {
    "canonical": r"(?:ubuntuserver/1[2468]\.|0001-com-ubuntu-(?:server|minimal|pro)-[a-z]+(?:-daily)?/)[^/]*",
    "debian": r"debian-1[0-3](?:-daily)?/1[0-3](?:-backports)?",
    "microsoftcblmariner": r"(?:cbl-mariner/cbl-mariner-[12]|azure-linux-3/azure-linux-3)",
    "microsoftwindowsdesktop": r"(?:windows-10|office-365)/(?:win10-)?(?:rs[1-5]|19h[12]|2[012]h[12])-(?!.*cpc)[^/]*",
    "microsoftwindowsserver": r"windowsserver/20(?:12|16|19|22|25)-(?:r2-)?datacenter(?!-azure-edition)[^/]*",
    "openlogic": r"centos(?:-lvm|-hpc)?/\d[^/]*",
    "redhat": r"rhel(?:-byos|-raw)?/(?:rhel-)?(?:lvm|raw)?[6-9][^/]*",
    "suse": r"sles/1[25](?:-sp\d)?",
}


def operating_system(publisher: str, offer: str, sku: str) -> str | None:
    """`Windows` or `Linux`; None for a publisher that is not known or an image that does not say."""
    publisher = publisher.lower()
    if publisher in MIXED_PUBLISHERS:
        windows, linux = (re.search(words, f"{offer}/{sku}".lower()) for words in MIXED_PUBLISHERS[publisher])
        return None if bool(windows) == bool(linux) else "Windows" if windows else "Linux"
    return OPERATING_SYSTEMS.get(publisher)


def generation(publisher: str, offer: str, sku: str) -> str | None:
    """`V1` or `V2`, the Hyper-V generation of the image; None where the name does not say it for certain."""
    publisher, offer, sku = publisher.lower(), offer.lower(), sku.lower()
    if _FIRST.search(sku):
        return "V1"
    if _SECOND.search(sku):
        return "V2"
    if publisher == "microsoftwindowsdesktop" and sku.startswith("win11-"):
        return "V2"
    if publisher == "microsoftwindowsserver" and "-datacenter-azure-edition" in sku:
        return "V2"
    name = f"{offer}/{sku}"
    if publisher == "canonical" and re.fullmatch(r"ubuntu-\d\d_\d\d(?:-lts)?/(?:server|minimal|ubuntu-pro)", name):
        return "V2"
    known = FIRST_GENERATION.get(publisher)
    return "V1" if known is not None and re.fullmatch(known, name) else None


def client(publisher: str, offer: str, sku: str) -> bool:
    """Whether the image is a Windows for desktops (10, 11, older), not a server: updates and Sysprep differ."""
    publisher = publisher.lower()
    if publisher == "microsoftvisualstudio":
        return re.search(r"win(?:dows-)?(?:7|8|10|11)(?!\d)", sku.lower()) is not None
    return publisher == "microsoftwindowsdesktop"


def hardened(publisher: str, offer: str, sku: str) -> bool:
    """Whether the Center for Internet Security hardened the image, which cuts WinRM and forbids running in /tmp."""
    return publisher.lower() == "center-for-internet-security-inc"
