"""A backup when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.operations import results, roles
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
            awaits="the backup has been read back (id, size, sha256)",
            roles=roles.backing_up,
            proof=results.backed_up_now,
            on_failure="BackupFailed: the server runs on; the request can be withdrawn",
            learn=_answered,
            release=running,
        ),
    ),
    done="the backup is verified; remove the Job",
)
