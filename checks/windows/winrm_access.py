"""Scripts that take away the build's access over WinRM: the service, its listener and certificate, the user, policies."""

from __future__ import annotations

import re

from aiblint.finding import check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern

from .. import effects, tables
from ..connection import Harm, finding
from ..effects import runs_now

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.script.command import Command, Word

TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"
PACKER = "https://developer.hashicorp.com/packer/docs/communicators/winrm"
WINRM = "https://learn.microsoft.com/windows/win32/winrm/installation-and-configuration-for-windows-remote-management"

_BUILD_USERS = ("packer",)
_SELF = pattern(r"(?i)^[\"']?(?:\$env:username|%username%|\$\(?whoami\)?)[\"']?$")
_CERTIFICATES = pattern(r"(?i)^cert:\\+localmachine\\+my(?:\\+\*)?\\*$")
# Values of the registry that shut the build out: the name, the value, and how bad it is.
_POLICIES = {
    ("localaccounttokenfilterpolicy", "0"): "warning",
    ("filteradministratortoken", "1"): "warning",
    ("allowbasic", "0"): "warning",
    ("allowautoconfig", "0"): "warning",
    ("allowremoteshellaccess", "0"): "",
    ("executionpolicy", "allsigned"): "",
    ("executionpolicy", "restricted"): "",
}


@check("AIB508", "winrm-access-changed", "error", TROUBLESHOOT, PACKER, WINRM)
def winrm_access_changed(command: Command) -> Findings:
    r"""
    ## What it does
    Looks for scripts that change what the build needs to reach a Windows machine: that stop or restart WinRM, configure
    it anew, remove its listener or the certificates, disable the build user. Programs that apply security policies
    (`secedit`, `LGPO.exe`, HardeningKitty) are warnings. What only allows more is harmless.

    ## Why it matters
    The build works over WinRM, on port 5986, with a certificate and a user made for it. When one of them goes, the step
    ends with exit code 16001, or the build waits until `buildTimeoutInMinutes` is over.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "Harden",
        "runElevated": true,
        "runAsSystem": true,
        "inline": ["Start-Sleep -Seconds 60", "«Disable-PSRemoting» -Force"]
      }
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "HardenAtFirstBoot",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "New-Item -ItemType Directory -Path C:\\Windows\\Setup\\Scripts -Force",
          "Set-Content C:\\Windows\\Setup\\Scripts\\SetupComplete.cmd 'powershell -Command Disable-PSRemoting -Force'",
          "Start-Sleep -Seconds 60"
        ]
      }
    ]
    ```
    """
    if command.language == "shell" or not runs_now(command):
        return
    found = (
        _harm_to_service(command)
        or _harm_to_settings(command)
        or _harm_to_certificates(command)
        or _harm_to_user(command)
        or _harm_by_policy(command)
    )
    if found is None:
        match = tables.first("winrm-access-changed", command)
        if match is None:
            return
        row = match.row
        found = Harm(match.words, row.does, row.help, row.note, row.severity)
    yield finding(command, found)


def _harm_to_service(command: Command) -> Harm | None:
    change = effects.service(command)
    word = change.word("winrm") if change is not None else None
    if change is None or word is None:
        return None
    does = {
        "stop": "stops WinRM, which the build is connected over",
        "restart": "restarts WinRM, which the build is connected over",
        "disable": "keeps WinRM, which the build is connected over, from starting again",
        "remove": "removes WinRM, which the build is connected over",
    }.get(change.action)
    return Harm((word,), does) if does else None


def _harm_to_settings(command: Command) -> Harm | None:
    if command.name == "winrm":
        return _winrm(command)
    if command.language != "powershell" or command.name not in ("set-item", "remove-item", "new-item", "clear-item"):
        return None
    path = next(iter(command.values("Path", "pat") or command.unnamed()[:1]), None)
    place = path.known.lower().replace("/", "\\") if path is not None else ""
    if path is None or not place.startswith(("wsman:\\localhost", "wsman:\\*")):
        return None
    if command.name == "remove-item" or command.name == "clear-item":
        return Harm((path,), "removes the listener that the build is connected over") if "\\listener" in place else None
    value = next(iter(command.values("Value", "v") or command.unnamed()[1:2]), None)
    off = value is not None and value.known.lower() in ("$false", "false", "0")
    if "\\service\\auth\\" in place and off and not place.endswith(("credssp", "kerberos", "certificate")):
        return Harm((path,), "switches off what the build signs in with")
    if "\\listener\\" in place and command.name == "set-item":
        return Harm((path,), "changes the listener that the build is connected over")
    return None


