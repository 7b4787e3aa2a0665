"""post-upgrade.sh and drop-old.sh: what follows when the new server runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Machine


def test_statistics_are_there_and_extensions_are_of_the_images_version(running: Machine) -> None:
    running.psql('CREATE DATABASE "after \' it"')
    at = {"PGDATABASE": "after ' it"}
    running.psql("CREATE TABLE things AS SELECT generate_series(1, 100) AS id", **at)
    running.psql("CREATE EXTENSION vector", **at)
    version = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    newest = running.psql(version, **at)
    step_back = """UPDATE pg_extension SET extversion = (
        SELECT max(source) FROM pg_extension_update_paths('vector')
        WHERE path = source || '--' || target AND target = extversion) WHERE extname = 'vector'"""
    running.psql(step_back, **at)
    assert running.psql(version, **at) != newest
    result = running.run("post-upgrade.sh", running.client())
    assert result.json["extensions"] == 1
    assert result.json["warnings"] == []
    assert running.psql(version, **at) == newest
    assert running.psql("SELECT count(*) FROM pg_stats WHERE tablename = 'things'", **at) == "1"
    assert running.run("post-upgrade.sh", running.client()).json["extensions"] == 0


def test_a_collation_of_another_version_is_told_and_left_for_the_reindex(running: Machine) -> None:
    running.psql('CREATE DATABASE "sort""ed"')
    at = {"PGDATABASE": 'sort"ed'}
    # A collation that has a version on every system: the one of its own that 17 brought.
    known = "SELECT count(*) FROM pg_collation WHERE collname = 'pg_c_utf8'"
    found = int(running.psql(known, **at))
    running.psql("UPDATE pg_collation SET collversion = '0' WHERE collname = 'pg_c_utf8'", **at)
    warned = running.run("post-upgrade.sh", running.client()).json["warnings"]
    words = 'database sort"ed: collation pg_c_utf8 was made with version 0, and is now 1'
    assert warned == [words] * found
    running.psql('DROP DATABASE "sort""ed"')


def test_an_extension_that_can_not_be_updated_is_told_in_the_servers_words(
    running: Machine,
) -> None:
    running.psql("CREATE DATABASE stuck")
    running.psql("CREATE EXTENSION vector", PGDATABASE="stuck")
    running.psql("UPDATE pg_extension SET extversion = '0.0.1'", PGDATABASE="stuck")
    result = running.run("post-upgrade.sh", running.client())
    running.psql("DROP DATABASE stuck")
    assert result.code == 65
    assert "an extension of the database stuck could not be updated: ERROR:" in result.message


@pytest.fixture
def volume(machine: Machine) -> Iterator[Path]:
    """A data volume as an upgrade from 9 leaves it, the new server started since."""
    data = machine.volume("data")
    files = {
        "9/docker/PG_VERSION": "9\n",
        "9/docker/base/1": "x" * 100_000,
        f"{machine.version}/docker/PG_VERSION": f"{machine.version}\n",
        f"{machine.version}/docker/sampledb-upgrade.json": (
            f'{{"from": "9", "to": "{machine.version}", "seconds": 1}}\n'
        ),
        f"{machine.version}/docker/global/pg_control": "x",
    }
    for name, text in files.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    marker = machine.pgdata / "sampledb-upgrade.json"
    os.utime(marker, (1_600_000_000, 1_600_000_000))
    for path in [data, *data.rglob("*")]:
        path.chmod(0o777)
    return data


def drop(machine: Machine) -> dict[str, str]:
    return machine.env(OLD_PGDATA=str(machine.volume("data") / "9" / "docker"))


def test_the_old_data_goes_once_the_new_server_has_run(machine: Machine, volume: Path) -> None:
    result = machine.run("drop-old.sh", drop(machine)).json
    assert (result["dropped"], result["kept"]) == ("9", machine.version)
    assert result["freed"] >= 100_000
    assert [path.name for path in volume.iterdir()] == [machine.version]
    assert machine.run("drop-old.sh", drop(machine)).json["freed"] == 0


def test_a_killed_removal_is_finished_by_the_next_run(machine: Machine, volume: Path) -> None:
    killed = machine.run("drop-old.sh", drop(machine), before=machine.kill_in("rm", when="before"))
    assert killed.code == -9
    assert not (volume / "9" / "docker").exists()
    assert machine.run("drop-old.sh", drop(machine)).json["freed"] >= 100_000
    assert not (volume / "9").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param("rm sampledb-upgrade.json", "not been made by a finished upgrade", id="mark"),
        pytest.param("touch sampledb-upgrade.json", "has not been started", id="start"),
        pytest.param("echo 99 > PG_VERSION", "does not hold data of", id="version"),
        pytest.param("echo 8 > ../../9/docker/PG_VERSION", "data of PostgreSQL 9; it", id="old"),
        pytest.param("OLD_PGDATA=$PGDATA", "directory are the same", id="same"),
    ],
)
def test_the_old_data_stays_when_it_may_still_be_needed(
    machine: Machine, volume: Path, change: str, words: str
) -> None:
    result = machine.run("drop-old.sh", drop(machine), before=f'cd "$PGDATA"\n{change}')
    assert result.code == 65
    assert words in result.message
    assert (volume / "9" / "docker" / "base" / "1").exists()
