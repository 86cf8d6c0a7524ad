"""What happens to the build VM when a step fails: `errorHandling`."""

from __future__ import annotations

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-errorhandling"

# The first version with the property.
SINCE = "2023-07-01"


@check("AIB234", "abort-leaves-cost", "info", JSON)
def abort_leaves_cost(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for `errorHandling` that leaves everything as it is when a step fails: `abort` for `onCustomizerError` or
    `onValidationError`.

    ## Why it matters
    `abort` is there to look into the build VM after a failure. In a pipeline nobody looks, and the VM with its disk and
    its network runs and is billed until somebody deletes them.

    ## Bad
    ```json
    "properties": {"errorHandling": {"onCustomizerError": «"abort"»}}
    ```

    ## Good
    ```json
    "properties": {"errorHandling": {"onCustomizerError": "cleanup"}}
    ```
    """
    if template.api_version < SINCE:
        return
    for name, what in (("onCustomizerError", "customizer"), ("onValidationError", "validator")):
        value = template.properties.get("errorHandling", name)
        if (value.text or "").lower() == "abort":
            yield Finding(
                value,
                f"after a failed {what} the build VM keeps running, and costs, until somebody deletes it",
                help=f'write `"{name}": "cleanup"` once you are done looking for the error',
            )
