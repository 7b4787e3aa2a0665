"""What the spec wishes for, beyond what the record says was done; and what it no longer does."""

from __future__ import annotations

from renderer.core.desired import Desired
from renderer.core.operations import check, gates, keeping, reload, snapshots
from renderer.core.operations.backup import BACKUP, SCHEDULED_BACKUP
from renderer.core.operations.dump_restore import DUMP_RESTORE
from renderer.core.operations.from_backup import PROVISION_FROM_BACKUP
from renderer.core.operations.lifecycle import CONFIGURE, HIBERNATE, PROVISION, RESIZE, WAKE
from renderer.core.operations.migrate import MIGRATE, wanted
from renderer.core.operations.progress import held_by
from renderer.core.operations.restore import CONFIRM_RESTORE, RESTORE
from renderer.core.operations.rotate import ROTATE
from renderer.core.operations.step import Operation, Situation
from renderer.core.operations.upgrade import MAJOR_UPGRADE, MINOR_UPGRADE, ROLL_BACK
from renderer.core.resource.operations import UpgradeStrategy

_MAJORS = {MAJOR_UPGRADE.type, DUMP_RESTORE.type}


def upgrade(situation: Situation) -> Operation | None:
    """The upgrade that the spec asks for; the data of a stopped server wait until it wakes."""
    record, desired = situation.record, situation.desired
    if not record.data_version or record.hibernated or record.image == desired.image:
        return None
    if record.data_version == desired.major:
        return MINOR_UPGRADE
    if kept_in_the_way(situation):
        return None
    moves = desired.db.spec.upgrade.strategy is UpgradeStrategy.DUMP_RESTORE
    return DUMP_RESTORE if moves else MAJOR_UPGRADE


def kept_in_the_way(situation: Situation) -> bool:
    """Whether a major upgrade waits until the old data of the one before it are gone."""
    record, desired = situation.record, situation.desired
    underway = record.underway is not None and record.underway.type in _MAJORS
    return bool(record.previous) and not underway and record.data_version != desired.major


def old_data(situation: Situation) -> bool:
    """Whether the data that a major upgrade has left may go now."""
    record = situation.record
    if situation.blind or record.hibernated or not record.previous:
        return False
    return not gates.keeps_old_data(situation)


def backup(situation: Situation) -> bool:
    """Whether a backup is asked for that hasn't been taken."""
    if situation.blind:  # nobody would see what became of it
        return False
    desired = situation.desired
    requested = desired.db.spec.backup.requested_at
    place = desired.backs_up or desired.snapshots
    return requested not in {"", situation.record.backup_requested} and place


def restore(situation: Situation) -> bool:
    """Whether a restore is asked for that hasn't been made; a database must be there first."""
    record, wanted = situation.record, situation.desired.db.spec.restore
    if situation.blind or record.initialized is None:
        return False
    return wanted.id not in {"", record.restored}


def creation(desired: Desired, *, kept: bool) -> Operation:
    """How a new SampleDB begins: from a backup, unless a volume is there that was kept.

    Such a volume is taken up first, and the restore follows beside it.
    """
    return PROVISION_FROM_BACKUP if desired.db.spec.restore.id and not kept else PROVISION


def rotation(situation: Situation) -> bool:
    """Whether other credentials are asked for than those that are in force."""
    record = situation.record
    ready = record.initialized is not None and not record.hibernated
    return ready and record.credentials not in {"", situation.desired.credentials}


def confirmation(situation: Situation) -> bool:
    """Whether the volume that was replaced may go: a person says so, or its time is up."""
    return keeping.confirmed(situation) or keeping.due(situation)


def migration(situation: Situation) -> bool:
    """Whether migrations are asked for that haven't been run."""
    record, asked = situation.record, wanted(situation.desired)
    ready = record.initialized is not None and not record.hibernated
    return not situation.blind and ready and asked not in {"", record.migrated}


