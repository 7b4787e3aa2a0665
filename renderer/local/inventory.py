"""What one directory has put into the cluster: applied, watched for drift, pruned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from renderer.core.errors import transient
from renderer.local import build
from renderer.local.api.errors import ApiError
from renderer.local.api.store import Store
from renderer.local.api.writes import DeleteOptions, Write
from renderer.local.objects import Object

PRUNE = "kustomize.toolkit.fluxcd.io/prune"
MANAGER = "kustomize-controller"
Identity = tuple[str, str, str, str]
"""apiVersion, kind, namespace, name."""


@dataclass(slots=True, kw_only=True)
class Directory:
    """One directory's state between passes."""

    files: Mapping[str, str]
    """File name → blob id, as last gone through."""
    inventory: dict[Identity, int] = field(default_factory=dict)
    """What has been applied → the resourceVersion that it had then."""
    error: str = ""

    def drifted(self, store: Store) -> bool:
        """Whether anything applied has been written by others since, or is gone."""
        return any(
            _version(store, identity) != version for identity, version in self.inventory.items()
        )


def apply(store: Store, wanted: Iterable[Object]) -> dict[Identity, int]:
    """Apply all, after a dry run of all: what one refusal stops, it stops whole.

    Raises `TransientError` in the words of Flux.
    """
    things = list(wanted)
    for thing in things:
        _one(store, thing, Write(dry_run=True))
    return {
        build.identity(thing): int(_one(store, thing, Write())["metadata"]["resourceVersion"])
        for thing in things
    }


def prune(store: Store, gone: Iterable[Identity]) -> None:
    """Delete what is listed, unless the live object says that it mustn't be."""
    for identity in gone:
        version, kind, namespace, name = identity
        resource = store.resources.of_kind(version, kind)
        if resource is None:
            continue
        try:
            live = store.get(resource, name, namespace)
            if (live["metadata"].get("annotations") or {}).get(PRUNE) != "disabled":
                store.delete(resource, name, namespace, DeleteOptions(uid=live["metadata"]["uid"]))
        except ApiError as error:
            if error.reason not in {"NotFound", "Conflict"}:
                raise


def _one(store: Store, thing: Object, how: Write) -> Object:
    try:
        return store.apply(thing, manager=MANAGER, force=True, write=how)
    except ApiError as error:
        _, kind, namespace, name = build.identity(thing)
        message = f"{kind}/{namespace}/{name} dry-run failed ({error.reason}): {error.message}"
        raise transient(message) from error


def _version(store: Store, identity: Identity) -> int | None:
    version, kind, namespace, name = identity
    resource = store.resources.of_kind(version, kind)
    try:
        return store.entry(resource, name, namespace).version if resource is not None else None
    except ApiError:
        return None
