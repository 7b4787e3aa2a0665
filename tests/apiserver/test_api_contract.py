"""What clients rely on, over HTTP only: the same file can run against a real API server."""

from __future__ import annotations

import pytest
from api_client import (
    Api,
    Object,
    config,
)

HOLD = "contract.sampledb.dev/hold"


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
    assert 'on ConfigMap "a": the UID in the precondition (another)' in answer.json["message"]


def test_a_simple_deletion_answers_success(api: Api, maps: str) -> None:
    uid = api.post(maps, config("a")).json["metadata"]["uid"]
    answer = api.delete(f"{maps}/a").json
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "a", "kind": "configmaps", "uid": uid}


def test_an_unknown_path_is_not_found(api: Api) -> None:
    assert api.get("/apis/nothing.example/v1/things").code == 404


def test_a_wrong_kind_is_a_bad_request(api: Api, maps: str) -> None:
    body = config("a") | {"kind": "Secret"}
    assert api.post(maps, body).code == 400
    assert api.post(maps, b"{nonsense").code == 400
