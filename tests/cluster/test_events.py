"""Events: told once, counted afterwards, and never in the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from renderer.cluster.events import Recorder, Severity

ABOUT = {
    "apiVersion": "sampledb.dev/v1",
    "kind": "SampleDB",
    "metadata": {"namespace": "team-a", "name": "orders", "uid": "u-1", "resourceVersion": "7"},
}


class EventStore:
    """Keeps the Events that are created and patched."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.kept: dict[str, Any] = {}

    def __call__(self, request: Any) -> Any:
        name = request.path.split("/events/")[-1]
        if request.method == "POST":
            name = request.body["metadata"]["name"]
            if name in self.kept:
                return self.answer(code=409, body={"reason": "AlreadyExists"})
            metadata = request.body["metadata"] | {"resourceVersion": "1"}
            self.kept[name] = request.body | {"metadata": metadata}
        if name not in self.kept:
            return self.answer(code=404, body={"details": {"name": name}})
        if request.method == "PATCH":
            assert request.body["metadata"]["resourceVersion"] == "1"
            self.kept[name] |= {key: request.body[key] for key in ("count", "lastTimestamp")}
        return self.answer(body=self.kept[name])


@pytest.fixture
def store(server: Any, answer: Any) -> EventStore:
    server.script = EventStore(answer)
    return server.script  # type: ignore[no-any-return]  # set the line above


@pytest.fixture
def recorder(server: Any) -> Recorder:
    moment = datetime(2026, 11, 24, 3, 0, 0, tzinfo=UTC)
    return Recorder(server.cluster(), "sampledb-renderer-0", now=lambda: moment)


def test_an_event_has_all_that_the_api_server_and_kubectl_want(
    store: EventStore, recorder: Recorder
) -> None:
    recorder.tell(ABOUT, Severity.NORMAL, "Committed", "1a2b3c4 provision, step 1 of 3")
    (event,) = store.kept.values()
    assert event["apiVersion"] == "v1"
    assert event["metadata"]["namespace"] == "team-a"
    assert event["metadata"]["name"].startswith("orders.")
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-11-24T03:00:00Z"
    assert event["count"] == 1
    assert event["type"] == "Normal"
    assert event["reason"] == "Committed"
    assert event["action"] == "Reconcile"
    assert event["message"] == "1a2b3c4 provision, step 1 of 3"
    assert event["reportingComponent"] == "sampledb-renderer"
    assert event["reportingInstance"] == "sampledb-renderer-0"
    assert event["involvedObject"]["uid"] == "u-1"


def test_the_same_words_again_only_raise_the_count(store: EventStore, recorder: Recorder) -> None:
    for _ in range(3):
        recorder.tell(ABOUT, Severity.WARNING, "PushFailed", "the repository is away")
    recorder.tell(ABOUT, Severity.WARNING, "PushFailed", "something else")
    first, second = store.kept.values()
    assert first["count"] == 3
    assert second["count"] == 1


def test_a_restarted_controller_counts_on(
    store: EventStore, recorder: Recorder, server: Any
) -> None:
    recorder.tell(ABOUT, Severity.WARNING, "PushFailed", "away")
    Recorder(server.cluster(), "other").tell(ABOUT, Severity.WARNING, "PushFailed", "away")
    (event,) = store.kept.values()
    assert event["count"] == 2


def test_an_event_that_has_expired_is_told_anew(store: EventStore, recorder: Recorder) -> None:
    recorder.tell(ABOUT, Severity.NORMAL, "Ready", "the database answers")
    store.kept.clear()
    recorder.tell(ABOUT, Severity.NORMAL, "Ready", "the database answers")
    (event,) = store.kept.values()
    assert event["count"] == 1


def test_a_message_is_cut_to_what_the_api_server_takes(
    store: EventStore, recorder: Recorder
) -> None:
    recorder.tell(ABOUT, Severity.NORMAL, "Ready", "ä" * 2000)
    (event,) = store.kept.values()
    assert len(event["message"].encode()) == 1024


def test_an_event_that_cannot_be_told_stops_nothing(
    server: Any, answer: Any, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = lambda _: answer(code=403, body={"message": "events is forbidden"})
    recorder.tell(ABOUT, Severity.NORMAL, "Ready", "x")
    assert "events is forbidden" in caplog.text
