"""Backups to an S3 store and back, on real servers, all the way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from laptop_line import Line
from servers.s3 import BUCKET, KEY, KEY_ID, S3Server, rclone, serve
from store_fixtures import access

from renderer.core.buckets import Place
from renderer.core.layout import Key
from renderer.local.cronjobs import start
from renderer.objectstore import backup as objects
from renderer.objectstore.store import Store

ORDERS = Key(namespace="team-a", name="orders")
INIT = {
    "sql": [
        "CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL)",
        "INSERT INTO items (words) SELECT 'item ' || n FROM generate_series(1, 1000) AS n",
    ]
}
SUM = "SELECT count(*), md5(string_agg(id || words, ',' ORDER BY id)) FROM items"


def until(line: Line, what: Callable[[], Any], waiting_for: str) -> Any:
    """A dump, its upload and its read-back take their time on a busy machine."""
    return line.until(what, waiting_for, 300)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[S3Server]:
    with serve(tmp_path, rclone()) as server:
        yield server


def target(store: S3Server) -> dict[str, Any]:
    s3 = {"bucket": BUCKET, "prefix": "prod", "endpoint": store.endpoint, "secretName": "store"}
    return {"target": {"s3": s3}}


def secret(line: Line, name: str = "store", key: str = KEY) -> None:
    line.laptop.store.create(
        "secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": line.namespace, "name": name},
            "stringData": {"access-key-id": KEY_ID, "secret-access-key": key},
        },
    )


def status(line: Line, name: str = "orders") -> dict[str, Any]:
    return dict((line.get(name) or {}).get("status") or {})


def verified(line: Line) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (status(line).get("backups") or {}).get("lastVerified")
    return found


def restored(line: Line) -> bool:
    return bool([past for past in status(line).get("history", ()) if past["type"] == "Restore"])


# 18's pg_verifybackup of the wheel crashes.
@pytest.mark.parametrize(("method", "version"), [("Logical", "18"), ("Physical", "16")])
def test_a_backup_goes_to_the_store_and_every_row_comes_back(
    line: Line, store: S3Server, method: str, version: str
) -> None:
    secret(line)
    with line.controller():
        backups = {**target(store), "method": method, "requestedAt": "now"}
        line.create(version=version, init=INIT, backup=backups)
        backup = until(line, lambda: verified(line), "a backup")
        until(line, lambda: line.holds("Ready"), "Ready")
        assert backup["url"] == f"s3://{BUCKET}/prod/team-a/orders/{backup['id']}"
        assert f"prod/team-a/orders/{backup['id']}/manifest.json" in store.objects()
        assert not line.laptop.objects.get("persistentvolumeclaims", "team-a", "orders-backup")
        before = line.laptop.psql(ORDERS, SUM)
        line.laptop.psql(ORDERS, "DELETE FROM items WHERE id % 2 = 0")
        restore = {"id": "monday", "from": {"backupId": backup["id"]}}
        line.edit(lambda db: db["spec"].update(restore=restore))
        until(line, lambda: restored(line), "the restore's end")
        until(line, lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(ORDERS, SUM) == before


def test_a_flipped_bit_stops_a_restore_and_a_store_that_is_down_a_backup(
    line: Line, store: S3Server
) -> None:
    def at(word: str) -> dict[str, Any]:
        return {"backup": {**target(store), "requestedAt": word}}

    secret(line)
    with line.controller():
        line.create(init=INIT, **at("monday"))
        backup = until(line, lambda: verified(line), "a backup")
        until(line, lambda: line.holds("Ready"), "Ready")
        whole = store.objects()
        dump = next(key for key in whole if key.endswith(".dump"))
        store.flip_a_bit(dump)
        restore = {"id": "one", "from": {"backupId": backup["id"]}}
        line.edit(lambda db: db["spec"].update(restore=restore))
        until(line, lambda: line.holds("Stalled"), "Stalled")
        said = f"is damaged: {dump.rpartition('/')[2]} is not what was uploaded"
        assert said in line.message("Stalled")
        assert line.laptop.psql(ORDERS, "SELECT count(*) FROM items") == [("1000",)]

        store.stop()
        line.edit(lambda db: db["spec"].pop("restore"))
        until(line, lambda: line.holds("Ready"), "Ready")
        line.edit(lambda db: db["spec"].update(at("tuesday")))
        until(line, lambda: line.holds("Stalled"), "Stalled")
        assert "can't be reached" in line.message("Stalled")
        assert store.objects() == whole
        assert verified(line) == backup

        store.start()
        line.edit(lambda db: db["spec"].update(at("wednesday")))
        until(line, lambda: verified(line) != backup, "another backup")
        until(line, lambda: line.holds("Ready"), "Ready")


def of_orders(store: S3Server) -> Store:
    """The folder of its backups."""
    return Store(Place(bucket=BUCKET, prefix="prod/team-a/orders"), access(store))


def test_scheduled_backups_are_restored_before_they_count_and_old_ones_go(
    line: Line, store: S3Server, tmp_path: Path
) -> None:
    def whole() -> list[str]:
        return [key for key in store.objects() if key.endswith("/manifest.json")]

    def scheduled(before: dict[str, Any] | None) -> dict[str, Any]:
        start(line.laptop.objects, "team-a", "orders-backup")
        until(line, lambda: verified(line) not in (None, before), "a backup")
        return verified(line) or {}

    secret(line)
    backups = {**target(store), "schedule": "0 3 * * *", "verify": "Restore"}
    with line.controller():
        line.create(init=INIT, backup={**backups, "retention": {"keep": 2}})
        until(line, lambda: line.holds("Ready"), "Ready")
        taken: list[dict[str, Any]] = []
        for _ in range(3):
            taken.append(scheduled(taken[-1] if taken else None))
        for backup in taken:
            assert (backup["verify"], backup["tables"], backup["rows"]) == ("Restore", 2, 1001)
        ids = [backup["id"] for backup in taken]
        assert whole() == [f"prod/team-a/orders/{name}/manifest.json" for name in ids[1:]]
        assert not [key for key in store.objects() if ids[0] in key]

        aged = f"20260101T030000Z-{ids[1].rpartition('-')[2]}"
        objects.get(of_orders(store), ids[1], tmp_path)
        (tmp_path / ids[1]).rename(tmp_path / aged)
        objects.put(of_orders(store), tmp_path)
        assert f"prod/team-a/orders/{aged}/manifest.json" in whole()
        retention = {"keep": 9, "maxAge": "30d"}
        line.edit(lambda db: db["spec"].update(backup={**backups, "retention": retention}))
        until(line, lambda: line.holds("Ready"), "Ready")
        ids.append(scheduled(taken[-1])["id"])
        assert whole() == [f"prod/team-a/orders/{name}/manifest.json" for name in ids[1:]]
        before = line.laptop.psql(ORDERS, SUM)
        line.laptop.psql(ORDERS, "DELETE FROM items")
        restore = {"id": "monday", "from": {"backupId": ids[1]}}
        line.edit(lambda db: db["spec"].update(restore=restore))
        until(line, lambda: restored(line), "the restore's end")
        assert line.laptop.psql(ORDERS, SUM) == before


def test_a_backup_in_the_store_that_was_never_verified_is_restored_only_when_told(
    line: Line, store: S3Server
) -> None:
    secret(line)
    with line.controller():
        line.create(init=INIT, backup={**target(store), "requestedAt": "now"})
        backup = until(line, lambda: verified(line), "a backup")
        until(line, lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(ORDERS, SUM)
        line.laptop.psql(ORDERS, "DELETE FROM items WHERE id % 2 = 0")
        of_orders(store).remove(f"{backup['id']}/manifest.json")
        restore = {"id": "one", "from": {"backupId": backup["id"]}}
        line.edit(lambda db: db["spec"].update(restore=restore))
        until(line, lambda: line.holds("Stalled"), "Stalled")
        assert "was never verified: it has no manifest.json" in line.message("Stalled")
        assert "spec.restore.allowUnverified" in line.message("Stalled")
        assert line.laptop.psql(ORDERS, "SELECT count(*) FROM items") == [("500",)]

        allowed = {**restore, "allowUnverified": True}
        line.edit(lambda db: db["spec"].update(restore=allowed))
        until(line, lambda: restored(line), "the restore's end")
        until(line, lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(ORDERS, SUM) == before
        past = status(line)["history"][0]
        assert past["result"] == "Succeeded, from an unverified backup"
        assert past["report"] == "the backup was never verified: it has no manifest.json"


def test_a_deletion_leaves_its_proof_in_the_store_and_another_database_takes_the_rows(
    line: Line, store: S3Server
) -> None:
    secret(line)
    with line.controller():
        line.create(init=INIT, backup=target(store))
        until(line, lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(ORDERS, SUM)
        line.delete()
        until(line, lambda: line.get() is None, "the end")
        assert not line.laptop.objects.list("persistentvolumeclaims")
        (manifest,) = [key for key in store.objects() if key.endswith("manifest.json")]
        url = f"s3://{BUCKET}/{manifest.rpartition('/')[0]}"

        line.create("carts", backup=target(store))
        until(line, lambda: line.holds("Ready", "carts"), "Ready")
        restore = {"id": "one", "from": {"s3Url": url}}
        line.edit(lambda db: db["spec"].update(restore=restore), "carts")
        until(line, lambda: status(line, "carts").get("restored") == "one", "restored")
        until(line, lambda: line.holds("Ready", "carts"), "Ready")
        assert line.laptop.psql(Key(namespace="team-a", name="carts"), SUM) == before


def test_another_namespace_is_restored_from_a_backup_once_that_is_granted(
    line: Line, store: S3Server
) -> None:
    other = line.elsewhere("team-b")
    secret(line)
    secret(other)
    with line.controller():
        line.create(init=INIT, backup={**target(store), "requestedAt": "now"})
        backup = until(line, lambda: verified(line), "a backup")
        before = line.laptop.psql(ORDERS, SUM)
        source = {"backupId": backup["id"], "sampleDB": "orders", "namespace": "team-a"}
        other.create("copy", backup=target(store), restore={"id": "one", "from": source})
        until(other, lambda: other.holds("Stalled", "copy"), "Stalled")
        assert "spec.backup.grants: [{namespace: team-b}]" in other.message("Stalled", "copy")
        assert other.subjects("copy") == []

        grants = [{"namespace": "team-b"}]
        line.edit(lambda db: db["spec"]["backup"].update(grants=grants))
        until(other, lambda: other.holds("Ready", "copy"), "Ready")
        assert line.laptop.psql(Key(namespace="team-b", name="copy"), SUM) == before

        line.edit(lambda db: db["spec"]["backup"].pop("grants"))
        until(line, lambda: line.holds("Ready"), "Ready")
        other.edit(lambda db: db["spec"].update(restore={"id": "two", "from": source}), "copy")
        until(other, lambda: other.holds("Stalled", "copy"), "Stalled")
        assert line.laptop.psql(Key(namespace="team-b", name="copy"), SUM) == before
