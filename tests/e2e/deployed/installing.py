"""The controller, installed as deploy/README.md says, once for each applier."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from e2e.appliers.git_host import WRITER, GitHost
from e2e.appliers.kubectl import Kubectl, Object
from e2e.handover import PATH, SYSTEM, Handover

from renderer.core import documents, emit

NAME = "sampledb-renderer"
IMAGE = f"docker.io/library/{NAME}:latest"
FINDS = f"app.kubernetes.io/name={NAME}"
_BOUND = "ClusterRoleBinding"


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

    def rolled_out(self) -> None:
        """Wait until every replica is ready."""
        status = ("rollout", "status", f"deployment/{NAME}", "-n", self.system)
        self.kubectl.run(*status, "--timeout=180s")


def install(handover: Handover, git: GitHost, team: str, folder: Path) -> Installation:
    """Install the controller for one namespace of SampleDBs; returns at once.

    The first installation is what `sampledb install` prints. Others differ in their
    namespace, and so in the names of their cluster-wide bindings.
    """
    tool = handover.tool
    system = SYSTEM if tool.name == "flux" else f"{SYSTEM}-{tool.name}"
    settings = folder / "settings.yaml"
    settings.write_bytes(emit.dump(_settings(handover, git, team)))
    printed = _printed(settings).replace(SYSTEM, system)
    wanted = [one.value for one in documents.read(printed.encode(), source="sampledb install")]
    for each in wanted:
        if each["kind"] == _BOUND and system != SYSTEM:
            each["metadata"]["name"] += f"-{tool.name}"
    kubectl = handover.kubectl
    kubectl.apply(*(each for each in wanted if each["kind"] == "Namespace"))
    kubectl.apply(_credentials(git, system), *wanted)
    return Installation(kubectl=kubectl, system=system)


def _settings(handover: Handover, git: GitHost, team: str) -> Object:
    # Pods reach the server over HTTPS, the appliers of this machine as they always do.
    delivery: Object = {"tool": handover.tool.name, "repositoryUrl": handover.url}
    if handover.tool.name == "argocd":
        delivery["project"] = "sampledb"
    return {
        "repository": {
            "url": git.over_https(handover.bare.folder.stem),
            "path": PATH,
            "username": WRITER[0],
            "tokenFile": "/etc/sampledb/git/token",
            "caFile": "/etc/sampledb/git/ca.crt",
            "cache": "/var/cache/sampledb",
        },
        "delivery": delivery,
        "cluster": {"namespace": team},
        "controller": {"fetch": "5s"},
    }


def _printed(settings: Path) -> str:
    program = Path(sys.executable).parent / "sampledb"
    command = [str(program), "install", "--settings", str(settings), "--image", IMAGE]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _credentials(git: GitHost, system: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "sampledb-git", "namespace": system},
        "stringData": {"token": WRITER[1], "ca.crt": git.authority},
    }
