"""The status of a SampleDB that has no plan: not looked at yet, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from renderer.core.conditions import NEVER, Condition, clip, merge
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
    known = [c for c in earlier if isinstance(c, Mapping) and c.get("lastTransitionTime") != NEVER]
    kept = [c for c in known if c.get("type") not in mine]
    return {
        **previous,
        "observedGeneration": generation,
        "phase": Phase.STALLED.value,
        "message": clip(message),
        "conditions": merged + kept,
    }


def awaited_status() -> dict[str, object]:
    """The status that the API server gives a new SampleDB, until the controller writes the first.

    The CRD's default: it is there too while no controller runs, and costs no write.
    """
    types = ("Ready", "Rendered", "Committed", "Applied", "Initialized")
    holding = dict.fromkeys(types, False) | {"Reconciling": True, "Stalled": False}
    conditions = [
        {
            "type": kind,
            "status": str(holds),
            "reason": "Pending",
            "message": "waiting for the controller",
            "lastTransitionTime": NEVER,
        }
        for kind, holds in holding.items()
    ]
    return {
        "phase": Phase.PENDING.value,
        "message": "waiting for the controller",
        "conditions": conditions,
    }
