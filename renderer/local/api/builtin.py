"""The built-in resources: the defaults that clients rely on, and what must not change."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from renderer.local.api.errors import Cause

if TYPE_CHECKING:
    from renderer.local.api.errors import Object
    from renderer.local.api.resources import ResourceType
    from renderer.local.api.writes import Write


class BuiltIn:
    """The strategy of a resource that Kubernetes itself defines."""

    def __init__(self, resource: ResourceType) -> None:
        """Everything depends on the resource's key."""
        self._key = resource.key

    def prepare(self, new: Object, old: Object | None, how: Write) -> None:
        """Fill in what the server fills in."""
        del how
        if self._key == "secrets":
            _encode_secret(new)
        if old is None:
            _fill_new(self._key, new)

    def problems(self, new: Object, old: Object | None) -> list[Cause]:
        """What must not change."""
        del new, old
        return []


def _encode_secret(value: Object) -> None:
    plain = value.pop("stringData", None) or {}
    if plain:
        value["data"] = (value.get("data") or {}) | {
            key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()
        }
    value.setdefault("type", "Opaque")


_PHASES = {
    "namespaces": "Active",
    "pods": "Pending",
    "persistentvolumeclaims": "Pending",
    "persistentvolumes": "Available",
}


def _fill_new(key: str, value: Object) -> None:
    if key in _PHASES:
        value["status"] = {"phase": _PHASES[key]}
    if key == "namespaces":
        head = value["metadata"]
        head["labels"] = {
            **(head.get("labels") or {}),
            "kubernetes.io/metadata.name": head.get("name", ""),
        }
        value.setdefault("spec", {"finalizers": ["kubernetes"]})
