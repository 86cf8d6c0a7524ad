"""The image template as checks see it: typed, resolved, every value at its place."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.recognise import IMAGE_TEMPLATE, TRIGGER
from aiblint.value import Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.arm.deployment import Deployment, Resource
    from aiblint.shape import Violation
    from aiblint.source.document import Document

# What the types of steps and distributors are called; before 2024-02-01 the service did not mind their letter case.
STEP_TYPES = ("Shell", "PowerShell", "File", "WindowsRestart", "WindowsUpdate")
DISTRIBUTOR_TYPES = ("SharedImage", "ManagedImage", "VHD")
SOURCE_TYPES = ("PlatformImage", "SharedImageVersion", "ManagedImage")


def region_name(location: str) -> str:
    """The name of a region as ARM compares it: `West US 2` and `westus2` are the same."""
    return location.replace(" ", "").lower()


class Step(NamedTuple):
    """A customizer (`phase` is "customize") or an in-VM validator ("validate"); `index` counts from 0.

    `type` is one of STEP_TYPES, None when it is none of them or unknown.
    """

    phase: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs on a step
    value: Value
    type: str | None

    @property
    def label(self) -> str:
        """How messages call it: step `InstallApps`, or `customize[2]` where it has no name."""
        name = self.value.get("name").text
        if name:
            return f"step `{name}`"
        return f"`customize[{self.index}]`" if self.phase == "customize" else f"`inVMValidations[{self.index}]`"

    def get(self, *names: str) -> Value:
        """A property of the step."""
        return self.value.get(*names)


class Distributor(NamedTuple):
    """A place to distribute to; `index` counts from 0. `type` is one of DISTRIBUTOR_TYPES or None."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs on a distributor
    value: Value
    type: str | None

    @property
    def label(self) -> str:
        """How messages call it: distributor `runOutputName`, or `distribute[0]` where that is not known."""
        name = self.value.get("runOutputName").text
        return f"distributor `{name}`" if name else f"`distribute[{self.index}]`"

    def get(self, *names: str) -> Value:
        """A property of the distributor."""
        return self.value.get(*names)


class Trigger(NamedTuple):
    """A trigger (`imageTemplates/triggers`); `template` is the image template it belongs to if that is in this file."""

    value: Value
    template: ImageTemplate | None


class ImageTemplate(NamedTuple):
    """An image template, resolved.

    `form` is one of the kinds of `aiblint.recognise`. `api_version` is the version it is judged by; `assumed` is true
    where the file does not say. Of `customizers`, `validators` and `distributors` only those are listed that are known
    to be there: `steps_known` and `distributors_known` tell whether that is all of them. `violations` are the
    departures of the resource from the API version's schema.
    """

    document: Document
    form: str
    resource: Value
    api_version: str
    assumed: bool
    deployment: Deployment | None
    customizers: tuple[Step, ...]
    validators: tuple[Step, ...]
    distributors: tuple[Distributor, ...]
    steps_known: bool
    distributors_known: bool
    violations: tuple[Violation, ...]

    @property
    def properties(self) -> Value:
        """`properties`, the body of the template."""
        return self.resource.get("properties")

    @property
    def source(self) -> Value:
        """`properties.source`."""
        return self.resource.get("properties", "source")

    @property
    def source_type(self) -> str | None:
        """One of SOURCE_TYPES, None when it is none of them or unknown."""
        return _one_of(self.source.get("type"), SOURCE_TYPES)

    @property
    def location(self) -> Value:
        """`location`, the region that the build happens in."""
        return self.resource.get("location")

    @property
    def vm_profile(self) -> Value:
        """`properties.vmProfile`, the build VM."""
        return self.resource.get("properties", "vmProfile")

    @property
    def steps(self) -> tuple[Step, ...]:
        """Customizers and validators."""
        return self.customizers + self.validators

    def at(self, path: tuple[str | int, ...]) -> Value:
        """The value at a path below the resource, as `aiblint.shape` gives them."""
        value = self.resource
        for step in path:
            # The exact name comes first: `wrong-case` speaks of the member as it is written.
            named = dict(value.members)
            value = value.items[step] if isinstance(step, int) else named.get(step) or value.get(step)
        return value


