"""The steps themselves: what each of them runs, on which operating system, as whom."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.recognise import DEPLOYMENT

from .data import platform_images
from .ground import is_windows_client, platform_image

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.source.document import Fault
    from aiblint.template import ImageTemplate, Step

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
CUSTOMIZE = JSON + "#properties-customize"
POWERSHELL = JSON + "#powershell-customizer"
SWAGGER = "https://github.com/Azure/azure-rest-api-specs/tree/main/specification/imagebuilder"
EXPRESSIONS = (
    "https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions#escape-characters"
)
AVD_README = (
    "https://github.com/danielsollondon/azvmimagebuilder/blob/master/solutions/14_Building_Images_WVD/readme.md"
)
ELEVATED_ISSUE = "https://github.com/danielsollondon/azvmimagebuilder/issues/24"
EXIT_CODES_ISSUE = "https://github.com/Azure/azvmimagebuilder/issues/43"

# Shell is for Linux, these are for Windows, File is for both (JSON, "Properties: customize").
WINDOWS_STEPS = ("PowerShell", "WindowsRestart", "WindowsUpdate")
SCRIPTS = ("Shell", "PowerShell")
# `runAsSystem` exists since 2020-02-14, and the service knew it under the preview before.
RUN_AS_SYSTEM = "2019-05-01-preview"


def _has(step: Step, name: str) -> bool:
    """Whether a step has this property for certain, and something in it."""
    value = step.get(name)
    return bool(value.items) or any(piece for piece in value.pieces if isinstance(piece, str))


def _lacks(step: Step, name: str) -> bool:
    """Whether a step has nothing in this property for certain."""
    value = step.get(name)
    # A parameter that is empty by default waits for whoever deploys.
    return value.is_missing or (value.data in ("", []) and value.definition is None)


@check("AIB310", "os-customizer-mismatch", "error", CUSTOMIZE, SWAGGER)
def os_customizer_mismatch(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for steps that the operating system of the source does not know: `Shell` is for Linux, `PowerShell`,
    `WindowsRestart` and `WindowsUpdate` are for Windows. Where the system of the source cannot be told, steps for both
    in one template contradict each other all the same.

    ## Why it matters
    The service refuses such a step (`UnsupportedCustomizerType`, `UnsupportedValidatorType`); no build can run it.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Greet", "inline": ["echo hello"]},
      {"type": «"WindowsRestart"», "name": "Restart", "restartTimeout": "15m"}
    ]
    ```
    ```json
    "source": {"type": "PlatformImage", "publisher": "contoso", "offer": "base", "sku": "server", "version": "latest"},
    "customize": [
      {"type": "Shell", "name": "Update", "inline": ["sudo dnf -y update"]},
      {"type": "Shell", "name": "Greet", "inline": ["echo hello"]},
      {"type": «"PowerShell"», "name": "Welcome", "inline": ["Write-Output hello"]}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Greet", "inline": ["Write-Output hello"]},
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```
    """
    image = platform_image(template)
    system = platform_images.operating_system(*image) if image is not None else None
    for_windows = [step for step in template.steps if step.type in WINDOWS_STEPS]
    for_linux = [step for step in template.steps if step.type == "Shell"]
    if image is not None and system is not None:
        wrong = for_linux if system == "Windows" else for_windows
        because = f"the source is {system} (`{'/'.join(part for part in image if part)}`)"
        related = tuple(Related(step.get("type").span, f"{_needs(step)}, too") for step in wrong[1:])
        help_ = _INSTEAD.get(wrong[0].type or "", "") if wrong else ""
    elif for_windows and for_linux:
        # The few are the ones that were copied from elsewhere; of as many, the later ones.
        wrong, rest = sorted((for_windows, for_linux), key=lambda steps: (len(steps), -steps[0].value.node.start))
        because = f"{rest[0].label} {_needs(rest[0])}"
        related = (Related(rest[0].get("type").span, _needs(rest[0])),)
        help_ = f"write all steps for one system: no source runs both `{wrong[0].type}` and `{rest[0].type}`"
    else:
        return
    if wrong:
        yield Finding(
            wrong[0].get("type"),
            f"{wrong[0].label} is a `{wrong[0].type}` step, which {_needs(wrong[0])}, but {because}",
            help=help_,
            related=related,
        )


