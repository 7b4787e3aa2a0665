"""Storage that grows and is copied: a CSI driver of our own, and the real programs around it.

The driver (csi/) runs on the node, where the kubelet is, and makes a volume a
directory. Provisioner, resizer and snapshotter run on this machine and reach it
by its socket; the snapshot controller needs the API server only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from e2e import builder
from e2e.appliers.kubectl import Kubectl, Object
from e2e.appliers.starting import free_ports, module_folder
from e2e.control_plane import answers
from e2e.supervisor import Process, Run

if TYPE_CHECKING:
    from e2e.cluster import Cluster

PROGRAMS = ("csi", "csi-sidecars")
DRIVER = "directory.csi.sampledb.test"
CLASS = "standard"
"""The name of the default StorageClass, and of the only VolumeSnapshotClass."""
_GROUP = "snapshot.storage.k8s.io"
_DEFINITIONS = "github.com/kubernetes-csi/external-snapshotter/client/v8"
_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A running driver, and the programs that act on claims and snapshots."""

    folder: Path
    driver: Process
    provisioner: Process
    resizer: Process
    snapshotter: Process
    snapshots: Process
    """The snapshot controller."""

    def volume(self, handle: str) -> Path:
        """The data of a volume; `handle` is the PersistentVolume's."""
        return self.folder / "volumes" / handle / "data"

    def snapshot(self, handle: str) -> Path:
        """The data of a snapshot; `handle` is the VolumeSnapshotContent's."""
        return self.folder / "snapshots" / handle / "data"


def start(run: Run, cluster: Cluster) -> Storage:
    """Start everything; returns when claims are provisioned, grow, and can be snapshotted."""
    builder.build_all(PROGRAMS)
    kubectl = Kubectl(kubeconfig=cluster.plane.kubeconfig, program=str(builder.program("kubectl")))
    kubectl.apply(*_classes())
    _define_snapshots(kubectl)
    socket = cluster.node.folder / "csi.sock"
    at_driver = [f"--csi-address={socket}", "--timeout=60s"]
    alone = ["--feature-gates=CSIVolumeGroupSnapshot=false"]
    return Storage(
        folder=cluster.node.folder / "csi",
        driver=_start_driver(run, cluster, kubectl, socket),
        provisioner=_beside(run, kubectl, "csi-provisioner", at_driver),
        resizer=_beside(run, kubectl, "csi-resizer", at_driver),
        snapshotter=_beside(run, kubectl, "csi-snapshotter", at_driver),
        snapshots=_beside(run, kubectl, "snapshot-controller", alone),
    )


def _start_driver(run: Run, cluster: Cluster, kubectl: Kubectl, socket: Path) -> Process:
    node = cluster.node
    command = [
        str(builder.program("csi")),
        f"--folder={node.folder / 'csi'}",
        f"--socket={socket}",
        f"--register={node.folder / 'kubelet' / 'plugins_registry' / 'csi.sock'}",
        f"--node={node.name}",
    ]

    def registered() -> bool:
        seen = kubectl.get("csinode", node.name) or {"spec": {"drivers": None}}
        return any(one["name"] == DRIVER for one in seen["spec"]["drivers"] or ())

    return run.start("csi", node.inside(*command), ready=registered, seconds=_SECONDS)


def _beside(run: Run, kubectl: Kubectl, name: str, flags: Sequence[str]) -> Process:
    """Start a program that watches the API server; it counts as ready when it shows figures."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    command = [
        str(builder.program(name)),
        f"--kubeconfig={kubectl.kubeconfig}",
        f"--http-endpoint={address}",
        *flags,
    ]
    figures = f"http://{address}/metrics"
    return run.start(name, command, ready=lambda: answers(figures), seconds=_SECONDS)


def _define_snapshots(kubectl: Kubectl) -> None:
    folder = module_folder("csi-sidecars", _DEFINITIONS) / "config" / "crd"
    files = sorted(folder.glob(f"{_GROUP}_*.yaml"))
    kubectl.apply_files(files)
    kubectl.established(*(f"{file.stem.removeprefix(f'{_GROUP}_')}.{_GROUP}" for file in files))
    kubectl.apply(
        {
            "apiVersion": f"{_GROUP}/v1",
            "kind": "VolumeSnapshotClass",
            "metadata": {
                "name": CLASS,
                "annotations": {"snapshot.storage.kubernetes.io/is-default-class": "true"},
            },
            "driver": DRIVER,
            "deletionPolicy": "Delete",
        }
    )


def _classes() -> tuple[Object, Object]:
    """The driver as Kubernetes sees it, and the default class.

    Volumes wait for their first Pod, as those of a node's own disk and of most
    clouds do: a claim without a Pod stays Pending, which appliers and we have to
    bear. Nothing is attached; the kubelet gives the files to the Pod's fsGroup.
    """
    driver = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": DRIVER},
        "spec": {"attachRequired": False, "fsGroupPolicy": "File"},
    }
    chosen = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": DRIVER,
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    return driver, chosen
