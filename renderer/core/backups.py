"""What is known of the backups: read from the Jobs' results, kept in the status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from renderer.core import clocks
from renderer.core.conditions import Condition, clip, timestamp
from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.observed import Job, Observed
from renderer.core.record import Record

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORD = 256
"""Longest id that the status holds."""
_URL = 2048


def whole(result: Mapping[str, object]) -> bool:
    """True for a backup that is proved, with id and size.

    One that a Job took was read back, and has a checksum; a snapshot is held by the storage,
    ready to use, as the VolumeSnapshotContent that it is bound to.
    """
    found = shown(result)
    proof = "sha256" in found or "snapshot" in found
    return result.get("verified") is True and proof and {"id", "size"} <= found.keys()


def shown(result: Mapping[str, object]) -> dict[str, object]:
    """What the status says of a backup; what a Job reported in another form is left out."""
    name, size, checksum = (result.get(key) for key in ("id", "size", "sha256"))
    found: dict[str, object] = {}
    if isinstance(name, str) and 0 < len(name) <= _WORD:
        found["id"] = name
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        found["size"] = size
    if isinstance(checksum, str) and _SHA256.fullmatch(checksum):
        found["sha256"] = checksum
    content = result.get("snapshot")
    if result.get("method") == "VolumeSnapshot" and isinstance(content, str) and content:
        found |= {"method": "VolumeSnapshot", "snapshot": content[:_WORD]}
    url = result.get("url")
    if isinstance(url, str) and 0 < len(url) <= _URL:
        found["url"] = url
    return found | _drilled(result)


def _drilled(result: Mapping[str, object]) -> dict[str, object]:
    """What a restore of the backup into a throw-away server found; {} without one."""
    if result.get("verify") != "Restore":
        return {}
    counts = {name: result.get(name) for name in ("tables", "rows")}
    return {"verify": "Restore", **{k: v for k, v in counts.items() if type(v) is int and v >= 0}}


def summarise(
    observed: Observed, previous: Mapping[str, object], record: Record | None, now: datetime
) -> dict[str, object]:
    """`status.backups`: last, lastVerified, lastFailure, count; {} when there are none.

    Jobs are cleaned up by the CronJob's history limits, so what an earlier pass saw is
    kept until a newer one is seen. What lies ahead of `now` is older than all that doesn't.
    """
    before = previous.get("backups")
    known: dict[str, object] = dict(before) if isinstance(before, Mapping) else {}
    jobs = (*observed.jobs(Role.BACKUP.value), *observed.jobs(Role.BACKUP_NOW.value))
    for job in sorted(jobs, key=lambda job: _age(_at(job), now)):
        if job.failed:
            known["lastFailure"] = _failure(job, job.message)
        elif job.succeeded and job.result and whole(job.result):
            _take(known, {**_at(job), **shown(job.result)}, now)
        elif job.succeeded and job.result:
            known["lastFailure"] = _failure(job, "it reported no verified backup")
    if record and record.backup:
        at = record.backup.get("finishedAt")
        entry = {"time": at} if isinstance(at, str) else {}
        _take(known, {**entry, **shown(record.backup)}, now)
    if record:
        _look_at_snapshots(known, observed, record)
    if record and record.final_backup:
        known["last"] = shown(record.final_backup)
    return known


def _look_at_snapshots(known: dict[str, object], observed: Observed, record: Record) -> None:
    """How many are kept, and what the storage says of one that it doesn't take."""
    asked = observed.snapshot(record.snapshotting.name) if record.snapshotting else None
    if asked and asked.error and not asked.ready:
        at = {"time": timestamp(asked.failed_at)} if asked.failed_at else {}
        known["lastFailure"] = {"id": asked.name, **at, "message": clip(asked.error)}
    if record.snapshots:
        known["count"] = len(record.snapshots)


def conditions(desired: Desired, taken: Mapping[str, object], now: datetime) -> list[Condition]:
    """The condition BackedUp, for a SampleDB whose backups are scheduled."""
    if not desired.scheduled:
        return []
    verified, failure = taken.get("lastVerified"), taken.get("lastFailure")
    if isinstance(failure, Mapping) and _age(failure, now)[:2] > _age(verified, now)[:2]:
        text = f"{failure.get('id')}: {failure.get('message')}"
        return [Condition(type="BackedUp", holds=False, reason="BackupFailed", message=text)]
    if not isinstance(verified, Mapping):
        text = f"no backup yet; the next one runs at {desired.db.spec.backup.schedule!r}"
        return [Condition(type="BackedUp", holds=False, reason="NoneYet", message=text)]
    text = f"{verified.get('id')} of {verified.get('time')} is verified"
    return [Condition(type="BackedUp", holds=True, reason="Verified", message=text)]


def _take(known: dict[str, object], entry: dict[str, object], now: datetime) -> None:
    """Take a verified backup that is newer than the newest known one, once."""
    if _age(entry, now) <= _age(known.get("lastVerified"), now):
        return
    known["last"] = known["lastVerified"] = entry
    count = known.get("count")
    known["count"] = (count if isinstance(count, int) else 0) + 1


def _failure(job: Job, message: str) -> dict[str, object]:
    return {"id": job.name, **_at(job), "message": clip(message)}


def _at(job: Job) -> dict[str, object]:
    return {"time": _finished(job)} if job.finished_at else {}


def _age(entry: object, now: datetime) -> tuple[bool, str, str]:
    """What is greater is newer, whatever clocks say that were ahead."""
    if not isinstance(entry, Mapping):
        return False, "", ""
    return not clocks.is_future(_time(entry), now), _time(entry), str(entry.get("id", ""))


def _finished(job: Job) -> str:
    return timestamp(job.finished_at) if job.finished_at else ""


def _time(entry: object) -> str:
    return str(entry.get("time", "")) if isinstance(entry, Mapping) else ""
