"""Three commits, the middle one wanted, and what may become of it."""

from __future__ import annotations

from renderer.core.errors import transient
from renderer.core.observed import DeliveryState

OLD, WANTED, NEW = "1" * 40, "2" * 40, "3" * 40
UNKNOWN = "f" * 40
HISTORY = [OLD, WANTED, NEW]
PENDING, APPLIED, FAILED = DeliveryState.PENDING, DeliveryState.APPLIED, DeliveryState.FAILED


def is_ancestor(commit: str, of: str) -> bool:
    if of not in HISTORY:
        raise transient("unknown revision", value=of)
    return HISTORY.index(commit) <= HISTORY.index(of)


INVALID = 'PersistentVolumeClaim "data-orders-0" is invalid: spec: Forbidden'
