"""Flux: source-controller and kustomize-controller, as processes of the host."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from e2e.appliers.kubectl import Kubectl, namespace
from e2e.appliers.starting import Starts, free_ports, listening, module_folder

NAMESPACE = "flux-system"
SOURCE, KUSTOMIZE = "flux-source-controller", "flux-kustomize-controller"
_MODULES = {
    SOURCE: "github.com/fluxcd/source-controller",
    KUSTOMIZE: "github.com/fluxcd/kustomize-controller",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The built binaries."""

    source: Path
    kustomize: Path


def install(kubectl: Kubectl) -> None:
    """The CRDs and the namespace."""
    folders = [module_folder(tool, module) for tool, module in _MODULES.items()]
    kubectl.apply_files(folder / "config" / "crd" / "bases" for folder in folders)
    kubectl.established(
        "gitrepositories.source.toolkit.fluxcd.io",
        "kustomizations.kustomize.toolkit.fluxcd.io",
    )
    kubectl.apply(namespace(NAMESPACE))


def _in_memory(folder: Path) -> None:
    """Where the whole repository is unpacked for each Kustomization at each of its commits.

    In memory, as Flux advises where there are many of them; unmounted with all that lies in
    the run's folder.
    """
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=2g,mode=0700", "flux-tmp", str(folder))
    subprocess.run(mount, check=True, capture_output=True)


def start(run: Starts, kubectl: Kubectl, programs: Programs) -> None:
    """Install, then start both controllers."""
    install(kubectl)
    folder = run.folder / "flux"
    (folder / "storage").mkdir(parents=True)
    _in_memory(folder / "tmp")
    storage, source_health, kustomize_health = free_ports(3)
    address = f"127.0.0.1:{storage}"
    env = {
        **os.environ,
        "KUBECONFIG": str(kubectl.kubeconfig),
        "RUNTIME_NAMESPACE": NAMESPACE,
        "TMPDIR": str(folder / "tmp"),
    }
    common = ["--events-addr=", "--enable-leader-election=false", "--metrics-addr=127.0.0.1:0"]
    run.start(
        SOURCE,
        [
            str(programs.source),
            *common,
            f"--health-addr=127.0.0.1:{source_health}",
            f"--storage-path={folder / 'storage'}",
            f"--storage-addr={address}",
            f"--storage-adv-addr={address}",
        ],
        env,
        ready=listening(storage),
    )
    run.start(
        KUSTOMIZE,
        [str(programs.kustomize), *common, f"--health-addr=127.0.0.1:{kustomize_health}"],
        env,
        ready=listening(kustomize_health),
    )
