"""One publisher a repository: gathers changes while a push is in flight, then pushes them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from renderer.core.errors import SampleDBError, transient
from renderer.core.layout import Key
from renderer.git.change import Change, Outcome, Refused

log = logging.getLogger(__name__)

Publish = Callable[[Sequence[Change]], tuple[Outcome, ...]]
Told = Callable[[Key, Change, Outcome], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How pushes are spaced (gitops.md, trap 25)."""

    interval: float = 0.0
    """Seconds from one push to the next, at least."""
    gather: float = 0.0
    """Seconds that the first change waits for others to join its push."""
    most: int = 2000
    """Changes in one push, at most."""


class Publisher:
    """Takes the newest change of each SampleDB and tells each outcome once.

    An idle publisher flushes at once. The thread ends only between pushes, so a push
    under way is finished on a clean stop.
    """

    def __init__(
        self,
        publish: Publish,
        told: Told,
        pace: Pace | None = None,
        may: Callable[[], bool] = lambda: True,
    ) -> None:
        """Prepare; `start` begins. `may` is asked right before each push: do we still lead?"""
        self._may = may
        self._publish = publish
        self._told = told
        self._pace = pace or Pace()
        self._condition = threading.Condition()
        self._waiting: dict[Key, Change] = {}
        self._flying: dict[Key, Change] = {}
        self._stopping = threading.Event()
        self._last = float("-inf")
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def __len__(self) -> int:
        """Changes that wait for the next push."""
        with self._condition:
            return len(self._waiting)

    def start(self) -> None:
        """Begin to push what is submitted."""
        self._thread.start()

    def submit(self, key: Key, change: Change) -> None:
        """Have `change` pushed; it replaces an older one of the same SampleDB."""
        with self._condition:
            self._waiting[key] = change
            self._condition.notify()

    def under_way(self, key: Key) -> bool:
        """Whether a change waits for a push or is being pushed, and isn't told of yet."""
        with self._condition:
            return key in self._flying or key in self._waiting

    def stop(self, timeout: float = 60.0) -> bool:
        """End after the push under way; True when the thread has ended in time."""
        self._stopping.set()
        with self._condition:
            self._condition.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            batch = self._gather()
            if batch:
                self._flush(batch)

    def _gather(self) -> dict[Key, Change]:
        with self._condition:
            while not self._waiting and not self._stopping.is_set():
                self._condition.wait()
        now = time.monotonic()
        pause = max(self._pace.gather, self._last + self._pace.interval - now)
        if pause > 0 and self._stopping.wait(pause):
            return {}
        with self._condition:
            keys = list(self._waiting)[: self._pace.most]
            self._flying = {key: self._waiting.pop(key) for key in keys}
            return dict(self._flying)

    def _flush(self, batch: dict[Key, Change]) -> None:
        outcomes: Sequence[Outcome]
        if not self._may():
            log.warning("nothing is pushed: this process isn't certain any more that it leads")
            self._land(*batch)
            return
        try:
            outcomes = self._publish(tuple(batch.values()))
        except SampleDBError as error:
            outcomes = [Refused(error=error)] * len(batch)
        except Exception:
            log.exception("a bug in the publisher; the changes of this push are tried again")
            bug = transient("the push failed on a bug, see the log", field="git")
            outcomes = [Refused(error=bug)] * len(batch)
        self._last = time.monotonic()
        for (key, change), outcome in zip(batch.items(), outcomes, strict=True):
            self._told(key, change, outcome)
            self._land(key)

    def _land(self, *keys: Key) -> None:
        with self._condition:
            for key in keys:
                self._flying.pop(key, None)
