"""Fixtures: a control plane of its own, to be broken on purpose. No node; KWOK plays one.

It stands beside the whole cluster, so that nobody else feels the faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from e2e import builder, kwok
from e2e import cluster as whole
from e2e.appliers import flux, git_host
from e2e.appliers.git_host import GitHost
from e2e.appliers.kubectl import Kubectl
from e2e.audit import Audit
from e2e.control_plane import ControlPlane
from e2e.handover import Handover
from e2e.handover_fixtures import prepared
from e2e.handover_flux import FLUX, FluxHandover
from e2e.handover_none import NONE, Unapplied
from e2e.supervisor import Run, folder_of

__all__ = ["admin", "audit", "breakable", "breakable_git", "plane", "played", "unapplied"]
_VOLUMES = 60


@pytest.fixture(scope="session")
def breakable() -> Iterator[Run]:
    """Starts what is broken on purpose; ends it with the session."""
    running = Run(folder_of("plane"))
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def audit(breakable: Run) -> Audit:
    """What our controllers asked of the API server."""
    return Audit(folder=breakable.folder)


@pytest.fixture(scope="session")
def plane(breakable: Run, audit: Audit) -> ControlPlane:
    """etcd, API server, controller manager and scheduler."""
    return whole.start_nodeless(breakable, audit.flags()).plane


@pytest.fixture(scope="session")
def breakable_git(breakable: Run) -> GitHost:
    """A Git server to order faults of."""
    return git_host.start(breakable)


@pytest.fixture(scope="session")
def admin(plane: ControlPlane) -> Kubectl:
    """kubectl with every right."""
    return Kubectl(kubeconfig=plane.kubeconfig, program=str(builder.program("kubectl")))


@pytest.fixture(scope="session")
def played(breakable: Run, admin: Kubectl, breakable_git: GitHost) -> Handover:
    """Flux applies, KWOK plays the node."""
    kwok.start(breakable, admin, volumes=_VOLUMES)
    programs = flux.Programs(
        source=builder.program(flux.SOURCE), kustomize=builder.program(flux.KUSTOMIZE)
    )
    flux.start(breakable, admin, programs)
    return prepared(FluxHandover, FLUX, breakable, admin, breakable_git)


@pytest.fixture(scope="session")
def unapplied(breakable: Run, admin: Kubectl, breakable_git: GitHost) -> Callable[[str], Unapplied]:
    """By a name: a repository and a namespace of its own, which nobody applies."""

    def make(name: str) -> Unapplied:
        made = prepared(Unapplied, NONE, breakable, admin, breakable_git, name)
        assert isinstance(made, Unapplied)
        return made

    return make
