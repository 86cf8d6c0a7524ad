"""What there is in Azure, as plain data: each function adds one thing in the shape that the official examples show, and
gives its id. A test builds the estate that its template needs, and takes away what the test is about.

`Estate.resources` is by id in lower case, the bodies are what a GET gives: a test may change them as it likes.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

SUBSCRIPTION = "5f0bd1a5-3a8a-4d6c-9b1e-0c2f7f1e4a11"
TENANT = "b6c948ef-f6b5-4384-8354-da3a15eca969"
CALLER = "c0ffee00-0000-4000-8000-000000000001"
LOCATION = "westeurope"
REGIONS = {
    "westeurope": "West Europe", "northeurope": "North Europe", "eastus": "East US", "eastus2": "East US 2",
    "westus": "West US", "westus2": "West US 2", "swedencentral": "Sweden Central", "uksouth": "UK South",
}  # fmt: skip
EVERYONE = "00000000-0000-0000-0000-000000000000"

# Built-in roles with their ids: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES: dict[str, tuple[str, dict[str, list[str]]]] = {
    "Owner": ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", {"actions": ["*"]}),
    "Contributor": (
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        {
            "actions": ["*"],
            "notActions": [
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
                "Microsoft.Purview/consents/write",
                "Microsoft.Purview/consents/delete",
                "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
            ],
        },
    ),
    "Reader": ("acdd72a7-3385-48ef-bd42-f606fba81ae7", {"actions": ["*/read"]}),
    "Managed Identity Operator": (
        "f1a07417-d97a-45cb-824c-7a7467783830",
        {
            "actions": [
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
                "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
                "Microsoft.Authorization/*/read",
                "Microsoft.Insights/alertRules/*",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                "Microsoft.Resources/deployments/*",
                "Microsoft.Support/*",
            ]
        },
    ),
    "Network Contributor": (
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        {
            "actions": [
                "Microsoft.Authorization/*/read",
                "Microsoft.Insights/alertRules/*",
                "Microsoft.Network/*",
                "Microsoft.ResourceHealth/availabilityStatuses/read",
                "Microsoft.Resources/deployments/*",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                "Microsoft.Support/*",
            ]
        },
    ),
    "Storage Blob Data Reader": (
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        {
            "actions": [
                "Microsoft.Storage/storageAccounts/blobServices/containers/read",
                "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            ],
            "dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
        },
    ),
    "Storage Blob Data Contributor": (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        {
            "actions": [
                "Microsoft.Storage/storageAccounts/blobServices/containers/delete",
                "Microsoft.Storage/storageAccounts/blobServices/containers/read",
                "Microsoft.Storage/storageAccounts/blobServices/containers/write",
                "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            ],
            "dataActions": [
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/move/action",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action",
            ],
        },
    ),
}

# The resource types of each provider that an image build touches, each offered in all REGIONS.
PROVIDERS: dict[str, tuple[str, ...]] = {
    "Microsoft.VirtualMachineImages": ("imageTemplates", "imageTemplates/runOutputs", "imageTemplates/triggers"),
    "Microsoft.Compute": ("virtualMachines", "images", "galleries", "galleries/images", "galleries/images/versions"),
    "Microsoft.Network": ("virtualNetworks", "networkSecurityGroups", "natGateways", "routeTables"),
    "Microsoft.Storage": ("storageAccounts",),
    "Microsoft.KeyVault": ("vaults",),
    "Microsoft.ContainerInstance": ("containerGroups",),
    "Microsoft.ManagedIdentity": ("userAssignedIdentities",),
    "Microsoft.MarketplaceOrdering": ("agreements", "offertypes"),
}


@dataclass
class Estate:
    """A tenant. `lists` holds by path what has no id of its own (locations, skus, usages)."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    role_assignments: list[dict[str, Any]] = field(default_factory=list)
    deny_assignments: list[dict[str, Any]] = field(default_factory=list)
    locks: list[dict[str, Any]] = field(default_factory=list)
    policy_assignments: list[dict[str, Any]] = field(default_factory=list)
    # What policies say to resources that do not exist yet (checkPolicyRestrictions).
    restrictions: list[dict[str, Any]] = field(default_factory=list)
    # A principal's groups, and those of its groups: already transitive.
    groups: dict[str, set[str]] = field(default_factory=dict)
    # The management groups above a subscription.
    above: dict[str, tuple[str, ...]] = field(default_factory=dict)
    caller: str = CALLER

    def get(self, resource_id: str) -> dict[str, Any]:
        """The body of a resource, to be looked at or changed."""
        return self.resources[resource_id.lower()]

    def put(self, resource_id: str, body: dict[str, Any]) -> str:
        """Add or replace a resource; gives its id."""
        self.resources[resource_id.lower()] = body
        return resource_id

    def remove(self, resource_id: str) -> None:
        """Take a resource away, with all that is inside."""
        gone = resource_id.lower()
        for key in [key for key in self.resources if key == gone or key.startswith(f"{gone}/")]:
            del self.resources[key]


