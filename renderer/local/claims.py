"""PersistentVolumeClaims: each is a folder of the run while it exists."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Protocol

from renderer.local.objects import (
    CLAIMS,
    PODS,
    STORAGE_CLASSES,
    Object,
    Objects,
    deleting,
    finished,
    name_of,
    namespace_of,
    phase_of,
    uid_of,
)
from renderer.local.programs import Account, give

PROTECTION = "kubernetes.io/pvc-protection"
"""The finalizer that keeps a claim while a Pod uses it."""


class Copies(Protocol):
    """What claims are made from (see `snapshots`)."""

    def source(self, claim: Object) -> Path | None:
        """The folder that a claim is to be made from; None while there is none that fits."""
        ...

    def copy(self, source: Path, target: Path) -> None:
        """Copy a folder's content."""
        ...


class Claims:
    """Binds, grows, protects and removes claims. Folders go with their claim."""

    def __init__(
        self, objects: Objects, folder: Path, owner: Account | None, copies: Copies
    ) -> None:
        """Claims' folders lie in `folder` and belong to `owner`."""
        self._objects, self._folder, self._owner = objects, folder, owner
        self._copies = copies
        self._lock = threading.Lock()
        self._paths: dict[str, Path] = {}
        self._count = 0

    def folder(self, claim: Object) -> Path:
        """Where a claim's files are; made when it is asked for first."""
        with self._lock:
            uid = uid_of(claim)
            if uid not in self._paths:
                # Short, since a Unix socket's path may have 107 characters.
                self._count += 1
                path = self._folder / f"{self._count}-{name_of(claim)}"
                path.mkdir()
                path.chmod(0o770)
                give(path, self._owner)
                source = self._copies.source(claim) if _made_from(claim) else None
                if source is not None:
                    self._copies.copy(source, path)
                self._paths[uid] = path
            return self._paths[uid]

    def step(self) -> None:
        """One pass over all claims."""
        used = {
            (namespace_of(pod), name)
            for pod in self._objects.list(PODS)
            if not finished(pod)
            for name in claimed(pod)
        }
        present = set()
        for claim in self._objects.list(CLAIMS):
            present.add(uid_of(claim))
            self._one(claim, in_use=(namespace_of(claim), name_of(claim)) in used)
        with self._lock:
            gone = [(uid, path) for uid, path in self._paths.items() if uid not in present]
            for uid, _ in gone:
                del self._paths[uid]
        for _, path in gone:
            shutil.rmtree(path, ignore_errors=True)

    def _one(self, claim: Object, *, in_use: bool) -> None:
        protected = PROTECTION in (claim["metadata"].get("finalizers") or ())
        if deleting(claim):
            if protected and not in_use:
                self._objects.change(CLAIMS, claim, _unprotect)
            return
        if not protected or (self._served(claim) and not claim["spec"].get("volumeName")):
            self._objects.change(CLAIMS, claim, self._protect_and_name)
        if self._served(claim) and _status(claim) != claim.get("status"):
            self.folder(claim)
            self._objects.change(CLAIMS, claim, _bind, status=True)

    def _served(self, claim: Object) -> bool:
        """A claim waits for the StorageClass that it names, and for what it is made from."""
        name = claim["spec"].get("storageClassName")
        if name and self._objects.get(STORAGE_CLASSES, "", name) is None:
            return False
        waits = _made_from(claim) and phase_of(claim) != "Bound"
        return not waits or self._copies.source(claim) is not None

    def _protect_and_name(self, claim: Object) -> None:
        finalizers = claim["metadata"].setdefault("finalizers", [])
        if PROTECTION not in finalizers:
            finalizers.append(PROTECTION)
        if self._served(claim):
            claim["spec"].setdefault("volumeName", f"pvc-{uid_of(claim)}")


def _made_from(claim: Object) -> bool:
    return (claim["spec"].get("dataSource") or {}).get("kind") == "VolumeSnapshot"


def claimed(pod: Object) -> list[str]:
    """The names of the claims that a Pod mounts."""
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in volume
    ]


def unbound(objects: Objects, pod: Object) -> str:
    """Why a Pod can't be scheduled yet, in the scheduler's words; "" when it can."""
    for name in claimed(pod):
        claim = objects.get(CLAIMS, namespace_of(pod), name)
        if claim is None:
            return f'0/1 nodes are available: persistentvolumeclaim "{name}" not found.'
        if deleting(claim):
            return f'0/1 nodes are available: persistentvolumeclaim "{name}" is being deleted.'
        if phase_of(claim) != "Bound":
            return "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    return ""


def _unprotect(claim: Object) -> None:
    claim["metadata"]["finalizers"] = [
        name for name in claim["metadata"].get("finalizers") or () if name != PROTECTION
    ]


def _status(claim: Object) -> Object:
    """What the status is to be: bound, and as large as is asked for (growing is at once)."""
    size = claim["spec"].get("resources", {}).get("requests", {}).get("storage", "")
    return {
        **(claim.get("status") or {}),
        "phase": "Bound",
        "accessModes": claim["spec"].get("accessModes", []),
        "capacity": {"storage": size},
    }


def _bind(claim: Object) -> None:
    claim["status"] = _status(claim)
