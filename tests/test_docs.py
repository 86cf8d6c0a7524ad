"""The pages of the checks are those that the checks make; what the README and the guide name exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

from aiblint import cli, engine
from docs import generate

ROOT = Path(__file__).parent.parent


def test_the_pages_of_the_checks_are_current() -> None:
    folder = ROOT / "docs" / "checks"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == generate.pages(), "run `python -m docs.generate`"


def test_links_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_named_check_exists() -> None:
    known = {check.id for check in engine.load_checks()} | {"AIB401"}  # DESIGN's own example of an id
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "README.md"):
        named = set(re.findall(r"\bAIB\d{3}\b", page.read_text(encoding="utf-8")))
        assert named <= known, page.name


def test_the_configuration_of_the_guide_is_valid(tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    guide = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    (configuration,) = re.findall(r"```toml\n(.*?)```", guide, re.S)
    (tmp_path / "pyproject.toml").write_text(configuration)
    monkeypatch.chdir(tmp_path)
    assert cli.main([]) == 0
    assert capsys.readouterr().err == ""


def test_the_examples_show_what_they_should(capsys) -> None:  # type: ignore[no-untyped-def]
    for name, ids in {
        "linux.json": {"AIB101", "AIB207", "AIB211", "AIB220", "AIB224", "AIB602", "AIB607"},
        "windows.json": {
            "AIB104",
            "AIB203",
            "AIB207",
            "AIB213",
            "AIB222",
            "AIB302",
            "AIB303",
            "AIB304",
            "AIB313",
            "AIB315",
        },
        # What Microsoft's troubleshooting article warns of: an install that waits for somebody, a script that changes the
        # firewall or the way in, a restart that is missing, a deprovisioning script that is deleted, a file that is large.
        "hardening.json": {"AIB401", "AIB408", "AIB409", "AIB411", "AIB605"},
        "session-host.json": {
            "AIB301",
            "AIB320",
            "AIB408",
            "AIB411",
            "AIB422",
            "AIB501",
            "AIB504",
            "AIB506",
            "AIB508",
            "AIB523",
            "AIB605",
        },
    }.items():
        options = ["--show-info"] if name in ("hardening.json", "session-host.json") else []
        assert cli.main(["--output", "json", *options, str(ROOT / "examples" / name)]) == 1
        assert {finding["id"] for finding in json.loads(capsys.readouterr().out)["findings"]} == ids
