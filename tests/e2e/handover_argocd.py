"""What a hand-over to Argo CD does its own way."""

from __future__ import annotations

from dataclasses import dataclass

from e2e.appliers.kubectl import Object
from e2e.handover import Handover, Tool

from renderer.delivery.handoff import ARGO_FINALIZER

ARGOCD = Tool(
    name="argocd",
    namespace="argocd",
    resource="applications.argoproj.io",
    asked="argocd.argoproj.io/refresh",
    more=("--argocd-project", "sampledb"),
)


@dataclass(slots=True, kw_only=True)
class ArgoHandover(Handover):
    """Applications."""

    def _look_again(self, name: str) -> None:
        change = {"metadata": {"annotations": {self.tool.asked: "normal"}}}
        self.kubectl.patch(self.tool.resource, name, self.tool.namespace, change)

        def done() -> bool:
            found = self.kubectl.get(self.tool.resource, name, self.tool.namespace) or {}
            metadata = found.get("metadata") or {}
            return self.tool.asked not in (metadata.get("annotations") or {})

        self.until(done, f"another look of Argo CD at {name}")

    def operations(self, name: str) -> object:
        """Each sync is an operation, and a line of the history."""
        status = (self.app(name) or {})["status"]
        return status["operationState"]["startedAt"], len(status["history"])

    def in_sync(self, name: str) -> bool:
        app = self.app(name) or {}
        return bool(app["status"]["sync"]["status"] == "Synced" and "operation" not in app)

    def finalise(self, wanted: Object) -> None:
        wanted["metadata"]["finalizers"] = [ARGO_FINALIZER]
