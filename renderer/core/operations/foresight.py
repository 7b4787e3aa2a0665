"""What is to come: the commits of an operation, as if each step were proved in its turn.

Nothing here decides: `decide` chose the operation, and the same functions that carry it
out make the plans.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from renderer.core.operations import gates
from renderer.core.operations.catalog import OPERATIONS
from renderer.core.operations.progress import finished, step_plan
from renderer.core.operations.step import Operation, Situation, Step
from renderer.core.plan import Plan
from renderer.core.record import Record, Underway


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One commit to come."""

    plan: Plan
    awaits: str
    """What is seen proved before the commit after this one; "" after the last."""
    on_failure: str
    """What happens when it isn't."""
    needs: str = ""
    """What it waits for beside the proof of the commit before: an approval, a window, a word."""


def foresee(plan: Plan, situation: Situation) -> Iterator[Foreseen]:
    """The commits from `plan` to the end of its operation; none when it has no operation.

    `plan` is what `decide` makes of `situation`.
    """
    record = plan.record
    underway = record.underway if record else None
    operation = OPERATIONS.get(underway.type) if underway else None
    if record is None or underway is None or operation is None:
        if plan.operation and plan.subject:
            yield Foreseen(plan=plan, awaits="", on_failure="")
        return
    while True:
        index = operation.index(underway.step)
        step = operation.steps[index]
        yield Foreseen(
            plan=plan,
            awaits=step.awaits,
            on_failure=step.on_failure,
            needs=gates.needs(step, situation) or step.condition,
        )
        record = _as_if_proved(step, replace(situation, record=record))
        following = operation.following(index, replace(situation, record=record))
        if following is None:
            break
        underway = replace(underway, step=following.name)
        plan = step_plan(
            operation, following, situation.desired, replace(record, underway=underway)
        )
        record = plan.record or record
    last = _last(operation, underway, situation, record)
    if last is not None:
        yield Foreseen(plan=last, awaits="", on_failure="")


def _last(
    operation: Operation, underway: Underway, situation: Situation, record: Record
) -> Plan | None:
    """The commit that ends the operation; a deletion ends without one."""
    if not operation.steps[-1].awaits:
        return None
    return finished(operation, underway, situation.desired, record)


def _as_if_proved(step: Step, situation: Situation) -> Record:
    """The record once `step` is proved; of its facts, those that are known beforehand."""
    facts = {"from": situation.record.data_version, "to": situation.desired.major, "restart": []}
    return step.learn(situation.record, situation, facts)
