// Made by aiblint. A new role takes minutes until it counts.
targetScope = 'subscription'

@description('Principal ID of the identity /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/<resource group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder')
param identityPrincipalId string

@description('Object ID of who submits the template')
param callerPrincipalId string

@description('Object ID of the service principal of Image Builder in this tenant (appId cf32a0cc-373c-47c9-9156-0db11f6a6dfc)')
param servicePrincipalId string

@description('What stands for <subscription of contoso> in the scopes below')
param subscriptionOfContoso string

@description('What stands for <resource group of contoso> in the scopes below')
param resourceGroupOfContoso string

@description('What stands for <resource group> in the scopes below')
param resourceGroupName string

@description('What stands for <stagingGroup> in the scopes below')
param stagingGroup string

// Image template session-host

resource role1 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, template identity, gallery')
  properties: {
    roleName: 'Image Builder session-host, template identity, gallery'
    description: 'What the template identity of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Compute/galleries/images/read'
          'Microsoft.Compute/galleries/images/versions/read'
          'Microsoft.Compute/galleries/read'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/golden'
    ]
  }
}

// gallery `golden`
var role1At1Scope = '/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/golden/providers/Microsoft.Compute/galleries/golden'
#disable-next-line no-deployments-resources
resource role1At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role1At1Scope, identityPrincipalId, role1.id)}'
  subscriptionId: '99999999-2222-3333-4444-555555555555'
  resourceGroup: 'golden'
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role1At1Scope, identityPrincipalId, role1.id)
          scope: 'Microsoft.Compute/galleries/golden'
          properties: {
            roleDefinitionId: role1.id
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

resource role2 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, template identity, blob container')
  properties: {
    roleName: 'Image Builder session-host, template identity, blob container'
    description: 'What the template identity of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/${subscriptionOfContoso}/resourceGroups/${resourceGroupOfContoso}'
    ]
  }
}

// blob container `contoso/scripts`
var role2At1Scope = '/subscriptions/${subscriptionOfContoso}/resourceGroups/${resourceGroupOfContoso}/providers/Microsoft.Storage/storageAccounts/contoso/blobServices/default/containers/scripts'
#disable-next-line no-deployments-resources
resource role2At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role2At1Scope, identityPrincipalId, role2.id)}'
  subscriptionId: subscriptionOfContoso
  resourceGroup: resourceGroupOfContoso
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role2At1Scope, identityPrincipalId, role2.id)
          scope: 'Microsoft.Storage/storageAccounts/contoso/blobServices/default/containers/scripts'
          properties: {
            roleDefinitionId: role2.id
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

resource role3 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, template identity, virtual network')
  properties: {
    roleName: 'Image Builder session-host, template identity, virtual network'
    description: 'What the template identity of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Network/virtualNetworks/read'
          'Microsoft.Network/virtualNetworks/subnets/join/action'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network'
    ]
  }
}

// virtual network `hub`
var role3At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/hub'
#disable-next-line no-deployments-resources
resource role3At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role3At1Scope, identityPrincipalId, role3.id)}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: 'network'
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role3At1Scope, identityPrincipalId, role3.id)
          scope: 'Microsoft.Network/virtualNetworks/hub'
          properties: {
            roleDefinitionId: role3.id
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

resource role4 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, template identity, identity')
  properties: {
    roleName: 'Image Builder session-host, template identity, identity'
    description: 'What the template identity of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action'
          'Microsoft.ManagedIdentity/userAssignedIdentities/read'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${resourceGroupName}'
    ]
  }
}

// identity `builder`
// Microsoft.ManagedIdentity/userAssignedIdentities/read: documented; a role with the other action alone was reported to be enough
var role4At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder'
#disable-next-line no-deployments-resources
resource role4At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role4At1Scope, identityPrincipalId, role4.id)}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: resourceGroupName
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role4At1Scope, identityPrincipalId, role4.id)
          scope: 'Microsoft.ManagedIdentity/userAssignedIdentities/builder'
          properties: {
            roleDefinitionId: role4.id
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

resource role5 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, template identity, gallery 2')
  properties: {
    roleName: 'Image Builder session-host, template identity, gallery 2'
    description: 'What the template identity of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Compute/galleries/images/read'
          'Microsoft.Compute/galleries/images/versions/read'
          'Microsoft.Compute/galleries/images/versions/write'
          'Microsoft.Compute/galleries/read'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images'
    ]
  }
}

