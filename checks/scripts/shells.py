"""Which shell reads a script, and whether it can: dash, broken first lines, line ends, bytes, quotes that do not close."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import SHELLS, UNKNOWN
from aiblint.script.quotes import LONGEST, pieces, unclosed

from ..execution import is_own, runs_in_dash
from ..wording import the_script, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build, Script
    from aiblint.script.command import Command
    from aiblint.script.quotes import Piece
    from aiblint.surroundings import Surroundings
    from aiblint.template import Step

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#shell-customizer"
PACKER = "https://github.com/hashicorp/packer/blob/main/provisioner/shell/provisioner.go"
UBUNTU = "https://wiki.ubuntu.com/DashAsBinSh"
ENCODING = "https://learn.microsoft.com/powershell/scripting/dev-cross-plat/vscode/understanding-file-encoding"
LEXICAL = "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules"
POSIX = "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02"

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

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SINGLE = "\u2018\u2019\u201a\u201b"
_DOUBLE = "\u201c\u201d\u201e"


# -- dash --------------------------------------------------------------------------------------------------------------


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


# -- the first line ----------------------------------------------------------------------------------------------------


@check("AIB425", "broken-shebang", "error", PACKER, POSIX)
def broken_shebang(script: Script) -> Findings:
    """
    ## What it does
    Looks at the first line of script files that a `Shell` step runs: `!#/bin/bash`, `# !/bin/bash`, a blank or an empty
    line before the `#!`, an interpreter without its leading slash, or no `#!` at all. A path that leads nowhere is an
    error. The rest are warnings, since some shell reads the script in any case.

    ## Why it matters
    Only `#!` as the first two characters says which program runs a script, and with which options. Without it, the login
    shell takes the script for `sh`: `#!/bin/bash -e` no longer ends it at the first error, and bash may not be what reads it.

    ## Bad
    A script file whose first line is `!#/bin/bash`.

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "Install", "inline": ["echo hello"]}]
    ```
    """
    if script.language != "shell" or script.file is None or not script.text.strip():
        return
    first = script.text.partition("\n")[0].rstrip("\r")
    named = the_script(script)
    by = "the login shell runs it as `sh` then, without any option of that line"
    if first.startswith("#!"):
        interpreter = first[2:].strip().partition(" ")[0]
        if interpreter and not interpreter.startswith("/"):
            at = first.index(interpreter)
            yield Finding(
                script.span(at, at + len(interpreter)),
                f"{named} cannot be started: its first line names `{interpreter}`, which is no full path",
                help=f"write `#!/bin/{interpreter.rpartition('/')[2]}`",
                notes=("the step fails with `cannot execute: required file not found`",),
            )
        return
    broken = re.match(
        r"\s*(?:!\s*#|#\s*!|#(?=/))\s*!?[ \t]*(/?\S*\b(?:sh|bash|dash|env|python3?|perl)\b.*)", script.text
    )
    if broken is not None and "\n" not in broken[0].lstrip():
        start = len(broken[0]) - len(broken[0].lstrip())
        yield Finding(
            script.span(start, broken.end(1)),
            f"{named} begins with `{broken[0].strip()}`, which does not say what runs it",
            help=f"write `#!{broken[1].strip()}` as the very first characters",
            notes=(by,),
            severity="warning",
        )
        return
    begin = len(script.text) - len(script.text.lstrip())
    end = script.text.find("\n", begin)
    yield Finding(
        script.span(begin, end if end >= 0 else len(script.text)),
        f"{named} has no `#!` in its first line, so it is run as `sh`",
        help="begin it with `#!/bin/bash -e`, or `#!/bin/sh -e`",
        notes=("what only bash understands may fail in it, and errors do not end it",),
        severity="warning" if script.step is not None else "info",
    )


# -- bytes -------------------------------------------------------------------------------------------------------------


