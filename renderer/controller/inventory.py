"""Metrics of each SampleDB, read from its status when they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from renderer.cluster.client import Object

_LABELS = ("namespace", "name")


class Inventory(Collector):
    """What every SampleDB's status says; nothing while another process leads.

    So each is told of once, however many replicas are scraped.

    Args:
        sampledbs: gives every SampleDB that is known.
        leading: whether this process works on them.
        clock: the time, UTC.
    """

    def __init__(
        self,
        sampledbs: Callable[[], Iterable[Object]],
        leading: Callable[[], bool],
        clock: Callable[[], datetime],
    ) -> None:
        """Nothing is read yet."""
        self._sampledbs = sampledbs
        self._leading = leading
        self._clock = clock

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The metrics as they are now."""
        phases = GaugeMetricFamily("sampledb_phase", "SampleDBs by phase.", labels=("phase",))
        ready = GaugeMetricFamily(
            "sampledb_ready", "1 while the SampleDB is Ready, else 0.", labels=_LABELS
        )
        stalled = GaugeMetricFamily(
            "sampledb_stalled",
            "1 for a SampleDB that goes no further until a person acts, with the reason.",
            labels=(*_LABELS, "reason"),
        )
        backed_up = GaugeMetricFamily(
            "sampledb_backed_up",
            "1 while the newest scheduled backup is verified, else 0.",
            labels=_LABELS,
        )
        age = GaugeMetricFamily(
            "sampledb_backup_age_seconds",
            "Seconds since the last verified backup was taken.",
            labels=_LABELS,
        )
        counted: Counter[str] = Counter()
        now = self._clock()
        for item in self._sampledbs() if self._leading() else ():
            labels = (item["metadata"].get("namespace", ""), item["metadata"]["name"])
            status = item.get("status") or {}
            counted[status.get("phase") or "Pending"] += 1
            conditions = {c["type"]: c for c in status.get("conditions") or ()}
            ready.add_metric(labels, _holds(conditions.get("Ready")))
            if _holds(conditions.get("Stalled")):
                stalled.add_metric((*labels, conditions["Stalled"]["reason"]), 1.0)
            if "BackedUp" in conditions:
                backed_up.add_metric(labels, _holds(conditions["BackedUp"]))
            taken = _taken(status)
            if taken is not None:
                age.add_metric(labels, max(0.0, (now - taken).total_seconds()))
        for phase, count in sorted(counted.items()):
            phases.add_metric((phase,), count)
        return phases, ready, stalled, backed_up, age


def _holds(condition: Mapping[str, object] | None) -> float:
    return 1.0 if condition and condition["status"] == "True" else 0.0


def _taken(status: Mapping[str, object]) -> datetime | None:
    """When the last verified backup was taken; None when that isn't known."""
    backups = status.get("backups")
    last = backups.get("lastVerified") if isinstance(backups, Mapping) else None
    time = last.get("time") if isinstance(last, Mapping) else None
    try:
        return datetime.fromisoformat(time) if isinstance(time, str) else None
    except ValueError:
        return None
