"""The major upgrade: the old server's programs, the checks, and the new data beside the old."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from known_rows import EXPECTED, NAME, ROWS
from upgrading import hand_over, job, old_data, upgrade

if TYPE_CHECKING:
    from conftest import Machine


def test_rows_roles_extensions_and_settings_are_in_the_new_server(
    old: Machine, new: Machine
) -> None:
    result = upgrade(old, new).json
    assert (result["from"], result["to"], result["databases"]) == ("16", "18", 2)
    assert result["transfer"] in {"Copy", "Clone"}
    assert result["checksums"] is True
    assert result["size"] > 10_000_000
    ago = datetime.now(UTC) - datetime.fromisoformat(result["stoppedAt"])
    assert timedelta(0) < ago < timedelta(hours=1)
    again = upgrade(old, new)
    assert again.json == result
    new.start()
    assert new.psql("SHOW server_version") == result["version"]
    assert new.psql(ROWS, PGDATABASE=NAME) == EXPECTED
    assert new.psql("SHOW work_mem") == "7MB"
    assert new.psql("SHOW data_checksums") == "on"
    assert new.psql("SELECT current_user", PGUSER="reader", PGPASSWORD="reader") == "reader"
    assert new.psql("SELECT '[1,2]'::vector", PGDATABASE=NAME) == "[1,2]"
    assert new.psql("SELECT one FROM seen", PGDATABASE=NAME) == "1"
    after = new.run("post-upgrade.sh", new.client()).json
    assert (after["analyzed"], after["version"]) == (True, result["version"])
    seen = "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'things'"
    assert new.psql(seen, PGDATABASE=NAME) == "t"
    assert sorted(path.name for path in new.volume("data").iterdir()) == ["16", "18"]
    dropped = new.run("drop-old.sh", job(old, new)).json
    assert (dropped["dropped"], dropped["kept"]) == ("16", "18")
    assert dropped["freed"] > 10_000_000
    assert [path.name for path in new.volume("data").iterdir()] == ["18"]
    assert new.psql(ROWS, PGDATABASE=NAME) == EXPECTED


def test_a_check_of_the_stopped_server_leaves_everything_as_it_was(
    old: Machine, new: Machine
) -> None:
    env = job(old, new, PREFLIGHT="Stopped")
    result = new.run("upgrade-preflight.sh", env).json
    assert result["checked"] is True
    assert not new.pgdata.exists()
    assert [path.name for path in new.pgdata.parent.iterdir()] == []


def test_files_are_linked_when_asked_and_the_old_server_is_marked(
    old: Machine, new: Machine
) -> None:
    result = upgrade(old, new, TRANSFER="Link").json
    assert result["transfer"] == "Link"
    assert (old_data(new) / "global" / "pg_control.old").exists()
    new.start()
    assert new.psql(ROWS, PGDATABASE=NAME) == EXPECTED


@pytest.mark.parametrize(
    ("program", "when", "transfer"),
    [
        pytest.param("initdb", "after", "Copy", id="new-directory-made"),
        pytest.param("pg_upgrade", "after", "Link", id="linked"),
    ],
)
def test_an_upgrade_that_was_killed_begins_anew(
    old: Machine, new: Machine, program: str, when: str, transfer: str
) -> None:
    killed = upgrade(old, new, TRANSFER=transfer, before=new.kill_in(program, when=when))
    assert killed.code == -9
    new.end_processes()
    assert not new.pgdata.exists()
    assert new.pgdata.with_name("docker.partial").exists()
    assert upgrade(old, new, TRANSFER="Link").json["to"] == "18"
    new.start()
    assert new.psql(ROWS, PGDATABASE=NAME) == EXPECTED


def test_a_kill_while_the_old_server_runs_is_recovered_from(old: Machine, new: Machine) -> None:
    running = new.kill_in("psql", when="before")
    assert upgrade(old, new, before=running).code == -9
    new.end_processes()
    assert (old_data(new) / "postmaster.pid").exists()
    assert upgrade(old, new, TRANSFER="Link", CHECK="1").json["to"] == "18"


def test_a_failing_pg_upgrade_keeps_the_old_server_startable(old: Machine, new: Machine) -> None:
    broken = new.shim("pg_upgrade", "echo 'Performing Upgrade'; echo '*failure*'; exit 1")
    result = upgrade(old, new, before=broken)
    assert result.code == 1
    assert result.message == ("pg_upgrade failed, and the old data is as it was: *failure*\n")
    assert list(new.pgdata.parent.iterdir()) == []
    assert upgrade(old, new, CHECK="1").code == 0


@pytest.mark.parametrize(
    ("more", "before", "words"),
    [
        pytest.param({"TRANSFER": "Swap"}, "", "TRANSFER is Swap", id="transfer"),
        pytest.param(
            {"TRANSFER": "Link", "CHECKSUMS": "maybe"}, "", "CHECKSUMS is maybe", id="sums"
        ),
        pytest.param(
            {"TRANSFER": "Link", "CHECKSUMS": "on"},
            "",
            "with the transfer Link",
            id="link-sums",
        ),
        pytest.param({"PGUSER": "reader"}, "", "made by the superuser postgres", id="who"),
        pytest.param({"OLD_PGDATA": "/nowhere"}, "", "no data directory at", id="nothing"),
        pytest.param({"OLD_BIN": "{new}"}, "", "old programs are of PostgreSQL 18", id="bin"),
        pytest.param(
            {},
            'rm "$OLD_PGDATA/postgresql.auto.conf"; echo "old_snapshot_threshold = 1" > '
            '"$OLD_PGDATA/postgresql.auto.conf"',
            "does not understand the old data directory's settings",
            id="settings",
        ),
        pytest.param({}, "SHIM df", "MiB free, and the upgrade", id="space"),
        pytest.param({}, "SHIM pg_config", "the extension plpgsql of the database", id="extension"),
        pytest.param({}, "SHIM initdb", "like the old one: no such locale", id="locale"),
    ],
)
def test_what_can_not_be_upgraded_is_told_and_left_alone(
    old: Machine, new: Machine, more: dict[str, str], before: str, words: str
) -> None:
    shims = {
        "SHIM df": "echo; echo x 1 1 1 1% x",
        "SHIM pg_config": "echo /nowhere",
        "SHIM initdb": "echo no such locale >&2; exit 1",
    }
    if before in shims:
        before = new.shim(before.removeprefix("SHIM "), shims[before])
    more = {name: value.format(new=new.bin) for name, value in more.items()}
    result = upgrade(old, new, before=before, **{"TRANSFER": "Copy", **more})
    assert result.code == 65
    assert words in result.message
    assert result.message.count("\n") == 1
    assert not new.pgdata.exists()
    assert not new.pgdata.with_name("docker.partial").exists()


def test_what_pg_upgrade_refuses_is_told_with_the_columns_that_it_names(
    old: Machine, new: Machine
) -> None:
    alone = f'"{old.bin}/postgres" --single -D "$OLD_PGDATA" postgres'
    result = upgrade(old, new, before=f"echo 'CREATE TABLE bad (p regproc)' | {alone} > /dev/null")
    assert result.code == 65
    assert "this database can't be upgraded to PostgreSQL 18 as it is: " in result.message
    assert "public.bad.p" in result.message
    assert result.message.count("\n") == 1
    assert list(new.pgdata.parent.iterdir()) == []


def test_a_server_that_crashed_is_to_be_started_and_stopped_first(
    old: Machine, new: Machine
) -> None:
    options = f"-c listen_addresses= -c unix_socket_directories={new.volume('run')}"
    crash = f"""
        "{old.bin}/pg_ctl" -D "$OLD_PGDATA" -o "{options}" -l /dev/null -s -w start
        kill -KILL "$(head -n 1 "$OLD_PGDATA/postmaster.pid")"
    """
    result = upgrade(old, new, before=crash)
    assert result.code == 1
    assert "not shut down cleanly (pg_controldata: in production): start it" in result.message
    assert list(new.pgdata.parent.iterdir()) == []


def test_data_that_no_upgrade_made_is_never_overwritten(old: Machine, new: Machine) -> None:
    new.pgdata.mkdir(parents=True)
    (new.pgdata / "PG_VERSION").write_text("18\n")
    result = upgrade(old, new)
    assert result.code == 65
    assert "which no upgrade made" in result.message
    assert (new.pgdata / "PG_VERSION").read_text() == "18\n"


def test_a_prepared_transaction_stops_the_upgrade_before_and_after_the_server_does(
    old: Machine, later: Machine, machines: Any
) -> None:
    made: Machine = machines("16")
    words = "1 prepared transactions, for example half in the database postgres"
    try:
        made.mount({"parameters": {"max_prepared_transactions": "5"}})
        made.start()
        made.psql("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'half'")
        env = later.client(PREFLIGHT="Live", PGHOST=made.address, STRATEGY="InPlace")
        result = later.run("upgrade-preflight.sh", env)
        assert result.code == 65
        assert words in result.message
        made.stop()
        hand_over(made, later)
        result = upgrade(old, later)
        assert result.code == 65
        assert words in result.message
    finally:
        made.close()


def test_checksums_are_switched_on_when_asked(old: Machine, new: Machine) -> None:
    pg_checksums = [str(old.bin / "pg_checksums"), "--disable", "-D", str(old_data(new))]
    subprocess.run(pg_checksums, check=True, capture_output=True)
    assert upgrade(old, new, CHECK="1").json["checksums"] is False
    assert upgrade(old, new, TRANSFER="Copy", CHECKSUMS="on").json["checksums"] is True
    new.start()
    assert new.psql("SHOW data_checksums") == "on"
    assert json.loads((new.pgdata / "sampledb-upgrade.json").read_text())["checksums"] is True
