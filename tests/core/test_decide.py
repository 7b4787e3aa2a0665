from __future__ import annotations

from dataclasses import replace

import pytest
from pure_cluster import NOW, PureCluster
from pure_desired import desired

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
        "configure with a restart for max_connections, step 2 of 3: apply the changed spec",
        "configure with a restart for max_connections, step 3 of 3: the changed spec is in force",
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
        pytest.param("17.9", "DowngradeRefused", id="older-minor-of-an-older-major"),
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


def test_a_smaller_volume_is_refused_while_the_claim_stays_as_it_is() -> None:
    cluster = ready()
    plan = decide(desired(storage={"size": "512Mi"}), cluster.observed(), cluster.record, NOW)
    assert plan.problem is not None
    assert plan.problem.reason == "StorageShrinks"
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


def test_a_step_that_this_release_does_not_know_is_not_begun_anew() -> None:
    record = replace(ready().record, underway=Underway(type="Backup", id="backup-1", step="Jump"))
    plan = decide(desired(), ready().observed(), record, NOW)
    assert plan.files is Files.LEAVE
    assert "the operation 'Backup' at the step 'Jump'" in plan.why


def test_the_secret_is_created_only_when_it_is_to_be_generated() -> None:
    assert decide(desired(), Observed(), None, NOW).create_secret
    existing = desired(credentials={"source": "Existing", "secretName": "mine"})
    assert not decide(existing, Observed(), None, NOW).create_secret
