"""A pure stand-in for Git, applier and node: plans in, observed facts out.

It keeps the promises that the real ones keep (an applier prunes what left Git unless the
live object is protected; a Pod follows its StatefulSet; a Job reports a result), so the
core can be walked through every order of events without any I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pure_children import CLAIM, KINDS, asked, major, name_of
from pure_desired import digest
from pure_memory import Memory, wrong
from pure_node import run_experiment, run_jobs, seen_child, seen_pods

from renderer.core.configuration import Configuration
from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.observed import Child, Lender, Observed, Stamp
from renderer.core.plan import Files, Phase, Plan
from renderer.core.record import Record

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
INIT_RESULT = {"initialized": True, "database": "app", "version": "18.4"}
BACKUP_RESULT = {"id": "20260102T030405Z-1a2b3c", "size": 42, "sha256": "ab" * 32, "verified": True}

REFUSED = 'unrecognized configuration parameter "max_conections"'
TARGET = {"target": {"pvc": {"size": "1Gi"}}}


@dataclass
class PureCluster:
    """Git holds `record` and `git`; the cluster holds what was applied of it."""

    record: Record | None = None
    git: dict[tuple[str, str], tuple[Role, Stamp, bool]] = field(default_factory=dict)
    replicas: int = 0
    pod_hash: str = ""
    live: dict[tuple[str, str], tuple[Role, Stamp, bool]] = field(default_factory=dict)
    live_replicas: int = 0
    live_pod_hash: str = ""
    image: str = ""
    live_image: str = ""
    target: str = ""
    live_target: str = ""
    majors: dict[str, str] = field(default_factory=dict)
    """Claim → the major version of the data on it."""
    jobs_run: bool = True
    """False while no Job gets to its end."""
    asked: Configuration | None = None
    """The configuration that a Job is to try, in Git."""
    live_asked: Configuration | None = None
    configuration: Configuration | None = None
    """The configuration that the server mounts, in Git."""
    live_configuration: Configuration | None = None
    rest: str = ""
    """All of the spec but its configuration, in Git: what else changes the Pod's template."""
    memory: Memory = field(default_factory=Memory)
    """What the running server has read."""
    taken: dict[str, datetime] = field(default_factory=dict)
    """VolumeSnapshot → when it was taken."""
    snapshot_error: str = ""
    """Why no VolumeSnapshot is taken."""
    no_snapshots: str = ""
    """Why there are no VolumeSnapshots in this cluster."""
    size: str = "1Gi"
    live_size: str = "1Gi"
    grows: bool = True
    """False while the volume doesn't get the capacity that its claim requests."""
    pod: str = ""
    restored: str = str(BACKUP_RESULT["id"])
    """What a restore Job says that it has restored."""
    job_results: dict[str, Mapping[str, object] | str] = field(default_factory=dict)
    pod_message: str = ""
    volume: tuple[str, str] = ("", "")
    written: set[str] = field(default_factory=set)
    """The live claims that a server has run on: applications may have written to them."""
    lost: set[str] = field(default_factory=set)
    """Those of them that are gone, by whatever way."""
    data: bool = False
    """True while `volume`, the claim that the server last ran on, holds a database."""
    now: datetime = NOW
    timed: bool = False
    """Whether Jobs and Pods say when they ended or became ready."""
    finished: dict[str, datetime] = field(default_factory=dict)
    ready_since: dict[str, datetime] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    experiment: Mapping[str, object] = field(default_factory=dict)
    """What an experiment's Job says otherwise than usual."""
    faults: list[str] = field(default_factory=list)
    """The Job of each experiment whose fault was made."""
    full: bool = False
    """True while an experiment's file lies on the data volume."""
    released: bool = False
    lender: Lender | None = None
    """The SampleDB of another namespace that a restore names."""

    def commit(self, plan: Plan) -> bool:
        """Carry out a plan; True when that was a change in Git."""
        if plan.drop_finalizer:
            self.released = True
            return False
        if plan.files is Files.LEAVE:
            return False
        before = (self.record, dict(self.git), self.replicas)
        if plan.files is Files.REMOVE:
            self.record, self.git = None, {}
        else:
            self._write(plan)
        changed = before != (self.record, self.git, self.replicas)
        if changed:
            self.commits.append(plan.subject)
        return changed

    def _write(self, plan: Plan) -> None:
        assert plan.record is not None
        record = plan.record
        children: dict[str, Stamp] = {}
        git: dict[tuple[str, str], tuple[Role, Stamp, bool]] = {}
        started = record.started or record.configuration
        template = digest("pod", self.rest, started, record.image, record.pod_mark)
        for role in plan.roles:
            kind, name = KINDS[role], name_of(role, asked(record, role), plan.names)
            protected = {
                Role.BACKUPS: True,
                Role.SNAPSHOT: True,
                Role.DATA: plan.protect,
                Role.RESTORED: plan.protect,
                Role.PREVIOUS: plan.protect_previous,
            }.get(role, False)
            content = digest(role, asked(record), protected, plan.replicas, record.image)
            if role in {Role.CONFIG, Role.RELOAD}:
                content = digest(content, record.configuration, started)
            stamp = Stamp(content_hash=content, generation=record.generation)
            git[kind, name] = (role, stamp, protected)
            children[f"{kind}/{name}"] = stamp
            if role is Role.SERVER:
                children[f"Pod/{name}"] = Stamp(content_hash=template, generation=0)
        self.git, self.replicas, self.pod_hash = git, plan.replicas, template
        self.image, self.target = record.image, record.target
        self.configuration = record.configuration
        self.record = replace(record, children=children)

    def apply(self) -> None:
        """What Flux does: apply what is in Git, prune what left it unless it is protected."""
        for key in [key for key in self.live if key not in self.git]:
            if not self.live[key][2]:
                del self.live[key]
        gone = {name for name in self.written if (CLAIM, name) not in self.live}
        self.written, self.lost = self.written - gone, self.lost | gone
        self.live.update(self.git)
        self.live_replicas, self.live_pod_hash = self.replicas, self.pod_hash
        self.live_image, self.live_size = self.image, self.size
        self.live_target = self.target
        self.live_asked, self.live_configuration = self.asked, self.configuration

    def run(self) -> None:
        """What the node does: Pods follow the StatefulSet, Jobs run to their result."""
        kinds = {role for role, _, _ in self.live.values()}
        runs = Role.SERVER in kinds and self.live_replicas > 0 and Role.DATA in kinds
        self.memory.follow(self, self.live_pod_hash if runs else "")
        self.pod = self.live_pod_hash if runs else ""
        self.majors = {name: of for name, of in self.majors.items() if (CLAIM, name) in self.live}
        if self.volume not in self.live:
            self.data = False
        if runs and not (self.pod_message or wrong(self.live_configuration)):
            self.data = True
            if self.volume[1] != self.claim_of(Role.DATA):
                self.ready_since = {}
            self.volume = (CLAIM, self.claim_of(Role.DATA))
            self.written.add(self.claim_of(Role.DATA))
            self.majors.setdefault(self.claim_of(Role.DATA), major(self.live_image))
        if self.jobs_run:
            self._run_jobs()
        for kind, name in self.live:
            if kind == "VolumeSnapshot" and not self.snapshot_error and (self.data or self.pod):
                self.taken.setdefault(name, self.now)
        self._note_times()

    def _note_times(self) -> None:
        here = {self.pod: self.ready_since.get(self.pod, self.now)}
        self.ready_since = here if self.pod else {}
        if self.timed:
            self.finished = {n: self.finished.get(n, self.now) for n in self.job_results}

    def _run_jobs(self) -> None:
        version = self.live_image.rpartition(":")[2]
        results: dict[Role, Mapping[str, object] | str] = {
            Role.INIT: INIT_RESULT,
            Role.FINAL_BACKUP: BACKUP_RESULT,
            Role.BACKUP_NOW: BACKUP_RESULT,
            Role.VERIFY: {"version": version},
            Role.PREFLIGHT: {"from": self.data_major},
            Role.ANALYZE: {"version": version},
            Role.DROP_OLD: {"freed": 1},
            Role.ROTATE: {"rotated": ["app", "postgres"]},
            Role.CHECK: REFUSED
            if wrong(self.live_asked)
            else {"version": version, **self.memory.checked(self)},
            Role.RELOAD: self.memory.reloaded(self),
            Role.MIGRATE: {"from": 0, "to": 2},
            Role.RESTORE: {"id": self.restored},
            Role.MEND: {"gone": True, "recovered": True},
        }
        run_experiment(self)
        run_jobs(self, results)

    def claim_of(self, wanted: Role) -> str:
        """The name of the live claim of a role; "" without one."""
        found = (name for (_kind, name), (role, _, _) in self.live.items() if role is wanted)
        return next(found, "")

    @property
    def data_major(self) -> str:
        """The major version of the data that the server meets."""
        return self.majors.get(self.claim_of(Role.DATA), "")

    @property
    def complaint(self) -> str:
        """What the Pod says: a server refuses the data of another major."""
        if self.data_major and self.data_major != major(self.live_image):
            return f"CrashLoopBackOff: data of PostgreSQL {self.data_major} found"
        if wrong(self.live_configuration):
            return f"CrashLoopBackOff: {REFUSED}"
        return self.pod_message

    def observed(self) -> Observed:
        """What the controller's caches would hold now."""
        children: dict[tuple[str, str], Child] = {}
        for (kind, name), (role, stamp, protected) in self.live.items():
            children[kind, name] = seen_child(self, kind, name, (role, stamp, protected))
        return Observed(
            children=children,
            pods=seen_pods(self),
            no_snapshots=self.no_snapshots,
            lender=self.lender,
        )

    def _state(self) -> tuple[object, ...]:
        results = dict(self.job_results)
        known = self.released, results, dict(self.majors), dict(self.taken)
        return self.record, dict(self.live), self.pod, known

    def render(self, wanted: Desired) -> None:
        """What a commit takes from the spec, beside the record."""
        spec = wanted.db.spec
        self.size, self.asked = spec.storage.size, wanted.configuration
        self.rest = digest(replace(spec, parameters={}, pg_hba=(), paused=False))

    def turn(self, wanted: Desired) -> Plan:
        """One pass, one apply, one turn of the node."""
        plan = decide(wanted, self.observed(), self.record, self.now)
        if plan.files is Files.WRITE:
            self.render(wanted)
        self.commit(plan)
        self.apply()
        self.run()
        return plan

    def settle(self, wanted: Desired, turns: int = 20) -> Plan:
        """Turn until nothing changes any more; the plan that changes nothing."""
        for _ in range(turns):
            before = self._state()
            plan = self.turn(wanted)
            if before == self._state():
                return plan
        msg = f"never settles: {self.commits}"
        raise AssertionError(msg)


def ready(wanted: Desired) -> PureCluster:
    """A cluster in which `wanted` is Ready, with a commit log that begins now."""
    cluster = PureCluster()
    assert cluster.settle(wanted).phase is Phase.READY
    cluster.commits.clear()
    return cluster


def reason(plan: Plan) -> str:
    """The reason of a plan's problem; "" without one."""
    return plan.problem.reason if plan.problem else ""


def timed(wanted: Desired, now: datetime = NOW) -> PureCluster:
    """The same, in which Jobs and Pods say when they ended or became ready."""
    cluster = PureCluster(timed=True, now=now)
    assert cluster.settle(wanted).phase is Phase.READY
    cluster.commits.clear()
    return cluster
