"""The children of the pure cluster's SampleDB: of which kind they are, and how they are called."""

from __future__ import annotations

from pure_desired import digest as digest_of

from renderer.core.layout import DATA_CLAIMS, JOBS, SNAPSHOTS, Names, Role, names
from renderer.core.record import Record

CLAIM = "PersistentVolumeClaim"
KINDS = {
    Role.SERVICE_ACCOUNT: "ServiceAccount",
    Role.CONFIG: "ConfigMap",
    Role.SCRIPTS: "ConfigMap",
    Role.CONNECTION: "ConfigMap",
    Role.TOOLS: "ConfigMap",
    Role.SERVICE: "Service",
    **dict.fromkeys(DATA_CLAIMS, CLAIM),
    Role.BACKUPS: CLAIM,
    **dict.fromkeys(SNAPSHOTS, "VolumeSnapshot"),
    Role.SERVER: "StatefulSet",
    Role.NETWORK: "NetworkPolicy",
    Role.DISRUPTION: "PodDisruptionBudget",
    Role.BACKUP: "CronJob",
    **dict.fromkeys(JOBS, "Job"),
}


def name_of(role: Role, digest: str, given: Names | None = None) -> str:
    children = given or names("orders")
    by_role = {
        Role.SERVICE_ACCOUNT: children.server,
        Role.CONFIG: children.config,
        Role.SCRIPTS: children.scripts,
        Role.CONNECTION: children.connection,
        Role.TOOLS: children.tools,
        Role.SERVICE: children.server,
        Role.DATA: children.data,
        Role.RESTORED: children.restored,
        Role.PREVIOUS: children.previous,
        Role.BACKUPS: children.backups,
        Role.SNAPSHOT: children.snapshot.name,
        Role.OLD_SNAPSHOT: children.old_snapshot.name,
        Role.SERVER: children.server,
        Role.NETWORK: children.server,
        Role.DISRUPTION: children.server,
        Role.BACKUP: children.backup,
        **{role: f"{children.job(role)}-{digest[:8]}" for role in JOBS},
    }
    return by_role[role]


def asked(record: Record, role: Role | None = None) -> str:
    """What a rendered child depends on: the input, and which attempt a Job belongs to."""
    operation = record.underway.id if record.underway else ""
    attempt = record.underway.attempt if record.underway else 1
    if role in {Role.EXPERIMENT, Role.MEND}:  # one spec asks for several
        return digest_of(operation)
    if role in JOBS - {Role.INIT, Role.BACKUP_NOW, Role.FINAL_BACKUP}:
        return digest_of(record.input_digest, operation, attempt)  # another operation asks again
    return digest_of(record.input_digest, attempt) if attempt > 1 else record.input_digest


def major(image: str) -> str:
    """The major version that an image's tag names."""
    return image.rpartition(":")[2].partition(".")[0]
