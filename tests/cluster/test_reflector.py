"""The reflector against every fault that it is there for."""

# ruff: noqa: PLR0917 - fixtures are arguments; conftest's types can't be imported
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from renderer.cluster import kinds, trimming
from renderer.cluster.client import Cluster, Object, Scope
from renderer.cluster.reflector import Pace, Reflector
from renderer.core.layout import Key

FAST = Pace(first=0.01, longest=0.05, lasting=5, silence=5.0, healthy=1.0)
ORDERS = Key(namespace="team-a", name="orders")

Follow = Callable[..., Reflector]


class Seen(list[tuple[str, str]]):
    """What the callback was told: ("+" new, "~" changed, "-" gone) and the name."""

    reflector: Reflector

    def __call__(self, before: Object | None, after: Object | None) -> None:
        kind = "+" if before is None else "-" if after is None else "~"
        self.append((kind, (after or before or {})["metadata"]["name"]))


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def follow(server: Any, seen: Seen) -> Iterator[Follow]:
    started: list[Reflector] = []

    def start(pace: Pace = FAST, cluster: Cluster | None = None, **rest: Any) -> Reflector:
        found = Reflector(
            cluster or server.cluster(),
            kinds.PODS,
            changed=rest.pop("changed", seen),
            pace=pace,
            jitter=lambda: 0.0,
            **rest,
        )
        seen.reflector = found  # before it tells anything
        found.start()
        started.append(found)
        return found

    yield start
    server.ending.set()
    for each in started:
        each.stop()


@pytest.fixture
def listing(answer: Any) -> Callable[..., Any]:
    def build(version: int, *items: Object) -> Any:
        return answer(body={"metadata": {"resourceVersion": str(version)}, "items": list(items)})

    return build


def event(kind: str, item: Object) -> Object:
    return {"type": kind, "object": item}


def bookmark(version: int) -> Object:
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


def test_a_list_and_a_watch_fill_the_cache_and_its_index(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, seen: Seen, eventually: Any
) -> None:
    watch = answer(
        events=(
            event("ADDED", pod("b", 11)),
            event("MODIFIED", pod("a", 12)),
            event("DELETED", pod("b", 13)),
            event("ADDED", pod("x", 14, **{"sampledb.dev/name": "other"})),
            3.0,
        )
    )
    server.script = lambda r: watch if r.is_watch else listing(10, pod("a", 9))
    reflector = follow(scope=Scope(labels="sampledb.dev/name"))
    eventually(lambda: len(seen) == 5)
    assert seen == [("+", "a"), ("+", "b"), ("~", "a"), ("-", "b"), ("+", "x")]
    assert [each["metadata"]["resourceVersion"] for each in reflector.cache.of(ORDERS)] == ["12"]
    assert reflector.cache.get(Key(namespace="team-a", name="x"))
    assert len(reflector.cache.all()) == len(reflector.cache) == 2
    assert reflector.health.synced
    (request,) = server.asked(watch=True)
    assert request.query["allowWatchBookmarks"] == "true"
    assert request.query["resourceVersion"] == "10"
    assert request.query["labelSelector"] == "sampledb.dev/name"


def test_a_dropped_watch_goes_on_from_the_last_bookmark_without_a_list(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, eventually: Any
) -> None:
    cut = answer(events=(bookmark(42),), cut=True)
    steady = answer(events=(3.0,))
    server.script = lambda r: (
        (cut if len(server.asked(watch=True)) == 1 else steady)
        if r.is_watch
        else listing(10, pod("a", 9))
    )
    reflector = follow()
    eventually(lambda: len(server.asked(watch=True)) == 2)
    assert server.asked(watch=True)[1].query["resourceVersion"] == "42"
    assert len(server.asked(watch=False)) == 1
    assert reflector.health.failures == 1
    assert "doesn't answer" in reflector.health.error


@pytest.mark.parametrize("as_event", [True, False], ids=["as an event", "as an answer"])
def test_an_expired_version_is_listed_anew_and_the_difference_is_told(
    server: Any,
    answer: Any,
    listing: Any,
    pod: Any,
    follow: Follow,
    seen: Seen,
    eventually: Any,
    as_event: bool,
) -> None:
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    gone = answer(events=(event("ERROR", status),)) if as_event else answer(code=410, body=status)

    def script(request: Any) -> Any:
        if request.is_watch:
            return gone if request.query["resourceVersion"] == "10" else answer(events=(3.0,))
        first = len(server.asked(watch=False)) == 1
        return (
            listing(10, pod("a", 1), pod("b", 2), pod("c", 3))
            if first
            else listing(20, pod("a", 1), pod("b", 15))
        )

    server.script = script
    follow()
    eventually(lambda: len(seen) == 5)
    assert seen[:3] == [("+", "a"), ("+", "b"), ("+", "c")]
    assert seen[3:] == [("~", "b"), ("-", "c")]


