"""What only bash understands, in scripts that dash reads."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from ..execution import is_own, runs_in_dash
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.script.command import Command

PACKER = "https://github.com/hashicorp/packer/blob/main/provisioner/shell/provisioner.go"
UBUNTU = "https://wiki.ubuntu.com/DashAsBinSh"

# Each row was run with `dash -e` of Debian 12: what the script does, and what to write instead. The kinds of
# `Construct` are the keys, and the names of commands.
_SYNTAX = "stops at it with a syntax error"
_FAILS = {
    "array": (f"{_SYNTAX}, so nothing behind it runs", "write the words out, or use a script file with `#!/bin/bash`"),
    "function": (_SYNTAX, "write `name() {`"),
    "process substitution": (_SYNTAX, "write to a file first, or use a script file with `#!/bin/bash`"),
    "<<<": (_SYNTAX, "use a here-document, or `printf '%s\\n' ... |`"),
    "for ((": (_SYNTAX, "write `for i in 1 2 3`, or `while [ $i -lt 3 ]`"),
    "|&": (_SYNTAX, "write `2>&1 |`"),
    "select": (_SYNTAX, "nobody can choose during a build: name what is meant"),
    "${x^^}": ("ends with `Bad substitution`", "use `tr`, `sed` or `cut`, or a script file with `#!/bin/bash`"),
}
_MISLEADS = {
    "[[": ("says `[[: not found` and takes the test for false", "write `[ ... ]`"),
    "==": ("says `unexpected operator` and takes the test for false", "write `=`"),
    "&>": ("runs the command in the background and empties the file", "write `> FILE 2>&1`"),
    "{..}": ("takes it to the letter", "write the words out, or use `$(seq 1 3)`"),
    "$'": ("takes it to the letter, with the `$`", "write `\"$(printf '...')\"`"),
    "((": ("runs what is inside as a command in a subshell", "write `i=$((i + 1))` or `[ ... -gt ... ]`"),
}
_NOT_FOUND = {
    "source": "write `.`",
    "pushd": "use `cd`, or `(cd ... && ...)`",
    "popd": "use `cd`, or `(cd ... && ...)`",
    "declare": "write `NAME=value`",
    "typeset": "write `NAME=value`",
    "shopt": "use a script file with `#!/bin/bash`",
    "let": "write `i=$((i + 1))`",
    "mapfile": "use `while read -r line`",
    "readarray": "use `while read -r line`",
    "disown": "leave it out",
}
# Options of commands that dash has without them.
_OPTIONS = {
    "read": ("-s", "-a", "-t", "-n", "-N", "-d", "-u"),
    "printf": ("-v",),
    "export": ("-f",),
    "local": ("-r", "-a", "-A", "-i"),
}
_LIST = pattern(r"[^\s{}'\"$;]*\{[^\s{}'\"$,;]*(?:,[^\s{}'\"$,;]*)+\}[^\s{}'\";]*")


@check("AIB406", "bashism-in-dash", "error", PACKER, UBUNTU)
def bashism_in_dash(script: Script) -> Findings:
    """
    ## What it does
    Looks for what only bash understands in scripts that dash reads: `inline` on Ubuntu and Debian, whose `/bin/sh` is
    dash, and script files with `#!/bin/sh` there. What dash stops at is an error; what it takes for something else
    (`[[ ]]`, `==`, `&>`, `{1..3}`) is a warning. Each kind is reported once for a script.

    ## Why it matters
    Image Builder runs `inline` with `/bin/sh -e`. Where dash meets `source` or an array, the step fails, sometimes before
    its first command. Where it meets `[[`, it says `not found`, takes the test for false and goes on: the image lacks what
    should have happened, and the build is green.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "ReadRelease", "inline": ["«source» /etc/os-release", "echo \\"$VERSION_ID\\""]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "ReadRelease", "inline": [". /etc/os-release", "echo \\"$VERSION_ID\\""]}
    ]
    ```
    """
    if script.language != "shell" or not runs_in_dash(script):
        return
    kinds: dict[str, list[tuple[int, int, str, str, str]]] = {}
    for start, end, kind, severity, what, helps in _bashisms(script):
        kinds.setdefault(kind, []).append((start, end, severity, what, helps))
    for kind, places in kinds.items():
        start, end, severity, what, helps = places[0]
        more = f"it is there {len(places)} times" if len(places) > 1 else ""
        why = "on Ubuntu and Debian `/bin/sh` is dash, and it runs `inline`, whatever the login shell is"
        if script.file is not None:
            why = "on Ubuntu and Debian `/bin/sh` is dash"
        yield Finding(
            script.span(start, end),
            f"`/bin/sh` of {where(script)} is dash, which does not know {_named(kind, script.text[start:end])}: it {what}",
            help=helps,
            notes=tuple(note for note in (why, more) if note),
            severity=severity,
        )


def _named(kind: str, written: str) -> str:
    if kind in _OPTIONS or kind == "echo -e":
        return f"`{kind.split()[0]} {written}`"
    names = {"array": "an array", "process substitution": "`<( )`", "((": "`(( ))`", "$'": "`$'...'`", "[[": "`[[ ]]`"}
    return names.get(kind) or f"`{written if len(written) <= 30 else kind}`"


def _bashisms(script: Script) -> Iterator[tuple[int, int, str, str, str, str]]:
    """What dash does not understand: start, end, kind, severity, what dash does, what to write."""
    for construct in script.contents.constructs:
        for table, severity in ((_FAILS, ""), (_MISLEADS, "warning")):
            if construct.kind in table:
                start, end = construct.start, construct.end
                if construct.kind == "array":  # only its name: what stands in it may be long
                    end = start + script.text[start:end].find("=") + 1 or end
                yield (start, end, construct.kind, severity, *table[construct.kind])
        if construct.kind in _NOT_FOUND:
            kind = construct.kind
            yield construct.start, construct.end, kind, "", f"says `{kind}: not found`", _NOT_FOUND[kind]
    for found in re.finditer(rf"^\s*for\s+\w+\s+in\s+({_LIST.pattern})", script.text, re.MULTILINE):
        yield (*found.span(1), "{,}", "warning", "takes the braces to the letter", "write the words out")
    for command in script.commands:
        if any(wrapper.name != "command" for wrapper in command.wrappers):
            continue  # another shell, or a program of its own
        yield from _of_command(command)


def _of_command(command: Command) -> Iterator[tuple[int, int, str, str, str, str]]:
    name = command.name
    severity = "warning" if command.inside("handled", "condition") else ""
    if name in _NOT_FOUND and not is_own(command):
        yield command.start, command.word.end, name, severity, f"says `{name}: not found`", _NOT_FOUND[name]
    elif name == "set":
        for word in command.arguments:
            if word.known == "pipefail":
                what, helps = (
                    "says `Illegal option -o pipefail`",
                    "leave it out, or use a script file with `#!/bin/bash`",
                )
                yield word.start, word.end, "pipefail", severity, what, helps
    elif name == "trap" and command.arguments and command.arguments[-1].known in ("ERR", "DEBUG", "RETURN"):
        word = command.arguments[-1]
        yield (
            word.start,
            word.end,
            "trap",
            severity,
            "says `bad trap`",
            "use `trap ... EXIT`, which sees the status in `$?`",
        )
    elif name in _OPTIONS:
        given = command.has(*_OPTIONS[name])
        if given is not None and given.start >= command.start:
            what = f"says `{name}: Illegal option`" if name != "local" else "says `bad variable name`"
            yield given.start, given.end, name, severity, what, f"leave `{given.known}` out"
    elif name == "echo" and command.arguments and re.fullmatch("-[nE]*e[nEe]*", command.arguments[0].known):
        # On the console an extra `-e` harms nobody; in a file it does.
        written = command.feeds is not None or any(redirect.operator[:1] == ">" for redirect in command.redirects)
        word = command.arguments[0]
        what = "writes the `-e` as well"
        yield word.start, word.end, "echo -e", "warning" if written else "info", what, "write `printf`"
    for word in command.arguments:
        written_so = command.as_written(word) == word.known and not word.quoted
        if written_so and "," in word.known and _LIST.fullmatch(word.known):
            yield word.start, word.end, "{,}", "warning", "takes the braces to the letter", "write the words out"
