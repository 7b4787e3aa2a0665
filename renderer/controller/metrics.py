"""Prometheus metrics of one controller."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Every metric, in a registry of its own so that tests can run several controllers."""

    def __init__(self) -> None:
        """Register the metrics."""
        self.registry = CollectorRegistry()
        self.passes = Counter(
            "sampledb_reconcile_total",
            "Passes, by result: ok, retry, bug.",
            ["result"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "sampledb_reconcile_seconds",
            "Seconds of one pass, without the push.",
            registry=self.registry,
        )
        self.queued = Gauge(
            "sampledb_queue_length", "Keys that wait for a worker.", registry=self.registry
        )
        self.unpushed = Gauge(
            "sampledb_unpushed_changes",
            "Rendered changes that wait for a push.",
            registry=self.registry,
        )
        self.published = Counter(
            "sampledb_changes_total",
            "Changes given to Git, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self.writes = Counter(
            "sampledb_api_writes_total",
            "Writes to the Kubernetes API, by kind.",
            ["kind"],
            registry=self.registry,
        )
        self.experiments = Counter(
            "sampledb_experiments_total",
            "Chaos experiments, by result: Recovered, TooSlow, NotRecovered, Inconclusive, "
            "Skipped.",
            ["result"],
            registry=self.registry,
        )
        self.recovery = Gauge(
            "sampledb_experiment_recovery_seconds",
            "Seconds until the server answered again, of the experiment's last run.",
            ["namespace", "name", "experiment"],
            registry=self.registry,
        )
        self.leader = Gauge(
            "sampledb_leader", "1 while this process leads.", registry=self.registry
        )

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
