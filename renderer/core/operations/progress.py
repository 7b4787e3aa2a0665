"""Going from step to step: begin an operation, advance it on proof, finish it."""

from __future__ import annotations

from dataclasses import replace

from renderer.core.desired import Desired
from renderer.core.operations import check, gates, results, roles
from renderer.core.operations.step import Operation, Situation, Step, names_of
from renderer.core.plan import Files, Phase, Plan, Problem, Trouble
from renderer.core.record import Ended, Record, Underway

HISTORY = 10


def refreshed(record: Record, desired: Desired) -> Record:
    """The record for today's input: a changed digest counts as the next generation."""
    if record.input_digest == desired.digest:
        return record
    return replace(record, generation=record.generation + 1, input_digest=desired.digest)


def begin(
    operation: Operation, step: Step, desired: Desired, record: Record | None, *, token: str = ""
) -> Plan:
    """Plan the commit that begins `operation` at `step`.

    `token` tells it from the others of its type, where that isn't a change of the spec.
    """
    if record is None:
        first = Record(generation=1, input_digest=desired.digest)
    else:
        first = refreshed(record, desired)
    underway = Underway(
        type=operation.type,
        id=f"{operation.type.lower()}-{token or first.generation}{operation.suffix(first)}",
        step=step.name,
        about=operation.about(first, desired),
        image=desired.image if operation.dangerous else "",
    )
    return step_plan(operation, step, desired, replace(first, underway=underway))


def advance(operation: Operation, underway: Underway, situation: Situation) -> Plan:
    """Plan the next step when the current one is proved, else the current one again.

    A spec that changed in the middle is written at the current step first; its proof is
    asked for then, since what is in the cluster proves only what was rendered before. Where
    a Job converts the data, the change waits for the Job's end, and a success counts.
    """
    desired = situation.desired
    index = operation.index(underway.step)
    step = operation.steps[index]
    verdict = step.proof(situation)
    record = check.mended(verdict, situation)
    if record.input_digest != desired.digest:
        if held_by(step, situation):
            return _waits(operation, step, situation)
        if step.holds is None or verdict.problem:
            return step_plan(operation, step, desired, refreshed(record, desired))
    if verdict.problem or situation.blind:
        return step_plan(operation, step, desired, record, problem=verdict.problem)
    learnt = refreshed(step.learn(record, situation, verdict.facts), desired)
    following = operation.following(index, replace(situation, record=learnt))
    if following is None:
        return finished(operation, underway, desired, learnt)
    return _enter(operation, following, replace(situation, record=learnt), record)


def _enter(operation: Operation, following: Step, situation: Situation, record: Record) -> Plan:
    """Plan the step that follows, unless it has to wait, or what was prepared is too old.

    `situation` has the record with what the proof taught; `record` is the one in Git.
    """
    learnt, desired = situation.record, situation.desired
    underway = learnt.underway
    assert underway is not None  # noqa: S101 - an operation advances
    index = operation.index(underway.step)
    held = gates.said_ahead(operation, underway, situation)
    held = held or gates.held(following, underway, situation)
    if following.disrupts:
        again = gates.renewed(operation, index, situation, held)
        if again is not None:
            anew = replace(underway, step=again.name, attempt=underway.attempt + 1)
            return step_plan(operation, again, desired, replace(learnt, underway=anew))
    if held is not None:
        waiting = step_plan(
            operation, operation.steps[index], desired, record, problem=held.problem
        )
        return replace(
            waiting,
            approval=held.approval,
            look_at=gates.look_at(held, situation.now),
            report=underway.report,
        )
    learnt = replace(learnt, underway=replace(underway, step=following.name))
    return step_plan(operation, following, desired, learnt)


def held_by(step: Step, situation: Situation) -> str:
    """The Job that may be at work on the data; "" when there is none."""
    if step.holds is None or not results.at_work(situation, step.holds):
        return ""
    return results.job_path(situation, step.holds) or situation.names.job(step.holds)


def _waits(operation: Operation, step: Step, situation: Situation) -> Plan:
    why = f"the changed spec waits until {held_by(step, situation)} has ended: it works on the data"
    return Plan(
        phase=step.phase,
        files=Files.LEAVE,
        why=why,
        operation=operation.type,
        step=step.name,
        problem=Problem(trouble=Trouble.WAITING, reason="SpecWaits", message=why),
    )


def step_plan(
    operation: Operation,
    step: Step,
    desired: Desired,
    record: Record,
    *,
    problem: Problem | None = None,
) -> Plan:
    """The plan that renders `step`."""
    underway = record.underway
    number = operation.place(step)
    record = step.enter(record, desired)
    release = step.release(record, desired)
    failed = problem is not None and problem.trouble is Trouble.STALLED
    return Plan(
        phase=Phase.FAILED if failed else step.phase,
        files=step.files,
        why=problem.message if problem else f"{_numbered(operation.type, number)}: {step.title}",
        record=replace(record, image=release.image),
        roles=roles.with_kept(step.roles(desired), record),
        names=names_of(desired, record),
        replicas=step.replicas(record),
        release=release,
        previous=record.previous,
        protect=step.protect,
        protect_previous=step.protect and step.protect_previous,
        subject=f"{_numbered(_called(operation, underway), number)}: {step.title}",
        outlook=_outlook(operation, step),
        operation=_attempt(underway) if underway else "",
        step=step.name,
        problem=problem,
        report=underway.report if underway else "",
        create_secret=operation.create_secret and desired.db.spec.credentials.source == "Generated",
    )


def _numbered(text: str, number: str) -> str:
    return f"{text}, {number}" if number else text


def _attempt(underway: Underway) -> str:
    """The operation's id; Jobs have it in them, and another attempt needs other Jobs."""
    return underway.id if underway.attempt == 1 else f"{underway.id}.{underway.attempt}"


def _called(operation: Operation, underway: Underway | None) -> str:
    """What a subject begins with: `upgrade 16.11 → 16.14`."""
    title = operation.title or operation.type.lower()
    return f"{title} {underway.about}" if underway and underway.about else title


def _outlook(operation: Operation, step: Step) -> str:
    following = operation.index(step.name) + 1
    if not step.awaits:
        return "The finalizer is lifted after this commit: the SampleDB is gone then."
    last = following == len(operation.steps)
    then = step.then or (operation.done if last else operation.steps[following].title)
    return f"The next commit follows when {step.awaits}: {then}."


def finished(operation: Operation, underway: Underway, desired: Desired, record: Record) -> Plan:
    """Plan the commit that ends `operation`: its last step is proved."""
    own = record.underway or underway
    mine = Ended(
        type=own.type,
        id=own.id,
        result=operation.result(record),
        downtime=own.downtime,
        report=own.report,
    )
    ended = (mine, *record.ended)[:HISTORY]
    done = operation.finish(replace(record, underway=None, ended=ended))
    count = sum(step.counted for step in operation.steps) + 1
    # The last step's server stays: what the spec wants beyond that is another operation.
    release = operation.steps[-1].release(done, desired)
    return Plan(
        phase=operation.steps[-1].phase,
        files=Files.WRITE,
        why=f"{operation.type}: {operation.done}",
        record=replace(done, image=release.image),
        roles=roles.with_kept(roles.steady(desired), done),
        names=names_of(desired, done),
        replicas=0 if done.hibernated else 1,
        release=release,
        subject=f"{_called(operation, underway)}, step {count} of {count}: {operation.done}",
        operation=underway.id,
        step="Done",
    )
