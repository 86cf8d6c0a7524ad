"""What the WindowsUpdate customizer installs: its search criteria and its filters.

The customizer is the community provisioner UPDATE_PROVISIONER; what is said here about filters is what its script
`update/windows-update.ps1` does with them.
"""

from __future__ import annotations

import re

from aiblint.finding import Finding, check
from aiblint.light import TYPE_CHECKING

if TYPE_CHECKING:
    from aiblint.finding import Findings
    from aiblint.template import Step

UPDATE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#windows-update-customizer"
UPDATE_PROVISIONER = "https://github.com/rgl/packer-plugin-windows-update"
PREVIEW_ISSUE = "https://github.com/danielsollondon/azvmimagebuilder/issues/70"

# `-like` with a pattern that has no wildcard and nothing that PowerShell replaces.
_LIKE_ALL_OF_IT = r"\$_?\.(Title|Description)\s+-[ic]?(?:not)?like\s+('[^'*?\[]*'|\"[^\"*?\[$`]*\")"
# A title ends with the number of its article: `2026-10 Cumulative Update Preview for Windows 11 (KB5044384)`.
_LIKE_THE_END = r"\$_?\.Title\s+-[ic]?(?:not)?like\s+('\*[^'*?\[]*\bPreview'|\"\*[^\"*?\[$`]*\bPreview\")"
_EVERYTHING = r"\s*IsInstalled\s*=\s*0(?:\s+and\s+IsHidden\s*=\s*0)?\s*"

SAMPLE = '`["exclude:$_.Title -like \'*Preview*\'", "include:$true"]`'


def _action(filter_: str) -> tuple[str, str]:
    """The action of a filter in lower case and its expression: what stands before and behind the first colon."""
    action, _, expression = filter_.partition(":")
    return action.lower(), expression.strip()


def _filters(step: Step) -> list[tuple[str, str]] | None:
    """The filters of a WindowsUpdate step as actions and expressions; None where one of them is not known."""
    texts = [item.text for item in step.get("filters").items]
    if step.type != "WindowsUpdate" or any(text is None for text in texts):
        return None
    return [_action(text or "") for text in texts]


def _can_install(filters: list[tuple[str, str]]) -> bool:
    for action, expression in filters:
        if action == "exclude" and expression.lower() == "$true":
            return False
        if action == "include" and expression and expression.lower() != "$false":
            return True
    return False


@check("AIB303", "update-filters-install-nothing", "error", UPDATE, UPDATE_PROVISIONER)
def update_filters_install_nothing(step: Step) -> Findings:
    """
    ## What it does
    Looks for a `WindowsUpdate` step whose `filters` let no update through. The first filter that matches an update
    decides, and an update that no filter matches is not installed: so a list without `include:` installs nothing, and
    a filter without `include:` or `exclude:` before it never matches. Without `filters`, everything found is installed.

    ## Why it matters
    The step succeeds, and the image goes out without a single update.

    ## Bad
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", «"filters"»: ["exclude:$_.Title -like '*Preview*'"]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": [«"$_.BrowseOnly"»]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": ["exclude:$_.Title -like '*Preview*'", "include:$true"]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": []},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    """
    filters = _filters(step)
    if not filters or _can_install(filters):
        return
    value = step.get("filters")
    note = "an update is installed only if the first filter that matches it is an `include:`; the step succeeds anyway"
    plain = next((item for item in value.items if not _is_marked(item.text or "")), None)
    if plain is not None:
        yield Finding(
            plain,
            f"{step.label} installs no updates: `{plain.text}` does not begin with `include:` or `exclude:`",
            help=_marked(plain.text or "", "include"),
            notes=(note,),
        )
        return
    why = "everything is excluded first" if any(a == "include" and e for a, e in filters) else "no filter includes any"
    yield Finding(
        value.key_span,
        f"{step.label} installs no updates: {why}",
        help='end `filters` with `"include:$true"`' if why[0] == "n" else f"write filters such as {SAMPLE}",
        notes=(note,),
    )


def _is_marked(filter_: str) -> bool:
    return _action(filter_)[0] in ("include", "exclude")


def _marked(filter_: str, action: str) -> str:
    """What to write instead of a filter without its action."""
    spaced = re.sub(r"^\s*(include|exclude)\s*:", r"\1:", filter_, flags=re.IGNORECASE)
    if _is_marked(spaced):
        return f"write `{spaced}`"
    return f"write filters such as {SAMPLE}" if ":" in filter_ else f"write `{action}:{filter_}`"


