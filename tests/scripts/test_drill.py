"""Backups with VERIFY=Restore: what can't be restored is no backup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from drill_volume import drill
from known_rows import FILL

if TYPE_CHECKING:
    from conftest import Machine, Result


@pytest.fixture
def filled(running: Machine) -> Iterator[Machine]:
    """A server with rows and a role in a database, and an empty backup volume."""
    if running.psql("SELECT count(*) FROM pg_database WHERE datname = 'app'") == "0":
        running.psql("CREATE ROLE shop LOGIN PASSWORD 'x'")
        running.psql("CREATE DATABASE app OWNER shop")
        running.psql(FILL, PGDATABASE="app")
    yield running
    running.empty("backups")


def backup(machine: Machine, *, before: str = "", **more: str) -> Result:
    at = {"PGDATABASE": "app", "KEEP": "1", "REASON": "Scheduled", **drill(machine.root)}
    return machine.run("backup.sh", machine.client(**{**at, **more}), before=before)


def kept(machine: Machine) -> list[str]:
    return sorted(path.name for path in machine.volume("backups").iterdir())


def test_a_backup_counts_once_it_was_restored_and_read(filled: Machine) -> None:
    first = backup(filled).json
    drilled = {"verify": "Restore", "tables": 1, "rows": 5000}
    assert {key: first[key] for key in drilled} == drilled
    assert first["verified"] is True
    manifest: Path = filled.volume("backups") / first["id"] / "manifest.json"
    written = json.loads(manifest.read_text())
    assert {key: written[key] for key in drilled} == drilled
    assert list(filled.root.glob("drill-*/drill*")) == []
    second = backup(filled).json
    assert kept(filled) == [second["id"]]


def test_a_backup_that_can_not_be_restored_is_not_kept_and_the_older_one_is(
    filled: Machine,
) -> None:
    good = backup(filled).json["id"]
    refuse = (
        'case "$*" in *--file=/dev/null*) exit 0 ;; *) echo "no such function" >&2; exit 1 ;; esac'
    )
    failed = backup(filled, before=filled.shim("pg_restore", refuse))
    assert failed.code == 1
    assert failed.message.startswith(
        "the backup could be written and not restored, so it is not kept, and the older ones are: "
        "the database "
    )
    assert "no such function" in failed.message
    assert failed.message.count("\n") == 1
    assert kept(filled) == [good]


def test_a_drill_that_is_killed_leaves_no_backup_behind(filled: Machine) -> None:
    good = backup(filled).json["id"]
    killed = backup(filled, before=filled.kill_in("vacuumdb", when="before"))
    assert killed.code == 1
    assert "the older ones are: " in killed.message
    assert kept(filled) == [good]


def test_no_room_for_the_drill_is_told(filled: Machine) -> None:
    failed = backup(filled, DRILL_DIR="/proc/nowhere")
    assert failed.code == 1
    assert failed.message.startswith("could not write to the volume of the drill: ")
    assert kept(filled) == []
