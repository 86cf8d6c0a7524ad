"""The official examples of the services, as the measure of the test bed: paths, parameters and names of properties.

They lie in a folder `shared/arm-examples` beside the checkout (INDEX.md there says where each comes from); without it
nothing is compared.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.azure.routes import pattern_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.azure.manager import Request

FOLDER = Path(__file__).parents[3] / "shared" / "arm-examples"

# Paths of which that folder has no example, with where they are documented.
OTHERS = {
    "/{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions": "rest/api/policyinsights/policy-restrictions",
    "/{scope}/providers/Microsoft.Authorization/permissions": "rest/api/authorization/permissions (by group and resource)",
    "/{scope}/providers/Microsoft.Authorization/policyAssignments": "rest/api/policy/policy-assignments (by scope)",
    "/{scope}/providers/Microsoft.Authorization/policyExemptions": "rest/api/policy/policy-exemptions (by scope)",
    "/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}": "rest/api/authorization/role-definitions/get-by-id",
    "/subscriptions/{subscriptionId}/providers/Microsoft.Storage/storageAccounts": "rest/api/storagerp/storage-accounts/list",
    "/subscriptions/{subscriptionId}/providers/Microsoft.Compute/locations/{location}/communityGalleries/{publicGalleryName}"
    "/images/{galleryImageName}/versions": "rest/api/compute/community-gallery-image-versions/list",
    "/subscriptions/{subscriptionId}/providers/Microsoft.Compute/locations/{location}/sharedGalleries/{galleryUniqueName}"
    "/images/{galleryImageName}/versions": "rest/api/compute/shared-gallery-image-versions/list",
}
# Described by the API description of the image builder, not by examples of other services.
IMAGE_BUILDER = "/providers/Microsoft.VirtualMachineImages/imageTemplates"


@cache
def templates() -> tuple[tuple[str, str], ...]:
    """Method and path of every operation in the index."""
    index = (FOLDER / "INDEX.md").read_text()
    return tuple(dict.fromkeys(re.findall(r"\| (GET|HEAD|PUT|POST) `([^`?]+)[^`]*` \|", index)))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    listed = (
        (method, re.sub(r"\{(parentResourcePath|resourceType)\}", "{scope}", template))
        for method, template in templates()
    )
    others = (("POST" if "check" in template else "GET", template) for template in OTHERS)
    image_builder = tuple(
        ("GET", f"{start}{IMAGE_BUILDER}{end}")
        for start in (
            "/subscriptions/{subscriptionId}",
            "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
        )
        for end in ("", "/{imageTemplateName}", "/{imageTemplateName}/runOutputs", "/{imageTemplateName}/triggers")
    )
    # "Get any resource by its id" would fit everything.
    return tuple(
        (method, pattern_of(template))
        for method, template in (*listed, *others, *image_builder)
        if template != "/{resourceId}" and "{resourceProviderNamespace}/{parent" not in template
    )


QUERIES = {"api-version", "$filter", "$expand", "$top", "$orderby", "$select", "$skiptoken"}


def unofficial(requests: Iterable[Request]) -> list[str]:
    """The requests that no official operation describes; nothing without the examples."""
    if not FOLDER.is_dir():
        return []
    return [
        f"{request.method} {request.path} {sorted(request.query)}"
        for request in requests
        if not set(request.query) <= QUERIES
        or not any(
            method == ("GET" if request.method == "HEAD" else request.method) and pattern.fullmatch(request.path)
            for method, pattern in _patterns()
        )
    ]


@cache
def property_names() -> frozenset[str]:
    """Every name that a property has in any example or definition."""
    names: set[str] = set()
    for file in FOLDER.rglob("*.json"):
        names.update(re.findall(r'"([\w$.-]+)":', file.read_text()))
    swagger = FOLDER.parent / "swagger" / "2025-10-01" / "imagebuilder.json"
    if swagger.exists():
        names.update(re.findall(r'"([\w$.-]+)":', swagger.read_text()))
    return frozenset(names)
