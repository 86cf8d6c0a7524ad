"""Files of the linted repository that a template names, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiblint.surroundings import Surroundings
from tests.templates import deployment, findings, marks, name, resource

RAW = "https://raw.githubusercontent.com"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository `owner/images` with some files; beside it one that is none of its business."""
    top = tmp_path / "checkout"
    for file in ("scripts/install.sh", "templates/with space.sh", "templates/image.json", "top.sh"):
        (top / file).parent.mkdir(parents=True, exist_ok=True)
        (top / file).write_text(file)
    (tmp_path / "outside.sh").write_text("outside")
    remote(top, '[remote "origin"]\n\turl = https://github.com/Owner/Images.git\n')
    return top


def remote(top: Path, config: str) -> None:
    (top / ".git").mkdir(exist_ok=True)
    (top / ".git" / "config").write_text(f"[core]\n\tbare = false\n{config}")


def local(folder: Path | str, uri: str) -> str | None:
    """The file that a URI in a template of this folder names, relative to the folder that holds the repository."""
    found = Surroundings("2026-01-01T00:00:00Z", str(folder)).local_file(uri)
    return os.path.relpath(found, os.path.realpath(Path(folder).parent.parent)) if found else None


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("../scripts/install.sh", "scripts/install.sh"),
        ("./../scripts//install.sh", "scripts/install.sh"),
        ("..\\scripts\\install.sh", "scripts/install.sh"),
        ("with space.sh", "templates/with space.sh"),
        ("../top.sh", "top.sh"),
        ("image.json", "templates/image.json"),
        (f"{RAW}/owner/images/main/scripts/install.sh", "scripts/install.sh"),
        (f"{RAW}/OWNER/Images/1a2b3c/scripts/install.sh?token=abc#L3", "scripts/install.sh"),
        (f"{RAW}/owner/images/refs/heads/main/scripts/install.sh", "scripts/install.sh"),
        (f"{RAW}/owner/images/main/templates/with%20space.sh", "templates/with space.sh"),
        (f"{RAW}/owner/images/main/scripts/%2e%2e/top.sh", "top.sh"),
        ("HTTPS://RAW.GITHUBUSERCONTENT.COM/owner/images/main/top.sh", "top.sh"),
        ("https://github.com/owner/images/raw/main/top.sh", "top.sh"),
        ("https://github.com/owner/images/raw/refs/heads/main/top.sh", "top.sh"),
        # nothing that is not there
        ("", None),
        (".", None),
        ("..", None),
        ("scripts/install.sh", None),
        (f"{RAW}/owner/images/main/", None),
        (f"{RAW}/owner/images/main", None),
        (f"{RAW}/owner/images/main/none.sh", None),
        ("a\0b", None),
        (f"{RAW}/owner/images/main/top.sh%00", None),
        ("x" * 5000, None),
        ("\ud800.sh", None),
        # nothing outside
        ("../../outside.sh", None),
        ("../../checkout/../outside.sh", None),
        ("/etc/passwd", None),
        ("..\\..\\outside.sh", None),
        (f"{RAW}/owner/images/main/../../outside.sh", None),
        (f"{RAW}/owner/images/main/%2e%2e/outside.sh", None),
        (f"{RAW}/owner/images/main/%2Fetc%2Fpasswd", None),
        (f"{RAW}/owner/images/main//etc/passwd", None),
        # another repository's, another host's
        (f"{RAW}/other/images/main/top.sh", None),
        (f"{RAW}/owner/other/main/top.sh", None),
        ("https://example.com/owner/images/main/top.sh", None),
        (f"https://example.com/{RAW}/owner/images/main/top.sh", None),
        (f"{RAW.replace('https', 'http')}/owner/images/main/top.sh", None),
        ("file:///etc/passwd", None),
    ],
)
def test_local_files(repository: Path, uri: str, found: str | None) -> None:
    expected = None if found is None else os.path.join("checkout", *found.split("/"))
    assert local(repository / "templates", uri) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/owner/images",
        "https://github.com/owner/images.git",
        "https://github.com/owner/images/",
        "https://GitHub.com/Owner/Images.git",
        "https://x-access-token:ghs_abc@github.com/owner/images.git",
        "git@github.com:owner/images.git",
        "git@github.com:owner/images",
        "ssh://git@github.com/owner/images.git",
    ],
)
def test_remotes(repository: Path, url: str) -> None:
    remote(repository, f'[remote "upstream"]\n\tfetch = x\n  url = {url}\n[branch "main"]\n\tremote = upstream\n')
    assert local(repository / "templates", f"{RAW}/owner/images/main/top.sh")


