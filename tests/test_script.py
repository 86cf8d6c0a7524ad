"""Scripts as the commands that they run: words, variables, wrappers, what is around, and where it is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiblint import engine
from aiblint.script.build import Build, Script, build
from aiblint.script.command import UNKNOWN
from aiblint.source.document import Document
from aiblint.source.reader import read_text
from aiblint.surroundings import Surroundings
from tests.templates import resource

if TYPE_CHECKING:
    from pathlib import Path

    from aiblint.script.command import Command


def commands(language: str, text: str) -> tuple[Command, ...]:
    """The commands of a script."""
    return Script(language, file=Document("script", text)).commands


def said(language: str, text: str) -> list[str]:
    """Each command as its name and words; `?` for what is not known, `*` behind what may be any number of words."""
    return [
        " ".join([c.name or "?", *(w.known.replace(UNKNOWN, "?") + ("*" if w.open else "") for w in c.arguments)])
        for c in commands(language, text)
    ]


SHELL = [
    ("sudo apt-get -y install nginx", ["apt-get -y install nginx"]),
    ("OPTS='-y -q'\napt-get $OPTS install x", ["apt-get -y -q install x"]),
    ('OPTS="-y -q"\napt-get "$OPTS" install x', ["apt-get -y -q install x"]),
    ("apt-get $OPTS install x", ["apt-get ?* install x"]),
    ('opts=(-y "a b")\napt-get "${opts[@]}" install', ["apt-get -y a b install"]),
    ("if [ -f x ]; then OPTS=-y; fi\napt-get $OPTS install x", ["apt-get ?* install x"]),
    ("OPTS=-y\nf() { apt-get $OPTS install x; }\nf", ["apt-get -y install x", "f"]),
    ("OPTS=-y\nf() { apt-get $OPTS install x; }\nOPTS=\nf", ["apt-get ?* install x", "f"]),
    ("f() { reboot; }", []),
    ("f() { reboot; }\ntrap f EXIT", ["reboot", "trap f EXIT"]),
    ("exit 0\nreboot", ["exit 0"]),
    ("if false; then reboot; fi", ["false"]),
    ("apt-get install \\\n  -y nginx", ["apt-get install -y nginx"]),
    ("apt-get install nginx-$V", ["apt-get install nginx-?"]),
    ('echo "a $(date) b"', ["date", "echo a ? b"]),
    ("bash -c 'apt install x && reboot'", ["apt install x", "reboot"]),
    ("sudo -u root env A=b nice -n 5 timeout 30 apt install x", ["apt install x"]),
    ("sudo bash <<'EOF'\napt install x\nEOF", ["apt install x"]),
    ("cat > /etc/x <<'EOF'\nreboot\nEOF", ["cat"]),
    ("eval 'apt install x'", ["apt install x"]),
    ("su - -c 'apt install x'", ["apt install x"]),
    ("$SUDO apt install x", ["apt install x"]),
    ("command -v apt", ["command -v apt"]),
    ("ls *.deb | xargs dpkg -i", ["ls *.deb", "dpkg -i"]),
    ("x=1; y=$x$x; echo $y", ["echo 11"]),
    ("for p in a b; do apt install $p; done", ["apt install ?*"]),
    ("case $ID in ubuntu) apt install x;; *) yum install y;; esac", ["apt install x", "yum install y"]),
    ("/usr/bin/apt-get install x", ["apt-get install x"]),
    ("echo 'apt install x' # apt install y", ["echo apt install x"]),
    ("pwsh -c 'Restart-Computer'", ["restart-computer"]),
    ("apt install 'x", []),
]


@pytest.mark.parametrize(("text", "expected"), SHELL, ids=[text[:40] for text, _ in SHELL])
def test_shell(text: str, expected: list[str]) -> None:
    assert said("shell", text) == expected


POWERSHELL = [
    ("msiexec /i x.msi /qn", ["msiexec /i x.msi /qn"]),
    ("$a = @('/i', $msi, '/qn')\nmsiexec $a", ["msiexec /i ?* /qn"]),
    ("$p = @{FilePath = 'msiexec'; ArgumentList = '/i x /qn'; Wait = $true}\nStart-Process @p", ["msiexec /i x /qn"]),
    ("Start-Process @p", ["start-process @?*"]),
    ("Start-Process msiexec.exe -ArgumentList '/i x', \"/l $log\" -Wait", ["msiexec /i x /l ?*"]),
    ("Start-Process -Wait -FilePath setup.exe '/S'", ["setup /S"]),
    ("$exe = 'C:\\a b\\setup.exe'\n& $exe /S", ["setup /S"]),
    ("cmd /c \"msiexec /i x.msi & del /q C:\\*.*\"", ["msiexec /i x.msi", "del /q C:\\*.*"]),
    ("cmd.exe /c start /wait x.exe /S", ["x /S"]),
    ("cmd /c reg add HKLM\\X /v a /f", ["reg add HKLM\\X /v a /f"]),
    ("powershell -Command \"Restart-Computer -Force\"", ["restart-computer -Force"]),
    ("powershell -enc UgBlAHMAdABhAHIAdAAtAEMAbwBtAHAAdQB0AGUAcgA=", ["restart-computer"]),
    ("iex 'shutdown /r'", ["shutdown /r"]),
    ("iwr x -UseB", ["invoke-webrequest x -UseB"]),
    ("curl.exe -fsSL x", ["curl -fsSL x"]),
    ("curl x", ["invoke-webrequest x"]),
    ("iwr `\n  -Uri x", ["invoke-webrequest -Uri x"]),
    ("Remove-Item \"$env:windir\\Temp\\*\"", ["remove-item C:\\Windows\\Temp\\*"]),
    ("Remove-Item $env:TEMP\\x", ["remove-item ?\\x"]),
    ("[Console]::ReadKey()", ["[console]::readkey"]),
    ("[System.Windows.Forms.MessageBox]::Show('x')", ["[windows.forms.messagebox]::show x"]),
    ("$p = Start-Process x -PassThru; $p.WaitForExit()", ["x", ".waitforexit $p"]),
    ("function F {\n  Read-Host\n}", []),
    ("function F {\n  Read-Host\n}\nf", ["read-host", "f"]),
    ("if ($false) { Restart-Computer }", []),
    ("exit 1\nRestart-Computer", ["exit 1"]),
    ("@'\nRestart-Computer\n'@ | Set-Content c:\\x.ps1", ["set-content c:\\x.ps1"]),
    ("Write-Host 'Restart-Computer' # Restart-Computer", ["write-host Restart-Computer"]),
    ("1..3 | ForEach-Object { iwr $_ }", ["foreach-object ?", "invoke-webrequest ?*"]),
    ("Start-Job { Restart-Computer }", ["start-job ?", "restart-computer"]),
    ("$x = 'a' + 'b'\nfoo $x", ["foo ab"]),
    ("\"$(Get-Date)\" | Out-File x", ["get-date", "out-file x"]),
    ("cmd.exe --% /c echo x", ["echo x"]),
    ("try { a } catch { throw }", ["a", "throw"]),
    ("& { Restart-Computer }", ["restart-computer"]),
    ("foo 'x", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), POWERSHELL, ids=[text[:40] for text, _ in POWERSHELL])
def test_powershell(text: str, expected: list[str]) -> None:
    assert said("powershell", text) == expected


AROUND = [
    ("shell", "a || true", ["handled"]),
    ("shell", "a && b", ["chained"]),
    ("shell", "if a; then b; fi", ["condition"]),
    ("shell", "! a", ["handled"]),
    ("shell", "a &", ["background"]),
    ("shell", "while true; do a; done", ["condition", "forever"]),
    ("shell", "( a )", ["subshell"]),
    ("shell", "x=$(a)", ["capture"]),
    ("powershell", "$x = a", ["capture"]),
    ("powershell", "try { a } catch {}", ["try"]),
    ("powershell", "while ($true) { a }", ["forever"]),
    ("powershell", "while ($true) { a; break }", ["loop"]),
    ("powershell", "foreach ($i in $x) { a }", ["loop"]),
    ("powershell", "switch ($x) { 1 { a } }", ["if"]),
]


@pytest.mark.parametrize(("language", "text", "kinds"), AROUND)
def test_around(language: str, text: str, kinds: list[str]) -> None:
    assert [frame.kind for frame in commands(language, text)[0].around] == kinds


def test_environment() -> None:
    text = "export A=1\nB=2 x\nsudo x\nsudo -E x\nsudo C=3 x\nenv D=4 x\n"
    assert [c.environment for c in commands("shell", text)] == [
        {"A": "1", "B": "2"},
        {},
        {"A": "1"},
        {"C": "3"},
        {"A": "1", "D": "4"},
    ]


def test_pipes_and_redirects() -> None:
    yes, apt, tee = commands("shell", "yes | apt install x > /dev/null 2>&1 | sudo tee -a log")
    assert (apt.fed_by, apt.feeds, tee.fed_by, yes.feeds) == (yes, tee, apt, apt)
    assert [(r.operator, r.target.known) for r in apt.redirects] == [(">", "/dev/null"), ("2>&", "1")]
    (cat,) = commands("shell", "cat > /tmp/x <<EOF\nhello\nEOF")
    assert [(r.operator, r.target.known) for r in cat.redirects] == [(">", "/tmp/x"), ("<<", "hello\n")]


def test_options() -> None:
    (apt,) = commands("shell", "apt-get -yq --force=yes -o A=b install x")
    assert apt.has("-y") and apt.has("--force") and not apt.has("-qq") and apt.lacks("--yes")
    assert [word.known for word in apt.operands("-o")] == ["install", "x"]
    (open_,) = commands("shell", "apt-get $X install y")
    assert not open_.has("-y") and not open_.lacks("-y")
    (msi,) = commands("powershell", "msiexec -I x /L*v log /QN")
    assert msi.has("/i") and msi.has("/qn") and msi.lacks("/quiet")
    (copy,) = commands("powershell", "Start-Process $x -Arg 'a','b' -Wait:$false -PassThru | Out-Null")[:1]
    start = copy.under("start-process")
    assert start is not None
    assert [word.known for word in start.values("ArgumentList")] == ["a", "b"]
    assert start.switched("PassThru") and not start.switched("Wait") and start.parameter("Wait")


# -- where it is written -----------------------------------------------------------------------------------------------


def built(text: str, folder: str = "") -> Build:
    """The build of the first image template of a file."""
    subjects = engine.understand(read_text("template.json", text), None, {})
    assert subjects is not None
    return build(subjects.templates[0], Surroundings("2026-11-25T00:00:00Z", folder))


def marked(command: Command) -> str:
    """The characters of the file that a command is written with."""
    start, end, document, _ = command.span
    return document.text[start:end]


def inline(*elements: str, kind: str = "Shell") -> str:
    """The text of an image template with one step of these elements."""
    return json.dumps(resource({"customize": [{"type": kind, "name": "Work", "inline": list(elements)}]}), indent=1)


def test_places_lead_through_escapes_and_joins() -> None:
    scripts = built(inline('echo "é\t\\\\"', "sudo apt-get install \\", "  nginx", "reboot")).scripts
    assert marked(scripts[0].commands[0]) == 'echo \\"\\u00e9\\t\\\\\\\\\\"'
    apt, reboot = scripts[0].commands[1:]
    assert marked(apt).startswith("apt-get install \\\\") and marked(apt).endswith("nginx")
    assert marked(reboot) == "reboot"


def test_places_inside_a_script_that_is_an_argument() -> None:
    (command,) = built(inline("sudo bash -c 'apt install x'")).commands
    assert marked(command) == "apt install x"
    (command,) = built(inline('sudo bash -c "apt install \\"x\\""')).commands
    assert command.name == "apt" and marked(command) == '\\"apt install \\\\\\"x\\\\\\"\\"'


def test_what_expressions_leave_open() -> None:
    whole = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"package": {"type": "string"}, "all": {"type": "array"}},
        "variables": {"command": "sudo apt install x"},
        "resources": [
            resource(
                {
                    "customize": [
                        {
                            "type": "Shell",
                            "inline": [
                                "[concat('sudo apt install ', parameters('package'))]",
                                "[variables('command')]",
                                "[parameters('package')]",
                            ],
                        },
                        {"type": "Shell", "inline": "[parameters('all')]"},
                    ]
                }
            )
        ],
    }
    made = built(json.dumps(whole))
    first, second, third = made.commands
    assert [word.known for word in first.arguments] == ["install", UNKNOWN]
    assert marked(first) == "\"[concat('sudo apt install ', parameters('package'))]\""
    assert marked(second) == "\"[variables('command')]\"" and second.span.definition is not None
    assert third.name == ""
    assert not made.scripts[0].complete and not made.complete


def test_scripts_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "install.sh").write_text("#!/bin/bash\nset -e\nreboot\n")
    (tmp_path / "setup.ps1").write_text("Restart-Computer\n")
    steps = [
        {"type": "Shell", "name": "One", "scriptUri": "./install.sh"},
        {"type": "Shell", "name": "Two", "scriptUri": "https://example.com/other.sh"},
        {"type": "File", "name": "Copy", "sourceUri": "setup.ps1", "destination": "C:\\work\\setup.ps1"},
        {"type": "PowerShell", "name": "Three", "inline": ["& C:\\work\\setup.ps1 -Quiet"]},
    ]
    made = built(json.dumps(resource({"customize": steps})), str(tmp_path))
    assert [(s.language, s.is_inline, s.step and s.step.label) for s in made.scripts] == [
        ("shell", False, "step `One`"),
        ("powershell", True, "step `Three`"),
        ("powershell", False, "step `Three`"),
    ]
    assert [c.name for c in made.commands] == ["set", "reboot", "setup.ps1", "restart-computer"]
    assert made.scripts[0].shebang == "/bin/bash" and not made.complete
    assert made.scripts[2].runner is made.scripts[1].commands[0]


# -- anything ----------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "sudo",
        "apt-get",
        "install",
        "-y",
        '"',
        "'",
        "$",
        "$(",
        ")",
        "(",
        "{",
        "}",
        "[",
        "]",
        "[[",
        "]]",
        "|",
        "||",
        "&",
        "&&",
        ";",
        "\n",
        "#",
        "\\",
        "`",
        "@",
        "@(",
        "@{",
        "=",
        "<<",
        "EOF",
        "<<<",
        ">",
        "if",
        "then",
        "fi",
        "do",
        "done",
        "while",
        "for",
        "in",
        "case",
        "esac",
        "function",
        "try",
        "catch",
        "$x",
        "$env:TEMP",
        "é",
        "\ue000",
        "\x00",
        "%X%",
        "^",
        "cmd",
        "/c",
        "powershell",
        "-Command",
        "bash",
        "-c",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["shell", "powershell"]), st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=200))
@example("shell", "cat <<EOF | sudo tee x\n$(reboot)\nEOF")
@example("shell", "\U000f4040b{\U00085420 [{\U000f4040")  # crashed the grammar
@example("powershell", 'cmd /c "cmd /c "cmd /c "')
def test_any_text_is_read(language: str, text: str) -> None:
    script = Script(language, file=Document("script", text))
    for command in script.commands:
        assert 0 <= command.start <= command.end <= len(text)
        start, end, _, _ = command.span
        assert (start, end) == (command.start, command.end)
        assert command.number == script.commands.index(command)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["Shell", "PowerShell"]),
    st.lists(st.lists(WORDS, max_size=10).map(" ".join), min_size=1, max_size=5),
)
def test_any_inline_is_linted(kind: str, elements: list[str]) -> None:
    from aiblint.settings import Settings

    outcome = engine.lint_bytes("template.json", inline(*elements, kind=kind).encode(), Settings(show_info=True), {})
    assert outcome.broken == ()


HOSTILE = {
    "brackets": "(" * 100_000,
    "substitutions": "$(" * 50_000,
    "pipes": "a | " * 50_000,
    "branches": "if a; then " * 20_000,
    "blocks": "if (a) {" * 20_000,
    "types": "[a]" * 50_000,
    "growing": "a=xx\n" + "a=$a$a\n" * 60 + "echo $a",
    "growing too": "$a = 'xx'\n" + '$a = "$a$a"\n' * 60 + "foo $a",
    "nested": "bash -c '" * 1_000,
    "functions": "a=1\n" * 5_000 + "f() { :; }\n" * 5_000,
    "long": "a" * 2_000_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("language", ["shell", "powershell"])
def test_hostile_scripts_end(language: str, text: str) -> None:
    assert len(commands(language, text)) <= 20_001
