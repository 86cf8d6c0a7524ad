"""Secrets that stand in the file: signatures, passwords, keys and tokens. No message holds a character of them."""

from __future__ import annotations

import re

from aiblint import placeholder, secret
from aiblint.arm.expression import is_expression
from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.pattern import pattern
from aiblint.recognise import DEPLOYMENT, IMAGE_TEMPLATE
from aiblint.source.document import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.source.document import Document, Node
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate, Step
    from aiblint.value import Value

JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
CUSTOMIZE = JSON + "#properties-customize"
PERMISSIONS = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-permissions-cli"
SERVICE_SAS = "https://learn.microsoft.com/rest/api/storageservices/create-service-sas"
ACCOUNT_SAS = "https://learn.microsoft.com/rest/api/storageservices/create-account-sas"
DATES = "https://learn.microsoft.com/rest/api/storageservices/formatting-datetime-values"
INLINE_SAS_ISSUE = "https://github.com/danielsollondon/azvmimagebuilder/issues/103"
SECURE_DEFAULT = "https://learn.microsoft.com/azure/azure-resource-manager/templates/template-test-cases"

SAS = "a SAS signature"
# A submission takes its time: what expires within this many seconds may be gone before the service fetches.
SPARE = 3600
# What a signature must permit for a file to be read: the letter that its field has to have.
NEEDED = {"sp": "r", "srt": "o"}
URIS = ("scripturi", "sourceuri", "script")
# More secrets than this in one string say nothing new, and a hostile file must not cost minutes.
MANY = 100
# No query of a signature comes near this many characters.
LONGEST_QUERY = 2000
_QUERY = pattern(r"[^\s\"'`<>?]*")
_FIELD = pattern(r"(\w+)=([^&;]*)")
# A parameter in an expression, but not where only its being there is asked for.
_PARAMETER = pattern(r"(?<!empty\()parameters\(\s*'([^']+)'\s*\)", re.IGNORECASE)

_READ_BY_IDENTITY = "give the identity of the template the role `Storage Blob Data Reader` on the container"
_VM_IDENTITY = "an identity of the build VM (`vmProfile.userAssignedIdentities`)"

# -- where secrets stand -----------------------------------------------------------------------------------------------


def _strings(value: Value, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Value]]:
    """The strings of a value of which anything is known, and the path to each."""
    if value.pieces:
        yield path, value
    for index, item in enumerate(value.items):
        yield from _strings(item, (*path, index))
    for name, member in value.members:
        yield from _strings(member, (*path, name))


def _text(value: Value) -> str:
    """A string in which each unknown piece is a mark that no secret has in it."""
    return "".join(piece if isinstance(piece, str) else "{{}}" for piece in value.pieces)


def _place(value: Value, start: int, end: int, document: Document) -> Span:
    """Where the characters `start` to `end` of `_text(value)` are written, be it in a parameter or a variable."""
    if value.text is not None and value.definition is None:
        return value.part(start, end)
    wanted, written = _text(value)[start:end], document.text
    for node in (value.node, value.definition):
        if node is not None and node.document is document:
            at = written.find(wanted, node.start, node.end)
            if at >= 0:
                return Span(at, at + len(wanted), document)
    # A short one may stand elsewhere by chance.
    at = written.find(wanted) if len(wanted) >= 8 else -1
    return Span(at, at + len(wanted), document) if at >= 0 else value.span


def _where(template: ImageTemplate, path: tuple[str | int, ...]) -> tuple[str, str]:
    """What messages call a place in the resource, and when it is used: at "submission", in the "build", or ""."""
    names = [name.lower() if isinstance(name, str) else name for name in path]
    name = next((str(name) for name in reversed(path) if isinstance(name, str)), "")
    match names:
        case ["properties", "customize", int(index), *_]:
            owner = template.customizers[index].label
        case ["properties", "validate", "invmvalidations", int(index), *_]:
            owner = template.validators[index].label
        case ["properties", "optimize", "workload", *_]:
            owner = "`optimize.workload`"
        case ["properties", "distribute", int(index), *_]:
            return f"`{name}` of {template.distributors[index].label}", ""
        case _:
            return f"`{name}`", ""
    use = "submission" if name.lower() in URIS else "build" if name.lower() == "inline" else ""
    return f"`{name}` of {owner}", use


# -- shared access signatures ------------------------------------------------------------------------------------------


