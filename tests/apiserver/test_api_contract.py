"""What clients rely on, over HTTP only: the same file can run against a real API server."""

from __future__ import annotations

from itertools import islice

import pytest
from api_client import APPLY, DEFINITIONS, GROUP, JSON_PATCH, STRATEGIC, Api, Object

HOLD = "contract.sampledb.dev/hold"


def config(name: str, **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": data,
    }


def names(body: Object) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"] if "kube-root" not in str(item)]


def test_a_created_object_gets_uid_version_and_time(api: Api, maps: str) -> None:
    created = api.post(maps, config("a", k="v"))
    assert created.code == 201
    head = created.json["metadata"]
    assert head["uid"]
    assert head["creationTimestamp"].endswith("Z")
    assert int(head["resourceVersion"]) > 0
    assert api.get(f"{maps}/a").json == created.json


def test_a_taken_name_is_refused(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    answer = api.post(maps, config("a"))
    assert answer.code == 409
    assert answer.json["reason"] == "AlreadyExists"
    assert answer.json["message"] == 'configmaps "a" already exists'
    assert answer.json["details"] == {"name": "a", "kind": "configmaps"}


def test_a_missing_object_is_told_with_its_resource(api: Api, maps: str, widgets: str) -> None:
    answer = api.get(f"{maps}/none")
    assert answer.code == 404
    assert answer.json["kind"] == "Status"
    assert answer.json["reason"] == "NotFound"
    assert answer.json["message"] == 'configmaps "none" not found'
    plural = widgets.rpartition("/")[2]
    other = api.get(f"{widgets}/none").json
    assert other["message"] == f'{plural}.contract.sampledb.dev "none" not found'
    assert other["details"]["group"] == "contract.sampledb.dev"


def test_creating_in_a_missing_namespace_is_not_found(api: Api) -> None:
    answer = api.post("/api/v1/namespaces/nowhere-at-all/configmaps", config("a"))
    assert answer.code == 404
    assert answer.json["message"] == 'namespaces "nowhere-at-all" not found'


def test_a_name_is_made_from_generate_name(api: Api, maps: str) -> None:
    body = {"metadata": {"generateName": "job-"}}
    found = {api.post(maps, body).json["metadata"]["name"] for _ in range(3)}
    assert len(found) == 3
    assert all(name.startswith("job-") and len(name) == 9 for name in found)


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        pytest.param({}, "metadata.name", id="no name"),
        pytest.param({"name": "A_b"}, "metadata.name", id="capital"),
        pytest.param({"name": "a", "labels": {"a": "b c"}}, "metadata.labels", id="label value"),
        pytest.param({"name": "a", "labels": {"a b": "c"}}, "metadata.labels", id="label key"),
    ],
)
def test_bad_metadata_is_invalid_and_names_the_field(
    api: Api, maps: str, metadata: Object, field: str
) -> None:
    answer = api.post(maps, {"metadata": metadata})
    assert answer.code == 422
    assert answer.json["reason"] == "Invalid"
    assert field in {cause["field"] for cause in answer.json["details"]["causes"]}
    assert "is invalid: " in answer.json["message"]


def test_an_update_from_an_old_version_is_a_conflict(api: Api, maps: str) -> None:
    first = api.post(maps, config("a", k="1")).json
    assert api.put(f"{maps}/a", first | {"data": {"k": "2"}}).code == 200
    answer = api.put(f"{maps}/a", first | {"data": {"k": "3"}})
    assert answer.code == 409
    assert answer.json["reason"] == "Conflict"
    assert answer.json["message"] == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert api.get(f"{maps}/a").json["data"] == {"k": "2"}


def test_an_update_that_changes_nothing_keeps_the_version(api: Api, maps: str) -> None:
    first = api.post(maps, config("a", k="1"))
    assert api.put(f"{maps}/a", first.json).version == first.version


def test_a_dry_run_writes_nothing(api: Api, maps: str) -> None:
    assert api.post(maps, config("a"), dryRun="All").code == 201
    assert api.get(f"{maps}/a").code == 404
    api.post(maps, config("a"))
    assert api.delete(f"{maps}/a", dryRun="All").code == 200
    assert api.get(f"{maps}/a").code == 200


