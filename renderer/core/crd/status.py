"""The schema of a SampleDB's status: what the controller tells, field by field."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from renderer.core.resource.model import CONFIG

Word = Annotated[str, Field(max_length=256)]
Message = Annotated[str, Field(max_length=32768)]
Commit = Annotated[str, Field(max_length=64)]
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Number = Annotated[int, Field(json_schema_extra={"format": "int64"})]


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Phase(StrEnum):
    """One word for a person."""

    PENDING = "Pending"
    PROVISIONING = "Provisioning"
    CONFIGURING = "Configuring"
    READY = "Ready"
    BACKING_UP = "BackingUp"
    UPGRADING = "Upgrading"
    RESTORING = "Restoring"
    MIGRATING = "Migrating"
    ROTATING = "Rotating"
    EXPERIMENTING = "Experimenting"
    HIBERNATED = "Hibernated"
    PAUSED = "Paused"
    SNAPSHOTTING = "Snapshotting"
    DELETING = "Deleting"
    FAILED = "Failed"
    STALLED = "Stalled"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Condition:
    """One observation, as in every Kubernetes API."""

    type: Annotated[str, Field(max_length=316)]
    """What is observed."""
    status: ConditionStatus
    """Whether it holds."""
    reason: Annotated[str, Field(max_length=1024)]
    """Why, in one CamelCase word."""
    message: Message
    """Why, for a person."""
    last_transition_time: Time
    """When the status last changed."""
    observed_generation: Number | None = None
    """Generation of the SampleDB that this is about."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Git:
    """Where the rendered files are."""

    repository: Annotated[str, Field(max_length=2048)] | None = None
    """URL of the repository, without credentials."""
    branch: Word | None = None
    """Branch that is deployed."""
    path: Annotated[str, Field(max_length=1024)] | None = None
    """Directory of this SampleDB in the repository."""
    commit: Commit | None = None
    """Last commit of that directory."""
    short_commit: Word | None = None
    """Its first eight characters, for the column."""
    committed_at: Time | None = None
    """When it was made."""
    pull_request: Annotated[str, Field(max_length=2048)] | None = None
    """URL of the open pull request."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Delivery:
    """What the tool that applies the files says."""

    tool: Word | None = None
    """argocd, flux or none."""
    name: Annotated[str, Field(max_length=512)] | None = None
    """The Application or Kustomization."""
    revision: Word | None = None
    """Commit that it says is applied."""
    state: Word | None = None
    """How far it is with the commit that matters."""
    message: Message | None = None
    """Its own words."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class EngineVersion:
    """Versions of the server."""

    desired: Word | None = None
    """Version that the spec asks for."""
    running: Word | None = None
    """Version that the server says it runs."""
    data: Word | None = None
    """Version of the data on disk."""
    newest: Word | None = None
    """Newest minor of the version that the spec asks for."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Endpoint:
    """How to connect."""

    host: Annotated[str, Field(max_length=512)] | None = None
    """Name of the Service in the cluster's DNS."""
    port: Number | None = None
    """Port of the Service."""
    database: Word | None = None
    """Name of the database."""
    secret_name: Word | None = None
    """Secret with the credentials."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Binding:
    """The Secret to bind to, as the Service Binding specification has it."""

    name: Word
    """Name of the Secret."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Storage:
    """The data volume."""

    requested: Word | None = None
    """Size that its claim requests."""
    actual: Word | None = None
    """Size that it has."""
    previous_claim: Word | None = None
    """Claim that a restore or an upgrade has replaced, kept until that is confirmed."""
    replaced_by: Word | None = None
    """Id of that restore or upgrade, which the annotation sampledb.dev/confirm-restore names."""
    kept_until: Time | None = None
    """When it goes unconfirmed; with spec.storage.keepReplaced."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Backup:
    """One backup."""

    id: Word | None = None
    """Id of the backup."""
    time: Time | None = None
    """When it was taken."""
    size: Number | None = None
    """Size in bytes."""
    sha256: Commit | None = None
    """Checksum of its content, in hex."""
    url: Annotated[str, Field(max_length=2048)] | None = None
    """Where it lies, if in an S3 store."""
    version: Word | None = None
    """Version of the server that it was taken from."""
    method: Word | None = None
    """How it was taken."""
    verified: bool | None = None
    """Whether it was read back whole and its checksum compared."""
    verify: Word | None = None
    """Restore when it was also restored into a throw-away server."""
    tables: Number | None = None
    """Number of tables that were read there."""
    rows: Number | None = None
    """Number of their rows."""
    job: Word | None = None
    """Job that took it."""
    snapshot: Word | None = None
    """VolumeSnapshotContent of the snapshot, which names the storage's own handle."""
    message: Message | None = None
    """Why it failed."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Backups:
    """Backups that have been seen."""

    last: Backup | None = None
    """The last one."""
    last_verified: Backup | None = None
    """The last one that was verified."""
    last_failure: Backup | None = None
    """The last one that failed."""
    count: Number | None = None
    """Number of verified backups that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Operation:
    """The operation that is under way."""

    type: Word | None = None
    """What is done, such as provision."""
    id: Word | None = None
    """Id of the operation."""
    step: Word | None = None
    """Step that it is at."""
    started_at: Time | None = None
    """When it began."""
    job: Word | None = None
    """Job that does the work of the step."""
    message: Message | None = None
    """What it waits for."""
    report: Message | None = None
    """What the check before an upgrade has found: sizes, extensions, what a copy takes."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Past:
    """An operation that has ended."""

    type: Word | None = None
    """What was done."""
    id: Word | None = None
    """Id of the operation."""
    result: Message | None = None
    """How it ended."""
    commit: Commit | None = None
    """Commit that recorded its end."""
    started_at: Time | None = None
    """When it began, where the controller has seen it."""
    ended_at: Time | None = None
    """When it ended."""
    downtime: Number | None = None
    """Seconds for which an upgrade had the server away, where that is known: from the old
    server's last checkpoint, when its clients were cut off, until the new one's Pod was ready."""
    report: Message | None = None
    """What the check before an upgrade had found."""
    experiment: Word | None = None
    """The experiment of spec.chaos that it was."""
    recovery_seconds: Number | None = None
    """Seconds from the fault, or from its end, until the server answered again."""
    message: Message | None = None
    """What was found."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Status:
    """What the controller has seen; it owns every field."""

    observed_generation: Number | None = None
    """Generation of the SampleDB that this status is about."""
    phase: Phase | None = None
    """One word for a person."""
    message: Message | None = None
    """What is happening, or what is in the way, in a sentence."""
    conditions: Annotated[
        tuple[Condition, ...],
        Field(
            max_length=32,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
            },
        ),
    ] = ()
    """Ready, Reconciling, Stalled, Rendered, Committed, Applied and others."""
    git: Git | None = None
    """Where the rendered files are."""
    delivery: Delivery | None = None
    """What the tool that applies the files says."""
    engine_version: EngineVersion | None = None
    """Versions of the server."""
    endpoint: Endpoint | None = None
    """How to connect."""
    binding: Binding | None = None
    """The Secret to bind to."""
    storage: Storage | None = None
    """The data volume."""
    backups: Backups | None = None
    """Backups that have been seen."""
    restored: Word | None = None
    """The spec.restore.id that was last restored."""
    operation: Operation | None = None
    """The operation that is under way."""
    approval: Word | None = None
    """What a person is asked to approve, with kubectl sampledb approve."""
    history: Annotated[tuple[Past, ...], Field(max_length=10)] = ()
    """The last ten operations, newest first."""
    final_snapshot: Backup | None = None
    """The verified backup that was taken before the data was deleted."""
