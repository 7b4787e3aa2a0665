"""How long a volume that a restore or an upgrade has replaced is kept, where the spec says so.

The time counts from when the server was proved on the new volume, which the record says, and
from when its Pod became ready, whichever is later: a `git revert` that had the server run on
the old volume meanwhile brings the record back as it was, and not the Pod. What a clock says
that is behind only keeps the volume longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from renderer.core import clocks
from renderer.core.conditions import timestamp
from renderer.core.desired import Desired
from renderer.core.operations import downtime, evidence
from renderer.core.operations.step import Situation
from renderer.core.record import Record
from renderer.core.resource import duration

Learn = Callable[[Record, Situation, Mapping[str, object]], Record]


def counted_from(learn: Learn) -> Learn:
    """What the last proof of the swap adds to the record: that it is kept from now on."""

    def learnt(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
        done = learn(record, situation, facts)
        return replace(done, replaced_at=timestamp(situation.now))

    return learnt


def until(situation: Situation) -> datetime | None:
    """When the replaced volume has been kept long enough; None while that can't be told."""
    record, keep = situation.record, situation.desired.db.spec.storage.keep_replaced
    proved, ready = downtime.moment(record.replaced_at), downtime.ready_at(situation)
    if not (record.previous_claim and keep and proved and ready):
        return None
    return duration.after(max(proved, ready), keep)


def due(situation: Situation) -> bool:
    """Whether the replaced volume goes by itself now: the server is Ready on the new one."""
    asleep = situation.record.hibernated or situation.desired.db.spec.hibernate
    if situation.blind or asleep or evidence.server_ready(situation).problem:
        return False
    return _over(situation)


def confirmed(situation: Situation) -> bool:
    """Whether a person has said that the replaced volume may go."""
    said, record = situation.desired.db.confirmed_restore, situation.record
    return bool(record.previous_claim) and said == record.to_confirm


def withdrawn(situation: Situation) -> bool:
    """Whether a volume that is released already is to be kept after all."""
    return not (situation.blind or confirmed(situation) or _over(situation))


def next_look(situation: Situation) -> datetime | None:
    """When the volume is due; None when that is over, or no such time is known."""
    end = None if situation.blind else until(situation)
    return end if end is not None and end > situation.now else None


def message(situation: Situation) -> str:
    """Until when it is kept, for people; "" when it doesn't go by itself."""
    end, record = until(situation), situation.record
    if end is None:
        return ""
    return f"{record.previous_claim}, which was replaced, is kept until {timestamp(end)}"


def by_time(record: Record, desired: Desired) -> str:
    """What follows the title of the operation that lets it go: why nobody was asked."""
    if desired.db.confirmed_restore == record.to_confirm:
        return ""
    return f"after {desired.db.spec.storage.keep_replaced}"


def _over(situation: Situation) -> bool:
    if clocks.apart(situation.observed.clock_ahead):
        return False  # whose time it is can't be told
    end = until(situation)
    return end is not None and end <= situation.now
