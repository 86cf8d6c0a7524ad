"""Scripts of the Unix shell, read with the grammar of bash: what they run, with which words, and what is around it.

Constant variables are followed where one line leads to the next. What a branch, a loop or a function may have set is
unknown behind it; and a script inside a word (`bash -c`, a here-document for `sh`) is read where it stands.
"""

from __future__ import annotations

import re

from aiblint.light import TYPE_CHECKING
from aiblint.pattern import pattern
from aiblint.script.command import SHELLS, UNKNOWN, Assignment, Command, Comment, Construct, Frame, Redirect, Word
from aiblint.script.grammar import parse
from aiblint.script.reading import (
    LONGEST_VALUE,
    MOST_VARIABLES,
    Source,
    behind_branch,
    bounded,
    named_children,
    redirected,
    set_again,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from aiblint.script.reading import Place, Reading

    # A variable's value: a text, or the texts of an array; None where it is not known.
    Variables = dict[str, str | tuple[str, ...] | None]

# Commands that run the command behind their own options: the options that take a value of their own, and how many
# words come before the command.
_RUNNERS: dict[str, tuple[str, int]] = {
    "sudo": ("-u -g -p -C -h -r -t -T -U -D -R --user --group --prompt --chdir --host --role --type --chroot", 0),
    "doas": ("-u -C", 0),
    "env": ("-u -C -S --unset --chdir", 0),
    "nice": ("-n --adjustment", 0),
    "ionice": ("-c -n -p --class --classdata", 0),
    "time": ("-f -o", 0),
    "timeout": ("-s -k --signal --kill-after", 1),
    "nohup": ("", 0),
    "setsid": ("", 0),
    "stdbuf": ("-i -o -e --input --output --error", 0),
    "unbuffer": ("", 0),
    "xargs": ("-a -d -E -I -L -n -P -s", 0),
    "exec": ("-a", 0),
    "command": ("", 0),
    "builtin": ("", 0),
    "retry": ("-t -s -d -n", 0),
    "systemd-run": ("-p -u --unit --property", 0),
    "flock": ("-w -E --timeout", 1),
    "chroot": ("", 1),
}
_TESTS = ("[", "test", "grep", "egrep", "command", "which", "type", "id", "getent", "dpkg-query", "dpkg", "rpm", "hash")
_SUDO_VARIABLE = pattern(r"\$\{?\w*sudo\w*\}?", re.IGNORECASE)
_SET = pattern(r"\b(\w+)\+?=")
_ASKS_WHETHER = ("-v", "-V")


def read(
    reading: Reading, text: str, place: Place, around: tuple[Frame, ...], wrappers: tuple[Command, ...],
    environment: dict[str, str],
) -> None:  # fmt: skip
    """Put what a script says into `reading`; `wrappers` are the commands that run it, `environment` what they set."""
    source = Source("shell", text, place)
    tree = parse("shell", source.data)
    if tree is None:
        reading.broken = True
    else:
        _Shell(reading, source, wrappers, environment).statements(tree.root_node, around)


class _Shell:
    """The walk through one script. `known` are the variables as far as they are known at this place.

    `again` are those that the script sets more than once; None as long as nobody has asked.
    """

    __slots__ = ("again", "environment", "known", "reading", "source", "wrappers")

    def __init__(
        self, reading: Reading, source: Source, wrappers: tuple[Command, ...], environment: dict[str, str]
    ) -> None:
        self.reading = reading
        self.source = source
        self.wrappers = wrappers
        self.environment = dict(environment)
        self.known: Variables = dict(environment)
        self.again: frozenset[str] | None = None

    # -- statements --------------------------------------------------------------------------------------------------

    def statements(self, node: Node, around: tuple[Frame, ...]) -> None:
        """What stands in a sequence, up to an `exit`."""
        children = node.children
        for number, child in enumerate(children):
            following = children[number + 1].type if number + 1 < len(children) else ""
            if following == "ERROR" and children[number + 1].start_point[0] == child.end_point[0]:
                self.reading.broken = True  # what the grammar cannot make out may belong to it
                continue
            frames = (*around, Frame("background")) if following == "&" else around
            self.statement(child, frames)
            last = self.reading.commands[-1] if self.reading.commands else None
            if child.type == "command" and last is not None and last.name == "exit" and last.around == around:
                return

    def statement(self, node: Node, around: tuple[Frame, ...]) -> None:
        """One statement, of whatever kind."""
        kind = node.type
        if kind == "ERROR" or node.is_missing:
            self.reading.broken = True
        elif kind == "command":
            self.command(node, around, ())
        elif kind == "redirected_statement":
            self.redirected(node, around)
        elif kind == "pipeline":
            self.pipeline(node, around)
        elif kind == "list":
            self.chain(node, around)
        elif kind == "negated_command":
            self.each(node, (*around, Frame("handled")))
        elif kind == "variable_assignment":
            self.assignment(node, around, exported=False)
        elif kind == "declaration_command":
            self.declaration(node, around)
        elif kind == "if_statement":
            self.choice(node, around)
        elif kind in ("while_statement", "for_statement", "c_style_for_statement"):
            self.loop(node, around)
        elif kind == "case_statement":
            self.case(node, around)
        elif kind == "function_definition":
            self.function(node, around)
        elif kind in ("subshell", "command_substitution", "process_substitution"):
            if kind == "process_substitution":
                self.construct("process substitution", node)
            before = dict(self.known)
            self.statements(node, (*around, Frame("subshell" if kind == "subshell" else "capture")))
            self.known = before
        elif kind == "comment":
            start, end = self.at(node)
            self.reading.comments.append(Comment(self.text(node), start, end))
        elif kind in ("compound_statement", "do_group", "program"):
            if node.children and node.children[0].type == "((":
                self.construct("((", node.children[0])
            self.statements(node, around)
        elif node.child_count:
            if kind == "test_command":
                self.test(node)
            self.each(node, around)

    def each(self, node: Node, around: tuple[Frame, ...]) -> None:
        for child in node.children:
            self.statement(child, around)

    def branch(self, nodes: Iterable[Node], around: tuple[Frame, ...]) -> None:
        """What may run or not: what it sets is not known behind it."""
        before = self.known
        self.known = dict(before)
        holder = list(nodes)
        for number, child in enumerate(holder):
            following = holder[number + 1].type if number + 1 < len(holder) else ""
            self.statement(child, (*around, Frame("background")) if following == "&" else around)
        self.known = behind_branch(before, self.known)

    def choice(self, node: Node, around: tuple[Frame, ...]) -> None:
        """`if`, and its `elif` and `else`."""
        conditions, body, others = [], [], []
        behind = False
        for child in node.children:
            if child.type in ("elif_clause", "else_clause"):
                others.append(child)
            elif child.type in ("then", "else"):
                behind = True
            elif behind:
                body.append(child)
            elif child.type not in ("if", "elif"):
                conditions.append(child)
        condition = self.source.between(conditions[0].start_byte, conditions[-1].end_byte) if conditions else ""
        condition = condition.strip("; \n")
        for child in conditions:
            self.statement(child, (*around, Frame("condition")))
        if node.type == "else_clause":
            self.branch(node.children[1:], around)
            return
        never, always = condition == "false", condition in ("true", ":")
        if not never:
            self.branch(body, around if always else (*around, Frame("if", condition)))
        for child in others:
            self.choice(child, (*around, Frame("if", f"not ({condition})")) if not never else around)

    def loop(self, node: Node, around: tuple[Frame, ...]) -> None:
        body = node.child_by_field_name("body")
        conditions = [
            child for child in node.children
            if body is not None and child.end_byte <= body.start_byte and child.is_named
        ]  # fmt: skip
        if node.type == "c_style_for_statement":
            self.construct("for ((", node.children[1] if node.child_count > 1 else node)
        frame = Frame("loop")
        if node.type == "while_statement":
            condition = self.source.between(conditions[0].start_byte, conditions[-1].end_byte) if conditions else ""
            word = condition.strip("; \n")
            endless = word in (
                ("true", ":", "[ 1 ]", "((1))", "[ true ]") if node.children[0].type == "while" else ("false",)
            )
            leaves = re.search(r"\b(?:break|exit|return)\b", self.text(node))
            frame = Frame("forever", word) if endless and not leaves else Frame("loop", word)
            for child in conditions:
                self.statement(child, (*around, Frame("condition"), frame))
        else:
            if node.children[0].type == "select":
                self.construct("select", node.children[0])
            name = node.child_by_field_name("variable")
            for child in conditions:
                self.words(child, around)
            if name is not None:
                self.known[self.text(name)] = None
        if body is not None:
            self.branch(body.children, (*around, frame))

    def case(self, node: Node, around: tuple[Frame, ...]) -> None:
        value = node.child_by_field_name("value")
        subject = self.text(value) if value is not None else ""
        for item in node.children:
            if item.type == "case_item":
                named = enumerate(item.children)
                body = [child for number, child in named if item.field_name_for_child(number) != "value"]
                head = self.text(item).partition(")")[0]
                self.branch(body, (*around, Frame("if", f"{subject} in {head}")))

    def function(self, node: Node, around: tuple[Frame, ...]) -> None:
        if node.children[0].type == "function":
            self.construct("function", node.children[0])
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            return
        # It runs when it is called: only what is set once, and before, is sure to have its value then.
        before = self.known
        self.again = set_again(_SET, self.source.text) if self.again is None else self.again
        self.known = {key: None if key in self.again else value for key, value in before.items()}
        self.statement(body, (*around, Frame("function", self.text(name))))
        changed = {key for key, value in self.known.items() if key not in before or before[key] != value}
        self.known = {**before, **dict.fromkeys(changed)}

    def chain(self, node: Node, around: tuple[Frame, ...]) -> None:
        """`a && b`, `a || b`."""
        left, operator, right = node.children[0], node.children[1].type, node.children[-1]
        if operator not in ("&&", "||") or node.child_count < 3:
            self.statements(node, around)
            return
        self.statement(left, (*around, Frame("handled" if operator == "||" else "chained")))
        text = self.text(left)
        first = text.strip("![( ").split()
        tests = (bool(first) and first[0] in _TESTS) or text.lstrip("! ").startswith("[") or left.type == "test_command"
        kind = ("if" if tests else "and") if operator == "&&" else "or"
        self.branch([right], (*around, Frame(kind, text)))

    def pipeline(self, node: Node, around: tuple[Frame, ...]) -> None:
        # Of a pipeline only the last command's status counts, unless pipefail is set.
        for child in node.children:
            if child.type == "|&":
                self.construct("|&", child)
        parts = named_children(node)
        before: Command | None = None
        for part in parts:
            count = len(self.reading.commands)
            self.statement(part, around)
            before = self.link(before, count)

    def link(self, before: Command | None, count: int) -> Command | None:
        """Join the commands from number `count` on to the one before in a pipeline; returns the last of them."""
        added = self.reading.commands[count:]
        # What a part takes as text (`$( )`) is not in the pipe itself.
        joined = [command for command in added if command.inside("capture") is None] or added
        if not joined:
            return before
        if before is not None:
            before.feeds, joined[0].fed_by = joined[0], before
            for command in joined:
                command.piped = True
        return joined[-1]

    def redirected(self, node: Node, around: tuple[Frame, ...]) -> None:
        body = node.child_by_field_name("body")
        redirects: list[Redirect] = []
        pipes: list[Node] = []
        for child in node.children:
            if child.type == "file_redirect":
                redirects += self.file_redirect(child, around)
            elif child.type == "heredoc_redirect":
                redirects.append(self.here_document(child, around))
                pipes += [inner for inner in child.children if inner.type == "pipeline"]
                for inner in child.children:
                    if inner.type == "file_redirect":
                        redirects += self.file_redirect(inner, around)
            elif child.type == "herestring_redirect":
                redirects += self.here_string(child, around)
        count = len(self.reading.commands)
        if body is not None and body.type == "command":
            self.command(body, around, tuple(redirects))
        elif body is not None:
            self.statement(body, around)
            for command in self.reading.commands[count:]:
                command.redirects = (*command.redirects, *redirects)
        last = self.link(None, count)
        for pipe in pipes:
            for part in pipe.children:
                if part.is_named:
                    count = len(self.reading.commands)
                    self.statement(part, around)
                    last = self.link(last, count)

    def file_redirect(self, node: Node, around: tuple[Frame, ...]) -> list[Redirect]:
        descriptor, operator = "", ""
        for child in node.children:
            if child.type == "file_descriptor":
                descriptor = self.text(child)
            elif not child.is_named:
                operator = child.type
        if operator == "&>" or operator == "&>>":
            self.construct("&>", node.children[0])
        target = node.child_by_field_name("destination")
        words = self.words(target, around) if target is not None else []
        return [Redirect(descriptor.replace("1", "") + operator, word) for word in words[:1]]

    def here_document(self, node: Node, around: tuple[Frame, ...]) -> Redirect:
        body = next((child for child in node.children if child.type == "heredoc_body"), None)
        if body is None:
            return Redirect("<<", Word("", *self.at(node)))
        start, end = self.at(body)
        known = self.text(body)
        quoted = any(child.type == "heredoc_start" and self.text(child)[:1] in "'\"\\" for child in node.children)
        for child in body.children if not quoted else ():
            if child.type == "command_substitution":
                self.statement(child, around)
        return Redirect("<<", Word(known, start, end, quoted=quoted))

    def here_string(self, node: Node, around: tuple[Frame, ...]) -> list[Redirect]:
        self.construct("<<<", node.children[0])
        return [
            Redirect("<<<", word) for child in node.children if child.is_named for word in self.words(child, around)
        ]

    # -- variables ---------------------------------------------------------------------------------------------------

    def assignment(self, node: Node, around: tuple[Frame, ...], *, exported: bool) -> str:
        """Take down what a variable is set to; returns its name."""
        name_node, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        name = self.text(name_node) if name_node is not None else ""
        array = value is not None and value.type == "array"
        if array or (name_node is not None and name_node.type == "subscript"):
            self.construct("array", node)
        words: list[Word] = []
        if value is not None and array:
            for child in value.children:
                if child.is_named:
                    words += self.words(child, around)
        elif value is not None:
            words = [self.whole(value, around)]
        if any(child.type == "+=" for child in node.children):
            self.known[name] = None
        elif array:
            self.known[name] = None if any(word.open for word in words) else tuple(word.known for word in words)
        else:
            self.known[name] = words[0].known if words else ""
        if sum(len(word.known) for word in words) > LONGEST_VALUE or len(self.known) > MOST_VARIABLES:
            self.known.pop(name)
        self.reading.assignments.append(Assignment(name, tuple(words), *self.at(node), around, exported))
        if exported or name in self.environment:
            value_known = self.known[name]
            self.environment[name] = value_known if isinstance(value_known, str) else UNKNOWN
        return name

    def declaration(self, node: Node, around: tuple[Frame, ...]) -> None:
        keyword = node.children[0].type
        options = [self.text(child) for child in node.children if child.type == "word"]
        exported = keyword == "export" or any(option.startswith("-") and "x" in option for option in options)
        if keyword in ("declare", "typeset"):
            self.construct(keyword, node.children[0])
        for child in node.children[1:]:
            if child.type == "variable_assignment":
                self.assignment(child, around, exported=exported)
            elif child.type == "variable_name" and exported:
                value = self.known.get(self.text(child))
                self.environment[self.text(child)] = value if isinstance(value, str) else UNKNOWN

    # -- commands ----------------------------------------------------------------------------------------------------

    def command(self, node: Node, around: tuple[Frame, ...], redirects: tuple[Redirect, ...]) -> None:
        if node.has_error:
            self.reading.broken = True
            return
        environment = dict(self.environment)
        words: list[Word] = []
        for child in node.children:
            if child.type == "variable_assignment":
                before = self.known
                self.known = dict(before)
                name = self.assignment(child, around, exported=False)
                value = self.known.get(name)
                environment[name] = value if isinstance(value, str) else UNKNOWN
                self.known = before
            elif child.type == "command_name":
                words += self.words(child.children[0] if child.children else child, around)
            elif child.type == "herestring_redirect":
                redirects = (*redirects, *self.here_string(child, around))
            elif child.type == "file_redirect":
                redirects = (*redirects, *self.file_redirect(child, around))
            else:
                words += self.words(child, around)
        if words:
            self.run(words, self.at(node)[1], around, self.wrappers, redirects, environment)

    def run(
        self, words: list[Word], end: int, around: tuple[Frame, ...], wrappers: tuple[Command, ...],
        redirects: tuple[Redirect, ...], environment: dict[str, str],
    ) -> None:  # fmt: skip
        """Take down the command of these words; where it only runs another one, that one."""
        first, *rest = words
        name = first.known.rpartition("/")[2]
        if UNKNOWN in name:
            written = self.reading.script.text[first.start : first.end]
            name = "sudo" if _SUDO_VARIABLE.fullmatch(written) else ""
        own = Command(
            self.reading.script, "shell", name, first, tuple(rest), end, around, wrappers, redirects, environment
        )
        if name and (name not in _RUNNERS or not self.unwrap(own, end, around, redirects, environment)):
            if not self.hand_over(own, around, environment):
                self.keep(own)
        elif not name:
            self.keep(own)

    def keep(self, command: Command) -> None:
        self.reading.commands.append(command)
        self.reading.called.update((command.name, *(word.known for word in command.arguments)))

    def unwrap(
        self, own: Command, end: int, around: tuple[Frame, ...], redirects: tuple[Redirect, ...],
        environment: dict[str, str],
    ) -> bool:  # fmt: skip
        """Take down what a command such as `sudo` runs; False where that is nothing or something else."""
        values, operands = _RUNNERS[own.name]
        if own.name == "command" and own.arguments and own.arguments[0].known in _ASKS_WHETHER:
            return False
        words = list(own.arguments)
        takes_value = values.split()
        keeps = own.name != "sudo" or own.has("-E", "--preserve-env") is not None
        inner = dict(environment) if keeps else {}
        while words:
            text = words[0].known
            if text == "--":
                words.pop(0)
                break
            if text in takes_value:
                del words[:2]
            elif text.startswith("-"):
                words.pop(0)
            elif own.name in ("sudo", "env", "doas") and re.match(r"\w+=", text):
                name, _, value = text.partition("=")
                inner[name] = value
                words.pop(0)
            elif own.name == "retry" and text.isdigit():
                words.pop(0)
            else:
                break
        del words[:operands]
        if not words or (own.name == "flock" and words[0].known == "-c"):
            return False
        self.run(words, end, around, (*own.wrappers, own), redirects, inner)
        return True

    def hand_over(self, own: Command, around: tuple[Frame, ...], environment: dict[str, str]) -> bool:
        """Read the script that a command is given as text; False where it is given none."""
        script: Word | None = None
        if own.name in SHELLS or own.name in ("su", "runuser"):
            marks = [n for n, word in enumerate(own.arguments) if re.fullmatch(r"-[a-z]*c|--command", word.known)]
            if marks:
                script = next(iter(own.arguments[marks[0] + 1 :]), None)
            elif own.name in SHELLS and all(word.known == "-" for word in own.operands()):
                fed = redirected(own.redirects, "<<", "<<<")
                script = fed.target if fed is not None else None
        elif own.name in ("pwsh", "powershell"):
            given = own.parameter("Command", "c")
            place = own.arguments.index(given) + 1 if given is not None else 0
            if given is None or len(own.arguments) != place + 1:
                return False
            return self.nested("powershell", own.arguments[place], own, around, environment)
        elif own.name == "eval" and len(own.arguments) == 1:
            script = own.arguments[0]
        if script is None or not script.known.strip(UNKNOWN):
            return False
        return self.nested("shell", script, own, around, environment)

    def nested(
        self, language: str, script: Word, own: Command, around: tuple[Frame, ...], environment: dict[str, str]
    ) -> bool:
        place = within(script, self.reading.script, script.known)
        return self.reading.nested(language, script.known, place, around, (*own.wrappers, own), environment)

    # -- words -------------------------------------------------------------------------------------------------------

    def words(self, node: Node, around: tuple[Frame, ...]) -> list[Word]:
        """The words that a node turns into: none, one or several."""
        start, end = self.at(node)
        kind = node.type
        if kind == "simple_expansion" or kind == "expansion":
            value = self.variable(node, around)
            if value is None:
                return [Word(UNKNOWN, start, end, open=True)]
            texts = value.split() if isinstance(value, str) else [word for text in value for word in text.split()]
            return [Word(text, start, end, open=text == UNKNOWN) for text in texts]
        if kind == "command_substitution":
            self.statement(node, around)
            return [Word(UNKNOWN, start, end, open=True)]
        if (
            kind == "string"
            and node.named_child_count == 1
            and self.text(node)[1:-1] == self.text(node.named_children[0])
        ):
            inner = node.named_children[0]
            if inner.type in ("simple_expansion", "expansion"):
                value = self.variable(inner, around)
                if isinstance(value, tuple):
                    return [Word(text, start, end, quoted=True) for text in value]
                if value is None:
                    listed = re.search(r"[@*]", self.text(inner)) is not None
                    return [Word(UNKNOWN, start, end, open=listed, quoted=True)]
                return [Word(value, start, end, quoted=True)]
        return [self.whole(node, around)]

    def whole(self, node: Node, around: tuple[Frame, ...]) -> Word:
        """The one word that a node is."""
        start, end = self.at(node)
        quoted = node.type in ("string", "raw_string", "ansi_c_string")
        return Word(self.value(node, around), start, end, quoted=quoted)

    def value(self, node: Node, around: tuple[Frame, ...]) -> str:
        """The text that a node stands for, with UNKNOWN for what is not known."""
        kind, text = node.type, self.text(node)
        if kind == "raw_string":
            return text[1:-1]
        if kind in ("simple_expansion", "expansion"):
            found = self.variable(node, around)
            return found if isinstance(found, str) else " ".join(found) if found is not None else UNKNOWN
        if kind in ("command_substitution", "process_substitution"):
            self.statement(node, around)
            return UNKNOWN
        if kind == "arithmetic_expansion":
            return UNKNOWN
        if kind == "ansi_c_string":
            self.construct("$'", node)
            return text[2:-1].replace("\\n", "\n").replace("\\t", "\t")
        if kind in ("string", "translated_string"):
            return self.string(node, around)
        if kind == "concatenation":
            self.spot_range(node)
            return bounded(self.value(child, around) for child in node.children)
        if kind == "brace_expression":
            self.construct("{..}", node)
            return text
        return re.sub(r"\\(\n|.)", lambda found: "" if found[1] == "\n" else found[1], text, flags=re.DOTALL)

    def string(self, node: Node, around: tuple[Frame, ...]) -> str:
        """What stands between double quotes. The grammar leaves out blanks, so the gaps are read from the text."""
        pieces: list[str] = []
        at = node.start_byte + (2 if self.text(node).startswith("$") else 1)
        for child in node.named_children:
            if child.type == "string_content":
                continue
            pieces += [_unescaped(self.source.between(at, child.start_byte)), self.value(child, around)]
            at = child.end_byte
        stop = max(at, node.end_byte - 1)
        return bounded((*pieces, _unescaped(self.source.between(at, stop))))

    def variable(self, node: Node, around: tuple[Frame, ...]) -> str | tuple[str, ...] | None:
        """The value of `$NAME`, `${NAME}` or `${NAME[@]}`; None where it is not known."""
        text = self.text(node)
        for child in node.named_children:
            if child.type in ("command_substitution", "string", "concatenation"):
                self.value(child, around)
        if re.search(r"\$\{!?\w+(?:\[[^\]]*\])?(?:\^|,|/|@[A-Z]\}|:-?\d)", text) or text.startswith("${!"):
            self.construct("${x^^}", node)
        found = re.fullmatch(r"\$\{?(\w+)(\[[@*]\])?\}?", text)
        if found is None or (found[1] in ("HOME", "PWD", "USER", "RANDOM", "HOSTNAME")):
            return None
        value = self.known.get(found[1])
        if isinstance(value, tuple) and not found[2]:
            return value[0] if value else ""
        return value

    def test(self, node: Node) -> None:
        """What of a test only bash understands."""
        opening = node.children[0].type if node.children else ""
        if opening == "[[":
            self.construct("[[", node.children[0])
        elif opening == "((":
            self.construct("((", node.children[0])
        elif opening == "[":
            pending = list(node.children)
            while pending:
                inner = pending.pop()
                if inner.type == "==":
                    self.construct("==", inner)
                elif inner.type == "binary_expression":
                    pending += inner.children

    def spot_range(self, node: Node) -> None:
        """`{1..3}` inside a word."""
        for found in re.finditer(r"\{(?:\d+\.\.\d+|[a-z]\.\.[a-z])\}", self.text(node)):
            self.note("{..}", *self.source.at(node.start_byte + found.start(), node.start_byte + found.end()))

    # -- places ------------------------------------------------------------------------------------------------------

    def construct(self, kind: str, node: Node) -> None:
        self.note(kind, *self.at(node))

    def note(self, kind: str, start: int, end: int) -> None:
        # A script that another shell is given is that shell's business.
        if self.reading.depth == 0:
            self.reading.constructs.append(Construct(kind, start, end))

    def at(self, node: Node) -> tuple[int, int]:
        return self.source.at(node.start_byte, node.end_byte)

    def text(self, node: Node) -> str:
        return self.source.between(node.start_byte, node.end_byte)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\"\\$`\n])", lambda found: "" if found[1] == "\n" else found[1], text)
