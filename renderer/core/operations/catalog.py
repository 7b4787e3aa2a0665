"""The operations that exist, by their type. A later one is added here and chosen in `decide`."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.core.operations.backup import BACKUP, SCHEDULED_BACKUP
from renderer.core.operations.chaos import CHAOS, CHAOS_ABORT
from renderer.core.operations.deleting import DELETE, DELETE_AT_ONCE, DELETE_RETAIN
from renderer.core.operations.dump_restore import DUMP_RESTORE
from renderer.core.operations.from_backup import PROVISION_FROM_BACKUP
from renderer.core.operations.lifecycle import CONFIGURE, HIBERNATE, PROVISION, RESIZE, WAKE
from renderer.core.operations.migrate import MIGRATE
from renderer.core.operations.restore import CONFIRM_RESTORE, RESTORE
from renderer.core.operations.rotate import ROTATE
from renderer.core.operations.snapshots import EXPIRE
from renderer.core.operations.step import Operation
from renderer.core.operations.upgrade import DROP_OLD, MAJOR_UPGRADE, MINOR_UPGRADE, ROLL_BACK

DELETIONS = frozenset({DELETE.type, DELETE_RETAIN.type, DELETE_AT_ONCE.type})

OPERATIONS: Mapping[str, Operation] = {
    operation.type: operation
    for operation in (
        PROVISION,
        PROVISION_FROM_BACKUP,
        CONFIGURE,
        BACKUP,
        SCHEDULED_BACKUP,
        RESIZE,
        MINOR_UPGRADE,
        MAJOR_UPGRADE,
        DUMP_RESTORE,
        ROLL_BACK,
        DROP_OLD,
        MIGRATE,
        ROTATE,
        RESTORE,
        CONFIRM_RESTORE,
        EXPIRE,
        HIBERNATE,
        WAKE,
        DELETE,
        DELETE_RETAIN,
        DELETE_AT_ONCE,
        CHAOS,
        CHAOS_ABORT,
    )
}
