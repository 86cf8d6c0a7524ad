"""Live: what the subscription offers: resource providers, regions, sizes of virtual machines, quotas."""

from __future__ import annotations

import difflib
from functools import partial

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.template import region_name

from .. import ground
from ..data import regions, vm_sizes
from .home import given, is_told
from .verdicts import unchecked, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from aiblint.azure.answer import Answer
    from aiblint.azure.live import Azure
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

TRIGGERS = "https://learn.microsoft.com/azure/virtual-machines/image-builder-triggers-how-to"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
VM_PROFILE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#vmprofile"
NETWORKING = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-networking"
SKU_ERRORS = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available"
QUOTA_ERRORS = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota"

# TRIGGERS, "Register the providers"; every quickstart has the same list.
IMAGE_BUILDER = "Microsoft.VirtualMachineImages"
PROVIDERS = (
    IMAGE_BUILDER,
    "Microsoft.Compute",
    "Microsoft.Storage",
    "Microsoft.Network",
    "Microsoft.KeyVault",
    "Microsoft.ContainerInstance",
)
IDENTITIES = "Microsoft.ManagedIdentity"

# NETWORKING, "Why deploy a proxy VM?"
PROXY_SIZE = "Standard_A1_v2"
# TROUBLESHOOT, "Prerequisites": one container group with four standard cores for a build.
CONTAINER_CORES = 4


