"""What a template's build runs: its scripts in order, and where each of their characters is written."""

from __future__ import annotations

from aiblint.files import POWERSHELL_ENDINGS, SCRIPT_ENDINGS
from aiblint.light import TYPE_CHECKING, NamedTuple
from aiblint.script.command import UNKNOWN
from aiblint.source.document import Document, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiblint.script.command import Command, Contents
    from aiblint.surroundings import Surroundings
    from aiblint.template import ImageTemplate, Step
    from aiblint.value import Value

LANGUAGES = {"Shell": "shell", "PowerShell": "powershell"}
INTERPRETERS = ("sh", "bash", "dash", "powershell", "pwsh", "source", ".")


class Script:
    """One script of a build: all of a step's `inline`, or a file.

    `language` is "shell" or "powershell". `template` and `step` are what runs it; None for a file that is linted alone.
    `file` is the script file, None for `inline`, and `named` the value of the template that names it. `runner` is the
    command that runs it, where a File step brought it. `earlier` are the scripts that the build runs before it. `text`
    has UNKNOWN for what the template leaves open; `complete` is false where whole elements may be missing.
    """

    __slots__ = ("_contents", "_starts", "_values", "complete", "earlier", "file", "language", "named", "runner",
                 "step", "template", "text")  # fmt: skip

    def __init__(
        self,
        language: str,
        template: ImageTemplate | None = None,
        step: Step | None = None,
        earlier: tuple[Script, ...] = (),
        file: Document | None = None,
        named: Value | None = None,
        runner: Command | None = None,
    ) -> None:
        self.language = language
        self.template = template
        self.step = step
        self.earlier = earlier
        self.file = file
        self.named = named
        self.runner = runner
        self.complete = True
        self._contents: Contents | None = None
        self._values: list[Value] = []
        self._starts: list[int] = []
        if file is not None:
            self.text = file.text
        else:
            self.text = self._joined(step.get("inline")) if step is not None else ""

    def _joined(self, inline: Value) -> str:
        # Packer writes the elements into one file, a line each (facts: provisioner/shell and powershell).
        lines = []
        length = 0
        for value in inline.items:
            known = "".join(piece if isinstance(piece, str) else UNKNOWN for piece in value.pieces)
            if not value.pieces:
                known, self.complete = UNKNOWN, False
            self._values.append(value)
            self._starts.append(length)
            lines.append(known)
            length += len(known) + 1
        return "\n".join(lines)

    # -- what it says ------------------------------------------------------------------------------------------------

    @property
    def contents(self) -> Contents:
        """All that it says, read when it is first asked for."""
        if self._contents is None:
            from aiblint.script.reading import read  # here: a step of which nobody asks needs no grammar

            self._contents = read(self)
            if self.file is not None:
                from aiblint.source.document import Comment

                found = self._contents.comments
                self.file.comments = tuple(Comment(self.span(c.start, c.end), c.text.strip("#<> \t")) for c in found)
        return self._contents

    @property
    def commands(self) -> tuple[Command, ...]:
        """Its commands in the order of the text, without those that never run: in functions that nothing calls, behind
        an `exit`, under `if ($false)`, and those that the grammar cannot make out."""
        return self.contents.commands

    @property
    def shebang(self) -> str:
        """What stands behind `#!` in its first line; empty without one."""
        first = self.text.partition("\n")[0]
        return first[2:].strip() if first.startswith("#!") else ""

    @property
    def is_inline(self) -> bool:
        """Whether it stands in the template."""
        return self.file is None

    # -- where it stands ---------------------------------------------------------------------------------------------

    def span(self, start: int, end: int) -> Span:
        """The characters `start` to `end` of its text, where they are written: in the file, or in the template."""
        if self.file is not None:
            return Span(start, end, self.file)
        first, last = self._index(start), self._index(max(start, end - 1))
        begin = self._values[first].part(start - self._starts[first], min(end, self._stop(first)) - self._starts[first])
        if first == last:
            return begin
        stop = self._values[last].part(0, end - self._starts[last])
        if stop.document is not begin.document or stop.start < begin.start:
            return begin
        return Span(begin.start, stop.end, begin.document)

    def _index(self, offset: int) -> int:
        from bisect import bisect_right

        return max(bisect_right(self._starts, offset) - 1, 0)

    def _stop(self, index: int) -> int:
        following = index + 1
        return self._starts[following] - 1 if following < len(self._starts) else len(self.text)


class Build(NamedTuple):
    """The scripts that the build of a template runs, in order. `template` is None for script files linted alone.

    `complete` tells whether that is all of them: no step is unknown, and no script is somewhere else.
    """

    template: ImageTemplate | None
    scripts: tuple[Script, ...]
    complete: bool

    @property
    def commands(self) -> Iterator[Command]:
        """All commands in the order in which they run: those of a file that a File step brought, where it is run."""
        brought = {id(script.runner): script for script in self.scripts if script.runner is not None}
        for script in self.scripts:
            for command in script.commands if script.runner is None else ():
                yield command
                if id(command) in brought:
                    yield from brought[id(command)].commands

    def of(self, step: Step) -> tuple[Script, ...]:
        """The scripts of one step."""
        return tuple(script for script in self.scripts if script.step is step)


def build(template: ImageTemplate, surroundings: Surroundings) -> Build:
    """The scripts of a template's steps.

    These are `inline`, the files of this repository that `scriptUri` names, and those that a File step brings and a
    later command runs.
    """
    scripts: list[Script] = []
    brought: dict[str, tuple[Document, Value]] = {}
    complete = template.steps_known
    for step in template.steps:
        if step.type == "File":
            uri, target = step.get("sourceUri"), step.get("destination").text or ""
            named = uri.text or ""
            document = surroundings.script(named) if named.lower().endswith(SCRIPT_ENDINGS) else None
            if document is not None:
                brought[_base(target)] = document, uri
            continue
        language = LANGUAGES.get(step.type or "")
        if language is None:
            continue
        uri = step.get("scriptUri")
        document = surroundings.script(uri.text) if uri.text and not step.get("inline").items else None
        if document is None and not step.get("inline").items:
            complete = False
            continue
        script = Script(language, template, step, tuple(scripts), document, uri if document is not None else None)
        scripts.append(script)
        for command in script.commands if brought else ():
            name = _runs(command)
            if name in brought:
                document, uri = brought.pop(name)
                scripts.append(Script(_language(name), template, step, tuple(scripts), document, uri, command))
    return Build(template, tuple(scripts), complete)


def _runs(command: Command) -> str:
    """The script file that a command runs, without its folder and in lower case; empty where it runs none."""
    if command.name in INTERPRETERS:
        files = (word.text or "" for word in command.operands())
        return next((_base(file) for file in files if file.lower().endswith(SCRIPT_ENDINGS)), "")
    return _base(command.word.known)


def _base(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2].lower()


def _language(path: str) -> str:
    return "powershell" if path.lower().endswith(POWERSHELL_ENDINGS) else "shell"


def alone(document: Document) -> Build:
    """A script file that no template is known to run."""
    return Build(None, (Script(_language(document.path), file=document),), True)
