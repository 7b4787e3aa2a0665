from __future__ import annotations

from dataclasses import replace

import pytest
from pure_cluster import BACKUP_RESULT, NOW, PureCluster, desired

from renderer.core.decide import decide
from renderer.core.layout import Role
from renderer.core.observed import Observed
from renderer.core.plan import Files, Phase, Trouble
from renderer.core.record import Record, Underway


def ready(**spec: object) -> PureCluster:
    cluster = PureCluster()
    cluster.settle(desired(**spec))
    return cluster


def test_provisioning_goes_from_the_server_to_the_init_job_to_ready() -> None:
    cluster = PureCluster()
    plan = cluster.settle(desired())
    assert plan.phase is Phase.READY
    assert cluster.commits == [
        "provision, step 1 of 3: start the server",
        "provision, step 2 of 3: initialise the database",
        "provision, step 3 of 3: initialised; remove the Job",
    ]
    assert cluster.record is not None
    assert cluster.record.data_version == "18"
    assert cluster.record.initialized is not None
    assert cluster.record.underway is None
    assert not [name for kind, name in cluster.live if kind == "Job"]


def test_a_second_pass_over_a_ready_database_changes_nothing() -> None:
    cluster = ready()
    before = list(cluster.commits)
    cluster.settle(desired())
    assert cluster.commits == before


def test_no_step_is_taken_before_the_applier_has_applied_the_last() -> None:
    cluster = PureCluster()
    for _ in range(5):
        plan = decide(desired(), cluster.observed(), cluster.record, NOW)
        cluster.commit(plan)
    assert cluster.commits == ["provision, step 1 of 3: start the server"]
    assert plan.problem is not None
    assert plan.problem.reason == "NotApplied"


def test_without_a_cluster_server_and_init_job_are_rendered_at_once_and_stay() -> None:
    plan = decide(desired(), None, None, NOW)
    assert {Role.SERVER, Role.INIT} <= plan.roles
    assert plan.step == "Initialise"
    cluster = PureCluster()
    cluster.commit(plan)
    assert not cluster.commit(decide(desired(), None, cluster.record, NOW))


def test_a_changed_spec_is_applied_and_then_told_as_in_force() -> None:
    cluster = ready()
    changed = desired(parameters={"max_connections": "200"})
    plan = cluster.settle(changed)
    assert plan.phase is Phase.READY
    assert cluster.commits[-2:] == [
        "configure, step 1 of 2: apply the changed spec",
        "configure, step 2 of 2: the changed spec is in force",
    ]
    assert cluster.record is not None
    assert cluster.record.generation == 2
    assert [ended.id for ended in cluster.record.ended] == ["configure-2", "provision-1"]


def test_a_spec_changed_in_the_middle_is_written_at_the_same_step() -> None:
    cluster = PureCluster()
    cluster.turn(desired())
    plan = decide(desired(parameters={"a": "1"}), cluster.observed(), cluster.record, NOW)
    assert plan.step == "Start"
    assert plan.record is not None
    assert plan.record.generation == 2


def test_a_failed_init_job_stalls_with_its_own_words_and_a_new_spec_tries_again() -> None:
    cluster = PureCluster()
    wanted = desired(init={"sql": ["SELEKT 1"]})
    while not any(kind == "Job" for kind, _ in cluster.git):
        cluster.turn(wanted)
    cluster.job_results = {
        name: 'ERROR: syntax error at "SELEKT"' for kind, name in cluster.git if kind == "Job"
    }
    plan = cluster.turn(wanted)
    assert plan.problem is not None
    assert plan.problem.trouble is Trouble.STALLED
    assert "SELEKT" in plan.problem.message
    assert plan.problem.reason == "InitFailed"
    assert cluster.settle(desired(init={"sql": ["SELECT 1"]})).phase is Phase.READY


def test_a_pod_that_cannot_start_stalls_with_the_kubelets_words() -> None:
    cluster = PureCluster(pod_message="ImagePullBackOff: no such image postgres:99")
    plan = cluster.settle(desired())
    assert plan.problem is not None
    assert plan.problem.trouble is Trouble.STALLED
    assert "no such image" in plan.why


