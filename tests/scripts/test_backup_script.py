"""backup.sh: whole, verified, or not there at all; and the dump is really restored."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from renderer.local.programs import account, give

if TYPE_CHECKING:
    from conftest import Machine, Result

OWNER = account()
ROWS = "SELECT md5(string_agg(id || ':' || coalesce(text, '-'), ',' ORDER BY id)) FROM things"


@pytest.fixture
def filled(running: Machine) -> Iterator[Machine]:
    """A server with rows in a database, and an empty backup volume."""
    if running.psql("SELECT count(*) FROM pg_database WHERE datname = 'app'") == "0":
        running.psql("CREATE ROLE \"app's\" LOGIN PASSWORD 'x'")
        running.psql('CREATE DATABASE app OWNER "app\'s"')
        running.psql('CREATE DATABASE "odd = \'name\' ""x"""')
        make = (
            "CREATE TABLE things AS SELECT id, md5(id::text) || 'é' AS text "
            "FROM generate_series(1, 20000) AS id"
        )
        running.psql(make, PGDATABASE="app")
    yield running
    running.empty("backups")


def backup(machine: Machine, *, before: str = "", **more: str) -> Result:
    at = {"PGDATABASE": "app", "KEEP": "2", "REASON": "Scheduled"}
    return machine.run("backup.sh", machine.client(**{**at, **more}), before=before)


def kept(machine: Machine) -> list[str]:
    return sorted(path.name for path in machine.volume("backups").iterdir())


def test_a_backup_proves_itself_by_id_size_and_sum(filled: Machine) -> None:
    result = backup(filled).json
    directory = filled.volume("backups") / result["id"]
    assert result["verified"] is True
    assert result["method"] == "Logical"
    assert result["database"] == "app"
    assert result["version"] == filled.psql("SHOW server_version")
    sums = (directory / "SHA256SUMS").read_bytes()
    assert result["sha256"] == hashlib.sha256(sums).hexdigest()
    for line in sums.decode().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((directory / name).read_bytes()).hexdigest() == digest
    files = [path for path in directory.iterdir() if path.name != "manifest.json"]
    assert result["size"] == sum(path.stat().st_size for path in files)
    manifest = json.loads((directory / "manifest.json").read_text())
    assert {key: manifest[key] for key in ("id", "sha256", "size")} == {
        key: result[key] for key in ("id", "sha256", "size")
    }
    names = {entry["name"] for entry in manifest["databases"]}
    assert names == {"postgres", "app", "odd = 'name' \"x\""}
    assert directory.stat().st_mode & 0o777 == 0o700


def test_the_dump_restored_into_another_server_holds_the_same_rows(
    filled: Machine, twin: Machine
) -> None:
    result = backup(filled, REASON="Final").json
    directory = filled.volume("backups") / result["id"]
    manifest = json.loads((directory / "manifest.json").read_text())
    dump = next(entry["file"] for entry in manifest["databases"] if entry["name"] == "app")
    twin.start()
    globals_ = [str(twin.bin / "psql"), "-Xwq", "-f", str(directory / "globals.sql")]
    subprocess.run(globals_, env=twin.client(), check=True, capture_output=True)
    restore = ["pg_restore", "-w", "--create", "--exit-on-error", "-d", "postgres"]
    subprocess.run(
        [str(twin.bin / restore[0]), *restore[1:], str(directory / dump)],
        env=twin.client(),
        check=True,
        capture_output=True,
    )
    assert twin.psql(ROWS, PGDATABASE="app") == filled.psql(ROWS, PGDATABASE="app")
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'app'"
    assert twin.psql(owner) == "app's"


def test_a_truncated_dump_is_noticed_although_pg_dump_said_it_was_fine(filled: Machine) -> None:
    real = filled.bin / "pg_dump"
    cut = (
        f'"{real}" "$@" || exit 1\n'
        'for a in "$@"; do case "$a" in --file=*) f="$(echo "$a" | cut -c 8-)" ;; esac; done\n'
        'test "$PGDATABASE" != app || truncate -s -2000 "$f"'
    )
    result = backup(filled, before=filled.shim("pg_dump", cut))
    assert result.code == 1
    assert result.message.startswith("the dump of database app can't be read back: ")
    assert kept(filled) == []


def test_a_disk_that_changes_what_was_written_is_noticed(filled: Machine) -> None:
    flip = 'test ! -d "$1" || echo x >> "$1/globals.sql"'
    result = backup(filled, before=filled.shim("sync", flip))
    assert result.code == 1
    assert "read back differs" in result.message
    assert kept(filled) == []


@pytest.mark.parametrize(
    ("more", "before", "words"),
    [
        pytest.param({"PGPASSWORD": "no"}, "", "refused the password of postgres", id="password"),
        pytest.param(
            {"PGPORT": "1", "WAIT_SECONDS": "1"}, "", "did not accept connections", id="down"
        ),
        pytest.param({}, "ulimit -f 100; trap '' XFSZ", "dump of database app", id="file-limit"),
        pytest.param({}, "BACKUP_DIR=/proc/nowhere", "backup volume", id="no-volume"),
    ],
)
def test_a_failed_backup_says_why_and_leaves_nothing(
    filled: Machine, more: dict[str, str], before: str, words: str
) -> None:
    result = backup(filled, before=before, **more)
    assert result.code == 1
    assert words in result.message
    assert result.message.count("\n") == 1
    assert kept(filled) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_backup_volume_is_told_and_left_as_it_was(filled: Machine) -> None:
    volume = filled.volume("backups")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0777", "tmpfs", str(volume)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("no mounts here")
    try:
        result = backup(filled)
        assert result.code == 1
        assert result.message.startswith("no space left on the backup volume: the dump of database")
        assert kept(filled) == []
    finally:
        subprocess.run(["umount", str(volume)], check=True)


