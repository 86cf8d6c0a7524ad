"""Secrets that stand in script files, or that only the whole script shows. No message holds a character of them."""

from __future__ import annotations

import re

from aiblint import secret
from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING
from aiblint.script.command import UNKNOWN

from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Script
    from aiblint.surroundings import Surroundings

CUSTOMIZE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-customize"
KEY_VAULT = "https://learn.microsoft.com/azure/key-vault/secrets/about-secrets"

SAS = "a SAS signature"
# More secrets than this in one script say nothing new, and a hostile file must not cost minutes.
MANY = 100


@check("AIB613", "secret-in-script", "warning", CUSTOMIZE, KEY_VAULT)
def secret_in_script(script: Script, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for passwords, keys, tokens and signatures that are written out in a script file, and for those in `inline`
    that show only when its elements are read together: a variable that a later command takes for a password. Of all
    others in `inline`, `secret-in-inline` speaks. Values from the environment, a parameter or a Key Vault are fine, and
    so are passwords in comments.

    ## Why it matters
    Whoever has the repository, its history, or the storage that the script is fetched from, has the secret. It is often
    left behind in the image, too.

    ## Bad
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "AddUser",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "$plain = '«Vacation-2024»'",
          "$secure = ConvertTo-SecureString $plain -AsPlainText -Force",
          "New-LocalUser -Name operator -Password $secure",
          "Start-Sleep -Seconds 60"
        ]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {
        "type": "PowerShell",
        "name": "AddUser",
        "runElevated": true,
        "runAsSystem": true,
        "inline": [
          "Connect-AzAccount -Identity",
          "$secure = (Get-AzKeyVaultSecret -VaultName images -Name operator).SecretValue",
          "New-LocalUser -Name operator -Password $secure",
          "Start-Sleep -Seconds 60"
        ]
      },
      {"type": "WindowsRestart", "restartTimeout": "15m"}
    ],
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "userAssignedIdentities": [
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/vault-reader"
      ]
    }
    ```
    """
    for start, end, kind in _secrets(script, surroundings.now):
        yield Finding(
            script.span(start, end),
            f"{where(script)} has {kind} in its script, where whoever reads that can see it",
            help="keep it in a Key Vault, and let the script fetch it as an identity of the build VM "
            "(`vmProfile.userAssignedIdentities`)",
            notes=("removing it here does not make it secret again: change it as well",),
        )


def _secrets(script: Script, now: str) -> Iterator[secret.Secret]:
    text = script.text
    found = secret.find(text)[:MANY]
    if not found:
        return
    told = set(_told(script))
    for one in found:
        value = text[one.start : one.end]
        if UNKNOWN in value or any(value in other or other in value for other in told):
            continue
        if one.kind == SAS and (script.is_inline or _is_over(text, one.start, now)):
            continue
        # The help of a script has examples.
        if one.kind == "a password" and any(c.start <= one.start < c.end for c in script.contents.comments):
            continue
        yield one


def _told(script: Script) -> Iterator[str]:
    """The secrets that each element of `inline` shows by itself: `secret-in-inline` reports them."""
    lines = script.step.get("inline").items if script.is_inline and script.step is not None else ()
    for line in lines:
        text = "".join(piece if isinstance(piece, str) else "{{}}" for piece in line.pieces)
        yield from (text[start:end] for start, end, _ in secret.find(text)[:MANY])


def _is_over(text: str, at: int, now: str) -> bool:
    """Whether a signature has expired, by the day; it is worth nothing any more."""
    around = re.split(r"[\s\"']", text[max(0, at - 600) : at])[-1] + re.split(r"[\s\"']", text[at : at + 600])[0]
    expiry = re.search(r"[?&]se=(\d{4}-\d\d-\d\d)", around)
    return expiry is not None and expiry[1] < now[:10]
