"""`decide`: what the next commit is, from (desired, observed, record, now) alone.

The first rule that holds wins. No old status is read, nothing is looked up:
the same input gives the same plan, in the controller, in CI and in a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from renderer.core import deletion, experiments, lending, refusals, wishes
from renderer.core.desired import Desired
from renderer.core.layout import names
from renderer.core.observed import Observed
from renderer.core.operations import check, keeping, reload, snapshots
from renderer.core.operations.backup import BACKUP, SCHEDULED_BACKUP
from renderer.core.operations.catalog import DELETIONS, OPERATIONS
from renderer.core.operations.lifecycle import (
    CONFIGURE,
    HIBERNATE,
    INITIALISE,
    PROVISION,
    RESIZE,
    WAKE,
)
from renderer.core.operations.migrate import MIGRATE
from renderer.core.operations.progress import advance, begin
from renderer.core.operations.restore import CONFIRM_RESTORE, RESTORE
from renderer.core.operations.rotate import ROTATE
from renderer.core.operations.step import Operation, Situation
from renderer.core.operations.upgrade import DROP_OLD
from renderer.core.plan import Files, Phase, Plan, stalled
from renderer.core.record import Record
from renderer.core.resource import quantity
from renderer.core.steady import steady

Rule = Callable[[Situation], Plan | None]


def decide(
    desired: Desired, observed: Observed | None, record: Record | None, now: datetime
) -> Plan:
    """Choose the operation and its step. Total: every input has a plan.

    Args:
        desired: the SampleDB, resolved against its pack.
        observed: the children seen; None when there is no cluster to look at (CI),
            where nothing can be proved: the plan stays at the record's step, and a new
            SampleDB begins with the server and its init Job in one commit.
        record: what Git says has been done; None when the directory isn't there.
        now: the time, UTC; only to tell a stuck Job.
    """
    db = desired.db
    if db.spec.paused:
        return _paused(desired)
    if db.deleting and observed is not None:
        return deletion.decide(desired, observed, record, now)
    if observed is None and record and _in_deletion(record):
        return _left_to_the_controller()
    desired = lending.known(desired, observed)
    if record is None:
        return _new(desired, observed, now)
    if observed is None:  # nothing can be tried
        record = check.taken(record, desired)
    seen = observed if observed is not None else Observed()
    situation = Situation(
        desired=desired, observed=seen, record=record, now=now, blind=observed is None
    )
    plans = (rule(situation) for rule in _RULES)
    plan = next((plan for plan in plans if plan is not None), None) or steady(situation)
    times = (plan.look_at, snapshots.next_look(situation), keeping.next_look(situation))
    return replace(plan, look_at=min((each for each in times if each), default=None))


def _new(desired: Desired, observed: Observed | None, now: datetime) -> Plan:
    if observed is None:
        return begin(PROVISION, INITIALISE, desired, None)
    kept = observed.claim(names(desired.key.name).data) is not None
    operation = wishes.creation(desired, kept=kept)
    nothing = Record(generation=0, input_digest="")
    situation = Situation(desired=desired, observed=observed, record=nothing, now=now)
    return _unfit(operation, situation) or begin(operation, operation.steps[0], desired, None)


def _unfit(operation: Operation, situation: Situation) -> Plan | None:
    """Why a new SampleDB can't begin with what it is to be restored from."""
    unfit = refusals.unfit_source(situation) if operation is not PROVISION else None
    return _stalled(unfit.reason, unfit.message) if unfit else None


def _paused(desired: Desired) -> Plan:
    blocked = ""
    if desired.db.deleting:
        blocked = "spec.paused is true; set it to false to let the deletion go on"
    return Plan(
        phase=Phase.PAUSED,
        files=Files.LEAVE,
        why="spec.paused is true: the files in Git are left as they are",
        deletion_blocked=blocked,
    )


def _in_deletion(record: Record) -> bool:
    return record.underway is not None and record.underway.type in DELETIONS


def _left_to_the_controller() -> Plan:
    return Plan(
        phase=Phase.DELETING,
        files=Files.LEAVE,
        why="the record in Git says that this SampleDB is being deleted, which only the "
        "controller can go on with: it sees what is left in the cluster",
    )


_REFUSALS = (
    refusals.new_major,
    refusals.held_minor,
    refusals.new_credentials,
    refusals.new_init,
    refusals.smaller_size,
    refusals.no_snapshots,
    refusals.changed_source,
)


def _refused(situation: Situation) -> Plan | None:
    for refusal in _REFUSALS:
        problem = refusal(situation)
        if problem:
            return _stalled(problem.reason, problem.message)
    return None


def _stalled(reason: str, why: str) -> Plan:
    return Plan(phase=Phase.STALLED, files=Files.LEAVE, why=why, problem=stalled(reason, why))


