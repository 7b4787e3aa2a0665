"""The API's objects → the facts that `decide` reads (core.observed)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from renderer.cluster import pods
from renderer.cluster.cache import Cache
from renderer.cluster.trimming import ARGO_OPTIONS, FLUX_PRUNE, JOB_LABELS
from renderer.core.layout import (
    DATA_VERSION_ANNOTATION,
    GENERATION_ANNOTATION,
    HASH_ANNOTATION,
    ROLE_LABEL,
    Key,
)
from renderer.core.observed import Child, Claim, Job, Observed, Server, Snapshot, Stamp

Fields = Mapping[str, Any]
Caches = Mapping[str, Cache]
"""Kind → the cache of its objects."""

_ARGO_PROTECTION = {"Prune=false", "Prune=confirm", "Delete=false", "Delete=confirm"}
_RESIZING = ("FileSystemResizePending", "Resizing", "ControllerResizeError", "NodeResizeError")


def observe(key: Key, caches: Caches, *, named: str = "") -> Observed:
    """Everything that is seen of a SampleDB's children; `delivery` is left to the caller.

    `named` is a VolumeSnapshot that its spec names, and that may be somebody else's.
    """
    items = [item for kind, cache in caches.items() if kind == "Pod" for item in cache.of(key)]
    children: dict[tuple[str, str], Child] = {}
    for kind, cache in caches.items():
        if kind == "Pod":
            continue
        for item in cache.of(key):
            found = child(kind, item, items)
            children[kind, found.name] = found
    snapshots = caches.get("VolumeSnapshot")
    other = snapshots.get(Key(namespace=key.namespace, name=named)) if snapshots else None
    if other is not None:
        children["VolumeSnapshot", named] = snapshot(other)
    return Observed(children=children, pods=tuple(pods.pod(item) for item in items))


def child(kind: str, item: Fields, pod_items: Sequence[Fields] = ()) -> Child:
    """One child; a Job needs the Pods that may be its own."""
    if kind == "Job":
        return job(item, pod_items)
    build = _BUILDERS.get(kind)
    return build(item) if build else Child(**_common(kind, item))


def claim(item: Fields) -> Claim:
    """A PersistentVolumeClaim."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    requests = (spec.get("resources") or {}).get("requests") or {}
    return Claim(
        **_common("PersistentVolumeClaim", item),
        phase=status.get("phase") or "Pending",
        requested=str(requests.get("storage", "")),
        capacity=str((status.get("capacity") or {}).get("storage", "")),
        resizing=_resizing(status),
    )


def snapshot(item: Fields) -> Snapshot:
    """A VolumeSnapshot."""
    status = item.get("status") or {}
    annotations = item["metadata"].get("annotations") or {}
    error = status.get("error") or {}
    return Snapshot(
        **_common("VolumeSnapshot", item),
        ready=status.get("readyToUse") is True,
        content=status.get("boundVolumeSnapshotContentName") or "",
        size=str(status.get("restoreSize") or ""),
        taken_at=pods.moment(status.get("creationTime")),
        error=str(error.get("message") or ""),
        failed_at=pods.moment(error.get("time")),
        data_version=annotations.get(DATA_VERSION_ANNOTATION, ""),
    )


