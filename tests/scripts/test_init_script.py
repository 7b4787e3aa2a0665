"""init.sh: owner, database, extensions and SQL, once and whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Machine, Result

NASTY = "Ord\"er's; DROP TABLE x -- $HOME `id` %s \\n ü"
SECRET = "p'a\"ss $(id) \\ :owner %"


def job(machine: Machine, name: str, spec: dict[str, Any] | None = None, **more: str) -> Result:
    """Run init.sh for a database `name`, as the Job of a SampleDB with this `spec.init`."""
    machine.mount({"init": spec or {}})
    at = {"DATABASE": name, "OWNER": f"{name} owner", "OWNER_PASSWORD": SECRET, "INIT_DIGEST": "d1"}
    return machine.run("init.sh", machine.client(**{**at, **more}))


def test_owner_database_extension_and_sql_are_there_afterwards(running: Machine) -> None:
    sql = [
        "CREATE TABLE orders (id bigint PRIMARY KEY, who text DEFAULT current_user)",
        "INSERT INTO orders VALUES (1);\nINSERT INTO orders VALUES (2);",
    ]
    result = job(running, "shop", {"extensions": ["vector"], "sql": sql})
    assert result.json == {
        "initialized": True,
        "database": "shop",
        "version": running.psql("SHOW server_version"),
        "skipped": False,
    }
    rows = "SELECT id, who FROM orders ORDER BY id"
    seen = running.psql(rows, PGDATABASE="shop", PGUSER="shop owner", PGPASSWORD=SECRET)
    assert seen == "1|shop owner\n2|shop owner"
    owned = "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"
    assert running.psql(owned, PGDATABASE="shop") == "shop owner"
    assert (
        running.psql("SELECT extname FROM pg_extension WHERE extname = 'vector'", PGDATABASE="shop")
        == "vector"
    )
    assert running.psql("SELECT digest FROM sampledb.init", PGDATABASE="shop") == "d1"
    stored = running.psql("SELECT rolpassword FROM pg_authid WHERE rolname = 'shop owner'")
    assert stored.startswith("SCRAM-SHA-256$")


def test_a_second_run_skips_and_changes_nothing(running: Machine) -> None:
    assert job(running, "twice", {"sql": ["CREATE TABLE one ()"]}).json["skipped"] is False
    again = job(running, "twice", {"sql": ["CREATE TABLE one ()"]}, INIT_DIGEST="d2")
    assert again.json["skipped"] is True
    assert running.psql("SELECT digest FROM sampledb.init", PGDATABASE="twice") == "d1"


def test_names_and_passwords_with_every_quote_stay_what_they_are(running: Machine) -> None:
    result = job(running, NASTY, {"sql": ["CREATE TABLE t ()"]}, OWNER=NASTY + "o")
    assert result.json["database"] == NASTY
    who = {"PGDATABASE": NASTY, "PGUSER": NASTY + "o", "PGPASSWORD": SECRET}
    assert running.psql("SELECT current_user", **who) == NASTY + "o"
    assert job(running, NASTY, OWNER=NASTY + "o").json["skipped"] is True


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param(
            {"sql": ["CREATE TABLE first ()", "SELECT 1;\nSELEC 2"]},
            'spec.init.sql[1], line 2: ERROR:  syntax error at or near "SELEC"',
            id="syntax",
        ),
        pytest.param(
            {"sql": ["CREATE TABLE first ()", "CREATE ROLE someone"]},
            "spec.init.sql[1], line 1: ERROR:  permission denied to create role",
            id="beyond-the-owners-rights",
        ),
        pytest.param(
            {"extensions": ["no_such"], "sql": ["CREATE TABLE first ()"]},
            'spec.init.extensions: ERROR:  extension "no_such" is not available',
            id="extension",
        ),
    ],
)
def test_wrong_input_is_told_in_the_servers_words_and_nothing_is_kept(
    running: Machine, request: pytest.FixtureRequest, spec: dict[str, Any], words: str
) -> None:
    name = f"bad_{request.node.callspec.id.replace('-', '_')}"
    result = job(running, name, spec)
    assert result.code == 65
    assert words in result.message
    assert result.message.count("\n") == 1
    assert SECRET not in result.output
    exists = "SELECT to_regclass('public.first') IS NOT NULL"
    assert running.psql(exists, PGDATABASE=name) == "f"
    corrected = job(running, name, {"sql": ["CREATE TABLE first ()"]}, INIT_DIGEST="d2")
    assert corrected.json["skipped"] is False
    assert running.psql(exists, PGDATABASE=name) == "t"


def test_sql_of_a_config_map_runs_after_the_inline_statements(running: Machine) -> None:
    file = running.volume("sql") / "seed.sql"
    file.write_text("INSERT INTO seeded SELECT 7;\n")
    try:
        job(running, "from_map", {"sql": ["CREATE TABLE seeded (n int)"]}).json  # noqa: B018 # asserts
        assert running.psql("SELECT n FROM seeded", PGDATABASE="from_map") == "7"
        file.write_text("NONSENSE;\n")
        assert "seed.sql, line 1: ERROR:" in job(running, "from_map_2").message
    finally:
        file.unlink()


def test_the_initial_sql_can_not_read_the_superusers_password(running: Machine) -> None:
    leak = (
        "\\getenv it PGPASSWORD\nCREATE TABLE leak AS SELECT :'it'::text AS it, "
        "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super"
    )
    job(running, "leaky", {"sql": [leak]}).json  # noqa: B018 # asserts
    assert running.psql("SELECT it, super FROM leak", PGDATABASE="leaky") == f"{SECRET}|f"


def test_the_owners_password_is_in_no_log(running: Machine) -> None:
    job(running, "quiet").json  # noqa: B018 # asserts
    assert SECRET not in (running.root / "server.log").read_text()


def test_another_superuser_password_is_explained(running: Machine) -> None:
    result = job(running, "never", PGPASSWORD="other")
    assert result.code == 65
    assert "refused the password of postgres" in result.message


def test_a_server_that_does_not_come_up_is_waited_for_and_told(running: Machine) -> None:
    result = job(running, "never", PGPORT="1", WAIT_SECONDS="1")
    assert result.code == 1
    assert "did not accept connections within 1 s" in result.message