@pytest.mark.parametrize(
    "config",
    [
        "",
        '[remote "origin"]\n\turl = https://github.com/other/images.git\n',
        '[remote "origin"]\n\turl = https://gitlab.com/owner/images.git\n',
        '[remote "origin"]\n\turl = https://example.com/github.com/owner/images.git\n',
        '[remote "origin"]\n\turl = https://github.com/owner/images-old.git\n',
        '[submodule "vendor"]\n\tactive = true\n\turl = https://github.com/owner/images.git\n',
        '[remote "origin"]\n\tfetch = y\n[submodule "vendor"]\n\turl = https://github.com/owner/images.git\n',
    ],
)
def test_what_is_no_remote_of_this_repository(repository: Path, config: str) -> None:
    remote(repository, config)
    assert local(repository / "templates", f"{RAW}/owner/images/main/top.sh") is None
    assert local(repository / "templates", "../top.sh")


def test_symbolic_links_do_not_lead_out(repository: Path) -> None:
    templates = repository / "templates"
    try:
        (templates / "inside.sh").symlink_to("../top.sh")
        (templates / "out.sh").symlink_to(repository.parent / "outside.sh")
        (templates / "folder").symlink_to(repository.parent)
        (templates / "loop.sh").symlink_to("loop.sh")
        (repository.parent / "alias").symlink_to(templates)
    except OSError:
        pytest.skip("symbolic links are not allowed here")
    assert local(templates, "inside.sh") == os.path.join("checkout", "top.sh")
    for uri in ("out.sh", "folder/outside.sh", "loop.sh", f"{RAW}/owner/images/main/templates/out.sh"):
        assert local(templates, uri) is None
    # the folder itself may be reached through one
    alias = Surroundings("", str(repository.parent / "alias"))
    assert alias.local_file("image.json") == os.path.realpath(templates / "image.json")


def test_without_a_repository_only_the_own_folder_counts(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a.sh").write_text("a")
    (tmp_path / "b.sh").write_text("b")
    assert local(folder, "below/a.sh")
    assert local(folder, "../b.sh") is None
    assert local(folder, f"{RAW}/owner/images/main/below/a.sh") is None


def test_a_worktree_has_relative_files(repository: Path) -> None:
    (repository / ".git" / "config").unlink()
    (repository / ".git").rmdir()
    (repository / ".git").write_text("gitdir: /elsewhere/.git/worktrees/checkout\n")
    assert local(repository / "templates", "../top.sh")
    assert local(repository / "templates", f"{RAW}/owner/images/main/top.sh") is None


def test_standard_input_lies_nowhere() -> None:
    assert Surroundings("", "").local_file("/etc/passwd") is None
    assert Surroundings("", "").local_file("README.md") is None


# -- through a check ---------------------------------------------------------------------------------------------------


def copying(uri: str) -> str:
    step = {"type": "File", "name": "Copy", "sourceUri": uri, "destination": "/tmp/tool.bin"}
    return deployment(resource({"customize": [step]}))


@pytest.mark.parametrize(
    ("size", "found"), [(21_000_000, ["large-file"]), (20 * 1024 * 1024 + 1, ["large-file"]), (1000, [])]
)
@pytest.mark.parametrize("uri", ["../tools/tool.bin", f"{RAW}/owner/images/main/tools/tool.bin"])
def test_a_large_file_of_the_repository(repository: Path, uri: str, size: int, found: list[str]) -> None:
    (repository / "tools").mkdir()
    with open(repository / "tools" / "tool.bin", "wb") as file:
        file.truncate(size)
    path = str(repository / "templates" / "image.json")
    assert [name(one) for one in findings(copying(uri), "large-file", path=path)] == found


def test_a_file_that_is_not_there_says_nothing(repository: Path) -> None:
    path = str(repository / "templates" / "image.json")
    assert findings(copying("../tools/tool.bin"), "large-file", path=path) == []
    assert marks(copying(f"{RAW}/other/images/main/tool.bin"), "large-file") == []
