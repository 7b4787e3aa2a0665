"""The shape of an operation: steps in order, each with its proof."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from renderer.core.desired import Desired, Release
from renderer.core.layout import Claims, Names, Role, Snapshot, claim, names
from renderer.core.observed import Observed
from renderer.core.plan import Files, Phase, Problem
from renderer.core.record import Record, Taken


def restored_claim(desired: Desired, restore_id: str) -> str:
    """The name of the claim that a restore fills."""
    digest = hashlib.sha256(restore_id.encode()).hexdigest()[:8]
    return claim(desired.key.name, f"r{digest}")


def names_of(desired: Desired, record: Record) -> Names:
    """The names of the children, with the claims that the record knows."""
    restoring = record.restoring
    claims = Claims(
        data=record.claim,
        restored=restored_claim(desired, restoring) if restoring else "",
        previous=record.previous_claim,
    )
    known = names(
        desired.key.name,
        credentials=record.credentials or desired.credentials,
        new_credentials=record.rotating,
        claims=claims,
    )
    return replace(
        known,
        snapshot=_snapshot(record.snapshotting),
        old_snapshot=_snapshot(record.expiring),
        sources=record.sources,
    )


def _snapshot(known: Taken | None) -> Snapshot:
    return Snapshot(name=known.name, claim=known.claim) if known else Snapshot()


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
        return names_of(self.desired, self.record)


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


def wanted(_record: Record, desired: Desired) -> Release:
    """The server that the spec asks for."""
    return desired.release


def running(record: Record, desired: Desired) -> Release:
    """The server that the data are of; the wanted one before there are data."""
    if not record.data_version:
        return desired.release
    return Release(image=record.image or desired.image, major=record.data_version)


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
    on_failure: str = "it waits, and the status says for what"
    """What happens when the proof fails, for people: what still runs, and the way back."""
    learn: Callable[[Record, Situation, Mapping[str, object]], Record] = _unchanged
    """What the proof adds to the record."""
    replicas: Callable[[Record], int] = lambda record: 0 if record.hibernated else 1
    release: Callable[[Record, Desired], Release] = wanted
    """Which server this step renders."""
    holds: Role | None = None
    """While the Job of this role may be at work on the data, nothing else may touch them: a
    changed spec and a deletion wait for its end."""
    enter: Callable[[Record, Desired], Record] = lambda record, _desired: record
    """What the commit of this step notes in the record."""
    needed: Callable[[Situation], bool] = lambda _situation: True
    """False when the step can be left out."""
    condition: str = ""
    """Where only the step before it tells whether it is needed: when it is, for people."""
    then: str = ""
    """What follows, where that isn't always the step after it; "" for that one's title."""
    counted: bool = True
    """Whether it counts as a step of so many; one that only waits doesn't."""
    instead_of: str = ""
    """The step whose number it has, where one of the two is mostly enough."""
    danger: str = ""
    """What it does that people may want to be asked about first, to end "a person approves
    that next …"; "" when nobody has to be asked."""
    disrupts: bool = False
    """Whether it stops or replaces the server, which the upgrade's window is for."""
    expires: Callable[[Situation, datetime], bool] = lambda _situation, _at: False
    """Whether what it proved is too old at a time: then the operation prepares anew."""
    protect: bool = True
    protect_previous: bool = True
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
    replaces: bool = False
    """Whether another volume takes the server's place; a confirmation then lets the old one go."""
    title: str = ""
    """How a commit's subject calls it; "" for the type in lower case."""
    suffix: Callable[[Record], str] = lambda _record: ""
    """What follows the generation in its id, where one spec asks for several."""
    result: Callable[[Record], str] = lambda _record: "Succeeded"
    """How it has ended, once its last step is proved."""
    about: Callable[[Record, Desired], str] = lambda _record, _desired: ""
    """What follows the title, told when the operation begins: `16.11 → 16.14`."""

    @property
    def dangerous(self) -> bool:
        """Whether it has a step that people may want to be asked about."""
        return any(step.danger for step in self.steps)

    def first(self, situation: Situation) -> Step:
        """The first step that is needed; what is said of an operation under way doesn't count."""
        afresh = replace(situation, record=replace(situation.record, underway=None))
        return self.following(-1, afresh) or self.steps[0]

    def following(self, index: int, situation: Situation) -> Step | None:
        """The next step that is needed after that at `index`; None when it was the last."""
        later = (step for step in self.steps[index + 1 :] if step.needed(situation))
        return next(later, None)

    def place(self, step: Step) -> str:
        """Which step of how many, `step 2 of 4`; "" for one that doesn't count."""
        counted = [one.name for one in self.steps if one.counted]
        name = step.instead_of or step.name
        if name not in counted:
            return ""
        return f"step {counted.index(name) + 1} of {len(counted) + 1}"

    def knows(self, name: str) -> bool:
        """Whether a step has that name; another release may have had others."""
        return any(step.name == name for step in self.steps)

    def index(self, name: str) -> int:
        """The place of the step `name`; 0 when no step has that name."""
        return next((i for i, step in enumerate(self.steps) if step.name == name), 0)
