"""The status: what a person and the appliers read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster
from pure_desired import desired

from renderer.core.conditions import MESSAGE_LIMIT, Condition, merge
from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.early_status import awaited_status, invalid_status
from renderer.core.observed import Delivery, DeliveryState, Observed
from renderer.core.status import GitState, Pass, summarise

GIT = GitState(
    repository="https://git.example.com/db",
    branch="main",
    path="databases/team-a/orders",
    commit="c" * 40,
    committed_at="2026-01-02T03:04:05Z",
)
LATER = NOW + timedelta(hours=1)
Status = dict[str, Any]


def status(
    wanted: Desired,
    cluster: PureCluster,
    *,
    git: GitState = GIT,
    previous: Status | None = None,
    delivery: Delivery | None = None,
    now: datetime = NOW,
) -> Status:
    observed = replace(cluster.observed(), delivery=delivery)
    plan = decide(wanted, observed, cluster.record, now)
    return summarise(
        Pass(
            desired=wanted,
            plan=plan,
            observed=observed,
            record=cluster.record,
            git=git,
            previous=previous or {},
            now=now,
        )
    )


def words(found: Status) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in found["conditions"]}


def message(found: Status, condition_type: str) -> str:
    return str(next(c["message"] for c in found["conditions"] if c["type"] == condition_type))


def ready() -> PureCluster:
    cluster = PureCluster()
    cluster.settle(desired())
    return cluster


def test_a_ready_database_is_ready_in_every_condition() -> None:
    found = status(desired(), ready())
    held = {"Ready", "Rendered", "Committed", "Applied", "Initialized", "UpToDate"}
    assert {name for name, word in words(found).items() if word == "True"} == held
    assert found["phase"] == "Ready"
    assert found["engineVersion"] == {"desired": "18", "running": "18.4", "data": "18"}
    assert found["endpoint"]["host"] == "orders.team-a.svc"
    assert found["git"]["shortCommit"] == "cccccccc"
    assert found["storage"] == {"requested": "1Gi", "actual": "1Gi"}
    assert found["delivery"] == {"tool": "none", "state": "Applied"}
    assert [past["id"] for past in found["history"]] == ["provision-1"]
    assert "operation" not in found


def test_a_volume_that_a_restore_replaced_is_told_until_that_is_confirmed() -> None:
    cluster = PureCluster()
    cluster.settle(desired(backup=TARGET))
    before = status(desired(backup=TARGET), cluster)
    restore = {"id": "monday", "from": {"backupId": BACKUP_RESULT["id"]}}
    cluster.settle(desired(backup=TARGET, restore=restore))
    found = status(desired(backup=TARGET, restore=restore), cluster)
    confirmed = desired(backup=TARGET, restore=restore, confirmed="monday")
    cluster.settle(confirmed)
    after = status(confirmed, cluster)
    assert [seen.get("restored") for seen in (before, found, after)] == [None, "monday", "monday"]
    kept = [seen["storage"].get("previousClaim") for seen in (before, found, after)]
    assert kept == [None, "data-orders-0", None]


def test_until_when_a_replaced_volume_is_kept_is_told() -> None:
    storage = {"size": "1Gi", "keepReplaced": "7d"}
    cluster = PureCluster(timed=True)
    cluster.settle(desired(backup=TARGET, storage=storage))
    restore = {"id": "monday", "from": {"backupId": BACKUP_RESULT["id"]}}
    asked = desired(backup=TARGET, restore=restore, storage=storage)
    cluster.settle(asked)
    assert status(asked, cluster)["storage"]["keptUntil"] == "2026-01-09T03:04:05Z"


def test_an_operation_keeps_the_time_at_which_it_began() -> None:
    cluster = PureCluster()
    cluster.turn(desired())
    first = status(desired(), cluster)
    assert first["operation"]["startedAt"] == "2026-01-02T03:04:05Z"
    second = status(desired(), cluster, previous=first, now=LATER)
    assert second["operation"] == first["operation"]
    other = {"operation": {"id": "another-7", "startedAt": "2020-01-01T00:00:00Z"}}
    third = status(desired(), cluster, previous=other, now=LATER)
    assert third["operation"]["startedAt"] == "2026-01-02T04:04:05Z"


def test_a_record_that_is_not_there_yet_leaves_everything_open() -> None:
    found = status(desired(), PureCluster(), git=replace(GIT, commit="", pending=True))
    assert words(found)["Ready"] == "False"
    assert words(found)["Reconciling"] == "True"
    assert found["history"] == []
    assert message(found, "Committed") == "waiting for the push to main"


def test_a_push_under_way_is_waited_for_although_all_is_applied() -> None:
    found = status(desired(), ready(), git=replace(GIT, pending=True))
    assert message(found, "Applied") == "waiting for the commit"


def test_a_failed_push_is_the_message() -> None:
    found = status(desired(), ready(), git=replace(GIT, error="the host refused the push"))
    assert found["message"] == "the host refused the push"
    assert words(found)["Committed"] == "False"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        pytest.param(DeliveryState.FAILED, "flux orders: no such kind", id="failed"),
        pytest.param(DeliveryState.PENDING, "; no such kind", id="pending"),
    ],
)
def test_the_appliers_own_words_are_shown(state: DeliveryState, text: str) -> None:
    cluster = PureCluster()
    cluster.commit(decide(desired(), Observed(), None, NOW))
    said = Delivery(tool="flux", name="orders", state=state, message="no such kind")
    found = status(desired(), cluster, delivery=said)
    assert message(found, "Applied").endswith(text)
    assert found["delivery"]["message"] == "no such kind"
    assert "revision" not in found["delivery"]


APPLIED = Delivery(
    tool="flux",
    name="flux-system/orders",
    revision="a" * 40,
    state=DeliveryState.APPLIED,
    message="Applied revision a",
)


def test_what_others_commit_changes_nothing_that_is_told_of_the_applier() -> None:
    first = status(desired(), ready(), delivery=APPLIED)
    assert first["delivery"]["revision"] == "a" * 40
    fetching = replace(
        APPLIED, state=DeliveryState.PENDING, under_way=True, message="Progressing: fetching b"
    )
    applied = replace(APPLIED, revision="b" * 40, message="Applied revision b")
    for later in (fetching, applied):
        assert status(desired(), ready(), delivery=later, previous=first) == first


@pytest.mark.parametrize(
    ("said", "git"),
    [
        pytest.param({"state": DeliveryState.FAILED, "message": "no"}, {}, id="it-fails"),
        pytest.param({"state": DeliveryState.PENDING, "message": "held"}, {}, id="it-is-suspended"),
        pytest.param({"name": "flux-system/other", "message": "new"}, {}, id="another-object"),
        pytest.param({"message": "of d"}, {"commit": "d" * 40}, id="a-commit-of-ours"),
    ],
)
def test_what_is_told_of_the_applier_changes_with_what_is_ours(
    said: dict[str, Any], git: dict[str, str]
) -> None:
    first = status(desired(), ready(), delivery=APPLIED)
    later = status(
        desired(),
        ready(),
        delivery=replace(APPLIED, **said),
        git=replace(GIT, **git),
        previous=first,
    )
    assert later["delivery"]["message"] == said["message"]


def test_what_is_still_to_be_pushed_is_said_and_not_that_it_is_ready() -> None:
    found = status(desired(), ready(), git=replace(GIT, pending=True))
    assert words(found)["Ready"] == "False"
    assert message(found, "Ready").startswith("waiting for the push to main; then: ")
    assert found["message"] == message(found, "Reconciling") == message(found, "Ready")


def test_the_first_look_sets_the_times_that_a_default_cannot() -> None:
    found = status(desired(), PureCluster(), previous=awaited_status())
    assert words(found)["Ready"] == "False"
    assert {c["lastTransitionTime"] for c in found["conditions"]} == {"2026-01-02T03:04:05Z"}


def test_a_paused_database_is_left_alone_and_not_busy() -> None:
    found = status(desired(paused=True), ready())
    assert words(found)["Reconciling"] == "False"
    assert words(found)["Rendered"] == "False"


def test_a_blocked_deletion_says_why_and_the_way_out() -> None:
    found = status(desired(deleting=True, deletion={"policy": "Delete"}), ready())
    assert words(found)["DeletionBlocked"] == "True"
    assert "confirm" in message(found, "DeletionBlocked")


def test_the_final_backup_is_shown_and_the_directory_is_told_as_going() -> None:
    cluster = ready()
    gone = desired(deleting=True)
    texts = []
    while not cluster.released:
        cluster.turn(gone)
        found = status(gone, cluster)
        texts.append(message(found, "Rendered"))
        if cluster.record and cluster.record.final_backup:
            shown = {key: BACKUP_RESULT[key] for key in ("id", "size", "sha256")}
            assert found["finalSnapshot"] == shown
            assert found["backups"]["last"] == shown
    assert "the directory is to be removed" in texts


def test_no_message_is_longer_than_the_api_takes() -> None:
    long = "x" * 40000
    said = Delivery(tool="argocd", state=DeliveryState.FAILED, message=long)
    cluster = PureCluster(pod_message=f"ErrImagePull: {long}")
    cluster.settle(desired())
    found = status(desired(), cluster, delivery=said)
    shown = [found["message"], found["delivery"]["message"], found["operation"]["message"]]
    shown += [condition["message"] for condition in found["conditions"]]
    assert max(map(len, shown)) == MESSAGE_LIMIT


def test_a_transition_time_moves_only_with_its_status() -> None:
    first = merge(None, [Condition(type="Ready", holds=None, reason="A")], generation=1, now=NOW)
    assert first[0]["status"] == "Unknown"
    same = merge(first, [Condition(type="Ready", holds=None, reason="B")], generation=2, now=LATER)
    assert same[0]["lastTransitionTime"] == "2026-01-02T03:04:05Z"
    assert same[0]["reason"] == "B"
    other = merge(same, [Condition(type="Ready", holds=True, reason="B")], generation=2, now=LATER)
    assert other[0]["lastTransitionTime"] == "2026-01-02T04:04:05Z"


def test_a_refused_sampledb_keeps_what_was_known() -> None:
    before = status(desired(), PureCluster())
    found = invalid_status(generation=2, message="spec: is wrong", previous=before, now=LATER)
    assert words(found)["Stalled"] == "True"
    assert words(found)["Initialized"] == "False"
    assert found["phase"] == "Stalled"
    for nothing in ({}, awaited_status()):
        fresh = invalid_status(generation=2, message="spec: is wrong", previous=nothing, now=LATER)
        assert len(words(fresh)) == 4
