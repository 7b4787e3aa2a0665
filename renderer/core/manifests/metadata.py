"""What may stand in the metadata of an object, or of a Pod template, that goes into Git.

The numbers of the traps are those of the design page on Argo CD and Flux.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.core import fields
from renderer.core.errors import Detail

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
FLUX_PRUNE = "kustomize.toolkit.fluxcd.io/prune"

_SET_BY_SERVER = ("the API server sets it", "remove it")
_NO_HOOKS = ("appliers skip hooks or run them twice", "remove it")  # trap 1
_FIELDS = {
    "generateName": ("kustomize can't apply it", "give a name"),  # trap 11
    "ownerReferences": ("an owner that isn't there gets it deleted", "remove it"),  # trap 18
    "finalizers": ("nobody would ever take it off again", "remove it"),
    "creationTimestamp": _SET_BY_SERVER,
    "deletionGracePeriodSeconds": _SET_BY_SERVER,
    "deletionTimestamp": _SET_BY_SERVER,
    "managedFields": _SET_BY_SERVER,
    "resourceVersion": _SET_BY_SERVER,
    "selfLink": _SET_BY_SERVER,
    "uid": _SET_BY_SERVER,
}
_ANNOTATIONS = {
    "argocd.argoproj.io/hook": _NO_HOOKS,
    "argocd.argoproj.io/hook-delete-policy": _NO_HOOKS,
    "argocd.argoproj.io/sync-wave": (  # trap 2
        "waves wait for health, and a volume that waits for its Pod is never healthy",
        "remove it",
    ),
    "argocd.argoproj.io/tracking-id": ("Argo CD sets it", "remove it"),  # trap 19
    "helm.sh/hook": _NO_HOOKS,
    "helm.sh/hook-delete-policy": _NO_HOOKS,
    "helm.sh/hook-weight": _NO_HOOKS,
    "kubectl.kubernetes.io/last-applied-configuration": ("kubectl sets it", "remove it"),
}
_LABELS = (  # trap 19
    "argocd.argoproj.io/instance",
    "kustomize.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/namespace",
)
_RECREATING = frozenset({"Force=true", "Replace=true"})
_LABEL_VALUE = 63


def unwanted(metadata: Mapping[str, Any], path: str) -> Iterator[Detail]:
    """Yield what may not be in `metadata`, which lies at `path`."""
    for field, value in metadata.items():
        if field in _FIELDS:
            yield wrong(fields.child(path, field), value, *_FIELDS[field])
    yield from _annotations(metadata.get("annotations"), f"{path}.annotations")
    yield from _labels(metadata.get("labels"), f"{path}.labels")


def options(value: object) -> set[str]:
    """Take an annotation's comma-separated options apart."""
    return {option.strip() for option in str(value).split(",")}


def wrong(field: str, value: object, problem: str, remedy: str) -> Detail:
    """Build a detail whose value is shown."""
    return Detail(problem=problem, field=field, value=repr(value), remedy=remedy)


def _annotations(annotations: object, path: str) -> Iterator[Detail]:
    for name, value in annotations.items() if isinstance(annotations, dict) else ():
        if name in _ANNOTATIONS:
            yield wrong(fields.child(path, name), value, *_ANNOTATIONS[name])
        if name == SYNC_OPTIONS and _RECREATING & options(value):  # trap 8
            why = "would make it anew, and its data is gone"
            yield wrong(fields.child(path, name), value, why, "remove it")


def _labels(labels: object, path: str) -> Iterator[Detail]:
    for name, value in labels.items() if isinstance(labels, dict) else ():
        if name in _LABELS:
            why = "the applier sets it, and prunes what has it"
            yield wrong(fields.child(path, name), value, why, "remove it")
        if len(str(value)) > _LABEL_VALUE:
            why = f"is longer than {_LABEL_VALUE}"
            yield wrong(fields.child(path, name), value, why, "use a shorter value")
