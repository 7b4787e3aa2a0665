"""A changed configuration that needs no restart: the running server reads it again.

The record then holds two: `configuration`, which the server has and starts with, and `started`,
which the Pod's template names. While the template stays as it is, no Pod is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.layout import Role
from renderer.core.operations import check, evidence, results, roles
from renderer.core.operations.step import Situation, Step, Verdict, running
from renderer.core.plan import Phase, Trouble
from renderer.core.record import Record

_SHOWN = 5


def accepted(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """Take the configuration that was tried: the server has said what a reload won't do for.

    One that sleeps, or that didn't answer, hasn't said it: it starts anew.
    """
    learnt = check.taken(record, situation.desired)
    if facts.get("restart") != [] or record.hibernated:
        return _restarting(record, learnt, facts)
    return replace(learnt, started=record.started or record.configuration, unread=True)


def _reread(record: Record, _situation: Situation, facts: Mapping[str, object]) -> Record:
    if facts.get("restart") != []:
        return _restarting(record, record, facts)
    return replace(record, unread=False)


def _restarting(before: Record, record: Record, facts: Mapping[str, object]) -> Record:
    """The Pod is replaced, and the subject says for what.

    A Pod that has come anew since a reload has started with what was reloaded, and not with what
    its template names: where that comes back, only a mark makes the template another one.
    """
    named, underway = facts.get("restart"), record.underway
    if isinstance(named, list) and named and underway is not None:
        shown = ", ".join(str(name)[:63] for name in named[:_SHOWN])
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        underway = replace(underway, about=f"with a restart for {shown}{more}")
        if (before.started or before.configuration) == record.configuration:
            record = replace(record, pod_mark=underway.id)
    return replace(record, started=None, unread=False, underway=underway)


def _proof(situation: Situation) -> Verdict:
    """The server's word, and the Pod of the template: what can't start can't say anything."""
    verdict, server = results.reread(situation), evidence.server_ready(situation)
    hopeless = server.problem is not None and server.problem.trouble is Trouble.STALLED
    return server if server.problem and (hopeless or not verdict.problem) else verdict


def unread(situation: Situation) -> bool:
    """Whether the running server is still to be asked; whatever came in between."""
    return situation.record.unread and not (situation.record.hibernated or situation.blind)


RELOAD = Step(
    name="Reload",
    phase=Phase.CONFIGURING,
    title="reload the configuration, without a restart",
    awaits="the server says that it is in force",
    roles=roles.with_job(Role.TOOLS, Role.RELOAD),
    proof=_proof,
    on_failure="ReloadFailed, with the server's words: it runs on; what needs a restart gets one",
    learn=_reread,
    release=running,
    needed=unread,
    counted=False,
    instead_of="Apply",
    condition="the server's word that no changed parameter needs a restart; else it is restarted",
    then="the changed spec is in force, or the server is restarted for what needs it",
)
"""The ConfigMap changes, and the Pod's template stays as it is."""


def done(situation: Situation) -> bool:
    """Whether the running server has just said that it has read everything."""
    underway, record = situation.record.underway, situation.record
    return underway is not None and underway.step == RELOAD.name and record.started is not None


def failed(situation: Situation) -> bool:
    """Whether the reload goes no further by itself: then nothing else waits for it."""
    underway = situation.record.underway
    if underway is None or underway.step != RELOAD.name:
        return False
    problem = RELOAD.proof(situation).problem
    return problem is not None and problem.trouble is Trouble.STALLED
