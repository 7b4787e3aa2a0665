"""Clocks that are hours or days ahead or behind: nothing goes too early, and it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster, ready, timed
from pure_desired import desired
from wanted_snapshots import DAILY, there, wanted

from renderer.core import clocks
from renderer.core.backups import conditions, summarise
from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.observed import Job, Observed
from renderer.core.operations import snapshots

MONTH, HOUR, FEW = timedelta(days=30), timedelta(hours=1), timedelta(minutes=4)
PLACE: Any = TARGET


def backups_taken(cluster: PureCluster) -> int:
    return sum("backup" in subject and "remove" not in subject for subject in cluster.commits)


def backed_up(asked: str) -> Desired:
    return desired(backup={**PLACE, "requestedAt": asked})


def upgrade(asked: str = "") -> Desired:
    return desired(backup={**PLACE, "requestedAt": asked}, version="18.9")


@pytest.mark.parametrize(
    ("ahead", "again"),
    [
        pytest.param(MONTH, True, id="a month ahead"),
        pytest.param(HOUR, True, id="an hour ahead"),
        pytest.param(FEW, False, id="minutes"),
        pytest.param(-HOUR, False, id="an hour ago"),
        pytest.param(-MONTH, True, id="a month ago"),
    ],
)
def test_a_backup_of_a_time_to_come_is_not_fresh(ahead: timedelta, again: bool) -> None:
    cluster = timed(desired(backup=PLACE), now=NOW + ahead)
    cluster.settle(backed_up("monday"))
    cluster.now = NOW
    cluster.commits.clear()
    cluster.settle(upgrade("monday"))
    assert cluster.live_image == "postgres:18.9"
    assert (backups_taken(cluster) > 0) is again


@pytest.mark.parametrize("ahead", [MONTH, HOUR, -HOUR])
def test_jobs_by_another_clock_than_ours_are_backed_up_once_before_an_upgrade(
    ahead: timedelta,
) -> None:
    cluster = timed(desired(backup=PLACE))
    for _ in range(20):
        cluster.turn(upgrade())
        cluster.finished = dict.fromkeys(cluster.job_results, NOW + ahead)
    assert cluster.live_image == "postgres:18.9"
    assert backups_taken(cluster) == 1


def test_what_a_job_says_of_a_time_to_come_is_recorded_as_of_now() -> None:
    cluster = timed(desired(backup=PLACE))
    while not (cluster.record and cluster.record.backup):
        cluster.turn(backed_up("monday"))
        cluster.finished = dict.fromkeys(cluster.job_results, NOW + MONTH)
    assert cluster.record.backup["finishedAt"] == "2026-01-02T03:04:05Z"


def job(name: str, at: datetime, *, failed: bool = False) -> Job:
    result = None if failed else {**BACKUP_RESULT, "id": name}
    return Job(
        kind="Job",
        name=name,
        stamp=None,
        role="cronjob-backup",
        succeeded=not failed,
        failed=failed,
        result=result,
        message="no room" if failed else "",
        finished_at=at,
    )


def seen(*jobs: Job, ahead: timedelta = timedelta()) -> Observed:
    return Observed(children={("Job", each.name): each for each in jobs}, clock_ahead=ahead)


def test_a_backup_of_a_time_to_come_is_followed_by_one_of_now_in_the_status() -> None:
    first, second = job("first", NOW + MONTH), job("second", NOW)
    known = summarise(seen(first), {}, None, NOW + MONTH)
    for jobs in ((first,), (first, second), (first, second), (second,)):
        known = summarise(seen(*jobs), {"backups": known}, None, NOW + HOUR)
    assert known["lastVerified"] == known["last"]
    assert known["last"]["id"] == "second"  # type: ignore[index]
    assert known["count"] == 2


def test_a_failure_of_now_is_told_although_a_backup_says_that_it_is_newer() -> None:
    wished = desired(backup={**PLACE, "schedule": "0 3 * * *"})
    known = summarise(seen(job("first", NOW + MONTH)), {}, None, NOW + MONTH)
    known = summarise(seen(job("now", NOW, failed=True)), {"backups": known}, None, NOW)
    (condition,) = conditions(wished, known, NOW)
    assert (condition.holds, condition.message) == (False, "now: no room")


def test_a_schedule_that_was_answered_ahead_of_time_comes_round_again() -> None:
    cluster = ready(wanted(backup=DAILY))
    cluster.now = NOW + MONTH
    cluster.settle(wanted(backup=DAILY))
    assert len(there(cluster)) == 2
    cluster.now = NOW + timedelta(days=1)
    cluster.settle(wanted(backup=DAILY))
    assert len(there(cluster)) == 3
    cluster.now = NOW + timedelta(days=2)
    cluster.settle(wanted(backup=DAILY))
    assert len(there(cluster)) == 4


@pytest.mark.parametrize("ahead", [HOUR, -MONTH])
def test_while_clocks_are_apart_no_snapshot_goes_for_its_age(ahead: timedelta) -> None:
    short = {"retention": {"maxAge": "2d"}}
    cluster = ready(wanted(backup=short))
    for day in ("monday", "tuesday"):
        cluster.settle(wanted(day, backup=short))
    wished = wanted("tuesday", backup=short)
    observed = cluster.observed()
    for apart, begins in ((ahead, False), (FEW, True)):
        found = replace(observed, clock_ahead=apart)
        plan = decide(wished, found, cluster.record, NOW + MONTH)
        underway = plan.record and plan.record.underway
        assert bool(underway and underway.type == snapshots.EXPIRE.type) is begins


def test_a_controllers_clock_that_is_far_off_is_told_with_its_figures_and_does_not_count() -> None:
    (behind,) = clocks.conditions(seen(ahead=-HOUR), {}, NOW)
    (ahead,) = clocks.conditions(seen(ahead=timedelta(days=1, hours=3)), {}, NOW)
    assert (behind.type, behind.holds, behind.reason) == ("ClockSkew", True, "ClocksDiffer")
    assert "is 1:00:00 behind the API server's, which counts" in behind.message
    assert "is 1 day, 3:00:00 ahead of the API server's" in ahead.message
    assert clocks.counting(NOW + HOUR, HOUR) == NOW
    assert clocks.counting(NOW - HOUR, -HOUR) == NOW
    assert clocks.counting(NOW, FEW) == NOW


def test_a_job_of_a_time_to_come_is_named_with_how_far_it_is_ahead() -> None:
    (told,) = clocks.conditions(seen(job("nightly", NOW + MONTH)), {}, NOW)
    assert "the end of Job nightly is of 2026-02-01T03:04:05Z, 720 h ahead of now" in told.message
    assert "doesn't count as fresh" in told.message
    known = {"lastVerified": {"time": "2026-01-02T04:04:05Z"}}
    (told,) = clocks.conditions(seen(), known, NOW)
    assert "the last backup is of 2026-01-02T04:04:05Z, 1 h ahead of now" in told.message


def test_a_node_whose_clock_a_backup_found_wrong_is_named() -> None:
    found = job("nightly", NOW)
    for said, words in ((7200, "2:00:00 ahead of the server's"), (-7200, "2:00:00 behind")):
        wrong = replace(found, result={**(found.result or {}), "clockAhead": said})
        (told,) = clocks.conditions(seen(wrong), {}, NOW)
        assert f"the node that Job nightly ran on was {words}" in told.message
    for said in (7, "7200", True, None):
        right = replace(found, result={**(found.result or {}), "clockAhead": said})
        assert not list(clocks.conditions(seen(right), {}, NOW))


def test_the_text_is_the_same_at_the_next_look_or_it_would_be_written_for_ever() -> None:
    found = seen(job("nightly", NOW + HOUR))
    first, second = (list(clocks.conditions(found, {}, NOW + FEW * each)) for each in (1, 2))
    assert first == second
    assert "less than an hour ahead" in first[0].message
    known = HOUR + timedelta(seconds=1)
    assert clocks.steady(known, HOUR - timedelta(seconds=1)) == known
    assert clocks.steady(known, HOUR + FEW) == HOUR + FEW


def test_clocks_that_agree_are_not_mentioned() -> None:
    assert not list(clocks.conditions(seen(job("nightly", NOW + FEW), ahead=FEW), {}, NOW))