class _Sas(NamedTuple):
    """A shared access signature: what messages call its place, when it is used (see `_where`), and where it is written.

    `fields` are the parameters of its query by name, as matches in `_text(value)`; `state` is what is wrong with it:
    "expired", "unreadable", "over" (expired, and used for nothing that would fail) or "open" (it can be used).
    """

    where: str
    use: str
    value: Value
    at: Span
    fields: dict[str, re.Match[str]]
    state: str

    def field(self, name: str) -> str:
        """The value of a parameter of the query, decoded as far as dates need it; empty if it is missing."""
        return _decoded(self.fields[name][2]) if name in self.fields else ""


def _signatures(template: ImageTemplate, surroundings: Surroundings) -> Iterator[_Sas]:
    """The signatures in the strings of the resource, each place where one is written once."""
    seen: set[Span] = set()
    for path, value in _strings(template.resource):
        text = _text(value)
        if not any(mark in text.lower() for mark in ("sig=", "sig%3", "sig\\")):
            continue
        for start, end, kind in secret.find(text)[:MANY]:
            at = _place(value, start, end, template.document) if kind == SAS else None
            if at is not None and at not in seen:
                seen.add(at)
                where, use = _where(template, path)
                fields = _fields(text, start)
                yield _Sas(where, use, value, at, fields, _state(fields, use, surroundings.now))


def _fields(text: str, at: int) -> dict[str, re.Match[str]]:
    """The parameters of the query around a place, by name in lower case."""
    around = text[max(0, at - LONGEST_QUERY) : at]
    begin = at - len(around) + max(around.rfind(mark) + 1 for mark in "? \t\r\n\"'`<>")
    found: dict[str, re.Match[str]] = {}
    query = _QUERY.match(text, begin, at + LONGEST_QUERY)
    for field in _FIELD.finditer(text, begin, query.end() if query is not None else at):
        found.setdefault(field[1].lower(), field)
    return found


def _state(fields: dict[str, re.Match[str]], use: str, now: str) -> str:
    value = {name: _decoded(field[2]) for name, field in fields.items()}
    expiry, present = _seconds(value.get("se", "")), _seconds(now)
    if expiry is not None and present is not None:
        if use and expiry < present + SPARE:
            return "expired"
        if expiry < present:
            return "over"
    # `sv` is a date in signatures of Azure Storage; other services use the same names for other things.
    storage = re.fullmatch(r"\d{4}-\d\d-\d\d", value.get("sv", "")) is not None
    lacks = any(re.fullmatch(rf"(?!.*{letter})[a-z]+", value.get(name, "")) for name, letter in NEEDED.items())
    return "unreadable" if storage and use == "submission" and lacks else "open"


def _decoded(value: str) -> str:
    return re.sub("%3a", ":", value, flags=re.IGNORECASE).replace("%2B", "+").replace("%2b", "+")


def _seconds(moment: str) -> float | None:
    """A moment as Azure Storage takes it (DATES; a day alone is its first second) in seconds since 1970, or None."""
    pattern = r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,7})?)?(?:Z|([+-])(\d\d):(\d\d))?)?"
    found = re.fullmatch(pattern, moment, re.ASCII)
    if found is None:
        return None
    from datetime import datetime, timezone  # here: few templates have a signature

    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    ahead = (int(found[8] or 0) * 60 + int(found[9] or 0)) * 60 * (-1 if found[7] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc).timestamp() - ahead
    except ValueError:
        return None


def _used(sas: _Sas) -> tuple[Related, ...]:
    """Where a signature is used that is written elsewhere."""
    use = sas.value.span
    inside = use.document is sas.at.document and use.start <= sas.at.start and sas.at.end <= use.end
    return () if inside else (Related(use, "it is used here"),)


