"""The Job controller: one Pod at a time until one succeeds or too many have failed.

Follows k8s.io/kubernetes/pkg/controller/job for Jobs of one completion, which
are all that a template pack needs; finished Pods stay until their Job goes.
"""

from __future__ import annotations

import copy
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from renderer.local.containers import Backoff
from renderer.local.objects import (
    JOBS,
    PODS,
    Object,
    Objects,
    condition,
    controlled_by,
    controller_uid,
    deleting,
    finished,
    name_of,
    namespace_of,
    parsed_time,
    phase_of,
    ready,
    timestamp,
    uid_of,
)

DEFAULT_BACKOFF_LIMIT = 6
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The Pods of a Job, sorted by how they are."""

    active: tuple[Object, ...]
    succeeded: int
    failed: int
    """Pods that failed, or with restartPolicy OnFailure: restarts of the one Pod."""
    last_failure: datetime | None
    hopeless: bool
    """A Pod ended as the Job's podFailurePolicy says that no other is to follow."""


def step(objects: Objects, backoff: Backoff, now: datetime | None = None) -> None:
    """One pass over all Jobs."""
    pods: dict[str, list[Object]] = {}
    for pod in objects.list(PODS):
        pods.setdefault(controller_uid(pod), []).append(pod)
    for job in objects.list(JOBS):
        if not deleting(job) and not verdict(job):
            _one(objects, job, pods.get(uid_of(job), []), backoff, now or datetime.now(UTC))


def verdict(job: Object) -> str:
    """`Complete`, `Failed`, or "" while it goes on."""
    for entry in (job.get("status") or {}).get("conditions") or ():
        if entry["type"] in {"Complete", "Failed"} and entry["status"] == "True":
            return str(entry["type"])
    return ""


def _one(
    objects: Objects, job: Object, pods: list[Object], backoff: Backoff, now: datetime
) -> None:
    counted = _count(job, pods)
    status = _status(job, counted, now)
    failure = "" if counted.succeeded else _failure(job, counted, now)
    if failure:
        for pod in counted.active:
            if not deleting(pod):
                objects.delete(PODS, pod)
    if counted.succeeded or failure:
        if not counted.active:
            status |= _end(failure, status, now)
    elif not counted.active and _due(job, counted, backoff, now):
        objects.create(PODS, _pod(job))
        status |= {"active": 1}
    _report(objects, job, status)


def _count(job: Object, pods: list[Object]) -> Counted:
    failed = [pod for pod in pods if phase_of(pod) == "Failed"]
    active = tuple(pod for pod in pods if not finished(pod))
    restarts = sum(
        int(entry.get("restartCount", 0))
        for pod in active
        for entry in (pod.get("status") or {}).get("containerStatuses") or ()
    )
    before = int((job.get("status") or {}).get("failed", 0))
    return Counted(
        active=active,
        succeeded=sum(phase_of(pod) == "Succeeded" for pod in pods),
        failed=max(before, len(failed)) + restarts,
        last_failure=max((_finished_at(pod) for pod in failed), default=None),
        hopeless=any(_fails_the_job(job, pod) for pod in failed),
    )


def _fails_the_job(job: Object, pod: Object) -> bool:
    """Whether a FailJob rule over exit codes is about this Pod."""
    status = pod.get("status") or {}
    ended = {
        entry["name"]: entry["state"]["terminated"]["exitCode"]
        for key in ("initContainerStatuses", "containerStatuses")
        for entry in status.get(key) or ()
        if "terminated" in entry.get("state", {})
    }
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
    return any(
        rule["action"] == "FailJob" and _matches(rule.get("onExitCodes") or {}, ended)
        for rule in rules
    )


def _matches(codes: Object, ended: dict[str, int]) -> bool:
    only = codes.get("containerName")
    found = {code for name, code in ended.items() if code != 0 and only in {None, name}}
    values = set(codes.get("values") or ())
    return bool(found & values if codes.get("operator") == "In" else codes and found - values)


def _finished_at(pod: Object) -> datetime:
    times = [
        entry["state"]["terminated"]["finishedAt"]
        for entry in (pod.get("status") or {}).get("containerStatuses") or ()
        if "terminated" in entry.get("state", {})
    ]
    return parsed_time(max(times, default=pod["metadata"]["creationTimestamp"]))


def _failure(job: Object, counted: Counted, now: datetime) -> str:
    spec, started = job["spec"], (job.get("status") or {}).get("startTime")
    limit = spec.get("activeDeadlineSeconds")
    if counted.hopeless:
        return "PodFailurePolicy"
    if counted.failed > int(spec.get("backoffLimit", DEFAULT_BACKOFF_LIMIT)):
        return "BackoffLimitExceeded"
    if limit and started and now - parsed_time(started) >= timedelta(seconds=int(limit)):
        return "DeadlineExceeded"
    return ""


_MESSAGES = {
    "BackoffLimitExceeded": "Job has reached the specified backoff limit",
    "PodFailurePolicy": "A container ended with an exit code that matches a FailJob rule",
    "DeadlineExceeded": "Job was active longer than specified deadline",
}


def _status(job: Object, counted: Counted, now: datetime) -> Object:
    before = job.get("status") or {}
    going = sum(1 for pod in counted.active if deleting(pod))
    status = {
        **before,
        "startTime": before.get("startTime") or timestamp(now),
        "active": len(counted.active) - going,
        "terminating": going,
        "ready": sum(1 for pod in counted.active if ready(pod)),
        "succeeded": counted.succeeded,
        "failed": counted.failed,
        "uncountedTerminatedPods": {},
    }
    if job["spec"].get("template", {}).get("spec", {}).get("restartPolicy") == "OnFailure":
        status["failed"] = before.get("failed", 0)
    return {
        key: value for key, value in status.items() if value != 0 or key in {"ready", "terminating"}
    }


def _end(failure: str, status: Object, now: datetime) -> Object:
    if failure:
        text = _MESSAGES[failure]
        ended = [
            condition(kind, "True", reason=failure, message=text)
            for kind in ("FailureTarget", "Failed")
        ]
        return {"conditions": [*(status.get("conditions") or ()), *ended]}
    reached = "CompletionsReached"
    text = "Reached expected number of succeeded pods"
    ended = [
        condition(kind, "True", reason=reached, message=text)
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    return {
        "completionTime": timestamp(now),
        "conditions": [*(status.get("conditions") or ()), *ended],
    }


def _due(job: Object, counted: Counted, backoff: Backoff, now: datetime) -> bool:
    if job["spec"].get("suspend"):
        return False
    if counted.last_failure is None:
        return True
    return now - counted.last_failure >= timedelta(seconds=backoff.after(counted.failed))


def _pod(job: Object) -> Object:
    template = copy.deepcopy(job["spec"]["template"])
    meta = template.get("metadata") or {}
    owned = {
        "batch.kubernetes.io/controller-uid": uid_of(job),
        "batch.kubernetes.io/job-name": name_of(job),
        "controller-uid": uid_of(job),
        "job-name": name_of(job),
    }
    suffix = "".join(secrets.choice(_SUFFIX) for _ in range(5))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name_of(job)[:57]}-{suffix}",
            "namespace": namespace_of(job),
            "labels": {**(meta.get("labels") or {}), **owned},
            "annotations": meta.get("annotations") or {},
            "ownerReferences": controlled_by(job),
        },
        "spec": template["spec"],
    }


def _report(objects: Objects, job: Object, status: Object) -> None:
    if status == (job.get("status") or {}):
        return

    def put(live: Object) -> None:
        live["status"] = status

    objects.change(JOBS, job, put, status=True)
