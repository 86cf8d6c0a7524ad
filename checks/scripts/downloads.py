"""What scripts fetch from the network: how Windows PowerShell does that, and from which hosts."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN, Word

from ..ground import platform_image
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build, Script
    from aiblint.script.command import Command
    from aiblint.source.document import Span
    from aiblint.template import ImageTemplate

WEB_REQUEST = (
    "https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/invoke-webrequest?view=powershell-5.1"
)
TLS = "https://learn.microsoft.com/dotnet/framework/network-programming/tls"
GALLERY_TLS = "https://devblogs.microsoft.com/powershell/powershell-gallery-tls-support/"
NETWORKING = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-networking"

# What curl and wget of Linux take, and Invoke-WebRequest does not.
_UNIX_OPTION = pattern(r"--\w.*|-(?:f?s?S?L?O?|L|qO-?|q|k|o|X)$")


@check("AIB511", "missing-use-basic-parsing", "warning", WEB_REQUEST)
def missing_use_basic_parsing(command: Command) -> Findings:
    """
    ## What it does
    Looks for `Invoke-WebRequest` (also as `iwr`, `curl` or `wget`) of Windows PowerShell without `-UseBasicParsing`.
    `Invoke-RestMethod`, `curl.exe` and PowerShell 7 do not need it. Options that come from a splat which cannot be seen
    may hold it.

    ## Why it matters
    Without it Windows PowerShell has the answer read by the engine of Internet Explorer, which nobody has set up for the
    user of the build: the download fails with `the Internet Explorer engine is not available`, or, as a cmdlet's error
    ends nothing, the script goes on without the file.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Download",
        "inline": ["«Invoke-WebRequest» -Uri https://aka.ms/downloadazcopy-v10-windows -OutFile C:\\\\azcopy.zip", "Start-Sleep 60"]
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
          "Invoke-WebRequest -UseBasicParsing -Uri https://aka.ms/downloadazcopy-v10-windows -OutFile C:\\\\azcopy.zip",
          "Start-Sleep 60"
        ]
      }
    ]
    ```
    """
    if command.name != "invoke-webrequest" or command.language != "powershell" or command.under("pwsh"):
        return
    if command.switched("UseBasicParsing", "useb") or command.is_splatted:
        return
    if _wants_newer(command.script) or _set_up(command):
        return
    alias = command.word.known.lower()
    unix = next((word for word in command.arguments if _UNIX_OPTION.fullmatch(word.known)), None)
    if alias in ("curl", "wget") and unix is not None:
        yield Finding(
            command.at(unix),
            f"`{alias}` in {where(command.script)} is `Invoke-WebRequest` in Windows PowerShell, which does not take "
            f"`{unix.known}`",
            help="write `curl.exe`, or `Invoke-WebRequest -UseBasicParsing -Uri <address> -OutFile <file>`",
            notes=("the command fails, and the script goes on without what it should fetch",),
        )
        return
    yield Finding(
        command.at(),
        f"`{command.label()}` in {where(command.script)} needs Internet Explorer's engine, which is not set up on the "
        "build VM",
        help="add `-UseBasicParsing`",
        notes=("without it the download fails: `the Internet Explorer engine is not available`",),
    )


def _wants_newer(script: Script) -> bool:
    """Whether a script is for PowerShell 6 and later, which always parse so."""
    return re.search(r"(?im)^\s*#requires\s.*-(?:version\s+[67]|psedition\s+core)", script.text) is not None or (
        "pwsh" in script.shebang
    )


def _set_up(command: Command) -> bool:
    """Whether a default gives the switch, or the engine's first start is switched off before."""
    scripts = (*command.script.earlier, command.script)
    if re.search(r"(?i)PSDefaultParameterValues[^\n]*UseBasicParsing", command.script.text):
        return True
    return any("disablefirstruncustomize" in script.text.lower() for script in scripts)


# What asks for TLS as .NET does. BITS, curl and Chocolatey have ways of their own.
_NETWORK = ("invoke-webrequest", "invoke-restmethod", ".downloadfile", ".downloadstring", ".downloaddata",
            ".downloadfileasync", ".openread")  # fmt: skip
_GALLERY = ("install-module", "save-module", "find-module", "install-script", "save-script", "find-script",
            "update-module", "install-packageprovider", "install-package", "register-psrepository")  # fmt: skip
# Windows 10 before 1903 (`19h1`) and Windows Server before 2019 (facts: WIN-020).
_OLD_SKU = pattern(
    r"(?:^|[-_])(?:2012|2016)|(?:^|[-_])ws(?:2012|2016)|(?:^|[-_])(?:rs[1-5]|1507|1511|1607|170[39]|180[39])(?:$|[-_])"
)


@check("AIB512", "old-tls", "warning", TLS, GALLERY_TLS)
def old_tls(script: Script, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for downloads by PowerShell on Windows Server 2012 and 2016, or Windows 10 before 1903, in a script that has not
    set `[Net.ServicePointManager]::SecurityProtocol` before, and for `Install-Module` and the like there. It is told once
    for each script, since the setting is gone when the script ends.

    ## Why it matters
    Windows PowerShell offers only SSL 3.0 and TLS 1.0 there, and hardly a server takes those: the download fails with
    `Could not create SSL/TLS secure channel`, and `Install-Module` says that it cannot find the gallery.

    ## Bad
    ```json windows
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsServer",
      "offer": "WindowsServer",
      "sku": "2016-datacenter-gensecond",
      "version": "latest"
    },
    "customize": [
      {
        "type": "PowerShell",
        "name": "Download",
        "inline": ["«Invoke-RestMethod» https://aka.ms/downloadazcopy-v10-windows -OutFile C:\\\\azcopy.zip", "Start-Sleep 60"]
      }
    ]
    ```

    ## Good
    ```json windows
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsServer",
      "offer": "WindowsServer",
      "sku": "2016-datacenter-gensecond",
      "version": "latest"
    },
    "customize": [
      {
        "type": "PowerShell",
        "name": "Download",
        "inline": [
          "[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072",
          "Invoke-RestMethod https://aka.ms/downloadazcopy-v10-windows -OutFile C:\\\\azcopy.zip",
          "Start-Sleep 60"
        ]
      }
    ]
    ```
    """
    if script.language != "powershell" or template is None or not _is_old(template):
        return
    first = next((one for one in script.commands if _asks_for_tls(one)), None)
    if first is None or any("schusestrongcrypto" in one.text.lower() for one in (*script.earlier, script)):
        return
    set_at = [
        assignment.start
        for assignment in script.contents.assignments
        if assignment.name.endswith("servicepointmanager]::securityprotocol")
    ]
    if any(start < first.start for start in set_at):
        return
    for before in script.commands:
        if before is first:
            break
        # A script or a module of its own may have set it.
        if before.name.endswith((".ps1", ".psm1")) or before.name in ("", "import-module", "invoke-expression"):
            return
    late = " before that" if set_at else ""
    yield Finding(
        first.at(),
        f"`{first.label()}` in {where(script)} offers no more than TLS 1.0, as {_system(template)} does until the "
        f"script says otherwise{late}",
        help="begin the script with `[Net.ServicePointManager]::SecurityProtocol = "
        "[Net.ServicePointManager]::SecurityProtocol -bor 3072`",
        notes=("most servers refuse: `Could not create SSL/TLS secure channel`",),
    )


