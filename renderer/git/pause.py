"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from collections.abc import Iterator

from renderer.git.remote import Limits


def pauses(limits: Limits, dice: random.Random) -> Iterator[float]:
    """Seconds between attempts: doubling, each a random part of its step, one less than them."""
    step = limits.first_pause
    for _ in range(limits.attempts - 1):
        yield dice.uniform(step / 2, step)
        step = min(step * 2, limits.longest_pause)
