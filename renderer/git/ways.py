"""How a repository is used: who we are, what is agreed to, and the world as arguments."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from renderer.git.fence import Owner
from renderer.git.guard import Removals


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Settings of one user of a repository; the clock, the sleep and the dice are for tests."""

    owner: Owner | None = None
    """Fence the path for this controller; None writes without a fence."""
    removals: Removals = field(default_factory=Removals)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    dice: random.Random = field(default_factory=random.Random)
