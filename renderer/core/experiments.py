"""Which experiment of `spec.chaos` is due, and what stands in its way.

One that has a schedule begins at its time or not at all: a time that comes when something
stands in the way is passed over, never caught up with. One without a schedule is made once
for what it is, and waits until nothing stands in its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from renderer.core import firing, refusals, resource
from renderer.core.conditions import timestamp
from renderer.core.operations import evidence, results
from renderer.core.operations.chaos import CHAOS, CHAOS_ABORT, concluded
from renderer.core.operations.progress import HISTORY, advance, begin, refreshed
from renderer.core.operations.step import Situation
from renderer.core.plan import Plan
from renderer.core.record import Ended, Record, Trial
from renderer.core.resource.chaos import Experiment

LATE = timedelta(minutes=5)
"""How long after its time a scheduled experiment may still begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An experiment whose time has come."""

    experiment: Experiment
    token: str
    """What the record will remember it by."""


def due(situation: Situation) -> Due | None:
    """The experiment whose turn it is: in the order of the spec."""
    return next(_due(situation), None)


def obstacle(situation: Situation) -> str:
    """Why no experiment may begin now, when nothing else is under way; "" when one may."""
    record = situation.record
    if record.hibernated or record.initialized is None:
        return "the server isn't running"
    problem = evidence.server_ready(situation).problem
    if problem:
        return problem.message
    if results.lacks_any_fresh_backup(situation):
        return "no verified backup is younger than 24 hours; take one with sampledb backup"
    return ""


def begun(situation: Situation, found: Due) -> Plan:
    """The plan that begins an experiment."""
    asked = found.experiment
    trial = Trial(name=asked.name, action=asked.action.value)
    record = replace(_answered(situation, found), trial=trial)
    step = CHAOS.first(replace(situation, record=record))
    return begin(CHAOS, step, situation.desired, record)


def passed_over(situation: Situation, found: Due, why: str) -> tuple[Record, str]:
    """The record in which an experiment was skipped, and the subject of its commit."""
    asked = found.experiment
    record = refreshed(_answered(situation, found), situation.desired)
    name = f"{CHAOS.type.lower()}-{record.generation}{CHAOS.suffix(record)}"
    ended = Ended(type=CHAOS.type, id=name, result="Skipped")
    trial = Trial(name=asked.name, action=asked.action.value, result="Skipped", message=why)
    record = replace(record, ended=(ended, *record.ended)[:HISTORY])
    return concluded(record, trial), f"chaos {asked.name}: skipped: {why}"


def gives_way(situation: Situation) -> Plan | None:
    """What an experiment has left behind goes first, whatever else is asked for.

    Only a claim that couldn't be applied stands in its way.
    """
    record, desired = situation.record, situation.desired
    underway = record.underway
    if underway is None or refusals.smaller_size(situation):
        return None
    if underway.type == CHAOS_ABORT.type:
        return advance(CHAOS_ABORT, underway, situation)
    if underway.type != CHAOS.type or record.input_digest == desired.digest:
        return None
    return begin(CHAOS_ABORT, CHAOS_ABORT.first(situation), desired, record)


def next_look(situation: Situation) -> datetime | None:
    """When the next experiment is due; None when none has a schedule."""
    times = (
        firing.upcoming(e.schedule, e.time_zone, situation.now)
        for e in situation.desired.db.spec.chaos.experiments
        if e.schedule
    )
    return min((time for time in times if time), default=None)


def _answered(situation: Situation, found: Due) -> Record:
    """Remembered by name; what left the spec is forgotten, so that the record doesn't grow."""
    record = situation.record
    names = {e.name for e in situation.desired.db.spec.chaos.experiments}
    kept = {name: token for name, token in record.trials_due.items() if name in names}
    return replace(
        record,
        trials_begun=record.trials_begun + 1,
        trials_due={**kept, found.experiment.name: found.token},
    )


def _due(situation: Situation) -> Iterator[Due]:
    known, now = situation.record.trials_due, situation.now
    for asked in situation.desired.db.spec.chaos.experiments:
        if not asked.schedule:
            token = resource.digest(asked)[:16]
            if known.get(asked.name) != token and not obstacle(situation):
                yield Due(experiment=asked, token=token)
            continue
        fired = firing.latest(asked.schedule, asked.time_zone, now)
        token = timestamp(fired) if fired else ""
        if fired and known.get(asked.name) != token and now - fired <= LATE:
            yield Due(experiment=asked, token=token)
