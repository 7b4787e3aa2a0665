"""Experiments: begun when nothing stands in the way, measured, judged, recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pure_chaos import BACKUP, CHANGED, backed_up, chaos, fail_the_job, last, settle_at, until_step
from pure_cluster import NOW, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.layout import Role
from renderer.core.operations.chaos import faults
from renderer.core.plan import Phase


@pytest.mark.parametrize(
    ("action", "steps"),
    [
        pytest.param("ServerCrash", [2], id="crash"),
        pytest.param("PodKill", [1, 2], id="kill"),
        pytest.param("FillDisk", [2, 3], id="fill"),
        pytest.param("NetworkDeny", [2, 3], id="deny"),
    ],
)
def test_an_experiment_is_made_once_and_its_recovery_recorded(
    action: str, steps: list[int]
) -> None:
    cluster = backed_up()
    plan = cluster.settle(desired(**chaos(action)))
    assert plan.phase is Phase.READY
    titles = {
        1: "watch the server",
        2: "make the fault, measure the recovery",
        3: "remove what the fault has left behind",
        4: "the experiment has ended; remove the Job",
    }
    assert cluster.commits == CHANGED + [
        f"chaos crash: {action}, step {step} of 4: {titles[step]}" for step in [*steps, 4]
    ]
    assert last(cluster)[0] == "Recovered"
    assert len(cluster.faults) == 1
    assert not [role for role, _, _ in cluster.live.values() if role is Role.EXPERIMENT]
    cluster.settle(desired(**chaos(action), parameters={"work_mem": "8MB"}))
    assert len(cluster.faults) == 1, "it is made once for what it is"
    cluster.settle(desired(**chaos(action, recoverWithin="1m")))
    assert len(cluster.faults) == 2, "and again when it is changed"


@pytest.mark.parametrize(
    ("said", "result", "seconds"),
    [
        pytest.param({}, "Recovered", 7, id="in time"),
        pytest.param({"recoverySeconds": 61}, "TooSlow", 61, id="too slow"),
        pytest.param({"recovered": False, "said": "no"}, "NotRecovered", None, id="never"),
        pytest.param({"kept": False}, "NotRecovered", 7, id="commits are missing"),
        pytest.param({"recoverySeconds": "7"}, "NotRecovered", None, id="no number"),
    ],
)
def test_what_the_job_saw_is_judged(
    said: dict[str, object], result: str, seconds: int | None
) -> None:
    cluster = backed_up()
    cluster.experiment = said
    cluster.settle(desired(**chaos(recoverWithin="1m")))
    assert last(cluster) == (result, seconds)


@pytest.mark.parametrize("action", ["ServerCrash", "FillDisk", "NetworkDeny"])
def test_a_job_that_fails_leaves_an_experiment_that_says_nothing(action: str) -> None:
    cluster = backed_up()
    until_step(cluster, desired(**chaos(action)), "Inject")
    fail_the_job(cluster, Role.EXPERIMENT, "not enforced by this cluster's network")
    cluster.settle(desired(**chaos(action)))
    assert cluster.record
    assert cluster.record.trials[0].result == "Inconclusive"
    message = cluster.record.trials[0].message
    assert "not enforced" in message
    assert "change the experiment or its name to have it made again" in message
    assert "delete the Job" not in message, "it has gone with the experiment"
    assert not cluster.full


def test_a_pod_is_not_killed_when_nobody_measures() -> None:
    cluster = backed_up()
    wanted = desired(**chaos("PodKill"))
    cluster.jobs_run = False
    until_step(cluster, wanted, "Watch")
    assert reason(decide(wanted, cluster.observed(), cluster.record, NOW)) == "JobRunning"
    fail_the_job(cluster, Role.EXPERIMENT, "no image")
    cluster.settle(wanted)
    assert last(cluster) == ("Inconclusive", None)
    assert cluster.record
    assert cluster.record.pod_mark == ""


def test_the_pod_is_replaced_once_and_its_mark_stays() -> None:
    cluster = backed_up()
    wanted = desired(**chaos("PodKill"))
    cluster.settle(wanted)
    assert cluster.record
    mark, pod = cluster.record.pod_mark, cluster.pod
    assert mark.startswith("chaos-")
    cluster.settle(desired(backup=BACKUP))
    assert (cluster.record.pod_mark, faults(cluster.record, wanted).mark) == (mark, mark)
    assert cluster.pod != pod, "the pure cluster's Pod follows the spec"


def test_connections_are_refused_only_while_the_experiment_says_so() -> None:
    cluster = backed_up()
    wanted = desired(**chaos("NetworkDeny", duration="5s"))
    until_step(cluster, wanted, "Inject")
    assert cluster.record
    made = faults(cluster.record, wanted)
    assert (made.deny, made.fault_seconds, made.recovery_seconds) == (True, 5, 900)
    until_step(cluster, wanted, "CleanUp")
    assert not faults(cluster.record, wanted).deny


def test_a_network_is_let_in_again_before_that_is_measured() -> None:
    cluster, wanted = backed_up(), desired(**chaos("NetworkDeny"))
    until_step(cluster, wanted, "Inject")
    cluster.run()
    plan = decide(wanted, cluster.observed(), cluster.record, NOW)
    cluster.commit(plan)
    assert plan.step == "CleanUp"
    assert reason(decide(wanted, cluster.observed(), cluster.record, NOW)) == "NotApplied"
    cluster.settle(wanted)
    assert last(cluster) == ("Recovered", 0)


def test_a_network_that_lets_nothing_in_again_is_told() -> None:
    cluster = backed_up()
    wanted = desired(**chaos("NetworkDeny"))
    until_step(cluster, wanted, "Inject")
    cluster.turn(wanted)
    cluster.jobs_run = False
    until_step(cluster, wanted, "CleanUp")
    fail_the_job(cluster, Role.MEND, "no answer")
    cluster.settle(wanted)
    assert last(cluster) == ("NotRecovered", None)


def test_a_server_that_answers_is_waited_for_until_it_is_ready() -> None:
    cluster, wanted = backed_up(), desired(**chaos())
    until_step(cluster, wanted, "Inject")
    cluster.run()
    cluster.pod_message = "starting"
    assert reason(cluster.turn(wanted)) == "PodNotReady"
    cluster.pod_message = ""
    cluster.settle(wanted)
    assert last(cluster) == ("Recovered", 7)


def test_a_server_that_fails_after_it_has_answered_has_not_recovered() -> None:
    cluster, wanted = backed_up(), desired(**chaos())
    until_step(cluster, wanted, "Inject")
    cluster.run()
    cluster.pod_message = "CrashLoopBackOff: back-off"
    cluster.settle(wanted)
    assert last(cluster) == ("NotRecovered", None)


def test_a_denied_network_proves_nothing_about_a_server_that_was_down() -> None:
    cluster, wanted = backed_up(), desired(**chaos("NetworkDeny"))
    cluster.experiment = {"recovered": None}
    until_step(cluster, wanted, "Inject")
    cluster.run()
    cluster.pod_message = "starting"
    cluster.turn(wanted)
    cluster.pod_message = ""
    cluster.settle(wanted)
    assert last(cluster)[0] == "Inconclusive"


def test_a_sampledb_without_a_fresh_backup_waits_with_an_experiment_that_is_made_once() -> None:
    cluster = ready(desired())
    plan = cluster.settle(desired(chaos=chaos()["chaos"]))
    assert plan.phase is Phase.READY
    assert cluster.commits == CHANGED
    cluster.timed = True
    cluster.settle(desired(**chaos()))
    assert last(cluster) == ("Recovered", 7)


def test_a_scheduled_experiment_begins_at_its_time_and_every_time() -> None:
    cluster = backed_up()
    wanted = desired(**chaos(schedule="0 4 * * *"))
    plan = cluster.settle(wanted)
    assert plan.look_at == NOW.replace(hour=4, minute=0, second=0)
    assert not cluster.faults
    settle_at(cluster, wanted, plan.look_at)
    settle_at(cluster, wanted, plan.look_at + timedelta(minutes=2))
    assert len(cluster.faults) == 1, "once for one time"
    tomorrow = plan.look_at + timedelta(days=1)
    again = {**chaos(schedule="0 4 * * *"), "backup": {**BACKUP, "requestedAt": "next"}}
    settle_at(cluster, desired(**again), tomorrow)
    assert len(cluster.faults) == 2


def test_a_time_that_comes_while_something_stands_in_the_way_is_passed_over() -> None:
    cluster = ready(desired())
    spec = {"chaos": chaos(schedule="0 4 * * *")["chaos"]}
    cluster.settle(desired(**spec))
    at = NOW.replace(hour=4, minute=0, second=0)
    settle_at(cluster, desired(**spec), at)
    assert cluster.record
    assert cluster.record.trials[0].result == "Skipped"
    assert "no verified backup" in cluster.record.trials[0].message
    assert cluster.commits[-1].startswith("chaos crash: skipped: no verified backup")
    before = list(cluster.commits)
    settle_at(cluster, desired(**spec), at + timedelta(minutes=1))
    assert cluster.commits == before, "a time is passed over once"


def test_a_server_that_is_not_ready_at_its_time_is_left_alone() -> None:
    cluster, wanted = backed_up(), desired(**chaos(schedule="0 4 * * *"))
    cluster.settle(wanted)
    cluster.pod_message = "starting"
    settle_at(cluster, wanted, NOW.replace(hour=4, minute=1))
    assert cluster.commits[-1] == "chaos crash: skipped: Pod orders-0 isn't ready: starting"


def test_a_sleeping_server_passes_its_times_over_without_a_word() -> None:
    cluster, wanted = backed_up(), desired(**chaos(schedule="0 4 * * *"), hibernate=True)
    cluster.settle(wanted)
    before = list(cluster.commits)
    settle_at(cluster, wanted, NOW.replace(hour=4, minute=1))
    assert cluster.commits == before


def test_a_time_that_was_missed_is_not_caught_up_with() -> None:
    cluster = backed_up()
    wanted = desired(**chaos(schedule="0 4 * * *"))
    cluster.settle(wanted)
    settle_at(cluster, wanted, NOW.replace(hour=4, minute=6))
    assert not cluster.faults


def test_one_experiment_is_made_at_a_time() -> None:
    cluster = backed_up()
    both = [{"name": "a", "action": "ServerCrash"}, {"name": "b", "action": "PodKill"}]
    cluster.settle(desired(backup=BACKUP, chaos={"experiments": both}))
    begun = [subject for subject in cluster.commits if "chaos" in subject]
    assert [subject.partition(",")[0] for subject in begun] == [
        *["chaos a: ServerCrash"] * 2,
        *["chaos b: PodKill"] * 3,
    ]
