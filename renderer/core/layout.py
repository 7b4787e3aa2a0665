"""Where everything lies: names of children, labels, and paths in the repository.

Paths are built from names that the API server's rules admit; `component`
checks them again, so that nothing can leave the directory it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from renderer.core.errors import invalid

GROUP = "sampledb.dev"
VERSION = "v1"
KIND = "SampleDB"
TOMBSTONE_KIND = "SampleDBTombstone"
"""What is left in Git of a deleted SampleDB; no kind of the cluster's."""
PLURAL = "sampledbs"
API_VERSION = f"{GROUP}/{VERSION}"
FINALIZER = f"{GROUP}/final-backup"

NAME_LABEL = f"{GROUP}/name"
ROLE_LABEL = f"{GROUP}/role"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "sampledb-renderer"
HASH_ANNOTATION = f"{GROUP}/content-hash"
GENERATION_ANNOTATION = f"{GROUP}/generation"
CONFIRM_ANNOTATION = f"{GROUP}/confirm-restore"
"""On a SampleDB: the id of the restore, or of the upgrade, whose replaced volume may go."""
APPROVE_ANNOTATION = f"{GROUP}/approve"
"""On a SampleDB: the operation, its step that may begin, and the target, such as
`majorupgrade-3/Stop/18.4-1a2b3c4d`."""
DATA_VERSION_ANNOTATION = f"{GROUP}/data-version"
"""On a VolumeSnapshot: the major version of the data that it holds."""

IMAGE = "sampledb-renderer:latest"
"""The image of this program, as deploy/deployment.yaml names it."""

OWNER_FILE = ".sampledb-owner.yaml"
RECORD_FILE = "record.yaml"
KUSTOMIZATION_FILE = "kustomization.yaml"
NAME_LIMIT = 40
"""Longest name of a SampleDB: leaves room for `-final-backup-<hash>` and a Pod's suffix
in the 63 characters of a label value, and 52 for a CronJob."""

_COMPONENT = re.compile(r"[a-z0-9]([a-z0-9-]{0,251}[a-z0-9])?")


class Role(Enum):
    """What a child is for; the value names its template and its file.

    Declared in the order in which the templates are rendered: a template may
    use the content hashes of those above it.
    """

    SERVICE_ACCOUNT = "serviceaccount"
    CONFIG = "configmap"
    SCRIPTS = "configmap-scripts"
    CONNECTION = "configmap-connection"
    TOOLS = "configmap-tools"
    SERVICE = "service"
    DATA = "pvc-data"
    RESTORED = "pvc-restored"
    PREVIOUS = "pvc-previous"
    BACKUPS = "pvc-backup"
    SNAPSHOT = "volumesnapshot"
    OLD_SNAPSHOT = "volumesnapshot-old"
    SERVER = "statefulset"
    NETWORK = "networkpolicy"
    DISRUPTION = "poddisruptionbudget"
    INIT = "job-init"
    BACKUP = "cronjob-backup"
    BACKUP_NOW = "job-backup-now"
    VERIFY = "job-verify"
    PREFLIGHT = "job-preflight"
    UPGRADE = "job-upgrade"
    DUMP_RESTORE = "job-dump-restore"
    ANALYZE = "job-analyze"
    DROP_OLD = "job-drop-old"
    RESTORE = "job-restore"
    MIGRATE = "job-migrate"
    ROTATE = "job-rotate"
    CHECK = "job-check"
    RELOAD = "job-reload"
    FINAL_BACKUP = "job-final-backup"
    EXPERIMENT = "job-experiment"
    MEND = "job-mend"


_JOB = "job-"
JOBS = frozenset(role for role in Role if role.value.startswith(_JOB))
"""The roles whose objects are Jobs: their names end with a hash of their content."""
DATA_CLAIMS = frozenset({Role.DATA, Role.RESTORED, Role.PREVIOUS})
"""The roles of claims that hold data: a restore fills a new one in the old one's place."""
SNAPSHOTS = frozenset({Role.SNAPSHOT, Role.OLD_SNAPSHOT})
"""The roles of VolumeSnapshots: the one that is taken, and the one that is let go."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """Which SampleDB: its namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A VolumeSnapshot, and the claim that it is of."""

    name: str = ""
    claim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of a SampleDB's children. Jobs get `-<hash>` when they are stamped."""

    server: str
    """StatefulSet, Service, ServiceAccount, NetworkPolicy, PodDisruptionBudget."""
    config: str
    scripts: str
    connection: str
    tools: str
    record: str
    data: str
    """The claim that the server mounts."""
    restored: str
    """The claim that a restore or an upgrade fills, which becomes `data`; "" without one."""
    previous: str
    """The claim that it has replaced, and that is kept; "" without one."""
    backups: str
    init: str
    backup: str
    final_backup: str
    credentials: str
    """The Secret with the passwords that are in force."""
    new_credentials: str
    """The Secret with those that a rotation sets; otherwise the same."""
    snapshot: Snapshot = Snapshot()
    """The VolumeSnapshot that is taken; without a name when none is."""
    old_snapshot: Snapshot = Snapshot()
    """The VolumeSnapshot that is let go; without a name when none is."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Claim → the VolumeSnapshot that it was made from: a claim's source never changes."""

    def job(self, role: Role) -> str:
        """The name of a role of `JOBS`, before its hash."""
        return f"{self.server}-{role.value.removeprefix(_JOB)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The names of the claims that hold data, where a restore has changed them."""

    data: str = ""
    """"" for the first one, `data-<name>-0`."""
    restored: str = ""
    previous: str = ""


