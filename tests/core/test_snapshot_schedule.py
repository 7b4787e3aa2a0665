"""Snapshots by schedule: committed when they are due, made up for, suspended, told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pure_cluster import NOW, ready, reason
from wanted_snapshots import DAILY, there, wanted

from renderer.core import backups
from renderer.core.decide import decide
from renderer.core.operations import snapshots
from renderer.core.plan import Phase
from renderer.core.record import Record


def test_the_first_scheduled_snapshot_is_taken_at_once_and_the_next_when_it_is_due() -> None:
    cluster = ready(wanted(backup=DAILY))
    assert len(there(cluster)) == 1
    plan = cluster.settle(wanted(backup=DAILY))
    assert plan.look_at == datetime(2026, 1, 3, 3, tzinfo=UTC)
    assert plan.phase is Phase.READY
    cluster.now = plan.look_at - timedelta(seconds=1)
    cluster.settle(wanted(backup=DAILY))
    assert len(there(cluster)) == 1
    cluster.now = plan.look_at
    cluster.settle(wanted(backup=DAILY))
    assert len(there(cluster)) == 2
    assert cluster.commits == [
        "scheduled backup, step 1 of 2: take the snapshot that is due",
        "scheduled backup, step 2 of 2: the backup is verified",
    ]
    assert cluster.record
    ids = [ended.id for ended in cluster.record.ended if ended.type == "ScheduledBackup"]
    assert ids == ["scheduledbackup-20260103t0300", "scheduledbackup-20260102t0300"]


def test_times_that_were_missed_are_made_up_for_by_one_snapshot() -> None:
    cluster = ready(wanted(backup=DAILY))
    cluster.now = NOW + timedelta(days=5)
    cluster.settle(wanted(backup=DAILY))
    assert len(there(cluster)) == 2


def test_the_time_zone_is_the_specs_own() -> None:
    berlin = {**DAILY, "timeZone": "Europe/Berlin"}
    plan = ready(wanted(backup=berlin)).settle(wanted(backup=berlin))
    assert plan.look_at == datetime(2026, 1, 3, 2, tzinfo=UTC)


def test_a_suspended_schedule_takes_nothing_and_is_not_looked_at() -> None:
    suspended = {**DAILY, "suspend": True}
    cluster = ready(wanted(backup=suspended))
    assert there(cluster) == []
    assert cluster.settle(wanted(backup=suspended)).look_at is None


def test_a_sleeping_database_is_snapshotted_when_it_wakes() -> None:
    cluster = ready(wanted(backup=DAILY))
    cluster.settle(wanted(backup=DAILY, hibernate=True))
    cluster.now = NOW + timedelta(days=2)
    assert cluster.settle(wanted(backup=DAILY, hibernate=True)).look_at is None
    assert len(there(cluster)) == 1
    cluster.settle(wanted(backup=DAILY))
    assert len(there(cluster)) == 2


@pytest.mark.parametrize(
    ("change", "end"),
    [
        pytest.param({"hibernate": True}, Phase.HIBERNATED, id="hibernated"),
        pytest.param({"backup": {**DAILY, "suspend": True}}, Phase.READY, id="suspended"),
    ],
)
def test_a_scheduled_snapshot_that_fails_stands_in_nobodys_way(
    change: dict[str, object], end: Phase
) -> None:
    cluster = ready(wanted(backup=DAILY))
    cluster.now, cluster.snapshot_error = NOW + timedelta(days=1), "quota"
    assert reason(cluster.settle(wanted(backup=DAILY))) == "BackupFailed"
    assert cluster.settle(wanted(**{"backup": DAILY, **change})).phase is end
    assert len(there(cluster)) == 1


def test_an_upgrade_that_waits_for_its_approval_lets_the_schedule_go_on() -> None:
    manual = {"backup": DAILY, "version": "18.9", "upgrade": {"approval": "Manual"}}
    cluster = ready(wanted(backup=DAILY))
    cluster.settle(wanted(**manual))
    cluster.now = NOW + timedelta(days=1)
    cluster.settle(wanted(**manual))
    assert len(there(cluster)) == 2
    cluster.now, cluster.snapshot_error = NOW + timedelta(days=2), "quota"
    assert reason(cluster.settle(wanted(**manual))) == "BackupFailed"
    cluster.snapshot_error = ""
    cluster.settle(wanted(**manual))
    assert cluster.live_image == "postgres:18"
    assert len(there(cluster)) == 3


def test_the_end_of_the_oldest_one_is_looked_at_too() -> None:
    both = {**DAILY, "retention": {"maxAge": "25h"}}
    cluster = ready(wanted(backup=both))
    cluster.now = NOW + timedelta(days=1)
    plan = cluster.settle(wanted(backup=both))
    assert plan.look_at == NOW + timedelta(hours=25)
    cluster.now = plan.look_at
    cluster.settle(wanted(backup=both))
    assert len(there(cluster)) == 1


def test_the_status_tells_how_many_are_kept_and_why_one_is_not_taken() -> None:
    cluster = ready(wanted(backup=DAILY))
    record = cluster.record
    taken = backups.summarise(cluster.observed(), {}, record, cluster.now)
    assert taken["count"] == 1
    cluster.now, cluster.snapshot_error = NOW + timedelta(days=1), "quota"
    cluster.settle(wanted(backup=DAILY))
    later = backups.summarise(cluster.observed(), {"backups": taken}, cluster.record, cluster.now)
    (condition,) = backups.conditions(wanted(backup=DAILY), later, cluster.now)
    assert (condition.holds, condition.reason) == (False, "BackupFailed")
    assert condition.message.endswith("-" + str(later["lastFailure"]["id"])[-8:] + ": quota")  # type: ignore[index]


def test_without_a_cluster_no_snapshot_is_taken_or_let_go() -> None:
    cluster = ready(wanted(backup=DAILY))
    record = replace(cluster.record or Record(generation=1, input_digest=""), scheduled="")
    plan = decide(wanted(backup=DAILY), None, record, NOW)
    assert (plan.phase, plan.look_at, plan.step) == (Phase.READY, None, "")
    assert snapshots.noted(record, {}) == record


def test_an_age_beyond_the_calendar_is_never_reached() -> None:
    for_ever = {**DAILY, "retention": {"maxAge": "999999w"}}
    cluster = ready(wanted(backup=for_ever))
    cluster.now += timedelta(days=1)
    assert cluster.settle(wanted(backup=for_ever)).phase is Phase.READY
    assert len(there(cluster)) == 2
