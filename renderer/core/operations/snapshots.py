"""Backups by VolumeSnapshot: taken and proved, kept for a while, let go.

A VolumeSnapshot is protected from pruning from its first commit on, and leaves Git once it
is proved: the record knows it then, and the cluster keeps it. One that is to go comes back
into Git without its protection first: appliers read that from the live object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from renderer.core import clocks, firing
from renderer.core.conditions import timestamp
from renderer.core.desired import Desired
from renderer.core.layout import Role, claim
from renderer.core.observed import Snapshot
from renderer.core.operations import roles
from renderer.core.operations.evidence import stall, wait
from renderer.core.operations.step import Operation, Situation, Step, Verdict, proved, running
from renderer.core.plan import Phase
from renderer.core.record import Record, Taken
from renderer.core.resource import duration, quantity

Proof = Callable[[Situation], Verdict]
Learn = Callable[[Record, Situation, Mapping[str, object]], Record]


def entered(record: Record, desired: Desired) -> Record:
    """Name the snapshot that this step takes: the same each time the step is rendered.

    The name is made of what differs from one snapshot to the next: operation, step, and the
    snapshot before it.
    """
    if not desired.snapshots:
        return record
    underway, last = record.underway, record.snapshots[-1:]
    parts = (underway.id, underway.step) if underway else ()
    text = "/".join((*parts, *(each.name for each in last)))
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    wanted = Taken(
        name=f"{desired.key.name}-snapshot-{digest}",
        claim=record.claim or claim(desired.key.name, "0"),
    )
    before = record.snapshotting
    if before == wanted:
        return record
    left = (before,) if before else ()
    return replace(record, snapshotting=wanted, discarded=(*record.discarded, *left))


def or_by(job: Proof) -> Proof:
    """The proof of a backup: of a snapshot where the spec asks for one, else that of a Job."""
    return lambda situation: taken(situation) if situation.desired.snapshots else job(situation)


def learnt_or_by(job: Learn) -> Learn:
    """What the proof of a backup adds to the record: of a snapshot, or of a Job."""

    def learn(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
        done = job(record, situation, facts)
        return noted(done, facts) if situation.desired.snapshots else done

    return learn


def taken(situation: Situation) -> Verdict:
    """The snapshot that was rendered is ready to use, protected, and bound to its content."""
    name = situation.names.snapshot.name
    found = situation.observed.snapshot(name)
    stamp = situation.record.children.get(f"VolumeSnapshot/{name}")
    if found is None or found.stamp != stamp:
        return wait("NotApplied", f"waiting for the applier: VolumeSnapshot/{name}")
    if found.ready and found.content and found.protected:
        return proved(_facts(found, situation))
    if found.error:
        text = f"VolumeSnapshot {name}: {found.error}; the snapshot controller tries again"
        return stall("BackupFailed", text)
    where = f" by VolumeSnapshotContent {found.content}" if found.content else ""
    return wait("SnapshotNotReady", f"waiting for VolumeSnapshot {name} to be taken{where}")


def _facts(found: Snapshot, situation: Situation) -> dict[str, object]:
    """The proof; where the storage doesn't say the size, the volume's own is what is needed."""
    live = situation.observed.claim(situation.names.snapshot.claim)
    size = bytes_of(found.size) or (bytes_of(live.capacity) if live else 0)
    taken = found.taken_at and clocks.seen_by(situation.now, found.taken_at)
    at = {"finishedAt": timestamp(taken)} if taken else {}
    return {
        "id": found.name,
        "method": "VolumeSnapshot",
        "size": max(size, 1),
        "snapshot": found.content,
        "verified": True,
        "version": situation.record.data_version,
        **at,
    }


def bytes_of(size: str) -> int:
    """A quantity in bytes; 0 for none."""
    return int(quantity.parse(size)) if size else 0


def noted(record: Record, facts: Mapping[str, object]) -> Record:
    """The record with the snapshot that was taken among those that are kept."""
    asked, size = record.snapshotting, facts.get("size")
    if asked is None:
        return record
    known = replace(
        asked,
        at=str(facts.get("finishedAt", "")),
        size=size if isinstance(size, int) else 0,
        content=str(facts.get("snapshot", "")),
    )
    return replace(record, snapshotting=None, snapshots=(*record.snapshots, known))


def due(situation: Situation) -> datetime | None:
    """The newest time of the schedule, when no snapshot has answered it; the first is at once.

    An answer that lies ahead was given by a clock that was wrong, and is none.
    """
    fired, answer = _fired(situation), situation.record.scheduled
    given = not clocks.is_future(answer, situation.now)
    return fired if fired and (timestamp(fired) > answer or not given) else None


def answered(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """The schedule is answered up to now."""
    fired = _fired(situation)
    at = timestamp(fired) if fired else record.scheduled
    return replace(record, backup=dict(facts), scheduled=at)


def next_look(situation: Situation) -> datetime | None:
    """When there may be something to do that nothing in the cluster tells of."""
    record, backup = situation.record, situation.desired.db.spec.backup
    if situation.blind or not situation.desired.snapshots:
        return None
    ends = [expiry(each, backup.retention.max_age) for each in record.snapshots[:-1]]
    times = [each for each in ends if each is not None and each > situation.now]
    if _scheduled(situation) and not record.hibernated:
        coming = firing.upcoming(backup.schedule, backup.time_zone, situation.now)
        times += [coming] if coming else []
    return min(times, default=None)


def _scheduled(situation: Situation) -> bool:
    desired = situation.desired
    return desired.snapshots and desired.scheduled and not desired.db.spec.backup.suspend


def _fired(situation: Situation) -> datetime | None:
    if situation.blind or not _scheduled(situation):
        return None
    backup = situation.desired.db.spec.backup
    return firing.latest(backup.schedule, backup.time_zone, situation.now)


def surplus(situation: Situation) -> Taken | None:
    """The snapshot that is to go next: one that was given up, one too many, one too old.

    The newest stays, whatever its age; so does one that the spec wants restored. While clocks
    disagree, none is too old.
    """
    record, now = situation.record, situation.now
    if situation.blind or situation.observed.no_snapshots:
        return None
    if record.discarded:
        return record.discarded[0]
    if record.snapshotting:
        return record.snapshotting
    if not situation.desired.snapshots:
        return None
    retention = situation.desired.db.spec.backup.retention
    wanted = situation.desired.db.spec.restore.from_.volume_snapshot_name
    many = len(record.snapshots) - retention.keep
    max_age = "" if clocks.apart(situation.observed.clock_ahead) else retention.max_age
    for index, each in enumerate(record.snapshots[:-1]):
        end = expiry(each, max_age)
        if each.name != wanted and (index < many or (end is not None and end <= now)):
            return each
    return None


def expiry(each: Taken, max_age: str) -> datetime | None:
    """When a snapshot gets too old; None without a limit."""
    if not (max_age and each.at):
        return None
    return duration.after(datetime.fromisoformat(each.at).astimezone(UTC), max_age)


def expiring(record: Record, each: Taken) -> Record:
    """The record with the snapshot that the operation lets go."""
    return replace(record, expiring=each)


def released(situation: Situation) -> Verdict:
    """The live snapshot may be pruned now."""
    name = situation.names.old_snapshot.name
    found = situation.observed.snapshot(name)
    wanted = situation.record.children.get(f"VolumeSnapshot/{name}")
    if found is not None and found.stamp == wanted and not found.protected:
        return proved()
    return wait("StillProtected", f"waiting for the applier to lift the protection of {name}")


def _expired(record: Record) -> Record:
    gone = record.expiring

    def left(these: tuple[Taken, ...]) -> tuple[Taken, ...]:
        return tuple(each for each in these if each != gone)

    return replace(
        record,
        expiring=None,
        discarded=left(record.discarded),
        snapshots=left(record.snapshots),
        snapshotting=None if record.snapshotting == gone else record.snapshotting,
    )


EXPIRE = Operation(
    type="Expire",
    title="let a snapshot go",
    about=lambda record, _desired: record.expiring.name if record.expiring else "",
    steps=(
        Step(
            name="LiftProtection",
            phase=Phase.CONFIGURING,
            title="release the snapshot",
            awaits="the live snapshot is seen unprotected",
            roles=roles.with_job(Role.OLD_SNAPSHOT),
            proof=released,
            release=running,
        ),
    ),
    finish=_expired,
    done="remove the snapshot",
)
"""Retention: the oldest snapshot, when there are more than are to be kept, or it is too old."""
