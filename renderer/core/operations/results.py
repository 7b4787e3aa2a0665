"""What Jobs report: the proofs that a container gave in its termination message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from renderer.core import backups, clocks
from renderer.core.conditions import timestamp
from renderer.core.layout import Role
from renderer.core.observed import Job
from renderer.core.operations.evidence import because, server_ready, stall, wait
from renderer.core.operations.step import Situation, Verdict, proved, still_open
from renderer.core.plan import Trouble
from renderer.core.record import Record

JOB_LIMIT = timedelta(hours=6)
"""A Job that has run longer than this is told as stuck; it is not ended."""

FRESH = timedelta(hours=24)
"""A verified backup that is older doesn't count as the one before an upgrade."""


def told(record: Record, _situation: Situation, facts: Mapping[str, object]) -> Record:
    """The server has said which version it is."""
    version = facts.get("version")
    return replace(record, version=version) if isinstance(version, str) else record


def initialized(situation: Situation) -> Verdict:
    """The init Job that was rendered has reported its result."""
    return _job_result(situation, Role.INIT)


def backed_up(situation: Situation) -> Verdict:
    """The final backup has been taken and read back: id, size and sha256 are known."""
    return _whole(situation, Role.FINAL_BACKUP)


def backed_up_now(situation: Situation) -> Verdict:
    """The backup that the operation takes has been read back: id, size, sha256 are known."""
    return _whole(situation, Role.BACKUP_NOW)


