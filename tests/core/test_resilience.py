"""What the status says of experiments: a condition of its own, and the history."""

from __future__ import annotations

from typing import Any

import pytest
from pure_chaos import backed_up, chaos, settle_at
from pure_cluster import NOW, PureCluster, ready
from pure_desired import desired

from renderer.controller import outcomes
from renderer.core.conditions import Condition
from renderer.core.operations.step import Situation
from renderer.core.past import history
from renderer.core.resilience import conditions


def told(cluster: PureCluster, **spec: Any) -> list[Condition]:
    assert cluster.record
    observed = cluster.observed()
    return conditions(
        Situation(desired=desired(**spec), observed=observed, record=cluster.record, now=NOW)
    )


def resilient(cluster: PureCluster, **spec: Any) -> tuple[bool | None, str, str]:
    (found,) = told(cluster, **spec)
    assert found.type == "Resilient"
    return found.holds, found.reason, found.message


def test_nothing_is_said_where_no_experiment_is_asked_for() -> None:
    assert conditions(None) == []
    assert told(ready(desired())) == []


@pytest.mark.parametrize(
    ("said", "holds", "reason", "message"),
    [
        pytest.param(
            {}, True, "Recovered", "crash: ServerCrash: the server answered again after 7 s, "
            "within 1m", id="recovered",
        ),
        pytest.param(
            {"recoverySeconds": 90, "said": "no space"}, False, "TooSlow",
            "crash: ServerCrash: the server answered again after 90 s, more than 1m; meanwhile it "
            "said: no space", id="too slow",
        ),
        pytest.param(
            {"kept": False}, False, "NotRecovered", "crash: ServerCrash: changes that were "
            "committed before the fault are missing", id="lost",
        ),
    ],
)  # fmt: skip
def test_the_last_result_is_the_condition(
    said: dict[str, object], holds: bool, reason: str, message: str
) -> None:
    cluster = backed_up()
    cluster.experiment = said
    cluster.settle(desired(**chaos(recoverWithin="1m")))
    assert resilient(cluster, **chaos(recoverWithin="1m")) == (holds, reason, message)


def test_before_the_first_one_it_says_what_is_waited_for() -> None:
    cluster = ready(desired())
    spec = {"chaos": chaos()["chaos"]}
    cluster.settle(desired(**spec))
    holds, reason, message = resilient(cluster, **spec)
    assert (holds, reason) == (None, "NotTried")
    assert message.startswith("no verified backup is younger than 24 hours")
    fresh = backed_up()
    assert resilient(fresh, **chaos())[2] == "no experiment was made"
    fresh.settle(desired(**chaos(), hibernate=True))
    assert resilient(fresh, **chaos(), hibernate=True)[2] == "the server isn't running"


def test_one_that_was_passed_over_does_not_hide_the_last_result() -> None:
    cluster = ready(desired())
    spec = {"chaos": chaos(schedule="0 4 * * *")["chaos"]}
    cluster.settle(desired(**spec))
    settle_at(cluster, desired(**spec), NOW.replace(hour=4, minute=0))
    _, reason, message = resilient(cluster, **spec)
    assert reason == "NotTried"
    assert message.startswith("crash: Skipped: no verified backup is younger than 24 hours")
    done = backed_up()
    wanted = desired(**chaos(schedule="0 4 * * *"))
    done.settle(wanted)
    settle_at(done, wanted, NOW.replace(hour=4, minute=0))
    done.pod_message = "starting"
    settle_at(done, wanted, NOW.replace(hour=4, minute=0, day=3))
    holds, reason, message = resilient(done, **chaos(schedule="0 4 * * *"))
    assert (holds, reason) == (True, "Recovered")
    assert message.endswith("; since then crash: Skipped: Pod orders-0 isn't ready: starting")


def test_the_history_has_the_name_the_seconds_and_the_commit_of_each() -> None:
    cluster = backed_up()
    cluster.settle(desired(**chaos()))
    before = {"history": history(cluster.record, "first", "", {})}
    cluster.settle(desired(**chaos("PodKill")))
    newest, *_, _first = history(cluster.record, "second", "", before)
    assert newest == {
        "type": "Chaos",
        "id": newest["id"],
        "result": "Recovered",
        "commit": "second",
        "experiment": "crash",
        "message": "the server answered again after 7 s",
        "recoverySeconds": 7,
    }
    older = history(cluster.record, "second", "", before)[2]
    assert (older["type"], older["commit"]) == ("Chaos", "first")
    assert history(None, "third", "", before) == []
    after = {"history": history(cluster.record, "second", "", before)}
    assert [one["id"] for one in outcomes.experiments(before, after)] == [newest["id"]]
    assert list(outcomes.experiments(after, after)) == []
    assert list(outcomes.experiments({}, after)) == [], "a status that was lost"
    assert outcomes.sentence(newest) == "experiment crash: the server answered again after 7 s"