def new(subscription_id: str = SUBSCRIPTION) -> Estate:
    """A tenant with one subscription in which every provider is registered and the quotas are ample."""
    estate = Estate()
    subscription(estate, subscription_id)
    return estate


# -- the subscription --------------------------------------------------------------------------------------------------


def subscription(
    estate: Estate, subscription_id: str = SUBSCRIPTION, tenant: str = TENANT, state: str = "Enabled"
) -> str:
    """A subscription with the built-in roles, all regions, all providers registered, and default quotas."""
    whole = f"/subscriptions/{subscription_id}"
    estate.put(
        whole,
        {
            "id": whole,
            "subscriptionId": subscription_id,
            "tenantId": tenant,
            "displayName": "Example Subscription",
            "state": state,
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
        },
    )
    estate.lists[f"{whole}/locations".lower()] = [
        {
            "id": f"{whole}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": display,
            "regionalDisplayName": f"(X) {display}",
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for name, display in REGIONS.items()
    ]
    for role, (role_id, permissions) in ROLES.items():
        role_definition(
            estate, role, role_id=role_id, kind="BuiltInRole", subscription_id=subscription_id, **permissions
        )
    for namespace in PROVIDERS:
        provider(estate, namespace, subscription_id=subscription_id)
    for location in REGIONS:
        usage(estate, "cores", 0, 350, "Total Regional vCPUs", location=location, subscription_id=subscription_id)
        usage(estate, "lowPriorityCores", 0, 100, location=location, subscription_id=subscription_id)
        for name in ("ContainerGroups", "StandardCores"):
            usage(
                estate, name, 0, 100, location=location, subscription_id=subscription_id,
                namespace="Microsoft.ContainerInstance",
            )  # fmt: skip
    for size, family, cores in (
        ("Standard_D2ds_v4", "standardDDSv4Family", 2),
        ("Standard_D1_v2", "standardDv2Family", 1),
        ("Standard_D2ads_v5", "standardDADSv5Family", 2),
    ):
        generations = "V1" if size == "Standard_D1_v2" else "V1,V2"
        sku(estate, size, family, cores, generations=generations, subscription_id=subscription_id)
    return whole


def resource_group(
    estate: Estate,
    name: str = "rg",
    location: str = LOCATION,
    subscription_id: str = SUBSCRIPTION,
    tags: dict[str, str] | None = None,
    managed_by: str = "",
) -> str:
    """A resource group."""
    group = f"/subscriptions/{subscription_id}/resourceGroups/{name}"
    body: dict[str, Any] = {
        "id": group,
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }
    if tags:
        body["tags"] = tags
    if managed_by:
        body["managedBy"] = managed_by
    return estate.put(group, body)


def provider(
    estate: Estate,
    namespace: str,
    state: str = "Registered",
    locations: tuple[str, ...] | None = None,
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A resource provider; `locations` are the regions that all its types are offered in, by display name."""
    whole = f"/subscriptions/{subscription_id}/providers/{namespace}"
    return estate.put(
        whole,
        {
            "id": whole,
            "namespace": namespace,
            "registrationState": state,
            "registrationPolicy": "RegistrationRequired",
            "resourceTypes": [
                {
                    "resourceType": kind,
                    "locations": list(REGIONS.values() if locations is None else locations),
                    "apiVersions": ["2024-02-01", "2022-07-01"],
                    "capabilities": "SupportsTags, SupportsLocation",
                }
                for kind in PROVIDERS.get(namespace, ())
            ],
        },
    )


def feature(
    estate: Estate, namespace: str, name: str, state: str = "Registered", subscription_id: str = SUBSCRIPTION
) -> str:
    """A preview feature of a subscription."""
    whole = f"/subscriptions/{subscription_id}/providers/Microsoft.Features/providers/{namespace}/features/{name}"
    kind = "Microsoft.Features/providers/features"
    return estate.put(whole, {"name": f"{namespace}/{name}", "properties": {"state": state}, "id": whole, "type": kind})


def usage(
    estate: Estate,
    name: str,
    used: int,
    limit: int,
    display: str = "",
    location: str = LOCATION,
    subscription_id: str = SUBSCRIPTION,
    namespace: str = "Microsoft.Compute",
) -> None:
    """How much of a quota is used, in place of what was said of it before."""
    path = f"/subscriptions/{subscription_id}/providers/{namespace}/locations/{location}/usages".lower()
    row = {
        "unit": "Count",
        "currentValue": used,
        "limit": limit,
        "name": {"value": name, "localizedValue": display or name},
    }
    kept = [other for other in estate.lists.get(path, []) if other["name"]["value"] != name]
    estate.lists[path] = [*kept, row]


def sku(
    estate: Estate,
    name: str,
    family: str,
    cores: int,
    locations: tuple[str, ...] = tuple(REGIONS),
    generations: str = "V1,V2",
    architecture: str = "x64",
    restrictions: list[dict[str, Any]] | None = None,
    capabilities: dict[str, str] | None = None,
    used: int = 0,
    limit: int = 100,
    subscription_id: str = SUBSCRIPTION,
) -> None:
    """A size of virtual machines, one row for each region as the service has it, with the quota of its family.

    A restriction is as `restricted` makes it.
    """
    path = f"/subscriptions/{subscription_id}/providers/Microsoft.Compute/skus".lower()
    able = {
        "vCPUs": str(cores),
        "HyperVGenerations": generations,
        "CpuArchitectureType": architecture,
        "MemoryGB": str(4 * cores),
        "PremiumIO": "True",
        "EphemeralOSDiskSupported": "True",
        **(capabilities or {}),
    }
    rows = estate.lists.setdefault(path, [])
    rows[:] = [row for row in rows if row["name"] != name or row["locations"][0] not in locations]
    for location in locations:
        rows.append(
            {
                "resourceType": "virtualMachines",
                "name": name,
                "tier": "Standard",
                "size": name.removeprefix("Standard_"),
                "family": family,
                "locations": [location],
                "locationInfo": [{"location": location, "zones": ["1", "2", "3"], "zoneDetails": []}],
                "capabilities": [{"name": key, "value": value} for key, value in able.items()],
                "restrictions": restrictions or [],
            }
        )
        usage(estate, family, used, limit, location=location, subscription_id=subscription_id)


def restricted(location: str = LOCATION, kind: str = "Location", reason: str = "NotAvailableForSubscription") -> dict:
    """Why a size may not be used in a region; `kind` is `Location` or `Zone` (arm-examples/_errors/OBSERVED.md)."""
    info: dict[str, Any] = {"locations": [location]}
    if kind == "Zone":
        info["zones"] = ["1", "2", "3"]
    return {"type": kind, "values": [location], "restrictionInfo": info, "reasonCode": reason}


# -- who may do what ---------------------------------------------------------------------------------------------------


def role_definition(
    estate: Estate,
    name: str,
    actions: list[str] | None = None,
    notActions: list[str] | None = None,  # noqa: N803  # the names of the service
    dataActions: list[str] | None = None,  # noqa: N803
    notDataActions: list[str] | None = None,  # noqa: N803
    role_id: str = "",
    kind: str = "CustomRole",
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A role; gives its id, which the subscription is part of, as the service writes it."""
    role_id = role_id or _guid(f"role {name}")
    whole = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"
    body = {
        "properties": {
            "roleName": name,
            "type": kind,
            "description": name,
            "assignableScopes": ["/" if kind == "BuiltInRole" else f"/subscriptions/{subscription_id}"],
            "permissions": [
                {
                    "actions": actions or [],
                    "notActions": notActions or [],
                    "dataActions": dataActions or [],
                    "notDataActions": notDataActions or [],
                }
            ],
        },
        "id": whole,
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role_id,
    }
    # A role can be read at any scope, and without one.
    estate.put(f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}", body)
    return estate.put(whole, body)


def grant(
    estate: Estate,
    principal_id: str,
    role: str,
    scope: str,
    principal_type: str = "ServicePrincipal",
    condition: str = "",
    created: str = "2026-01-01T00:00:00.0000000Z",
    subscription_id: str = SUBSCRIPTION,
) -> dict[str, Any]:
    """Assign a role, by the name of a built-in one or by the id of any; gives the assignment, for `revoke`."""
    if role in ROLES:
        role = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role][0]}"
    name = _guid(f"assignment {principal_id} {role} {scope}".lower())
    assignment: dict[str, Any] = {
        "properties": {
            "roleDefinitionId": role,
            "principalId": principal_id,
            "principalType": principal_type,
            "scope": scope,
            "condition": condition or None,
            "conditionVersion": "2.0" if condition else None,
            "createdOn": created,
        },
        "id": f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
    }
    estate.role_assignments.append(assignment)
    return assignment