def test_pages_are_of_one_moment(api: Api, maps: str) -> None:
    for name in ("a", "b", "c", "d"):
        api.post(maps, config(name, in_list="yes") | _labelled(name))
    page = api.get(maps, limit=2, labelSelector="page=yes").json
    assert names(page) == ["a", "b"]
    api.delete(f"{maps}/c")
    api.post(maps, config("bb") | _labelled("bb"))
    token = page["metadata"]["continue"]
    rest = api.get(maps, limit=3, labelSelector="page=yes", **{"continue": token}).json
    assert names(rest) == ["c", "d"]
    assert rest["metadata"]["resourceVersion"] == page["metadata"]["resourceVersion"]
    assert "continue" not in rest["metadata"]


def _labelled(name: str) -> Object:
    return {"metadata": {"name": name, "labels": {"page": "yes"}}}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param("a=1", ["x"], id="equal"),
        pytest.param("a!=1", ["y", "z"], id="not equal matches without the key too"),
        pytest.param("a%20in%20(1,2)", ["x", "y"], id="in"),
        pytest.param("a,a%20notin%20(1)", ["y"], id="exists and not in"),
        pytest.param("!a", ["z"], id="not there"),
    ],
)
def test_label_selectors(api: Api, maps: str, selector: str, expected: list[str]) -> None:
    for name, labels in (("x", {"a": "1"}), ("y", {"a": "2"}), ("z", {})):
        api.post(maps, {"metadata": {"name": name, "labels": labels}})
    assert names(api.get(maps, labelSelector=selector).json) == expected


def test_field_selectors(api: Api, maps: str) -> None:
    api.post(maps, config("x"))
    api.post(maps, config("y"))
    assert names(api.get(maps, fieldSelector="metadata.name=y").json) == ["y"]
    assert api.get(maps, fieldSelector="data.k=v").code == 400


def test_a_watch_goes_on_from_a_list(api: Api, maps: str) -> None:
    listed = api.get(maps).version
    api.post(maps, config("a", k="1"))
    api.patch(f"{maps}/a", {"data": {"k": "2"}})
    api.delete(f"{maps}/a")
    query = {"resourceVersion": listed, "fieldSelector": "metadata.name=a"}
    events = list(islice(api.watch(maps, **query), 3))
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[2]["object"]["data"] == {"k": "2"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))


def test_a_watch_with_a_selector_tells_what_comes_and_goes(api: Api, maps: str) -> None:
    listed = api.get(maps).version
    api.post(maps, config("a"))
    api.patch(f"{maps}/a", {"metadata": {"labels": {"in": "yes"}}})
    api.patch(f"{maps}/a", {"metadata": {"labels": {"in": None}}})
    events = api.watch(maps, resourceVersion=listed, labelSelector="in=yes")
    added, deleted = islice(events, 2)
    assert (added["type"], deleted["type"]) == ("ADDED", "DELETED")
    last = deleted["object"]["metadata"]
    assert last["labels"] == {"in": "yes"}
    assert int(last["resourceVersion"]) > int(added["object"]["metadata"]["resourceVersion"])


def test_a_watch_ends_when_its_time_is_up(api: Api, maps: str) -> None:
    assert list(api.watch(maps, resourceVersion=api.get(maps).version, timeoutSeconds=1)) == []


def test_a_malformed_continue_token_is_a_bad_request(api: Api, maps: str) -> None:
    assert api.get(maps, **{"continue": "nonsense"}).code == 400


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


def test_a_custom_resource_has_no_strategic_patch(api: Api, widgets: str, widget: Object) -> None:
    api.post(widgets, widget)
    answer = api.patch(f"{widgets}/x", {"spec": {}}, kind=STRATEGIC)
    assert answer.code == 415
    assert answer.json["reason"] == "UnsupportedMediaType"


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
    body = {"metadata": {"name": "j"}, "spec": {"suspend": True, "template": {"spec": spec}}}
    created = api.post(path, body)
    assert created.code == 201
    change = {"containers": [{"name": "a", "image": "two"}]}
    answer = api.patch(f"{path}/j", {"spec": {"suspend": False, "template": {"spec": change}}})
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


