"""An upgrade begins in its window, with a backup that is fresh by then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pure_cluster import TARGET, PureCluster, ready, reason, timed
from pure_desired import desired

from renderer.core.plan import Phase

MANUAL = {"upgrade": {"approval": "Manual"}}
SATURDAY = {"upgrade": {"window": "0 2 * * 6 4h Europe/Berlin"}}
OPENS = datetime(2026, 1, 3, 1, 0, tzinfo=UTC)


def steps(cluster: PureCluster) -> list[str]:
    return [subject.rpartition(": ")[2] for subject in cluster.commits]


def test_before_the_window_an_upgrade_is_prepared_and_says_when_it_opens() -> None:
    cluster = ready(desired())
    plan = cluster.settle(desired(version="19", **SATURDAY))  # type: ignore[arg-type]
    assert steps(cluster) == ["check whether it can work", "take a backup first"]
    assert reason(plan) == "WindowClosed"
    assert plan.look_at == OPENS - timedelta(hours=12)
    assert "which opens Sat 2026-01-03 02:00 Europe/Berlin" in plan.why
    assert plan.approval == ""


def test_in_the_window_an_upgrade_begins_and_goes_on_after_it_closes() -> None:
    cluster = ready(desired())
    wanted = desired(version="19", **SATURDAY)  # type: ignore[arg-type]
    cluster.settle(wanted)
    cluster.now = OPENS
    while cluster.turn(wanted).step != "Stop":
        pass
    cluster.now = OPENS + timedelta(hours=5)
    assert cluster.settle(wanted).phase is Phase.READY
    assert cluster.data_major == "19"


@pytest.mark.parametrize(
    ("after", "opened"),
    [
        (timedelta(seconds=-1), False),
        (timedelta(0), True),
        (timedelta(hours=4, seconds=-1), True),
        (timedelta(hours=4), False),
    ],
)
def test_a_window_is_open_from_its_first_second_to_its_last(after: timedelta, opened: bool) -> None:
    cluster = ready(desired(version="18.3"))
    cluster.now = OPENS + after
    cluster.settle(desired(version="18.9", **SATURDAY))  # type: ignore[arg-type]
    assert (cluster.live_image == "postgres:18.9") is opened


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (datetime(2026, 3, 25, tzinfo=UTC), "Sun 2026-03-29 03:00"),
        (datetime(2026, 10, 22, tzinfo=UTC), "Sun 2026-10-25 02:30"),
        (datetime(2026, 7, 1, tzinfo=UTC), "Sun 2026-07-05 02:30"),
    ],
    ids=["the hour is left out", "the hour comes twice", "summer"],
)
def test_a_window_keeps_to_the_clock_on_the_wall(now: datetime, opens: str) -> None:
    cluster = ready(desired(version="18.3"))
    cluster.now = now
    window = {"upgrade": {"window": "30 2 * * 0 1h Europe/Berlin"}}
    plan = cluster.settle(desired(version="18.9", **window))  # type: ignore[arg-type]
    assert f"opens {opens} Europe/Berlin" in plan.why


def test_an_approval_is_asked_for_first_and_the_window_waited_for_then() -> None:
    cluster = ready(desired())
    both = {"upgrade": {**MANUAL["upgrade"], **SATURDAY["upgrade"]}}
    plan = cluster.settle(desired(version="19", **both))  # type: ignore[arg-type]
    assert reason(plan) == "ApprovalNeeded"
    assert "in the window that opens Sat 2026-01-03 02:00 Europe/Berlin" in plan.why
    approved = desired(version="19", approved=plan.approval, **both)  # type: ignore[arg-type]
    assert reason(cluster.settle(approved)) == "WindowClosed"
    cluster.now = OPENS
    assert cluster.settle(approved).phase is Phase.READY
    assert cluster.data_major == "19"


@pytest.mark.parametrize(("old", "new"), [("18", "19"), ("18.3", "18.9")])
def test_a_backup_that_is_too_old_when_the_approval_comes_is_taken_anew(old: str, new: str) -> None:
    cluster = timed(desired(version=old, backup=TARGET))
    asked = cluster.settle(desired(version=new, backup=TARGET, **MANUAL))  # type: ignore[arg-type]
    cluster.now += timedelta(days=3)
    cluster.commits.clear()
    wanted = desired(version=new, backup=TARGET, approved=asked.approval, **MANUAL)  # type: ignore[arg-type]
    cluster.settle(wanted)
    assert "take a backup first" in steps(cluster)
    assert cluster.live_image == f"postgres:{new}"
    assert cluster.record
    assert cluster.record.backup
    assert str(cluster.record.backup["finishedAt"]) > "2026-01-05"


def test_a_backup_that_would_be_too_old_is_taken_anew_before_the_window_opens() -> None:
    cluster = timed(desired(version="18", backup=TARGET), OPENS - timedelta(days=5))
    wanted = desired(version="19", backup=TARGET, **SATURDAY)  # type: ignore[arg-type]
    plan = cluster.settle(wanted)
    assert plan.look_at == OPENS - timedelta(hours=12)
    cluster.commits.clear()
    cluster.now = OPENS - timedelta(hours=12)
    plan = cluster.settle(wanted)
    assert steps(cluster) == ["check whether it can work", "take a backup first"]
    assert plan.look_at == OPENS
    cluster.commits.clear()
    cluster.now = OPENS
    assert cluster.settle(wanted).phase is Phase.READY
    assert "take a backup first" not in steps(cluster)
