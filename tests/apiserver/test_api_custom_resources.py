"""Resources of a definition, over HTTP only, as in test_api_contract.py."""

from __future__ import annotations

import pytest
from api_client import (
    DEFINITIONS,
    GROUP,
    STRATEGIC,
    Api,
    Object,
    served,
    widget_definition,
)


def test_a_custom_resource_has_no_strategic_patch(api: Api, widgets: str, widget: Object) -> None:
    api.post(widgets, widget)
    answer = api.patch(f"{widgets}/x", {"spec": {}}, kind=STRATEGIC)
    assert answer.code == 415
    assert answer.json["reason"] == "UnsupportedMediaType"


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
            ("FieldValueInvalid", "Invalid value: mode Off needs more than one"),
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
            "message": f"Invalid value: {text}",
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


def test_a_status_begins_as_its_default_says_and_not_as_a_client_wants(
    api: Api, namespace: str
) -> None:
    unique = namespace.removeprefix("contract-")
    definition = widget_definition(f"d{unique}s", f"D{unique}")
    [version] = definition["spec"]["versions"]
    status = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    status["default"] = {"phase": "Awaited"}
    body = {
        "apiVersion": f"{GROUP}/v1",
        "kind": f"D{unique}",
        "metadata": {"name": "x"},
        "spec": {"size": "1Gi"},
        "status": {"phase": "Forged"},
    }
    with served(api, namespace, definition) as path:
        assert api.post(path, body).json["status"] == {"phase": "Awaited"}
        assert api.get(f"{path}/x").json["status"] == {"phase": "Awaited"}
        assert api.get(path).json["items"][0]["status"] == {"phase": "Awaited"}

        told = api.patch(f"{path}/x/status", {"status": {"phase": "Done"}})
        assert told.json["status"] == {"phase": "Done"}
        kept = api.patch(f"{path}/x", {"spec": {"count": 4}, "status": {"phase": "Forged"}})
        assert kept.json["status"] == {"phase": "Done"}
