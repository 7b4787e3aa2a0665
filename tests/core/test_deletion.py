from __future__ import annotations

import pytest
from pure_cluster import BACKUP_RESULT, NOW, PureCluster
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.observed import Observed
from renderer.core.plan import Phase


def ready(**spec: object) -> PureCluster:
    cluster = PureCluster()
    cluster.settle(desired(**spec))
    return cluster


def test_deletion_proves_the_final_backup_before_anything_goes() -> None:
    cluster = ready()
    gone = desired(deleting=True)
    seen_proof = False
    for _ in range(20):
        cluster.turn(gone)
        seen_proof = seen_proof or bool(cluster.record and cluster.record.final_backup)
        if not cluster.data:
            assert seen_proof
        if cluster.released:
            break
    assert cluster.released
    assert cluster.record is None
    assert ("PersistentVolumeClaim", "orders-backup") in cluster.live
    assert ("PersistentVolumeClaim", "data-orders-0") not in cluster.live
    assert cluster.commits[-4:] == [
        "delete, step 1 of 5: take the final backup",
        "delete, step 2 of 5: stop the server, release the data volume",
        "delete, step 3 of 5: remove the workload",
        "delete, step 4 of 5: remove the directory",
    ]


@pytest.mark.parametrize(
    "result",
    [
        pytest.param("disk full", id="job-failed"),
        pytest.param({**BACKUP_RESULT, "verified": False}, id="not-verified"),
        pytest.param({**BACKUP_RESULT, "size": 0}, id="empty"),
        pytest.param({**BACKUP_RESULT, "sha256": ""}, id="no-hash"),
    ],
)
def test_deletion_is_blocked_while_the_final_backup_has_no_proof(result: object) -> None:
    cluster = ready()
    gone = desired(deleting=True)
    cluster.commit(decide(gone, cluster.observed(), cluster.record, NOW))
    job = next(name for kind, name in cluster.git if kind == "Job")
    cluster.job_results[job] = result  # type: ignore[assignment]
    plan = cluster.settle(gone)
    assert plan.deletion_blocked
    assert '"confirm": true' in plan.deletion_blocked
    assert cluster.data
    assert not cluster.released


def test_a_hibernated_database_is_woken_for_its_final_backup() -> None:
    cluster = ready()
    cluster.settle(desired(hibernate=True))
    cluster.settle(desired(hibernate=True, deleting=True))
    assert cluster.released


def test_policy_delete_needs_the_confirmation() -> None:
    cluster = ready()
    plan = cluster.settle(desired(deleting=True, deletion={"policy": "Delete"}))
    assert "confirm" in plan.deletion_blocked
    assert cluster.data
    confirmed = desired(deleting=True, deletion={"policy": "Delete", "confirm": True})
    cluster.settle(confirmed)
    assert cluster.released
    assert not cluster.data


def test_policy_retain_keeps_the_volume() -> None:
    cluster = ready()
    cluster.settle(desired(deleting=True, deletion={"policy": "Retain"}))
    assert cluster.released
    assert ("PersistentVolumeClaim", "data-orders-0") in cluster.live


def test_retain_after_the_protection_was_lifted_protects_again_first() -> None:
    cluster = ready()
    snapshot = desired(deleting=True)
    while not (cluster.record and cluster.record.final_backup):
        cluster.turn(snapshot)
    cluster.settle(desired(deleting=True, deletion={"policy": "Retain"}))
    assert cluster.released
    assert ("PersistentVolumeClaim", "data-orders-0") in cluster.live


def test_a_deletion_in_the_middle_of_another_operation_takes_over() -> None:
    cluster = ready()
    cluster.commit(decide(desired(parameters={"a": "1"}), cluster.observed(), cluster.record, NOW))
    cluster.settle(desired(parameters={"a": "1"}, deleting=True))
    assert cluster.released


def test_deletion_without_a_record_is_blocked_while_the_server_is_there() -> None:
    cluster = ready()
    plan = decide(desired(deleting=True), cluster.observed(), None, NOW)
    assert "git revert" in plan.deletion_blocked
    assert not plan.drop_finalizer


def test_a_sampledb_that_never_reached_the_cluster_is_removed_at_once() -> None:
    cluster = PureCluster()
    cluster.commit(decide(desired(), Observed(), None, NOW))
    cluster.commit(decide(desired(deleting=True), Observed(), cluster.record, NOW))
    assert cluster.record is None
    assert decide(desired(deleting=True), Observed(), None, NOW).drop_finalizer


def test_a_sampledb_made_anew_during_the_removal_of_the_old_one_is_provisioned() -> None:
    cluster = ready()
    gone = desired(deleting=True)
    while not (
        cluster.record and cluster.record.underway and cluster.record.underway.step == "Remove"
    ):
        cluster.turn(gone)
    plan = cluster.settle(desired())
    assert plan.phase is Phase.READY
    assert cluster.record is not None
    assert cluster.record.final_backup is None
