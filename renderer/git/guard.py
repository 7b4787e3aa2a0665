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
    """With at most so many directories in all, `percent` does not count."""

    def error(self, removed: Sequence[str], existing: int, shown: str) -> RemovalError | None:
        """The refusal for removing `removed` of `existing` directories; None when it may be."""
        share = 100 * len(removed) > self.percent * existing and existing > self.few
        if len(removed) <= self.directories and not share:
            return None
        names = ", ".join(sorted(removed)[:_SHOWN]) + (", …" if len(removed) > _SHOWN else "")
        problem = (
            f"this would remove {len(removed)} of {existing} SampleDBs at once ({names}); "
            f"at most {self.directories}, and at most {self.percent} %, go without approval"
        )
        remedy = "check that they are really meant to go, then approve the removal"
        return RemovalError(detail(shown, problem, remedy))
