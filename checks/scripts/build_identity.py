"""Scripts that sign in to Azure as an identity of the build VM."""

from __future__ import annotations

import re

from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.script.command import UNKNOWN

from ..wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.script.build import Build
    from aiblint.script.command import Command, Word
    from aiblint.source.document import Span

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#user-assigned-identity-for-the-image-builder-build-vm"
TOKENS = "https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token"
AZCOPY = "https://learn.microsoft.com/azure/storage/common/storage-use-azcopy-authorize-managed-identity"

_AZ_CLIENT = ("--username", "-u", "--client-id", "--object-id", "--resource-id")
_AZCOPY_CLIENT = ("--identity-client-id", "--identity-object-id", "--identity-resource-id")
_AZCOPY_VARIABLES = ("azcopy_msi_client_id", "azcopy_msi_object_id", "azcopy_msi_resource_string")
_IMDS = pattern(r"169\.254\.169\.254[^\s]*/metadata/identity", re.IGNORECASE)
_IMDS_CLIENT = pattern(r"(?:client_id|object_id|mi_res_id|msi_res_id)=", re.IGNORECASE)


class _Login(NamedTuple):
    """A command that signs in; `words` are those that say so, `named` tells whether it says as which identity."""

    command: Command
    words: tuple[Word, ...]
    named: bool
    option: str

    @property
    def at(self) -> Span:
        return self.command.at(*self.words)


@check("AIB420", "identity-not-on-build-vm", "error", JSON, TOKENS, AZCOPY)
def identity_not_on_build_vm(build: Build) -> Findings:
    """
    ## What it does
    Looks for scripts that sign in as an identity of the build VM (`az login --identity`, `Connect-AzAccount -Identity`,
    `azcopy login --identity`, `AZCOPY_AUTO_LOGIN_TYPE=MSI`, a token of the metadata service) while
    `vmProfile.userAssignedIdentities` is missing or empty. If it has several, and the command does not say which one it
    means, that is a warning.

    ## Why it matters
    The `identity` of the template is not on the build VM: it reads the source and the scripts, and writes the image. The
    command finds no identity, and the step fails.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Fetch", "inline": ["«az login --identity»", "az storage blob download -f app.zip -c apps -n app.zip --account-name contoso"]}
    ]
    ```

    ## Good
    ```json
    "vmProfile": {
      "vmSize": "Standard_D4s_v5",
      "userAssignedIdentities": [
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
      ]
    },
    "customize": [
      {"type": "Shell", "name": "Fetch", "inline": ["az login --identity", "az storage blob download -f app.zip -c apps -n app.zip --account-name contoso"]}
    ]
    ```
    """
    template = build.template
    if template is None:
        return
    identities = template.vm_profile.get("userAssignedIdentities")
    if not identities.is_missing and not isinstance(identities.data, list):
        return
    count = len(identities.items)
    if count == 1:
        return
    logins = list(_logins(build))
    if count == 0:
        older = not template.assumed and template.api_version < "2021-10-01"
        first = next(iter(logins), None)
        if first is None:
            return
        yield Finding(
            first.at,
            f"`{first.option}` in {where(first.command.script)} signs in as an identity of the build VM, which has none",
            help=("use `apiVersion` 2021-10-01 or newer, and " if older else "")
            + 'give it one: `"vmProfile": {"userAssignedIdentities": ["<resource ID>"]}`',
            notes=(
                "the `identity` of the template is not on the build VM",
                "the identity of the template also needs the role `Managed Identity Operator` on the one that you add",
            ),
            related=tuple(Related(other.at, "it signs in here as well") for other in logins[1:4]),
            severity="warning" if first.command.inside("if", "or", "handled", "try", "catch", "condition") else "",
        )
        return
    for login in logins:
        if not login.named:
            yield Finding(
                login.at,
                f"`{login.option}` in {where(login.command.script)} does not say which of the {count} identities of the "
                "build VM it means",
                help="name it by its client ID: `az login --identity --client-id`, `Connect-AzAccount -Identity "
                "-AccountId`, `azcopy login --identity --identity-client-id`, or `&client_id=` in the address",
                notes=(
                    "with several identities the metadata service answers `Multiple user assigned identities exist`",
                ),
                severity="warning",
            )


def _logins(build: Build) -> Iterator[_Login]:
    """The commands that sign in as an identity of the VM."""
    for script in build.scripts:
        # azcopy signs in by itself as often as it is called: once is enough.
        automatic = False
        for command in script.commands:
            found = _login(command)
            if found is not None:
                yield found
            elif command.name == "azcopy" and not automatic and _is_automatic(command):
                automatic = True
                yield _Login(command, (), _is_set(command, *_AZCOPY_VARIABLES), "azcopy")


def _login(command: Command) -> _Login | None:
    if command.name in ("az", "azcopy"):
        verb = command.operands()[:1]
        identity = command.has("--identity", "-i") if command.name == "az" else command.has("--identity")
        if not verb or verb[0].known != "login" or identity is None or identity.known == "--identity=false":
            return None
        client = _AZ_CLIENT if command.name == "az" else _AZCOPY_CLIENT
        variables = _AZCOPY_VARIABLES if command.name == "azcopy" else ()
        named = not command.lacks(*client) or _is_set(command, *variables)
        return _Login(command, (identity,), named, command.label(verb[0], identity))
    if command.name in ("connect-azaccount", "login-azaccount", "add-azaccount"):
        identity = command.parameter("Identity", "i")
        if identity is None or not command.switched("Identity", "i"):
            return None
        named = command.is_splatted or command.parameter("AccountId", "acc") is not None
        return _Login(command, (identity,), named, command.label(identity))
    for word in command.arguments:
        if command.name not in ("echo", "printf", "write-host", "write-output") and _IMDS.search(word.known):
            named = UNKNOWN in word.known or _IMDS_CLIENT.search(word.known) is not None
            named = named or any(_IMDS_CLIENT.search(other.known + "=") for other in command.arguments)
            return _Login(command, (word,), named or command.is_open, "169.254.169.254/metadata/identity")
    return None


def _is_automatic(command: Command) -> bool:
    values = [value for name, value in command.environment.items() if name.lower() == "azcopy_auto_login_type"]
    values += [
        word.known
        for assignment in command.script.contents.assignments
        if assignment.name.lower().removeprefix("$env:") == "azcopy_auto_login_type"
        and assignment.start < command.start
        for word in assignment.values
    ]
    return any(value.lower() == "msi" for value in values)


def _is_set(command: Command, *names: str) -> bool:
    """Whether one of these variables is set for a command, or before it in its script."""
    given = {name.lower() for name in command.environment}
    given |= {assignment.name.lower().removeprefix("$env:") for assignment in command.script.contents.assignments}
    return any(name in given for name in names)
