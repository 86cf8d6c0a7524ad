"""Who runs a command: the build user of Linux is not root, and sudo reaches no further than the command behind it."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.script.command import SHELLS, UNKNOWN

from .. import tables
from ..execution import elevates_itself, follows_unread
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command, Word

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#shell-customizer"

_ELEVATING = ("sudo", "doas", "su", "runuser", "pkexec")
# Folders that belong to root in every image, and those below them that everybody may write to.
_ROOTS = pattern(r"/(?:etc|opt|usr|var|root|srv|lib|lib64|boot|bin|sbin)(?:/|$)")
_SHARED = pattern(r"/var/(?:tmp|lock|crash)(?:/|$)|/usr/tmp(?:/|$)")
# What lies directly in `/` is made by root only; these are there already, or are not simply a folder of the image.
_TOP = pattern(r"/(?!(?:tmp|home|dev|proc|sys|run|mnt|media)/?$)[^/]+/?$")
# Deeper in these, an earlier step may have made a folder for the build user.
_SHARED_OUT = pattern(r"/(?:opt|var|srv)/[^/]+/")
# A condition that asks who runs the script.
_ASKS_WHO = pattern(r"\bE?UID\b|\bid -|whoami|\broot\b|\bsudo\b| -w ")
_WRITABLE = pattern(r"[0-7]*[2367]|[ugoa,+=rxXst-]*w[ugoa,+=rxXstw-]*")
_OWN_NODE = pattern(r"\b(?:nvm|fnm|volta)\b|\bnpm\b.*\bprefix\b|npmrc|NPM_CONFIG_PREFIX", re.IGNORECASE)
_BUILTINS = ("cd", "pushd", "source", ".", "export", "umask", "ulimit", "set", "shopt", "alias")


class _Need(NamedTuple):
    """Why a command needs root: the words that say so, or the word where it writes."""

    words: tuple[Word, ...]
    target: Word | None = None
    redirect: str = ""


@check("AIB405", "missing-sudo", "error", JSON)
def missing_sudo(script: Script) -> Findings:
    """
    ## What it does
    Looks for commands that only root may run, or that write where only root may, and that have no `sudo`: also behind
    `sudo a &&`, where the second command has none, and in `sudo echo x > /etc/f`, where the shell opens the file before
    sudo starts. `sudo cd` and `sudo su` are found as well, since they do nothing for what follows. Where an earlier
    command gives a folder away (`sudo chown -R $USER /opt/app`), or where the script starts itself again with sudo,
    nothing is reported. A script that uses no `sudo` at all gets one finding.

    ## Why it matters
    Scripts of a `Shell` step run as a user that is not root, but may use sudo without a password. The command stops with
    `Permission denied` or `are you root?`, and the build with it.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["cloud-init status --wait", "sudo apt-get update && «apt-get install» -y nginx"]
      }
    ]
    ```
    ```json
    "customize": [{"type": "Shell", "name": "Greet", "inline": ["sudo echo Welcome > «/etc/motd»"]}]
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": [
          "cloud-init status --wait",
          "sudo apt-get update",
          "sudo apt-get install -y nginx",
          "echo Welcome | sudo tee /etc/motd"
        ]
      }
    ]
    ```
    """
    if script.language != "shell" or elevates_itself(script) or "sudo" in script.shebang:
        return
    if script.runner is not None and script.runner.under(*_ELEVATING) is not None:
        return  # `sudo bash /tmp/setup.sh`: all of it is run by root
    commands = script.commands
    uses_sudo = any(command.under(*_ELEVATING) or command.name in _ELEVATING for command in commands)
    given_away = {prefix for one in script.earlier for command in one.commands for prefix in _given_away(command)}
    # npm installs for the user where nvm and its like brought it, or where its prefix is set.
    own_node = any(_OWN_NODE.search(one.text) for one in (*script.earlier, script))
    found: list[Finding] = []
    seen: set[int] = set()
    for command in commands:
        if _is_root_shell(command):
            found.append(_root_shell(command))
            break  # what follows was meant to run as root: one cause
        if any(frame.kind in ("if", "or", "condition") and _ASKS_WHO.search(frame.text) for frame in command.around):
            continue
        for need in () if own_node and command.name in ("npm", "pnpm") else _needs(command):
            place = need.target or command.word
            if place.start in seen or (need.target is not None and _may_write(need.target.known, given_away)):
                continue
            seen.add(place.start)
            found.append(_finding(command, need, uses_sudo))
        given_away.update(_given_away(command))
    if uses_sudo or len(found) < 2:
        yield from found
        return
    first, count = found[0], len(found) - 1
    others = f"{count} more of its commands need root" if count > 1 else "one more of its commands needs root"
    yield first._replace(notes=(*first.notes, others))


def _finding(command: Command, need: _Need, uses_sudo: bool) -> Finding:
    script = command.script
    label = command.label(
        *(need.words if need.target is None else command.operands()[:1] if command.name == "git" else ())
    )
    helps, notes = "put `sudo` in front of it", ("the build user is not root, but may use sudo without a password",)
    if need.redirect:
        written = f"{need.redirect} {need.target.text or '...'}" if need.target is not None else ""
        tee = "sudo tee -a" if need.redirect == ">>" else "sudo tee"
        at = command.place(need.target) if need.target is not None else command.span
        if command.under(*_ELEVATING):
            message = f"`sudo` in {where(script)} does not reach `{written}`: the build user opens that file"
            notes = ("the shell opens it before sudo starts: `Permission denied`",)
        else:
            message = f"`{written}` in {where(script)} is opened by the build user, who may not write there"
        helps = f"write `... | {tee} {need.target.text or ''}".rstrip() + "`" if need.target is not None else helps
    elif command.name in _BUILTINS:
        at = script.span(command.wrappers[-1].start, command.word.end)
        message = f"`sudo {command.name}` in {where(script)} has no effect on the commands that follow"
        helps = f"write `{command.name}` without sudo, or `sudo bash -c '{command.name} ... && ...'`"
        notes = (
            f"`{command.name}` is a part of the shell: sudo finds no such program, or starts one that ends at once",
        )
    else:
        at = command.at(*need.words) if need.target is None else command.at(need.target)
        ahead = _behind_sudo(command)
        if ahead:
            message = f"`sudo` in {where(script)} reaches only `{ahead}`, and not `{label}` behind it"
        elif need.target is not None:
            message = f"`{label}` in {where(script)} writes to `{need.target.text or '...'}`, which only root may"
        else:
            message = f"`{label}` in {where(script)} needs root, and has no `sudo`"
    return Finding(at, message, help=helps, notes=notes, severity=_severity(command, need, uses_sudo))


def _severity(command: Command, need: _Need, uses_sudo: bool) -> str:
    script = command.script
    if script.step is None:  # somebody may run the whole file with sudo
        return "warning" if uses_sudo else "info"
    if need.target is not None and _SHARED_OUT.match(need.target.known) and follows_unread(script):
        return "info"
    return "warning" if command.inside("handled", "condition") else ""


def _is_root_shell(command: Command) -> bool:
    """Whether a command starts a shell of root that nobody writes to: `sudo su`, `sudo -i`, `sudo bash`."""
    if command.fed_by is not None or any(redirect.operator.startswith("<") for redirect in command.redirects):
        return False
    if command.name == "sudo":
        return not command.wrappers and bool(command.has("-i", "-s")) and not command.operands("-u", "-g", "-p")
    if command.under("sudo", "doas") is None:
        return False
    if command.name == "su":
        return len(command.operands()) < 2 and command.lacks("-c", "--command")
    return command.name in SHELLS and not command.arguments


def _root_shell(command: Command) -> Finding:
    called = command.written if command.name == "sudo" else f"sudo {command.written}"
    rest = "what follows runs as the build user again"
    first = command.wrappers[0] if command.wrappers else command
    return Finding(
        command.script.span(first.start, command.end),
        f"`{called.strip()}` in {where(command.script)} starts a shell that ends at once: {rest}",
        help="put `sudo` in front of each command, or write `sudo bash -c '...'`",
        notes=("nothing is on standard input, so the shell of root reads the end of it and has nothing to do",),
        severity="warning" if command.script.step is None else "",
    )


def _behind_sudo(command: Command) -> str:
    """The command in front of `&&`, `||` or `|` that has the sudo which this one lacks."""
    if command.fed_by is not None and command.fed_by.under("sudo") is not None:
        return command.fed_by.label()
    frame = command.around[-1] if command.around else None
    text = frame.text.strip() if frame is not None and frame.kind in ("and", "or") else ""
    last = re.split(r"&&|\|\|", text)[-1].strip()
    if not last.startswith("sudo ") or UNKNOWN in last:
        return ""
    words = [word for word in last.split()[1:] if not word.startswith("-") and "=" not in word]
    return " ".join(words[:2]) if words[:1] and words[0] not in SHELLS else ""


# -- what needs root ---------------------------------------------------------------------------------------------------


def _needs(command: Command) -> Iterator[_Need]:
    """What of a command needs root and is done without it."""
    # Each shell on the way opens the files of its own commands; sudo reaches only what is behind it.
    elevated = shell_elevated = False
    for one in (*command.wrappers, command):
        for redirect in () if shell_elevated else one.redirects:
            if redirect.operator in (">", ">>", "&>", "&>>", ">|", "2>", "2>>") and _is_roots(redirect.target.known):
                yield _Need((), redirect.target, redirect.operator)
        elevated = elevated or one.name in _ELEVATING
        if one.name in SHELLS or one.name in ("su", "runuser"):
            shell_elevated = elevated
    if elevated:
        if command.name in _BUILTINS and command.under("sudo") is command.wrappers[-1]:
            yield _Need(())
        return
    match = next(tables.matches("missing-sudo", command), None)
    if match is not None:
        yield _Need(match.words)
        return
    target = next((word for word in _targets(command) if _is_roots(word.known)), None)
    if target is not None:
        yield _Need((target,), target)


def _is_roots(path: str) -> bool:
    if ".." in path or UNKNOWN in path[:2] or path in ("/dev/null",):
        return False
    return (_ROOTS.match(path) is not None and not _SHARED.match(path)) or (
        _TOP.match(path) is not None and UNKNOWN not in path
    )


def _targets(command: Command) -> Iterator[Word]:
    """The words that name what a command writes to, makes or removes."""
    name = command.name
    if name in ("mkdir", "rmdir", "touch", "tee", "rm", "unlink", "truncate"):
        yield from command.operands("-m", "--mode", "-s", "--size", "-d", "-t", "-r", "--reference")
    elif name in ("chmod", "chown", "chgrp", "setfacl"):
        yield from command.operands("-m", "-x")[1:]
    elif name in ("cp", "ln", "rsync", "install", "mv"):
        folder = _value(command, "-t", "--target-directory")
        valued = ("-m", "-o", "-g", "-t", "--mode", "--owner", "--group", "-S", "--target-directory")
        operands = command.operands(*valued) if name != "rsync" else command.operands("-e", "--exclude")
        if folder is not None:
            yield folder
        elif name == "mv" or (name == "install" and command.has("-d")):
            yield from operands
        elif len(operands) > 1:
            yield operands[-1]
    elif name == "tar":
        mode = command.arguments[0].known if command.arguments else ""
        folder = _value(command, "-C", "--directory")
        if folder is not None and (re.fullmatch(r"-?[a-zA-Z]*x[a-zA-Z]*", mode) or command.has("-x", "--extract")):
            yield folder
    elif name == "unzip":
        yield from filter(None, [_value(command, "-d")])
    elif name == "wget":
        yield from filter(None, [_value(command, "-O", "-P", "--output-document", "--directory-prefix")])
    elif name == "curl":
        yield from filter(None, [_value(command, "-o", "--output")])
    elif name == "sed":
        if any(re.match(r"-[nErsz]*i|--in-place", word.known) for word in command.arguments):
            operands = command.operands("-e", "-f", "--expression", "--file")
            yield from operands if command.has("-e", "-f", "--expression") else operands[1:]
    elif name == "git":
        operands = command.operands("-b", "--branch", "--depth", "-c", "-C")
        if len(operands) > 2 and operands[0].known == "clone":
            yield operands[2]
    elif name == "dd":
        for word in command.arguments:
            if word.known.startswith("of=/"):
                yield word._replace(known=word.known[3:])


def _value(command: Command, *options: str) -> Word | None:
    """The value of an option of a native program: the word behind it, or what is glued to it."""
    for word, following in zip(command.arguments, (*command.arguments[1:], None), strict=False):
        for option in options:
            bundled = not option.startswith("--") and re.fullmatch(rf"-[a-zA-Z]{{0,6}}{option[1]}", word.known)
            if word.known == option or bundled:
                return following
            if option.startswith("--") and word.known.startswith(option + "="):
                return word._replace(known=word.known[len(option) + 1 :])
    return None


# -- what was given away -----------------------------------------------------------------------------------------------


def _given_away(command: Command) -> list[str]:
    """The folders that a command of root lets the build user write to; "" stands for any, "?" for one that a script
    made, which nobody has read."""
    if command.under(*_ELEVATING) is None:
        return []
    name = command.name
    if name in ("chown", "chmod", "chgrp", "setfacl"):
        operands = command.operands("-m", "-x", "--reference")
        owner = operands[0].known if operands else ""
        if name == "chown" and re.match(r"(?:root|0)(?::|$)", owner):
            return []
        if name == "chmod" and not _WRITABLE.fullmatch(owner) and UNKNOWN not in owner:
            return []
        return [_prefix(word.known) for word in (operands if name == "setfacl" else operands[1:])]
    if name in ("mkdir", "install") and command.has("-m", "-o", "--mode", "--owner") is not None:
        return [_prefix(word.known) for word in command.operands("-m", "-o", "-g")]
    if name in ("mount", "rsync", "tar"):  # who owns what comes with it is not known
        return [_prefix(word.known) for word in command.arguments if word.known.startswith("/")]
    # Whose files these are is for the other program to say.
    if name in ("ansible-playbook", "puppet", "chef-client", "salt-call", "find", "xargs", "python3", "python", ""):
        return [""]
    if name in SHELLS or "/" in command.word.known:
        return ["?"]
    return []


def _prefix(path: str) -> str:
    return path.partition(UNKNOWN)[0].partition("*")[0].rstrip("/")


def _may_write(path: str, prefixes: set[str]) -> bool:
    path = path.rstrip("/")
    if "?" in prefixes and _SHARED_OUT.match(path):
        return True
    return any(path == prefix or path.startswith(prefix + "/") or not prefix for prefix in prefixes)
