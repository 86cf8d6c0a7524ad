"""Which files a run looks at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aiblint.files import collect
from aiblint.settings import Settings


def tree(folder: Path, *files: str) -> None:
    """Make files; `name=content` gives one its content, a backslash n in it is a line end."""
    for file in files:
        name, _, content = file.partition("=")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("\\n", "\n"), encoding="utf-8")


def collected(*paths: str, **settings: object) -> list[str]:
    failures: list[str] = []
    found = list(collect(paths, Settings(folder=os.getcwd(), **settings), failures))  # type: ignore[arg-type]
    assert failures == []
    return [path.replace(os.sep, "/") for path in found]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository that is the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_folders_are_searched_for_json_in_the_order_of_names(here: Path) -> None:
    tree(here, "b.json", "a/z.jsonc", "a/B.JSON", "c.txt", "d.json5", "e.json/f.json", ".hidden/g.json", ".git/h.json")
    assert collected(".") == [".hidden/g.json", "a/B.JSON", "a/z.jsonc", "b.json", "e.json/f.json"]
    assert collected("a") == ["a/B.JSON", "a/z.jsonc"]
    assert collected("./a/") == ["./a/B.JSON", "./a/z.jsonc"]
    assert collected("a", "b.json", "a/B.JSON", "./b.json", ".") == [
        "a/B.JSON", "a/z.jsonc", "b.json", ".hidden/g.json", "e.json/f.json",
    ]  # fmt: skip
    assert collected() == []


def test_named_files_count_whatever_they_are(here: Path) -> None:
    tree(here, ".gitignore=*", "a.txt", "b.json")
    assert collected("a.txt", "b.json", "missing.json") == ["a.txt", "b.json", "missing.json"]
    assert collected(".") == []


IGNORED = (
    ".gitignore=# comment\\nbuild/\\n*.log.json\\n!keep.log.json\\n/only-top.json\\nfolder/**/deep.json\\n!\\n[z-a]\\n",
    "build/a.json",
    "sub/build/a.json",
    "sub/build.json",
    "x.log.json",
    "keep.log.json",
    "only-top.json",
    "sub/only-top.json",
    "folder/1/2/deep.json",
    "folder/deep.json",
    "folder/other.json",
    "sub/.gitignore=!x.log.json\\nsecret.json\\n*.tmp.json \\r\\nnested/*\\n!nested/kept/\\n",
    "sub/x.log.json",
    "sub/secret.json",
    "sub/a.tmp.json",
    "sub/nested/a.json",
    "sub/nested/kept/a.json",
    "sub/deeper/.gitignore=!secret.json",
    "sub/deeper/secret.json",
    "sub/deeper/y.log.json",
    "excluded.json",
)


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("start", [".", "sub", "folder", "sub/deeper"])
def test_ignored_files_are_those_that_git_ignores(here: Path, start: str) -> None:
    shutil.rmtree(here / ".git")
    git("init", "-q")
    (here / ".git" / "info").mkdir(exist_ok=True)
    (here / ".git" / "info" / "exclude").write_text("excluded.json\n")
    tree(here, *IGNORED)
    listed = git("-c", "core.excludesFile=", "ls-files", "-co", "--exclude-standard", "-z", start).split("\0")
    expected = sorted(file for file in listed if file.endswith(".json"))
    assert sorted(collected(start)) == expected
    assert expected


def test_ignored_folders_are_not_entered(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(here, ".gitignore=node_modules", "node_modules/deep/a.json", "b.json", "old/c.json")
    entered = []
    scandir = os.scandir

    def noting(path: str) -> object:
        entered.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noting)
    assert collected(".", exclude=("old/",)) == ["b.json"]
    assert entered == ["."]


def test_whoever_names_an_ignored_folder_wants_it(here: Path) -> None:
    tree(
        here,
        ".gitignore=build\\n*.tmp.json",
        "build/a.json",
        "build/b.tmp.json",
        "build/.gitignore=c.json",
        "build/c.json",
    )
    assert collected("build") == ["build/a.json", "build/b.tmp.json"]
    assert collected(".", exclude=("build",)) == []
    assert collected("build", exclude=("build",)) == ["build/a.json", "build/b.tmp.json"]


def test_outside_of_a_repository_only_the_folder_itself_says_what_to_ignore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, ".gitignore=*.json", "a/.gitignore=b.json", "a/b.json", "a/c.json")
    monkeypatch.chdir(tmp_path / "a")
    if any((folder / ".git").exists() for folder in tmp_path.parents):
        pytest.skip("the temporary folder lies in a repository")
    assert collected(".") == ["c.json"]


def test_exclude(here: Path) -> None:
    tree(here, "old/a.json", "b/old/c.json", "b/d.parameters.json", "b/e.json")
    assert collected(".", exclude=("/old", "*.parameters.json")) == ["b/e.json", "b/old/c.json"]
    assert collected(".", exclude=("old/",)) == ["b/d.parameters.json", "b/e.json"]
    assert collected("b", exclude=("b/e.json",)) == ["b/d.parameters.json", "b/old/c.json"]
    assert collected("old/a.json", exclude=("old/",)) == ["old/a.json"]
    assert collected("old/a.json", "b/e.json", exclude=("old/",), force_exclude=True) == ["b/e.json"]


def test_pathspec_is_not_imported_without_need(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pathspec", None)  # importing it fails now
    tree(here, "a.json", "b/c.json", ".gitignore=# nothing\\n\\n")
    assert collected(".") == ["a.json", "b/c.json"]


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need rights on Windows")
def test_links(here: Path) -> None:
    tree(here, "a/b.json", "a.json")
    (here / "a" / "loop").symlink_to(here, target_is_directory=True)
    (here / "file.json").symlink_to("a.json")
    (here / "broken.json").symlink_to("nowhere")
    (here / "itself.json").symlink_to("itself.json")
    os.mkfifo(here / "pipe.json")
    assert collected(".") == ["a/b.json", "a.json", "file.json"]


def test_a_folder_that_cannot_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(here, "a.json", "closed/b.json")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    failures: list[str] = []
    assert list(collect(["."], Settings(), failures)) == ["a.json"]
    assert failures == ["closed: permission denied"]


def test_deep_folders(here: Path) -> None:
    folder = here
    for _ in range(1500):  # deeper than Python's recursion goes
        folder = folder / "d"
        folder.mkdir()
    (folder / "a.json").touch()
    try:
        assert collected(".") == ["d/" * 1500 + "a.json"]
    finally:  # pytest's own clearing up would not get down there
        (folder / "a.json").unlink()
        while folder != here:
            folder.rmdir()
            folder = folder.parent