def _asks_for_tls(command: Command) -> bool:
    if command.language != "powershell" or command.under("pwsh"):
        return False
    if command.name in _GALLERY:
        return True
    if command.name not in _NETWORK:
        return False
    addresses = [word.known.lower() for word in command.arguments if "://" in word.known]
    return not addresses or any(not address.startswith(("http:", "ftp:", "file:")) for address in addresses)


def _is_old(template: ImageTemplate) -> bool:
    image = platform_image(template)
    if image is None:
        return False
    publisher, offer, sku = (part.lower() for part in image)
    if publisher == "microsoftsqlserver":
        return re.search(r"-ws201[26]", offer) is not None
    windows = publisher.startswith("microsoftwindows") or publisher == "microsoftvisualstudio"
    return windows and _OLD_SKU.search(sku) is not None


def _system(template: ImageTemplate) -> str:
    publisher, offer, sku = platform_image(template) or ("", "", "")
    year = re.search(r"201[26]", sku if "desktop" not in publisher.lower() else "") or re.search(r"201[26]", offer)
    return f"Windows Server {year[0]}" if year else "this release of Windows"


# -- hosts -------------------------------------------------------------------------------------------------------------

_ADDRESS = pattern(
    r"(?i)\b(?:https?|ftp|git)://(?:[^\s/@\"'<>]*@)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?=[:/?#\"'\s,;)\]|]|$)"
)
_DEFAULT = pattern(r"(?im)(?:^|[(,])[ \t]*(?:\[[^\]\n]*\][ \t]*)*\$\w+[ \t]*=[ \t]*[\"'](https?://[^\"'\s$]+)")
_SAYING = ("echo", "printf", "write-host", "write-output", "write-verbose", "write-information", "write-warning")
# The VM itself, Azure's own services for each VM, names that stand for something.
_NOT_EXTERNAL = pattern(
    r"localhost|127\..*|0\.0\.0\.0|169\.254\..*|168\.63\.129\.16|.*\.(?:local|internal|invalid|test)|schemas\..*|www\.w3\.org"
)
SHOWN = 6


