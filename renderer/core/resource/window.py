"""When an upgrade may begin, in one string: `0 2 * * 6 4h Europe/Berlin`.

A cron schedule says when the window opens, a duration for how long, and a time zone of
which place, as in a sync window of Argo CD's. Without a time zone it is Etc/UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from renderer.core.resource import cron, duration

UTC_ZONE = "Etc/UTC"
PATTERN = f"^{cron.PATTERN[1:-1]} +{duration.PATTERN[1:-1]}( +[A-Za-z][-+_A-Za-z0-9/]*)?$"
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window that opens again and again."""

    schedule: str
    length: timedelta
    time_zone: str


@lru_cache(maxsize=1024)
def parse(text: str) -> Window:
    """Take a string that matches `PATTERN` apart."""
    parts = text.split()
    zone = UTC_ZONE if re.fullmatch(duration.PATTERN, parts[-1]) else parts.pop()
    length = duration.parse(parts.pop())
    return Window(schedule=" ".join(parts), length=length, time_zone=zone)


def problem(window: Window) -> str:
    """Say what a pattern can't see in a window, without its time zone; "" when it is fine."""
    if not SHORTEST <= window.length <= LONGEST:
        return "must be open for at least 1m and at most 7d"
    return cron.problem(window.schedule)
