"""What the status tells of the backups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pure_cluster import BACKUP_RESULT, NOW
from pure_desired import desired

from renderer.core import backups
from renderer.core.conditions import Condition
from renderer.core.observed import Job, Observed

FAR = NOW + timedelta(days=3650)
Status = dict[str, Any]
SCHEDULED = {"schedule": "@daily", "target": {"pvc": {"size": "1Gi"}}}


def job(name: str, day: int | None, **facts: object) -> Job:
    known: dict[str, Any] = {"succeeded": True, "result": {**BACKUP_RESULT, "id": name}}
    finished = datetime(2026, 1, day, tzinfo=UTC) if day else None
    return Job(
        kind="Job",
        name=name,
        stamp=None,
        role="cronjob-backup",
        finished_at=finished,
        **{**known, **facts},
    )


def taken(*jobs: Job, previous: object = None, now: datetime = FAR) -> Status:
    observed = Observed(children={("Job", each.name): each for each in jobs})
    return backups.summarise(observed, {"backups": previous}, None, now)


def backed_up(known: Status) -> Condition:
    (condition,) = backups.conditions(desired(backup=SCHEDULED), known, FAR)
    return condition


def test_backups_are_counted_once_however_often_they_are_seen() -> None:
    jobs = (job("a", 1), job("b", 1), job("c", 2))
    first = taken(*jobs)
    assert first["count"] == 3
    assert first["lastVerified"]["id"] == "c"
    assert taken(*jobs, previous=first) == first
    assert taken(job("d", 3), previous=first)["count"] == 4


@pytest.mark.parametrize(
    ("drill", "told"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param(
            {"verify": "Restore", "tables": 5, "rows": 0},
            {"verify": "Restore", "tables": 5, "rows": 0},
            id="restored",
        ),
        pytest.param({"verify": "Restore", "rows": True}, {"verify": "Restore"}, id="no-numbers"),
        pytest.param({"verify": "Guess", "tables": 5}, {}, id="another word"),
    ],
)
def test_what_the_drill_of_a_backup_found_is_told(drill: Status, told: Status) -> None:
    found = taken(job("a", 1, result={**BACKUP_RESULT, **drill}))["lastVerified"]
    assert {k: found[k] for k in ("verify", "tables", "rows") if k in found} == told


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"result": {**BACKUP_RESULT, "verified": False}}, id="not-verified"),
        pytest.param({"result": {**BACKUP_RESULT, "id": 7}}, id="no-word-as-id"),
        pytest.param({"result": {**BACKUP_RESULT, "size": True}}, id="no-number-as-size"),
        pytest.param({"result": {**BACKUP_RESULT, "sha256": "xyz"}}, id="no-checksum"),
        pytest.param({"result": {"initialized": True}}, id="another-result"),
        pytest.param({"succeeded": False, "failed": True, "message": "disk full"}, id="failed"),
    ],
)
def test_a_backup_without_proof_is_a_failure(facts: Status) -> None:
    known = taken(job("a", 1), job("b", 2, **facts))
    assert known["lastVerified"]["id"] == "a"
    assert known["lastFailure"]["id"] == "b"
    assert backed_up(known).reason == "BackupFailed"
    assert backed_up(taken(job("c", 3), previous=known)).holds


def test_a_job_that_runs_or_has_not_reported_yet_says_nothing() -> None:
    assert taken(job("a", 1, result=None), job("b", None, succeeded=False)) == {}
    assert taken(job("c", None, succeeded=False, failed=True))["lastFailure"] == {
        "id": "c",
        "message": "",
    }
    assert backed_up({}).reason == "NoneYet"


def test_without_a_schedule_there_is_no_condition_on_backups() -> None:
    assert backups.conditions(desired(), {}, FAR) == []
