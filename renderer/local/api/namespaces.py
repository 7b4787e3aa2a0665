"""Where a new object goes: its namespace has to be there, and to stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from renderer.local.api import errors

if TYPE_CHECKING:
    from renderer.local.api.errors import Object
    from renderer.local.api.resources import Registry, ResourceType
    from renderer.local.api.tables import Tables


def check(tables: Tables, resources: Registry, kind: ResourceType, value: Object) -> None:
    """Fill in `default`; 404 when there is no such namespace, 403 while it is being deleted."""
    head = value["metadata"]
    if not kind.namespaced:
        head.pop("namespace", None)
        return
    namespace = head.get("namespace") or "default"
    head["namespace"] = namespace
    found = tables.find(resources["namespaces"], "", namespace)
    if found is None:
        raise errors.not_found(resources["namespaces"], namespace)
    if found.deleting:
        why = (
            f"unable to create new content in namespace {namespace} because it is being terminated"
        )
        error = errors.forbidden(kind, head.get("name") or "", why)
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        error.details = {**(error.details or {}), "causes": [cause]}
        raise error
