"""Discovery: which groups, versions and resources there are, in both of the formats in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from renderer.local.api.errors import Object
    from renderer.local.api.resources import Registry, ResourceType

VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")
STATUS_VERBS = ("get", "patch", "update")
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
VERSION: Object = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0+sampledb-local",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2025-04-23T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}


def document(resources: Registry, path: str, accept: str) -> tuple[Any, str] | None:
    """The discovery document at this path and its content type; None when there is none."""
    plain = "application/json"
    if path == "/version":
        return VERSION, plain
    if path in {"/api", "/apis"}:
        if "as=APIGroupDiscoveryList" in accept and "v=v2" in accept:
            version = "v2beta1" if "v=v2," not in f"{accept}," and "v=v2;" not in accept else "v2"
            return _aggregated(resources, path, version), AGGREGATED.replace("v=v2", f"v={version}")
        return (_core() if path == "/api" else _groups(resources)), plain
    for group, version in _group_versions(resources):
        if path == _path(group, version):
            return _resources(resources, group, version), plain
        if group and path == f"/apis/{group}":
            return {"apiVersion": "v1", "kind": "APIGroup"} | _group(group, version), plain
    return None


def _path(group: str, version: str) -> str:
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


def _group_versions(resources: Iterable[ResourceType]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((resource.group, resource.version) for resource in resources))


def _core() -> Object:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group(group: str, version: str) -> Object:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _groups(resources: Registry) -> Object:
    found = [_group(group, version) for group, version in _group_versions(resources) if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def _resources(resources: Registry, group: str, version: str) -> Object:
    found: list[Object] = []
    for resource in resources:
        if (resource.group, resource.version) != (group, version):
            continue
        entry: Object = {
            "name": resource.plural,
            "singularName": _singular(resource),
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(VERBS),
            "shortNames": list(resource.short_names),
            "categories": list(resource.categories),
        }
        found.append({key: value for key, value in entry.items() if value != []})
        if resource.status:
            found.append(
                {
                    "name": f"{resource.plural}/status",
                    "singularName": "",
                    "namespaced": resource.namespaced,
                    "kind": resource.kind,
                    "verbs": list(STATUS_VERBS),
                }
            )
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": found,
    }


def _singular(resource: ResourceType) -> str:
    return resource.singular or resource.kind.lower()


def _aggregated(resources: Registry, path: str, version: str) -> Object:
    items = [
        _aggregated_group(resources, group, served)
        for group, served in _group_versions(resources)
        if bool(group) is (path == "/apis")
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _aggregated_group(resources: Registry, group: str, version: str) -> Object:
    found = [
        _aggregated_resource(resource)
        for resource in resources
        if (resource.group, resource.version) == (group, version)
    ]
    return {
        "metadata": {"name": group, "creationTimestamp": None},
        "versions": [{"version": version, "resources": found, "freshness": "Current"}],
    }


def _aggregated_resource(resource: ResourceType) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    entry: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": _singular(resource),
        "verbs": list(VERBS),
        "shortNames": list(resource.short_names),
        "categories": list(resource.categories),
    }
    if resource.status:
        entry["subresources"] = [
            {"subresource": "status", "responseKind": kind, "verbs": list(STATUS_VERBS)}
        ]
    return {key: value for key, value in entry.items() if value != []}
