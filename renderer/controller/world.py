"""What a pass works with: the collaborators, wired once by `renderer.controller.run`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from renderer.cluster.cache import Cache
from renderer.cluster.client import Cluster, Object
from renderer.controller.metrics import Metrics
from renderer.core.conditions import timestamp
from renderer.core.desired import Desired
from renderer.core.layout import Key
from renderer.core.observed import Delivery, Observed
from renderer.git.change import Committed, Outcome, Refused, Superseded, Unchanged
from renderer.git.repository import Repository
from renderer.reconcile import Packs, Place


class Tell(Protocol):
    """Writes an Event about a SampleDB."""

    def __call__(self, about: Object, reason: str, message: str, *, warning: bool) -> None:
        """`reason` is a CamelCase word; the Event is a Warning when `warning`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is remembered of a SampleDB's last push."""

    commit: str = ""
    committed_at: str = ""
    error: str = ""


@dataclass(slots=True)
class Memory:
    """The outcome of each SampleDB's last push: comfort only, all of it can be found anew."""

    unseen: str = ""
    """Why the branch can't be read, and the way out; "" while it can."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: dict[Key, Told] = field(default_factory=dict)
    _news: dict[Key, str] = field(default_factory=dict)

    def get(self, key: Key) -> Told:
        """The last outcome; an empty one when none is known."""
        with self._lock:
            return self._told.get(key, Told())

    def forget(self, key: Key) -> None:
        """The SampleDB is gone."""
        with self._lock:
            self._told.pop(key, None)
            self._news.pop(key, None)

    def report(self, key: Key, news: str) -> None:
        """Have the next pass tell what was committed."""
        with self._lock:
            self._news[key] = news

    def news(self, key: Key) -> str:
        """What is still to be told of a commit, once; "" when there is nothing."""
        with self._lock:
            return self._news.pop(key, "")

    def put(self, key: Key, told: Told) -> None:
        """Keep what is known of a commit."""
        with self._lock:
            self._told[key] = told

    def take(self, key: Key, outcome: Outcome) -> str:
        """Keep an outcome; returns its name for the metric."""
        with self._lock:
            before = self._told.get(key, Told())
            match outcome:
                case Committed(commit=commit, committed_at=at):
                    self._told[key] = Told(commit=commit, committed_at=timestamp(at))
                    return "committed"
                case Unchanged():
                    self._told[key] = Told(commit=before.commit, committed_at=before.committed_at)
                    return "unchanged"
                case Superseded():
                    return "superseded"
                case Refused(error=error):
                    self._told[key] = Told(
                        commit=before.commit, committed_at=before.committed_at, error=str(error)
                    )
                    return "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that a pass looks at or acts on."""

    cluster: Cluster
    sampledbs: Cache
    observe: Callable[[Key], Observed]
    """The children of a SampleDB, as the caches have them, without the applier."""
    deliver: Callable[[Desired, str], Delivery | None]
    """What the applier says about a commit."""
    repository: Repository
    packs: Packs
    place: Place
    tell: Tell
    metrics: Metrics
    clock: Callable[[], datetime]
    branch: str
    url: str
    """The repository's URL without credentials."""
    secret: Callable[[Desired], Object]
    """The manifest of the credentials Secret, freshly made up."""
    memory: Memory = field(default_factory=Memory)
