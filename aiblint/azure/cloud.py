"""The clouds of Azure: where their resource manager is, what a token must be for, who issues it, where blobs are."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiblint.azure.trouble import LiveError
from aiblint.light import NamedTuple


class Cloud(NamedTuple):
    """A cloud. `endpoint` is the address of its resource manager, without a slash at the end; `scope` what a token for
    it is asked for, `authority` who issues it; `storage` what the addresses of its blobs end in. `known` is False for
    one that was given by its address: then the last three are a guess until `described` has read the cloud's own words.
    """

    name: str
    endpoint: str
    scope: str
    authority: str
    storage: str
    known: bool = True


# The endpoints and scopes are those of azure.mgmt.core.tools.get_arm_endpoints, the others those of `az cloud list`.
CLOUDS = (
    Cloud(
        "public",
        "https://management.azure.com",
        "https://management.azure.com/.default",
        "https://login.microsoftonline.com",
        "core.windows.net",
    ),
    Cloud(
        "usgov",
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/.default",
        "https://login.microsoftonline.us",
        "core.usgovcloudapi.net",
    ),
    Cloud(
        "china",
        "https://management.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
        "https://login.chinacloudapi.cn",
        "core.chinacloudapi.cn",
    ),
)
# A token for blobs is for this audience in every cloud.
STORAGE_SCOPE = "https://storage.azure.com/.default"
# The version of the storage service that is spoken to: the first with all that is asked for.
# https://learn.microsoft.com/rest/api/storageservices/versioning-for-the-azure-storage-services
STORAGE_VERSION = "2021-12-02"
METADATA = "/metadata/endpoints"
# Newest first; Azure Stack Hub has only the last one (its documentation on connecting with the CLI).
METADATA_VERSIONS = ("2022-09-01", "2015-01-01")


def named(name: str) -> Cloud:
    """What `--cloud` means: one of CLOUDS, or the https address of a resource manager. Raises LiveError."""
    for cloud in CLOUDS:
        if name.lower() in (cloud.name, cloud.endpoint):
            return cloud
    try:
        parts = urlsplit(name.rstrip("/"))
        whole = parts.scheme.lower() == "https" and parts.hostname and (parts.port or True)
    except ValueError:
        whole = False
    if not whole or parts.query or parts.fragment or parts.username is not None:
        known = ", ".join(f"`{cloud.name}`" for cloud in CLOUDS)
        raise LiveError(f"--cloud takes {known} or the https address of a resource manager")
    endpoint = f"https://{parts.netloc}{parts.path}"
    host = parts.hostname or ""
    return Cloud(
        name=parts.netloc,
        endpoint=endpoint,
        scope=f"{endpoint}/.default",
        authority=CLOUDS[0].authority,
        storage=host.removeprefix("management.").removeprefix("adminmanagement."),
        known=False,
    )


def described(cloud: Cloud, metadata: object) -> Cloud:
    """The cloud, with what its own `/metadata/endpoints` says of tokens and blobs; what that leaves out stays."""
    if not isinstance(metadata, dict):
        return cloud
    authentication = metadata.get("authentication")
    suffixes = metadata.get("suffixes")
    if isinstance(authentication, dict):
        audiences = authentication.get("audiences")
        if isinstance(audiences, list) and audiences and isinstance(audiences[0], str):
            cloud = cloud._replace(scope=f"{audiences[0].rstrip('/')}/.default")
        issuer = authentication.get("loginEndpoint")
        if isinstance(issuer, str) and issuer.startswith("https://"):
            cloud = cloud._replace(authority=issuer.rstrip("/"))
    if isinstance(suffixes, dict) and isinstance(suffixes.get("storage"), str) and suffixes["storage"]:
        cloud = cloud._replace(storage=suffixes["storage"])
    return cloud._replace(known=True)


def holds_blob(cloud: Cloud, url: str) -> bool:
    """Whether an address is one of this cloud's blobs: nobody else may be shown a token.

    `NAME.blob.core.windows.net`, or `NAME.ZONE.blob.storage.azure.net` (accounts with DNS zones). In the cloud of an
    address of its own, also exactly what that calls its storage: emulators have no name for each account.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    if parts.scheme.lower() != "https" or parts.username is not None:
        return False
    own = cloud.storage.lower()
    if cloud not in CLOUDS and own in (host, parts.netloc.lower()):
        return True
    return host.endswith((f".blob.{own}", ".blob.storage.azure.net"))
