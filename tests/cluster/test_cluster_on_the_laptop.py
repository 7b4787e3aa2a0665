"""The client and reflector against an API server with rules of its own.

The controller's account has exactly what deploy/rbac.yaml grants it, so that each
right that the code needs is proved to be there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from renderer.cluster import kinds, trimming
from renderer.cluster.client import Cluster, Object, Scope
from renderer.cluster.events import Recorder, Severity
from renderer.cluster.failure import ConflictError, DeniedError, NotFoundError
from renderer.cluster.reflector import Pace, Reflector
from renderer.core.errors import InvalidError
from renderer.core.layout import Key
from renderer.local.api.faults import Fault
from renderer.local.api.server import Server

CONFIG_MAPS = next(each for each in kinds.CHILDREN if each.kind == "ConfigMap")
FAST = Pace(first=0.01, longest=0.05, lasting=30, silence=10.0, healthy=1.0)


def sampledb(name: str = "orders") -> Object:
    return {
        "apiVersion": "sampledb.dev/v1",
        "kind": "SampleDB",
        "metadata": {"namespace": "team-a", "name": name},
        "spec": {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}},
    }


def config_map(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "namespace": "team-a",
            "name": name,
            "labels": {"sampledb.dev/name": "orders"},
        },
        "data": {"big": "x" * 1000},
    }


def test_the_controllers_rights_are_enough_for_all_that_it_does(
    admin: Cluster, controller: Cluster
) -> None:
    admin.create(kinds.SAMPLEDBS, sampledb())
    seen = controller.get(kinds.SAMPLEDBS, "team-a", "orders")
    seen = controller.set_finalizers(kinds.SAMPLEDBS, seen, ["sampledb.dev/final-backup"])
    seen = controller.patch_status(kinds.SAMPLEDBS, seen, {"phase": "Pending", "message": "m"})
    seen = controller.patch_status(kinds.SAMPLEDBS, seen, {"phase": "Ready"})
    assert seen["status"] == {"phase": "Ready"}
    recorder = Recorder(controller, "sampledb-renderer-0")
    for _ in range(3):
        recorder.tell(seen, Severity.NORMAL, "Ready", "the database answers")
    Recorder(controller, "another").tell(seen, Severity.NORMAL, "Ready", "the database answers")
    (event,) = admin.list(kinds.EVENTS)[0]
    assert event["count"] == 4
    secret = {"metadata": {"namespace": "team-a", "name": "s"}, "stringData": {"a": "b"}}
    assert controller.create_secret(secret)
    assert not controller.create_secret(secret)
    for resource in kinds.CHILDREN:
        controller.list(resource, Scope(labels="sampledb.dev/name"))
    assert controller.uid() == admin.get(kinds.NAMESPACES, "", "kube-system")["metadata"]["uid"]
    assert controller.version().startswith("v1.")


def test_the_controller_can_read_no_secret_and_change_no_workload(
    admin: Cluster, controller: Cluster
) -> None:
    seen = admin.create(CONFIG_MAPS, config_map("orders-config"))
    admin.create(kinds.SECRETS, {"metadata": {"namespace": "team-a", "name": "s"}})
    with pytest.raises(DeniedError, match=r"secrets.*deploy/rbac\.yaml"):
        controller.get(kinds.SECRETS, "team-a", "s")
    with pytest.raises(DeniedError):
        controller.patch(CONFIG_MAPS, seen, {"data": {}})


def test_an_unknown_token_is_told_what_to_do(laptop: Server) -> None:
    with pytest.raises(DeniedError, match=r"401.*log in again"):
        Cluster.at(laptop.url, token="wrong").list(kinds.SAMPLEDBS)


def test_a_write_at_a_stale_version_is_a_conflict_and_changes_nothing(
    admin: Cluster, controller: Cluster
) -> None:
    stale = admin.create(kinds.SAMPLEDBS, sampledb())
    controller.patch_status(kinds.SAMPLEDBS, stale, {"phase": "Ready"})
    with pytest.raises(ConflictError, match="somebody else changed it"):
        controller.patch_status(kinds.SAMPLEDBS, stale, {"phase": "Failed"})
    with pytest.raises(ConflictError):
        controller.set_finalizers(kinds.SAMPLEDBS, stale, ["sampledb.dev/final-backup"])
    now = controller.get(kinds.SAMPLEDBS, "team-a", "orders")
    assert now["status"] == {"phase": "Ready"}
    with pytest.raises(NotFoundError):
        controller.get(kinds.SAMPLEDBS, "team-a", "nope")


def test_what_the_schema_refuses_names_the_field(admin: Cluster) -> None:
    wrong = sampledb()
    wrong["spec"]["instances"] = "many"
    with pytest.raises(InvalidError, match=r"spec\.instances"):
        admin.create(kinds.SAMPLEDBS, wrong)


def test_a_reflector_stays_equal_to_the_server_through_every_fault(
    laptop: Server, admin: Cluster, controller: Cluster, eventually: Any
) -> None:
    told: list[tuple[bool, bool]] = []
    reflector = Reflector(
        controller,
        CONFIG_MAPS,
        changed=lambda before, after: told.append((before is None, after is None)),
        scope=Scope(labels="sampledb.dev/name"),
        trim=trimming.child("ConfigMap"),
        pace=FAST,
    )
    for number in range(5):
        admin.create(CONFIG_MAPS, config_map(f"before-{number}"))
    reflector.start()

    def equal() -> bool:
        there = {each["metadata"]["resourceVersion"] for each in admin.list(CONFIG_MAPS)[0]}
        here = {each["metadata"]["resourceVersion"] for each in reflector.cache.all()}
        return there == here

    def trouble(number: int) -> None:
        verb = "watch" if number % 2 else "list"
        faults: list[Callable[[], object]] = [
            laptop.drop_watches,
            laptop.expire_history,
            laptop.restart,
            lambda: laptop.faults.add(Fault(verb=verb, code=500, times=2)),
            lambda: laptop.faults.add(Fault(verb=verb, hangup=True, times=2)),
        ]
        faults[number % 5]()
        laptop.drop_watches()

    eventually(equal)
    for number in range(15):
        trouble(number)
        laptop.store.create("configmaps", config_map(f"after-{number}"))
        if number % 3 == 0:
            laptop.store.delete("configmaps", f"after-{number}", "team-a")
    laptop.faults.clear()
    eventually(equal)
    assert len(reflector.cache) == 15
    assert len(reflector.cache.of(Key(namespace="team-a", name="orders"))) == 15
    assert all("data" not in each for each in reflector.cache.all())
    eventually(lambda: reflector.health.failures == 0)
    assert reflector.stop()
