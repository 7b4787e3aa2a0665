"""A configuration that needs no restart: the server reads it again, and says so, or restarts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pure_cluster import NOW, TARGET, PureCluster, ready, reason
from pure_desired import desired
from pure_memory import LAGS

from renderer.core.decide import decide
from renderer.core.operations.foresight import foresee
from renderer.core.operations.step import Situation
from renderer.core.plan import Phase

RELOADED = desired(parameters={"work_mem": "8MB"})
AGAIN = desired(parameters={"work_mem": "9MB"})
RESTARTED = desired(parameters={"work_mem": "8MB", "max_connections": "50"})
RELOAD = "configure, step 2 of 3: reload the configuration, without a restart"
RESTART = "configure with a restart for max_connections, step 2 of 3: apply the changed spec"


def stuck() -> PureCluster:
    """A cluster in which the changed files don't come to the server."""
    cluster = ready(desired())
    cluster.memory.comes = False
    plan = cluster.settle(RELOADED)
    assert (plan.phase, reason(plan)) == (Phase.FAILED, "ReloadFailed")
    assert LAGS in plan.why
    assert "a Pod that is deleted comes back with the new configuration" in plan.why
    return cluster


def lift(cluster: PureCluster) -> None:
    """The files come, and the Job that failed is deleted."""
    cluster.memory.comes = True
    cluster.job_results = {k: v for k, v in cluster.job_results.items() if not isinstance(v, str)}


def has_read(cluster: PureCluster) -> dict[str, str]:
    """What the running server has."""
    assert cluster.memory.read
    return dict(cluster.memory.read.parameters)


def test_a_server_that_reads_it_again_is_not_replaced() -> None:
    cluster = ready(desired())
    pod = cluster.pod
    assert cluster.settle(RELOADED).phase is Phase.READY
    assert (cluster.pod, has_read(cluster)) == (pod, {"work_mem": "8MB"})
    assert RELOAD in cluster.commits
    assert cluster.settle(AGAIN).phase is Phase.READY
    assert (cluster.pod, has_read(cluster)) == (pod, {"work_mem": "9MB"})


def test_a_parameter_that_needs_a_restart_gets_one_and_is_named() -> None:
    cluster = ready(desired())
    pod = cluster.pod
    assert cluster.settle(RESTARTED).phase is Phase.READY
    assert cluster.pod != pod
    assert RESTART in cluster.commits
    assert RELOAD not in cluster.commits
    cluster.settle(RELOADED)
    assert cluster.commits.count(RESTART) == 2, "taken away, it goes back to its default"


def test_a_restart_that_the_server_asks_for_afterwards_follows() -> None:
    cluster = ready(desired())
    cluster.memory.told = False
    assert cluster.settle(RESTARTED).phase is Phase.READY
    assert cluster.commits[1:3] == [RELOAD, RESTART]
    assert has_read(cluster) == {"work_mem": "8MB", "max_connections": "50"}
    assert not cluster.memory.pending(cluster.memory.read)


def test_many_parameters_are_counted() -> None:
    cluster = ready(desired())
    while cluster.turn(RELOADED).step != "Check":
        pass
    (job,) = [name for kind, name in cluster.live if kind == "Job"]
    cluster.job_results[job] = {"restart": [f"name_{n}" for n in range(7)]}
    plan = decide(RELOADED, cluster.observed(), cluster.record, NOW)
    assert "for name_0, name_1, name_2, name_3, name_4 and 2 more, step 2" in plan.subject


def test_a_server_that_does_not_say_what_it_needs_is_restarted() -> None:
    cluster = ready(desired())
    pod = cluster.pod
    cluster.jobs_run = False
    while cluster.turn(RELOADED).step != "Check":
        pass
    (job,) = [name for kind, name in cluster.live if kind == "Job"]
    cluster.job_results[job] = {"version": "18.4"}
    cluster.jobs_run = True
    assert cluster.settle(RELOADED).phase is Phase.READY
    assert RELOAD not in cluster.commits
    assert cluster.pod != pod


def test_files_that_do_not_come_are_told_and_when_they_do_it_goes_on() -> None:
    cluster = stuck()
    pod = cluster.pod
    lift(cluster)
    assert cluster.settle(RELOADED).phase is Phase.READY
    assert (cluster.pod, has_read(cluster)) == (pod, {"work_mem": "8MB"})


def test_put_back_the_server_has_what_it_had() -> None:
    cluster = stuck()
    assert cluster.settle(desired()).phase is Phase.READY
    assert has_read(cluster) == {}


def test_what_changes_while_it_is_reloaded_is_tried_and_reloaded() -> None:
    cluster = ready(desired())
    pod = cluster.pod
    while cluster.turn(RELOADED).step != "Reload":
        pass
    assert decide(AGAIN, cluster.observed(), cluster.record, NOW).step == "Check"
    cluster.turn(AGAIN)
    assert decide(RELOADED, cluster.observed(), cluster.record, NOW).step == "Reload"
    assert cluster.settle(AGAIN).phase is Phase.READY
    assert (cluster.pod, has_read(cluster)) == (pod, {"work_mem": "9MB"})


