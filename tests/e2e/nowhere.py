"""Pods that no node runs: how they fare is told by hand, and the real controllers go on from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from e2e.appliers.kubectl import Kubectl, Object
from health_situations import WHEN

NODE_LABEL = ("sampledb.dev/node", "none")
"""What a node must carry to take the Pods of a hand-over's namespace: no kubelet's does."""
NO_NODE = {"scheduler.alpha.kubernetes.io/node-selector": "=".join(NODE_LABEL)}
"""Annotation of a namespace whose Pods no node may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nowhere:
    """The Pods and claims of one such namespace."""

    kubectl: Kubectl
    namespace: str

    def bind(self, claim: str) -> None:
        """Give a claim a volume."""
        wanted = (self.kubectl.get("pvc", claim, self.namespace) or {})["spec"]
        self.kubectl.apply(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": f"{self.namespace}-{claim}"},
                "spec": {
                    "accessModes": wanted["accessModes"],
                    "capacity": wanted["resources"]["requests"],
                    "storageClassName": wanted.get("storageClassName", ""),
                    "persistentVolumeReclaimPolicy": "Retain",
                    "claimRef": {"namespace": self.namespace, "name": claim},
                    "hostPath": {"path": "/var/empty"},
                },
            }
        )

    def pods(self, name: str, role: str) -> list[Object]:
        """The Pods of one role of a SampleDB."""
        return self.kubectl.list(
            "pods", self.namespace, f"sampledb.dev/name={name},sampledb.dev/role={role}"
        )

    def is_ready(self, pod: Object) -> None:
        """Its server accepts connections."""
        started = {"ready": True, "state": {"running": {"startedAt": WHEN}}}
        self._tell(pod, "Running", started, "Ready", "ContainersReady")

    def has_ended(self, pod: Object, code: int, message: str) -> None:
        """Its one container has ended with this exit code and these last words."""
        ended = {"exitCode": code, "message": message, "startedAt": WHEN, "finishedAt": WHEN}
        phase = "Failed" if code else "Succeeded"
        self._tell(pod, phase, {"ready": False, "state": {"terminated": ended}})

    def _tell(self, pod: Object, phase: str, container: dict[str, Any], *holds: str) -> None:
        (running,) = pod["spec"]["containers"]
        container |= {
            "name": running["name"],
            "image": running["image"],
            "imageID": "",
            "restartCount": 0,
        }
        conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", *holds)]
        status = {"phase": phase, "conditions": conditions, "containerStatuses": [container]}
        self.kubectl.run(
            *("patch", "pod", pod["metadata"]["name"], "-n", self.namespace),
            *("--subresource=status", "--type=merge", "-p"),
            json.dumps({"status": status}),
        )