@check("AIB820", "location-not-offered", "error", regions.LOCATIONS, regions.PREVIEW)
def location_not_offered(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks the subscription in which regions it offers image templates, and looks for the template's `location` there. In a
    region that is in preview it asks for the feature that has to be registered. Regions that the image is distributed to
    are not meant: those may be any.

    ## Why it matters
    The submission is rejected with `LocationNotAvailableForResourceType`.

    ## Bad
    `location` is `canadaeast`, and the subscription offers image templates in `canadacentral` only.

    ## Good
    `location` is one of the regions that `az provider show --namespace Microsoft.VirtualMachineImages` lists for
    `imageTemplates`.
    """
    at = template.location
    what = "image templates can live in `location`"
    if not azure.home.subscription:
        return  # `provider-not-registered` says that it is not known
    if not azure.location:
        yield from _no_location(at, what, azure)
        return
    answer = azure.provider(IMAGE_BUILDER)
    if not answer.found:
        return  # `provider-not-registered` says why
    offered = _offered(answer, "imageTemplates")
    if not offered:
        yield unchecked(at, what, "Azure does not say in which regions it offers image templates")
        return
    names = {region_name(name) for name in offered}
    shown = at.text or azure.location
    if azure.location not in names:
        near = difflib.get_close_matches(azure.location, sorted(names), 2)
        meant = f" (`{'` or `'.join(near)}`, perhaps)" if near else ""
        yield Finding(
            at,
            f"this subscription does not offer image templates in `{shown}`",
            help=f"take another region for the template{meant}; the image can still be distributed to this one",
            notes=("the submission is rejected with `LocationNotAvailableForResourceType`",),
        )
        return
    feature = regions.PREVIEW_FEATURES.get(azure.location)
    if feature is None:
        yield Holds(at, f"this subscription offers image templates in `{shown}`")
        return
    yield from _feature(at, azure, feature, f"image templates in `{shown}`")


def _no_location(at: Value, what: str, azure: Azure) -> Verdicts:
    """What to say where the region is not known: nothing if another check says why."""
    if not at.is_unknown and not at.pieces:
        return  # missing or of the wrong type, which is an error of its own
    if at.text is not None:
        return  # empty, of which `unsupported-location` speaks
    from_group = "resourceGroup" in getattr(at.data, "reason", "")
    if from_group and not azure.home.resource_group:
        return  # `caller-cannot-submit` says that the group is not known
    answer = azure.get(azure.home.scope) if from_group else None
    if answer is None or answer.found:
        yield unknown(at, what, "location")
    elif answer.kind != "missing":  # of a group that is not there `caller-cannot-submit` speaks
        yield unchecked(at, what, answer)


def _feature(at: Value, azure: Azure, feature: str, what: str) -> Verdicts:
    """Whether a preview feature is registered that `what` needs."""
    path = f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Features/providers/{IMAGE_BUILDER}/features"
    answer = azure.get(f"{path}/{feature}")
    state = str(answer.at("properties", "state") or "")
    if not answer.found:
        yield unchecked(at, f"the feature `{feature}` is registered", answer)
    elif state.lower() == "registered":
        yield Holds(at, f"the feature `{feature}` is registered")
    else:
        yield Finding(
            at,
            f"the feature `{feature}` is not registered, and without it there are no {what}",
            help=f"run `az feature register --namespace {IMAGE_BUILDER} --name {feature}`",
            severity="warning",  # the pages disagree on which regions are still in preview
        )


def _offered(answer: Answer, kind: str) -> tuple[str, ...]:
    """The regions that a provider offers one of its resource types in."""
    for one in answer.at("resourceTypes") or ():
        if isinstance(one, dict) and str(one.get("resourceType")).lower() == kind.lower():
            return tuple(str(name) for name in one.get("locations") or ())
    return ()


@check("AIB821", "provider-not-registered", "error", TROUBLESHOOT, TRIGGERS)
def provider_not_registered(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks whether the subscription has registered the resource providers that the image builder works with:
    Microsoft.VirtualMachineImages, Compute, Storage, Network, KeyVault and ContainerInstance, and ManagedIdentity where
    the template's identity is in the same subscription.

    ## Why it matters
    A subscription begins with none of them. The submission fails with `MissingSubscriptionRegistration`, or, for the
    container that drives the build, the build does: `Azure Container Instances provider not registered for your
    subscription`.

    ## Bad
    In the subscription `Microsoft.ContainerInstance` is `NotRegistered`.

    ## Good
    All of them are `Registered`.
    """
    at = template.resource.get("type")
    subscription = azure.home.subscription
    if not subscription:
        reason = "it is not known which subscription the template goes to"
        yield Finding(
            at,
            f"it could not be checked whether the subscription has what the template needs: {reason}",
            help="name it with `--subscription`",
            severity="warning",
            unchecked=reason,
        )
        return
    own = (azure.identity or "").lower().startswith(f"/subscriptions/{subscription.lower()}/")
    wanted = (*PROVIDERS, IDENTITIES) if own else PROVIDERS
    answers = azure.reader.side_by_side([partial(azure.provider, name) for name in wanted])
    states = {
        name: str(answer.at("registrationState") or "").lower()
        for name, answer in zip(wanted, answers, strict=True)
        if answer.found
    }
    lacking = [name for name, state in states.items() if state not in ("registered", "registering")]
    coming = [name for name, state in states.items() if state == "registering"]
    registered = [name for name, state in states.items() if state == "registered"]
    if lacking:
        commands = [f"`az provider register --namespace {name} --subscription {subscription}`" for name in lacking]
        yield Finding(
            at,
            f"the subscription has not registered {_list(lacking)}",
            help=f"run {' and '.join(commands)}",
            notes=("it takes some minutes, and the role `Contributor` on the subscription",),
        )
    if coming:
        yield Finding(
            at,
            f"the subscription is still registering {_list(coming)}",
            help=f"wait until `az provider show --namespace {coming[0]}` says `Registered`",
            severity="warning",
        )
    if registered:
        yield Holds(at, f"the subscription has registered {_list(registered)}")
    # What keeps the answers back is the same for all of them, as a rule: the account, the network.
    by_reason: dict[str, list[tuple[str, Answer]]] = {}
    for name, answer in zip(wanted, answers, strict=True):
        if not answer.found:
            by_reason.setdefault(answer.reason, []).append((name, answer))
    for together in by_reason.values():
        names = _list([name for name, _ in together])
        yield unchecked(at, f"the subscription has registered {names}", together[0][1])


def _list(names: list[str]) -> str:
    """Names in words: `A`, `B` and `C`."""
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} and {last}" if first else last


class _Machine(NamedTuple):
    """A virtual machine of the build: `names` are the sizes that it may have (two where the default depends on what is
    not known, none where nothing is known)."""

    at: Value
    what: str
    names: tuple[str, ...]
    member: str

    @property
    def known(self) -> bool:
        """Whether its size is certain."""
        return len(self.names) == 1

    @property
    def label(self) -> str:
        """What messages call it."""
        default = "" if given(self.at) else ", the default size"
        return f"{self.what} (`{self.names[0]}`{default})"


