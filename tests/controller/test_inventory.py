"""Metrics of single SampleDBs, and the page that explains every metric."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from named_tests import ROOT

from renderer.controller.inventory import Inventory
from renderer.controller.metrics import Metrics

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def sampledb(name: str, phase: str = "", backups: object = None, **conditions: str) -> Any:
    told = [
        {"type": kind, "status": status, "reason": "InitFailed"}
        for kind, status in conditions.items()
    ]
    status: dict[str, object] = {"phase": phase, "conditions": told} if phase else {}
    if backups is not None:
        status["backups"] = backups
    return {"metadata": {"namespace": "team-a", "name": name}, "status": status}


SAMPLEDBS = [
    sampledb("new"),
    sampledb("good", "Ready", {"lastVerified": {"time": "2026-01-02T03:00:00Z"}}, Ready="True"),
    sampledb("bad", "Failed", Ready="False", Stalled="True", BackedUp="False"),
    sampledb("odd", "Ready", {"lastVerified": {"time": "yesterday"}}, Ready="True"),
]


def exposed(*, leading: bool) -> Metrics:
    metrics = Metrics()
    metrics.registry.register(Inventory(lambda: SAMPLEDBS, lambda: leading, lambda: NOW))
    return metrics


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ('sampledb_ready{name="good",namespace="team-a"}', 1),
        ('sampledb_ready{name="bad",namespace="team-a"}', 0),
        ('sampledb_ready{name="new",namespace="team-a"}', 0),
        ('sampledb_stalled{name="bad",namespace="team-a",reason="InitFailed"}', 1),
        ('sampledb_backed_up{name="bad",namespace="team-a"}', 0),
        ('sampledb_backup_age_seconds{name="good",namespace="team-a"}', 245),
        ('sampledb_phase{phase="Pending"}', 1),
        ('sampledb_phase{phase="Ready"}', 2),
    ],
)
def test_what_a_status_says_is_a_metric(sample: str, value: float) -> None:
    lines = exposed(leading=True).exposition().decode().splitlines()
    assert f"{sample} {float(value)}" in lines


def test_what_is_not_known_has_no_metric() -> None:
    text = exposed(leading=True).exposition().decode()
    assert 'sampledb_backup_age_seconds{name="odd"' not in text
    assert 'sampledb_stalled{name="good"' not in text


def test_one_that_follows_tells_of_no_sampledb() -> None:
    assert "team-a" not in exposed(leading=False).exposition().decode()


def test_every_metric_is_explained_and_nothing_else() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    told = set(re.findall(r"(?m)^\| `(\w+)` ", page))
    exposed_names = re.findall(r"(?m)^# TYPE (\w+) ", exposed(leading=True).exposition().decode())
    assert told == {name for name in exposed_names if not name.endswith("_created")}
