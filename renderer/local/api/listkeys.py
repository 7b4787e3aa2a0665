"""By which fields Kubernetes tells the items of a list apart when it merges lists.

From the `patchMergeKey` and `listMapKey` marks of k8s.io/api. Lists that are not named
here are replaced as a whole.
"""

from __future__ import annotations

from typing import Any

_BY_NAME = (
    "containers",
    "env",
    "ephemeralContainers",
    "imagePullSecrets",
    "initContainers",
    "secrets",
    "volumes",
)

KEYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_BY_NAME, ("name",)),
    "conditions": ("type",),
    "hostAliases": ("ip",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
}
PORT_KEYS = (("containerPort", "protocol"), ("port", "protocol"))
SETS = frozenset({"finalizers"})
"""Lists of plain values in which each value counts by itself."""


def keys(name: str, items: list[Any]) -> tuple[str, ...]:
    """The identifying fields of this list's items; empty when the list is one value."""
    if name == "ports":
        for choice in PORT_KEYS:
            if items and all(isinstance(item, dict) and choice[0] in item for item in items):
                return choice
        return ()
    return KEYS.get(name, ())


def keyed(name: str, items: list[Any]) -> bool:
    """Whether this list is merged by item."""
    found = keys(name, items)
    return bool(found) and all(isinstance(item, dict) for item in items)


def identity(name: str, item: dict[str, Any]) -> tuple[Any, ...]:
    """What tells this item apart."""
    found = keys(name, [item])
    return tuple(item.get(key, "TCP" if key == "protocol" else None) for key in found)


def partial(name: str, item: dict[str, Any]) -> Any:  # noqa: ANN401  # a key's value
    """The first identifying value, as `$setElementOrder` lists carry it."""
    found = keys(name, [item])
    return item.get(found[0]) if found else None
