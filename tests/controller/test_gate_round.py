"""Upgrades that wait for a person and for their window, on real servers, all the way round."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from laptop_line import Line

from renderer.core.layout import APPROVE_ANNOTATION, Key

KEY = Key(namespace="team-a", name="orders")
INIT = {
    "sql": [
        "CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL)",
        "INSERT INTO items (words) SELECT 'item ' || n FROM generate_series(1, 1000) AS n",
    ]
}
SUM = "SELECT count(*), md5(string_agg(id || words, ',' ORDER BY id)) FROM items"
LIMIT = 180


def operation(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = ((line.get() or {}).get("status") or {}).get("operation") or {}
    return found


def waits_for(line: Line) -> str:
    return str(((line.get() or {}).get("status") or {}).get("approval", ""))


def approve(line: Line, step: str) -> None:
    line.edit(
        lambda db: db["metadata"].setdefault("annotations", {}).update({APPROVE_ANNOTATION: step})
    )


def version(line: Line) -> str:
    return str(line.laptop.psql(KEY, "SHOW server_version")[0][0])


def followed(line: Line) -> bool:
    """Whether the status is of the spec as it is now."""
    found = line.get() or {}
    return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])


def titles(line: Line, since: int) -> list[str]:
    return [subject.partition(": ")[2] for subject in line.subjects()[since:]]


def test_a_major_upgrade_waits_twice_and_the_downtime_is_kept_in_git(line: Line) -> None:
    with line.controller():
        line.create(version="16", init=INIT, upgrade={"approval": "Manual"})
        line.until(lambda: line.holds("Ready"), "Ready")
        before, count = line.laptop.psql(KEY, SUM), len(line.subjects())
        line.edit(lambda db: db["spec"].update(version="18"))
        line.until(lambda: waits_for(line), "the first approval", LIMIT)
        waits = operation(line)
        wanted = waits_for(line)
        assert wanted.startswith("majorupgrade-2/Stop/18")
        assert version(line).startswith("16.")
        assert "found by the check: PostgreSQL 16." in waits["message"]
        assert waits["report"] in waits["message"]

    with line.controller():
        approve(line, wanted.replace("-2/", "-1/"))
        line.edit(lambda db: db["spec"].update(parameters={"work_mem": "8MB"}))
        line.until(lambda: followed(line) and waits_for(line), "still the first approval", LIMIT)
        assert version(line).startswith("16.")
        approve(line, wanted)
        again = "majorupgrade-2/DropOld/18"
        line.until(lambda: line.holds("UpToDate"), "UpToDate", LIMIT)
        assert (waits_for(line), line.holds("Ready")) == (again, True)
        assert f"approve team-a/orders --step {again}" in line.message("Ready")
        assert version(line).startswith("18.")
        assert line.laptop.psql(KEY, "SHOW work_mem") == [("8MB",)]
        majors = {path.parent.parent.name for path in line.laptop.folder.rglob("docker/PG_VERSION")}
        assert majors == {"16", "18"}
        upgraded = (line.get() or {})["status"]["history"][0]
        approve(line, again)
        line.until(lambda: not waits_for(line) and line.holds("Ready"), "the end", LIMIT)
        assert line.laptop.psql(KEY, SUM) == before
    status = (line.get() or {})["status"]
    dropped, past = status["history"][:2]
    assert (dropped["type"], past) == ("DropOld", upgraded)
    assert (past["type"], past["report"]) == ("MajorUpgrade", waits["report"])
    assert 0 < past["downtime"] < LIMIT
    assert past["startedAt"] < past["endedAt"]
    told = line.git.run("show", "main:clusters/test/databases/team-a/orders/record.yaml").text
    assert f'"downtime": {past["downtime"]}' in told
    assert titles(line, count)[-3:] == [
        "the new version is in force",
        "remove the old data",
        "they are gone",
    ]
    majors = {path.parent.parent.name for path in line.laptop.folder.rglob("docker/PG_VERSION")}
    assert majors == {"18"}


def test_a_minor_upgrade_begins_when_its_window_opens(line: Line) -> None:
    """The laptop has one server of each major: it says 18.4 whatever the image's tag is."""
    with line.controller():
        line.create(version="18.3", init=INIT)
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, SUM)
        opens = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
        window = f"{opens.minute} {opens.hour} * * * 1h"
        line.edit(lambda db: db["spec"].update(version="18.4", upgrade={"window": window}))
        line.until(lambda: "spec.upgrade.window" in line.message("Ready"), "the window", LIMIT)
        assert f"opens {opens:%a %Y-%m-%d %H:%M} Etc/UTC" in line.message("Ready")
        line.until(lambda: line.holds("UpToDate"), "UpToDate", LIMIT)
        assert line.laptop.psql(KEY, SUM) == before
    history = (line.get() or {})["status"]["history"]
    assert history[0]["type"] == "MinorUpgrade"
    assert datetime.fromisoformat(history[0]["endedAt"]) >= opens
    assert 0 <= history[0]["downtime"] < LIMIT


def test_an_upgrade_that_waits_is_withdrawn_by_the_spec(line: Line) -> None:
    with line.controller():
        line.create(version="16", init=INIT, upgrade={"approval": "Manual"})
        line.until(lambda: line.holds("Ready"), "Ready")
        line.edit(lambda db: db["spec"].update(version="18"))
        line.until(lambda: waits_for(line), "the approval", LIMIT)
        line.edit(lambda db: db["spec"].update(version="16"))
        line.until(lambda: line.holds("UpToDate"), "UpToDate", LIMIT)
        assert version(line).startswith("16.")
        assert line.laptop.psql(KEY, "SELECT count(*) FROM items") == [("1000",)]
