"""Deprovisioning scripts of one's own: what is written in the place of the one that generalizes the build VM."""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from .. import effects
from ..effects import is_built, is_deprovisioning_path, runs_now
from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate

GENERALIZE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#generalize"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"

# GENERALIZE and TROUBLESHOOT show two versions of the default script; this of its command is the same in both.
_OPTIONS = "/oobe /generalize /quiet /quit"
_DEFAULTS = (f"Sysprep.exe {_OPTIONS}", f"Sysprep.exe {_OPTIONS} /mode:vm")
_NEEDED = {
    "/generalize": "the image keeps the identity of the build VM",
    "/oobe": "the VMs made from the image do not start with the setup that Azure relies on",
}
_HARMFUL = {
    "/shutdown": "the build VM is switched off while the build still waits for the script",
    "/reboot": "the build VM restarts while the build waits for the script, and is then no longer generalized",
    "/audit": "the VMs made from the image start in audit mode, which Azure does not support",
    "/unattend": "the answer file comes before that of Azure, and the VMs made from the image do not become ready",
}
_NO_QUIT = "without `/quit` Sysprep shows a window, or switches off the build VM, while the build waits for the script"
_REPLACE = pattern(
    r"(?i)(?:-[ic]?replace\s*|(?P<method>\.replace\(\s*))(?P<old>'(?:[^']|'')*'|\"[^\"`$]*\")\s*,\s*"
    r"(?P<new>'(?:[^']|'')*'|\"[^\"`$]*\")"
)


class _Fault(NamedTuple):
    """What is wrong with an override."""

    message: str
    note: str
    help: str


@check("AIB412", "deprovisioning-script-weakened", "warning", GENERALIZE, TROUBLESHOOT)
def deprovisioning_script_weakened(build: Build, template: ImageTemplate, surroundings: Surroundings) -> Findings:
    r"""
    ## What it does
    Looks for changes of the deprovisioning script, `C:\DeprovisioningScript.ps1` or `/tmp/DeprovisioningScript.sh`, that
    leave out what it is for: `/generalize`, `/oobe` or `/quit` of Sysprep, `waagent -deprovision` on Linux; that add
    `/shutdown`, `/reboot`, `/audit` or `/unattend`; and `-replace` for text that the script does not have. Scripts that
    are downloaded, or that call others, are not looked at.

    ## Why it matters
    The script is the build's last act. What it leaves undone shows at its end, when the build waits for a VM that
    is switched off, or in every VM made from the image.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "OwnGeneralization",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "$command = '& C:\\Windows\\System32\\Sysprep\\Sysprep.exe /oobe /generalize /shutdown'",
          "Set-Content -Path «C:\\DeprovisioningScript.ps1» -Value $command",
          "Start-Sleep -Seconds 60"
        ]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "OwnGeneralization",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "$path = 'C:\\DeprovisioningScript.ps1'",
          "$old = Get-Content -Path $path -Raw",
          "$old -replace '/oobe /generalize /quiet /quit', '/oobe /generalize /quiet /quit /mode:vm' | Set-Content $path",
          "Start-Sleep -Seconds 60"
        ]
      }
    ]
    ```
    """
    for command in build.commands:
        if not is_built(command) or not runs_now(command):
            continue
        linux = command.language == "shell"
        for one in effects.writings(command):
            if not is_deprovisioning_path(one.path, linux):
                continue
            for fault in _faults_of(command, one, linux):
                yield Finding(
                    command.place(one.word),
                    f"the deprovisioning script that {where(command.script)} writes {fault.message}",
                    help=fault.help,
                    notes=(fault.note,) if fault.note else (),
                )
    for step in template.customizers if template is not None else ():
        target = step.get("destination").text or ""
        linux = target.startswith("/")
        if step.type != "File" or not is_deprovisioning_path(target, linux):
            continue
        document = surroundings.script(step.get("sourceUri").text or "")
        for fault in _faults(document.text, linux) if document is not None else ():
            yield Finding(
                step.get("sourceUri"),
                f"the deprovisioning script that {step.label} brings {fault.message}",
                help=fault.help,
                notes=(fault.note,) if fault.note else (),
            )


def _faults_of(command: Command, one: effects.Writing, linux: bool) -> Iterator[_Fault]:
    if one.appends:
        return  # the script that was there still runs first
    if one.content is None or UNKNOWN in one.content:
        if not linux:
            yield from _faults_of_edit(_edit(command))
        return
    yield from _faults(one.content, linux)


