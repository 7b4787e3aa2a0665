"""A node that is only played: KWOK writes what a kubelet would, and nothing runs.

Pods become Running and Ready, Pods of Jobs end well with the words that our scripts
leave (`_WORDS`), Pods that are deleted go. Volumes are there beforehand, for the
controller manager to bind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from e2e import builder
from e2e.appliers.kubectl import Kubectl
from e2e.appliers.starting import free_ports, module_folder
from e2e.control_plane import answers
from e2e.nowhere import NODE_LABEL
from e2e.supervisor import Process, Run

_MODULE = "sigs.k8s.io/kwok"
_STAGES = (
    "pod/fast/pod-ready",
    "pod/fast/pod-complete",
    "pod/fast/pod-delete",
    "node/fast/node-initialize",
    "node/heartbeat-with-lease/node-heartbeat-with-lease",
)
_NODE = "played"
_WORDS: dict[str, dict[str, Any]] = {
    "job-init": {"database": "app", "version": "18.4"},
    "job-final-backup": {
        "id": "20260101T000000Z-000001",
        "version": "18.4",
        "size": 4096,
        "sha256": "0" * 64,
        "verified": True,
    },
}
"""Termination message of a Job's Pod, by its role."""
_ENDED = "            reason: Completed\n"


def start(run: Run, kubectl: Kubectl, *, volumes: int) -> Process:
    """Start KWOK, with one node and so many volumes; returns when it answers."""
    kubectl.apply(_node(), *(_volume(number) for number in range(volumes)))
    config = run.folder / "kwok.yaml"
    config.write_text(_stages(module_folder("kwok", _MODULE) / "kustomize" / "stage"))
    (port,) = free_ports(1)
    command = [
        str(builder.program("kwok")),
        f"--kubeconfig={kubectl.kubeconfig}",
        f"--config={config}",
        "--manage-single-node=" + _NODE,
        "--node-lease-duration-seconds=40",
        "--node-ip=10.0.0.1",
        f"--server-address=127.0.0.1:{port}",
    ]
    return run.start("kwok", command, ready=lambda: answers(f"http://127.0.0.1:{port}/healthz"))


def _stages(folder: Path) -> str:
    """KWOK's own stages; the Pods of Jobs leave a word."""
    stages = "\n---\n".join((folder / f"{name}.yaml").read_text() for name in _STAGES)
    role = '(index $root.metadata.labels "sampledb.dev/role")'
    said = "".join(
        f"            {{{{ if eq {role} {json.dumps(name)} }}}}\n"
        f"            message: {json.dumps(json.dumps(words))}\n"
        "            {{ end }}\n"
        for name, words in _WORDS.items()
    )
    before, ended, after = stages.rpartition(_ENDED)
    assert ended
    assert "name: pod-complete" in before
    return before + ended + said + after


def _node() -> dict[str, Any]:
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": _NODE,
        "kubernetes.io/os": "linux",
        NODE_LABEL[0]: NODE_LABEL[1],  # the Pods of hand-overs, which no other node takes
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": _NODE, "labels": labels}}


def _volume(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"played-{number:04d}"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "100Gi"},
            "hostPath": {"path": "/played"},
            "persistentVolumeReclaimPolicy": "Retain",
        },
    }
