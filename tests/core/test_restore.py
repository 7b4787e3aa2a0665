"""A restore: into a new claim, which takes the old one's place once it is proved."""

from __future__ import annotations

from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.plan import Files, Phase

CLAIM = "PersistentVolumeClaim"
FIRST = (CLAIM, "data-orders-0")


def wanted(restore_id: str = "monday", **more: object) -> Desired:
    restore = {"id": restore_id, "from": {"backupId": BACKUP_RESULT["id"]}}
    return desired(**{"restore": restore, "backup": TARGET, **more})  # type: ignore[arg-type]


def data_claims(cluster: PureCluster) -> list[str]:
    return sorted(name for kind, name in cluster.live if kind == CLAIM and name[:5] == "data-")


def test_the_server_runs_on_until_the_new_volume_is_proved_and_the_old_one_is_kept() -> None:
    cluster = ready(desired(backup=TARGET))
    seen = []
    while not (cluster.record and cluster.record.ended[0].type == "Restore"):
        plan = cluster.turn(wanted())
        seen.append((plan.step, cluster.live_replicas, len(data_claims(cluster))))
    assert list(dict.fromkeys(seen)) == [
        ("Restore", 1, 2),
        ("Stop", 0, 2),
        ("Swap", 1, 2),
        ("Verify", 1, 2),
        ("Done", 1, 2),
    ]
    assert cluster.settle(wanted()).phase is Phase.READY
    assert cluster.live[FIRST][2], "the old claim is protected"
    assert cluster.record.claim in data_claims(cluster)
    assert cluster.record.previous_claim == "data-orders-0"


def test_an_id_is_restored_once() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.settle(wanted())
    count = len(cluster.commits)
    cluster.settle(wanted(parameters={"work_mem": "8MB"}))
    assert not any("restore" in subject for subject in cluster.commits[count:])
    cluster.settle(wanted("tuesday", parameters={"work_mem": "8MB"}))
    assert cluster.record
    assert cluster.record.restored == "tuesday"


def test_the_old_volume_goes_only_when_that_restore_is_confirmed() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.settle(wanted())
    cluster.settle(wanted(confirmed="another"))
    assert FIRST in cluster.live
    assert cluster.settle(wanted(confirmed="monday")).phase is Phase.READY
    assert FIRST not in cluster.live
    assert len(data_claims(cluster)) == 1


def test_a_confirmation_that_was_said_before_lets_no_restore_begin() -> None:
    cluster = ready(desired(backup=TARGET))
    plan = cluster.settle(wanted(confirmed="monday"))
    assert reason(plan) == "ConfirmedAhead"
    assert "metadata.annotations[sampledb.dev/confirm-restore] names 'monday'" in plan.why
    assert len(data_claims(cluster)) == 1
    assert cluster.settle(wanted()).phase is Phase.READY
    assert len(data_claims(cluster)) == 2


def test_a_confirmation_that_is_said_too_early_lets_no_volume_be_replaced() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.turn(wanted())
    plan = cluster.settle(wanted(confirmed="monday"))
    assert (reason(plan), plan.step, cluster.live_replicas) == ("ConfirmedAhead", "Restore", 1)
    assert cluster.settle(wanted()).phase is Phase.READY
    assert FIRST in cluster.live
    assert cluster.settle(wanted(confirmed="monday")).phase is Phase.READY
    assert FIRST not in cluster.live


def test_a_restore_that_was_reverted_is_confirmed_anew() -> None:
    cluster = ready(desired(backup=TARGET))
    before = cluster.record
    cluster.settle(wanted())
    cluster.settle(wanted(confirmed="another"))
    cluster.record = before  # `git revert` of the whole restore
    plan = cluster.settle(wanted(confirmed="monday"))
    assert reason(plan) == "ConfirmedAhead"
    assert FIRST in cluster.live
    assert cluster.settle(wanted()).phase is Phase.READY
    assert FIRST in cluster.live


def test_a_failed_restore_leaves_the_server_as_it_is_and_can_be_withdrawn() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.turn(wanted())
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = "the backup is damaged: 16384.dump: FAILED"
    plan = cluster.settle(wanted())
    assert reason(plan) == "RestoreFailed"
    assert "16384.dump" in plan.why
    assert cluster.live_replicas == 1
    plan = cluster.settle(desired(backup=TARGET))
    assert plan.phase is Phase.READY
    first, left = data_claims(cluster)
    assert first == "data-orders-0"
    assert plan.why.endswith(f"kubectl --namespace team-a delete pvc {left}")
    del cluster.live[CLAIM, left]
    assert "delete pvc" not in cluster.settle(desired(backup=TARGET)).why


