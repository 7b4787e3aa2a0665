"""What is known of the experiments: a condition, and what the history says of each."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.core.conditions import Condition, clip
from renderer.core.experiments import obstacle
from renderer.core.operations.step import Situation
from renderer.core.record import Record, Trial

_TRIED = {"Recovered": True, "TooSlow": False, "NotRecovered": False, "Inconclusive": None}
"""Results that say something, and whether the condition holds then."""


def conditions(situation: Situation | None) -> list[Condition]:
    """The condition Resilient, where experiments are asked for; it says nothing about readiness."""
    if situation is None:
        return []
    trials, asked = situation.record.trials, situation.desired.db.spec.chaos.experiments
    last = next((trial for trial in trials if trial.result in _TRIED), None)
    if last is None:
        return [_untried(situation)] if asked else []
    text = f"{last.name}: {last.action}: {last.message}"
    newest = trials[0]
    if newest is not last:
        text += f"; since then {newest.name}: {newest.result}: {newest.message}"
    holds = _TRIED[last.result]
    return [_condition(last.result, holds=holds, message=text)]


def past(record: Record, operation: str) -> Mapping[str, object]:
    """What the history says of the operation with this id, when it was an experiment."""
    trial = next((trial for trial in record.trials if trial.id == operation), None)
    return shown(trial) if trial else {}


def shown(trial: Trial) -> Mapping[str, object]:
    """An experiment as the status has it."""
    found: dict[str, object] = {"experiment": trial.name, "message": clip(trial.message)}
    return found if trial.seconds is None else {**found, "recoverySeconds": trial.seconds}


def _untried(situation: Situation) -> Condition:
    newest = next(iter(situation.record.trials), None)
    text = f"{newest.name}: {newest.result}: {newest.message}" if newest else obstacle(situation)
    return Condition(
        type="Resilient", holds=None, reason="NotTried", message=text or "no experiment was made"
    )


def _condition(reason: str, *, holds: bool | None, message: str) -> Condition:
    return Condition(type="Resilient", holds=holds, reason=reason, message=message)
