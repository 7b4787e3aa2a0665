"""migrate.sh: SQL files in order, each whole or not at all, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Machine, Result

TABLE = "SELECT version, name FROM sampledb_migrations ORDER BY version"


@pytest.fixture
def fresh(running: Machine) -> Iterator[Machine]:
    """A database of the owner's own, and no file yet."""
    if running.psql("SELECT count(*) FROM pg_roles WHERE rolname = 'the owner'") == "0":
        running.psql("CREATE ROLE \"the owner\" LOGIN PASSWORD 'o w'")
    running.psql('CREATE DATABASE moving OWNER "the owner"')
    yield running
    running.psql("DROP DATABASE moving WITH (FORCE)")
    for path in running.volume("sql").iterdir():
        path.unlink()


def client(machine: Machine, **more: str) -> dict[str, str]:
    at = {"PGUSER": "the owner", "PGPASSWORD": "o w", "PGDATABASE": "moving", "TARGET_VERSION": ""}
    return machine.client(**{**at, **more})


def migrate(machine: Machine, files: dict[str, str], *, before: str = "", **more: str) -> Result:
    for name, text in files.items():
        (machine.volume("sql") / name).write_text(text)
    return machine.run("migrate.sh", client(machine, **more), before=before)


def ask(machine: Machine, sql: str) -> str:
    return machine.psql(sql, PGDATABASE="moving")


def test_files_run_once_in_the_order_of_their_numbers_as_the_owner(fresh: Machine) -> None:
    files = {
        "0010_last.sql": "INSERT INTO trail (step) VALUES (10);\n",
        "0002_then.sql": "INSERT INTO trail (step) VALUES (2);\nSET search_path = pg_catalog;\n",
        "V1__first.sql": "CREATE TABLE trail (id serial, step int, who text DEFAULT current_user);",
    }
    first = migrate(fresh, files).json
    assert (first["from"], first["to"], first["applied"]) == (0, 10, [1, 2, 10])
    trail = "SELECT step, who FROM trail ORDER BY id"
    assert ask(fresh, trail) == "2|the owner\n10|the owner"
    names = "1|V1__first.sql\n2|0002_then.sql\n10|0010_last.sql"
    assert ask(fresh, TABLE) == names
    sums = ask(fresh, "SELECT name, sha256 FROM sampledb_migrations").splitlines()
    assert dict(line.split("|") for line in sums) == {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()
    }
    again = migrate(fresh, {}).json
    assert (again["from"], again["to"], again["applied"]) == (10, 10, [])
    more = migrate(fresh, {"0011_more.sql": "INSERT INTO trail (step) VALUES (11);"}).json
    assert (more["from"], more["to"], more["applied"]) == (10, 11, [11])
    assert ask(fresh, "SELECT string_agg(step::text, ' ' ORDER BY id) FROM trail") == "2 10 11"


def test_a_target_version_stops_there_and_the_next_one_goes_on(fresh: Machine) -> None:
    files = {f"{n:04}_step.sql": f"CREATE TABLE t{n} ();" for n in (1, 2, 3)}
    assert migrate(fresh, files, TARGET_VERSION="2").json["applied"] == [1, 2]
    assert ask(fresh, "SELECT to_regclass('t3') IS NULL") == "t"
    assert migrate(fresh, {}, TARGET_VERSION="3").json["applied"] == [3]
    back = migrate(fresh, {}, TARGET_VERSION="1")
    assert back.code == 65
    assert "don't go back to 1" in back.message


