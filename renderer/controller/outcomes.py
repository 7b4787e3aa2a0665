"""What experiments have come to, once for each: for an Event and for the metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from renderer.controller.metrics import Metrics
from renderer.core.layout import Key
from renderer.core.operations.chaos import CHAOS

ALARMS = {"TooSlow", "NotRecovered"}
"""Results that somebody should look at."""


def experiments(
    before: Mapping[str, object], status: Mapping[str, object]
) -> Iterator[Mapping[str, object]]:
    """The experiments that have ended since the status `before`, oldest first.

    A status that was lost says nothing of what was told already: then nothing is told again.
    """
    if "history" not in before:
        return
    known = {entry.get("id") for entry in _history(before)}
    for entry in reversed(_history(status)):
        if entry.get("type") == CHAOS.type and entry.get("id") not in known:
            yield entry


def sentence(entry: Mapping[str, object]) -> str:
    """An experiment's outcome, for an Event."""
    return f"experiment {entry.get('experiment')}: {entry.get('message')}"


def count(metrics: Metrics, key: Key, entry: Mapping[str, object]) -> None:
    """Put an experiment's outcome into the metrics."""
    metrics.experiments.labels(str(entry.get("result"))).inc()
    seconds = entry.get("recoverySeconds")
    if isinstance(seconds, int):
        labels = (key.namespace, key.name, str(entry.get("experiment")))
        metrics.recovery.labels(*labels).set(seconds)


def _history(status: Mapping[str, object]) -> list[Mapping[str, object]]:
    found = status.get("history")
    return (
        [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
    )
