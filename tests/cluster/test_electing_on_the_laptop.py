"""The elector against an API server with rules of its own, and faults."""

from __future__ import annotations

import threading
import time
from typing import Any

from renderer.cluster.client import Cluster
from renderer.cluster.lease import Elector, Terms
from renderer.core.layout import Key
from renderer.local.api.faults import FOREVER, Fault
from renderer.local.api.server import Server

LEASE = Key(namespace="sampledb-system", name="sampledb-renderer")


def test_a_second_elector_takes_over_when_the_first_is_cut_off(
    laptop: Server, controller: Cluster, eventually: Any
) -> None:
    terms = Terms(duration=1.2, deadline=0.6, retry=0.15)
    moments: dict[str, float] = {}

    def build(name: str, cluster: Cluster) -> Elector:
        return Elector(
            cluster,
            LEASE,
            name,
            gained=lambda: moments.setdefault(f"{name} gained", time.monotonic()),
            lost=lambda _why: moments.setdefault(f"{name} lost", time.monotonic()),
            terms=terms,
        )

    token = laptop.add_user("cut-off")
    laptop.tokens[token] = laptop.tokens["controller"]
    one, two = build("one", Cluster.at(laptop.url, token=token)), build("two", controller)
    one.start()
    eventually(lambda: one.leading)
    two.start()
    del laptop.tokens[token]  # from now on the first is refused
    eventually(lambda: two.leading)
    assert moments["one lost"] < moments["two gained"]
    one.stop()
    two.stop()


def test_no_two_electors_ever_lead_at_once(
    laptop: Server, controller: Cluster, eventually: Any
) -> None:
    terms = Terms(duration=0.9, deadline=0.45, retry=0.1)
    both: list[str] = []
    electors = [
        Elector(
            controller,
            LEASE,
            f"elector-{number}",
            gained=lambda: None,
            lost=lambda _why: None,
            terms=terms,
        )
        for number in range(3)
    ]
    done = threading.Event()

    def watch_them() -> None:
        while not done.wait(0.002):
            leading = [each for each in electors if each.leading]
            if len(leading) > 1:
                both.append("two at once")

    watcher = threading.Thread(target=watch_them)
    watcher.start()
    for each in electors:
        each.start()
    eventually(lambda: any(each.leading for each in electors))
    for fault in (
        Fault(resource="leases.coordination.k8s.io", code=500, times=8),
        Fault(resource="leases.coordination.k8s.io", hangup=True, times=8),
        Fault(resource="leases.coordination.k8s.io", verb="update", hangup=True, after=True),
        Fault(resource="leases.coordination.k8s.io", delay=0.3, times=6),
    ):
        laptop.faults.add(fault)
        eventually(lambda fault=fault: fault.seen == fault.times)
        eventually(lambda: any(each.leading for each in electors))
    done.set()
    watcher.join()
    laptop.faults.clear()
    for each in electors:
        each.stop()
    assert both == []


def test_a_server_that_hangs_for_ever_ends_the_lead(
    laptop: Server, controller: Cluster, eventually: Any
) -> None:
    lost: list[str] = []
    one = Elector(
        controller,
        LEASE,
        "one",
        gained=lambda: None,
        lost=lost.append,
        terms=Terms(duration=3.0, deadline=0.6, retry=0.3),
    )
    one.start()
    eventually(lambda: one.leading)
    laptop.faults.add(
        Fault(resource="leases.coordination.k8s.io", delay=1.0, code=500, times=FOREVER)
    )
    eventually(lambda: lost, 3.0)
    assert not one.leading
    laptop.faults.clear()
    one.stop()
