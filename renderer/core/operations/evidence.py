"""Proofs: what must be seen in the cluster before the next step may be committed.

Only stamps count (ADR 4): an object that isn't what was rendered proves nothing.
"""

from __future__ import annotations

from datetime import timedelta

from renderer.core import backups
from renderer.core.layout import Role
from renderer.core.observed import Job, Pod
from renderer.core.operations.step import Situation, Verdict, proved, still_open
from renderer.core.plan import Problem, Trouble

JOB_LIMIT = timedelta(hours=6)
"""A Job that has run longer than this is told as stuck; it is not ended."""

RETAINING = "DeleteRetain"
"""The type of the deletion that keeps the data claim, whatever the policy says by now."""

_HOPELESS = (
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "Error",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
)
"""Reasons of the kubelet's that seldom heal without a person."""


def unapplied(situation: Situation) -> tuple[str, ...]:
    """`Kind/name` of each child whose stamp in the cluster isn't the one in the record."""
    children = situation.observed.children
    missing = []
    for path, stamp in sorted(situation.record.children.items()):
        kind, _, name = path.partition("/")
        if kind == "Pod":
            continue
        child = children.get((kind, name))
        if child is None or child.stamp != stamp:
            missing.append(path)
    return tuple(missing)


def applied(situation: Situation) -> Verdict:
    """Every child in the record is in the cluster as it was rendered."""
    missing = unapplied(situation)
    if not missing:
        return proved()
    delivery = situation.observed.delivery
    said = f"; {delivery.tool} says: {delivery.message}" if delivery and delivery.message else ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return _wait("NotApplied", f"waiting for the applier: {missing[0]}{more}{said}")


def server_ready(situation: Situation) -> Verdict:
    """The claim is bound, and a Pod made from the rendered template is ready."""
    verdict = applied(situation)
    if verdict.problem:
        return verdict
    pods = situation.observed.pods_of(Role.SERVER.value)
    wanted = situation.record.children.get(f"Pod/{situation.names.server}")
    current = [p for p in pods if wanted and p.template_hash == wanted.content_hash]
    server = situation.observed.server(situation.names.server)
    claim = situation.observed.claim(situation.names.data)
    if claim and claim.phase == "Lost":
        return _stall("ClaimLost", f"PersistentVolumeClaim {claim.name} has lost its volume")
    if server and server.current and any(pod.ready and not pod.deleting for pod in current):
        return proved()
    return _pod_problem(current or list(pods))


def stopped(situation: Situation) -> Verdict:
    """The StatefulSet has been scaled to none and its Pods are gone (gitops.md, trap 10)."""
    verdict = applied(situation)
    if verdict.problem:
        return verdict
    pods = situation.observed.pods_of(Role.SERVER.value)
    if not pods:
        return proved()
    return _wait("Stopping", f"waiting for Pod {pods[0].name} to end")


def serving(situation: Situation) -> Verdict:
    """Ready, or stopped when the SampleDB hibernates."""
    return stopped(situation) if situation.record.hibernated else server_ready(situation)


def initialized(situation: Situation) -> Verdict:
    """The init Job that was rendered has reported its result."""
    return _job_result(situation, situation.names.init, Role.INIT)


def backed_up(situation: Situation) -> Verdict:
    """The final backup has been taken and read back: id, size and sha256 are known."""
    verdict = _job_result(situation, situation.names.final_backup, Role.FINAL_BACKUP)
    if verdict.problem:
        server = server_ready(situation).problem
        hopeless = server is not None and server.trouble is Trouble.STALLED
        return still_open(server) if server and hopeless else verdict
    if backups.whole(verdict.facts):
        return verdict
    return _stall(
        "FinalBackupUnproved",
        f"the final backup reported no proof (id, size, sha256, verified): {dict(verdict.facts)!r}",
    )


