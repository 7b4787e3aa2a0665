"""restore.sh: a backup becomes a data directory, whole and compared, or nothing does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from known_rows import EXPECTED, FILL, NAME, QUOTED, ROWS

if TYPE_CHECKING:
    from conftest import Machine, Result

MEMBERS = """
    CREATE ROLE "man ""ager GRANTED BY" CREATEROLE; SET ROLE "man ""ager GRANTED BY";
    CREATE ROLE team; GRANT team TO "app's" WITH ADMIN OPTION;
    RESET ROLE; CREATE ROLE manager CREATEROLE; SET ROLE manager;
    CREATE ROLE "GRANTED BY"; GRANT "GRANTED BY" TO "app's";
"""
"""Who grants has CREATEROLE, and up to 15 no right of their own in the role."""


@pytest.fixture(scope="module")
def source(running: Machine) -> Machine:
    """A server with two databases, roles with passwords, and what belongs to them."""
    running.psql("CREATE ROLE \"app's\" LOGIN PASSWORD 'of the backup'")
    running.psql(f'''CREATE DATABASE {QUOTED} OWNER "app's"''')
    running.psql(MEMBERS)
    for sql in (
        FILL,
        "CREATE EXTENSION vector",
        "CREATE TABLE parts (n int) PARTITION BY RANGE (n)",
        "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10)",
        "INSERT INTO parts SELECT generate_series(0, 9)",
        "CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one",
        'ALTER DATABASE "odd = \'name\' ""x""" SET work_mem = \'7MB\'',
        'CREATE TABLE "odd \'one" AS SELECT 1 AS "a b"',
    ):
        running.psql(sql, PGDATABASE=NAME)
    running.psql("CREATE TABLE also AS SELECT 1 AS one")
    return running


@pytest.fixture
def backup(source: Machine) -> Iterator[Path]:
    """A verified backup of it."""
    env = source.client(KEEP="9", REASON="Scheduled", MAX_AGE_DAYS="0")
    result = source.run("backup.sh", env).json
    yield source.volume("backups") / result["id"]
    source.empty("backups")


def restore(machine: Machine, backup: Path, *, before: str = "", **more: str) -> Result:
    at = {
        "BACKUP_DIR": str(backup.parent),
        "BACKUP_ID": backup.name,
        "BACKUP_SHA256": "",
        "DRILL": "",
        "OWNER": "app's",
        "OWNER_PASSWORD": "",
        "POSTGRES_PASSWORD": "",
        "PGUSER": "postgres",
        "WAIT_SECONDS": "60",
    }
    return machine.run("restore.sh", machine.env(**{**at, **more}), before=before)


def test_rows_roles_owners_and_settings_are_those_of_the_backup(
    source: Machine, twin: Machine, backup: Path
) -> None:
    result = restore(twin, backup).json
    assert result["id"] == backup.name
    assert result["sha256"] == hashlib.sha256((backup / "SHA256SUMS").read_bytes()).hexdigest()
    assert (result["method"], result["databases"]) == ("Logical", 2)
    assert (result["tables"], result["rows"]) == (5, 5000 + 10 + 1 + 1 + 1)
    assert result["version"] == source.psql("SHOW server_version")
    assert restore(twin, backup).json == result
    twin.start()
    assert "not properly shut down" not in (twin.root / "server.log").read_text()
    assert twin.psql(ROWS, PGDATABASE=NAME) == EXPECTED
    assert twin.psql("SHOW work_mem", PGDATABASE=NAME) == "7MB"
    assert twin.psql("SHOW data_checksums") == "on"
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname LIKE 'odd%'"
    assert twin.psql(owner) == "app's"
    who = {"PGUSER": "app's", "PGPASSWORD": "of the backup"}
    assert twin.psql("SELECT current_user", **who) == "app's"
    seen = "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'things'"
    assert twin.psql(seen, PGDATABASE=NAME) == "t"


