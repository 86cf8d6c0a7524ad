"""Live: the scripts and files that the service fetches. Are they there, as small and the same as they have to be?"""

from __future__ import annotations

import re
from functools import partial

from aiblint.finding import Finding, Holds, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple

from ..files import FILE, LARGEST
from ..network import NETWORKING
from ..uris import CUSTOMIZE, PERMISSIONS, TROUBLESHOOT, artifacts
from .moment import moment
from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any
    from urllib.parse import SplitResult

    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

    from ..uris import Artifact

ERRORS = "https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes"
OVERVIEW = "https://learn.microsoft.com/azure/virtual-machines/image-builder-overview"

# What storage says to a signature (SAS) that is not good, or not for this (ERRORS).
_BAD_SIGNATURE = (
    "AuthenticationFailed",
    "AuthorizationPermissionMismatch",
    "AuthorizationResourceTypeMismatch",
    "AuthorizationServiceMismatch",
)
# What it says to those that its firewall keeps out; the emulator says it of a signature, too.
_KEPT_OUT = "AuthorizationFailure"


class _File(NamedTuple):
    """A file by its address, with all that name it; `blob` tells that it is in a storage account of this cloud, `signed`
    that the address has a signature (SAS)."""

    url: str
    users: tuple[Artifact, ...]
    blob: bool
    signed: bool

    @property
    def at(self) -> Value:
        return self.users[0].uri

    @property
    def what(self) -> str:
        return self.users[0].what

    @property
    def related(self) -> tuple[Related, ...]:
        """The other places that it is fetched for."""
        return tuple(Related(user.uri.span, "fetched here as well") for user in self.users[1:])


def _split(url: str) -> SplitResult:
    from urllib.parse import urlsplit  # here: a run that asks nothing does without

    return urlsplit(url)


def _files(fetched: Sequence[Artifact], azure: Azure) -> tuple[_File, ...]:
    """Each address once, if it is known and one that can be asked for; of others `unusable-uri` speaks."""
    from aiblint.azure.cloud import holds_blob

    by_url: dict[str, list[Artifact]] = {}
    for one in fetched:
        try:
            parts = _split(one.uri.text or "")
        except ValueError:
            continue
        if parts.scheme.lower() in ("http", "https") and parts.hostname:
            by_url.setdefault(one.uri.text or "", []).append(one)
    return tuple(
        _File(url, tuple(users), holds_blob(azure.reader.cloud, url), "sig=" in _split(url).query)
        for url, users in by_url.items()
    )


def _copied(template: ImageTemplate) -> list[Artifact]:
    """What File steps copy."""
    return [one for one in artifacts(template) if one.what.startswith("`sourceUri`")]


def _head(azure: Azure, file: _File) -> Answer:
    """Whether a file is there: a blob is asked for as the account that is signed in, and, where that does not tell, as
    anybody, since it may be public."""
    answer = azure.reader.head(file.url, signed_in=True)
    if file.blob and not file.signed and not answer.found and answer.kind != "missing":
        open_to_all = azure.reader.head(file.url)
        if open_to_all.found or open_to_all.kind == "missing":
            return open_to_all
    return answer


def _heads(azure: Azure, files: Sequence[_File]) -> Iterator[tuple[_File, Answer]]:
    return zip(files, azure.reader.side_by_side([partial(_head, azure, file) for file in files]), strict=True)


