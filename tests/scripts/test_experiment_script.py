"""experiment.sh and mend.sh on a real server: the fault is made, bounded, measured and undone."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from renderer.local.programs import account, give

if TYPE_CHECKING:
    from conftest import Machine, Result

MIB = 2**20
ROWS = "SELECT count(*), sum(n) FROM items"


def environment(machine: Machine, action: str, **more: str) -> dict[str, str]:
    at = {
        "ACTION": action,
        "BEGIN_SECONDS": "20",
        "FAULT_SECONDS": "2",
        "RECOVERY_SECONDS": "30",
        "VOLUME": str(machine.volume("data")),
        "VOLUME_BYTES": str(64 * MIB),
        "FILL_PERCENT": "100",
    }
    return machine.client(**{**at, **more})


def experiment(machine: Machine, action: str, **more: str) -> Result:
    return machine.run("experiment.sh", environment(machine, action, **more))


@contextmanager
def kept_alive(machine: Machine) -> Iterator[list[int]]:
    """Start the server again whenever it ends, as the kubelet does; gives its exit codes."""
    codes: list[int] = []
    over = threading.Event()

    def keep() -> None:
        while machine.server and not over.is_set():
            codes.append(machine.server.wait())
            if not over.is_set():
                machine.launch()

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield codes
    finally:
        over.set()
        assert machine.server
        machine.server.send_signal(signal.SIGTERM)
        thread.join(30)
        machine.server = None


@pytest.fixture
def served(machine: Machine) -> Machine:
    machine.mount({"parameters": {"fsync": "on"}})
    machine.start()
    machine.psql("CREATE TABLE items AS SELECT generate_series(1, 1000) AS n")
    return machine


def test_a_crashed_server_recovers_with_every_committed_row(served: Machine) -> None:
    served.psql("CHECKPOINT")
    served.psql("INSERT INTO items SELECT generate_series(1001, 2000)")
    rows = served.psql(ROWS)
    with kept_alive(served) as codes:
        found = experiment(served, "ServerCrash").json
        assert served.psql(ROWS) == rows == "2000|2001000"
    assert codes[0] == 0, "that is how the postmaster ends when it is told to at once"
    log = (served.root / "server.log").read_text()
    assert "received immediate shutdown request" in log
    assert "database system was not properly shut down; automatic recovery in progress" in log
    assert (found["action"], found["recovered"], found["kept"]) == ("ServerCrash", True, True)
    assert 0 <= found["recoverySeconds"] <= 30


def test_a_server_that_stays_away_is_told(served: Machine) -> None:
    found = experiment(served, "ServerCrash", RECOVERY_SECONDS="2").json
    assert found["recovered"] is False
    assert "did not answer within 2 s" in found["said"]


def test_a_server_that_others_replace_is_measured(served: Machine) -> None:
    with kept_alive(served):
        threading.Timer(2, lambda: served.server and served.server.send_signal(15)).start()
        found = experiment(served, "PodKill").json
        assert served.psql(ROWS).startswith("1000|")
    assert (found["recovered"], found["kept"]) == (True, True)


def test_a_fault_that_never_comes_says_nothing(served: Machine) -> None:
    told = experiment(served, "PodKill", BEGIN_SECONDS="2")
    assert (told.code, told.message) == (65, "the server was never away within 2 s\n")


def test_a_volume_that_is_a_folder_of_a_disk_is_not_filled(served: Machine) -> None:
    told = experiment(served, "FillDisk")
    assert told.code == 65
    assert "filling it would harm others" in told.message
    assert not filler(served).exists()


def test_a_network_that_refuses_nothing_is_said_not_to(served: Machine) -> None:
    before = served.shim("date", 'n=$(cat "$TMPDIR/now" 2> /dev/null || echo 0)\n'
        'echo $((n + 61)) > "$TMPDIR/now"\necho "$n"')  # fmt: skip
    told = served.run("experiment.sh", environment(served, "NetworkDeny"), before=before)
    assert told.code == 65
    assert "does not enforce NetworkPolicies" in told.message


def test_a_network_that_refuses_everything_is_told_until_its_time_is_over(machine: Machine) -> None:
    assert experiment(machine, "NetworkDeny").json["enforced"] is True


def test_a_network_that_does_not_let_in_again_is_told(machine: Machine) -> None:
    at = environment(machine, "NetworkDeny", RECOVERY_SECONDS="2")
    told = machine.run("mend.sh", at)
    assert told.code == 65
    assert "did not answer within 2 s" in told.message


def test_a_network_that_lets_in_again_is_told(served: Machine) -> None:
    found = served.run("mend.sh", environment(served, "NetworkDeny")).json
    assert found == {"action": "NetworkDeny", "gone": True, "recovered": True}


def filler(machine: Machine) -> Path:
    return machine.volume("data") / "sampledb-experiment.fill"


def test_what_an_experiment_has_left_is_removed_also_twice(machine: Machine) -> None:
    filler(machine).write_text("x")
    for _ in range(2):
        assert machine.run("mend.sh", environment(machine, "FillDisk")).json["gone"] is True
        assert not filler(machine).exists()


@pytest.fixture
def small(machine: Machine) -> Iterator[Machine]:
    """A server whose volume is a file system of 96 MiB."""
    volume = machine.volume("data")
    rights = ["sudo", "-n"] if os.geteuid() else []
    mount = [*rights, "mount", "-t", "tmpfs", "-o", "size=96m,mode=0755", "none", str(volume)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.fail("the tests of a full volume mount a tmpfs, which needs root or sudo")
    try:
        give(volume, account())
        settings = {"min_wal_size": "32MB", "max_wal_size": "32MB"}
        machine.mount({"parameters": settings})
        machine.start()
        machine.psql("CREATE TABLE items AS SELECT generate_series(1, 1000) AS n")
        yield machine
        machine.stop()
    finally:
        machine.end_processes()
        subprocess.run([*rights, "umount", "-l", str(volume)], check=True)


def test_a_full_volume_stops_writes_and_is_emptied_again(small: Machine) -> None:
    found = experiment(small, "FillDisk", VOLUME_BYTES=str(96 * MIB)).json
    assert "No space left on device" in found["said"]
    assert (found["recovered"], found["kept"]) == (True, True)
    assert not filler(small).exists()
    assert small.psql(ROWS) == "1000|500500"


def test_a_volume_is_filled_no_further_than_asked(small: Machine) -> None:
    fullest = watch_fullness(small)
    found = experiment(small, "FillDisk", VOLUME_BYTES=str(96 * MIB), FILL_PERCENT="80").json
    assert 0.78 <= fullest() <= 0.85
    assert (found["said"], found["recovered"]) == ("", True)


def watch_fullness(machine: Machine) -> Callable[[], float]:
    """How full the volume was at its fullest, looked at all the time."""
    over, seen = threading.Event(), [0.0]

    def look() -> None:
        while not over.is_set():
            stat = os.statvfs(machine.volume("data"))
            seen.append(1 - stat.f_bfree / stat.f_blocks)
            over.wait(0.05)

    thread = threading.Thread(target=look)
    thread.start()

    def end() -> float:
        over.set()
        thread.join()
        return max(seen)

    return end


def test_a_job_that_is_ended_empties_the_volume(
    small: Machine, wait_until: Callable[..., None]
) -> None:
    wanted = environment(small, "FillDisk", VOLUME_BYTES=str(96 * MIB), FAULT_SECONDS="60")
    who = account()
    job = subprocess.Popen(
        ["/bin/sh", str(small.volume("scripts") / "experiment.sh")],
        env=wanted,
        cwd="/",
        stderr=subprocess.DEVNULL,
        user=who.uid if who else None,
        group=who.gid if who else None,
    )
    wait_until(lambda: filler(small).exists())
    job.send_signal(signal.SIGTERM)
    assert job.wait(30) == 1
    assert not filler(small).exists()
    assert small.log.read_text() == "the experiment was interrupted\n"