def unprotected(situation: Situation) -> Verdict:
    """The live data claim may be pruned now: appliers read the live object (trap 7)."""
    claim = situation.observed.claim(situation.names.data)
    wanted = situation.record.children.get(f"PersistentVolumeClaim/{situation.names.data}")
    if claim is None or (claim.stamp == wanted and not claim.protected):
        return proved()
    return _wait(
        "StillProtected", f"waiting for the applier to lift the protection of {claim.name}"
    )


def protected(situation: Situation) -> Verdict:
    """The live data claim can't be pruned."""
    claim = situation.observed.claim(situation.names.data)
    if claim is None or claim.protected:
        return proved()
    return _wait("Unprotected", f"waiting for the applier to protect {claim.name} again")


def gone(situation: Situation) -> Verdict:
    """The workload and the data claim are gone; the record and the backups may stay."""
    kept = {("ConfigMap", situation.names.record)}
    kept.add(("PersistentVolumeClaim", situation.names.backups))
    underway = situation.record.underway
    if underway and underway.type == RETAINING:
        kept.add(("PersistentVolumeClaim", situation.names.data))
    left = sorted(
        f"{kind}/{name}"
        for kind, name in situation.observed.children
        if (kind, name) not in kept and kind != "Job"
    )
    left += [f"Pod/{pod.name}" for pod in situation.observed.pods_of(Role.SERVER.value)]
    delivery = situation.observed.delivery
    if delivery and not delivery.final:
        return _wait(
            "HandoverStands", f"waiting for the applier to take up apps/ for {delivery.name}"
        )
    if not left:
        return proved()
    return _wait("StillThere", f"waiting for the applier to remove {', '.join(left)}")


def cleared(_situation: Situation) -> Verdict:
    """The directory is gone: as long as there is a record to ask about, it isn't."""
    return _wait("Removing", "waiting for the directory to leave Git")


def _job_result(situation: Situation, prefix: str, role: Role) -> Verdict:
    path = next((p for p in situation.record.children if p.startswith(f"Job/{prefix}-")), "")
    job = situation.observed.job(path.removeprefix("Job/"))
    if job is None or job.stamp != situation.record.children.get(path):
        return _wait("NotApplied", f"waiting for the applier: {path or prefix}")
    if job.succeeded and job.result is not None:
        return proved(job.result)
    if job.failed or job.succeeded:
        return _stall(_REASONS[role], f"{_job_failure(job)}; {_MENDING[role]}")
    if job.started_at and situation.now - job.started_at > JOB_LIMIT:
        return _stall("JobStuck", f"Job {job.name} has run since {job.started_at:%Y-%m-%dT%H:%MZ}")
    return _wait("JobRunning", f"Job {job.name} is running" + _because(job.message))


_REASONS = {Role.INIT: "InitFailed", Role.FINAL_BACKUP: "FinalBackupFailed"}
_MENDING = {
    Role.INIT: "mend spec.init and a new Job follows; if the cause lay elsewhere, delete the Job "
    "and the applier starts it anew",
    Role.FINAL_BACKUP: "mend the cause, then delete the Job and the applier starts it anew",
}


def _job_failure(job: Job) -> str:
    said = job.message or "it ended without a word"
    if job.succeeded:
        said = "it succeeded but reported no result in its termination message"
    return f"Job {job.name}: {said}"


def _pod_problem(pods: list[Pod]) -> Verdict:
    if not pods:
        return _wait("PodMissing", "waiting for the StatefulSet's Pod to be made")
    pod = pods[0]
    if pod.deleting:
        return _wait("PodEnding", f"waiting for Pod {pod.name} to end")
    text = f"Pod {pod.name} isn't ready" + _because(pod.message)
    if pod.message.startswith(_HOPELESS):
        return _stall("PodFailed", text)
    return _wait("PodNotReady", text)


def _because(message: str) -> str:
    return f": {message}" if message else ""


def _wait(reason: str, message: str) -> Verdict:
    return still_open(Problem(trouble=Trouble.WAITING, reason=reason, message=message))


def _stall(reason: str, message: str) -> Verdict:
    return still_open(Problem(trouble=Trouble.STALLED, reason=reason, message=message))
