"""Scripts that take away the build's access over SSH: the server, its settings, the network, the user."""

from __future__ import annotations

import re

from aiblint.finding import Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from .. import effects, tables
from ..connection import Harm, finding
from ..deletion import deletion_of
from ..effects import rest_of_build, runs_now

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
PACKER = "https://developer.hashicorp.com/packer/docs/communicators/ssh"
SSHD = "https://man.openbsd.org/sshd_config"

_SERVERS = ("ssh", "sshd", "ssh.socket", "sshd.socket")
_NETWORKS = ("networking", "network", "networkmanager", "systemd-networkd")
# Settings that shut the build out once the server has read them, and others that may.
_SHUTS_OUT = ("port", "listenaddress", "allowusers", "allowgroups", "denyusers", "denygroups", "authenticationmethods")
_MAY_DISTURB = (
    "ciphers", "macs", "kexalgorithms", "hostkeyalgorithms", "pubkeyacceptedalgorithms", "pubkeyacceptedkeytypes",
    "maxsessions", "maxstartups", "maxauthtries", "clientaliveinterval", "clientalivecountmax", "forcecommand",
    "usepam", "match",
)  # fmt: skip
_SETTING = pattern(
    rf"(?im)(?<![#\w])({'|'.join((*_SHUTS_OUT, *_MAY_DISTURB, 'pubkeyauthentication', 'passwordauthentication'))})"
    r"[ \t=]+([^\s'\"\\]+)"
)
_HARMLESS = {("port", "22"), ("usepam", "yes"), ("pubkeyauthentication", "yes"), ("passwordauthentication", "yes"),
             ("authenticationmethods", "any"), ("authenticationmethods", "publickey"), ("listenaddress", "0.0.0.0"),
             ("listenaddress", "::"), ("denyusers", "root")}  # fmt: skip
_CONFIG = pattern(r"/etc/ssh/sshd_config(?:\.d/.*)?$")
_PAM = pattern(r"/etc/pam\.d/(?:sshd|sudo|common-auth|common-account|system-auth|password-auth)$")
_SUDOERS = pattern(r"/etc/sudoers(?:\.d/.*)?$")
_PACKAGES = ("openssh-server", "ssh", "openssh")
_BUILD_USER = pattern(
    r"""["']?(?:packer|\$\{?(?:USER|LOGNAME|SUDO_USER)\}?|\$\((?:whoami|logname|id -un)\)|`(?:whoami|id -un)`)["']?$"""
)


@check("AIB409", "ssh-access-changed", "error", TROUBLESHOOT, PACKER, SSHD)
def ssh_access_changed(command: Command, build: Build) -> Findings:
    """
    ## What it does
    Looks for scripts that take away what the build needs to reach a Linux machine and to work there: that stop or remove
    the SSH server, change its port or who may sign in and restart it, take down the network, lock the build user
    or its right to use sudo. Programs that harden all at once, and changes of PAM, are warnings; settings of the server
    that only count from the next start are less.

    ## Why it matters
    The build works over SSH, step by step, as a user made for it, with sudo and without a terminal. When that ends the
    build waits for a connection, often until it times out, and no message says why.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Harden",
        "inline": [
          "echo 'AllowUsers admin' | sudo tee -a «/etc/ssh/sshd_config»",
          "sudo systemctl restart ssh"
        ]
      }
    ]
    ```
    ```json
    "customize": [
      {"type": "Shell", "name": "Harden", "inline": ["sudo «rm -f /etc/sudoers.d/90-cloud-init-users»"]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Harden",
        "inline": ["echo 'PermitRootLogin no' | sudo tee /etc/ssh/sshd_config.d/10-root.conf", "sudo sshd -t"]
      }
    ]
    ```
    """
    if command.language != "shell" or not runs_now(command):
        return
    found = (
        _harm_to_server(command, build)
        or _harm_to_network(command)
        or _harm_to_user(command)
        or _harm_to_files(command, build)
    )
    if found is None:
        match = tables.first("ssh-access-changed", command)
        if match is None:
            found = _hardening_playbook(command)
        else:
            row = match.row
            found = Harm(match.words, row.does, row.help, row.note, row.severity)
    if found is not None:
        yield finding(command, found)


# -- the server --------------------------------------------------------------------------------------------------------


def _harm_to_server(command: Command, build: Build) -> Harm | None:
    change = effects.service(command)
    word = change.word(*_SERVERS) if change is not None else None
    if change is not None and word is not None:
        return _server_change(command, build, change, word)
    if command.name in ("pkill", "killall"):
        word = next((word for word in command.operands("-u", "-s") if word.known in ("sshd", "ssh")), None)
        if word is not None and not any(re.fullmatch(r"-(?:HUP|SIGHUP|1|0)", text) for text in command.texts):
            return Harm((word,), "ends the SSH server, and the connection of the build with it")
    removers = ("apt", "apt-get", "yum", "dnf", "zypper", "tdnf")
    operands = command.operands("-o", "-c", "-t")
    if command.name in removers and operands and operands[0].known in ("remove", "purge", "erase", "rm"):
        word = next((word for word in operands[1:] if word.known in _PACKAGES), None)
        if word is not None:
            return Harm((word,), "removes the SSH server that the build is connected over")
    return None


