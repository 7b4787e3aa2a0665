"""A cluster for a person: `python tests/e2e/cluster.py up` and `down`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as the tests' conftest does

from e2e import builder, control_plane, leftovers, network, node, small_image, storage
from e2e.control_plane import ControlPlane
from e2e.deployed import loading
from e2e.network import Network
from e2e.node import Node
from e2e.supervisor import Run, StartError, folder_of

_KIND = "cluster"
_SECONDS = 1800.0  # with everything still to be built
PROGRAMS = ("etcd", "kubernetes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Everything that `start` started."""

    network: Network
    plane: ControlPlane
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodeless:
    """A control plane, and the network that a node will be on."""

    network: Network
    plane: ControlPlane

    def with_node(self, run: Run) -> Cluster:
        """Add the node; ready for Pods."""
        builder.build_all(["coredns"])
        pause = small_image.write(run.folder / "busybox.tar")
        added = node.start(run, self.plane, self.network, pause)
        return Cluster(network=self.network, plane=self.plane, node=added)


def start_nodeless(run: Run, flags: Sequence[str] = ()) -> Nodeless:
    """A control plane whose Pods stay pending; the API server also takes `flags`."""
    builder.build_all(PROGRAMS)
    link = network.connect(run)
    return Nodeless(network=link, plane=control_plane.start(run, link, flags))


def start(run: Run) -> Cluster:
    """Control plane and node, ready for Pods."""
    return start_nodeless(run).with_node(run)


def serve() -> None:
    """Run a cluster until this process is told to end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    run = Run(folder_of(_KIND))
    try:
        (run.folder / "pid").write_text(f"{os.getpid()} {leftovers.start_time(os.getpid())}")
        made = start(run)
        loading.load(made.node)
        storage.start(run, made)
        (run.folder / "ready").touch()
        signal.pause()
    finally:
        run.stop()


def _server() -> int:
    """The process that runs the cluster; 0 when there is none."""
    try:
        pid, _, started = (folder_of(_KIND) / "pid").read_text().partition(" ")
    except FileNotFoundError:
        return 0
    return int(pid) if leftovers.start_time(int(pid)) == started else 0


def up() -> None:
    """Start a cluster and leave it running."""
    folder = folder_of(_KIND)
    if not (_server() and (folder / "ready").exists()):
        _start_detached(folder)
    sys.stdout.write(f"export KUBECONFIG={folder / 'kubeconfig'}\n")
    sys.stdout.write(f"# kubectl of its version: {builder.program('kubectl')}\n")


def _start_detached(folder: Path) -> None:
    log = folder.with_name(f"{folder.name}.log")
    with log.open("w") as output:
        child = subprocess.Popen(
            [sys.executable, __file__, "serve"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _SECONDS
    while not (_server() == child.pid and (folder / "ready").exists()):
        if child.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the cluster didn't start; {log} ends with:\n{log.read_text()[-4000:]}")
        time.sleep(0.2)


def down() -> None:
    """End the cluster, and remove what a killed one left."""
    pid = _server()
    if pid:
        os.kill(pid, signal.SIGTERM)
    Run(folder_of(_KIND)).stop()  # waits for the lock, and removes what is left


if __name__ == "__main__":
    try:
        {"up": up, "down": down, "serve": serve}[sys.argv[1]]()
    except (StartError, builder.BuildError) as error:
        sys.exit(str(error))
