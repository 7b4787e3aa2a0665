"""Which children a SampleDB has in Git, by the state it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.record import Record

AT_ONCE = "DeleteAtOnce"
"""The type of the deletion for which the user's word stands for the proof."""

RolesOf: TypeAlias = Callable[[Desired], frozenset[Role]]

_ALWAYS = frozenset(
    {
        Role.SERVICE_ACCOUNT,
        Role.CONFIG,
        Role.SCRIPTS,
        Role.CONNECTION,
        Role.SERVICE,
        Role.DATA,
        Role.SERVER,
    }
)


def running(desired: Desired) -> frozenset[Role]:
    """The server and all that it needs, without Jobs."""
    spec = desired.db.spec
    wanted = {
        Role.NETWORK: spec.network_policy.enabled,
        Role.DISRUPTION: spec.disruption.pod_disruption_budget,
        Role.BACKUPS: desired.backs_up and not desired.in_store,
    }
    return _ALWAYS | {role for role, on in wanted.items() if on}


def _place(desired: Desired) -> frozenset[Role]:
    """The claim that backups lie on; nothing when they lie in a store."""
    return frozenset() if desired.in_store else frozenset({Role.BACKUPS})


def initialising(desired: Desired) -> frozenset[Role]:
    """The server and its init Job."""
    return running(desired) | {Role.INIT}


def steady(desired: Desired) -> frozenset[Role]:
    """Everything of an initialised SampleDB: the server and its scheduled backups."""
    by_job = desired.scheduled and not desired.snapshots
    return running(desired) | ({Role.BACKUP} if by_job else frozenset())


def backing_up(desired: Desired) -> frozenset[Role]:
    """Everything, and a VolumeSnapshot; or a backup Job, and the claim that it writes to."""
    if desired.snapshots:
        return steady(desired) | {Role.SNAPSHOT}
    return steady(desired) | _place(desired) | {Role.BACKUP_NOW}


def with_job(*these: Role) -> RolesOf:
    """Everything, and a Job with what it needs."""
    return lambda desired: steady(desired) | frozenset(these)


def final_backup(desired: Desired) -> frozenset[Role]:
    """The server, and a VolumeSnapshot; or the final-backup Job and the claim it writes to."""
    if desired.snapshots:
        return running(desired) | {Role.SNAPSHOT}
    return running(desired) | _place(desired) | {Role.FINAL_BACKUP}


def proved_backup(desired: Desired) -> frozenset[Role]:
    """The server, still running, and the claim that holds the final backup."""
    return running(desired) | backups_only(desired)


def backups_only(desired: Desired) -> frozenset[Role]:
    """The claim that holds the final backup, if one does, and nothing else."""
    needed = desired.backs_up or not desired.snapshots
    return _place(desired) if needed else frozenset()


def with_kept(these: frozenset[Role], record: Record) -> frozenset[Role]:
    """A claim that a restore has replaced stays beside the server's until that is confirmed.

    One that is being filled stays in a deletion that the user has confirmed, which takes it too.
    """
    if Role.DATA not in these:
        return these
    underway, restoring = record.underway, record.restoring
    confirmed = underway is not None and underway.type == AT_ONCE
    filling = confirmed and restoring not in {"", record.restored}
    kept = {Role.PREVIOUS: bool(record.previous_claim), Role.RESTORED: filling}
    return these | {role for role, there in kept.items() if there}


def restoring(desired: Desired) -> frozenset[Role]:
    """The server as it is, the new claim, and the Job that fills or looks at it."""
    return steady(desired) | _filling(desired)


def filling(desired: Desired) -> frozenset[Role]:
    """All but a server: the new claim, and the Job that fills it."""
    without = running(desired) - {Role.SERVER, Role.DATA, Role.DISRUPTION}
    return without | _filling(desired)


def _filling(desired: Desired) -> frozenset[Role]:
    """The claim with another SampleDB's backups is that one's own; a snapshot needs none."""
    source = desired.db.spec.restore.from_
    elsewhere = source.sample_db or source.volume_snapshot_name
    own = frozenset() if elsewhere else _place(desired)
    return frozenset({Role.TOOLS, Role.RESTORED, Role.RESTORE}) | own


def moving(desired: Desired) -> frozenset[Role]:
    """No server, the new claim, and the Job that moves the data there."""
    return steady(desired) | {Role.TOOLS, Role.RESTORED, Role.DUMP_RESTORE}


def restored(desired: Desired) -> frozenset[Role]:
    """The server as it is, and the new claim, filled."""
    return steady(desired) | {Role.RESTORED}


def nothing(_desired: Desired) -> frozenset[Role]:
    """Only the record stays."""
    return frozenset()
