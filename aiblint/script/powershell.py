"""Scripts of PowerShell: what they run, with which words, and what is around it.

Constants are followed as in `shell`: texts, lists, and hash tables for splatting. Aliases are resolved, `Start-Process`
and `cmd /c` are looked through, and calls of .NET methods count as commands.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.aliases import ALIASES
from aiblint.script.command import SPLAT, UNKNOWN, Assignment, Command, Comment, Frame, Redirect, Word
from aiblint.script.constants import ENVIRONMENT, Constants, variable_name
from aiblint.script.grammar import parse
from aiblint.script.reading import Source, behind_branch, named_children, set_again, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from aiblint.script.constants import Constant
    from aiblint.script.reading import Place, Reading

_SWITCHES = ("nonewwindow", "usenewenvironment", "loaduserprofile")
_HOSTS = ("powershell", "pwsh")
_SET = pattern(r"\$(?:\w+:)?(\w+)\s*\+?=(?!=)")
# `--id=Git.Git`, as native programs take it: the grammar ends such a word at the dot, and loses the rest of the script.
_OPTION = pattern(rb"(?<![\w-])--[A-Za-z][\w-]*=[^\s\"'`$@(){};|&,]+(?=[\s;|)}]|$)")


def read(
    reading: Reading, text: str, place: Place, around: tuple[Frame, ...], wrappers: tuple[Command, ...],
    environment: dict[str, str],
) -> None:  # fmt: skip
    """Put what a script says into `reading`; `wrappers` are the commands that run it, `environment` what they set."""
    source = Source("powershell", text, place)
    tree = parse("powershell", _OPTION.sub(_as_one_word, source.data))
    if tree is None:
        reading.broken = True
    else:
        _PowerShell(reading, source, wrappers, environment).statement(tree.root_node, around)


def _as_one_word(option: re.Match[bytes]) -> bytes:
    return re.sub(rb"[^\w=-]", b"x", option[0])


class _PowerShell:
    """The walk through one script. `constants` are its variables as far as they are known at this place.

    `again` are those that the script sets more than once; None as long as nobody has asked.
    """

    __slots__ = ("again", "constants", "environment", "reading", "source", "wrappers")

    def __init__(
        self, reading: Reading, source: Source, wrappers: tuple[Command, ...], environment: dict[str, str]
    ) -> None:
        self.reading = reading
        self.source = source
        self.wrappers = wrappers
        self.environment = environment
        self.constants = Constants(source)
        self.again: frozenset[str] | None = None

    # -- statements --------------------------------------------------------------------------------------------------

    def statement(self, node: Node, around: tuple[Frame, ...]) -> None:
        """One statement or expression, of whatever kind."""
        kind = node.type
        if kind == "ERROR" or node.is_missing:
            self.reading.broken = True
        elif kind == "statement_list":
            self.statements(node, around)
        elif kind == "pipeline_chain":
            self.pipeline(node, around)
        elif kind == "command":
            self.command(node, around, None)
        elif kind == "assignment_expression":
            self.assignment(node, around)
        elif kind == "if_statement":
            self.choice(node, around)
        elif kind in ("while_statement", "do_statement", "for_statement", "foreach_statement"):
            self.loop(node, around)
        elif kind == "switch_statement":
            self.switch(node, around)
        elif kind == "try_statement":
            self.attempt(node, around)
        elif kind == "function_statement":
            self.function(node, around)
        elif kind in ("flow_control_statement", "trap_statement"):
            self.flow(node, around)
        elif kind == "script_block_expression":
            self.branch(node.children, (*around, Frame("block")))
        elif kind == "sub_expression" or (kind == "parenthesized_expression" and not _is_plain(node)):
            self.each(node, (*around, Frame("capture")))
        elif kind == "invocation_expression":
            self.invocation(node, around)
        elif kind in ("comment", "requires_statement"):
            self.reading.comments.append(Comment(self.text(node), *self.at(node)))
        elif node.child_count:
            self.each(node, around)

    def statements(self, node: Node, around: tuple[Frame, ...]) -> None:
        """What stands in a sequence, up to an `exit`."""
        for child in node.children:
            self.statement(child, around)
            if child.type == "flow_control_statement" and child.children[0].type.lower() in ("exit", "return", "throw"):
                return

    def each(self, node: Node, around: tuple[Frame, ...]) -> None:
        for child in node.children:
            self.statement(child, around)

    def branch(self, nodes: Sequence[Node], around: tuple[Frame, ...]) -> None:
        """What may run or not: what it sets is not known behind it."""
        before = self.constants.known
        self.constants.known = dict(before)
        for child in nodes:
            self.statement(child, around)
        self.constants.known = behind_branch(before, self.constants.known)

    def choice(self, node: Node, around: tuple[Frame, ...]) -> None:
        """`if`, `elseif`, `else`."""
        condition = node.child_by_field_name("condition") or next(
            (child for child in node.children if child.type == "pipeline"), None
        )
        text = self.text(condition).strip() if condition is not None else ""
        if condition is not None:
            self.statement(condition, (*around, Frame("condition")))
        never = text.lower() == "$false"
        for child in node.children:
            if child.type == "statement_block":
                if not never:
                    always = text.lower() == "$true" or node.type == "else_clause"
                    self.branch([child], around if always else (*around, Frame("if", text)))
            elif child.type in ("elseif_clauses", "else_clause"):
                others = (*around, Frame("if", f"not ({text})")) if not never else around
                for clause in child.children if child.type == "elseif_clauses" else [child]:
                    self.choice(clause, others)

    def loop(self, node: Node, around: tuple[Frame, ...]) -> None:
        conditions = [
            child for child in node.children
            if child.is_named and child.type not in ("statement_block", "comment")
        ]  # fmt: skip
        text = " ".join(self.text(child).strip() for child in conditions)
        frame = Frame("loop", text if node.type in ("while_statement", "do_statement") else "")
        leaves = re.search(r"(?i)\b(?:break|exit|return|throw)\b", self.text(node))
        endless = text.lower() in ("$true", "1") or (node.type == "for_statement" and not conditions)
        if endless and not leaves:
            frame = Frame("forever", text)
        for child in conditions:
            self.statement(child, (*around, Frame("condition"), frame))
        if node.type == "foreach_statement" and conditions and conditions[0].type == "variable":
            self.constants.known[variable_name(self.text(conditions[0]))] = None
        self.branch([child for child in node.children if child.type == "statement_block"], (*around, frame))

    def switch(self, node: Node, around: tuple[Frame, ...]) -> None:
        head = next((child for child in node.children if child.type == "switch_condition"), None)
        text = self.text(head).strip() if head is not None else ""
        for child in node.children:
            if child.type == "switch_body":
                self.branch([child], (*around, Frame("if", f"switch {text}")))
            else:
                self.statement(child, (*around, Frame("condition")))

    def attempt(self, node: Node, around: tuple[Frame, ...]) -> None:
        for child in node.children:
            self.branch([child], (*around, Frame("try" if child.type == "statement_block" else "catch")))

    def function(self, node: Node, around: tuple[Frame, ...]) -> None:
        name = next((self.text(child) for child in node.children if child.type == "function_name"), "").strip()
        if node.children[0].type.lower() == "filter" or not name:
            return
        before = self.constants.known
        self.again = set_again(_SET, self.source.text.lower()) if self.again is None else self.again
        # It runs when it is called: only what is set once, and before, is sure to have its value then.
        self.constants.known = {key: None if key in self.again else value for key, value in before.items()}
        for child in node.children:
            self.statement(child, (*around, Frame("function", name.lower())))
        self.constants.known = before

    def flow(self, node: Node, around: tuple[Frame, ...]) -> None:
        """`exit`, `throw`, `return`, `trap`: commands for whoever asks what a script does about errors."""
        keyword = node.children[0]
        name = keyword.type.lower()
        if name in ("exit", "throw", "return", "trap"):
            start, end = self.at(keyword)
            words = [
                word
                for child in node.children[1:]
                if child.type == "pipeline"
                for word in self.expression(child, around)
            ]
            self.keep(Command(self.reading.script, "powershell", name, Word(name, start, end), tuple(words),
                              self.at(node)[1], around, self.wrappers))  # fmt: skip
        for child in node.children[1:]:
            self.statement(child, (*around, Frame("catch")) if name == "trap" else around)

    # -- variables ---------------------------------------------------------------------------------------------------

    def assignment(self, node: Node, around: tuple[Frame, ...]) -> None:
        left = node.children[0]
        name = variable_name(self.text(left).strip())
        value = node.child_by_field_name("value")
        operator = next(
            (self.text(child).strip() for child in node.children if child.type == "assignment_operator"), "="
        )
        constant: Constant = None
        words: list[Word] = []
        if value is not None:
            constant = self.constants.value(value)
            words = self.expression(value, around, quiet=True)
            self.statement(value, (*around, Frame("capture", f"${name}" if name else "")))
        self.constants.set(name, operator, constant)
        whole = re.sub(r"^\[(?:system\.)?", "[", self.text(left).strip().lower())
        self.reading.assignments.append(
            Assignment(whole, tuple(words), *self.at(node), around, name.startswith("env:"))
        )

    # -- commands ----------------------------------------------------------------------------------------------------

    def pipeline(self, node: Node, around: tuple[Frame, ...]) -> None:
        """Commands and expressions with `|` between them; `&&` and `||` are not of Windows PowerShell."""
        before: Command | None = None
        parts = named_children(node)
        for part in parts:
            if part.type == "command":
                count = len(self.reading.commands)
                self.command(part, around, before)
                before = self.reading.commands[-1] if len(self.reading.commands) > count else None
                continue
            if len(parts) > 1:
                words = self.expression(part, around, quiet=True)
                whole = Word(words[0].known if len(words) == 1 else UNKNOWN, *self.at(part))
                before = Command(
                    self.reading.script, "powershell", "", whole, tuple(words), whole.end, around, self.wrappers
                )
            self.statement(part, around)

    def command(self, node: Node, around: tuple[Frame, ...], fed_by: Command | None) -> None:
        if any(child.type == "ERROR" for child in node.children) or _has_own_error(node):
            self.reading.broken = True
            return
        name_node = node.child_by_field_name("command_name")
        if name_node is None:
            return
        block = next((child for child in name_node.children if child.type == "script_block_expression"), None)
        if block is not None:  # & { ... }
            self.each(block, around)
            return
        name_words = self.name(name_node, around)
        words: list[Word] = []
        redirects: list[Redirect] = []
        elements = node.child_by_field_name("command_elements")
        blocks: list[Node] = []
        for child in elements.children if elements is not None else ():
            if child.type == "redirection":
                redirects += self.redirection(child, around)
            elif child.type == "command_argument_sep" or not child.is_named:
                continue
            else:
                words += self.argument(child, around, blocks)
        first = name_words[0] if name_words else Word(UNKNOWN, *self.at(name_node), open=True)
        end = max([first.end, *(word.end for word in words)])
        count = len(self.reading.commands)
        self.run([first, *name_words[1:], *words], end, around, self.wrappers, tuple(redirects))
        name = self.reading.commands[count].name if len(self.reading.commands) > count else ""
        if fed_by is not None and len(self.reading.commands) > count:
            last = self.reading.commands[-1]
            fed_by.feeds, self.reading.commands[count].fed_by = last, fed_by
        later = ("start-job", "start-threadjob")
        for inner in blocks:
            frame = Frame("background") if name in later else Frame("block", name)
            self.branch(inner.children, (*around, frame))

    def name(self, node: Node, around: tuple[Frame, ...]) -> list[Word]:
        """The word that names a command; of a known list that is called, its first."""
        start, end = self.at(node)
        if node.type == "command_name":
            return [Word(self.constants.expanded(self.text(node)), start, end)]
        child = next((inner for inner in node.children if inner.is_named), None)
        if child is None:
            return [Word(UNKNOWN, start, end)]
        if child.type == "path_command_name" and len(child.children) == 1:
            child = child.children[0]
        if child.type in ("command_name", "path_command_name"):
            return [Word(self.constants.expanded(self.text(child)), start, end)]
        value = self.constants.value(child)
        if value is None:
            self.statement(child, (*around, Frame("capture")))
        texts = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else (UNKNOWN,)
        return [Word(text, start, end, quoted=child.type == "string_literal") for text in texts] or [
            Word(UNKNOWN, start, end)
        ]

    def run(
        self, words: list[Word], end: int, around: tuple[Frame, ...], wrappers: tuple[Command, ...],
        redirects: tuple[Redirect, ...] = (),
    ) -> None:  # fmt: skip
        """Take down the command of these words; where it only runs another one, that one."""
        first, *rest = words
        name = "" if UNKNOWN in first.known.rpartition("\\")[2] else command_name(first.known)
        if re.match(r"[\d.]+\.\.", name):  # the grammar takes a range for a command
            return
        environment = {key.partition(":")[2]: value for key, value in self.constants.known.items()
                       if key.startswith("env:") and isinstance(value, str) and key not in ENVIRONMENT}  # fmt: skip
        own = Command(self.reading.script, "powershell", name, first, tuple(rest), end, around, wrappers, redirects,
                      {**self.environment, **environment})  # fmt: skip
        if name == "start-process" and self.started(own, around):
            return
        if name == "cmd" and self.batch(own, around):
            return
        if name in _HOSTS and self.hosted(own, around):
            return
        if name == "invoke-expression" and len(rest) == 1 and rest[0].text:
            place = within(rest[0], self.reading.script, rest[0].known)
            if self.reading.nested("powershell", rest[0].known, place, around, (*wrappers, own), self.environment):
                return
        self.keep(own)

    def keep(self, command: Command) -> None:
        self.reading.commands.append(command)
        self.reading.called.update((command.name, command.word.known.lower()))
        self.reading.called.update(word.known.lower() for word in command.arguments)

    def started(self, own: Command, around: tuple[Frame, ...]) -> bool:
        """`Start-Process`: what it starts, with the words of its argument list."""
        given = own.values("FilePath", "fi")[:1] or own.values("PSPath")[:1]
        listed = own.values("ArgumentList", "ar") or own.values("Args", "args")
        rest: list[Word] = []
        if not given or not listed:
            rest = list(own.unnamed(*_SWITCHES))
        if not given:
            if not rest or rest[0].known == SPLAT:
                return False
            given = (rest.pop(0),)
        if not listed and rest:
            listed = tuple(rest[:1])
            while listed[-1].listed and len(listed) < len(rest):
                listed = (*listed, rest[len(listed)])
        arguments = [part for word in listed for part in _split(word, self.reading.script.text)]
        self.run([given[0], *arguments], own.end, around, (*own.wrappers, own), own.redirects)
        return True

    def batch(self, own: Command, around: tuple[Frame, ...]) -> bool:
        """`cmd /c ...`"""
        for number, word in enumerate(own.arguments):
            if word.known.lower().startswith(("/c", "/k", "/r")):
                glued = word.known[2:]
                return self.line(
                    "cmd", [*([word._replace(known=glued)] if glued else []), *own.arguments[number + 1 :]], own, around
                )
        return False

    def hosted(self, own: Command, around: tuple[Frame, ...]) -> bool:
        """`powershell -Command ...`, `powershell -EncodedCommand ...`"""
        encoded = own.values("EncodedCommand", "e") or own.values("ec", "ec")
        if encoded and encoded[0].text:
            text = _decoded(encoded[0].known)
            word = encoded[0]
            return text is not None and self.reading.nested(
                "powershell",
                text,
                lambda start, end: (word.start, word.end),
                around,
                (*own.wrappers, own),
                self.environment,
            )
        given = own.parameter("Command", "c")
        if given is not None:
            return self.line("powershell", list(own.arguments[own.arguments.index(given) + 1 :]), own, around)
        if own.parameter("File", "f") is None:
            for number, word in enumerate(own.arguments):
                if word.quoted and not own.arguments[number - 1].known.startswith("-"):
                    return self.line("powershell", list(own.arguments[number:]), own, around)
        return False

    def line(self, language: str, words: list[Word], own: Command, around: tuple[Frame, ...]) -> bool:
        """Read words that are one command line of another shell."""
        if not words:
            return False
        script = self.reading.script
        text = " ".join(
            f'"{word.known}"' if word.quoted and len(words) > 1 and " " in word.known else word.known for word in words
        )
        if not text.strip(UNKNOWN + " "):
            return False
        holder = Word(text, words[0].start, words[-1].end)
        language = {"cmd": "batch"}.get(language, language)
        return self.reading.nested(
            language, text, within(holder, script, text), around, (*own.wrappers, own), self.environment
        )

    def invocation(self, node: Node, around: tuple[Frame, ...]) -> None:
        """A call of a method, as the command `[type]::method` or `.method`, whose first argument is then the object."""
        target = node.children[0]
        member = next((child for child in node.children if child.type == "member_name"), None)
        arguments = next((child for child in node.children if child.type == "argument_list"), None)
        if node.has_error and any(child.type == "ERROR" for child in node.children):
            self.reading.broken = True
            return
        self.statement(target, (*around, Frame("capture")))
        words: list[Word] = []
        for child in arguments.children if arguments is not None else ():
            for expression in child.children if child.type == "argument_expression_list" else ():
                if expression.is_named:
                    words += self.argument(expression, around, [])
        if member is None:
            return
        method = self.text(member).strip().lower().strip("'\"")
        if target.type == "type_literal":
            name = f"{_type(self.text(target))}::{method}"
        else:
            name = f".{method}"
            start, end = self.at(target)
            words.insert(0, Word(self.text(target), start, end, quoted=True))
        start, end = self.at(node)
        word = Word(
            self.text(target) + ("::" if "::" in name else ".") + self.text(member).strip(), start, self.at(member)[1]
        )
        self.keep(Command(self.reading.script, "powershell", name, word, tuple(words), end, around, self.wrappers))

    def redirection(self, node: Node, around: tuple[Frame, ...]) -> list[Redirect]:
        text = self.text(node).strip()
        found = re.match(r"[\d*]?>>?", text)
        target = [
            child
            for child in node.children
            if child.is_named and child.type not in ("file_redirection_operator", "merging_redirection_operator")
        ]
        if found is None or not target:
            return []
        name = target[-1]
        while name.named_child_count == 1 and name.type != "string_literal":
            name = name.named_children[0]
        words = self.expression(name, around, quiet=True)
        return [Redirect(found[0].replace("1", ""), word) for word in words[:1]]

    # -- words -------------------------------------------------------------------------------------------------------

    def argument(self, node: Node, around: tuple[Frame, ...], blocks: list[Node]) -> list[Word]:
        """The words of one argument of a command; script blocks are put aside into `blocks`."""
        start, end = self.at(node)
        kind = node.type
        if kind == "command_parameter":
            return [Word(self.text(node), start, end)]
        if kind == "stop_parsing":
            return [Word(text, start, end) for text in self.text(node)[3:].split()]
        inner = node
        while inner.type in ("unary_expression", "argument_expression") and inner.named_child_count == 1:
            inner = inner.named_children[0]
        if inner.type == "script_block_expression":
            blocks.append(inner)
            return [Word(UNKNOWN, start, end, quoted=True)]
        if inner.type == "variable" and self.text(inner).startswith("@"):
            return self.splat(self.text(inner), start, end)
        return self.expression(node, around)

    def splat(self, text: str, start: int, end: int) -> list[Word]:
        value = self.constants.variable("$" + text[1:])
        if isinstance(value, dict):
            words = []
            for key, entry in value.items():
                words.append(Word(f"-{key}", start, end))
                texts = (entry,) if isinstance(entry, str) else entry if isinstance(entry, tuple) else (UNKNOWN,)
                words += [Word(one, start, end, quoted=True, listed=n < len(texts) - 1) for n, one in enumerate(texts)]
            return words
        if isinstance(value, tuple):
            return [Word(one, start, end) for one in value]
        return [Word(SPLAT, start, end, open=True)]

    def expression(self, node: Node, around: tuple[Frame, ...], *, quiet: bool = False) -> list[Word]:
        """The words that an expression turns into; the commands inside are taken down unless `quiet`."""
        start, end = self.at(node)
        inner = node
        while (
            inner.type in ("unary_expression", "argument_expression", "assignment_value", "pipeline", "pipeline_chain")
            and len(named_children(inner)) == 1
            and inner.child_count == 1
        ):
            inner = named_children(inner)[0]
        if inner.type in ("array_literal_expression", "bareword_argument_list", "array_expression"):
            items = _items(inner)
            if items is not None:
                words = [word for item in items for word in self.expression(item, around, quiet=quiet)]
                return [word._replace(listed=n < len(words) - 1) for n, word in enumerate(words)]
        value = self.constants.value(inner)
        if isinstance(value, str):
            if not quiet and inner.type == "string_literal" and "$(" in self.text(inner):
                self.each(inner, around)
            return [Word(value, start, end, open=value == UNKNOWN, quoted=inner.type == "string_literal")]
        if isinstance(value, tuple):
            return [
                Word(text, start, end, open=text == UNKNOWN, listed=n < len(value) - 1) for n, text in enumerate(value)
            ]
        if not quiet:
            self.statement(inner, around)
        # A variable may be a list of options for a native program; what an operator or a method gives is one value.
        return [Word(UNKNOWN, start, end, open=inner.type == "variable" or inner.type == "parenthesized_expression")]

    # -- places ------------------------------------------------------------------------------------------------------

    def at(self, node: Node) -> tuple[int, int]:
        return self.source.at(node.start_byte, node.end_byte)

    def text(self, node: Node) -> str:
        return self.source.between(node.start_byte, node.end_byte)


def command_name(word: str) -> str:
    """The name that a command is known by: without folder and `.exe`, in lower case, aliases resolved."""
    name = word.strip().lower().replace("/", "\\").rpartition("\\")[2]
    return ALIASES.get(name) or name.removesuffix(".exe")


def _type(text: str) -> str:
    name = text.strip().lower()
    return "[" + name.strip("[]").removeprefix("system.") + "]"


def _items(node: Node) -> list[Node] | None:
    """The elements of a list that is written out; None where a command makes them."""
    if node.type != "array_expression":
        return named_children(node)
    statements = [child for child in node.children if child.type == "statement_list"]
    found: list[Node] = []
    for statement in statements[0].children if statements else ():
        if not statement.is_named or statement.type == "comment":
            continue
        inner = statement
        while inner.type in ("pipeline", "pipeline_chain") and inner.child_count == 1:
            inner = inner.children[0]
        if inner.type not in ("unary_expression", "array_literal_expression", "additive_expression"):
            return None
        found += named_children(inner) if inner.type == "array_literal_expression" else [inner]
    return found


def _is_plain(node: Node) -> bool:
    """Whether brackets enclose an expression in which nothing runs."""
    pending = [node]
    while pending:
        child = pending.pop()
        if child.type in ("command", "invocation_expression", "assignment_expression"):
            return False
        pending += child.children
    return True


def _has_own_error(node: Node) -> bool:
    """Whether the grammar could not make out a word of a command, other than inside its script blocks."""
    if not node.has_error:
        return False
    pending = list(node.children)
    while pending:
        child = pending.pop()
        if child.type == "ERROR" or child.is_missing:
            return True
        if child.has_error and child.type != "script_block_expression":
            pending += child.children
    return False


def _split(word: Word, text: str) -> list[Word]:
    """The arguments in a command line of Windows, each at its own place where the script has it to the letter."""
    if " " not in word.known.strip() and '"' not in word.known:
        return [word._replace(listed=False)]
    written = text[word.start : word.end]
    offset = word.start + written.find(word.known) if word.known in written else -1
    parts: list[Word] = []
    for found in re.finditer(r"(?:[^\s\"]|\"[^\"]*\"?)+", word.known):
        known = found[0].replace('"', "")
        start, end = (offset + found.start(), offset + found.end()) if offset >= 0 else (word.start, word.end)
        parts.append(Word(known, start, end, open=known == UNKNOWN))
    return parts


def _decoded(text: str) -> str | None:
    """What `-EncodedCommand` holds: UTF-16 in base64."""
    from base64 import b64decode  # here: few scripts hide what they run

    try:
        return b64decode(text, validate=True).decode("utf-16-le")
    except ValueError:
        return None
