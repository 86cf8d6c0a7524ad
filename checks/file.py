"""The file itself: its encoding, its JSON, its expressions, and what was left to be filled in."""

from __future__ import annotations

import re

from aiblint import placeholder
from aiblint.arm.deployment import is_unevaluated
from aiblint.arm.expression import is_expression
from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.recognise import DEPLOYMENT, recognise
from aiblint.source.document import Span
from aiblint.source.strings import offset_in_string

from .wording import listed

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.source.document import Document, Fault, Node
    from aiblint.suppression import Complaint

SYNTAX = "https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax"
EXPRESSIONS = "https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions"
LIMITS = "https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits"
TROUBLESHOOT = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-troubleshoot"

# Bytes and parameters of a template that Resource Manager takes.
LARGEST_TEMPLATE = 4 * 1024 * 1024
MOST_PARAMETERS = 256
# Texts for people: angle brackets there are prose.
PROSE = frozenset(("description", "comments", "metadata", "$schema", "displayname", "_generator"))

TAGS = frozenset(("tags", "artifacttags", "managedresourcetags"))
# Sections of a deployment template whose texts expressions make something else of.
COMPUTED = frozenset(("parameters", "variables", "functions", "outputs"))


def _of_fault(fault: Fault, help: str) -> Finding:  # noqa: A002
    return Finding(fault.span, fault.message, fault.help or help, related=tuple(Related(*r) for r in fault.related))


@check("AIB001", "syntax-error", "error", SYNTAX)
def syntax_error(fault: Fault) -> Findings:
    """
    ## What it does
    Looks for text that is not JSON: a comma or a bracket too few or too many, a string that does not end, a backslash
    that begins no escape. The rest of the file is still read and checked. Comments and strings of several lines are
    fine: the Azure CLI and Azure PowerShell take them.

    ## Why it matters
    Nothing of the file arrives at the service: the deployment stops before it begins. A file that a script has just
    filled in by replacing text is the usual victim.

    ## Bad
    ```json document
    {
      "type": "Microsoft.VirtualMachineImages/imageTemplates/triggers",
      "name": "example/on-new-source«"»
      "properties": {"kind": "SourceImage"}
    }
    ```

    ## Good
    ```json
    "customize": [
      {
        "type": "Shell", // a comment is fine
        "name": "Greet",
        "inline": ["echo hello"]
      }
    ]
    ```
    """
    if fault.kind == "syntax":
        yield _of_fault(fault, "write it as JSON wants it")


@check("AIB002", "undecodable-text", "warning", SYNTAX)
def undecodable_text(fault: Fault) -> Findings:
    """
    ## What it does
    Looks for bytes that are not text in the file's encoding: mostly a file saved in a Windows code page whose accented
    letters are not UTF-8.

    ## Why it matters
    Some clients refuse the file, others send a replacement character, which then stands in a script or a name.

    ## Bad
    Such bytes cannot be shown on a page: a file saved as Windows-1252 with an `é` in it is one.

    ## Good
    ```json
    "tags": {"owner": "Zoë"}
    ```
    """
    if fault.kind == "encoding":
        yield _of_fault(fault, "save the file as UTF-8")


@check("AIB003", "duplicate-key", "warning", SYNTAX)
def duplicate_key(fault: Fault) -> Findings:
    """
    ## What it does
    Looks for a name that stands twice in one object.

    ## Why it matters
    Only the last one counts, silently. Two customizers whose `}, {` between them got lost become one, and everything
    the first should have installed is missing from the image.

    ## Bad
    ```json
    "customize": [
      {
        "type": "Shell",
        "name": "Greet",
        "inline": ["echo hello"],
        «"inline"»: ["echo goodbye"]
      }
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Greet", "inline": ["echo hello"]},
      {"type": "Shell", "name": "Leave", "inline": ["echo goodbye"]}
    ]
    ```
    """
    if fault.kind == "duplicate-key":
        yield _of_fault(fault, "keep one of them; if two steps were merged by mistake, put `}, {` between them")


@check("AIB004", "trailing-comma", "warning", SYNTAX)
def trailing_comma(fault: Fault) -> Findings:
    """
    ## What it does
    Looks for a comma after the last member of an object or the last element of an array.

    ## Why it matters
    Azure PowerShell takes the file, the Azure CLI, the portal and the REST API refuse it: it works until somebody
    else, or the pipeline, deploys it.

    ## Bad
    ```json
    "customize": [
      {"type": "Shell", "name": "Greet", "inline": ["echo hello"«,»]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      {"type": "Shell", "name": "Greet", "inline": ["echo hello"]}
    ]
    ```
    """
    if fault.kind == "trailing-comma":
        yield _of_fault(fault, "delete the comma")


