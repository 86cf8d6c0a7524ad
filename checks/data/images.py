"""Marketplace images and the day on which their release stopped being supported.

`RELEASES`: one row is a release, under the name that `_NAMES` gives it: its name in words, the last day of support
(where the vendor says a month, the last day of that month), the address that says so, and what else one should know.
`_NAMES`: how each publisher writes the release into offer and sku.

Last looked at: 2026-11-22. Support here is what everybody gets without asking: Extended Security Updates, Ubuntu Pro,
Red Hat's ELS and SUSE's LTSS are bought or enrolled in and do not count, except in images that include them (Ubuntu
Pro, SLES for SAP). Debian's LTS does count: its updates reach every machine. Where editions end on different days, each
has its row; a sku that does not say its edition, or that no pattern knows, has none.

To add a release: a row in RELEASES; if its sku is written in a new way, a pattern in `_NAMES` whose groups make its key.
"""

from __future__ import annotations

import re

from aiblint.light import NamedTuple


class Release(NamedTuple):
    """A release: its `name` in words, the last day of support as `2026-11-10`, the `source`, a `note` (may be empty)."""

    name: str
    date: str
    source: str
    note: str = ""


_10_PRO = "https://learn.microsoft.com/lifecycle/products/windows-10-home-and-pro"
_10_ENTERPRISE = "https://learn.microsoft.com/lifecycle/products/windows-10-enterprise-and-education"
_10_LTSC = "https://learn.microsoft.com/lifecycle/products/windows-10-enterprise-ltsc-2021"
_11_PRO = "https://learn.microsoft.com/lifecycle/products/windows-11-home-and-pro"
_11_ENTERPRISE = "https://learn.microsoft.com/lifecycle/products/windows-11-enterprise-and-education"
_WINDOWS = "https://learn.microsoft.com/lifecycle/products/windows-"
_SERVER = "https://learn.microsoft.com/lifecycle/products/windows-server-"
_SQL = "https://learn.microsoft.com/lifecycle/products/sql-server-"
# Canonical's page gives months, the data of its own developers the days.
_UBUNTU = "https://ubuntu.com/about/release-cycle"
_DEBIAN = "https://wiki.debian.org/LTS"
_RED_HAT = "https://access.redhat.com/support/policy/updates/errata"
_CENTOS = "https://www.centos.org/centos-linux-eol/"
_ORACLE = "https://www.oracle.com/a/ocom/docs/elsp-lifetime-069338.pdf"
_SUSE = "https://www.suse.com/lifecycle"
_OPENSUSE = "https://en.opensuse.org/Lifetime"
_AZURE_LINUX = "https://learn.microsoft.com/azure/azure-linux/release-cadence-lifecycle"
_COREOS = "https://fedoraproject.org/coreos/"

_ESU_10 = "Extended Security Updates go on until 2028-10-10 for machines that are enrolled"
_PRO = "Ubuntu Pro goes on with security updates for machines that are attached to it"
_LTSS = "Long Term Service Pack Support goes on for machines that have it"

