"""Waiting until what was asked of a SampleDB is done: progress on stderr, the reason when not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from renderer.cli.console import current
from renderer.cli.exits import Exit
from renderer.cli.findings import CommandError, Finding, Rule
from renderer.cli.one import fetch
from renderer.cli.seen import at, condition
from renderer.cluster.cache import key_of
from renderer.cluster.client import Cluster, Object
from renderer.cluster.failure import ApiError
from renderer.core.errors import TransientError
from renderer.core.layout import Key

_PAUSE = 0.5
"""Seconds between two looks."""


def await_rest(
    cluster: Cluster, asked: Object, limit: float, done: Callable[[Object], bool] = bool
) -> Object:
    """Wait until the controller has nothing left to do for the spec in `asked`, and `done` holds.

    Raises `CommandError` (exit 1) with the reason when it can't go on, and when `limit`
    seconds have passed. An API server that doesn't answer for a while is waited for.
    """
    key, generation = key_of(asked), int(asked["metadata"].get("generation") or 0)
    deadline = time.monotonic() + limit
    found, told = asked, ""
    while True:
        words = _progress(found)
        if words and words != told:
            current().note(words)
            told = words
        if _current(found, generation):
            if condition(found, "Ready").get("status") == "True" and done(found):
                return found
            _refuse_stuck(found, key)
        if time.monotonic() >= deadline:
            problem = f"not done after {limit:g} s: {told or 'the controller has not seen it yet'}"
            raise failed(key, problem, f"it goes on by itself; 'sampledb status {key}' shows how")
        time.sleep(min(_PAUSE, max(deadline - time.monotonic(), 0)))
        found = _look(cluster, key, found)


def failed(key: Key, problem: str, remedy: str = "") -> CommandError:
    """What was asked for has failed."""
    finding = Finding(rule=Rule.CLUSTER, problem=problem, remedy=remedy, key=str(key))
    return CommandError(finding, exit_code=Exit.FOUND)


def _look(cluster: Cluster, key: Key, before: Object) -> Object:
    try:
        return fetch(cluster, key)
    except ApiError:
        raise
    except TransientError as error:
        current().detail(str(error))
        return before


def _current(found: Object, generation: int) -> bool:
    """The controller has seen that spec, or a later one."""
    return int(at(found, "status", "observedGeneration") or 0) >= generation


def _refuse_stuck(found: Object, key: Key) -> None:
    stalled = condition(found, "Stalled")
    if stalled.get("status") == "True":
        raise failed(key, f"{stalled.get('reason')}: {stalled.get('message')}")
    if at(found, "status", "phase") == "Paused" or "deletionTimestamp" in found["metadata"]:
        raise failed(key, str(at(found, "status", "message")))


def _progress(found: Mapping[str, object]) -> str:
    operation = at(found, "status", "operation")
    if not operation:
        return ""
    head = f"{at(operation, 'id')} {at(operation, 'step')}"
    return f"{head}: {at(operation, 'message')}"