@check("AIB601", "sas-in-template", "warning", PERMISSIONS, CUSTOMIZE, SERVICE_SAS)
def sas_in_template(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for a shared access signature (`sig=...`) in any string of the image template, also where it comes from a
    parameter's default or a variable. One that has expired is not reported here: it is worth nothing any more.

    ## Why it matters
    A signature is a key: whoever can read the file, its history, or the image template in Azure can use it until it
    expires. The service does not need it, since it reads blobs as the identity of the template.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh?sv=2022-11-02&se=2099-12-31T00%3A00%3A00Z&sr=b&sp=r&sig=«Zm9yLWV4YW1wbGUtb25seS1ub3QtcmVhbA%3D%3D»"
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["wget 'https://images.blob.core.windows.net/app.zip?si=readers&sig=«Zm9yLWV4YW1wbGUtb25seQ%3D%3D»'"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"}
    ]
    ```
    """
    helps = {
        "submission": f"remove the query, and {_READ_BY_IDENTITY}",
        "build": f"let the command sign in as {_VM_IDENTITY}",
        "": "remove the query, and let an identity have the access that it needs",
    }
    for sas in _signatures(template, surroundings):
        if sas.state == "open":
            until = f" until `{sas.field('se')}`" if _seconds(sas.field("se")) is not None else ""
            yield Finding(
                sas.at,
                f"{sas.where} holds a SAS token, and whoever reads the template can use it{until}",
                help=helps[sas.use],
                notes=("removing it here does not end it: rotate the key that signed it, or change its access policy",),
                related=_used(sas),
            )


@check("AIB602", "sas-expired", "error", SERVICE_SAS, DATES, INLINE_SAS_ISSUE)
def sas_expired(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for a shared access signature whose expiry (`se`) is over, or less than an hour away, where the build needs
    it. In `inline` it is a warning, since not every command has to succeed.

    ## Why it matters
    Scripts and files are fetched when the template is submitted: Azure Storage then answers `AuthenticationFailed`, and
    the submission fails. A command in `inline` fails later, when the build VM has been running for a while.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh?sv=2022-11-02&«se=2023-08-04T22%3A34%3A40Z»&sr=b&sp=r&sig=Zm9yLWV4YW1wbGUtb25seS1ub3QtcmVhbA%3D%3D"
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "inline": ["wget 'https://images.blob.core.windows.net/app.zip?«se=2023-08-04»&sig=Zm9yLWV4YW1wbGUtb25seQ%3D%3D'"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"}
    ]
    ```
    """
    for sas in _signatures(template, surroundings):
        if sas.state == "expired":
            over = (_seconds(sas.field("se")) or 0) < (_seconds(surroundings.now) or 0)
            building = sas.use == "build"
            when = "expired" if over else "expires within the hour,"
            yield Finding(
                _place(sas.value, *sas.fields["se"].span(), template.document),
                f"the SAS token in {sas.where} {when} at `{sas.field('se')}`",
                help=f"let the command sign in as {_VM_IDENTITY}, so that nothing expires"
                if building
                else f"remove the query, and {_READ_BY_IDENTITY}, so that nothing expires",
                notes=(f"the {'command' if building else 'submission'} fails with `AuthenticationFailed`",),
                related=_used(sas),
                severity="warning" if building else "",
            )


@check("AIB610", "sas-without-read", "error", SERVICE_SAS, ACCOUNT_SAS)
def sas_without_read(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks for a shared access signature of `scriptUri` or `sourceUri` that does not let the service read the file: `sp`
    without `r`, or, in a signature for a whole account, `srt` without `o`, which is what blobs are.

    ## Why it matters
    Azure Storage refuses the download, and the submission fails. What the signature does permit, such as writing, is
    open to everyone who reads the template.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh?sv=2022-11-02&se=2099-12-31&sr=b&«sp=w»&sig=Zm9yLWV4YW1wbGUtb25seS1ub3QtcmVhbA%3D%3D"
      }
    ]
    ```
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh?sv=2022-11-02&ss=b&«srt=sc»&sp=rl&se=2099-12-31&sig=Zm9yLWV4YW1wbGUtb25seS1ub3QtcmVhbA%3D%3D"
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"}
    ]
    ```
    """
    for sas in _signatures(template, surroundings):
        if sas.state == "unreadable":
            name = next(name for name, letter in NEEDED.items() if name in sas.fields and letter not in sas.field(name))
            yield Finding(
                _place(sas.value, *sas.fields[name].span(), template.document),
                f"the SAS token in {sas.where} does not permit reading the file: `{name}` is without `{NEEDED[name]}`",
                help=f"remove the query, and {_READ_BY_IDENTITY}",
                notes=("what it does permit is open to whoever reads the template, so end it as well",),
                related=_used(sas),
            )


# -- other secrets -----------------------------------------------------------------------------------------------------


def _inline_secrets(step: Step, document: Document) -> Iterator[tuple[Span, str]]:
    """Where the commands of a step hold a secret, and what it is; signatures are not among them."""
    for line in step.get("inline").items:
        for start, end, kind in secret.find(_text(line))[:MANY]:
            if kind != SAS:
                yield _place(line, start, end, document), kind


@check("AIB603", "secret-in-inline", "warning", CUSTOMIZE)
def secret_in_inline(step: Step, template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for passwords, keys and tokens that are written out in the commands of `inline`, also where they come from a
    parameter's default or a variable, and for secure parameters that are put into them. Signatures are the matter of
    `sas-in-template`.

    ## Why it matters
    The template can be read by everyone who has the file, and by everyone who may read the resource in Azure, where it
    stays for as long as the template does. What was a `securestring` on the way there is plain text in the commands.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "AddUser", "inline": ["echo 'operator:«Vacation-2024»' | sudo chpasswd"]}
    ]
    ```
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {
        "identity": {"type": "string"},
        "token": {"type": "securestring"}
      },
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [
              {"type": "Shell", "name": "Register", "inline": ["[concat('/tmp/register ', «parameters('token')»)]"]}
            ],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "AddUser",
        "inline": [
          "az login --identity",
          "PASSWORD=$(az keyvault secret show --vault-name images --name operator --query value -o tsv)",
          "echo \\"operator:$PASSWORD\\" | sudo chpasswd"
        ]
      }
    ],
    "vmProfile": {
      "userAssignedIdentities": [
        "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/vault-reader"
      ]
    }
    ```
    """
    for at, kind in _inline_secrets(step, template.document):
        yield Finding(
            at,
            f"{step.label} has {kind} in its `inline`, where whoever reads the template can see it",
            help=f"keep it in a Key Vault, and let the command fetch it as {_VM_IDENTITY}",
            notes=("removing it here does not make it secret again: change it as well",),
        )
    for at, name in _secure_parameters(step, template):
        yield Finding(
            at,
            f"{step.label} has the secure parameter `{name}` in its `inline`, where whoever reads the template can see it",
            help=f"keep the secret in a Key Vault, and let the command fetch it as {_VM_IDENTITY}",
            notes=("the deployment's history does not show a secure parameter, but the commands of the template do",),
        )


def _secure_parameters(step: Step, template: ImageTemplate) -> Iterator[tuple[Span, str]]:
    """Where the expressions of `inline` name a parameter of a secure type, and its name; each once in a line."""
    secure = _declared_secure(template)
    for line in step.get("inline").items if secure else ():
        seen: set[str] = set()
        for node in (line.node, line.definition):
            expression = str(node.value) if node is not None and node.kind == "string" else ""
            for found in _PARAMETER.finditer(expression):
                name = found[1].lower()
                # A default that is a secret was found by itself.
                if node is None or name not in secure - seen or secret.find(_text(line)):
                    continue
                seen.add(name)
                at = node.document.text.find(found[0], node.start, node.end)
                yield Span(at, at + len(found[0]), node.document) if at >= 0 else node.span, found[1]


def _declared_secure(template: ImageTemplate) -> set[str]:
    """The names, in lower case, of the secure parameters that expressions of the image template can refer to."""
    for resource in template.deployment.of_type(IMAGE_TEMPLATE) if template.deployment is not None else ():
        if resource.value is template.resource and resource.scope.template is not None:
            parameters = resource.scope.template.member("parameters")
            declared = (
                (one.key, one.member("type")) for one in (parameters.children if parameters is not None else ())
            )
            return {str(key.value).lower() for key, type_ in declared if key and type_ and _is_secure(type_)}
    return set()


def _is_secure(type_: Node) -> bool:
    return str(type_.value).lower() in secret.SECURE_TYPES


def _uri_secrets(template: ImageTemplate) -> Iterator[tuple[Span, str, str]]:
    """Where an address of a step holds a secret, what it is, and what messages call the place.

    That is what the service fetches from, and any other address beside it: `uri` may be meant for `scriptUri`.
    """
    for path, value in _strings(template.resource):
        if len(path) < 3 or str(path[1]).lower() not in ("customize", "validate", "optimize"):
            continue
        text = _text(value)
        where, use = _where(template, path)
        if use == "submission" or (use == "" and text.lower().startswith(("http://", "https://"))):
            for start, end, kind in secret.find(text)[:MANY]:
                if kind != SAS:
                    yield _place(value, start, end, template.document), kind, where


@check("AIB611", "token-in-uri", "warning", CUSTOMIZE, PERMISSIONS)
def token_in_uri(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks for a token, a key or a password in `scriptUri`, `sourceUri` or another address of a step: the `?token=` that
    GitHub adds to the raw address of a private file, or `https://user:password@...`. Signatures are the matter of
    `sas-in-template`.

    ## Why it matters
    Whoever reads the template can use it. The tokens of GitHub's raw addresses are short-lived besides: the template
    that could be submitted today is refused some days later, because its script cannot be downloaded any more.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Install",
        "scriptUri": "https://raw.githubusercontent.com/contoso/images/4b825dc642cb6eb9a060e54bf8d69288fbee4904/install.sh?token=«EXAMPLE1ONLY2NOT3A4REAL5TOKEN»"
      }
    ]
    ```
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://builder:«Vacation-2024»@downloads.contoso.com/install.sh"}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Install", "scriptUri": "https://images.blob.core.windows.net/scripts/install.sh"}
    ]
    ```
    """
    for at, kind, where in _uri_secrets(template):
        yield Finding(
            at,
            f"{where} holds {kind}, which whoever reads the template can use",
            help=f"put the file into a blob container, and {_READ_BY_IDENTITY}",
            notes=("removing it here does not make it secret again: change or revoke it as well",),
        )


