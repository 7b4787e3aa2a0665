"""Experiments give way to whatever else is asked for, and leave nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
from pure_chaos import BACKUP, backed_up, chaos, fail_the_job, last, until_step
from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.layout import Role
from renderer.core.operations.chaos import faults
from renderer.core.plan import Files, Phase

OTHER: dict[str, dict[str, Any]] = {
    "emptied": {"backup": BACKUP},
    "hibernate": {**chaos(), "hibernate": True},
    "backup": {**chaos(), "backup": {**TARGET, "requestedAt": "second"}},
    "upgrade": {**chaos(), "version": "19"},
    "parameter": {**chaos(), "parameters": {"work_mem": "8MB"}},
    "restore": {**chaos(), "restore": {"id": "one", "from": {"backupId": BACKUP_RESULT["id"]}}},
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
@pytest.mark.parametrize(
    ("action", "step"),
    [
        ("ServerCrash", "Inject"),
        ("PodKill", "Watch"),
        ("PodKill", "Inject"),
        ("FillDisk", "Inject"),
        ("FillDisk", "CleanUp"),
        ("NetworkDeny", "Inject"),
        ("NetworkDeny", "CleanUp"),
    ],
)
def test_an_experiment_gives_way_and_leaves_nothing_behind(
    action: str, step: str, other: dict[str, Any]
) -> None:
    cluster = backed_up()
    until_step(cluster, desired(**chaos(action)), step)
    wanted = desired(**other)
    plan = cluster.turn(wanted)
    assert (plan.operation.startswith("chaosabort-"), plan.step) == (True, "CleanUp")
    assert plan.record
    assert not faults(plan.record, wanted).deny
    end = cluster.settle(wanted, turns=40)
    assert end.phase in {Phase.READY, Phase.HIBERNATED}
    assert not cluster.full
    assert cluster.record
    aborted = [trial for trial in cluster.record.trials if trial.result == "Aborted"]
    assert [trial.name for trial in aborted] == ["crash"]


def test_a_volume_that_can_not_be_emptied_holds_everything_but_a_deletion() -> None:
    cluster = backed_up()
    until_step(cluster, desired(**chaos("FillDisk")), "Inject")
    wanted = desired(backup=BACKUP)
    cluster.jobs_run = False
    cluster.turn(wanted)
    fail_the_job(cluster, Role.MEND, "could not remove it")
    assert reason(cluster.settle(wanted)) == "MendFailed"
    cluster.jobs_run = True
    cluster.settle(desired(deleting=True, backup=BACKUP))
    assert cluster.released


def test_a_deletion_empties_the_volume_first() -> None:
    cluster = backed_up()
    spec = chaos("FillDisk")
    until_step(cluster, desired(**spec), "Inject")
    cluster.commits.clear()
    plan = cluster.turn(desired(deleting=True, **spec))
    assert (plan.phase, plan.step) == (Phase.DELETING, "CleanUp")
    cluster.settle(desired(deleting=True, **spec))
    assert cluster.released
    assert cluster.commits[0].startswith("end the experiment crash: FillDisk")


@pytest.mark.parametrize("action", ["ServerCrash", "PodKill", "NetworkDeny"])
def test_other_experiments_do_not_hold_a_deletion_up(action: str) -> None:
    cluster = backed_up()
    until_step(cluster, desired(**chaos(action)), "Inject")
    wanted = desired(deleting=True, **chaos(action))
    plan = cluster.turn(wanted)
    assert plan.record
    assert plan.operation.startswith("delete-")
    assert not faults(plan.record, wanted).deny
    cluster.settle(wanted)
    assert cluster.released


def test_a_reverted_commit_of_an_experiment_ends_as_it_is_again() -> None:
    cluster = backed_up()
    wanted = desired(**chaos())
    until_step(cluster, wanted, "Inject")
    before = (cluster.record, dict(cluster.git), cluster.pod_hash)
    cluster.settle(wanted)
    cluster.record, cluster.git, cluster.pod_hash = before  # git revert of its last commit
    assert cluster.settle(wanted).phase is Phase.READY
    assert last(cluster) == ("Recovered", 7)


def test_without_a_cluster_no_experiment_is_begun() -> None:
    cluster = backed_up()
    plan = decide(desired(**chaos()), None, cluster.record, NOW)
    assert plan.operation.startswith("configure")


def test_a_claim_that_could_not_be_applied_keeps_the_files_as_they_are() -> None:
    cluster = PureCluster(timed=True, size="2Gi")
    cluster.settle(desired(backup=BACKUP, storage={"size": "2Gi"}))
    until_step(cluster, desired(**chaos("NetworkDeny"), storage={"size": "2Gi"}), "Inject")
    plan = cluster.turn(desired(**chaos("NetworkDeny")))
    assert (plan.files, reason(plan)) == (Files.LEAVE, "StorageShrinks")
