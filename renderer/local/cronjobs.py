"""The CronJob controller: starts Jobs by hand (`start`), and keeps the history short.

Schedules are not followed: a laptop cluster lives for minutes. `start` does
what `kubectl create job --from=cronjob/NAME` does.
"""

from __future__ import annotations

import copy
import secrets
from datetime import datetime

from renderer.core.errors import invalid
from renderer.local.jobs import verdict
from renderer.local.objects import (
    CRON_JOBS,
    JOBS,
    Object,
    Objects,
    controlled_by,
    controller_uid,
    deleting,
    name_of,
    namespace_of,
    parsed_time,
    timestamp,
    uid_of,
)

_HISTORY = (("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1))
"""(what became of the Job, the field that says how many to keep, its default)."""


def start(objects: Objects, namespace: str, name: str) -> str:
    """Make a Job from a CronJob now; its name. `InvalidError` when there is no such CronJob."""
    owner = objects.get(CRON_JOBS, namespace, name)
    if owner is None:
        raise invalid("there is no such CronJob", field="cronjob", value=f"{namespace}/{name}")
    template = copy.deepcopy(owner["spec"]["jobTemplate"])
    meta = template.get("metadata") or {}
    job_name = f"{name[:52]}-{secrets.token_hex(4)}"
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name,
            "namespace": namespace,
            "labels": meta.get("labels") or {},
            "annotations": {
                **(meta.get("annotations") or {}),
                "cronjob.kubernetes.io/instantiate": "manual",
            },
            "ownerReferences": controlled_by(owner),
        },
        "spec": template["spec"],
    }
    objects.create(JOBS, job)
    return job_name


def step(objects: Objects) -> None:
    """One pass over all CronJobs: status and history."""
    jobs: dict[str, list[Object]] = {}
    for job in objects.list(JOBS):
        jobs.setdefault(controller_uid(job), []).append(job)
    for owner in objects.list(CRON_JOBS):
        if not deleting(owner):
            _one(objects, owner, jobs.get(uid_of(owner), []))


def _one(objects: Objects, owner: Object, jobs: list[Object]) -> None:
    for ended, field, default in _HISTORY:
        done = sorted((job for job in jobs if verdict(job) == ended), key=_age)
        keep = int(owner["spec"].get(field, default))
        for job in done[: max(len(done) - keep, 0)]:
            objects.delete(JOBS, job)
    status = _status(owner, jobs)
    if status == (owner.get("status") or {}):
        return

    def put(live: Object) -> None:
        live["status"] = status

    objects.change(CRON_JOBS, owner, put, status=True)


def _status(owner: Object, jobs: list[Object]) -> Object:
    before = owner.get("status") or {}
    status: Object = {
        "active": [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "namespace": namespace_of(job),
                "name": name_of(job),
                "uid": uid_of(job),
            }
            for job in jobs
            if not verdict(job)
        ]
    }
    made = [timestamp(_made(job)) for job in jobs] + [before.get("lastScheduleTime", "")]
    ended = [job["status"]["completionTime"] for job in jobs if verdict(job) == "Complete"] + [
        before.get("lastSuccessfulTime", "")
    ]
    status |= {"lastScheduleTime": max(made), "lastSuccessfulTime": max(ended)}
    return {key: value for key, value in status.items() if value}


def _age(job: Object) -> tuple[datetime, int]:
    # Times have whole seconds only; of two in one second, the one written last is newer.
    return _made(job), int(job["metadata"]["resourceVersion"])


def _made(job: Object) -> datetime:
    return parsed_time(job["metadata"]["creationTimestamp"])
