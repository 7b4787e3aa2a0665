"""A database's end: nothing goes before the final backup is proved, then everything does."""

from __future__ import annotations

import hashlib
import json

from e2e.deployed.shop import Shop
from e2e.deployed.watching import Watch
from e2e.storage import Storage

from renderer.core import documents
from renderer.core.record import DATA_KEY


def test_an_old_minor_is_noticed_and_upgraded_by_the_spec(shop: Shop, database: str) -> None:
    assert shop.condition(database, "UpToDate")["reason"] == "OldVersion"
    assert shop.status(database)["engineVersion"]["newest"] == "16.14"
    assert shop.query(database, "SHOW server_version").startswith("16.11")
    before = len(shop.subjects(database))

    shop.change(database, version="16.14")
    shop.settled(database)

    assert shop.query(database, "SHOW server_version").startswith("16.14")
    assert shop.query(database, "SELECT words FROM greetings") == "Hello from Git"
    assert shop.status(database)["engineVersion"]["running"] == "16.14"
    assert shop.status(database)["history"][0]["type"] == "MinorUpgrade"
    done = shop.subjects(database)[before:]
    assert done[-1] == "upgrade 16.11 → 16.14, step 5 of 5: the new version is in force"
    assert len(done) == len(set(done))
    shop.until(lambda: shop.holds(database, "UpToDate"), "the newest minor")


def test_an_old_major_is_converted_by_jobs_and_every_row_is_there(
    shop: Shop, database: str
) -> None:
    before = len(shop.subjects(database))

    shop.change(database, version="18")
    shop.settled(database)

    assert shop.query(database, "SHOW server_version").startswith("18.4")
    assert shop.query(database, "SELECT words FROM greetings") == "Hello from Git"
    status = shop.status(database)
    versions = {"desired": "18", "running": "18.4", "data": "18"}
    assert status["engineVersion"].items() >= versions.items()
    assert status["history"][0]["type"] == "MajorUpgrade"
    done = shop.subjects(database)[before:]
    assert done[0] == "upgrade 16 → 18, step 1 of 9: check whether it can work"
    assert done[-1] == "upgrade 16 → 18, step 9 of 9: the new version is in force"
    assert len(done) == len(set(done))


def test_a_deleted_sampledb_goes_after_its_proved_final_backup(
    shop: Shop, database: str, watch: Watch, storage: Storage
) -> None:
    before = len(shop.subjects(database))
    volume = _volume(shop, f"data-{database}-0")
    shop.kubectl.run("delete", f"SampleDB/{database}", "-n", shop.team, "--wait=false")
    shop.until(lambda: not shop.handover.get(database), "the end of the SampleDB")

    proof = next(s["finalSnapshot"] for s in watch.statuses(database) if "finalSnapshot" in s)
    assert proof.keys() >= {"id", "size", "sha256"}
    assert shop.subjects(database)[before:] == [
        "delete, step 1 of 5: take the final backup",
        "delete, step 2 of 5: stop the server, release the data volume",
        "delete, step 3 of 5: remove the workload",
        "delete, step 4 of 5: remove the directory",
    ]
    assert _recorded(shop, database) == {key: proof[key] for key in ("id", "size", "sha256")}

    (tombstone,) = [path for path in shop.handover.bare.files() if f"/{database}/" in path]
    assert "/tombstones/" in tombstone
    assert proof["sha256"] in shop.handover.bare.show(tombstone)
    shop.until(lambda: not shop.kubectl.get("pv", volume), "the end of the volume")
    backups = {f"PersistentVolumeClaim/{database}-backup"}
    shop.until(lambda: set(shop.handover.children(database)) == backups, "only the backups")
    assert _sum_on_disk(shop, storage, database, proof["id"]) == proof["sha256"]


def _volume(shop: Shop, claim: str) -> str:
    found = shop.kubectl.get("pvc", claim, shop.team) or {}
    return str(found["spec"]["volumeName"])


def _recorded(shop: Shop, name: str) -> dict[str, object]:
    """The proof in the record of the commit that stops the server."""
    bare = shop.handover.bare
    subject = f"{shop.team}/{name}: delete, step 2 of 5"
    commit = bare.git("log", "-1", "--format=%H", "--fixed-strings", f"--grep={subject}", "main")
    path = f"{shop.handover.directory(name)}/record.yaml"
    text = bare.git("show", f"{commit}:{path}")
    record = json.loads(documents.one(text.encode(), source=path).value["data"][DATA_KEY])
    found = record["finalBackup"]
    return {key: found[key] for key in ("id", "size", "sha256")}


def _sum_on_disk(shop: Shop, storage: Storage, name: str, backup: str) -> str:
    """The sum of the kept backup, read from its volume: a sum over each file's own."""
    volume = shop.kubectl.get("pv", _volume(shop, f"{name}-backup")) or {}
    folder = storage.volume(volume["spec"]["csi"]["volumeHandle"]) / backup
    sums = folder / "SHA256SUMS"
    for line in sums.read_text().splitlines():
        told, _, file = line.partition("  ")
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == told
    return hashlib.sha256(sums.read_bytes()).hexdigest()
