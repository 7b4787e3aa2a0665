"""etcd, the API server, the controller manager and the scheduler."""

from __future__ import annotations

import secrets
import socket
import ssl
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from e2e import builder
from e2e.certificates import Authority, write_kubeconfig
from e2e.network import FIRST_SERVICE, SERVICES, Network
from e2e.supervisor import Process, Run

_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """A running API server, and what is needed to talk to it."""

    url: str
    token: str
    """The administrator's."""
    authority: Authority
    kubeconfig: Path
    """The administrator's."""
    etcd: Process
    api: Process

    def ready(self) -> bool:
        """Whether the API server says that it is ready."""
        return answers(f"{self.url}/readyz", self.authority.certificate, self.token)

    def kubeconfig_for(self, user: str, *groups: str) -> Path:
        """A kubeconfig with a certificate of this user."""
        return write_kubeconfig(
            self.kubeconfig.with_name(f"{user.replace(':', '-')}.kubeconfig"),
            url=self.url,
            authority=self.authority.certificate,
            user=self.authority.issue(user, groups=groups),
        )


def start(run: Run, network: Network, flags: Sequence[str] = ()) -> ControlPlane:
    """Start all four; returns when the API server, which also takes `flags`, is ready."""
    authority = Authority(run.folder / "certificates")
    etcd_url = f"http://127.0.0.1:{_free_port('127.0.0.1')}"
    etcd = _start_etcd(run, etcd_url)
    token, signing = secrets.token_hex(16), authority.signing_key()
    port = _free_port(network.host)
    url = f"https://{network.host}:{port}"
    command = [
        str(builder.program("kube-apiserver")),
        f"--etcd-servers={etcd_url}",
        f"--secure-port={port}",
        *_addresses(run, network),
        *_identities(run, authority, network, token),
        f"--service-account-key-file={signing}",
        f"--service-account-signing-key-file={signing}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction,PodNodeSelector",
        "--allow-privileged=true",
        "--profiling=false",
        *flags,
    ]
    api = run.start(
        "kube-apiserver",
        command,
        ready=lambda: answers(f"{url}/readyz", authority.certificate, token),
        seconds=_SECONDS,
    )
    kubeconfig = write_kubeconfig(
        run.folder / "kubeconfig", url=url, authority=authority.certificate, user=token
    )
    plane = ControlPlane(
        url=url, token=token, authority=authority, kubeconfig=kubeconfig, etcd=etcd, api=api
    )
    _start_controllers(run, plane, signing)
    return plane


def _start_etcd(run: Run, url: str) -> Process:
    peer = f"http://127.0.0.1:{_free_port('127.0.0.1')}"
    command = [
        str(builder.program("etcd")),
        f"--data-dir={run.folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]
    return run.start("etcd", command, ready=lambda: answers(f"{url}/health"))


def _addresses(run: Run, network: Network) -> list[str]:
    return [
        f"--bind-address={network.host}",
        f"--advertise-address={network.host}",
        f"--service-cluster-ip-range={SERVICES}",
        "--endpoint-reconciler-type=none",
        "--kubelet-preferred-address-types=InternalIP",
        f"--cert-dir={run.folder / 'certificates'}",
    ]


def _identities(run: Run, authority: Authority, network: Network, token: str) -> list[str]:
    tokens = run.folder / "certificates" / "tokens.csv"
    tokens.write_text(f'{token},admin,admin,"system:masters"\n')
    tokens.chmod(0o600)
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"]
    shown = authority.issue(
        "kube-apiserver", addresses=[*names, "127.0.0.1", network.host, FIRST_SERVICE]
    )
    kubelet = authority.issue("kube-apiserver-kubelet-client", groups=["system:masters"])
    return [
        f"--tls-cert-file={shown.certificate}",
        f"--tls-private-key-file={shown.key}",
        f"--client-ca-file={authority.certificate}",
        f"--token-auth-file={tokens}",
        f"--kubelet-client-certificate={kubelet.certificate}",
        f"--kubelet-client-key={kubelet.key}",
    ]


def _start_controllers(run: Run, plane: ControlPlane, signing: Path) -> None:
    special = {
        "kube-controller-manager": [
            f"--service-account-private-key-file={signing}",
            f"--root-ca-file={plane.authority.certificate}",
            "--use-service-account-credentials=true",
        ],
        "kube-scheduler": [],
    }
    for name, flags in special.items():
        kubeconfig = plane.kubeconfig_for(f"system:{name}")
        port = _free_port("127.0.0.1")
        command = [
            str(builder.program(name)),
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={run.folder / name}",
            "--leader-elect=false",
            *flags,
        ]
        health = f"https://127.0.0.1:{port}/healthz"
        run.start(name, command, ready=lambda url=health: answers(url), seconds=_SECONDS)


def answers(url: str, authority: Path | None = None, token: str = "") -> bool:
    """Whether a GET is answered with 200. Without an authority any certificate will do."""
    context = ssl.create_default_context(cafile=authority)
    if authority is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 # our own servers
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(request, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port(address: str) -> int:
    with closing(socket.socket()) as one:
        one.bind((address, 0))
        return int(one.getsockname()[1])
