"""The objects of a simulated cluster: what the API server serves, and the node writes to.

Everything the HTTP server does goes through here, so in-process callers (the node,
the applier) get the same defaults, refusals and events as clients do.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock
from typing import TYPE_CHECKING

from renderer.local.api import (
    errors,
    metadata,
    namespaces,
    patches,
    selectors,
    serverside,
    strategies,
)
from renderer.local.api.deletion import Remover
from renderer.local.api.history import Entry, Subscription
from renderer.local.api.resources import BUILT_IN, DELIVERY, Registry, ResourceType
from renderer.local.api.snapshots import SNAPSHOTS
from renderer.local.api.tables import Tables
from renderer.local.api.writes import DeleteOptions, Listing, PatchKind, Write, copied

if TYPE_CHECKING:
    from collections.abc import Callable

    from renderer.local.api.errors import Object
    from renderer.local.api.writes import Subresource


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """Thread-safe; objects are copied on the way in and on the way out.

    A resource is named as in `kubectl get`: `pods`, `statefulsets.apps`,
    `sampledbs.sampledb.dev`, or given as its `ResourceType`. Refusals are `ApiError`.
    """

    def __init__(
        self, *, history: int = 10_000, now: Callable[[], datetime] = _utc_now, system: bool = True
    ) -> None:
        """Keep `history` events a resource; `system` makes the namespaces of a new cluster."""
        self._lock = RLock()
        self._tables = Tables(history)
        self._now = now
        self.resources = Registry(BUILT_IN + DELIVERY + SNAPSHOTS)
        self._strategies = strategies.Strategies(self.resources)
        self._remover = Remover(self._tables, self.resources, now)
        for name in ("default", "kube-system", "kube-public", "kube-node-lease") if system else ():
            self.create("namespaces", {"metadata": {"name": name}})

    @property
    def version(self) -> int:
        """The resourceVersion of the latest change."""
        with self._lock:
            return self._tables.version

    def create(
        self, resource: str | ResourceType, value: Object, write: Write | None = None
    ) -> Object:
        """Add an object and return it as stored.

        Raises `ApiError`: 404 (no such namespace), 409 (name taken), 422 (invalid).
        """
        kind, how, new = self.resources[resource], write or Write(), copied(value)
        metadata.check_envelope(kind, new)
        metadata.name_it(new)
        with self._lock:
            strategy = self._strategies.of(kind)
            metadata.fill_new(kind, new, self._now())
            if kind.status and kind.key != "nodes":
                new.pop("status", None)
            strategy.prepare(new, None, how)
            name = new["metadata"].get("name") or ""
            namespaces.check(self._tables, self.resources, kind, new)
            causes = metadata.problems(kind, new) + strategy.problems(new, None)
            if causes:
                raise errors.invalid(kind, name, causes)
            if self._tables.find(kind, new["metadata"].get("namespace", ""), name) is not None:
                raise errors.already_exists(kind, name)
            return new if how.dry_run else self._write(kind, new)

    def get(self, resource: str | ResourceType, name: str, namespace: str = "") -> Object:
        """One object; raises `ApiError` 404."""
        return self.entry(resource, name, namespace).object

    def entry(self, resource: str | ResourceType, name: str, namespace: str = "") -> Entry:
        """The same without a copy: `entry.data` is its JSON."""
        kind = self.resources[resource]
        with self._lock:
            found = self._tables.find(kind, namespace if kind.namespaced else "", name)
        if found is None:
            raise errors.not_found(kind, name)
        return found

    def exists(self, resource: str | ResourceType, name: str, namespace: str = "") -> bool:
        """Whether there is such an object."""
        kind = self.resources[resource]
        with self._lock:
            return self._tables.find(kind, namespace if kind.namespaced else "", name) is not None

    def list(
        self,
        resource: str | ResourceType,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Listing:
        """Everything that matches; `namespace` None or empty means all of them."""
        kind = self.resources[resource]
        match = selectors.matching(kind, namespace, label_selector, field_selector)
        with self._lock:
            version, rows = self._tables.version, dict(self._tables.rows(kind))
        found = [entry for _, entry in sorted(rows.items()) if match(entry)]
        return Listing(version=version, entries=found)

    def update(
        self,
        resource: str | ResourceType,
        value: Object,
        write: Write | None = None,
        *,
        subresource: Subresource = "",
    ) -> Object:
        """Replace an object; a resourceVersion in it must be the current one (409).

        With a status subresource, the status is left alone unless `subresource` is `status`.
        """
        kind, how, new = self.resources[resource], write or Write(), copied(value)
        metadata.check_envelope(kind, new)
        name = new["metadata"].get("name") or ""
        with self._lock:
            old = self.entry(kind, name, new["metadata"].get("namespace", "")).object
            return self._replace(kind, new, old, how, subresource)

    def update_status(
        self, resource: str | ResourceType, value: Object, write: Write | None = None
    ) -> Object:
        """Replace only the status."""
        return self.update(resource, value, write, subresource="status")

    def patch(  # noqa: PLR0913  # the parts of a PATCH request, each by name
        self,
        resource: str | ResourceType,
        name: str,
        body: object,
        *,
        namespace: str = "",
        kind: PatchKind = PatchKind.MERGE,
        write: Write | None = None,
        subresource: Subresource = "",
    ) -> Object:
        """Change an object by a patch of any of the four kinds.

        An apply patch creates what isn't there; the others raise 404.
        """
        served, how = self.resources[resource], write or Write()
        with self._lock:
            old = self._tables.find(served, namespace if served.namespaced else "", name)
            if kind is PatchKind.APPLY:
                return self._apply(served, old, (namespace, name, body), how, subresource)
            if old is None:
                raise errors.not_found(served, name)
            new = patches.patched(served, old.object, body, kind)
            metadata.check_envelope(served, new)
            new["metadata"].setdefault("resourceVersion", str(old.version))
            return self._replace(served, new, old.object, how, subresource)

    def apply(
        self, value: Object, *, manager: str, force: bool = True, write: Write | None = None
    ) -> Object:
        """Server-side apply of one document, by its apiVersion and kind."""
        resource = self.resources.of_kind(value.get("apiVersion", ""), value.get("kind", ""))
        if resource is None:
            shown = f'no matches for kind "{value.get("kind")}" in "{value.get("apiVersion")}"'
            raise errors.bad_request(shown)
        how = replace(write or Write(), manager=manager, force=force)
        head = value["metadata"]
        return self.patch(
            resource,
            head["name"],
            value,
            namespace=head.get("namespace", ""),
            kind=PatchKind.APPLY,
            write=how,
        )

    def delete(
        self,
        resource: str | ResourceType,
        name: str,
        namespace: str = "",
        options: DeleteOptions | None = None,
    ) -> Object:
        """Delete, or mark as being deleted while finalizers (or a running Pod) remain.

        Returns the object in its last or its marked state; raises 404, 409 (preconditions).
        """
        kind = self.resources[resource]
        with self._lock:
            old = self.entry(kind, name, namespace).object
            last = self._remover.delete(kind, old, options or DeleteOptions())
            self._strategies.removed(self._tables)
            return last

    def watch(
        self,
        resource: str | ResourceType,
        namespace: str | None = None,
        *,
        since: int | None = None,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Subscription:
        """Events after version `since` (410 when too old); None: first all there is, as ADDED."""
        kind = self.resources[resource]
        match = selectors.matching(kind, namespace, label_selector, field_selector)
        with self._lock:
            tables = self._tables
            subscription = Subscription(self._lock, match, lambda: tables.version)
            if since is None:
                subscription.replay(entry for _, entry in sorted(tables.rows(kind).items()))
            after = tables.version if since is None else since
            tables.history(kind).attach(subscription, after)
        return subscription

    def compact(self) -> None:
        """Forget all past events: watches and lists of older versions get 410."""
        with self._lock:
            self._tables.compact()

    def end_watches(self) -> None:
        """Close every subscription."""
        with self._lock:
            self._tables.detach_all()

    def _write(self, kind: ResourceType, new: Object) -> Object:
        entry = self._tables.put(kind, new)
        self._strategies.stored(kind, new)
        self._remover.collect_if_ownerless(kind, entry)
        return new

    def _replace(
        self,
        kind: ResourceType,
        new: Object,
        old: Object,
        how: Write,
        subresource: Subresource,
    ) -> Object:
        name = old["metadata"]["name"]
        strategy = self._strategies.of(kind)
        strategies.check_current(kind, new, old)
        metadata.keep_old(new, old)
        new = strategies.split_status(kind, new, old, subresource)
        strategy.prepare(new, old, how)
        causes = metadata.problems(kind, new) + metadata.late_finalizers(new, old)
        causes += strategy.problems(new, old)
        if causes:
            raise errors.invalid(kind, name, causes)
        strategies.count_generation(kind, new, old)
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        if new == old or how.dry_run:
            return new
        if self._remover.finished(new, old):
            self._remover.remove(kind, new)
            self._strategies.removed(self._tables)
            return new
        return self._write(kind, new)

    def _apply(
        self,
        kind: ResourceType,
        old: Entry | None,
        what: tuple[str, str, object],
        how: Write,
        subresource: Subresource,
    ) -> Object:
        namespace, name, body = what
        config = serverside.configuration(kind, namespace, name, body)
        before = old.object if old is not None else None
        new = serverside.applied(kind, config, before, how, metadata.stamp(self._now()))
        if before is None:
            return self.create(kind, new, how)
        new["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
        return self._replace(kind, new, before, how, subresource)