@check("AIB005", "unresolved-placeholder", "error", TROUBLESHOOT)
def unresolved_placeholder(document: Document) -> Findings:
    """
    ## What it does
    Looks for a place that was left to be filled in: `<subscriptionID>`, `#{name}#`, `__name__`, `{{name}}`, `${name}`
    or `$(name)` in a setting. What the place will hold is not judged.

    ## Why it matters
    As the file stands, the service rejects it: an ID or a region with angle brackets in it is none. A template that a
    script fills in should be checked after that, or the check be ignored for the file (`per-file-ignores`). In the
    default of a parameter it is a warning, since whoever deploys may give another value, and so it is in tags, which
    take any text.

    ## Bad
    ```json
    "location": "«<region>»"
    ```

    ## Good
    ```json
    "location": "westeurope"
    ```
    """
    form = recognise(document)
    is_deployment = form is not None and form.kind == DEPLOYMENT
    replaced: frozenset[str] | None = None
    for node in document.nodes():
        for text in (node, node.key):
            if text is None or text.kind != "string" or not any(placeholder.find(text)) or _is_below(node, PROSE):
                continue
            if replaced is None:
                replaced = _replaced(document) if is_deployment else frozenset()
            # An expression may put something in the place of `__name__`, or take it for a text of its own.
            computed = is_deployment and (is_expression(str(text.value)) or _is_below(node, COMPUTED))
            # Whoever deploys may give the parameter another value.
            default = is_deployment and node.key is not None and node.key.value == "defaultValue"
            mend = "replace {0}; where a script does that, check the file that it writes"
            if is_deployment and not default:
                mend = "replace {0}, or make {0} a parameter: `[parameters('...')]`"
            places = [place for place in placeholder.find(text, not computed) if place[0] not in replaced]
            if places:
                harmless = default or _is_below(node, TAGS)
                yield _left_open(text, places, mend)._replace(severity="warning" if harmless else "")
    for fault in document.faults:
        if fault.kind == "placeholder":
            yield _of_fault(fault, "fill it in, as a value that JSON knows")


def _left_open(node: Node, places: list[re.Match[str]], mend: str) -> Finding:
    names = list(dict.fromkeys(f"`{place[0]}`" for place in places))
    return Finding(
        Span(offset_in_string(node, places[0].start()), offset_in_string(node, places[0].end()), node.document),
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} not filled in",
        help=mend.format("it" if len(names) == 1 else "them"),
    )


def _replaced(document: Document) -> frozenset[str]:
    """The texts in calls of `replace()`: placeholders that a deployment template fills in by itself."""
    calls = (str(node.value) for node in document.nodes() if node.kind == "string" and is_expression(str(node.value)))
    return frozenset(text for call in calls if "replace(" in call.lower() for text in re.findall(r"'([^']*)'", call))


def _is_below(node: Node, keys: frozenset[str]) -> bool:
    """Whether the node or something above it has one of these keys."""
    above: Node | None = node
    while above is not None:
        if above.key is not None and str(above.key.value).lower() in keys:
            return True
        above = above.parent
    return False


