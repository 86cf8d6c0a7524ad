"""Package managers of Linux: what they ask, and what the packages ask."""

from __future__ import annotations

import re
from functools import lru_cache

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.script.command import UNKNOWN

from .. import tables
from ..effects import writings
from ..execution import distribution, is_answered, is_own
from ..ground import platform_image
from ..wording import listed, where
from .apt import APT, COPIES, DRY, INSTALLS, UPGRADES, subcommand, with_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
MANUAL = "https://manpages.debian.org/bookworm/apt/apt-get.8.en.html"
DEBCONF = "https://manpages.debian.org/bookworm/debconf-doc/debconf.7.en.html"
DPKG = "https://manpages.debian.org/bookworm/dpkg/dpkg.1.en.html"
SUDOERS = "https://manpages.debian.org/bookworm/sudo/sudoers.5.en.html"
PACKER = "https://developer.hashicorp.com/packer/docs/debugging"

_FAMILIES = {
    "apt": "debian", "apt-get": "debian", "aptitude": "debian", "yum": "rhel", "dnf": "rhel", "microdnf": "rhel",
    "zypper": "suse", "tdnf": "azurelinux",
}  # fmt: skip

# How the names of package managers begin -> the files that make them answer yes by themselves, and the word for it.
_ASSUMING = {
    "apt": ("/etc/apt/apt.conf", "Assume-Yes"),
    "yum": ("/etc/yum.conf|/etc/dnf/", "assumeyes"),
    "dnf": ("/etc/yum.conf|/etc/dnf/", "assumeyes"),
    "microdnf": ("/etc/dnf/", "assumeyes"),
    "conda": ("", "always_yes"),
    "mamba": ("", "always_yes"),
    "micromamba": ("", "always_yes"),
}
# `yum-config-manager --save --setopt=assumeyes=1`, `dnf config-manager` and `conda config` write these themselves.
_CONFIGURES = re.compile(r"config-manager\b.*assumeyes|\bconda\b.*config.*always_yes|condarc", re.DOTALL)
_SETTINGS = re.compile(r"/etc/|needrestart|debconf-set-selections|assumeyes|always_yes|condarc")


@lru_cache(maxsize=32)
def _settings(script: Script) -> tuple[tuple[Command, str], ...]:
    """The commands of a script that may write the configuration of a package manager, with what they say."""
    return tuple((command, said) for command in script.commands if _SETTINGS.search(said := with_input(command)))


@lru_cache(maxsize=256)
def _first(script: Script, test: Callable[[Command, str, str], bool], argument: str) -> int | None:
    """The number of the first command of a script whose settings pass a test."""
    return next((command.number for command, said in _settings(script) if test(command, said, argument)), None)


def _was_set(command: Command, test: Callable[[Command, str, str], bool], argument: str = "") -> bool:
    """Whether such a command runs before another one: anywhere in its script where that one stands in a function."""
    if any(_first(script, test, argument) is not None for script in command.script.earlier):
        return True
    number = _first(command.script, test, argument)
    return number is not None and (number < command.number or command.inside("function") is not None)


