"""Tags: of the image template, of what the service creates for it, and of the images."""

from __future__ import annotations

from aiblint import placeholder
from aiblint.finding import Finding, Related, check
from aiblint.light import TYPE_CHECKING
from aiblint.value import OpenKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.finding import Findings
    from aiblint.source.document import Span
    from aiblint.template import ImageTemplate
    from aiblint.value import Value

TAGS = "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources"
JSON = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json#properties-managedresourcetags"

MOST = 50
LONGEST_NAME = 512
LONGEST_VALUE = 256
FORBIDDEN = "<>%&\\?/"

# The first version with `managedResourceTags`; `unknown-property` speaks of it in older ones.
MANAGED_SINCE = "2024-02-01"


@check("AIB236", "tag-rules", "error", TAGS, JSON)
def tag_rules(template: ImageTemplate) -> Findings:
    """
    ## What it does
    Looks at the rules that Azure has for tags: at most 50 on a resource, names of at most 512 and values of at most 256
    characters, none of `< > % & \\ ? /` in a name, and no two names that differ only in letter case. For `tags` of the
    template they are certain. `artifactTags` and `managedResourceTags` end up on resources as well, so there it is a
    warning.

    ## Why it matters
    Azure Resource Manager rejects the deployment, or, for the tags of an image, the image at the end of the build. Two
    names that differ only in case are one tag, and one of the values is lost (a warning).

    ## Bad
    ```json
    "tags": {«"cost/center"»: "4711"}
    ```
    ```json
    "distribute": [
      {
        "type": "VHD",
        "runOutputName": "app",
        "uri": "https://images.blob.core.windows.net/vhds/app.vhd",
        "artifactTags": {"Owner": "platform", «"owner"»: "web"}
      }
    ]
    ```

    ## Good
    ```json
    "tags": {"cost-center": "4711/12", "owner": "platform"}
    ```
    """
    for words, tags, certain in _tag_sets(template):
        members = list(tags.members)
        if len(members) > MOST:
            yield Finding(
                tags.key_span,
                f"{words} has {len(members)} tags, and a resource can have {MOST}",
                help=f"keep {MOST} of them; several facts can share one tag as a JSON value",
                severity="" if certain else "warning",
            )
        for place, message, help_ in _wrong(words, members):
            yield Finding(place, message, help=help_, severity="" if certain else "warning")
        first: dict[str, Value] = {}
        for name, value in members:
            other = first.setdefault(name.lower(), value)
            if other is not value:
                yield Finding(
                    value.key_span,
                    f"{words} has the tag `{name}` twice: letter case makes no difference in the name of a tag",
                    help="keep one of the two",
                    related=(Related(other.key_span, "the same tag"),),
                    severity="warning",
                )


def _tag_sets(template: ImageTemplate) -> Iterator[tuple[str, Value, bool]]:
    """Every object of tags, what messages call it, and whether the rules are certain to hold for it."""
    yield "`tags`", template.resource.get("tags"), True
    if template.api_version >= MANAGED_SINCE:
        yield "`managedResourceTags`", template.properties.get("managedResourceTags"), False
    for distributor in template.distributors:
        yield f"`artifactTags` of {distributor.label}", distributor.get("artifactTags"), False


def _wrong(words: str, members: list[tuple[str, Value]]) -> Iterator[tuple[Value | Span, str, str]]:
    """The single tags that break a rule: where, what, and what to do."""
    for name, value in members:
        key = value.node.key
        unfilled = isinstance(name, OpenKey) or (key is not None and any(placeholder.find(key)))
        # Azure's own tags, such as `hidden-link:/subscriptions/...`, are not held to it.
        wrong = next((c for c in name if c in FORBIDDEN), None)
        if wrong is not None and not unfilled and not name.lower().startswith("hidden-"):
            allowed = "-".join(filter(None, "".join(" " if c in FORBIDDEN else c for c in name).split()))
            message = f"the name of a tag cannot have `{wrong}` in it, as `{name}` of {words} has"
            yield value.key_span, message, f"write `{allowed}`" if allowed else "use letters and digits"
        elif len(name) > LONGEST_NAME and not unfilled:
            message = f"a tag of {words} has a name of {len(name)} characters, and {LONGEST_NAME} is the most"
            yield value.key_span, message, "shorten it"
        length = sum(len(piece) for piece in value.pieces if isinstance(piece, str))
        if length > LONGEST_VALUE:
            message = f"the tag `{name}` of {words} has a value of {length} characters, and {LONGEST_VALUE} is the most"
            yield value, message, "shorten it, or spread it over several tags"
