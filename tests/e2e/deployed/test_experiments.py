"""Faults that are made on purpose, on a real kubelet: the server comes back with its rows."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.appliers.kubectl import Object
from e2e.deployed.shop import Shop

NAME = "tried"
SPEC: dict[str, Any] = {
    "init": {"sql": ["CREATE TABLE items AS SELECT generate_series(1, 1000) AS n"]},
    "backup": {"target": {"pvc": {"size": "1Gi"}}, "requestedAt": "before"},
    "deletion": {"policy": "Delete", "confirm": True},
}
SUM = "SELECT count(*), sum(n) FROM items"
STARTED = "SELECT pg_postmaster_start_time()"


@pytest.mark.parametrize("handover", ["argocd"], indirect=True)
def test_a_crashed_server_and_a_killed_pod_come_back_with_their_rows(shop: Shop) -> None:
    shop.handover.create(NAME, **SPEC)
    shop.until(lambda: "Backup" in shop.history(NAME), "a verified backup")
    shop.settled(NAME)
    begun = _pod(shop)
    assert begun["status"]["containerStatuses"][0]["restartCount"] == 0

    crash = _experiment(shop, "ServerCrash")
    crashed = _pod(shop)
    kill = _experiment(shop, "PodKill")

    assert crashed["metadata"]["uid"] == begun["metadata"]["uid"]
    assert crashed["status"]["containerStatuses"][0]["restartCount"] == 1
    assert _pod(shop)["metadata"]["uid"] != begun["metadata"]["uid"]
    assert [crash["result"], kill["result"]] == ["Recovered", "Recovered"], (crash, kill)
    for past in (crash, kill):
        assert 0 <= past["recoverySeconds"] <= 120, past
    assert shop.holds(NAME, "Resilient")
    done = [line for line in shop.subjects(NAME) if line.startswith("chaos")]
    assert len(done) == len(set(done)) == 5

    shop.handover.delete(NAME)


def _experiment(shop: Shop, action: str) -> Object:
    """Ask for one, and wait for its end; what the history says of it."""
    before = shop.as_superuser(NAME, SUM, database="app")
    started = shop.as_superuser(NAME, STARTED)
    asked = {"name": action.lower(), "action": action, "recoverWithin": "2m"}
    shop.change(NAME, chaos={"experiments": [asked]})

    def ended() -> Object | None:
        newest = next(iter(shop.status(NAME)["history"]))
        return newest if newest.get("experiment") == asked["name"] else None

    found = dict(shop.until(ended, f"the end of {action}"))
    shop.settled(NAME)
    assert shop.as_superuser(NAME, SUM, database="app") == before == "1000|500500"
    assert shop.as_superuser(NAME, STARTED) != started
    return found


def _pod(shop: Shop) -> Object:
    return shop.kubectl.get("pod", f"{NAME}-0", shop.team) or {}
