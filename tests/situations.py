"""Hypothesis strategies for what `decide` reads: anything that could be seen or recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from renderer import reconcile
from renderer.core import layout
from renderer.core.desired import Desired
from renderer.core.layout import Names, Role
from renderer.core.observed import (
    Child,
    Claim,
    Delivery,
    DeliveryState,
    Job,
    Observed,
    Pod,
    Server,
    Snapshot,
    Stamp,
)
from renderer.core.operations.catalog import OPERATIONS
from renderer.core.record import Ended, Record, Taken, Underway
from renderer.reconcile import Packs

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PACKS = Packs()


SNAPSHOTS = ("orders-snapshot-1a2b3c4d", "orders-snapshot-5e6f7a8b")
HASHES = ("a" * 16, "b" * 16)
STAMPS = st.builds(Stamp, content_hash=st.sampled_from(HASHES), generation=st.integers(1, 2))
WORDS = st.sampled_from(
    ["", "CrashLoopBackOff: x", "ErrImagePull", "Pulling", "what\nelse", "é" * 300]
)
VALUES = st.none() | st.booleans() | st.integers(-1, 99) | st.text(max_size=9) | WORDS
PROOF = {"id": "20260102T030405Z-1a2b3c", "size": 42, "sha256": "ab" * 32, "verified": True}
RESULTS = st.just(PROOF) | st.dictionaries(
    st.sampled_from([*PROOF, "initialized", "database", "version", "digest"]), VALUES
)
TIMES = st.none() | st.sampled_from([NOW, NOW - timedelta(hours=7), NOW - timedelta(days=1)])


@cache
def wanted(policy: str, *flags: bool) -> Desired:
    """A SampleDB with the fields that `decide` reads; the digests of a pool share nothing."""
    deleting, confirm, hibernate, paused, rich = flags
    spec: dict[str, Any] = {
        "engine": "postgresql",
        "version": "17" if rich else "18",
        "storage": {"size": "2Gi" if rich else "1Gi"},
        "hibernate": hibernate,
        "paused": paused,
        "deletion": {"policy": policy, "confirm": confirm},
    }
    if rich:
        spec["init"] = {"database": "shop"}
        spec["backup"] = {"schedule": "@daily", "target": {"pvc": {"size": "1Gi"}}}
    elif confirm:
        backup = {"method": "VolumeSnapshot", "schedule": "@hourly", "requestedAt": "now"}
        spec["backup"] = {**backup, "retention": {"keep": 1, "maxAge": "1d"}}
        spec["restore"] = {"id": "one", "from": {"volumeSnapshotName": SNAPSHOTS[0]}}
    metadata = {"namespace": "team-a", "name": "orders", "generation": 3, "uid": "u"}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-02T03:00:00Z"
    document = {
        "apiVersion": layout.API_VERSION,
        "kind": layout.KIND,
        "metadata": metadata,
        "spec": spec,
    }
    return reconcile.resolve(document, PACKS)


WANTED = st.builds(
    wanted,
    st.sampled_from(["Snapshot", "Retain", "Delete"]),
    *[st.booleans() for _ in range(3)],
    st.sampled_from([False, False, False, True]),
    st.booleans(),
)


def sorted_jobs() -> list[Role]:
    return [role for role in Role if role in layout.JOBS]


NAMES: Names = layout.names("orders")
JOB_NAMES = st.sampled_from(
    [f"{name}-{HASHES[0][:8]}" for name in (*map(NAMES.job, sorted_jobs()), NAMES.backup)]
)
COMMON: dict[str, Any] = {"stamp": st.none() | STAMPS, "protected": st.booleans()}
CHILDREN = st.one_of(
    st.builds(
        Server,
        kind=st.just("StatefulSet"),
        name=st.just(NAMES.server),
        replicas=st.integers(0, 1),
        ready=st.integers(0, 1),
        current=st.booleans(),
        **COMMON,
    ),
    st.builds(
        Claim,
        kind=st.just("PersistentVolumeClaim"),
        name=st.sampled_from([NAMES.data, NAMES.backups]),
        phase=st.sampled_from(["Pending", "Bound", "Lost"]),
        requested=st.sampled_from(["", "1Gi", "1024Mi", "2Gi"]),
        capacity=st.sampled_from(["", "1Gi"]),
        **COMMON,
    ),
    st.builds(
        Job,
        kind=st.just("Job"),
        name=JOB_NAMES,
        role=st.sampled_from([role.value for role in (*sorted_jobs(), Role.BACKUP)]),
        succeeded=st.booleans(),
        failed=st.booleans(),
        result=st.none() | RESULTS,
        message=WORDS,
        started_at=TIMES,
        finished_at=TIMES,
        **COMMON,
    ),
    st.builds(
        Snapshot,
        kind=st.just("VolumeSnapshot"),
        name=st.sampled_from(SNAPSHOTS),
        ready=st.booleans(),
        content=st.sampled_from(["", "content-1"]),
        size=st.sampled_from(["", "0", "1Gi", "4Gi"]),
        taken_at=TIMES,
        failed_at=TIMES,
        error=WORDS,
        data_version=st.sampled_from(["", "16", "18"]),
        **COMMON,
    ),
    st.builds(
        Child,
        kind=st.sampled_from(["ConfigMap", "Service", "CronJob"]),
        name=st.sampled_from([NAMES.server, NAMES.config, NAMES.record]),
        **COMMON,
    ),
)
PODS = st.builds(
    Pod,
    name=st.just("orders-0"),
    role=st.sampled_from([Role.SERVER.value, Role.INIT.value]),
    template_hash=st.sampled_from(["", *HASHES]),
    phase=st.just("Running"),
    ready=st.booleans(),
    deleting=st.booleans(),
    message=WORDS,
)
DELIVERIES = st.builds(
    Delivery,
    tool=st.sampled_from(["argocd", "flux", "none"]),
    name=st.sampled_from(["", "argocd/orders"]),
    revision=st.sampled_from(["", "c" * 40]),
    state=st.sampled_from(DeliveryState),
    message=WORDS,
    final=st.booleans(),
)
OBSERVED = st.builds(
    Observed,
    children=st.lists(CHILDREN, max_size=6).map(
        lambda found: {(child.kind, child.name): child for child in found}
    ),
    pods=st.lists(PODS, max_size=2).map(tuple),
    delivery=st.none() | DELIVERIES,
    secret_created=st.booleans(),
    no_snapshots=st.sampled_from(["", "", "", "the server could not find it"]),
)
POSITIONS = [
    (operation.type, step.name) for operation in OPERATIONS.values() for step in operation.steps
]
UNKNOWN = [*((each, "Nowhere") for each in OPERATIONS), ("Teleport", "Jump")]
PATHS = st.sampled_from(
    [
        f"StatefulSet/{NAMES.server}",
        f"PersistentVolumeClaim/{NAMES.data}",
        f"Pod/{NAMES.server}",
        f"ConfigMap/{NAMES.config}",
        *(f"VolumeSnapshot/{name}" for name in SNAPSHOTS),
        *(f"Job/{NAMES.job(role)}-{HASHES[0][:8]}" for role in sorted_jobs()),
    ]
)
TAKEN = st.builds(
    Taken,
    name=st.sampled_from(SNAPSHOTS),
    claim=st.just(NAMES.data),
    at=st.sampled_from(["", "2025-12-31T03:00:00Z", "2026-01-02T03:00:00Z"]),
    size=st.integers(0, 9),
    content=st.sampled_from(["", "content-1"]),
)
RECORDS = st.builds(
    Record,
    generation=st.integers(1, 3),
    input_digest=st.sampled_from(["old", "", wanted("Snapshot", *[False] * 5).digest])
    | WANTED.map(lambda desired: desired.digest),
    underway=st.none()
    | st.sampled_from([*POSITIONS, *UNKNOWN]).map(
        lambda position: Underway(type=position[0], id="some-1", step=position[1])
    ),
    initialized=st.none() | RESULTS,
    image=st.sampled_from(["", wanted("Snapshot", *[False] * 5).image, "postgres:16"]),
    data_version=st.sampled_from(["", "16", "17", "18", "18.4", "19", "new"]),
    version=st.sampled_from(["", "18.3"]),
    backup=st.none() | RESULTS,
    backup_requested=st.sampled_from(["", "now"]),
    hibernated=st.booleans(),
    scheduled=st.sampled_from(["", "2026-01-02T03:00:00Z"]),
    snapshotting=st.none() | TAKEN,
    snapshots=st.lists(TAKEN, max_size=3).map(tuple),
    discarded=st.lists(TAKEN, max_size=1).map(tuple),
    expiring=st.none() | TAKEN,
    final_backup=st.none() | RESULTS,
    ended=st.lists(
        st.builds(
            Ended,
            type=st.sampled_from([*OPERATIONS, "Teleport"]),
            id=st.sampled_from(["a-1", "b-2"]),
            result=st.just("Succeeded"),
        ),
        max_size=3,
    ).map(tuple),
    children=st.dictionaries(PATHS, STAMPS, max_size=6),
)
