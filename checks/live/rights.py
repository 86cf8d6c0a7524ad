"""Live: what the template's identity, and whoever submits it, are allowed."""

from __future__ import annotations

from functools import partial

from aiblint.finding import Finding, Holds, check
from aiblint.light import TYPE_CHECKING

from .verdicts import unchecked

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiblint.azure.live import Azure
    from aiblint.azure.needs import Need
    from aiblint.azure.rbac import Verdict
    from aiblint.finding import Verdicts
    from aiblint.template import ImageTemplate

PERMISSIONS = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-permissions-cli"


@check("AIB701", "cannot-read-source", "error", PERMISSIONS)
def cannot_read_source(template: ImageTemplate, azure: Azure) -> Verdicts:
    """
    ## What it does
    Looks whether the identity of the template may read the image that the build begins with: a managed image, or a
    version of a gallery with its definition and its gallery.

    ## Why it matters
    The submission fails with `Not authorized to access the resource`, or the build does when it begins.

    ## Bad
    The identity has a role on the gallery that it publishes to, and none on the one that the source is in.

    ## Good
    The identity has a role with `Microsoft.Compute/galleries/read`, `galleries/images/read` and
    `galleries/images/versions/read` on the gallery of the source.
    """
    yield from _of_identity(azure, template, lambda need: "source" in need.why)


def _of_identity(azure: Azure, template: ImageTemplate, wanted: Callable[[Need], bool]) -> Verdicts:
    """The verdicts on what the identity needs, one for each need that is wanted."""
    from aiblint.azure.needs import IDENTITY, needs

    listed = [need for need in needs(template, azure.home) if need.who == IDENTITY and wanted(need)]
    if not listed:
        return
    principal = azure.principal()
    if not isinstance(principal, str):
        return  # `identity-not-found` says why
    verdicts = azure.reader.side_by_side([partial(azure.may, need, principal) for need in listed])
    by_place: dict[object, list[tuple[Need, Verdict]]] = {}
    for need, verdict in zip(listed, verdicts, strict=True):
        by_place.setdefault((need.at.span[:2], verdict.answer), []).append((need, verdict))
    for together in by_place.values():
        need, verdict = together[0]
        actions = ", ".join(f"`{one.action}`" for one, _ in together)
        if verdict.answer == "allowed":
            yield Holds(need.at, f"the template's identity may do {actions}: {verdict.because}")
        elif verdict.answer == "denied":
            yield Finding(
                need.at,
                f"the template's identity is not allowed what the template needs: {actions}",
                help=f"grant it at `{need.scope}`; `aiblint permissions --output az` writes the commands",
                notes=(f"it {need.why}", verdict.because),
                severity="warning" if all(one.doubt for one, _ in together) else "",
            )
        else:
            yield unchecked(need.at, f"the template's identity may do {actions}", verdict.because)