def test_a_restore_that_was_reverted_and_withdrawn_leaves_its_volume_as_it_was_written() -> None:
    cluster = ready(desired(backup=TARGET))
    while cluster.turn(wanted()).step != "Restore":
        pass
    git, record, replicas = dict(cluster.git), cluster.record, cluster.replicas
    cluster.settle(wanted())
    [claim] = cluster.written - {FIRST[1]}
    cluster.git, cluster.record, cluster.replicas = git, record, replicas
    cluster.apply()
    plan = cluster.settle(desired(backup=TARGET))
    assert plan.phase is Phase.READY
    assert cluster.live[CLAIM, claim][2], "it is protected"
    assert claim in plan.why
    assert claim in cluster.settle(desired(backup=TARGET, deleting=True)).deletion_blocked


def test_a_deletion_by_the_users_word_takes_the_volume_that_is_being_filled() -> None:
    at_once = {"deletion": {"policy": "Delete", "confirm": True}}
    cluster = ready(desired(backup=TARGET, **at_once))
    cluster.jobs_run = False
    cluster.settle(wanted(**at_once))
    assert len(data_claims(cluster)) == 2
    cluster.settle(wanted(deleting=True, **at_once))
    assert cluster.released
    assert data_claims(cluster) == []


def test_a_restore_that_says_nothing_of_the_backup_goes_no_further() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.turn(wanted())
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = {"id": "another"}
    assert reason(cluster.settle(wanted())) == "RestoreUnproved"


def test_the_history_tells_a_restore_of_a_backup_that_was_never_verified() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.turn(wanted())
    job = next(name for kind, name in cluster.live if kind == "Job")
    told = {"id": BACKUP_RESULT["id"], "verified": False, "unproved": "it has no manifest.json"}
    cluster.job_results[job] = told
    plan = cluster.turn(wanted())
    assert plan.report == "the backup was never verified: it has no manifest.json"
    cluster.settle(wanted())
    assert cluster.record
    ended = cluster.record.ended[0]
    assert (ended.type, ended.result) == ("Restore", "Succeeded, from an unverified backup")
    assert ended.report == plan.report
    cluster.settle(wanted("tuesday"))
    assert (cluster.record.ended[0].result, cluster.record.ended[0].report) == ("Succeeded", "")


def test_without_a_cluster_nothing_is_restored() -> None:
    cluster = ready(desired(backup=TARGET))
    plan = decide(wanted(), None, cluster.record, NOW)
    assert plan.files is Files.WRITE
    assert plan.operation.startswith("configure")


def test_a_deletion_takes_the_replaced_volume_too() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.settle(wanted())
    cluster.settle(wanted(deleting=True))
    assert cluster.released
    assert data_claims(cluster) == []


def test_a_deletion_that_retains_keeps_both_volumes() -> None:
    cluster = ready(desired(backup=TARGET, deletion={"policy": "Retain"}))
    cluster.settle(wanted(deletion={"policy": "Retain"}))
    cluster.settle(wanted(deletion={"policy": "Retain"}, deleting=True))
    assert cluster.released
    assert len(data_claims(cluster)) == 2


def test_a_volume_that_git_has_forgotten_blocks_a_deletion_until_somebody_looks_at_it() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.settle(wanted())
    cluster.settle(wanted("tuesday"))
    plan = cluster.settle(wanted("tuesday", deleting=True))
    assert not cluster.released
    assert reason(plan) == "VolumeLeft"
    assert plan.deletion_blocked.startswith(f"{CLAIM}/data-orders-0 may hold data")
    assert "without a final backup" not in plan.deletion_blocked
    del cluster.live[FIRST]
    cluster.settle(wanted("tuesday", deleting=True))
    assert cluster.released


def test_a_deletion_that_retains_keeps_a_volume_that_git_has_forgotten() -> None:
    retain = {"deletion": {"policy": "Retain"}}
    cluster = ready(desired(backup=TARGET, **retain))
    cluster.settle(wanted(**retain))
    cluster.settle(wanted("tuesday", **retain))
    cluster.settle(wanted("tuesday", deleting=True, **retain))
    assert cluster.released
    assert len(data_claims(cluster)) == 3
