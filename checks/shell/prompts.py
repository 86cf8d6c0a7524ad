"""What waits for a person at a terminal, package managers apart: `read`, editors, passwords, host keys, sign-ins."""

from __future__ import annotations

import re
from functools import lru_cache

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

from .. import tables
from ..execution import distribution, ends_on_error, is_answered, is_own
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command

PACKER = "https://developer.hashicorp.com/packer/docs/debugging"
SHELL = "https://developer.hashicorp.com/packer/docs/provisioners/shell"

_NOBODY = "nobody answers during a build: it fails, or waits until `buildTimeoutInMinutes` is over"
# Conditions that are true only where a person sits at a terminal.
_AT_A_TERMINAL = re.compile(r"-t\s+[012]\b|\btty\b|\$-|\bPS1\b|interactive", re.IGNORECASE)
# What ends a command that would go on for ever.
_LIMITS = ("timeout", "systemd-run")


@check("AIB402", "interactive-command", "error", PACKER, SHELL)
def interactive_command(script: Script) -> Findings:
    """
    ## What it does
    Looks for commands in scripts of the shell that read from a terminal: `read` and `select` with nothing to read from,
    `passwd`, editors, `ssh-keygen` without a file and a passphrase, `ssh` and `git clone` to a host whose key nobody has
    accepted, `mysql -p`, `az login` without `--identity`, `terraform apply` without `-auto-approve`, `su`, and what never
    ends, such as `tail -f`. A pipe, a here-document or a file on its input answers most of them.

    ## Why it matters
    The build runs scripts with nothing on their input and without a terminal. Most of these commands end at once and
    take the build with them; some wait until `buildTimeoutInMinutes` is over.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "MakeKey",
        "inline": ["«ssh-keygen» -t ed25519 -f /tmp/key"]
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Fetch",
        "inline": ["«az login»", "az storage blob download -c files -n app.tgz -f /tmp/app.tgz --account-name contoso"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "MakeKey",
        "inline": ["ssh-keygen -t ed25519 -f /tmp/key -N ''"]
      }
    ]
    ```
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "userAssignedIdentities": [
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
      ]
    },
    "customize": [
      {
        "type": "Shell",
        "name": "Fetch",
        "inline": [
          "az login --identity",
          "az storage blob download -c files -n app.tgz -f /tmp/app.tgz --account-name contoso --auth-mode login"
        ]
      }
    ]
    ```
    """
    if script.language != "shell":
        return
    ends = ends_on_error(script) is True
    for command in script.commands:
        if command.language != "shell" or is_own(command) or _only_at_a_terminal(command):
            continue
        if command.name == "read":
            yield from _reads(command, ends)
        elif _is_clone(command):
            yield from _clones(command)
        else:
            yield from _asks(command)
    yield from _selects(script)


def _only_at_a_terminal(command: Command) -> bool:
    return any(frame.kind in ("if", "or") and _AT_A_TERMINAL.search(frame.text) for frame in command.around)


def _asks(command: Command) -> Findings:
    """What the table says of a program."""
    match = tables.broken("interactive-command", command)
    if match is None or command.has("--help", "--version"):
        return
    row = match.row
    if row.endless:
        fed = command.inside("background") or command.under(*_LIMITS) or command.feeds is not None
    else:
        fed = not row.terminal and (command.piped or is_answered(command) or _is_called_with_input(command))
    certain = _CERTAIN.get(command.name)
    if fed or (certain is not None and not certain(command)):
        return
    # What matters is that nothing else is there: `su -`.
    words = command.arguments if row.most >= 0 and len(command.arguments) < 3 else match.words
    yield Finding(
        command.at(*words),
        f"`{command.label(*words)}` in {where(command.script)} waits for {row.asks}",
        help=row.help,
        notes=(row.note or ("it goes on until `buildTimeoutInMinutes` is over" if row.endless else _NOBODY),),
        severity=row.severity,
    )


# -- read and select ---------------------------------------------------------------------------------------------------


