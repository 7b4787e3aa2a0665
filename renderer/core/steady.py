"""The plan of a SampleDB for which nothing is to be done: its files are as they should be."""

from __future__ import annotations

from dataclasses import replace

from renderer.core import experiments, wishes
from renderer.core.operations import evidence, gates, keeping, roles
from renderer.core.operations.progress import refreshed
from renderer.core.operations.step import Situation, names_of, running
from renderer.core.plan import Files, Phase, Plan, Problem, Trouble


def steady(situation: Situation) -> Plan:
    """What is in Git stays; anybody else's edit of it is put back."""
    release = running(situation.record, situation.desired)
    record = replace(refreshed(situation.record, situation.desired), image=release.image)
    verdict = evidence.serving(situation)
    problem = None if situation.blind else verdict.problem or _kept_in_the_way(situation)
    server = situation.names.server
    phase, why = Phase.READY, f"{server} is ready and everything in Git is applied"
    for kept in (gates.old_data_message(situation), keeping.message(situation)):
        why = f"{why}; {kept}" if kept else why
    if record.hibernated:
        phase, why = Phase.HIBERNATED, "the server is stopped; the volumes are kept"
    left = evidence.out_of_git_message(situation)
    why = f"{why}; {left}" if left else why
    if problem:
        phase = Phase.FAILED if problem.trouble is Trouble.STALLED else Phase.PENDING
        why = problem.message
    return Plan(
        phase=phase,
        files=Files.WRITE,
        why=why,
        record=record,
        roles=roles.with_kept(roles.steady(situation.desired), record),
        names=names_of(situation.desired, record),
        replicas=0 if record.hibernated else 1,
        release=release,
        subject="put back the rendered files",
        problem=problem,
        approval=gates.keeps_old_data(situation),
        look_at=None if situation.blind else experiments.next_look(situation),
    )


def _kept_in_the_way(situation: Situation) -> Problem | None:
    """A major upgrade that waits for a person's word about what the last one has left."""
    if situation.record.hibernated or not wishes.kept_in_the_way(situation):
        return None
    wanted = situation.desired.db.spec.version
    message = f"the upgrade to {wanted} waits: {gates.old_data_message(situation)}"
    return Problem(trouble=Trouble.WAITING, reason="ApprovalNeeded", message=message, calls=True)
