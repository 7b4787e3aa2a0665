"""What the laptop's controllers need of an API server, and small facts about objects.

Objects are plain dicts as the API sends them. `Objects` is the seam: the
in-process store stands behind it (`stored.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

Object = dict[str, Any]
PODS = "pods"
CLAIMS = "persistentvolumeclaims"
SERVICES = "services"
CONFIG_MAPS = "configmaps"
SECRETS = "secrets"
STATEFUL_SETS = "statefulsets.apps"
JOBS = "jobs.batch"
CRON_JOBS = "cronjobs.batch"
STORAGE_CLASSES = "storageclasses.storage.k8s.io"
SNAPSHOTS = "volumesnapshots.snapshot.storage.k8s.io"
SNAPSHOT_CLASSES = "volumesnapshotclasses.snapshot.storage.k8s.io"
SNAPSHOT_CONTENTS = "volumesnapshotcontents.snapshot.storage.k8s.io"
FINISHED = ("Succeeded", "Failed")
"""The phases that a Pod never leaves."""


class Objects(Protocol):
    """Reading and writing objects. What is returned belongs to the caller."""

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        ...

    def list(self, resource: str, namespace: str = "") -> list[Object]:
        """All of a resource, in a namespace or everywhere."""
        ...

    def create(self, resource: str, new: Object) -> Object | None:
        """Create it; None when the name is taken."""
        ...

    def change(
        self, resource: str, old: Object, edit: Callable[[Object], None], *, status: bool = False
    ) -> Object | None:
        """Edit the live object (again on a conflict); None when `old`'s uid is no longer there.

        `status` writes the status and nothing else; without it the status is left alone.
        """
        ...

    def delete(self, resource: str, old: Object, *, now: bool = False) -> None:
        """Ask for deletion; `now` ends a Pod's grace period. Gone already is fine."""
        ...


def name_of(thing: Object) -> str:
    """metadata.name."""
    return str(thing["metadata"]["name"])


def namespace_of(thing: Object) -> str:
    """metadata.namespace; "" for what has none."""
    return str(thing["metadata"].get("namespace", ""))


def uid_of(thing: Object) -> str:
    """metadata.uid."""
    return str(thing["metadata"].get("uid", ""))


def deleting(thing: Object) -> bool:
    """Whether deletion has been asked for."""
    return bool(thing["metadata"].get("deletionTimestamp"))


def phase_of(thing: Object) -> str:
    """status.phase; "" before there is one."""
    return str((thing.get("status") or {}).get("phase", ""))


def finished(pod: Object) -> bool:
    """Whether a Pod has ended for good."""
    return phase_of(pod) in FINISHED


def ready(pod: Object) -> bool:
    """Whether a Pod's condition Ready is True."""
    return any(
        found["type"] == "Ready" and found["status"] == "True"
        for found in (pod.get("status") or {}).get("conditions") or ()
    )


def controller_uid(thing: Object) -> str:
    """The uid of the object that controls this one; "" when none does."""
    for owner in thing["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return str(owner["uid"])
    return ""


def controlled_by(owner: Object) -> list[Object]:
    """The ownerReferences that make `owner` the controller."""
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": name_of(owner),
            "uid": uid_of(owner),
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def selects(labels: Object | None, thing: Object) -> bool:
    """Whether equality-based `labels` (not empty) all stand on the object."""
    there = thing["metadata"].get("labels") or {}
    return bool(labels) and all(there.get(key) == value for key, value in (labels or {}).items())


def digest(value: object) -> str:
    """Ten hex digits over the canonical JSON: the name of a revision."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def timestamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC with whole seconds, as metav1.Time."""
    return (moment or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parsed_time(text: str) -> datetime:
    """The reverse of `timestamp`."""
    return datetime.fromisoformat(text)


def condition(kind: str, status: str, *, reason: str = "", message: str = "") -> Object:
    """One entry of status.conditions that changes now."""
    entry = {"type": kind, "status": status, "lastTransitionTime": timestamp()}
    return (
        entry | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})
    )


def kept_times(new: list[Object], old: list[Object] | None) -> list[Object]:
    """`new` conditions, with the transition times of the `old` where the status is the same."""
    before = {entry["type"]: entry for entry in old or ()}
    result = []
    for entry in new:
        was = before.get(entry["type"])
        same = was is not None and was["status"] == entry["status"]
        moment = was.get("lastTransitionTime") if was is not None and same else None
        result.append(entry | ({"lastTransitionTime": moment} if moment else {}))
    return result
