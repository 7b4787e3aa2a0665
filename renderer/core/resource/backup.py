"""The part of the model about backups and restores."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from renderer.core.resource import cron, fields, timezone
from renderer.core.resource.model import CONFIG, Broken, Checked, Rule, UpdateRule, shared
from renderer.core.resource.volume import CLASS_IS_FIXED, NEVER_SHRINKS, SIZE_IS_POSITIVE


class BackupMethod(StrEnum):
    """How a backup is taken."""

    LOGICAL = "Logical"
    PHYSICAL = "Physical"
    VOLUME_SNAPSHOT = "VolumeSnapshot"


class Verify(StrEnum):
    """How a backup is verified before it counts."""

    CHECKSUM = "Checksum"
    RESTORE = "Restore"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class PvcTarget(Checked):
    """A PersistentVolumeClaim that holds backups; it outlives the SampleDB."""

    size: fields.Size
    """Size of the volume. It can grow, never shrink."""
    storage_class_name: fields.ObjectName = ""
    """StorageClass of the volume; empty for the cluster's default. Can't be changed."""

    rules: ClassVar[tuple[Rule, ...]] = (SIZE_IS_POSITIVE,)
    updates: ClassVar[tuple[UpdateRule, ...]] = (NEVER_SHRINKS, CLASS_IS_FIXED)


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class S3Target(Checked):
    """A bucket in an S3 store that holds backups, each SampleDB's in a folder of its own."""

    bucket: fields.Bucket
    """Name of the bucket."""
    prefix: fields.Prefix = ""
    """Beginning of every object's key; <namespace>/<name>/<id> follows."""
    endpoint: fields.Endpoint = ""
    """URL of the store; empty for AWS."""
    region: fields.Region = ""
    """Region of the bucket; empty for us-east-1."""
    secret_name: fields.ObjectName = ""
    """Secret in the same namespace with the keys access-key-id and secret-access-key, and, if
    need be, session-token and ca.crt. Required."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.secretName != ''",
            holds=lambda target: target.secret_name != "",
            message="is required: the Secret with access-key-id and secret-access-key",
            field="secretName",
            remedy="create the Secret in the same namespace, and name it here",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class BackupTarget(Checked):
    """Where backups are kept: exactly one of its fields."""

    pvc: PvcTarget | None = None
    """A PersistentVolumeClaim."""
    s3: S3Target | None = None
    """A bucket in an S3 store."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.pvc) != has(self.s3)",
            holds=lambda target: (target.pvc is None) != (target.s3 is None),
            message="must hold exactly one of pvc and s3",
            remedy="keep the one that backups go to",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Retention:
    """Which backups are kept; only verified ones count."""

    keep: fields.Count = 7
    """Number of backups to keep."""
    max_age: fields.Duration = ""
    """Age above which a backup is removed, such as 30d; empty for no limit."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Grant:
    """Who else may restore this SampleDB's backups."""

    namespace: fields.Engine
    """Namespace whose SampleDBs may name this one in restore.from."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Backup(Checked):
    """Scheduled backups."""

    schedule: fields.Cron = ""
    """Cron schedule of five fields; empty for no scheduled backups."""
    time_zone: fields.TimeZone = "Etc/UTC"
    """Time zone of the schedule, from the IANA data base."""
    method: BackupMethod = BackupMethod.LOGICAL
    """Logical is a dump, Physical a base backup, VolumeSnapshot a snapshot of the volume."""
    target: BackupTarget | None = None
    """Where backups are kept; needed with a schedule, except by the method VolumeSnapshot."""
    retention: Retention = Field(default_factory=shared(Retention))
    """Which backups are kept."""
    verify: Verify = Verify.CHECKSUM
    """Checksum reads the backup back; Restore also restores it into a throw-away server."""
    suspend: fields.Flag = False
    """Stops the schedule without forgetting it."""
    requested_at: fields.Token = ""
    """A new value, such as the time, asks for one backup now."""
    grants: Annotated[tuple[Grant, ...], Field(max_length=64)] = ()
    """Other namespaces whose SampleDBs may be restored from these backups, in an S3 store."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.schedule == '' || has(self.target) || self.method == 'VolumeSnapshot'",
            holds=lambda backup: backup.schedule == "" or backup.has_place,
            message="is required with a schedule",
            field="target",
            remedy="add target.pvc with a size or target.s3, or remove the schedule",
        ),
        Rule(
            cel="self.requestedAt == '' || has(self.target) || self.method == 'VolumeSnapshot'",
            holds=lambda backup: backup.requested_at == "" or backup.has_place,
            message="is required with requestedAt",
            field="target",
            remedy="add target.pvc with a size or target.s3, or remove requestedAt",
        ),
        Rule(
            cel="self.method != 'VolumeSnapshot' || self.verify != 'Restore'",
            holds=lambda backup: (
                backup.method is not BackupMethod.VOLUME_SNAPSHOT
                or backup.verify is not Verify.RESTORE
            ),
            message="can't be Restore with the method VolumeSnapshot: a snapshot counts when the "
            "storage says that it is ready to use",
            field="verify",
            remedy="write Checksum, or use the method Logical or Physical",
        ),
    )

    @property
    def has_place(self) -> bool:
        """True when there is a place for backups; snapshots lie with the storage."""
        return self.target is not None or self.method is BackupMethod.VOLUME_SNAPSHOT

    def extra(self) -> tuple[Broken, ...]:
        """The time zone must exist, and the schedule must come round."""
        found = list(timezone.broken(self.time_zone))
        if self.schedule and (problem := cron.problem(self.schedule)):
            found.append(
                Broken(
                    message=problem,
                    field="schedule",
                    value=self.schedule,
                    remedy="write one that comes round, for example 0 3 * * *",
                )
            )
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class RestoreSource(Checked):
    """What to restore: at most one of its fields."""

    backup_id: fields.BackupId = ""
    """Id of a backup of this database."""
    volume_snapshot_name: fields.ObjectName = ""
    """VolumeSnapshot in the same namespace."""
    s3_url: fields.S3Url = ""
    """URL of any SampleDB's backup; it is read with backup.target.s3's Secret and endpoint."""
    sample_db: fields.ObjectName = ""
    """SampleDB whose backup it is; empty for this one. In the same namespace it may be deleted."""
    namespace: fields.ObjectName = ""
    """Namespace of that SampleDB, which must grant this one its backups (backup.grants) and keep
    them in the S3 store that backup.target.s3 names here too; empty for the same namespace."""
    sha256: fields.Sha256 = ""
    """What the backup's sha256 must be, as its proof says; empty for any."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="[self.backupId, self.volumeSnapshotName, self.s3Url].filter(s, s != '').size()"
            " <= 1",
            holds=lambda source: (
                [source.backup_id, source.volume_snapshot_name, source.s3_url].count("") >= 2  # noqa: PLR2004 - all but one
            ),
            message="must name at most one of backupId, volumeSnapshotName and s3Url",
            remedy="keep the one to restore from",
        ),
        Rule(
            cel="self.backupId != '' || (self.sampleDB == ''"
            " && (self.sha256 == '' || self.s3Url != ''))",
            holds=lambda source: (
                source.backup_id != ""
                or not (source.sample_db or (source.sha256 and not source.s3_url))
            ),
            message="is required with sampleDB and, without s3Url, with sha256",
            field="backupId",
            remedy="add the id of the backup, or remove them",
        ),
        Rule(
            cel="self.__namespace__ == '' || self.sampleDB != ''",
            holds=lambda source: source.namespace == "" or source.sample_db != "",
            message="is required with namespace",
            field="sampleDB",
            remedy="add the name of the SampleDB whose backup it is, or remove namespace",
        ),
    )

    @property
    def id(self) -> str:
        """The id of the backup, or the name of the snapshot; "" when it names none."""
        return self.backup_id or self.volume_snapshot_name or self.s3_url.rpartition("/")[2]

    @property
    def empty(self) -> bool:
        """True when it names nothing."""
        return not self.id


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Restore(Checked):
    """Restores the data from a backup, once for each id."""

    id: fields.Token = ""
    """A new value asks for one restore; it is recorded and never repeated."""
    from_: RestoreSource = Field(default_factory=shared(RestoreSource))
    """What to restore."""
    allow_unverified: fields.Flag = False
    """Whether a backup may be restored that was never verified: one without a manifest, of which
    every file is as its list of sums says. One that is damaged is refused all the same."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!self.allowUnverified || self.from.volumeSnapshotName == ''",
            holds=lambda restore: (
                not restore.allow_unverified or restore.from_.volume_snapshot_name == ""
            ),
            message="can't be true for a VolumeSnapshot, which the storage says is ready or not",
            field="allowUnverified",
            remedy="remove it",
        ),
        Rule(
            cel="self.id == '' || self.from.backupId != '' || self.from.volumeSnapshotName != ''"
            " || self.from.s3Url != ''",
            holds=lambda restore: restore.id == "" or not restore.from_.empty,
            message="must name what to restore when restore.id is set",
            field="from",
            remedy="add from.backupId, from.volumeSnapshotName or from.s3Url",
        ),
        Rule(
            cel="self.id != '' || (self.from.backupId == '' && self.from.volumeSnapshotName == ''"
            " && self.from.s3Url == '')",
            holds=lambda restore: restore.id != "" or restore.from_.empty,
            message="is required with restore.from",
            field="id",
            remedy="add an id, which makes it happen once, or remove from",
        ),
    )