def test_the_passwords_of_the_new_secret_are_in_force_afterwards(
    twin: Machine, backup: Path
) -> None:
    new = {"OWNER_PASSWORD": "n'e \"w $HOME", "POSTGRES_PASSWORD": "s u'per"}
    assert restore(twin, backup, **new).code == 0
    twin.start()
    assert twin.psql("SELECT 1", PGUSER="app's", PGPASSWORD=new["OWNER_PASSWORD"]) == "1"
    assert twin.psql("SELECT 1", PGPASSWORD=new["POSTGRES_PASSWORD"]) == "1"
    for path in twin.volume("tmp").rglob("*"):
        text = path.read_text(errors="replace") if path.is_file() else ""
        assert new["POSTGRES_PASSWORD"] not in text


def test_a_drill_counts_the_same_and_keeps_nothing(twin: Machine, backup: Path) -> None:
    drill = twin.volume("run") / "drill"
    drill.mkdir(mode=0o777)
    drill.chmod(0o777)
    result = restore(twin, backup, DRILL="1", DRILL_DIR=str(drill)).json
    assert (result["tables"], result["rows"]) == (5, 5013)
    assert list(drill.iterdir()) == []
    assert not twin.pgdata.exists()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def dump(backup: Path) -> Path:
    return max(backup.glob("*.dump"), key=lambda path: path.stat().st_size)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "flipped": (lambda at: flip(dump(at)), "is damaged: {dump}: FAILED"),
    "truncated": (
        lambda at: dump(at).write_bytes(dump(at).read_bytes()[:-1]),
        "is damaged: {dump}: FAILED",
    ),
    "missing": (lambda at: (at / "globals.sql").unlink(), "is damaged: sha256sum: globals.sql"),
    "sums": (lambda at: flip(at / "SHA256SUMS"), "SHA256SUMS is not the one"),
    "no-sums": (lambda at: (at / "SHA256SUMS").unlink(), "SHA256SUMS is not the one"),
    "unverified": (lambda at: (at / "manifest.json").unlink(), "it has no manifest.json"),
    "newer": (
        lambda at: (at / "manifest.json").write_text(
            (at / "manifest.json").read_text().replace('"version": "1', '"version": "91')
        ),
        "can't be restored into",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_backup_is_refused_by_the_name_of_its_file(
    twin: Machine, backup: Path, damage: str
) -> None:
    do, words = DAMAGES[damage]
    words = words.format(dump=dump(backup).name)
    do(backup)
    result = restore(twin, backup)
    assert result.code == 65
    assert words in result.message
    assert result.message.count("\n") == 1
    assert list(twin.volume("data").rglob("*PG_VERSION")) == []


ALLOWED = {"ALLOW_UNVERIFIED": "1"}


def unfinished(backup: Path) -> None:
    """As a killed run leaves it."""
    (backup / "manifest.json").unlink()
    backup.rename(backup.with_name(f"{backup.name}.partial"))


UNPROVED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no-manifest": (lambda at: (at / "manifest.json").unlink(), "it has no manifest.json"),
    "unfinished": (unfinished, "it was not finished"),
}


@pytest.mark.parametrize("what", UNPROVED)
def test_a_backup_that_was_never_verified_is_restored_only_when_told_and_says_so(
    twin: Machine, backup: Path, what: str
) -> None:
    do, words = UNPROVED[what]
    sums = hashlib.sha256((backup / "SHA256SUMS").read_bytes()).hexdigest()
    do(backup)
    refused = restore(twin, backup)
    assert refused.code == 65
    assert f"was never verified: {words}; to restore it all the same, set spec" in refused.message
    result = restore(twin, backup, **ALLOWED).json
    assert (result["verified"], result["unproved"]) == (False, words)
    assert (result["sha256"], result["method"], result["rows"]) == (sums, "Logical", 5013)
    assert restore(twin, backup, **ALLOWED).json == result
    twin.start()
    assert twin.psql(ROWS, PGDATABASE=NAME) == EXPECTED


def test_a_verified_backup_that_may_be_unverified_is_told_as_verified(
    twin: Machine, backup: Path
) -> None:
    assert "verified" not in restore(twin, backup, **ALLOWED).json