@pytest.mark.parametrize(
    ("wish", "operation"),
    [
        pytest.param({"hibernate": True}, "hibernate", id="hibernation"),
        pytest.param({"backup": {**TARGET, "requestedAt": "now"}}, "backup", id="a backup"),
        pytest.param({"version": "18.9"}, "minorupgrade", id="another minor"),
        pytest.param({"version": "19"}, "majorupgrade", id="another major"),
    ],
)
def test_nothing_else_waits_for_a_failed_reload_and_it_is_made_up_for(
    wish: dict[str, object], operation: str
) -> None:
    cluster = stuck()
    wanted = desired(parameters={"work_mem": "8MB"}, **wish)  # type: ignore[arg-type]
    assert decide(wanted, cluster.observed(), cluster.record, NOW).operation.startswith(operation)
    cluster.settle(wanted)
    lift(cluster)
    assert cluster.settle(wanted).phase in {Phase.READY, Phase.HIBERNATED}
    assert cluster.settle(RELOADED if "version" not in wish else wanted).phase is Phase.READY
    assert has_read(cluster) == {"work_mem": "8MB"}


def test_a_server_that_only_was_to_sleep_is_asked_all_the_same() -> None:
    cluster = stuck()
    asleep = desired(parameters={"work_mem": "8MB"}, hibernate=True)
    cluster.commit(decide(asleep, cluster.observed(), cluster.record, NOW))
    plan = cluster.settle(RELOADED)
    assert reason(plan) == "ReloadFailed"
    lift(cluster)
    assert cluster.settle(RELOADED).phase is Phase.READY
    assert has_read(cluster) == {"work_mem": "8MB"}


def test_a_sleeping_server_reads_it_when_it_wakes() -> None:
    cluster = ready(desired())
    cluster.settle(desired(hibernate=True))
    cluster.commits.clear()
    cluster.settle(desired(hibernate=True, parameters={"work_mem": "8MB"}))
    assert RELOAD not in cluster.commits
    assert cluster.settle(RELOADED).phase is Phase.READY
    assert has_read(cluster) == {"work_mem": "8MB"}


def test_a_pod_that_is_replaced_later_has_what_was_reloaded_and_the_same_template() -> None:
    cluster = ready(desired())
    cluster.settle(RELOADED)
    assert cluster.record
    before = cluster.record.started
    resized = desired(parameters={"work_mem": "8MB"}, resources={"limits": {"memory": "1Gi"}})
    pod = cluster.pod
    assert cluster.settle(resized).phase is Phase.READY
    assert (cluster.pod != pod, cluster.record.started) == (True, before)
    assert has_read(cluster) == {"work_mem": "8MB"}


def test_what_the_template_names_still_comes_back_with_a_restart() -> None:
    """The Pod has come anew with what was to be reloaded: the template doesn't tell them apart."""
    cluster = ready(desired(parameters={"max_connections": "200"}))
    cluster.memory.told = cluster.memory.comes = False
    more = {"resources": {"limits": {"memory": "1Gi"}}}
    for spec in ({}, more):
        cluster.settle(desired(parameters={"max_connections": "100"}, **spec))
    assert cluster.memory.started
    assert cluster.memory.started.parameters == {"max_connections": "100"}
    cluster.memory.comes = True
    plan = cluster.settle(desired(parameters={"max_connections": "200"}, **more))
    assert plan.phase is Phase.READY
    assert has_read(cluster) == {"max_connections": "200"}
    assert not cluster.memory.pending(cluster.memory.read)


def test_a_pod_that_can_not_start_during_a_reload_is_told() -> None:
    cluster = ready(desired())
    while cluster.turn(RELOADED).step != "Reload":
        pass
    cluster.pod_message = "CrashLoopBackOff: back-off"
    assert reason(cluster.settle(RELOADED)) == "PodFailed"
    cluster.pod_message = ""
    assert cluster.settle(RELOADED).phase is Phase.READY


@pytest.mark.parametrize("step", ["Reload", "Done"])
def test_without_a_cluster_what_is_in_git_is_rendered(step: str) -> None:
    cluster = ready(desired())
    while cluster.turn(RELOADED).step != step:
        pass
    plan = decide(RELOADED, None, cluster.record, NOW)
    assert plan.record
    assert cluster.record
    assert replace(plan.record, children={}) == replace(cluster.record, children={})
    assert not cluster.commit(plan)


def test_without_a_cluster_another_configuration_restarts_the_server() -> None:
    cluster = ready(desired())
    cluster.settle(RELOADED)
    plan = decide(AGAIN, None, cluster.record, NOW)
    assert plan.record
    assert (plan.step, plan.record.started, plan.record.unread) == ("Apply", None, False)


def test_a_plan_says_that_the_servers_word_decides() -> None:
    cluster = ready(desired())
    plan = decide(RELOADED, cluster.observed(), cluster.record, NOW)
    assert "reload it, or restart the server where a changed parameter needs that" in plan.outlook
    assert cluster.record
    situation = Situation(
        desired=RELOADED, observed=cluster.observed(), record=cluster.record, now=NOW
    )
    needs = {one.plan.step: one.needs for one in foresee(plan, situation)}
    assert needs["Reload"].startswith("the server's word that no changed parameter needs a restart")


def test_a_deletion_does_not_wait_for_a_reload() -> None:
    cluster = stuck()
    gone = desired(parameters={"work_mem": "8MB"}, deleting=True)
    cluster.settle(gone)
    assert cluster.released
