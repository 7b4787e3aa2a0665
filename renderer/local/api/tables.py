"""The objects in memory, their indexes and the one version that counts every change.

Nothing here decides anything; the caller holds the lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from renderer.local.api.history import ADDED, DELETED, MODIFIED, Entry, Event, History

if TYPE_CHECKING:
    from collections.abc import Iterator

    from renderer.local.api.errors import Object
    from renderer.local.api.resources import ResourceType

Address = tuple[str, str, str]
"""Resource key, namespace, name."""


class Tables:
    """Rows by resource, an index of uids and one of owners, and the event histories."""

    def __init__(self, window: int) -> None:
        """`window` is the number of events kept for each resource."""
        self._window = window
        self._rows: dict[str, dict[tuple[str, str], Entry]] = {}
        self._histories: dict[str, History] = {}
        self._addresses: dict[str, Address] = {}
        self._dependents: dict[str, set[Address]] = {}
        self.version = 1

    def history(self, resource: ResourceType) -> History:
        """The events of this resource."""
        found = self._histories.get(resource.key)
        if found is None:
            found = self._histories[resource.key] = History(self._window)
        return found

    def rows(self, resource: ResourceType | str) -> dict[tuple[str, str], Entry]:
        """Every object of this resource by (namespace, name)."""
        key = resource if isinstance(resource, str) else resource.key
        return self._rows.setdefault(key, {})

    def find(self, resource: ResourceType, namespace: str, name: str) -> Entry | None:
        """One object, or None."""
        return self.rows(resource).get((namespace, name))

    def put(self, resource: ResourceType, value: Object) -> Entry:
        """Store it under a new version and tell the watchers; `value` gets the version too."""
        self.version += 1
        entry = _entry(value, self.version)
        place = (entry.namespace, entry.name)
        rows = self.rows(resource)
        before = rows.get(place)
        rows[place] = entry
        self._index(resource, entry, before)
        kind = ADDED if before is None else MODIFIED
        self.history(resource).publish(
            Event(type=kind, version=self.version, entry=entry, before=before)
        )
        return entry

    def drop(self, resource: ResourceType, value: Object) -> Entry:
        """Remove it; the watchers get its last state under a new version."""
        self.version += 1
        entry = _entry(value, self.version)
        before = self.rows(resource).pop((entry.namespace, entry.name))
        self._unindex(resource, before)
        self._addresses.pop(before.uid, None)
        self.history(resource).publish(
            Event(type=DELETED, version=self.version, entry=entry, before=before)
        )
        return entry

    def address(self, uid: str) -> Address | None:
        """Where the object with this uid is, if it exists."""
        return self._addresses.get(uid)

    def dependents(self, uid: str) -> tuple[Address, ...]:
        """The objects that name this uid as an owner, in a stable order."""
        return tuple(sorted(self._dependents.get(uid, ())))

    def in_namespace(self, namespace: str) -> Iterator[tuple[str, Entry]]:
        """Every object in this namespace, with its resource's key."""
        for key, rows in tuple(self._rows.items()):
            for entry in tuple(rows.values()):
                if entry.namespace == namespace:
                    yield key, entry

    def compact(self) -> None:
        """Forget every event."""
        for history in self._histories.values():
            history.compact(self.version)

    def detach_all(self) -> None:
        """End every watch."""
        for history in self._histories.values():
            history.detach_all()

    def _index(self, resource: ResourceType, entry: Entry, before: Entry | None) -> None:
        if before is not None:
            self._unindex(resource, before)
        address = (resource.key, entry.namespace, entry.name)
        self._addresses[entry.uid] = address
        for owner in entry.owners:
            self._dependents.setdefault(owner, set()).add(address)

    def _unindex(self, resource: ResourceType, entry: Entry) -> None:
        address = (resource.key, entry.namespace, entry.name)
        for owner in entry.owners:
            remaining = self._dependents.get(owner, set())
            remaining.discard(address)
            if not remaining:
                self._dependents.pop(owner, None)


def _entry(value: Object, version: int) -> Entry:
    metadata = value["metadata"]
    metadata["resourceVersion"] = str(version)
    owners = metadata.get("ownerReferences") or ()
    return Entry(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        uid=metadata["uid"],
        version=version,
        data=orjson.dumps(value),
        labels=dict(metadata.get("labels") or {}),
        owners=frozenset(owner["uid"] for owner in owners),
        deleting="deletionTimestamp" in metadata,
    )
