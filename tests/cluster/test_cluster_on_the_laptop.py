"""The client, reflector and elector against an API server with rules of its own.

The controller's account has exactly what deploy/rbac.yaml grants it, so that each
right that the code needs is proved to be there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.cluster import kinds, trimming
from renderer.cluster.client import Cluster, Object, Scope
from renderer.cluster.events import Recorder, Severity
from renderer.cluster.failure import ConflictError, DeniedError, NotFoundError
from renderer.cluster.kinds import Resource
from renderer.cluster.lease import Elector, Terms
from renderer.cluster.reflector import Pace, Reflector
from renderer.core.crd import definition
from renderer.core.errors import InvalidError
from renderer.core.layout import Key
from renderer.local.api.access import RoleBased, User
from renderer.local.api.faults import FOREVER, Fault
from renderer.local.api.server import Server
from renderer.local.api.store import Store

ROOT = Path(__file__).parents[2]
CRDS = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
)
CONFIG_MAPS = next(each for each in kinds.CHILDREN if each.kind == "ConfigMap")
ACCOUNT = "system:serviceaccount:sampledb-system:sampledb-renderer"
FAST = Pace(first=0.01, longest=0.05, lasting=30, silence=10.0, healthy=1.0)
LEASE = Key(namespace="sampledb-system", name="sampledb-renderer")


def rbac_resource(document: Object) -> Resource:
    kind = document["kind"]
    return Resource(
        group="rbac.authorization.k8s.io",
        version="v1",
        plural=kind.lower() + "s",
        kind=kind,
        namespaced=not kind.startswith("Cluster"),
    )


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


@pytest.fixture
def laptop() -> Iterator[Server]:
    store = Store()
    tokens = {"controller": User(name=ACCOUNT)}
    api = Server(store, tokens=tokens, authorizer=RoleBased(store), bookmark_seconds=0.2)
    with api:
        admin = Cluster.at(api.url, token=api.token)
        for name in ("team-a", "sampledb-system", "kube-system"):
            if name not in {each["metadata"]["name"] for each in admin.list(kinds.NAMESPACES)[0]}:
                admin.create(kinds.NAMESPACES, {"metadata": {"name": name}})
        admin.create(CRDS, definition())
        for document in yaml.safe_load_all((ROOT / "deploy/rbac.yaml").read_text()):
            if document["kind"] != "ServiceAccount":
                admin.create(rbac_resource(document), document)
        yield api


@pytest.fixture
def admin(laptop: Server) -> Iterator[Cluster]:
    with closing(Cluster.at(laptop.url, token=laptop.token)) as cluster:
        yield cluster


@pytest.fixture
def controller(laptop: Server) -> Iterator[Cluster]:
    with closing(Cluster.at(laptop.url, token="controller")) as cluster:
        yield cluster


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


def test_a_second_elector_takes_over_when_the_first_is_cut_off(
    laptop: Server, controller: Cluster, eventually: Any
) -> None:
    terms = Terms(duration=1.2, deadline=0.6, retry=0.15)
    moments: dict[str, float] = {}

    def build(name: str, cluster: Cluster) -> Elector:
        return Elector(
            cluster,
            LEASE,
            name,
            gained=lambda: moments.setdefault(f"{name} gained", time.monotonic()),
            lost=lambda _why: moments.setdefault(f"{name} lost", time.monotonic()),
            terms=terms,
        )

    token = laptop.add_user("cut-off")
    laptop.tokens[token] = User(name=ACCOUNT)
    one, two = build("one", Cluster.at(laptop.url, token=token)), build("two", controller)
    one.start()
    eventually(lambda: one.leading)
    two.start()
    del laptop.tokens[token]  # from now on the first is refused
    eventually(lambda: two.leading)
    assert moments["one lost"] < moments["two gained"]
    one.stop()
    two.stop()


def test_no_two_electors_ever_lead_at_once(
    laptop: Server, controller: Cluster, eventually: Any
) -> None:
    terms = Terms(duration=0.9, deadline=0.45, retry=0.1)
    both: list[str] = []
    electors = [
        Elector(
            controller,
            LEASE,
            f"elector-{number}",
            gained=lambda: None,
            lost=lambda _why: None,
            terms=terms,
        )
        for number in range(3)
    ]
    done = threading.Event()

    def watch_them() -> None:
        while not done.wait(0.002):
            leading = [each for each in electors if each.leading]
            if len(leading) > 1:
                both.append("two at once")

    watcher = threading.Thread(target=watch_them)
    watcher.start()
    for each in electors:
        each.start()
    eventually(lambda: any(each.leading for each in electors))
    for fault in (
        Fault(resource="leases.coordination.k8s.io", code=500, times=8),
        Fault(resource="leases.coordination.k8s.io", hangup=True, times=8),
        Fault(resource="leases.coordination.k8s.io", verb="update", hangup=True, after=True),
        Fault(resource="leases.coordination.k8s.io", delay=0.3, times=6),
    ):
        laptop.faults.add(fault)
        eventually(lambda fault=fault: fault.seen == fault.times)
        eventually(lambda: any(each.leading for each in electors))
    done.set()
    watcher.join()
    laptop.faults.clear()
    for each in electors:
        each.stop()
    assert both == []


def test_a_server_that_hangs_for_ever_ends_the_lead(
    laptop: Server, controller: Cluster, eventually: Any
) -> None:
    lost: list[str] = []
    one = Elector(
        controller,
        LEASE,
        "one",
        gained=lambda: None,
        lost=lost.append,
        terms=Terms(duration=3.0, deadline=0.6, retry=0.3),
    )
    one.start()
    eventually(lambda: one.leading)
    laptop.faults.add(
        Fault(resource="leases.coordination.k8s.io", delay=1.0, code=500, times=FOREVER)
    )
    eventually(lambda: lost, 3.0)
    assert not one.leading
    laptop.faults.clear()
    one.stop()
