"""Trying a pack on made-up SampleDBs: every version, every role, plain and full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from renderer.core import manifests, resource, schemas
from renderer.core.errors import Detail, InvalidError
from renderer.core.layout import API_VERSION, KIND, Role
from renderer.core.operations.catalog import OPERATIONS
from renderer.core.resource import SampleDB
from renderer.templating import rules
from renderer.templating.pack import FILE, Pack, template
from renderer.templating.render import Rendered, desired, render

_FULL: dict[str, Any] = {
    "storage": {"size": "10Gi", "storageClassName": "fast"},
    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    "init": {
        "database": "orders",
        "owner": "orders",
        "sql": ["SELECT 'it''s \"quoted\" \\ {{ no }} ${NO} # %';", "SELECT 1;\nSELECT 'on';\n"],
        "sqlConfigMapRef": {"name": "seed", "key": "seed.sql"},
    },
    "service": {"type": "LoadBalancer", "port": 6432, "annotations": {"example.com/x": "y: no"}},
    "backup": {"schedule": "0 3 * * *", "target": {"pvc": {"size": "20Gi"}}},
    "networkPolicy": {"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]},
    "scheduling": {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "db", "operator": "Exists"}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "priorityClassName": "high",
    },
}
_MINIMAL: dict[str, Any] = {"storage": {"size": "1Gi"}}


def check(pack: Pack) -> tuple[Detail, ...]:
    """Everything that is wrong with a pack that loads; () when it can be used."""
    found: dict[Detail, None] = {}
    for version in pack.declared.versions:
        for name, spec in (("minimal", _MINIMAL), ("full", _FULL)):
            db = _sampledb(pack, name, version, spec)
            found.update(dict.fromkeys(_operations(pack, db)))
            for replicas, protect in ((1, True), (0, True), (0, False)):
                found.update(dict.fromkeys(_try(pack, db, replicas=replicas, protect=protect)))
    return tuple(found)


def _operations(pack: Pack, db: SampleDB) -> Iterator[Detail]:
    """Each operation that the pack declares exists, and finds a template for every step."""
    wanted = desired(db, pack)
    for name in pack.declared.operations:
        field = f"{pack.directory.name}/{FILE}: operations"
        if name not in OPERATIONS:
            known = ", ".join(sorted(OPERATIONS))
            yield Detail(
                field=field,
                problem="is not an operation of this version",
                value=repr(name),
                remedy=f"use {known}",
            )
            continue
        needed = {role for step in OPERATIONS[name].steps for role in step.roles(wanted)}
        for role in sorted(needed.difference(pack.declared.roles), key=lambda role: role.value):
            yield Detail(
                field=field,
                problem=f"{name} needs the role {role.value}, which the pack has not",
                remedy=f"add {template(role)}, or remove {name}",
            )


def _sampledb(pack: Pack, name: str, version: str, spec: dict[str, Any]) -> SampleDB:
    return resource.parse(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name, "namespace": "check"},
            "spec": {"engine": pack.name, "version": version, **spec},
        }
    )


def _try(pack: Pack, db: SampleDB, *, replicas: int, protect: bool) -> Iterator[Detail]:
    """Render each role on its own, so that one broken template doesn't hide the others."""
    wanted = desired(db, pack)
    rendered: list[Rendered] = []
    for role in pack.declared.roles:
        if role is Role.BACKUP and not db.spec.backup.schedule:
            continue
        try:
            rendered += render(
                pack, wanted, roles=frozenset({role}), replicas=replicas, protect=protect
            )
        except InvalidError as error:
            yield from error.details
    yield from _duplicates(pack, rendered)
    for item in rendered:
        source = f"{pack.directory.name}/{template(item.role)}"
        for found in _faults(pack, db, item, protect=protect):
            yield replace(found, field=f"{source}: {found.field}")


def _faults(pack: Pack, db: SampleDB, item: Rendered, *, protect: bool) -> Iterator[Detail]:
    """What the gate, this version of Kubernetes and our own rules say about a document."""
    try:
        document = manifests.prepare(item.document, item.role, db.key, pack.name)
    except InvalidError as error:
        yield from error.details
        return
    refused = tuple(manifests.problems(document, key=db.key))
    yield from refused
    if refused:
        return
    yield from schemas.validate(document)
    yield from rules.broken(item.role, item.document, key=db.key, engine=pack.name, protect=protect)


def _duplicates(pack: Pack, rendered: list[Rendered]) -> Iterator[Detail]:
    seen: dict[tuple[object, object], Role] = {}
    for item in rendered:
        metadata = item.document.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        first = seen.setdefault((item.document.get("kind"), name), item.role)
        if first is not item.role:
            yield Detail(
                field=f"{pack.directory.name}/{template(item.role)}: metadata.name",
                problem=f"is the same object as {template(first)} renders",
                value=f"{item.document.get('kind')} {name}",
                remedy="give it a name of its own, or remove one of the templates",
            )
