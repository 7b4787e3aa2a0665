"""What the status says of operations that are under way or have ended."""

from __future__ import annotations

from typing import Any

from pure_cluster import NOW, TARGET, PureCluster, ready
from pure_desired import desired

from renderer.core import past
from renderer.core.decide import decide
from renderer.core.desired import Desired

COMMIT, AT = "c" * 40, "2026-01-02T04:00:00Z"


def underway(cluster: PureCluster, wanted: Desired) -> dict[str, Any]:
    plan = decide(wanted, cluster.observed(), cluster.record, NOW)
    return past.operation(plan, cluster.record, {}, NOW) or {}


def test_an_operation_that_has_ended_keeps_its_times_and_its_commit() -> None:
    cluster = PureCluster()
    cluster.turn(desired())
    seen = {"operation": underway(cluster, desired())}
    cluster.settle(desired())
    (ended,) = past.history(cluster.record, COMMIT, AT, seen)
    assert ended == {
        "type": "Provision",
        "id": "provision-1",
        "result": "Succeeded",
        "commit": COMMIT,
        "startedAt": "2026-01-02T03:04:05Z",
        "endedAt": AT,
    }
    later = past.history(cluster.record, "d" * 40, "2026-01-03T00:00:00Z", {"history": [ended]})
    assert later == [ended]


def test_an_operation_whose_end_was_not_seen_has_no_times() -> None:
    (unseen,) = past.history(ready(desired()).record, COMMIT, AT, {})
    assert unseen == {
        "type": "Provision", "id": "provision-1", "result": "Succeeded", "commit": COMMIT
    }  # fmt: skip


def test_what_an_upgrade_waits_for_and_has_found_is_told_and_kept() -> None:
    cluster = PureCluster(timed=True)
    cluster.settle(desired(backup=TARGET))
    manual: dict[str, Any] = {"upgrade": {"approval": "Manual"}, "backup": TARGET, "version": "19"}
    reports = {
        "-preflight-": {"size": 5_000_000, "databases": 1},
        "-upgrade-": {"from": "18", "to": "19", "stoppedAt": "2026-01-02T03:04:00Z"},
    }

    def follow(approved: str) -> None:
        for _ in range(9):
            cluster.turn(desired(approved=approved, **manual))
            for role, result in reports.items():
                cluster.job_results |= {n: result for n in cluster.job_results if role in n}

    follow("")
    waits = underway(cluster, desired(**manual))
    report = "5.0 MB in 1 database, a copy takes about 1 s at 100 MB/s"
    assert waits["report"] == report
    follow("majorupgrade-2/Stop/19-3f203e07")
    ended = past.history(cluster.record, COMMIT, AT, {})[0]
    assert (ended["type"], ended["downtime"], ended["report"]) == ("MajorUpgrade", 5, report)