@check("AIB609", "secret-in-parameter", "warning", SECURE_DEFAULT)
def secret_in_parameter(template: ImageTemplate, surroundings: Surroundings) -> Findings:
    """
    ## What it does
    Looks at the parameters of a deployment template: a `securestring` or `secureObject` with anything but an empty
    default or an expression, and any other parameter whose default is a password, a key or a token.

    ## Why it matters
    The type keeps a secret out of the deployment's history, but a default stands in the file, for everyone to read. And
    whoever forgets to give a value deploys with the one that everybody knows.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {
        "identity": {"type": "string"},
        "adminPassword": {"type": "securestring", «"defaultValue"»: "Vacation-2024"}
      },
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {
        "identity": {"type": "string"},
        "adminPassword": {"type": "string", "defaultValue": "«Vacation-2024»"}
      },
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```

    ## Good
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {
        "identity": {"type": "string"},
        "adminPassword": {"type": "securestring"},
        "seed": {"type": "securestring", "defaultValue": "[newGuid()]"}
      },
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "example",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
            "customize": [{"type": "Shell", "inline": ["echo hello"]}],
            "distribute": [
              {
                "type": "ManagedImage",
                "runOutputName": "example",
                "location": "westeurope",
                "imageId": "[resourceId('Microsoft.Compute/images', 'example')]"
              }
            ]
          }
        }
      ]
    }
    ```
    """
    root = template.document.root
    parameters = root.member("parameters") if root is not None and template.form == DEPLOYMENT else None
    told: tuple[Span, ...] | None = None
    for parameter in parameters.children if parameters is not None else ():
        kind, default = parameter.member("type"), parameter.member("defaultValue")
        if kind is None or default is None or default.key is None or parameter.key is None:
            continue
        name = parameter.key.value
        if _is_secure(kind):
            if _written_out(default):
                yield Finding(
                    default.key,
                    f"the secure parameter `{name}` has a default, which everyone who has the file can read",
                    help="remove `defaultValue`: whoever deploys gives the value, from a Key Vault for example",
                )
            continue
        found = _secret_of(parameter, default)
        if found is None:
            continue
        told = tuple(_told(template, surroundings)) if told is None else told
        if not any(_within(at, default) for at in told):
            yield Finding(
                found[0],
                f"the default of parameter `{name}` holds {found[1]}, which everyone who has the file can read",
                help="make it a `securestring` without a default: whoever deploys gives the value",
                notes=("removing it here does not make it secret again: change it as well",),
            )


def _written_out(default: Node) -> bool:
    """Whether a default holds any text that is neither empty nor an expression nor to be filled in."""
    if default.kind != "string":
        return any(_written_out(child) for child in default.children)
    text = str(default.value)
    return bool(text.strip()) and not is_expression(text) and not any(placeholder.find(default))


def _secret_of(parameter: Node, default: Node) -> tuple[Span, str] | None:
    """Where a default is a secret, by what it looks like or by what its parameter is called, and what it is."""
    if parameter.key is None:
        return None
    begin, document = parameter.key.start, parameter.document
    for start, end, kind in secret.find(document.text[begin : parameter.end]):
        at = Span(begin + start, begin + end, document)
        if _within(at, default):
            return at, kind
    return None


def _told(template: ImageTemplate, surroundings: Surroundings) -> Iterator[Span]:
    """The secrets that another check of this module speaks of, where they are used."""
    yield from (sas.at for sas in _signatures(template, surroundings))
    yield from (at for at, _, _ in _uri_secrets(template))
    for step in template.steps:
        yield from (at for at, _ in _inline_secrets(step, template.document))


def _within(at: Span, node: Node) -> bool:
    return at.document is node.document and node.start <= at.start and at.end <= node.end
