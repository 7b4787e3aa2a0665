"""The shape of an operation: steps in order, each with its proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from renderer.core.desired import Desired
from renderer.core.layout import Names, Role, names
from renderer.core.observed import Observed
from renderer.core.plan import Files, Phase, Problem
from renderer.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a proof may look at."""

    desired: Desired
    observed: Observed
    record: Record
    now: datetime
    blind: bool = False
    """True without a cluster to look at: `observed` is empty and nothing can be proved."""

    @property
    def names(self) -> Names:
        """The names of the children."""
        spec = self.desired.db.spec
        return names(self.desired.key.name, credentials=spec.credentials.secret_name)


class Standing(Enum):
    """What the evidence says of a step."""

    PROVED = "Proved"
    OPEN = "Open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a proof found: done (with facts for the record), or not (with the reason)."""

    standing: Standing
    facts: Mapping[str, object] = field(default_factory=dict)
    problem: Problem | None = None


def proved(facts: Mapping[str, object] | None = None) -> Verdict:
    """The step is done."""
    return Verdict(standing=Standing.PROVED, facts=facts or {})


def still_open(problem: Problem) -> Verdict:
    """The step isn't done; `problem` says what is waited for or what failed."""
    return Verdict(standing=Standing.OPEN, problem=problem)


def _unchanged(record: Record, _situation: Situation, _facts: Mapping[str, object]) -> Record:
    return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One commit of an operation, and the proof that lets the next one follow."""

    name: str
    phase: Phase
    title: str
    """What this commit does, as its subject says it."""
    awaits: str
    """What its proof is, to end the sentence "the next commit follows when …"."""
    roles: Callable[[Desired], frozenset[Role]]
    proof: Callable[[Situation], Verdict]
    learn: Callable[[Record, Situation, Mapping[str, object]], Record] = _unchanged
    """What the proof adds to the record."""
    replicas: Callable[[Record], int] = lambda record: 0 if record.hibernated else 1
    protect: bool = True
    files: Files = Files.WRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A named list of steps."""

    type: str
    steps: tuple[Step, ...]
    finish: Callable[[Record], Record] = lambda record: record
    """What the record says once the last step is proved."""
    done: str = "done"
    """What the last commit does, as its subject says it."""
    create_secret: bool = False

    def index(self, name: str) -> int:
        """The place of the step `name`; 0 when no step has that name (an older release's)."""
        return next((i for i, step in enumerate(self.steps) if step.name == name), 0)
