"""What apt needs before the first package: its lock, and current package lists."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple

from ..execution import distribution, follows_unread
from ..wording import where
from .apt import APT, COPIES, DRY, INSTALLS, UPGRADES, VALUED, subcommand, with_input

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
MANUAL = "https://manpages.debian.org/bookworm/apt/apt-get.8.en.html"
CLOUD_INIT = "https://docs.cloud-init.io/en/latest/reference/cli.html#status"

_CHANGES = (*UPGRADES, *INSTALLS, "remove", "purge", "autoremove", "update")


_INTERPRETERS = (
    "sh", "bash", "dash", "ash", "zsh", ".", "source", "python", "python3", "perl", "ruby", "make", "ansible-playbook",
    "ansible-pull", "ansible", "puppet", "chef-client", "chef-solo", "cinc-client", "salt-call", "pwsh",
)  # fmt: skip


def _is_opaque(command: Command, build: Build) -> bool:
    """Whether a command runs what nobody sees here: another script, or a command that is not known."""
    folder = command.word.known.rpartition("/")[0]
    if command.name in _INTERPRETERS:
        opaque = command.piped or bool(command.arguments)
    else:
        opaque = not command.name or (folder != "" and not folder.endswith("bin"))
    return opaque and not any(script.runner is command for script in build.scripts)


def _is_apt(command: Command) -> bool:
    """Whether a command is apt's, and runs: not in a branch for another distribution."""
    if command.name not in APT or command.has(*DRY, "--help", "--version"):
        return False
    return command.inside("if", "or") is None or distribution(command.script) in (None, "debian")


def _all_known_before(command: Command) -> bool:
    """Whether every step before a command's own is one whose script is known."""
    script = command.script
    if script.template is None or not script.template.steps_known:
        return False
    return all(one.complete for one in (*script.earlier, script)) and not follows_unread(script)


def _around(command: Command) -> tuple[Command, ...]:
    """The commands that may run before one that stands in a function, wherever it is called: all of its script."""
    return command.script.commands if command.inside("function") is not None else ()


def _waits(command: Command) -> bool:
    """Whether a command waits until nothing else installs, or stops what does."""
    said = with_input(command) + "".join(" " + wrapper.written for wrapper in command.wrappers)
    if command.name == "cloud-init":
        return command.has("--wait", "-w") is not None
    if command.name == "sleep":
        seconds = command.texts[0] if command.texts else ""
        return command.inside("loop", "forever") is not None or not seconds.isdigit() or int(seconds[:6]) >= 10
    if re.search(r"Lock::Timeout|apt-daily|unattended-upgr.*\.service|is-system-running.*--wait", said):
        return True
    if command.name in ("systemctl", "service", "pkill", "killall", "kill"):
        return "unattended-upgr" in said or "apt" in said
    return command.name in ("fuser", "lsof", "lslocks", "flock", "pgrep", "pidof")


def _locks(command: Command) -> tuple[Word, ...] | None:
    """The words of a command that say that it needs the lock of apt or dpkg; None where it does not."""
    if command.name == "dpkg":
        option = command.has("-i", "--install", "-r", "--remove", "-P", "--purge", "--configure")
        return (option,) if option is not None else None
    if command.name in ("add-apt-repository", "apt-add-repository"):
        return () if command.has("-n", "--no-update", "-L", "--list") is None else None
    verb = subcommand(command) if _is_apt(command) else None
    return (verb,) if verb is not None and verb.known in _CHANGES else None


def _is_tried_again(command: Command) -> bool:
    """Whether a command is repeated until it succeeds: `until apt-get update; do`, `apt-get update && break`."""
    if command.under("retry", "flock") is not None:
        return True
    return command.inside("loop", "forever") is not None and bool(command.inside("condition", "chained", "handled"))


class _Stale(NamedTuple):
    """An apt command that finds no current package lists: its subcommand, what is the matter, and what `caused` it."""

    command: Command
    verb: Word
    problem: str
    waits: bool


def _stale(build: Build) -> _Stale | None:
    """The first apt command of a build that needs package lists and has none that are current."""
    updated = waits = False
    added: _Stale | None = None
    new = deleted = ""
    for command in build.commands:
        if _is_opaque(command, build):
            break  # it may have updated the lists, too
        waits = waits or _waits(command)
        if _updates(command):
            updated, added, new, deleted = True, None, "", ""
        elif command.name == "rm" and any("/var/lib/apt/lists" in text for text in command.texts):
            deleted = "the package lists are deleted before it"
        elif _adds_source(command):
            new = "the package source that is added before it is not in the lists yet"
        if not _is_apt(command) or added is not None:
            continue
        verb = subcommand(command)
        if verb is None or verb.known not in (*INSTALLS, *UPGRADES) or not _needs_lists(command, verb):
            continue
        if any(_updates(one) for one in _around(command)):
            continue
        if not _all_known_before(command):
            break
        if not updated or deleted:
            return _Stale(command, verb, deleted or "no `apt-get update` runs before it in this build", waits)
        if new:
            # What it installs may be in the old lists, if the lists are updated later.
            added = _Stale(command, verb, new, waits=True)
    return added


