"""The shape: what the API version's schema accepts. `aiblint.shape` finds the departures, here they get their words."""

from __future__ import annotations

from aiblint import shape
from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.recognise import DEPLOYMENT

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.shape import Violation
    from aiblint.template import Distributor, ImageTemplate, Step
    from aiblint.value import Value

REFERENCE = "https://learn.microsoft.com/azure/templates/microsoft.virtualmachineimages/imagetemplates"
RELEASE_NOTES = "https://learn.microsoft.com/azure/virtual-machines/image-builder-api-update-release-notes"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"

# From here on the service refuses unknown names and wrong letter case; before, it was forgiving (release notes).
STRICT = "2024-02-01"
LENIENT = f"API versions before {STRICT} let it pass; from {STRICT} on the submission is rejected"
UNSAID = f"the file does not say its API version; from {STRICT} on the submission is rejected"


# There is one of each, so these need no article to tell them apart.
_WHOLE = {"": "the image template", "properties": "the image template", "a source": "the source"}


def _owner(violation: Violation, template: ImageTemplate) -> str:
    """What the violation is in, in the template's words: step `InstallApps` (a File customizer)."""
    above, index = violation.path[:2], next((part for part in violation.path if isinstance(part, int)), None)
    listed: tuple[Step | Distributor, ...] = ()
    if above == ("properties", "customize"):
        listed = template.customizers
    elif above == ("properties", "validate"):
        listed = template.validators
    elif above == ("properties", "distribute"):
        listed = template.distributors
    if index is not None and index < len(listed):
        label = listed[index].label
        return f"{label} ({violation.kind_of})" if violation.kind_of else label
    return _WHOLE.get(violation.kind_of, violation.kind_of)


def _accepted_by(violation: Violation) -> str:
    first = violation.known_in[0]
    return (
        f"it exists from API version {first} on"
        if violation.known_in[-1] == shape.NEWEST
        else f"it went with API version {violation.known_in[-1]}"
    )


