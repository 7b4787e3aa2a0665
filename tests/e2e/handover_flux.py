"""What a hand-over to Flux does its own way."""

from __future__ import annotations

import time
from dataclasses import dataclass

from e2e.appliers.kubectl import Object
from e2e.handover import Handover, Tool

FLUX = Tool(
    name="flux",
    namespace="flux-system",
    resource="kustomizations.kustomize.toolkit.fluxcd.io",
    asked="reconcile.fluxcd.io/requestedAt",
)


@dataclass(slots=True, kw_only=True)
class FluxHandover(Handover):
    """Kustomizations."""

    def _look_again(self, name: str) -> None:
        when = str(time.time_ns())
        change = {"metadata": {"annotations": {self.tool.asked: when}}}
        self.kubectl.patch(self.tool.resource, name, self.tool.namespace, change)

        def handled() -> bool:
            found = self.kubectl.get(self.tool.resource, name, self.tool.namespace) or {}
            return (found.get("status") or {}).get("lastHandledReconcileAt") == when

        self.until(handled, f"another look of Flux at {name}")

    def operations(self, name: str) -> object:
        """Flux tells in an Event what it created, configured or deleted; unchanged is silent."""
        told = self.kubectl.list("events", self.tool.namespace)
        return sorted(
            (event["message"], event.get("count"))
            for event in told
            if event["involvedObject"]["name"] == f"{self.team}.{name}"
            and any(word in event["message"] for word in (" created", " configured", " deleted"))
        )

    def in_sync(self, name: str) -> bool:
        conditions = (self.app(name) or {})["status"]["conditions"]
        return [c["status"] for c in conditions if c["type"] == "Ready"] == ["True"]

    def finalise(self, wanted: Object) -> None:
        wanted["spec"]["deletionPolicy"] = "Delete"
