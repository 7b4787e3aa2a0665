"""restore.sh: a backup becomes a data directory, whole and compared, or nothing does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from damaged_backups import DAMAGES, dump, restore
from known_rows import EXPECTED, NAME, ROWS

if TYPE_CHECKING:
    from conftest import Machine


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