@check("AIB416", "script-encoding", "warning", PACKER, ENCODING)
def script_encoding(build: Build, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for what an editor leaves in script files: a byte order mark before the `#!` of a shell script, line ends of
    Windows in a shell script that a `File` step brings and a later step runs, and characters beyond ASCII in PowerShell
    without a byte order mark. Line ends of a script that `scriptUri` names are converted, so nothing is said of them. A
    dash or a quote of a word processor that ends or begins a string is a warning, other such characters are advice.

    ## Why it matters
    Behind a byte order mark Linux does not find the `#!`, and behind `#!/bin/bash` with a carriage return no such program:
    `bad interpreter`. Windows PowerShell reads a file without a byte order mark in the code page of the machine, where the
    last byte of a `–` is a curly quote. It takes that for the end of the string, and nothing of the script is run.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Greet",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Write-Output \\"Setup «–» done\\""]
      },
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Greet",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Write-Output \\"Setup - done\\"", "Start-Sleep -Seconds 60"]
      },
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```
    """
    for script in build.scripts:
        if script.language == "powershell":
            yield from _beyond_ascii(script)
        elif script.file is not None:
            yield from _shell_bytes(script)
    if build.template is None:
        return
    for step in build.template.customizers:
        source = step.get("sourceUri").text if step.type == "File" else None
        document = surroundings.script(source) if source and source.endswith((".sh", ".bash")) else None
        runner = _runner(step, build) if document is not None and b"\r\n" in document.data else None
        if runner is not None and document is not None:
            yield Finding(
                step.get("sourceUri"),
                f"the shell script that {step.label} brings has line ends of Windows, and {where(runner.script)} runs it",
                help="save it with LF line ends, or run `sed -i 's/\\r$//'` on it first",
                notes=("a File step does not convert them: `bad interpreter`, or `$'\\r': command not found`",),
                related=(Related(runner.span, "it is run here"),),
            )


def _shell_bytes(script: Script) -> Iterator[Finding]:
    data = script.file.data if script.file is not None else b""
    named = the_script(script)
    end = script.text.find("\n")
    first = script.span(0, end if end >= 0 else len(script.text))
    if data.startswith(_UTF_16):
        yield Finding(
            first,
            f"{named} is UTF-16, which no shell of Linux reads",
            help="save it as UTF-8 without a byte order mark",
            severity="error",
        )
    elif data.startswith(_BOM):
        yield Finding(
            first,
            f"{named} begins with a byte order mark, so its `#!` is not at the beginning",
            help="save it as UTF-8 without a byte order mark",
            notes=("the login shell runs it as `sh` then, without any option of that line",),
        )
    elif b"\r\n" in data and script.step is None:
        yield Finding(
            first,
            f"{named} has line ends of Windows",
            help="save it with LF line ends",
            notes=("a `Shell` step with `scriptUri` converts them; a `File` step and git do not: `bad interpreter`",),
            severity="info",
        )


def _runner(step: Step, build: Build) -> Command | None:
    """The command of a later step that runs the file which a File step brings, and converts nothing before."""
    target = step.get("destination").text or ""
    name = target.rpartition("/")[2]
    for command in build.commands if name else ():
        said = command.written
        if name not in said:
            continue
        if command.name in ("dos2unix", "sed", "tr", "perl"):
            return None
        run = command.name in SHELLS or command.name in (".", "source") or command.word.known.endswith(name)
        if run:
            return command
    return None


def _beyond_ascii(script: Script) -> Iterator[Finding]:
    """Characters that Windows PowerShell reads as others: those that break strings, else the first of the rest."""
    text = script.text
    if (
        text.isascii()
        or len(text) > LONGEST
        or (script.file is not None and script.file.data.startswith((_BOM, *_UTF_16)))
    ):
        return
    found = sorted(pieces(text, script.language), key=lambda piece: piece.start)
    first: int | None = None
    around: list[Piece] = []
    following = 0
    for sign in re.finditer(r"[^\x00-\x7f]", text):
        at = sign.start()
        while following < len(found) and found[following].start < at:
            around.append(found[following])
            following += 1
        around = [piece for piece in around if at < piece.end - 1]
        if sign[0] == UNKNOWN or any(piece.kind == "comment" for piece in around):
            continue
        inner = around[-1].kind if around else ""
        read = sign[0].encode("utf-8", "replace").decode("cp1252", "replace")
        ends = inner in ("", "double") and any(char in _DOUBLE for char in read)
        ends = ends or (inner in ("", "single") and any(char in _SINGLE for char in read))
        if ends or (inner == "" and sign[0] in _SINGLE + _DOUBLE):
            yield _misread(script, at, breaks=True)
            return
        first = at if first is None else first
    if first is not None:
        yield _misread(script, first, breaks=False)