def test_a_version_that_expires_later_is_listed_anew_without_a_pause(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, seen: Seen, eventually: Any
) -> None:
    watches = iter([answer(events=(event("ADDED", pod("b", 11)), 0.2)), answer(code=410, body={})])

    def script(request: Any) -> Any:
        if request.is_watch:
            return next(watches, answer(events=(3.0,)))
        return listing(10, pod("a", 1)) if len(seen) == 0 else listing(20, pod("b", 11))

    server.script = script
    follow(Pace(first=60.0, longest=60.0, healthy=0.1))
    eventually(lambda: ("-", "a") in seen)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"code": 410, "body": {"code": 410}}, id="410 for ever"),
        pytest.param({"code": 500, "body": {}}, id="500"),
        pytest.param({"code": 200}, id="ends at once"),
        pytest.param({"cut": True}, id="reset"),
        pytest.param({"events": ({"type": "ERROR", "object": {"code": 500}},)}, id="error event"),
        pytest.param({"code": 403, "body": {"message": "no"}}, id="forbidden"),
    ],
)
def test_trouble_is_backed_off_and_never_hammered(
    server: Any,
    answer: Any,
    listing: Any,
    pod: Any,
    follow: Follow,
    eventually: Any,
    fault: dict[str, Any],
) -> None:
    server.script = lambda r: answer(**fault) if r.is_watch else listing(10, pod("a", 9))
    reflector = follow(Pace(first=0.1, longest=0.4))
    eventually(lambda: reflector.health.failures >= 3)
    began, before = time.monotonic(), len(server.requests)
    eventually(lambda: reflector.health.failures >= 5)
    assert len(server.requests) - before <= 5  # at most a list and a watch each
    assert time.monotonic() - began >= 0.2
    assert reflector.health.error
    assert len(reflector.cache) == 1


def test_a_server_that_is_not_there_is_waited_for(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, seen: Seen, eventually: Any
) -> None:
    reflector = follow(cluster=Cluster.at("http://127.0.0.1:1"))
    eventually(lambda: reflector.health.failures >= 3)
    assert not reflector.synced.is_set()
    assert seen == []
    reflector.stop()

    server.script = lambda _: answer(code=503, body={})
    later = follow()
    eventually(lambda: later.health.failures >= 2)
    server.script = lambda r: answer(events=(3.0,)) if r.is_watch else listing(1, pod("a", 1))
    assert later.synced.wait(10)
    eventually(lambda: server.asked(watch=True))


def test_a_hung_watch_is_left_after_the_silence(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, eventually: Any
) -> None:
    server.script = lambda r: answer(events=(20.0,)) if r.is_watch else listing(10, pod("a", 9))
    follow(Pace(first=0.01, silence=0.2))
    eventually(lambda: len(server.asked(watch=True)) >= 2)
    assert len(server.asked(watch=False)) == 1


def test_the_wait_that_a_server_asks_for_is_kept(
    server: Any, answer: Any, follow: Follow, eventually: Any
) -> None:
    server.script = lambda _: answer(code=429, body={}, headers={"Retry-After": "1"})
    reflector = follow(Pace(first=0.01, longest=5.0))
    eventually(lambda: reflector.health.failures == 1)
    time.sleep(0.3)  # nothing must happen: there is no state to poll for
    assert len(server.requests) == 1


@pytest.mark.parametrize("hung", ["list", "watch headers", "watch body"])
def test_stop_returns_promptly_whatever_the_server_does(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, eventually: Any, hung: str
) -> None:
    def script(request: Any) -> Any:
        if not request.is_watch:
            return answer(body={}, hang=20.0) if hung == "list" else listing(10, pod("a", 9))
        return answer(hang=20.0) if hung == "watch headers" else answer(events=(20.0,))

    server.script = script
    reflector = follow()
    eventually(lambda: server.asked(watch=hung != "list"))
    time.sleep(0.05)  # let it begin to read the answer
    began = time.monotonic()
    ended = reflector.stop(0.5)
    assert time.monotonic() - began < 1.0
    assert ended is (hung == "watch body")


def test_an_empty_list_after_a_full_one_is_passed_on_and_flagged(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, seen: Seen, eventually: Any
) -> None:
    flags: list[bool] = []

    def script(request: Any) -> Any:
        if request.is_watch:
            first = request.query["resourceVersion"] == "10"
            return answer(code=410, body={}) if first else answer(events=(0.2, late, 3.0))
        return listing(10, pod("a", 1)) if len(server.asked(watch=False)) == 1 else listing(20)

    late = event("ADDED", pod("b", 21))
    server.script = script
    follow(changed=lambda *told: (flags.append(seen.reflector.health.emptied), seen(*told)))
    eventually(lambda: len(seen) == 3)
    assert seen == [("+", "a"), ("-", "a"), ("+", "b")]
    assert flags == [False, True, False]


def test_a_bug_in_the_callback_costs_no_change(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, seen: Seen, eventually: Any
) -> None:
    def changed(before: Object | None, after: Object | None) -> None:
        seen(before, after)
        raise KeyError("oops")

    server.script = lambda r: (
        answer(events=(event("ADDED", pod("c", 11)), 3.0))
        if r.is_watch
        else listing(10, pod("a", 1), pod("b", 2))
    )
    follow(changed=changed)
    eventually(lambda: len(seen) == 3)


def test_objects_are_trimmed_before_they_are_kept(
    server: Any, answer: Any, listing: Any, pod: Any, follow: Follow, eventually: Any
) -> None:
    fat = pod("a", 1) | {"spec": {"containers": [{"name": "x"}]}}
    server.script = lambda r: answer(events=(3.0,)) if r.is_watch else listing(10, fat)
    reflector = follow(trim=trimming.child("Pod"))
    eventually(reflector.synced.is_set)
    (kept,) = reflector.cache.all()
    assert "spec" not in kept
    assert kept["metadata"].get("annotations", {}).keys() <= {"other", "sampledb.dev/content-hash"}
