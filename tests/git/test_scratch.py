"""Temporary folders of processes that live, that ended, and that were killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from renderer.git import scratch

_OTHER = """
from renderer.git import scratch
with scratch.folder() as made:
    (made / "copy.git").mkdir()
    print(made, flush=True)
    input()
"""


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory of this process and its children."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def other() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process with a folder; it ends with the block."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", _OTHER], text=True, **pipes) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.communicate("\n")


def test_a_folder_goes_with_its_process(above: Path) -> None:
    with other() as (_, left):
        assert left.parent == above
    assert not list(above.iterdir())


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(
    above: Path,
) -> None:
    with other() as (_, lives):
        with other() as (killed, left):
            killed.kill()
            killed.wait()
        assert left.exists()
        with scratch.folder() as own:
            assert set(above.iterdir()) == {own, lives}
            assert (lives / "copy.git").is_dir()
    assert not list(above.iterdir())


def test_nothing_else_is_removed(above: Path) -> None:
    elsewhere = above / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "held").touch()
    (above / "sampledb-link").symlink_to(elsewhere)
    (above / "sampledb-new").mkdir()
    (above / "sampledb-file").touch()
    (above / "sampledb-pipe").mkdir()
    os.mkfifo(above / "sampledb-pipe" / "held.new")
    (above / "sampledb-odd").mkdir()
    (above / "sampledb-odd" / "held").symlink_to(elsewhere / "held")
    before = sorted(above.rglob("*"))
    with scratch.folder():
        pass
    assert sorted(above.rglob("*")) == before