def without_last_line(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


DAMAGED: dict[str, tuple[Callable[[Path], Any], str]] = {
    **{name: DAMAGES[name] for name in ("flipped", "truncated", "missing")},
    "no-sums": (lambda at: (at / "SHA256SUMS").unlink(), "without a whole SHA256SUMS"),
    "half-sums": (lambda at: without_last_line(at / "SHA256SUMS"), "without a whole SHA256SUMS"),
    "empty": (lambda at: [path.unlink() for path in at.iterdir()], "without a whole SHA256SUMS"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_backup_is_refused_also_when_it_may_be_unverified(
    twin: Machine, backup: Path, damage: str
) -> None:
    do, words = DAMAGED[damage]
    words = words.format(dump=dump(backup).name)
    (backup / "manifest.json").unlink()
    do(backup)
    result = restore(twin, backup, **ALLOWED)
    assert result.code == 65
    assert words in result.message
    assert list(twin.volume("data").rglob("*PG_VERSION")) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"BACKUP_ID": "../x"}, "is not the id of a backup", id="path"),
        pytest.param({"BACKUP_ID": "20200101T000000Z-abc"}, "there is no backup", id="none"),
        pytest.param({"BACKUP_SHA256": "0" * 64}, "is another one than was recorded", id="sum"),
    ],
)
def test_another_backup_than_was_meant_is_refused(
    twin: Machine, backup: Path, more: dict[str, str], words: str
) -> None:
    result = restore(twin, backup, **more)
    assert result.code == 65
    assert words in result.message


def test_a_backup_without_the_wanted_database_is_refused_and_says_what_it_has(
    twin: Machine, backup: Path
) -> None:
    result = restore(twin, backup, INIT_DATABASE='it\'s "not" there')
    assert result.code == 65
    assert f'the backup {backup.name} has no database it\'s "not" there' in result.message
    assert f"it has: {NAME}, postgres" in result.message
    assert restore(twin, backup, INIT_DATABASE=NAME).json["id"] == backup.name


def test_data_that_is_there_already_is_never_touched(twin: Machine, backup: Path) -> None:
    twin.pgdata.mkdir(parents=True)
    (twin.pgdata / "mine").write_text("x")
    result = restore(twin, backup)
    assert result.code == 65
    assert "not empty: a restore goes into a new one" in result.message
    (twin.pgdata / "sampledb-restore.json").write_text('{"id": "another", "rows": 1}\n')
    assert "was restored from another backup" in restore(twin, backup).message
    assert (twin.pgdata / "mine").read_text() == "x"


@pytest.mark.parametrize(
    ("program", "when"),
    [
        pytest.param("pg_restore", "after", id="restoring"),
        pytest.param("mv", "before", id="all-but-renamed"),
    ],
)
def test_a_restore_that_was_killed_begins_anew(
    twin: Machine, backup: Path, program: str, when: str
) -> None:
    killed = restore(twin, backup, before=twin.kill_in(program, when=when))
    assert killed.code == -9
    twin.end_processes()
    assert not twin.pgdata.exists()
    assert restore(twin, backup).json["rows"] == 5013


def test_a_restore_that_is_stopped_says_so_and_leaves_nothing(twin: Machine, backup: Path) -> None:
    stop = twin.shim("pg_restore", 'kill -TERM "$PPID"')
    result = restore(twin, backup, before=stop)
    assert result.code == 1
    assert result.message == "the restore was interrupted\n"
    assert list(twin.volume("data").rglob("*PG_VERSION")) == []
    assert not twin.processes()


def test_a_dump_that_does_not_fit_is_told_in_postgresqls_words(twin: Machine, backup: Path) -> None:
    wrong = twin.shim("pg_restore", 'echo "pg_restore: error: no such type" >&2; exit 1')
    result = restore(twin, backup, before=wrong)
    assert result.code == 65
    assert "could not be restored: pg_restore: error: no such type" in result.message
    assert list(twin.volume("data").rglob("*PG_VERSION")) == []
    assert not twin.processes()


def test_a_backup_of_an_older_major_becomes_data_of_this_one(
    source: Machine, backup: Path, machines: Callable[[str], Machine]
) -> None:
    later = machines("18")
    try:
        assert restore(later, backup).json["version"].startswith("18.")
        later.start()
        assert later.psql(ROWS, PGDATABASE=NAME) == EXPECTED
        members = (
            "SELECT string_agg(roleid::regrole || ' ' || admin_option, ', ' ORDER BY 1) "
            "FROM pg_auth_members WHERE member = '\"app''s\"'::regrole"
        )
        assert later.psql(members) == '"GRANTED BY" false, team true'
        assert source.psql("SELECT 1") == "1"
    finally:
        later.close()