def _made_anew(situation: Situation) -> Plan | None:
    """A SampleDB made anew under the name of one whose deletion had begun.

    While the old volume is there, what is known of the data on it stays known.
    """
    record, desired = situation.record, situation.desired
    if not _in_deletion(record):
        return None
    afresh = Record(generation=record.generation, input_digest="")
    kept = situation.observed.claim(situation.names.data) is not None
    if kept:
        old = refusals.old_data(situation)
        refused = _stalled(old.reason, old.message) if old else _refused(situation)
        if refused:
            return refused
        afresh = replace(
            afresh,
            data_version=record.data_version,
            claim=record.claim,
            previous_claim=record.previous_claim,
            replaced_by=record.replaced_by,
            replaced_at=record.replaced_at,
            restored=record.restored,
            sources=record.sources,
            snapshots=record.snapshots,
            discarded=record.discarded,
        )
    operation = wishes.creation(desired, kept=kept)
    return _unfit(operation, situation) or begin(operation, operation.steps[0], desired, afresh)


def _turn_back(situation: Situation) -> Plan | None:
    """What is given up no longer fills a volume: that leaves Git, and stays in the cluster."""
    operation = wishes.instead(situation)
    record = replace(situation.record, restoring="", lent="")
    return _begin(operation, replace(situation, record=record)) if operation else None


def _begin(operation: Operation, situation: Situation, token: str = "") -> Plan:
    first, record = operation.first(situation), situation.record
    due = snapshots.due(situation) if operation is SCHEDULED_BACKUP else None
    token = f"{due:%Y%m%dt%H%M}" if due else token
    return begin(operation, first, situation.desired, record, token=token)


def _unknown(situation: Situation) -> Plan | None:
    """What another release has begun is neither gone on with nor begun anew."""
    underway = situation.record.underway
    operation = OPERATIONS.get(underway.type) if underway else None
    if underway is None or (operation and operation.knows(underway.step)):
        return None
    named = f"the operation {underway.type!r}"
    named += f" at the step {underway.step!r}" if operation else ""
    return _stalled(
        "UnknownOperation",
        f"the record in Git names {named}, which this release doesn't know; "
        "run the release that began it, or revert its commit",
    )


def _continue(situation: Situation) -> Plan | None:
    underway = situation.record.underway
    if underway is None:
        return None
    return advance(OPERATIONS[underway.type], underway, situation)


def _sleep_or_wake(situation: Situation) -> Plan | None:
    wanted = situation.desired.db.spec.hibernate
    if wanted == situation.record.hibernated:
        return None
    return _begin(HIBERNATE if wanted else WAKE, situation)


def _when(wished: Callable[[Situation], bool], operation: Operation) -> Rule:
    """The rule that begins `operation` whenever it is wished for."""
    return lambda situation: _begin(operation, situation) if wished(situation) else None


def _upgrade(situation: Situation) -> Plan | None:
    operation = wishes.upgrade(situation)
    return _begin(operation, situation) if operation else None


def _backup(situation: Situation) -> Plan | None:
    if situation.record.hibernated:
        return None
    if wishes.backup(situation):
        return _begin(BACKUP, situation)
    return _begin(SCHEDULED_BACKUP, situation) if snapshots.due(situation) else None


def _restore(situation: Situation) -> Plan | None:
    if situation.record.hibernated or not wishes.restore(situation):
        return None
    unfit = refusals.unready_restore(situation)
    return _stalled(unfit.reason, unfit.message) if unfit else _begin(RESTORE, situation)


def _expire(situation: Situation) -> Plan | None:
    surplus = snapshots.surplus(situation)
    if surplus is None:
        return None
    record = snapshots.expiring(situation.record, surplus)
    token = surplus.name.rpartition("-")[2]
    return _begin(snapshots.EXPIRE, replace(situation, record=record), token)


def _resize(situation: Situation) -> Plan | None:
    claim = situation.observed.claim(situation.names.data)
    if claim is None or not claim.requested:
        return None
    size = situation.desired.db.spec.storage.size
    if quantity.parse(size) <= quantity.parse(claim.requested):
        return None
    return _begin(RESIZE, situation)


def _configure(situation: Situation) -> Plan | None:
    record, desired = situation.record, situation.desired
    same = record.input_digest == desired.digest and not check.differs(record, desired)
    if same and not reload.unread(situation):
        return None
    return _begin(CONFIGURE, situation)


def _experiment(situation: Situation) -> Plan | None:
    asleep = situation.blind or situation.record.hibernated
    found = None if asleep else experiments.due(situation)
    if found is None:
        return None
    why = experiments.obstacle(situation)
    if not why:
        return experiments.begun(situation, found)
    record, subject = experiments.passed_over(situation, found, why)
    return replace(steady(replace(situation, record=record)), subject=subject)


_RULES: tuple[Rule, ...] = (
    _made_anew,
    _unknown,
    experiments.gives_way,
    _refused,
    _turn_back,
    _continue,
    _sleep_or_wake,
    _when(wishes.old_data, DROP_OLD),
    _upgrade,
    _backup,
    _when(wishes.rotation, ROTATE),
    _restore,
    _when(wishes.migration, MIGRATE),
    _when(wishes.confirmation, CONFIRM_RESTORE),
    _expire,
    _resize,
    _configure,
    _experiment,
)
