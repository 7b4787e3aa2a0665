"""A major upgrade by dump and restore: into a new claim, and the old one is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pure_children import CLAIM
from pure_cluster import NOW, TARGET, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.operations.foresight import foresee
from renderer.core.operations.step import Situation
from renderer.core.plan import Files, Phase

FIRST = (CLAIM, "data-orders-0")
MOVE = {"strategy": "DumpRestore"}


def wanted(version: str = "19", **more: object) -> Desired:
    return desired(**{"version": version, "upgrade": MOVE, **more})  # type: ignore[arg-type]


def data_claims(cluster: PureCluster) -> list[str]:
    return sorted(name for kind, name in cluster.live if kind == CLAIM and name[:5] == "data-")


def at_the_move(cluster: PureCluster, want: Desired) -> str:
    while cluster.turn(want).step != "Stop":
        pass
    cluster.jobs_run = False
    cluster.turn(want)
    return next(name for kind, name in cluster.live if kind == "Job")


def test_the_data_move_to_a_new_claim_and_the_old_one_is_kept() -> None:
    cluster = ready(wanted("18.3", backup=TARGET))
    seen = []
    while not (cluster.record and cluster.record.ended[0].type == "DumpRestoreUpgrade"):
        plan = cluster.turn(wanted("19.1", backup=TARGET))
        count = len(data_claims(cluster))
        seen.append((plan.step, cluster.live_image, cluster.live_replicas, count))
    assert list(dict.fromkeys(seen)) == [
        ("Preflight", "postgres:18.3", 1, 1),
        ("Backup", "postgres:18.3", 1, 1),
        ("Stop", "postgres:18.3", 0, 1),
        ("Move", "postgres:18.3", 0, 2),
        ("Start", "postgres:19.1", 1, 2),
        ("Analyze", "postgres:19.1", 1, 2),
        ("BackupAfter", "postgres:19.1", 1, 2),
        ("Done", "postgres:19.1", 1, 2),
    ]
    assert cluster.settle(wanted("19.1", backup=TARGET)).phase is Phase.READY
    record = cluster.record
    assert (record.data_version, record.version, record.target) == ("19", "19.1", "")
    assert (record.previous_claim, record.restoring, record.restored) == ("data-orders-0", "", "")
    assert record.claim in data_claims(cluster)
    assert cluster.live[FIRST][2], "the old claim is protected"
    assert cluster.majors == {"data-orders-0": "18", record.claim: "19"}
    assert cluster.commits[3] == (
        "upgrade 18 → 19, step 4 of 8: dump the old data and restore them into a new volume"
    )


def test_the_old_volume_goes_only_when_that_upgrade_is_confirmed() -> None:
    cluster = ready(wanted("18"))
    cluster.settle(wanted())
    cluster.settle(wanted(confirmed="another"))
    assert FIRST in cluster.live
    assert cluster.record
    assert cluster.record.to_confirm == "dumprestoreupgrade-2"
    assert cluster.settle(wanted(confirmed="dumprestoreupgrade-2")).phase is Phase.READY
    assert data_claims(cluster) == [cluster.record.claim]
    assert cluster.record.to_confirm == ""


def test_a_confirmation_that_was_said_before_keeps_the_old_server_running() -> None:
    cluster = ready(wanted("18"))
    plan = cluster.settle(wanted(confirmed="dumprestoreupgrade-2"))
    assert (reason(plan), cluster.live_replicas) == ("ConfirmedAhead", 1)
    assert data_claims(cluster) == ["data-orders-0"]
    assert cluster.settle(wanted()).phase is Phase.READY
    assert FIRST in cluster.live


def test_a_restore_that_was_done_before_is_neither_repeated_nor_taken_for_the_confirmation() -> (
    None
):
    restore = {"id": "monday", "from": {"backupId": "20260102T030405Z-1a2b3c"}}
    cluster = ready(wanted("18", backup=TARGET))
    cluster.settle(wanted("18", restore=restore, backup=TARGET))
    more = {"restore": restore, "backup": TARGET, "confirmed": "monday"}
    cluster.settle(wanted("18", **more))
    assert cluster.settle(wanted(**more)).phase is Phase.READY
    assert cluster.record
    assert [ended.type for ended in cluster.record.ended[:3]] == [
        "DumpRestoreUpgrade",
        "ConfirmRestore",
        "Restore",
    ]
    assert len(data_claims(cluster)) == 2


def test_what_is_foreseen_is_what_happens() -> None:
    cluster = ready(wanted("18"))
    record = cluster.record
    assert record
    plan = decide(wanted(), cluster.observed(), record, NOW)
    situation = Situation(desired=wanted(), observed=cluster.observed(), record=record, now=NOW)
    coming = [one.plan.subject for one in foresee(plan, situation)]
    cluster.settle(wanted())
    assert cluster.commits == coming


def test_while_the_data_move_a_changed_spec_and_a_deletion_wait() -> None:
    cluster = ready(wanted("18"))
    job = at_the_move(cluster, wanted())
    changed = wanted(parameters={"work_mem": "8MB"})
    plan = decide(changed, cluster.observed(), cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "SpecWaits")
    assert job in plan.why
    gone = wanted(deleting=True)
    plan = decide(gone, cluster.observed(), cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "DeletionWaits")
    cluster.jobs_run = True
    cluster.turn(gone)
    plan = cluster.turn(gone)
    assert (plan.step, plan.release and plan.release.image) == ("FinalBackup", "postgres:19")
    assert plan.names
    assert cluster.majors[plan.names.data] == "19"
    cluster.settle(gone)
    assert cluster.released
    assert data_claims(cluster) == []


@pytest.mark.parametrize("step", ["Preflight", "Backup", "Stop"])
def test_before_the_data_move_the_old_version_may_stay(step: str) -> None:
    cluster = ready(wanted("18"))
    while cluster.turn(wanted()).step != step:
        pass
    assert cluster.settle(wanted("18")).phase is Phase.READY
    assert (cluster.live_image, cluster.data_major) == ("postgres:18", "18")
    assert data_claims(cluster) == ["data-orders-0"]


@pytest.mark.parametrize(
    ("after", "version", "last"),
    [
        pytest.param(MOVE, "18", "RollBack", id="given-up"),
        pytest.param({"strategy": "InPlace"}, "19", "MajorUpgrade", id="in-place-instead"),
    ],
)
def test_after_a_failed_move_the_old_server_starts_again_on_the_old_volume(
    after: dict[str, str], version: str, last: str
) -> None:
    cluster = ready(wanted("18"))
    cluster.job_results[at_the_move(cluster, wanted())] = "the table public.t can't be read"
    plan = decide(wanted(), cluster.observed(), cluster.record, NOW)
    assert reason(plan) == "UpgradeFailed"
    assert "public.t" in plan.why
    assert "spec.version back" in plan.why
    cluster.jobs_run = True
    plan = cluster.settle(wanted(version, upgrade=after), turns=40)
    assert plan.phase is Phase.READY
    assert (cluster.live_image, cluster.data_major) == (f"postgres:{version}", version)
    left = data_claims(cluster)[1:]
    assert plan.why.endswith(f"delete pvc {' '.join(left)}")
    assert data_claims(cluster) == ["data-orders-0", *left]
    assert cluster.record
    assert cluster.record.ended[0].type == last
    assert "RollBack" in {ended.type for ended in cluster.record.ended}
    assert (cluster.record.target, cluster.record.restoring) == ("", "")


@pytest.mark.parametrize("step", ["Preflight", "Backup"])
def test_another_strategy_begins_anew_while_the_old_server_runs(step: str) -> None:
    cluster = ready(desired())
    while cluster.turn(desired(version="19")).step != step:
        pass
    assert cluster.turn(wanted()).step in {"Preflight", "Backup"}
    assert cluster.settle(wanted()).phase is Phase.READY
    assert cluster.record
    assert cluster.record.ended[0].type == "DumpRestoreUpgrade"
    assert "MajorUpgrade" not in {ended.type for ended in cluster.record.ended}


def test_another_strategy_waits_once_the_old_server_has_stopped() -> None:
    cluster = ready(desired())
    while cluster.turn(desired(version="19")).step != "Stop":
        pass
    assert cluster.settle(wanted()).phase is Phase.READY
    assert cluster.record
    assert cluster.record.ended[0].type == "MajorUpgrade"
    assert data_claims(cluster) == ["data-orders-0"]


def test_a_volume_that_is_too_small_is_told_with_figures_before_anything_stops() -> None:
    cluster = ready(wanted("18"))
    plan = cluster.turn(wanted())
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = {"from": "18", "needed": 3 * 1024**3 - 7}
    plan = cluster.settle(wanted())
    assert reason(plan) == "PreflightFailed"
    assert "would have 1Gi (1024 MiB), and to move the data it needs 3072 MiB" in plan.why
    assert "write at least 3072Mi" in plan.why
    assert cluster.live_replicas == 1
    assert cluster.settle(wanted(storage={"size": "3Gi"})).phase is Phase.READY
    assert cluster.data_major == "19"


def test_a_move_that_says_nothing_of_its_outcome_goes_no_further() -> None:
    cluster = ready(wanted("18"))
    cluster.job_results[at_the_move(cluster, wanted())] = {"fine": True}
    plan = cluster.settle(wanted())
    assert reason(plan) == "UpgradeUnproved"


def test_a_revert_of_the_commit_that_swapped_the_claims_is_put_right() -> None:
    cluster = ready(wanted("18"))
    at_the_move(cluster, wanted())
    before = (cluster.record, dict(cluster.git), cluster.replicas, cluster.image, cluster.target)
    cluster.jobs_run = True
    cluster.run()
    assert cluster.turn(wanted()).step == "Start"
    cluster.record, cluster.git, cluster.replicas, cluster.image, cluster.target = before
    cluster.apply()
    assert cluster.settle(wanted()).phase is Phase.READY
    assert cluster.data_major == "19"
    assert cluster.record
    assert cluster.record.previous_claim == "data-orders-0"
    assert replace(cluster.record, children={}).data_version == "19"
