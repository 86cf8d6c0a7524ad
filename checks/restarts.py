"""When Windows restarts during the build: before updates, after installations, for long enough, before Sysprep."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.script.command import UNKNOWN

from . import tables
from .data import vm_sizes
from .ground import operating_system, platform_image, vm_size
from .wording import called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build, Script
    from aiblint.script.command import Command
    from aiblint.template import ImageTemplate, Step

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
# Commands that are over at once; of `reg` only `add`.
_AT_ONCE = ("write-host", "write-output", "mkdir", "md", "new-item", "set-content", "add-content", "set-itemproperty")
_WAITS = ("start-sleep", "wait-process", "timeout")


class _Installation(NamedTuple):
    """A command that installs for certain; `what` is the column `installs` of its row in the tables."""

    step: Step
    command: Command
    what: str

    @property
    def label(self) -> str:
        """What messages call it."""
        return called(self.command)


def _installations(build: Build, step: Step) -> Iterator[_Installation]:
    """What the scripts of a step install, in order."""
    for script in build.of(step):
        for command in script.commands if script.language == "powershell" else ():
            match = next(tables.matches("no-final-restart", command), None)
            if match is not None and not _removes(command):
                yield _Installation(step, command, match.row.installs)
            elif command.name == "setup" and command.word.known.lower().endswith(".exe"):
                yield _Installation(step, command, "program")


def _removes(command: Command) -> bool:
    # `/x{...}`: the product code may stand right behind the option.
    return command.name == "msiexec" and any(re.match(r"[-/]x[\"']?\{", word.known, re.I) for word in command.arguments)


def _is_windows(template: ImageTemplate) -> bool:
    return template.steps_known and operating_system(template) == "Windows"


def _may_wait(script: Script) -> bool:
    """Whether a script waits for something, or what it does is not all known."""
    if script.contents.broken or UNKNOWN in script.text:
        return True
    return any(command.name in _WAITS for command in script.commands)


def _is_at_once(command: Command) -> bool:
    fixed = command.name in _AT_ONCE or (command.name == "reg" and command.has("add") is not None)
    return fixed and not command.around and UNKNOWN not in command.texts


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
def no_final_restart(template: ImageTemplate, build: Build) -> Findings:
    """
    ## What it does
    Looks for a Windows build in which a step installs something (a Windows feature, an MSI, a `setup.exe`) and no
    `WindowsRestart` follows. Scripts that `scriptUri` names are read where they are files of the repository. For
    Chocolatey and winget, which seldom need a restart, and for `WindowsUpdate`, which restarts by itself, this is only
    advice.

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
        pending += _installations(build, step)
    help_ = "add a `WindowsRestart` as the last step of `customize`"
    if pending:
        worst = next((found for found in reversed(pending) if found.what != "package"), pending[-1])
        yield Finding(
            worst.command.at(),
            f"{worst.step.label} installs with `{worst.label}`, and no `WindowsRestart` follows before Sysprep",
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
def restart_before_update(template: ImageTemplate, build: Build) -> Findings:
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
            at, found = step.get("type"), pending.command.at()
            yield Finding(
                at,
                f"{step.label} begins without a restart after {pending.step.label}, which installs with "
                f"`{pending.label}`",
                help="put a `WindowsRestart` between them",
                notes=("updates fail with `0x80240016` while another installation runs or a restart is pending",),
                # Steps that an expression makes all stand at one place.
                related=(Related(found, "this is installed before it"),) if found != at.span else (),
                severity="info" if pending.what == "package" else "",
            )
        if step.type == "PowerShell":
            scripts = build.of(step)
            if not scripts or any(_may_wait(script) for script in scripts):
                pending = None  # a script that is not at hand may wait as well
            else:
                pending = next(reversed(list(_installations(build, step))), pending)
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
def short_restart_timeout(template: ImageTemplate, build: Build) -> Findings:
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
        servicing = [found for found in _installations(build, step) if found.what == "windows"]
        if servicing:
            cause = f"`{servicing[-1].label}` in {step.label}"
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
def sysprep_race(template: ImageTemplate, build: Build) -> Findings:
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
    scripts = [script for step in steps for script in build.of(step)]
    commands = [command for script in scripts for command in script.commands]
    quick = all(map(_is_at_once, commands)) and not any(
        script.contents.broken or UNKNOWN in script.text for script in scripts
    )
    # With both `inline` and `scriptUri` one of them is not seen here.
    known = all(
        build.of(step) and (step.get("inline").is_missing or step.get("scriptUri").is_missing) for step in steps
    )
    # Of no steps at all `nothing-to-customize` speaks.
    if not steps or not known or not quick or len(commands) > FEW_COMMANDS:
        return
    given = "" if template.vm_profile.get("vmSize").text else ", the default size,"
    yield Finding(
        steps[-1].get("type"),
        f"the steps take a few seconds, so Sysprep may start on `{name}`{given} before the guest agent is ready",
        help="end with a PowerShell step that runs `Start-Sleep -Seconds 60`, or take a larger `vmSize`",
        notes=("it then never gets done, and the build ends only with its timeout",),
    )
