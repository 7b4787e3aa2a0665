"""A major upgrade on real servers, all the way round."""

from __future__ import annotations

import pytest
from laptop_line import Line
from majors import WITH_15

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
INIT = {
    "sql": [
        "CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL)",
        "INSERT INTO items (words) SELECT 'item ' || n FROM generate_series(1, 1000) AS n",
    ]
}
SUM = "SELECT count(*), md5(string_agg(id || words, ',' ORDER BY id)) FROM items"


@pytest.mark.parametrize(
    ("old", "new"), [pytest.param("15", "16", marks=WITH_15), pytest.param("16", "18")]
)
def test_the_data_of_an_old_major_are_converted_and_every_row_is_there(
    old: str, new: str, line: Line
) -> None:
    with line.controller():
        line.create(version=old, init=INIT)
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, SUM)
        assert line.laptop.psql(KEY, "SHOW server_version")[0][0].startswith(f"{old}.")

        line.edit(lambda db: db["spec"].update(version=new))
        line.until(lambda: line.holds("UpToDate"), "UpToDate", 120)
        status = (line.get() or {})["status"]
        assert line.laptop.psql(KEY, "SHOW server_version")[0][0].startswith(f"{new}.")
        assert line.laptop.psql(KEY, SUM) == before
    assert status["engineVersion"]["data"] == new
    assert status["engineVersion"]["running"].startswith(f"{new}.")
    assert status["history"][0]["type"] == "MajorUpgrade"
    assert [subject.partition(": ")[2] for subject in line.subjects()[3:]] == [
        "check whether it can work",
        "take a backup first",
        "stop the old server",
        "convert the data beside the old ones",
        "start the new server",
        "gather statistics, update extensions",
        "take a backup of the new server",
        "remove the old data",
        "the new version is in force",
    ]
    majors = {path.parent.parent.name for path in line.laptop.folder.rglob("docker/PG_VERSION")}
    assert majors == {new}


def test_what_stands_in_the_way_is_told_before_anything_stops(line: Line) -> None:
    with line.controller():
        parameters = {"max_prepared_transactions": "2"}
        line.create(version="16", init=INIT, parameters=parameters)
        line.until(lambda: line.holds("Ready"), "Ready")
        prepare = "BEGIN; INSERT INTO items (words) VALUES ('held'); PREPARE TRANSACTION 'held'"
        line.laptop.psql(KEY, prepare)

        line.edit(lambda db: db["spec"].update(version="18"))
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert "prepared transactions, for example held" in line.message("Stalled")
        assert line.laptop.psql(KEY, "SHOW server_version")[0][0].startswith("16.")

        line.edit(lambda db: db["spec"].update(version="16"))
        line.until(lambda: line.holds("Ready"), "Ready with the old version")
        assert line.laptop.psql(KEY, "SELECT count(*) FROM items") == [("1000",)]


def test_what_pg_upgrade_finds_is_told_in_its_own_words_and_the_old_server_starts_again(
    line: Line,
) -> None:
    with line.controller():
        line.create(version="16", init=INIT)
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, SUM)
        line.laptop.psql(KEY, "CREATE TYPE pair AS (what regproc, n int)")
        line.laptop.psql(KEY, "CREATE TABLE hidden (inside pair)")

        line.edit(lambda db: db["spec"].update(version="18"))
        line.until(lambda: line.holds("Stalled"), "Stalled")
        told = line.message("Stalled")
        assert "Your installation contains one of the reg* data types" in told
        assert "public.hidden.inside" in told
        assert "set spec.version back and the old server starts again" in told

        line.edit(lambda db: db["spec"].update(version="16"))
        line.until(lambda: line.holds("Ready"), "Ready with the old version")
        assert line.laptop.psql(KEY, SUM) == before