def test_hibernation_stops_the_server_and_waking_starts_it() -> None:
    cluster = ready()
    assert cluster.settle(desired(hibernate=True)).phase is Phase.HIBERNATED
    assert cluster.live_replicas == 0
    assert cluster.data
    assert cluster.settle(desired()).phase is Phase.READY
    assert cluster.live_replicas == 1


def test_hibernation_that_is_taken_back_half_way_wakes_again() -> None:
    cluster = ready()
    cluster.commit(decide(desired(hibernate=True), cluster.observed(), cluster.record, NOW))
    plan = decide(desired(), cluster.observed(), cluster.record, NOW)
    assert plan.operation.startswith("wake")
    assert cluster.settle(desired()).phase is Phase.READY


def test_a_hibernated_database_takes_a_changed_spec_without_starting() -> None:
    cluster = ready()
    cluster.settle(desired(hibernate=True))
    changed = desired(hibernate=True, parameters={"work_mem": "8MB"})
    assert cluster.settle(changed).phase is Phase.HIBERNATED
    assert cluster.live_replicas == 0


def test_a_paused_sampledb_is_left_alone() -> None:
    cluster = ready()
    plan = decide(
        desired(paused=True, parameters={"a": "1"}), cluster.observed(), cluster.record, NOW
    )
    assert plan.files is Files.LEAVE
    assert plan.phase is Phase.PAUSED


def test_a_deletion_while_paused_says_what_blocks_it() -> None:
    plan = decide(desired(paused=True, deleting=True), Observed(), None, NOW)
    assert "spec.paused" in plan.deletion_blocked
    assert not plan.drop_finalizer


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        pytest.param("17", "DowngradeRefused", id="older-major"),
        pytest.param("19", "UpgradeNotSupported", id="newer-major"),
        pytest.param("18.9", "UpgradeNotSupported", id="other-minor"),
    ],
)
def test_another_version_is_refused_while_the_old_one_runs_on(version: str, reason: str) -> None:
    cluster = ready()
    wanted = replace(desired(), image=f"postgres:{version}", major=version.partition(".")[0])
    plan = decide(wanted, cluster.observed(), cluster.record, NOW)
    assert plan.files is Files.LEAVE
    assert plan.problem is not None
    assert plan.problem.reason == reason


def test_a_wrong_image_can_be_mended_before_the_first_start() -> None:
    cluster = PureCluster(pod_message="ErrImagePull: typo")
    cluster.settle(desired(image="postgers:18"))
    cluster.pod_message = ""
    assert cluster.settle(desired(image="postgres:18", parameters={"a": "1"})).phase is Phase.READY


def test_init_cannot_change_once_it_has_run() -> None:
    cluster = ready()
    plan = decide(desired(init={"sql": ["SELECT 2"]}), cluster.observed(), cluster.record, NOW)
    assert plan.problem is not None
    assert plan.problem.reason == "InitChanged"
    assert plan.files is Files.LEAVE


def test_another_storage_size_is_refused_while_the_claim_stays_as_it_is() -> None:
    cluster = ready()
    plan = decide(desired(storage={"size": "2Gi"}), cluster.observed(), cluster.record, NOW)
    assert plan.problem is not None
    assert plan.problem.reason == "ResizeNotSupported"
    assert "spec.storage.size" in plan.why
    assert plan.files is Files.LEAVE


def test_a_record_of_an_unknown_operation_is_not_touched() -> None:
    record = Record(
        generation=1,
        input_digest="x",
        underway=Underway(type="Teleport", id="teleport-1", step="One"),
    )
    plan = decide(desired(), Observed(), record, NOW)
    assert plan.files is Files.LEAVE
    assert "Teleport" in plan.why


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
        "delete, step 2 of 5: let the data volume be removed",
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


def test_the_secret_is_created_only_when_it_is_to_be_generated() -> None:
    assert decide(desired(), Observed(), None, NOW).create_secret
    existing = desired(credentials={"source": "Existing", "secretName": "mine"})
    assert not decide(existing, Observed(), None, NOW).create_secret
