"""The command line, run as a process and in this one, and what it works on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import MINIMAL, PROGRAM, Ended, Run, environment, git
from laptop_fixtures import line, still

from renderer.cli import main

__all__ = ["line", "still"]


@pytest.fixture
def process(tmp_path: Path) -> Run:
    """`sampledb …` as a process of its own, in a folder of its own."""

    def run(
        *arguments: str | Path,
        stdin: str = "",
        cwd: Path = tmp_path,
        program: Path = PROGRAM,
        **env: str,
    ) -> Ended:
        done = subprocess.run(
            [str(program), *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env=environment(**env),
            timeout=180,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def sampledb(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """The same in this process, which is quicker: for tables."""
    for name in set(os.environ) - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Ended:
        capfd.readouterr()
        code = main.run([str(argument) for argument in arguments])
        seen = capfd.readouterr()
        return Ended(int(code), seen.out, seen.err)

    return run


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An empty bare repository: the deployment repository."""
    folder = tmp_path / "deploy.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    return folder


@pytest.fixture
def clone(tmp_path: Path, bare: Path) -> Callable[[], Path]:
    """A checkout of the deployment repository, made when it is asked for."""

    def make() -> Path:
        folder = tmp_path / "checkout"
        git(tmp_path, "clone", "-q", str(bare), str(folder))
        return folder

    return make


@pytest.fixture
def another(tmp_path: Path) -> Callable[..., Path]:
    """Write a SampleDB like the minimal example, with something else in it."""

    def write(name: str, **changes: str) -> Path:
        text = MINIMAL.read_text().replace("example-database", name)
        for old, new in changes.items():
            text = text.replace(old.replace("_", " "), new)
        file = tmp_path / f"{name}.yaml"
        file.write_text(text)
        return file

    return write


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[None]:
    """Assert that nothing was written to the test's folder."""
    before = _listing(tmp_path)
    yield
    assert _listing(tmp_path) == before


def _listing(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
