"""The Application or Kustomization of one SampleDB, rendered into `apps/`.

It is itself applied by the one root object that a user creates once
(`examples/argocd`, `examples/flux`). Why each field is what it is: the page
"Argo CD and Flux" in docs/.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Any

from renderer.core import layout
from renderer.core.layout import Key

Object = dict[str, Any]

ARGO_FINALIZER = "resources-finalizer.argocd.argoproj.io"
NAMESPACE_LABEL = f"{layout.GROUP}/namespace"
_NAME_LIMIT = 63
"""Flux writes the name into a label of each object it applies."""


class Tool(Enum):
    """Who applies what is committed."""

    NONE = "none"
    """Somebody else; the stamps on the objects are the only proof."""
    ARGOCD = "argocd"
    FLUX = "flux"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """How the Applications or Kustomizations are to look."""

    tool: Tool
    repository: str = ""
    """Argo CD: the URL that it reads from; it must be one that it has credentials for."""
    branch: str = "main"
    namespace: str = ""
    """Where they live; "" means `argocd` or `flux-system`."""
    project: str = "default"
    """Argo CD: the AppProject."""
    destination: str = "https://kubernetes.default.svc"
    """Argo CD: the target cluster's URL, or its name."""
    source: str = "sampledb"
    """Flux: the GitRepository, in the same namespace."""
    service_account: str = ""
    """Flux: the account that applies; "" means the controller's own."""
    interval: int = 600
    """Flux: seconds between two reconciliations without a change."""
    retry: int = 30
    """Flux: seconds before a failed reconciliation is tried again."""

    @property
    def where(self) -> str:
        """The namespace of the Applications or Kustomizations."""
        match self.tool:
            case Tool.NONE:
                return ""
            case Tool.ARGOCD:
                return self.namespace or "argocd"
            case Tool.FLUX:
                return self.namespace or "flux-system"


def app_name(key: Key) -> str:
    """`<namespace>.<name>`: neither part may hold a dot, so no two SampleDBs share it.

    One that would not fit into a label is cut, and ends with a hash of the whole.
    """
    whole = f"{key.namespace}.{key.name}"
    if len(whole) <= _NAME_LIMIT:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{whole[: _NAME_LIMIT - 9].rstrip('-.')}-{digest}"


def app(handoff: Handoff, key: Key, directory: str, *, final: bool = False) -> Object | None:
    """The object that hands over `directory` (from the repository's root); None for `none`.

    With `final`, deleting it also deletes what is left of what it applied (the record,
    at the end of a deletion); without, nothing in the cluster is ever lost with it.
    Claims with prune protection stay either way.
    """
    match handoff.tool:
        case Tool.NONE:
            return None
        case Tool.ARGOCD:
            return _application(handoff, key, directory, final=final)
        case Tool.FLUX:
            return _kustomization(handoff, key, directory, final=final)


def is_final(tool: Tool, found: Object) -> bool:
    """Whether the live object is as `final` renders it: it takes along what it applied."""
    match tool:
        case Tool.NONE:
            return True
        case Tool.ARGOCD:
            return ARGO_FINALIZER in (found["metadata"].get("finalizers") or ())
        case Tool.FLUX:
            return (found.get("spec") or {}).get("deletionPolicy") == "Delete"


def _application(handoff: Handoff, key: Key, directory: str, *, final: bool) -> Object:
    metadata = _metadata(handoff, key)
    # Other SampleDBs' commits don't make this one's manifests anew.
    metadata["annotations"] = {"argocd.argoproj.io/manifest-generate-paths": "."}
    if final:
        metadata["finalizers"] = [ARGO_FINALIZER]
    target = "server" if "://" in handoff.destination else "name"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": {
            "project": handoff.project,
            "source": {
                "repoURL": handoff.repository,
                # A bare name could also be a tag.
                "targetRevision": f"refs/heads/{handoff.branch}",
                "path": directory,
            },
            "destination": {target: handoff.destination, "namespace": key.namespace},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true"],
                # One automatic attempt per commit: without retries the first hiccup
                # would be the last; refresh takes the newest commit along.
                "retry": {
                    "limit": 10,
                    "refresh": True,
                    "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m0s"},
                },
            },
        },
    }


def _kustomization(handoff: Handoff, key: Key, directory: str, *, final: bool) -> Object:
    spec: Object = {
        "sourceRef": {"kind": "GitRepository", "name": handoff.source},
        "path": f"./{directory}",
        "interval": f"{handoff.interval}s",
        "retryInterval": f"{handoff.retry}s",
        "timeout": "2m0s",
        "prune": True,
        # Waiting for health would hold a worker until the time-out: the operator proves health.
        "wait": False,
        # Forcing would recreate StatefulSets and claims.
        "force": False,
        "deletionPolicy": "Delete" if final else "Orphan",
    }
    if handoff.service_account:
        spec["serviceAccountName"] = handoff.service_account
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": _metadata(handoff, key),
        "spec": spec,
    }


def _metadata(handoff: Handoff, key: Key) -> Object:
    return {
        "name": app_name(key),
        "namespace": handoff.where,
        "labels": {
            layout.MANAGED_BY_LABEL: layout.MANAGED_BY,
            layout.NAME_LABEL: key.name,
            NAMESPACE_LABEL: key.namespace,
        },
    }
