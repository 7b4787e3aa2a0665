"""The node: containerd, kubelet, kube-proxy and CoreDNS in namespaces of their own.

Nothing of it is seen on this machine but the run's folder, its bridge and its
cgroup: the rest ends with the node's first process (node_init.py).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e import builder, node_config
from e2e.control_plane import ControlPlane
from e2e.network import Network, ip
from e2e.supervisor import Process, Run, StartError

_CGROUPS = Path("/sys/fs/cgroup")
_SYSTEM = ("containerd", "ctr", "runc", "iptables", "unshare", "nsenter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node that takes Pods."""

    network: Network
    folder: Path
    pid: int
    """The node's first process, as this machine counts."""

    @property
    def name(self) -> str:
        return self.network.link

    @property
    def socket(self) -> Path:
        """containerd's."""
        return self.folder / "containerd.sock"

    def inside(self, *command: str) -> list[str]:
        """The command that runs another one on the node."""
        spaces = ["--net", "--mount", "--pid"]
        return ["nsenter", f"--target={self.pid}", *spaces, "--", *command]

    def run(self, *command: str) -> str:
        """Run a command on the node to its end; what it prints. Raises `StartError`."""
        done = subprocess.run(
            self.inside(*command), capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode != 0:
            msg = f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}"
            raise StartError(msg)
        return done.stdout

    def load(self, archive: Path) -> None:
        """Import an image: a docker-archive or an OCI archive, as a tar file."""
        self.run(*self._ctr, "images", "import", str(archive))

    @property
    def _ctr(self) -> tuple[str, ...]:
        return ("ctr", f"--address={self.socket}", "--namespace=k8s.io")


def start(run: Run, plane: ControlPlane, network: Network, pause: Path) -> Node:
    """Start the node; returns when it is Ready. `pause` is the archive of the Pods' own image."""
    _demand(_SYSTEM)
    node = _enter(run, network)
    _join(node)
    node_config.write_containerd(node)
    run.start(
        "containerd",
        node.inside("containerd", f"--config={node.folder / 'containerd.toml'}"),
        ready=node.socket.exists,
    )
    node.load(pause)
    _start_kubelet(run, plane, node)
    _start_proxy(run, plane, node)
    _start_names(run, plane, node)
    return node


def _demand(programs: Sequence[str]) -> None:
    missing = [one for one in programs if shutil.which(one) is None]
    if missing:
        msg = f"not installed: {', '.join(missing)}; `make e2e-packages` installs Debian's packages"
        raise StartError(msg)


def _enter(run: Run, network: Network) -> Node:
    folder = run.folder / "node"
    folder.mkdir()
    first = run.start(
        "node",
        [
            *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *(sys.executable, "-I", "-S", str(Path(__file__).with_name("node_init.py"))),
            str(folder),
        ],
        ready=(folder / "prepared").exists,
    )
    children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    for controller in [_CGROUPS, *_CGROUPS.iterdir()]:
        if (controller / "cgroup.procs").exists():
            (controller / network.link).mkdir(exist_ok=True)
    run.note("cgroups", network.link)
    return Node(network=network, folder=folder, pid=int(children[0]))


def _join(node: Node) -> None:
    """A cable between the machine's bridge and the node, and routes both ways."""
    network = node.network
    outer = f"{network.link}v"
    ip(
        "link",
        "add",
        "name",
        outer,
        "type",
        "veth",
        "peer",
        "name",
        "uplink",
        "netns",
        str(node.pid),
    )
    ip("link", "set", outer, "master", network.link, "up")
    node.run("ip", "address", "add", f"{network.node}/24", "dev", "uplink")
    node.run("ip", "link", "set", "uplink", "up")
    node.run("ip", "route", "add", "default", "via", network.host)
    ip("route", "add", network.pods, "via", network.node)


def _start_kubelet(run: Run, plane: ControlPlane, node: Node) -> None:
    pair = plane.authority.issue(f"{node.name}-kubelet", addresses=[node.network.node, node.name])
    config = node_config.write_kubelet(node, pair, plane.authority.certificate)
    kubeconfig = plane.kubeconfig_for(f"system:node:{node.name}", "system:nodes")
    command = [
        str(builder.program("kubelet")),
        f"--config={config}",
        f"--kubeconfig={kubeconfig}",
        f"--root-dir={node.folder / 'kubelet'}",
        f"--cert-dir={node.folder / 'kubelet' / 'pki'}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.network.node}",
    ]
    run.start("kubelet", node.inside(*command), ready=lambda: _is_ready(plane, node), seconds=120)


def _is_ready(plane: ControlPlane, node: Node) -> bool:
    text = kubectl(plane, "get", "node", node.name, "--ignore-not-found", "-o", "json")
    conditions = json.loads(text)["status"].get("conditions", []) if text else []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def kubectl(plane: ControlPlane, *arguments: str, given: str = "") -> str:
    """kubectl as the administrator, of the cluster's own version. Raises `StartError`."""
    done = subprocess.run(
        [str(builder.program("kubectl")), f"--kubeconfig={plane.kubeconfig}", *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        msg = f"kubectl {' '.join(arguments)}: {done.stderr.strip()}"
        raise StartError(msg)
    return done.stdout


def _start_proxy(run: Run, plane: ControlPlane, node: Node) -> None:
    kubeconfig = plane.kubeconfig_for("system:kube-proxy")
    config = node_config.write_proxy(node, kubeconfig)
    command = [str(builder.program("kube-proxy")), f"--config={config}"]
    kubectl(plane, "apply", "--server-side", "-f", "-", given=node_config.api_address(plane.url))
    run.start("kube-proxy", node.inside(*command), ready=lambda: _has_rules(node))


def _has_rules(node: Node) -> bool:
    return "KUBE-SERVICES" in node.run("iptables-save", "-t", "nat")


def _start_names(run: Run, plane: ControlPlane, node: Node) -> Process:
    kubectl(plane, "apply", "--server-side", "-f", "-", given=node_config.names_rights())
    config = node_config.write_names(node, plane.kubeconfig_for("system:coredns"))
    command = [str(builder.program("coredns")), f"-conf={config}"]
    health = node.inside("sh", "-c", f"ss -lun | grep -q {node.network.node}:53")

    def listens() -> bool:
        return subprocess.run(health, capture_output=True, check=False).returncode == 0

    return run.start("coredns", node.inside(*command), ready=listens)