def _server_change(command: Command, build: Build, change: effects.Service, word: Word) -> Harm | None:
    if change.action in ("restart", "reload"):
        # What its settings do to the build is said where they are written.
        tested = any(
            (earlier.name == "sshd" and earlier.has("-t", "-T") is not None)
            or any(_CONFIG.match(one.path) for one in effects.writings(earlier))
            for earlier in command.before()
        )
        if tested or change.action == "reload":
            return None
        return Harm(
            change.said(word),
            "restarts the SSH server that the build is connected over",
            "put `sshd -t` before it, so that a mistake in its settings fails the step at once",
            "the connection itself stays, but where the settings are broken no other comes about",
            "info",
        )
    if change.action not in ("stop", "disable", "mask", "kill", "remove"):
        return None
    # From a socket to a service or back: the other one is started.
    for other in (*command.before(), *rest_of_build(command, build)):
        undone = effects.service(other)
        if (
            undone is not None
            and undone.action in ("start", "restart", "enable")
            and undone.word(*_SERVERS) is not None
        ):
            return None
    if change.action == "stop" or change.action == "kill" or change.now:
        return Harm(change.said(word), "stops the SSH server that the build is connected over")
    return Harm(
        change.said(word),
        "keeps the SSH server from starting again",
        "take it out; who must not reach the VMs made from the image is a matter of the network's rules",
        "nobody reaches the VMs made from the image over SSH, and a step that restarts the server fails",
        "warning" if change.action == "disable" else "",
    )


# -- the network -------------------------------------------------------------------------------------------------------


def _harm_to_network(command: Command) -> Harm | None:
    change = effects.service(command)
    word = change.word(*_NETWORKS) if change is not None else None
    if change is not None and word is not None:
        if change.action == "stop" or (change.action in ("disable", "mask") and change.now):
            return Harm(change.said(word), "takes down the network that the build is connected over")
        if change.action == "restart":
            return Harm(
                change.said(word),
                "restarts the network while the build is connected",
                "leave it out: what is configured counts from the next start",
                "if the address is lost, even for a moment too long, the build waits until `buildTimeoutInMinutes` is over",
                "warning",
            )
        return None
    operands = [word.known for word in command.operands()]
    device = None
    if command.name == "ip" and operands[:2] == ["link", "set"] and "down" in operands:
        device = next((word for word in command.operands()[2:] if word.known not in ("dev", "down")), None)
    elif command.name == "ifconfig" and operands[1:2] == ["down"]:
        device = command.operands()[0]
    if device is not None and re.match(r"(?:eth|en)\w*\d", device.known):
        return Harm(tuple(command.arguments), "takes down the network that the build is connected over")
    if command.name == "nmcli" and len(operands) > 1 and (operands[0][:3], operands[1]) in (
        ("con", "down"), ("dev", "disconnect"), ("dev", "down"), ("net", "off"),
    ):  # fmt: skip
        return Harm(command.operands()[:2], "takes down the network that the build is connected over")
    return None


# -- the user ----------------------------------------------------------------------------------------------------------


def _harm_to_user(command: Command) -> Harm | None:
    name = command.name
    locks = (
        (name in ("userdel", "deluser") and "deletes")
        or (name == "passwd" and command.has("-l", "--lock", "-e", "--expire") is not None and "locks")
        or (name == "usermod" and _locking(command) and "locks")
        or (name == "chage" and command.has("-E", "-M", "-d", "--expiredate", "--maxdays", "--lastday") and "locks")
        or (name == "gpasswd" and command.has("-d", "--delete") is not None and "sudo" in command.texts and "demotes")
    )
    if not locks:
        return None
    user = next((word for word in command.arguments if _BUILD_USER.match(command.as_written(word))), None)
    if user is None:
        return None
    return Harm(
        (user,),
        f"{locks} the build user",
        "take it out: the deprovisioning at the end of the build deletes that user",
    )


def _locking(command: Command) -> bool:
    if command.has("-L", "--lock", "-e", "--expiredate") is not None:
        return True
    for option, value in zip(command.texts, command.texts[1:], strict=False):
        if option in ("-s", "--shell") and re.search(r"nologin|false$", value):
            return True
    return False


def _hardening_playbook(command: Command) -> Harm | None:
    if command.name not in ("ansible-playbook", "ansible-pull"):
        return None
    word = next(
        (
            word
            for word in command.operands("-i", "-e", "-l")
            if re.search(r"(?i)(?:^|[^a-z])(?:cis|stig)(?:$|[^a-z])", word.known)
        ),
        None,
    )
    if word is None:
        return None
    return Harm(
        (word,),
        "hardens the build VM while the build is connected",
        "make it the last step, and leave out the rules about SSH, sudo and `/tmp`; or let it run at the first boot",
        "such profiles change the SSH server, sudo, PAM, the firewall and the rights of `/tmp`, all of which the build needs",
        "warning",
    )


# -- files -------------------------------------------------------------------------------------------------------------


