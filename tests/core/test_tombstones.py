"""What stays of a deleted SampleDB, and the SampleDB that brings it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pure_cluster import BACKUP_RESULT, TARGET, PureCluster, ready
from pure_desired import desired

from renderer.core import manifests, resource, tombstone
from renderer.core.bringing_back import brought_back
from renderer.core.errors import InvalidError
from renderer.core.plan import Files
from renderer.core.tombstone import Tombstone

RETAIN = {"policy": "Retain"}
WHOLE = {**BACKUP_RESULT, "database": "app", "method": "Logical", "version": "18.4"}


def buried(**spec: object) -> Tombstone | None:
    """Make a SampleDB, delete it, and take what its last commit leaves."""
    return _deleted(ready(desired(**spec)), **spec)


def _deleted(cluster: PureCluster, **spec: object) -> Tombstone | None:
    gone = desired(deleting=True, **spec)  # type: ignore[arg-type]
    for _ in range(20):
        plan = cluster.turn(gone)
        if plan.files is Files.REMOVE:
            assert plan.record is not None
            return tombstone.of(gone, plan.record)
    raise AssertionError(cluster.commits)


def kept(**spec: object) -> Tombstone:
    found = buried(**spec)
    assert found is not None
    return found


def test_a_deletion_leaves_the_spec_and_the_proof_of_the_final_backup() -> None:
    found = kept(backup=TARGET, parameters={"work_mem": "8MB"})
    grave = found.grave
    assert found.spec == desired(backup=TARGET, parameters={"work_mem": "8MB"}).db.spec
    assert (str(found.key), grave.sampledb.uid, grave.deleted.at) == (
        "team-a/orders",
        "u-1",
        "2026-01-02T03:00:00Z",
    )
    assert grave.deleted.operation.startswith("delete-")
    assert grave.kept.backup is not None
    assert grave.kept.backup.id == BACKUP_RESULT["id"]
    assert grave.kept.backup.sha256 == BACKUP_RESULT["sha256"]
    assert grave.kept.backup.target.claim == "orders-backup"
    assert grave.kept.claims == ()
    assert found.id.startswith("20260102t030000z-")


def test_the_same_name_deleted_again_is_another_tombstone() -> None:
    gone = desired(deleting=True)
    record = replace(_record(ready(desired())), final_backup=WHOLE)
    again = replace(gone, db=replace(gone.db, uid="u-2"))
    first, second = tombstone.of(gone, record), tombstone.of(again, record)
    assert first is not None
    assert second is not None
    assert first.id != second.id


def _record(cluster: PureCluster) -> Any:
    assert cluster.record is not None
    return cluster.record


def test_a_deletion_that_retains_names_the_volume() -> None:
    found = kept(deletion=RETAIN)
    assert found.grave.kept.backup is None
    assert found.grave.kept.claims == ("data-orders-0",)
    assert found.grave.data.major == "18"


def test_after_a_restore_both_volumes_that_were_kept_are_named() -> None:
    restore = {"id": "monday", "from": {"backupId": BACKUP_RESULT["id"]}}
    spec = {"backup": TARGET, "deletion": RETAIN}
    cluster = ready(desired(**spec))
    cluster.settle(desired(**spec, restore=restore))
    found = _deleted(cluster, **spec, restore=restore)
    assert found is not None
    claims = found.grave.kept.claims
    assert (len(claims), claims[1]) == (2, "data-orders-0")
    with pytest.raises(InvalidError, match=r"kept\.claims\[0\]: is what a restore had put"):
        brought_back(found)


def test_where_nothing_is_kept_nothing_is_left() -> None:
    assert buried(deletion={"policy": "Delete", "confirm": True}) is None


def test_a_server_that_never_ran_leaves_nothing() -> None:
    cluster = PureCluster(pod_message="CrashLoopBackOff: back-off")
    cluster.settle(desired(deletion=RETAIN))
    assert _deleted(cluster, deletion=RETAIN) is None


def test_the_deleted_sampledb_comes_back_from_its_final_backup() -> None:
    asked = {
        "backup": {**TARGET, "requestedAt": "monday"},
        "restore": {"id": "old", "from": {"backupId": BACKUP_RESULT["id"]}},
        "parameters": {"work_mem": "8MB"},
    }
    made = brought_back(kept(**asked))
    assert made["metadata"] == {"namespace": "team-a", "name": "orders"}
    assert made["spec"]["restore"]["from"] == {
        "backupId": BACKUP_RESULT["id"],
        "sha256": BACKUP_RESULT["sha256"],
    }
    assert made["spec"]["restore"]["id"].startswith("20260102t030000z-")
    assert made["spec"]["backup"] == TARGET
    assert made["spec"]["parameters"] == {"work_mem": "8MB"}
    assert resource.parse(made).spec.version == "18"


def test_another_name_reads_the_backups_of_the_old_one() -> None:
    made = brought_back(kept(backup=TARGET), name="again", restore_id="monday")
    assert made["metadata"]["name"] == "again"
    assert made["spec"]["restore"]["id"] == "monday"
    assert resource.parse(made).spec.restore.from_.sample_db == "orders"


def test_a_volume_that_was_kept_is_taken_up_under_the_same_name_only() -> None:
    found = kept(deletion=RETAIN)
    assert "restore" not in brought_back(found)["spec"]
    with pytest.raises(InvalidError, match="only the volume data-orders-0 was kept"):
        brought_back(found, name="again")


@pytest.mark.parametrize(
    ("spec", "major", "version"),
    [
        pytest.param({"version": "18"}, "18", {"version": "18"}, id="the same"),
        pytest.param({"version": "18.3"}, "18", {"version": "18.3"}, id="a minor"),
        pytest.param({"version": "18"}, "17", {"version": "17"}, id="never reached"),
        pytest.param(
            {"version": "18", "image": "mine:18"},
            "17",
            {"version": "17", "image": "mine:17"},
            id="an image of one's own",
        ),
    ],
)
def test_the_version_is_one_that_reads_the_data(
    spec: dict[str, str], major: str, version: dict[str, str]
) -> None:
    found = kept(version=spec["version"])
    found = replace(found, spec=replace(found.spec, image=spec.get("image", "")))
    data = replace(found.grave.data, major=major, image=f"mine:{major}")
    made = brought_back(replace(found, grave=replace(found.grave, data=data)))
    assert {name: made["spec"][name] for name in version} == version


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"id": ""}, r"kept\.backup\.id: is missing", id="no id"),
        pytest.param({"sha256": ""}, r"kept\.backup\.sha256: is missing", id="no sum"),
        pytest.param(
            {"target": tombstone.Target(claim="elsewhere")},
            r"kept\.backup\.target\.claim: is not the claim of a SampleDB's backups",
            id="another place",
        ),
    ],
)
def test_what_can_not_be_restored_is_refused_with_the_reason(
    change: dict[str, Any], message: str
) -> None:
    found = kept(backup=TARGET)
    assert found.grave.kept.backup is not None
    backup = replace(found.grave.kept.backup, **change)
    grave = replace(found.grave, kept=tombstone.Kept(backup=backup))
    with pytest.raises(InvalidError, match=message):
        brought_back(replace(found, grave=grave))


def test_a_tombstone_without_a_proof_is_refused() -> None:
    found = kept(backup=TARGET)
    empty = replace(found, grave=replace(found.grave, kept=tombstone.Kept()))
    with pytest.raises(InvalidError, match="kept: names neither a backup nor a volume"):
        brought_back(empty)


def written(**spec: object) -> str:
    return manifests.tombstone_file(kept(backup=TARGET, **spec)).decode()


@pytest.mark.parametrize("spec", [{}, {"deletion": RETAIN}, {"init": {"sql": ["SELECT 1"]}}])
def test_a_tombstone_reads_back_equal(spec: dict[str, object]) -> None:
    found = kept(backup=TARGET, **spec)
    content = manifests.tombstone_file(found)
    assert manifests.read_tombstone(content, source="x") == found
    assert manifests.read_tombstone(b"# a comment\n" + content, source="x") == found


def test_a_tombstone_says_how_to_bring_the_database_back() -> None:
    text = written()
    assert "sampledb restore --from-tombstone team-a/orders/20260102t030000z-" in text
    assert not manifests.is_tombstone([])
    assert 'kind: "SampleDBTombstone"' in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("size: 42", "size: 43", "metadata.annotations[sampledb.dev/content", id="sum"),
        pytest.param("size: 42", 'size: "42"', "kept.backup.size: must be", id="type"),
        pytest.param("size: 42", "size: 0", "kept.backup.size: must be at least 1", id="empty"),
        pytest.param('sha256: "ab', 'sha256: "xy', "kept.backup.sha256: must be a sha", id="hash"),
        pytest.param("    size: 42", "    more: 42", "kept.backup.more: is not", id="unknown"),
        pytest.param("deleted:", "buried:", "buried: is not a field of a tomb", id="unknown part"),
        pytest.param("deleted:", "buried:", "deleted: is required", id="missing part"),
        pytest.param('size: "1Gi"', 'size: "one"', "spec.backup.target.pvc.size: must", id="spec"),
        pytest.param("sampledb.dev/v1", "sampledb.dev/v2", "apiVersion: must be", id="version"),
        pytest.param('Tombstone"', '"', "kind: must be SampleDBTombstone", id="kind"),
        pytest.param("metadata:", "metadate:", "metadata.name: is required", id="no metadata"),
        pytest.param("  annotations:\n", "  labels:\n", "metadata.annotations[", id="no stamp"),
    ],
)
def test_an_edited_tombstone_is_refused_with_the_field(old: str, new: str, message: str) -> None:
    text = written()
    assert old in text
    with pytest.raises(InvalidError) as caught:
        manifests.read_tombstone(text.replace(old, new, 1).encode(), source="a/b.yaml")
    assert f"a/b.yaml: {message}" in str(caught.value)
    assert "git revert" in str(caught.value)
