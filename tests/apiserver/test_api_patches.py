"""Every kind of patch and what none may change, over HTTP only, as in test_api_contract.py."""

from __future__ import annotations

from api_client import (
    APPLY,
    JSON_PATCH,
    STRATEGIC,
    Api,
    Object,
    config,
)


def test_a_merge_patch_removes_nulls(api: Api, maps: str) -> None:
    api.post(maps, config("a", k="1", other="2"))
    patched = api.patch(f"{maps}/a", {"data": {"k": None, "new": "3"}})
    assert patched.json["data"] == {"other": "2", "new": "3"}


def test_a_merge_patch_with_an_old_version_is_a_conflict(api: Api, maps: str) -> None:
    first = api.post(maps, config("a")).version
    api.patch(f"{maps}/a", {"data": {"k": "1"}})
    body = {"metadata": {"resourceVersion": first}, "data": {"k": "2"}}
    assert api.patch(f"{maps}/a", body).code == 409


def test_a_json_patch_changes_and_tests(api: Api, maps: str) -> None:
    api.post(maps, config("a", k="1"))
    operations = [
        {"op": "test", "path": "/data/k", "value": "1"},
        {"op": "replace", "path": "/data/k", "value": "2"},
        {"op": "add", "path": "/metadata/annotations", "value": {"a/b": "c"}},
        {"op": "remove", "path": "/metadata/annotations/a~1b"},
    ]
    patched = api.patch(f"{maps}/a", operations, kind=JSON_PATCH)
    assert patched.code == 200
    assert patched.json["data"] == {"k": "2"}
    again = api.patch(f"{maps}/a", operations, kind=JSON_PATCH)
    assert again.code == 422
    assert api.get(f"{maps}/a").json["data"] == {"k": "2"}


def test_a_strategic_patch_merges_lists_by_name(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    assert api.post(path, stateful_set()).code == 201
    change = {"containers": [{"name": "b", "image": "new"}]}
    patched = api.patch(f"{path}/s", {"spec": {"template": {"spec": change}}}, kind=STRATEGIC)
    containers = patched.json["spec"]["template"]["spec"]["containers"]
    images = {container["name"]: container["image"] for container in containers}
    assert images == {"a": "one", "b": "new"}


def stateful_set() -> Object:
    containers = [{"name": "a", "image": "one"}, {"name": "b", "image": "two"}]
    return {
        "metadata": {"name": "s"},
        "spec": {
            "replicas": 0,
            "serviceName": "s",
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": containers},
            },
        },
    }


def test_a_stateful_set_keeps_what_is_immutable(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    api.post(path, stateful_set())
    assert api.patch(f"{path}/s", {"spec": {"replicas": 1}}).json["metadata"]["generation"] == 2
    answer = api.patch(f"{path}/s", {"spec": {"serviceName": "other"}})
    assert answer.code == 422
    assert answer.json["message"].startswith(
        'StatefulSet.apps "s" is invalid: spec: Forbidden: updates to statefulset spec for fields '
        "other than 'replicas', 'ordinals', 'template', 'updateStrategy'"
    )


def test_a_job_keeps_its_template(api: Api, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    spec = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "one"}]}
    body = {"metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}}
    created = api.post(path, body)
    assert created.code == 201
    change = {"containers": [{"name": "a", "image": "two"}]}
    answer = api.patch(f"{path}/j", {"spec": {"template": {"spec": change}}})
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "spec.template"
    assert answer.json["message"].endswith("field is immutable")


def test_a_claim_keeps_its_spec(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    body = {
        "metadata": {"name": "c"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "none",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    assert api.post(path, body).code == 201
    answer = api.patch(f"{path}/c", {"spec": {"storageClassName": "other"}})
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["reason"] == "FieldValueForbidden"
    assert "spec is immutable after creation except resources.requests" in answer.json["message"]


def test_a_secret_is_stored_in_base64(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets"
    api.post(path, {"metadata": {"name": "s"}, "stringData": {"k": "v"}})
    stored = api.get(f"{path}/s").json
    assert stored["data"] == {"k": "dg=="}
    assert stored["type"] == "Opaque"
    assert "stringData" not in stored


def test_an_apply_creates_merges_and_removes(api: Api, maps: str) -> None:
    first = api.patch(f"{maps}/a", config("a", k="1", l="2"), kind=APPLY, fieldManager="one")
    assert first.code == 201
    second = api.patch(f"{maps}/a", config("a", m="3"), kind=APPLY, fieldManager="two")
    assert second.code == 200
    assert second.json["data"] == {"k": "1", "l": "2", "m": "3"}
    third = api.patch(f"{maps}/a", config("a", k="1"), kind=APPLY, fieldManager="one")
    assert third.json["data"] == {"k": "1", "m": "3"}
    again = api.patch(f"{maps}/a", config("a", k="1"), kind=APPLY, fieldManager="one")
    assert again.version == third.version


def test_an_apply_over_another_manager_is_a_conflict_unless_forced(api: Api, maps: str) -> None:
    api.patch(f"{maps}/a", config("a", k="1"), kind=APPLY, fieldManager="one")
    answer = api.patch(f"{maps}/a", config("a", k="2"), kind=APPLY, fieldManager="two")
    assert answer.code == 409
    message = 'Apply failed with 1 conflict: conflict with "one": .data.k'
    assert answer.json["message"] == message
    assert answer.json["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.k"}
    ]
    forced = api.patch(
        f"{maps}/a", config("a", k="2"), kind=APPLY, fieldManager="two", force="true"
    )
    assert forced.json["data"] == {"k": "2"}