def revoke(estate: Estate, assignment: dict[str, Any]) -> None:
    """Take one assignment away."""
    estate.role_assignments.remove(assignment)


def member(estate: Estate, principal_id: str, *groups: str) -> None:
    """Put a principal into groups (into all that those are in, too)."""
    estate.groups.setdefault(principal_id, set()).update(groups)


def deny(
    estate: Estate,
    scope: str,
    actions: list[str],
    principals: tuple[str, ...] = (EVERYONE,),
    not_actions: tuple[str, ...] = (),
    excluded: tuple[str, ...] = (),
    data_actions: tuple[str, ...] = (),
    not_to_children: bool = False,
) -> dict[str, Any]:
    """A deny assignment; that for everyone has the zero GUID with the type `SystemDefined`."""
    name = _guid(f"deny {scope} {actions}")
    denial = {
        "properties": {
            "denyAssignmentName": f"deny {name[:8]}",
            "description": "",
            "permissions": [
                {
                    "actions": actions,
                    "notActions": list(not_actions),
                    "dataActions": list(data_actions),
                    "notDataActions": [],
                }
            ],
            "scope": scope,
            "doNotApplyToChildScopes": not_to_children,
            "principals": [
                {"id": principal, "type": "SystemDefined" if principal == EVERYONE else "ServicePrincipal"}
                for principal in principals
            ],
            "excludePrincipals": [{"id": principal, "type": "ServicePrincipal"} for principal in excluded],
            "isSystemProtected": True,
        },
        "id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{name}",
        "type": "Microsoft.Authorization/denyAssignments",
        "name": name,
    }
    estate.deny_assignments.append(denial)
    return denial


