"""What has happened to one resource lately, and those who wait to hear what happens next."""

from __future__ import annotations

import queue
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from renderer.local.api import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from threading import RLock

    from renderer.local.api.errors import Object

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One stored object: its JSON, which never changes, and what look-ups need of it."""

    namespace: str
    name: str
    uid: str
    version: int
    data: bytes
    labels: Mapping[str, str]
    owners: frozenset[str]
    deleting: bool

    @property
    def object(self) -> Object:
        """A copy of its own for the caller."""
        decoded: Object = orjson.loads(self.data)
        return decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change: `type` is ADDED, MODIFIED or DELETED, `version` its resourceVersion."""

    type: str
    version: int
    entry: Entry
    before: Entry | None = None

    @property
    def object(self) -> Object:
        """The object after the change (for DELETED: its last state), a copy for the caller."""
        return self.entry.object

    @property
    def data(self) -> bytes:
        """The same as JSON."""
        return self.entry.data


def _renumbered(entry: Entry, version: int) -> Entry:
    """What a selective watcher sees of an object that has left it: its last matching state."""
    value = entry.object
    value["metadata"]["resourceVersion"] = str(version)
    return replace(entry, version=version, data=orjson.dumps(value))


class Subscription:
    """A stream of events of one resource; iterate, or call `next`; `close` when done.

    What does not match the selection is left out; what begins to match comes as
    ADDED and what ceases to match as DELETED, as the real server has it.
    """

    def __init__(
        self, lock: RLock, match: Callable[[Entry], bool], current: Callable[[], int]
    ) -> None:
        """`current` gives the store's version; `lock` is the store's."""
        self._lock, self._match, self._current = lock, match, current
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.closed = False

    def offer(self, event: Event) -> None:
        """Called by the store, with its lock held."""
        now = self._match(event.entry)
        then = event.before is not None and self._match(event.before)
        if event.type == DELETED:
            kind = DELETED if then else ""
        elif now:
            kind = MODIFIED if then else ADDED
        else:
            kind = DELETED if then else ""
        if kind == event.type:
            self._queue.put(event)
        elif kind == DELETED and event.before is not None:
            last = _renumbered(event.before, event.version)
            self._queue.put(replace(event, type=kind, entry=last))
        elif kind:
            self._queue.put(replace(event, type=kind))

    def replay(self, entries: Iterable[Entry]) -> None:
        """Offer what exists already, as ADDED."""
        for entry in entries:
            if self._match(entry):
                self._queue.put(Event(type=ADDED, version=entry.version, entry=entry))

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event; None after `timeout` seconds without one, or when closed."""
        if self.closed and self._queue.empty():
            return None
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def __iter__(self) -> Iterator[Event]:
        """Events until `close`."""
        while (event := self.next()) is not None:
            yield event

    def bookmark(self) -> int | None:
        """The version up to which everything has been taken; None while events wait."""
        with self._lock:
            return self._current() if self._queue.empty() else None

    def close(self) -> None:
        """End the stream; a waiting reader wakes up."""
        self.closed = True
        self._queue.put(None)


class History:
    """The last `size` events of one resource."""

    def __init__(self, size: int) -> None:
        """`size` is what a watcher can be behind before it gets 410."""
        self._events: deque[Event] = deque(maxlen=size)
        self._oldest = 0
        self._subscriptions: list[Subscription] = []

    def publish(self, event: Event) -> None:
        """Keep it and tell everyone; the store's lock is held."""
        if len(self._events) == self._events.maxlen:
            self._oldest = self._events[0].version if self._events else event.version
        self._events.append(event)
        for subscription in tuple(self._subscriptions):
            if subscription.closed:
                self._subscriptions.remove(subscription)
            else:
                subscription.offer(event)

    def compact(self, version: int) -> None:
        """Forget everything up to now: older resourceVersions are answered with 410."""
        self._events.clear()
        self._oldest = version

    def attach(self, subscription: Subscription, since: int) -> None:
        """Offer what came after `since`, then everything new; 410 when that is too old."""
        if since < self._oldest:
            raise errors.too_old(since, self._oldest)
        for event in self._events:
            if event.version > since:
                subscription.offer(event)
        self._subscriptions.append(subscription)

    def detach_all(self) -> None:
        """End every stream."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