def _misread(script: Script, at: int, *, breaks: bool) -> Finding:
    sign = script.text[at]
    named = f"`{sign}` in {where(script)}" if sign.isprintable() else f"U+{ord(sign):04X} in {where(script)}"
    what = "is read as a quote" if breaks else "is read as other characters"
    return Finding(
        script.span(at, at + 1),
        f"{named} {what}, since Windows PowerShell takes a script without a byte order mark for ANSI",
        help="write a plain `-`, `'` or `\"`"
        if breaks
        else "write it in ASCII, or `[char]0x...`, or save the file as UTF-8 with a byte order mark",
        notes=("the strings of the script no longer close where they seem to, and nothing of it runs",)
        if breaks
        else (),
        # That Packer writes `inline` without a byte order mark is not proven for Image Builder.
        severity="warning" if breaks and script.file is not None else "info",
    )


# -- quotes ------------------------------------------------------------------------------------------------------------


@check("AIB426", "unclosed-quote", "error", POSIX, LEXICAL)
def unclosed_quote(script: Script) -> Findings:
    """
    ## What it does
    Looks for a quote that is opened and never closed, in shell and in PowerShell, and marks the one that is most likely
    the stray one. It speaks only where the grammar of the language cannot read the script either.

    ## Why it matters
    From the stray quote on, everything that is text becomes code and all code text. PowerShell does not run a single line
    of such a script, since the elements of `inline` are one script: `The string is missing the terminator`. A shell stops
    at it with `Unterminated quoted string`.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Sign",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["reg add HKLM\\\\Software\\\\Contoso«\\"» /v \\"Owner\\" /t REG_SZ /d it /f", "Write-Output \\"done\\""]
      },
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Sign",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["reg add \\"HKLM\\\\Software\\\\Contoso\\" /v Owner /t REG_SZ /d it /f", "Start-Sleep -Seconds 60"]
      },
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```
    """
    # An element that is not known may have the other quote.
    if not script.contents.broken or not script.complete or UNKNOWN in script.text:
        return
    at = unclosed(script.text, script.language)
    if at is None:
        return
    if script.language == "powershell":
        what, note = "so nothing of the script runs", "all of it is read before its first line is run"
    else:
        what, note = "so the script stops with a syntax error", "the shell says `Unterminated quoted string`"
    sign = script.text[at]
    yield Finding(
        script.span(at, at + 1),
        f"the quote `{sign}` in {where(script)} is never closed, {what}",
        help="close it, or take it away",
        notes=(note,),
    )


# -- Packer ------------------------------------------------------------------------------------------------------------


@check("AIB421", "packer-interpolation", "info", PACKER)
def packer_interpolation(script: Script) -> Findings:
    """
    ## What it does
    Looks for `{{ }}` in `inline`: formats of `docker` and `kubectl`, templates of Jinja and Helm. Packer, which runs the
    build, has its own meaning for them. It is advice only: it was read in the source of Packer, and whether Image Builder
    escapes them is not known.

    ## Why it matters
    Packer takes `{{.Names}}` for one of its variables and may stop the build with `Error interpolating Inline`, or run the
    command with something else in that place. A script of `scriptUri` is sent as it is.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "List", "inline": ["sudo docker ps --format '«{{.Names}}»'"]}
    ]
    ```

    ## Good
    ```json
    "customize": [{"type": "Shell", "name": "List", "inline": ["sudo docker ps -q"]}]
    ```
    """
    found = re.search(r"\{\{[^{}\n]*\}\}", script.text) if script.is_inline else None
    if found is None or UNKNOWN in found[0]:
        return
    yield Finding(
        script.span(found.start(), found.end()),
        f"`{found[0]}` in {where(script)} may be filled in by Packer before the script runs",
        help="put the script into a file for `scriptUri`",
        notes=("it reads `inline` as a template of its own; whether Image Builder lets it is not known",),
    )