def _quoted(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _strictness(template: ImageTemplate) -> tuple[str, tuple[str, ...]]:
    """How bad an unknown or misspelt name is for this API version, and why it is not worse."""
    if template.assumed:
        return "warning", (UNSAID,)
    return ("error", ()) if template.api_version >= STRICT else ("warning", (LENIENT,))


@check("AIB101", "unknown-property", "error", RELEASE_NOTES, REFERENCE)
def unknown_property(violation: Violation, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a property that the template's API version does not have at this place: misspelt, put into the wrong
    object, or of another version.

    ## Why it matters
    From API version 2024-02-01 on the submission is rejected with `unknown field`. Older versions ignore it, which is
    no better: what it should have done does not happen, and nobody is told. There it is a warning.

    ## Bad
    ```json
    "vmProfile": {"vmSize": "Standard_D4s_v5", «"hyperVGeneration"»: "V2"}
    ```
    ```json
    "apiVersion": "2022-07-01",
    "vmProfile": {"vmSize": "Standard_D4s_v5", «"tags"»: {"owner": "platform"}}
    ```

    ## Good
    ```json
    "vmProfile": {"vmSize": "Standard_D4s_v5"}
    ```
    """
    if violation.kind != "unknown-property":
        return
    at = template.at(violation.path)
    severity, notes = _strictness(template)
    if violation.known_in:
        notes = (_accepted_by(violation), *notes)
    if violation.nearest:
        help_ = f"did you mean {_quoted(violation.nearest)}?"
    elif violation.known_in and violation.known_in[-1] == shape.NEWEST:
        help_ = f"use `apiVersion` {violation.known_in[0]} or newer, or remove it"
    else:
        help_ = f"remove it; there {violation.expected}" if violation.expected.startswith("are ") else "remove it"
    yield Finding(
        at.key_span,
        f"{_owner(violation, template)} has no property `{violation.name}` in API version {template.api_version}",
        help=help_,
        notes=notes,
        severity=severity,
    )


@check("AIB102", "wrong-case", "error", RELEASE_NOTES, REFERENCE)
def wrong_case(violation: Violation, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for names and fixed values whose capital letters are not those of the API: `vmprofile` for `vmProfile`,
    `sharedImage` for `SharedImage`.

    ## Why it matters
    From API version 2024-02-01 on the service compares letter by letter and rejects the submission. Older versions were
    forgiving with names, so there it is a warning; the kinds of steps and distributors had to be exact even then.

    ## Bad
    ```json
    "vmProfile": {«"vmsize"»: "Standard_D4s_v5"}
    ```
    ```json
    "distribute": [
      {"type": «"vhd"», "runOutputName": "example", "uri": "https://images.blob.core.windows.net/vhds/example.vhd"}
    ]
    ```

    ## Good
    ```json
    "vmProfile": {"vmSize": "Standard_D4s_v5"}
    ```
    """
    if violation.kind != "wrong-case":
        return
    at = template.at(violation.path)
    right = violation.nearest[0] if violation.nearest else ""
    written = violation.name if violation.on_key else (at.text or "")
    # `sharedImage` was refused in 2020 already: MicrosoftDocs/azure-docs#61716, #71715.
    exact_even_then = not violation.on_key and violation.name == "type" and not violation.known_in
    severity, notes = ("error", ()) if exact_even_then else _strictness(template)
    yield Finding(
        at.key_span if violation.on_key else at,
        f"`{written}` is written `{right}`"
        + ("" if violation.on_key else f" as the `{violation.name}` of {violation.kind_of}"),
        help=f"write `{right}`",
        notes=notes,
        severity=severity,
    )


@check("AIB103", "missing-property", "error", REFERENCE)
def missing_property(violation: Violation, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a property that the API version requires and the template does not have. `null` counts as not there. The
    identity has a check of its own.

    ## Why it matters
    The submission is rejected with `Missing field`.

    ## Bad
    ```json
    "distribute": [
      {
        "type": «"ManagedImage"»,
        "runOutputName": "example",
        "imageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/example"
      }
    ]
    ```

    ## Good
    ```json
    "distribute": [
      {
        "type": "ManagedImage",
        "runOutputName": "example",
        "location": "westeurope",
        "imageId": "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.Compute/images/example"
      }
    ]
    ```
    """
    if violation.kind != "missing-property" or (*violation.path, violation.name) == ("identity",):
        return
    at = template.at(violation.path)
    yield Finding(
        at.get(violation.name),
        f"{_owner(violation, template)} needs `{violation.name}`, and has none",
        help=f"add `{violation.name}`" + (f": {violation.expected}" if violation.expected else ""),
        notes=(f"API version {template.api_version} requires it",),
    )


@check("AIB104", "wrong-type", "error", REFERENCE, JSON)
def wrong_type(violation: Violation, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for values of the wrong JSON type: a number or a boolean in quotes, a command that is not in an array.

    ## Why it matters
    The submission is rejected with an `Unmarshalling` error that names neither the line nor the step.

    ## Bad
    ```json
    "vmProfile": {"osDiskSizeGB": «"40"»}
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Greet", "inline": «"echo hello"»}]
    ```

    ## Good
    ```json
    "vmProfile": {"osDiskSizeGB": 40},
    "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}]
    ```
    """
    if violation.kind != "wrong-type":
        return
    yield Finding(
        template.at(violation.path),
        f"`{violation.name}` of {_owner(violation, template)} is {violation.found}, not {violation.expected}",
        help=_retyped(template.at(violation.path), violation.expected),
    )


def _retyped(value: Value, expected: str) -> str:
    text = value.text
    if text is not None and expected == "a whole number" and text.strip().lstrip("-").isdigit():
        return f"write {text.strip()} without quotes"
    if text is not None and expected == "true or false" and text.lower() in ("true", "false"):
        return f"write {text.lower()} without quotes"
    if text is not None and expected.startswith("an array"):
        return 'put it into an array: `["..."]`'
    return f"give it {expected}"


@check("AIB105", "invalid-value", "error", REFERENCE)
def invalid_value(violation: Violation, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for values that the API version does not take: a kind of step that does not exist, a number out of range, a
    name with a character that is not allowed.

    ## Why it matters
    The submission is rejected. Where the service may know more values than its description (storage account types, error
    handling), it is a warning.

    ## Bad
    ```json
    "customize": [{"type": «"Bash"», "name": "Greet", "inline": ["echo hello"]}]
    ```
    ```json
    "distribute": [
      {"type": "VHD", "runOutputName": «"my image"», "uri": "https://images.blob.core.windows.net/vhds/example.vhd"}
    ]
    ```

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "Greet", "inline": ["echo hello"]}]
    ```
    """
    if violation.kind != "invalid-value":
        return
    # `build-timeout-range` knows more about this number than the schema.
    if violation.path == ("properties", "buildTimeoutInMinutes"):
        return
    notes = (_accepted_by(violation),) if violation.known_in else ()
    nearest = f"did you mean {_quoted(violation.nearest)}?" if violation.nearest else f"give it {violation.expected}"
    yield Finding(
        template.at(violation.path),
        f"`{violation.name}` of {_owner(violation, template)} is {violation.found}, not {violation.expected}",
        help=nearest,
        notes=notes,
        severity="warning" if violation.open or (template.assumed and violation.known_in) else "error",
    )


@check("AIB106", "read-only-property", "warning", REFERENCE)
def read_only_property(violation: Violation, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for properties that the service fills in: `provisioningState`, `lastRunStatus`, `exactVersion`, the
    `principalId` of an identity. They come along when a template is exported from the portal.

    ## Why it matters
    What is written there is ignored; an `exactVersion` does not choose a version.

    ## Bad
    ```json
    "properties": {«"provisioningState"»: "Succeeded"}
    ```

    ## Good
    ```json
    "properties": {"buildTimeoutInMinutes": 120}
    ```
    """
    if violation.kind != "read-only":
        return
    yield Finding(
        template.at(violation.path).key_span,
        f"`{violation.name}` is read-only: the service fills it in",
        help="remove it; an exported template carries it along",
    )


@check("AIB107", "template-name", "error", REFERENCE)
def template_name(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the name of the image template: 1 to 64 letters, digits, `-`, `_` and (from 2019-05-01-preview on) `.`.

    ## Why it matters
    The submission is rejected.

    ## Bad
    ```json
    "name": «"my image"»
    ```

    ## Good
    ```json
    "name": "my-image_2.0"
    ```
    """
    name = template.resource.get("name")
    dots = template.api_version >= "2019-05-01-preview"
    allowed = "-_." if dots else "-_"
    if template.form != DEPLOYMENT or name.is_missing:
        return
    known = name.text.rsplit("/", 1)[-1] if name.text is not None else None
    wrong = next(
        (c for piece in name.pieces if isinstance(piece, str) for c in piece if not _fits(c, allowed + "/")), None
    )
    if wrong is not None:
        what = "a space" if wrong == " " else f"`{wrong}`"
        yield Finding(
            name, f"the name of the image template has {what} in it", help="use letters, digits, `-`, `_` and `.`"
        )
    elif known is not None and not 1 <= len(known) <= 64:
        yield Finding(
            name,
            f"the name of the image template has {len(known)} characters"
            if known
            else "the image template has an empty name",
            help="use 1 to 64 characters",
        )


def _fits(character: str, allowed: str) -> bool:
    return (character.isascii() and character.isalnum()) or character in allowed