def test_the_oldest_verified_backups_go_and_final_ones_stay(filled: Machine) -> None:
    final = backup(filled, REASON="Final").json["id"]
    foreign = filled.volume("backups") / "by-hand"
    foreign.mkdir()
    made = [backup(filled).json["id"] for _ in range(2)]
    (filled.volume("backups") / made[0]).rename(
        filled.volume("backups") / made[0].replace(made[0][:8], "20200101")
    )
    newest = backup(filled).json["id"]
    assert set(kept(filled)) == {final, "by-hand", made[1], newest}


@pytest.mark.parametrize("days", ["30", "0", "", "soon"])
def test_backups_that_are_too_old_go_but_the_last_verified_one_never(
    filled: Machine, days: str
) -> None:
    volume = filled.volume("backups")
    final = backup(filled, REASON="Final").json["id"]
    aged = []
    for age in (29, 31):
        made = volume / backup(filled, KEEP="9").json["id"]
        then = datetime.now(UTC) - timedelta(days=age)
        aged.append(made.rename(volume / f"{then:%Y%m%dT%H%M%SZ}-aaaaaa").name)
    (volume / final).rename(volume / "20200101T000000Z-ffffff")
    (volume / "20200101T000000Z-unverified").mkdir()
    failed = backup(filled, KEEP="9", MAX_AGE_DAYS=days, before=filled.shim("pg_dump", "exit 1"))
    assert failed.code == 1
    assert set(aged) < set(kept(filled))
    newest = backup(filled, KEEP="9", MAX_AGE_DAYS=days).json["id"]
    stay = {"20200101T000000Z-ffffff", "20200101T000000Z-unverified", newest}
    assert set(kept(filled)) == stay | set(aged[:1] if days == "30" else aged)


def clock(machine: Machine, hours: int) -> str:
    """Another clock than the server's: shell that runs in front of a script."""
    there = f"$(/bin/date +%s) + {hours * 3600}"
    return machine.shim(
        "date",
        f'case "$*" in *@*) ;; *) set -- -d "@$(({there}))" "$@" ;; esac\nexec /bin/date "$@"',
    )


@pytest.mark.parametrize("hours", [-1000, -7, 7, 1000])
def test_a_clock_that_is_wrong_removes_nothing_and_is_told(filled: Machine, hours: int) -> None:
    good = [backup(filled, KEEP="3", MAX_AGE_DAYS="1").json["id"] for _ in range(2)]
    result = backup(filled, KEEP="3", MAX_AGE_DAYS="1", before=clock(filled, hours)).json
    assert kept(filled) == sorted([*good, result["id"]])
    assert abs(result["clockAhead"] - hours * 3600) < 60
    assert "clockAhead" not in backup(filled, KEEP="9").json


def test_backups_of_a_time_to_come_push_out_none_of_now_and_go_when_it_has_come(
    filled: Machine,
) -> None:
    def taken(minutes: int, before: str = "") -> str:
        made = filled.volume("backups") / backup(filled, KEEP="2", before=before).json["id"]
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        return made.rename(made.with_name(f"{at:%Y%m%dT%H%M%SZ}-aaaaaa")).name

    ahead = [taken(hours * 60, clock(filled, hours)) for hours in (46, 47, 48)]
    assert kept(filled) == ahead
    good = [taken(minutes) for minutes in (-3, -2, -1)]
    assert kept(filled) == [*good[1:], *ahead]
    volume = filled.volume("backups")
    for number, name in enumerate((good[1], *ahead)):  # and now it has
        (volume / name).rename(volume / f"2020010{number + 1}T000000Z-aaaaaa")
    newest = backup(filled, KEEP="2").json["id"]
    assert kept(filled) == [good[2], newest]


def test_a_failed_backup_removes_no_older_one(filled: Machine) -> None:
    good = [backup(filled, KEEP="1").json["id"]]
    failed = backup(filled, KEEP="1", before=filled.shim("pg_dumpall", "exit 1"))
    assert failed.code == 1
    assert failed.message.startswith("the dump of roles failed")
    assert kept(filled) == good


def test_leftovers_of_a_killed_run_go_when_they_are_old_only(filled: Machine) -> None:
    old, fresh = (filled.volume("backups") / f"{name}.partial" for name in ("old", "fresh"))
    for path in (old, fresh):
        path.mkdir()
        give(path, OWNER)
        (path / "1.dump").write_text("half")
    for path in (old / "1.dump", old):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    made = backup(filled).json["id"]
    assert kept(filled) == sorted([made, "fresh.partial"])


def test_a_backup_that_is_stopped_says_so_and_leaves_nothing(filled: Machine) -> None:
    stop = filled.shim("pg_dump", "kill -TERM $PPID")
    result = backup(filled, before=stop)
    assert result.code == 1
    assert result.message == "the backup was interrupted\n"
    assert kept(filled) == []
