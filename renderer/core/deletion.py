"""Deletion: the saga behind the finalizer.

Nothing that holds data is removed before the final backup is proved in the record,
or before the user has said so (`policy: Retain`, or `policy: Delete` with `confirm`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from renderer.core import refusals
from renderer.core.desired import Desired
from renderer.core.layout import Names, Role, names
from renderer.core.observed import Observed
from renderer.core.operations.catalog import OPERATIONS
from renderer.core.operations.chaos import CHAOS, CHAOS_ABORT
from renderer.core.operations.deleting import DELETE, DELETE_AT_ONCE, DELETE_RETAIN
from renderer.core.operations.progress import advance, begin, held_by
from renderer.core.operations.step import Operation, Situation, Step
from renderer.core.plan import Files, Phase, Plan, Problem, Trouble, stalled
from renderer.core.record import Record
from renderer.core.resource.chaos import ChaosAction

_REFUSALS: Mapping[tuple[str, str], tuple[Callable[[Situation], Problem | None], ...]] = {
    (DELETE.type, "FinalBackup"): (
        refusals.new_database,
        refusals.smaller_size,
        refusals.no_snapshots,
    ),
    (DELETE.type, "LiftProtection"): (refusals.smaller_size,),
    (DELETE_AT_ONCE.type, "LiftProtection"): (refusals.smaller_size,),
}
"""(operation, step) → what the spec may not ask for then: the backup would be of another
database, or the claim could not be applied. The server that runs is the data's own."""

_WAY_OUT = (
    "to delete without a final backup, set spec.deletion to "
    '{"policy": "Delete", "confirm": true}; to keep the volume, to {"policy": "Retain"}'
)


def decide(desired: Desired, observed: Observed, record: Record | None, now: datetime) -> Plan:
    """Plan the next step of a deletion; `desired.db.deleting` is true."""
    children = names(desired.key.name)
    if record is None:
        return _without_record(observed, children)
    operation = _operation(desired, record)
    if operation is None:
        return _blocked(
            "NotConfirmed",
            "spec.deletion.policy is Delete, but spec.deletion.confirm is false; set it to true",
        )
    situation = Situation(desired=desired, observed=observed, record=record, now=now)
    filled = _fault_first(situation)
    if filled:
        return filled
    converting = _converting(record)
    if converting:
        job = held_by(converting, situation)
        if job:
            return _held_back(job)
        record = _as_it_ended(converting, situation)
        situation = replace(situation, record=record)
    return _go_on(operation, situation)


def _go_on(operation: Operation, situation: Situation) -> Plan:
    """The step that is underway, or the one to begin with."""
    desired, record = situation.desired, situation.record
    step = _step(operation, situation)
    for refusal in _REFUSALS.get((operation.type, step.name), ()):
        problem = refusal(situation)
        if problem:
            return _blocked(problem.reason, f"{problem.message}; {_WAY_OUT}")
    underway = record.underway
    if underway is None or (underway.type, underway.step) != (operation.type, step.name):
        return begin(operation, step, desired, record)
    return _explained(advance(operation, underway, situation))


def _fault_first(situation: Situation) -> Plan | None:
    """A volume that an experiment fills is emptied first; where that fails, it is deleted full."""
    record, desired = situation.record, situation.desired
    underway = record.underway
    if underway is None or record.trial is None or record.trial.action != ChaosAction.FILL_DISK:
        return None
    if underway.type == CHAOS.type:
        plan = begin(CHAOS_ABORT, CHAOS_ABORT.steps[0], desired, record)
    elif underway.type == CHAOS_ABORT.type:
        plan = advance(CHAOS_ABORT, underway, situation)
    else:
        return None
    failed = plan.problem is not None and plan.problem.trouble is Trouble.STALLED
    return None if failed else replace(plan, phase=Phase.DELETING)


def _converting(record: Record) -> Step | None:
    """The step under way, when it is one in which a Job works on the data."""
    underway = record.underway
    operation = OPERATIONS.get(underway.type) if underway else None
    if underway is None or operation is None:
        return None
    step = operation.steps[operation.index(underway.step)]
    return step if step.holds else None


