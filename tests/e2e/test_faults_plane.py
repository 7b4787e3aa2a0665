"""The API server is killed, etcd hangs: operations go on where they were."""

from __future__ import annotations

import threading
import time

from e2e.control_plane import ControlPlane
from e2e.handover import Handover
from e2e.test_faults_kill import BACKUP
from subjects import DELETE, PROVISION

_HANGS_SECONDS = 20.0


def ready(played: Handover, name: str) -> bool:
    return bool(played.condition(name, "Ready").get("status") == "True")


def restart(plane: ControlPlane) -> None:
    """kill -9, then a start with the same data."""
    plane.api.kill()
    plane.api.restart(plane.ready, 120)


def test_the_api_server_is_killed_in_the_middle_of_operations(
    played: Handover, plane: ControlPlane
) -> None:
    with played.controller() as process:
        played.create("restarted", backup=BACKUP)
        played.until(lambda: played.subjects("restarted"), "the first commit")
        restart(plane)
        played.until(lambda: ready(played, "restarted"), "Ready", 180)
        assert played.subjects("restarted") == PROVISION
        assert "doesn't answer" in played.log()

        played.delete("restarted")
        played.until(lambda: len(played.subjects("restarted")) > len(PROVISION), "the deletion")
        restart(plane)
        played.until(lambda: not played.get("restarted"), "the end of the SampleDB", 180)
        assert process.poll() is None
    assert played.subjects("restarted") == PROVISION + DELETE
    played.until(
        lambda: set(played.children("restarted")) == {"PersistentVolumeClaim/restarted-backup"},
        "only the backups",
    )


def test_a_hanging_etcd_is_waited_for(played: Handover, plane: ControlPlane) -> None:
    with played.controller() as process:
        played.create("hung")
        played.until(lambda: played.subjects("hung"), "the first commit")
        plane.etcd.pause()
        threading.Timer(_HANGS_SECONDS, plane.etcd.resume).start()
        began = time.monotonic()
        played.until(plane.ready, "the API server again")
        assert time.monotonic() - began >= _HANGS_SECONDS / 2
        played.until(lambda: ready(played, "hung"), "Ready", 180)
        assert process.poll() is None
    assert played.subjects("hung") == PROVISION