_INSTEAD = {
    "Shell": "use a `PowerShell` step",
    "PowerShell": "use a `Shell` step",
    "WindowsRestart": "remove it: nothing restarts a Linux build",
    "WindowsUpdate": "update in a `Shell` step, such as `sudo apt-get -y upgrade`",
}


def _needs(step: Step) -> str:
    return "needs Linux" if step.type == "Shell" else "needs Windows"


@check("AIB311", "inline-and-uri", "error", SWAGGER, JSON)
def inline_and_uri(step: Step) -> Findings:
    """
    ## What it does
    Looks for a `Shell` or `PowerShell` step that gives its commands twice: in `inline` and behind `scriptUri`.

    ## Why it matters
    The API takes exactly one of the two, and Packer refuses a step with both.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        «"inline"»: ["echo hello"],
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"},
      {"type": "Shell", "name": "Greet", "inline": ["echo hello"]}
    ]
    ```
    """
    uri = "scriptUri" if _has(step, "scriptUri") else "script"
    if step.type not in SCRIPTS or not _has(step, "inline") or not _has(step, uri):
        return
    yield Finding(
        step.get("inline").key_span,
        f"{step.label} has both `inline` and `{uri}`, and a step can only have one of them",
        help="make two steps of it, in the order in which they must run",
        related=(Related(step.get(uri).key_span, "the other script"),),
    )


@check("AIB312", "no-script", "error", SWAGGER, JSON)
def no_script(step: Step) -> Findings:
    """
    ## What it does
    Looks for a `Shell` or `PowerShell` step with nothing to run (no `scriptUri`, and no command in `inline`), and for
    a `File` step with nothing to copy (no `sourceUri`).

    ## Why it matters
    The submission is rejected with `NoCustomizerScript`, for a validator with `NoValidatorScript`.

    ## Bad
    ```json
    "customize": [{"type": «"Shell"», "name": "Install"}]
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Install", "inline": «[]»}]
    ```
    ```json
    "customize": [{"type": «"File"», "name": "Copy", "destination": "/tmp/settings.json"}]
    ```

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "Install", "inline": ["cloud-init status --wait", "sudo apt-get update"]}]
    ```
    """
    copies = step.type == "File"
    wanted = ("sourceUri",) if copies else ("inline", "scriptUri", "script") if step.type in SCRIPTS else ()
    if not wanted or not all(_lacks(step, name) for name in wanted):
        return
    # Under a name that only looks right it is there: `unknown-property` says so.
    others = (name for name, _ in step.value.members if name not in wanted)
    if any(re.match(r"in-?line|script|source|url|uri|command", name, re.IGNORECASE) for name in others):
        return
    empty = next((step.get(name) for name in wanted if not step.get(name).is_missing), None)
    code = "NoCustomizerScript" if step.phase == "customize" else "NoValidatorScript"
    yield Finding(
        empty if empty is not None else step.get(wanted[-1]),
        f"{step.label} has nothing to {'copy' if copies else 'run'}",
        help="give it a `sourceUri`" if copies else "give it commands in `inline`, or a `scriptUri`, or remove it",
        notes=() if copies else (f"the submission is rejected with `{code}`",),
    )


