"""Backups by VolumeSnapshot: proved by the storage, kept for a while, restored, let go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pure_cluster import NOW, TARGET, ready, reason
from pure_desired import desired
from wanted_snapshots import there, wanted

from renderer.core import backups
from renderer.core.decide import decide
from renderer.core.plan import Files, Phase


def test_a_requested_snapshot_is_proved_recorded_and_leaves_git_but_not_the_cluster() -> None:
    cluster = ready(wanted())
    assert cluster.settle(wanted("now")).phase is Phase.READY
    assert cluster.commits == [
        "backup, step 1 of 2: take the backup that was asked for",
        "backup, step 2 of 2: the backup is verified",
    ]
    (name,) = there(cluster)
    assert ("VolumeSnapshot", name) not in cluster.git
    assert cluster.live["VolumeSnapshot", name][2], "protected"
    record = cluster.record
    assert record
    assert record.backup is not None
    assert backups.whole(record.backup)
    assert backups.shown(record.backup) == {
        "id": name,
        "size": 2**30,
        "method": "VolumeSnapshot",
        "snapshot": f"content-{name}",
    }
    assert [each.name for each in record.snapshots] == [name]


def test_a_snapshot_without_its_stamp_or_its_protection_proves_nothing() -> None:
    cluster = ready(wanted())
    cluster.turn(wanted("now"))
    observed = cluster.observed()
    (name,) = there(cluster)
    key = ("VolumeSnapshot", name)
    for change in ({"stamp": None}, {"protected": False}, {"content": ""}, {"ready": False}):
        child = replace(observed.children[key], **change)
        other = replace(observed, children={**observed.children, key: child})
        assert decide(wanted("now"), other, cluster.record, NOW).step == "Backup"
    assert decide(wanted("now"), observed, cluster.record, NOW).step == "Done"


def test_each_request_takes_another_snapshot() -> None:
    cluster = ready(wanted())
    for day in ("monday", "tuesday", "monday", "tuesday"):
        cluster.settle(wanted(day))
    assert len(there(cluster)) == 4


def test_what_the_storage_says_is_told_and_a_later_success_counts() -> None:
    cluster = ready(wanted())
    cluster.snapshot_error = "cannot find default snapshot class"
    plan = cluster.settle(wanted("now"))
    assert reason(plan) == "BackupFailed"
    assert "cannot find default snapshot class" in plan.why
    cluster.snapshot_error = ""
    assert cluster.settle(wanted("now")).phase is Phase.READY
    assert len(there(cluster)) == 1


def test_a_snapshot_that_is_given_up_is_removed() -> None:
    cluster = ready(wanted())
    cluster.snapshot_error = "quota"
    cluster.settle(wanted("now"))
    assert len(there(cluster)) == 1
    assert cluster.settle(wanted()).phase is Phase.READY
    assert there(cluster) == []
    assert cluster.record
    assert cluster.record.snapshotting is None


def test_more_than_are_kept_go_oldest_first() -> None:
    few = {"retention": {"keep": 2}}
    cluster = ready(wanted(backup=few))
    for day in ("monday", "tuesday", "wednesday"):
        cluster.settle(wanted(day, backup=few))
    assert len(there(cluster)) == 2
    assert cluster.record
    assert [each.name for each in cluster.record.snapshots] == there(cluster)
    assert cluster.commits[-2:] == [
        subject for subject in cluster.commits[-2:] if subject.startswith("let a snapshot go ")
    ]
    one = {"retention": {"keep": 1}}
    cluster.settle(wanted("wednesday", backup=one))
    assert len(there(cluster)) == 1


def test_too_old_ones_go_and_the_last_one_never() -> None:
    short = {"retention": {"maxAge": "2d"}}
    cluster = ready(wanted(backup=short))
    cluster.settle(wanted("monday", backup=short))
    cluster.now = NOW + timedelta(days=1)
    cluster.settle(wanted("tuesday", backup=short))
    assert len(there(cluster)) == 2
    cluster.now = NOW + timedelta(days=2)
    cluster.settle(wanted("tuesday", backup=short))
    assert len(there(cluster)) == 1
    cluster.now = NOW + timedelta(days=20)
    cluster.settle(wanted("tuesday", backup=short))
    assert len(there(cluster)) == 1


def test_a_release_of_another_day_is_waited_for() -> None:
    cluster = ready(wanted())
    for day in ("monday", "tuesday"):
        cluster.settle(wanted(day))
    plan = decide(
        wanted("tuesday", backup={"retention": {"keep": 1}}),
        cluster.observed(),
        cluster.record,
        NOW,
    )
    cluster.commit(plan)
    again = decide(
        wanted("tuesday", backup={"retention": {"keep": 1}}),
        cluster.observed(),
        cluster.record,
        NOW,
    )
    assert reason(again) == "StillProtected"


def test_without_snapshots_in_the_cluster_nothing_is_rendered_and_the_way_out_is_told() -> None:
    cluster = ready(wanted())
    cluster.no_snapshots = "the server could not find the requested resource"
    plan = cluster.turn(wanted("now"))
    assert (reason(plan), plan.files) == ("SnapshotsMissing", Files.LEAVE)
    assert "snapshot controller" in plan.why
    assert reason(cluster.turn(wanted(deleting=True))) == "SnapshotsMissing"
    assert cluster.data


def test_a_deletion_proves_its_snapshot_first_and_leaves_it_behind() -> None:
    cluster = ready(wanted())
    seen = []
    while not cluster.released:
        plan = cluster.turn(wanted(deleting=True))
        seen.append((plan.step, cluster.data))
        if not cluster.data and cluster.record:
            assert cluster.record.final_backup
    assert [step for step, _ in seen[:1]] == ["FinalBackup"]
    (name,) = there(cluster)
    assert cluster.live["VolumeSnapshot", name][2], "protected"
    assert not cluster.data
    assert [kind for kind, _ in cluster.live] == ["VolumeSnapshot"]


def test_a_deletion_whose_snapshot_fails_is_blocked() -> None:
    cluster = ready(wanted())
    cluster.snapshot_error = "cannot find default snapshot class"
    plan = cluster.settle(wanted(deleting=True))
    assert "cannot find default snapshot class" in plan.deletion_blocked
    assert cluster.data


def test_a_sleeping_database_is_snapshotted_asleep() -> None:
    cluster = ready(wanted())
    cluster.settle(wanted(hibernate=True))
    cluster.commit(
        decide(wanted(hibernate=True, deleting=True), cluster.observed(), cluster.record, NOW)
    )
    assert cluster.replicas == 0
    cluster.settle(wanted(hibernate=True, deleting=True))
    assert cluster.released


def test_an_upgrade_takes_its_backup_by_snapshot_too() -> None:
    cluster = ready(wanted())
    cluster.settle(wanted(version="19"))
    assert "upgrade 18 → 19, step 2 of 9: take a backup first" in cluster.commits
    assert len(there(cluster)) == 2


def test_another_method_leaves_the_snapshots_alone() -> None:
    cluster = ready(wanted())
    for day in ("monday", "tuesday"):
        cluster.settle(wanted(day))
    other = desired(backup={**TARGET, "retention": {"keep": 1}, "requestedAt": "tuesday"})
    assert cluster.settle(other).phase is Phase.READY
    assert len(there(cluster)) == 2


def test_one_that_is_given_up_for_another_goes_too() -> None:
    cluster = ready(wanted())
    cluster.snapshot_error = "quota"
    cluster.settle(wanted("monday"))
    cluster.turn(wanted())
    cluster.snapshot_error = ""
    cluster.settle(wanted("tuesday"))
    assert cluster.record
    assert [each.name for each in cluster.record.snapshots] == there(cluster)
    assert cluster.record.discarded == ()
