"""A deploy key from a Secret: the controller commits over SSH, and Flux reads over SSH."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from e2e.appliers.git_host import GitHost
from e2e.appliers.kubectl import Object
from e2e.cluster import Cluster
from e2e.deployed.installing import install, over_ssh
from e2e.deployed.shop import Shop
from e2e.handover import Handover
from e2e.handover_flux import FLUX, FluxHandover
from e2e.pods import strict_namespace
from e2e.supervisor import Run

NAME = "by-key"
KEY = "/etc/sampledb/git/ssh-privatekey"
GREETING = "SELECT words FROM greetings"


@dataclass(slots=True, kw_only=True)
class SshHandover(FluxHandover):
    """A second repository that Flux applies, with other names for all of its own objects."""

    git: GitHost

    def _example(self, name: str) -> str:
        text = FluxHandover._example(self, name)  # noqa: SLF001 - slots: super() has no class here
        for each in ("sampledb-root", "sampledb-deployments", "sampledb"):
            text = text.replace(f"  name: {each}\n", f"  name: {each}-ssh\n")
        return text

    def _access(self) -> Object:
        content = {
            "identity": self.git.key.read_text(),
            "known_hosts": self.git.known_hosts.read_text(),
        }
        where = {"name": "sampledb-deployments-ssh", "namespace": self.tool.namespace}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": where, "stringData": content}


@pytest.fixture(scope="module")
def ssh_shop(furnished: Cluster, flux_handover: Handover, run: Run, git: GitHost) -> Shop:
    """A team whose repository is reached over SSH alone."""
    assert furnished.plane.ready()
    folder = run.folder / "handover-ssh"
    folder.mkdir()
    repository = "deployments-ssh"
    handover = SshHandover(
        tool=FLUX,
        kubectl=flux_handover.kubectl,
        folder=folder,
        bare=git.create(repository),
        url=git.over_ssh(repository),
        team="team-ssh",
        git=git,
    )
    handover.settle()
    team = strict_namespace(handover.kubectl, "shop-ssh")
    installation = install(handover, team, over_ssh(git, handover), "ssh")
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