def _harm_to_files(command: Command, build: Build) -> Harm | None:
    removed = deletion_of(command, "/etc/sudoers.d/90-cloud-init-users", "/etc/sudoers.d/waagent", "/etc/sudoers")
    if removed is not None and removed.path.startswith("/etc/sudoers"):
        return Harm(
            (removed.word,),
            "takes away the build user's right to use sudo",
            "take it out: the deprovisioning at the end of the build takes care of it",
            "all that follows and uses sudo fails: it asks for a password, and nobody answers",
        )
    removed = deletion_of(command, "/etc/ssh/sshd_config")
    if removed is not None and removed.path.startswith("/etc/ssh") and command.name != "mv":
        return Harm((removed.word,), "deletes the settings of the SSH server that the build is connected over")
    for one in effects.writings(command):
        said = _new_text(command, one)
        if said is None:
            continue
        if _CONFIG.match(one.path):
            return _settings(command, build, one, said)
        if _SUDOERS.match(one.path) and re.search(r"(?m)^\s*Defaults\b[^\n]*(?<!!)\brequiretty\b", said):
            return _edited(
                command, one, "lets sudo work on a terminal only, and the build has none",
                "all that follows and uses sudo fails: `sorry, you must have a tty to run sudo`",
            )  # fmt: skip
        if _SUDOERS.match(one.path) and command.name == "sed" and _drops_nopasswd(command):
            return _edited(
                command, one, "makes sudo ask for a password",
                "all that follows and uses sudo fails: it asks for a password, and nobody answers",
            )  # fmt: skip
        if _PAM.match(one.path):
            return _edited(
                command, one, "changes who may sign in while the build is connected",
                "a mistake there shuts the build out, or keeps sudo from working", "warning",
            )  # fmt: skip
    return None


def _edited(command: Command, one: effects.Writing, does: str, note: str, severity: str = "") -> Harm:
    return Harm(
        (one.word,), f"writes `{one.path}`, and {does}", note=note, severity=severity, at=command.place(one.word)
    )


def _drops_nopasswd(command: Command) -> bool:
    for text in command.texts:
        found = re.search(r"s([|/#,@])(.*?)\1(.*?)\1|/(.*)/d", text)
        # The build user has a line of its own; those for groups (`%wheel`) are others' business.
        if found is not None and "NOPASSWD" in (found[2] or found[4] or "") and "%" not in text:
            return "NOPASSWD" not in (found[3] or "")
    return False


def _new_text(command: Command, one: effects.Writing) -> str | None:
    """What a command puts into a file; of `sed`, what it puts in the place of something else."""
    if command.name != "sed":
        return one.content
    found: list[str] = []
    for text in command.texts:
        scripts = re.finditer(r"(?:^|[;\s}/])s([|/#,@!~%:])((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1", text)
        found += (script[3] for script in scripts)
        found += re.findall(r"(?:^|/|\$|\d)\s*[aic]\\?\s*([A-Z].*)", text)
    return "\n".join(found)


def _settings(command: Command, build: Build, one: effects.Writing, said: str) -> Harm | None:
    """What new settings of the SSH server do to the build."""
    worst = ""
    rank = 0
    for key, value in _SETTING.findall(said):
        lower, given = key.lower(), value.lower()
        if (lower, given) in _HARMLESS or given.startswith("packer") or UNKNOWN in given:
            continue
        # The build signs in with a key, so a password that is no longer taken does not matter.
        level = 1 if _is_mild(lower, given) else 2 if lower in _MAY_DISTURB else 3
        if level > rank:
            worst, rank = f"{key} {value}", level
    if not rank:
        return None
    restart = next((later for later in rest_of_build(command, build) if _reads_settings(later)), None)
    severity = {1: ("info", "info"), 2: ("info", "warning"), 3: ("warning", "")}[rank][restart is not None]
    note = (
        "the SSH server reads it while the build is connected"
        if restart is not None
        else "it counts once the SSH server starts anew, which an update of it may do during the build"
    )
    return Harm(
        (one.word,),
        f"sets `{worst}` in `{one.path}`, for the SSH server that the build is connected over",
        "leave out the restart of the server: what is in the file counts from the next start"
        if restart is not None
        else "write it in the last step, or at the first boot",
        note,
        severity,
        (Related(restart.span, "the server reads it here"),) if restart is not None else (),
        command.place(one.word),
    )


def _is_mild(key: str, value: str) -> bool:
    """Whether a setting disturbs no build: it signs in with one key, and answers when it is asked whether it lives."""
    if key in ("maxauthtries", "maxsessions"):
        return value.isdigit() and int(value) > 1
    # Old servers take 0 for "after one silent interval": a long installation without output is one.
    return key in ("passwordauthentication", "clientaliveinterval", "maxstartups") or (
        key == "clientalivecountmax" and value != "0"
    )


def _reads_settings(command: Command) -> bool:
    change = effects.service(command)
    if change is not None and change.word(*_SERVERS) is not None:
        return change.action in ("restart", "reload", "start")
    hangs_up = any(re.fullmatch(r"-(?:HUP|SIGHUP|1)", text) for text in command.texts)
    return command.name in ("pkill", "killall") and hangs_up and "sshd" in command.texts
