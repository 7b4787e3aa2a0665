"""What is foretold is what comes: the commits of each operation, walked through."""

from __future__ import annotations

from typing import Any

import pytest
from pure_chaos import backed_up, chaos, until_step
from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster, ready
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.operations.foresight import Foreseen, foresee
from renderer.core.operations.step import Situation
from renderer.core.record import Record


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"parameters": {"work_mem": "8MB"}}, id="configure"),
        pytest.param({}, {"storage": {"size": "2Gi"}}, id="resize"),
        pytest.param({}, {"hibernate": True}, id="hibernate"),
        pytest.param({"hibernate": True}, {}, id="wake"),
        pytest.param({"version": "18.3"}, {"version": "18.4"}, id="minor upgrade"),
        pytest.param({"version": "16"}, {"version": "18"}, id="major upgrade"),
        pytest.param(
            {}, {"credentials": {"rotation": {"requestedAt": "monday"}}}, id="credentials"
        ),
        pytest.param({}, {"migrations": {"configMapRef": {"name": "schema"}}}, id="migrate"),
        pytest.param(
            {"backup": TARGET},
            {"backup": TARGET, "restore": {"id": "one", "from": {"backupId": BACKUP_RESULT["id"]}}},
            id="restore",
        ),
        pytest.param(
            {"backup": TARGET}, {"backup": {**TARGET, "requestedAt": "monday"}}, id="backup"
        ),
    ],
)
def test_the_commits_come_as_they_were_foretold(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    cluster, wanted = ready_as(before), desired(**after)
    assert subjects(cluster, **after) == follow(cluster, **after)
    assert cluster.turn(wanted).problem is None


def test_a_new_sampledb_and_its_deletion_are_foretold() -> None:
    cluster = PureCluster()
    assert subjects(cluster) == follow(cluster)
    assert subjects(cluster, deleting=True) == follow(cluster, deleting=True)


@pytest.mark.parametrize("action", ["ServerCrash", "PodKill", "FillDisk", "NetworkDeny"])
def test_an_experiment_is_foretold(action: str) -> None:
    cluster = backed_up()
    cluster.settle(desired(**chaos("PodKill")))
    until_step(cluster, desired(**chaos(action, recoverWithin="9m")), "Watch", "Inject")
    whole = subjects(cluster, **chaos(action, recoverWithin="9m"))
    followed = follow(cluster, **chaos(action, recoverWithin="9m"))
    assert followed == whole[-len(followed) :]
    assert len(followed) == {"ServerCrash": 1}.get(action, 2)


def test_nothing_is_foretold_of_a_sampledb_that_rests() -> None:
    assert subjects(ready(desired())) == []


def test_in_the_middle_of_an_operation_the_rest_is_foretold() -> None:
    cluster, wanted = ready(desired(version="16")), desired(version="18")
    whole = subjects(cluster, version="18")
    left = []
    while not left or left[-1]:
        cluster.turn(wanted)
        left.append(len(subjects(cluster, version="18")))
        assert subjects(cluster, version="18") == whole[len(whole) - left[-1] :]
    assert sorted(left, reverse=True) == left
    assert 1 in left


def test_each_commit_says_what_proves_it_and_what_else_happens() -> None:
    cluster = ready(desired(version="16"))
    *steps, last = foretold(cluster, version="18")
    assert all(one.awaits and one.on_failure for one in steps)
    assert (last.awaits, last.on_failure) == ("", "")


@pytest.mark.parametrize(
    ("before", "after", "waiting"),
    [
        ({"version": "16"}, {"version": "18"}, {"Stop"}),
        ({"version": "18.3"}, {"version": "18.4"}, {"Roll"}),
    ],
    ids=["major", "minor"],
)
def test_each_commit_says_what_it_needs_beside_the_proof_before_it(
    before: dict[str, Any], after: dict[str, Any], waiting: set[str]
) -> None:
    cluster = ready(desired(**before))
    upgrade = {"approval": "Manual", "window": "0 2 * * 6 4h"}
    coming = foretold(cluster, upgrade=upgrade, **after)
    assert {one.plan.step for one in coming if one.needs} == waiting
    needs = {one.needs for one in coming if one.needs}
    assert needs == {"a person's approval and the window '0 2 * * 6 4h'"}
    assert not any(one.needs for one in foretold(cluster, **after))


def ready_as(spec: dict[str, Any]) -> PureCluster:
    if not spec.get("hibernate"):
        return ready(desired(**spec))
    cluster = ready(desired())
    cluster.settle(desired(**spec))
    cluster.commits.clear()
    return cluster


def foretold(cluster: PureCluster, **spec: Any) -> list[Foreseen]:
    wanted = desired(**spec)
    plan = decide(wanted, cluster.observed(), cluster.record, NOW)
    record = cluster.record or Record(generation=0, input_digest="")
    situation = Situation(desired=wanted, observed=cluster.observed(), record=record, now=NOW)
    return list(foresee(plan, situation))


def subjects(cluster: PureCluster, **spec: Any) -> list[str]:
    return [one.plan.subject for one in foretold(cluster, **spec)]


def follow(cluster: PureCluster, **spec: Any) -> list[str]:
    """What is committed until nothing changes any more."""
    cluster.commits.clear()
    cluster.settle(desired(**spec))
    return list(cluster.commits)