def lock(estate: Estate, scope: str, level: str = "CanNotDelete", name: str = "lock") -> None:
    """A management lock, `CanNotDelete` or `ReadOnly`."""
    whole = f"{scope}/providers/Microsoft.Authorization/locks/{name}"
    kind = "Microsoft.Authorization/locks"
    estate.locks.append({"properties": {"level": level}, "id": whole, "type": kind, "name": name})


def identity(
    estate: Estate,
    name: str = "aib",
    group: str = "rg",
    principal_id: str = "",
    location: str = LOCATION,
    tenant: str = TENANT,
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A user-assigned identity; `principal_of` tells its principal."""
    whole = _id("Microsoft.ManagedIdentity/userAssignedIdentities", name, group, subscription_id)
    return estate.put(
        whole,
        {
            "name": name,
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            # The service writes this segment so.
            "id": whole.replace("/resourceGroups/", "/resourcegroups/"),
            "location": location,
            "properties": {
                "clientId": _guid(f"client {whole}".lower()),
                "principalId": principal_id or _guid(f"principal {whole}".lower()),
                "tenantId": tenant,
            },
            "tags": {},
        },
    )


def principal_of(estate: Estate, identity_id: str) -> str:
    """The object id that roles are assigned to."""
    return str(estate.get(identity_id)["properties"]["principalId"])


# -- policies ----------------------------------------------------------------------------------------------------------


def policy_definition(
    estate: Estate, name: str, rule: dict[str, Any], subscription_id: str = SUBSCRIPTION, display: str = ""
) -> str:
    """A policy: `rule` is its `policyRule`, an `if` and a `then`."""
    whole = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/policyDefinitions/{name}"
    properties = {
        "mode": "All",
        "displayName": display or name,
        "description": "",
        "metadata": {},
        "policyRule": rule,
        "parameters": {},
        "policyType": "Custom",
    }
    kind = "Microsoft.Authorization/policyDefinitions"
    return estate.put(whole, {"properties": properties, "id": whole, "type": kind, "name": name})


def policy(
    estate: Estate,
    scope: str,
    definition_id: str,
    name: str = "policy",
    not_scopes: tuple[str, ...] = (),
    mode: str = "Default",
) -> str:
    """The assignment of a policy to a scope."""
    whole = f"{scope}/providers/Microsoft.Authorization/policyAssignments/{name}"
    assignment = {
        "id": whole,
        "type": "Microsoft.Authorization/policyAssignments",
        "name": name,
        "properties": {
            "displayName": name,
            "description": "",
            "policyDefinitionId": definition_id,
            "parameters": {},
            "scope": scope,
            "notScopes": list(not_scopes),
            "enforcementMode": mode,
        },
    }
    estate.policy_assignments.append(assignment)
    return estate.put(whole, assignment)


def denied_by_policy(
    estate: Estate, resource_type: str, assignment_id: str, definition_id: str, effect: str = "Deny"
) -> None:
    """What checkPolicyRestrictions says of every resource of a type: the assignment would refuse it.

    https://learn.microsoft.com/rest/api/policyinsights/policy-restrictions/check-at-resource-group-scope
    """
    estate.restrictions.append(
        {"type": resource_type, "assignment": assignment_id, "definition": definition_id, "effect": effect}
    )


# -- images ------------------------------------------------------------------------------------------------------------


def managed_image(
    estate: Estate,
    name: str = "image",
    group: str = "rg",
    location: str = LOCATION,
    os_type: str = "Linux",
    os_state: str = "Generalized",
    generation: str = "V2",
    size: int = 30,
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A managed image."""
    whole = _id("Microsoft.Compute/images", name, group, subscription_id)
    disk = {"osType": os_type, "osState": os_state, "diskSizeGB": size, "storageAccountType": "Standard_LRS"}
    properties = {
        "storageProfile": {"osDisk": disk, "dataDisks": [], "zoneResilient": False},
        "provisioningState": "Succeeded",
        "hyperVGeneration": generation,
    }
    return estate.put(whole, _resource(whole, "Microsoft.Compute/images", name, location, properties))


def gallery(
    estate: Estate,
    name: str = "gallery",
    group: str = "rg",
    location: str = LOCATION,
    sharing: dict[str, Any] | None = None,
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A compute gallery."""
    whole = _id("Microsoft.Compute/galleries", name, group, subscription_id)
    properties: dict[str, Any] = {
        "description": "",
        "identifier": {"uniqueName": f"{subscription_id}-{name.upper()}"},
        "provisioningState": "Succeeded",
    }
    if sharing:
        properties["sharingProfile"] = sharing
    return estate.put(whole, _resource(whole, "Microsoft.Compute/galleries", name, location, properties))


def gallery_image(
    estate: Estate,
    gallery_id: str,
    name: str = "definition",
    location: str = LOCATION,
    os_type: str = "Linux",
    os_state: str = "Generalized",
    generation: str = "V2",
    architecture: str = "x64",
    security_type: str = "",
    features: dict[str, str] | None = None,
    end_of_life: str = "",
    plan: dict[str, str] | None = None,
) -> str:
    """An image definition of a gallery. `security_type` is the feature `SecurityType` (`TrustedLaunchSupported`, ...),
    `plan` its `purchasePlan`."""
    whole = f"{gallery_id}/images/{name}"
    named = {**({"SecurityType": security_type} if security_type else {}), **(features or {})}
    properties: dict[str, Any] = {
        "osType": os_type,
        "osState": os_state,
        "hyperVGeneration": generation,
        "architecture": architecture,
        "identifier": {"publisher": "publisher", "offer": "offer", "sku": name},
        "provisioningState": "Succeeded",
    }
    if named:
        properties["features"] = [{"name": key, "value": value} for key, value in named.items()]
    if end_of_life:
        properties["endOfLifeDate"] = end_of_life
    if plan:
        properties["purchasePlan"] = plan
    return estate.put(whole, _resource(whole, "Microsoft.Compute/galleries/images", name, location, properties))


def gallery_version(
    estate: Estate,
    image_id: str,
    name: str = "1.0.0",
    location: str = LOCATION,
    regions: tuple[str, ...] = (LOCATION,),
    states: dict[str, str] | None = None,
    provisioning: str = "Succeeded",
    end_of_life: str = "",
    excluded: bool = False,
    size: int = 30,
    storage: str = "Standard_LRS",
) -> str:
    """A version of an image; `regions` are those that it is replicated to, `states` how far that is (else
    `Completed`). Regions appear by their display names, as the service gives them."""
    whole = f"{image_id}/versions/{name}"
    targets = [
        {
            "name": REGIONS.get(region, region),
            "regionalReplicaCount": 1,
            "storageAccountType": storage,
            "excludeFromLatest": False,
        }
        for region in regions
    ]
    profile: dict[str, Any] = {
        "targetRegions": targets,
        "replicaCount": 1,
        "excludeFromLatest": excluded,
        "publishedDate": "2026-01-01T00:00:00Z",
        "storageAccountType": storage,
    }
    if end_of_life:
        profile["endOfLifeDate"] = end_of_life
    summary = [
        {
            "region": REGIONS.get(region, region),
            "state": (states or {}).get(region, "Completed"),
            "details": "",
            "progress": 100 if (states or {}).get(region, "Completed") == "Completed" else 50,
        }
        for region in regions
    ]
    whole_state = "Completed" if all(row["state"] == "Completed" for row in summary) else "InProgress"
    properties = {
        "publishingProfile": profile,
        "storageProfile": {"osDiskImage": {"sizeInGB": size, "hostCaching": "ReadOnly"}},
        "safetyProfile": {"allowDeletionOfReplicatedLocations": False, "reportedForPolicyViolation": False},
        "provisioningState": provisioning,
        # Given only to those who ask for it with `$expand=ReplicationStatus`.
        "replicationStatus": {"aggregatedState": whole_state, "summary": summary},
    }
    kind = "Microsoft.Compute/galleries/images/versions"
    return estate.put(whole, _resource(whole, kind, name, location, properties))


def shared_version(
    estate: Estate,
    gallery_name: str,
    image: str,
    version: str = "1.0.0",
    community: bool = False,
    location: str = LOCATION,
    os_type: str = "Linux",
    generation: str = "V2",
    end_of_life: str = "",
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A version that a direct-shared or community gallery shows to a subscription in one region; gives the id to GET."""
    kind = "communityGalleries" if community else "sharedGalleries"
    unique = f"/{'Community' if community else 'Shared'}Galleries/{gallery_name}"
    whole = f"/subscriptions/{subscription_id}/providers/Microsoft.Compute/locations/{location}/{kind}/{gallery_name}"
    estate.put(whole, {"location": location, "name": gallery_name, "identifier": {"uniqueId": unique}})
    estate.put(
        f"{whole}/images/{image}",
        {
            "properties": {
                "osType": os_type,
                "osState": "Generalized",
                "hyperVGeneration": generation,
                "identifier": {"publisher": "publisher", "offer": "offer", "sku": image},
            },
            "location": location,
            "name": image,
            "identifier": {"uniqueId": f"{unique}/Images/{image}"},
        },
    )
    properties: dict[str, Any] = {
        "publishedDate": "2026-01-01T00:00:00Z",
        "excludeFromLatest": False,
        "storageProfile": {"osDiskImage": {"diskSizeGB": 30, "hostCaching": "None"}},
    }
    if end_of_life:
        properties["endOfLifeDate"] = end_of_life
    return estate.put(
        f"{whole}/images/{image}/versions/{version}",
        {
            "properties": properties,
            "location": location,
            "name": version,
            "identifier": {"uniqueId": f"{unique}/Images/{image}/Versions/{version}"},
        },
    )


def marketplace_image(
    estate: Estate,
    publisher: str = "Canonical",
    offer: str = "0001-com-ubuntu-server-jammy",
    sku_name: str = "22_04-lts-gen2",
    version: str = "22.04.202601010",
    location: str = LOCATION,
    os_type: str = "Linux",
    generation: str = "V2",
    architecture: str = "x64",
    plan: dict[str, str] | None = None,
    security_type: str = "",
    deprecation: dict[str, Any] | None = None,
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A version of a marketplace image in one region. `plan` is {publisher, name, product}, `deprecation` its
    `imageDeprecationStatus`."""
    whole = (
        f"/subscriptions/{subscription_id}/providers/Microsoft.Compute/locations/{location}/publishers/{publisher}"
        f"/artifacttypes/vmimage/offers/{offer}/skus/{sku_name}/versions/{version}"
    )
    properties: dict[str, Any] = {
        "osDiskImage": {"operatingSystem": os_type},
        "dataDiskImages": [],
        "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
        "hyperVGeneration": generation,
        "architecture": architecture,
        "features": [{"name": "SecurityType", "value": security_type}] if security_type else [],
        "imageDeprecationStatus": deprecation or {"imageState": "Active"},
    }
    if plan:
        properties["plan"] = plan
    return estate.put(whole, {"properties": properties, "name": version, "location": location, "id": whole})


def agreement(
    estate: Estate,
    publisher: str,
    offer: str,
    plan: str,
    accepted: bool = True,
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """The terms of a marketplace plan, accepted in the subscription or not. There is one for every plan."""
    base = f"/subscriptions/{subscription_id}/providers/Microsoft.MarketplaceOrdering"
    whole = f"{base}/offerTypes/virtualmachine/publishers/{publisher}/offers/{offer}/plans/{plan}/agreements/current"
    return estate.put(
        whole,
        {
            "id": whole,
            "name": plan,
            "type": "Microsoft.MarketplaceOrdering/offertypes",
            "properties": {
                "publisher": publisher,
                "product": offer,
                "plan": plan,
                "licenseTextLink": "https://example.com/license",
                "privacyPolicyLink": "https://example.com/privacy",
                "marketplaceTermsLink": "https://example.com/terms",
                "retrieveDatetime": "2026-01-01T00:00:00.0000000Z",
                "signature": "SIGNATUREOFTERMS",
                "accepted": accepted,
            },
        },
    )


def image_template(
    estate: Estate,
    name: str = "template",
    group: str = "rg",
    location: str = LOCATION,
    state: str = "Succeeded",
    run: str = "",
    staging: str = "",
    properties: dict[str, Any] | None = None,
    error: dict[str, str] | None = None,
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """An image template: `state` is its provisioningState, `error` its provisioningError, `run` the runState of its
    lastRunStatus (none if it never ran), `staging` its exactStagingResourceGroup."""
    whole = _id("Microsoft.VirtualMachineImages/imageTemplates", name, group, subscription_id)
    body: dict[str, Any] = {"provisioningState": state, **(properties or {})}
    if error:
        body["provisioningError"] = error
    if run:
        body["lastRunStatus"] = {
            "startTime": "2026-01-01T00:00:00Z",
            "endTime": "2026-01-01T01:00:00Z",
            "runState": run,
            "runSubState": "",
            "message": "",
        }
    if staging:
        body["exactStagingResourceGroup"] = staging
    kind = "Microsoft.VirtualMachineImages/imageTemplates"
    return estate.put(whole, {**_resource(whole, kind, name, location, body), "tags": {}})


# -- network and storage -----------------------------------------------------------------------------------------------


def virtual_network(
    estate: Estate,
    name: str = "vnet",
    group: str = "rg",
    location: str = LOCATION,
    prefixes: tuple[str, ...] = ("10.0.0.0/16",),
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A virtual network without subnets."""
    whole = _id("Microsoft.Network/virtualNetworks", name, group, subscription_id)
    properties = {
        "provisioningState": "Succeeded",
        "addressSpace": {"addressPrefixes": list(prefixes)},
        "subnets": [],
        "virtualNetworkPeerings": [],
    }
    return estate.put(whole, _resource(whole, "Microsoft.Network/virtualNetworks", name, location, properties))


def subnet(
    estate: Estate,
    network_id: str,
    name: str = "default",
    prefix: str = "10.0.0.0/24",
    policies: str = "Disabled",
    delegation: str = "",
    nat_gateway: str = "",
    security_group: str = "",
    route_table: str = "",
    outbound: bool | None = None,
    used: int = 0,
) -> str:
    """A subnet, also inside its network. `policies` is privateLinkServiceNetworkPolicies (the service's default is
    `Enabled`), `delegation` a service name, `outbound` defaultOutboundAccess, `used` how many addresses are taken."""
    whole = f"{network_id}/subnets/{name}"
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "addressPrefix": prefix,
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": policies,
        "delegations": [
            {
                "name": "delegation",
                "id": f"{whole}/delegations/delegation",
                "properties": {"provisioningState": "Succeeded", "serviceName": delegation, "actions": []},
            }
        ]
        if delegation
        else [],
    }
    links = {"natGateway": nat_gateway, "networkSecurityGroup": security_group, "routeTable": route_table}
    properties.update({key: {"id": value} for key, value in links.items() if value})
    if outbound is not None:
        properties["defaultOutboundAccess"] = outbound
    if used:
        nics = f"{network_id.rpartition('/virtualNetworks/')[0]}/networkInterfaces"
        properties["ipConfigurations"] = [{"id": f"{nics}/nic{number}/ipConfigurations/ip"} for number in range(used)]
    body = {"id": whole, "name": name, "properties": properties}
    siblings = estate.get(network_id)["properties"]["subnets"]
    siblings[:] = [*(other for other in siblings if other["name"] != name), body]
    return estate.put(whole, body)


def nat_gateway(
    estate: Estate, name: str = "nat", group: str = "rg", location: str = LOCATION, subscription_id: str = SUBSCRIPTION
) -> str:
    """A NAT gateway."""
    whole = _id("Microsoft.Network/natGateways", name, group, subscription_id)
    address = _id("Microsoft.Network/publicIPAddresses", f"{name}-ip", group, subscription_id)
    properties = {
        "idleTimeoutInMinutes": 5,
        "provisioningState": "Succeeded",
        "publicIpAddresses": [{"id": address}],
        "subnets": [],
    }
    body = _resource(whole, "Microsoft.Network/natGateways", name, location, properties)
    return estate.put(whole, {**body, "sku": {"name": "Standard"}})


def security_group(
    estate: Estate,
    name: str = "nsg",
    group: str = "rg",
    location: str = LOCATION,
    rules: tuple[dict[str, Any], ...] = (),
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A network security group with the default rules of the service and `rules`, each as `rule` makes it."""
    whole = _id("Microsoft.Network/networkSecurityGroups", name, group, subscription_id)
    defaults = (
        rule("AllowVnetInBound", "Allow", 65000, source="VirtualNetwork", destination="VirtualNetwork"),
        rule("AllowAzureLoadBalancerInBound", "Allow", 65001, source="AzureLoadBalancer"),
        rule("DenyAllInBound", "Deny", 65500),
        rule("AllowVnetOutBound", "Allow", 65000, "Outbound", source="VirtualNetwork", destination="VirtualNetwork"),
        rule("AllowInternetOutBound", "Allow", 65001, "Outbound", destination="Internet"),
        rule("DenyAllOutBound", "Deny", 65500, "Outbound"),
    )
    properties = {
        "provisioningState": "Succeeded",
        "securityRules": [{**one, "id": f"{whole}/securityRules/{one['name']}"} for one in rules],
        "defaultSecurityRules": [{**one, "id": f"{whole}/defaultSecurityRules/{one['name']}"} for one in defaults],
    }
    return estate.put(whole, _resource(whole, "Microsoft.Network/networkSecurityGroups", name, location, properties))


def rule(
    name: str,
    access: str,
    priority: int,
    direction: str = "Inbound",
    source: str = "*",
    destination: str = "*",
    ports: str = "*",
    protocol: str = "*",
) -> dict[str, Any]:
    """A rule of a network security group."""
    properties = {
        "provisioningState": "Succeeded",
        "protocol": protocol,
        "sourcePortRange": "*",
        "destinationPortRange": ports,
        "sourceAddressPrefix": source,
        "destinationAddressPrefix": destination,
        "access": access,
        "priority": priority,
        "direction": direction,
    }
    return {"name": name, "properties": properties}


def route_table(
    estate: Estate,
    name: str = "routes",
    group: str = "rg",
    location: str = LOCATION,
    routes: tuple[tuple[str, str], ...] = (),
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A route table; each of `routes` is a prefix and the type of its next hop (`VirtualAppliance`, `Internet`)."""
    whole = _id("Microsoft.Network/routeTables", name, group, subscription_id)
    listed = [
        {
            "name": f"route{number}",
            "id": f"{whole}/routes/route{number}",
            "properties": {"provisioningState": "Succeeded", "addressPrefix": prefix, "nextHopType": hop},
        }
        for number, (prefix, hop) in enumerate(routes)
    ]
    properties = {"provisioningState": "Succeeded", "disableBgpRoutePropagation": False, "routes": listed}
    return estate.put(whole, _resource(whole, "Microsoft.Network/routeTables", name, location, properties))


def storage_account(
    estate: Estate,
    name: str = "account",
    group: str = "rg",
    location: str = LOCATION,
    default_action: str = "Allow",
    bypass: str = "AzureServices",
    subnets: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    public_network: str = "Enabled",
    public_blobs: bool = False,
    shared_key: bool = True,
    endpoint: str = "",
    subscription_id: str = SUBSCRIPTION,
) -> str:
    """A storage account and its firewall. `endpoint` is where its blobs are, if not at core.windows.net."""
    whole = _id("Microsoft.Storage/storageAccounts", name, group, subscription_id)
    properties = {
        "provisioningState": "Succeeded",
        "primaryLocation": location,
        "primaryEndpoints": {"blob": endpoint or f"https://{name}.blob.core.windows.net/"},
        "publicNetworkAccess": public_network,
        "allowBlobPublicAccess": public_blobs,
        "allowSharedKeyAccess": shared_key,
        "networkAcls": {
            "bypass": bypass,
            "defaultAction": default_action,
            "ipRules": [{"value": address, "action": "Allow"} for address in addresses],
            "virtualNetworkRules": [
                {"id": subnet_id, "action": "Allow", "state": "Succeeded"} for subnet_id in subnets
            ],
        },
    }
    body = _resource(whole, "Microsoft.Storage/storageAccounts", name, location, properties)
    return estate.put(whole, {**body, "kind": "StorageV2", "sku": {"name": "Standard_LRS", "tier": "Standard"}})


def container(estate: Estate, account_id: str, name: str = "scripts", public: str = "None") -> str:
    """A blob container; `public` is None, Blob or Container."""
    whole = f"{account_id}/blobServices/default/containers/{name}"
    kind = "Microsoft.Storage/storageAccounts/blobServices/containers"
    properties = {"publicAccess": public, "leaseStatus": "Unlocked", "leaseState": "Available"}
    return estate.put(whole, {"id": whole, "name": name, "type": kind, "etag": '"0x1"', "properties": properties})


def other(estate: Estate, kind: str, name: str, group: str = "rg", subscription_id: str = SUBSCRIPTION) -> str:
    """Any other resource in a group, so that the group is not empty."""
    whole = _id(kind, name, group, subscription_id)
    return estate.put(whole, _resource(whole, kind, name, LOCATION, {}))


# -- tokens ------------------------------------------------------------------------------------------------------------


def token(
    audience: str = "https://management.azure.com", object_id: str = CALLER, tenant: str = TENANT, seconds: int = 3600
) -> str:
    """An access token of the shape that Entra ID issues (Azurite looks at its claims), signed by nobody."""
    now = int(time.time())
    header = {"typ": "JWT", "alg": "RS256", "kid": "test"}
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + seconds,
        "appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "oid": object_id,
        "tid": tenant,
        "upn": "someone@example.com",
        "ver": "1.0",
    }
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), b"signature of nobody at all")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _id(kind: str, name: str, group: str, subscription_id: str) -> str:
    return f"/subscriptions/{subscription_id}/resourceGroups/{group}/providers/{kind}/{name}"


def _resource(whole: str, kind: str, name: str, location: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"id": whole, "name": name, "type": kind, "location": location, "properties": properties}


def _guid(seed: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))
