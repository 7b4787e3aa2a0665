"""The verbs, and what a refusal is turned into."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from renderer.cluster import failure, kinds
from renderer.cluster.client import Cluster, Scope, difference
from renderer.core import clocks
from renderer.core.errors import InvalidError, TransientError

SEEN = {
    "metadata": {"namespace": "team-a", "name": "orders", "resourceVersion": "7"},
    "status": {"phase": "Pending", "operation": {"id": "provision-1", "step": "Server"}},
}


def status(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    return {
        "kind": "Status",
        "code": code,
        "reason": reason,
        "message": message,
        "details": {"name": "orders", **details},
    }


@pytest.mark.parametrize(
    ("code", "body", "error", "words"),
    [
        pytest.param(
            401,
            status(401, "Unauthorized", "Unauthorized"),
            failure.DeniedError,
            ["401", "token", "get sampledbs.sampledb.dev team-a/orders"],
            id="unauthorized",
        ),
        pytest.param(
            403,
            status(403, "Forbidden", 'User "x" cannot get resource "sampledbs"'),
            failure.DeniedError,
            ['User "x" cannot get resource "sampledbs"', "deploy/rbac.yaml"],
            id="forbidden",
        ),
        pytest.param(
            404,
            status(404, "NotFound", 'sampledbs "orders" not found'),
            failure.NotFoundError,
            ['"orders" not found'],
            id="object not found",
        ),
        pytest.param(
            404,
            b"404 page not found\n",
            failure.NotFoundError,
            ["404 page not found", "CustomResourceDefinition"],
            id="resource not found",
        ),
        pytest.param(
            409,
            status(409, "Conflict", "the object has been modified"),
            failure.ConflictError,
            ["the object has been modified"],
            id="conflict",
        ),
        pytest.param(
            410,
            status(410, "Expired", "too old resource version"),
            failure.ExpiredError,
            ["too old resource version"],
            id="expired",
        ),
        pytest.param(
            422,
            status(
                422,
                "Invalid",
                "SampleDB is invalid",
                causes=[{"field": "spec.version", "message": "Required value"}],
            ),
            InvalidError,
            ["spec.version: Required value"],
            id="invalid",
        ),
        pytest.param(
            429,
            status(429, "TooManyRequests", "slow down"),
            failure.ApiError,
            ["slow down", "overloaded"],
            id="too many requests",
        ),
        pytest.param(
            503,
            b"<html>upstream is away</html>",
            failure.ApiError,
            ["503", "upstream is away", "tried again"],
            id="a proxy's error page",
        ),
    ],
)
def test_a_refusal_becomes_an_error_with_the_servers_words(
    server: Any, answer: Any, code: int, body: object, error: type[Exception], words: list[str]
) -> None:
    server.script = lambda _: answer(code=code, body=body, headers={"Retry-After": "3"})
    with pytest.raises(error) as raised:
        server.cluster().get(kinds.SAMPLEDBS, "team-a", "orders")
    for word in words:
        assert word in str(raised.value)


def test_the_wait_that_a_server_asks_for_is_kept(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(code=429, body={}, headers={"Retry-After": "3"})
    with pytest.raises(failure.ApiError) as raised:
        server.cluster().version()
    assert raised.value.retry_after == 3


@pytest.mark.parametrize("hours", [0, -3, 3, 800])
def test_each_answer_tells_how_far_our_clock_is_from_the_servers(
    server: Any, answer: Any, hours: int
) -> None:
    server.script = lambda _: answer(body={})
    server.ahead = hours * 3600
    cluster = server.cluster()
    assert cluster.clock_ahead == timedelta()
    cluster.version()
    assert abs(cluster.clock_ahead + timedelta(hours=hours)) <= timedelta(seconds=2)


def test_a_clock_that_wanders_by_seconds_is_told_the_same(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(body={})
    cluster = server.cluster()
    told = []
    for ahead in (7200, 7195, 7205, 3600):
        server.ahead = ahead
        cluster.version()
        told.append(cluster.clock_ahead)
    assert told[0] == told[1] == told[2] != told[3]


def test_a_refused_or_odd_answer_tells_it_too(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(code=403, body={})
    server.ahead = 7200
    cluster = server.cluster()
    with pytest.raises(failure.DeniedError):
        cluster.version()
    assert cluster.clock_ahead < -timedelta(hours=1)
    assert clocks.ahead_of("soon", datetime.now(UTC), datetime.now(UTC)) == timedelta()


def test_a_server_that_is_not_there_is_transient_and_named() -> None:
    with pytest.raises(TransientError, match=r"http://127\.0\.0\.1:1 doesn't answer"):
        Cluster.at("http://127.0.0.1:1").version()


def test_a_hung_server_costs_no_more_than_the_time_out(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(body={}, hang=30.0)
    with pytest.raises(TransientError, match="doesn't answer"):
        server.cluster().get(kinds.LEASES, "a", "b", seconds=0.2)


def test_every_page_of_a_list_is_read(server: Any, answer: Any, pod: Any) -> None:
    def script(request: Any) -> Any:
        first = "continue" not in request.query
        metadata = {"resourceVersion": "9", "continue": "more" if first else ""}
        return answer(body={"metadata": metadata, "items": [pod("a" if first else "b", 1)]})

    server.script = script
    items, version = server.cluster().list(kinds.PODS, Scope(labels="sampledb.dev/name"))
    assert [item["metadata"]["name"] for item in items] == ["a", "b"]
    assert version == "9"
    assert server.requests[0].query == {"labelSelector": "sampledb.dev/name", "limit": "500"}
    assert server.requests[0].headers["Authorization"] == "Bearer t0ken"


def test_a_list_that_expires_half_way_begins_again_and_at_last_asks_for_all(
    server: Any, answer: Any, pod: Any
) -> None:
    def script(request: Any) -> Any:
        if "continue" in request.query:
            return answer(code=410, body=status(410, "Expired", "continue token is too old"))
        more = "more" if "limit" in request.query else ""
        metadata = {"resourceVersion": "9", "continue": more}
        return answer(body={"metadata": metadata, "items": [pod("a", 1)]})

    server.script = script
    items, _ = server.cluster().list(kinds.PODS)
    assert len(items) == 1
    assert ["limit" in request.query for request in server.requests] == [True] * 4 + [False]


def test_metadata_alone_is_asked_for_where_nothing_else_is_read(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(body={"metadata": {"resourceVersion": "1"}})
    config_maps = next(each for each in kinds.CHILDREN if each.kind == "ConfigMap")
    server.cluster().list(config_maps)
    assert "as=PartialObjectMetadataList" in server.requests[0].headers["Accept"]


def test_a_status_patch_removes_what_is_gone_and_guards_the_version(
    server: Any, answer: Any
) -> None:
    server.script = lambda request: answer(body=request.body)
    server.cluster().patch_status(kinds.SAMPLEDBS, SEEN, {"phase": "Ready"})
    (request,) = server.requests
    assert request.path == "/apis/sampledb.dev/v1/namespaces/team-a/sampledbs/orders/status"
    assert request.headers["Content-Type"] == "application/merge-patch+json"
    assert request.body == {
        "metadata": {"resourceVersion": "7"},
        "status": {"phase": "Ready", "operation": None},
    }


def test_a_status_that_is_already_so_costs_no_request(server: Any) -> None:
    assert server.cluster().patch_status(kinds.SAMPLEDBS, SEEN, SEEN["status"]) is SEEN
    assert server.requests == []


def test_finalizers_are_set_at_the_version_that_was_seen(server: Any, answer: Any) -> None:
    server.script = lambda request: answer(body=request.body)
    cluster = server.cluster()
    cluster.set_finalizers(kinds.SAMPLEDBS, SEEN, ["sampledb.dev/final-backup"])
    assert server.requests[0].body == {
        "metadata": {"resourceVersion": "7", "finalizers": ["sampledb.dev/final-backup"]}
    }
    assert cluster.set_finalizers(kinds.SAMPLEDBS, SEEN, []) is SEEN
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "reason", "created"),
    [pytest.param(201, "", True, id="new"), pytest.param(409, "AlreadyExists", False, id="there")],
)
def test_a_secret_that_is_there_counts_as_created_and_is_never_read(
    server: Any, answer: Any, code: int, reason: str, created: bool
) -> None:
    server.script = lambda _: answer(code=code, body=status(code, reason, "x"))
    manifest = {"metadata": {"namespace": "team-a", "name": "orders-credentials"}}
    assert server.cluster().create_secret(manifest) is created
    assert [request.method for request in server.requests] == ["POST"]


def test_the_clusters_identity_is_the_uid_of_kube_system(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(body={"metadata": {"uid": "u-1"}})
    assert server.cluster().uid() == "u-1"
    assert server.requests[0].path == "/api/v1/namespaces/kube-system"


def test_a_password_in_the_servers_url_is_never_printed(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(body={"gitVersion": "v1"})
    cluster = Cluster.at(server.url.replace("://", "://user:s3cret@"), token="t0ken")
    assert cluster.version() == "v1"
    assert server.requests[0].headers["Authorization"] == "Bearer t0ken"
    with pytest.raises(TransientError) as raised:
        Cluster.at("http://user:s3cret@127.0.0.1:1").version()
    assert "s3cret" not in str(raised.value)


def test_connections_are_kept_and_shared_between_threads(server: Any, answer: Any) -> None:
    server.script = lambda _: answer(body={"gitVersion": "v1.36.3"})
    cluster = server.cluster()
    threads = [threading.Thread(target=cluster.version) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cluster.version() == "v1.36.3"
    assert len(server.requests) == 9
    cluster.close()


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        pytest.param({"a": 1}, {"a": 1}, {}, id="equal"),
        pytest.param({"a": 1}, {}, {"a": None}, id="gone"),
        pytest.param({}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="new"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}, id="nested"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}, id="lists are replaced"),
    ],
)
def test_a_difference_is_the_smallest_merge_patch(
    before: dict[str, Any], after: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert difference(before, after) == patch
