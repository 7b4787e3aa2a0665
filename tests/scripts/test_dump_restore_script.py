"""Odd data through both kinds of major upgrade, compared whole; and what can fail on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from awkward_databases import ODD, SERVER, comparable
from upgrading import hand_over
from whole_servers import as_owner, copy_programs, dumped, on, start_odd

if TYPE_CHECKING:
    from conftest import Machine, Result


@pytest.fixture(scope="module")
def before() -> dict[str, list[str]]:
    """What the old server's dump was, once it has been taken."""
    return {}


@pytest.fixture(scope="module")
def old(machines: Any, before: dict[str, list[str]], programs: Any) -> Iterator[Machine]:
    """A server of 16 without checksums, full of odd things, stopped; its programs as copied."""
    made: Machine = machines("16")
    try:
        start_odd(made, SERVER)
        before["dump"] = comparable(dumped(made, programs.directory("18")))
        made.stop()
        copy_programs(made)
        yield made
    finally:
        made.close()


@pytest.fixture
def new(old: Machine, later: Machine) -> Machine:
    """The folders of 18: the old data directory on one volume, the other one empty."""
    hand_over(old, later, "backups")
    return later


def job(old: Machine, new: Machine, **more: str) -> dict[str, str]:
    at = {
        "OLD_PGDATA": str(new.volume("backups") / "16" / "docker"),
        "OLD_BIN": str(old.volume("programs") / "bin"),
        "PGUSER": "postgres",
    }
    return new.env(**{**at, **more})


def move(old: Machine, new: Machine, *, before: str = "", **more: str) -> Result:
    return new.run("dump-restore.sh", job(old, new, **more), before=before)


def starts_again(old: Machine, new: Machine, before: dict[str, list[str]], programs: Any) -> None:
    """The old server starts on the data that were moved, and has all that it had."""
    held = new.volume("backups") / "16" / "docker"
    with on(old, held):
        assert comparable(dumped(old, programs.directory("18"))) == before["dump"]


def test_everything_is_in_the_new_server_and_the_old_one_can_start_again(
    old: Machine, new: Machine, before: dict[str, list[str]], programs: Any
) -> None:
    result = move(old, new).json
    assert (result["from"], result["to"], result["databases"]) == ("16", "18", 3)
    assert result["checksums"] is True
    assert result["rows"] > 1900
    assert move(old, new).json == result
    assert [path.name for path in new.pgdata.parent.iterdir()] == ["docker"]
    new.start()
    assert new.psql("SHOW server_version") == result["version"]
    assert comparable(dumped(new, programs.directory("18"))) == before["dump"]
    assert new.psql("SHOW data_checksums") == "on"
    assert new.psql("SHOW maintenance_work_mem") == "77MB"
    login = {"PGUSER": "reader", "PGPASSWORD": "reader", "PGDATABASE": ODD}
    assert new.psql("SHOW statement_timeout", **login) == "9s"
    assert new.psql("SELECT nextval('tickets')", PGDATABASE=ODD) == "17"
    encoding = "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'latin'"
    assert new.psql(encoding) == "LATIN1"
    assert new.run("post-upgrade.sh", new.client()).json["analyzed"] is True
    starts_again(old, new, before, programs)


def test_in_place_everything_is_there_too_and_checksums_stay_as_they_were(
    old: Machine, new: Machine, before: dict[str, list[str]], programs: Any
) -> None:
    (new.volume("backups") / "16").rename(new.volume("data") / "16")
    held = str(new.volume("data") / "16" / "docker")
    more = {"TRANSFER": "Copy", "CHECKSUMS": "", "CHECK": "", "OLD_PGDATA": held}
    assert new.run("upgrade.sh", job(old, new, **more)).json["checksums"] is False
    new.start()
    assert comparable(dumped(new, programs.directory("18"))) == before["dump"]
    assert new.psql("SHOW data_checksums") == "off"
    assert new.psql("SHOW maintenance_work_mem") == "77MB"


def test_a_move_that_was_killed_begins_anew_and_one_that_ended_is_not_taken_for_other_data(
    old: Machine, new: Machine
) -> None:
    for program, when in (("pg_dump", "after"), ("pg_restore", "after")):
        assert move(old, new, before=new.kill_in(program, when=when)).code == -9
        new.end_processes()
        assert not new.pgdata.exists()
    result = move(old, new).json
    assert [path.name for path in new.pgdata.parent.iterdir()] == ["docker"]
    alone = f'"{old.bin}/postgres" --single -D "$OLD_PGDATA" postgres'
    later = f"echo 'CREATE TABLE later (id int)' | {alone} > /dev/null"
    changed = move(old, new, before=later)
    assert changed.code == 65
    assert "from data that the old server has changed since" in changed.message
    assert "remove its claim" in changed.message
    assert (new.pgdata / "PG_VERSION").read_text() == f"{result['to']}\n"


@pytest.mark.parametrize(
    ("program", "body", "words"),
    [
        pytest.param(
            "pg_restore",
            'REAL "$@" || exit 1\ntest "${PGDATABASE:-}" = "" && PGDATABASE=latin psql -qXc '
            '"SET default_transaction_read_only = off" -c "DELETE FROM words WHERE word LIKE '
            "'%77'\" > /dev/null 2>&1\nexit 0",
            "the database latin is not in the new server as it is in the old one",
            id="rows-lost",
        ),
        pytest.param(
            "pg_restore",
            'case "$*" in *-l*) REAL "$@" ;; *) echo \'no such thing\' >&2; exit 1 ;; esac',
            "the database template1 (1.dump) could not be restored: no such thing",
            id="restore",
        ),
        pytest.param(
            "pg_dump",
            "echo 'page 7 is broken' >&2; exit 1",
            "the database template1 could not be dumped: page 7 is broken",
            id="dump",
        ),
        pytest.param("df", "echo; echo x 1 1 102400 1% x", "the new volume has 100 MiB", id="room"),
        pytest.param("pg_config", "echo /nowhere", "the extension plpgsql of the", id="extension"),
    ],
)
def test_what_can_not_be_moved_is_told_and_the_old_data_stay(
    program: str, body: str, words: str, old: Machine, new: Machine
) -> None:
    result = move(old, new, before=new.shim(program, body.replace("REAL", str(new.bin / program))))
    assert result.code == 65, result.message
    assert words in result.message
    assert result.message.count("\n") == 1
    assert list(new.pgdata.parent.iterdir()) == []
    assert _state(old, new) == "shut down"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param({"OLD_PGDATA": "/nowhere"}, "no data directory at /nowhere", id="nothing"),
        pytest.param({"OLD_BIN": "{new}"}, "old programs are of PostgreSQL 18", id="programs"),
        pytest.param({}, "which no upgrade made", id="data-there"),
    ],
)
def test_a_move_from_or_to_the_wrong_place_is_refused(
    more: dict[str, str], words: str, old: Machine, new: Machine
) -> None:
    new.pgdata.mkdir(parents=True)
    (new.pgdata / "PG_VERSION").write_text("18\n")
    given = {name: value.format(new=new.bin) for name, value in more.items()}
    result = move(old, new, **given)
    assert result.code == 65
    assert words in result.message
    assert (new.pgdata / "PG_VERSION").read_text() == "18\n"


def _state(old: Machine, new: Machine) -> str:
    held = str(new.volume("backups") / "16" / "docker")
    told = as_owner(old, old.bin / "pg_controldata", held).splitlines()
    return next(line.partition(":")[2].strip() for line in told if "cluster state" in line)
