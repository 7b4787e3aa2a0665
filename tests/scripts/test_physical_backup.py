"""backup-physical.sh and what restore.sh makes of it: the server's own files."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from drill_volume import drill
from known_rows import EXPECTED, FILL, NAME, QUOTED, ROWS

if TYPE_CHECKING:
    from conftest import Machine, Result

# The wheel's pg_verifybackup of 18 crashes: there, the manifest's sums are compared by this.
STAND_IN = r"""for data; do :; done
cd "$data" || exit 1
sed -n 's/.*"Path": "\([^"]*\)".*"Checksum": "\([0-9a-f]*\)".*/\2  \1/p' backup_manifest |
  sha256sum --check --quiet --strict >&2"""
PREPARED = {"max_prepared_transactions": "2"}
REPLICATION = ["host replication postgres all scram-sha-256"]


@pytest.fixture(scope="module")
def source(running: Machine) -> Machine:
    """A server that may be copied, with rows."""
    running.stop()
    running.mount({"pgHba": REPLICATION, "parameters": PREPARED})
    running.start()
    running.psql("BEGIN; CREATE TABLE half (); PREPARE TRANSACTION 'half'")
    running.psql(f"CREATE DATABASE {QUOTED}")
    running.psql(FILL, PGDATABASE=NAME)
    return running


def verifier(machine: Machine) -> str:
    return machine.shim("pg_verifybackup", STAND_IN) if machine.version == "18" else ""


def backup(machine: Machine, **more: str) -> Result:
    at = {"PGDATABASE": NAME, "KEEP": "2", "REASON": "Scheduled"}
    env = machine.client(**{**at, **more})
    return machine.run("backup-physical.sh", env, before=verifier(machine))


@pytest.fixture
def copied(source: Machine) -> Iterator[Path]:
    """A verified backup of it."""
    for name in ("sampledb-upgrade.json", "sampledb-restore.json"):
        (source.pgdata / name).write_text("{}")
        (source.pgdata / name).chmod(0o644)
    yield source.volume("backups") / backup(source).json["id"]
    source.empty("backups")


def test_a_copy_is_started_and_read_before_it_counts(source: Machine) -> None:
    result = backup(source, **drill(source.root)).json
    assert (result["method"], result["verify"]) == ("Physical", "Restore")
    assert result["rows"] == int(source.psql("SELECT count(*) FROM things", PGDATABASE=NAME))
    source.empty("backups")


def restore(machine: Machine, backup: Path, **more: str) -> Result:
    env = machine.env(
        BACKUP_DIR=str(backup.parent),
        BACKUP_ID=backup.name,
        BACKUP_SHA256="",
        DRILL="",
        OWNER="",
        OWNER_PASSWORD="",
        POSTGRES_PASSWORD="",
        PGUSER="postgres",
        WAIT_SECONDS="60",
        **more,
    )
    return machine.run("restore.sh", env, before=verifier(machine))


def test_the_copy_proves_itself_and_starts_with_the_same_rows(
    source: Machine, twin: Machine, copied: Path
) -> None:
    manifest = json.loads((copied / "manifest.json").read_text())
    assert (manifest["method"], manifest["reason"]) == ("Physical", "Scheduled")
    assert {each["name"] for each in manifest["databases"]} == {"postgres", NAME}
    assert manifest["database"] == NAME
    assert manifest["sha256"] == hashlib.sha256((copied / "SHA256SUMS").read_bytes()).hexdigest()
    digest, _, name = (copied / "SHA256SUMS").read_text().strip().partition("  ")
    assert hashlib.sha256((copied / name).read_bytes()).hexdigest() == digest
    files = [path for path in copied.rglob("*") if path.is_file()]
    assert (
        manifest["size"]
        == sum(path.stat().st_size for path in files if path.parent != copied)
        + (copied / "SHA256SUMS").stat().st_size
    )
    at = f"SELECT '{manifest['lsn']}'::pg_lsn <= pg_current_wal_lsn()"
    assert source.psql(at) == "t"
    result = restore(twin, copied).json
    assert {path.name for path in twin.pgdata.glob("*.json")} == {"sampledb-restore.json"}
    assert (result["method"], result["databases"]) == ("Physical", 2)
    assert (result["tables"], result["rows"]) == (1, 5000)
    twin.mount({"parameters": PREPARED})
    twin.start()
    assert twin.psql("SELECT gid FROM pg_prepared_xacts") == "half"
    assert twin.psql(ROWS, PGDATABASE=NAME) == EXPECTED


def flip_a_bit(source: Machine, copied: Path) -> str:
    """In the copy of a table; the file's name."""
    where = source.psql("SELECT pg_relation_filepath('things')", PGDATABASE=NAME)
    data = bytearray((copied / "data" / where).read_bytes())
    data[len(data) // 2] ^= 1
    (copied / "data" / where).write_bytes(data)
    return where


def test_a_flipped_bit_in_the_copy_is_refused_by_the_name_of_its_file(
    source: Machine, twin: Machine, copied: Path
) -> None:
    where = flip_a_bit(source, copied)
    result = restore(twin, copied)
    assert result.code == 65
    assert f"the backup {copied.name} is damaged: " in result.message
    assert where in result.message
    assert list(twin.volume("data").rglob("*PG_VERSION")) == []


def test_files_of_another_major_are_refused(
    copied: Path, twin: Machine, machines: Callable[[str], Machine]
) -> None:
    other = machines("18" if twin.version == "16" else "16")
    try:
        result = restore(other, copied)
        assert result.code == 65
        assert f"restore it with {twin.version}" in result.message
    finally:
        other.close()


def test_a_copy_that_fails_says_why_and_leaves_nothing(source: Machine) -> None:
    broken = source.shim("pg_basebackup", "echo 'pg_basebackup: error: no more' >&2; exit 1")
    env = source.client(PGDATABASE=NAME, KEEP="2", REASON="Scheduled")
    result = source.run("backup-physical.sh", env, before=broken)
    assert result.code == 1
    assert (
        result.message == "the copy of the server's files failed: pg_basebackup: error: no more\n"
    )
    changed = source.shim("pg_verifybackup", "echo 'error: checksum mismatch' >&2; exit 1")
    result = source.run("backup-physical.sh", env, before=changed)
    assert "read back differs from what was written: error: checksum mismatch" in result.message
    assert list(source.volume("backups").iterdir()) == []


def test_old_copies_go_and_a_server_without_a_line_for_replication_is_told(
    source: Machine, twin: Machine
) -> None:
    made = [backup(source, KEEP="1").json["id"]]
    time.sleep(1.1)  # the ids are in the order of their seconds
    made += [backup(source, KEEP="1").json["id"]]
    assert [path.name for path in source.volume("backups").iterdir()] == made[1:]
    source.empty("backups")
    twin.start()
    result = backup(twin)
    assert result.code == 65
    assert "pg_hba.conf needs a line for replication" in result.message


def test_a_copy_that_was_never_verified_is_restored_only_when_told(
    twin: Machine, copied: Path
) -> None:
    (copied / "manifest.json").unlink()
    assert "was never verified" in restore(twin, copied).message
    result = restore(twin, copied, ALLOW_UNVERIFIED="1").json
    assert (result["verified"], result["method"]) == (False, "Physical")
    twin.mount({"parameters": PREPARED})
    twin.start()
    assert twin.psql(ROWS, PGDATABASE=NAME) == EXPECTED


def test_a_copy_that_was_never_verified_and_is_damaged_is_refused(
    source: Machine, twin: Machine, copied: Path
) -> None:
    (copied / "manifest.json").unlink()
    where = flip_a_bit(source, copied)
    result = restore(twin, copied, ALLOW_UNVERIFIED="1")
    assert result.code == 65
    assert f"the backup {copied.name} is damaged: " in result.message
    assert where in result.message
