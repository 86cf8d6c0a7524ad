"""Live: where a template comes to, as several checks look at it: its own resource, and its staging resource group."""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

# Older versions do not have the property at all, and `unknown-property` says so.
STAGING_SINCE = "2022-02-14"


def given(value: Value) -> bool:
    """Whether something is said: neither missing nor empty, which mean the same to the service."""
    return not value.is_missing and value.text != ""


def template_id(azure: Azure) -> str:
    """The resource ID of the template; empty where its subscription, its group or its name is not known."""
    if not (azure.home.subscription and azure.home.resource_group and azure.name):
        return ""
    return f"{azure.home.scope}/providers/Microsoft.VirtualMachineImages/imageTemplates/{azure.name}"


def staging(template: ImageTemplate) -> Value | None:
    """The value of `stagingResourceGroup`, if the template names one."""
    at = template.properties.get("stagingResourceGroup")
    return at if template.api_version >= STAGING_SINCE and given(at) else None


def staging_group(template: ImageTemplate, azure: Azure) -> str:
    """The resource ID of the staging group that the template names; empty for none, or one that is not known."""
    at = staging(template)
    group = azure.id(at) if at is not None else None
    return group if group and re.fullmatch(r"/subscriptions/[^/]+/resourceGroups/[^/]+", group, re.IGNORECASE) else ""


def is_told(answer: Answer) -> bool:
    """Whether `provider-not-registered` tells why there is no answer: a provider is not registered, or there is no such
    subscription for this account."""
    return answer.code in ("MissingSubscriptionRegistration", "SubscriptionNotFound")
