"""Lists, selectors and watches, over HTTP only, as in test_api_contract.py."""

from __future__ import annotations

from itertools import islice

import pytest
from api_client import (
    Api,
    Object,
    config,
    names,
)

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


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
    # Of one name: a real cluster puts a ConfigMap of its own into each new namespace.
    query = {"resourceVersion": api.get(maps).version, "fieldSelector": "metadata.name=a"}
    assert list(api.watch(maps, **query, timeoutSeconds=1)) == []


def test_a_malformed_continue_token_is_a_bad_request(api: Api, maps: str) -> None:
    assert api.get(maps, **{"continue": "nonsense"}).code == 400


def test_a_page_of_a_selection_does_not_count_what_remains(api: Api, maps: str) -> None:
    for name in ("a", "b", "c"):
        api.post(maps, _labelled(name))
    chosen = api.get(maps, limit=1, labelSelector="page=yes").json["metadata"]
    assert chosen["continue"]
    assert "remainingItemCount" not in chosen
    assert api.get(maps, limit=1).json["metadata"]["remainingItemCount"] >= 2


def test_a_table_has_a_row_for_each_object(api: Api, widgets: str, widget: Object) -> None:
    api.post(widgets, widget)
    api.post(widgets, widget | {"metadata": {"name": "y"}})
    table = api.send("GET", widgets, accept=TABLE).json
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [(one["name"], one["type"], one["priority"]) for one in table["columnDefinitions"]]
    assert columns == [("Name", "string", 0), ("Size", "string", 0), ("Mode", "string", 1)]
    assert [row["cells"] for row in table["rows"]] == [["x", "1Gi", "On"], ["y", "1Gi", "On"]]
    assert {row["object"]["kind"] for row in table["rows"]} == {"PartialObjectMetadata"}
    one = api.send("GET", f"{widgets}/x", accept=TABLE, includeObject="None").json
    assert [row["cells"] for row in one["rows"]] == [["x", "1Gi", "On"]]
    assert "object" not in one["rows"][0] or one["rows"][0]["object"] is None


def test_metadata_alone_can_be_asked_for(api: Api, maps: str) -> None:
    made = api.post(maps, config("a", k="v")).json["metadata"]
    one = api.send("GET", f"{maps}/a", accept=METADATA).json
    assert one == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": made,
    }
    listed = api.send("GET", maps, accept=METADATA_LIST, labelSelector="!none").json
    assert listed["kind"] == "PartialObjectMetadataList"
    assert "a" in names(listed)
    assert all("data" not in item for item in listed["items"])


def test_a_quiet_watch_ends_with_a_bookmark(api: Api, maps: str) -> None:
    made = api.post(maps, config("a")).version
    query = {"resourceVersion": made, "allowWatchBookmarks": "true", "timeoutSeconds": 3}
    events = [event for event in api.watch(maps, **query) if event["type"] == "BOOKMARK"]
    assert events
    for event in events:
        assert (event["object"]["kind"], event["object"]["apiVersion"]) == ("ConfigMap", "v1")
        assert int(event["object"]["metadata"]["resourceVersion"]) >= int(made)


def test_a_version_from_the_future_is_a_timeout(api: Api, maps: str) -> None:
    answer = api.get(maps, resourceVersion=10**12)
    assert answer.code == 504
    assert answer.json["reason"] == "Timeout"
    assert answer.json["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    assert answer.json["details"]["retryAfterSeconds"] == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_wrong_selector_is_a_bad_request(api: Api, maps: str, method: str) -> None:
    answer = api.send(method, maps, labelSelector="a%20b")
    assert (answer.code, answer.json["reason"]) == (400, "BadRequest")


def test_a_collection_is_deleted_by_its_selector(api: Api, maps: str) -> None:
    for name in ("a", "b"):
        api.post(maps, _labelled(name))
    api.post(maps, config("c"))
    assert api.delete(maps, labelSelector="page=yes").code == 200
    assert names(api.get(maps).json) == ["c"]
