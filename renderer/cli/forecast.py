"""The commits to come, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from renderer import reconcile
from renderer.cli.looking import Look
from renderer.core.desired import Desired
from renderer.core.layout import names
from renderer.core.operations.catalog import OPERATIONS
from renderer.core.operations.foresight import foresee
from renderer.core.operations.step import Situation
from renderer.core.plan import Files, Plan
from renderer.core.record import Record

NOTHING = Record(generation=0, input_digest="")
"""The record of a SampleDB for which nothing has been done."""


class Server(Enum):
    """What a commit does to the server."""

    RUNS = "runs"
    STARTS = "starts"
    RESTARTS = "restarts"
    STOPS = "stops"
    DOWN = "is down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit to come."""

    subject: str
    step: str
    server: Server
    changes: tuple[str, ...]
    """`Kind/name` of each child that it writes; with a minus sign those that it removes."""
    awaits: str
    on_failure: str
    needs: str = ""
    """What it needs beside the proof of the commit before: an approval, a window."""

    def shown(self) -> dict[str, Any]:
        """The same, for programs."""
        return {
            "subject": self.subject,
            "step": self.step,
            "server": self.server.value,
            "changes": list(self.changes),
            "awaits": self.awaits,
            "onFailure": self.on_failure,
            "needs": self.needs,
        }

    def lines(self, number: int) -> Iterator[str]:
        """The same, for people."""
        yield f"  {number}. {self.subject}"
        if self.needs:
            yield f"     needs       {self.needs}"
        yield f"     server      {self.server.value}"
        if self.changes:
            yield f"     changes     {', '.join(self.changes)}"
        if self.awaits:
            yield f"     waits until {self.awaits}"
        if self.on_failure:
            yield f"     on failure  {self.on_failure}"


def commits(look: Look, desired: Desired, plan: Plan, now: datetime) -> tuple[Commit, ...]:
    """The commits from `plan` to the end of its operation, each rendered with the pack."""
    record = look.held.record or NOTHING
    situation = Situation(desired=desired, observed=look.observed, record=record, now=now)
    pod = f"Pod/{names(desired.key.name).server}"
    ran, found = _replicas(record) > 0, []
    for coming in foresee(plan, situation):
        after = _rendered(look, desired, coming.plan, record)
        runs = coming.plan.replicas > 0
        same = record.children.get(pod) == after.children.get(pod)
        found.append(
            Commit(
                subject=coming.plan.subject,
                step=coming.plan.step,
                server=_SERVER[ran, runs] if ran != runs or same or not runs else Server.RESTARTS,
                changes=_changes(record, after),
                awaits=coming.awaits,
                on_failure=coming.on_failure,
                needs=coming.needs,
            )
        )
        record, ran = after, runs
    return tuple(found)


_SERVER = {
    (True, True): Server.RUNS,
    (True, False): Server.STOPS,
    (False, True): Server.STARTS,
    (False, False): Server.DOWN,
}
"""(did it run before, does it run then) → what becomes of it, while its Pod stays the same."""


def _replicas(record: Record) -> int:
    """How many servers the record's own step has."""
    underway = record.underway
    operation = OPERATIONS.get(underway.type) if underway else None
    if underway is None or operation is None:
        return 1 if record.data_version and not record.hibernated else 0
    return operation.steps[operation.index(underway.step)].replicas(record)


def _rendered(look: Look, desired: Desired, plan: Plan, before: Record) -> Record:
    """The record that the commit of `plan` holds, with the stamps of what is rendered."""
    if plan.files is not Files.WRITE:
        return before if plan.files is Files.LEAVE else NOTHING
    return reconcile.stage(desired, plan, look.packs, before).record


def _changes(before: Record, after: Record) -> tuple[str, ...]:
    old, new = before.children, after.children
    written = [path for path in new if old.get(path) != new[path]]
    removed = [f"-{path}" for path in old if path not in new]
    return tuple(path for path in (*written, *removed) if "Pod/" not in path)


def decided(look: Look, document: Mapping[str, Any], now: datetime) -> tuple[Desired, Plan]:
    """What the controller would do for `document`, the SampleDB as it is or as it may be."""
    desired = reconcile.resolve(document, look.packs)
    return desired, reconcile.plan(desired, look.observed, look.held, now)
