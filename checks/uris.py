"""The addresses that scripts and files are fetched from: whether they lead to the file, and always to the same."""

from __future__ import annotations

import os
import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

CUSTOMIZE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-customize"
PERMISSIONS = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-permissions-cli"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
PERMALINKS = "https://docs.github.com/repositories/working-with-files/using-files/getting-permanent-links-to-files"
HASH_RULE = "https://github.com/Azure/PSRule.Rules.Azure/issues/2903"

# The first version whose steps have a sha256Checksum (the Swagger).
CHECKSUM_SINCE = "2019-05-01-preview"

# Hosts that show a page about the file, mostly behind a sign-in, and whose they are.
SHARES = {
    "1drv.ms": "OneDrive",
    "onedrive.live.com": "OneDrive",
    "drive.google.com": "Google Drive",
    "docs.google.com": "Google Drive",
    "dropbox.com": "Dropbox",
    "www.dropbox.com": "Dropbox",
    "we.tl": "WeTransfer",
    "wetransfer.com": "WeTransfer",
    "portal.azure.com": "the Azure portal",
}
# What makes such a host send the file itself.
_SENDS_FILE = r"[?&](?:download|dl|raw)=1|[?&]export=download|/download\b"
_AZURE_FILES = r"\.file\.core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"

SHORTENERS = (
    "aka.ms", "bit.ly", "bookmark.ws", "cutt.ly", "git.io", "goo.gl", "is.gd", "ow.ly", "rb.gy", "rebrand.ly",
    "shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com",
)  # fmt: skip

# By host: the part of an address (its last group) that decides what the address leads to, and that can be moved.
# Branches are told by the names that they mostly have: any other word may be a tag.
_NAMES = "main|master|develop|dev|trunk|head"
_GIST = r"//[^/]+/[^/]+/[^/]+/(raw)(?!/[0-9a-f]{40})"
_MOVING = {
    "raw.githubusercontent.com": rf"//[^/]+/[^/]+/[^/]+/(refs/heads/[^/]+|{_NAMES})/",
    "github.com": rf"//[^/]+/[^/]+/[^/]+/(?:(?:raw|blob)/(refs/heads/[^/]+|{_NAMES})/"
    rf"|archive/(refs/heads/[^?#]+?|{_NAMES})\.(?:zip|tar\.gz)|releases/(latest)/download/)",
    "gist.github.com": _GIST,
    "gist.githubusercontent.com": _GIST,
    "gitlab.com": rf"/-/raw/(refs/heads/[^/]+|{_NAMES})/",
}

_RAW = "https://raw.githubusercontent.com/OWNER/REPOSITORY/COMMIT/FILE"

# What a File step is for is smaller, and no script is larger (the File customizer in CUSTOMIZE).
LARGEST_HASHED = 20 * 1024 * 1024

# Hexadecimal digits of other hashes that people have at hand.
OTHER_HASHES = {32: "an MD5", 40: "a SHA-1", 96: "a SHA-384", 128: "a SHA-512"}


class Artifact(NamedTuple):
    """What the service fetches: `what` names the property and its owner in words, `owner` the owner alone."""

    what: str
    owner: str
    uri: Value
    checksum: Value


def artifacts(template: ImageTemplate) -> Iterator[Artifact]:
    owners = [(step.label, step.value, step.type) for step in template.steps]
    owners.append(("`optimize.workload`", template.properties.get("optimize", "workload"), "Shell"))
    for label, owner, type_ in owners:
        # What is called scriptUri was called script in the previews of 2018 and February 2019 (the Swagger).
        names = {"File": ("sourceUri",), "Shell": ("scriptUri", "script"), "PowerShell": ("scriptUri", "script")}
        name = next((name for name in names.get(type_ or "", ()) if not owner.get(name).is_missing), None)
        if name is not None:
            yield Artifact(f"`{name}` of {label}", label, owner.get(name), owner.get("sha256Checksum"))


def _has_checksum(artifact: Artifact) -> bool:
    """Whether a checksum is given, be it an unknown one."""
    return not artifact.checksum.is_missing and artifact.checksum.text != ""