FIRST = Claims()


def claim(name: str, suffix: str) -> str:
    """The name of a claim that holds data."""
    return f"data-{name}-{suffix}"


def names(
    name: str, *, credentials: str = "", new_credentials: str = "", claims: Claims = FIRST
) -> Names:
    """Name the children of the SampleDB `name`; `credentials` overrides the Secret's."""
    secret = credentials or f"{name}-credentials"
    return Names(
        server=name,
        config=f"{name}-config",
        scripts=f"{name}-scripts",
        connection=f"{name}-connection",
        tools=f"{name}-tools",
        record=f"{name}-record",
        data=claims.data or claim(name, "0"),
        restored=claims.restored,
        previous=claims.previous,
        backups=f"{name}-backup",
        init=f"{name}-init",
        backup=f"{name}-backup",
        final_backup=f"{name}-final-backup",
        credentials=secret,
        new_credentials=new_credentials or secret,
    )


def component(text: str, *, field: str) -> str:
    """Return `text` when it is safe as one path component, else raise `InvalidError`."""
    if not _COMPONENT.fullmatch(text):
        raise invalid(
            "is not a lower-case RFC 1123 label, so it can't be a directory's name",
            field=field,
            value=text,
            remedy="use a-z, 0-9 and '-', beginning and ending with a letter or a digit",
        )
    return text


def prefix(path: str) -> str:
    """Return the repository path setting in its canonical form: no `.`, `..`, `//`, ends bare.

    `""` stands for the repository's root. Raises `InvalidError` for a path that leaves it.
    """
    parts = [part for part in path.strip("/").split("/") if part not in {"", "."}]
    if path.startswith("/") or ".." in parts or ".git" in parts or "\\" in path or "\0" in path:
        raise invalid(
            "must stay inside the repository",
            field="path",
            value=path,
            remedy="give a relative path such as clusters/prod",
        )
    return "/".join(parts)


def join(*parts: str) -> str:
    """Join repository path components, skipping empty ones."""
    return "/".join(part for part in parts if part)


def directory(path: str, key: Key) -> str:
    """The directory that one SampleDB owns whole, from the repository's root."""
    namespace = component(key.namespace, field="metadata.namespace")
    return join(prefix(path), "databases", namespace, component(key.name, field="metadata.name"))


def databases(path: str) -> str:
    """The directory above all SampleDBs' directories."""
    return join(prefix(path), "databases")


def app_file(path: str, key: Key) -> str:
    """The file of the Application or Kustomization of one SampleDB."""
    namespace = component(key.namespace, field="metadata.namespace")
    name = component(key.name, field="metadata.name")
    return join(prefix(path), "apps", f"{namespace}.{name}.yaml")


def tombstones(path: str) -> str:
    """The directory above all tombstones, which nothing points an applier at."""
    return join(prefix(path), "tombstones")


def tombstone_file(path: str, key: Key, tombstone: str) -> str:
    """The file of one tombstone of a SampleDB; the same name may be deleted many times."""
    namespace = component(key.namespace, field="metadata.namespace")
    name = component(key.name, field="metadata.name")
    return join(tombstones(path), namespace, name, f"{component(tombstone, field='id')}.yaml")


def owner_file(path: str) -> str:
    """The file that says which cluster's controller may write below `path`."""
    return join(prefix(path), OWNER_FILE)


def labels(key: Key, role: Role, engine: str) -> dict[str, str]:
    """The labels of every child; nothing of the SampleDB's own labels is copied."""
    return {
        "app.kubernetes.io/name": engine,
        "app.kubernetes.io/instance": key.name,
        MANAGED_BY_LABEL: MANAGED_BY,
        NAME_LABEL: key.name,
        ROLE_LABEL: role.value,
    }
