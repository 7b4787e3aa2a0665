"""A SampleDB that is made from a backup: restored into its first volume, never initialised."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.plan import Phase

CLAIM = "PersistentVolumeClaim"
RETAIN = {"policy": "Retain"}


def wanted(restore_id: str = "monday", **more: object) -> Desired:
    restore = {"id": restore_id, "from": {"backupId": BACKUP_RESULT["id"]}}
    return desired(**{"restore": restore, **more})  # type: ignore[arg-type]


def data_claims(cluster: PureCluster) -> list[str]:
    return sorted(name for kind, name in cluster.live if kind == CLAIM and name[:5] == "data-")


def roles(cluster: PureCluster) -> set[Role]:
    return {role for role, _, _ in cluster.git.values()}


def failed(because: str = "the backup is damaged: 16384.dump: FAILED") -> PureCluster:
    """A cluster in which the restore Job of a new SampleDB fails."""
    cluster = PureCluster()
    cluster.commit(decide(wanted(), cluster.observed(), None, NOW))
    job = next(name for kind, name in cluster.git if kind == "Job")
    cluster.job_results[job] = because
    return cluster


def test_the_server_starts_on_the_restored_volume_and_nothing_is_initialised() -> None:
    cluster = PureCluster()
    seen: list[tuple[str, bool]] = []
    while not (cluster.record and cluster.record.ended):
        plan = cluster.turn(wanted())
        seen.append((plan.step, Role.SERVER in roles(cluster)))
        assert Role.INIT not in roles(cluster)
    assert list(dict.fromkeys(seen)) == [("Restore", False), ("Start", True), ("Done", True)]
    assert cluster.settle(wanted()).phase is Phase.READY
    assert cluster.commits == [
        f"provision from backup {BACKUP_RESULT['id']}, {rest}"
        for rest in (
            "step 1 of 3: restore into a new volume",
            "step 2 of 3: start the server on the restored volume",
            "step 3 of 3: the restored database is in force",
        )
    ]
    record = cluster.record
    assert data_claims(cluster) == [record.claim]
    assert (record.restored, record.previous_claim, record.restoring) == ("monday", "", "")
    assert record.initialized is not None
    assert record.initialized["database"] == "app"
    assert (record.data_version, record.credentials) == ("18", "orders-credentials")


def test_the_history_tells_that_the_backup_was_never_verified() -> None:
    cluster = PureCluster()
    cluster.commit(decide(wanted(), cluster.observed(), None, NOW))
    job = next(name for kind, name in cluster.git if kind == "Job")
    told = {"id": BACKUP_RESULT["id"], "verified": False, "unproved": "it was not finished"}
    cluster.job_results[job] = told
    cluster.settle(wanted())
    assert cluster.record
    assert cluster.record.ended[0].result == "Succeeded, from an unverified backup"
    assert cluster.record.ended[0].report == "the backup was never verified: it was not finished"


def test_the_secret_is_there_before_the_job_reads_it() -> None:
    assert decide(wanted(), PureCluster().observed(), None, NOW).create_secret


def test_the_backups_of_another_sampledb_need_no_claim_of_ones_own() -> None:
    source = {"backupId": BACKUP_RESULT["id"], "sampleDB": "billing"}
    other = wanted(restore={"id": "monday", "from": source})
    cluster = PureCluster()
    cluster.commit(decide(other, cluster.observed(), None, NOW))
    assert Role.BACKUPS not in roles(cluster)
    assert cluster.settle(other).phase is Phase.READY


def test_what_was_restored_is_not_restored_again() -> None:
    cluster = ready(wanted())
    cluster.settle(wanted(parameters={"work_mem": "8MB"}))
    assert not any("restore" in subject for subject in cluster.commits)
    cluster.settle(wanted("tuesday"))
    assert cluster.record is not None
    assert cluster.record.restored == "tuesday"


def test_a_damaged_backup_makes_nothing_and_another_one_may_be_named() -> None:
    cluster = failed()
    plan = cluster.settle(wanted())
    assert (reason(plan), Role.SERVER in roles(cluster)) == ("RestoreFailed", False)
    assert "16384.dump" in plan.why
    before = data_claims(cluster)
    assert cluster.settle(wanted("tuesday")).phase is Phase.READY
    assert cluster.record
    assert data_claims(cluster) == sorted([*before, cluster.record.claim])


def test_a_backup_that_is_given_up_leaves_an_empty_database() -> None:
    cluster = failed()
    cluster.settle(wanted())
    left = data_claims(cluster)
    assert cluster.settle(desired()).phase is Phase.READY
    assert data_claims(cluster) == ["data-orders-0", *left]
    assert cluster.record is not None
    assert cluster.record.restored == ""


def test_a_restore_that_is_withdrawn_once_it_is_made_stays() -> None:
    cluster = PureCluster()
    while not (cluster.record and cluster.record.initialized):
        cluster.turn(wanted())
    assert cluster.settle(desired()).phase is Phase.READY
    assert cluster.record.restored == "monday"


@pytest.mark.parametrize(
    ("deletion", "left"),
    [
        pytest.param({"policy": "Delete", "confirm": True}, 0, id="at-once"),
        pytest.param(RETAIN, 1, id="retain"),
    ],
)
def test_a_deletion_while_nothing_is_there_yet_removes_what_was_begun(
    deletion: dict[str, object], left: int
) -> None:
    cluster = PureCluster(jobs_run=False)
    cluster.settle(wanted(deletion=deletion))
    cluster.settle(wanted(deletion=deletion, deleting=True))
    assert cluster.released
    assert len(data_claims(cluster)) == left


def test_a_deletion_while_nothing_is_there_yet_names_the_volume_that_was_being_filled() -> None:
    cluster = PureCluster(jobs_run=False)
    cluster.settle(wanted())
    plan = cluster.settle(wanted(deleting=True))
    assert not cluster.released
    [claim] = data_claims(cluster)
    assert reason(plan) == "VolumeLeft"
    assert plan.deletion_blocked.endswith(f"kubectl --namespace team-a delete pvc {claim}")
    assert not any("final backup" in subject for subject in cluster.commits)
    del cluster.live[CLAIM, claim]
    cluster.settle(wanted(deleting=True))
    assert cluster.released


def test_a_broken_image_may_be_mended_while_the_server_starts() -> None:
    cluster = PureCluster()
    while not (cluster.record and cluster.record.initialized):
        cluster.turn(wanted())
    cluster.pod_message = "ErrImagePull: no such image"
    assert reason(cluster.settle(wanted())) == "PodFailed"
    cluster.pod_message = ""
    assert cluster.settle(wanted(version="18.9")).phase is Phase.READY
    assert cluster.live_image == "postgres:18.9"


def test_another_major_asked_for_while_the_server_starts_is_an_upgrade() -> None:
    cluster = PureCluster()
    while not (cluster.record and cluster.record.initialized):
        cluster.turn(wanted())
    assert cluster.settle(wanted(version="19", backup=TARGET), turns=40).phase is Phase.READY
    assert cluster.live_image == "postgres:19"
    assert any(subject.startswith("upgrade") for subject in cluster.commits)


def test_a_volume_that_was_kept_is_taken_up_first_and_then_kept_again() -> None:
    cluster = ready(desired(deletion=RETAIN, backup=TARGET))
    cluster.settle(desired(deletion=RETAIN, backup=TARGET, deleting=True))
    again = replace(cluster, released=False)
    assert again.settle(wanted(backup=TARGET), turns=40).phase is Phase.READY
    assert again.record is not None
    assert again.record.previous_claim == "data-orders-0"
    assert len(data_claims(again)) == 2


def test_a_sampledb_made_anew_in_the_middle_of_its_deletion_begins_from_the_backup() -> None:
    cluster = ready(desired(backup=TARGET))
    for _ in range(20):
        cluster.turn(desired(backup=TARGET, deleting=True))
        if not data_claims(cluster):
            break
    assert cluster.record is not None
    assert cluster.settle(wanted(backup=TARGET), turns=40).phase is Phase.READY
    assert any(subject.startswith("provision from backup") for subject in cluster.commits)
    assert cluster.record.previous_claim == ""