def test_a_finalizer_holds_a_deleted_object(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "a", "finalizers": [HOLD]}})
    deleted = api.delete(f"{maps}/a")
    assert deleted.code == 200
    held = api.get(f"{maps}/a").json["metadata"]
    assert held["deletionTimestamp"]
    assert held["deletionGracePeriodSeconds"] == 0
    assert api.patch(f"{maps}/a", {"metadata": {"finalizers": None}}).code == 200
    assert api.get(f"{maps}/a").code == 404


def test_deleting_twice_does_not_move_the_deletion(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "a", "finalizers": [HOLD]}})
    first = api.delete(f"{maps}/a").json
    assert api.delete(f"{maps}/a").json["metadata"] == first["metadata"]
    api.patch(f"{maps}/a", {"metadata": {"finalizers": None}})


def test_no_finalizer_is_added_to_a_deleted_object(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "a", "finalizers": [HOLD]}})
    api.delete(f"{maps}/a")
    more = {"metadata": {"finalizers": [HOLD, "contract.sampledb.dev/late"]}}
    answer = api.patch(f"{maps}/a", more)
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "metadata.finalizers"
    api.patch(f"{maps}/a", {"metadata": {"finalizers": None}})


def test_a_deletion_of_another_uid_is_a_conflict(api: Api, maps: str) -> None:
    api.post(maps, config("a"))
    answer = api.delete(f"{maps}/a", {"preconditions": {"uid": "another"}})
    assert answer.code == 409
    assert "Precondition failed: UID in precondition: another" in answer.json["message"]


def test_a_simple_deletion_answers_success(api: Api, maps: str) -> None:
    uid = api.post(maps, config("a")).json["metadata"]["uid"]
    answer = api.delete(f"{maps}/a").json
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "a", "kind": "configmaps", "uid": uid}


def test_defaults_are_written_out_and_unknown_fields_dropped(
    api: Api, widgets: str, widget: Object
) -> None:
    widget["spec"] |= {"unknown": 1, "free": {"anything": 1}, "port": "http"}
    created = api.post(widgets, widget)
    assert created.code == 201
    assert created.json["spec"] == {
        "size": "1Gi",
        "count": 3,
        "mode": "On",
        "engine": "a",
        "free": {"anything": 1},
        "port": "http",
    }
    assert 'unknown field "spec.unknown"' in created.headers["Warning"].replace("\\", "")


def test_strict_validation_refuses_unknown_fields(api: Api, widgets: str, widget: Object) -> None:
    widget["spec"]["unknown"] = 1
    answer = api.post(widgets, widget, fieldValidation="Strict")
    assert answer.code == 400
    assert answer.json["reason"] == "BadRequest"
    assert 'strict decoding error: unknown field "spec.unknown"' in answer.json["message"]


@pytest.mark.parametrize(
    ("change", "field", "cause"),
    [
        pytest.param(
            {"count": "many"},
            "spec.count",
            (
                "FieldValueTypeInvalid",
                'Invalid value: "string": spec.count in body must be of type integer: "string"',
            ),
            id="type",
        ),
        pytest.param(
            {"count": 10},
            "spec.count",
            (
                "FieldValueInvalid",
                "Invalid value: 10: spec.count in body should be less than or equal to 9",
            ),
            id="maximum",
        ),
        pytest.param(
            {"mode": "Half"},
            "spec.mode",
            ("FieldValueNotSupported", 'Unsupported value: "Half": supported values: "On", "Off"'),
            id="enum",
        ),
        pytest.param(
            {"size": None}, "spec.size", ("FieldValueRequired", "Required value"), id="gone"
        ),
        pytest.param(
            {"tags": ["a", "b", "c", "d"]},
            "spec.tags",
            ("FieldValueTooMany", "Too many: 4: must have at most 3 items"),
            id="items",
        ),
        pytest.param(
            {"parameters": {"a": 1}},
            "spec.parameters.a",
            ("FieldValueTypeInvalid", 'must be of type string: "integer"'),
            id="map value",
        ),
        pytest.param(
            {"mode": "Off", "count": 1},
            "spec",
            ("FieldValueInvalid", 'Invalid value: "object": mode Off needs more than one'),
            id="rule with an expression as its message",
        ),
    ],
)
def test_a_wrong_field_is_named(
    api: Api, widgets: str, widget: Object, change: Object, field: str, cause: tuple[str, str]
) -> None:
    widget["spec"] |= change
    answer = api.post(widgets, widget)
    assert answer.code == 422
    found = answer.json["details"]["causes"][0]
    assert (found["field"], found["reason"]) == (field, cause[0])
    assert cause[1] in found["message"]
    kind = widget["kind"]
    assert answer.json["message"].startswith(f'{kind}.contract.sampledb.dev "x" is invalid: ')
    assert answer.json["details"]["kind"] == kind


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        pytest.param({"engine": "b"}, "spec", "engine is immutable", id="immutable"),
        pytest.param({"size": "900Mi"}, "spec.size", "size must not shrink", id="shrinks"),
    ],
)
def test_a_transition_rule_compares_with_the_old_value(
    api: Api, widgets: str, widget: Object, change: Object, field: str, text: str
) -> None:
    assert api.post(widgets, widget).code == 201
    answer = api.patch(f"{widgets}/x", {"spec": change})
    assert answer.code == 422
    assert answer.json["details"]["causes"] == [
        {
            "reason": "FieldValueInvalid",
            "message": f'Invalid value: "object": {text}',
            "field": field,
        }
    ]
    assert api.patch(f"{widgets}/x", {"spec": {"size": "1025Mi"}}).code == 200


