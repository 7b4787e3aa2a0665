"""A deploy key from a Secret: the controller commits over SSH, the applier reads over SSH."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from e2e.appliers.git_host import GitHost
from e2e.appliers.kubectl import Object
from e2e.cluster import Cluster
from e2e.deployed.installing import install, over_ssh
from e2e.deployed.shop import Shop
from e2e.handover import Handover, Tool
from e2e.handover_argocd import ARGOCD, ArgoHandover
from e2e.handover_flux import FLUX, FluxHandover
from e2e.pods import strict_namespace
from e2e.supervisor import Run

NAME = "by-key"
KEY = "/etc/sampledb/git/ssh-privatekey"
GREETING = "SELECT words FROM greetings"


@dataclass(slots=True, kw_only=True)
class SshHandover(Handover):
    """A second repository for a tool, with other names for all of the example's objects."""

    git: GitHost

    def _example(self, name: str) -> str:
        text = Handover._example(self, name)  # noqa: SLF001 - slots: super() has no class here
        for each in ("sampledb-root", "sampledb-deployments", "sampledb"):
            for field in ("name", "project"):
                text = text.replace(f"  {field}: {each}\n", f"  {field}: {each}-ssh\n")
        return text

    def _access(self) -> Object:
        secret = Handover._access(self)  # noqa: SLF001
        secret["metadata"]["name"] = "sampledb-deployments-ssh"
        secret["stringData"] = self._key()
        return secret

    def _key(self) -> dict[str, str]:
        raise NotImplementedError


@dataclass(slots=True, kw_only=True)
class SshFlux(SshHandover, FluxHandover):
    """Flux reads the key and the host's from one Secret."""

    def _key(self) -> dict[str, str]:
        known = self.git.known_hosts.read_text()
        return {"identity": self.git.key.read_text(), "known_hosts": known}


@dataclass(slots=True, kw_only=True)
class SshArgo(SshHandover, ArgoHandover):
    """Argo CD knows hosts for all repositories."""

    hosts: Path
    """What the ConfigMap `argocd-ssh-known-hosts-cm` is mounted as."""

    def _key(self) -> dict[str, str]:
        self.hosts.write_text(self.git.known_hosts.read_text())
        return {"type": "git", "url": self.url, "sshPrivateKey": self.git.key.read_text()}


def _made(tool: Tool, other: Handover, run: Run, git: GitHost) -> SshHandover:
    folder = run.folder / f"handover-{tool.name}-ssh"
    folder.mkdir()
    repository = f"deployments-{tool.name}-ssh"
    common: dict[str, Any] = {
        "kubectl": other.kubectl,
        "folder": folder,
        "bare": git.create(repository),
        "url": git.over_ssh(repository),
        "team": f"team-{tool.name}-ssh",
        "git": git,
    }
    if tool.name == "flux":
        return SshFlux(tool=tool, **common)
    own = replace(tool, more=("--argocd-project", "sampledb-ssh"))
    return SshArgo(tool=own, hosts=run.folder / "argocd" / "ssh" / "ssh_known_hosts", **common)


@pytest.fixture(params=[FLUX, ARGOCD], ids=lambda tool: tool.name, scope="module")
def ssh_shop(request: pytest.FixtureRequest, furnished: Cluster, run: Run, git: GitHost) -> Shop:
    """A team whose repository is reached over SSH alone."""
    assert furnished.plane.ready()
    tool = request.param
    handover = _made(tool, request.getfixturevalue(f"{tool.name}_handover"), run, git)
    handover.settle()
    name = f"{tool.name}-ssh"
    team = strict_namespace(handover.kubectl, f"shop-{name}")
    # Flux's source of the example has the name that the installation is told.
    short = "ssh" if tool is FLUX else name
    installation = install(handover, team, over_ssh(git, handover), short)
    installation.rolled_out()
    return Shop(handover=replace(handover, team=team, names=[]), installation=installation)


def test_a_deploy_key_commits_and_another_host_key_is_refused(ssh_shop: Shop, git: GitHost) -> None:
    shop, good = ssh_shop, over_ssh(git, ssh_shop.handover).secret
    words = ["CREATE TABLE greetings (words text)", "INSERT INTO greetings VALUES ('by key')"]
    shop.handover.create(NAME, init={"sql": words})
    shop.settled(NAME)
    assert shop.as_superuser(NAME, GREETING, database="app") == "by key"
    assert len(shop.subjects(NAME)) == 3
    assert shop.status(NAME)["git"]["repository"].startswith("ssh://git@")
    for pod in shop.installation.pods():
        assert _key_in(shop, pod) == "-r--r-----"

    before = shop.handover.bare.tip()
    _mount(shop, {**good, "known_hosts": git.wrong_hosts.read_text()})
    shop.change(NAME, parameters={"work_mem": "5MB"})
    shop.until(lambda: "host key" in _said(shop), "the refused host key")
    assert "the server's host key isn't one that is trusted" in _said(shop)
    assert "update the known_hosts file" in _said(shop)
    assert shop.handover.bare.tip() == before

    _mount(shop, good)
    shop.settled(NAME)
    assert shop.as_superuser(NAME, "SHOW work_mem", database="app") == "5MB"
    assert shop.as_superuser(NAME, GREETING, database="app") == "by key"


def _said(shop: Shop) -> str:
    found = shop.condition(NAME, "Committed")
    return str(found["message"]) if found.get("status") == "False" else ""


def _mount(shop: Shop, credentials: Mapping[str, str]) -> None:
    """Another content of the Secret, which the kubelet writes when it looks at a Pod again."""
    shop.installation.give(credentials)
    for pod in shop.installation.pods():
        name, space = pod["metadata"]["name"], shop.installation.system
        again = {"metadata": {"annotations": {"example.com/looked-at": str(time.time_ns())}}}
        shop.kubectl.patch("pod", name, space, again)


def _key_in(shop: Shop, pod: Object) -> str:
    """The mode of the key, as the controller's container sees it."""
    inside = ("exec", "-n", shop.installation.system, pod["metadata"]["name"], "--")
    shown = shop.kubectl.run(*inside, "ls", "-lL", KEY)
    return shown.split()[0]
