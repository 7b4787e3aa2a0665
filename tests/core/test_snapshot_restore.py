"""What is made of a snapshot: a new volume for the server, or a new database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pure_cluster import NOW, PureCluster, ready, reason
from pure_desired import desired
from wanted_snapshots import there, wanted

from renderer.core import manifests, tombstone
from renderer.core.bringing_back import brought_back
from renderer.core.decide import decide
from renderer.core.layout import Role
from renderer.core.observed import Stamp
from renderer.core.plan import Files, Phase

STAMP = Stamp(content_hash="a" * 16, generation=1)


def test_a_snapshot_that_is_to_be_restored_is_kept() -> None:
    cluster = ready(wanted())
    cluster.settle(wanted("monday"))
    (first,) = there(cluster)
    cluster.settle(wanted("tuesday"))
    cluster.restored = first
    one = {"retention": {"keep": 1}}
    restore = {"id": "back", "from": {"volumeSnapshotName": first}}
    assert cluster.settle(wanted("tuesday", backup=one, restore=restore)).phase is Phase.READY
    assert first in there(cluster)
    assert cluster.settle(wanted("tuesday", backup=one)).phase is Phase.READY
    assert first not in there(cluster)


def test_a_restore_makes_the_new_claim_from_the_snapshot_and_remembers_that_for_ever() -> None:
    cluster = ready(wanted())
    cluster.settle(wanted("monday"))
    (name,) = there(cluster)
    cluster.restored = name
    restore = {"id": "back", "from": {"volumeSnapshotName": name}}
    plan = cluster.turn(wanted("monday", restore=restore))
    assert plan.names
    assert plan.names.sources == {plan.names.restored: name}
    assert "pvc-backup" not in {role.value for role in plan.roles}
    assert cluster.settle(wanted("monday", restore=restore)).phase is Phase.READY
    record = cluster.record
    assert record
    assert record.sources == {record.claim: name}
    confirmed = wanted("tuesday", confirmed="back")
    assert cluster.settle(confirmed).phase is Phase.READY
    assert cluster.record
    assert cluster.record.sources == {record.claim: name}


@pytest.mark.parametrize(
    ("change", "expected", "words"),
    [
        pytest.param({"ready": False}, "SnapshotUnready", "isn't ready", id="not-ready"),
        pytest.param(
            {"ready": False, "error": "quota"}, "SnapshotUnready", "quota", id="not-ready-why"
        ),
        pytest.param({"data_version": "16"}, "SnapshotOfAnotherMajor", "'16'", id="major"),
        pytest.param({"size": "2Gi"}, "StorageTooSmall", "at least 2Gi", id="size"),
        pytest.param(None, "NoSuchSnapshot", "no such VolumeSnapshot", id="missing"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused_before_anything_is_made(
    change: dict[str, object] | None, expected: str, words: str
) -> None:
    cluster = ready(wanted())
    cluster.settle(wanted("monday"))
    (name,) = there(cluster)
    observed = cluster.observed()
    key = ("VolumeSnapshot", name)
    children = {each: child for each, child in observed.children.items() if each != key}
    if change is not None:
        children[key] = replace(observed.children[key], **change)
    restore = {"id": "back", "from": {"volumeSnapshotName": name}}
    plan = decide(
        wanted("monday", restore=restore),
        replace(observed, children=children),
        cluster.record,
        NOW,
    )
    assert (reason(plan), plan.files) == (expected, Files.LEAVE)
    assert words in plan.why


def test_a_restore_waits_for_a_cluster_that_has_snapshots() -> None:
    cluster = ready(desired())
    cluster.no_snapshots = "the server could not find the requested resource"
    restore = {"id": "back", "from": {"volumeSnapshotName": "orders-snapshot-1a2b3c4d"}}
    plan = cluster.turn(desired(restore=restore))
    assert (reason(plan), plan.files) == ("SnapshotsMissing", Files.LEAVE)


def test_a_new_database_is_made_from_a_snapshot_and_its_claim_remembers_that() -> None:
    cluster = PureCluster(restored="orders-snapshot-1a2b3c4d")
    cluster.live["VolumeSnapshot", cluster.restored] = (Role.SNAPSHOT, STAMP, True)
    cluster.taken[cluster.restored] = NOW
    restore = {"id": "back", "from": {"volumeSnapshotName": cluster.restored}}
    assert cluster.settle(wanted(restore=restore)).phase is Phase.READY
    record = cluster.record
    assert record
    assert [ended.type for ended in record.ended] == ["ProvisionFromBackup"]
    assert record.sources == {record.claim: cluster.restored}


def test_a_new_database_of_no_snapshot_is_not_begun() -> None:
    restore = {"id": "back", "from": {"volumeSnapshotName": "another"}}
    plan = PureCluster().turn(wanted(restore=restore))
    assert (reason(plan), plan.record) == ("NoSuchSnapshot", None)


def test_what_a_deletion_leaves_names_its_snapshot_and_brings_it_back() -> None:
    cluster = ready(wanted())
    while not (cluster.record and cluster.record.final_backup):
        cluster.turn(wanted(deleting=True))
    found = tombstone.of(wanted(deleting=True), cluster.record)
    assert found
    assert found.grave.kept.backup is None
    (name,) = there(cluster)
    kept = found.grave.kept.snapshot
    assert kept
    assert (kept.name, kept.size, kept.content) == (name, 2**30, f"content-{name}")
    written = manifests.tombstone_file(found)
    assert manifests.read_tombstone(written, source="file") == found
    made = brought_back(found, name="again")
    assert made["spec"]["restore"]["from"] == {"volumeSnapshotName": name}
