"""A backup when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.operations import results, roles, snapshots
from renderer.core.operations.step import Operation, Situation, Step, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def _answered(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    requested = situation.desired.db.spec.backup.requested_at
    return replace(results.safe(record, situation, facts), backup_requested=requested)


BACKUP = Operation(
    type="Backup",
    steps=(
        Step(
            name="Backup",
            phase=Phase.BACKING_UP,
            title="take the backup that was asked for",
            awaits="the backup is proved: read back (id, size, sha256), or a snapshot ready to use",
            roles=roles.backing_up,
            proof=snapshots.or_by(results.backed_up_now),
            on_failure="BackupFailed: the server runs on; withdraw the request, or make it again",
            learn=snapshots.learnt_or_by(_answered),
            release=running,
            enter=snapshots.entered,
        ),
    ),
    done="the backup is verified",
)

SCHEDULED_BACKUP = replace(
    BACKUP,
    type="ScheduledBackup",
    title="scheduled backup",
    steps=(
        replace(
            BACKUP.steps[0],
            title="take the snapshot that is due",
            on_failure="BackupFailed: the server runs on; suspend the schedule to give it up",
            learn=snapshots.learnt_or_by(snapshots.answered),
        ),
    ),
)
"""The snapshot that the schedule asks for: no Job in the cluster may make a VolumeSnapshot."""
