"""Script files as bytes: the first line that says who reads them, byte order marks, line ends, other characters."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.script.command import SHELLS, UNKNOWN
from aiblint.script.quotes import LONGEST, pieces

from ..wording import the_script, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build, Script
    from aiblint.script.command import Command
    from aiblint.script.quotes import Piece
    from aiblint.surroundings import Surroundings
    from aiblint.template import Step

PACKER = "https://github.com/hashicorp/packer/blob/main/provisioner/shell/provisioner.go"
ENCODING = "https://learn.microsoft.com/powershell/scripting/dev-cross-plat/vscode/understanding-file-encoding"
POSIX = "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02"

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SINGLE = "\u2018\u2019\u201a\u201b"
_DOUBLE = "\u201c\u201d\u201e"


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
