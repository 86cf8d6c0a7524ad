"""The shape: what the API version's schema accepts. `aiblint.shape` finds the departures, here they get their words."""

from __future__ import annotations

from aiblint import shape
from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.recognise import DEPLOYMENT

from .wording import listed

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.shape import Violation
    from aiblint.source.document import Span
    from aiblint.template import Distributor, ImageTemplate, Step
    from aiblint.value import Value

REFERENCE = "https://learn.microsoft.com/azure/templates/microsoft.virtualmachineimages/imagetemplates"
RELEASE_NOTES = "https://learn.microsoft.com/azure/virtual-machines/image-builder-api-update-release-notes"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"

# `sharedImage` of 2018 was refused here already: MicrosoftDocs/azure-docs#61716, #71715.
EXACT_KINDS = "2020-02-14"
LENIENT = f"API versions before {shape.STRICT} let it pass; from {shape.STRICT} on the submission is rejected"
UNSAID = f"the file does not say its API version; from {shape.STRICT} on the submission is rejected"


# What to write where a required property is missing and its type alone says too little.
WANTED = {
    "runOutputName": "a name of your own choice, of letters, digits, `-`, `_` and `.`",
    "galleryImageId": "the resource ID of the image definition in the gallery",
    "imageVersionId": "the resource ID of the image version in the gallery",
    "imageId": "the resource ID of the managed image",
    "location": "a region, such as `westeurope`",
    "planName": "`name` of the `plan` that `az vm image show` prints for the image",
    "planProduct": "`product` of the `plan` that `az vm image show` prints for the image",
    "planPublisher": "`publisher` of the `plan` that `az vm image show` prints for the image",
    "replicationRegions": 'the regions to publish to, such as `["westeurope"]`',
}
# Objects that people give as a string, and the property that the string belongs to.
HOLDERS = {
    "vnetConfig": "subnetId",
    "targetRegions": "name",
    "vmBoot": "state",
    "autoRun": "state",
    "workload": "state",
}
# How vnetConfig named a subnet before 2020-02-14 (release notes, "Version 2020-02-14").
OLD_SUBNET = ("name", "subnetName", "resourceGroupName")


def _subject(path: tuple[str | int, ...], template: ImageTemplate) -> str:
    """The value at a path in the template's words: `validExitCodes[0]` of step `InstallApps`."""
    listed: dict[object, tuple[Step | Distributor, ...]] = {
        "customize": template.customizers,
        "inVMValidations": template.validators,
        "distribute": template.distributors,
    }
    if path in ((), ("properties",)):
        return "the image template"
    if path == ("properties", "source"):
        return "the source"
    above, last = path[:-1], path[-1]
    if isinstance(last, int) and last < len(listed.get(above[-1], ())):
        return listed[above[-1]][last].label
    if above[-1:] == ("userAssignedIdentities",) and isinstance(last, str):
        return "an identity"
    own = ""
    while isinstance(last, int):
        own = f"[{last}]{own}"
        above, last = above[:-1], above[-1]
    own = f"`{last}{own}`"
    return own if above in ((), ("properties",)) else f"{own} of {_subject(above, template)}"


def _holder(path: tuple[str | int, ...], template: ImageTemplate) -> str:
    """An object that has or lacks a property, with its kind if it is one of several: step `InstallApps` (`File`)."""
    kind = template.at(path).get("type").text if path and isinstance(path[-1], int) else None
    kind = template.source_type if path == ("properties", "source") else kind
    return _subject(path, template) + (f" (`{kind}`)" if kind else "")


def _key(violation: Violation, template: ImageTemplate) -> Span:
    """The name at fault. Where it stands itself, it does not matter what its value refers to."""
    value = template.at(violation.path)
    written = value.node.key is not None and value.node.key.value == violation.name
    return value.key_span._replace(definition=None) if written else value.key_span


def _accepted_by(violation: Violation) -> str:
    return (
        f"it exists from API version {violation.known_in[0]} on"
        if violation.known_in[-1] == shape.NEWEST
        else f"only API versions up to {violation.known_in[-1]} have it"
    )


def _quoted(names: tuple[str, ...]) -> str:
    return listed([f"`{name}`" for name in names], "or")


def _strictness(template: ImageTemplate) -> tuple[str, tuple[str, ...]]:
    """How bad an unknown or misspelt name is for this API version, and why it is not worse."""
    if template.assumed:
        return "warning", (UNSAID,)
    return ("error", ()) if template.api_version >= shape.STRICT else ("warning", (LENIENT,))


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
    severity, notes = _strictness(template)
    holder = violation.path[:-1]
    message = f"{_holder(holder, template)} has no property `{violation.name}`"
    if violation.known_in:
        message += f" in API version {template.api_version}"
        notes = (_accepted_by(violation), *notes)
    related: tuple[Related, ...] = ()
    if holder[-1:] == ("vnetConfig",) and violation.name in OLD_SUBNET:
        old = [name for name, _ in template.at(holder).members if name in OLD_SUBNET]
        if violation.name != old[0]:
            return  # one network, described in three parts
        message = f"`vnetConfig` has no {_quoted(tuple(old))}: it takes the resource ID of a subnet"
        related = tuple(Related(template.at((*holder, name)).key_span, "this too") for name in old[1:])
    yield Finding(_key(violation, template), message, _instead(violation, template), notes, related, severity=severity)


