"""Chaos: a fault that is made on purpose, and the time until the server answers again.

An experiment always comes to its end: what a Job couldn't find out is a result too. What a
fault leaves behind is removed in a step of its own, also when the experiment is broken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from renderer.core.conditions import timestamp
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.operations import evidence, results, roles
from renderer.core.operations.step import Operation, Situation, Step, Verdict, proved, running
from renderer.core.plan import Phase, Trouble
from renderer.core.record import Record, Trial
from renderer.core.resource import duration, quantity
from renderer.core.resource.chaos import ChaosAction, Experiment

RESULTS = (
    "Recovered",
    "TooSlow",
    "NotRecovered",
    "Inconclusive",
    "Skipped",
    "Aborted",
)
"""How an experiment ends."""
KEPT = 10
"""Experiments that the record remembers."""
_LASTING = {ChaosAction.FILL_DISK, ChaosAction.NETWORK_DENY}
_FAULT = timedelta(seconds=30)
"""How long a fault lasts that lasts, unless the spec says."""
_PATIENCE = timedelta(minutes=15)
"""How long a server is waited for, beyond the time that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What of an experiment the templates render."""

    mark: str = ""
    """The operation that last replaced a Pod whose template had stayed as it was."""
    action: str = ""
    """The fault of the experiment under way; "" without one."""
    deny: bool = False
    """Whether every connection is to be refused."""
    fault_seconds: int = 0
    recovery_seconds: int = 0
    fill_percent: int = 0
    volume_bytes: int = 0
    """What was asked of the data volume."""


def experiment(desired: Desired, name: str) -> Experiment | None:
    """The experiment `name` of the spec."""
    return next((e for e in desired.db.spec.chaos.experiments if e.name == name), None)


def faults(record: Record, desired: Desired) -> Faults:
    """What is to be rendered of the experiment that the record says is under way."""
    trial, underway = record.trial, record.underway
    if trial is None or underway is None:
        return Faults(mark=record.pod_mark)
    asked = experiment(desired, trial.name)
    within = duration.parse(asked.recover_within) if asked and asked.recover_within else None
    lasts = duration.parse(asked.duration) if asked and asked.duration else _FAULT
    return Faults(
        mark=record.pod_mark,
        action=trial.action,
        deny=(trial.action, underway.type, underway.step)
        == (ChaosAction.NETWORK_DENY, CHAOS.type, "Inject"),
        fault_seconds=int(lasts.total_seconds()),
        recovery_seconds=int(((within or timedelta()) + _PATIENCE).total_seconds()),
        fill_percent=asked.fill_percent if asked else 0,
        volume_bytes=int(quantity.parse(desired.db.spec.storage.size)),
    )


def _trial(record: Record) -> Trial:
    """The experiment under way; an edited record may have lost it."""
    return record.trial or Trial(name="?", action="")


def _watching(situation: Situation) -> Verdict:
    """The Job that measures is at work: only then is there something to be measured."""
    verdict = results.experimented(situation)
    if verdict.problem is None or verdict.problem.trouble is Trouble.STALLED:
        said = verdict.problem.message if verdict.problem else "its Job ended before the fault"
        return proved({"inconclusive": said})
    pods = situation.observed.pods_of(Role.EXPERIMENT.value)
    if any(pod.phase == "Running" for pod in pods):
        return proved()
    return verdict


def _unwatched(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """Where nobody measures, no fault is made."""
    unclear = facts.get("inconclusive")
    if not unclear:
        return record
    return replace(record, trial=_judged(_trial(record), situation.desired, facts))


def _measured(situation: Situation) -> Verdict:
    """The Job has said what it saw, or will never say it."""
    verdict = results.experimented(situation)
    if verdict.problem:
        if verdict.problem.trouble is Trouble.STALLED:
            return proved({"inconclusive": verdict.problem.message})
        return verdict
    server = evidence.server_ready(situation)
    if verdict.facts.get("recovered") is not True or server.problem is None:
        return verdict
    if server.problem.trouble is Trouble.STALLED:
        return proved({"recovered": False, "said": server.problem.message})
    return server


def _learnt(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    trial = _trial(record)
    ended = results.ended_at(situation, Role.EXPERIMENT)
    denied = trial.action == ChaosAction.NETWORK_DENY and facts.get("enforced") is True
    if denied and ended and evidence.server_ready(situation).problem is None:
        return replace(record, trial=replace(trial, since=timestamp(ended)))
    if denied:
        facts = {"inconclusive": "the server wasn't ready when its network was cut off"}
    return replace(record, trial=_judged(trial, situation.desired, facts))


def _judged(trial: Trial, desired: Desired, facts: Mapping[str, object]) -> Trial:
    """The experiment with its result, by what the Job has said."""
    said = str(facts.get("said") or "")
    seconds = facts.get("recoverySeconds")
    unclear = facts.get("inconclusive")
    if unclear or type(seconds) is not int or seconds < 0:
        seconds = None
    if unclear:
        return replace(trial, result="Inconclusive", message=str(unclear))
    if facts.get("kept") is False:
        text = "changes that were committed before the fault are missing"
        return replace(trial, result="NotRecovered", message=text, seconds=seconds)
    if facts.get("recovered") is not True or seconds is None:
        text = said or "the server didn't answer again"
        return replace(trial, result="NotRecovered", message=text)
    asked = experiment(desired, trial.name)
    within = asked.recover_within if asked else ""
    slow = bool(within) and timedelta(seconds=seconds) > duration.parse(within)
    limit = f", {'more than' if slow else 'within'} {within}" if within else ""
    return replace(
        trial,
        result="TooSlow" if slow else "Recovered",
        message=f"the server answered again after {seconds} s{limit}"
        + (f"; meanwhile it said: {said}" if said else ""),
        seconds=seconds,
    )


def _mended(situation: Situation) -> Verdict:
    """What the fault had left behind is gone; of a network, that it lets connections in again."""
    verdict = evidence.applied(situation)
    if verdict.problem is None:
        verdict = results.mended(situation)
    problem, action = verdict.problem, _trial(situation.record).action
    if problem and problem.trouble is Trouble.STALLED and action != ChaosAction.FILL_DISK:
        return proved({"recovered": False, "said": problem.message})
    return verdict


def _concluded(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    trial = _trial(record)
    if trial.result or not trial.since:
        return record
    ended = results.ended_at(situation, Role.MEND)
    seconds = _seconds(trial.since, ended) if ended else 0
    judged = _judged(trial, situation.desired, {"recoverySeconds": seconds, **facts})
    return replace(record, trial=replace(judged, since=""))


def _seconds(since: str, until: datetime) -> int:
    return max(0, int((until - datetime.fromisoformat(since)).total_seconds()))


def concluded(record: Record, trial: Trial) -> Record:
    """The experiment is among those that have ended; it has the id of what ended last."""
    known = replace(trial, id=record.ended[0].id if record.ended else "")
    return replace(record, trial=None, trials=(known, *record.trials)[:KEPT])


def _finished(record: Record) -> Record:
    return concluded(record, _trial(record))


def _broken_off(record: Record) -> Record:
    trial = replace(_trial(record), result="Aborted", message="something else was asked for")
    return concluded(record, trial)


def _kill(record: Record, _desired: Desired) -> Record:
    """A Pod whose template has another mark is another Pod."""
    if _trial(record).action != ChaosAction.POD_KILL or record.underway is None:
        return record
    return replace(record, pod_mark=record.underway.id)


def _about(record: Record, _desired: Desired) -> str:
    trial = _trial(record)
    return f"{trial.name}: {trial.action}"


def _numbered(record: Record) -> str:
    return f"-{record.trials_begun}"


_MEND = Step(
    name="CleanUp",
    phase=Phase.EXPERIMENTING,
    title="remove what the fault has left behind",
    awaits="a Job has seen that it is gone",
    roles=roles.with_job(Role.TOOLS, Role.MEND),
    proof=_mended,
    on_failure="MendFailed: nothing else is begun; mend what it says, and delete the Job",
    learn=_concluded,
    release=running,
    needed=lambda situation: _trial(situation.record).action in _LASTING,
)
CHAOS = Operation(
    type="Chaos",
    about=_about,
    suffix=_numbered,
    steps=(
        Step(
            name="Watch",
            phase=Phase.EXPERIMENTING,
            title="watch the server",
            awaits="the Job that measures is at work",
            roles=roles.with_job(Role.TOOLS, Role.EXPERIMENT),
            proof=_watching,
            on_failure="the experiment ends as Inconclusive; nothing has been done",
            learn=_unwatched,
            release=running,
            needed=lambda situation: _trial(situation.record).action == ChaosAction.POD_KILL,
        ),
        Step(
            name="Inject",
            phase=Phase.EXPERIMENTING,
            title="make the fault, measure the recovery",
            awaits="the Job has told what it saw",
            roles=roles.with_job(Role.TOOLS, Role.EXPERIMENT),
            proof=_measured,
            on_failure="the experiment ends as NotRecovered or Inconclusive, and says why",
            learn=_learnt,
            release=running,
            enter=_kill,
            needed=lambda situation: not _trial(situation.record).result,
        ),
        _MEND,
    ),
    finish=_finished,
    result=lambda record: _trial(record).result or "Inconclusive",
    done="the experiment has ended; remove the Job",
)
CHAOS_ABORT = Operation(
    type="ChaosAbort",
    title="end the experiment",
    about=_about,
    suffix=_numbered,
    steps=(replace(_MEND, needed=lambda _situation: True, learn=lambda record, *_: record),),
    finish=_broken_off,
    result=lambda _record: "Aborted",
    done="nothing of the experiment is left",
)
"""An experiment broken off: what it may have left behind goes before anything else comes."""
