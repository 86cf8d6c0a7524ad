"""Triggers, which build an image anew whenever its source has a new version."""

from __future__ import annotations

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.template import triggers

from .ground import marked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.template import ImageTemplate, Trigger
    from aiblint.value import Value

TRIGGERS = "https://learn.microsoft.com/azure/virtual-machines/image-builder-triggers-how-to"
CHILDREN = "https://learn.microsoft.com/azure/azure-resource-manager/templates/child-resource-name-type"

SINCE = "2022-07-01"
KIND = "SourceImage"

# A version that is not wholly known may be `latest`.
_VERSION = pattern(r"(?P<definition>.*/galleries/[^/]+/images/[^/]+)(?:/versions/(?:(?P<version>[^/\0]+)|.*))?$")


@check("AIB232", "trigger-rules", "error", TRIGGERS, CHILDREN)
def trigger_rules(trigger: Trigger) -> Findings:
    """
    ## What it does
    Looks at what a trigger asks of itself and of its image template. Of the trigger: API version 2022-07-01 or newer,
    `kind` `SourceImage`, only one for each template, and a `dependsOn` where the template is deployed with it. Of the
    template: a marketplace or gallery source whose version is `latest`, no version in `galleryImageId`, and a gallery
    image to publish to that is not the source itself.

    ## Why it matters
    The trigger is rejected, or deployed before the image template that it belongs to is there. The image template
    stays behind without a trigger, and nobody notices that no new images come.

    ## Bad
    ```json
    "source": {
      "type": "PlatformImage",
      "publisher": "Canonical",
      "offer": "ubuntu-24_04-lts",
      "sku": "server",
      "version": «"24.04.202501010"»
    },
    "resources": [
      {
        "type": "triggers",
        "apiVersion": "2024-02-01",
        "name": "source",
        "dependsOn": ["example"],
        "properties": {"kind": "SourceImage"}
      }
    ]
    ```
    ```json
    "resources": [
      {
        "type": "triggers",
        "apiVersion": "2024-02-01",
        "name": "source",
        "dependsOn": ["example"],
        "properties": {"kind": «"Schedule"»}
      }
    ]
    ```
    ```json
    "resources": [
      {
        "type": "triggers",
        "apiVersion": «"2021-10-01"»,
        "name": "source",
        "dependsOn": ["example"],
        "properties": {"kind": "SourceImage"}
      }
    ]
    ```

    ## Good
    ```json
    "resources": [
      {
        "type": "triggers",
        "apiVersion": "2024-02-01",
        "name": "source",
        "dependsOn": ["example"],
        "properties": {"kind": "SourceImage"}
      }
    ]
    ```
    """
    value = trigger.value
    version = value.get("apiVersion")
    if version.text and version.text < SINCE:
        yield Finding(
            version,
            f"there are no triggers in API version `{version.text}`",
            help=f"use `apiVersion` {SINCE} or newer",
        )
        return
    kind = value.get("properties", "kind")
    if kind.is_missing or (kind.text is not None and kind.text != KIND):
        given = "has no `kind`" if kind.is_missing else f"is of the kind `{kind.text}`, which does not exist"
        yield Finding(kind, f"the trigger {given}", help=f'write `"kind": "{KIND}"`, the only one there is')
    template = trigger.template
    if template is None or not _certain(value) or not _certain(template.resource):
        return
    depends = value.get("dependsOn")
    if template.deployment is not None and (depends.is_missing or depends.data == []):
        yield Finding(
            depends if depends.is_missing else depends.key_span,
            "the trigger does not wait for its image template: it has no `dependsOn`",
            help="add the image template to its `dependsOn`",
            notes=("a child resource waits for its parent only if `dependsOn` says so",),
        )
    earlier = next((other.value for other in triggers(template) if _certain(other.value)), value)
    if earlier.node is not value.node:
        yield Finding(
            value.get("name"),
            "the image template has a trigger already, and can have only one of the kind `SourceImage`",
            help="remove one of the two triggers",
            related=(Related(earlier.get("name").span, "the first trigger"),),
        )
        return
    for place, words, help_ in _unfit(template):
        yield Finding(
            place,
            f"the image template has a trigger, but {words}",
            help=help_,
            related=(Related(value.get("name").span, "the trigger"),),
        )


def _certain(resource: Value) -> bool:
    """Whether the resource is deployed for certain."""
    condition = resource.get("condition")
    return condition.is_missing or condition.flag is True


def _unfit(template: ImageTemplate) -> Iterator[tuple[Value, str, str]]:
    """What in an image template keeps a trigger from working: where, what it is beside the trigger, and what to do."""
    source = template.source
    latest = "write `latest`: a trigger waits for a newer version than the one that was built"
    definition = None
    if template.source_type == "ManagedImage":
        words = "a managed image never gets a new version"
        yield source.get("type"), words, "build from a marketplace or gallery image, or remove the trigger"
    elif template.source_type == "PlatformImage":
        version = source.get("version")
        if version.text and version.text.lower() != "latest":
            yield version, f"the source stays at version `{version.text}`", latest
    elif template.source_type == "SharedImageVersion":
        image = source.get("imageVersionId")
        found = _VERSION.match(marked(image))
        definition = found["definition"] if found else None
        if found and found["version"] and found["version"] != "latest":
            yield image, f"the source stays at version `{found['version']}`", latest
    for distributor in template.distributors:
        target = distributor.get("galleryImageId")
        found = _VERSION.match(marked(target))
        if distributor.type != "SharedImage" or found is None:
            continue
        if found["version"]:
            words = f"{distributor.label} always publishes version `{found['version']}`"
            yield target, words, f"remove `/versions/{found['version']}`, so that the service takes the next number"
        if definition == found["definition"]:
            words = f"{distributor.label} publishes to its own source"
            yield target, words, "publish to another image definition; each build would set off the next"
