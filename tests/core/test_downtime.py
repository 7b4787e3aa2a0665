"""What is known of a downtime before an upgrade, and what is measured by it."""

from __future__ import annotations

import pytest
from pure_cluster import TARGET, PureCluster, ready, timed
from pure_desired import desired

from renderer.core.desired import Desired
from renderer.core.plan import Plan

MANUAL = {"upgrade": {"approval": "Manual"}}


def major(approved: str = "") -> Desired:
    return desired(version="19", approved=approved, **MANUAL)  # type: ignore[arg-type]


def with_facts(cluster: PureCluster, wanted: Desired, role: str, **facts: object) -> Plan:
    """Settle while the Jobs of `role` report more."""
    for _ in range(40):
        plan = cluster.turn(wanted)
        for name, result in list(cluster.job_results.items()):
            if f"-{role}-" in name and isinstance(result, dict):
                cluster.job_results[name] = {**result, **facts}
    return plan


def test_the_checks_findings_are_told_before_anything_stops() -> None:
    cluster = ready(desired())
    facts = {"running": "18.4", "size": 12_300_000_000, "databases": 2, "extensions": ["vector"]}
    plan = with_facts(cluster, major(), "preflight", **facts)
    report = (
        "PostgreSQL 18.4, 12.3 GB in 2 databases, extensions vector, "
        "a copy takes about 2 min at 100 MB/s"
    )
    assert plan.report == report
    assert f"found by the check: {report}" in plan.why
    with_facts(cluster, major("majorupgrade-2/Stop/19-3f203e07"), "preflight", **facts)
    assert cluster.record
    assert cluster.record.ended[0].report == report


@pytest.mark.parametrize(
    ("old", "new", "role"), [("18", "19", "upgrade"), ("18.3", "18.9", "verify")]
)
@pytest.mark.parametrize(
    ("stopped", "downtime"),
    [
        ("2026-01-02T03:03:05Z", 60),
        ("2026-01-02T04:00:00Z", None),
        ("long ago", None),
        ("2026-01-02T03:03:05", None),
        ("", None),
        (7, None),
    ],
)
def test_the_downtime_is_what_the_server_and_the_cluster_say(
    old: str, new: str, role: str, stopped: object, downtime: int | None
) -> None:
    cluster = timed(desired(version=old, backup=TARGET))
    with_facts(cluster, desired(version=new, backup=TARGET), role, stoppedAt=stopped)
    assert cluster.record
    assert cluster.record.ended[0].downtime == downtime


def test_the_downtime_of_the_last_upgrade_is_what_the_next_may_take() -> None:
    cluster = timed(desired(version="18.3", backup=TARGET))
    with_facts(
        cluster, desired(version="18.4", backup=TARGET), "verify", stoppedAt="2026-01-02T03:03:05Z"
    )
    plan = cluster.settle(desired(version="18.9", backup=TARGET, **MANUAL))  # type: ignore[arg-type]
    assert "the last one (minorupgrade-2) had the server away for 60 s" in plan.why


def test_the_transfer_link_is_named_where_it_closes_the_way_back() -> None:
    cluster = ready(desired())
    upgrade = {"upgrade": {"approval": "Manual", "transfer": "Link"}}
    plan = cluster.settle(desired(version="19", **upgrade))  # type: ignore[arg-type]
    assert "the old data can't be used once the new server ran" in plan.why
