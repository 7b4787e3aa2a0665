"""Experiments on the pure cluster, and how far they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pure_cluster import NOW, TARGET, PureCluster
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.plan import Plan

BACKUP = {**TARGET, "requestedAt": "first"}


def chaos(action: str = "ServerCrash", **more: Any) -> dict[str, Any]:
    """A spec with one experiment, which has a backup to begin with."""
    experiment = {"name": "crash", "action": action, **more}
    return {"backup": BACKUP, "chaos": {"experiments": [experiment]}}


def backed_up() -> PureCluster:
    cluster = PureCluster(timed=True)
    cluster.settle(desired(backup=BACKUP))
    cluster.commits.clear()
    return cluster


def last(cluster: PureCluster) -> tuple[str, int | None]:
    assert cluster.record
    assert cluster.record.trial is None
    return cluster.record.trials[0].result, cluster.record.trials[0].seconds


CHANGED = [
    "configure, step 2 of 3: apply the changed spec",
    "configure, step 3 of 3: the changed spec is in force",
]


def settle_at(cluster: PureCluster, wanted: Desired, now: datetime) -> Plan:
    """Settle at another time."""
    cluster.now = now
    return cluster.settle(wanted)


def until_step(cluster: PureCluster, wanted: Desired, *steps: str) -> None:
    """Turn until the experiment is at one of these steps, whose Jobs haven't run yet."""
    running, cluster.jobs_run = cluster.jobs_run, True
    for _ in range(20):
        plan = decide(wanted, cluster.observed(), cluster.record, NOW)
        if plan.operation.startswith("chaos-") and plan.step in steps:
            cluster.render(wanted)
            cluster.commit(plan)
            cluster.apply()
            cluster.jobs_run = running
            return
        cluster.turn(wanted)
    raise AssertionError(cluster.commits)


def fail_the_job(cluster: PureCluster, role: Role, why: str) -> None:
    found = next(name for (_, name), (is_, _, _) in cluster.live.items() if is_ is role)
    cluster.job_results[found] = why
