"""Conditions as Kubernetes and kstatus have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

MESSAGE_LIMIT = 4096
"""Characters of a message that are kept; the API allows 32768, `kubectl describe` reads less."""

NEVER = "1970-01-01T00:00:00Z"
"""Transition time of a condition that nobody has looked at: a default of the CRD can't say now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition; `holds` None stands for Unknown."""

    type: str
    holds: bool | None
    reason: str
    message: str = ""


def timestamp(moment: datetime) -> str:
    """A time as the API writes it: RFC 3339, UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def clip(text: str) -> str:
    """A message as it goes to the API, which refuses the whole status for one too long."""
    return text[:MESSAGE_LIMIT]


def merge(
    previous: object, conditions: Iterable[Condition], *, generation: int, now: datetime
) -> list[dict[str, object]]:
    """The conditions for the status; `lastTransitionTime` moves only when a status changes.

    Args:
        previous: `status.conditions` as read from the API; anything malformed counts as none.
        conditions: what holds now, in the order in which it is shown.
        generation: the `metadata.generation` that was looked at.
        now: the time, UTC.
    """
    before = _by_type(previous)
    merged: list[dict[str, object]] = []
    for condition in conditions:
        status = _word(holds=condition.holds)
        old = before.get(condition.type, {})
        since = old.get("lastTransitionTime") if old.get("status") == status else NEVER
        merged.append(
            {
                "type": condition.type,
                "status": status,
                "reason": condition.reason,
                "message": clip(condition.message),
                "observedGeneration": generation,
                "lastTransitionTime": timestamp(now) if since in {None, NEVER} else since,
            }
        )
    return merged


def _by_type(previous: object) -> Mapping[str, Mapping[str, object]]:
    if not isinstance(previous, Sequence):
        return {}
    return {str(item.get("type")): item for item in previous if isinstance(item, Mapping)}


def _word(*, holds: bool | None) -> str:
    return "Unknown" if holds is None else str(holds)
