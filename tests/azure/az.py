"""A stand-in for the Azure CLI: a command `az` that is put first on the PATH, and told by a file how it shall behave.

Its words are those of the real one (azure-cli 2.x, `az account get-access-token`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

from tests.azure import estate

_SCRIPT = """#!{python} -SE
import json, sys, time
told = json.load(open({told!r}))
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
arguments = sys.argv[1:]
def option(*names):
    return next((arguments[at + 1] for at, word in enumerate(arguments[:-1]) if word in names), "")
time.sleep(told["seconds"])
if told["mode"] == "nobody":
    sys.exit("ERROR: Please run 'az login' to setup account.")
if told["mode"] == "expired":
    sys.exit("ERROR: AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional "
             "access. Trace ID: 0 Correlation ID: 0 Timestamp: 2026-01-01 00:00:00Z\\nInteractive authentication is needed. "
             "Please run:\\naz logout\\naz login")
if told["mode"] == "broken":
    sys.exit(print("Traceback (most recent call last): ..."))
if option("--subscription", "-s") not in ("", told["subscription"]):
    sys.exit("ERROR: The subscription of '%s' doesn't exist in cloud 'AzureCloud'. Please run 'az account set'." % option("--subscription", "-s"))
if arguments[:2] == ["account", "show"]:
    print(json.dumps({{"id": told["subscription"], "name": "Example Subscription", "isDefault": True, "state": "Enabled",
                      "tenantId": told["tenant"], "environmentName": "AzureCloud",
                      "user": {{"name": "someone@example.com", "type": "user"}}}}))
elif arguments[:2] == ["account", "get-access-token"]:
    resource = (option("--resource") or option("--scope").removesuffix("/.default")).rstrip("/")
    token = told["tokens"].get(resource)
    if token is None:
        sys.exit("ERROR: AADSTS500011: The resource principal named %s was not found in the tenant." % resource)
    print(json.dumps({{"accessToken": token, "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": told["expires_on"],
                      "subscription": told["subscription"], "tenant": told["tenant"], "tokenType": "Bearer"}}, indent=2))
else:
    sys.exit("ERROR: '%s' is misspelled or not recognized by the system." % " ".join(arguments))
"""

RESOURCES = (
    "https://management.azure.com",
    "https://management.core.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
    "https://management.core.test",
    "https://storage.azure.com",
)


class Az(NamedTuple):
    """The stand-in: `folder` belongs on the PATH; `tokens` are by the resource that they are for."""

    folder: Path
    tokens: dict[str, str]

    def tell(self, mode: str = "signed-in", seconds: float = 0.0, expires_in: int = 3600, **more: object) -> None:
        """How to behave: `signed-in`, `nobody`, `expired` or `broken`, each after some seconds."""
        import time

        told = {
            "mode": mode,
            "seconds": seconds,
            "tokens": self.tokens,
            "expires_on": int(time.time()) + expires_in,
            "subscription": estate.SUBSCRIPTION,
            "tenant": estate.TENANT,
            **more,
        }
        (self.folder / "told.json").write_text(json.dumps(told))

    def calls(self) -> list[list[str]]:
        """The arguments of each call so far."""
        log = self.folder / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def install(folder: Path) -> Az:
    """Write the command into a folder; somebody is signed in."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "az"
    written = _SCRIPT.format(python=sys.executable, told=str(folder / "told.json"), log=str(folder / "log"))
    script.write_text(written)
    script.chmod(0o755)
    az = Az(folder, {resource: estate.token(resource) for resource in RESOURCES})
    az.tell()
    return az
