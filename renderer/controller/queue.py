"""A work queue as client-go has it: each key once, never worked on twice at a time."""

from __future__ import annotations

import heapq
import math
import random
import threading
import time
from collections.abc import Callable

from renderer.core.layout import Key

FIRST_DELAY = 0.5
LONGEST_DELAY = 300.0


class WorkQueue:
    """Keys to reconcile, with de-duplication, delays and back-off per key.

    Args:
        clock: monotonic seconds.
        jitter: gives a factor around 1 for each back-off, so that keys that failed
            together don't come back together.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),  # noqa: S311 - no secret
    ) -> None:
        """Start empty and open."""
        self._clock = clock
        self._jitter = jitter
        self._condition = threading.Condition()
        self._ready: dict[Key, None] = {}
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._later: list[tuple[float, Key]] = []
        self._looks: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._closed = False

    def __len__(self) -> int:
        """Keys that wait for a worker now, without the delayed ones."""
        with self._condition:
            return len(self._ready)

    def add(self, key: Key) -> None:
        """Have `key` worked on; a key at work is taken again when it is done."""
        with self._condition:
            self._add(key)
            self._condition.notify()

    def look_again(self, key: Key, seconds: float) -> None:
        """Have `key` worked on in `seconds`, or sooner when that was asked for before."""
        with self._condition:
            due = self._clock() + max(0.0, seconds)
            if due < self._looks.get(key, math.inf):
                self._looks[key] = due
                heapq.heappush(self._later, (due, key))
                self._condition.notify()

    def retry(self, key: Key) -> float:
        """Have `key` worked on again after its back-off; returns the seconds."""
        with self._condition:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
            seconds = min(FIRST_DELAY * 2.0**failures, LONGEST_DELAY) * self._jitter()
            heapq.heappush(self._later, (self._clock() + seconds, key))
            self._condition.notify()
            return seconds

    def forget(self, key: Key) -> None:
        """Reset the back-off of `key`."""
        with self._condition:
            self._failures.pop(key, None)

    def get(self, timeout: float | None = None) -> Key | None:
        """Wait for a key and mark it as worked on; None on time-out or when closed."""
        deadline = None if timeout is None else self._clock() + timeout
        with self._condition:
            while not self._closed:
                self._promote()
                if self._ready:
                    key = next(iter(self._ready))
                    del self._ready[key]
                    self._working.add(key)
                    return key
                now = self._clock()
                if deadline is not None and now >= deadline:
                    return None
                self._condition.wait(self._patience(now, deadline))
            return None

    def done(self, key: Key) -> None:
        """End the work on `key`; it is ready again at once if it was added meanwhile."""
        with self._condition:
            self._working.discard(key)
            if key in self._again:
                self._again.discard(key)
                self._add(key)
                self._condition.notify()

    def close(self) -> None:
        """Let every `get` return None."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _add(self, key: Key) -> None:
        if key in self._working:
            self._again.add(key)
        else:
            self._ready[key] = None

    def _promote(self) -> None:
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due, key = heapq.heappop(self._later)
            if self._looks.get(key) == due:
                del self._looks[key]
            self._add(key)

    def _patience(self, now: float, deadline: float | None) -> float | None:
        times = [due for due in (deadline, self._later[0][0] if self._later else None) if due]
        return max(0.0, min(times) - now) if times else None
