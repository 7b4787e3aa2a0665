"""The proof of the final backup is told before the deletion goes on, however fast that is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from laptop_line import PATH, Line
from pure_cluster import BACKUP_RESULT

from renderer import reconcile
from renderer.cluster.cache import Cache
from renderer.cluster.client import Cluster
from renderer.controller.metrics import Metrics
from renderer.controller.passes import Reconciler
from renderer.controller.world import World
from renderer.core import emit, manifests
from renderer.core.layout import FINALIZER, RECORD_FILE, Key
from renderer.core.observed import Observed
from renderer.core.record import Record, Underway
from renderer.git.change import Change
from renderer.git.repository import Repository
from renderer.reconcile import Packs, Place

KEY = Key(namespace="team-a", name="orders")
PROOF = {name: BACKUP_RESULT[name] for name in ("id", "size", "sha256")}


class Tip:
    """A branch that holds one record, or nothing any more."""

    def __init__(self, record: Record) -> None:
        document = manifests.record_document(record, key=KEY, engine="postgresql")
        self.files = {RECORD_FILE: emit.dump(document)}

    def tree(self, _directory: str) -> str | None:
        return "tree" if self.files else None

    def listing(self, _directory: str) -> Mapping[str, str]:
        return {name: name for name in self.files}

    def read_many(self, blobs: list[str]) -> Mapping[str, bytes]:
        return {blob: self.files[blob] for blob in blobs}

    def read(self, _path: str) -> None:
        return None

    def holds(self, _change: Change) -> bool:
        return False

    def last_commit(self, _directory: str) -> None:
        return None


def deleting(line: Line) -> dict[str, Any]:
    line.create()
    line.edit(lambda db: db["metadata"].update(finalizers=[FINALIZER]))
    line.delete()
    return line.get() or {}


@pytest.fixture
def cluster(still: Line) -> Iterator[Cluster]:
    server = still.laptop.server
    with contextlib.closing(Cluster.at(server.url, token=server.token)) as found:
        yield found


def world(cluster: Cluster, sampledb: dict[str, Any], tip: Tip) -> World:
    sampledbs = Cache()
    sampledbs.put(sampledb)
    return World(
        cluster=cluster,
        sampledbs=sampledbs,
        observe=lambda _key: Observed(),
        deliver=lambda _desired, _commit: None,
        repository=cast("Repository", tip),
        packs=Packs(),
        place=Place(path=PATH),
        tell=lambda *_args, **_more: None,
        metrics=Metrics(),
        clock=lambda: datetime.now(UTC),
        branch="main",
        url="url",
        secret=lambda _desired: {},
    )


def test_what_follows_the_proof_is_pushed_only_when_the_status_has_it(
    still: Line, cluster: Cluster
) -> None:
    sampledb = deleting(still)
    record = Record(
        generation=1,
        input_digest=reconcile.resolve(sampledb, Packs()).digest,
        underway=Underway(type="Delete", id="delete-1", step="Remove"),
        data_version="18",
        final_backup=BACKUP_RESULT,
    )
    tip = Tip(record)
    pushed: list[tuple[Change, Any]] = []
    again: list[Key] = []

    def submit(_key: Key, change: Change) -> None:
        pushed.append((change, ((still.get() or {}).get("status") or {}).get("finalSnapshot")))

    reconciler = Reconciler(
        world=world(cluster, sampledb, tip),
        submit=submit,
        under_way=lambda _key: True,
        look_again=lambda key, _seconds: again.append(key),
    )
    reconciler.reconcile(KEY)
    assert again == [KEY], "a push is waited for: no words are written"
    [(change, told)] = pushed
    assert change.files is None, "the directory goes"
    assert told == PROOF

    tip.files.clear()
    reconciler.reconcile(KEY)
    assert still.get() is None, "the finalizer is lifted"
