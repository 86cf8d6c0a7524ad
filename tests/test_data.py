"""The tables that checks rest on: every row sound, known names told apart from unknown ones, the review borne out."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from aiblint.checks.data import images, platform_images, regions, vm_sizes
from hypothesis import given
from hypothesis import strategies as st

from aiblint.template import region_name

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"
DESKTOP, SERVER, STUDIO = "MicrosoftWindowsDesktop", "MicrosoftWindowsServer", "microsoftvisualstudio"
CIS = "center-for-internet-security-inc"

# -- images ------------------------------------------------------------------------------------------------------------

IMAGES = [
    (DESKTOP, "windows-10", "rs1-enterprise", "Windows 10 1607 Enterprise", "2019-04-09"),
    (DESKTOP, "Windows-10", "rs5-pro", "Windows 10 1809 Pro", "2020-11-10"),
    (DESKTOP, "office-365", "rs5-evd-o365pp", "Windows 10 1809 Enterprise", "2021-05-11"),
    (DESKTOP, "Windows-10", "19h1-evd", "Windows 10 1903 Enterprise", "2020-12-08"),
    (DESKTOP, "windows-10", "20h1-ent", "Windows 10 2004 Enterprise", "2021-12-14"),
    (DESKTOP, "windows-10", "20h2-pron-g2", "Windows 10 20H2 Pro", "2022-05-10"),
    (DESKTOP, "windows-10", "20h2-evd", "Windows 10 20H2 Enterprise", "2023-05-09"),
    (DESKTOP, "office-365", "20h2-evd-o365pp", "Windows 10 20H2 Enterprise", "2023-05-09"),
    (DESKTOP, "office-365", "win10-21h2-avd-m365-g2", "Windows 10 21H2 Enterprise", "2024-06-11"),
    (DESKTOP, "windows-10", "win10-21h2-entn-ltsc-g2", "Windows 10 Enterprise LTSC 2021", "2027-01-12"),
    (DESKTOP, "windows-10", "win10-22h2-pro-zh-cn-g2", "Windows 10 22H2 Pro", "2025-10-14"),
    (DESKTOP, "Windows-11", "Win11-23h2-pro", "Windows 11 23H2 Pro", "2025-11-11"),
    (DESKTOP, "windows-11", "win11-23h2-ent", "Windows 11 23H2 Enterprise", "2026-11-10"),
    (DESKTOP, "windows-ent-cpc", "win11-22h2-ent-cpc-m365", "Windows 11 22H2 Enterprise", "2025-10-14"),
    (DESKTOP, "windows-7", "win7-enterprise", "Windows 7", "2020-01-14"),
    (SERVER, "WindowsServer", "2008-R2-SP1", "Windows Server 2008 R2", "2020-01-14"),
    (SERVER, "WindowsServer", "2012-Datacenter", "Windows Server 2012", "2023-10-10"),
    (SERVER, "WindowsServer", "2012-R2-Datacenter", "Windows Server 2012 R2", "2023-10-10"),
    (SERVER, "WindowsServer", "2016-datacenter-gensecond", "Windows Server 2016", "2027-01-12"),
    (SERVER, "WindowsServer", "2019-Datacenter", "Windows Server 2019", "2029-01-09"),
    (SERVER, "WindowsServer", "23h2-datacenter-core-g2", "Windows Server, version 23H2", "2025-10-24"),
    (SERVER, "WindowsServerSemiAnnual", "Datacenter-Core-1709-smalldisk", "Windows Server, version 1709", "2019-04-09"),
    (SERVER, "WindowsServer", "datacenter-core-2004-with-containers-gs", "Windows Server, version 2004", "2021-12-14"),
    ("MicrosoftSQLServer", "SQL2014SP2-WS2012R2", "Standard", "Windows Server 2012 R2", "2023-10-10"),
    ("MicrosoftSQLServer", "sql2016sp2-ws2016", "web", "SQL Server 2016", "2026-07-14"),
    ("MicrosoftSQLServer", "sql2019-ubuntu1804", "sqldev", "Ubuntu 18.04", "2023-05-31"),
    ("MicrosoftVisualStudio", "visualstudio2019latest", "vs-2019-ent-latest-win10-n", "Windows 10", "2025-10-14"),
    ("MicrosoftVisualStudio", "Windows", "Win8.1-Ent-N-x64", "Windows 8.1", "2023-01-10"),
    ("microsoft-dsvm", "ubuntu-1804", "1804-gen2", "Ubuntu 18.04", "2023-05-31"),
    ("Canonical", "UbuntuServer", "16.04-LTS", "Ubuntu 16.04", "2021-04-30"),
    ("Canonical", "UbuntuServer", "18.04-LTS", "Ubuntu 18.04", "2023-05-31"),
    ("canonical", "ubuntuserver", "18_04-lts-gen2", "Ubuntu 18.04", "2023-05-31"),
    ("Canonical", "0001-com-ubuntu-server-bionic", "18_04-lts", "Ubuntu 18.04", "2023-05-31"),
    ("Canonical", "0001-com-ubuntu-minimal-focal", "minimal-20_04-lts-gen2", "Ubuntu 20.04", "2025-05-31"),
    ("Canonical", "ubuntu-24_10", "server", "Ubuntu 24.10", "2025-07-10"),
    ("Canonical", "ubuntu-24_04-lts", "server-gen1", "Ubuntu 24.04", "2029-05-31"),
    ("Canonical", "0001-com-ubuntu-pro-bionic", "pro-18_04-lts-gen2", "Ubuntu Pro 18.04", "2028-04-30"),
    ("Debian", "debian-10", "10-cloudinit-gen2", "Debian 10", "2024-06-30"),
    ("credativ", "Debian", "9", "Debian 9", "2022-06-30"),
    ("RedHat", "RHEL", "7-LVM", "Red Hat Enterprise Linux 7", "2024-06-30"),
    ("RedHat", "RHEL", "6.10", "Red Hat Enterprise Linux 6", "2020-11-30"),
    ("RedHat", "rhel-byos", "rhel-lvm77", "Red Hat Enterprise Linux 7", "2024-06-30"),
    ("RedHat", "RHEL", "82gen2", "Red Hat Enterprise Linux 8", "2029-05-31"),
    ("OpenLogic", "CentOS", "7.6", "CentOS 7", "2024-06-30"),
    ("OpenLogic", "CentOS", "8_5-gen2", "CentOS 8", "2021-12-31"),
    ("OpenLogic", "CentOS-LVM", "7-lvm-gen2", "CentOS 7", "2024-06-30"),
    ("Oracle", "Oracle-Linux", "ol79-gen2", "Oracle Linux 7", "2024-12-31"),
    ("SUSE", "SLES", "15", "SUSE Linux Enterprise Server 15 without a service pack", "2019-12-31"),
    ("SUSE", "SLES", "12-SP4-gen2", "SUSE Linux Enterprise Server 12 SP4", "2020-06-30"),
    ("SUSE", "sles-15-sp5-byos", "gen2", "SUSE Linux Enterprise Server 15 SP5", "2024-12-31"),
    ("SUSE", "sles-sap-15-sp2", "gen2", "SLES for SAP 15 SP2", "2024-12-31"),
    ("SUSE", "opensuse-leap-15-4", "gen2", "openSUSE Leap 15.4", "2023-12-07"),
    ("MicrosoftCBLMariner", "cbl-mariner", "cbl-mariner-2-gen2", "Azure Linux 2.0", "2025-07-31"),
    ("MicrosoftCBLMariner", "cbl-mariner", "1-gen2", "CBL-Mariner 1.0", "2023-08-31"),
    ("CoreOS", "CoreOS", "Stable", "CoreOS Container Linux", "2020-05-26"),
]


@pytest.mark.parametrize(("publisher", "offer", "sku", "name", "date"), IMAGES)
def test_end_of_support(publisher: str, offer: str, sku: str, name: str, date: str) -> None:
    for written in ((publisher, offer, sku), (publisher.upper(), offer.upper(), sku.upper())):
        release = images.end_of_support(*written)
        assert release is not None
        assert (release.name, release.date) == (name, date)


@pytest.mark.parametrize(
    ("publisher", "offer", "sku"),
    [
        ("", "", ""),
        ("contoso", "UbuntuServer", "18.04-LTS"),
        ("AzureWindowsBaseline", "WindowsServer", "2019-Datacenter"),
        (DESKTOP, "windows-11", ""),
        (DESKTOP, "windows-10", "<sku>"),
        (DESKTOP, "windows-10", "win10-iot-enterprise"),
        (DESKTOP, "windows-11", "win11-24h2-ent-ltsc"),
        (SERVER, "WindowsServer", "20190-datacenter"),
        ("Canonical", "0001-com-ubuntu-server-jammy-daily", "jammy-daily"),
        ("Debian", "debian-sid-daily", "sid"),
        ("SUSE", "sles-15-sp3-hpc", "gen2"),
        ("SUSE", "sles-15-sp7", "gen2"),
        ("MicrosoftVisualStudio", "visualstudioplustools", "vs-2022-ent-general-win11-m365-gen2"),
    ],
)
def test_unknown_image(publisher: str, offer: str, sku: str) -> None:
    assert images.end_of_support(publisher, offer, sku) is None


@pytest.mark.parametrize(
    ("key", "today", "name"),
    [
        ("windows 10 20h2 enterprise", "2026-11-22", "Windows 11 25H2 Enterprise"),
        ("windows 11 22h2 pro", "2026-11-22", "Windows 11 25H2 Pro"),
        ("windows server 1909", "2026-11-22", "Windows Server 2025"),
        ("windows server 2008-r2", "2026-11-22", "Windows Server 2025"),
        ("ubuntu 18.04", "2026-11-22", "Ubuntu 24.04"),
        ("ubuntu 18.04", "2029-05-31", None),
        ("ubuntu pro 14.04", "2026-11-22", None),
        ("sles 15", "2025-06-01", "SUSE Linux Enterprise Server 15 SP6"),
        ("centos 7", "2026-11-22", None),
    ],
)
def test_newest_of_the_family(key: str, today: str, name: str | None) -> None:
    newest = images.newest(images.RELEASES[key], today)
    assert (newest.name if newest else None) == name


def test_rows_of_releases() -> None:
    for release in images.RELEASES.values():
        assert datetime.date.fromisoformat(release.date).isoformat() == release.date
        assert re.fullmatch(r"https://\S+", release.source)
        assert release.name
        assert not release.note.endswith(".")
    microsoft = [r for key, r in images.RELEASES.items() if key.startswith("windows 1")]
    # Microsoft ends a client's support on the second Tuesday of a month.
    assert {datetime.date.fromisoformat(release.date).weekday() for release in microsoft} == {1}


def test_every_pattern_makes_keys_that_the_table_has() -> None:
    made = {images.RELEASES[key].name: key for key in images.RELEASES}
    assert len(made) == len(images.RELEASES), "two rows with one name"
    for publisher, rows in images._NAMES.items():
        assert publisher == publisher.lower()
        for pattern, key in rows:
            family = re.sub(r"\s*\\\d.*", "", key)
            assert any(known.startswith(family) for known in images.RELEASES), key
            re.compile(pattern)


def _reviewed() -> list[tuple[str, int, str]]:
    """File, line and text of each certain line of the review about an image out of support."""
    found = []
    name = ""
    for line in (CORPUS / "REVIEW.md").read_text(encoding="utf-8").splitlines() if CORPUS.is_dir() else ():
        if line.startswith("### "):
            name = line[4:].strip()
        entry = re.match(r"- L(\d+): (.*(?:EOS|out of support|std support ended).*) — \*\*certain\*\*", line)
        if entry:
            found.append((name, int(entry[1]), entry[2]))
    return found


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/corpus with REVIEW.md")
def test_review_of_images_out_of_support() -> None:
    reviewed = _reviewed()
    assert len(reviewed) > 20
    for name, number, said in reviewed:
        lines = (CORPUS / "json" / name).read_text(encoding="utf-8-sig", errors="replace").splitlines()
        image = {}
        for line in lines[max(0, number - 5) : number + 4]:
            member = re.search(r'"(publisher|offer|sku)"\s*:\s*"([^"]*)"', line, re.I)
            if member:
                image[member[1].lower()] = member[2]
        release = images.end_of_support(image["publisher"], image["offer"], image["sku"])
        assert release is not None, (name, image)
        assert release.date < "2026-11-22", (name, release)
        dates = re.findall(r"\d{4}-\d\d(?:-\d\d)?", said)
        assert not dates or any(release.date.startswith(date) for date in dates), (name, said, release)


# -- platform images ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("publisher", "offer", "sku", "system", "generation", "client"),
    [
        (DESKTOP, "windows-10", "20h1-ent", "Windows", "V1", True),
        (DESKTOP, "windows-10", "win10-22h2-ent-g2", "Windows", "V2", True),
        (DESKTOP, "Windows-11", "Win11-23h2-pro", "Windows", "V2", True),
        (DESKTOP, "windows-ent-cpc", "win10-21h2-ent-cpc-m365", "Windows", None, True),
        (DESKTOP, "windows-10", "<sku>", "Windows", None, True),
        (SERVER, "WindowsServer", "2019-Datacenter", "Windows", "V1", False),
        (SERVER, "WindowsServer", "2019-datacenter-gensecond", "Windows", "V2", False),
        (SERVER, "WindowsServer", "2022-datacenter-smalldisk-g2", "Windows", "V2", False),
        (SERVER, "WindowsServer", "2022-datacenter-azure-edition", "Windows", "V2", False),
        (SERVER, "WindowsServer", "2025-Datacenter", "Windows", "V1", False),
        (SERVER, "WindowsServerUpgrade", "server2022upgrade", "Windows", None, False),
        ("MicrosoftSQLServer", "sql2019-ws2019", "standard", "Windows", None, False),
        ("MicrosoftSQLServer", "sql2019-ubuntu2004", "sqldev", "Linux", None, False),
        (
            "microsoftvisualstudio",
            "visualstudioplustools",
            "vs-2022-ent-general-win11-m365-gen2",
            "Windows",
            "V2",
            True,
        ),
        ("MicrosoftVisualStudio", "visualstudio2022", "vs-2022-comm-latest-ws2022", "Windows", None, False),
        ("Canonical", "UbuntuServer", "18.04-LTS", "Linux", "V1", False),
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "Linux", "V1", False),
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", "Linux", "V2", False),
        ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-arm64", "Linux", "V2", False),
        ("Canonical", "ubuntu-24_04-lts", "server", "Linux", "V2", False),
        ("Canonical", "ubuntu-24_04-lts", "server-gen1", "Linux", "V1", False),
        ("RedHat", "RHEL", "8-lvm", "Linux", "V1", False),
        ("RedHat", "RHEL", "82gen2", "Linux", "V2", False),
        ("RedHat", "RHEL", "10-lvm", "Linux", None, False),
        ("Debian", "debian-12", "12", "Linux", "V1", False),
        ("SUSE", "sles-15-sp5", "gen1", "Linux", "V1", False),
        ("resf", "rockylinux-x86_64", "9-base", "Linux", None, False),
        ("microsoft-dsvm", "dsvm-win-2022", "winserver-2022", "Windows", None, False),
        ("microsoft-dsvm", "ubuntu-hpc", "2204", "Linux", None, False),
        (
            "center-for-internet-security-inc",
            "cis-ubuntu-linux-2204-l1",
            "cis-ubuntu-linux-2204-l1-gen2",
            "Linux",
            "V2",
            False,
        ),
        (
            "center-for-internet-security-inc",
            "cis-windows-server-2022-l1",
            "cis-windows-server-2022-l1-gen1",
            "Windows",
            "V1",
            False,
        ),
        ("contoso", "thing", "best", None, None, False),
        ("", "", "", None, None, False),
    ],
)
def test_platform_image(
    publisher: str, offer: str, sku: str, system: str | None, generation: str | None, client: bool
) -> None:
    assert platform_images.operating_system(publisher, offer, sku) == system
    assert platform_images.generation(publisher, offer, sku) == generation
    assert platform_images.generation(publisher.upper(), offer.upper(), sku.upper()) == generation
    assert platform_images.client(publisher, offer, sku) is client
    assert platform_images.hardened(publisher, offer, sku) is (publisher == CIS)


# -- regions -----------------------------------------------------------------------------------------------------------


def test_template_locations() -> None:
    assert len(regions.TEMPLATE_LOCATIONS) == 39
    assert all(region_name(name) == key for key, name in regions.TEMPLATE_LOCATIONS.items())
    assert not regions.OTHER_REGIONS & set(regions.TEMPLATE_LOCATIONS)
    assert set(regions.PREVIEW_FEATURES) <= set(regions.TEMPLATE_LOCATIONS)
    assert all(name == region_name(name) for name in regions.OTHER_REGIONS)


@pytest.mark.parametrize(
    ("wrong", "first"),
    [
        ("uswest", "westus"),  # both in real templates
        ("westeu", "westeurope"),
        ("US East 2", "eastus2"),
        ("West Eurpe", "westeurope"),
        ("nowhere", None),
        ("[resourceGroup().location]", None),
    ],
)
def test_nearest_location(wrong: str, first: str | None) -> None:
    near = regions.nearest(wrong)
    assert (near[0] if near else None) == first
    assert len(near) <= 3


# -- sizes -------------------------------------------------------------------------------------------------------------

V1, V2, BOTH = frozenset({"V1"}), frozenset({"V2"}), frozenset({"V1", "V2"})


@pytest.mark.parametrize(
    ("name", "vcpus", "memory", "generations", "disk"),
    [
        ("Standard_D1_v2", 1, 3.5, V1, True),
        ("Standard_d1_v2", 1, 3.5, V1, True),
        ("Standard_D2_v2", 2, 7, V1, True),
        ("Standard_D5_v2", 16, 56, V1, True),
        ("Standard_D11_v2", 2, 14, V1, True),
        ("Standard_DS2_v2", 2, 7, BOTH, True),
        ("Standard_DS2_v2_Promo", 2, 7, BOTH, True),
        ("Standard_A1_v2", 1, 2, V1, True),
        ("Standard_A2m_v2", 2, 16, V1, True),
        ("Standard_D2_v3", 2, 8, V1, True),
        ("Standard_D2s_v3", 2, 8, BOTH, True),
        ("Standard_E4_v3", 4, 32, V1, True),
        ("Standard_D2s_v4", 2, 8, BOTH, False),
        ("Standard_D2ds_v4", 2, 8, BOTH, True),
        ("Standard_D4as_v4", 4, 16, BOTH, True),
        ("Standard_E8-2s_v4", 2, 64, BOTH, False),
        ("Standard_D4as_v5", 4, 16, BOTH, False),
        ("Standard_D2ls_v5", 2, 4, BOTH, False),
        ("Standard_E2bs_v5", 2, 16, BOTH, False),
        ("Standard_E96s_v5", 96, None, BOTH, False),
        ("Standard_D4s_v6", 4, 16, V2, False),
        ("Standard_D4ads_v7", 4, 16, V2, True),
        ("Standard_DC2as_v5", 2, 8, V2, False),
        ("Standard_F2s_v2", 2, 4, BOTH, True),
        ("Standard_F4als_v6", 4, 8, V2, False),
        ("Standard_NV4as_v4", 4, None, None, None),
        ("Standard_NC4as_T4_v3", 4, None, None, None),
        ("Standard_M416s_8_v2", 416, None, V2, None),
    ],
)
def test_size(
    name: str, vcpus: int, memory: float | None, generations: frozenset[str] | None, disk: bool | None
) -> None:
    size = vm_sizes.describe(name)
    assert size == vm_sizes.Size(vcpus, memory, False, False, generations, disk)
    assert vm_sizes.describe(name.upper()) == size


@pytest.mark.parametrize(
    ("name", "vcpus", "memory", "arm64", "generations", "disk"),
    [
        ("Standard_B1ms", 1, 2, False, BOTH, True),
        ("Standard_B2s", 2, 4, False, BOTH, True),
        ("Standard_B2als_v2", 2, 4, False, BOTH, False),
        ("Standard_B2s_v2", 2, 8, False, BOTH, False),
        ("Standard_B2pts_v2", 2, 1, True, V2, False),
    ],
)
def test_burstable_size(
    name: str, vcpus: int, memory: float, arm64: bool, generations: frozenset[str], disk: bool
) -> None:
    assert vm_sizes.describe(name) == vm_sizes.Size(vcpus, memory, True, arm64, generations, disk)


def test_arm64_size() -> None:
    assert vm_sizes.describe("Standard_D2pls_v6") == vm_sizes.Size(2, 4, False, True, V2, False)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Standard",
        "D2s_v5",
        "Standard_LRS",
        "Standard_D3_v3",
        "Standard_D2s_v99",
        "Standard_B3ms",
        "Standard_D4-8s_v5",
        "Standard_L0",
        "Standard_G1",
        "<vmSize>",
        "Standard_D2s_v5 ",
    ],
)
def test_unknown_size(name: str) -> None:
    assert vm_sizes.describe(name) is None


@given(st.from_regex(r"Standard_[A-Z]{1,3}[0-9]{1,3}(-[0-9]{1,2})?[a-z]{0,4}(_v[0-9])?", fullmatch=True))
def test_no_name_breaks_it(name: str) -> None:
    size = vm_sizes.describe(name)
    assert size is None or (size.vcpus > 0 and size.generations != frozenset())


def test_default_sizes_are_known() -> None:
    for generation, name in vm_sizes.DEFAULT_SIZES.items():
        size = vm_sizes.describe(name)
        assert size is not None
        assert size.generations is not None
        assert generation in size.generations


def test_rows_of_sizes() -> None:
    for family in vm_sizes.GIB_PER_VCPU:
        assert family.rstrip("0123456789") in vm_sizes._COUNTS
    for name in vm_sizes.SIZES:
        assert vm_sizes.describe(f"Standard_{name}") is not None, name
