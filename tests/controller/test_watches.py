"""What the controller looks at a SampleDB for."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from laptop_line import Line

from renderer.cluster.client import Cluster
from renderer.controller.watches import Watches
from renderer.core.layout import APPROVE_ANNOTATION, CONFIRM_ANNOTATION, Key
from renderer.delivery import Tool

KEY = Key(namespace="team-a", name="orders")


def annotate(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda db: db["metadata"].setdefault("annotations", {}).update({name: "monday"})


@pytest.mark.parametrize(
    ("change", "looks"),
    [
        pytest.param(lambda db: db["spec"].update(hibernate=True), 2, id="the spec"),
        pytest.param(annotate(CONFIRM_ANNOTATION), 2, id="a restore is confirmed"),
        pytest.param(annotate(APPROVE_ANNOTATION), 2, id="a step is approved"),
        pytest.param(annotate("example.com/owner"), 1, id="an annotation of somebody else"),
    ],
)
def test_a_sampledb_is_looked_at_when_its_user_says_something(
    change: Callable[[dict[str, Any]], None], looks: int, still: Line
) -> None:
    told: Counter[Key] = Counter()
    server = still.laptop.server
    with contextlib.closing(Cluster.at(server.url, token=server.token)) as cluster:
        watches = Watches(cluster, lambda key: told.update([key]), tool=Tool.NONE)
        watches.start()
        try:
            still.create()
            still.until(lambda: told[KEY], "the new SampleDB")
            still.edit(change)
            still.create("after")
            still.until(lambda: told[Key(namespace="team-a", name="after")], "the next one")
        finally:
            watches.stop()
    assert told[KEY] == looks


def test_a_sampledb_is_looked_at_when_another_grants_it_its_backups(still: Line) -> None:
    told: Counter[Key] = Counter()
    server, copy = still.laptop.server, Key(namespace="team-b", name="copy")
    source = {"sampleDB": "orders", "namespace": "team-a", "backupId": "20261124T030000Z-1a2b3c"}
    store = {"target": {"s3": {"bucket": "backups", "secretName": "store"}}}
    with contextlib.closing(Cluster.at(server.url, token=server.token)) as cluster:
        watches = Watches(cluster, lambda key: told.update([key]), tool=Tool.NONE)
        watches.start()
        try:
            still.until(lambda: not watches.unsynced(), "the first lists")
            still.elsewhere("team-b").create(
                "copy", backup=store, restore={"id": "1", "from": source}
            )
            still.until(lambda: told[copy], "the new SampleDB")
            assert watches.observe(copy).lender is None
            still.create(backup={**store, "grants": [{"namespace": "team-b"}]})
            still.until(lambda: told[copy] > 1, "it again")
            lender = watches.observe(copy).lender
            assert lender
            assert (lender.key, lender.grants) == (KEY, ("team-b",))
        finally:
            watches.stop()
