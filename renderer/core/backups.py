"""What is known of the backups: read from the Jobs' results, kept in the status."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.core.conditions import Condition, timestamp
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.observed import Job, Observed
from renderer.core.record import Record

_SHOWN = ("id", "size", "sha256")


def summarise(
    observed: Observed, previous: Mapping[str, object], record: Record | None
) -> dict[str, object]:
    """`status.backups`: last, lastVerified, lastFailure, count; {} when there are none.

    Jobs are cleaned up by the CronJob's history limits, so what an earlier pass saw is
    kept until a newer one is seen.
    """
    before = previous.get("backups")
    shown: dict[str, object] = dict(before) if isinstance(before, Mapping) else {}
    for job in sorted(observed.jobs(Role.BACKUP.value), key=_finished):
        if job.succeeded and job.result:
            _take(shown, _entry(job, job.result))
        elif job.failed:
            shown["lastFailure"] = {"id": job.name, "time": _finished(job), "message": job.message}
    if record and record.final_backup:
        shown["last"] = {k: record.final_backup[k] for k in _SHOWN if k in record.final_backup}
    return shown


def conditions(desired: Desired, taken: Mapping[str, object]) -> list[Condition]:
    """The condition BackedUp, for a SampleDB whose backups are scheduled."""
    if not desired.scheduled:
        return []
    verified, failure = taken.get("lastVerified"), taken.get("lastFailure")
    if isinstance(failure, Mapping) and _time(failure) > _time(verified):
        text = f"{failure.get('id')}: {failure.get('message')}"
        return [Condition(type="BackedUp", holds=False, reason="BackupFailed", message=text)]
    if not isinstance(verified, Mapping):
        text = f"no backup yet; the next one runs at {desired.db.spec.backup.schedule!r}"
        return [Condition(type="BackedUp", holds=False, reason="NoneYet", message=text)]
    text = f"{verified.get('id')} of {verified.get('time')} is verified"
    return [Condition(type="BackedUp", holds=True, reason="Verified", message=text)]


def _take(shown: dict[str, object], entry: dict[str, object]) -> None:
    last = shown.get("last")
    if isinstance(last, Mapping) and _time(last) > _time(entry):
        return
    known = isinstance(last, Mapping) and last.get("id") == entry["id"]
    shown["last"] = entry
    shown["lastVerified"] = entry
    count = shown.get("count", 0)
    if not known:
        shown["count"] = (count if isinstance(count, int) else 0) + 1


def _entry(job: Job, result: Mapping[str, object]) -> dict[str, object]:
    return {"time": _finished(job), **{key: result[key] for key in _SHOWN if key in result}}


def _finished(job: Job) -> str:
    return timestamp(job.finished_at) if job.finished_at else ""


def _time(entry: object) -> str:
    return str(entry.get("time", "")) if isinstance(entry, Mapping) else ""
