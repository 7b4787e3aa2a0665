"""Applications and Kustomizations in `apps/`: obeyed, and their status as the tools write it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from renderer.core.layout import Key
from renderer.core.observed import DeliveryState
from renderer.delivery import reading
from renderer.delivery.handoff import Handoff, Tool, app
from renderer.git.change import Change
from renderer.git.repository import Repository
from renderer.local.laptop import Laptop, Options

Object = dict[str, Any]
KEY = Key(namespace="team-a", name="orders")
DIRECTORY = "databases/team-a/orders"
APP = "apps/team-a.orders.yaml"
RESOURCES = {
    Tool.ARGOCD: "applications.argoproj.io",
    Tool.FLUX: "kustomizations.kustomize.toolkit.fluxcd.io",
}
BOTH = pytest.mark.parametrize("tool", [Tool.ARGOCD, Tool.FLUX], ids=["argocd", "flux"])


class Desk:
    """A laptop with one SampleDB's directory and its hand-off."""

    def __init__(self, laptop: Laptop, repository: Repository) -> None:
        self.laptop, self.repository = laptop, repository

    def commit(
        self, tool: Tool, value: str | None, *, final: bool = False, suspend: bool = False
    ) -> str:
        """Commit the directory with one ConfigMap, and its app; None removes both."""
        handed = app(Handoff(tool=tool, repository="x"), KEY, DIRECTORY, final=final)
        assert handed
        if suspend:
            handed["spec"]["suspend"] = True
        thing = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "team-a"},
            "data": {"k": value},
        }
        gone = value is None
        self.repository.fetch()
        change = Change(
            key=str(KEY),
            directory=DIRECTORY,
            files=None if gone else {"a.yaml": orjson.dumps(thing)},
            beside={APP: None if gone else orjson.dumps(handed)},
            based_on=self.repository.tree(DIRECTORY),
            subject="change",
        )
        self.repository.publish([change], approved=True)
        return self.repository.tip or ""

    def app(self, tool: Tool) -> Object | None:
        where = Handoff(tool=tool).where
        return self.laptop.objects.get(RESOURCES[tool], where, "team-a.orders")

    def live(self) -> Object | None:
        return self.laptop.objects.get("configmaps", "team-a", "a")

    def told(self, tool: Tool, commit: str) -> reading.Delivery:
        return reading.read(tool, self.app(tool), commit, self.repository.is_ancestor)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    spaces = ("team-a", "argocd", "flux-system")
    options = Options(node=False, applier=False, namespaces=spaces)
    with Laptop(options) as laptop, Repository.open(laptop.remote, tmp_path) as repository:
        yield Desk(laptop, repository)


@BOTH
def test_an_applied_commit_is_told_and_the_objects_lead_back(desk: Desk, tool: Tool) -> None:
    commit = desk.commit(tool, "1")
    desk.laptop.applier.sync()
    assert desk.told(tool, commit).state is DeliveryState.APPLIED
    live = desk.live()
    assert live
    marks = (live["metadata"].get("labels") or {}) | (live["metadata"].get("annotations") or {})
    assert any("team-a.orders" in value for value in marks.values())
    version = desk.laptop.store.version
    desk.laptop.applier.sync()
    assert desk.laptop.store.version == version


@BOTH
def test_a_refused_commit_is_told_with_the_reason(desk: Desk, tool: Tool) -> None:
    desk.commit(tool, "1")
    desk.laptop.applier.sync()
    desk.laptop.store.delete("configmaps", "a", "team-a")
    desk.laptop.store.delete("namespaces", "team-a")
    commit = desk.commit(tool, "2")
    desk.laptop.applier.sync()
    told = desk.told(tool, commit)
    assert told.state is DeliveryState.FAILED
    assert 'namespaces "team-a" not found' in told.message


@BOTH
@pytest.mark.parametrize("final", [True, False], ids=["final", "orphaned"])
def test_what_a_removed_hand_off_applied_goes_only_when_it_says_so(
    desk: Desk, tool: Tool, *, final: bool
) -> None:
    desk.commit(tool, "1", final=final)
    desk.laptop.applier.sync()
    desk.commit(tool, None)
    desk.laptop.applier.sync()
    assert desk.app(tool) is None
    assert (desk.live() is None) is final


def test_a_suspended_kustomization_is_left_alone(desk: Desk) -> None:
    desk.commit(Tool.FLUX, "1")
    desk.laptop.applier.sync()
    commit = desk.commit(Tool.FLUX, "2", suspend=True)
    desk.laptop.applier.sync()
    live = desk.live()
    assert live
    assert live["data"] == {"k": "1"}
    told = desk.told(Tool.FLUX, commit)
    assert told.state is DeliveryState.PENDING
    assert replace(told, message="").tool == "flux"
