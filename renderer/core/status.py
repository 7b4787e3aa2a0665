"""`summarise`: the status that a person and the appliers read, from one pass's values.

Old status is read only to keep what has no other memory: transition times, the
commit's time, the backups whose Jobs have been cleaned up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from renderer.core import applier, backups, clocks, past, resilience
from renderer.core.conditions import Condition, clip, merge, timestamp
from renderer.core.desired import Desired
from renderer.core.layout import Names, names
from renderer.core.observed import DeliveryState, Observed
from renderer.core.operations import keeping
from renderer.core.operations.evidence import unapplied
from renderer.core.operations.step import Situation, names_of
from renderer.core.plan import Files, Phase, Plan, Trouble
from renderer.core.record import Record

_SERVED = {Phase.READY, Phase.HIBERNATED}
"""Phases in which nothing is left to do."""
_WORD = 256
"""Longest word that the CRD's status takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """Where the files are, and how the last attempt to write them went."""

    repository: str
    """The URL, without credentials."""
    branch: str
    path: str
    commit: str = ""
    committed_at: str = ""
    pending: bool = False
    """True while the plan's files are not yet at the tip."""
    error: str = ""
    """Why the last push failed, and the way out."""
    unseen: str = ""
    """Why the branch can't be read, and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass's values, to be summarised."""

    desired: Desired
    plan: Plan
    observed: Observed
    record: Record | None
    """The record at the tip of the branch."""
    git: GitState
    previous: Mapping[str, object]
    """The status as it was read."""
    now: datetime


def summarise(this: Pass) -> dict[str, object]:
    """The whole `status`, as plain JSON values."""
    db, plan, record = this.desired.db, this.plan, this.record
    children = _names(this)
    missing = _unapplied(this)
    taken = backups.summarise(this.observed, this.previous, record, this.now)
    status: dict[str, object] = {
        "observedGeneration": db.generation,
        "phase": plan.phase.value,
        "message": clip(this.git.error or _why(this)),
        "conditions": merge(
            this.previous.get("conditions"),
            _conditions(this, missing, taken),
            generation=db.generation,
            now=this.now,
        ),
        "git": _git(this.git),
        "delivery": applier.shown(
            this.observed.delivery, this.previous, this.git.commit, complete=not missing
        ),
        "engineVersion": _versions(this),
        "endpoint": {
            "host": f"{children.server}.{db.key.namespace}.svc",
            "port": db.spec.service.port,
            "database": db.spec.init.database,
            "secretName": children.credentials,
        },
        "binding": {"name": children.credentials},
        "storage": _storage(this),
        "history": past.history(record, this.git.commit, this.git.committed_at, this.previous),
    }
    if taken:
        status["backups"] = taken
    operation = past.operation(plan, record, this.previous, this.now)
    if operation:
        status["operation"] = operation
    if plan.approval:
        status["approval"] = plan.approval
    if record and record.restored:
        status["restored"] = record.restored
    if record and record.final_backup:
        status["finalSnapshot"] = backups.shown(record.final_backup)
    return status


def _names(this: Pass) -> Names:
    if this.record is None:
        return names(this.desired.key.name, credentials=this.desired.credentials)
    return names_of(this.desired, this.record)


def _unapplied(this: Pass) -> tuple[str, ...]:
    situation = _situation(this)
    return unapplied(situation) if situation else ("record",)


def _situation(this: Pass) -> Situation | None:
    if this.record is None:
        return None
    return Situation(desired=this.desired, observed=this.observed, record=this.record, now=this.now)


def _conditions(
    this: Pass, missing: tuple[str, ...], taken: Mapping[str, object]
) -> list[Condition]:
    plan, record, git = this.plan, this.record, this.git
    why = _why(this)
    ready = plan.phase in _SERVED and not (plan.problem or git.pending or git.error or missing)
    stalled = plan.problem is not None and plan.problem.trouble is Trouble.STALLED
    reason = plan.problem.reason if plan.problem else plan.phase.value
    if _only_the_push(this):
        reason = "Pending"
    busy = not (ready or stalled or plan.phase is Phase.PAUSED)
    conditions = [
        Condition(type="Ready", holds=ready, reason=reason, message=git.error or why),
        Condition(type="Reconciling", holds=busy, reason=reason, message=why if busy else ""),
        Condition(
            type="Stalled", holds=stalled, reason=reason, message=plan.why if stalled else ""
        ),
        _rendered(this),
        _committed(git),
        _applied(this, missing),
        _initialized(record),
    ]
    conditions += backups.conditions(this.desired, taken, this.now)
    conditions += resilience.conditions(_situation(this))
    conditions += clocks.conditions(this.observed, taken, this.now)
    conditions.append(_up_to_date(this, ready=ready))
    if plan.deletion_blocked:
        conditions.append(
            Condition(
                type="DeletionBlocked", holds=True, reason=reason, message=plan.deletion_blocked
            )
        )
    return conditions


