"""The specs and roles that the pack is rendered with for a review."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from renderer.core.configuration import Configuration
from renderer.core.desired import Release
from renderer.core.layout import JOBS, SNAPSHOTS, Names, Role
from renderer.core.operations.chaos import Faults

SOMETIMES = {Role.BACKUP, Role.BACKUPS, Role.TOOLS, Role.RESTORED, Role.PREVIOUS}
SERVER = frozenset(Role) - JOBS - SNAPSHOTS - SOMETIMES
OLD = Release(image="docker.io/library/postgres:16.14", major="16")
PRODUCTION: dict[str, Any] = {
    "engine": "postgresql",
    "version": "18.4",
    "storage": {"size": "100Gi", "storageClassName": "fast-ssd"},
    "resources": {"requests": {"cpu": "2000m", "memory": "8Gi"}, "limits": {"memory": "8192Mi"}},
    "parameters": {"max_connections": "200", "shared_buffers": "2GB", "cluster_name": "it's \\"},
    "pgHba": ["hostssl all all 10.0.0.0/8 scram-sha-256"],
    "init": {
        "database": "orders",
        "owner": "orders_owner",
        "extensions": ["pg_stat_statements"],
        "sql": ["CREATE SCHEMA shop;\nCREATE TABLE shop.orders (id bigint PRIMARY KEY);\n", "yes"],
        "sqlConfigMapRef": {"name": "orders-seed", "key": "seed.sql"},
    },
    "credentials": {"source": "Existing", "secretName": "orders-login"},
    "service": {"type": "LoadBalancer", "port": 6432, "annotations": {"example.com/ip": "10"}},
    "backup": {
        "schedule": "0 3 * * *",
        "timeZone": "Europe/Berlin",
        "target": {"pvc": {"size": "200Gi", "storageClassName": "cheap"}},
        "retention": {"keep": 14},
    },
    "networkPolicy": {
        "from": [
            {"podSelector": {}},
            {
                "namespaceSelector": {"matchLabels": {"team": "b"}},
                "podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
            },
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.9.0.0/16"]}},
        ]
    },
    "scheduling": {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "databases",
    },
}
RESTORE = {"id": "monday", "from": {"backupId": "20261124T061955Z-f9a053"}}
MINIMAL: dict[str, Any] = {"engine": "postgresql", "version": "16", "storage": {"size": "1Gi"}}
_STORE = {
    "bucket": "backups",
    "prefix": "prod",
    "endpoint": "https://s3.example.com",
    "region": "eu-central-1",
    "secretName": "store",
}
STORE: dict[str, Any] = {
    "engine": "postgresql",
    "version": "16",
    "storage": {"size": "1Gi"},
    "backup": {"schedule": "0 3 * * *", "verify": "Restore", "target": {"s3": _STORE}},
}
_URL = "s3://other/x/20261124T061955Z-f9a053"
FROM_STORE = {**STORE, "restore": {"id": "monday", "from": {"s3Url": _URL}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    spec: dict[str, Any] = field(default_factory=lambda: MINIMAL)
    roles: frozenset[Role] = SERVER
    replicas: int = 1
    protect: bool = True
    release: Release | None = None
    previous: str = ""
    names: Names | None = None
    operation: str = ""
    configuration: Configuration | None = None
    started: Configuration | None = None
    chaos: Faults = field(default_factory=Faults)


RELOADED = Case(
    spec={**MINIMAL, "parameters": {"work_mem": "8MB"}},
    roles=frozenset({Role.CONFIG, Role.SERVER, Role.TOOLS, Role.RELOAD}),
    started=Configuration(parameters={"work_mem": "4MB"}),
    operation="configure-2",
)


def experiment(action: str, *roles: Role, **more: Any) -> Case:
    made = Faults(action=action, fault_seconds=30, recovery_seconds=900, **more)
    return Case(roles=frozenset(roles), operation="chaos-2-1", chaos=made)