@check("AIB401", "interactive-install", "error", TROUBLESHOOT, MANUAL)
def interactive_install(command: Command) -> Findings:
    """
    ## What it does
    Looks for package managers that ask before they install, update or remove: without `-y` or what stands for it in
    theirs (zypper's `--non-interactive` stands in front of the subcommand), and with nothing that answers: `yes |`,
    `APT::Get::Assume-Yes` or `assumeyes` in a file that an earlier step writes. So do installers that a pipe hands to a
    shell, such as those of Rust and Miniconda. Where an option is in a variable whose value is not known, nothing is
    reported.

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
    match = _asks(command)
    if match is None:
        key = _unknown_key(command)
        if key is not None:
            yield key
        return
    # In a branch for another distribution it never runs.
    other = command.inside("if", "or") is not None and distribution(command.script) not in (
        None,
        _FAMILIES.get(command.name, distribution(command.script)),
    )
    yield Finding(
        command.at(*match.words),
        f"`{command.label(*match.words)}` in {where(command.script)} waits for {match.row.asks}",
        help=match.row.help,
        notes=(match.row.note,) if match.row.note else (),
        severity="info" if other else match.row.severity,
    )


def _asks(command: Command) -> tables.Match | None:
    """What a package manager asks, with nothing that answers."""
    if command.language != "shell" or is_own(command):
        return None
    # Installers are run by a shell, or by themselves.
    itself = command.name.lower().endswith((".sh", ".run")) and "/" in command.word.known
    match = tables.broken("interactive-install", command, "sh" if itself else "")
    if match is None or command.has("--help", "--version") or _assumes_yes(command):
        return None
    if is_answered(command) or (command.name == "zypper" and _is_told_in_front(command, match.words)):
        return None
    # What xargs appends may be options.
    fed = command.fed_by.written if command.fed_by is not None and command.under("xargs") else ""
    return None if re.search(r"(?:^|[\s\"'])-\w*y", fed) else match


def _is_told_in_front(command: Command, words: tuple[Word, ...]) -> bool:
    """Whether zypper is told not to ask: behind its subcommand `-n` means something else."""
    front = command.arguments[: command.arguments.index(words[0])] if words else ()
    return any(word.may_be_option or re.match(r"-[qv]?n|--non-interactive$", word.known) for word in front)


def _assumes_yes(command: Command) -> bool:
    """Whether an earlier command writes a configuration that answers yes."""
    if any("assume-yes" in word.known.lower() and "=" in word.known for word in command.arguments):
        return True
    family = next((family for family in _ASSUMING if command.name.startswith(family)), "")
    return family != "" and _was_set(command, _answers_yes, family)


def _answers_yes(command: Command, said: str, family: str) -> bool:
    files, word = _ASSUMING[family]
    if _CONFIGURES.search(said) and word in said:
        return True
    if files and re.search(files, said) is None:
        return False
    return word.lower() in said.lower() or (files != "" and command.name in COPIES)


def _unknown_key(command: Command) -> Finding | None:
    """zypper asks whether to trust the key of a repository that the build itself has added."""
    if command.name != "zypper" or command.is_open or command.has("--gpg-auto-import-keys", "--no-gpg-checks"):
        return None
    verb = next(iter(command.operands()), None)
    if verb is None or verb.known not in ("refresh", "ref", "install", "in", "update", "up", "dup", "dist-upgrade"):
        return None
    for earlier in command.before():
        if earlier.name == "rpm" and earlier.has("--import"):
            return None
        if earlier.name != "zypper":
            continue
        if earlier.is_open or earlier.has("--gpg-auto-import-keys", "--no-gpg-checks", "-G", "--no-gpgcheck"):
            return None
        named = [word.known for word in earlier.operands()]
        if named[:1] in (["refresh"], ["ref"], ["install"], ["in"]):
            return None  # that one asked
        if named[:1] in (["addrepo"], ["ar"]):
            return Finding(
                command.at(verb),
                f"`{command.label(verb)}` in {where(command.script)} waits for somebody to trust the key of the "
                "repository that the build has added",
                help="write `zypper --gpg-auto-import-keys refresh`, or import the key before with `rpm --import`",
                notes=("`--non-interactive` answers that with no, and the repository is left out",),
                severity="warning",
            )
    return None


_LOST = "sudo does not hand on what `export` has set: name the variable behind `sudo`, or use `sudo -E`"


@check("AIB403", "debconf-prompt", "warning", DEBCONF, DPKG, SUDOERS, PACKER)
def debconf_prompt(command: Command) -> Findings:
    """
    ## What it does
    Looks for apt commands whose packages ask questions of their own: upgrades of everything, and packages that are
    known for it (`postfix`, `iptables-persistent`, `msodbcsql18`), where `DEBIAN_FRONTEND=noninteractive` (or
    `ACCEPT_EULA=Y`) does not reach apt. A variable that a script exports does not get through `sudo`. An upgrade also
    needs to know what becomes of changed configuration files, and on Ubuntu 22.04 and later what becomes of running
    services. Where only that is missing, or where the variable is lost before packages that ask nothing, this is
    advice.

    ## Why it matters
    `-y` answers the questions of apt alone. Those of the packages (debconf), of dpkg (changed configuration files) and
    of needrestart (services) are asked all the same, and the build ends with `end of file on stdin at conffile prompt`,
    or waits at a blue screen that nobody sees until `buildTimeoutInMinutes` is over.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Upgrade",
        "inline": [
          "cloud-init status --wait",
          "export DEBIAN_FRONTEND=noninteractive",
          "sudo apt-get update",
          "sudo «apt-get upgrade» -y"
        ]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Upgrade",
        "inline": [
          "cloud-init status --wait",
          "sudo apt-get update",
          "sudo DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold upgrade"
        ]
      }
    ]
    ```
    """
    if command.language != "shell" or command.has(*DRY) or is_answered(command) or _asks(command) is not None:
        return
    match = tables.broken("debconf-prompt", command)
    if match is not None:
        yield from _package_asks(command, match)
        return
    verb = subcommand(command)
    if verb is None or command.name not in APT:
        return
    if verb.known in UPGRADES:
        yield from _upgrade_asks(command, verb)
    elif _is_lost(command, "DEBIAN_FRONTEND") and _first_lost(command.script) is command:
        yield Finding(
            command.at(verb),
            f"`DEBIAN_FRONTEND` does not reach `{command.label(verb)}` in {where(command.script)}: sudo does not hand "
            "it on",
            help=f"write `sudo DEBIAN_FRONTEND=noninteractive {command.label(verb)} ...`, or use `sudo -E`",
            notes=("that matters once a package asks something",),
            severity="info",
        )


def _package_asks(command: Command, match: tables.Match) -> Findings:
    package = match.words[-1].known
    variable = match.row.variables[0] if match.row.variables else ""
    if variable and _is_settled(command, variable):
        return
    if _was_set(command, _answers_package, package):
        return
    value = "Y" if variable == "ACCEPT_EULA" else "noninteractive"
    sudo = "sudo " if command.under("sudo") is not None else ""
    yield Finding(
        command.at(*match.words),
        f"`{package}` asks a question while it is installed in {where(command.script)}"
        + (f", and `{variable}={value}` does not reach `{command.name}`" if variable else ""),
        help=match.row.help or f"write `{sudo}{variable}={value} {command.label(*match.words[:-1])} -y ...`",
        notes=(match.row.note, *((_LOST,) if variable and _is_lost(command, variable) else ())),
        severity=match.row.severity,
    )


# Packages whose question is another one's, by which debconf knows it.
_OWNERS = {
    "tshark": "wireshark",
    "ttf-mscorefonts-installer": "mscorefonts",
    "ubuntu-restricted-extras": "mscorefonts",
    "linux-crashdump": "kdump",
    "libnss-ldapd": "ldap",
}


def _answers_package(command: Command, said: str, package: str) -> bool:
    if "debconf-set-selections" not in said:
        return False
    # Answers are given to the package that asks, which may be one that this one brings along; or in a file.
    of_file = bool(command.operands()) or any(redirect.operator == "<" for redirect in command.redirects)
    owner = _OWNERS.get(package, package.partition("-")[0])
    return of_file or UNKNOWN in said or owner in said


def _upgrade_asks(command: Command, verb: Word) -> Findings:
    front = not _is_settled(command, "DEBIAN_FRONTEND")
    files = not any("force-conf" in word.known for word in command.arguments) and not command.is_open
    files = files and not _was_set(command, _keeps_files)
    if not front and not files:
        return
    services = front and _restarts_services(command)
    changed = files and _was_set(command, _changes_configuration)
    asking = ["what its packages want to know"] * front + ["which changed configuration files to keep"] * files
    asking += ["which services to restart"] * services
    variables = ["DEBIAN_FRONTEND=noninteractive"] * front + ["NEEDRESTART_MODE=a"] * services
    words = [command.name, "-y"]
    words += ["-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"] * files
    sudo = ["sudo"] if command.under("sudo") is not None else []
    missing = [f"`{variable}`" for variable in variables] + ["`--force-confold`"] * files
    yield Finding(
        command.at(verb),
        f"`{command.label(verb)}` in {where(command.script)} may ask {listed(asking)}: {listed(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} missing",
        help=f"write `{' '.join((*sudo, *variables, *words, verb.known))}`",
        notes=(
            "`-y` answers apt alone, not debconf, dpkg or needrestart",
            *((_LOST,) if front and _is_lost(command, "DEBIAN_FRONTEND") else ()),
            *(("the build has changed such a file itself before",) if changed else ()),
        ),
        severity="" if front or changed else "info",
    )


def _is_settled(command: Command, variable: str) -> bool:
    """Whether a variable reaches a command: through its environment, or through files that sudo reads."""
    return bool(command.environment.get(variable)) or _was_set(command, _hands_on, variable)


def _hands_on(command: Command, said: str, variable: str) -> bool:
    if variable == "DEBIAN_FRONTEND" and re.search(r"debconf/frontend\s.*noninteractive", said, re.IGNORECASE):
        return True
    if variable in said and re.search(r"/etc/(?:environment|sudoers)", said):
        return True
    return "/etc/environment" in said and command.name in COPIES


def _is_lost(command: Command, variable: str) -> bool:
    """Whether a variable is set where a command stands, but sudo takes it away."""
    return not _is_settled(command, variable) and any(
        wrapper.name == "sudo" and wrapper.environment.get(variable) for wrapper in command.wrappers
    )


@lru_cache(maxsize=32)
def _first_lost(script: Script) -> Command | None:
    lost = (one for one in script.commands if one.name in APT and _is_lost(one, "DEBIAN_FRONTEND"))
    return next((one for one in lost if (verb := subcommand(one)) is not None and verb.known in INSTALLS), None)


def _keeps_files(command: Command, said: str, _: str) -> bool:
    copied = command.name in COPIES and re.search(r"/etc/(?:apt/apt\.conf|dpkg/dpkg\.cfg)", said) is not None
    return copied or "force-conf" in said


def _restarts_services(command: Command) -> bool:
    """Whether needrestart is at work, as on Ubuntu since 22.04, and nobody has told it what to do."""
    if command.environment.get("NEEDRESTART_MODE") or command.environment.get("NEEDRESTART_SUSPEND"):
        return False
    template = command.script.template
    image = platform_image(template) if template is not None else None
    if image is None or _was_set(command, _tells_needrestart):
        return False
    version = re.search(r"(\d\d)[._-]?04", "/".join(image[1:]))
    named = re.search(r"jammy|noble|plucky|questing|resolute", "/".join(image[1:]))
    return named is not None or (version is not None and int(version[1]) >= 22)


def _tells_needrestart(command: Command, said: str, _: str) -> bool:
    return "needrestart" in said


# Files of packages that every image has. Who changes one and upgrades then is asked which of the two to keep.
_CONFIGURATION = re.compile(
    r"/etc/(?:ssh/sshd_config|waagent\.conf|cloud/cloud\.cfg|sudoers|login\.defs|sysctl\.conf|rsyslog\.conf|crontab"
    r"|security/[\w.]+|pam\.d/[\w-]+|systemd/\w+\.conf|chrony/chrony\.conf|default/grub)(?![\w./])"
)


def _changes_configuration(command: Command, _: str, __: str) -> bool:
    return any(_CONFIGURATION.fullmatch(one.path) for one in writings(command))
