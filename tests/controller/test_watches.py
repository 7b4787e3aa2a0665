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
