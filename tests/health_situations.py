"""What a SampleDB's status can say, and what each applier's health check makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GENERATION = 2
WHEN = "2026-03-01T12:00:00Z"


@dataclass(frozen=True, slots=True)
class Situation:
    """A status at generation 2; `flux` is the check that holds, "waits" when none does."""

    status: dict[str, Any] | None
    argocd: str
    flux: str


def told(generation: int = GENERATION, phase: str = "", **conditions: str) -> dict[str, Any]:
    """A status with its conditions."""
    told = [
        {"type": kind, "status": status, "reason": kind, "message": "", "lastTransitionTime": WHEN}
        for kind, status in conditions.items()
    ]
    named = {"phase": phase} if phase else {}
    return {"observedGeneration": generation, "message": "as told", "conditions": told, **named}


NOT_READY = {"Ready": "False"}
SITUATIONS = {
    "no status": Situation(None, "Progressing", "inProgress"),
    "no observedGeneration": Situation({"conditions": []}, "Progressing", "inProgress"),
    "an older generation": Situation(told(1, Ready="True"), "Progressing", "inProgress"),
    "ready": Situation(
        told(phase="Ready", Ready="True", Reconciling="False", Stalled="False"),
        "Healthy",
        "current",
    ),
    "stalled": Situation(
        told(phase="Stalled", Stalled="True", Reconciling="False", **NOT_READY),
        "Degraded",
        "failed",
    ),
    "a blocked deletion": Situation(
        told(phase="Deleting", DeletionBlocked="True", **NOT_READY), "Degraded", "failed"
    ),
    "under way": Situation(
        told(phase="Provisioning", Stalled="False", Reconciling="True", **NOT_READY),
        "Progressing",
        "waits",
    ),
    "hibernated": Situation(
        told(phase="Hibernated", Ready="True", Reconciling="False", Stalled="False"),
        "Suspended",
        "current",
    ),
    "paused": Situation(
        told(phase="Paused", Reconciling="False", Stalled="False", **NOT_READY),
        "Suspended",
        "waits",
    ),
    "a failed backup of a server that serves": Situation(
        told(phase="Ready", Ready="True", BackedUp="False", Stalled="False"), "Healthy", "current"
    ),
}
