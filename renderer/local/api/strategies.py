"""What is particular to a resource when it is written: defaults, refusals, registration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from renderer.local.api import definitions, errors
from renderer.local.api.builtin import BuiltIn
from renderer.local.api.errors import Cause

if TYPE_CHECKING:
    from renderer.local.api.errors import Object
    from renderer.local.api.resources import Registry, ResourceType
    from renderer.local.api.tables import Tables
    from renderer.local.api.writes import Write

_NOT_SPECIFICATION = ("apiVersion", "kind", "metadata", "status")
_VERSION_REQUIRED = ("leases.coordination.k8s.io",)


class Strategy(Protocol):
    """How one resource is written."""

    def prepare(self, new: Object, old: Object | None, how: Write) -> None:
        """Prune and fill in defaults, in place; `old` is None at create."""

    def problems(self, new: Object, old: Object | None) -> list[Cause]:
        """What is wrong with it."""


class Strategies:
    """The strategy of each served resource."""

    def __init__(self, resources: Registry) -> None:
        """Custom resources are added to and removed from `resources`."""
        self._resources = resources
        self._by_key: dict[str, Strategy] = {definitions.KEY: definitions.Definition()}
        self._custom: set[str] = set()

    def of(self, resource: ResourceType) -> Strategy:
        """Each resource's own."""
        found = self._by_key.get(resource.key)
        if found is None:
            found = self._by_key[resource.key] = BuiltIn(resource)
        return found

    def stored(self, resource: ResourceType, value: Object) -> None:
        """Serve what a definition that was just written asks for."""
        if resource.key != definitions.KEY:
            return
        served = definitions.resource_of(value)
        if self._resources.get(served.key) != served or not self._same(served):
            self._resources.add(served)
            self._by_key[served.key] = definitions.strategy_of(value)
            self._custom.add(served.key)

    def removed(self, tables: Tables) -> None:
        """Serve no longer what no definition asks for."""
        defined = {name for _, name in tables.rows(definitions.KEY)}
        for key in self._custom - defined:
            self._resources.remove(key)
            del self._by_key[key]
            self._custom.discard(key)

    def _same(self, served: ResourceType) -> bool:
        known = self._resources.get(served.key)
        return known is not None and known.custom == served.custom


def check_current(resource: ResourceType, new: Object, old: Object) -> None:
    """409 when `new` was read before `old` was written, or is of another object."""
    head, before = new["metadata"], old["metadata"]
    if head.get("uid") and head["uid"] != before["uid"]:
        why = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{resource.key}, "
            f"ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: "
            f"{head['uid']}, UID in object meta: {before['uid']}"
        )
        raise errors.conflict(resource, before["name"], why)
    version = head.get("resourceVersion")
    if version and version != before["resourceVersion"]:
        raise errors.conflict(resource, before["name"])
    if not version and (resource.custom is not None or resource.key in _VERSION_REQUIRED):
        message = "Invalid value: 0x0: must be specified for an update"
        cause = Cause(field="metadata.resourceVersion", message=message)
        raise errors.invalid(resource, before["name"], [cause])


def split_status(resource: ResourceType, new: Object, old: Object, subresource: str) -> Object:
    """What may be written: only the status by its subresource, all but it by the resource."""
    if subresource == "status":
        kept, status = old, new.get("status")
    elif resource.status:
        kept, status = new, old.get("status")
    else:
        return new
    result = {key: item for key, item in kept.items() if key != "status"}
    return result if status is None else result | {"status": status}


def count_generation(resource: ResourceType, new: Object, old: Object) -> None:
    """One more when anything but metadata (and the status of its own) has changed."""
    if not resource.generation:
        return
    if _specification(resource, new) != _specification(resource, old):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _specification(resource: ResourceType, value: Object) -> Object:
    skipped = _NOT_SPECIFICATION if resource.status else _NOT_SPECIFICATION[:3]
    return {key: item for key, item in value.items() if key not in skipped}
