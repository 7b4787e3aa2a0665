"""Stops a publish that would remove many SampleDBs' directories at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from renderer.git.errors import RemovalError, detail

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """How many directories one publish may remove without being approved."""

    directories: int = 10
    percent: int = 50
    few: int = 3
    """With at most so many directories in all, `percent` does not count; nor for a single one."""

    def error(self, removed: Sequence[str], existing: int, shown: str) -> RemovalError | None:
        """The refusal for removing `removed` of `existing` directories; None when it may be."""
        share = 100 * len(removed) > self.percent * existing
        counts = existing > self.few and len(removed) > 1
        if len(removed) <= self.directories and not (share and counts):
            return None
        names = ", ".join(sorted(removed)[:_SHOWN]) + (", …" if len(removed) > _SHOWN else "")
        problem = (
            f"this would remove {len(removed)} of {existing} SampleDBs at once ({names}); "
            f"at most {self.directories}, and at most {self.percent} %, go without approval"
        )
        remedy = (
            "check that they are really meant to go, then let them with guard.removals and "
            "guard.percent"
        )
        return RemovalError(detail(shown, problem, remedy))