@check("AIB308", "update-filter-expression", "warning", UPDATE, UPDATE_PROVISIONER)
def update_filter_expression(step: Step) -> Findings:
    """
    ## What it does
    Looks for a filter of a `WindowsUpdate` step that cannot do what it is there for: `$.Title` instead of `$_.Title`,
    `-like` without `*` (which asks for the whole title, word for word), `'*Preview'` (which asks for a title that ends
    with that word), no expression at all, or no `include:` or `exclude:` in front.

    ## Why it matters
    The update that was to be kept out is installed after all, or the step fails because PowerShell does not know what
    `$.Title` is.

    ## Bad
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": ["exclude:«$.Title» -like '*Preview*'", "include:$true"]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": ["exclude:$_.Title -like «'KB5040442'»", "include:$true"]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": ["exclude:$_.Title -like «'*Preview'»", "include:$true"]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": [«"$_.Title -like '*Preview*'"», "include:$true"]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "filters": ["exclude:$_.Title -like '*KB5040442*'", "include:$true"]},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    """
    filters = _filters(step)
    if not filters:
        return
    installs = _can_install(filters)  # else `update-filters-install-nothing` speaks of filters that match nothing
    for item, (action, expression) in zip(step.get("filters").items, filters, strict=True):
        text = item.text or ""
        if installs and not _is_marked(text):
            yield Finding(
                item,
                f"`{text}` of {step.label} matches no update, as it does not begin with `include:` or `exclude:`",
                help=_marked(text, "exclude"),
            )
            continue
        if installs and not expression:
            yield Finding(
                item,
                f"the filter `{text}` of {step.label} has no expression, so it matches no update",
                help=f"write `{action}:$true`, or what the update must be like",
            )
        variable = re.search(r"(?<![\w$])\$\.\w+", text)
        if variable is not None:
            yield Finding(
                item.part(*variable.span()),
                f"`{variable[0]}` in a filter of {step.label} is no PowerShell variable",
                help=f"write `$_{variable[0][1:]}`: `$_` is the update",
            )
        if text.lower().count("like") == 1 and ("*'" in text or '*"' in text):  # as it should be, and nearly always is
            continue
        like = re.search(_LIKE_ALL_OF_IT, text, re.IGNORECASE)
        if like is not None:
            yield Finding(
                item.part(*like.span(2)),
                f"`-like {like[2]}` in a filter of {step.label} has no `*`, so it asks for exactly that "
                f"{like[1].lower()}, word for word",
                help=f"write `'*{like[2][1:-1]}*'`",
            )
        end = re.search(_LIKE_THE_END, text, re.IGNORECASE)
        if end is not None:
            yield Finding(
                item.part(*end.span(1)),
                f"`-like {end[1]}` in a filter of {step.label} asks for a title that ends with that word, and none does",
                help=f"write `'{end[1][1:-1]}*'`",
                notes=("the title of an update ends with the number of its article, such as `(KB5044384)`",),
            )


@check("AIB309", "endless-update", "warning", UPDATE_PROVISIONER, PREVIEW_ISSUE)
def endless_update(step: Step) -> Findings:
    """
    ## What it does
    Looks for a `WindowsUpdate` step that searches for every update there is (`IsInstalled=0` without `BrowseOnly=0`)
    and installs all it finds, previews included.

    ## Why it matters
    Optional and preview updates and drivers are found then, too. One that does not install is found again after each
    restart, and the provisioner goes on until the build times out.

    ## Bad
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "searchCriteria": «"IsInstalled=0"»},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```

    ## Good
    ```json windows
    "customize": [
      {"type": "WindowsUpdate", "searchCriteria": "BrowseOnly=0 and IsInstalled=0"},
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    ```json windows
    "customize": [
      {
        "type": "WindowsUpdate",
        "searchCriteria": "IsInstalled=0",
        "filters": ["exclude:$_.Title -like '*Preview*'", "include:$true"]
      },
      {"type": "WindowsRestart", "restartTimeout": "30m"}
    ]
    ```
    """
    criteria = step.get("searchCriteria")
    filters = _filters(step)
    if filters is None or criteria.text is None or step.get("filters").is_unknown:
        return
    # Any filter but "all" is taken as thought out; so is any criterion besides those two.
    filtered = bool(filters) and filters[0] != ("include", "$true")
    if filtered or not re.fullmatch(_EVERYTHING, criteria.text, re.IGNORECASE):
        return
    yield Finding(
        criteria,
        f"{step.label} installs every update there is, previews, optional ones and drivers included",
        help=f"write `BrowseOnly=0 and IsInstalled=0`, or give it the filters {SAMPLE}",
        notes=("one that does not install is found again after each restart, until the build times out",),
    )