def test_nothing_of_a_wrong_file_is_kept_and_the_place_is_told(fresh: Machine) -> None:
    files = {
        "0001_good.sql": "CREATE TABLE good (id int);\n",
        "0002_bad.sql": "CREATE TABLE half ();\n\nINSERT INTO good VALUES (1);\nSELEC 2;\n",
        "0003_after.sql": "CREATE TABLE later ();\n",
    }
    result = migrate(fresh, files)
    assert result.code == 65
    assert result.message.startswith(
        "nothing of this file was kept: 0002_bad.sql, line 4: ERROR:  syntax error at or near "
    )
    assert result.message.count("\n") == 1
    kept = "SELECT to_regclass('half') IS NULL, to_regclass('later') IS NULL, count(*) FROM good"
    assert ask(fresh, kept) == "t|t|0"
    assert ask(fresh, TABLE) == "1|0001_good.sql"
    mended = migrate(fresh, {"0002_bad.sql": "INSERT INTO good VALUES (1);"}).json
    assert mended["applied"] == [2, 3]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param({"0001_a.sql": "CREATE TABLE b ();"}, "0001_a.sql was run already", id="hash"),
        pytest.param({"0000_a.sql": "SELECT 1;"}, "0000_a.sql is not named", id="zero"),
        pytest.param({"notes.txt": "x"}, "notes.txt is not named as a migration", id="name"),
        pytest.param({"2_it's.sql": "SELECT 1;"}, "has a character in its name", id="character"),
        pytest.param({"V3__b.sql": ""}, "the number 3: 0003_c.sql V3__b.sql", id="twice"),
        pytest.param({"0002_b.sql": "SELECT 1;"}, "0002_b.sql comes before version 3", id="order"),
    ],
)
def test_a_file_that_was_changed_or_put_in_between_stops_before_anything_runs(
    fresh: Machine, files: dict[str, str], words: str
) -> None:
    ran = {"0001_a.sql": "CREATE TABLE a ();", "0003_c.sql": "CREATE TABLE c ();"}
    assert migrate(fresh, ran).json["to"] == 3
    result = migrate(fresh, {**files, "0009_more.sql": "CREATE TABLE more ();"})
    assert result.code == 65
    assert words in result.message
    assert ask(fresh, "SELECT to_regclass('more') IS NULL") == "t"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("CREATE TABLE a ();\nCOMMIT;\n", "COMMIT or ROLLBACK of its own", id="commit"),
        pytest.param("ROLLBACK;\nBEGIN;\n", "COMMIT or ROLLBACK of its own", id="rollback"),
        pytest.param("\\set ON_ERROR_STOP 0\nSELEC;\n", "transaction is aborted", id="unheeded"),
        pytest.param("CREATE ROLE more;\n", "permission denied to create role", id="rights"),
        pytest.param("VACUUM;\n", "cannot run inside a transaction block", id="outside"),
    ],
)
def test_a_file_that_slips_out_of_its_transaction_is_never_recorded(
    fresh: Machine, text: str, words: str
) -> None:
    result = migrate(fresh, {"0001_a.sql": text})
    assert result.code == 65
    assert words in result.message
    assert ask(fresh, TABLE) == ""


def test_two_runs_at_once_run_each_file_once(fresh: Machine, machines: object) -> None:
    assert callable(machines)
    other: Machine = machines(fresh.version)
    files = {
        "0001_a.sql": "CREATE TABLE seen (n int);\nSELECT pg_sleep(0.5);\n",
        "0002_b.sql": "INSERT INTO seen VALUES (2);\nSELECT pg_sleep(0.5);\n",
        "0003_c.sql": "INSERT INTO seen VALUES (3);\n",
    }
    for name, text in files.items():
        (fresh.volume("sql") / name).write_text(text)
        (other.volume("sql") / name).write_text(text)
    try:
        with ThreadPoolExecutor(max_workers=2) as pool:
            env = client(other, PGHOST=fresh.address)
            runs = [
                pool.submit(fresh.run, "migrate.sh", client(fresh)),
                pool.submit(other.run, "migrate.sh", env),
            ]
            assert [run.result().json["to"] for run in runs] == [3, 3]
    finally:
        other.close()
    assert ask(fresh, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM seen") == "2 3"


def test_a_killed_run_leaves_whole_files_and_the_next_one_goes_on(fresh: Machine) -> None:
    files = {f"{n:04}_step.sql": f"CREATE TABLE t{n} ();" for n in (1, 2)}
    second = f"""test "$NAME" != 0002_step.sql || {{ kill -KILL "$PPID"; exit; }}
        exec "{fresh.bin}/psql" "$@" """
    killed = migrate(fresh, files, before=fresh.shim("psql", second))
    assert killed.code == -9
    assert ask(fresh, TABLE) == "1|0001_step.sql"
    assert migrate(fresh, {}).json["to"] == 2
    assert ask(fresh, TABLE) == "1|0001_step.sql\n2|0002_step.sql"


def test_another_password_is_told_with_the_secrets_key(fresh: Machine) -> None:
    result = migrate(fresh, {}, PGPASSWORD="other")
    assert result.code == 65
    assert result.message.endswith("restore that Secret's password\n")


def test_no_file_is_no_error(fresh: Machine) -> None:
    assert migrate(fresh, {}).json["applied"] == []
    assert migrate(fresh, {}, TARGET_VERSION="4").code == 65


def test_a_connection_that_ends_in_the_middle_is_tried_again(fresh: Machine) -> None:
    text = "CREATE TABLE a ();\nSELECT pg_terminate_backend(pg_backend_pid());\n"
    result = migrate(fresh, {"0001_a.sql": text})
    assert result.code == 1
    assert "the connection was lost, and nothing of 0001_a.sql was kept" in result.message
    assert ask(fresh, "SELECT to_regclass('a') IS NULL") == "t"
