"""The tests of the finished image: `validate`."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
VALIDATE = f"{JSON}#properties-validate"
FILE = f"{JSON}#file-customizer"

# Older versions do not have the property at all, and `unknown-property` says so.
SINCE = "2022-02-14"

# Debian and Ubuntu empty /tmp at each start (tmpfiles.d), which others do not.
_EMPTIES_TMP = ("canonical", "debian")

# A line that may put the file there itself, or that only wants to know that it is gone.
_OTHERWISE = pattern(r"[!>|]|\b(?:if|cp|curl|install|mkdir|mktemp|mv|rm|touch|wget)\b|\s-[oO]\b")


@check("AIB233", "validation-rules", "warning", VALIDATE, FILE)
def validation_rules(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for customizers beside `sourceValidationOnly`, and for validators that use a file which a File customizer put
    under `/tmp` on Debian or Ubuntu.

    ## Why it matters
    With `sourceValidationOnly` the source image itself is validated and no image is built: no customizer runs. And
    validators run on a new VM that was made from the image. Debian and Ubuntu empty `/tmp` when it starts, so the file
    is gone, the validation fails, and the finished image is not distributed.

    ## Bad
    ```json
    "validate": {
      "sourceValidationOnly": «true»,
      "inVMValidations": [{"type": "Shell", "name": "Boots", "inline": ["uptime"]}]
    }
    ```
    ```json
    "customize": [
      {
        "type": "File",
        "name": "Tests",
        "sourceUri": "https://images.blob.core.windows.net/scripts/smoke.sh",
        "destination": "/tmp/smoke.sh"
      }
    ],
    "validate": {
      "inVMValidations": [{"type": "Shell", "name": "Smoke", "inline": ["sh «/tmp/smoke.sh»"]}]
    }
    ```

    ## Good
    ```json
    "customize": [],
    "validate": {
      "sourceValidationOnly": true,
      "inVMValidations": [{"type": "Shell", "name": "Boots", "inline": ["uptime"]}]
    }
    ```
    ```json
    "validate": {
      "inVMValidations": [
        {
          "type": "File",
          "name": "Tests",
          "sourceUri": "https://images.blob.core.windows.net/scripts/smoke.sh",
          "destination": "/tmp/smoke.sh"
        },
        {"type": "Shell", "name": "Smoke", "inline": ["sh /tmp/smoke.sh"]}
      ]
    }
    ```
    """
    if template.api_version < SINCE:
        return
    only = template.properties.get("validate", "sourceValidationOnly")
    if only.flag and template.customizers:
        steps = len(template.customizers)
        what = "the step of `customize` does" if steps == 1 else f"the {steps} steps of `customize` do"
        yield Finding(
            only,
            f"`sourceValidationOnly` is on, so {what} not run",
            help="remove it to build and validate the image, or remove the steps to validate only the source",
        )
    elif template.steps_known and (template.source.get("publisher").text or "").lower() in _EMPTIES_TMP:
        for customizer in template.customizers:
            destination = customizer.get("destination")
            if customizer.type == "File" and (destination.text or "").startswith("/tmp/"):
                yield from _uses(template, destination)


def _uses(template: ImageTemplate, destination: Value) -> Findings:
    """The first use of a file by a validator, unless validators may have put it there themselves."""
    path = pattern(rf"(?<![\w./-]){re.escape(destination.text or '')}(?![\w./-])")
    for validator in template.validators:
        if validator.get("destination").text == destination.text or not validator.get("scriptUri").is_missing:
            return
        for line in validator.get("inline").items:
            used = path.search(line.text or "")
            if line.text is None or (used and _OTHERWISE.search(line.text)):
                return
            if used:
                yield Finding(
                    line.part(*used.span()),
                    f"{validator.label} uses `{destination.text}`, which is not on the VM that it runs on",
                    help="put it there with a File validator, or move it out of `/tmp` in a later step of `customize`",
                    notes=("validators run on a new VM made from the image, and its `/tmp` is emptied when it starts",),
                    related=(Related(destination.span, "put there while the image was built"),),
                )
                return