def _updates(command: Command) -> bool:
    """Whether a command fetches the package lists."""
    if command.name in ("add-apt-repository", "apt-add-repository"):
        return command.has("-n", "--no-update") is None
    if command.name in APT:
        return "update" in command.texts or command.is_open or command.has("-U", "--update") is not None
    # `retry 5 apt-get update`, where `retry` is a function of the script
    return "update" in command.texts and any(name in command.texts for name in APT)


def _adds_source(command: Command) -> bool:
    """Whether a command adds a package source whose lists are not there yet."""
    if command.name == "dpkg":
        return command.has("-i", "--install") is not None and any("packages-microsoft-prod" in t for t in command.texts)
    targets = [redirect.target.known for redirect in command.redirects if redirect.operator in (">", ">>")]
    if command.name == "tee":
        targets += command.texts
    elif command.name in COPIES:
        targets += command.texts if command.name in ("curl", "wget") else command.texts[-1:]
    return any(target.startswith("/etc/apt/sources.list") for target in targets)


def _needs_lists(command: Command, verb: Word) -> bool:
    """Whether a command installs by name, or upgrades; what is not known may be a file."""
    if verb.known in UPGRADES:
        return True
    named = [word.text for word in command.operands(*VALUED)[1:]]
    return any(name and "/" not in name.rpartition("=")[0] + name and not name.endswith(".deb") for name in named)


@check("AIB404", "package-lock-race", "warning", CLOUD_INIT, MANUAL)
def package_lock_race(build: Build) -> Findings:
    """
    ## What it does
    Looks for the first apt command of a build that does not wait for what else uses apt after the start of the build VM:
    with no `cloud-init status --wait` before it, no `DPkg::Lock::Timeout`, no loop over `fuser` and nothing that stops
    the timers of `apt-daily`. Nothing is reported behind a script that is somewhere else, since that may wait.

    ## Why it matters
    In its first minutes the build VM is busy with itself: cloud-init, unattended upgrades and the extensions of Azure
    hold the lock of dpkg. apt does not wait for it, but ends with `Could not get lock /var/lib/dpkg/lock-frontend`, and
    so does the build: on some days, and not on others.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["sudo «apt-get update»", "sudo apt-get install -y nginx"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": [
          "cloud-init status --wait",
          "sudo apt-get -o DPkg::Lock::Timeout=300 update",
          "sudo apt-get -o DPkg::Lock::Timeout=300 install -y nginx"
        ]
      }
    ]
    ```
    """
    for command in build.commands:
        if _waits(command) or _is_opaque(command, build):
            return
        words = _locks(command)
        if words is None:
            continue
        stale = _stale(build)
        if (
            not _all_known_before(command)
            or command.is_open
            or _is_tried_again(command)
            or any(_waits(one) for one in _around(command))
            or (stale is not None and stale.command is command)  # whose finding says so as well
        ):
            return
        yield Finding(
            command.at(*words),
            f"`{command.label(*words)}` in {where(command.script)} does not wait for what else uses apt after the start "
            "of the build VM",
            help="run `cloud-init status --wait` before it, and give apt `-o DPkg::Lock::Timeout=300`",
            notes=(
                "while cloud-init, unattended upgrades or an extension hold the lock, apt ends with `Could not get lock "
                "/var/lib/dpkg/lock-frontend`",
            ),
        )
        return


@check("AIB424", "stale-package-lists", "warning", MANUAL, TROUBLESHOOT)
def stale_package_lists(build: Build) -> Findings:
    """
    ## What it does
    Looks for the first `apt-get install` (or upgrade) of a build with no `apt-get update` before it, with one whose
    lists are deleted again, or with a package source that was added after it. Packages that are files need no lists.
    Nothing is reported behind a script that is somewhere else, since that may update.

    ## Why it matters
    An image brings package lists that are as old as itself, or none. apt then ends with `Unable to locate package` or
    with a 404 for a version that is gone from the mirror, and an upgrade finds nothing to do. It may pass while the
    image is new.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["cloud-init status --wait", "sudo «apt-get install» -y nginx"]
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
    stale = _stale(build)
    if stale is None:
        return
    command, verb, problem, waits = stale
    sudo = "sudo " if command.under("sudo") is not None else ""
    update = f"`{sudo}apt-get update`"
    yield Finding(
        command.at(verb),
        f"`{command.label(verb)}` in {where(command.script)} has no current package lists: {problem}",
        help=f"run {update} before it" if waits else f"run `cloud-init status --wait` and {update} before it",
        notes=(
            "it finds nothing to upgrade"
            if verb.known in UPGRADES
            else "it ends with `Unable to locate package`, or with a 404 for a version that is gone",
        )
        + (() if waits else ("until cloud-init is done, something else may hold the lock of apt",)),
    )