class _Address(NamedTuple):
    """A URI in parts, all but the path and the query in lower case; `host` has no port."""

    scheme: str
    host: str
    path: str
    query: str


def _address(text: str) -> _Address | None:
    """The parts of a URI; None for a text without a scheme, or whose scheme is a Windows drive."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):(?://)?([^/?#\\]*)([^?#]*)(\??[^#]*)", text)
    if found is None:
        return None
    host = found[2].rpartition("@")[2].partition(":")[0] if "://" in found[0] else ""
    return _Address(found[1].lower(), host.lower(), found[3], found[4])


def _beginning(uri: Value) -> str:
    """A URI as far as it is known from its beginning."""
    return uri.pieces[0] if uri.pieces and isinstance(uri.pieces[0], str) else ""


# -- pages -------------------------------------------------------------------------------------------------------------


class _Page(NamedTuple):
    """A web page that stands in for a file: whose it is, and the address of the file where that can be told."""

    site: str
    raw: str


def _page(uri: Value) -> _Page | None:
    address = _address(uri.text or "")
    if address is None or address.scheme not in ("http", "https"):
        return None
    host, path = address.host, address.path
    if host in ("github.com", "www.github.com"):
        if "raw=" in address.query:
            return None
        shown = re.fullmatch(r"/([^/]+)/([^/]+)/(?:blob|blame|edit)/(.+)", path)
        if shown is not None:
            return _Page("GitHub", f"https://raw.githubusercontent.com/{shown[1]}/{shown[2]}/{shown[3]}")
        # The repository itself, a folder, a release; what ends in a file's name elsewhere is left alone.
        other = re.fullmatch(r"/[^/]+/[^/]+(?:/tree/.*|/releases(?:/tag/.*|/latest)?)?/?", path)
        return _Page("GitHub", "") if other is not None else None
    if host == "gist.github.com":
        gist = re.fullmatch(r"/([^/]+/[0-9a-f]{20,40})/?", path)
        return _Page("GitHub", f"https://gist.githubusercontent.com/{gist[1]}/raw") if gist is not None else None
    if host == "bitbucket.org":
        shown = re.fullmatch(r"(/[^/]+/[^/]+)/src/(.+)", path)
        return _Page("Bitbucket", f"https://bitbucket.org{shown[1]}/raw/{shown[2]}") if shown is not None else None
    if (host == "dev.azure.com" or host.endswith(".visualstudio.com")) and "/_git/" in path:
        return _Page("Azure DevOps", "")
    gitlab = re.fullmatch(r"(/.+/-)/(?:blob|blame|tree)/(.+)", path)
    if gitlab is not None:
        return _Page("GitLab", "" if "/-/tree/" in path else f"https://{host}{gitlab[1]}/raw/{gitlab[2]}")
    return None


@check("AIB607", "github-page-uri", "error", CUSTOMIZE, TROUBLESHOOT)
def github_page_uri(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a script or a file whose address is that of a web page about it: `github.com/.../blob/...`, a repository,
    a folder or a gist on GitHub, a file in Azure Repos, GitLab or Bitbucket. Addresses that send the file itself are
    fine, `github.com/.../raw/...` and `?raw=true` among them.

    ## Why it matters
    The service downloads the page and runs it. The submission passes, the build VM starts, and the step then fails on
    the first line of HTML: a syntax error near `newline` in a shell, an unknown term `<` in PowerShell. A File step
    does not even fail: the image gets the page in place of the file.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": «"https://github.com/contoso/images/blob/4b825dc642cb6eb9a060e54bf8d69288fbee4904/install.sh"»,
        "sha256Checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": «"https://dev.azure.com/contoso/images/_git/scripts?path=/install.sh"»
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://raw.githubusercontent.com/contoso/images/4b825dc642cb6eb9a060e54bf8d69288fbee4904/install.sh",
        "sha256Checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "File",
        "name": "Copy",
        "sourceUri": "https://github.com/contoso/images/blob/4b825dc642cb6eb9a060e54bf8d69288fbee4904/app.conf?raw=true",
        "destination": "/tmp/app.conf"
      }
    ]
    ```
    """
    for artifact in artifacts(template):
        page = _page(artifact.uri)
        if page is None:
            continue
        if page.raw:
            advice = f"use the address of the file itself: `{page.raw}`"
        elif page.site == "GitHub":
            advice = f"name one file: `{_RAW}`"
        else:
            advice = "copy the file to a blob container that the identity of the template can read"
        yield Finding(
            artifact.uri,
            f"{artifact.what} is a web page of {page.site}, not the file that it shows",
            help=advice,
            notes=(
                "the HTML of the page is fetched in its place, and mostly comes to light only when the build uses it",
            ),
        )