def test_generation_counts_changes_of_the_spec_only(api: Api, widgets: str, widget: Object) -> None:
    assert api.post(widgets, widget).json["metadata"]["generation"] == 1
    labelled = api.patch(f"{widgets}/x", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.json["metadata"]["generation"] == 1
    changed = api.patch(f"{widgets}/x", {"spec": {"count": 4}})
    assert changed.json["metadata"]["generation"] == 2
    told = api.patch(f"{widgets}/x/status", {"status": {"phase": "Ready"}})
    assert told.json["metadata"]["generation"] == 2


def test_status_changes_only_through_its_subresource(
    api: Api, widgets: str, widget: Object
) -> None:
    created = api.post(widgets, widget | {"status": {"phase": "Early"}}).json
    assert "status" not in created
    ignored = api.patch(f"{widgets}/x", {"status": {"phase": "Late"}}).json
    assert "status" not in ignored
    body = ignored | {"status": {"phase": "Ready"}, "spec": {"size": "9Gi"}}
    told = api.put(f"{widgets}/x/status", body).json
    assert told["status"] == {"phase": "Ready"}
    assert told["spec"]["size"] == "1Gi"
    assert api.put(f"{widgets}/x", told | {"status": {}}).json["status"] == {"phase": "Ready"}


def test_a_custom_resource_is_not_updated_without_its_version(
    api: Api, widgets: str, widget: Object
) -> None:
    api.post(widgets, widget)
    answer = api.put(f"{widgets}/x", widget)
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "metadata.resourceVersion"


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


def test_without_a_token_nothing_is_told(api: Api, maps: str) -> None:
    stranger = type(api)(api.url, "wrong")
    answer = stranger.get(maps)
    assert answer.code == 401
    assert answer.json["reason"] == "Unauthorized"
    stranger.close()


def test_an_unknown_path_is_not_found(api: Api) -> None:
    assert api.get("/apis/nothing.example/v1/things").code == 404


def test_a_wrong_kind_is_a_bad_request(api: Api, maps: str) -> None:
    body = config("a") | {"kind": "Secret"}
    assert api.post(maps, body).code == 400
    assert api.post(maps, b"{nonsense").code == 400


def test_a_broken_definition_is_refused(api: Api, widgets: str) -> None:
    path = DEFINITIONS
    known = api.get(f"{path}/{widgets.rpartition('/')[2]}.contract.sampledb.dev").json
    schema = known["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["x-kubernetes-validations"][0]["rule"] = "self.engine =="
    answer = api.put(f"{path}/{known['metadata']['name']}", known)
    assert answer.code == 422
    assert "x-kubernetes-validations" in answer.json["details"]["causes"][0]["field"]


def test_a_deleted_definition_takes_its_objects_along(
    api: Api, widgets: str, widget: Object
) -> None:
    api.post(widgets, widget)
    plural = widgets.rpartition("/")[2]
    path = f"{DEFINITIONS}/{plural}.{GROUP}"
    assert api.delete(path).code == 200
    for _ in range(200):
        if api.get(widgets).code == 404:
            return
    pytest.fail("the resource is still served")
