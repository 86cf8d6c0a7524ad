"""When Windows restarts during the build: before updates, after installations, for long enough, before Sysprep."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple

from .data import vm_sizes
from .ground import operating_system, platform_image, vm_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.source.document import Span
    from aiblint.template import ImageTemplate, Step
    from aiblint.value import Value

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
RESTART = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#windows-restart-customizer"
UPDATE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#windows-update-customizer"
SYSPREP_ISSUE = "https://github.com/hashicorp/packer/issues/8782"
PACKER = "https://github.com/hashicorp/packer/blob/main/provisioner/windows-restart/provisioner.go"

DEFAULT_TIMEOUT = 5 * 60
SERVER_2016_TIMEOUT = 30 * 60

# TROUBLESHOOT, "There's a Sysprep timing problem": less than three seconds of customization on Standard_D1_v2, with its
# one vCPU. SYSPREP_ISSUE tells of Standard_DS2_v2, with two.
FEW_VCPUS = 2
FEW_COMMANDS = 5
_QUICK = "echo|write-host|write-output|mkdir|md|new-item|set-content|add-content|set-itemproperty|reg add"
_AT_ONCE = rf"\s*(?:{_QUICK})\b[^|;&()\n]*"

# Commands that install for certain, in lower case and without `.exe`, and what they install: a part of Windows itself
# (then a restart often finishes it), a program, or a package, which seldom needs a restart. _ONLY_WITH has what must
# follow.
COMMANDS = {
    "install-windowsfeature": "windows",
    "add-windowsfeature": "windows",
    "enable-windowsoptionalfeature": "windows",
    "add-windowscapability": "windows",
    "add-windowspackage": "windows",
    "install-windowsupdate": "windows",
    "get-wuinstall": "windows",
    "wusa": "windows",
    "dism": "windows",
    "msiexec": "program",
    "setup": "program",
    "choco": "package",
    "cinst": "package",
    "winget": "package",
}
_ONLY_WITH = {
    "dism": r".*\s/(?:enable-feature|add-capability|add-package)\b",
    "msiexec": r"(?!.*[\s'\"]/(?:x|uninstall)\b)",
    "choco": r"\s+(?:install|upgrade)\b",
    "winget": r"\s+(?:install|upgrade)\b",
}
_STARTERS = ("&", "start-process", "saps", "-filepath", "-wait", "-passthru", "cmd", "cmd.exe", "/c", "start", "/wait")
_TOKEN = r"""#[^\n]*|"[^"]*"|'[^']*'|[;|&{}()=\n]|[^\s;|&{}()='"]+"""
_RESTARTS = r"\s[-/](?:restart|autoreboot|forcerestart)\b"
_WAITS = r"\b(?:start-sleep|sleep|timeout(?:\.exe)?\s+/t|wait-process)\b"


class _Installation(NamedTuple):
    """A command of a step that installs for certain; `what` is a value of COMMANDS."""

    step: Step
    line: Value
    start: int
    end: int
    command: str
    what: str

    @property
    def at(self) -> Span:
        """The characters of the command. Found only when asked for, since that is slow in a long line."""
        return self.line.part(self.start, self.end)


def _installations(step: Step) -> Iterator[_Installation]:
    """What the inline commands of a step install, in order. A name inside a text runs nothing."""
    for line in step.get("inline").items if step.type == "PowerShell" else ():
        text = "".join(piece if isinstance(piece, str) else "\0" for piece in line.pieces)
        begins, started = True, False
        for token in re.finditer(_TOKEN, text):
            word = token[0].lower()
            if word in _STARTERS:
                begins = started = True
                continue
            # A quoted name is run only by what starts programs; alone it is text.
            name = word.strip("'\"").rpartition("\\")[2]
            command = name.removesuffix(".exe")
            runs = begins and (started or word[0] not in "'\"")
            if runs and command in COMMANDS and name != "setup":
                rest = text[token.end() : token.end() + 400].partition("\n")[0].lower()
                if re.match(_ONLY_WITH.get(command, ""), rest) and not re.search(_RESTARTS, rest):
                    yield _Installation(step, line, *token.span(), token[0].strip("'\""), COMMANDS[command])
            begins, started = word in (";", "|", "{", "}", "(", ")", "=", "\n"), False


def _is_windows(template: ImageTemplate) -> bool:
    return template.steps_known and operating_system(template) == "Windows"