def safe(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """The backup that the operation took, and when: it may spare another one a day long."""
    job = _job(situation, Role.BACKUP_NOW)
    at = job and job.finished_at and clocks.seen_by(situation.now, job.finished_at)
    ended = {"finishedAt": timestamp(at)} if at else {}
    return replace(record, backup={**facts, **ended})


def outdated(situation: Situation, at: datetime) -> bool:
    """True when the backup that the operation took is no longer fresh at a time."""
    own = (situation.record.backup or {}).get("finishedAt")
    later = replace(situation, now=at)
    return isinstance(own, str) and not _fresh(own, at) and lacks_any_fresh_backup(later)


def lacks_fresh_backup(situation: Situation) -> bool:
    """True when a backup must be taken first: there is a place for it, and no fresh one."""
    place = situation.desired.backs_up or situation.desired.snapshots
    return not situation.blind and place and lacks_any_fresh_backup(situation)


def lacks_any_fresh_backup(situation: Situation) -> bool:
    """True when there is no verified backup that is fresh enough; a place is made for one."""
    own = (situation.record.backup or {}).get("finishedAt")
    if isinstance(own, str) and _fresh(own, situation.now):
        return False
    return not any(
        job.succeeded and job.result and backups.whole(job.result)
        for role in (Role.BACKUP, Role.BACKUP_NOW)
        for job in situation.observed.jobs(role.value)
        if job.finished_at and _fresh(timestamp(job.finished_at), situation.now)
    )


def _fresh(time: str, now: datetime) -> bool:
    """Younger than `FRESH`; what lies ahead isn't, or it would be for as long as it lies ahead."""
    return time >= timestamp(now - FRESH) and not clocks.is_future(time, now)


def checked(situation: Situation) -> Verdict:
    """The running server and the new programs fit: versions, extensions, settings, space."""
    return _job_result(situation, Role.PREFLIGHT)


def converted(situation: Situation) -> Verdict:
    """The data have been converted; the Job says from which major and to which."""
    return _of_another_major(_job_result(situation, Role.UPGRADE))


def moved(situation: Situation) -> Verdict:
    """The data have been moved to the new claim; the Job says from which major and to which."""
    return _of_another_major(_job_result(situation, Role.DUMP_RESTORE))


def _of_another_major(verdict: Verdict) -> Verdict:
    if verdict.problem or str(verdict.facts.get("to", "")).isdecimal():
        return verdict
    return stall(
        "UpgradeUnproved",
        f"the upgrade Job didn't say what it converted the data to: {dict(verdict.facts)!r}",
    )


def analyzed(situation: Situation) -> Verdict:
    """The new server's statistics and extensions are up to date; it has told its version."""
    return _job_result(situation, Role.ANALYZE)


def dropped(situation: Situation) -> Verdict:
    """The old data are gone."""
    return _job_result(situation, Role.DROP_OLD)


def restored(situation: Situation) -> Verdict:
    """The backup has been restored into the new claim, started alone and read."""
    verdict = _job_result(situation, Role.RESTORE)
    wanted = situation.desired.db.spec.restore.from_.id
    if verdict.problem or verdict.facts.get("id") == wanted:
        return verdict
    return stall(
        "RestoreUnproved",
        f"the restore Job didn't say that it restored {wanted}: {dict(verdict.facts)!r}",
    )


def noted_unverified(record: Record, _situation: Situation, facts: Mapping[str, object]) -> Record:
    """What the Job says of a backup that was never verified: the history tells it."""
    underway = record.underway
    if facts.get("verified") is not False or underway is None:
        return record
    report = f"the backup was never verified: {facts.get('unproved')}"
    return replace(record, underway=replace(underway, report=report))


def how_restored(record: Record) -> str:
    """How a restore has ended."""
    noted = record.underway is not None and record.underway.report
    return "Succeeded, from an unverified backup" if noted else "Succeeded"


def migrated(situation: Situation) -> Verdict:
    """The migrations have been run; the Job says which version they came to."""
    return _job_result(situation, Role.MIGRATE)


def accepted(situation: Situation) -> Verdict:
    """The server's own programs have started with the configuration that is asked for."""
    return _job_result(situation, Role.CHECK)


def reread(situation: Situation) -> Verdict:
    """The running server has told that the configuration is in force, or what needs a restart."""
    return _job_result(situation, Role.RELOAD)


def experimented(situation: Situation) -> Verdict:
    """The experiment's Job has told what it saw."""
    return _job_result(situation, Role.EXPERIMENT)


def mended(situation: Situation) -> Verdict:
    """What an experiment had left behind is gone."""
    return _job_result(situation, Role.MEND)


def ended_at(situation: Situation, role: Role) -> datetime | None:
    """When the Job of `role` ended."""
    job = _job(situation, role)
    return job.finished_at if job else None


def rotated(situation: Situation) -> Verdict:
    """The new passwords have been set, and let their roles in."""
    return _job_result(situation, Role.ROTATE)


def answers(situation: Situation) -> Verdict:
    """The running server has told its version."""
    return _job_result(situation, Role.VERIFY)


def version_runs(situation: Situation) -> Verdict:
    """The running server has told its version, and it is the one that is wanted."""
    verdict = answers(situation)
    if verdict.problem:
        return verdict
    desired, version = situation.desired, verdict.facts.get("version")
    major = str(version).partition(".")[0]
    if version == desired.version or (not desired.version and major == desired.major):
        return verdict
    return stall(
        "VersionMismatch",
        f"the server says that it is {version}, but {desired.version or desired.major} is "
        f"wanted: {desired.image} isn't what its name says; mend spec.image or spec.version",
    )


def _whole(situation: Situation, role: Role) -> Verdict:
    """The Job of `role` has reported a backup that was read back whole."""
    verdict = _job_result(situation, role)
    if verdict.problem:
        server = server_ready(situation).problem
        hopeless = server is not None and server.trouble is Trouble.STALLED
        return still_open(server) if server and hopeless else verdict
    if backups.whole(verdict.facts):
        return verdict
    return stall(
        f"{_REASONS[role].removesuffix('Failed')}Unproved",
        f"{_BACKUPS[role]} reported no proof (id, size, sha256, verified): {dict(verdict.facts)!r}",
    )


def at_work(situation: Situation, role: Role) -> bool:
    """True unless the Job of `role` is seen to have ended: one that isn't seen may begin."""
    job = _job(situation, role)
    return job is None or not (job.succeeded or job.failed)


def job_path(situation: Situation, role: Role) -> str:
    """`Job/<name>` of the Job of `role` in the record; "" when there is none."""
    start = f"Job/{situation.names.job(role)}-"
    return next((path for path in situation.record.children if path.startswith(start)), "")


def _job(situation: Situation, role: Role) -> Job | None:
    """The Job of `role` as it was rendered, if it is in the cluster."""
    path = job_path(situation, role)
    job = situation.observed.job(path.removeprefix("Job/"))
    return job if job and job.stamp == situation.record.children.get(path) else None


def _job_result(situation: Situation, role: Role) -> Verdict:
    job = _job(situation, role)
    if job is None:
        path = job_path(situation, role) or situation.names.job(role)
        return wait("NotApplied", f"waiting for the applier: {path}")
    if job.succeeded and job.result is not None:
        return proved(job.result)
    if job.failed or job.succeeded:
        return stall(_REASONS[role], f"{_job_failure(job)}; {_MENDING.get(role, _AGAIN)}")
    if job.started_at and situation.now - job.started_at > JOB_LIMIT:
        return stall("JobStuck", f"Job {job.name} has run since {job.started_at:%Y-%m-%dT%H:%MZ}")
    return wait("JobRunning", f"Job {job.name} is running" + because(job.message))


_REASONS = {
    Role.INIT: "InitFailed",
    Role.BACKUP_NOW: "BackupFailed",
    Role.VERIFY: "VerifyFailed",
    Role.PREFLIGHT: "PreflightFailed",
    Role.UPGRADE: "UpgradeFailed",
    Role.DUMP_RESTORE: "UpgradeFailed",
    Role.ANALYZE: "AnalyzeFailed",
    Role.DROP_OLD: "DropOldFailed",
    Role.RESTORE: "RestoreFailed",
    Role.MIGRATE: "MigrateFailed",
    Role.ROTATE: "RotateFailed",
    Role.CHECK: "ConfigurationRefused",
    Role.RELOAD: "ReloadFailed",
    Role.FINAL_BACKUP: "FinalBackupFailed",
    Role.EXPERIMENT: "Inconclusive",
    Role.MEND: "MendFailed",
}
_BACKUPS = {Role.BACKUP_NOW: "the backup", Role.FINAL_BACKUP: "the final backup"}
_AGAIN = "mend the cause, then delete the Job and the applier starts it anew"
_THE_OLD_START_AGAIN = (
    "the old data are as they were; mend the cause and delete the Job, or set "
    "spec.version back and the old server starts again"
)
_MENDING = {
    Role.BACKUP_NOW: "mend the cause, then give spec.backup.requestedAt a new value, or delete the "
    "Job and the applier starts it anew",
    Role.INIT: "mend spec.init and a new Job follows; if the cause lay elsewhere, delete the Job "
    "and the applier starts it anew",
    Role.PREFLIGHT: "nothing has been stopped; mend the cause and delete the Job, or set "
    "spec.version back",
    Role.MIGRATE: "nothing of the file that failed is left behind; mend it under a new ConfigMap's "
    "name, or mend it there and delete the Job",
    Role.CHECK: "the server runs on as it is; mend spec.parameters or spec.pgHba, or put them "
    "back; if the cause lay elsewhere, delete the Job and the applier starts it anew",
    Role.RELOAD: "mend the cause and delete the Job, and the applier starts it anew; a Pod that is "
    "deleted comes back with the new configuration; or change spec.parameters or spec.pgHba",
    Role.RESTORE: "nothing has been changed by it; mend the cause and delete the Job, name another "
    "backup under a new id, or remove spec.restore",
    Role.EXPERIMENT: "mend the cause, and change the experiment or its name to have it made again",
    Role.UPGRADE: _THE_OLD_START_AGAIN,
    Role.DUMP_RESTORE: _THE_OLD_START_AGAIN,
}


def _job_failure(job: Job) -> str:
    said = job.message or "it ended without a word"
    if job.succeeded:
        said = "it succeeded but reported no result in its termination message"
    return f"Job {job.name}: {said}"
