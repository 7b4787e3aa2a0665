"""What is left of a deleted SampleDB: its spec, and the proof of what was kept of its data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StrictInt, StrictStr
from pydantic.dataclasses import dataclass

from renderer.core import backups
from renderer.core.desired import Desired
from renderer.core.layout import Key
from renderer.core.operations.evidence import RETAINING
from renderer.core.operations.step import names_of
from renderer.core.record import Record
from renderer.core.resource import SampleDB, Spec, fields
from renderer.core.resource.model import CONFIG, shared


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Identity:
    """Which SampleDB was deleted."""

    namespace: fields.Engine
    name: fields.Engine
    uid: fields.Text = ""
    generation: StrictInt = 0


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Target:
    """Where the backup lies."""

    claim: fields.ObjectName = ""
    """The PersistentVolumeClaim, in the SampleDB's namespace; "" when it lies in a store."""
    url: fields.S3Url = ""
    """The backup in an S3 store; "" when it lies on a claim."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class KeptBackup:
    """The final backup, as its Job proved it."""

    id: fields.BackupId
    size: Annotated[StrictInt, Field(ge=1)]
    sha256: fields.Sha256
    version: fields.Text = ""
    database: StrictStr = ""
    method: fields.Text = ""
    target: Target = Field(default_factory=shared(Target))


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class KeptSnapshot:
    """The final backup, where it is a VolumeSnapshot of the SampleDB's namespace."""

    name: fields.ObjectName
    content: fields.Text = ""
    """Its VolumeSnapshotContent, which names the storage's own handle."""
    size: Annotated[StrictInt, Field(ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Kept:
    """What was kept of the data."""

    backup: KeptBackup | None = None
    snapshot: KeptSnapshot | None = None
    claims: tuple[fields.ObjectName, ...] = ()
    """Volumes that stayed in the cluster: the server's first, then one that a restore replaced."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Data:
    """What the data were of."""

    major: fields.Text = ""
    """The major version, which is to read the volume or a physical backup."""
    version: fields.Text = ""
    image: fields.Text = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Deleted:
    """When, and by which operation."""

    at: fields.Text
    operation: fields.Text = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Grave:
    """All of a tombstone but its id and the spec."""

    sampledb: Identity
    deleted: Deleted
    data: Data = Field(default_factory=shared(Data))
    kept: Kept = Field(default_factory=shared(Kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """One deletion of one SampleDB."""

    id: str
    """When it was deleted, and which object: unique for each deletion of a name."""
    grave: Grave
    spec: Spec

    @property
    def key(self) -> Key:
        """Namespace and name."""
        identity = self.grave.sampledb
        return Key(namespace=identity.namespace, name=identity.name)


def of(desired: Desired, record: Record) -> Tombstone | None:
    """The tombstone of a SampleDB whose directory is removed; None when nothing was kept."""
    db = desired.db
    kept = Kept(
        backup=_backup(desired, record),
        snapshot=_snapshot(record),
        claims=_claims(desired, record),
    )
    if kept.backup is None and kept.snapshot is None and not kept.claims:
        return None
    underway = record.underway
    return Tombstone(
        id=_id(db),
        grave=Grave(
            sampledb=Identity(
                namespace=db.namespace, name=db.name, uid=db.uid, generation=db.generation
            ),
            deleted=Deleted(at=db.deleted_at, operation=underway.id if underway else ""),
            data=Data(major=record.data_version, version=record.version, image=record.image),
            kept=kept,
        ),
        spec=db.spec,
    )


def _id(db: SampleDB) -> str:
    when = "".join(letter for letter in db.deleted_at.lower() if letter.isalnum())
    return f"{when}-{hashlib.sha256(db.uid.encode()).hexdigest()[:6]}"


def _backup(desired: Desired, record: Record) -> KeptBackup | None:
    proof: Mapping[str, object] = record.final_backup or {}
    known = backups.shown(proof)
    if not backups.whole(proof) or "sha256" not in known:
        return None
    words = {name: str(proof.get(name, "")) for name in ("version", "database", "method")}
    url = str(known.get("url", ""))
    claim = "" if url else names_of(desired, record).backups
    return KeptBackup(
        id=str(known["id"]),
        size=int(str(known["size"])),
        sha256=str(known["sha256"]),
        target=Target(claim=claim, url=url),
        **words,
    )


def _snapshot(record: Record) -> KeptSnapshot | None:
    proof: Mapping[str, object] = record.final_backup or {}
    known = backups.shown(proof)
    if not backups.whole(proof) or "snapshot" not in known:
        return None
    return KeptSnapshot(
        name=str(known["id"]), content=str(known["snapshot"]), size=int(str(known["size"]))
    )


def _claims(desired: Desired, record: Record) -> tuple[str, ...]:
    retains = record.underway is not None and record.underway.type == RETAINING
    if not retains or not record.data_version:
        return ()
    names = names_of(desired, record)
    return tuple(name for name in (names.data, names.previous) if name)