RELEASES: dict[str, Release] = {
    # Windows clients. Enterprise stands for Education and for the multi-session images of Azure Virtual Desktop too.
    "windows 7": Release("Windows 7", "2020-01-14", _WINDOWS + "7"),
    "windows 8": Release("Windows 8", "2016-01-12", _WINDOWS + "8"),
    "windows 8.1": Release("Windows 8.1", "2023-01-10", _WINDOWS + "81"),
    # A sku that only says Windows 10: its last version ended, so every one has.
    "windows 10": Release("Windows 10", "2025-10-14", _10_ENTERPRISE, _ESU_10),
    "windows 10 rs1 pro": Release("Windows 10 1607 Pro", "2018-04-10", _10_PRO),
    "windows 10 rs1 enterprise": Release("Windows 10 1607 Enterprise", "2019-04-09", _10_ENTERPRISE),
    "windows 10 rs2 pro": Release("Windows 10 1703 Pro", "2018-10-09", _10_PRO),
    "windows 10 rs2 enterprise": Release("Windows 10 1703 Enterprise", "2019-10-08", _10_ENTERPRISE),
    "windows 10 rs3 pro": Release("Windows 10 1709 Pro", "2019-04-09", _10_PRO),
    "windows 10 rs3 enterprise": Release("Windows 10 1709 Enterprise", "2020-10-13", _10_ENTERPRISE),
    "windows 10 rs4 pro": Release("Windows 10 1803 Pro", "2019-11-12", _10_PRO),
    "windows 10 rs4 enterprise": Release("Windows 10 1803 Enterprise", "2021-05-11", _10_ENTERPRISE),
    "windows 10 rs5 pro": Release("Windows 10 1809 Pro", "2020-11-10", _10_PRO),
    "windows 10 rs5 enterprise": Release("Windows 10 1809 Enterprise", "2021-05-11", _10_ENTERPRISE),
    "windows 10 19h1 pro": Release("Windows 10 1903 Pro", "2020-12-08", _10_PRO),
    "windows 10 19h1 enterprise": Release("Windows 10 1903 Enterprise", "2020-12-08", _10_ENTERPRISE),
    "windows 10 19h2 pro": Release("Windows 10 1909 Pro", "2021-05-11", _10_PRO),
    "windows 10 19h2 enterprise": Release("Windows 10 1909 Enterprise", "2022-05-10", _10_ENTERPRISE),
    "windows 10 20h1 pro": Release("Windows 10 2004 Pro", "2021-12-14", _10_PRO),
    "windows 10 20h1 enterprise": Release("Windows 10 2004 Enterprise", "2021-12-14", _10_ENTERPRISE),
    "windows 10 20h2 pro": Release("Windows 10 20H2 Pro", "2022-05-10", _10_PRO),
    "windows 10 20h2 enterprise": Release("Windows 10 20H2 Enterprise", "2023-05-09", _10_ENTERPRISE),
    "windows 10 21h1 pro": Release("Windows 10 21H1 Pro", "2022-12-13", _10_PRO),
    "windows 10 21h1 enterprise": Release("Windows 10 21H1 Enterprise", "2022-12-13", _10_ENTERPRISE),
    "windows 10 21h2 pro": Release("Windows 10 21H2 Pro", "2023-06-13", _10_PRO),
    "windows 10 21h2 enterprise": Release("Windows 10 21H2 Enterprise", "2024-06-11", _10_ENTERPRISE),
    "windows 10 21h2 ltsc": Release("Windows 10 Enterprise LTSC 2021", "2027-01-12", _10_LTSC),
    "windows 10 22h2 pro": Release("Windows 10 22H2 Pro", "2025-10-14", _10_PRO, _ESU_10),
    "windows 10 22h2 enterprise": Release("Windows 10 22H2 Enterprise", "2025-10-14", _10_ENTERPRISE, _ESU_10),
    "windows 11 21h2 pro": Release("Windows 11 21H2 Pro", "2023-10-10", _11_PRO),
    "windows 11 21h2 enterprise": Release("Windows 11 21H2 Enterprise", "2024-10-08", _11_ENTERPRISE),
    "windows 11 22h2 pro": Release("Windows 11 22H2 Pro", "2024-10-08", _11_PRO),
    "windows 11 22h2 enterprise": Release("Windows 11 22H2 Enterprise", "2025-10-14", _11_ENTERPRISE),
    "windows 11 23h2 pro": Release("Windows 11 23H2 Pro", "2025-11-11", _11_PRO),
    "windows 11 23h2 enterprise": Release("Windows 11 23H2 Enterprise", "2026-11-10", _11_ENTERPRISE),
    "windows 11 24h2 pro": Release("Windows 11 24H2 Pro", "2026-10-13", _11_PRO),
    "windows 11 24h2 enterprise": Release("Windows 11 24H2 Enterprise", "2027-10-12", _11_ENTERPRISE),
    "windows 11 25h2 pro": Release("Windows 11 25H2 Pro", "2027-10-12", _11_PRO),
    "windows 11 25h2 enterprise": Release("Windows 11 25H2 Enterprise", "2028-10-10", _11_ENTERPRISE),
    # Windows Server: the end of extended support; the semi-annual and annual channels have one end only.
    "windows server 2008": Release("Windows Server 2008", "2020-01-14", _SERVER + "2008"),
    "windows server 2008-r2": Release("Windows Server 2008 R2", "2020-01-14", _SERVER + "2008-r2"),
    "windows server 2012": Release(
        "Windows Server 2012", "2023-10-10", _SERVER + "2012", "Extended Security Updates ended on 2026-10-13 too"
    ),
    "windows server 2012-r2": Release(
        "Windows Server 2012 R2", "2023-10-10", _SERVER + "2012-r2", "Extended Security Updates ended on 2026-10-13 too"
    ),
    "windows server 2016": Release("Windows Server 2016", "2027-01-12", _SERVER + "2016"),
    "windows server 2019": Release("Windows Server 2019", "2029-01-09", _SERVER + "2019"),
    "windows server 2022": Release("Windows Server 2022", "2031-10-14", _SERVER + "2022"),
    "windows server 2025": Release("Windows Server 2025", "2034-10-10", _SERVER + "2025"),
    "windows server 1709": Release("Windows Server, version 1709", "2019-04-09", _SERVER + "semiannual-channel"),
    "windows server 1803": Release("Windows Server, version 1803", "2019-11-12", _SERVER + "semiannual-channel"),
    "windows server 1809": Release("Windows Server, version 1809", "2020-11-10", _SERVER + "semiannual-channel"),
    "windows server 1903": Release("Windows Server, version 1903", "2020-12-08", _SERVER + "semiannual-channel"),
    "windows server 1909": Release("Windows Server, version 1909", "2021-05-11", _SERVER + "semiannual-channel"),
    "windows server 2004": Release("Windows Server, version 2004", "2021-12-14", _SERVER + "semiannual-channel"),
    "windows server 20h2": Release("Windows Server, version 20H2", "2022-08-09", _SERVER + "semiannual-channel"),
    "windows server 23h2": Release("Windows Server, version 23H2", "2025-10-24", _SERVER + "annual-channel"),
    # SQL Server: the end of extended support. An image is out of support when its server or its Windows is.
    "sql server 2008": Release("SQL Server 2008", "2019-07-09", _SQL + "2008"),
    "sql server 2008r2": Release("SQL Server 2008 R2", "2019-07-09", _SQL + "2008-r2"),
    "sql server 2012": Release("SQL Server 2012", "2022-07-12", _SQL + "2012"),
    "sql server 2014": Release("SQL Server 2014", "2024-07-09", _SQL + "2014"),
    "sql server 2016": Release("SQL Server 2016", "2026-07-14", _SQL + "2016"),
    "sql server 2017": Release("SQL Server 2017", "2027-10-12", _SQL + "2017"),
    # Ubuntu: standard security maintenance; in Ubuntu Pro images, expanded security maintenance.
    "ubuntu 12.04": Release("Ubuntu 12.04", "2017-04-28", _UBUNTU),
    "ubuntu 14.04": Release("Ubuntu 14.04", "2019-04-25", _UBUNTU, _PRO),
    "ubuntu 16.04": Release("Ubuntu 16.04", "2021-04-30", _UBUNTU, _PRO),
    "ubuntu 18.04": Release("Ubuntu 18.04", "2023-05-31", _UBUNTU, _PRO),
    "ubuntu 18.10": Release("Ubuntu 18.10", "2019-07-18", _UBUNTU),
    "ubuntu 19.04": Release("Ubuntu 19.04", "2020-01-23", _UBUNTU),
    "ubuntu 19.10": Release("Ubuntu 19.10", "2020-07-17", _UBUNTU),
    "ubuntu 20.04": Release("Ubuntu 20.04", "2025-05-31", _UBUNTU, _PRO),
    "ubuntu 20.10": Release("Ubuntu 20.10", "2021-07-22", _UBUNTU),
    "ubuntu 21.04": Release("Ubuntu 21.04", "2022-01-20", _UBUNTU),
    "ubuntu 21.10": Release("Ubuntu 21.10", "2022-07-14", _UBUNTU),
    "ubuntu 22.04": Release("Ubuntu 22.04", "2027-06-01", _UBUNTU, _PRO),
    "ubuntu 22.10": Release("Ubuntu 22.10", "2023-07-20", _UBUNTU),
    "ubuntu 23.04": Release("Ubuntu 23.04", "2024-01-25", _UBUNTU),
    "ubuntu 23.10": Release("Ubuntu 23.10", "2024-07-12", _UBUNTU),
    "ubuntu 24.04": Release("Ubuntu 24.04", "2029-05-31", _UBUNTU, _PRO),
    "ubuntu 24.10": Release("Ubuntu 24.10", "2025-07-10", _UBUNTU),
    "ubuntu 25.04": Release("Ubuntu 25.04", "2026-01-17", _UBUNTU),
    "ubuntu 25.10": Release("Ubuntu 25.10", "2026-07-31", _UBUNTU),
    "ubuntu pro 14.04": Release("Ubuntu Pro 14.04", "2024-04-30", _UBUNTU),
    "ubuntu pro 16.04": Release("Ubuntu Pro 16.04", "2026-04-30", _UBUNTU),
    "ubuntu pro 18.04": Release("Ubuntu Pro 18.04", "2028-04-30", _UBUNTU),
    # Debian: the end of Debian LTS, which follows the security team's three years.
    "debian 7": Release("Debian 7", "2018-05-31", _DEBIAN),
    "debian 8": Release("Debian 8", "2020-06-30", _DEBIAN),
    "debian 9": Release("Debian 9", "2022-06-30", _DEBIAN),
    "debian 10": Release("Debian 10", "2024-06-30", _DEBIAN),
    "debian 11": Release("Debian 11", "2026-08-31", _DEBIAN),
    "debian 12": Release("Debian 12", "2028-06-30", _DEBIAN),
    # Red Hat and its kin: the end of maintenance support of the major version.
    "rhel 5": Release("Red Hat Enterprise Linux 5", "2017-03-31", _RED_HAT),
    "rhel 6": Release("Red Hat Enterprise Linux 6", "2020-11-30", _RED_HAT),
    "rhel 7": Release(
        "Red Hat Enterprise Linux 7",
        "2024-06-30",
        _RED_HAT,
        "Extended Life Cycle Support goes on until 2028-06-30 for machines that have it",
    ),
    "rhel 8": Release("Red Hat Enterprise Linux 8", "2029-05-31", _RED_HAT),
    "rhel 9": Release("Red Hat Enterprise Linux 9", "2032-05-31", _RED_HAT),
    "centos 5": Release("CentOS 5", "2017-03-31", _CENTOS),
    "centos 6": Release("CentOS 6", "2020-11-30", _CENTOS),
    "centos 7": Release("CentOS 7", "2024-06-30", _CENTOS),
    "centos 8": Release("CentOS 8", "2021-12-31", _CENTOS),
    "oracle linux 6": Release("Oracle Linux 6", "2021-03-31", _ORACLE),
    "oracle linux 7": Release("Oracle Linux 7", "2024-12-31", _ORACLE),
    # SUSE: general support of the service pack; SLES for SAP keeps each one for four and a half years.
    "sles 11-sp3": Release("SUSE Linux Enterprise Server 11 SP3", "2016-01-31", _SUSE),
    "sles 11-sp4": Release("SUSE Linux Enterprise Server 11 SP4", "2019-03-31", _SUSE),
    "sles 12": Release("SUSE Linux Enterprise Server 12 without a service pack", "2016-06-30", _SUSE),
    "sles 12-sp1": Release("SUSE Linux Enterprise Server 12 SP1", "2017-05-31", _SUSE),
    "sles 12-sp2": Release("SUSE Linux Enterprise Server 12 SP2", "2018-03-31", _SUSE),
    "sles 12-sp3": Release("SUSE Linux Enterprise Server 12 SP3", "2019-06-30", _SUSE),
    "sles 12-sp4": Release("SUSE Linux Enterprise Server 12 SP4", "2020-06-30", _SUSE),
    "sles 12-sp5": Release("SUSE Linux Enterprise Server 12 SP5", "2024-10-31", _SUSE, _LTSS),
    "sles 15": Release("SUSE Linux Enterprise Server 15 without a service pack", "2019-12-31", _SUSE),
    "sles 15-sp1": Release("SUSE Linux Enterprise Server 15 SP1", "2021-01-31", _SUSE),
    "sles 15-sp2": Release("SUSE Linux Enterprise Server 15 SP2", "2021-12-31", _SUSE),
    "sles 15-sp3": Release("SUSE Linux Enterprise Server 15 SP3", "2022-12-31", _SUSE),
    "sles 15-sp4": Release("SUSE Linux Enterprise Server 15 SP4", "2023-12-31", _SUSE, _LTSS),
    "sles 15-sp5": Release("SUSE Linux Enterprise Server 15 SP5", "2024-12-31", _SUSE, _LTSS),
    "sles 15-sp6": Release("SUSE Linux Enterprise Server 15 SP6", "2025-12-31", _SUSE, _LTSS),
    "sles sap 12-sp1": Release("SLES for SAP 12 SP1", "2020-05-31", _SUSE),
    "sles sap 12-sp2": Release("SLES for SAP 12 SP2", "2021-03-31", _SUSE),
    "sles sap 12-sp3": Release("SLES for SAP 12 SP3", "2022-06-30", _SUSE),
    "sles sap 12-sp4": Release("SLES for SAP 12 SP4", "2023-06-30", _SUSE),
    "sles sap 12-sp5": Release("SLES for SAP 12 SP5", "2027-10-31", _SUSE),
    "sles sap 15": Release("SLES for SAP 15 without a service pack", "2022-12-31", _SUSE),
    "sles sap 15-sp1": Release("SLES for SAP 15 SP1", "2024-01-31", _SUSE),
    "sles sap 15-sp2": Release("SLES for SAP 15 SP2", "2024-12-31", _SUSE),
    "sles sap 15-sp3": Release("SLES for SAP 15 SP3", "2025-12-31", _SUSE),
    "sles sap 15-sp4": Release("SLES for SAP 15 SP4", "2026-12-31", _SUSE),
    "sles sap 15-sp5": Release("SLES for SAP 15 SP5", "2027-12-31", _SUSE),
    "opensuse leap 15-3": Release("openSUSE Leap 15.3", "2022-12-31", _OPENSUSE),
    "opensuse leap 15-4": Release("openSUSE Leap 15.4", "2023-12-07", _OPENSUSE),
    "opensuse leap 15-5": Release("openSUSE Leap 15.5", "2024-12-31", _OPENSUSE),
    "opensuse leap 15-6": Release("openSUSE Leap 15.6", "2026-04-30", _OPENSUSE),
    "opensuse leap 16-0": Release("openSUSE Leap 16.0", "2027-10-31", _OPENSUSE),
    # Others.
    "azure linux 1": Release("CBL-Mariner 1.0", "2023-08-31", _AZURE_LINUX),
    "azure linux 2": Release("Azure Linux 2.0", "2025-07-31", _AZURE_LINUX),
    # Microsoft says "summer 2027"; the last day of it.
    "azure linux 3": Release("Azure Linux 3.0", "2027-08-31", _AZURE_LINUX),
    "coreos": Release("CoreOS Container Linux", "2020-05-26", _COREOS),
}

