"""The store behind the server, as the node and the applier use it."""

from __future__ import annotations

import threading

import pytest
from api_client import Object

from renderer.core.crd import definition
from renderer.local.api.errors import ApiError
from renderer.local.api.store import Store
from renderer.local.api.writes import DeleteOptions, PatchKind

SAMPLE: Object = {
    "apiVersion": "sampledb.dev/v1",
    "kind": "SampleDB",
    "metadata": {"name": "orders", "namespace": "default"},
    "spec": {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}},
}


@pytest.fixture
def store() -> Store:
    return Store()


def named(name: str, **more: object) -> Object:
    return {"metadata": {"name": name, "namespace": "default", **more}}


def owned(name: str, *owners: Object, **more: object) -> Object:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for owner in owners
    ]
    return named(name, ownerReferences=references, **more)


def names(store: Store, resource: str) -> list[str]:
    return [entry.name for entry in store.list(resource, "default").entries]


def test_objects_are_copied_in_and_out(store: Store) -> None:
    given = {**named("a"), "data": {"k": "1"}}
    stored = store.create("configmaps", given)
    given["data"]["k"] = stored["data"]["k"] = "changed"
    assert store.get("configmaps", "a", "default")["data"] == {"k": "1"}


def test_dependents_go_with_their_last_owner(store: Store) -> None:
    one, two = store.create("configmaps", named("one")), store.create("configmaps", named("two"))
    store.create("secrets", owned("shared", one, two))
    store.create("secrets", owned("single", one))
    store.delete("configmaps", "one", "default")
    assert names(store, "secrets") == ["shared"]
    store.delete("configmaps", "two", "default")
    assert names(store, "secrets") == []


def test_an_orphan_stays_without_its_owner(store: Store) -> None:
    owner = store.create("configmaps", named("one"))
    store.create("secrets", owned("child", owner))
    store.delete("configmaps", "one", "default", DeleteOptions(propagation="Orphan"))
    assert store.get("secrets", "child", "default")["metadata"]["ownerReferences"] == []


def test_in_the_foreground_the_owner_goes_last(store: Store) -> None:
    owner = store.create("configmaps", named("one"))
    store.create("secrets", owned("child", owner, finalizers=["a.b/hold"]))
    store.delete("configmaps", "one", "default", DeleteOptions(propagation="Foreground"))
    assert (
        "foregroundDeletion" in store.get("configmaps", "one", "default")["metadata"]["finalizers"]
    )
    store.patch("secrets", "child", {"metadata": {"finalizers": []}}, namespace="default")
    assert names(store, "secrets") == []
    assert "one" not in names(store, "configmaps")


def test_an_object_of_a_missing_owner_is_collected(store: Store) -> None:
    ghost = {"metadata": {"name": "ghost", "uid": "no-such-uid"}}
    store.create("secrets", owned("child", ghost))
    assert names(store, "secrets") == []


def test_a_namespace_goes_when_all_in_it_is_gone(store: Store) -> None:
    store.create("namespaces", {"metadata": {"name": "x"}})
    held = {"metadata": {"name": "a", "namespace": "x", "finalizers": ["a.b/hold"]}}
    store.create("configmaps", held)
    store.delete("namespaces", "x")
    assert store.get("namespaces", "x")["status"]["phase"] == "Terminating"
    with pytest.raises(ApiError, match="because it is being terminated"):
        store.create("configmaps", {"metadata": {"name": "b", "namespace": "x"}})
    store.patch("configmaps", "a", {"metadata": {"finalizers": None}}, namespace="x")
    assert not store.exists("namespaces", "x")


def test_a_running_pod_gets_its_grace(store: Store) -> None:
    running = {**named("p"), "spec": {"nodeName": "laptop", "terminationGracePeriodSeconds": 5}}
    store.create("pods", running)
    marked = store.delete("pods", "p", "default")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 5
    assert names(store, "pods") == ["p"]
    store.delete("pods", "p", "default", DeleteOptions(grace=0))
    assert names(store, "pods") == []


def test_a_pod_that_no_node_runs_goes_at_once(store: Store) -> None:
    store.create("pods", {**named("p"), "spec": {}})
    store.delete("pods", "p", "default")
    assert names(store, "pods") == []


