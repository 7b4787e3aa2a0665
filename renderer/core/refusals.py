"""What can't be done to a database that has data: refused, with the field and the way back."""

from __future__ import annotations

from renderer.core import lending
from renderer.core.operations import gates
from renderer.core.operations.step import Situation
from renderer.core.plan import Problem, stalled
from renderer.core.resource import quantity


def new_major(situation: Situation) -> Problem | None:
    """A server of another major version than the data on disk, where none can be made of them."""
    data, wanted = situation.record.data_version, situation.desired.major
    if not data or data == wanted:
        return None
    version = situation.desired.db.spec.version
    if _number(wanted) < _number(data):
        return stalled(
            "DowngradeRefused",
            f"spec.version: {version!r} is older than the data on disk ({data}), which an "
            f"older server can't read; set it to {data!r} or newer, or restore a backup",
        )
    if situation.blind:
        return stalled(
            "UpgradeNeedsController",
            f"spec.version: {version!r} is wanted and the data on disk are of {data}: a major "
            "upgrade goes step by step, which only the controller can: it sees each step proved",
        )
    return None


def held_minor(situation: Situation) -> Problem | None:
    """Another minor that waits for a person or a window, where nobody is seen to wait for it."""
    record, desired = situation.record, situation.desired
    if not situation.blind or not record.data_version or record.image in {"", desired.image}:
        return None
    if record.data_version != desired.major or not gates.set_up(situation):
        return None
    return stalled(
        "UpgradeNeedsController",
        f"spec.upgrade: {desired.db.spec.version!r} is wanted, with an approval or a window, which "
        "only the controller can wait for: let it do the upgrade, or leave spec.upgrade out",
    )


def old_data(situation: Situation) -> Problem | None:
    """A volume that was kept, under a SampleDB that was made anew for another major version."""
    data, version = situation.record.data_version, situation.desired.db.spec.version
    if not data or data == situation.desired.major:
        return None
    return stalled(
        "OldData",
        f"spec.version: the volume that was kept holds data of {data}, and {version!r} is "
        f"wanted; set it to {data!r}, and upgrade when it is Ready",
    )


def new_credentials(situation: Situation) -> Problem | None:
    """Another Secret, without a cluster in which its passwords could be set."""
    record, wanted = situation.record, situation.desired.credentials
    if not situation.blind or record.credentials in {"", wanted}:
        return None
    return stalled(
        "RotationNeedsController",
        f"spec.credentials: the passwords in {record.credentials} are in force and {wanted} is "
        "wanted: only the controller can change them, since it sees that they let in",
    )


def new_init(situation: Situation) -> Problem | None:
    """Another `spec.init` than the one that ran: it runs once."""
    done = situation.record.initialized
    if done is None or done.get("digest") == situation.desired.init_digest:
        return None
    return stalled(
        "InitChanged",
        "spec.init: it ran once, when the database was made, and can't change afterwards; "
        "put it back as it was and make the change with SQL",
    )


def new_database(situation: Situation) -> Problem | None:
    """Another `spec.init.database`: the final backup would be of the wrong one."""
    made = (situation.record.initialized or {}).get("database")
    wanted = situation.desired.db.spec.init.database
    if made is None or made == wanted:
        return None
    return stalled(
        "InitChanged",
        f"spec.init.database: {made!r} was made and is to be backed up, not {wanted!r}; "
        f"set it back to {made!r}",
    )


def smaller_size(situation: Situation) -> Problem | None:
    """A smaller size than the data claim requests: no volume shrinks."""
    claim = situation.observed.claim(situation.names.data)
    if claim is None or not claim.requested:
        return None
    size = situation.desired.db.spec.storage.size
    if quantity.parse(size) >= quantity.parse(claim.requested):
        return None
    return stalled(
        "StorageShrinks",
        f"spec.storage.size: {size} is less than the {claim.requested} that "
        f"{claim.name} has, and a volume never shrinks; write at least {claim.requested}",
    )


def no_snapshots(situation: Situation) -> Problem | None:
    """Backups by VolumeSnapshot in a cluster that has none: no applier could apply one."""
    missing = situation.observed.no_snapshots
    if not missing or not situation.desired.snapshots:
        return None
    return stalled(
        "SnapshotsMissing",
        f"spec.backup.method: VolumeSnapshot can't be used in this cluster: {missing}; install "
        "the CustomResourceDefinitions of snapshot.storage.k8s.io and the snapshot controller, "
        "or write Logical or Physical",
    )


def unready_restore(situation: Situation) -> Problem | None:
    """A restore that can't begin, or whose old volume nobody would be asked about."""
    wanted, said = situation.desired.db.spec.restore.id, situation.desired.db.confirmed_restore
    if said == wanted:
        return stalled("ConfirmedAhead", f"{gates.ahead(said)}; or give spec.restore another id")
    return unfit_source(situation)


def unfit_source(situation: Situation) -> Problem | None:
    """What a restore can't be made from."""
    return lending.refused(situation) or unfit_snapshot(situation)


def changed_source(situation: Situation) -> Problem | None:
    """Another source, of another namespace, for a restore that is under way."""
    record, wanted = situation.record, situation.desired.db.spec.restore.id
    filling = record.underway is not None and record.underway.step == "Restore"
    return lending.refused(situation) if filling and wanted != record.restored else None


def unfit_snapshot(situation: Situation) -> Problem | None:
    """A VolumeSnapshot to restore that isn't there, isn't ready, or doesn't fit."""
    name = situation.desired.db.spec.restore.from_.volume_snapshot_name
    if not name:
        return None
    field = f"spec.restore.from.volumeSnapshotName: {name!r}"
    found, size = situation.observed.snapshot(name), situation.desired.db.spec.storage.size
    data = situation.record.data_version or situation.desired.major
    if situation.observed.no_snapshots:
        return stalled("SnapshotsMissing", f"{field}: {situation.observed.no_snapshots}")
    if found is None:
        namespace = situation.desired.key.namespace
        return stalled(
            "NoSuchSnapshot",
            f"{field}: there is no such VolumeSnapshot in the namespace {namespace}; write one "
            "that `kubectl get volumesnapshots` shows, or remove spec.restore",
        )
    if not found.ready:
        said = f": {found.error}" if found.error else ""
        return stalled("SnapshotUnready", f"{field} isn't ready to use{said}")
    if found.data_version not in {"", data}:
        return stalled(
            "SnapshotOfAnotherMajor",
            f"{field} holds data of PostgreSQL {found.data_version}, which PostgreSQL {data} "
            f"can't read; restore it in a SampleDB of spec.version {found.data_version!r}",
        )
    if found.size and quantity.parse(found.size) > quantity.parse(size):
        return stalled(
            "StorageTooSmall",
            f"spec.storage.size: {size} is less than the {found.size} that VolumeSnapshot {name} "
            f"needs; write at least {found.size}",
        )
    return None


def _number(version: str) -> tuple[int, ...]:
    """`18` and `8.4` as numbers to compare; what isn't a number counts as 0."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