def _machines(template: ImageTemplate, azure: Azure) -> Iterator[_Machine]:
    """The virtual machines that a build runs at the same time."""
    at = template.vm_profile.get("vmSize")
    names = (at.text,) if at.text else () if given(at) else _default_sizes(template, azure)
    yield _Machine(at, "the build VM", names, "vmSize")
    network = template.vm_profile.get("vnetConfig")
    at = network.get("proxyVmSize")
    # NETWORKING: with a subnet for the build VM, and none for the container, the two talk through a proxy.
    through_proxy = given(network.get("subnetId")) and not given(network.get("containerInstanceSubnetId"))
    if through_proxy and not network.is_unknown:
        yield _Machine(at, "the proxy VM", (at.text or PROXY_SIZE,) if at.text or not given(at) else (), "proxyVmSize")


def _default_sizes(template: ImageTemplate, azure: Azure) -> tuple[str, ...]:
    generation = ground.generation(template) or _generation(template, azure)
    default = vm_sizes.DEFAULT_SIZES.get(generation)
    return (default,) if default is not None else tuple(vm_sizes.DEFAULT_SIZES.values())


def _generation(template: ImageTemplate, azure: Azure) -> str:
    """The Hyper-V generation of a source that is not from the marketplace, as Azure knows it."""
    name = {"ManagedImage": "imageId", "SharedImageVersion": "imageVersionId"}.get(template.source_type or "")
    image = azure.id(template.source.get(name)) if name else None
    if image is None:
        return ""
    at = image.lower().rfind("/versions/")  # it stands in the definition
    return str(azure.get(image[:at] if at > 0 else image).at("properties", "hyperVGeneration") or "")


def _sizes(azure: Azure) -> Answer:
    """The sizes of virtual machines in the region, also those that may not be used."""
    path = f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Compute/skus"
    return azure.list(path, {"$filter": f"location eq '{azure.location}'"})


def _by_name(answer: Answer, location: str) -> dict[str, dict[str, Any]]:
    """The sizes of a region by their name in lower case; none where they are not known."""
    rows = {}
    for row in answer.body if answer.found else ():
        if not isinstance(row, dict) or str(row.get("resourceType")).lower() != "virtualmachines":
            continue
        if location in {region_name(str(place)) for place in row.get("locations") or ()}:
            rows[str(row.get("name")).lower()] = row
    return rows


def _trouble(row: dict[str, Any] | None, location: str) -> str:
    """Why a size cannot be had, to go on from its name; empty if it can.

    A size that is restricted in zones only can be had: a build VM is in no zone.
    https://learn.microsoft.com/azure/reliability/reliability-image-builder
    """
    if row is None:
        return f"is not offered in `{location}`"
    for one in row.get("restrictions") or ():
        info = one.get("restrictionInfo") or {}
        places = info.get("locations") or one.get("values") or ()
        here = location in {region_name(str(place)) for place in places}
        if here and str(one.get("type")).lower() == "location":
            reason = f" (`{one['reasonCode']}`)" if one.get("reasonCode") else ""
            return f"may not be used by this subscription in `{location}`{reason}"
    return ""


def _capability(row: dict[str, Any], name: str) -> str:
    able = {str(one.get("name")).lower(): str(one.get("value")) for one in row.get("capabilities") or ()}
    return able.get(name.lower(), "")


def _vcpus(row: dict[str, Any]) -> int | None:
    """How many vCPUs a size takes of a quota; of a constrained one at least those that run."""
    counts = [_capability(row, name) for name in ("vCPUs", "vCPUsAvailable")]
    return min((int(count) for count in counts if count.isdigit()), default=None)