def server(item: Fields) -> Server:
    """A StatefulSet."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    wanted = spec.get("replicas")
    replicas = 1 if wanted is None else int(wanted)
    return Server(
        **_common("StatefulSet", item),
        replicas=replicas,
        ready=int(status.get("readyReplicas") or 0),
        current=_is_current(item["metadata"], status, replicas),
    )


def job(item: Fields, pod_items: Sequence[Fields] = ()) -> Job:
    """A Job, with its result and its failure from the Pods that it made."""
    metadata, status = item["metadata"], item.get("status") or {}
    own = sorted((each for each in pod_items if _is_of_job(each, metadata)), key=_newest_last)
    done, failure = _true(status, "Complete"), _failure(status)
    best = _best(own)
    ended = condition_time(done or failure)
    return Job(
        **_common("Job", item),
        role=(metadata.get("labels") or {}).get(ROLE_LABEL, ""),
        succeeded=bool(done),
        failed=bool(failure),
        result=pods.result(best.get("status") or {}) if best else None,
        message="" if done else _job_message(failure, own),
        started_at=pods.moment(status.get("startTime")),
        finished_at=pods.moment(status.get("completionTime")) or ended,
    )


def stamp(metadata: Fields) -> Stamp | None:
    """The two stamp annotations; None when one is missing or unreadable."""
    annotations = metadata.get("annotations") or {}
    content_hash = annotations.get(HASH_ANNOTATION, "")
    generation = annotations.get(GENERATION_ANNOTATION, "")
    if not content_hash or not (generation.isascii() and generation.isdecimal()):
        return None
    return Stamp(content_hash=content_hash, generation=int(generation))


def protected(metadata: Fields) -> bool:
    """True when an applier keeps its hands off on pruning (gitops.md, trap 8)."""
    annotations = metadata.get("annotations") or {}
    if annotations.get(FLUX_PRUNE) == "disabled":
        return True
    options = annotations.get(ARGO_OPTIONS, "")
    return any(part.strip() in _ARGO_PROTECTION for part in options.split(",") if part)


def named_snapshot(sampledb: Fields) -> str:
    """The VolumeSnapshot that a SampleDB wants restored; "" without one."""
    restore = (sampledb.get("spec") or {}).get("restore")
    source = restore.get("from") if isinstance(restore, Mapping) else None
    name = source.get("volumeSnapshotName") if isinstance(source, Mapping) else None
    return name if isinstance(name, str) else ""


def condition_time(condition: Fields) -> datetime | None:
    """When a condition became what it is."""
    return pods.moment(condition.get("lastTransitionTime"))


def _common(kind: str, item: Fields) -> dict[str, Any]:
    metadata = item["metadata"]
    return {
        "kind": kind,
        "name": metadata["name"],
        "stamp": stamp(metadata),
        "deleting": "deletionTimestamp" in metadata,
        "protected": protected(metadata),
    }


def _is_current(metadata: Fields, status: Fields, replicas: int) -> bool:
    """The newest spec was seen, and as many Pods as wanted are there and run it.

    At zero replicas `replicas` must be 0 too: the object is Healthy while Pods
    still terminate (gitops.md, trap 10).
    """
    seen = int(status.get("observedGeneration") or 0) >= int(metadata.get("generation") or 0)
    there = int(status.get("replicas") or 0)
    updated = int(status.get("updatedReplicas") or 0)
    return seen and there == replicas and updated == replicas


def _resizing(status: Fields) -> str:
    for kind in _RESIZING:
        found = _true(status, kind)
        if found:
            return str(found.get("message") or found.get("reason") or kind)
    return ""


def _true(status: Fields, kind: str) -> Fields:
    found = pods.condition(status, kind)
    return found if found.get("status") == "True" else {}


def _failure(status: Fields) -> Fields:
    return _true(status, "Failed") or _true(status, "FailureTarget")


def _is_of_job(pod_item: Fields, job_metadata: Fields) -> bool:
    metadata = pod_item["metadata"]
    owners = metadata.get("ownerReferences")
    if owners:
        return any(owner.get("uid") == job_metadata.get("uid") for owner in owners)
    labels = metadata.get("labels") or {}
    return any(labels.get(label) == job_metadata["name"] for label in JOB_LABELS)


def _newest_last(pod_item: Fields) -> tuple[str, str]:
    metadata = pod_item["metadata"]
    return str(metadata.get("creationTimestamp", "")), metadata["name"]


def _best(own: Sequence[Fields]) -> Fields:
    """The Pod whose word counts: the one that succeeded, else the newest."""
    good = [each for each in own if (each.get("status") or {}).get("phase") == "Succeeded"]
    return (good or list(own) or [{}])[-1]


def _job_message(failure: Fields, own: Sequence[Fields]) -> str:
    """What the newest Pod says about itself, then why the Job was given up."""
    said = pods.message(own[-1].get("status") or {}) if own else ""
    why = str(failure.get("message") or failure.get("reason") or "") if failure else ""
    return "; ".join(part for part in (said, why) if part)


_BUILDERS: Mapping[str, Callable[[Fields], Child]] = {
    "PersistentVolumeClaim": claim,
    "StatefulSet": server,
    "VolumeSnapshot": snapshot,
}
