"""When a status is written: an event at once, words less often the longer nothing else happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from renderer.core.layout import Key

QUIET = 10.0
"""Seconds until a status is written again of which only words have changed; then twice as many."""
LONGEST = 40.0
"""Seconds between such writes at most: so old may words be."""
PATIENCE = 5.0
"""Seconds that a push may take before it is told that one is waited for."""


@dataclass(slots=True)
class Pace:
    """How long each SampleDB's status waits. Thread-safe; `clock` gives monotonic seconds."""

    clock: Callable[[], float] = time.monotonic
    _written: dict[Key, tuple[float, float]] = field(default_factory=dict)
    """When the status was written, and how many seconds words wait from then on."""
    _pushes: dict[Key, float] = field(default_factory=dict)
    """Since when a push is waited for, without a word of it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def push(self, key: Key, *, waiting: bool) -> float:
        """Seconds until it is told that a push is waited for: before, it is likely over."""
        now = self.clock()
        with self._lock:
            if not waiting:
                self._pushes.pop(key, None)
                return 0.0
            return max(0.0, self._pushes.setdefault(key, now) + PATIENCE - now)

    def words(self, key: Key) -> float:
        """Seconds until words may be written that have changed."""
        with self._lock:
            written, pause = self._written.get(key, (float("-inf"), QUIET))
        return max(0.0, written + pause - self.clock())

    def wrote(self, key: Key, *, words: bool) -> None:
        """A status was written, of which only words have changed, or more."""
        with self._lock:
            _, pause = self._written.get(key, (0.0, QUIET))
            following = min(2 * pause, LONGEST) if words else QUIET
            self._written[key] = (self.clock(), following)

    def forget(self, key: Key) -> None:
        """The SampleDB is gone."""
        with self._lock:
            self._written.pop(key, None)
            self._pushes.pop(key, None)