@check("AIB422", "contacted-hosts", "info", NETWORKING)
def contacted_hosts(build: Build) -> Findings:
    """
    ## What it does
    Lists the hosts whose addresses are written in the scripts of a template, once for each template. Hosts that a
    package manager contacts by itself are not among them, nor are those behind a redirect.

    ## Why it matters
    Where a firewall or a proxy stands between the build VM and the internet, it has to let these through, or the build
    fails in the step that needs them.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": [
          "curl -fsSLO «https://get.helm.sh»/helm-v3.16.2-linux-amd64.tar.gz",
          "curl -fsSLO https://dl.k8s.io/release/v1.31.2/bin/linux/amd64/kubectl"
        ]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo see https://contoso.com"]}]
    ```
    """
    places: dict[str, Span] = {}
    for script in build.scripts:
        for host, start, end in sorted(_contacted(script), key=lambda found: found[1]):
            places.setdefault(host, script.span(start, end))
    if not places:
        return
    hosts = list(places)
    named = ", ".join(f"`{host}`" for host in hosts[:SHOWN])
    more = f" and {len(hosts) - SHOWN} more" if len(hosts) > SHOWN else ""
    yield Finding(
        places[hosts[0]],
        f"the scripts contact {'one host' if len(hosts) == 1 else f'{len(hosts)} hosts'}: {named}{more}",
        help="let the subnet of the build VM reach "
        + ("it" if len(hosts) == 1 else "them")
        + " where a firewall or a proxy decides, or keep the files in your own storage",
        related=tuple(Related(places[host], f"`{host}`") for host in hosts[1:SHOWN]),
    )


def _contacted(script: Script) -> Iterator[tuple[str, int, int]]:
    """The hosts in the words of the commands and in what variables are set to, with the characters of each."""
    words: list[Word] = [
        word
        for command in script.commands
        # What is only said contacts nobody; what goes into a file mostly configures a package manager.
        if command.name not in _SAYING or command.redirects or (command.feeds is not None)
        for word in command.arguments
    ]
    words += [word for assignment in script.contents.assignments for word in assignment.values]
    # Nobody passes parameters to a script of a build, so what they are by default is what it uses.
    for default in _DEFAULT.finditer(script.text):
        start, end = default.span(1)
        if not any(comment.start <= start < comment.end for comment in script.contents.comments):
            words.append(Word(default[1], start, end))
    for word in words:
        for found in _ADDRESS.finditer(word.known) if "://" in word.known else ():
            host = found[1].lower()
            if "." not in host or UNKNOWN in host or _NOT_EXTERNAL.fullmatch(host):
                continue
            # At the word itself, or at all of it where a variable or an escape lies between.
            written = script.text[word.start : word.end]
            at = written.find(found[0])
            yield (host, word.start + at, word.start + at + len(found[0])) if at >= 0 else (host, word.start, word.end)
