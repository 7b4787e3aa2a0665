"""A replaced volume goes by itself once it has been kept as long as the spec says, never before."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pure_children import CLAIM
from pure_cluster import BACKUP_RESULT, NOW, TARGET, PureCluster, timed
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.operations.foresight import foresee
from renderer.core.operations.step import Situation
from renderer.core.plan import Phase

FIRST = (CLAIM, "data-orders-0")
WEEK = timedelta(days=7)
MOMENT = timedelta(minutes=1)


def wanted(restore_id: str = "monday", keep: str = "7d", **more: object) -> Desired:
    restore = {"id": restore_id, "from": {"backupId": BACKUP_RESULT["id"]}} if restore_id else {}
    spec = {"restore": restore, "backup": TARGET, "storage": storage(keep)}
    return desired(**{**spec, **more})  # type: ignore[arg-type]


def storage(keep: str = "7d") -> dict[str, str]:
    return {"size": "1Gi", "keepReplaced": keep}


def restored() -> PureCluster:
    """A database that was restored at `NOW`."""
    cluster = timed(wanted(""))
    assert cluster.settle(wanted()).phase is Phase.READY
    assert FIRST in cluster.live
    cluster.commits.clear()
    return cluster


_GIT = ("git", "record", "replicas", "pod_hash", "image", "target", "configuration")


def in_git(cluster: PureCluster) -> dict[str, Any]:
    """What Git holds."""
    return {name: copy(getattr(cluster, name)) for name in _GIT}


def reverted(cluster: PureCluster, before: dict[str, Any]) -> None:
    """Somebody reverts what came after; it is applied before the controller looks."""
    for name, value in before.items():
        setattr(cluster, name, copy(value))
    cluster.apply()
    cluster.run()


def later(cluster: PureCluster, span: timedelta, want: Desired | None = None) -> bool:
    """Whether the old volume is still there when so much time has gone by."""
    cluster.now += span
    assert cluster.settle(want or wanted()).phase in {Phase.READY, Phase.HIBERNATED}
    return FIRST in cluster.live


def test_it_is_kept_for_the_time_and_then_goes_in_two_commits() -> None:
    cluster = restored()
    plan = cluster.settle(wanted())
    assert plan.look_at == NOW + WEEK
    assert plan.why.endswith(
        "data-orders-0, which was replaced, is kept until 2026-01-09T03:04:05Z"
    )
    assert later(cluster, WEEK - MOMENT)
    assert not later(cluster, MOMENT)
    assert cluster.commits == [
        "confirm the restore after 7d, step 1 of 2: release the old volume",
        "confirm the restore after 7d, step 2 of 2: remove the old volume",
    ]
    assert cluster.record
    assert (cluster.record.previous_claim, cluster.record.replaced_at) == ("", "")
    assert cluster.settle(wanted()).look_at is None


def test_without_the_field_it_is_kept_until_somebody_says_so() -> None:
    cluster = restored()
    assert later(cluster, 100 * WEEK, wanted(keep=""))
    assert cluster.settle(wanted(keep="")).look_at is None
    cluster.settle(wanted(keep="", confirmed="monday"))
    assert FIRST not in cluster.live
    assert "confirm the restore, step 1 of 2: release the old volume" in cluster.commits


def test_a_time_beyond_the_calendar_is_none() -> None:
    cluster = restored()
    assert later(cluster, WEEK, wanted(keep="999999w"))
    assert cluster.settle(wanted(keep="999999w")).look_at is None


def test_nothing_goes_for_its_age_while_clocks_are_apart() -> None:
    cluster = restored()
    cluster.now += WEEK
    apart = replace(cluster.observed(), clock_ahead=timedelta(hours=2))
    assert decide(wanted(), apart, cluster.record, cluster.now).operation == ""
    assert decide(wanted(), cluster.observed(), cluster.record, cluster.now).operation


def test_a_person_may_say_so_before_the_time_is_up() -> None:
    cluster = restored()
    cluster.settle(wanted(confirmed="monday"))
    assert FIRST not in cluster.live


def test_a_restart_of_the_server_counts_anew() -> None:
    cluster = restored()
    assert later(cluster, WEEK - MOMENT, wanted(parameters={"max_connections": "50"}))
    assert later(cluster, WEEK - MOMENT, wanted(parameters={"max_connections": "50"}))
    assert not later(cluster, MOMENT, wanted(parameters={"max_connections": "50"}))


def test_a_clock_that_was_behind_or_jumps_back_only_keeps_it_longer() -> None:
    cluster = restored()
    assert later(cluster, -2 * WEEK)
    assert later(cluster, 3 * WEEK - MOMENT)
    assert not later(cluster, MOMENT)


def test_a_clock_that_was_behind_at_the_swap_does_not_make_it_due() -> None:
    cluster = restored()
    assert cluster.record
    cluster.record = replace(cluster.record, replaced_at="2020-01-01T00:00:00Z")
    assert later(cluster, WEEK - MOMENT)
    assert not later(cluster, MOMENT)


@pytest.mark.parametrize("said", ["", "soon", "2020-01-01T00:00:00"])
def test_what_is_no_time_in_the_record_never_makes_it_due(said: str) -> None:
    cluster = restored()
    assert cluster.record
    cluster.record = replace(cluster.record, replaced_at=said)
    assert later(cluster, 9 * WEEK)


def test_it_stays_while_the_database_sleeps_or_is_not_ready() -> None:
    cluster = restored()
    assert later(cluster, 2 * WEEK, wanted(hibernate=True))
    assert later(cluster, MOMENT)
    cluster.pod_message = "CrashLoopBackOff: back-off"
    cluster.now += 2 * WEEK
    assert cluster.settle(wanted()).phase is Phase.FAILED
    assert FIRST in cluster.live
    cluster.pod_message = ""
    assert not later(cluster, MOMENT)


def test_it_stays_while_another_operation_is_under_way() -> None:
    cluster = restored()
    asked = wanted(backup={**TARGET, "requestedAt": "now"})
    cluster.jobs_run = False
    cluster.settle(asked)
    cluster.now += 2 * WEEK
    cluster.settle(asked)
    assert FIRST in cluster.live
    cluster.jobs_run = True
    cluster.settle(asked)
    assert FIRST not in cluster.live


def test_a_longer_time_takes_the_release_back() -> None:
    cluster = restored()
    cluster.now += WEEK
    assert cluster.turn(wanted()).step == "LiftProtection"
    assert not cluster.live[FIRST][2]
    cluster.settle(wanted(keep="30d"))
    assert cluster.live[FIRST][2], "it is protected again"
    assert later(cluster, WEEK, wanted(keep="30d"))
    assert not later(cluster, 4 * WEEK, wanted(keep="30d"))


def test_without_a_cluster_to_look_at_a_release_under_way_stays_as_it_is() -> None:
    cluster = restored()
    cluster.now += WEEK
    cluster.turn(wanted())
    plan = decide(wanted(), None, cluster.record, cluster.now)
    assert plan.step == "LiftProtection"
    assert plan.look_at is None


def test_a_restore_that_was_reverted_and_made_again_counts_anew() -> None:
    cluster = timed(wanted(""))
    before = in_git(cluster)
    cluster.settle(wanted())
    cluster.now += WEEK - MOMENT
    reverted(cluster, before)
    assert cluster.settle(wanted()).phase is Phase.READY
    assert cluster.record
    assert cluster.record.replaced_at == "2026-01-09T03:03:05Z"
    assert later(cluster, WEEK - MOMENT)
    assert not later(cluster, MOMENT)


def test_a_volume_that_a_revert_had_the_server_run_on_is_not_due_when_that_is_reverted() -> None:
    cluster = timed(wanted(""))
    before = in_git(cluster)
    cluster.settle(wanted())
    after = in_git(cluster)
    reverted(cluster, before)
    assert later(cluster, 2 * WEEK, wanted(""))
    assert cluster.volume == FIRST
    reverted(cluster, after)
    assert cluster.volume != FIRST
    assert later(cluster, MOMENT)
    assert later(cluster, WEEK - 2 * MOMENT)
    assert not later(cluster, MOMENT)


def test_each_restore_has_its_own_time() -> None:
    cluster = restored()
    assert later(cluster, WEEK - MOMENT)
    cluster.settle(wanted("tuesday"))
    assert cluster.record
    kept = cluster.record.previous_claim
    assert kept != FIRST[1]
    assert later(cluster, WEEK - MOMENT, wanted("tuesday"))
    assert (CLAIM, kept) in cluster.live
    later(cluster, MOMENT, wanted("tuesday"))
    assert (CLAIM, kept) not in cluster.live
    assert FIRST in cluster.live, "what Git has forgotten is left to a person"


def test_an_upgrade_by_dump_and_restore_keeps_the_old_volume_as_long() -> None:
    move = {"strategy": "DumpRestore"}
    cluster = timed(desired(version="18", upgrade=move, backup=TARGET, storage=storage()))
    want = desired(version="19", upgrade=move, backup=TARGET, storage=storage())
    cluster.settle(want)
    assert later(cluster, WEEK - MOMENT, want)
    assert not later(cluster, MOMENT, want)


def test_a_database_that_is_made_anew_on_what_was_kept_goes_on_counting() -> None:
    retain = {"deletion": {"policy": "Retain"}}
    cluster = timed(wanted("", **retain))
    cluster.settle(wanted(**retain))
    cluster.turn(wanted(deleting=True, **retain))
    assert later(cluster, MOMENT, wanted(**retain))
    assert cluster.record
    assert cluster.record.replaced_at
    assert not later(cluster, WEEK, wanted(**retain))


def test_what_is_to_come_is_told_with_its_reason() -> None:
    cluster = restored()
    cluster.now += WEEK
    situation = Situation(
        desired=wanted(), observed=cluster.observed(), record=cluster.record, now=cluster.now
    )
    coming = foresee(decide(wanted(), cluster.observed(), cluster.record, cluster.now), situation)
    assert [one.plan.subject.partition(",")[0] for one in coming] == [
        "confirm the restore after 7d"
    ] * 2