# -- addresses that lead nowhere ---------------------------------------------------------------------------------------

_ADDRESS = "give an `https` address that needs no sign-in, or that of a blob that the identity of the template can read"


@check("AIB608", "unusable-uri", "error", CUSTOMIZE, PERMISSIONS)
def unusable_uri(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for an address that the service cannot fetch a file from: a path, a network share, any scheme but `https` and
    `http`, no host, a sharing link of OneDrive, SharePoint, Google Drive or Dropbox, a file share of Azure Files
    without a signature, a raw address of GitHub without its branch or commit, an address with arguments for the script
    behind it. Plain `http` is a warning.

    ## Why it matters
    The service itself fetches scripts and files, from the public internet or from Azure Storage. It has no access to
    the machine that submits the template, nor to the repository that the template lies in, and it cannot sign in to
    a sharing service. The submission is rejected, or the build gets a sign-in page for a script.

    Over `http` it works mostly, but whoever sits between the two can put commands of their own into the image.

    ## Bad
    ```json
    "customize": [{"type": "Shell", "name": "Install", "scriptUri": «"./scripts/install.sh"»}]
    ```
    ```json windows
    "customize": [
      {
        "type": "File",
        "name": "Copy",
        "sourceUri": «"\\\\\\\\files\\\\images\\\\app.conf"»,
        "destination": "C:\\\\Windows\\\\Temp\\\\app.conf"
      }
    ]
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Install", "scriptUri": «"file:///home/me/install.sh"»}]
    ```
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": «"https://contoso.sharepoint.com/:u:/s/images/EXAMPLE?e=4aBcDe"»}
    ]
    ```
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": «"https://images.file.core.windows.net/scripts/install.sh"»}
    ]
    ```
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": «"https://raw.githubusercontent.com/contoso/images/install.sh"»}
    ]
    ```
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://images.blob.core.windows.net/install.sh« --quiet»"}
    ]
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Install", "scriptUri": "«http»://downloads.contoso.com/install.sh"}]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"}
    ]
    ```
    """
    for artifact in artifacts(template):
        uri, what = artifact.uri, artifact.what
        beginning = _beginning(uri)
        address = _address(beginning)
        arguments = re.search(r"\.(?:ps1|sh|bash|py|bat|cmd|exe|msi)(\s+[-$].*)", uri.text or "", re.DOTALL)
        why = _unusable(uri, surroundings)
        if why is not None:
            yield Finding(uri, f"{what} {why[0]}", help=why[1])
        elif arguments is not None:
            yield Finding(
                uri.part(*arguments.span(1)),
                f"{what} has arguments behind the address, and the service takes them for a part of it",
                help="let `inline` commands download the script and run it with its arguments",
            )
        elif address is not None and address.scheme == "http":
            yield Finding(
                uri.part(0, len("http")),
                f"{what} is fetched over `http`, where anyone on the way can change it",
                help="write `https`; if the server does not have it, put the file into a storage account",
                severity="warning",
            )


def _unusable(uri: Value, surroundings: Surroundings) -> tuple[str, str] | None:
    """What is wrong with an address that nothing can be fetched from, and what to do; None for a usable one."""
    beginning = _beginning(uri)
    address = _address(beginning)
    if address is None:
        return _without_scheme(uri, surroundings)
    if address.scheme not in ("http", "https"):
        return f"begins with `{address.scheme}:`, and the service only fetches over `https`", _ADDRESS
    if uri.text is None:  # host and query may go on in what is not known
        return None
    host = address.host
    if not host:
        return "names no host", "write the whole address: `https://HOST/PATH`"
    if host in ("localhost", "127.0.0.1"):
        return f"names `{host}`, which is the service's own machine", _ADDRESS
    if host == "raw.githubusercontent.com" and not re.match(r"/[^/]+/[^/]+/(?!(?:blob|tree)/)[^/]+/.", address.path):
        return "leads to no file: owner, repository, branch or commit, and path are not all there", (
            f"write it as `{_RAW}`"
        )
    site = SHARES.get(host) or ("SharePoint" if host.endswith(".sharepoint.com") else "")
    if site and not re.search(_SENDS_FILE, address.path + address.query):
        return f"leads to a page of {site}, not to a file", _ADDRESS
    if re.search(_AZURE_FILES, host) and "sig=" not in address.query:
        return "is on a share of Azure Files, which the identity of the template cannot read", (
            "put the file into a blob container, and give the identity of the template `Storage Blob Data Reader` on it"
        )
    return None


def _without_scheme(uri: Value, surroundings: Surroundings) -> tuple[str, str] | None:
    beginning = _beginning(uri)
    if beginning.startswith(("\\\\", "//")):
        return "is a network share, which the service cannot reach", _ADDRESS
    path = re.match(r"(?:[A-Za-z]:|\.{1,2}|~|\$PSScriptRoot|\$PWD)?[\\/]", beginning)
    # What begins with a mark may be filled in by something, and what goes on unknown may be an address yet.
    if path is None and (uri.text is None or not re.match(r"\w", beginning)):
        return None
    if path is None and re.match(r"(?:[\w-]+\.)+(?:com|net|org|io|dev|ms)(?:/|$)", beginning):
        return "has no `https://` in front of it", "write `https://` before the host"
    # A parameter whose default is a mere word waits for whoever deploys.
    if uri.definition is not None and not re.search(r"[\\/.]", beginning):
        return None
    if uri.text is not None and surroundings.local_file(uri.text) is not None:
        return "is a file of this repository, where the service cannot get it", (
            f"{_ADDRESS}; a public repository on GitHub has raw addresses: `{_RAW}`"
        )
    return "is a path, not an address that the service could fetch from", _ADDRESS


# -- addresses that lead elsewhere tomorrow ----------------------------------------------------------------------------

_THE_CHECKSUM = (
    "the `sha256Checksum` that `sha256sum FILE` prints, or `(Get-FileHash FILE).Hash.ToLower()` in PowerShell"
)


@check("AIB604", "mutable-script-uri", "info", CUSTOMIZE, PERMALINKS)
def mutable_script_uri(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for an address that leads to something else when somebody wishes so: a branch on GitHub or GitLab, the latest
    release, a gist without its revision, a shortened link. A commit is fine, a tag as well. With a `sha256Checksum`
    nothing can change unnoticed, so then it is silent.

    ## Why it matters
    What the address leads to runs in the build, mostly as administrator. Whoever can push to the branch, or owns the
    short link, decides what that is, and the same template can make another image each time that it is submitted.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://raw.githubusercontent.com/contoso/images/«main»/install.sh"
      }
    ]
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Install", "scriptUri": «"https://tinyurl.com/contoso-install"»}]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://raw.githubusercontent.com/contoso/images/4b825dc642cb6eb9a060e54bf8d69288fbee4904/install.sh"
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://raw.githubusercontent.com/contoso/images/main/install.sh",
        "sha256Checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    ]
    ```
    """
    for artifact in artifacts(template):
        uri = artifact.uri
        if _has_checksum(artifact) or _page(uri) is not None:
            continue
        at = _moving(uri)
        if at is not None:
            name = _ref(uri, at)
            words = {"latest": "the latest release", "raw": "the newest revision of a gist"}.get(
                name, f"the branch `{name}`"
            )
            yield Finding(
                uri.part(*at),
                f"{artifact.what} follows {words} without a `sha256Checksum`, so each submission may fetch another file",
                help="name a commit or a tag instead, or add a `sha256Checksum`",
            )
        elif _is_shortened(uri):
            yield Finding(
                uri,
                f"{artifact.what} is a shortened link without a `sha256Checksum`, and its owner can send it elsewhere",
                help="give the address that it leads to, or add a `sha256Checksum`",
            )


