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
from xdist.scheduler import LoadScopeScheduling

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


_FAULTS = ("test_faults", "test_scale.py")


class ByCluster(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """A cluster for each worker: what needs the same things on it runs in one, in its order."""

    def _split_scope(self, nodeid: str) -> str:
        where = nodeid.partition("e2e/")[2]
        if where.startswith(_FAULTS):
            return "faults"
        tool = next((tool for tool in ("argocd", "flux") if tool in where), "")
        pods = where.startswith("deployed/")
        return f"{tool or 'flux'} with Pods" if pods else f"hand-over {tool}" if tool else "neither"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByCluster:
    """With xdist: tests are handed out by cluster."""
    return ByCluster(config, log)


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
