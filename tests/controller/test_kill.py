"""kill -9 between any two steps: the next start goes on, nothing twice, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from laptop_line import Line
from subjects import DELETE, PROVISION

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
INIT = {"sql": ["CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)"]}


def kill_after(line: Line, count: int) -> None:
    """Run a controller until there are `count` commits, then kill -9.

    The applier waits meanwhile: the next step can't be proved before the kill.
    """
    line.laptop.applier.pause()
    with line.controller() as process:
        line.until(lambda: len(line.subjects()) >= count, f"commit {count}")
        process.kill()
        process.wait()
    line.laptop.applier.resume()
    assert line.laptop.applier.wait_for(line.git.run("rev-parse", "main").text, 30)


def test_every_step_of_provision_and_delete_survives_a_kill(line: Line) -> None:
    line.create(init=INIT)
    for count in range(1, len(PROVISION) + 1):
        kill_after(line, count)
        assert line.subjects() == PROVISION[:count]
    with line.controller():
        line.until(lambda: line.holds("Ready"), "Ready")
    assert line.laptop.psql(KEY, "SELECT count(*) FROM t") == [("1",)]

    line.delete()
    for count in range(1, len(DELETE) + 1):
        kill_after(line, len(PROVISION) + count)
        assert line.subjects() == PROVISION + DELETE[:count]
    with line.controller():
        line.until(lambda: line.get() is None, "the end of the SampleDB")
    assert line.subjects() == PROVISION + DELETE
    claims = [c["metadata"]["name"] for c in line.laptop.objects.list("persistentvolumeclaims")]
    assert claims == ["orders-backup"]


def test_a_kill_before_the_first_commit_is_harmless(line: Line) -> None:
    line.create(init=INIT)
    with line.controller() as process:
        line.until(lambda: (line.get() or {})["metadata"].get("finalizers"), "the finalizer")
        process.kill()
        process.wait()
    with line.controller():
        line.until(lambda: line.holds("Ready"), "Ready")
    assert line.subjects() == PROVISION


def test_what_a_killed_controller_left_in_the_temporary_folder_is_removed(
    still: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with still.controller() as process:
        still.until(lambda: "working as" in still.log(), "the first controller at work")
        process.kill()
        process.wait()
    (left,) = tmp_path.glob("sampledb-*")
    with still.controller():
        still.until(lambda: still.log().count("working as") == 2, "the second at work")
        (own,) = tmp_path.glob("sampledb-*")
        assert own != left
    assert not list(tmp_path.glob("sampledb-*"))
