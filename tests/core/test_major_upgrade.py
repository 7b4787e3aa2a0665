"""A major upgrade: the data are converted by one Job, and nothing else touches them then."""

from __future__ import annotations

import pytest
from pure_cluster import NOW, TARGET, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.plan import Files, Phase


def test_a_major_upgrade_stops_converts_and_starts_step_by_step() -> None:
    cluster = ready(desired(version="18.3", backup=TARGET))
    wanted = desired(version="19.1", backup=TARGET)
    seen = []
    while not (cluster.record and cluster.record.ended[0].type == "MajorUpgrade"):
        plan = cluster.turn(wanted)
        seen.append((plan.step, cluster.live_image, cluster.live_replicas))
    assert list(dict.fromkeys(seen)) == [
        ("Preflight", "postgres:18.3", 1),
        ("Backup", "postgres:18.3", 1),
        ("Stop", "postgres:18.3", 0),
        ("Convert", "postgres:18.3", 0),
        ("Start", "postgres:19.1", 1),
        ("Analyze", "postgres:19.1", 1),
        ("BackupAfter", "postgres:19.1", 1),
        ("DropOld", "postgres:19.1", 1),
        ("Done", "postgres:19.1", 1),
    ]
    assert cluster.record.data_version == "19"
    assert cluster.record.version == "19.1"
    assert not cluster.record.target
    assert cluster.commits[0] == "upgrade 18 → 19, step 1 of 9: check whether it can work"
    assert cluster.commits[3] == (
        "upgrade 18 → 19, step 4 of 9: convert the data beside the old ones"
    )


def _at_the_conversion(cluster: PureCluster, wanted: Desired) -> str:
    cluster.jobs_run = True
    plan = cluster.turn(wanted)
    while plan.step != "Stop":
        plan = cluster.turn(wanted)
    cluster.jobs_run = False
    cluster.turn(wanted)
    return next(name for kind, name in cluster.live if kind == "Job")


def test_while_the_data_are_converted_a_changed_spec_waits() -> None:
    cluster = ready(desired())
    job = _at_the_conversion(cluster, desired(version="19"))
    changed = desired(version="19", parameters={"work_mem": "8MB"})
    plan = decide(changed, cluster.observed(), cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "SpecWaits")
    assert job in plan.why
    cluster.jobs_run = True
    assert cluster.settle(changed).phase is Phase.READY


def test_while_the_data_are_converted_a_deletion_waits_and_backs_up_what_they_became() -> None:
    cluster = ready(desired())
    job = _at_the_conversion(cluster, desired(version="19"))
    gone = desired(version="19", deleting=True)
    plan = decide(gone, cluster.observed(), cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "DeletionWaits")
    assert job in plan.why
    cluster.jobs_run = True
    cluster.turn(gone)
    plan = cluster.turn(gone)
    assert (plan.step, plan.release and plan.release.image) == ("FinalBackup", "postgres:19")
    cluster.settle(gone)
    assert cluster.released


@pytest.mark.parametrize("step", ["Preflight", "Backup", "Stop"])
def test_before_the_data_are_converted_the_old_version_may_stay(step: str) -> None:
    cluster = ready(desired())
    wanted = desired(version="19")
    while cluster.turn(wanted).step != step:
        pass
    assert cluster.settle(desired()).phase is Phase.READY
    assert cluster.live_image == "postgres:18"
    assert cluster.data_major == "18"


def test_a_failed_conversion_is_told_and_the_old_server_starts_again() -> None:
    cluster = ready(desired())
    job = _at_the_conversion(cluster, desired(version="19"))
    cluster.job_results[job] = "no space left on the data volume"
    plan = decide(desired(version="19"), cluster.observed(), cluster.record, NOW)
    assert reason(plan) == "UpgradeFailed"
    assert "no space left" in plan.why
    assert "spec.version back" in plan.why
    cluster.jobs_run = True
    assert cluster.settle(desired()).phase is Phase.READY
    assert cluster.live_image == "postgres:18"
    assert cluster.record
    assert cluster.record.ended[0].type == "RollBack"


def test_after_the_conversion_the_old_version_is_refused() -> None:
    cluster = ready(desired())
    _at_the_conversion(cluster, desired(version="19"))
    cluster.jobs_run = True
    cluster.run()
    plan = cluster.settle(desired())
    assert reason(plan) == "DowngradeRefused"
    assert cluster.settle(desired(version="19")).phase is Phase.READY
    assert cluster.data_major == "19"


def test_an_upgrade_that_says_nothing_of_its_outcome_goes_no_further() -> None:
    cluster = ready(desired())
    job = _at_the_conversion(cluster, desired(version="19"))
    cluster.job_results[job] = {"fine": True}
    assert reason(cluster.settle(desired(version="19"))) == "UpgradeUnproved"
