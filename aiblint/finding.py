"""The one type that says "a problem", and what a check is."""

from __future__ import annotations

from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.source.document import Node, Span
from aiblint.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Findings = Iterator["Finding"]
    Verdicts = Iterator["Finding | Holds"]

# Worst first. `error`: the submission is rejected, the build fails or the image is unusable; `warning`: it often does,
# or wastes much time; `info`: advice, off unless asked for, never part of the exit status.
SEVERITIES = ("error", "warning", "info")


class Related(NamedTuple):
    """Another place that belongs to the problem, and what it is: `first given here`."""

    span: Span
    message: str


class Fix(NamedTuple):
    """An edit that mends the problem: `replacement` for the characters of `span`. `title` says what it does."""

    title: str
    span: Span
    replacement: str


class Check(NamedTuple):
    """One thing that aiblint knows can go wrong. Made by the decorator `check`, listed in `checks/__init__.py`.

    `subjects` are the type names of the parameters of `run`; the first one says what the engine calls it for. `sources`
    are the addresses of the documentation that it rests on. The page of the check is `run.__doc__`.
    """

    id: str
    name: str
    severity: str
    sources: tuple[str, ...]
    subjects: tuple[str, ...]
    run: Callable[..., Verdicts]

    @property
    def is_live(self) -> bool:
        """Whether it asks Azure."""
        return "Azure" in self.subjects


class Finding(NamedTuple):
    """A problem at a place. A check names the place and says what is wrong; the engine adds the check and the severity.

    `at` is a value, a node or a span. `message` is one lowercase sentence without a full stop that stands alone; `help`
    says what to do, each of `notes` why, what it costs, or where else. `severity` is the check's own when left empty.
    `unchecked` is the reason why a live check could not be carried out: then the finding says what nobody knows, which
    is no problem of the template, and makes the exit status 2.
    """

    at: Value | Node | Span
    message: str
    help: str = ""
    notes: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    severity: str = ""
    check: Check | None = None
    unchecked: str = ""

    @property
    def span(self) -> Span:
        """The characters that the finding marks."""
        return self.at if isinstance(self.at, Span) else self.at.span

    @property
    def node(self) -> Node | None:
        """The innermost value around the marked characters; None in a file of which nothing could be read."""
        if isinstance(self.at, Node):
            return self.at
        if isinstance(self.at, Value):
            return self.at.node
        node = inside = self.at.document.root
        while inside is not None:
            node = inside
            inside = node.child_around(self.at.start, self.at.end)
        return node

    @property
    def pointer(self) -> str:
        """The JSON pointer of that value."""
        return self.node.pointer if self.node is not None else ""


class Holds(NamedTuple):
    """The verdict of a live check that what it asked for is as it has to be, which `message` says."""

    at: Value | Node | Span
    message: str
    check: Check | None = None

    @property
    def span(self) -> Span:
        """The characters that it is about."""
        return self.at if isinstance(self.at, Span) else self.at.span


def check(id: str, name: str, severity: str, *sources: str) -> Callable[[Callable[..., Verdicts]], Check]:  # noqa: A002
    """Make a check of a function; its parameters' types say what it looks at.

    The engine calls the function once for each `Document`, `Fault`, `ImageTemplate`, `Step`, `Distributor`, `Trigger`,
    `Violation`, `Build`, `Script` or `Command` (the first parameter's type); further parameters may ask for the
    `ImageTemplate` it belongs to, for its `Build`, and for the `Surroundings` of the run. Of a script that is linted
    alone the first is None. A check with a parameter of the type `Azure` is a live one: it is called with `--live`
    only, and yields a verdict on all that it asks: a `Holds`, a `Finding`, or a `Finding` with its reason in
    `unchecked`.
    """

    def make(run: Callable[..., Verdicts]) -> Check:
        # Annotations are text (PEP 563), so nothing has to be imported to compare them.
        subjects = tuple(str(kind) for parameter, kind in run.__annotations__.items() if parameter != "return")
        return Check(id, name, severity, sources, subjects, run)

    return make