@check("AIB822", "vm-size-unavailable", "error", VM_PROFILE, NETWORKING, SKU_ERRORS)
def vm_size_unavailable(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks Azure for the sizes of virtual machines in the template's region, and looks whether the subscription may use
    `vmSize` there, or the default where none is given (`Standard_D1_v2` for a source of generation 1,
    `Standard_D2ds_v4` for one of generation 2). The same goes for `proxyVmSize` (`Standard_A1_v2`) where the build needs
    a proxy: with a subnet for the build VM and none for the container.

    ## Why it matters
    Sizes are not offered everywhere, old ones retire, and some are closed to some subscriptions. The build fails after
    some minutes with `SkuNotAvailable`.

    ## Bad
    No `vmSize` is given, and the subscription may not use `Standard_D1_v2` in the region.

    ## Good
    `vmSize` is a size that `az vm list-skus --location <region> --resource-type virtualMachines` shows without
    restrictions.
    """
    if not azure.home.subscription or not azure.location:
        return
    machines = list(_machines(template, azure))
    for machine in machines:
        if not machine.names:
            yield unknown(machine.at, f"the size of {machine.what} can be had", machine.member)
    machines = [machine for machine in machines if machine.names]
    if not machines:
        return
    answer = _sizes(azure)
    rows = _by_name(answer, azure.location)
    if is_told(answer):
        return
    if not rows:
        reason = answer if not answer.found else f"Azure lists no sizes in `{azure.location}`"
        yield unchecked(machines[0].at, "the sizes of the virtual machines can be had", reason)
        return
    for machine in machines:
        troubles = {name: _trouble(rows.get(name.lower()), azure.location) for name in machine.names}
        bad = {name: trouble for name, trouble in troubles.items() if trouble}
        if not bad:
            sizes = " and ".join(f"`{name}`" for name in machine.names)
            yield Holds(machine.at, f"{machine.what} can be had in `{azure.location}`: {sizes}")
            continue
        name, trouble = next(iter(bad.items()))
        certain = len(bad) == len(machine.names)
        size = "the size" if given(machine.at) else "the default size"
        if not certain:
            generation = next(one for one, default in vm_sizes.DEFAULT_SIZES.items() if default == name)
            size = f"{size} for a source of generation {generation.removeprefix('V')}"
        yield Finding(
            machine.at,
            f"`{name}`, {size} of {machine.what}, {trouble}",
            help=f"write `{machine.member}` with a size that can be had there{_instead(name, rows, azure.location)}",
            notes=("the build fails with `SkuNotAvailable`",),
            severity="" if certain else "info",
        )


def _instead(name: str, rows: dict[str, dict[str, Any]], location: str) -> str:
    """A size with as many vCPUs that can be had and starts images of both generations, to go on from `a size`."""
    row = rows.get(name.lower())
    size = vm_sizes.describe(name)
    wanted = _vcpus(row) if row is not None else size.vcpus if size is not None else 2
    architecture = (_capability(row, "CpuArchitectureType") if row is not None else "") or "x64"
    fit = [
        str(other["name"])
        for other in rows.values()
        if not _trouble(other, location)
        and (_vcpus(other) or 0) >= (wanted or 1)
        and (_vcpus(other) or 0) <= max(2, wanted or 1)
        and {"V1", "V2"} <= set(_capability(other, "HyperVGenerations").split(","))
        and (_capability(other, "CpuArchitectureType") or "x64") == architecture
    ]
    near = difflib.get_close_matches(name, sorted(fit), 1, 0.0)
    return f", such as `{near[0]}`" if near else ""


@check("AIB823", "quota-exceeded", "error", QUOTA_ERRORS, VM_PROFILE)
def quota_exceeded(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks how many vCPUs are left of the subscription's quotas in the template's region, of the family of `vmSize` and in
    all, and compares that with what the build VM and, where there is one, the proxy VM need. Other builds that run at
    the same time are not counted.

    ## Why it matters
    The build fails after some minutes with `QuotaExceeded`, or `OperationNotAllowed`. Many families begin with a quota
    of none at all.

    ## Bad
    `vmSize` is `Standard_D8s_v5`, and 4 of the 100 vCPUs of the quota `Standard DSv5 Family vCPUs` are left.

    ## Good
    The quota of the family has as many vCPUs left as the build takes.
    """
    if not azure.home.subscription or not azure.location:
        return
    path = f"/subscriptions/{azure.home.subscription}/providers/Microsoft.Compute/locations/{azure.location}/usages"
    sizes, used = azure.reader.side_by_side((partial(_sizes, azure), partial(azure.list, path)))
    rows = _by_name(sizes, azure.location)
    if not rows:
        return  # `vm-size-unavailable` says why
    needs: dict[str, list[tuple[_Machine, int]]] = {}
    for machine in _machines(template, azure):
        row = rows.get(machine.names[0].lower()) if machine.known else None
        count = _vcpus(row) if row is not None and not _trouble(row, azure.location) else None
        if row is not None and count:
            for name in (str(row.get("family") or "").lower(), "cores"):
                needs.setdefault(name, []).append((machine, count))
    if not needs:
        return
    at = needs["cores"][0][0].at
    if not used.found:
        if not is_told(used):
            yield unchecked(at, f"enough vCPUs are left of the quotas in `{azure.location}`", used)
        return
    quotas = _quotas(used)
    holding = []
    for name, wanting in needs.items():
        quota = quotas.get(name)
        if quota is None:
            continue
        count = sum(number for _, number in wanting)
        if quota.left >= count:
            holding.append(f"{quota.left} of {quota.limit} are left of `{quota.label}`")
            continue
        who = " and ".join(machine.label for machine, _ in wanting)
        yield Finding(
            wanting[0][0].at,
            f"the quota `{quota.label}` has {quota.left} of {quota.limit} vCPUs left in `{azure.location}`, "
            f"and {who} {'need' if len(wanting) > 1 else 'needs'} {count}",
            help="have the quota raised (in the portal under Quotas), "
            + (
                "free some of it, or build in another region" if name == "cores" else "or take a size of another family"
            ),
            notes=("the build fails with `QuotaExceeded` some minutes after it began",),
        )
    if holding:
        yield Holds(at, f"enough vCPUs for the build: {', '.join(holding)}")


class _Quota(NamedTuple):
    """A quota: what it is called, what is left of it, and how much it is."""

    label: str
    left: int
    limit: int


def _quotas(answer: Answer) -> dict[str, _Quota]:
    """Quotas by their name in lower case."""
    found = {}
    for row in answer.body:
        name = row.get("name") if isinstance(row, dict) else None
        used, limit = (row.get("currentValue"), row.get("limit")) if isinstance(row, dict) else (None, None)
        if isinstance(name, dict) and isinstance(used, int) and isinstance(limit, int):
            value = str(name.get("value"))
            found[value.lower()] = _Quota(str(name.get("localizedValue") or value), max(0, limit - used), limit)
    return found


@check("AIB824", "container-quota-exceeded", "error", TROUBLESHOOT)
def container_quota_exceeded(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Asks how much is left of the subscription's quotas for Azure Container Instances in the template's region: a build
    takes one container group with four standard cores. Other builds that run at the same time are not counted.

    ## Why it matters
    The build fails with `Azure Container Instances quota exceeded`.

    ## Bad
    Of the 10 standard cores in the region 8 are taken by other builds.

    ## Good
    At least four standard cores and one container group are left.
    """
    if not azure.home.subscription or not azure.location:
        return
    at = template.resource.get("type")
    what = f"enough is left of the quotas for containers in `{azure.location}`"
    base = f"/subscriptions/{azure.home.subscription}/providers/Microsoft.ContainerInstance"
    answer = azure.list(f"{base}/locations/{azure.location}/usages")
    if is_told(answer):
        return
    if not answer.found:
        yield unchecked(at, what, answer)
        return
    quotas = _quotas(answer)
    needs = (
        ("standardcores", CONTAINER_CORES, "standard cores of containers"),
        ("containergroups", 1, "container groups"),
    )
    known = [(quotas[name], count, words) for name, count, words in needs if name in quotas]
    if not known:
        yield unchecked(at, what, "Azure names no quotas for containers there")
    for quota, count, words in known:
        if quota.left < count:
            yield Finding(
                at,
                f"{quota.left} of {quota.limit} {words} are left in `{azure.location}`, and a build needs {count}",
                help="delete containers that nobody needs, run builds one after the other, or have the quota raised",
                notes=("the build fails with `Azure Container Instances quota exceeded`",),
            )
        else:
            yield Holds(at, f"{quota.left} of {quota.limit} {words} are left in `{azure.location}`")