def _reads(command: Command, ends: bool) -> Findings:
    sources = [redirect for one in (command, *command.wrappers) for redirect in one.redirects]
    sources = [redirect for redirect in sources if redirect.operator.startswith("<")]
    if sources and sources[0].target.known != "/dev/tty":
        return
    if not sources and (command.piped or _is_called_with_input(command)):
        return
    # With a time limit (-t) it does not wait, from another descriptor (-u) it does not ask.
    if any(re.fullmatch(r"-[a-zA-Z]*[tu][\d.]*", word.known) for word in command.arguments):
        return
    if any(word.open for word in command.arguments):
        return
    ends = ends and command.inside("handled", "condition") is None
    yield Finding(
        command.span,
        f"`read` in {where(command.script)} waits for a line that nobody types",
        help="leave it out, or set the variable in the script",
        notes=(
            "with nothing on standard input it fails at once"
            + (", and the step ends there" if ends else ", and the variable stays empty"),
        ),
        severity="" if command.always_runs and command.inside("handled") is None else "warning",
    )


@lru_cache(maxsize=8)
def _inputs(script: Script) -> tuple[frozenset[str], int]:
    """The names that are called with something on their input, and the number of the first `exec < FILE`."""
    names, first = set(), len(script.commands)
    for command in script.commands:
        if command.piped or any(redirect.operator.startswith("<") for redirect in command.redirects):
            names.add(command.name)
            if command.name == "exec" and not command.arguments:
                first = min(first, command.number)
    return frozenset(names), first


def _is_called_with_input(command: Command) -> bool:
    """Whether a command reads what is given to something around it: to its function, or to all by `exec < FILE`."""
    names, first = _inputs(command.script)
    function = command.inside("function")
    return command.number > first or (function is not None and function.text in names)


def _selects(script: Script) -> Findings:
    commands = iter(script.commands)
    first = next(commands, None)
    for construct in script.contents.constructs:
        if construct.kind != "select":
            continue
        # The first command of its body tells whether it runs at all, and what its input is.
        while first is not None and first.start < construct.end:
            first = next(commands, None)
        if first is None or first.inside("loop") is None or first.piped or _only_at_a_terminal(first):
            continue
        if any(redirect.operator.startswith("<") for redirect in first.redirects):
            continue
        yield Finding(
            script.span(construct.start, construct.end),
            f"`select` in {where(script)} waits for somebody to choose",
            help="set the variable in the script",
            notes=(_NOBODY,),
        )


# -- what no table says ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _accepts_keys(script: Script) -> int | None:
    """The number of the first command of a script by which the keys of hosts may be accepted."""
    for command in script.commands:
        said = " ".join((command.written, *(redirect.target.known for redirect in command.redirects)))
        if command.name == "ssh-keyscan" or re.search(r"known_hosts|StrictHostKeyChecking|ssh_config|\.ssh\b", said):
            return command.number
    return None


def _has_no_key(command: Command) -> bool:
    """Whether the key of the host is one that nothing has accepted before."""
    number = _accepts_keys(command.script)
    if number is not None and number < command.number:
        return False
    return all(_accepts_keys(script) is None for script in command.script.earlier)


def _is_remote(command: Command) -> bool:
    remote = (re.match(r"[^/:]+:(?!:|//)", word.known) for word in command.operands("-i", "-P", "-o", "-e", "-l"))
    return any(remote) and _has_no_key(command)


def _is_clone(command: Command) -> bool:
    words = command.operands("-C", "-c") if command.name == "git" else ()
    return bool(words) and words[0].known in ("clone", "ls-remote")


