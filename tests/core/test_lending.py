"""A backup of another namespace's SampleDB is restored when that one grants it, and not before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pure_cluster import BACKUP_RESULT, NOW, PureCluster, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.layout import Key
from renderer.core.observed import Lender
from renderer.core.plan import Files, Phase

STORE = {"target": {"s3": {"bucket": "copies", "secretName": "store", "endpoint": "https://s3"}}}
ORDERS = Key(namespace="team-b", name="orders")
LENDER = Lender(
    key=ORDERS, store="s3://backups/prod", endpoint="https://s3/", grants=("team-c", "team-a")
)
LENT = "s3://backups/prod/team-b/orders"


def wanted(restore_id: str = "one", namespace: str = "team-b", **more: object) -> Desired:
    source = {"backupId": BACKUP_RESULT["id"], "sampleDB": "orders", "namespace": namespace}
    return desired(restore={"id": restore_id, "from": source}, **{"backup": STORE, **more})  # type: ignore[arg-type]


def lent(cluster: PureCluster) -> str:
    assert cluster.record
    return cluster.record.lent


def test_a_new_database_is_made_of_it_and_the_record_says_where_it_lies() -> None:
    cluster = PureCluster(lender=LENDER)
    assert cluster.turn(wanted()).step == "Restore"
    assert lent(cluster) == LENT
    assert cluster.settle(wanted()).phase is Phase.READY
    assert lent(cluster) == ""
    assert cluster.record
    assert cluster.record.restored == "one"


def test_a_database_that_runs_is_restored_from_it() -> None:
    cluster = ready(desired(backup=STORE))
    cluster.lender = LENDER
    cluster.turn(wanted())
    assert lent(cluster) == LENT
    assert cluster.settle(wanted()).phase is Phase.READY


@pytest.mark.parametrize(
    ("lender", "why", "words"),
    [
        pytest.param(None, "NotGranted", "no SampleDB team-b/orders that is seen", id="unseen"),
        pytest.param(
            replace(LENDER, grants=("team-c",)),
            "NotGranted",
            "its owner writes there spec.backup.grants: [{namespace: team-a}]",
            id="not-granted",
        ),
        pytest.param(
            replace(LENDER, key=Key(namespace="team-c", name="orders")),
            "NotGranted",
            "no SampleDB team-b/orders",
            id="another",
        ),
        pytest.param(
            replace(LENDER, store=""), "NotInAStore", "can't be mounted in team-a", id="volume"
        ),
        pytest.param(
            replace(LENDER, endpoint=""), "AnotherStore", "which is ''; write that", id="store"
        ),
    ],
)
def test_what_stands_in_the_way_is_told_before_anything_is_made(
    lender: Lender | None, why: str, words: str
) -> None:
    for cluster in (PureCluster(), ready(desired(backup=STORE))):
        cluster.lender = lender
        plan = cluster.settle(wanted())
        assert (reason(plan), plan.files) == (why, Files.LEAVE)
        assert words in plan.why
        assert cluster.commits == []


def test_a_grant_that_is_given_later_lets_it_begin() -> None:
    cluster = PureCluster()
    assert reason(cluster.settle(wanted())) == "NotGranted"
    cluster.lender = LENDER
    assert cluster.settle(wanted()).phase is Phase.READY


def test_a_restore_that_has_begun_ends_although_the_grant_is_taken_back() -> None:
    cluster = PureCluster(lender=LENDER)
    cluster.turn(wanted())
    cluster.lender = None
    cluster.turn(wanted(parameters={"work_mem": "8MB"}))
    assert lent(cluster) == LENT
    assert cluster.settle(wanted(parameters={"work_mem": "8MB"})).phase is Phase.READY
    assert reason(cluster.settle(wanted("two"))) == "NotGranted"


def test_another_source_in_the_middle_needs_its_own_grant() -> None:
    cluster = ready(desired(backup=STORE))
    cluster.lender, cluster.jobs_run = LENDER, False
    cluster.turn(wanted())
    cluster.lender = None
    plan = cluster.settle(wanted(namespace="team-d"))
    assert reason(plan) == "NotGranted"
    own = desired(backup=STORE, restore={"id": "two", "from": {"backupId": BACKUP_RESULT["id"]}})
    cluster.settle(own)
    assert lent(cluster) == ""
    cluster.jobs_run = True
    assert cluster.settle(own).phase is Phase.READY


def test_an_upgrade_needs_no_grant_for_what_was_restored_long_ago() -> None:
    move = {"upgrade": {"strategy": "DumpRestore"}}
    cluster = PureCluster(lender=LENDER)
    cluster.settle(wanted(**move))
    cluster.lender = None
    assert cluster.settle(wanted(version="19", **move)).phase is Phase.READY
    assert cluster.record
    assert cluster.record.data_version == "19"


def test_a_restore_that_is_withdrawn_forgets_where_it_was_lent() -> None:
    cluster = ready(desired(backup=STORE))
    cluster.lender, cluster.jobs_run = LENDER, False
    cluster.turn(wanted())
    cluster.settle(desired(backup=STORE))
    assert lent(cluster) == ""


def test_a_database_made_anew_under_an_old_name_is_refused_the_same_way() -> None:
    at_once = {"deletion": {"policy": "Delete", "confirm": True}}
    cluster = ready(desired(backup=STORE, **at_once))
    gone = desired(backup=STORE, deleting=True, **at_once)
    while cluster.turn(gone).step != "Remove":
        pass
    for _ in range(3):
        cluster.apply()
        cluster.run()
    assert reason(decide(wanted(), cluster.observed(), cluster.record, NOW)) == "NotGranted"


def test_ones_own_namespace_needs_no_grant() -> None:
    cluster = ready(desired(backup=STORE))
    assert cluster.settle(wanted(namespace="team-a")).phase is Phase.READY


def test_without_a_cluster_a_restore_under_way_stays_as_it_is() -> None:
    cluster = PureCluster(lender=LENDER)
    cluster.turn(wanted())
    plan = decide(wanted(), None, cluster.record, datetime(2026, 1, 3, tzinfo=UTC))
    assert plan.step == "Restore"
    assert plan.record
    assert plan.record.lent == LENT
