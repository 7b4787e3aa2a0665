"""A resource that not every cluster has is followed where it is there."""

from __future__ import annotations

from typing import Any

import pytest

from renderer.cluster import kinds
from renderer.cluster.reflector import Pace, Reflector


@pytest.mark.parametrize("code", [404, 403], ids=["not served", "not allowed"])
def test_what_is_optional_may_be_missing_and_come_later(
    server: Any, answer: Any, pod: Any, eventually: Any, code: int
) -> None:
    missing = answer(code=code, body={"kind": "Status", "code": code, "message": "no such thing"})
    found = answer(body={"metadata": {"resourceVersion": "10"}, "items": [pod("a", 9)]})
    there: list[bool] = []
    server.script = lambda r: (answer(events=(3.0,)) if r.is_watch else found) if there else missing
    told: list[object] = []
    reflector = Reflector(
        server.cluster(),
        kinds.PODS,
        changed=lambda before, after: told.append((before, after)),
        pace=Pace(first=0.01, longest=0.05, lasting=5, silence=5.0, healthy=1.0),
        optional=True,
        jitter=lambda: 0.0,
    )
    reflector.start()
    try:
        eventually(reflector.synced.is_set)
        assert "no such thing" in reflector.absent
        assert reflector.health.failures == 0
        there.append(True)
        eventually(lambda: len(told) == 1)
        assert reflector.absent == ""
        assert len(reflector.cache) == 1
    finally:
        server.ending.set()
        reflector.stop()
