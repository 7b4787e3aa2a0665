"""Every kind of patch and what none may change, over HTTP only, as in test_api_contract.py."""

from __future__ import annotations

import pytest
from api_client import (
    APPLY,
    JSON_PATCH,
    MERGE,
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


def test_a_patch_of_an_unknown_type_is_refused(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    answer = api.patch(f"{maps}/a", {}, kind="text/plain")
    assert (answer.code, answer.json["reason"]) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        pytest.param(MERGE, [], 400, id="a merge patch that is no object"),
        pytest.param(MERGE, b"{nonsense", 400, id="a merge patch that is no JSON"),
        pytest.param(JSON_PATCH, {}, 400, id="a JSON patch that is no list"),
        pytest.param(JSON_PATCH, [{"op": "remove", "path": "/data/no"}], 422, id="nothing there"),
        pytest.param(STRATEGIC, b"{nonsense", 400, id="a strategic patch that is no JSON"),
        pytest.param(APPLY, {"metadata": {"name": "a"}}, 400, id="an apply without a kind"),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused(
    api: Api, maps: str, kind: str, body: object, code: int
) -> None:
    first = api.post(maps, config("a", k="1")).version
    query = {"fieldManager": "me"} if kind == APPLY else {}
    assert api.patch(f"{maps}/a", body, kind=kind, **query).code == code
    assert api.get(f"{maps}/a").version == first


def test_only_an_apply_makes_what_is_not_there(api: Api, maps: str) -> None:
    for kind in (MERGE, STRATEGIC):
        answer = api.patch(f"{maps}/a", {"data": {"k": "1"}}, kind=kind)
        assert (answer.code, answer.json["reason"]) == (404, "NotFound")
    assert api.patch(f"{maps}/a", [], kind=JSON_PATCH).code == 404


def test_a_patch_gives_no_other_name(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    answer = api.patch(f"{maps}/a", {"metadata": {"name": "b"}})
    assert (answer.code, answer.json["reason"]) == (400, "BadRequest")


def test_a_strategic_patch_deletes_by_its_directive(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    api.post(path, stateful_set())
    change = {"containers": [{"name": "a", "$patch": "delete"}]}
    patched = api.patch(f"{path}/s", {"spec": {"template": {"spec": change}}}, kind=STRATEGIC)
    left = [each["name"] for each in patched.json["spec"]["template"]["spec"]["containers"]]
    assert left == ["b"]


def test_a_status_is_patched_alone(api: Api, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    api.post(path, stateful_set())
    change = {"status": {"replicas": 0, "collisionCount": 7}, "spec": {"replicas": 3}}
    told = api.patch(f"{path}/s/status", change).json
    assert told["status"]["collisionCount"] == 7
    assert told["spec"]["replicas"] == 0
    assert told["metadata"]["generation"] == 1


def test_an_apply_needs_a_manager(api: Api, maps: str) -> None:
    answer = api.patch(f"{maps}/a", config("a"), kind=APPLY)
    assert answer.code == 422
    assert answer.json["message"].startswith(
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value'
    )


def test_every_conflict_of_an_apply_is_told(api: Api, maps: str) -> None:
    api.patch(f"{maps}/a", config("a", k="1", l="1"), kind=APPLY, fieldManager="one")
    answer = api.patch(f"{maps}/a", config("a", k="2", l="2"), kind=APPLY, fieldManager="two")
    assert answer.code == 409
    assert answer.json["message"] == (
        'Apply failed with 2 conflicts: conflicts with "one":\n- .data.k\n- .data.l'
    )
    assert [cause["field"] for cause in answer.json["details"]["causes"]] == [".data.k", ".data.l"]


def test_an_apply_with_the_same_value_shares_the_field(api: Api, maps: str) -> None:
    for manager in ("one", "two"):
        answer = api.patch(f"{maps}/a", config("a", k="1"), kind=APPLY, fieldManager=manager)
        assert answer.code in {200, 201}
    api.patch(f"{maps}/a", config("a"), kind=APPLY, fieldManager="one")
    assert api.get(f"{maps}/a").json["data"] == {"k": "1"}
    api.patch(f"{maps}/a", config("a"), kind=APPLY, fieldManager="two")
    assert not api.get(f"{maps}/a").json.get("data")


def test_an_applied_field_has_a_manager_that_is_told(api: Api, maps: str) -> None:
    applied = api.patch(f"{maps}/a", config("a", k="1"), kind=APPLY, fieldManager="one").json
    (owned,) = applied["metadata"]["managedFields"]
    assert (owned["manager"], owned["operation"]) == ("one", "Apply")
    assert owned["fieldsV1"] == {"f:data": {".": {}, "f:k": {}}} or owned["fieldsV1"] == {
        "f:data": {"f:k": {}}
    }


def test_what_is_applied_to_a_status_stays_out_of_the_spec(
    api: Api, widgets: str, widget: Object
) -> None:
    api.post(widgets, widget)
    told = widget | {"status": {"phase": "Ready"}, "spec": {"size": "9Gi"}}
    answer = api.patch(f"{widgets}/x/status", told, kind=APPLY, fieldManager="me", force="true")
    assert answer.code == 200
    assert answer.json["status"] == {"phase": "Ready"}
    assert answer.json["spec"]["size"] == "1Gi"