_ENTERPRISE = r"-(?:ent|evd|avd|edu)(?!.*(?:lts[bc]|iot))"
_HOME_OR_PRO = r"-(?:pro|home)(?!.*(?:lts[bc]|iot))"
_SERVER_YEAR = r"(2008|2008-r2|2012|2012-r2|2016|2019|2022|2025|1709|1803|1809|1903|1909|2004|20h2|23h2)"

# Publisher (lower case) -> patterns searched in `offer/sku` (lower case), the key in RELEASES that their groups make.
# A pattern that another of the same publisher would contradict says so itself; of several releases (SQL Server on
# Windows Server) the one that ends first counts.
_NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "microsoftwindowsdesktop": (
        (r"(?<!windows-11)/(?:win10-)?(rs[1-5]|19h[12]|2[012]h[12])" + _ENTERPRISE, r"windows 10 \1 enterprise"),
        (r"(?<!windows-11)/(?:win10-)?(rs[1-5]|19h[12]|2[012]h[12])" + _HOME_OR_PRO, r"windows 10 \1 pro"),
        (r"/win10-(21h2)-.*ltsc", r"windows 10 \1 ltsc"),
        (r"/win11-(\d\dh2)" + _ENTERPRISE, r"windows 11 \1 enterprise"),
        (r"/win11-(\d\dh2)" + _HOME_OR_PRO, r"windows 11 \1 pro"),
        (r"/win(7)-", r"windows \1"),
    ),
    "microsoftwindowsserver": ((r"(?<![\d.])" + _SERVER_YEAR + r"(?![\dh]|-r2)", r"windows server \1"),),
    "microsoftsqlserver": (
        (r"^sql(2008|2008r2|2012|2014|2016|2017)(?!\d|r2)", r"sql server \1"),
        (r"-ws(2008|2012|2016|2019|2022)(?!\d|r2)", r"windows server \1"),
        (r"-ws(2008|2012)r2", r"windows server \1-r2"),
        (r"-ubuntu(\d\d)(\d\d)", r"ubuntu \1.\2"),
        (r"-rhel(\d)", r"rhel \1"),
        (r"-sles(\d\d)(sp\d)", r"sles \1-\2"),
    ),
    "microsoftvisualstudio": (
        (r"^windows/win(7|8\.1|8)-", r"windows \1"),
        (r"-win10-(?!.*lts[bc])", "windows 10"),
        (r"-ws(2012|2016|2019|2022)(?!r2)", r"windows server \1"),
        (r"-ws(2012)r2", r"windows server \1-r2"),
    ),
    "microsoft-dsvm": (
        (r"^ubuntu-hpc/(\d\d)(04)", r"ubuntu \1.\2"),
        (r"^ubuntu-(\d\d)(04)/", r"ubuntu \1.\2"),
        (r"^dsvm-win.*/.*(2016|2019|2022)", r"windows server \1"),
    ),
    "canonical": (
        (r"^(?!.*[-/]pro(?:[-/]|$)).*?(?<!\d)([12]\d)[._](04|10)", r"ubuntu \1.\2"),
        (r"^(?=.*[-/]pro(?:[-/]|$)).*?(?<!\d)([12]\d)[._](04|10)", r"ubuntu pro \1.\2"),
    ),
    "debian": ((r"^debian(?:-\d+)?(?:-daily)?/(\d+)(?!\d)", r"debian \1"),),
    "credativ": ((r"^debian/(\d+)(?!\d)", r"debian \1"),),
    "redhat": ((r"/(?:rhel-)?(?:lvm|raw)?([5-9])", r"rhel \1"),),
    "openlogic": ((r"^centos[^/]*/([5-8])", r"centos \1"),),
    "oracle": ((r"^oracle-linux/(?:ol)?([67])", r"oracle linux \1"),),
    "suse": (
        (r"^sles(?!.*(?:sap|hpc)).*?(1[125])(?!-sp|\d)", r"sles \1"),
        (r"^sles(?!.*(?:sap|hpc)).*?(1[125]-sp\d)", r"sles \1"),
        (r"^sles-sap.*?(1[25])(?!-sp|\d)", r"sles sap \1"),
        (r"^sles-sap.*?(1[25]-sp\d)", r"sles sap \1"),
        (r"^opensuse-leap-(\d\d-\d)", r"opensuse leap \1"),
    ),
    "microsoftcblmariner": (
        (r"^cbl-mariner/(?:cbl-mariner-)?([12])(?!\d)", r"azure linux \1"),
        (r"/azure-linux-(3)(?!\d)", r"azure linux \1"),
    ),
    "coreos": ((r"^coreos/", "coreos"),),
}


