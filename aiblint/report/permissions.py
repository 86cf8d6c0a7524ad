"""What templates need to be allowed, as a table for people and as JSON for programs; `roles` makes grants of it."""

from __future__ import annotations

import json

from aiblint.azure.needs import CALLER, IDENTITY, SERVICE, SERVICE_APP_ID, gaps, identity_of, needs
from aiblint.azure.scope import words
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.report import Page, pages, visible
from aiblint.report.json import TOOL, VERSION
from aiblint.report.text import painter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.azure.live import Azure
    from aiblint.azure.needs import Home, Need
    from aiblint.azure.rbac import Verdict
    from aiblint.report.text import Paint
    from aiblint.template import ImageTemplate


class Wanted(NamedTuple):
    """What one template needs. `identity` is the resource ID of its identity, empty where it has none.

    `gaps` are the parts of the template that are not known, so that needs may be missing. `verdicts` tell of each need
    whether it is granted; there are none where Azure was not asked.
    """

    path: str
    name: str
    identity: str
    needs: tuple[Need, ...]
    gaps: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()


def wanted(template: ImageTemplate, home: Home, azure: Azure | None = None) -> Wanted:
    """What a template needs where it is deployed to, without the secrets that its texts may hold; with `azure` also
    what of it is granted."""
    page = Page(template.document)
    identity = identity_of(template, home)
    pieces = template.resource.get("name").pieces
    name = "".join(piece if isinstance(piece, str) else "..." for piece in pieces) or "template"
    listed = needs(template, home)
    verdicts: tuple[Verdict, ...] = ()
    if azure is not None:
        from aiblint.azure.granted import weighed

        granted = weighed(azure, listed)
        listed = tuple(one.need for one in granted)
        verdicts = tuple(one.verdict._replace(because=visible(page.hide(one.verdict.because))) for one in granted)
    found = tuple(
        need._replace(scope=visible(page.hide(need.scope)), why=visible(page.hide(need.why))) for need in listed
    )
    shown = visible(page.hide(identity[0])) if identity is not None else ""
    return Wanted(page.path, visible(page.hide(name)), shown, found, gaps(template), verdicts)


# How the table calls who needs something, and who that is.
_WHO = {
    IDENTITY: "the template's identity",
    SERVICE: f"the application of Image Builder itself (appId {SERVICE_APP_ID})",
    CALLER: "the caller, who submits the template",
}
# How a verdict is called, and the colour of it.
_GRANTED = {"allowed": ("granted", "good"), "denied": ("missing", "error"), "unknown": ("cannot tell", "warning")}

_ORDER = tuple(_WHO)


def table(listed: tuple[Wanted, ...], *, colour: bool = False) -> str:
    """Who needs what, where and why; each doubt is a numbered note below."""
    paint = painter(colour)
    return "\n".join(line for one in listed for line in _one(one, paint)).rstrip("\n") + "\n"


def _one(one: Wanted, paint: Paint) -> Iterator[str]:
    notes: list[str] = []
    yield paint("strong", f"{one.path}: image template `{one.name}`")
    actions = {
        need: f"the role {need.role}" if need.role else need.action + " (data)" * need.data for need in one.needs
    }
    width = max(map(len, actions.values()), default=0)
    who = where = ""
    verdicts = dict(zip(one.needs, one.verdicts, strict=False))
    # What is needed in one place stands together; the order is that of the first time.
    places = list(dict.fromkeys((need.who, need.scope) for need in one.needs))
    ordered = sorted(one.needs, key=lambda need: (_ORDER.index(need.who), places.index((need.who, need.scope))))
    for need, after in zip(ordered, (*ordered[1:], None), strict=True):
        if need.who != who:
            who, where = need.who, ""
            yield ""
            yield paint("gutter", _WHO[who]) + (f" {one.identity}" if who == IDENTITY and one.identity else "")
        if need.scope != where:
            where = need.scope
            yield f"  {paint('strong', words(where))}"
            if words(where) != f"`{where}`":
                yield f"  {paint('faint', where)}"
        if need.doubt and need.doubt not in notes:
            notes.append(need.doubt)
        mark = f" [{notes.index(need.doubt) + 1}]" if need.doubt else ""
        verdict = verdicts.get(need)
        if verdict is None:
            yield f"    {actions[need]:<{width}}  {need.why}{mark}"
            continue
        word, style = _GRANTED[verdict.answer]
        yield f"    {paint(style, f'{word:<11}')}  {actions[need]:<{width}}  {need.why}{mark}"
        # What decides is said once for all that it decides in one place.
        together = after is not None and (after.who, after.scope) == (need.who, need.scope)
        if after is None or not together or verdicts[after].because != verdict.because:
            yield f"    {'':<11}  {paint('faint', verdict.because)}"
    yield ""
    if notes:
        yield from (f"[{number}] {note}" for number, note in enumerate(notes, 1))
        yield ""
    if one.gaps:
        *others, last = one.gaps
        unknown = f"{', '.join(others)} and {last}" if others else last
        yield f"{paint('note', 'note:')} not known, and so not listed with what it needs: {unknown}"
        yield ""


def as_json(listed: tuple[Wanted, ...]) -> str:
    """The needs as the text of one JSON object; plain ASCII, as all of our JSON is."""
    page = pages()
    report = {
        "version": VERSION,
        "tool": TOOL,
        "templates": [
            {
                "path": one.path,
                "name": one.name,
                "identity": one.identity or None,
                "needs": [
                    {**_member(need, page(need.at.span.document)), **_granted(one.verdicts[place : place + 1])}
                    for place, need in enumerate(one.needs)
                ],
                "unknown": list(one.gaps),
            }
            for one in listed
        ],
    }
    return json.dumps(report, indent=2) + "\n"


def _member(need: Need, page: Page) -> dict[str, object]:
    span = need.at.span
    start, end = page.document.position(span.start), page.document.position(span.end)
    place = {
        "path": page.path,
        "start": start._asdict(),
        "end": end._asdict(),
        "pointer": page.hide(need.at.node.pointer),
    }
    return {
        "who": need.who,
        "action": need.action,
        "isDataAction": need.data,
        "role": need.role or None,
        "scope": need.scope,
        "why": need.why,
        "doubt": need.doubt or None,
        "location": place,
    }


def _granted(verdicts: tuple[Verdict, ...]) -> dict[str, object]:
    """Whether a need is granted, and the assignment that decides it; nothing where Azure was not asked."""
    members: dict[str, object] = {}
    for verdict in verdicts:
        by, role = verdict.by, verdict.role
        members["granted"] = {
            "answer": _GRANTED[verdict.answer][0],
            "because": verdict.because,
            "assignment": {"id": by.id, "scope": by.scope, "role": role.name if role else None} if by else None,
        }
    return members
