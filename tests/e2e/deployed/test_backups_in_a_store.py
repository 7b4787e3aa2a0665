"""Backups in an S3 store that Pods reach: taken, restored, and a database brought back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e import builder
from e2e.cluster import Nodeless
from e2e.deployed.installing import IMAGE
from e2e.deployed.shop import Shop
from e2e.handover import PATH
from servers.s3 import BUCKET, KEY, KEY_ID, S3Server, serve

from renderer.core import documents

NAME = "archive"
ROWS = "SELECT n, 'page ' || n AS words FROM generate_series(1, 1000) AS n"
SUM = "SELECT count(*), md5(string_agg(words, ',' ORDER BY n)) FROM pages"


@pytest.fixture
def store(nodeless: Nodeless, tmp_path: Path) -> Iterator[S3Server]:
    """A server on this machine, at the address that Pods know it by."""
    program = builder.program("versitygw")
    with serve(tmp_path, program, host=nodeless.network.host) as running:
        yield running


@pytest.mark.parametrize("handover", ["flux"], indirect=True)
def test_backups_go_to_a_store_and_bring_back_rows_and_a_deleted_database(
    shop: Shop, store: S3Server
) -> None:
    shop.kubectl.apply(_access(shop, "mistyped"))
    s3 = {"bucket": BUCKET, "endpoint": store.endpoint, "secretName": "store"}
    backup = {"target": {"s3": s3}, "requestedAt": "first"}
    shop.handover.create(NAME, init={"sql": [f"CREATE TABLE pages AS {ROWS}"]}, backup=backup)
    shop.until(lambda: shop.holds(NAME, "Stalled"), "Stalled")
    said = shop.condition(NAME, "Stalled")["message"]
    assert "correct access-key-id and secret-access-key in the Secret store" in said
    assert not store.objects()

    shop.kubectl.apply(_access(shop, KEY))
    shop.change(NAME, backup={"requestedAt": "second"})
    shop.until(lambda: "Backup" in shop.history(NAME), "a backup in the store")
    taken = shop.settled(NAME)["backups"]["lastVerified"]
    folder = f"{shop.team}/{NAME}/{taken['id']}"
    assert taken["url"] == f"s3://{BUCKET}/{folder}"
    assert f"{folder}/manifest.json" in store.objects()
    assert IMAGE in shop.handover.bare.git("log", "-p", "--format=", "-S", IMAGE, "main")
    before = _ask(shop, SUM)
    assert before.startswith("1000|")
    _ask(shop, "DELETE FROM pages WHERE n > 10")

    shop.change(NAME, restore={"id": "monday", "from": {"backupId": taken["id"]}})
    shop.until(lambda: "Restore" in shop.history(NAME), "the restore")
    shop.settled(NAME)
    assert _ask(shop, SUM) == before

    _ask(shop, "INSERT INTO pages VALUES (1001, 'the last one')")
    last = _ask(shop, SUM)
    shop.handover.delete(NAME)
    shop.until(lambda: not shop.handover.get(NAME), "the end of the SampleDB")
    tombstone = _tombstone(shop)
    final = tombstone["kept"]["backup"]["id"]
    assert f"{shop.team}/{NAME}/{final}/manifest.json" in store.objects()

    shop.kubectl.apply(_brought_back(tombstone))
    shop.until(lambda: shop.history(NAME) == ["ProvisionFromBackup"], "the deleted one, back")
    assert shop.settled(NAME)["restored"]
    assert _ask(shop, SUM) == last

    shop.change(NAME, deletion={"policy": "Delete", "confirm": True})
    shop.handover.delete(NAME)


def _access(shop: Shop, key: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "store", "namespace": shop.team},
        "stringData": {"access-key-id": KEY_ID, "secret-access-key": key},
    }


def _tombstone(shop: Shop) -> dict[str, Any]:
    """The one in Git."""
    folder = f"{PATH}/tombstones/{shop.team}/{NAME}/"
    bare = shop.handover.bare
    (file,) = (path for path in bare.files() if path.startswith(folder))
    found: dict[str, Any] = documents.one(bare.show(file).encode(), source=file).value
    return found


def _brought_back(tombstone: dict[str, Any]) -> dict[str, Any]:
    """What `sampledb restore` prints for it."""
    program = Path(sys.executable).parent / "sampledb"
    command = [str(program), "restore", "--from-tombstone", "-", "-o", "json"]
    text = json.dumps(tombstone)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def _ask(shop: Shop, statement: str) -> str:
    return shop.as_superuser(NAME, statement, database="app")
