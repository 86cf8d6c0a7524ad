"""Package managers of Linux: what they ask, what they wait for, what they need first."""

from __future__ import annotations

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

from . import tables
from .execution import distribution, is_answered, where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.command import Command

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
APT = "https://manpages.debian.org/bookworm/apt/apt-get.8.en.html"

_FAMILIES = {
    "apt": "debian", "apt-get": "debian", "aptitude": "debian", "yum": "rhel", "dnf": "rhel", "microdnf": "rhel",
    "zypper": "suse", "tdnf": "azurelinux",
}  # fmt: skip
# Files that make a package manager answer yes by itself once one of the words is written to them.
_ASSUMING = {
    "apt": ("/etc/apt/apt.conf", "APT::Get::Assume-Yes"),
    "yum": ("/etc/yum.conf", "assumeyes"),
    "dnf": ("/etc/dnf/dnf.conf", "assumeyes"),
}


@check("AIB401", "interactive-install", "error", TROUBLESHOOT, APT)
def interactive_install(command: Command) -> Findings:
    """
    ## What it does
    Looks for package managers that ask before they install, update or remove: without `-y` or what stands for it in
    theirs, and with nothing that answers (`yes |`, `APT::Get::Assume-Yes` in a file that an earlier step writes). Where
    an option is in a variable whose value is not known, nothing is reported.

    ## Why it matters
    Nobody sits at a build. With no terminal the package manager aborts and the build fails; with one it waits until
    `buildTimeoutInMinutes` is over. It asks only if it has to change more than the packages that are named, so a build
    may pass for months, and fail on the day when a package has a new dependency.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["cloud-init status --wait", "sudo apt-get update", "sudo «apt-get install» nginx"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["cloud-init status --wait", "sudo apt-get update", "sudo apt-get install -y nginx"]
      }
    ]
    ```
    """
    if command.language != "shell":
        return
    match = tables.broken("interactive-install", command)
    if match is None or is_answered(command) or _assumes_yes(command):
        return
    other = distribution(command.script) not in (None, _FAMILIES.get(command.name, distribution(command.script)))
    yield Finding(
        command.at(*match.words),
        f"`{command.label(*match.words)}` in {where(command.script)} waits for {match.row.asks}",
        help=match.row.help,
        notes=(match.row.note,) if match.row.note else (),
        # In a branch for another distribution it never runs.
        severity="info" if other and command.inside("if", "or") else "",
    )


def _assumes_yes(command: Command) -> bool:
    """Whether an earlier command writes a configuration that answers yes."""
    for family, (file, word) in _ASSUMING.items():
        if not command.name.startswith(family):
            continue
        for earlier in command.before():
            said = earlier.written + "".join(redirect.target.known for redirect in earlier.redirects)
            if earlier.fed_by is not None:
                said += earlier.fed_by.written + "".join(redirect.target.known for redirect in earlier.fed_by.redirects)
            if file in said and word in said:
                return True
    return False
