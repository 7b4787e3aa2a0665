"""The status of a SampleDB that has no plan: just accepted, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from renderer.core.conditions import Condition, clip, merge
from renderer.core.plan import Phase


def invalid_status(
    *, generation: int, message: str, previous: Mapping[str, object], now: datetime
) -> dict[str, object]:
    """The status of a SampleDB that is refused: everything known stays, Stalled says why."""
    conditions = (
        Condition(type="Ready", holds=False, reason="Invalid", message=message),
        Condition(type="Reconciling", holds=False, reason="Invalid", message=message),
        Condition(type="Stalled", holds=True, reason="Invalid", message=message),
        Condition(type="Rendered", holds=False, reason="Invalid", message=message),
    )
    merged = merge(previous.get("conditions"), conditions, generation=generation, now=now)
    mine = {str(condition["type"]) for condition in merged}
    before = previous.get("conditions")
    earlier = before if isinstance(before, list) else []
    kept = [c for c in earlier if isinstance(c, Mapping) and c.get("type") not in mine]
    return {
        **previous,
        "observedGeneration": generation,
        "phase": Phase.STALLED.value,
        "message": clip(message),
        "conditions": merged + kept,
    }


def pending_status(*, generation: int, now: datetime) -> dict[str, object]:
    """The first status of a SampleDB: accepted, nothing seen yet."""
    types = ("Ready", "Rendered", "Committed", "Applied", "Initialized")
    conditions = [
        Condition(type=name, holds=False, reason="Pending", message="not looked at yet")
        for name in types
    ]
    conditions.append(Condition(type="Reconciling", holds=True, reason="Pending"))
    conditions.append(Condition(type="Stalled", holds=False, reason="Pending"))
    return {
        "observedGeneration": generation,
        "phase": Phase.PENDING.value,
        "message": "accepted",
        "conditions": merge([], conditions, generation=generation, now=now),
    }
