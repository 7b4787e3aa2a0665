"""A SampleDB's story on the pure cluster: operations that can be stopped at any point."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from pure_cluster import BACKUP_RESULT, NOW, PureCluster
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.plan import Files, Plan

FAR = 40
"""More points than any operation has."""
BACKUPS = ("PersistentVolumeClaim", "orders-backup")
SNAPSHOT = {"policy": "Snapshot"}
RETAIN = {"policy": "Retain"}
METHOD = {"method": "VolumeSnapshot"}
TARGET = {"target": {"pvc": {"size": "1Gi"}}}
AT_ONCE = {"policy": "Delete", "confirm": True}


def data_claim(objects: Mapping[tuple[str, str], tuple[Any, ...]]) -> tuple[str, str] | None:
    """The claim that the server mounts; a restore gives it another name."""
    return next((key for key, (role, *_) in objects.items() if role is Role.DATA), None)


@lru_cache(maxsize=256)
def _desired(spec: bytes, *, deleting: bool) -> Desired:
    return desired(deleting=deleting, **orjson.loads(spec))


@dataclass
class Story:
    """A SampleDB, its user, its applier and its node, and what has been promised so far."""

    cluster: PureCluster = field(default_factory=PureCluster)
    spec: dict[str, Any] = field(default_factory=dict)
    deleting: bool = False
    stuck: bool = False
    """The applier applies nothing."""
    past: list[dict[str, Any]] = field(default_factory=list)
    """Git as it was before each commit, newest last."""
    proved: bool = False
    had_data: bool = False
    removal: Mapping[str, object] | None = None
    """The policy under which the data volume left Git: from then on it can't be changed."""

    def points(self) -> Generator[None, None, None]:
        """Go on, stopping after the commit, after the applier and after the node."""
        while not self.cluster.released:
            self.commit()
            yield
            if not self.stuck:
                self.cluster.apply()
            yield
            self.cluster.run()
            self._check()
            yield

    def commit(self) -> Plan:
        """One pass of the controller."""
        plan = decide(self.wanted(), self.cluster.observed(), self.cluster.record, NOW)
        before = self._git()
        if plan.files is Files.WRITE:
            self.cluster.render(self.wanted())
        if self.cluster.commit(plan):
            self.past.append(before)
            data = data_claim(before["git"])
            if data and data not in self.cluster.git and data in self.cluster.live:
                self.removal = dict(self.spec["deletion"])
        record = self.cluster.record
        self.proved = self.proved or bool(record and record.final_backup)
        return plan

    def wanted(self) -> Desired:
        """The SampleDB as it is now."""
        return _desired(orjson.dumps(self.spec), deleting=self.deleting)

    def settle(self) -> Plan:
        """Go on until nothing changes any more."""
        cluster = self.cluster
        for _ in range(FAR):
            seen = self._seen()
            plan = self.commit()
            if not self.stuck:
                cluster.apply()
            cluster.run()
            self._check()
            if cluster.released:
                return plan
            if seen == self._seen():
                return plan
        msg = f"never settles: {cluster.commits}"
        raise AssertionError(msg)

    def _seen(self) -> tuple[object, ...]:
        cluster = self.cluster
        known = cluster.job_results.copy(), cluster.taken.copy()
        return self._git(), dict(cluster.live), cluster.pod, known

    def revert(self, commits: int = 1) -> None:
        """`git revert` of the last commit, or of several at once."""
        for before in self.past[-commits:][:1]:
            for name, value in before.items():
                setattr(self.cluster, name, deepcopy(value))

    def _git(self) -> dict[str, Any]:
        cluster = self.cluster
        return {
            "record": cluster.record,
            "git": dict(cluster.git),
            "replicas": cluster.replicas,
            "pod_hash": cluster.pod_hash,
            "image": cluster.image,
            "target": cluster.target,
            "size": cluster.size,
            "asked": cluster.asked,
            "configuration": cluster.configuration,
            "rest": cluster.rest,
        }

    def _check(self) -> None:
        """Data go only with their proof, or by the user's word; the finalizer goes last."""
        cluster = self.cluster
        self.had_data = self.had_data or cluster.data
        if cluster.lost or (self.had_data and not cluster.data):
            assert self.deleting
            assert self.removal == AT_ONCE or (self.removal == SNAPSHOT and self.proved)
        if self.proved:
            kept = {kind for kind, _ in cluster.live if kind == "VolumeSnapshot"}
            assert kept or BACKUPS in cluster.live or BACKUPS in cluster.git
        if cluster.released:
            assert self.deleting
            assert cluster.record is None


