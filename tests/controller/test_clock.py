"""A controller whose node's clock is wrong: the API server's counts, and it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from laptop_line import Line


def test_a_clock_that_is_wrong_is_told_on_the_resource_until_it_is_set(still: Line) -> None:
    still.laptop.server.clock_ahead = 3 * 3600.0
    with still.controller():
        still.create()
        still.until(lambda: still.holds("Committed"), "Committed")
        said = still.message("ClockSkew")
        assert "the clock of this controller's node is 2:59:5" in said or "is 3:00:0" in said
        assert "behind the API server's, which counts" in said
        at = datetime.fromisoformat(still.git.run("log", "-1", "--format=%cI", "main").text)
        assert abs(at - datetime.now(UTC) - timedelta(hours=3)) < timedelta(minutes=1)

        still.laptop.server.clock_ahead = 0.0
        still.edit(lambda db: db["spec"].update(parameters={"work_mem": "5MB"}))
        still.until(lambda: still.holds("Committed"), "Committed anew")
        still.until(lambda: not still.message("ClockSkew"), "no word of the clock")