def _one_of(value: Value, names: tuple[str, ...]) -> str | None:
    text = (value.text or "").lower()
    return next((name for name in names if name.lower() == text), None)


def image_template(
    document: Document,
    form: str,
    resource: Value,
    api_version: str,
    assumed: bool,
    deployment: Deployment | None,
    violations: tuple[Violation, ...],
) -> ImageTemplate:
    """The typed view of a resolved resource."""
    _take_misspelt_for_unknown(resource, violations)
    customize = resource.get("properties", "customize")
    validate = resource.get("properties", "validate", "inVMValidations")
    distribute = resource.get("properties", "distribute")
    customizers = _steps("customize", customize)
    validators = _steps("validate", validate)
    distributors = tuple(
        Distributor(index, value, _one_of(value.get("type"), DISTRIBUTOR_TYPES))
        for index, value in enumerate(distribute.items)
    )
    return ImageTemplate(
        document=document,
        form=form,
        resource=resource,
        api_version=api_version,
        assumed=assumed,
        deployment=deployment,
        customizers=customizers,
        validators=validators,
        distributors=distributors,
        steps_known=_all_known(customize) and _all_known(validate),
        distributors_known=_all_known(distribute),
        violations=violations,
    )


def _take_misspelt_for_unknown(resource: Value, violations: tuple[Violation, ...]) -> None:
    # `scripUri` is one mistake: that the step then has no `scriptUri` is not another one.
    for violation in violations:
        if violation.kind == "unknown-property" and violation.nearest:
            holder = _own(resource, violation.path[:-1])
            if isinstance(holder.data, dict):
                meant = Value(Unknown(f"it is misspelt as `{violation.name}`"), holder.node)
                holder.data.setdefault(violation.nearest[0], meant)


def _own(value: Value, path: tuple[str | int, ...]) -> Value:
    """The value at a path, made the resource's own on the way: what stands in a variable belongs to all who use it."""
    for step in path:
        holder = value.data
        below = value.items[step] if isinstance(step, int) else dict(value.members).get(step) or value.get(step)
        data = below.data
        data = list(data) if isinstance(data, list) else dict(data) if isinstance(data, dict) else data
        value = Value(data, below.node, below.definition)
        if (isinstance(holder, dict) and step in holder) or isinstance(holder, list):
            holder[step] = value  # type: ignore[index]  # a list has numbers for its steps
    return value


def _steps(phase: str, steps: Value) -> tuple[Step, ...]:
    return tuple(
        Step(phase, index, value, _one_of(value.get("type"), STEP_TYPES)) for index, value in enumerate(steps.items)
    )


def _all_known(array: Value) -> bool:
    # A step whose type is not known may be a restart, an update or anything else.
    return not array.is_unknown and all(not item.is_unknown and not item.get("type").is_unknown for item in array.items)


def triggers(template: ImageTemplate) -> Iterator[Trigger]:
    """The triggers that the same file declares for an image template, nested in it or beside it."""
    if template.deployment is None:
        for child in template.resource.get("resources").items:
            yield Trigger(child, template)
        return
    for resource in template.deployment.of_type(TRIGGER):
        if owns(template, resource):
            yield Trigger(resource.value, template)


def owns(template: ImageTemplate, trigger: Resource) -> bool:
    """Whether a trigger of the same deployment belongs to this image template."""
    assert template.deployment is not None
    if trigger.parent is not None:
        return trigger.parent.value is template.resource
    # Beside it, the name says whose it is: `<template>/<trigger>`. If that is not known, a single template is the one.
    whose, own = trigger.value.get("name").text, template.resource.get("name").text
    if whose and own:
        return whose.lower().startswith(own.lower() + "/")
    return sum(1 for _ in template.deployment.of_type(IMAGE_TEMPLATE)) == 1
