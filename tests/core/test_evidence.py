"""Proofs and refusals that no healthy cluster ever shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pure_cluster import NOW, PureCluster
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.observed import Claim, Delivery, Job, Observed, Pod
from renderer.core.operations.results import JOB_LIMIT
from renderer.core.plan import Files, Plan, Problem
from renderer.core.record import Record, Underway

DATA = ("PersistentVolumeClaim", "data-orders-0")


def ready() -> PureCluster:
    cluster = PureCluster()
    cluster.settle(desired())
    return cluster


def until(cluster: PureCluster, wanted: Desired, step: str) -> None:
    """Turn until the record is at `step` and all of it is applied."""
    while not (cluster.record and cluster.record.underway and cluster.record.underway.step == step):
        cluster.turn(wanted)


def problem(plan: Plan) -> Problem:
    assert plan.problem is not None
    return plan.problem


def server_pod(**facts: object) -> Pod:
    known = {"name": "orders-0", "role": Role.SERVER.value, "template_hash": "old"}
    return Pod(**{**known, "phase": "Running", "ready": False, **facts})  # type: ignore[arg-type]  # a table's values


def lost(observed: Observed) -> Observed:
    claim = observed.children[DATA]
    assert isinstance(claim, Claim)
    return replace(observed, children={**observed.children, DATA: replace(claim, phase="Lost")})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(lost, "ClaimLost", id="volume-lost"),
        pytest.param(lambda seen: replace(seen, pods=()), "PodMissing", id="no-pod"),
        pytest.param(
            lambda seen: replace(seen, pods=(server_pod(deleting=True),)),
            "PodEnding",
            id="pod-of-another-template-ends",
        ),
        pytest.param(
            lambda seen: replace(seen, pods=(server_pod(message="Pulling"),)),
            "PodNotReady",
            id="pod-not-ready",
        ),
    ],
)
def test_a_server_that_does_not_serve_says_why(
    change: Callable[[Observed], Observed], reason: str
) -> None:
    cluster = ready()
    plan = decide(desired(), change(cluster.observed()), cluster.record, NOW)
    assert problem(plan).reason == reason


def test_a_pod_that_ends_slowly_is_waited_for() -> None:
    cluster = ready()
    asleep = desired(hibernate=True)
    cluster.commit(decide(asleep, cluster.observed(), cluster.record, NOW))
    cluster.apply()
    plan = decide(asleep, cluster.observed(), cluster.record, NOW)
    assert problem(plan).reason == "Stopping"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"succeeded": True}, "InitFailed", id="no-result"),
        pytest.param({"failed": True}, "InitFailed", id="failed-without-a-word"),
        pytest.param({"started_at": NOW - JOB_LIMIT - timedelta(1)}, "JobStuck", id="stuck"),
        pytest.param({"started_at": NOW, "message": "Pulling"}, "JobRunning", id="running"),
    ],
)
def test_a_job_without_a_result_says_why(facts: dict[str, object], reason: str) -> None:
    cluster = PureCluster()
    until(cluster, desired(), "Initialise")
    seen = cluster.observed()
    key, job = next((k, c) for k, c in seen.children.items() if isinstance(c, Job))
    bare = replace(job, succeeded=False, failed=False, result=None, message="")
    found = replace(bare, **facts)  # type: ignore[arg-type]  # a table's values
    seen = replace(seen, children={**seen.children, key: found})
    plan = decide(desired(), seen, cluster.record, NOW)
    assert problem(plan).reason == reason


def test_an_applier_that_would_leave_the_record_behind_is_waited_for() -> None:
    cluster = ready()
    gone = desired(deleting=True)
    until(cluster, gone, "Remove")
    cluster.apply()
    cluster.run()
    said = Delivery(tool="flux", name="orders", final=False)
    plan = decide(gone, replace(cluster.observed(), delivery=said), cluster.record, NOW)
    assert problem(plan).reason == "HandoverStands"


def test_what_the_applier_has_not_removed_yet_is_named() -> None:
    cluster = ready()
    gone = desired(deleting=True)
    until(cluster, gone, "LiftProtection")
    cluster.apply()
    cluster.commit(decide(gone, cluster.observed(), cluster.record, NOW))
    plan = decide(gone, cluster.observed(), cluster.record, NOW)
    assert problem(plan).reason == "StillThere"
    assert "StatefulSet/orders" in plan.why


def test_a_protection_that_still_stands_is_waited_for() -> None:
    cluster = ready()
    gone = desired(deleting=True, deletion={"policy": "Delete", "confirm": True})
    cluster.commit(decide(gone, cluster.observed(), cluster.record, NOW))
    assert problem(decide(gone, cluster.observed(), cluster.record, NOW)).reason == "StillProtected"


def test_a_protection_that_was_taken_off_is_put_back_before_the_volume_is_let_go() -> None:
    cluster = ready()
    gone = desired(deleting=True, deletion={"policy": "Retain"})
    cluster.commit(decide(gone, cluster.observed(), cluster.record, NOW))
    claim = cluster.observed().children[DATA]
    bare = replace(cluster.observed(), children={DATA: replace(claim, protected=False)})
    plan = decide(gone, bare, cluster.record, NOW)
    assert problem(plan).reason == "Unprotected"
    assert cluster.record is not None
    edited = replace(
        cluster.record, underway=Underway(type="DeleteRetain", id="deleteretain-1", step="Remove")
    )
    assert decide(gone, bare, edited, NOW).step == "Protect"


def test_a_deletion_whose_record_lost_its_proof_begins_again() -> None:
    cluster = ready()
    gone = desired(deleting=True)
    until(cluster, gone, "LiftProtection")
    assert cluster.record is not None
    edited = replace(cluster.record, final_backup=None)
    assert decide(gone, cluster.observed(), edited, NOW).step == "FinalBackup"


def test_a_directory_that_is_to_go_goes() -> None:
    gone = desired(deleting=True, deletion={"policy": "Delete", "confirm": True})
    record = Record(
        generation=1,
        input_digest=gone.digest,
        underway=Underway(type="DeleteAtOnce", id="deleteatonce-1", step="Clear"),
    )
    plan = decide(gone, Observed(), record, NOW)
    assert plan.files is Files.REMOVE
    assert problem(plan).reason == "Removing"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param({"init": {"database": "shop"}}, "InitChanged", id="another-database"),
        pytest.param({"storage": {"size": "512Mi"}}, "StorageShrinks", id="smaller-size"),
    ],
)
def test_no_final_backup_is_taken_of_what_the_data_are_not(
    spec: dict[str, Any], reason: str
) -> None:
    cluster = ready()
    plan = decide(desired(deleting=True, **spec), cluster.observed(), cluster.record, NOW)
    assert problem(plan).reason == reason
    assert '"confirm": true' in plan.deletion_blocked
    assert plan.files is Files.LEAVE


def test_a_sampledb_made_anew_on_the_old_volume_is_refused_what_the_data_are_not() -> None:
    cluster = ready()
    until(cluster, desired(deleting=True), "LiftProtection")
    newer = replace(desired(), major="19", image="postgres:19")
    assert problem(decide(newer, cluster.observed(), cluster.record, NOW)).reason == ("OldData")
    same = decide(desired(), cluster.observed(), cluster.record, NOW)
    empty = decide(newer, Observed(), cluster.record, NOW)
    assert same.record is not None
    assert empty.record is not None
    assert (same.step, same.record.data_version) == ("Start", "18")
    assert (empty.step, empty.record.data_version) == ("Start", "")


def test_without_a_cluster_a_deletion_is_left_to_the_controller() -> None:
    cluster = ready()
    until(cluster, desired(deleting=True), "LiftProtection")
    plan = decide(desired(), None, cluster.record, NOW)
    assert plan.files is Files.LEAVE
    assert "controller" in plan.why