@check("AIB850", "file-not-found", "error", CUSTOMIZE, TROUBLESHOOT, ERRORS)
def file_not_found(template: ImageTemplate, surroundings: Surroundings, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks for each script and each file that the service fetches, without downloading it: the address must give it out,
    accept its signature (SAS), and not answer with a web page where a script is meant. A blob without a signature is
    asked for as the account that is signed in. That is not the template's identity: where it may not read the blob, it
    is not known whether it is there, and `cannot-read-blob` tells whether the identity may.

    ## Why it matters
    Files are fetched when the template is submitted. It fails with `Downloading external file ... failed` after ten
    attempts. A web page in place of a script passes, and the build fails on its first line.

    ## Bad
    `scriptUri` names a blob that was deleted, or a file on a branch that is gone, or has an expired signature.

    ## Good
    `scriptUri` names a blob that is there.
    """
    fetched = list(artifacts(template))
    # A misspelt name is one mistake: `unknown-property` speaks of it.
    open_ones = [
        one.uri
        for one in fetched
        if one.uri.text is None
        and (one.uri.pieces or one.uri.is_unknown)
        and not str(getattr(one.uri.data, "reason", "")).startswith("it is misspelt")
    ]
    if open_ones:
        name = re.match(r"`(\w+)`", next(one.what for one in fetched if one.uri is open_ones[0]))
        finding = unknown(open_ones[0], "the file is there", name[1] if name is not None else "scriptUri")
        yield finding._replace(related=tuple(Related(one.span, "nor here") for one in open_ones[1:]))
    for file, answer in _heads(azure, _files(fetched, azure)):
        yield from _existence(template, azure, surroundings, file, answer)


def _existence(
    template: ImageTemplate, azure: Azure, surroundings: Surroundings, file: _File, answer: Answer
) -> Verdicts:
    missing = answer.kind == "missing" or (not file.blob and answer.status in (404, 410))
    if answer.found:
        yield from _kind(file, answer)
    elif missing and answer.code == "ContainerNotFound":
        yield Finding(
            file.at,
            f"the container that {file.what} names is not there",
            help="mend the address, or make the container and upload the file",
            related=file.related,
        )
    elif missing:
        private = () if file.blob else ("a private repository answers like this to those who are not signed in",)
        yield Finding(
            file.at,
            f"{file.what} is not there",
            help="mend the address, or upload the file",
            notes=("the submission fails: `Downloading external file ... failed`", *private),
            related=file.related,
        )
    elif not file.blob and answer.status == 401:
        yield Finding(
            file.at,
            f"{file.what} is only for those who sign in, and the service does not",
            help="put the file into a blob container that the identity of the template can read",
            related=file.related,
        )
    else:
        account = _account(azure, file) if answer.code == _KEPT_OUT else None
        firewall = _firewall(template, azure, account) if isinstance(account, dict) else None
        if file.signed and _is_bad_signature(file, answer, firewall, surroundings):
            yield Finding(
                file.at,
                f"the signature (SAS) in {file.what} is not accepted",
                help="make a new one with the permission to read, or leave it out and give the identity of the template "
                "`Storage Blob Data Reader` on the container",
                notes=(
                    "it has expired, is not valid yet, was made with a key that has changed, or is for another blob",
                ),
                related=file.related,
            )
        elif firewall is None or firewall.access != "closed":  # of that `storage-firewall` speaks
            yield _unread(file, answer, firewall)


def _kind(file: _File, answer: Answer) -> Verdicts:
    """The verdict on a file that is there: a page is none."""
    is_page = not file.blob and "text/html" in str(answer.at("type")).lower()
    scripts = [user for user in file.users if not user.what.startswith("`sourceUri`")]
    if is_page and (scripts or not re.search(r"\.html?$", _split(file.url).path, re.IGNORECASE)):
        user = (scripts or file.users)[0]
        yield Finding(
            user.uri,
            f"{user.what} gives a web page, not the {'script' if scripts else 'file'}",
            help="give the address of the file itself, and one that needs no sign-in",
            notes=("the server says that it is `text/html`",),
            related=file.related,
            severity="" if scripts else "warning",
        )
    else:
        yield Holds(file.at, f"{file.what} is there")


def _is_bad_signature(file: _File, answer: Answer, firewall: _Firewall | None, surroundings: Surroundings) -> bool:
    if answer.code in _BAD_SIGNATURE:
        return True
    if answer.code != _KEPT_OUT:
        return False
    from urllib.parse import parse_qs

    ends = parse_qs(_split(file.url).query).get("se", [""])[0]
    return (firewall is not None and firewall.access == "none") or "" < ends < surroundings.now


def _unread(file: _File, answer: Answer, firewall: _Firewall | None) -> Finding:
    finding = unchecked(file.at, f"{file.what} is there", answer)._replace(related=file.related)
    if answer.kind != "forbidden":
        return finding
    if firewall is not None and firewall.access != "none":
        return finding._replace(
            help="run aiblint from a network that the storage account lets in",
            notes=("the firewall of the storage account keeps aiblint out, wherever the build may be let in",),
        )
    if not file.blob or file.signed:
        return finding._replace(help="look whether the address gives out the file to those who are not signed in")
    return finding._replace(
        help="give aiblint's own account `Storage Blob Data Reader` on the container",
        notes=(
            "aiblint asks with its own account, which is not the template's identity: that may be allowed to read it",
        ),
    )


@check("AIB851", "file-too-large", "warning", FILE, TROUBLESHOOT)
def file_too_large(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks for the size of each file that a File step copies, without downloading it: more than 20 MB (20 MiB) are too
    much.

    ## Why it matters
    A File step is only for less than 20 MB. It copies through the service, to Windows in small pieces of text: a large
    file takes hours, and the build runs into its timeout.

    ## Bad
    `sourceUri` of a File step names an installer of 600 MB.

    ## Good
    A script downloads the installer on the build VM.
    """
    for file, answer in _heads(azure, _files(_copied(template), azure)):
        if not answer.found:
            continue  # `file-not-found` says why
        size = answer.at("size")
        if size is None:
            yield unchecked(file.at, f"{file.what} is small enough", "the server does not tell its size")._replace(
                help="look how large it is; a File step is only for less than 20 MB"
            )
        elif size > LARGEST:
            yield Finding(
                file.at,
                f"{file.what} has {size / 1_000_000:.0f} MB, but a File step is only for less than 20 MB",
                help="download it in a script: `Invoke-WebRequest` on Windows, `curl` or `wget` on Linux",
                notes=("a large file takes hours, and the build runs into its timeout",),
                related=file.related,
            )
        else:
            yield Holds(file.at, f"{file.what} is small enough for a File step")


@check("AIB852", "checksum-mismatch", "error", CUSTOMIZE)
def checksum_mismatch(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    With `--download-checksums` it reads each script and file that has a `sha256Checksum`, keeps nothing of it, and
    compares its checksum. Without that option nothing is read.

    ## Why it matters
    The service refuses a file with another checksum: the submission fails. Mostly the file was changed and its checksum
    was not, or it was uploaded with other line ends than those that the checksum was computed with.

    ## Bad
    `sha256Checksum` is that of yesterday's script.

    ## Good
    `sha256Checksum` is that of the script at `scriptUri`.
    """
    if not azure.live.checksums:
        return
    wanted = [one for one in artifacts(template) if one.uri.text and not one.checksum.is_missing]
    for one in wanted:
        if one.checksum.text is None:
            yield unknown(one.checksum, f"`sha256Checksum` of {one.owner} is that of its file", "sha256Checksum")
    # Of another text than this `checksum-format` speaks.
    sound = [one for one in wanted if re.fullmatch(r"[0-9a-f]{64}", one.checksum.text or "")]
    files = _files(sound, azure)
    answers = azure.reader.side_by_side([partial(_checksum, azure, file) for file in files])
    for file, answer in zip(files, answers, strict=True):
        if answer is None:
            continue  # `file-not-found` says why
        for user in file.users:
            what = f"`sha256Checksum` of {user.owner} is that of its file"
            if not answer.found:
                yield unchecked(user.checksum, what, answer)
            elif answer.at("sha256") == user.checksum.text:
                yield Holds(user.checksum, what)
            else:
                yield Finding(
                    user.checksum,
                    f"`sha256Checksum` of {user.owner} is not that of its file",
                    help=f"look whether the file is the one that you mean, and write `{answer.at('sha256')}`",
                    notes=("the submission fails; line ends that were changed by an upload are a frequent cause",),
                )


def _checksum(azure: Azure, file: _File) -> Answer | None:
    """The checksum of a file; None where the file cannot be had at all."""
    head, answer = azure.reader.side_by_side(
        (partial(_head, azure, file), partial(azure.reader.checksum, file.url, signed_in=True))
    )
    if not head.found:
        return None
    if not answer.found and file.blob and not file.signed:
        return azure.reader.checksum(file.url)  # what the account may not read, anybody may
    return answer


# -- the firewall of a storage account ---------------------------------------------------------------------------------


class _Firewall(NamedTuple):
    """Whom the firewall of a storage account lets in: `access` is none (there is no firewall), open (it lets the build
    in), closed or unknown, and `why` says what makes it so. `doubtful` tells that it may be otherwise."""

    access: str
    why: str = ""
    doubtful: bool = False


def _account(azure: Azure, file: _File) -> dict[str, Any] | Answer | None:
    """The storage account that a blob is in; None if the subscription has none of that address, the answer if its
    accounts cannot be listed."""
    if not azure.home.subscription:
        return None
    listed = azure.list(f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Storage/storageAccounts")
    if not listed.found:
        return listed
    for account in listed.body:
        properties = account.get("properties") or {}
        for group in (properties.get("primaryEndpoints"), properties.get("secondaryEndpoints")):
            endpoints = [group, (group or {}).get("microsoftEndpoints"), (group or {}).get("internetEndpoints")]
            if any(_lies_at(file.url, str(one.get("blob") or "")) for one in endpoints if one):
                found: dict[str, Any] = account
                return found
    return None


def _lies_at(url: str, endpoint: str) -> bool:
    parts, place = _split(url), _split(endpoint)
    return bool(place.netloc) and f"{parts.netloc.lower()}{parts.path}".startswith(
        f"{place.netloc.lower()}{place.path.rstrip('/')}/"
    )


def _firewall(template: ImageTemplate, azure: Azure, account: dict[str, Any]) -> _Firewall:
    """NETWORKING, "Access storage accounts protected by firewalls": the subnet of the container can be let in, and
    nothing else of Image Builder."""
    properties = account.get("properties") or {}
    rules = properties.get("networkAcls") or {}
    public = str(properties.get("publicNetworkAccess") or "Enabled").lower()
    default = str(rules.get("defaultAction")).lower()
    if public == "enabled" and default == "allow":
        return _Firewall("none")
    if public not in ("enabled", "disabled"):
        return _Firewall("unknown", "a network security perimeter guards it")
    if public == "enabled" and default != "deny":
        return _Firewall("unknown", "Azure does not say what its firewall lets in")
    why = "has no public network access" if public == "disabled" else "lets in only what its firewall names"
    at = template.vm_profile.get("vnetConfig", "containerInstanceSubnetId")
    if at.is_missing or at.text == "":
        return _Firewall("closed", why)
    subnet = azure.id(at)
    if subnet is None:
        return _Firewall("unknown")  # `subnet-not-found` says why
    let_in = {
        str(rule.get("id")).lower()
        for rule in rules.get("virtualNetworkRules") or ()
        if str(rule.get("state") or "Succeeded").lower() == "succeeded"
    }
    if public == "enabled" and subnet.lower() in let_in:
        return _Firewall("open")
    states = [
        ((one.get("properties") or {}).get("privateLinkServiceConnectionState") or {}).get("status")
        for one in properties.get("privateEndpointConnections") or ()
    ]
    if any(str(state).lower() == "approved" for state in states):
        return _Firewall("unknown", "it has private endpoints, which the subnet of the container may reach or not")
    # An address of the NAT gateway of that subnet may be among them.
    return _Firewall("closed", why, public == "enabled" and bool(rules.get("ipRules")))


@check("AIB853", "storage-firewall", "error", NETWORKING, PERMISSIONS)
def storage_firewall(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks for the storage accounts of scripts and files among those of the subscription, and asks whether their firewall
    lets Image Builder in. It cannot be let in as a trusted service, nor by its addresses: only the subnet of
    `containerInstanceSubnetId` can. It is a warning where the firewall names addresses, as one of them may be that of
    the NAT gateway of that subnet.

    ## Why it matters
    The submission fails: `Downloading external file ... failed`, with `This request is not authorized to perform this
    operation`. A role does not help, nor does a signature (SAS).

    ## Bad
    The storage account allows selected networks only, and the template has no `containerInstanceSubnetId`.

    ## Good
    The storage account allows the subnet of `containerInstanceSubnetId`.
    """
    from aiblint.azure.needs import needs

    if not azure.home.subscription:
        return  # `provider-not-registered` says that it is not known
    files = [file for file in _files(list(artifacts(template)), azure) if file.blob]
    weighed = {need.at.span[:2] for need in needs(template, azure.home) if need.data}
    seen: set[str] = set()
    for file in files:
        account = _account(azure, file)
        host = _split(file.url).netloc
        name = account.get("name") if isinstance(account, dict) else host
        key = str(account.get("id")).lower() if isinstance(account, dict) else host.lower()
        if key in seen:
            continue
        seen.add(key)
        what = f"the storage account `{name}` lets Image Builder in"
        if account is None and file.at.span[:2] in weighed:
            continue  # `cannot-read-blob` says that the account is not in the subscription
        if account is None:
            yield unchecked(file.at, what, f"aiblint sees no storage account of the subscription at `{host}`")._replace(
                help="look whether the firewall of that storage account lets all networks in"
            )
        elif not isinstance(account, dict):
            if account.code != "MissingSubscriptionRegistration":  # `provider-not-registered` says so
                yield unchecked(file.at, "the storage accounts let Image Builder in", account)
            return
        else:
            yield from _judged(template, azure, file, account, what)


def _judged(template: ImageTemplate, azure: Azure, file: _File, account: dict[str, Any], what: str) -> Verdicts:
    firewall = _firewall(template, azure, account)
    if firewall.access in ("none", "open"):
        yield Holds(file.at, what)
    elif firewall.access == "unknown":
        if firewall.why:
            yield unchecked(file.at, what, firewall.why)
    else:
        subnet = azure.id(template.vm_profile.get("vnetConfig", "containerInstanceSubnetId"))
        name = account.get("name")
        allow = f"`az storage account network-rule add --account-name {name} --subnet {subnet or 'SUBNET_ID'}`"
        own = "" if subnet else "give the template `subnetId` and `containerInstanceSubnetId`, and "
        yield Finding(
            file.at,
            f"the storage account `{name}` keeps Image Builder from {file.what}: it {firewall.why}",
            help=f"{own}let the subnet of the container in: {allow}",
            notes=(
                "neither trusted services nor addresses of Image Builder can be let in, and a signature does not help",
            ),
            severity="warning" if firewall.doubtful else "",
        )


# -- the copy that a template has --------------------------------------------------------------------------------------


@check("AIB854", "script-changed", "info", OVERVIEW, PERMISSIONS)
def script_changed(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Where the template is in Azure already, it compares when that was with when its blobs were last changed. It speaks
    only where both are certain, and not of isolated builds with a `containerInstanceSubnetId`, which may fetch their
    files later.

    ## Why it matters
    Scripts and files are copied when a template is submitted. Whoever changes a blob afterwards and only runs the
    template again gets an image with the old one.

    ## Bad
    `install.sh` was uploaded again after the template had been submitted.

    ## Good
    The template is newer than its scripts.
    """
    container = template.vm_profile.get("vnetConfig", "containerInstanceSubnetId")
    files = [file for file in _files(list(artifacts(template)), azure) if file.blob]
    if not files or not (container.is_missing or container.text == ""):
        return
    if not azure.home.subscription or not azure.home.resource_group or not azure.name:
        return
    path = f"{azure.home.scope}/providers/Microsoft.VirtualMachineImages/imageTemplates/{azure.name}"
    existing, *heads = azure.reader.side_by_side(
        [partial(azure.get, path), *(partial(_head, azure, file) for file in files)]
    )
    if existing.at("properties", "provisioningState") != "Succeeded":
        return
    made, touched = (moment(existing.at("systemData", name)) for name in ("createdAt", "lastModifiedAt"))
    copied = set(_addresses(existing.at("properties")))
    for file, answer in zip(files, heads, strict=True):
        changed = _changed(answer)
        if changed is None or made is None or touched is None or file.url.partition("?")[0] not in copied:
            continue
        if changed > touched.timestamp():
            yield Finding(
                file.at,
                f"{file.what} was changed after the template `{azure.name}` was submitted, which still has the old one",
                help="submit the template again (delete it first); only to run it again is not enough",
                notes=("files are copied when a template is submitted",),
                related=file.related,
            )
        elif changed <= made.timestamp():
            yield Holds(file.at, f"{file.what} is as it was when the template was submitted")


def _changed(answer: Answer) -> float | None:
    """When a file was last changed, in seconds; None where that is not told."""
    from email.utils import mktime_tz, parsedate_tz

    parts = parsedate_tz(answer.at("modified") or "")
    return mktime_tz(parts) if parts is not None else None


def _addresses(body: Any) -> Iterator[str]:
    """All addresses of files in a template, without their signatures."""
    if isinstance(body, list):
        for one in body:
            yield from _addresses(one)
    elif isinstance(body, dict):
        for name, one in body.items():
            if name in ("scriptUri", "sourceUri") and isinstance(one, str):
                yield one.partition("?")[0]
            else:
                yield from _addresses(one)
