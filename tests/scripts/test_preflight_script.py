"""The check before a major upgrade: the running server and its volume are asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from majors import FIFTEEN

if TYPE_CHECKING:
    from conftest import Machine, Result


@pytest.fixture(scope="module", params=[FIFTEEN, "16"])
def old(request: pytest.FixtureRequest, machines: Any) -> Iterator[Machine]:
    """A running server of an old major, which no test changes for good."""
    made: Machine = machines(request.param)
    try:
        made.start()
        made.psql("CREATE EXTENSION vector")
        made.psql(r"ALTER SYSTEM SET cluster_name = 'o''dd \\ # name'")
        yield made
    finally:
        made.close()


@pytest.fixture
def new(later: Machine) -> Machine:
    """The programs of 18."""
    return later


def checked(old: Machine, new: Machine, *, before: str = "", **more: str) -> Result:
    at = {
        "PREFLIGHT": "Live",
        "STRATEGY": "InPlace",
        "TRANSFER": "Copy",
        "CHECKSUMS": "",
        "OLD_PGDATA": str(old.pgdata),
        "PGHOST": old.address,
    }
    return new.run("upgrade-preflight.sh", new.client(**{**at, **more}), before=before)


def test_the_running_server_is_asked_what_the_new_image_needs(old: Machine, new: Machine) -> None:
    result = checked(old, new).json
    assert (result["from"], result["to"], result["databases"]) == (old.version, "18", 1)
    assert result["running"].startswith(f"{old.version}.")
    assert result["extensions"] == ["plpgsql", "vector"]
    assert result["checksums"] is True
    assert result["needed"] > result["size"] + 2**28 - 1024
    assert checked(old, new, TRANSFER="Auto").json["databases"] == 1
    assert [path.name for path in old.pgdata.parent.iterdir()] == ["docker"]
    back = checked(old, new, PATH=old.env()["PATH"])
    assert back.code == 65
    same = old.version
    assert f"is PostgreSQL {same}; it can't be upgraded to {same}" in back.message


def test_what_moving_the_data_needs_is_told_and_the_old_volume_is_not_looked_at(
    old: Machine, new: Machine
) -> None:
    result = checked(old, new, STRATEGY="DumpRestore", OLD_PGDATA="/nowhere").json
    assert result["needed"] > result["size"] * 3 // 2
    unknown = checked(old, new, STRATEGY="Swap")
    assert unknown.code == 65
    assert "STRATEGY is Swap" in unknown.message


def test_a_volume_without_room_for_a_copy_is_refused_with_figures(
    old: Machine, new: Machine
) -> None:
    full = new.shim("df", "echo; echo x 1 1 102400 1% x")
    result = checked(old, new, before=full)
    assert result.code == 65
    assert "the data volume has 100 MiB free, and the upgrade with the transfer Copy needs 2" in (
        result.message
    )
    assert checked(old, new, before=full, STRATEGY="DumpRestore").code == 0
    roomy = new.shim("df", "echo; echo x 1 1 299999 1% x")
    linked = checked(old, new, before=roomy, TRANSFER="Link")
    assert linked.code == 0, linked.message


@pytest.mark.parametrize(
    ("make", "undo", "words", "also_moving"),
    [
        pytest.param(
            "CREATE TABLE public.bad (p int, q regproc)",
            "DROP TABLE public.bad",
            "the database postgres has the column public.bad.q of the type regproc",
            False,
            id="column",
        ),
        pytest.param(
            'CREATE DATABASE "shut up" ALLOW_CONNECTIONS false',
            'DROP DATABASE "shut up"',
            "the database shut up lets nobody connect (datallowconn is false)",
            True,
            id="shut",
        ),
        pytest.param(
            "CREATE DATABASE half; UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'",
            "DROP DATABASE half",
            "the database half was dropped halfway",
            True,
            id="half-dropped",
        ),
        pytest.param(
            "SET allow_in_place_tablespaces = on; CREATE TABLESPACE fast LOCATION ''",
            "DROP TABLESPACE fast",
            "tablespaces outside of its data directory",
            False,
            id="tablespace",
        ),
        pytest.param(
            "ALTER SYSTEM SET old_snapshot_threshold = '1h'",
            "ALTER SYSTEM RESET old_snapshot_threshold",
            "the old data directory's settings, ALTER SYSTEM RESET them first: ",
            True,
            id="setting",
        ),
        pytest.param(
            "CREATE TABLE marked (n int); UPDATE pg_attribute SET attoptions = "
            "'{n_distinct=5,of_later_minor=1}' WHERE attrelid = 'marked'::regclass AND attnum > 0",
            "DROP TABLE marked",
            "have the option of_later_minor, which the new image's postgres (PostgreSQL) 18.",
            True,
            id="option",
        ),
    ],
)
def test_what_stands_in_the_way_is_named_while_the_server_runs(
    make: str, undo: str, words: str, also_moving: bool, old: Machine, new: Machine
) -> None:
    for statement in make.split("; "):
        if not statement.startswith("SET "):
            old.psql(statement, PGOPTIONS="-c allow_in_place_tablespaces=on")
    try:
        result = checked(old, new)
        moving = checked(old, new, STRATEGY="DumpRestore")
    finally:
        old.psql(undo)
    assert result.code == 65
    assert words in result.message
    assert result.message.count("\n") == 1
    assert moving.code == (65 if also_moving else 0), moving.message


def test_columns_that_16_writes_otherwise_are_named_where_15_is_left_behind(
    old: Machine, new: Machine
) -> None:
    old.psql("CREATE TABLE rights (id int, who aclitem)")
    old.psql("CREATE MATERIALIZED VIEW all_rights AS SELECT '{}'::aclitem[] AS who")
    try:
        both = checked(old, new)
        old.psql("DROP TABLE rights")
        result = checked(old, new)
        moving = checked(old, new, STRATEGY="DumpRestore")
    finally:
        old.psql("DROP MATERIALIZED VIEW all_rights; DROP TABLE IF EXISTS rights")
    assert moving.code == 0, moving.message
    if int(old.version) > 15:
        assert (both.code, result.code) == (0, 0)
        return
    assert (both.code, result.code) == (65, 65)
    assert "the column public.all_rights.who of the type _aclitem" in both.message
    assert "the column public.all_rights.who of the type _aclitem" in result.message
