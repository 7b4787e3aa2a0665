"""Each rule of the resource, with a value that keeps it and one that breaks it."""

from __future__ import annotations

import pytest

from renderer.core.resource import backup, chaos, network, spec, storage

S3 = {"bucket": "abc", "secretName": "store"}
S3_URL = "s3://abc/orders/20261124T030000Z-1a2b3c"
FROM_STORE = {"id": "1", "from": {"s3Url": S3_URL}}
FROM_ELSEWHERE = {
    "id": "1",
    "from": {"backupId": "20261124T030000Z-1a2b3c", "sampleDB": "orders", "namespace": "team-b"},
}
LEAST: dict[str, object] = {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}}
RULES = [
    pytest.param(storage.Storage, {"size": "1Gi"}, {"size": "0Gi"}, id="size"),
    pytest.param(
        storage.Storage,
        {"size": "1Gi", "keepReplaced": "10m"},
        {"size": "1Gi", "keepReplaced": "0d0s"},
        id="keep-replaced",
    ),
    pytest.param(backup.PvcTarget, {"size": "1k"}, {"size": "0.0"}, id="backup-size"),
    pytest.param(spec.SqlConfigMapRef, {"name": "a", "key": "b"}, {"name": "a"}, id="no-key"),
    pytest.param(spec.SqlConfigMapRef, {}, {"key": "a"}, id="no-name"),
    pytest.param(spec.Init, {"database": "app"}, {"database": "template0"}, id="database"),
    pytest.param(spec.Init, {"owner": "app"}, {"owner": "public"}, id="owner"),
    pytest.param(spec.Init, {"owner": "pgx"}, {"owner": "pg_monitor"}, id="owner-prefix"),
    pytest.param(
        spec.Credentials,
        {"source": "Existing", "secretName": "a"},
        {"source": "Existing"},
        id="existing",
    ),
    pytest.param(
        network.Service,
        {"annotations": {"a/b": "c"}},
        {"annotations": {"sampledb.dev/x": "y"}},
        id="annotations",
    ),
    pytest.param(
        network.Requirement,
        {"key": "a", "operator": "In", "values": ["b"]},
        {"key": "a", "operator": "NotIn"},
        id="values-missing",
    ),
    pytest.param(
        network.Requirement,
        {"key": "a", "operator": "Exists"},
        {"key": "a", "operator": "DoesNotExist", "values": ["b"]},
        id="values-too-many",
    ),
    pytest.param(network.Peer, {"podSelector": {}}, {}, id="peer-empty"),
    pytest.param(
        network.Peer,
        {"ipBlock": {"cidr": "10.0.0.0/8"}},
        {"ipBlock": {"cidr": "10.0.0.0/8"}, "namespaceSelector": {}},
        id="peer-both",
    ),
    pytest.param(backup.BackupTarget, {"pvc": {"size": "1Gi"}}, {}, id="target-empty"),
    pytest.param(
        backup.BackupTarget,
        {"s3": S3},
        {"s3": S3, "pvc": {"size": "1Gi"}},
        id="target-both",
    ),
    pytest.param(
        backup.Backup,
        {"schedule": "@daily", "target": {"pvc": {"size": "1Gi"}}},
        {"schedule": "@daily"},
        id="schedule",
    ),
    pytest.param(
        backup.RestoreSource,
        {"s3Url": S3_URL},
        {"s3Url": S3_URL, "volumeSnapshotName": "b"},
        id="restore-sources",
    ),
    pytest.param(
        backup.Restore,
        {"id": "1", "from": {"volumeSnapshotName": "b"}},
        {"id": "1"},
        id="restore-from",
    ),
    pytest.param(
        chaos.Experiment,
        {"name": "a", "action": "FillDisk", "duration": "5s"},
        {"name": "a", "action": "PodKill", "duration": "5s"},
        id="chaos-duration",
    ),
    pytest.param(
        chaos.Experiment,
        {"name": "a", "action": "FillDisk", "fillPercent": 90},
        {"name": "a", "action": "ServerCrash", "fillPercent": 90},
        id="chaos-percent",
    ),
    pytest.param(
        spec.Spec,
        {**LEAST, "chaos": {"experiments": [{"name": "a", "action": "NetworkDeny"}]}},
        {
            **LEAST,
            "chaos": {"experiments": [{"name": "a", "action": "NetworkDeny"}]},
            "networkPolicy": {"enabled": False},
        },
        id="chaos-network",
    ),
    pytest.param(backup.Restore, {}, {"from": {"volumeSnapshotName": "b"}}, id="restore-id"),
    pytest.param(
        backup.Restore,
        {"id": "1", "from": {"backupId": "20261124T030000Z-1a2b3c"}, "allowUnverified": True},
        {"id": "1", "from": {"volumeSnapshotName": "b"}, "allowUnverified": True},
        id="restore-unverified",
    ),
    pytest.param(backup.S3Target, S3, {"bucket": "abc"}, id="store-secret"),
    pytest.param(
        spec.Spec,
        {**LEAST, "restore": FROM_ELSEWHERE, "backup": {"target": {"s3": S3}}},
        {**LEAST, "restore": FROM_ELSEWHERE, "backup": {"target": {"pvc": {"size": "1Gi"}}}},
        id="restore-from-elsewhere",
    ),
    pytest.param(
        backup.RestoreSource,
        FROM_ELSEWHERE["from"],
        {"backupId": "20261124T030000Z-1a2b3c", "namespace": "team-b"},
        id="restore-of-nobody",
    ),
    pytest.param(
        spec.Spec,
        {**LEAST, "restore": FROM_STORE, "backup": {"target": {"s3": S3}}},
        {**LEAST, "restore": FROM_STORE, "backup": {"target": {"pvc": {"size": "1Gi"}}}},
        id="restore-from-store",
    ),
]