def _settled(**spec: object) -> Story:
    story = Story(spec=dict(spec))
    story.settle()
    return story


def _provision() -> Story:
    return Story(spec={"deletion": SNAPSHOT})


def _provision_without_a_final_backup() -> Story:
    return Story(spec={"deletion": AT_ONCE})


def _provision_and_retain() -> Story:
    return Story(spec={"deletion": RETAIN})


def _provision_from_a_backup() -> Story:
    backup = {"id": "one", "from": {"backupId": BACKUP_RESULT["id"]}}
    return Story(spec={"deletion": SNAPSHOT, "restore": backup})


def _configure() -> Story:
    story = _settled(deletion=SNAPSHOT)
    story.spec["parameters"] = {"max_connections": "200"}
    return story


def _changed(**spec: object) -> Callable[[], Story]:
    """A database with backups, asked for something else."""

    def begin() -> Story:
        story = _settled(deletion=SNAPSHOT, backup=TARGET)
        story.spec.update(spec)
        return story

    return begin


def _snapshots(**more: object) -> Callable[[], Story]:
    """A database with two snapshots, asked for something else."""

    def begin() -> Story:
        story = _settled(deletion=SNAPSHOT, backup={**METHOD, "requestedAt": "monday"})
        story.spec["backup"] = {**METHOD, "requestedAt": "tuesday"}
        story.settle()
        story.spec["backup"] = {**story.spec["backup"], **more}
        return story

    return begin


def _experiment(action: str) -> Callable[[], Story]:
    """A database with a fresh backup, asked for an experiment."""

    def begin() -> Story:
        story = Story(spec={"deletion": SNAPSHOT, "backup": {**TARGET, "requestedAt": "monday"}})
        story.cluster.timed = True
        story.settle()
        story.spec["chaos"] = {"experiments": [{"name": "try", "action": action}]}
        return story

    return begin


def _hibernate() -> Story:
    story = _settled(deletion=SNAPSHOT)
    story.spec["hibernate"] = True
    return story


def _wake() -> Story:
    story = _settled(deletion=SNAPSHOT, hibernate=True)
    story.spec["hibernate"] = False
    return story


def _delete(deletion: Mapping[str, object], **spec: object) -> Callable[[], Story]:
    def begin() -> Story:
        story = _settled(deletion=deletion, **spec)
        story.deleting = True
        return story

    return begin


STORIES: Mapping[str, Callable[[], Story]] = {
    "provision": _provision,
    "provision-retaining": _provision_and_retain,
    "provision-deleting-at-once": _provision_without_a_final_backup,
    "provision-from-a-backup": _provision_from_a_backup,
    "configure": _configure,
    "reload": _changed(parameters={"work_mem": "200"}),
    "backup-now": _changed(backup={**TARGET, "requestedAt": "now"}),
    "snapshot-now": _snapshots(requestedAt="wednesday"),
    "snapshot-by-schedule": _snapshots(schedule="0 3 * * *"),
    "snapshot-let-go": _snapshots(retention={"keep": 1}),
    "delete-with-a-snapshot": _delete(SNAPSHOT, backup=METHOD),
    "resize": _changed(storage={"size": "2Gi"}),
    "minor-upgrade": _changed(version="18.9"),
    "restore": _changed(restore={"id": "one", "from": {"backupId": BACKUP_RESULT["id"]}}),
    "dump-restore-upgrade": _changed(version="19", upgrade={"strategy": "DumpRestore"}),
    "rotate": _changed(credentials={"rotation": {"requestedAt": "now"}}),
    "migrate": _changed(migrations={"configMapRef": {"name": "schema"}}),
    "major-upgrade": _changed(version="19"),
    "experiment-crash": _experiment("ServerCrash"),
    "experiment-kill": _experiment("PodKill"),
    "experiment-fill": _experiment("FillDisk"),
    "experiment-deny": _experiment("NetworkDeny"),
    "hibernate": _hibernate,
    "wake": _wake,
    "delete-with-a-final-backup": _delete(SNAPSHOT),
    "delete-while-hibernated": _delete(SNAPSHOT, hibernate=True),
    "delete-and-retain": _delete(RETAIN),
    "delete-at-once": _delete(AT_ONCE),
}