@check("AIB006", "broken-expression", "error", EXPRESSIONS)
def broken_expression(fault: Fault) -> Findings:
    """
    ## What it does
    Evaluates the template expressions `"[...]"` of a deployment template as far as they can be without Azure, and
    looks for those that Resource Manager must refuse: a bracket missing, a function or a parameter that does not exist,
    too few arguments, a member that is not there.

    ## Why it matters
    The whole deployment is refused as an invalid template.

    ## Bad
    ```json document
    {
      "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
      "contentVersion": "1.0.0.0",
      "parameters": {"prefix": {"type": "string"}},
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "[«conact»(parameters('prefix'), '-image')]",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('prefix')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
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
      "parameters": {"prefix": {"type": "string"}, "identity": {"type": "string"}},
      "resources": [
        {
          "type": "Microsoft.VirtualMachineImages/imageTemplates",
          "apiVersion": "2024-02-01",
          "name": "[concat(parameters('prefix'), '-image')]",
          "location": "westeurope",
          "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('identity')]": {}}},
          "properties": {
            "source": {"type": "ManagedImage", "imageId": "[resourceId('Microsoft.Compute/images', 'base')]"},
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
    if fault.kind == "expression" and not _lost_its_declaration(fault):
        yield _of_fault(fault, "mend the expression; a text that only looks like one begins with `[[`")


def _lost_its_declaration(fault: Fault) -> bool:
    """Whether the name at fault is declared in a part of the file that broken JSON has cut off."""
    document = fault.span.document
    name = document.text[fault.span.start : fault.span.end]
    broken = any(other.kind == "syntax" for other in document.faults)
    return broken and re.fullmatch(r"'\w+'", name) is not None and f'"{name[1:-1]}"' in document.text


@check("AIB009", "unused-suppression", "warning", SYNTAX)
def unused_suppression(complaint: Complaint) -> Findings:
    """
    ## What it does
    Looks for comments `aiblint: ignore[...]` that silence nothing, name no check, or are not written as they should be.

    ## Why it matters
    What they were written for is gone, and the next mistake of that kind on this line would pass unseen.

    ## Bad
    ```json
    "customize": [
      // aiblint: ignore[«no-script»] the script comes later
      {"type": "Shell", "name": "Greet", "inline": ["echo hello"]}
    ]
    ```

    ## Good
    ```json
    "customize": [
      // aiblint: ignore[no-script] the script comes later
      {"type": "Shell", "name": "Greet"}
    ]
    ```
    """
    yield Finding(complaint.span, complaint.message, complaint.help)


@check("AIB011", "file-limits", "error", LIMITS)
def file_limits(document: Document) -> Findings:
    """
    ## What it does
    Looks for a file that is larger or more deeply nested than Resource Manager takes: 4 MB for a template and
    256 parameters; aiblint itself reads 128 levels of brackets.

    ## Why it matters
    The deployment is refused, or, of what is nested too deeply, nothing could be checked.

    ## Bad
    A file of more than 4 MB is too long for this page.

    ## Good
    ```json
    "tags": {"owner": "platform team"}
    ```
    """
    for fault in document.faults:
        if fault.kind == "limit":
            yield _of_fault(fault, "nest it less deeply")
    root = document.root
    form = recognise(document)
    if root is None or form is None or form.kind != DEPLOYMENT:
        return
    size = len(document.text.encode("utf-8", "replace"))
    if size > LARGEST_TEMPLATE:
        yield Finding(
            Span(root.start, root.start + 1, document),
            f"the template has {size / 1024 / 1024:.1f} MB, and Resource Manager takes 4 MB",
            help="move scripts out of `inline`, to a storage account, and refer to them by `scriptUri`",
        )
    parameters = root.member("parameters")
    if parameters is not None and parameters.key is not None and len(parameters.children) > MOST_PARAMETERS:
        yield Finding(
            parameters.key,
            f"the template has {len(parameters.children)} parameters, and Resource Manager takes {MOST_PARAMETERS}",
            help="gather them into objects",
        )


@check("AIB013", "unevaluated-expression", "error", EXPRESSIONS, SYNTAX)
def unevaluated_expression(document: Document) -> Findings:
    """
    ## What it does
    Looks for template expressions, `"[parameters('...')]"`, in a file that is no deployment template: a bare image
    template resource or the body of a request.

    ## Why it matters
    Only Resource Manager evaluates them, and only in a deployment template. From a bare file the text is sent as it
    stands, brackets and all, and the service rejects it.

    ## Bad
    ```json document
    {
      "type": "Microsoft.VirtualMachineImages/imageTemplates",
      "location": «"[parameters('region')]"»,
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder": {}
        }
      },
      "properties": {
        "source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
        "customize": [{"type": "Shell", "inline": ["echo hello"]}],
        "distribute": [{"type": "VHD", "runOutputName": "example", "uri": "https://images.blob.core.windows.net/vhds/example.vhd"}]
      }
    }
    ```

    ## Good
    ```json
    "location": "[resourceGroup().location]"
    ```
    """
    form = recognise(document)
    if form is None or form.kind == DEPLOYMENT:
        return
    for node in document.nodes():
        if node.kind == "string" and is_unevaluated(node) and not _is_below(node, PROSE):
            yield Finding(
                node,
                f"`{node.value}` is not evaluated: this file is no deployment template",
                help="write the value itself, or put the resource into a deployment template",
            )


# A path such as `c:\temp` after JSON took `\t` for a tab; neither a backspace nor a form feed is ever meant.
_UNINTENDED = pattern(r"(?<![\w$])[c-fC-F]:(\t)[A-Za-z]|([\b\f])")
# In a setting no line ends either.
_IN_SETTING = pattern(r"(?<![\w$])[c-fC-F]:([\t\n\r])[A-Za-z]|([\b\f])")
_CHARACTERS = {"\b": "a backspace", "\f": "a form feed", "\n": "a line break", "\r": "a line break", "\t": "a tab"}


@check("AIB014", "unintended-escape", "warning", SYNTAX)
def unintended_escape(document: Document) -> Findings:
    """
    ## What it does
    Looks for a single backslash in a Windows path that JSON takes for the beginning of an escape: `"c:\\temp"` holds a
    tab, and `"c:\\buildArtifacts"` a backspace.

    ## Why it matters
    The file is sound JSON, so it is accepted as it stands. The step then works on another path than the one that one
    reads here: it fails, or what it should have installed is missing.

    ## Bad
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Folder", "inline": ["mkdir c:«\\t»emp"]},
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "PowerShell", "name": "Folder", "inline": ["mkdir c:\\\\temp"]},
      {"type": "WindowsRestart", "name": "Restart", "restartTimeout": "15m"}
    ]
    ```
    """
    for node in document.nodes():
        if node.kind != "string" or str(node.value).isprintable():
            continue
        looked_for = _UNINTENDED if placeholder.in_program(node) else _IN_SETTING
        found = looked_for.search(str(node.value))
        if found is None or _is_below(node, PROSE):
            continue
        index = found.start(found.lastindex or 0)
        span = Span(offset_in_string(node, index), offset_in_string(node, index + 1), document)
        written = document.text[span.start : span.end]
        if len(written) == 2 and written[0] == "\\":
            yield Finding(
                span,
                f"`{written}` is {_CHARACTERS[found[found.lastindex or 0]]} in JSON, not a backslash and a `{written[1]}`",
                help=f"write two backslashes: `\\{written}`",
            )
