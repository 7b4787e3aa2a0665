"""What was seen in the cluster: the facts that count as evidence, and nothing else.

Built by `renderer.cluster.children` from the API's objects; read by `decide`.
A child's stamp tells whether what is seen is what was rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from renderer.core.layout import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The two annotations that every rendered child carries."""

    content_hash: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Any rendered object, as seen: enough to say whether it is ours and current."""

    kind: str
    name: str
    stamp: Stamp | None
    """None when an annotation is missing or unreadable."""
    deleting: bool = False
    protected: bool = False
    """True while an applier would refuse to prune it (see gitops.md, traps 7 and 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Child):
    """A PersistentVolumeClaim."""

    phase: str
    """`Pending`, `Bound` or `Lost`."""
    requested: str = ""
    capacity: str = ""
    resizing: str = ""
    """The message of the condition Resizing or FileSystemResizePending, if either is True."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Child):
    """A VolumeSnapshot; also one that a restore names and that isn't ours."""

    ready: bool = False
    content: str = ""
    """The VolumeSnapshotContent that it is bound to."""
    size: str = ""
    """The least size of a volume that is made from it; "" when the storage doesn't say."""
    taken_at: datetime | None = None
    error: str = ""
    """Why it can't be taken, in the words of the snapshot controller or the storage."""
    failed_at: datetime | None = None
    """When it was last tried in vain."""
    data_version: str = ""
    """The major version of its data; "" for one that we didn't take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Child):
    """The StatefulSet."""

    replicas: int
    ready: int
    current: bool
    """True when its controller has seen the newest spec and every replica runs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A Pod of the server or of a Job."""

    name: str
    role: str
    """The value of the label `sampledb.dev/role`."""
    template_hash: str
    """The content hash of the Pod template it was made from; "" when it has none."""
    phase: str
    ready: bool
    deleting: bool = False
    message: str = ""
    """Why it isn't running or ready, in the kubelet's or the scheduler's own words."""
    ready_at: datetime | None = None
    """Since when it is ready; None while it isn't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Child):
    """A Job, with what its container wrote to the termination message."""

    role: str
    succeeded: bool = False
    failed: bool = False
    result: Mapping[str, object] | None = None
    """The JSON object on the last line of the termination message; None when there is none."""
    message: str = ""
    """Why it failed or can't run, in the Job's or the container's own words."""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class DeliveryState(Enum):
    """How far the applier says it is with the commit that matters."""

    UNKNOWN = "Unknown"
    PENDING = "Pending"
    APPLIED = "Applied"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What Argo CD's Application or Flux's Kustomization says."""

    tool: str
    """`argocd`, `flux` or `none`."""
    name: str = ""
    revision: str = ""
    """The commit that it says is applied."""
    state: DeliveryState = DeliveryState.UNKNOWN
    message: str = ""
    """The applier's own words, shown as they are."""
    under_way: bool = False
    """True while it goes on by itself: its words are of the moment, and nobody need act."""
    final: bool = True
    """True when removing the applier's object also removes what is left of what it applied,
    as it is to be at the end of a deletion; also when there is no such object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lender:
    """The SampleDB of another namespace whose backup a restore names."""

    key: Key
    store: str = ""
    """Where its backups lie, as a URL without its own folder; "" when in no store."""
    endpoint: str = ""
    grants: tuple[str, ...] = ()
    """The namespaces that it lets restore its backups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything seen of one SampleDB's children at one moment."""

    children: Mapping[tuple[str, str], Child] = field(default_factory=dict)
    """By (kind, name): every child that has our labels, Jobs and Claims among them."""
    pods: tuple[Pod, ...] = ()
    delivery: Delivery | None = None
    no_snapshots: str = ""
    """Why VolumeSnapshots can't be seen in this cluster; "" when they can."""
    lender: Lender | None = None
    """None when the restore names none, or none that is seen."""
    secret_created: bool = False
    """True when the credentials Secret is known to exist (created or already there)."""
    clock_ahead: timedelta = timedelta()
    """How far this controller's clock is ahead of the API server's; negative: behind."""

    def server(self, name: str) -> Server | None:
        """The StatefulSet `name`, if it is there."""
        child = self.children.get(("StatefulSet", name))
        return child if isinstance(child, Server) else None

    def claim(self, name: str) -> Claim | None:
        """The PersistentVolumeClaim `name`, if it is there."""
        child = self.children.get(("PersistentVolumeClaim", name))
        return child if isinstance(child, Claim) else None

    def snapshot(self, name: str) -> Snapshot | None:
        """The VolumeSnapshot `name`, if it is there."""
        child = self.children.get(("VolumeSnapshot", name))
        return child if isinstance(child, Snapshot) else None

    def job(self, name: str) -> Job | None:
        """The Job `name`, if it is there."""
        child = self.children.get(("Job", name))
        return child if isinstance(child, Job) else None

    def jobs(self, role: str) -> tuple[Job, ...]:
        """Every Job of a role (`job-init`, `cronjob-backup` …), in name order."""
        found = [c for c in self.children.values() if isinstance(c, Job) and c.role == role]
        return tuple(sorted(found, key=lambda job: job.name))

    def pods_of(self, role: str) -> tuple[Pod, ...]:
        """Every Pod of a role."""
        return tuple(pod for pod in self.pods if pod.role == role)
