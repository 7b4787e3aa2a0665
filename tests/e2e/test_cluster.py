"""The cluster itself: a Pod as strict as ours runs, finds names, and tells how it ended."""

from __future__ import annotations

import time
from typing import Any

from e2e.appliers.kubectl import Kubectl, namespace
from e2e.node_config import PAUSE

_SCRIPT = """
nslookup kubernetes.default.svc.cluster.local
touch /data/written
touch /refused || echo read-only
echo -n "done well" > /dev/termination-log
"""


def restricted_pod(name: str, space: str, script: str) -> dict[str, Any]:
    who = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {
        "name": "main",
        "image": PAUSE,
        "imagePullPolicy": "Never",
        "command": ["/bin/sh", "-c", script],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {**who, "fsGroup": 10001},
            "containers": [container],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
    }


def test_a_restricted_pod_runs_and_its_last_words_are_read(kubectl: Kubectl) -> None:
    enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
    kubectl.apply(namespace("strict", **enforce))
    kubectl.run("wait", "-n", "strict", "--for=create", "serviceaccount/default", "--timeout=30s")
    kubectl.apply(restricted_pod("one", "strict", _SCRIPT))

    pod = finished(kubectl, "one", "strict")

    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], ended["message"]) == ("Succeeded", "done well")
    said = kubectl.run("logs", "-n", "strict", "one")
    assert "10.96.0.1" in said
    assert "read-only" in said


def finished(kubectl: Kubectl, name: str, space: str, seconds: float = 60.0) -> dict[str, Any]:
    """The Pod, once it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pod = kubectl.get("pod", name, space) or {}
        if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            return pod
        time.sleep(0.2)
    raise AssertionError(kubectl.run("describe", "pod", "-n", space, name))
