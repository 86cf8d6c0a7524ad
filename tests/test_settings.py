"""Configuration files and selectors."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aiblint.settings import Settings, SettingsError, excluded, load, require_known, selects
from tests.reports import check

CHECKS = (
    check("AIB001", "syntax-error"),
    check("AIB220", "build-timeout-range"),
    check("AIB221", "duplicate-run-output"),
    check("AIB401", "interactive-install"),
)


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


# -- where -------------------------------------------------------------------------------------------------------------


def test_without_any_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert load(str(tmp_path)) == Settings()


def test_every_key(tmp_path: Path) -> None:
    file = write(
        tmp_path / ".aiblint.toml",
        """
        select = ["AIB2", "interactive-install"]
        ignore = ["AIB221"]
        exclude = ["legacy/"]
        force-exclude = true
        fail-on = "error"
        show-info = true
        api-version = "2024-02-01"
        [per-file-ignores]
        "samples/**" = ["AIB4", "AIB001"]
        """,
    )
    assert load(str(tmp_path)) == Settings(
        select=("AIB2", "interactive-install"),
        ignore=("AIB221",),
        per_file_ignores=(("samples/**", ("AIB4", "AIB001")),),
        exclude=("legacy/",),
        force_exclude=True,
        fail_on="error",
        show_info=True,
        api_version="2024-02-01",
        folder=str(tmp_path),
        file=str(file),
    )


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    write(tmp_path / ".aiblint.toml", 'fail-on = "error"')
    write(tmp_path / "a" / "pyproject.toml", '[tool.aiblint]\nfail-on = "info"')
    write(tmp_path / "a" / "b" / "pyproject.toml", '[tool.other]\ndependencies = ["aiblint"]')
    (tmp_path / "a" / "b" / "c").mkdir()
    assert load(str(tmp_path / "a" / "b" / "c")).fail_on == "info"
    assert load(str(tmp_path)).fail_on == "error"
    write(tmp_path / "a" / ".aiblint.toml", "show-info = true")
    assert load(str(tmp_path / "a")) == Settings(
        show_info=True, folder=str(tmp_path / "a"), file=str(tmp_path / "a" / ".aiblint.toml")
    )


def test_the_search_ends_with_the_repository(tmp_path: Path) -> None:
    write(tmp_path / ".aiblint.toml", 'fail-on = "error"')
    (tmp_path / "repository" / "templates").mkdir(parents=True)
    write(tmp_path / "repository" / ".git", "gitdir: elsewhere")
    assert load(str(tmp_path / "repository" / "templates")) == Settings()
    write(tmp_path / "repository" / "pyproject.toml", "[tool.aiblint]\nshow-info = true")
    assert load(str(tmp_path / "repository" / "templates")).show_info


def test_an_explicit_file_has_patterns_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path / "shared" / "aiblint.toml", 'exclude = ["/old"]')
    settings = load(str(tmp_path / "elsewhere"), str(file))
    assert (settings.exclude, settings.folder, settings.file) == (("/old",), str(tmp_path), str(file))
    assert excluded("old/a.json", settings)


def test_toml_is_not_imported_without_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tomllib", "tomli"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails now
    write(tmp_path / "pyproject.toml", "[tool.other]\n")
    (tmp_path / ".git").mkdir()
    assert load(str(tmp_path)) == Settings()


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("selct = []", "`selct` is not a setting, did you mean `select`?"),
        ("fail_on = 'error'", "`fail_on` is not a setting, did you mean `fail-on`?"),
        ("colour = 1", "`colour` is not a setting"),
        ("select = 'AIB4'", "`select` must be a list of texts"),
        ("ignore = [1]", "`ignore` must be a list of texts"),
        ("fail-on = 'never'", '`fail-on` must be "error", "warning" or "info"'),
        ("fail-on = ['error']", '`fail-on` must be "error", "warning" or "info"'),
        ("show-info = 'yes'", "`show-info` must be true or false"),
        ("api-version = 2024-02-01", "`api-version` must be a text"),
        ("per-file-ignores = ['AIB4']", "`per-file-ignores` must be a table of lists of texts"),
        ("per-file-ignores = {'a' = 'AIB4'}", "`per-file-ignores` must be a table of lists of texts"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, text: str, expected: str) -> None:
    file = write(tmp_path / ".aiblint.toml", text)
    with pytest.raises(SettingsError) as caught:
        load(str(tmp_path))
    assert str(caught.value) == f"{file}: {expected}"


@pytest.mark.parametrize("data", [b"select = [", b"# aiblint \xff", b"select = []\nselect = []"])
def test_a_file_that_is_no_toml(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".aiblint.toml").write_bytes(data)
    with pytest.raises(SettingsError, match=r"^[^\n]*\.aiblint\.toml: not valid TOML: [^\n]+$"):
        load(str(tmp_path))


def test_an_explicit_file_has_to_be_there_and_ours(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml: no such file"):
        load(str(tmp_path), str(tmp_path / "missing.toml"))
    other = write(tmp_path / "pyproject.toml", "[project]\nname = 'x'")
    with pytest.raises(SettingsError, match=r"there is no \[tool.aiblint\] in it"):
        load(str(tmp_path), str(other))
    write(other, "tool.aiblint = 1")
    with pytest.raises(SettingsError, match="must be a table"):
        load(str(tmp_path))


def test_unknown_selectors() -> None:
    require_known(["ALL", "AIB", "AIB2", "AIB22", "AIB221", "syntax-error"], CHECKS, "--select")
    for selector, expected in {
        "AIB222": "--select: no check is called `AIB222`, did you mean `AIB22[01]` or `AIB22[01]`(?: or `[^`]+`)?\\?",
        "aib401": "--select: no check is called `aib401`, did you mean `AIB401`.*",
        "interactive-instal": ".*`interactive-instal`, did you mean `interactive-install`\\?",
        "AIB9": "--select: no check is called `AIB9`.*",
        "": "--select: no check is called ``",
        "A": "--select: no check is called `A`",
    }.items():
        with pytest.raises(SettingsError, match=f"^{expected}$"):
            require_known([selector], CHECKS, "--select")


# -- selection ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (("ALL",), (), "001 220 221 401"),
        ((), (), ""),
        (("AIB2",), (), "220 221"),
        (("AIB",), ("AIB2",), "001 401"),
        (("ALL",), ("ALL",), ""),
        (("AIB221",), ("AIB2",), "221"),
        (("duplicate-run-output",), ("AIB2",), "221"),
        (("AIB2",), ("AIB221",), "220"),
        (("AIB2",), ("duplicate-run-output",), "220"),
        (("AIB221",), ("duplicate-run-output",), ""),
        (("ALL", "AIB221"), ("AIB2",), "001 221 401"),
        (("AIB22", "AIB4"), ("AIB2",), "220 221 401"),
    ],
)
def test_the_more_specific_selector_wins(select: tuple[str, ...], ignore: tuple[str, ...], expected: str) -> None:
    settings = Settings(select=select, ignore=ignore)
    assert [one.id for one in CHECKS if selects(one, settings)] == [f"AIB{digits}" for digits in expected.split()]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.json", True),
        ("samples/a.json", False),
        ("samples/deep/a.json", False),
        ("other/samples/a.json", True),
        ("deep/old.json", False),
        ("../samples/a.json", True),
        ("../elsewhere/old.json", False),
        ("-", True),
    ],
)
def test_per_file_ignores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, expected: bool) -> None:
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    patterns = (("/samples/**", ("AIB4",)), ("old.json", ("interactive-install",)))
    settings = Settings(select=("AIB401", "AIB221"), per_file_ignores=patterns, folder=str(tmp_path / "repository"))
    assert selects(CHECKS[3], settings, path) is expected
    assert selects(CHECKS[2], settings, path)


@pytest.mark.parametrize("pattern", ["!", "[z-a]"])
def test_a_pattern_that_is_none(pattern: str) -> None:
    with pytest.raises(SettingsError, match=r"^b\.toml: `.+` is not a pattern as in \.gitignore$"):
        excluded("a.json", Settings(exclude=("ok", pattern), file="b.toml"))
