"""Experiments on a real server, all the way round: commits, faults, rows, what is told."""

from __future__ import annotations

from typing import Any

import pytest
from laptop_http import answer, port_of
from laptop_line import Line

from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
INIT = {"sql": ["CREATE TABLE items AS SELECT generate_series(1, 1000) AS n"]}
BACKUP = {"target": {"pvc": {"size": "1Gi"}}, "requestedAt": "before"}
ROWS = "SELECT count(*), sum(n) FROM items"
STARTED = "SELECT pg_postmaster_start_time()"


def _status(line: Line) -> dict[str, Any]:
    return dict((line.get() or {}).get("status") or {})


def _newest(line: Line) -> dict[str, Any]:
    return dict(next(iter(_status(line).get("history") or ()), {}))


def _ready_with_a_backup(line: Line) -> None:
    line.create(init=INIT, backup=BACKUP)
    line.until(lambda: (_status(line).get("backups") or {}).get("lastVerified"), "a backup")
    line.until(lambda: line.holds("Ready"), "Ready")


def _ask(line: Line, action: str, **more: Any) -> None:
    experiment = {"name": "try", "action": action, "recoverWithin": "2m", **more}
    line.edit(lambda db: db["spec"].update(chaos={"experiments": [experiment]}))


@pytest.mark.parametrize(
    ("action", "steps"),
    [
        pytest.param("ServerCrash", [2, 4], id="crash"),
        pytest.param("PodKill", [1, 2, 4], id="kill"),
    ],
)
def test_a_fault_is_made_and_the_server_comes_back_with_its_rows(
    line: Line, action: str, steps: list[int]
) -> None:
    with line.controller():
        _ready_with_a_backup(line)
        before, started = line.laptop.psql(KEY, ROWS), line.laptop.psql(KEY, STARTED)
        pod = line.laptop.objects.get("pods", "team-a", "orders-0") or {}
        _ask(line, action)
        line.until(lambda: _newest(line).get("type") == "Chaos", "the experiment's end", 120)
        line.until(lambda: line.holds("Ready"), "Ready")
        after, again = line.laptop.psql(KEY, ROWS), line.laptop.psql(KEY, STARTED)
        newest = _newest(line)
        metrics = answer(port_of(line), "/metrics")[1]
    assert before == after == [("1000", "500500")]
    assert started != again
    assert newest["result"] == "Recovered", newest
    assert 0 <= newest["recoverySeconds"] <= 120
    assert newest["experiment"] == "try"
    assert line.holds("Resilient")
    assert 'sampledb_experiments_total{result="Recovered"} 1.0' in metrics
    labels = 'experiment="try",name="orders",namespace="team-a"'
    found = f"sampledb_experiment_recovery_seconds{{{labels}}} {newest['recoverySeconds']}.0"
    assert found in metrics
    told = [e["message"] for e in line.laptop.objects.list("events") if e["reason"] == "Recovered"]
    assert told == [f"experiment try: {newest['message']}"]
    assert [s for s in line.subjects() if s.startswith("chaos")] == [
        f"chaos try: {action}, step {step} of 4: {title}"
        for step, title in (
            (1, "watch the server"),
            (2, "make the fault, measure the recovery"),
            (4, "the experiment has ended; remove the Job"),
        )
        if step in steps
    ]
    replaced = line.laptop.objects.get("pods", "team-a", "orders-0") or {}
    same = replaced["metadata"]["uid"] == pod["metadata"]["uid"]
    assert same == (action == "ServerCrash"), "only PodKill makes another Pod"


def test_a_folder_of_a_disk_is_not_filled_and_nothing_stays(line: Line) -> None:
    with line.controller():
        _ready_with_a_backup(line)
        started = line.laptop.psql(KEY, STARTED)
        _ask(line, "FillDisk")
        line.until(lambda: _newest(line).get("type") == "Chaos", "the experiment's end", 120)
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, STARTED) == started
    assert _newest(line)["result"] == "Inconclusive"
    assert "filling it would harm others" in line.message("Resilient")
    assert [s.partition(":")[2] for s in line.subjects()][-3:] == [
        " FillDisk, step 2 of 4: make the fault, measure the recovery",
        " FillDisk, step 3 of 4: remove what the fault has left behind",
        " FillDisk, step 4 of 4: the experiment has ended; remove the Job",
    ]
    assert not list(line.laptop.folder.rglob("sampledb-experiment.fill"))


def test_a_network_that_was_cut_off_lets_in_again_when_the_experiment_is_withdrawn(
    line: Line,
) -> None:
    """The controller is killed between the commit that cuts off and what follows."""

    def ingress() -> Any:
        found = line.laptop.objects.get("networkpolicies.networking.k8s.io", "team-a", "orders")
        return (found or {})["spec"].get("ingress")

    with line.controller() as process:
        _ready_with_a_backup(line)
        open_to = ingress()
        _ask(line, "NetworkDeny")
        line.until(lambda: "step 2 of 4" in line.subjects()[-1], "the commit that cuts off")
        process.kill()
        process.wait()
    line.until(lambda: not ingress(), "the policy that lets nothing in")
    with line.controller():
        line.edit(lambda db: db["spec"].pop("chaos"))
        line.until(lambda: _newest(line).get("type") == "ChaosAbort", "the end of it", 120)
        line.until(lambda: line.holds("Ready"), "Ready")
    assert ingress() == open_to != []
    assert [s for s in line.subjects() if s.startswith("end")] == [
        "end the experiment try: NetworkDeny, step 1 of 2: remove what the fault has left behind",
        "end the experiment try: NetworkDeny, step 2 of 2: nothing of the experiment is left",
    ]


def test_a_schedule_that_comes_round_makes_a_fault_though_nothing_else_happens(line: Line) -> None:
    with line.controller():
        _ready_with_a_backup(line)
        _ask(line, "ServerCrash", schedule="* * * * *")
        line.until(lambda: _newest(line).get("type") == "Chaos", "the experiment's end", 120)
        line.edit(lambda db: db["spec"].pop("chaos"))
        line.until(lambda: line.holds("Ready"), "Ready")
    results = {one["result"] for one in _status(line)["history"] if one["type"] == "Chaos"}
    assert results == {"Recovered"}
