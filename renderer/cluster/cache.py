"""The objects of one resource, as last seen: by key, and by the SampleDB they belong to."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from renderer.cluster.client import Object
from renderer.core.layout import NAME_LABEL, Key

Changes = list[tuple[Object | None, Object | None]]
"""(before, after) for each object that changed; None on the side where it wasn't there."""


class Cache:
    """A thread-safe store with one writer. What it gives out is shared: never change it."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.Lock()
        self._objects: dict[Key, Object] = {}
        # Tuples, since most SampleDBs have one child of a kind: a dict each is 20 MB more.
        self._named: dict[Key, tuple[Object, ...]] = {}

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self._objects)

    def get(self, key: Key) -> Object | None:
        """The object of that namespace and name."""
        return self._objects.get(key)

    def all(self) -> list[Object]:
        """Every object."""
        with self._lock:
            return list(self._objects.values())

    def of(self, owner: Key) -> list[Object]:
        """The children of a SampleDB, by the label `sampledb.dev/name`, in name order."""
        with self._lock:
            return sorted(self._named.get(owner, ()), key=_name)

    def put(self, item: Object) -> Object | None:
        """Keep an object; returns the one that it replaces."""
        with self._lock:
            return self._put(item)

    def drop(self, item: Object) -> Object | None:
        """Forget an object; returns what was kept of it."""
        with self._lock:
            return self._drop(key_of(item))

    def replace(self, items: Iterable[Object]) -> Changes:
        """Keep exactly `items`; returns what that changed."""
        changes: Changes = []
        with self._lock:
            gone = set(self._objects)
            for item in items:
                gone.discard(key_of(item))
                before = self._put(item)
                if before is None or version_of(before) != version_of(item):
                    changes.append((before, item))
            changes += [(self._drop(key), None) for key in gone]
        return changes

    def _put(self, item: Object) -> Object | None:
        key = key_of(item)
        before = self._drop(key)
        self._objects[key] = item
        owner = owner_of(item)
        if owner is not None:
            self._named[owner] = (*self._named.get(owner, ()), item)
        return before

    def _drop(self, key: Key) -> Object | None:
        before = self._objects.pop(key, None)
        owner = owner_of(before) if before is not None else None
        if owner is not None:
            rest = tuple(each for each in self._named.pop(owner) if each is not before)
            if rest:
                self._named[owner] = rest
        return before


def key_of(item: Object) -> Key:
    """Namespace and name of an object; a cluster-wide one has the namespace ""."""
    metadata = item["metadata"]
    return Key(namespace=metadata.get("namespace", ""), name=metadata["name"])


def owner_of(item: Object) -> Key | None:
    """The SampleDB that an object belongs to by its label; None without the label."""
    metadata = item["metadata"]
    name = (metadata.get("labels") or {}).get(NAME_LABEL)
    return Key(namespace=metadata.get("namespace", ""), name=name) if name else None


def _name(item: Object) -> str:
    return str(item["metadata"]["name"])


def version_of(item: Object) -> str:
    """The object's resourceVersion."""
    return str(item["metadata"].get("resourceVersion", ""))
