"""Snapshots of the volume by a real driver: taken, let go, restored, left behind."""

from __future__ import annotations

from typing import Any

import pytest
from e2e.deployed.shop import Shop

NAME = "atlas"
ROWS = "SELECT n, 'place ' || n AS words FROM generate_series(1, 1000) AS n"
SPEC: dict[str, Any] = {
    "init": {"sql": [f"CREATE TABLE places AS {ROWS}"]},
    "backup": {
        "method": "VolumeSnapshot",
        "requestedAt": "first",
        "retention": {"keep": 1},
    },
}
SUM = "SELECT count(*), md5(string_agg(words, ',' ORDER BY n)) FROM places"


@pytest.mark.parametrize("handover", ["flux"], indirect=True)
def test_a_snapshot_is_taken_restored_replaced_and_left_behind(shop: Shop) -> None:
    shop.handover.create(NAME, **SPEC)
    shop.until(lambda: "Backup" in shop.history(NAME), "the first snapshot")
    first = shop.settled(NAME)["backups"]["lastVerified"]
    assert first["snapshot"].startswith("snapcontent-")
    assert _snapshots(shop) == [first["id"]]
    before = _ask(shop, SUM)
    assert before.startswith("1000|")
    _ask(shop, "DELETE FROM places WHERE n > 10")

    shop.change(NAME, restore={"id": "monday", "from": {"volumeSnapshotName": first["id"]}})
    shop.until(lambda: "Restore" in shop.history(NAME), "the restore")
    claim = shop.settled(NAME)
    assert _ask(shop, SUM) == before
    assert claim["storage"]["previousClaim"] == f"data-{NAME}-0"

    shop.change(NAME, restore=None, backup={"requestedAt": "second"})
    shop.until(lambda: "Expire" in shop.history(NAME), "the first one let go")
    second = shop.settled(NAME)["backups"]["lastVerified"]
    shop.until(lambda: _snapshots(shop) == [second["id"]], "only the second one left")

    shop.kubectl.run("delete", f"SampleDB/{NAME}", "-n", shop.team, "--wait=false")
    shop.until(lambda: not shop.handover.get(NAME), "the end of the SampleDB")
    left = _snapshots(shop)
    assert len(left) == 2
    assert second["id"] in left
    claims = shop.kubectl.list("pvc", shop.team, f"sampledb.dev/name={NAME}")
    assert [each["metadata"]["name"] for each in claims] == []
    done = shop.subjects(NAME)
    twice = [subject for subject in set(done) if done.count(subject) == 2]
    assert sorted(subject[:14] for subject in twice) == ["backup, step 1", "backup, step 2"]
    assert len(done) == len(set(done)) + 2


def _snapshots(shop: Shop) -> list[str]:
    found = shop.kubectl.list("volumesnapshots", shop.team, f"sampledb.dev/name={NAME}")
    return sorted(each["metadata"]["name"] for each in found)


def _ask(shop: Shop, statement: str) -> str:
    return shop.as_superuser(NAME, statement, database="app")