def instead(situation: Situation) -> Operation | None:
    """What was asked for is no longer asked for, or something weightier is."""
    underway = situation.record.underway
    if underway is None:
        return None
    return {
        HIBERNATE.type: None if situation.desired.db.spec.hibernate else WAKE,
        WAKE.type: HIBERNATE if situation.desired.db.spec.hibernate else None,
        CONFIGURE.type: upgrade(situation) or _instead_of_configure(situation),
        RESIZE.type: upgrade(situation),
        BACKUP.type: None if backup(situation) else CONFIGURE,
        SCHEDULED_BACKUP.type: _instead_of_scheduled(situation),
        MINOR_UPGRADE.type: _instead_of_minor(situation),
        MAJOR_UPGRADE.type: _instead_of_major(situation, MAJOR_UPGRADE),
        DUMP_RESTORE.type: _instead_of_major(situation, DUMP_RESTORE),
        MIGRATE.type: None if migration(situation) else CONFIGURE,
        RESTORE.type: _instead_of_restore(situation),
        CONFIRM_RESTORE.type: CONFIGURE if keeping.withdrawn(situation) else None,
        PROVISION_FROM_BACKUP.type: _instead_of_from_backup(situation),
    }.get(underway.type)


def _instead_of_configure(situation: Situation) -> Operation | None:
    """What has not been tried is tried first; while it is, nothing has been changed yet.

    Where a reload has failed it is made again after what else is asked for: the record knows.
    """
    underway, record = situation.record.underway, situation.record
    trying = underway is not None and underway.step == check.CHECK.name
    if trying or reload.failed(situation):
        if record.hibernated and not situation.desired.db.spec.hibernate:
            return WAKE
        other = None if record.hibernated else _meanwhile(situation)
        if other is not None:
            return other
    return CONFIGURE if trying != check.differs(record, situation.desired) else None


def _instead_of_scheduled(situation: Situation) -> Operation | None:
    """A server that is to sleep doesn't wait for a snapshot that the storage doesn't take.

    An upgrade does: it would let the snapshot go first while it waits for its own approval.
    """
    if situation.desired.db.spec.hibernate:
        return HIBERNATE
    return None if snapshots.due(situation) else CONFIGURE


def _instead_of_minor(situation: Situation) -> Operation | None:
    """A major is another operation; until the new server starts the old version may stay."""
    if situation.desired.major != situation.record.data_version:
        return upgrade(situation)
    underway = situation.record.underway
    if underway is None or underway.step not in {"Hold", "Backup", check.CHECK.name}:
        return None
    return CONFIGURE if upgrade(situation) is None else _before(MINOR_UPGRADE, situation)


def _instead_of_major(situation: Situation, operation: Operation) -> Operation | None:
    """Until the data are the new server's, the old version may stay: its server starts again.

    Another strategy begins anew while the old server runs, and after a failure.
    """
    underway = situation.record.underway
    if underway is None:
        return None
    step = operation.steps[operation.index(underway.step)]
    withdrawn = situation.desired.major == situation.record.data_version
    if step.name in {"Preflight", "Backup"}:
        return CONFIGURE if withdrawn else _otherwise(operation, situation)
    if not withdrawn and upgrade(situation) in {None, operation}:
        return None
    if withdrawn and step.name == "Stop":
        return ROLL_BACK
    given_up = step.holds is not None and not held_by(step, situation)
    return ROLL_BACK if given_up and step.proof(situation).problem else None


def _otherwise(operation: Operation, situation: Situation) -> Operation | None:
    """Another strategy, or what comes before the upgrade that is only being prepared."""
    other = upgrade(situation)
    return _before(operation, situation) if other in {None, operation} else other


def _before(operation: Operation, situation: Situation) -> Operation | None:
    """What comes before an upgrade that is only being prepared.

    What was checked, and may have been approved, is the way to one version: for another it
    begins anew. While it has to wait, what else is asked for goes first.
    """
    underway = situation.record.underway
    if underway is None:
        return None
    if underway.image not in {"", situation.desired.image}:
        return operation
    return _meanwhile(situation) if gates.shut(situation) else None


def _meanwhile(situation: Situation) -> Operation | None:
    asked = (
        (HIBERNATE, situation.desired.db.spec.hibernate),
        (BACKUP, backup(situation)),
        (SCHEDULED_BACKUP, snapshots.due(situation) is not None),
        (ROTATE, rotation(situation)),
        (RESTORE, restore(situation)),
        (MIGRATE, migration(situation)),
    )
    return next((operation for operation, wished in asked if wished), None)


def _instead_of_restore(situation: Situation) -> Operation | None:
    """While the new volume is filled, nothing has been changed: the restore may be withdrawn."""
    underway = situation.record.underway
    begun = underway is not None and underway.step != RESTORE.steps[0].name
    return None if begun or restore(situation) else CONFIGURE


def _instead_of_from_backup(situation: Situation) -> Operation | None:
    """Until the volume is filled, the backup may be given up for an empty database."""
    begun = situation.record.initialized is not None
    return None if begun or situation.desired.db.spec.restore.id else PROVISION
