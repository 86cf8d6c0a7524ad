"""Clients of the Azure SDK that share a Reader's credential, policies and transport.

Their answers are had through `Reader.ask`, which turns what they raise into an Answer. Each costs an import of 0.1 to
0.2 s, so checks that only read a resource use `Reader.get`.
"""

from __future__ import annotations

from aiblint.azure import cloud as clouds
from aiblint.azure import pipeline
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from azure.mgmt.authorization import AuthorizationManagementClient
    from azure.mgmt.compute import ComputeManagementClient
    from azure.storage.blob import BlobClient

    from aiblint.azure.client import Reader


def compute_client(reader: Reader, subscription: str) -> ComputeManagementClient:
    """The SDK's client, with our policies and transport. Its lists and models cost an import of 0.2 s."""
    from azure.mgmt.compute import ComputeManagementClient

    return ComputeManagementClient(
        reader.credential, subscription, base_url=reader.cloud.endpoint, pipeline=_sdk_pipeline(reader)
    )


def authorization_client(reader: Reader, subscription: str) -> AuthorizationManagementClient:
    """The SDK's client, with our policies and transport."""
    from azure.mgmt.authorization import AuthorizationManagementClient

    return AuthorizationManagementClient(
        reader.credential, subscription, base_url=reader.cloud.endpoint, pipeline=_sdk_pipeline(reader)
    )


def blob_client(reader: Reader, url: str, signed_in: bool = False) -> BlobClient:
    """The SDK's client of one blob, on our transport. Storage has policies of its own, which know no Retry-After."""
    from azure.storage.blob import BlobClient, ExponentialRetry

    shows_token = signed_in and clouds.holds_blob(reader.cloud, url)
    return BlobClient.from_blob_url(
        url,
        credential=reader.credential if shows_token else None,
        transport=reader.transport,
        retry_policy=ExponentialRetry(initial_backoff=1, increment_base=1, retry_total=2, random_jitter_range=0),
        permit_redirects=False,
        api_version=clouds.STORAGE_VERSION,
    )


def _sdk_pipeline(reader: Reader) -> Any:
    return pipeline.build(reader.transport, reader.until, reader.credential, reader.cloud.scope, decode=True)
