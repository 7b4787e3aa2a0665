"""What is done to a running database: backed up and tried, migrated, restored, its passwords."""

from __future__ import annotations

import pytest
from e2e.deployed.shop import Shop

from renderer.core.layout import CONFIRM_ANNOTATION

NAME = "ledger"
SPEC = {
    "version": "18",
    "init": {"sql": ["CREATE TABLE entries (id int PRIMARY KEY, words text NOT NULL)"]},
    "migrations": {"configMapRef": {"name": "ledger-schema"}},
    "backup": {
        "target": {"pvc": {"size": "1Gi"}},
        "verify": "Restore",
        "requestedAt": "the-beginning",
    },
    "deletion": {"policy": "Delete", "confirm": True},
}
MIGRATIONS = {
    "001-amounts.sql": "ALTER TABLE entries ADD COLUMN amount int NOT NULL DEFAULT 0;",
    "002-rows.sql": "INSERT INTO entries SELECT n, 'entry ' || n, n FROM generate_series(1, 100) n",
}
SUM = "SELECT count(*), sum(amount), md5(string_agg(words, ',' ORDER BY id)) FROM entries"


@pytest.mark.parametrize("handover", ["argocd"], indirect=True)
def test_a_database_is_migrated_backed_up_restored_and_given_other_passwords(shop: Shop) -> None:
    schema = {"metadata": {"name": "ledger-schema", "namespace": shop.team}, "data": MIGRATIONS}
    shop.kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", **schema})
    shop.handover.create(NAME, **SPEC)
    shop.until(lambda: "Migrate" in shop.history(NAME), "the migrations")
    status = shop.settled(NAME)
    assert shop.history(NAME) == ["Migrate", "Backup", "Provision"]
    drilled = status["backups"]["lastVerified"]
    assert drilled["verify"] == "Restore"
    assert drilled["tables"] >= 1

    shop.change(NAME, backup={"requestedAt": "with-rows"})
    shop.until(lambda: shop.history(NAME).count("Backup") == 2, "the second backup")
    taken = shop.settled(NAME)["backups"]["lastVerified"]
    before = _ask(shop, SUM)
    assert before.startswith("100|5050|")
    _ask(shop, "DELETE FROM entries WHERE id > 10")

    shop.change(NAME, restore={"id": "monday", "from": {"backupId": taken["id"]}})
    shop.until(lambda: "Restore" in shop.history(NAME), "the restore")
    status = shop.settled(NAME)
    assert _ask(shop, SUM) == before
    assert status["restored"] == "monday"
    assert status["storage"]["previousClaim"] == f"data-{NAME}-0"

    word = {"metadata": {"annotations": {CONFIRM_ANNOTATION: "monday"}}}
    shop.kubectl.patch("sampledb", NAME, shop.team, word)
    shop.until(lambda: not shop.kubectl.get("pvc", f"data-{NAME}-0", shop.team), "the old claim")
    shop.settled(NAME)
    assert _ask(shop, SUM) == before

    shop.change(NAME, credentials={"rotation": {"requestedAt": "monday"}})
    shop.until(lambda: "Rotate" in shop.history(NAME), "other passwords")
    secret = shop.settled(NAME)["binding"]["name"]
    assert secret != f"{NAME}-credentials"
    shop.open_client(NAME, secret)
    assert shop.query(NAME, SUM) == before

    shop.kubectl.run("delete", f"SampleDB/{NAME}", "-n", shop.team, "--wait=false")
    shop.until(lambda: not shop.handover.get(NAME), "the end of the SampleDB")
    begun = [line.split()[0] for line in shop.subjects(NAME) if "step 1 of" in line]
    assert [word.strip(",") for word in begun] == [
        "provision",
        "backup",
        "migrate",
        "backup",
        "restore",
        "migrate",  # what the backup lacked; each file is run once
        "confirm",
        "rotate",
        "deleteatonce",
    ]


def _ask(shop: Shop, statement: str) -> str:
    return shop.as_superuser(NAME, statement, database="app")
