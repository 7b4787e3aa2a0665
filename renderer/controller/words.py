"""What of a status is an event, and what are words that come and go with the moment."""

from __future__ import annotations

from collections.abc import Mapping


def only_words(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Whether nothing changes but words that come and go, which needn't be written at once.

    While a push is waited for, the step that it begins is such a word: its commit says it.
    """
    waits = condition_of(after, "Committed")[1] == "Pending"
    if not waits and condition_of(before, "Committed")[1] == "Pending":
        return False  # it was told that a push is waited for: its end is told too
    return _significant(before, waits=waits) == _significant(after, waits=waits)


def waits_for_applier(status: Mapping[str, object]) -> bool:
    """Whether nothing but the applier is waited for."""
    return condition_of(status, "Ready")[1] == "NotApplied"


def _significant(status: Mapping[str, object], *, waits: bool) -> tuple[object, ...]:
    conditions = status.get("conditions")
    states = [_state(c) for c in (conditions if isinstance(conditions, list) else [])]
    git, operation = status.get("git"), status.get("operation")
    step = operation.get("step") if isinstance(operation, Mapping) else None
    return (
        status.get("observedGeneration"),
        states,
        git.get("commit") if isinstance(git, Mapping) else None,
        () if waits else (status.get("phase"), step),
        status.get("backups"),
        status.get("finalSnapshot"),
    )


def _state(condition: Mapping[str, object]) -> tuple[object, ...]:
    """Type and status, and the reason where it is an alarm.

    What is pushed or applied counts as done: it is over in a moment, or told as an error.
    """
    kind, status, reason = (condition.get(name) for name in ("type", "status", "reason"))
    if kind in {"Committed", "Applied"} and reason in {"Pending", "Waiting"}:
        status = "True"
    return kind, status, reason if kind == "Stalled" and status == "True" else ""


def condition_of(status: Mapping[str, object], kind: str) -> tuple[str, str]:
    """Status and reason of one of a status's conditions; "" when it isn't there."""
    conditions = status.get("conditions")
    for condition in conditions if isinstance(conditions, list) else []:
        if condition.get("type") == kind:
            return str(condition.get("status")), str(condition.get("reason"))
    return "", ""
