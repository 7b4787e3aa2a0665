"""Pods as strict as ours, of the one small image, and how they ended."""

from __future__ import annotations

import time
from typing import Any

from e2e.appliers.kubectl import Kubectl, Object, namespace
from e2e.node_config import PAUSE

USER = 999
"""Who the Pods' programs run as: PostgreSQL's number in its image."""


def strict_namespace(kubectl: Kubectl, name: str) -> str:
    """A namespace that takes restricted Pods only, once it takes Pods at all."""
    enforce = {"pod-security.kubernetes.io/enforce": "restricted"}
    kubectl.apply(namespace(name, **enforce))
    kubectl.run("wait", "-n", name, "--for=create", "serviceaccount/default", "--timeout=30s")
    return name


def restricted_pod(name: str, space: str, script: str, claim: str = "", **container: Any) -> Object:
    """A Pod that runs a script once, with /data on a claim, or on nothing that lasts.

    `container` has more of the container's fields, or others.
    """
    who = {"runAsNonRoot": True, "runAsUser": USER, "seccompProfile": {"type": "RuntimeDefault"}}
    main = {
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
    kept = {"persistentVolumeClaim": {"claimName": claim}} if claim else {"emptyDir": {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {**who, "fsGroup": USER},
            "containers": [main | container],
            "volumes": [{"name": "data", **kept}],
        },
    }


def finished(kubectl: Kubectl, name: str, space: str, seconds: float = 60.0) -> Object:
    """The Pod, once it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pod = kubectl.get("pod", name, space) or {}
        if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            return pod
        time.sleep(0.2)
    raise AssertionError(kubectl.run("describe", "pod", "-n", space, name))


def last_words(pod: Object) -> tuple[str, str]:
    """How the Pod ended, and its termination message."""
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return pod["status"]["phase"], ended.get("message", "")
