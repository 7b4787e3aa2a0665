"""What a dangerous step waits for beyond the proof of the step before: a person, and its time.

An approval names one step of one operation and what it leads to, so that an old one can't let
a later one through, nor another one that a `git revert` has given the same id. The window holds
for the steps that stop or replace the server; a step that has begun goes on after it closes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from renderer.core import firing
from renderer.core.layout import CONFIRM_ANNOTATION
from renderer.core.operations import downtime
from renderer.core.operations.step import Operation, Situation, Step
from renderer.core.plan import Problem, Trouble
from renderer.core.record import Underway
from renderer.core.resource import window
from renderer.core.resource.operations import Approval

OLD_DATA_STEP = "DropOld"
LEAD = timedelta(hours=12)
"""How long before the window opens a backup that would be too old by then is taken anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Why a step may not begin yet."""

    problem: Problem
    approval: str = ""
    """What is to be approved; "" when nothing is."""
    until: datetime | None = None
    """When the window opens; None when it isn't that which is waited for."""


def look_at(held_by: Held, now: datetime) -> datetime | None:
    """When to look again although nothing has changed."""
    if held_by.until is None:
        return None
    early = held_by.until - LEAD
    return early if early > now else held_by.until


def tag(image: str) -> str:
    """The tag of an image, which people know a version by; the whole name when it has none."""
    name = image.partition("@")[0]
    _, colon, found = name.rpartition(":")
    return found if colon and "/" not in found else name


def token(underway: Underway, step: Step) -> str:
    """What an approval of `step` says: `majorupgrade-3/Stop/18.4-1a2b3c4d`."""
    return f"{underway.id}/{step.name}/{_target(underway.image)}"


def _target(image: str) -> str:
    """Which image, told from each other one, for people and for a shell."""
    digest = hashlib.sha256(image.encode()).hexdigest()[:8]
    return f"{tag(image).rpartition('/')[2]}-{digest}"


def set_up(situation: Situation) -> bool:
    """Whether the spec has any step of an upgrade wait."""
    upgrade = situation.desired.db.spec.upgrade
    return upgrade.approval is Approval.MANUAL or upgrade.window != ""


def shut(situation: Situation) -> bool:
    """Whether an upgrade has to wait, or would if it began now, before it touches the server."""
    underway = situation.record.underway
    return (_by_hand(situation) and not _said(underway, situation)) or (
        _opening(situation) is not None
    )


def _said(underway: Underway | None, situation: Situation) -> bool:
    """Whether a step of this operation, to this image, is approved."""
    operation, _, rest = situation.desired.db.approved.partition("/")
    target = rest.rpartition("/")[2]
    return underway is not None and (operation, target) == (underway.id, _target(underway.image))


def held(step: Step, underway: Underway, situation: Situation) -> Held | None:
    """Why `step`, the next one, may not begin yet; None when it may."""
    if not step.danger:
        return None
    wanted = token(underway, step)
    if _by_hand(situation) and situation.desired.db.approved != wanted:
        return _unapproved(step, underway, situation)
    opens = _opening(situation) if step.disrupts else None
    return _too_early(step, underway, situation, opens) if opens else None


def said_ahead(operation: Operation, underway: Underway, situation: Situation) -> Held | None:
    """Why no volume may be replaced yet: that the old one may go has been said before.

    It was said of another one: `git revert` of a finished restore repeats it under its id, and
    what was written meanwhile would go at once.
    """
    record, said = situation.record, situation.desired.db.confirmed_restore
    waits = said not in {"", record.to_confirm} and said in {record.restoring, underway.id}
    if not operation.replaces or not waits:
        return None
    message = f"{_named(underway)} waits: {ahead(said)}"
    return Held(problem=_waiting(reason="ConfirmedAhead", message=message))


def ahead(said: str) -> str:
    """What is wrong with a confirmation that nobody can have meant, and the way out."""
    return (
        f"metadata.annotations[{CONFIRM_ANNOTATION}] names {said!r} already, so that the old "
        "volume would go as soon as it is replaced; remove the annotation, and set it when the "
        "new data have been looked at"
    )


