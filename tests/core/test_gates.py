"""An upgrade's dangerous steps wait for a person; nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.plan import Files, Phase

MANUAL = {"upgrade": {"approval": "Manual"}}


def major(approved: str = "", version: str = "19", **more: object) -> Desired:
    return desired(approved=approved, **{"version": version, **MANUAL, **more})  # type: ignore[arg-type]


def minor(approved: str = "", version: str = "18.9", **more: object) -> Desired:
    return desired(approved=approved, **{"version": version, **MANUAL, **more})  # type: ignore[arg-type]


def steps(cluster: PureCluster) -> list[str]:
    return [subject.rpartition(": ")[2] for subject in cluster.commits]


def underway(cluster: PureCluster) -> str:
    assert cluster.record
    assert cluster.record.underway
    return f"{cluster.record.underway.id} {cluster.record.underway.step}"


def test_a_major_upgrade_is_prepared_and_waits_before_the_server_is_stopped() -> None:
    cluster = ready(desired())
    plan = cluster.settle(major())
    assert steps(cluster) == ["check whether it can work", "take a backup first"]
    assert (reason(plan), plan.approval) == ("ApprovalNeeded", "majorupgrade-2/Stop/19-3f203e07")
    assert plan.why.startswith(
        "majorupgrade-2 (18 → 19) waits for a person: the server is stopped, its data are "
        "converted, the new server starts"
    )
    assert plan.why.endswith(
        "kubectl sampledb approve team-a/orders --step majorupgrade-2/Stop/19-3f203e07"
    )
    assert (plan.phase, cluster.live_replicas) == (Phase.UPGRADING, 1)


def upgraded() -> PureCluster:
    """From 18 to 19, with the old data kept."""
    cluster = ready(desired())
    cluster.settle(major())
    cluster.settle(major("majorupgrade-2/Stop/19-3f203e07"))
    return cluster


def test_the_old_data_are_kept_until_that_is_approved_too_while_the_database_is_ready() -> None:
    cluster = upgraded()
    plan = cluster.settle(major("majorupgrade-2/Stop/19-3f203e07"))
    assert (plan.phase, plan.problem, cluster.data_major) == (Phase.READY, None, "19")
    assert plan.approval == "majorupgrade-2/DropOld/19"
    assert plan.why.endswith(
        "kubectl sampledb approve team-a/orders --step majorupgrade-2/DropOld/19"
    )
    assert cluster.record
    assert cluster.record.previous == "18"
    cluster.commits.clear()
    plan = cluster.settle(major("majorupgrade-2/DropOld/19"))
    assert (plan.phase, plan.approval, cluster.record.previous) == (Phase.READY, "", "")
    assert cluster.commits == [
        "remove old data of 18, step 1 of 2: remove the old data",
        "remove old data of 18, step 2 of 2: they are gone",
    ]


def test_old_data_go_when_nothing_has_to_be_approved_any_more() -> None:
    cluster = upgraded()
    assert cluster.settle(desired(version="19")).phase is Phase.READY
    assert cluster.record
    assert cluster.record.previous == ""


def test_the_next_major_waits_until_the_old_data_of_the_last_are_gone() -> None:
    cluster = upgraded()
    plan = cluster.settle(major("majorupgrade-2/Stop/19-3f203e07", version="20"))
    assert (reason(plan), plan.approval) == ("ApprovalNeeded", "majorupgrade-2/DropOld/19")
    assert plan.why.startswith("the upgrade to 20 waits: the data of 18 are kept")
    assert cluster.live_image == "postgres:19"
    plan = cluster.settle(major("majorupgrade-2/DropOld/19", version="20"))
    assert "/Stop/" in plan.approval
    assert plan.approval != "majorupgrade-2/Stop/19-3f203e07"


def test_what_is_asked_for_while_old_data_are_kept_is_done() -> None:
    cluster = upgraded()
    wanted = major(backup={**TARGET, "requestedAt": "monday"}, parameters={"work_mem": "8MB"})
    assert cluster.settle(wanted).phase is Phase.READY
    assert cluster.record
    assert "Backup" in [ended.type for ended in cluster.record.ended]
    assert cluster.record.previous == "18"


def test_a_restore_leaves_the_old_data_on_the_volume_that_it_replaces() -> None:
    cluster = upgraded()
    restore = {"id": "one", "from": {"backupId": BACKUP_RESULT["id"]}}
    plan = cluster.settle(major(backup=TARGET, restore=restore))
    assert (plan.phase, plan.approval) == (Phase.READY, "")
    assert cluster.record
    assert (cluster.record.previous, cluster.record.previous_claim) == ("", "data-orders-0")


@pytest.mark.parametrize(
    "said",
    [
        "majorupgrade-1/Stop/19-3f203e07",
        "majorupgrade-2/DropOld/19",
        "majorupgrade-2",
        "Stop",
        "yes",
        "majorupgrade-2/Stop",
        "majorupgrade-2/Stop/19-638ab0e7",
    ],
)
def test_an_approval_of_something_else_lets_nothing_through(said: str) -> None:
    cluster = ready(desired())
    cluster.settle(major())
    assert reason(cluster.settle(major(said))) == "ApprovalNeeded"
    assert cluster.live_replicas == 1


def test_an_old_approval_does_not_let_a_later_upgrade_through() -> None:
    cluster = ready(desired(version="18.3"))
    cluster.settle(minor())
    assert cluster.settle(minor("minorupgrade-2/Roll/18.9-bd18f004")).phase is Phase.READY
    assert cluster.live_image == "postgres:18.9"
    plan = cluster.settle(minor("minorupgrade-2/Roll/18.9-bd18f004", version="18.10"))
    assert plan.approval == "minorupgrade-3/Roll/18.10-316a6aa3"
    assert cluster.live_image == "postgres:18.9"


def test_an_approval_does_not_come_to_life_again_when_its_upgrade_is_reverted_whole() -> None:
    cluster = ready(desired(version="18.3"))
    git, record, image = dict(cluster.git), cluster.record, cluster.image
    approved = cluster.settle(minor()).approval
    assert cluster.settle(minor(approved)).phase is Phase.READY
    cluster.git, cluster.record, cluster.image = git, record, image
    plan = cluster.settle(minor(approved, version="18.10"))
    assert plan.approval.startswith("minorupgrade-2/Roll/")
    assert plan.approval != approved
    assert cluster.live_image == "postgres:18.3"


@pytest.mark.parametrize("more", [{}, {"backup": TARGET}], ids=["no place", "backed up"])
def test_a_minor_upgrade_waits_before_the_pod_is_replaced(more: dict[str, object]) -> None:
    cluster = ready(desired(version="18.3", **more))  # type: ignore[arg-type]
    plan = cluster.settle(minor(**more))
    assert (plan.approval, cluster.live_image) == (
        "minorupgrade-2/Roll/18.9-bd18f004",
        "postgres:18.3",
    )
    assert cluster.commits[0] == "upgrade 18.3 → 18.9: wait until it may begin"
    backup = ["upgrade 18.3 → 18.9, step 1 of 5: take a backup first"] if more else []
    tried = "upgrade 18.3 → 18.9, step 2 of 5: try the new server's programs"
    assert cluster.commits[1:] == [*backup, tried]
    assert cluster.settle(minor("minorupgrade-2/Roll/18.9-bd18f004", **more)).phase is Phase.READY
    assert cluster.live_image == "postgres:18.9"


def test_without_a_field_of_upgrade_nothing_waits() -> None:
    cluster = ready(desired(version="18.3"))
    cluster.settle(desired(version="18.9"))
    assert "wait until it may begin" not in steps(cluster)


def test_a_spec_that_changes_meanwhile_is_in_force_meanwhile() -> None:
    cluster = ready(desired(version="18.3"))
    cluster.settle(minor())
    before = cluster.live_pod_hash
    plan = cluster.settle(minor(resources={"limits": {"memory": "1Gi"}}))
    assert (plan.approval, cluster.live_image) == (
        "minorupgrade-2/Roll/18.9-bd18f004",
        "postgres:18.3",
    )
    assert cluster.live_pod_hash != before


@pytest.mark.parametrize(("old", "new"), [("18", "19"), ("18.3", "18.9")])
def test_an_upgrade_that_waits_can_be_withdrawn(old: str, new: str) -> None:
    cluster = ready(desired(version=old))
    cluster.settle(desired(version=new, **MANUAL))  # type: ignore[arg-type]
    assert cluster.settle(desired(version=old, **MANUAL)).phase is Phase.READY  # type: ignore[arg-type]
    assert cluster.live_image == f"postgres:{old}"


def test_an_upgrade_that_waits_does_not_stand_in_a_deletions_way() -> None:
    cluster = ready(desired())
    cluster.settle(major())
    cluster.settle(major(deleting=True))
    assert cluster.released


@pytest.mark.parametrize(("old", "first", "then"), [("16", "18", "19"), ("18.3", "18.4", "18.5")])
def test_an_approval_of_one_version_does_not_count_for_another(
    old: str, first: str, then: str
) -> None:
    cluster = ready(desired(version=old))
    asked = cluster.settle(desired(version=first, **MANUAL)).approval  # type: ignore[arg-type]
    plan = cluster.settle(desired(version=then, approved=asked, **MANUAL))  # type: ignore[arg-type]
    assert plan.approval
    assert plan.approval != asked
    assert cluster.live_image == f"postgres:{old}"
    assert then in underway(cluster) or f"→ {then}" in plan.why


@pytest.mark.parametrize(
    ("asked", "done"),
    [
        ({"backup": {**TARGET, "requestedAt": "monday"}}, "Backup"),
        ({"credentials": {"rotation": {"requestedAt": "monday"}}}, "Rotate"),
        ({"migrations": {"configMapRef": {"name": "schema"}}}, "Migrate"),
        (
            {"backup": TARGET, "restore": {"id": "one", "from": {"backupId": BACKUP_RESULT["id"]}}},
            "Restore",
        ),
    ],
)
@pytest.mark.parametrize(("old", "new"), [("18", "19"), ("18.3", "18.9")])
def test_what_else_is_asked_for_goes_first_while_an_upgrade_waits(
    asked: dict[str, object], done: str, old: str, new: str
) -> None:
    cluster = ready(desired(version=old))
    cluster.settle(desired(version=new, **MANUAL))  # type: ignore[arg-type]
    plan = cluster.settle(desired(version=new, **MANUAL, **asked), turns=40)  # type: ignore[arg-type]
    assert cluster.record
    assert cluster.record.ended[0].type == done
    assert reason(plan) == "ApprovalNeeded"


def test_a_database_that_is_put_to_sleep_is_upgraded_when_it_wakes() -> None:
    cluster = ready(desired())
    cluster.settle(major())
    assert cluster.settle(major(hibernate=True)).phase is Phase.HIBERNATED
    assert reason(cluster.settle(major())) == "ApprovalNeeded"


@pytest.mark.parametrize(
    "upgrade", [MANUAL, {"upgrade": {"window": "@daily 1h"}}], ids=["approval", "window"]
)
def test_without_a_controller_a_minor_upgrade_that_has_to_wait_is_refused(
    upgrade: dict[str, object],
) -> None:
    cluster = ready(desired(version="18.3"))
    wanted = desired(version="18.9", **upgrade)  # type: ignore[arg-type]
    plan = decide(wanted, None, cluster.record, NOW)
    assert (plan.files, reason(plan)) == (Files.LEAVE, "UpgradeNeedsController")
    assert plan.why.startswith("spec.upgrade: '18.9' is wanted")


def test_a_record_of_an_older_release_goes_on() -> None:
    cluster = ready(desired())
    cluster.settle(major())
    assert cluster.record
    assert cluster.record.underway
    old = replace(cluster.record.underway, image="")
    cluster.record = replace(cluster.record, underway=old)
    assert reason(cluster.settle(major(version="20"))) == "ApprovalNeeded"


def test_what_was_prepared_and_reverted_is_prepared_again_and_waits_again() -> None:
    cluster = ready(desired())
    record, git = cluster.record, dict(cluster.git)
    cluster.settle(major())
    cluster.record, cluster.git = record, git
    cluster.commits.clear()
    plan = cluster.settle(major("majorupgrade-1/Stop/19-3f203e07"))
    assert steps(cluster) == ["check whether it can work", "take a backup first"]
    assert (reason(plan), cluster.live_replicas) == ("ApprovalNeeded", 1)


def test_a_job_that_somebody_deletes_while_an_upgrade_waits_runs_again() -> None:
    cluster = ready(desired())
    cluster.settle(major())
    for key in [key for key in cluster.live if key[0] == "Job"]:
        del cluster.live[key]
        cluster.job_results.pop(key[1])
    assert reason(cluster.turn(major())) == "NotApplied"
    assert reason(cluster.settle(major())) == "ApprovalNeeded"