def _instead(violation: Violation, template: ImageTemplate) -> str:
    """What to do about a property that does not exist here."""
    holder = violation.path[:-1]
    if holder[-1:] == ("vnetConfig",) and violation.name in OLD_SUBNET:
        if template.at(holder).node.member("subnetId") is not None:
            return "remove it: the `subnetId` beside it is enough"
        return 'write `"subnetId": "<resource ID of the subnet>"` instead'
    of_a_kind = violation.belongs.startswith("a ")
    if violation.belongs and not of_a_kind:
        return f"move it to {violation.belongs}"
    if violation.nearest:
        only = f" (only {violation.belongs} has `{violation.name}`)" if of_a_kind else ""
        return f"did you mean {_quoted(violation.nearest)}?{only}"
    if violation.belongs:
        return f"remove it: only {violation.belongs} has it"
    current = [version for version in violation.known_in if not version.endswith("-preview")]
    if current and current[-1] == shape.NEWEST:
        # The identity has to be there in every version: `missing-identity`.
        remove = "" if violation.path == ("identity",) else ", or remove it"
        return f"use `apiVersion` {current[0]} or newer{remove}"
    return "remove it"


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
    severity, notes = _strictness(template)
    of_a_list = violation.path[1:2] in (("customize",), ("validate",), ("distribute",))
    if of_a_list and not violation.on_key and violation.name == "type":
        refused = violation.path[1] == "distribute" and not template.assumed and template.api_version >= EXACT_KINDS
        severity, notes = ("error", ()) if refused or not violation.known_in else (severity, notes)
    written = "" if violation.on_key else f"`{at.text}`, "
    both = violation.on_key and any(name == right for name, _ in template.at(violation.path[:-1]).members)
    yield Finding(
        _key(violation, template) if violation.on_key else at,
        f"{_subject(violation.path, template)} is {written}in the wrong letter case: the API has `{right}`",
        help=f"remove it: `{right}` is there as well" if both else f"write `{right}`",
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
    if template.at(violation.path).node.is_maimed:
        return
    rejected = "the submission is rejected with `Missing field`"
    yield Finding(
        template.at(violation.path).get(violation.name),
        f"{_holder(violation.path, template)} needs `{violation.name}`, and has none",
        help=f"add `{violation.name}`: {WANTED.get(violation.name, violation.expected)}",
        notes=(rejected if template.assumed else f"API version {template.api_version} requires it: {rejected}",),
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
        f"{_subject(violation.path, template)} is {violation.found}, not {violation.expected}",
        help=_retyped(template.at(violation.path), violation),
    )


def _retyped(value: Value, violation: Violation) -> str:
    text, expected = value.text, violation.expected
    bare = (text or "").strip()
    if expected == "a whole number" and bare.lstrip("-").isdigit():
        return f"write `{bare}` without quotes"
    if expected.startswith("`true`") and bare.lower() in ("true", "false"):
        return f"write `{bare.lower()}` without quotes"
    if expected == "an array of whole numbers" and bare.lstrip("-").isdigit():
        return f"write `[{bare}]`"
    if expected.startswith("an array") and value.data == {}:
        return "write `[]`"
    if expected.startswith("an array"):
        return "put it into an array: `[{...}]`" if isinstance(value.data, dict) else 'put it into an array: `["..."]`'
    if expected == "a string" and value.number is not None:
        return f'write it in quotes: `"{value.number}"`'
    if violation.name == "userAssignedIdentities":
        return 'make the resource ID a key: `{"<resource ID>": {}}`'
    if expected == "an object" and text is not None and violation.name in HOLDERS:
        return f'write `{{"{HOLDERS[violation.name]}": "{text if len(text) <= 40 else "..."}"}}`'
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
    found = violation.found.removeprefix("the string ").removeprefix("the number ")
    help_ = f"did you mean {_quoted(violation.nearest)}?" if violation.nearest else f"give it {violation.expected}"
    if violation.path == ("identity", "type"):
        help_ = "write `UserAssigned`: the service acts as an identity that you name"
    yield Finding(
        template.at(violation.path),
        f"{_subject(violation.path, template)} is {found}, "
        + (f"not {violation.expected}" if violation.open else f"but must be {violation.expected}"),
        help=help_,
        notes=(_accepted_by(violation),) if violation.known_in else (),
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
        _key(violation, template),
        f"`{violation.name}` is read-only: the service fills it in",
        help="remove it; an exported template carries it along",
    )


@check("AIB107", "template-name", "error", REFERENCE)
def template_name(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the name that a deployment template gives the image template: 1 to 64 letters, digits, `-`, `_` and (from
    2019-05-01-preview on) `.`.

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
    if template.form == DEPLOYMENT and name.is_missing and not template.resource.node.is_maimed:
        yield Finding(
            name, "the image template has no name", help="add `name`: 1 to 64 letters, digits, `-`, `_` and `.`"
        )
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
