"""What a user installs: a wheel with one top-level package, a checkout, and the pre-commit hook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.examples import SOUND

ROOT = Path(__file__).parent.parent


def _run(*command: str | Path, cwd: Path, ok: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "AIBLINT_RAISE")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode in ok, done.stdout + done.stderr
    return done


def _template(**properties: object) -> str:
    sound = SOUND["linux"]
    resource = {**sound, "properties": {**sound["properties"], **properties}}  # type: ignore[dict-item]
    return json.dumps({"$schema": "x/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": [resource]})


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as git has it, with what is not committed yet: a repository of its own."""
    folder = tmp_path_factory.mktemp("aiblint")
    listed = _run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    _run("git", "init", "-q", cwd=folder)
    _run("git", "add", "-A", cwd=folder)
    _run("git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "all", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, checkout, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an environment in which the wheel, and nothing of the checkout, is installed."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    _run(scripts / "python", "-m", "pip", "install", "-q", wheel, cwd=folder)
    return scripts


def test_the_wheel_has_one_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"aiblint"}
    assert "aiblint/checks/__init__.py" in names
    assert "aiblint/schemas/2024-02-01.json" in names
    assert "aiblint/py.typed" in names


def test_the_wheel_works_from_another_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(_template())
    (tmp_path / "bad.json").write_text(_template(buildTimeoutInMinutes=5, vmProfile={"osDiskSizeGB": "40"}))
    aiblint = installed / "aiblint"
    assert _run(aiblint, "good.json", cwd=tmp_path).stdout.startswith("no problems")
    found = _run(aiblint, "--output", "json", "bad.json", cwd=tmp_path, ok=(1,))
    ids = [finding["id"] for finding in json.loads(found.stdout)["findings"]]
    assert ids == ["AIB220", "AIB104"] or sorted(ids) == ["AIB104", "AIB220"]
    assert "build-timeout-range" in _run(aiblint, "explain", "AIB220", cwd=tmp_path).stdout
    assert "AIB220" in _run(installed / "python", "-m", "aiblint", "rules", cwd=tmp_path).stdout


def test_an_editable_install_works_from_another_folder(checkout: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    _run(scripts / "python", "-m", "pip", "install", "-q", "-e", checkout, cwd=tmp_path)
    (tmp_path / "bad.json").write_text(_template(buildTimeoutInMinutes=5))
    assert "AIB220" in _run(scripts / "aiblint", "bad.json", cwd=tmp_path, ok=(1,)).stdout
    # Mended in the checkout, it is at once what runs: no stale copy is in the way.
    where = _run(scripts / "python", "-c", "import aiblint.checks as c; print(c.__file__)", cwd=tmp_path).stdout
    assert Path(where.strip()).parent == checkout / "checks"


def test_pre_commit(checkout: Path, tmp_path: Path) -> None:
    """`pre-commit try-repo` on a repository with a good template, a bad one and JSON that is no template."""
    _run("git", "init", "-q", cwd=tmp_path)
    (tmp_path / "good.json").write_text(_template())
    (tmp_path / "package.json").write_text('{"name": "unrelated", "buildTimeoutInMinutes": 5}')
    _run("git", "add", "-A", cwd=tmp_path)
    command = (sys.executable, "-m", "pre_commit", "try-repo", checkout, "aiblint", "--all-files")
    assert "Passed" in _run(*command, cwd=tmp_path).stdout
    (tmp_path / "bad.json").write_text(_template(buildTimeoutInMinutes=5))
    _run("git", "add", "-A", cwd=tmp_path)
    failed = _run(*command, cwd=tmp_path, ok=(1,)).stdout
    assert "Failed" in failed
    assert "bad.json:1:" in failed and "AIB220" in failed
    assert "good.json" not in failed and "package.json" not in failed
