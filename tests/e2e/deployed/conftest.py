"""Fixtures: images and storage on the node, the controller's Deployment, a team's databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from e2e.appliers.git_host import GitHost
from e2e.cluster import Cluster
from e2e.deployed import loading
from e2e.deployed.installing import install, over_https
from e2e.deployed.shop import Shop
from e2e.deployed.watching import Watch, watching
from e2e.handover import Handover
from e2e.pods import strict_namespace
from e2e.storage import Storage

NAME = "example-database"
SPEC = {
    "version": "16.11",
    "init": {
        "database": "shop",
        "owner": "shop",
        "sql": [
            "CREATE TABLE greetings (words text NOT NULL)",
            "INSERT INTO greetings (words) VALUES ('Hello from Git')",
        ],
    },
    "parameters": {"max_connections": "50"},
    "backup": {"schedule": "0 3 * * *", "target": {"pvc": {"size": "1Gi"}}},
}


@pytest.fixture(scope="session")
def furnished(cluster: Cluster, storage: Storage) -> Cluster:
    """The cluster with images and storage."""
    assert storage.driver.exit_code is None
    loading.load(cluster.node)
    return cluster


@pytest.fixture(scope="session")
def shop(furnished: Cluster, handover: Handover, git: GitHost) -> Shop:
    """A team's namespace beside the hand-over's own, with a controller in Pods."""
    assert furnished.plane.ready()
    team = strict_namespace(handover.kubectl, f"shop-{handover.tool.name}")
    other = "" if handover.tool.name == "flux" else handover.tool.name
    installation = install(handover, team, over_https(git, handover), other)
    installation.rolled_out()
    return Shop(handover=replace(handover, team=team, names=[]), installation=installation)


@pytest.fixture(scope="session")
def watch(shop: Shop) -> Iterator[Watch]:
    """Every status of the team's SampleDBs, from before the first."""
    with watching(shop.kubectl, shop.team, shop.handover.folder / "deployed" / "watch") as begun:
        yield begun


@pytest.fixture(scope="session")
def database(shop: Shop, watch: Watch) -> str:
    """The name of a SampleDB that is Ready, with a client beside it."""
    assert watch.file.exists()
    shop.handover.create(NAME, **SPEC)
    shop.settled(NAME)
    shop.open_client(NAME)
    return NAME
