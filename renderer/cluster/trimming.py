"""What is kept of each object in memory: what `children` reads, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from renderer.cluster.client import Object, Trim
from renderer.core.layout import (
    DATA_VERSION_ANNOTATION,
    GENERATION_ANNOTATION,
    HASH_ANNOTATION,
    NAME_LABEL,
    ROLE_LABEL,
)

ARGO_OPTIONS = "argocd.argoproj.io/sync-options"
FLUX_PRUNE = "kustomize.toolkit.fluxcd.io/prune"
JOB_LABELS = ("batch.kubernetes.io/job-name", "job-name")

_NOISE = ("managedFields", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_METADATA = ("name", "resourceVersion", "deletionTimestamp")
_MORE: dict[str, tuple[str, ...]] = {
    "StatefulSet": ("generation",),
    "Job": ("uid",),
    "Pod": ("creationTimestamp", "ownerReferences"),
}
_LABELS = (NAME_LABEL, ROLE_LABEL, *JOB_LABELS)
_ANNOTATIONS = (
    HASH_ANNOTATION,
    GENERATION_ANNOTATION,
    DATA_VERSION_ANNOTATION,
    ARGO_OPTIONS,
    FLUX_PRUNE,
)
_SPEC: dict[str, tuple[str, ...]] = {
    "PersistentVolumeClaim": ("resources",),
    "StatefulSet": ("replicas",),
    "Job": ("suspend",),
}
_STATUS: dict[str, tuple[str, ...]] = {
    "PersistentVolumeClaim": ("phase", "capacity", "conditions"),
    "VolumeSnapshot": (
        "readyToUse",
        "boundVolumeSnapshotContentName",
        "creationTime",
        "restoreSize",
        "error",
    ),
    "StatefulSet": (
        "observedGeneration",
        "replicas",
        "readyReplicas",
        "updatedReplicas",
        "currentRevision",
        "updateRevision",
    ),
    "Job": ("conditions", "succeeded", "failed", "active", "startTime", "completionTime"),
    "Pod": (
        "phase",
        "reason",
        "message",
        "conditions",
        "initContainerStatuses",
        "containerStatuses",
        "startTime",
    ),
}


def child(kind: str) -> Trim:
    """The trim of a child's kind."""
    spec, status = _SPEC.get(kind, ()), _STATUS.get(kind, ())
    keys = (*_METADATA, *_MORE.get(kind, ()))

    def trim(item: Object) -> Object:
        before = item["metadata"]
        metadata = _only(before, keys)
        # One string for all objects of a namespace or a SampleDB, instead of one each.
        metadata["namespace"] = sys.intern(before.get("namespace", ""))
        labels = _only(before.get("labels") or {}, _LABELS)
        metadata["labels"] = {name: sys.intern(value) for name, value in labels.items()}
        metadata["annotations"] = _only(before.get("annotations") or {}, _ANNOTATIONS)
        kept: Object = {"metadata": metadata}
        if spec:
            kept["spec"] = _only(item.get("spec") or {}, spec)
        if status:
            kept["status"] = _only(item.get("status") or {}, status)
        return kept

    return trim


def whole(item: Object) -> Object:
    """The trim of what is read whole (SampleDBs, Applications): only the noise goes."""
    metadata = _without(item["metadata"], _NOISE)
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = _without(metadata["annotations"], (_LAST_APPLIED,))
    return item | {"metadata": metadata}


def _only(fields: Mapping[str, Any], keys: tuple[str, ...]) -> Object:
    return {key: fields[key] for key in keys if key in fields}


def _without(fields: Mapping[str, Any], keys: tuple[str, ...]) -> Object:
    return {key: value for key, value in fields.items() if key not in keys}