def end_of_support(publisher: str, offer: str, sku: str) -> Release | None:
    """The release that a marketplace image holds, whether its support has ended or will; None for what is not known.

    Letter case does not matter, as in Azure. Compare `date` with today: it is the last day on which there is support.
    """
    name = f"{offer}/{sku}".lower()
    found = []
    for pattern, key in _NAMES.get(publisher.lower(), ()):
        match = re.search(pattern, name)
        if match is not None and match.expand(key) in RELEASES:
            found.append(RELEASES[match.expand(key)])
    return min(found, key=lambda release: release.date, default=None)


# Families of which the newest releases have no row yet.
_ENDS_EARLY = ("SQL Server", "Ubuntu Pro")


def newest(release: Release, today: str) -> Release | None:
    """The release of the same family that is supported longest; None if no row is one, or not the newest one.

    The family is the name without its numbers: Windows 10 and 11 Enterprise are one, and so are Pro.
    """
    family = _family(release)
    if family in _ENDS_EARLY:
        return None
    supported = [other for other in RELEASES.values() if _family(other) == family and other.date > today]
    return max(supported, key=lambda other: other.date, default=None)


def _family(release: Release) -> str:
    return re.sub(r",? version\b|\bR2\b| without a service pack|\s*\S*\d\S*", "", release.name)