@check("AIB313", "run-as-system-unelevated", "error", SWAGGER, POWERSHELL)
def run_as_system_unelevated(step: Step, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for `runAsSystem` in a step that does not set `runElevated`, too.

    ## Why it matters
    The API takes `runAsSystem` only together with `runElevated`: only an elevated step can become the System user.

    ## Bad
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Install", "runAsSystem": «true», "inline": ["Write-Output hello"]}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Greet", "runElevated": true, "runAsSystem": true, "inline": ["Write-Output hi"]}
    ]
    ```
    """
    elevated = step.get("runElevated")
    as_system = step.get("runAsSystem")
    if step.type != "PowerShell" or as_system.flag is not True or template.api_version < RUN_AS_SYSTEM:
        return
    if elevated.is_missing or elevated.flag is False:
        yield Finding(
            as_system,
            f"{step.label} has `runAsSystem` without `runElevated`",
            help='add `"runElevated": true`' if elevated.is_missing else "set `runElevated` to true",
            notes=("the API takes `runAsSystem` only in an elevated step",),
        )


@check("AIB314", "elevated-without-system", "warning", ELEVATED_ISSUE, AVD_README, POWERSHELL)
def elevated_without_system(step: Step, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for `runElevated` without `runAsSystem` where the source is Windows 10 or 11, multi-session included. On
    Windows Server such steps are fine.

    ## Why it matters
    An elevated step runs as a scheduled task of the build user. On Windows 10 and 11 that task is known never to end:
    the build hangs, and dies when its time is up.

    ## Bad
    ```json windows
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsDesktop",
      "offer": "windows-11",
      "sku": "win11-25h2-avd",
      "version": "latest"
    },
    "customize": [
      {"type": "PowerShell", "name": "Install", «"runElevated"»: true, "inline": ["Write-Output hello"]}
    ]
    ```

    ## Good
    ```json windows
    "source": {
      "type": "PlatformImage",
      "publisher": "MicrosoftWindowsDesktop",
      "offer": "windows-11",
      "sku": "win11-25h2-avd",
      "version": "latest"
    },
    "customize": [
      {"type": "PowerShell", "name": "Greet", "runElevated": true, "runAsSystem": true, "inline": ["Write-Output hi"]}
    ]
    ```
    """
    as_system = step.get("runAsSystem")
    if step.type != "PowerShell" or step.get("runElevated").flag is not True or template.api_version < RUN_AS_SYSTEM:
        return
    if (as_system.is_missing or as_system.flag is False) and is_windows_client(template):
        yield Finding(
            step.get("runElevated").key_span,
            f"{step.label} runs elevated but not as System, which is known to hang on Windows 10 and 11",
            help='add `"runAsSystem": true`' if as_system.is_missing else "set `runAsSystem` to true",
            notes=("a build that hangs ends only when `buildTimeoutInMinutes` is over",),
        )


@check("AIB315", "exit-codes-without-zero", "error", EXIT_CODES_ISSUE, POWERSHELL)
def exit_codes_without_zero(step: Step) -> Findings:
    """
    ## What it does
    Looks for `validExitCodes` without 0. The list replaces the default, it does not add to it.

    ## Why it matters
    The step fails exactly when it succeeds: `Script exited with non-zero exit status: 0`, and the build is over.

    ## Bad
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Install", "validExitCodes": «[3010]», "inline": ["C:\\\\setup\\\\install.ps1"]}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Install", "validExitCodes": [0, 3010], "inline": ["C:\\\\setup\\\\install.ps1"]}
    ]
    ```
    """
    codes = step.get("validExitCodes")
    numbers = [item.number for item in codes.items]
    if step.type != "PowerShell" or not numbers or None in numbers or 0 in numbers:
        return
    listed = ", ".join(str(number) for number in numbers)
    yield Finding(
        codes,
        f"`validExitCodes` of {step.label} lacks 0, so the step fails when it succeeds",
        help=f"write `[0, {listed}]`",
        notes=("the list replaces the default, which is 0 alone",),
    )


@check("AIB316", "inline-read-as-expression", "error", EXPRESSIONS)
def inline_read_as_expression(fault: Fault) -> Findings:
    """
    ## What it does
    Looks for commands of a deployment template that begin with `[` and end with `]` but are no template expression:
    tests of the shell, type names of PowerShell.

    ## Why it matters
    Resource Manager takes every such string for an expression and refuses the whole deployment.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {"identity": {"type": "string"}},
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "name": "Check", "inline": [«"[ -f /etc/app.conf ]"»]}],
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
      "parameters": {"identity": {"type": "string"}},
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "name": "Check", "inline": ["[[ -f /etc/a ]", "test -f /etc/app.conf"]}],
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
    if fault.kind != "inline-expression":
        return
    yield Finding(
        fault.span,
        "this command is read as a template expression, since it begins with `[` and ends with `]`",
        help="write `[[` for the first `[` if it is a command; if it is meant to be an expression, mend it",
        notes=(f"as an expression it is broken: {fault.message}",),
    )


