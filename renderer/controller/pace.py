"""When a status is written: an event at once, words less often the longer nothing else happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from renderer.core.layout import Key

QUIET = 10.0
"""Seconds after which words that have changed are written, unless more has happened since."""
APPLIER = 120.0
"""The same while the applier goes on by itself: it has new words for each commit of anybody."""
LONGEST = 2
"""Where only words change again and again, they wait so many times as long at most."""
PATIENCE = 5.0
"""Seconds that a push may take before it is told that one is waited for."""


@dataclass(slots=True)
class StatusPace:
    """How long each SampleDB's status waits. Thread-safe; `clock` gives monotonic seconds."""

    clock: Callable[[], float] = time.monotonic
    _words: dict[Key, float] = field(default_factory=dict)
    """Since when the words differ from those that are written."""
    _times: dict[Key, int] = field(default_factory=dict)
    """How many times as long words wait."""
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

    def words(self, key: Key, *, applier: bool) -> float:
        """Seconds until words may be written that have changed; `applier`: of how far it is."""
        now = self.clock()
        with self._lock:
            pause = (APPLIER if applier else QUIET) * self._times.get(key, 1)
            return max(0.0, self._words.setdefault(key, now) + pause - now)

    def same(self, key: Key) -> None:
        """Nothing differs from what is written."""
        with self._lock:
            self._words.pop(key, None)

    def wrote(self, key: Key, *, words: bool) -> None:
        """A status was written, of which only words have changed, or more."""
        with self._lock:
            self._words.pop(key, None)
            self._times[key] = min(2 * self._times.get(key, 1), LONGEST) if words else 1

    def forget(self, key: Key) -> None:
        """The SampleDB is gone."""
        with self._lock:
            self._words.pop(key, None)
            self._times.pop(key, None)
            self._pushes.pop(key, None)
