#!/bin/sh
# Made by aiblint. A new role takes minutes until it can be assigned, and again until it counts.
set -eu

# Image template session-host
# Replace below: <subscription of contoso>, <resource group of contoso>, <resource group>, <stagingGroup>
identity=$(az identity show --ids '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder' --query principalId --output tsv)
caller=${caller:?set it to the object ID of who submits the template}
service=$(az ad sp show --id cf32a0cc-373c-47c9-9156-0db11f6a6dfc --query id --output tsv)

az role definition create --role-definition '{
  "Name": "Image Builder session-host, template identity, gallery",
  "IsCustom": true,
  "Description": "What the template identity of image template session-host needs, and no more",
  "Actions": [
    "Microsoft.Compute/galleries/images/read",
    "Microsoft.Compute/galleries/images/versions/read",
    "Microsoft.Compute/galleries/read"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/golden"
  ]
}'
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'Image Builder session-host, template identity, gallery' --scope '/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/golden/providers/Microsoft.Compute/galleries/golden'

az role definition create --role-definition '{
  "Name": "Image Builder session-host, template identity, blob container",
  "IsCustom": true,
  "Description": "What the template identity of image template session-host needs, and no more",
  "Actions": [],
  "NotActions": [],
  "DataActions": [
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
  ],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/<subscription of contoso>/resourceGroups/<resource group of contoso>"
  ]
}'
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'Image Builder session-host, template identity, blob container' --scope '/subscriptions/<subscription of contoso>/resourceGroups/<resource group of contoso>/providers/Microsoft.Storage/storageAccounts/contoso/blobServices/default/containers/scripts'

az role definition create --role-definition '{
  "Name": "Image Builder session-host, template identity, virtual network",
  "IsCustom": true,
  "Description": "What the template identity of image template session-host needs, and no more",
  "Actions": [
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/virtualNetworks/subnets/join/action"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network"
  ]
}'
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'Image Builder session-host, template identity, virtual network' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub'

az role definition create --role-definition '{
  "Name": "Image Builder session-host, template identity, identity",
  "IsCustom": true,
  "Description": "What the template identity of image template session-host needs, and no more",
  "Actions": [
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>"
  ]
}'
# Microsoft.ManagedIdentity/userAssignedIdentities/read: documented; a role with the other action alone was reported to be enough
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'Image Builder session-host, template identity, identity' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder'

az role definition create --role-definition '{
  "Name": "Image Builder session-host, template identity, gallery 2",
  "IsCustom": true,
  "Description": "What the template identity of image template session-host needs, and no more",
  "Actions": [
    "Microsoft.Compute/galleries/images/read",
    "Microsoft.Compute/galleries/images/versions/read",
    "Microsoft.Compute/galleries/images/versions/write",
    "Microsoft.Compute/galleries/read"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images"
  ]
}'
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'Image Builder session-host, template identity, gallery 2' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate'

az role definition create --role-definition '{
  "Name": "Image Builder session-host, template identity, resource group",
  "IsCustom": true,
  "Description": "What the template identity of image template session-host needs, and no more",
  "Actions": [
    "Microsoft.Compute/images/delete",
    "Microsoft.Compute/images/read",
    "Microsoft.Compute/images/write"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images",
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/copies"
  ]
}'
# Microsoft.Compute/images/write, Microsoft.Compute/images/read, Microsoft.Compute/images/delete: documented also for galleries, for an image in between; newer builds seem to do without it
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'Image Builder session-host, template identity, resource group' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images'
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'Image Builder session-host, template identity, resource group' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/copies'

# if the group is there before; otherwise the service makes it and gives the role itself
az role assignment create --assignee-object-id "$identity" --assignee-principal-type ServicePrincipal --role 'b24988ac-6180-42a0-ab88-20f7382dd24c' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<stagingGroup>'

az role definition create --role-definition '{
  "Name": "Image Builder session-host, caller, resource group",
  "IsCustom": true,
  "Description": "What the caller of image template session-host needs, and no more",
  "Actions": [
    "Microsoft.Resources/deployments/operationStatuses/read",
    "Microsoft.Resources/deployments/operations/read",
    "Microsoft.Resources/deployments/read",
    "Microsoft.Resources/deployments/validate/action",
    "Microsoft.Resources/deployments/write",
    "Microsoft.VirtualMachineImages/imageTemplates/read",
    "Microsoft.VirtualMachineImages/imageTemplates/run/action",
    "Microsoft.VirtualMachineImages/imageTemplates/write"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>"
  ]
}'
az role assignment create --assignee-object-id "$caller" --role 'Image Builder session-host, caller, resource group' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>'

az role definition create --role-definition '{
  "Name": "Image Builder session-host, caller, identity",
  "IsCustom": true,
  "Description": "What the caller of image template session-host needs, and no more",
  "Actions": [
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"
  ],
  "NotActions": [],
  "DataActions": [],
  "NotDataActions": [],
  "AssignableScopes": [
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>"
  ]
}'
az role assignment create --assignee-object-id "$caller" --role 'Image Builder session-host, caller, identity' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder'

# if the group is there before; otherwise the service makes it and gives the role itself
az role assignment create --assignee-object-id "$service" --assignee-principal-type ServicePrincipal --role 'b24988ac-6180-42a0-ab88-20f7382dd24c' --scope '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<stagingGroup>'
