"""A repository that nobody applies: what matters is what is committed."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.appliers.kubectl import Object
from e2e.handover import Handover, Tool, condition_of

NONE = Tool(name="none", namespace="", resource="", asked="")


@dataclass(slots=True, kw_only=True)
class Unapplied(Handover):
    """Only Git and the API server."""

    def settle(self) -> None:
        self.install()

    def committed(self, name: str) -> str:
        """Wait until the commit is told for the newest generation; its id."""

        def look() -> str:
            found = self.get(name)
            said = condition_of(found, "Committed")
            current = said.get("observedGeneration") == found["metadata"]["generation"]
            git = (found.get("status") or {}).get("git") or {}
            return git.get("commit", "") if current and said["status"] == "True" else ""

        return str(self.until(look, f"{name} committed"))

    def refused(self, name: str, words: str) -> Object:
        """Wait until a user is told of a failed push in these words; the condition."""

        def look() -> Object | None:
            said = self.condition(name, "Committed")
            told = said.get("status") == "False" and words in said["message"]
            return said if told else None

        return dict(self.until(look, f"{name}: Committed says {words!r}"))

    def _applier(self) -> str:
        return "nobody applies"
