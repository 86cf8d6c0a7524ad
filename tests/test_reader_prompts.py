"""What the reader of the shell says about the input of commands: `Command.piped`."""

from __future__ import annotations

import pytest

from aiblint.script.build import Script


def _piped(text: str) -> list[str]:
    script = Script("shell")
    script.text = text
    return [command.name for command in script.commands if command.piped]


@pytest.mark.parametrize(
    ("text", "piped"),
    [
        ("a | b", ["b"]),
        ("a | b | c\nd", ["b", "c"]),
        ("a | { b; c; }\nd", ["b", "c"]),
        ("a | while read x; do b; done\nc", ["read", "b"]),
        ("a | (b; c)", ["b", "c"]),
        ("a | sudo bash -c 'b; c'", ["b", "c"]),
        ("a | b $(c)", ["b"]),
        ("a && b; c < d", []),
        ("a <<EOF | b\nx\nEOF\nc", ["b"]),
    ],
)
def test_what_is_in_a_pipe(text: str, piped: list[str]) -> None:
    assert _piped(text) == piped