def _only_the_push(this: Pass) -> bool:
    """Whether nothing but a push is missing: the plan speaks of the time after it."""
    return this.plan.phase in _SERVED and this.git.pending and this.plan.problem is None


def _why(this: Pass) -> str:
    if _only_the_push(this):
        return f"waiting for the push to {this.git.branch}; then: {this.plan.why}"
    return this.plan.why


def _rendered(this: Pass) -> Condition:
    plan = this.plan
    if plan.files is Files.LEAVE:
        return Condition(type="Rendered", holds=False, reason="LeftAlone", message=plan.why)
    text = "the directory is to be removed"
    if plan.files is Files.WRITE:
        generation = plan.record.generation if plan.record else 0
        text = f"generation {generation}: {len(plan.roles)} manifests"
    return Condition(type="Rendered", holds=True, reason="Rendered", message=text)


def _committed(git: GitState) -> Condition:
    if git.error:
        return Condition(type="Committed", holds=False, reason="PushFailed", message=git.error)
    if git.unseen:
        return Condition(type="Committed", holds=False, reason="FetchFailed", message=git.unseen)
    if git.pending or not git.commit:
        text = f"waiting for the push to {git.branch}"
        return Condition(type="Committed", holds=False, reason="Pending", message=text)
    text = f"{git.commit[:12]} on {git.branch}"
    return Condition(type="Committed", holds=True, reason="Pushed", message=text)


def _applied(this: Pass, missing: tuple[str, ...]) -> Condition:
    said = this.observed.delivery
    words = said.message if said else ""
    if said and said.state is DeliveryState.FAILED:
        text = f"{said.tool} {said.name}: {words}"
        return Condition(type="Applied", holds=False, reason="ApplyFailed", message=text)
    if missing:
        text = f"waiting for {len(missing)} of the children, first {missing[0]}"
        text += f"; {words}" if words else ""
        return Condition(type="Applied", holds=False, reason="Waiting", message=text)
    if this.git.pending:
        text = "waiting for the commit"
        return Condition(type="Applied", holds=False, reason="Pending", message=text)
    return Condition(
        type="Applied", holds=True, reason="Applied", message="every child carries its stamp"
    )


def _initialized(record: Record | None) -> Condition:
    done = record.initialized if record else None
    if done is None:
        return Condition(type="Initialized", holds=False, reason="NotYet")
    text = f"database {done.get('database')} on server {done.get('version')}"
    return Condition(type="Initialized", holds=True, reason="Initialized", message=text)


def _up_to_date(this: Pass, *, ready: bool) -> Condition:
    record = this.record
    current = record is not None and record.input_digest == this.desired.digest
    generation = record.generation if record else 0
    version, newest = this.desired.version, this.desired.newest
    if current and ready and newest and version != newest:
        return Condition(
            type="UpToDate",
            holds=False,
            reason="OldVersion",
            message=f"spec.version asks for {version}; {newest} is there: write it, or "
            f"{this.desired.major!r} for the newest at any time",
        )
    return Condition(
        type="UpToDate",
        holds=current and ready,
        reason="Current" if current and ready else "Changing",
        message=f"generation {generation} of the rendered files",
    )


def _git(git: GitState) -> dict[str, object]:
    shown = {
        "repository": git.repository,
        "branch": git.branch,
        "path": git.path,
        "commit": git.commit,
        "shortCommit": git.commit[:8],
        "committedAt": git.committed_at,
    }
    return {key: value for key, value in shown.items() if value}


def _versions(this: Pass) -> dict[str, object]:
    record = this.record
    shown = {
        "desired": this.desired.db.spec.version,
        "running": record.version[:_WORD] if record else "",
        "data": record.data_version if record else "",
        "newest": this.desired.newest,
    }
    return {key: value for key, value in shown.items() if value}


def _storage(this: Pass) -> dict[str, object]:
    claim = this.observed.claim(_names(this).data)
    shown: dict[str, object] = {"requested": this.desired.db.spec.storage.size}
    if claim and claim.capacity:
        shown["actual"] = claim.capacity
    if this.record and this.record.previous_claim:
        shown["previousClaim"] = this.record.previous_claim
        shown["replacedBy"] = this.record.to_confirm
    situation = _situation(this)
    kept = keeping.until(situation) if situation else None
    if kept is not None:
        shown["keptUntil"] = timestamp(kept)
    return shown
