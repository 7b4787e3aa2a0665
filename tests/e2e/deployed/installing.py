"""The controller, installed as deploy/README.md says, once for each applier, and over SSH."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.appliers.git_host import WRITER, GitHost
from e2e.appliers.kubectl import Kubectl, Object
from e2e.handover import PATH, SYSTEM, Handover

from renderer.core import documents, emit

NAME = "sampledb-renderer"
IMAGE = f"docker.io/library/{NAME}:latest"
FINDS = f"app.kubernetes.io/name={NAME}"
CREDENTIALS = "sampledb-git"
_BOUND = "ClusterRoleBinding"
_MOUNTED = "/etc/sampledb/git"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How the controller reaches its repository: settings, and what the Secret holds."""

    settings: Mapping[str, str]
    secret: Mapping[str, str]


def over_https(git: GitHost, handover: Handover) -> Access:
    """With a user's token."""
    settings = {
        "url": git.over_https(handover.bare.folder.stem),
        "username": WRITER[0],
        "tokenFile": f"{_MOUNTED}/token",
        "caFile": f"{_MOUNTED}/ca.crt",
    }
    return Access(settings=settings, secret={"token": WRITER[1], "ca.crt": git.authority})


def over_ssh(git: GitHost, handover: Handover) -> Access:
    """With a deploy key."""
    settings = {
        "url": git.over_ssh(handover.bare.folder.stem),
        "sshKeyFile": f"{_MOUNTED}/ssh-privatekey",
        "knownHostsFile": f"{_MOUNTED}/known_hosts",
    }
    secret = {"ssh-privatekey": git.key.read_text(), "known_hosts": git.known_hosts.read_text()}
    return Access(settings=settings, secret=secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One Deployment of the controller."""

    kubectl: Kubectl
    system: str
    """Its namespace."""

    @property
    def account(self) -> str:
        """Its user name."""
        return f"system:serviceaccount:{self.system}:{NAME}"

    def pods(self) -> list[Object]:
        """The controllers' Pods that are not on their way out."""
        found = self.kubectl.list("pods", self.system, FINDS)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def leader(self) -> str:
        """The Pod that holds the Lease; "" when none does."""
        lease = self.kubectl.get("lease", NAME, self.system) or {"spec": {}}
        return str(lease["spec"].get("holderIdentity") or "").rpartition("_")[0]

    def log(self) -> str:
        """What the controllers say."""
        return self.kubectl.run("logs", "-n", self.system, "-l", FINDS, "--prefix", "--tail=60")

    def give(self, credentials: Mapping[str, str]) -> None:
        """Write the Secret with the credentials of the repository."""
        self.kubectl.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": CREDENTIALS, "namespace": self.system},
                "stringData": dict(credentials),
            }
        )

    def rolled_out(self) -> None:
        """Wait until every replica is ready."""
        status = ("rollout", "status", f"deployment/{NAME}", "-n", self.system)
        self.kubectl.run(*status, "--timeout=180s")


def install(handover: Handover, team: str, access: Access, other: str = "") -> Installation:
    """Install the controller for one namespace of SampleDBs; returns at once.

    The first installation is what `sampledb install` prints. In others, `other` is in the
    names of the namespace, of the cluster-wide bindings, and of Flux's source.
    """
    system = f"{SYSTEM}-{other}" if other else SYSTEM
    folder = handover.folder / "deployed"
    folder.mkdir()
    settings = folder / "settings.yaml"
    settings.write_bytes(emit.dump(_settings(handover, team, access, other)))
    printed = _printed(settings).replace(SYSTEM, system)
    wanted = [one.value for one in documents.read(printed.encode(), source="sampledb install")]
    for each in wanted:
        if each["kind"] == _BOUND and other:
            each["metadata"]["name"] += f"-{other}"
    kubectl = handover.kubectl
    kubectl.apply(*(each for each in wanted if each["kind"] == "Namespace"))
    installation = Installation(kubectl=kubectl, system=system)
    installation.give(access.secret)
    kubectl.apply(*wanted)
    return installation


def _settings(handover: Handover, team: str, access: Access, other: str) -> Object:
    # Pods reach the server in their own way, the appliers of this machine as they always do.
    delivery: Object = {"tool": handover.tool.name, "repositoryUrl": handover.url}
    if handover.tool.name == "argocd":
        delivery["project"] = handover.tool.more[-1]
    elif other:
        delivery["sourceName"] = f"sampledb-{other}"
    kept = {"path": PATH, "cache": "/var/cache/sampledb"}
    return {
        "repository": {**access.settings, **kept},
        "delivery": delivery,
        "cluster": {"namespace": team},
        "controller": {"fetch": "5s"},
    }


def _printed(settings: Path) -> str:
    program = Path(sys.executable).parent / "sampledb"
    command = [str(program), "install", "--settings", str(settings), "--image", IMAGE]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
