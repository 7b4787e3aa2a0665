"""The record: what has been done and proved, kept in Git beside the manifests.

It is a ConfigMap (so that it is applied too, and the directory is never empty)
whose one key holds JSON. Files and record change in the same commit; the
controller keeps nothing else (ADR 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from renderer.core.configuration import Configuration
from renderer.core.observed import Stamp

DATA_KEY = "record.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """An operation that has begun and not ended."""

    type: str
    id: str
    """`<type>-<generation>`, for example `configure-3`."""
    step: str
    about: str = ""
    """What it does, for people, when that can't be told later: `16.11 → 16.14`."""
    image: str = ""
    """The image that an upgrade was begun for; "" for other operations."""
    attempt: int = 1
    """Counts how often it was prepared: what is too old when it may go on is made anew."""
    report: str = ""
    """What the check before an upgrade has found, or why a restored backup is unverified."""
    stopped_at: str = ""
    """When the old server cut its clients off, as it says itself."""
    downtime: int | None = None
    """Seconds from then until the new server was ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An operation that has ended, and how."""

    type: str
    id: str
    result: str
    downtime: int | None = None
    """Seconds for which the server was away, where that was measured."""
    report: str = ""
    """What the check before an upgrade has found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An experiment of `spec.chaos`: under way, ended, or passed over."""

    id: str = ""
    """The operation's id; "" while it is under way."""
    name: str
    action: str
    result: str = ""
    """One of `renderer.core.operations.chaos.RESULTS`; "" while it isn't known."""
    message: str = ""
    seconds: int | None = None
    """From the fault, or from its end, until the server answered again."""
    since: str = ""
    """When a fault that lasts had ended, as its Job says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A VolumeSnapshot that was asked for; proved once its size is known."""

    name: str
    claim: str
    """The claim that it is of."""
    at: str = ""
    """When the storage took it, RFC 3339."""
    size: int = 0
    """Bytes that a volume made from it needs."""
    content: str = ""
    """The VolumeSnapshotContent that it is bound to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What Git knows of one SampleDB."""

    generation: int
    """Counts the inputs rendered: goes up by one when `input_digest` changes (ADR 4)."""
    input_digest: str
    """Hash of the spec and the template pack that the files were rendered from."""
    underway: Underway | None = None
    initialized: Mapping[str, object] | None = None
    """The init Job's result, with the digest of the `spec.init` that it ran."""
    image: str = ""
    """The server's image that the files name."""
    target: str = ""
    """The image that the data are being converted for; "" when they aren't."""
    previous: str = ""
    """The major version whose data still lie beside the converted ones; "" when none do."""
    previous_of: str = ""
    """The id of the upgrade that left them there."""
    version: str = ""
    """The version that the server last said it has, for example `18.4`."""
    data_version: str = ""
    """The major version of the data on disk; "" before the first start."""
    credentials: str = ""
    """The Secret with the passwords that are in force; "" before the first start."""
    rotating: str = ""
    """The Secret with the passwords that a rotation sets; "" without one."""
    claim: str = ""
    """The claim that holds the data; "" for the first one."""
    previous_claim: str = ""
    """The claim that a restore or an upgrade has replaced, kept until that is confirmed."""
    replaced_by: str = ""
    """The id of the upgrade that has replaced it; "" when `restored` has."""
    replaced_at: str = ""
    """When the server was last proved on the claim that has replaced it, RFC 3339; "" before."""
    restoring: str = ""
    """The `spec.restore.id` of the restore under way, or the id of the upgrade that moves data."""
    lent: str = ""
    """Where the backup of the restore under way lies, when another namespace lends it."""
    restored: str = ""
    """The `spec.restore.id` that was last restored: it is never repeated."""
    migrated: str = ""
    """The `spec.migrations` that was last run, as `<ConfigMap>@<targetVersion>`."""
    schema_version: str = ""
    """The number of the last migration that was run."""
    configuration: Configuration | None = None
    """What the server starts with; None before the first start."""
    started: Configuration | None = None
    """What it was when the Pod's template last changed for it; None while that is `configuration`.

    What came since, the server reads while it runs."""
    unread: bool = False
    """Whether a server that ran when `configuration` came has yet to say that it has read it."""
    hibernated: bool = False
    backup: Mapping[str, object] | None = None
    """The last backup that an operation took and proved: id, size, sha256 …"""
    backup_requested: str = ""
    """The `spec.backup.requestedAt` that was last answered."""
    trial: Trial | None = None
    """The experiment that is under way."""
    trials: tuple[Trial, ...] = ()
    """The last ten experiments, newest first."""
    trials_begun: int = 0
    """How many have begun or been passed over: each has an id of its own."""
    trials_due: Mapping[str, str] = field(default_factory=dict)
    """Experiment → what it was last begun or passed over for: the time that its schedule named,
    or a hash of what it is."""
    pod_mark: str = ""
    """The operation that last replaced a Pod whose template had stayed as it was, to which this
    was added; it stays there."""
    scheduled: str = ""
    """The last time of the schedule that a snapshot has answered, RFC 3339."""
    snapshotting: Taken | None = None
    """The VolumeSnapshot that an operation takes, or was to take when it was given up."""
    snapshots: tuple[Taken, ...] = ()
    """The VolumeSnapshots that were taken and proved, and are kept; newest last."""
    discarded: tuple[Taken, ...] = ()
    """VolumeSnapshots that were asked for and then not wanted: to be let go."""
    expiring: Taken | None = None
    """The VolumeSnapshot that is let go now."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Claim → the VolumeSnapshot that it was made from: rendered with it for ever."""
    final_backup: Mapping[str, object] | None = None
    """The final backup's result: id, size, sha256 … the proof that deletion needs."""
    ended: tuple[Ended, ...] = ()
    """The last ten operations, newest first."""
    children: Mapping[str, Stamp] = field(default_factory=dict)
    """`Kind/name` of every rendered child → its stamp; `Pod/<role>` → its template's hash."""
    files_digest: str = ""
    """Digest over (name, blob id) of the directory's other files: tells a hand edit."""

    @property
    def to_confirm(self) -> str:
        """The id by which a person says that `previous_claim` may go."""
        return self.replaced_by or self.restored
