"""What the reader of PowerShell had to learn for installers: options as native programs take them."""

from __future__ import annotations

import pytest

from aiblint.script.build import alone
from aiblint.surroundings import script_of


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("winget install --id=Git.Git -e", ("install", "--id=Git.Git", "-e")),
        ("tool --file=C:\\setup\\a.xml; tool --x=1", ("--file=C:\\setup\\a.xml",)),
        ("if ($true) { tool --url=https://example.com/a?b }", ("--url=https://example.com/a?b",)),
        ("tool --id Git.Git", ("--id", "Git.Git")),
    ],
)
def test_options_with_a_value_are_one_word(line: str, texts: tuple[str, ...]) -> None:
    document = script_of("script.ps1", f"{line}\nNext-One".encode())
    assert document is not None
    (script,) = alone(document).scripts
    assert script.commands[0].texts == texts
    assert script.commands[-1].name == "next-one"
    assert not script.contents.broken


def test_requires_is_a_comment() -> None:
    document = script_of("script.ps1", b"#Requires -RunAsAdministrator\n#Requires -Version 5.1\nwhoami # me\n")
    assert document is not None
    (script,) = alone(document).scripts
    assert [comment.text for comment in script.contents.comments] == [
        "#Requires -RunAsAdministrator",
        "#Requires -Version 5.1",
        "# me",
    ]


@pytest.mark.parametrize(
    "call", ["Start-Process -FilePath x.exe -ArgumentList $o -Wait", "Start-Process x.exe $o -Wait"]
)
def test_a_variable_is_a_value_whatever_it_begins_with(call: str) -> None:
    document = script_of("script.ps1", f"$o = @('--quiet', '--wait')\n{call}".encode())
    assert document is not None
    (script,) = alone(document).scripts
    assert [(command.name, command.texts) for command in script.commands] == [("x", ("--quiet", "--wait"))]
