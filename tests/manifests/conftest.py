"""One object of each kind, small and valid; a SampleDB to which they belong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from renderer.core import manifests
from renderer.core.layout import JOBS, SNAPSHOTS, Key, Role, names

Document = dict[str, Any]
KEY = Key(namespace="team-a", name="orders")
ENGINE = "postgresql"

_CONTAINER = {
    "name": "server",
    "image": "postgres:18",
    "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "1024Mi"}},
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    "ports": [{"name": "postgresql", "containerPort": 5432}],
    "env": [{"name": "PGDATA", "value": "/data"}],
}
_POD = {
    "containers": [_CONTAINER],
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-orders-0"}}],
}
_LABELS = {"sampledb.dev/name": "orders", "sampledb.dev/role": "statefulset"}
_CLAIM = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "10240Mi"}},
}
_JOB = {"backoffLimit": 3, "template": {"spec": {**_POD, "restartPolicy": "Never"}}}


def _object(version: str, kind: str, name: str, **rest: object) -> Document:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **rest}


_OBJECTS: dict[Role, Document] = {
    Role.SERVICE_ACCOUNT: _object(
        "v1", "ServiceAccount", "orders", automountServiceAccountToken=False
    ),
    Role.CONFIG: _object(
        "v1", "ConfigMap", "orders-config", data={"start.sh": "set -eu\nexec x\n"}
    ),
    Role.SCRIPTS: _object("v1", "ConfigMap", "orders-scripts", data={"init.sh": "true"}),
    Role.CONNECTION: _object("v1", "ConfigMap", "orders-connection", data={"PGPORT": "5432"}),
    **{
        role: _object(
            "v1",
            "PersistentVolumeClaim",
            f"data-orders-{role.value}",
            spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        )
        for role in (Role.RESTORED, Role.PREVIOUS)
    },
    Role.TOOLS: _object("v1", "ConfigMap", "orders-tools", data={"job.sh": "true"}),
    Role.SERVICE: _object(
        "v1",
        "Service",
        "orders",
        spec={
            "selector": _LABELS,
            "ports": [{"name": "postgresql", "port": 5432, "targetPort": "postgresql"}],
        },
    ),
    Role.DATA: _object("v1", "PersistentVolumeClaim", "data-orders-0", spec=_CLAIM),
    Role.BACKUPS: _object("v1", "PersistentVolumeClaim", "orders-backup", spec=_CLAIM),
    **{
        role: _object(
            "snapshot.storage.k8s.io/v1",
            "VolumeSnapshot",
            f"orders-{role.value}",
            spec={"source": {"persistentVolumeClaimName": "data-orders-0"}},
        )
        for role in Role
        if role in SNAPSHOTS
    },
    Role.SERVER: _object(
        "apps/v1",
        "StatefulSet",
        "orders",
        spec={
            "replicas": 1,
            "serviceName": "orders",
            "selector": {"matchLabels": _LABELS},
            "template": {"metadata": {"labels": _LABELS}, "spec": _POD},
        },
    ),
    Role.NETWORK: _object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "orders",
        spec={
            "podSelector": {"matchLabels": _LABELS},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": 5432, "protocol": "TCP"}]}],
        },
    ),
    Role.DISRUPTION: _object(
        "policy/v1",
        "PodDisruptionBudget",
        "orders",
        spec={"maxUnavailable": "50%", "selector": {"matchLabels": _LABELS}},
    ),
    Role.BACKUP: _object(
        "batch/v1",
        "CronJob",
        "orders-backup",
        spec={
            "schedule": "0 3 * * *",
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": _JOB},
        },
    ),
    **{
        role: _object("batch/v1", "Job", names("orders").job(role), spec=_JOB)
        for role in Role
        if role in JOBS
    },
}
_KEPT = {
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}


@pytest.fixture
def key() -> Key:
    return KEY


@pytest.fixture
def engine() -> str:
    return ENGINE


@pytest.fixture
def rendered() -> Callable[[Role], Document]:
    """Give a fresh copy of the object of a role, as a template would render it."""

    def give(role: Role) -> Document:
        document = copy.deepcopy(_OBJECTS[role])
        if role in {Role.BACKUPS, Role.SNAPSHOT}:
            document["metadata"]["annotations"] = dict(_KEPT)
        return document

    return give


@pytest.fixture
def prepared(rendered: Callable[[Role], Document]) -> Callable[[Role], Document]:
    """Give the object of a role, prepared."""
    return lambda role: manifests.prepare(rendered(role), role, KEY, ENGINE)


@pytest.fixture
def everything(prepared: Callable[[Role], Document]) -> list[Document]:
    """Every role's object, prepared."""
    return [prepared(role) for role in Role]
