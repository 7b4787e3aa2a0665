"""Everything that a pass of the controller looks at, looked at once and read-only.

The record comes from the repository, where the settings name one; else from the ConfigMap
in the cluster, which is the one that was last applied.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from renderer import delivery, reconcile, wiring
from renderer.cli.console import current
from renderer.cli.one import opened
from renderer.cluster import kinds, lenders
from renderer.cluster.cache import Cache, key_of
from renderer.cluster.children import named_snapshot, observe
from renderer.cluster.client import Cluster, Object, Scope
from renderer.cluster.failure import DeniedError, NotFoundError
from renderer.core import emit, manifests
from renderer.core.layout import NAME_LABEL, Key, names
from renderer.core.observed import Delivery, Lender, Observed
from renderer.core.record import Record
from renderer.delivery import Tool
from renderer.reconcile import Packs, Place, Stored, Tip
from renderer.settings import Settings

_RECORDS = kinds.Resource(group="", version="v1", plural="configmaps", kind="ConfigMap")
_APPLIERS = {Tool.ARGOCD: kinds.APPLICATIONS, Tool.FLUX: kinds.KUSTOMIZATIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One SampleDB and all that its next commit depends on."""

    cluster: Cluster
    found: Object
    observed: Observed
    held: Stored
    packs: Packs
    place: Place
    tip: Tip | None
    """None when the record came from the cluster."""
    source: str
    """Where the record was read."""


@contextlib.contextmanager
def looked(settings: Settings, name: str) -> Iterator[Look]:
    """Look at the SampleDB `name`. Raises `DeniedError` for what the user may not see."""
    with contextlib.ExitStack() as stack:
        cluster, found = stack.enter_context(opened(settings, name))
        key, place = key_of(found), wiring.place(settings)
        tip: Tip | None = None
        is_ancestor: Callable[[str, str], bool] = _same
        if settings.repository.url:
            from renderer.cli import branch  # noqa: PLC0415 - GitPython: only with a repository

            repository = stack.enter_context(branch.opened(settings))
            tip, held = repository, reconcile.stored(repository, place, key)
            is_ancestor, source = repository.is_ancestor, settings.repository.url
        else:
            record, source = _applied(cluster, key)
            held = Stored(tree=None, listing={}, record=record)
        observed = _observe(cluster, found)
        commit = ((found.get("status") or {}).get("git") or {}).get("commit", "")
        said = _said(cluster, settings, key, commit, is_ancestor)
        yield Look(
            cluster=cluster,
            found=found,
            observed=replace(observed, delivery=said),
            held=held,
            packs=wiring.packs(settings),
            place=place,
            tip=tip,
            source=source,
        )


def _same(commit: str, of: str) -> bool:
    """Without a repository nothing is known of a commit's ancestors."""
    return commit == of


def _applied(cluster: Cluster, key: Key) -> tuple[Record | None, str]:
    """The record that was last applied; None when there is none."""
    name = names(key.name).record
    source = f"ConfigMap {key.namespace}/{name}"
    try:
        found = cluster.get(_RECORDS, key.namespace, name)
    except NotFoundError:
        return None, source
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "data": found.get("data") or {}}
    return manifests.read_record(emit.dump(kept), source=source), source


def _observe(cluster: Cluster, found: Object) -> Observed:
    key = key_of(found)
    scope = Scope(namespace=key.namespace, labels=f"{NAME_LABEL}={key.name}")
    caches: dict[str, Cache] = {}
    for resource in kinds.CHILDREN:
        cache = caches[resource.kind] = Cache()
        cache.replace(cluster.list(resource, scope)[0])
    snapshots, absent = Cache(), ""
    try:
        snapshots.replace(cluster.list(kinds.VOLUME_SNAPSHOTS, Scope(namespace=key.namespace))[0])
    except (NotFoundError, DeniedError) as error:
        absent = str(error)
    caches[kinds.VOLUME_SNAPSHOTS.kind] = snapshots
    seen = observe(key, caches, named=named_snapshot(found))
    return replace(seen, no_snapshots=absent, lender=lender_of(cluster, found))


def lender_of(cluster: Cluster, found: Object) -> Lender | None:
    """The SampleDB of another namespace whose backup is to be restored, where it is seen."""
    key = lenders.named(found)
    if key is None:
        return None
    try:
        return lenders.lender(key, cluster.get(kinds.SAMPLEDBS, key.namespace, key.name))
    except NotFoundError:
        return None
    except DeniedError as error:
        current().note(f"whether {key} grants its backups can't be shown: {error}")
        return None


def _said(
    cluster: Cluster,
    settings: Settings,
    key: Key,
    commit: str,
    is_ancestor: Callable[[str, str], bool],
) -> Delivery:
    """What the applier says, where the settings name one."""
    tool = Tool(settings.delivery.tool)
    resource = _APPLIERS.get(tool)
    found: Object | None = None
    if resource is not None:
        where = wiring.handoff(settings).where
        try:
            found = cluster.get(resource, where, delivery.app_name(key))
        except NotFoundError:
            found = None
        except DeniedError as error:  # it explains a delay, and decides nothing
            current().note(f"what the applier says can't be shown: {error}")
    return delivery.read(tool, found, commit, is_ancestor)
