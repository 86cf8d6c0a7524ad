"""What apt is called with. Ground for the checks of this folder."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.script.command import Command, Word

APT = ("apt-get", "apt", "aptitude")
DRY = ("-s", "--simulate", "--just-print", "--dry-run", "--recon", "--no-act", "--print-uris", "--no-download")
UPGRADES = ("upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade", "dselect-upgrade")
INSTALLS = ("install", "reinstall", "build-dep", "satisfy")
# Options of apt whose value is a word of its own.
VALUED = ("-o", "-c", "-t", "-a", "--option", "--config-file", "--target-release", "--default-release")
# What brings a file whose contents nobody sees.
COPIES = ("cp", "mv", "install", "curl", "wget", "ln", "rsync")


def with_input(command: Command) -> str:
    """A command with what it is fed and where that goes: `echo x | sudo tee FILE`, `cat > FILE <<EOF`."""
    parts = [command.written, *(redirect.target.known for redirect in command.redirects)]
    if command.fed_by is not None:
        parts += (command.fed_by.written, *(redirect.target.known for redirect in command.fed_by.redirects))
    return " ".join(parts)


def subcommand(command: Command) -> Word | None:
    """The subcommand of a package manager."""
    return next(iter(command.operands(*VALUED)), None)