def needs(step: Step, situation: Situation) -> str:
    """What `step` waits for beside the proof of the one before, for people."""
    if not step.danger:
        return ""
    upgrade = situation.desired.db.spec.upgrade
    parts = ["a person's approval"] if _by_hand(situation) else []
    if step.disrupts and upgrade.window:
        parts.append(f"the window {upgrade.window!r}")
    return " and ".join(parts)


def keeps_old_data(situation: Situation) -> str:
    """What a person has to approve before old data are removed; "" when nobody has to.

    The upgrade ends before that: while they are kept, the database is Ready.
    """
    record = situation.record
    if not record.previous or not _by_hand(situation):
        return ""
    wanted = f"{record.previous_of}/{OLD_DATA_STEP}/{record.data_version}"
    return "" if situation.desired.db.approved == wanted else wanted


def old_data_message(situation: Situation) -> str:
    """That old data are kept, and how they go; "" when none wait for a person."""
    wanted, key = keeps_old_data(situation), situation.desired.db.key
    if not wanted:
        return ""
    return (
        f"the data of {situation.record.previous} are kept beside the converted ones; to remove "
        f"them: kubectl sampledb approve {key} --step {wanted}"
    )


def renewed(
    operation: Operation, index: int, situation: Situation, held_by: Held | None
) -> Step | None:
    """The step to begin again at, when what was prepared is, or soon will be, too old.

    Where the window is waited for, that is done some hours before it opens, so that it is
    left to what can be done in it only. A person's approval comes when it comes: what is too
    old then is made anew before the operation goes on.
    """
    at = situation.now
    if held_by is not None:
        if held_by.until is None or held_by.until - at > LEAD:
            return None
        at = held_by.until
    return operation.first(situation) if operation.steps[index].expires(situation, at) else None


def _by_hand(situation: Situation) -> bool:
    return situation.desired.db.spec.upgrade.approval is Approval.MANUAL


def _opening(situation: Situation) -> datetime | None:
    """When the window opens next; None while it is open, and without one."""
    text, now = situation.desired.db.spec.upgrade.window, situation.now
    if not text:
        return None
    parsed = window.parse(text)
    opened = firing.latest(parsed.schedule, parsed.time_zone, now)
    if opened is not None and now < opened + parsed.length:
        return None
    return firing.upcoming(parsed.schedule, parsed.time_zone, now)


def _unapproved(step: Step, underway: Underway, situation: Situation) -> Held:
    wanted, key = token(underway, step), situation.desired.db.key
    opens = _opening(situation) if step.disrupts else None
    when = f", in the window that opens {_local(situation, opens)}" if opens else ""
    message = (
        f"{_named(underway)} waits for a person: {step.danger}{when}"
        f"{_cost(step, situation)}; to go on: kubectl sampledb approve {key} --step {wanted}"
    )
    problem = _waiting(reason="ApprovalNeeded", message=message)
    return Held(problem=problem, approval=wanted)


def _too_early(step: Step, underway: Underway, situation: Situation, opens: datetime) -> Held:
    message = (
        f"{_named(underway)} waits for spec.upgrade.window, which opens "
        f"{_local(situation, opens)}; then {step.danger}{_cost(step, situation)}"
    )
    return Held(problem=_waiting(reason="WindowClosed", message=message), until=opens)


def _named(underway: Underway) -> str:
    return f"{underway.id} ({underway.about})" if underway.about else underway.id


def _cost(step: Step, situation: Situation) -> str:
    expected = downtime.expected(situation.record, situation.desired) if step.disrupts else ""
    return f"; {expected}" if expected else ""


def _local(situation: Situation, moment: datetime) -> str:
    """A time as people of the window's time zone read it, and its weekday."""
    zone = window.parse(situation.desired.db.spec.upgrade.window).time_zone
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} {zone}"


def _waiting(*, reason: str, message: str) -> Problem:
    return Problem(trouble=Trouble.WAITING, reason=reason, message=message, calls=True)
