"""Which backups in a store may go: the rule that the pack's `prune` has for a volume."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from renderer.core.clocks import TOLERANCE

ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A verified backup that is in the store: it has a manifest."""

    id: str
    final: bool
    """Taken before a deletion: it neither counts nor goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many, and for how long."""

    count: int
    days: int = 0
    """0 = however old."""


def expired(backups: Iterable[Kept], newest: str, retention: Retention, now: datetime) -> list[str]:
    """The ids that go, newest first: those beyond the count and those that are too old.

    Never `newest`, the one that was just verified, and never a final one. One of a time to come,
    which a clock that was wrong has named, neither counts nor goes before its time.
    """
    oldest = now - timedelta(days=retention.days) if retention.days else None
    known = (each.id for each in backups if not each.final)
    ranked = sorted((name for name in known if taken(name) <= now + TOLERANCE), reverse=True)
    return [
        name
        for rank, name in enumerate(ranked, start=1)
        if name != newest
        and (rank > max(retention.count, 1) or (oldest is not None and taken(name) < oldest))
    ]


def taken(name: str) -> datetime:
    """When the backup of that id was taken."""
    return datetime.strptime(name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
