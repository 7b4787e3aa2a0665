"""How long an upgrade keeps the server away: what is expected, and what was measured.

What was measured is kept in the record, and is made of what the cluster and the server
themselves say: when the old server cut its clients off (its last checkpoint, the one of the
shutdown), and since when the new server's Pod is ready. Where one of them isn't known, no
figure is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.observed import Pod
from renderer.core.operations.step import Situation
from renderer.core.record import Ended, Record
from renderer.core.resource.operations import Transfer

_PER_SECOND = 100_000_000
"""Bytes that a copy is reckoned to move in a second, where nothing was measured."""
_MINUTE = 60
_UNITS = ("kB", "MB", "GB", "TB", "PB")
_STEP = 1000


def reported(record: Record, _situation: Situation, facts: Mapping[str, object]) -> Record:
    """Keep what the check before an upgrade has found, in a sentence."""
    if record.underway is None:
        return record
    return replace(record, underway=replace(record.underway, report=_sentence(facts)))


def stopped(record: Record, facts: Mapping[str, object]) -> Record:
    """Keep when the old server stopped, where the Job knows."""
    at = facts.get("stoppedAt")
    if record.underway is None or not isinstance(at, str) or moment(at) is None:
        return record
    return replace(record, underway=replace(record.underway, stopped_at=at))


def measured(record: Record, situation: Situation, _facts: Mapping[str, object]) -> Record:
    """How long the server was away, once its Pod is ready again."""
    underway = record.underway
    since = moment(underway.stopped_at) if underway else None
    ready = ready_at(situation)
    if underway is None or since is None or ready is None or ready < since:
        return record
    return replace(
        record, underway=replace(underway, downtime=round((ready - since).total_seconds()))
    )


def told(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """The same where the new server itself says when the old one stopped."""
    return measured(stopped(record, facts), situation, facts)


def expected(record: Record, desired: Desired) -> str:
    """What is known beforehand of how long the server will be away; "" for nothing."""
    underway = record.underway
    kind = underway.type if underway else ""
    parts = []
    last = last_of(record, kind)
    if last is not None and last.downtime is not None:
        parts.append(f"the last one ({last.id}) had the server away for {last.downtime} s")
    report = underway.report if underway else ""
    if report:
        parts.append(f"found by the check: {report}")
    if kind == "MajorUpgrade" and desired.db.spec.upgrade.transfer is Transfer.LINK:
        parts.append("with the transfer Link the old data can't be used once the new server ran")
    return "; ".join(parts)


def last_of(record: Record, kind: str) -> Ended | None:
    """The last operation of a type whose downtime was measured."""
    known = (one for one in record.ended if one.type == kind and one.downtime is not None)
    return next(known, None)


def _sentence(facts: Mapping[str, object]) -> str:
    parts = [f"PostgreSQL {facts['running']}"] if isinstance(facts.get("running"), str) else []
    size, databases = facts.get("size"), facts.get("databases")
    if isinstance(size, int) and isinstance(databases, int):
        parts.append(f"{_size(size)} in {databases} database{'' if databases == 1 else 's'}")
    extensions = facts.get("extensions")
    if isinstance(extensions, list) and extensions:
        parts.append("extensions " + " ".join(str(name)[:63] for name in extensions[:20]))
    if isinstance(size, int):
        parts.append(f"a copy takes about {_duration(size / _PER_SECOND)} at 100 MB/s")
    return ", ".join(parts)


def _size(count: int) -> str:
    value, unit = float(count), "B"
    for unit_ in _UNITS:
        if value < _STEP:
            break
        value, unit = value / _STEP, unit_
    return f"{value:.1f} {unit}"


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / _MINUTE)} min"


def ready_at(situation: Situation) -> datetime | None:
    """Since when the server's Pod is ready; None while it isn't, or where that isn't said."""
    pods: tuple[Pod, ...] = situation.observed.pods_of(Role.SERVER.value)
    return next((pod.ready_at for pod in pods if pod.ready and not pod.deleting), None)


def moment(text: str) -> datetime | None:
    """A time as a Job or the record says it; None for what is none, or of no time zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
