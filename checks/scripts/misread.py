"""Scripts that are not read as they are meant: quotes that do not close, braces that Packer fills in."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.script.command import UNKNOWN
from aiblint.script.quotes import unclosed

from ..wording import where

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.build import Script

PACKER = "https://github.com/hashicorp/packer/blob/main/provisioner/shell/provisioner.go"
LEXICAL = "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules"
POSIX = "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02"


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
