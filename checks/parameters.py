"""The parameters of a deployment template: whether their values are such as they themselves demand."""

from __future__ import annotations

from aiblint.arm.deployment import NOT_ITS_TYPE
from aiblint.arm.evaluate import ScopeError
from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.recognise import IMAGE_TEMPLATE
from aiblint.value import Unknown, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.source.document import Node
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

PARAMETERS = "https://learn.microsoft.com/azure/azure-resource-manager/templates/parameters"


@check("AIB015", "parameter-value", "error", PARAMETERS)
def parameter_value(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a parameter whose value (its default, that of the parameter file beside the template, or one given with
    `--parameters`) is not of its `type`, none of its `allowedValues`, beyond its `minValue` or `maxValue`, or shorter
    or longer than its `minLength` and `maxLength` allow.

    ## Why it matters
    Resource Manager refuses the deployment before it looks at the image template.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {
        "region": {"type": "string", "defaultValue": «"westus"», "allowedValues": ["westeurope", "northeurope"]},
        "identity": {"type": "string"}
      },
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "[parameters('region')]",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```

    ## Good
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {
        "region": {"type": "string", "defaultValue": "westeurope", "allowedValues": ["westeurope", "northeurope"]},
        "timeout": {"type": "int", "defaultValue": 120, "minValue": 60},
        "identity": {"type": "string"}
      },
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "[parameters('region')]",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "buildTimeoutInMinutes": "[parameters('timeout')]",
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```
    """
    for name, declared, value in _parameters(template):
        wrong = _mistyped(value, declared) or _wrong(plain(value), declared)
        if wrong is not None:
            demand, words = wrong
            yield Finding(
                value.node,
                f"the value of parameter `{name}` {words}",
                help=f"give it a value that fits, or change its `{demand.key.value if demand.key else ''}`",
                related=(Related(demand.span, "this is what it demands"),),
            )


def _parameters(template: ImageTemplate) -> Iterator[tuple[str, Node, Value]]:
    """The parameters that the image template can refer to: name, declaration and value; the secure ones are unknown."""
    for resource in template.deployment.of_type(IMAGE_TEMPLATE) if template.deployment is not None else ():
        scope = resource.scope
        declared = scope.template.member("parameters") if scope.template is not None else None
        if resource.value is template.resource and declared is not None:
            for parameter in declared.children:
                if parameter.key is not None:
                    name = str(parameter.key.value)
                    try:
                        yield name, parameter, scope.parameter(name)
                    except ScopeError:  # a default that needs itself is the matter of `broken-expression`
                        continue


def _mistyped(value: Value, declared: Node) -> tuple[Node, str] | None:
    """The type that a value does not have, and how; None where it has it, or where it is not known."""
    type_ = declared.member("type")
    if type_ is not None and isinstance(value.data, Unknown) and value.data.reason == NOT_ITS_TYPE:
        return type_, f"is not of its type, `{type_.value}`"
    return None


def _wrong(value: object, declared: Node) -> tuple[Node, str] | None:
    """The demand that a value does not meet, and how; None where it meets all, or where it is not wholly known."""
    allowed = declared.member("allowedValues")
    if allowed is not None and isinstance(value, (str, int)):
        choices = [child.value for child in allowed.children if child.kind in ("string", "number", "boolean")]
        known = not any(isinstance(choice, str) and choice.startswith("[") for choice in choices)
        # Whether letter case matters is not documented.
        if known and len(choices) == len(allowed.children) and _folded(value) not in map(_folded, choices):
            return allowed, "is none of those that it allows"
    size = len(value) if isinstance(value, (str, list)) else None
    amount = value if isinstance(value, int) and not isinstance(value, bool) else None
    for demand, given, sign, words in (
        ("minValue", amount, 1, "is less than {}"),
        ("maxValue", amount, -1, "is more than {}"),
        ("minLength", size, 1, "is shorter than {}"),
        ("maxLength", size, -1, "is longer than {}"),
    ):
        limit = declared.member(demand)
        if (
            limit is not None
            and isinstance(limit.value, int)
            and given is not None
            and (given - limit.value) * sign < 0
        ):
            return limit, words.format(limit.value)
    return None


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
