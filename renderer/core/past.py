"""The part of the status about operations: the one under way, and those that have ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from renderer.core import resilience
from renderer.core.conditions import clip, timestamp
from renderer.core.plan import Plan
from renderer.core.record import Record

Status = Mapping[str, object]


def operation(
    plan: Plan, record: Record | None, previous: Status, now: datetime
) -> dict[str, object] | None:
    """`status.operation`: when it began is known from the status before, or it begins now."""
    if record is None or record.underway is None:
        return None
    underway = record.underway
    before = previous.get("operation")
    same = isinstance(before, Mapping) and before.get("id") == underway.id
    started = before.get("startedAt") if isinstance(before, Mapping) and same else None
    job = next((path for path in record.children if path.startswith("Job/")), "")
    shown = {
        "type": underway.type,
        "id": underway.id,
        "step": underway.step,
        "startedAt": started or timestamp(now),
        "job": job.removeprefix("Job/"),
        "message": clip(plan.why),
        "report": clip(plan.report or underway.report),
    }
    return {key: value for key, value in shown.items() if value}


def history(
    record: Record | None, commit: str, committed_at: str, previous: Status
) -> list[dict[str, object]]:
    """`status.history`: what the record says, with the times and the commit that were seen.

    An operation that was not seen at its end has no times: Git has them.
    """
    before = previous.get("history")
    items = before if isinstance(before, list) else []
    known = {item.get("id"): item for item in items if isinstance(item, Mapping)}
    last = previous.get("operation")
    shown: list[dict[str, object]] = []
    if record is None:
        return shown
    for ended in record.ended:
        old = known.get(ended.id)
        seen: Mapping[str, object] = old if old is not None else {"commit": commit}
        if old is None and isinstance(last, Mapping) and last.get("id") == ended.id:
            seen = {"commit": commit, "startedAt": last.get("startedAt"), "endedAt": committed_at}
        entry: dict[str, object] = {
            "type": ended.type,
            "id": ended.id,
            "result": ended.result,
            "commit": seen.get("commit") or commit,
            "startedAt": seen.get("startedAt"),
            "endedAt": seen.get("endedAt"),
            "downtime": ended.downtime,
            "report": clip(ended.report),
            **resilience.past(record, ended.id),
        }
        always = ("type", "id", "result", "commit")
        shown.append({k: v for k, v in entry.items() if k in always or v not in {None, ""}})
    return shown
