"""Fixtures: Git, Flux and Argo CD on the run's cluster, each started when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.appliers import argocd, flux, git_host
from e2e.appliers.git_host import GitHost
from e2e.appliers.kubectl import Kubectl
from e2e.appliers.starting import Starts
from e2e.awkward import AWKWARD
from e2e.cluster import Nodeless
from e2e.handover import Handover, Tool
from e2e.handover_argocd import ARGOCD, ArgoHandover
from e2e.handover_flux import FLUX, FluxHandover

__all__ = ["argocd_handover", "flux_handover", "git", "handover", "kubectl", "standing"]

STANDING = ("edited", "emptied", "left", "orphan")
Program = Callable[[str], Path]


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path, program: Program) -> Kubectl:
    """The administrator's, of the cluster's own version."""
    return Kubectl(kubeconfig=kubeconfig, program=str(program("kubectl")))


@pytest.fixture(scope="session")
def git(run: Starts, nodeless: Nodeless) -> GitHost:
    """The Git server, for this machine and for Pods."""
    return git_host.start(run, host=nodeless.network.host)


@pytest.fixture(scope="session")
def flux_handover(run: Starts, kubectl: Kubectl, git: GitHost, program: Program) -> Handover:
    """A repository that Flux applies."""
    programs = flux.Programs(source=program(flux.SOURCE), kustomize=program(flux.KUSTOMIZE))
    flux.start(run, kubectl, programs)
    return prepared(FluxHandover, FLUX, run, kubectl, git)


@pytest.fixture(scope="session")
def argocd_handover(run: Starts, kubectl: Kubectl, git: GitHost, program: Program) -> Handover:
    """A repository that Argo CD applies."""
    argocd.start(run, kubectl, program(argocd.TOOL))
    return prepared(ArgoHandover, ARGOCD, run, kubectl, git)


@pytest.fixture(params=["flux", "argocd"], scope="session")
def handover(request: pytest.FixtureRequest) -> Handover:
    """The same with each tool."""
    found = request.getfixturevalue(f"{request.param}_handover")
    assert isinstance(found, Handover)
    return found


@pytest.fixture(scope="session")
def standing(handover: Handover) -> Handover:
    """The same, with a SampleDB for each of several tests applied; no controller runs."""
    with handover.controller():
        for name in STANDING:
            handover.create(name)
        handover.create("awkward", **AWKWARD)
        for name in (*STANDING, "awkward"):
            handover.applied(name)
    return handover


def prepared(
    kind: type[Handover], tool: Tool, run: Starts, kubectl: Kubectl, git: GitHost, name: str = ""
) -> Handover:
    """A repository of its own, set up as the tool's README says; `name` is the tool's if empty."""
    short = name or tool.name
    folder = run.folder / f"handover-{short}"
    folder.mkdir()
    repository = f"deployments-{short}"
    made = kind(
        tool=tool,
        kubectl=kubectl,
        folder=folder,
        bare=git.create(repository),
        url=git.over_http(repository),
        team=f"team-{short}",
    )
    made.settle()
    return made