// gallery `corporate`
var role5At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/galleries/corporate'
#disable-next-line no-deployments-resources
resource role5At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role5At1Scope, identityPrincipalId, role5.id)}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: 'images'
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role5At1Scope, identityPrincipalId, role5.id)
          scope: 'Microsoft.Compute/galleries/corporate'
          properties: {
            roleDefinitionId: role5.id
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

resource role6 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, template identity, resource group')
  properties: {
    roleName: 'Image Builder session-host, template identity, resource group'
    description: 'What the template identity of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Compute/images/delete'
          'Microsoft.Compute/images/read'
          'Microsoft.Compute/images/write'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images'
      '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/copies'
    ]
  }
}

// resource group `images`
// Microsoft.Compute/images/write, Microsoft.Compute/images/read, Microsoft.Compute/images/delete: documented also for galleries, for an image in between; newer builds seem to do without it
var role6At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images'
#disable-next-line no-deployments-resources
resource role6At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role6At1Scope, identityPrincipalId, role6.id)}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: 'images'
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role6At1Scope, identityPrincipalId, role6.id)
          properties: {
            roleDefinitionId: role6.id
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

// resource group `copies`
var role6At2Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/copies'
#disable-next-line no-deployments-resources
resource role6At2 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role6At2Scope, identityPrincipalId, role6.id)}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: 'copies'
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role6At2Scope, identityPrincipalId, role6.id)
          properties: {
            roleDefinitionId: role6.id
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

// resource group `<stagingGroup>`
// if the group is there before; otherwise the service makes it and gives the role itself
var role7At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${stagingGroup}'
#disable-next-line no-deployments-resources
resource role7At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role7At1Scope, identityPrincipalId, tenantResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c'))}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: stagingGroup
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role7At1Scope, identityPrincipalId, tenantResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c'))
          properties: {
            roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')
            principalId: identityPrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}

resource role8 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, caller, resource group')
  properties: {
    roleName: 'Image Builder session-host, caller, resource group'
    description: 'What the caller of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.Resources/deployments/operationStatuses/read'
          'Microsoft.Resources/deployments/operations/read'
          'Microsoft.Resources/deployments/read'
          'Microsoft.Resources/deployments/validate/action'
          'Microsoft.Resources/deployments/write'
          'Microsoft.VirtualMachineImages/imageTemplates/read'
          'Microsoft.VirtualMachineImages/imageTemplates/run/action'
          'Microsoft.VirtualMachineImages/imageTemplates/write'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${resourceGroupName}'
    ]
  }
}

// resource group `<resource group>`
var role8At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${resourceGroupName}'
#disable-next-line no-deployments-resources
resource role8At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role8At1Scope, callerPrincipalId, role8.id)}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: resourceGroupName
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role8At1Scope, callerPrincipalId, role8.id)
          properties: {
            roleDefinitionId: role8.id
            principalId: callerPrincipalId
          }
        }
      ]
    }
  }
}

resource role9 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, 'Image Builder session-host, caller, identity')
  properties: {
    roleName: 'Image Builder session-host, caller, identity'
    description: 'What the caller of image template session-host needs, and no more'
    type: 'CustomRole'
    permissions: [
      {
        actions: [
          'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action'
        ]
      }
    ]
    assignableScopes: [
      '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${resourceGroupName}'
    ]
  }
}

// identity `builder`
var role9At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder'
#disable-next-line no-deployments-resources
resource role9At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role9At1Scope, callerPrincipalId, role9.id)}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: resourceGroupName
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role9At1Scope, callerPrincipalId, role9.id)
          scope: 'Microsoft.ManagedIdentity/userAssignedIdentities/builder'
          properties: {
            roleDefinitionId: role9.id
            principalId: callerPrincipalId
          }
        }
      ]
    }
  }
}

// resource group `<stagingGroup>`
// if the group is there before; otherwise the service makes it and gives the role itself
var role10At1Scope = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/${stagingGroup}'
#disable-next-line no-deployments-resources
resource role10At1 'Microsoft.Resources/deployments@2022-09-01' = {
  name: 'aiblint-${uniqueString(role10At1Scope, servicePrincipalId, tenantResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c'))}'
  subscriptionId: '11111111-2222-3333-4444-555555555555'
  resourceGroup: stagingGroup
  properties: {
    mode: 'Incremental'
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: [
        {
          type: 'Microsoft.Authorization/roleAssignments'
          apiVersion: '2022-04-01'
          name: guid(role10At1Scope, servicePrincipalId, tenantResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c'))
          properties: {
            roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')
            principalId: servicePrincipalId
            principalType: 'ServicePrincipal'
          }
        }
      ]
    }
  }
}