def _as_it_ended(step: Step, situation: Situation) -> Record:
    """What the Job did counts: the data are what it made of them."""
    verdict = step.proof(situation)
    record = situation.record
    return record if verdict.problem else step.learn(record, situation, verdict.facts)


def _held_back(job: str) -> Plan:
    why = f"the deletion waits until {job} has ended: it works on the data"
    return Plan(
        phase=Phase.DELETING,
        files=Files.LEAVE,
        why=why,
        problem=Problem(trouble=Trouble.WAITING, reason="DeletionWaits", message=why),
    )


def _step(operation: Operation, situation: Situation) -> Step:
    """The step that is underway, or the one to begin with.

    A record may have been edited or reverted: without what the earlier steps prove, the
    operation begins again.
    """
    first, underway = _first(operation, situation), situation.record.underway
    if underway is None or underway.type != operation.type or not _safe(operation, situation):
        return first
    return operation.steps[operation.index(underway.step)]


def _first(operation: Operation, situation: Situation) -> Step:
    """Where nothing was applied, nothing has to be proved; but a volume may be filled already.

    One that a restore has begun to fill, or that was reverted, goes by the user's word only.
    """
    observed, children = situation.observed, situation.names
    if not _nothing_applied(observed, children):
        return operation.steps[0]
    own = ("PersistentVolumeClaim", children.backups)
    others = [key for key in observed.children if key[0] == own[0] and key != own]
    if not others:
        return operation.steps[-1]
    return operation.steps[0] if operation is DELETE_AT_ONCE else operation.steps[-2]


def _safe(operation: Operation, situation: Situation) -> bool:
    """True when nothing is lost by going on from the step that the record names."""
    if operation is DELETE:
        return bool(situation.record.final_backup)
    claim = situation.observed.claim(situation.names.data)
    return operation is not DELETE_RETAIN or claim is None or claim.protected


def _operation(desired: Desired, record: Record) -> Operation | None:
    """The saga that the policy asks for; one whose removal has begun is not changed."""
    underway = record.underway
    if underway and underway.type.startswith("Delete") and underway.step in {"Remove", "Clear"}:
        return OPERATIONS.get(underway.type, DELETE)
    deletion = desired.db.spec.deletion
    if deletion.policy == "Retain":
        return DELETE_RETAIN
    if deletion.policy == "Delete":
        return DELETE_AT_ONCE if deletion.confirm else None
    return DELETE


def _nothing_applied(observed: Observed, children: Names) -> bool:
    """True when neither the server nor its claim ever reached the cluster."""
    return (
        observed.server(children.server) is None
        and observed.claim(children.data) is None
        and not observed.pods_of(Role.SERVER.value)
    )


def _without_record(observed: Observed, children: Names) -> Plan:
    if observed.server(children.server) is not None:
        return _blocked(
            "RecordMissing",
            f"{children.server} still runs, but its directory isn't in Git: someone removed it; "
            "bring it back with git revert, or remove the StatefulSet by hand: then its volume "
            f"{children.data} is kept",
        )
    kept = observed.claim(children.data)
    volume = f"; PersistentVolumeClaim {kept.name} is kept" if kept else ""
    return Plan(
        phase=Phase.DELETING,
        files=Files.LEAVE,
        why=f"nothing is left in Git: the finalizer is lifted{volume}",
        drop_finalizer=True,
    )


def _blocked(reason: str, why: str) -> Plan:
    return Plan(
        phase=Phase.DELETING,
        files=Files.LEAVE,
        why=why,
        problem=stalled(reason, why),
        deletion_blocked=why,
    )


def _explained(plan: Plan) -> Plan:
    """Say what blocks the deletion, and the way out, when a step can't go on by itself."""
    problem = plan.problem
    if problem is None or problem.trouble is not Trouble.STALLED:
        return plan
    way_out = f"; {_WAY_OUT}" if plan.step == DELETE.steps[0].name else ""
    return replace(plan, deletion_blocked=f"{problem.message}{way_out}")