# -- a script of one's own ---------------------------------------------------------------------------------------------


def _faults(text: str, linux: bool) -> Iterator[_Fault]:
    """What a whole script leaves out."""
    from aiblint.script.build import alone
    from aiblint.source.document import Document

    inside = alone(Document("own.sh" if linux else "own.ps1", text))
    commands = list(inside.commands)
    if inside.scripts[0].contents.broken or any(_runs_another(command) for command in commands):
        return
    if linux:
        generalizes = re.search(r"\s-+deprovision|cloud-init\s+clean", text)
        if not generalizes:
            yield _Fault(
                "does not generalize the build VM",
                "the image keeps the user and the keys of the build VM, and its host keys",
                "end it with `waagent -force -deprovision+user`",
            )
        return
    own = [command for command in commands if command.name == "sysprep"]
    if not own and "sysprep" not in text.lower():
        yield _Fault(
            "does not run Sysprep",
            "the image is not generalized: no VM can be made from it",
            f"let it run `Sysprep.exe {_OPTIONS}`, and wait for `IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE`",
        )
    for command in own:
        if not command.is_open:
            yield from _faults_of_options(" ".join(command.texts))


def _runs_another(command: Command) -> bool:
    """Whether a command may run a script that is not known."""
    name = command.word.known.lower()
    return (
        not command.name
        or name.endswith((".ps1", ".sh", ".cmd", ".bat"))
        or command.name in ("bash", "sh", "source", ".", "powershell", "pwsh", "cmd", "invoke-expression", "eval")
    )


def _faults_of_options(options: str) -> Iterator[_Fault]:
    """What the options of Sysprep leave out or add."""
    given = {re.split(r"[:=]", word)[0].lower().replace("-", "/", 1) for word in options.split() if word[:1] in "/-"}
    missing = [option for option in (*_NEEDED, "/quit") if option not in given]
    harmful = [option for option in _HARMFUL if option in given]
    help_ = f"let it run `Sysprep.exe {_OPTIONS}`; other options may be added, such as `/mode:vm`"
    if harmful:
        yield _Fault(f"gives Sysprep `{'`, `'.join(harmful)}`", _HARMFUL[harmful[0]], help_)
    elif missing:
        note = _NO_QUIT if missing == ["/quit"] else _NEEDED[missing[0]]
        yield _Fault(f"leaves out `{'`, `'.join(missing)}` of Sysprep", note, help_)


# -- an edit of the default script -------------------------------------------------------------------------------------


def _edit(command: Command) -> str:
    """The text of the expressions that a command writes: what is fed to it, or what its variable was set to."""
    script = command.script
    texts = [command.written]
    if command.fed_by is not None:
        texts.insert(0, command.fed_by.written)
    names = {name.lower() for name in re.findall(r"\$\w+", " ".join(texts))}
    for assignment in script.contents.assignments:
        if assignment.end <= command.start and assignment.name in names:
            texts.insert(-1, script.text[assignment.start : assignment.end])
    return "\n".join(texts)


def _faults_of_edit(text: str) -> Iterator[_Fault]:
    """What `-replace` and `.Replace()` make of the default script's command."""
    lines = list(_DEFAULTS)
    for found in _REPLACE.finditer(text):
        old, new = (found[name][1:-1].replace("''", "'") for name in ("old", "new"))
        # Only what is about the options is judged: of the rest of the script there are several versions.
        options = re.search(r"(?i)/(?:oobe|generalize|quiet|quit)\b.*", old)
        if options is None:
            continue
        literal = found["method"] is not None
        try:
            own = re.compile(re.escape(options[0]) if literal else options[0], 0 if literal else re.IGNORECASE)
            whole = re.compile(re.escape(old) if literal else old, 0 if literal else re.IGNORECASE)
        except re.error:  # a form that .NET has and Python has not
            return
        if not any(own.search(line) for line in lines):
            yield _Fault(
                f"stays as it is: `{old}` does not occur in it",
                f"the default script has `Sysprep.exe {_OPTIONS}`, and a text that is not found is replaced by nothing",
                f"replace `{_OPTIONS}`",
            )
            return
        if "$" in new or not any(whole.search(line) for line in lines):
            return
        lines = [whole.sub(new.replace("\\", "\\\\"), line) for line in lines]
    if lines != list(_DEFAULTS):
        yield from _faults_of_options(lines[0])