def _host(uri: Value) -> str:
    address = _address(_beginning(uri))
    return address.host.removeprefix("www.") if address is not None else ""


def _moving(uri: Value) -> tuple[int, int] | None:
    """The characters of an address that name a branch or the like; None where it leads to one thing for good."""
    host = _host(uri)
    moving = re.search(_MOVING[host], _beginning(uri), re.IGNORECASE) if host in _MOVING else None
    return moving.span(moving.lastindex or 0) if moving is not None else None


def _ref(uri: Value, at: tuple[int, int]) -> str:
    """What an address follows: the name of a branch, `latest` for a release, `raw` for a gist."""
    return _beginning(uri)[slice(*at)].removeprefix("refs/heads/")


def _is_shortened(uri: Value) -> bool:
    return uri.text is not None and _host(uri) in SHORTENERS


@check("AIB605", "missing-checksum", "info", CUSTOMIZE, HASH_RULE)
def missing_checksum(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for a script or a file that is fetched without a `sha256Checksum`, or with an empty one. Where the address
    itself can lead elsewhere, `mutable-script-uri` says so, and where it leads to no file, `unusable-uri` does.

    ## Why it matters
    With a checksum the service refuses a file that is not the one you meant, when the template is submitted. Without
    one, the image gets whatever the address gives out at that moment.

    ## Bad
    ```json
    "customize": [
      {"type": «"Shell"», "name": "Install", "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"}
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh",
        "sha256Checksum": «""»
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh",
        "sha256Checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    ]
    ```
    """
    if template.api_version < CHECKSUM_SINCE:
        return
    for artifact in artifacts(template):
        uri = artifact.uri
        # An empty address fetches nothing: `no-script` speaks of it. A misspelt one is unknown, and stands at its step.
        if _has_checksum(artifact) or uri.text == "" or (uri.is_unknown and uri.node is artifact.checksum.node):
            continue
        if _moving(uri) or _is_shortened(uri) or _page(uri) is not None or _unusable(uri, surroundings) is not None:
            continue
        thing = "file" if artifact.what.startswith("`sourceUri`") else "script"
        yield Finding(
            artifact.checksum,
            f"{artifact.owner} fetches its {thing} {'without a' if artifact.checksum.is_missing else 'with an empty'} "
            "`sha256Checksum`",
            help=f"add {_THE_CHECKSUM}",
        )


@check("AIB606", "checksum-format", "error", CUSTOMIZE)
def checksum_format(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a `sha256Checksum` that cannot be one: 64 hexadecimal digits in lowercase. Uppercase digits, as
    `Get-FileHash` writes them, are named, and so are other hashes. A checksum in a step that fetches nothing is
    mentioned (info): nobody has written down what the service does with it.

    ## Why it matters
    It can never be equal to the checksum of the file, so the submission is rejected.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh",
        "sha256Checksum": «"9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08"»
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh",
        "sha256Checksum": «"098f6bcd4621d373cade4e832627b4f6"»
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Greet",
        "inline": ["echo hello"],
        «"sha256Checksum"»: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh",
        "sha256Checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    ]
    ```
    """
    for artifact in artifacts(template):
        problem = _checksum_problem(artifact.checksum.text or "")
        if problem is not None:
            yield Finding(
                artifact.checksum,
                f"`sha256Checksum` of {artifact.owner} {problem[0]}",
                help=problem[1],
                notes=("the service compares text: 64 hexadecimal digits in lowercase",),
            )
    for step in template.steps:
        fetches = any(not step.get(name).is_missing for name in ("scriptUri", "sourceUri", "script"))
        if step.get("sha256Checksum").text and not fetches and not step.get("inline").is_missing:
            yield Finding(
                step.get("sha256Checksum").key_span,
                f"{step.label} has a `sha256Checksum`, but its commands stand in `inline` and nothing is fetched",
                help="remove the checksum, or put the commands into a script and give its `scriptUri`",
                severity="info",
            )


def _checksum_problem(checksum: str) -> tuple[str, str] | None:
    """What is wrong with a checksum, and what to do; None for a sound one and for none at all."""
    # An expression in a resource on its own waits for the template that it is meant for.
    if not checksum or checksum.startswith("[") or re.fullmatch(r"[0-9a-f]{64}", checksum):
        return None
    digits = checksum.strip().lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        wrong = "has uppercase letters" if digits == checksum.lower() else "has a space or a line end around it"
        return wrong, f"write `{digits}`"
    again = f"write {_THE_CHECKSUM}"
    if re.fullmatch(r"sha-?256\W\s*[0-9a-f]{64}", digits):
        return "has more in it than the checksum", f"write `{digits[-64:]}`"
    if re.fullmatch(r"[0-9a-f]+", digits):
        other, length = OTHER_HASHES.get(len(digits)), f"has {len(digits)} digits, and a SHA-256 has 64"
        return f"has the length of {other} hash" if other else length, again
    if re.fullmatch(r"[A-Za-z0-9+/]{43}=", checksum):
        return "is in Base64", again
    return "is not a SHA-256", again


@check("AIB612", "stale-checksum", "warning", CUSTOMIZE)
def stale_checksum(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Compares a `sha256Checksum` with the file itself, where the address leads to a branch of the repository on GitHub that
    the template lies in. Of a commit or a tag it says nothing, since the file may have been another one there.

    ## Why it matters
    A script was changed, and its checksum was not: the service refuses the next submission. Line ends are a frequent
    cause. Git can turn CRLF into LF when it stores a file (`core.autocrlf`), so that a checksum which was computed on
    Windows is not that of the file on GitHub.

    ## Bad
    `install.sh` in the repository `contoso/images` has another checksum than this:
    ```
    "scriptUri": "https://raw.githubusercontent.com/contoso/images/main/install.sh",
    "sha256Checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://raw.githubusercontent.com/contoso/images/4b825dc642cb6eb9a060e54bf8d69288fbee4904/install.sh",
        "sha256Checksum": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
      }
    ]
    ```
    """
    for artifact in artifacts(template):
        uri, checksum = artifact.uri, artifact.checksum.text or ""
        at = _moving(uri)
        if not uri.text or at is None or re.fullmatch(r"[0-9a-f]{64}", checksum) is None:
            continue
        local = surroundings.local_file(uri.text)
        if local is None or os.path.getsize(local) > LARGEST_HASHED:
            continue
        from hashlib import sha256  # here: few templates get this far

        with open(local, "rb") as file:
            content = file.read()
        # As git tells text from binary: a NUL.
        with_lf = content.replace(b"\r\n", b"\n") if b"\0" not in content else content
        with_crlf = with_lf.replace(b"\n", b"\r\n") if b"\0" not in content else content
        here, lf, crlf = (sha256(text).hexdigest() for text in (content, with_lf, with_crlf))
        # A copy with CRLF says nothing against the checksum with LF, since git mostly stores a text so.
        if checksum in (here, lf):
            continue
        line_ends = ("it is that of the file with CRLF line ends; here it has LF, and so it probably has on GitHub",)
        yield Finding(
            artifact.checksum,
            f"`sha256Checksum` of {artifact.owner} is not that of `{os.path.basename(local)}` in this repository",
            help=f"write `{here}`" + (f", or `{lf}` if git stores the file with LF line ends" if here != lf else ""),
            notes=(
                f"what counts is the file in the branch `{_ref(uri, at)}` when the template is submitted",
                *(line_ends if checksum == crlf else ()),
            ),
        )
