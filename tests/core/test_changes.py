"""Backups on request, growth, and another minor: what is committed when, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pure_cluster import BACKUP_RESULT, NOW, TARGET, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.observed import Job
from renderer.core.operations.results import FRESH
from renderer.core.plan import Files, Phase


def test_a_minor_upgrade_takes_a_backup_rolls_and_asks_the_server() -> None:
    cluster = ready(desired(version="18.3", backup=TARGET))
    wanted = desired(version="18.9", backup=TARGET)
    images = []
    while not (cluster.record and cluster.record.version == "18.9"):
        plan = cluster.turn(wanted)
        images.append((plan.step, cluster.live_image))
    cluster.settle(wanted)
    assert list(dict.fromkeys(images)) == [
        ("Backup", "postgres:18.3"),
        ("Check", "postgres:18.3"),
        ("Roll", "postgres:18.9"),
        ("Verify", "postgres:18.9"),
        ("Done", "postgres:18.9"),
    ]
    assert cluster.commits == [
        "upgrade 18.3 → 18.9, step 1 of 5: take a backup first",
        "upgrade 18.3 → 18.9, step 2 of 5: try the new server's programs",
        "upgrade 18.3 → 18.9, step 3 of 5: start the new server",
        "upgrade 18.3 → 18.9, step 4 of 5: ask the server for its version",
        "upgrade 18.3 → 18.9, step 5 of 5: the new version is in force",
    ]
    assert cluster.record
    assert cluster.record.backup
    assert cluster.record.backup.items() >= BACKUP_RESULT.items()


def test_without_a_place_for_backups_a_minor_upgrade_rolls_at_once() -> None:
    cluster = ready(desired(version="18.3"))
    cluster.settle(desired(version="18.9"))
    assert [subject.partition(": ")[2] for subject in cluster.commits] == [
        "try the new server's programs",
        "start the new server",
        "ask the server for its version",
        "the new version is in force",
    ]


@pytest.mark.parametrize(
    ("age", "first"),
    [
        pytest.param(FRESH - timedelta(minutes=1), "Check", id="fresh"),
        pytest.param(FRESH + timedelta(minutes=1), "Backup", id="old"),
    ],
)
def test_a_fresh_verified_backup_is_not_taken_again(age: timedelta, first: str) -> None:
    cluster = ready(desired(version="18.3", backup=TARGET))
    observed = cluster.observed()
    done = Job(
        kind="Job",
        name="orders-backup-1",
        stamp=None,
        role="cronjob-backup",
        succeeded=True,
        result=BACKUP_RESULT,
        finished_at=NOW - age,
    )
    seen = replace(observed, children={**observed.children, ("Job", done.name): done})
    plan = decide(desired(version="18.9", backup=TARGET), seen, cluster.record, NOW)
    assert plan.step == first


def test_without_a_cluster_an_upgrade_is_written_at_once() -> None:
    cluster = ready(desired(version="18.3", backup=TARGET))
    plan = decide(desired(version="18.9", backup=TARGET), None, cluster.record, NOW)
    assert (plan.step, plan.release and plan.release.image) == ("Roll", "postgres:18.9")


def test_while_the_backup_fails_nothing_is_upgraded_and_the_old_version_may_stay() -> None:
    cluster = ready(desired(version="18.3", backup=TARGET))
    wanted = desired(version="18.9", backup=TARGET)
    cluster.turn(wanted)
    name = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[name] = "no space left on the backup volume"
    plan = cluster.settle(wanted)
    assert reason(plan) == "BackupFailed"
    assert "no space left" in plan.why
    assert cluster.live_image == "postgres:18.3"
    assert cluster.settle(desired(version="18.3", backup=TARGET)).phase is Phase.READY
    assert cluster.live_image == "postgres:18.3"


def test_a_new_server_that_does_not_start_is_told_and_the_old_one_can_come_back() -> None:
    cluster = ready(desired(version="18.3"))
    cluster.pod_message = "ErrImagePull: no such image"
    plan = cluster.settle(desired(version="18.9"))
    assert reason(plan) == "PodFailed"
    cluster.pod_message = ""
    assert cluster.settle(desired(version="18.3")).phase is Phase.READY
    assert cluster.live_image == "postgres:18.3"


def test_a_server_of_another_version_than_its_image_says_stops_the_upgrade() -> None:
    cluster = ready(desired(version="18.3"))
    wanted = desired(version="18.9")
    plan = cluster.turn(wanted)
    while plan.step != "Verify":
        plan = cluster.turn(wanted)
    name = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[name] = {"version": "18.4"}
    plan = cluster.settle(wanted)
    assert reason(plan) == "VersionMismatch"
    assert "18.4" in plan.why


def test_an_upgrade_interrupts_a_configuration_that_cannot_start() -> None:
    cluster = ready(desired(version="18.3", backup=TARGET))
    cluster.settle(desired(version="18.3", backup=TARGET, parameters={"work_mem": "8MB"}))
    cluster.turn(desired(version="18.3", backup=TARGET, parameters={"work_mem": "9MB"}))
    wanted = desired(version="18.9", backup=TARGET, parameters={"work_mem": "9MB"})
    plan = decide(wanted, cluster.observed(), cluster.record, NOW)
    assert (plan.step, plan.operation) == ("Backup", plan.operation)
    assert plan.operation.startswith("minorupgrade")
    assert cluster.settle(wanted).phase is Phase.READY


def test_a_hibernated_database_is_upgraded_when_it_wakes() -> None:
    cluster = ready(desired(version="18.3"))
    asleep = desired(version="18.9", hibernate=True)
    assert cluster.settle(asleep).phase is Phase.HIBERNATED
    assert cluster.image == "postgres:18.3"
    assert cluster.settle(desired(version="18.9")).phase is Phase.READY
    assert cluster.record
    assert cluster.record.version == "18.9"
    types = [ended.type for ended in cluster.record.ended[:2]]
    assert types == ["MinorUpgrade", "Wake"]


def test_a_deletion_in_the_middle_of_an_upgrade_backs_up_with_the_server_that_runs() -> None:
    cluster = ready(desired(version="18.3", backup=TARGET))
    cluster.turn(desired(version="18.9", backup=TARGET))
    gone = desired(version="18.9", backup=TARGET, deleting=True)
    plan = decide(gone, cluster.observed(), cluster.record, NOW)
    assert (plan.step, plan.release and plan.release.image) == ("FinalBackup", "postgres:18.3")
    cluster.settle(gone)
    assert cluster.released


def test_a_backup_that_is_asked_for_is_taken_once() -> None:
    cluster = ready(desired(backup=TARGET))
    wanted = desired(backup={**TARGET, "requestedAt": "monday"})
    assert cluster.settle(wanted).phase is Phase.READY
    assert cluster.record
    assert cluster.record.backup_requested == "monday"
    assert len(cluster.commits) == 2
    cluster.settle(desired(backup={**TARGET, "requestedAt": "monday"}, parameters={"a": "1"}))
    assert not any("backup" in subject for subject in cluster.commits[2:])


def test_a_request_that_is_withdrawn_frees_a_failing_backup() -> None:
    cluster = ready(desired(backup=TARGET))
    wanted = desired(backup={**TARGET, "requestedAt": "monday"})
    cluster.turn(wanted)
    name = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[name] = "the server refused the password"
    assert reason(cluster.settle(wanted)) == "BackupFailed"
    assert cluster.settle(desired(backup=TARGET)).phase is Phase.READY
    assert not any(kind == "Job" for kind, _ in cluster.live)


def test_a_volume_grows_and_the_wait_is_told_with_the_clusters_words() -> None:
    cluster = ready(desired())
    cluster.grows = False
    wanted = desired(storage={"size": "2Gi"})
    plan = cluster.settle(wanted)
    assert (plan.step, reason(plan)) == ("Grow", "Resizing")
    assert "1Gi" in plan.why
    cluster.grows = True
    assert cluster.settle(wanted).phase is Phase.READY


def test_a_hibernated_volume_grows_without_waiting_for_its_file_system() -> None:
    cluster = ready(desired())
    cluster.settle(desired(hibernate=True))
    cluster.grows = False
    plan = cluster.settle(desired(hibernate=True, storage={"size": "2Gi"}))
    assert plan.phase is Phase.HIBERNATED


def test_without_a_cluster_another_major_is_refused() -> None:
    cluster = ready(desired())
    plan = decide(desired(version="19"), None, cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "UpgradeNeedsController")