def _seconds(duration: str) -> float | None:
    """A Go duration (`1h30m`, `90s`, `-5m`, `0`) in seconds; None for what time.ParseDuration does not take."""
    if duration in ("0", "+0", "-0"):
        return 0
    if duration[:-1].isdecimal() and duration.endswith("m"):  # nearly all of them
        return float(duration[:-1]) * 60
    number = r"(?:\d+\.?\d*|\.\d+)"
    if not re.fullmatch(rf"[+-]?(?:{number}(?:ns|us|µs|μs|ms|s|m|h))+", duration, re.ASCII):
        return None
    units = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(rf"({number})([a-zµμ]+)", duration)
    seconds = sum(float(amount) * units[unit] for amount, unit in parts)
    return -seconds if duration.startswith("-") else seconds


@check("AIB301", "no-final-restart", "warning", TROUBLESHOOT)
def no_final_restart(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a Windows build in which a step installs something (a Windows feature, an MSI, a `setup.exe`) and no
    `WindowsRestart` follows. Only commands that stand in `inline` are seen. For Chocolatey and winget, which seldom
    need a restart, and for `WindowsUpdate`, which restarts by itself, this is only advice.

    ## Why it matters
    What waits for a restart is still waiting when Sysprep generalizes the image: Sysprep may loop until the build times
    out, or each virtual machine made from the image keeps its first user waiting for the Windows Modules Installer.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallWebServer",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["«Install-WindowsFeature» Web-Server -IncludeManagementTools"]
      }
    ]
    ```
    ```json windows
    "customize": [
      {"type": "WindowsRestart", "restartTimeout": "15m"},
      {"type": «"WindowsUpdate"», "updateLimit": 40}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallWebServer",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Install-WindowsFeature Web-Server -IncludeManagementTools"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if not _is_windows(template):
        return
    update = None
    pending: list[_Installation] = []
    for step in template.customizers:
        if step.type in ("WindowsRestart", "WindowsUpdate"):
            # The update provisioner begins by restarting where a restart is pending.
            pending = []
            update = step if step.type == "WindowsUpdate" else None
        pending += _installations(step)
    help_ = "add a `WindowsRestart` as the last step of `customize`"
    if pending:
        worst = next((found for found in reversed(pending) if found.what != "package"), pending[-1])
        yield Finding(
            worst.at,
            f"{worst.step.label} installs with `{worst.command}`, and no `WindowsRestart` follows before Sysprep",
            help=help_,
            notes=("what is still pending can make Sysprep loop, or keep the first logon waiting for minutes",),
            severity="info" if worst.what == "package" else "warning",
        )
    elif update is not None:
        yield Finding(
            update.get("type"),
            f"no `WindowsRestart` follows the updates of {update.label} before Sysprep",
            help=help_,
            notes=("updates restart by themselves where one asks for it, so this only makes sure",),
            severity="info",
        )


@check("AIB302", "restart-before-update", "warning", UPDATE)
def restart_before_update(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a `WindowsUpdate` step that comes after a step which installs something, with no `WindowsRestart` and no
    wait between them. After Chocolatey and winget, which seldom need a restart, this is only advice.

    ## Why it matters
    Windows Update does not install anything while another installation runs or a restart is pending: the step fails
    with `0x80240016`, often after an hour of other work.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process msiexec.exe -Wait -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn /norestart'"]
      },
      {"type": «"WindowsUpdate"», "updateLimit": 40},
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "InstallRuntime",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Process msiexec.exe -Wait -ArgumentList '/i C:\\\\setup\\\\runtime.msi /qn /norestart'"]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"},
      {"type": "WindowsUpdate", "updateLimit": 40},
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```
    """
    if not _is_windows(template):
        return
    pending: _Installation | None = None
    for step in template.customizers:
        if step.type == "WindowsUpdate" and pending is not None:
            at = step.get("type")
            yield Finding(
                at,
                f"{step.label} begins without a restart after {pending.step.label}, which installs with "
                f"`{pending.command}`",
                help="put a `WindowsRestart` between them",
                notes=("updates fail with `0x80240016` while another installation runs or a restart is pending",),
                # Steps that an expression makes all stand at one place.
                related=(Related(pending.at, "this is installed before it"),) if pending.at != at.span else (),
                severity="info" if pending.what == "package" else "",
            )
        if step.type == "PowerShell":
            lines = step.get("inline").items
            known = bool(lines) and all(line.text is not None for line in lines)
            if not known or any(re.search(_WAITS, line.text or "", re.IGNORECASE) for line in lines):
                pending = None  # a script may wait as well
            else:
                pending = next(reversed(list(_installations(step))), pending)
        elif step.type != "File":
            pending = None


@check("AIB304", "restart-timeout-format", "error", RESTART, PACKER)
def restart_timeout_format(step: Step) -> Findings:
    """
    ## What it does
    Looks for a `restartTimeout` that is not a duration: a number without unit, a space, a unit written out, a time
    below zero. Packer takes numbers with `h`, `m`, `s` or `ms`, one after the other: `5m`, `90s`, `1h30m`, `1.5h`. An
    empty text means the default, 5 minutes.

    ## Why it matters
    Packer refuses the whole build.

    ## Bad
    ```json windows
    "customize": [{"type": "WindowsRestart", "restartTimeout": «"15 min"»}]
    ```
    ```json windows
    "customize": [{"type": "WindowsRestart", "restartTimeout": «"15"»}]
    ```

    ## Good
    ```json windows
    "customize": [{"type": "WindowsRestart", "restartTimeout": "15m"}]
    ```
    ```json windows
    "customize": [{"type": "WindowsRestart", "restartTimeout": "1h30m"}]
    ```
    """
    timeout = step.get("restartTimeout")
    if step.type != "WindowsRestart" or not timeout.text:
        return
    seconds = _seconds(timeout.text)
    if seconds is None:
        spelt = re.fullmatch(r"\s*(\d+)\s*(?:(m)[a-z]*|(s)[a-z]*|(h)[a-z]*)?\.?\s*", timeout.text, re.IGNORECASE)
        help_ = "write a number with its unit, such as `15m`"
        if spelt is not None:
            unit = (spelt[2] or spelt[3] or spelt[4] or "").lower()
            amount = spelt[1]
            help_ = f"write `{amount}{unit}`" if unit else f"write `{amount}m` for minutes, `{amount}s` for seconds"
        yield Finding(
            timeout,
            f"`restartTimeout` of {step.label} is `{timeout.text}`, which is not a duration",
            help=help_,
            notes=("a duration is a number with `h`, `m` or `s` and nothing between them: `15m`, `90s`, `1h30m`",),
        )
    elif seconds < 0:
        yield Finding(
            timeout,
            f"`restartTimeout` of {step.label} is below zero: no restart is that quick",
            help="write the time that the restart may take, such as `15m`",
        )


@check("AIB305", "short-restart-timeout", "warning", TROUBLESHOOT, RESTART)
def short_restart_timeout(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a `WindowsRestart` that follows updates or the installation of a Windows feature and waits no longer than
    5 minutes, which is also what it does without `restartTimeout`. On Windows Server 2016 it asks for 30 minutes, as
    Microsoft's troubleshooting page does. Any other restart may take its 5 minutes.

    ## Why it matters
    Windows finishes such installations while it shuts down and starts. When that takes longer than the timeout, the
    build fails with `Timeout waiting for machine to restart`, and everything before it was in vain.

    ## Bad
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "name": "Update", "updateLimit": 40},
      {"type": "WindowsRestart", "restartTimeout": «"5m"»}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "name": "Update", "updateLimit": 40},
      {"type": «"WindowsRestart"»}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "name": "Update", "updateLimit": 40},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Prepare", "inline": ["New-Item -ItemType Directory C:\\\\tools"]},
      {"type": "WindowsRestart", "restartTimeout": "5m"}
    ]
    ```
    """
    if not _is_windows(template):
        return
    image = platform_image(template)
    is_2016 = image is not None and image[0].lower() == "microsoftwindowsserver" and image[2].startswith("2016")
    cause = ""
    for step in template.customizers:
        if step.type == "WindowsUpdate":
            cause = f"the updates of {step.label}"
        servicing = [found for found in _installations(step) if found.what == "windows"]
        if servicing:
            cause = f"`{servicing[-1].command}` in {step.label}"
        if step.type != "WindowsRestart":
            continue
        timeout = step.get("restartTimeout")
        seconds: float | None = DEFAULT_TIMEOUT
        if not timeout.is_missing and timeout.text != "":
            seconds = _seconds(timeout.text or "")
        too_short = seconds is not None and (seconds <= DEFAULT_TIMEOUT or (is_2016 and seconds < SERVER_2016_TIMEOUT))
        if cause and too_short:
            written = f"`{timeout.text}`" if timeout.text else "`5m`, the default,"
            yield Finding(
                timeout,
                f"{step.label} waits only {written} for the restart after {cause}",
                help=f'write `"restartTimeout": "{"30m" if is_2016 else "15m"}"` or more',
                notes=(
                    "a restart that takes longer ends the build: `Timeout waiting for machine to restart`",
                    *(("on Windows Server 2016 it is known to take up to 30 minutes",) if is_2016 else ()),
                ),
            )
        cause = ""


@check("AIB306", "restart-check-command", "info", RESTART, PACKER)
def restart_check_command(step: Step) -> Findings:
    """
    ## What it does
    Looks for a `restartCheckCommand` that is PowerShell, such as `Write-Host`. The command is run by `cmd.exe`.

    ## Why it matters
    `cmd.exe` does not know the command, so it does not check and does not print what it should. Packer repeats it only
    until it can be run at all, whatever its exit code, so the build goes on.

    ## Bad
    ```json windows
    "customize": [
      {"type": "WindowsRestart", "restartTimeout": "15m", "restartCheckCommand": "«Write-Host» 'restarted'"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [{"type": "WindowsRestart", "restartTimeout": "15m"}]
    ```
    ```json windows
    "customize": [
      {
        "type": "WindowsRestart",
        "restartTimeout": "15m",
        "restartCheckCommand": "powershell -Command \\"& {Write-Output 'restarted.'}\\""
      }
    ]
    ```
    """
    command = step.get("restartCheckCommand")
    if not command.text:
        return
    verbs = "Write|Get|Set|Test|Start|New|Add|Out|Invoke|Remove|Copy|Wait|Import"
    cmdlet = re.match(rf"\s*(?:&\s*)?((?:{verbs})-[A-Za-z]\w+)\b", command.text, re.IGNORECASE)
    if step.type != "WindowsRestart" or cmdlet is None:
        return
    yield Finding(
        command.part(cmdlet.start(1), cmdlet.end(1)),
        f"`restartCheckCommand` of {step.label} calls `{cmdlet[1]}`, which `cmd.exe` does not know",
        help='leave `restartCheckCommand` out, or write it as `powershell -Command "..."`',
        notes=("it is run with `cmd.exe`, and nobody looks at its exit code, so it checks nothing",),
    )


@check("AIB307", "sysprep-race", "info", TROUBLESHOOT, SYSPREP_ISSUE)
def sysprep_race(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a Windows build on a VM with two vCPUs or fewer whose steps are over within seconds: a few commands such as
    `mkdir` and `echo`. It is advice, since most builds with two vCPUs get through; of a VM with one, `small-build-vm`
    warns in any case.

    ## Why it matters
    Sysprep may then start before the guest agent is fully installed. It never reaches the state that the build waits
    for, and the build ends only with its timeout.

    ## Bad
    ```json windows
    "vmProfile": {"vmSize": "Standard_D2s_v5"},
    "customize": [{"type": «"PowerShell"», "name": "Greet", "inline": ["mkdir C:\\\\tools", "echo hello"]}]
    ```

    ## Good
    ```json windows
    "vmProfile": {"vmSize": "Standard_D2s_v5"},
    "customize": [
      {"type": "PowerShell", "name": "Greet", "inline": ["mkdir C:\\\\tools", "echo hello", "Start-Sleep -Seconds 60"]}
    ]
    ```
    ```json windows
    "vmProfile": {"vmSize": "Standard_D4s_v5"},
    "customize": [{"type": "PowerShell", "name": "Greet", "inline": ["mkdir C:\\\\tools", "echo hello"]}]
    ```
    """
    name = vm_size(template)
    size = vm_sizes.describe(name) if name is not None else None
    if size is None or size.vcpus > FEW_VCPUS or not _is_windows(template):
        return
    steps = template.customizers
    lines = [line.text or "" for step in steps for line in step.get("inline").items]
    inline = all(step.get("inline").items and step.get("scriptUri").is_missing for step in steps)
    quick = all(re.fullmatch(_AT_ONCE, line, re.IGNORECASE) for line in lines)
    # Of no steps at all `nothing-to-customize` speaks.
    if not steps or not inline or not quick or len(lines) > FEW_COMMANDS:
        return
    given = "" if template.vm_profile.get("vmSize").text else ", the default size,"
    yield Finding(
        steps[-1].get("type"),
        f"the steps take a few seconds, so Sysprep may start on `{name}`{given} before the guest agent is ready",
        help="end with a PowerShell step that runs `Start-Sleep -Seconds 60`, or take a larger `vmSize`",
        notes=("it then never gets done, and the build ends only with its timeout",),
    )
