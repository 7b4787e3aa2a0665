"""The real cluster, once a session; node, storage, Flux, Argo CD and Git when asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e import builder
from e2e import cluster as whole
from e2e import storage as volumes
from e2e.cluster import Cluster, Nodeless
from e2e.handover_fixtures import argocd_handover, flux_handover, git, handover, kubectl, standing
from e2e.plane_fixtures import (
    admin,
    audit,
    breakable,
    breakable_git,
    plane,
    played,
    unapplied,
)
from e2e.storage import Storage
from e2e.supervisor import Run, folder_of

__all__ = [
    "admin",
    "argocd_handover",
    "audit",
    "breakable",
    "breakable_git",
    "flux_handover",
    "git",
    "handover",
    "kubectl",
    "plane",
    "played",
    "standing",
    "unapplied",
]


_PODS = ("deployed", "test_cluster.py", "test_images.py", "test_storage.py")
_FAULTS = ("test_faults", "test_scale.py")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a cluster runs in one worker (`--dist loadgroup`): a cluster for each."""
    here = Path(__file__).parent
    for item in items:
        where = item.path.relative_to(here).as_posix()
        group = "pods" if where.startswith(_PODS) else "appliers"
        group = "faults" if where.startswith(_FAULTS) else group
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """Starts programs; ends them and removes everything at the end of the session."""
    running = Run(folder_of(f"tests{os.environ.get('PYTEST_XDIST_WORKER', '')}"))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def nodeless(run: Run) -> Nodeless:
    """The control plane alone, for what needs no Pods."""
    return whole.start_nodeless(run)


@pytest.fixture(scope="session")
def cluster(run: Run, nodeless: Nodeless) -> Cluster:
    """Control plane and node, ready for Pods."""
    return nodeless.with_node(run)


@pytest.fixture(scope="session")
def storage(run: Run, cluster: Cluster) -> Storage:
    """Claims are provisioned, grow, and can be snapshotted."""
    return volumes.start(run, cluster)


@pytest.fixture(scope="session")
def kubeconfig(nodeless: Nodeless) -> Path:
    """The administrator's."""
    return nodeless.plane.kubeconfig


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """A built program by its name."""
    return builder.program
