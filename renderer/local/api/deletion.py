"""Deleting: finalizers, grace for running Pods, dependents, and whole namespaces.

The real server leaves dependents to a garbage collector that runs some moments later;
here it runs before the request returns, in one go.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from renderer.local.api import errors
from renderer.local.api.metadata import stamp
from renderer.local.api.writes import DeleteOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from renderer.local.api.errors import Object
    from renderer.local.api.history import Entry
    from renderer.local.api.resources import Registry, ResourceType
    from renderer.local.api.tables import Tables

FOREGROUND = "foregroundDeletion"
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_POD_GRACE_SECONDS = 30
_AT_ONCE = DeleteOptions()


class Remover:
    """Works on the tables of a store, whose lock the caller holds."""

    def __init__(self, tables: Tables, resources: Registry, now: Callable[[], datetime]) -> None:
        """`now` dates the deletions."""
        self._tables, self._resources, self._now = tables, resources, now

    def delete(self, kind: ResourceType, old: Object, options: DeleteOptions) -> Object:
        """Remove `old`, or mark it; returns its last or its marked state."""
        _check_preconditions(kind, old, options)
        if options.dry_run:
            return old
        head = old["metadata"]
        finalizers = _finalizers(old)
        dependents = self._tables.dependents(head["uid"])
        if options.propagation == "Orphan":
            self._orphan(head["uid"])
        elif options.propagation == "Foreground" and dependents and FOREGROUND not in finalizers:
            head["finalizers"] = [*finalizers, FOREGROUND]
        grace = _grace(kind, old, options)
        if _finalizers(old) or grace or self._in_use(kind, old):
            marked = self._mark(kind, old, grace)
            self._follow(kind, marked)
            current = self._tables.find(kind, head.get("namespace", ""), head["name"])
            return current.object if current is not None else marked
        return self.remove(kind, old)

    def finished(self, new: Object, old: Object) -> bool:
        """Whether this update takes the last finalizer off an object that is being deleted."""
        return (
            "deletionTimestamp" in new["metadata"]
            and not _finalizers(new)
            and bool(_finalizers(old))
            and not new["metadata"].get("deletionGracePeriodSeconds")
        )

    def remove(self, kind: ResourceType, value: Object) -> Object:
        """Take it out of the tables, then what belongs to it and what waited for it."""
        entry = self._tables.drop(kind, value)
        self._collect_dependents(entry.uid)
        self._release_owners(entry)
        self._release_container("namespaces", entry.namespace)
        self._release_container(_DEFINITIONS, kind.key)
        return value

    def collect_if_ownerless(self, kind: ResourceType, entry: Entry) -> None:
        """Remove an object whose every owner is gone (or never was)."""
        if not entry.owners or entry.deleting:
            return
        if any(self._tables.address(owner) is not None for owner in entry.owners):
            return
        self.delete(kind, entry.object, _AT_ONCE)

    def _mark(self, kind: ResourceType, old: Object, grace: int) -> Object:
        head = old["metadata"]
        if "deletionTimestamp" in head and not head.get("deletionGracePeriodSeconds"):
            return old
        if "deletionTimestamp" not in head:
            head["deletionTimestamp"] = stamp(self._now() + timedelta(seconds=grace))
        head["deletionGracePeriodSeconds"] = grace
        if head.get("generation"):
            head["generation"] += 1
        if kind.key == "namespaces":
            old["status"] = {**old.get("status", {}), "phase": "Terminating"}
        self._tables.put(kind, old)
        return old

    def _follow(self, kind: ResourceType, marked: Object) -> None:
        name = marked["metadata"]["name"]
        if kind.key == "namespaces":
            for key, entry in self._tables.in_namespace(name):
                self._delete_at(key, entry.namespace, entry.name)
        elif kind.key == _DEFINITIONS:
            for namespace, below in tuple(self._tables.rows(name)):
                self._delete_at(name, namespace, below)
        elif FOREGROUND in _finalizers(marked):
            for address in self._tables.dependents(marked["metadata"]["uid"]):
                self._delete_at(*address)

    def _delete_at(self, key: str, namespace: str, name: str) -> None:
        kind = self._resources[key]
        found = self._tables.find(kind, namespace, name)
        if found is not None:
            self.delete(kind, found.object, _AT_ONCE)

    def _orphan(self, uid: str) -> None:
        for key, namespace, name in self._tables.dependents(uid):
            kind = self._resources[key]
            found = self._tables.find(kind, namespace, name)
            if found is None:
                continue
            value = found.object
            value["metadata"]["ownerReferences"] = [
                owner for owner in value["metadata"]["ownerReferences"] if owner["uid"] != uid
            ]
            self._tables.put(kind, value)

    def _collect_dependents(self, uid: str) -> None:
        for key, namespace, name in self._tables.dependents(uid):
            kind = self._resources[key]
            found = self._tables.find(kind, namespace, name)
            if found is not None:
                self.collect_if_ownerless(kind, found)

    def _release_owners(self, entry: Entry) -> None:
        for uid in entry.owners:
            address = self._tables.address(uid)
            if address is None or self._tables.dependents(uid):
                continue
            kind = self._resources[address[0]]
            owner = self._tables.find(kind, address[1], address[2])
            if owner is None or not owner.deleting:
                continue
            value = owner.object
            if FOREGROUND not in _finalizers(value):
                continue
            value["metadata"]["finalizers"].remove(FOREGROUND)
            if _finalizers(value):
                self._tables.put(kind, value)
            else:
                self.remove(kind, value)

    def _in_use(self, kind: ResourceType, value: Object) -> bool:
        """Whether a namespace has objects, or a definition has instances."""
        name = value["metadata"]["name"]
        if kind.key == "namespaces":
            return any(True for _ in self._tables.in_namespace(name))
        return kind.key == _DEFINITIONS and bool(self._tables.rows(name))

    def _release_container(self, key: str, name: str) -> None:
        """Let a namespace or a definition go whose last object went."""
        kind = self._resources[key]
        found = self._tables.find(kind, "", name)
        if found is None or not found.deleting:
            return
        value = found.object
        if not self._in_use(kind, value) and not _finalizers(value):
            self.remove(kind, value)


def _finalizers(value: Object) -> list[str]:
    return list(value["metadata"].get("finalizers") or ())


def _grace(kind: ResourceType, value: Object, options: DeleteOptions) -> int:
    """Seconds of grace: only a Pod that a node runs gets any."""
    if kind.key != "pods" or options.grace == 0 or not value.get("spec", {}).get("nodeName"):
        return 0
    if value.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
        return 0
    if options.grace is not None:
        return options.grace
    return int(value["spec"].get("terminationGracePeriodSeconds", _POD_GRACE_SECONDS))


def _check_preconditions(kind: ResourceType, old: Object, options: DeleteOptions) -> None:
    head = old["metadata"]
    if options.uid and options.uid != head["uid"]:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({head['uid']}). The object might have been deleted and then recreated"
        )
        raise errors.other(kind, head["name"], why)
    if options.version and options.version != head["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({options.version}) does not match the "
            f"ResourceVersion in record ({head['resourceVersion']}). The object might have been "
            "modified"
        )
        raise errors.other(kind, head["name"], why)
