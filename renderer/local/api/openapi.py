"""OpenAPI v3, just enough for kubectl: field validation by the server, and `kubectl explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from renderer.local.api.errors import Object
    from renderer.local.api.resources import Registry, ResourceType

_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]
_METADATA: Object = {
    "type": "object",
    "description": "Standard object's metadata.",
    "properties": {
        "name": {"type": "string", "description": "Name must be unique within a namespace."},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
)


def document(resources: Registry, path: str) -> Object | None:
    """`/openapi/v3` and the document of each group and version."""
    served: dict[str, list[ResourceType]] = {}
    for resource in resources:
        served.setdefault(resource.path.lstrip("/"), []).append(resource)
    if path == "/openapi/v3":
        return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}"} for name in served}}
    found = served.get(path.removeprefix("/openapi/v3/"))
    return None if found is None else _document(found)


def _document(resources: list[ResourceType]) -> Object:
    paths: Object = {}
    schemas: Object = {}
    for resource in resources:
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        one = f"{resource.path}{scope}/{resource.plural}/{{name}}"
        paths[one] = {"patch": _operation(resource), "put": _operation(resource)}
        paths[one.removesuffix("/{name}")] = {"post": _operation(resource)}
        schemas[_schema_name(resource)] = _schema(resource)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _kind(resource: ResourceType) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _schema_name(resource: ResourceType) -> str:
    group = ".".join(reversed((resource.group or "core").split(".")))
    return f"{group}.{resource.version}.{resource.kind}"


def _operation(resource: ResourceType) -> Object:
    reference = {"$ref": f"#/components/schemas/{_schema_name(resource)}"}
    return {
        "parameters": _PARAMETERS,
        "requestBody": {"content": {kind: {"schema": {"type": "object"}} for kind in _PATCHES}},
        "responses": {
            "200": {
                "description": "OK",
                "content": {"application/json": {"schema": reference}},
            }
        },
        "x-kubernetes-group-version-kind": _kind(resource),
    }


def _schema(resource: ResourceType) -> Object:
    declared = ((resource.custom or {}).get("schema") or {}).get("openAPIV3Schema") or {}
    schema: Object = {"type": "object", **declared}
    schema["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        **(declared.get("properties") or {}),
        "metadata": _METADATA,
    }
    schema["x-kubernetes-group-version-kind"] = [_kind(resource)]
    return schema
