"""The pure cluster as it is seen, and what its node does when an experiment is made on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pure_children import CLAIM, major

from renderer.core.layout import Role
from renderer.core.observed import Child, Claim, Job, Pod, Server, Snapshot, Stamp

if TYPE_CHECKING:
    from pure_cluster import PureCluster

EXPERIMENT_RESULT = {"recovered": True, "recoverySeconds": 7, "kept": True, "enforced": True}


def seen_pods(cluster: PureCluster) -> tuple[Pod, ...]:
    """The server's Pod, and that of an experiment's Job which is at work."""
    server = Pod(
        name="orders-0",
        role=Role.SERVER.value,
        template_hash=cluster.pod,
        phase="Running",
        ready=not cluster.complaint,
        message=cluster.complaint,
        ready_at=cluster.ready_since.get(cluster.pod) if cluster.timed else None,
    )
    at_work = tuple(
        Pod(name=name, role=role.value, template_hash="", phase="Running", ready=True)
        for (_kind, name), (role, _, _) in cluster.live.items()
        if role is Role.EXPERIMENT and name not in cluster.job_results and cluster.jobs_run
    )
    return ((server,) if cluster.pod else ()) + at_work


def run_jobs(cluster: PureCluster, results: Mapping[Role, Mapping[str, object] | str]) -> None:
    """Jobs come to their result; those that need a server wait for it."""
    for (_kind, name), (role, _, _) in cluster.live.items():
        if role in results and (cluster.pod or role in {Role.INIT, Role.RESTORE, Role.CHECK}):
            if role is Role.RESTORE and name not in cluster.job_results:
                filled = cluster.data_major or major(cluster.live_image)
                cluster.majors[cluster.claim_of(Role.RESTORED)] = filled
            cluster.job_results.setdefault(name, results[role])
        if role in {Role.UPGRADE, Role.DUMP_RESTORE} and name not in cluster.job_results:
            assert not cluster.pod, "data are converted under a running server"
            to = major(cluster.live_target)
            cluster.job_results[name] = {"from": cluster.data_major, "to": to}
            moved = Role.RESTORED if role is Role.DUMP_RESTORE else Role.DATA
            cluster.majors[cluster.claim_of(moved)] = to


def run_experiment(cluster: PureCluster) -> None:
    """A fault is made once; that of PodKill by the node, when the Pod's mark changes."""
    record = cluster.record
    trial = record.trial if record else None
    live = [(name, role) for (_, name), (role, _, _) in cluster.live.items()]
    if any(role is Role.MEND for _, role in live):
        cluster.full = False
    for name, role in live:
        if role is not Role.EXPERIMENT or name in cluster.job_results or not trial:
            continue
        cluster.full = cluster.full or trial.action == "FillDisk"
        if trial.action == "PodKill" and not _killed(cluster):
            continue
        cluster.faults.append(name)
        cluster.full = False
        cluster.job_results[name] = {**EXPERIMENT_RESULT, **cluster.experiment}


def _killed(cluster: PureCluster) -> bool:
    """Whether the experiment under way has replaced the Pod."""
    record = cluster.record
    marked = record and record.underway and record.pod_mark == record.underway.id
    return bool(marked) and cluster.live_pod_hash == cluster.pod_hash


def seen_child(
    cluster: PureCluster, kind: str, name: str, child: tuple[Role, Stamp, bool]
) -> Child:
    """A child as the controller's caches would hold it."""
    role, stamp, protected = child
    common = {"kind": kind, "name": name, "stamp": stamp, "protected": protected}
    if kind == CLAIM:
        size = cluster.live_size if role is Role.DATA else "1Gi"
        capacity = size if cluster.grows else "1Gi"
        return Claim(**common, phase="Bound", requested=size, capacity=capacity)
    if kind == "StatefulSet":
        current = bool(cluster.pod) == bool(cluster.live_replicas)
        return Server(**common, replicas=cluster.live_replicas, ready=1, current=current)
    if kind == "VolumeSnapshot":
        at, error = cluster.taken.get(name), cluster.snapshot_error
        facts = {"ready": True, "content": f"content-{name}", "size": "1Gi"} if at else {}
        return Snapshot(
            **common, **facts, taken_at=at, error="" if at else error, failed_at=cluster.now
        )
    if kind == "Job":
        result = cluster.job_results.get(name)
        if isinstance(result, str):
            return Job(**common, role=role.value, failed=True, message=result)
        return Job(
            **common,
            role=role.value,
            succeeded=result is not None,
            result=result,
            finished_at=cluster.finished.get(name),
        )
    return Child(**common)
