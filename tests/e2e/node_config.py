"""The node's configuration files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from e2e.certificates import Pair
    from e2e.node import Node

PAUSE = "sampledb.test/busybox:1"
DOMAIN = "cluster.local"


def write_containerd(node: Node) -> None:
    """containerd's, and the Pods' network."""
    networks = node.folder / "cni"
    networks.mkdir()
    address = {"type": "host-local", "ranges": [[{"subnet": node.network.pods}]]}
    bridge = {
        "type": "bridge",
        "bridge": "pods",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {**address, "routes": [{"dst": "0.0.0.0/0"}]},
    }
    plugins = [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}]
    chain = {"cniVersion": "0.4.0", "name": "pods", "plugins": plugins}
    (networks / "10-pods.conflist").write_text(json.dumps(chain, indent=1))
    # Without CAP_SYS_RESOURCE a container can't be given a lower OOM score than containerd's.
    (node.folder / "containerd.toml").write_text(f"""\
version = 2
root = "{node.folder / "containerd"}"
state = "/run/containerd-state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{node.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{networks}"
""")


def write_kubelet(node: Node, shown: Pair, authority: Path) -> Path:
    """Nothing is evicted or collected: the disk and the memory are shared with everything else."""
    logs = node.folder / "pods"
    logs.mkdir()
    config = {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(shown.certificate),
        "tlsPrivateKeyFile": str(shown.key),
        "address": node.network.node,
        "containerRuntimeEndpoint": f"unix://{node.socket}",
        "podLogsDir": str(logs),
        "volumePluginDir": str(node.folder / "volume-plugins"),
        "clusterDNS": [node.network.node],
        "clusterDomain": DOMAIN,
        "resolvConf": "",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.name}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "shutdownGracePeriod": "0s",
        "syncFrequency": "10s",
    }
    return _write(node.folder / "kubelet.json", config)


def write_proxy(node: Node, kubeconfig: Path) -> Path:
    """Nothing of connection tracking is changed: those settings are the machine's."""
    untouched = {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s"}
    config = {
        "kind": "KubeProxyConfiguration",
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "mode": "iptables",
        "clusterCIDR": node.network.pods,
        "hostnameOverride": node.name,
        "conntrack": {**untouched, "tcpCloseWaitTimeout": "0s"},
    }
    return _write(node.folder / "kube-proxy.json", config)


def write_names(node: Node, kubeconfig: Path) -> Path:
    """CoreDNS answers for the cluster only."""
    path = node.folder / "Corefile"
    path.write_text(f"""\
.:53 {{
    bind {node.network.node}
    errors
    kubernetes {DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {kubeconfig}
        pods insecure
        ttl 2
    }}
}}
""")
    return path


def names_rights() -> str:
    """What CoreDNS may read."""
    read = ["list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "namespaces", "pods"], "verbs": read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
    ]
    role = {"metadata": {"name": "system:coredns"}, "rules": rules}
    bound = {
        "metadata": {"name": "system:coredns"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:coredns",
        },
        "subjects": [
            {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "User",
                "name": "system:coredns",
            }
        ],
    }
    version = "rbac.authorization.k8s.io/v1"
    return _list(
        {"apiVersion": version, "kind": "ClusterRole", **role},
        {"apiVersion": version, "kind": "ClusterRoleBinding", **bound},
    )


def api_address(url: str) -> str:
    """The endpoint behind the Service `kubernetes`: the API server doesn't write its own here."""
    at = urlsplit(url)
    return _list(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [at.hostname], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": at.port, "protocol": "TCP"}],
        }
    )


def _list(*items: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def _write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content, indent=1))
    return path
