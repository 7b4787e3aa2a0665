"""What a test can make the server do wrong, and what time does to history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import pytest
import urllib3
from api_client import Api, Object

from renderer.local.api.faults import Fault
from renderer.local.api.server import Server
from renderer.local.api.store import Store

MAPS = "/api/v1/namespaces/default/configmaps"


def config(name: str) -> Object:
    return {"metadata": {"name": name}}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(410, "Expired", id="gone"),
        pytest.param(429, "TooManyRequests", id="too many"),
        pytest.param(500, "InternalError", id="internal"),
        pytest.param(503, "ServiceUnavailable", id="unavailable"),
    ],
)
def test_a_fault_happens_as_often_as_asked(
    server: Server, api: Api, code: int, reason: str
) -> None:
    fault = server.faults.add(Fault(verb="list", resource="configmaps", code=code, times=2))
    answers = [api.get(MAPS) for _ in range(3)]
    assert [answer.code for answer in answers] == [code, code, 200]
    assert answers[0].json["reason"] == reason
    assert fault.seen == 2
    assert api.get("/api/v1/pods").code == 200


def test_too_many_requests_says_when_to_come_back(server: Server, api: Api) -> None:
    server.faults.add(Fault(code=429))
    assert api.get(MAPS).headers["Retry-After"] == "1"


def test_an_answer_can_be_lost_after_the_work_was_done(server: Server, api: Api) -> None:
    server.faults.add(Fault(verb="create", hangup=True, after=True))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        api.post(MAPS, config("a"))
    assert api.post(MAPS, config("a")).code == 409


def test_a_delay_is_waited(server: Server, api: Api) -> None:
    server.faults.add(Fault(verb="get", delay=0.3))
    before = time.monotonic()
    api.get(f"{MAPS}/a")
    assert time.monotonic() - before >= 0.3


def test_dropped_watches_end(server: Server, api: Api) -> None:
    api.post(MAPS, config("a"))
    events = api.watch(MAPS)
    assert next(events)["type"] == "ADDED"
    server.drop_watches()
    assert list(events) == []


def test_a_cut_connection_is_an_error_and_the_next_is_served(server: Server, api: Api) -> None:
    api.post(MAPS, config("a"))
    events = api.watch(MAPS)
    next(events)
    server.cut_connections()
    with pytest.raises(urllib3.exceptions.ProtocolError):
        list(events)
    assert type(api)(server.url, server.token).get(MAPS).code == 200


def test_a_stopped_server_refuses_and_comes_back_on_its_port(server: Server, api: Api) -> None:
    api.post(MAPS, config("a"))
    url = server.url
    events = api.watch(MAPS)
    assert next(events)["type"] == "ADDED"
    server.stop()
    with pytest.raises(urllib3.exceptions.HTTPError):
        api.get(MAPS)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        list(events)
    server.start()
    assert server.url == url
    assert api.get(f"{MAPS}/a").code == 200


def test_a_watch_from_forgotten_history_is_told_gone(server: Server, api: Api) -> None:
    first = api.post(MAPS, config("a")).version
    api.post(MAPS, config("b"))
    server.expire_history()
    event = next(api.watch(MAPS, resourceVersion=first))
    assert event["type"] == "ERROR"
    assert event["object"]["code"] == 410
    assert event["object"]["reason"] == "Expired"


def test_history_keeps_a_window(api_of_few: Api) -> None:
    versions = [api_of_few.post(MAPS, config(f"n{number}")).version for number in range(6)]
    event = next(api_of_few.watch(MAPS, resourceVersion=versions[0]))
    assert event["object"]["reason"] == "Expired"
    known = list(islice(api_of_few.watch(MAPS, resourceVersion=versions[3]), 2))
    assert [event["object"]["metadata"]["name"] for event in known] == ["n4", "n5"]


@pytest.fixture
def api_of_few() -> Iterator[Api]:
    """A server that remembers three events."""
    with Server(Store(history=3)) as server:
        client = Api(server.url, server.token)
        yield client
        client.close()


def test_an_expired_continue_token_offers_an_inconsistent_one(server: Server, api: Api) -> None:
    for name in ("a", "b", "c"):
        api.post(MAPS, config(name))
    token = api.get(MAPS, limit=1).json["metadata"]["continue"]
    server.expire_history()
    gone = api.get(MAPS, limit=1, **{"continue": token})
    assert gone.code == 410
    assert gone.json["message"].startswith("The provided continue parameter is too old")
    rest = api.get(MAPS, **{"continue": gone.json["metadata"]["continue"]}).json
    assert [item["metadata"]["name"] for item in rest["items"]] == ["b", "c"]


def test_a_version_from_the_future_is_a_timeout(api: Api) -> None:
    answer = api.get(MAPS, resourceVersion=10**9)
    assert answer.code == 504
    assert answer.json["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_bookmarks_move_a_quiet_watch_on(api: Api) -> None:
    listed = api.get(MAPS).version
    api.post("/api/v1/namespaces/default/secrets", {"metadata": {"name": "elsewhere"}})
    events = api.watch(MAPS, resourceVersion=listed, allowWatchBookmarks="true")
    bookmark = next(events)
    assert bookmark["type"] == "BOOKMARK"
    assert int(bookmark["object"]["metadata"]["resourceVersion"]) > int(listed)
    assert bookmark["object"]["kind"] == "ConfigMap"


def test_initial_events_are_not_supported(api: Api) -> None:
    answer = api.get(MAPS, watch="true", sendInitialEvents="true")
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "sendInitialEvents"