def _clones(command: Command) -> Findings:
    """What git asks of who clones: over ssh for the key of the host, over https for a user where it is not public."""
    verb = command.operands("-C", "-c")[0]
    address = next((word for word in command.arguments if re.match(_ADDRESS, word.known)), None)
    if address is None:
        return
    if not address.known.startswith("http"):
        if any(command.environment.get(name) for name in ("GIT_SSH_COMMAND", "GIT_SSH")):
            return
        if "sshCommand" in command.written or not _has_no_key(command):
            return
        yield Finding(
            command.at(verb),
            f"`{command.label(verb)}` over ssh in {where(command.script)} waits for somebody to trust the key of the host",
            help="fetch the key before with `ssh-keyscan HOST >> ~/.ssh/known_hosts`, or clone over https",
            notes=("without a terminal it ends with `Host key verification failed`",),
        )
    elif "@" not in address.known and not command.environment.get("GIT_TERMINAL_PROMPT") and not command.is_open:
        if re.search(r"extraheader|credential|askpass", command.written, re.IGNORECASE):
            return
        yield Finding(
            command.at(verb),
            f"`{command.label(verb)}` in {where(command.script)} asks for a user if that repository is not public",
            help="set `GIT_TERMINAL_PROMPT=0`, and take a token from Key Vault where one is needed",
            severity="info",
        )


# An address that git reaches over ssh, or over https.
_ADDRESS = r"(?:https|ssh|git\+ssh)://|[\w.-]+@[\w.-]+:"


def _is_on_debian(command: Command) -> bool:
    # Elsewhere adduser is another name of useradd, which asks nothing.
    return distribution(command.script) == "debian"


def _is_not_by_sudo(command: Command) -> bool:
    # What sudo starts as root, and what becomes of the lines behind it, is missing-sudo's.
    return command.under("sudo", "doas") is None


def _is_another_user(command: Command) -> bool:
    return command.has("-u", "--user") is not None


def _shows_to_a_terminal(command: Command) -> bool:
    return command.feeds is None and not any(">" in redirect.operator for redirect in command.redirects)


def _asks_for_password(command: Command) -> bool:
    # `-psecret` holds the password, and `-upaul` is no `-p`.
    return any(word.known in ("-p", "--password") for word in command.arguments)


def _writes_again(command: Command) -> bool:
    """Whether unzip or gpg writes what the same command has written before, and nothing takes it away between."""
    given = command.texts
    if command.name != "unzip":
        marked = command.has("-o", "--output")
        if marked is None:
            return True  # it asks for something else
        number = command.arguments.index(marked) + 1
        given = given[number : number + 1]
    if command.is_open or not given or not _stands_alone(command):
        return False
    for earlier in reversed(command.script.commands[max(0, command.number - 100) : command.number]):
        if earlier.name in ("rm", "mv", "cd", "pushd", "popd"):
            return False
        same = earlier.texts == given or (command.name != "unzip" and given[0] in earlier.texts)
        if same and earlier.name == command.name and _stands_alone(earlier):
            return True
    return False


def _stands_alone(command: Command) -> bool:
    return command.inside("if", "or", "function", "loop", "subshell") is None


def _wants_terminal(command: Command) -> bool:
    operands = command.operands()
    if not operands or operands[0].known not in ("run", "exec"):
        return True
    # Behind the image they are the program's own.
    image = operands[1].start if len(operands) > 1 else command.end
    return any(word.known in ("-it", "-ti") and word.start < image for word in command.arguments)


_CERTAIN: dict[str, Callable[[Command], bool]] = {
    **dict.fromkeys(("su", "bash", "zsh", "fish", "ksh"), _is_not_by_sudo),
    "sudo": _is_another_user,
    "ssh": _has_no_key,
    "sftp": _has_no_key,
    "scp": _is_remote,
    "rsync": _is_remote,
    **dict.fromkeys(("less", "more", "most", "journalctl", "systemctl"), _shows_to_a_terminal),
    **dict.fromkeys(("mysql", "mysqldump", "mysqladmin", "mysqlimport", "mariadb", "mariadb-dump"), _asks_for_password),
    **dict.fromkeys(("unzip", "gpg", "gpg2"), _writes_again),
    "docker": _wants_terminal,
    "adduser": _is_on_debian,
}
