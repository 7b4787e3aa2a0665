"""open-snapshot.sh: the data of a snapshot of a running server, made ready and read."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from known_rows import EXPECTED, FILL, NAME, QUOTED, ROWS

from renderer.local.snapshots import standing_still

if TYPE_CHECKING:
    from conftest import Machine, Result


def snapshot(source: Machine, target: Machine) -> None:
    """Copy the volume of a running server, of one moment."""
    folder, copy = source.volume("data"), target.volume("data")
    with standing_still(folder):
        shutil.copytree(folder, copy, dirs_exist_ok=True)
    owner = folder.stat()
    for path in (copy, *copy.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


def opened(machine: Machine, *, before: str = "", **more: str) -> Result:
    at = {
        "SNAPSHOT": "orders-snapshot-1",
        "OWNER": "app's",
        "OWNER_PASSWORD": "",
        "PGUSER": "postgres",
    }
    return machine.run("open-snapshot.sh", machine.env(**{**at, **more}), before=before)


@pytest.fixture(scope="module")
def source(running: Machine) -> Machine:
    running.psql("CREATE ROLE \"app's\" LOGIN PASSWORD 'of the snapshot'")
    running.psql(f'''CREATE DATABASE {QUOTED} OWNER "app's"''')
    running.psql(FILL, PGDATABASE=NAME)
    return running


def test_the_log_is_replayed_and_every_row_is_there(source: Machine, twin: Machine) -> None:
    snapshot(source, twin)
    assert (twin.pgdata / "postmaster.pid").exists()
    result = opened(twin, OWNER_PASSWORD="another").json
    assert (result["id"], result["method"]) == ("orders-snapshot-1", "VolumeSnapshot")
    assert (result["databases"], result["tables"], result["rows"]) == (2, 1, 5000)
    assert result["version"] == source.psql("SHOW server_version")
    assert opened(twin).json == result
    twin.start()
    assert "not properly shut down" not in (twin.root / "server.log").read_text()
    assert twin.psql(ROWS, PGDATABASE=NAME) == EXPECTED
    who = {"PGUSER": "app's", "PGPASSWORD": "another"}
    assert twin.psql("SELECT current_user", **who) == "app's"


def test_a_kill_in_the_middle_is_made_good_by_the_next_run(source: Machine, twin: Machine) -> None:
    snapshot(source, twin)
    killed = opened(twin, before=twin.kill_in("sync", when="before"))
    assert killed.code == -9
    twin.end_processes()
    assert opened(twin).json["rows"] == 5000


def test_what_another_restore_has_said_of_the_data_is_not_believed(
    source: Machine, twin: Machine
) -> None:
    snapshot(source, twin)
    (twin.pgdata / "sampledb-snapshot.json").write_text('{"id": "orders-snapshot-0", "rows": 1}')
    assert opened(twin).json["rows"] == 5000


def test_data_of_another_major_are_refused_with_the_version_that_reads_them(
    source: Machine, twin: Machine
) -> None:
    snapshot(source, twin)
    other = "18" if source.version == "16" else "16"
    twin.pgdata.parent.rename(twin.volume("data") / other)
    (twin.volume("data") / other / "docker" / "PG_VERSION").write_text(f"{other}\n")
    result = opened(twin)
    assert result.code == 65
    assert (
        f"holds data of PostgreSQL {other}, which PostgreSQL {source.version} can" in result.message
    )
    assert f'spec.version is "{other}"' in result.message


def test_a_snapshot_without_data_is_refused(twin: Machine) -> None:
    result = opened(twin)
    assert (result.code, result.message.strip()) == (
        65,
        "the snapshot orders-snapshot-1 holds no data of PostgreSQL",
    )


def test_damaged_data_are_told_and_nothing_is_left_running(source: Machine, twin: Machine) -> None:
    snapshot(source, twin)
    (twin.pgdata / "global" / "pg_control").write_bytes(b"\0" * 8192)
    result = opened(twin)
    assert result.code == 65
    assert "does not start on the data of the snapshot orders-snapshot-1" in result.message
    assert twin.processes() == []
