"""VolumeSnapshots of real servers, all the way round: every row is as it was."""

from __future__ import annotations

from typing import Any

from laptop_line import PATH, Line

from renderer.core.layout import Key
from renderer.local.laptop import Laptop, Options
from renderer.local.objects import CLAIMS, SNAPSHOTS

KEY = Key(namespace="team-a", name="orders")
INIT = {
    "sql": [
        "CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY, words text NOT NULL)",
        "INSERT INTO items (words) SELECT 'item ' || n FROM generate_series(1, 1000) AS n",
    ]
}
SUM = "SELECT count(*), md5(string_agg(id || words, ',' ORDER BY id)) FROM items"
BACKUP = {"method": "VolumeSnapshot", "requestedAt": "before"}


def test_a_snapshot_of_a_running_server_brings_back_every_row(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, backup=BACKUP)
        taken = line.until(lambda: _verified(line), "a snapshot")
        line.until(lambda: line.holds("Ready"), "Ready")
        before = line.laptop.psql(KEY, SUM)
        line.laptop.psql(KEY, "DELETE FROM items WHERE id % 2 = 0")
        assert taken["method"] == "VolumeSnapshot"
        assert taken["size"] == 2**30
        assert taken["snapshot"].startswith("snapcontent-")

        restore = {"id": "monday", "from": {"volumeSnapshotName": taken["id"]}}
        line.edit(lambda db: db["spec"].update(restore=restore))
        line.until(lambda: _history(line)[0] == "Restore", "the restore's end")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, SUM) == before

        # What the claim was made from is rendered with it for ever.
        line.edit(lambda db: db["spec"].update(parameters={"work_mem": "8MB"}))
        line.until(lambda: line.holds("UpToDate") and line.holds("Ready"), "the new parameter")
        sources = {
            claim["metadata"]["name"]: claim["spec"].get("dataSource", {}).get("name")
            for claim in line.laptop.objects.list(CLAIMS)
        }
        assert sorted(filter(None, sources.values())) == [taken["id"]]
        assert len(sources) == 2
        assert line.laptop.applier.report.errors == {}


def test_a_deletion_leaves_a_snapshot_from_which_the_database_comes_back(line: Line) -> None:
    with line.controller():
        line.create(init=INIT, backup={"method": "VolumeSnapshot", "schedule": "0 3 1 1 *"})
        first = line.until(lambda: _verified(line), "the first scheduled snapshot")
        line.until(lambda: line.holds("Ready"), "Ready")
        more = {"requestedAt": "another", "retention": {"keep": 1}}
        line.edit(lambda db: db["spec"]["backup"].update(more))
        line.until(lambda: _history(line)[0] == "Expire", "the first one let go")
        line.until(lambda: line.holds("Ready"), "Ready")
        line.until(lambda: first["id"] not in _names(line), "the first one gone")
        assert len(_names(line)) == 1
        assert line.holds("BackedUp")

        before = line.laptop.psql(KEY, SUM)
        kept = _names(line)
        line.delete()
        line.until(lambda: line.get() is None, "the end of the SampleDB")
        (final,) = set(_names(line)) - set(kept)
        assert line.laptop.objects.list(CLAIMS) == []

        line.create(backup={"method": "VolumeSnapshot"})
        line.until(lambda: line.holds("Ready"), "Ready")
        restore = {"id": "back", "from": {"volumeSnapshotName": final}}
        line.edit(lambda db: db["spec"].update(restore=restore))
        line.until(lambda: _history(line)[0] == "Restore", "the restore's end")
        line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.psql(KEY, SUM) == before


def test_without_a_class_the_storage_says_so_and_with_one_it_goes_on(line: Line) -> None:
    classes = "volumesnapshotclasses.snapshot.storage.k8s.io"
    (standard,) = line.laptop.objects.list(classes)
    line.laptop.objects.delete(classes, standard)
    with line.controller():
        line.create(backup=BACKUP)
        line.until(lambda: line.holds("Stalled"), "Stalled")
        assert "cannot find default snapshot class" in line.message("Stalled")
        again = {key: standard[key] for key in ("driver", "deletionPolicy")}
        head = {key: standard["metadata"][key] for key in ("name", "annotations")}
        line.laptop.store.create(classes, {**again, "metadata": head})
        line.until(lambda: _verified(line), "a snapshot")
        line.until(lambda: line.holds("Ready"), "Ready")


def test_a_cluster_without_snapshots_is_told_apart_and_all_else_goes_on() -> None:
    options = Options(namespaces=("team-a",), path=PATH, snapshot_classes=None)
    with Laptop(options) as laptop:
        line = Line(laptop)
        with line.controller():
            line.create()
            line.until(lambda: line.holds("Ready"), "Ready")
            line.edit(lambda db: db["spec"].update(backup=BACKUP))
            line.until(lambda: line.holds("Stalled"), "Stalled")
            assert "spec.backup.method: VolumeSnapshot can't be used" in line.message("Stalled")
            assert "the snapshot controller" in line.message("Stalled")
            line.edit(lambda db: db["spec"].pop("backup"))
            line.until(lambda: line.holds("Ready"), "Ready")
        assert line.laptop.applier.report.errors == {}


def _names(line: Line) -> list[str]:
    return [each["metadata"]["name"] for each in line.laptop.objects.list(SNAPSHOTS)]


def _status(line: Line) -> dict[str, Any]:
    return dict((line.get() or {}).get("status") or {})


def _verified(line: Line) -> Any:
    return (_status(line).get("backups") or {}).get("lastVerified")


def _history(line: Line) -> list[str]:
    return [item["type"] for item in _status(line).get("history", ())]