@check("AIB317", "nothing-to-customize", "info", CUSTOMIZE)
def nothing_to_customize(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a template without a step, without validation and without optimization.

    ## Why it matters
    It is allowed, but the image is a copy of its source, made by a build that takes half an hour.

    ## Bad
    ```json
    «"customize"»: []
    ```

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}]
    ```
    ```json
    "customize": [],
    "optimize": {"vmBoot": {"state": "Enabled"}}
    ```
    """
    customize = template.properties.get("customize")
    does_more = any(not template.properties.get(name).is_missing for name in ("validate", "optimize"))
    if template.properties.is_missing or does_more or not (customize.is_missing or customize.data == []):
        return
    if template.properties.node.is_maimed:
        return
    yield Finding(
        customize if customize.is_missing else customize.key_span,
        "nothing is customized: the image will be a copy of its source",
        help="add the steps that the image needs to `customize`, or use the source image itself",
    )


@check("AIB318", "duplicate-step-name", "info", SWAGGER)
def duplicate_step_name(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for two steps of the same type and the same name.

    ## Why it matters
    The service does not mind. But a name is there to say what a step does, and where two have the same one, one of them
    is often a copy that was not finished.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "inline": ["cloud-init status --wait", "sudo apt-get update"]},
      {"type": "Shell", "name": «"Install"», "inline": ["sudo apt-get install -y nginx"]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Update", "inline": ["cloud-init status --wait", "sudo apt-get update"]},
      {"type": "Shell", "name": "Install", "inline": ["sudo apt-get install -y nginx"]}
    ]
    ```
    """
    first: dict[tuple[str, str, str], Step] = {}
    for step in template.steps:
        name = step.get("name")
        if not name.text or step.type is None:
            continue
        # A File step and the step that runs the file often share a name on purpose.
        other = first.setdefault((step.phase, step.type, name.text.lower()), step)
        if other is not step:
            yield Finding(
                name,
                f"another {step.type} step is called `{other.get('name').text}` as well",
                help="give each step a name that says what it does",
                related=(Related(other.get("name").span, "the name is first given here"),),
            )


@check("AIB321", "inline-loses-bracket", "warning", EXPRESSIONS)
def inline_loses_bracket(step: Step, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for commands of a deployment template that begin with `[[` and end with `]]`, the test of bash. Resource
    Manager takes the first of two brackets for an escape and removes it.

    ## Why it matters
    What runs is `[ ... ]]`: the shell finds no closing bracket, and the test fails whatever it asks.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {"identity": {"type": "string"}},
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "name": "Check", "inline": [«"[[ -f /etc/app.conf ]]"»]}],
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
    ```json
    "customize": [{"type": "Shell", "name": "Check", "inline": ["test -f /etc/app.conf"]}]
    ```
    """
    if template.form != DEPLOYMENT or step.type != "Shell":
        return
    for line in step.get("inline").items:
        written = str((line.definition or line.node).value)
        if written.startswith("[[") and written.endswith("]]") and line.text == written[1:]:
            yield Finding(
                line,
                f"this command of {step.label} loses its first bracket: it begins with `[[` and ends with `]`",
                help="write `[[[` for `[[`, or use `test`",
                notes=("in a deployment template `[[` stands for one `[` where the string ends with `]`",),
            )