def _winrm(command: Command) -> Harm | None:
    said = re.sub(r"\s+", " ", command.written.lower().replace('"', "").replace("'", ""))
    words = command.arguments[:2]
    if re.search(r"\bdelete winrm/config/listener", said) and "transport=http}" not in said.replace(" ", ""):
        return Harm(words, "removes the listener that the build is connected over")
    if re.search(r"\binvoke restore\b", said):
        return Harm(words, "sets WinRM back, and removes the listener that the build is connected over")
    if re.search(r"\b(?:quickconfig|qc)\b", said):
        asks = "-q" not in said and "/q" not in said
        return Harm(
            words[:1],
            "configures WinRM anew while the build is connected",
            "leave it out: WinRM is ready on the build VM, or the build could not run the script",
            "without `-quiet` it also asks `[y/n]`, and nobody answers" if asks else "",
            "warning",
        )
    if re.search(r"\bset winrm/config/service/auth\b.*(?:basic|negotiate)=(?:false|\$false)", said):
        return Harm(words, "switches off what the build signs in with")
    if re.search(r"\bset winrm/config/listener\b", said):
        return Harm(words, "changes the listener that the build is connected over")
    return None


def _harm_to_certificates(command: Command) -> Harm | None:
    if command.language != "powershell" or command.name != "remove-item":
        return None
    source = command
    if command.fed_by is not None and command.fed_by.name in ("get-childitem", "get-item"):
        source = command.fed_by
    path = next(iter(source.values("Path", "p") or source.unnamed()[:1]), None)
    if path is None or not _CERTIFICATES.match(path.known):
        return None
    if source is command and not path.known.rstrip("\\").endswith("*") and not command.switched("Recurse", "r"):
        return None
    return Harm(
        (path,) if source is command else (), "removes the certificate of the listener that the build is connected over"
    )


def _harm_to_user(command: Command) -> Harm | None:
    name, said = command.name, " ".join(command.texts).lower()
    candidates: tuple[Word, ...] = ()
    does = ""
    if name == "net" and command.texts[:1] and command.texts[0].lower() in ("user", "users") and len(command.texts) > 2:
        candidates = command.arguments[1:2]
        rest = [word for word in command.arguments[2:] if not word.known.startswith("/")]
        does = (
            "disables" if "/active:no" in said else "deletes" if re.search(r"/del(?:ete)?\b", said)
            else "changes the password of" if rest and "/add" not in said else ""
        )  # fmt: skip
    elif command.language == "powershell" and name in ("disable-localuser", "remove-localuser", "rename-localuser"):
        candidates = effects.named_or_first(command, "Name")
        does = {"d": "disables", "r": "deletes"}[name[0]] if name != "rename-localuser" else "renames"
    elif command.language == "powershell" and name == "set-localuser" and command.parameter("Password"):
        candidates = effects.named_or_first(command, "Name")
        does = "changes the password of"
    if not does:
        return None
    for word in candidates:
        written = command.as_written(word)
        if word.known.lower() in _BUILD_USERS or _SELF.match(written):
            return Harm(
                (word,),
                f"{does} the build user",
                "take it out: the user goes when the image is generalized",
            )
    return None


def _harm_by_policy(command: Command) -> Harm | None:
    entry = effects.registry(command)
    if entry is None:
        if command.name == "import-module" or not re.search(r"(?i)powerstig|cisdsc", command.script.text):
            return None
        if command.name != "start-dscconfiguration":
            return None
        return Harm(
            (),
            "sets security policies at once",
            "make it the last step, without the settings of WinRM, the firewall and user rights; or let it run at the "
            "first boot",
            "security baselines switch off Basic authentication of WinRM, and deny local accounts the access over the "
            "network",
            "warning",
        )
    name = entry.name.lower()
    if (name, entry.value) not in _POLICIES:
        return None
    key = entry.key
    if name.startswith("allow") and "winrm\\" not in key:
        return None
    if name == "allowbasic" and "winrm\\client" in key:
        return None
    if name == "executionpolicy" and "policies\\microsoft\\windows\\powershell" not in key:
        return None
    does = (
        "keeps the build's scripts from running: the policy comes before `-ExecutionPolicy Bypass`"
        if name == "executionpolicy"
        else "keeps the build from signing in over WinRM"
    )
    return Harm((entry.word,), does, severity=_POLICIES[name, entry.value])
