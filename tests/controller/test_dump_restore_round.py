"""A major upgrade by dump and restore on real servers, all the way round."""

from __future__ import annotations

from typing import Any

import pytest
from laptop_line import Line
from majors import WITH_15

from renderer.core.layout import CONFIRM_ANNOTATION, Key

KEY = Key(namespace="team-a", name="orders")
INIT = {
    "sql": [
        "CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL)",
        "INSERT INTO items (words) SELECT 'item ' || n FROM generate_series(1, 1000) AS n",
    ]
}
SUM = "SELECT count(*), md5(string_agg(id || words, ',' ORDER BY id)) FROM items"
MOVE = {"strategy": "DumpRestore"}


def test_every_row_moves_to_a_new_volume_and_the_old_one_waits_for_a_word(line: Line) -> None:
    with line.controller():
        line.create(version="16", init=INIT, upgrade=MOVE)
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, SUM)

        line.edit(lambda db: db["spec"].update(version="18"))
        line.until(lambda: line.holds("UpToDate"), "UpToDate", 120)
        assert line.laptop.psql(KEY, "SHOW server_version")[0][0].startswith("18.")
        assert line.laptop.psql(KEY, SUM) == before
        assert len(_claims(line)) == 2
        assert _status(line)["engineVersion"]["data"] == "18"
        assert _status(line)["storage"]["previousClaim"] == "data-orders-0"
        done = _status(line)["storage"]["replacedBy"]

        line.edit(
            lambda db: (
                db["metadata"].setdefault("annotations", {}).update({CONFIRM_ANNOTATION: done})
            )
        )
        line.until(lambda: len(_claims(line)) == 1, "only the new volume")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, SUM) == before
    assert [subject.partition(": ")[2] for subject in line.subjects()[3:11]] == [
        "check whether it can work",
        "take a backup first",
        "stop the old server",
        "dump the old data and restore them into a new volume",
        "start the new server on the new volume, keep the old one",
        "gather statistics, update extensions",
        "take a backup of the new server",
        "the new version is in force; the old volume is kept until the upgrade is confirmed",
    ]


@pytest.mark.parametrize(
    ("old", "kind", "value"),
    [
        pytest.param("15", "aclitem", "postgres=r/postgres", marks=WITH_15),
        pytest.param("16", "regproc", "now"),
    ],
)
def test_what_can_not_be_upgraded_in_place_is_told_before_anything_stops_and_can_be_moved(
    old: str, kind: str, value: str, line: Line
) -> None:
    with line.controller():
        kept = {"size": "1Gi", "keepReplaced": "5s"}
        line.create(version=old, init=INIT, storage=kept)
        line.until(lambda: line.holds("Ready"), "Ready")
        line.laptop.psql(KEY, f"CREATE TABLE odd (what {kind} DEFAULT '{value}')")
        line.laptop.psql(KEY, "INSERT INTO odd DEFAULT VALUES")

        line.edit(lambda db: db["spec"].update(version="18"))
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert f"the column public.odd.what of the type {kind}" in line.message("Stalled")
        assert line.laptop.psql(KEY, "SHOW server_version")[0][0].startswith(f"{old}.")

        line.edit(lambda db: db["spec"].update(upgrade=MOVE))
        line.until(lambda: line.holds("UpToDate"), "UpToDate", 120)
        assert line.laptop.psql(KEY, "SELECT what FROM odd") == [(value,)]
        assert line.laptop.psql(KEY, "SHOW server_version")[0][0].startswith("18.")
        assert "DumpRestoreUpgrade" in [past["type"] for past in _status(line)["history"]]
        line.until(lambda: len(_claims(line)) == 1, "the old volume's end")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, "SELECT what FROM odd") == [(value,)]
        assert line.subjects()[-1] == (
            "confirm the restore after 5s, step 2 of 2: remove the old volume"
        )


def _status(line: Line) -> dict[str, Any]:
    return dict((line.get() or {}).get("status") or {})


def _claims(line: Line) -> list[str]:
    found = line.laptop.objects.list("persistentvolumeclaims")
    names = [item["metadata"]["name"] for item in found]
    return sorted(name for name in names if name.startswith("data-"))
