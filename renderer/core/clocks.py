"""Clocks that disagree: which one counts, and what is said of it.

Times come from this controller, from the API server and the control plane beside it, and from
the nodes. Where this controller's clock is far from the API server's, the API server's counts,
and nothing is removed for its age. A time that lies ahead of what counts proves nothing about
age: what is said to be of then is neither fresh nor the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from renderer.core.conditions import Condition, timestamp
from renderer.core.layout import Role
from renderer.core.observed import Observed

TOLERANCE = timedelta(minutes=5)
"""How far apart clocks may be before anybody is told; NTP keeps them within a second."""
_STEADY = timedelta(seconds=30)
_SECOND = timedelta(seconds=1)
"""What the header `Date` leaves out."""


def apart(ahead: timedelta) -> bool:
    """Whether two clocks are so far from each other that it matters."""
    return abs(ahead) > TOLERANCE


def ahead_of(date: str, sent: datetime, received: datetime) -> timedelta:
    """How far our clock is ahead of a server's, for sure; negative: behind.

    `date` is the header of the answer to a request that was sent, and received, at these times
    of ours: nothing where it can have been written between them.
    """
    try:
        there = parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return timedelta()
    return max(sent - there - _SECOND, timedelta()) or min(received - there, timedelta())


def steady(known: timedelta, found: timedelta) -> timedelta:
    """What was known, while what is found is about the same: measured twice, it differs a bit."""
    return known if abs(found - known) < _STEADY else found


def counting(local: datetime, ahead: timedelta) -> datetime:
    """The time that counts; `local` is `ahead` of the API server's."""
    return local - ahead if apart(ahead) else local


def is_future(time: object, now: datetime) -> bool:
    """Whether a time of the API's form (or none) lies ahead of now."""
    return isinstance(time, str) and time > timestamp(now + TOLERANCE)


def seen_by(now: datetime, time: datetime) -> datetime:
    """When something ended that is seen now: then, and not later than now."""
    return min(time, now)


def conditions(
    observed: Observed, taken: Mapping[str, object], now: datetime
) -> Iterator[Condition]:
    """The condition ClockSkew, which is there only while clocks disagree."""
    text = _controllers(observed) or _nodes(observed) or _others(observed, taken, now)
    if text:
        yield Condition(type="ClockSkew", holds=True, reason="ClocksDiffer", message=text)


def _controllers(observed: Observed) -> str:
    ahead = observed.clock_ahead
    if not apart(ahead):
        return ""
    return (
        f"the clock of this controller's node is {standing(ahead)} the API server's, "
        "which counts; nothing is removed for its age meanwhile; set the clock (NTP)"
    )


def _nodes(observed: Observed) -> str:
    """What backup Jobs have said of their nodes' clocks, compared with the server's."""
    for role in (Role.BACKUP, Role.BACKUP_NOW, Role.FINAL_BACKUP):
        for job in observed.jobs(role.value):
            seconds = (job.result or {}).get("clockAhead")
            ahead = timedelta(seconds=seconds) if isinstance(seconds, int) else timedelta()
            if apart(ahead):
                return (
                    f"the clock of the node that Job {job.name} ran on was "
                    f"{standing(ahead)} the server's; by the "
                    "earlier one no older backup was removed; set the clocks of the nodes (NTP)"
                )
    return ""


def _others(observed: Observed, taken: Mapping[str, object], now: datetime) -> str:
    what, latest = max(_times(observed, taken), key=lambda each: each[1], default=("", ""))
    if not is_future(latest, now):
        return ""
    # In whole hours: a text that changed at each look would be written, and looked at, again.
    far = (datetime.fromisoformat(latest).astimezone(UTC) - now) // timedelta(hours=1)
    return (
        f"{what} is of {latest}, {f'{far} h' if far else 'less than an hour'} ahead of now, so it "
        "doesn't count as fresh; set the clocks of the nodes and of the control plane (NTP)"
    )


def _times(observed: Observed, taken: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for role in Role:
        for job in observed.jobs(role.value):
            if job.finished_at:
                yield f"the end of Job {job.name}", timestamp(job.finished_at)
    for key, name in (("lastVerified", "the last backup"), ("lastFailure", "the last failure")):
        entry = taken.get(key)
        if isinstance(entry, Mapping) and isinstance(entry.get("time"), str):
            yield name, entry["time"]


def standing(ahead: timedelta) -> str:
    """How a clock stands to another, for people: `1 day, 3:05:00 behind`."""
    figure = timedelta(seconds=round(abs(ahead).total_seconds()))
    return f"{figure} {'ahead of' if ahead > timedelta() else 'behind'}"