def test_a_watch_without_a_start_begins_with_what_there_is(store: Store) -> None:
    store.create("configmaps", named("a"))
    watch = store.watch("configmaps", "default")
    store.create("configmaps", named("b"))
    store.delete("configmaps", "a", "default")
    seen = [watch.next(5) for _ in range(3)]
    assert [(event.type, event.object["metadata"]["name"]) for event in seen if event] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("DELETED", "a"),
    ]
    watch.close()
    assert list(watch) == []


def test_a_bound_claim_grows_and_never_shrinks(store: Store) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    store.create("persistentvolumeclaims", {**named("c"), "spec": spec})
    size: Object = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    with pytest.raises(ApiError, match="spec is immutable after creation"):
        store.patch("persistentvolumeclaims", "c", size, namespace="default")
    bound = {"status": {"phase": "Bound"}}
    store.patch("persistentvolumeclaims", "c", bound, namespace="default", subresource="status")
    store.patch("persistentvolumeclaims", "c", size, namespace="default")
    size["spec"]["resources"]["requests"]["storage"] = "1500Mi"
    with pytest.raises(ApiError, match=r"field can not be less than status\.capacity"):
        store.patch("persistentvolumeclaims", "c", size, namespace="default")


def test_an_apply_merges_containers_by_name(store: Store) -> None:
    document: Object = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        **named("s"),
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "a",
                            "image": "one",
                            "ports": [{"containerPort": 5432, "name": "sql"}],
                            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                        }
                    ]
                }
            }
        },
    }
    store.apply(document, manager="git")
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "two"}]}}}}
    store.patch("statefulsets.apps", "s", sidecar, namespace="default", kind=PatchKind.STRATEGIC)
    container = document["spec"]["template"]["spec"]["containers"][0]
    container["env"].pop(0)
    applied = store.apply(document, manager="git")
    containers = applied["spec"]["template"]["spec"]["containers"]
    assert [one["name"] for one in containers] == ["a", "b"]
    assert containers[0]["env"] == [{"name": "B", "value": "2"}]
    assert store.apply(document, manager="git") == applied


def test_the_definition_of_the_product_is_served(store: Store) -> None:
    store.create("customresourcedefinitions.apiextensions.k8s.io", definition())
    created = store.create("sampledbs.sampledb.dev", SAMPLE)
    assert created["spec"]["deletion"] == {"policy": "Snapshot", "confirm": False}
    created["spec"]["engine"] = "mysql"
    with pytest.raises(ApiError, match=r"spec\.engine: Invalid value"):
        store.update("sampledbs.sampledb.dev", created)


def test_an_unchanged_fault_is_let_pass(store: Store) -> None:
    loose = definition() | {"metadata": {"name": "sampledbs.sampledb.dev"}}
    key = "customresourcedefinitions.apiextensions.k8s.io"
    store.create(key, _without_rules(loose))
    store.create("sampledbs.sampledb.dev", SAMPLE | {"spec": SAMPLE["spec"] | {"image": " "}})
    current = store.get(key, "sampledbs.sampledb.dev")
    store.update(key, current | {"spec": loose["spec"]})
    path = {"namespace": "default"}
    store.patch("sampledbs.sampledb.dev", "orders", {"spec": {"paused": True}}, **path)
    with pytest.raises(ApiError, match=r"spec\.image"):
        store.patch("sampledbs.sampledb.dev", "orders", {"spec": {"image": "  "}}, **path)


def _without_rules(value: Object) -> Object:
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k != "x-kubernetes-validations"}
        return {key: _without_rules(item) for key, item in kept.items()}
    return [_without_rules(item) for item in value] if isinstance(value, list) else value


def test_many_writers_lose_nothing(store: Store) -> None:
    store.create("configmaps", {**named("counter"), "data": {"n": "0"}})
    refusals: list[int] = []

    def add() -> None:
        done = 0
        while done < 50:
            value = store.get("configmaps", "counter", "default")
            value["data"]["n"] = str(int(value["data"]["n"]) + 1)
            try:
                store.update("configmaps", value)
                done += 1
            except ApiError as error:
                refusals.append(error.code)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("configmaps", "counter", "default")["data"]["n"] == "200"
    assert set(refusals) <= {409}
