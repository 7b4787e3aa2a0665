"""Making a database out of a backup: nothing is initialised that would be thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.desired import Desired, Release
from renderer.core.operations import check, evidence, results, roles
from renderer.core.operations.restore import begun
from renderer.core.operations.step import Operation, Situation, Step, restored_claim, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def _filled(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """The Job has found the database of `spec.init` in the backup, and set the passwords."""
    desired = situation.desired
    database = {"initialized": True, "database": desired.db.spec.init.database}
    return replace(
        results.noted_unverified(results.told(record, situation, facts), situation, facts),
        data_version=desired.major,
        initialized={**facts, **database, "digest": desired.init_digest},
        credentials=desired.credentials,
    )


def _taken(record: Record, desired: Desired) -> Record:
    """The restored claim is the server's from now on; again and again the same."""
    record = check.taken(record, desired)
    if record.restored == record.restoring:
        return record
    claim = restored_claim(desired, record.restoring)
    return replace(record, claim=claim, restored=record.restoring)


def _reading(record: Record, desired: Desired) -> Release:
    """The wanted server, which may be mended, unless it can't read what was restored."""
    return desired.release if record.data_version == desired.major else running(record, desired)


PROVISION_FROM_BACKUP = Operation(
    type="ProvisionFromBackup",
    title="provision from backup",
    about=lambda _record, desired: desired.db.spec.restore.from_.id,
    steps=(
        Step(
            name="Restore",
            phase=Phase.RESTORING,
            title="restore into a new volume",
            awaits="the restored server has started alone and every table has been read",
            roles=roles.filling,
            proof=results.restored,
            on_failure="RestoreFailed: nothing was made; mend the cause, or name another backup",
            enter=begun,
            learn=_filled,
        ),
        Step(
            name="Start",
            phase=Phase.PROVISIONING,
            title="start the server on the restored volume",
            awaits="its Pod is ready",
            roles=roles.running,
            proof=evidence.server_ready,
            on_failure="PodFailed, with the kubelet's words: mend the spec",
            enter=_taken,
            release=_reading,
        ),
    ),
    finish=lambda record: replace(record, restoring="", lent=""),
    result=results.how_restored,
    done="the restored database is in force",
    create_secret=True,
)
