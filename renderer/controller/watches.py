"""The watches: which resources are followed, and which SampleDB a change is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from renderer.cluster import kinds, lenders, trimming
from renderer.cluster.cache import Cache, key_of, owner_of
from renderer.cluster.children import named_snapshot, observe
from renderer.cluster.client import Cluster, Object, Scope
from renderer.cluster.kinds import Resource
from renderer.cluster.reflector import Reflector
from renderer.core.layout import APPROVE_ANNOTATION, CONFIRM_ANNOTATION, NAME_LABEL, Key
from renderer.core.observed import Observed
from renderer.delivery import Tool
from renderer.delivery.handoff import NAMESPACE_LABEL

_DELIVERIES: Mapping[Tool, Resource | None] = {
    Tool.NONE: None,
    Tool.ARGOCD: kinds.APPLICATIONS,
    Tool.FLUX: kinds.KUSTOMIZATIONS,
}


class Watches:
    """Reflectors for SampleDBs, their children, and the applier's objects.

    Args:
        changed: told the key of a SampleDB that is to be looked at.
        namespace: only this one; "" follows all of them.
        deliveries: the namespace of the applier's objects.
    """

    def __init__(
        self,
        cluster: Cluster,
        changed: Callable[[Key], None],
        *,
        tool: Tool,
        namespace: str = "",
        deliveries: str = "",
    ) -> None:
        """Prepare; `start` begins."""
        self._changed = changed
        scope = Scope(namespace=namespace)
        labelled = Scope(namespace=namespace, labels=NAME_LABEL)
        self._sampledbs = Reflector(
            cluster, kinds.SAMPLEDBS, changed=self._about_itself, scope=scope, trim=trimming.whole
        )
        self._children = {
            resource.kind: Reflector(
                cluster,
                resource,
                changed=self._about_owner,
                scope=labelled,
                trim=trimming.child(resource.kind),
            )
            for resource in kinds.CHILDREN
        }
        # Without the label's selector: a restore may name one that isn't ours.
        self._snapshots = Reflector(
            cluster,
            kinds.VOLUME_SNAPSHOTS,
            changed=self._about_snapshot,
            scope=scope,
            trim=trimming.child(kinds.VOLUME_SNAPSHOTS.kind),
            optional=True,
        )
        self._children[kinds.VOLUME_SNAPSHOTS.kind] = self._snapshots
        resource = _DELIVERIES[tool]
        self._deliveries = resource and Reflector(
            cluster,
            resource,
            changed=self._about_label,
            scope=Scope(namespace=deliveries, labels=NAME_LABEL),
            trim=trimming.whole,
        )

    @property
    def sampledbs(self) -> Cache:
        """The SampleDBs."""
        return self._sampledbs.cache

    def observe(self, key: Key) -> Observed:
        """What is seen of a SampleDB's children, and of the snapshot that it wants restored."""
        caches = {kind: reflector.cache for kind, reflector in self._children.items()}
        found = self.sampledbs.get(key) or {}
        seen = observe(key, caches, named=named_snapshot(found))
        other = lenders.named(found)
        lender = lenders.lender(other, self.sampledbs.get(other)) if other else None
        return replace(seen, no_snapshots=self._snapshots.absent, lender=lender)

    @property
    def deliveries(self) -> Cache | None:
        """The Applications or Kustomizations; None when nobody is asked."""
        return self._deliveries.cache if self._deliveries else None

    def start(self) -> None:
        """Begin to follow everything."""
        for reflector in self._all():
            reflector.start()

    def stop(self) -> None:
        """Follow nothing any more."""
        for reflector in self._all():
            reflector.stop(0)
        for reflector in self._all():
            reflector.stop(1)

    def unsynced(self) -> list[str]:
        """The resources that have not been listed yet, with the last error of each."""
        return [
            f"{reflector.resource.plural}: {reflector.health.error or 'not listed yet'}"
            for reflector in self._all()
            if not reflector.synced.is_set()
        ]

    def _all(self) -> list[Reflector]:
        last = [self._deliveries] if self._deliveries else []
        return [self._sampledbs, *self._children.values(), *last]

    def _about_itself(self, before: Object | None, after: Object | None) -> None:
        if before and after and _spoken(before) == _spoken(after):
            return  # only the status moved, and that is ours
        found = after or before
        if found:
            self._changed(key_of(found))
        if self._sampledbs.synced.is_set() and lenders.grants(before) != lenders.grants(after):
            self._about_borrowers(found or {})

    def _about_borrowers(self, lender: Object) -> None:
        """Those wait that want to be restored from its backups."""
        key = key_of(lender)
        for item in self.sampledbs.all():
            if lenders.named(item) == key:
                self._changed(key_of(item))

    def _about_owner(self, before: Object | None, after: Object | None) -> None:
        owner = owner_of(after or before or {"metadata": {}})
        if owner:
            self._changed(owner)

    def _about_snapshot(self, before: Object | None, after: Object | None) -> None:
        """About its owner, and about those that want it restored."""
        self._about_owner(before, after)
        found = key_of(after or before or {"metadata": {"name": ""}})
        for item in self.sampledbs.all():
            key = key_of(item)
            if key.namespace == found.namespace and named_snapshot(item) == found.name:
                self._changed(key)

    def _about_label(self, before: Object | None, after: Object | None) -> None:
        found = after or before
        labels = (found["metadata"].get("labels") or {}) if found else {}
        if NAME_LABEL in labels and NAMESPACE_LABEL in labels:
            self._changed(Key(namespace=labels[NAMESPACE_LABEL], name=labels[NAME_LABEL]))


def _spoken(item: Object) -> tuple[object, ...]:
    """What of a SampleDB its users say: everything but the status."""
    metadata = item["metadata"]
    names = ("uid", "generation", "deletionTimestamp", "finalizers")
    annotations = metadata.get("annotations") or {}
    said = (annotations.get(name) for name in (CONFIRM_ANNOTATION, APPROVE_ANNOTATION))
    return (*(metadata.get(name) for name in names), *said)
