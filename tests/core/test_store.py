"""Backups in an S3 store: no claim, a place of each SampleDB's own, and the same proofs."""

from __future__ import annotations

import pytest
from pure_cluster import BACKUP_RESULT, TARGET, PureCluster, ready, reason
from pure_desired import desired

from renderer.core import backups, buckets, resource, tombstone
from renderer.core.bringing_back import brought_back
from renderer.core.buckets import Place
from renderer.core.observed import Observed
from renderer.core.plan import Files, Phase

S3 = {"bucket": "backups", "prefix": "prod/", "secretName": "store"}
STORE = {"target": {"s3": S3}}
CLAIM = ("PersistentVolumeClaim", "orders-backup")
URL = f"s3://elsewhere/team-b/carts/{BACKUP_RESULT['id']}"


def taken(cluster: PureCluster, role: str) -> None:
    """Let the Job of `role` report where the backup lies."""
    job = next(name for kind, name in cluster.live if kind == "Job" and role in name)
    cluster.job_results[job] = {**BACKUP_RESULT, "url": f"s3://backups/{BACKUP_RESULT['id']}"}


def test_backups_to_a_store_need_no_claim() -> None:
    cluster = ready(desired(backup=STORE))
    cluster.settle(desired(backup={**STORE, "requestedAt": "monday"}))
    assert cluster.record
    assert cluster.record.backup
    assert cluster.record.backup["id"] == BACKUP_RESULT["id"]
    assert CLAIM not in cluster.live


def test_a_claim_with_backups_is_kept_when_the_target_becomes_a_store() -> None:
    cluster = ready(desired(backup=TARGET))
    assert CLAIM in cluster.live
    assert cluster.settle(desired(backup=STORE)).phase is Phase.READY
    assert CLAIM not in cluster.git
    assert CLAIM in cluster.live


def test_a_deletion_proves_its_backup_in_the_store_and_leaves_no_claim() -> None:
    cluster = ready(desired(backup=STORE))
    gone = desired(backup=STORE, deleting=True)
    cluster.jobs_run = False
    cluster.settle(gone)
    assert cluster.data
    taken(cluster, "final-backup")
    cluster.jobs_run = True
    cluster.turn(gone)
    assert cluster.record
    told = backups.summarise(Observed(), {}, cluster.record, cluster.now)["last"]
    assert told == {
        "id": BACKUP_RESULT["id"],
        "size": 42,
        "sha256": "ab" * 32,
        "url": f"s3://backups/{BACKUP_RESULT['id']}",
    }
    cluster.settle(gone)
    assert cluster.released
    assert cluster.live == {}


def test_a_deletion_whose_store_refuses_the_backup_is_blocked_with_its_words() -> None:
    cluster = ready(desired(backup=STORE))
    gone = desired(backup=STORE, deleting=True)
    cluster.jobs_run = False
    cluster.settle(gone)
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = "the store at https://s3 answers AccessDenied"
    plan = cluster.settle(gone)
    assert "AccessDenied" in plan.deletion_blocked
    assert cluster.data


def test_a_restore_from_a_url_is_proved_by_the_id_at_its_end() -> None:
    cluster = ready(desired(backup=STORE))
    wanted = desired(backup=STORE, restore={"id": "monday", "from": {"s3Url": URL}})
    assert cluster.settle(wanted).phase is Phase.READY
    assert cluster.record
    assert cluster.record.restored == "monday"
    assert any(str(BACKUP_RESULT["id"]) in subject for subject in cluster.commits)


def test_a_restore_from_a_url_that_brought_another_backup_goes_no_further() -> None:
    cluster = ready(desired(backup=STORE))
    wanted = desired(backup=STORE, restore={"id": "monday", "from": {"s3Url": URL}})
    cluster.turn(wanted)
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = {"id": "another"}
    assert reason(cluster.settle(wanted)) == "RestoreUnproved"


@pytest.mark.parametrize(
    ("prefix", "url"),
    [
        pytest.param("", "s3://backups/team-a/orders", id="none"),
        pytest.param("prod/", "s3://backups/prod/team-a/orders", id="slash"),
        pytest.param("a/b", "s3://backups/a/b/team-a/orders", id="deep"),
    ],
)
def test_each_sampledb_has_a_folder_of_its_own(prefix: str, url: str) -> None:
    place = buckets.own(desired(backup={"target": {"s3": {**S3, "prefix": prefix}}}).db)
    assert str(place) == url
    assert place == buckets.parse(url)


def test_where_a_backup_to_restore_lies() -> None:
    assert buckets.to_restore(desired().db) is None
    own = {"id": "1", "from": {"backupId": BACKUP_RESULT["id"]}}
    assert str(buckets.to_restore(desired(backup=STORE, restore=own).db)).endswith("team-a/orders")
    other = {"id": "1", "from": {"s3Url": URL}}
    place = buckets.to_restore(desired(backup=STORE, restore=other).db)
    assert place == Place(bucket="elsewhere", prefix="team-b/carts")
    assert str(Place(bucket="whole", prefix="")) == "s3://whole"


def test_a_url_of_another_form_is_not_told() -> None:
    assert "url" not in backups.shown({**BACKUP_RESULT, "url": ["s3://x"]})


def test_another_sampledbs_backup_lies_in_its_folder_of_the_same_store() -> None:
    source = {"backupId": BACKUP_RESULT["id"], "sampleDB": "carts"}
    wanted = desired(backup=STORE, restore={"id": "1", "from": source})
    assert str(buckets.to_restore(wanted.db)) == "s3://backups/prod/team-a/carts"
    cluster = PureCluster()
    assert cluster.settle(wanted).phase is Phase.READY
    assert cluster.record
    assert cluster.record.restored == "1"
    assert CLAIM not in cluster.live


def test_a_tombstone_names_the_backup_in_the_store_and_brings_it_back_from_there() -> None:
    cluster = ready(desired(backup=STORE))
    gone = desired(backup=STORE, deleting=True)
    cluster.jobs_run = False
    cluster.settle(gone)
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = {**BACKUP_RESULT, "url": URL}
    cluster.jobs_run = True
    while (plan := cluster.turn(gone)).files is not Files.REMOVE:
        assert not cluster.released
    assert plan.record
    found = tombstone.of(gone, plan.record)
    assert found
    assert found.grave.kept.backup
    assert found.grave.kept.backup.target == tombstone.Target(url=URL)
    again = resource.parse(brought_back(found, name="again"))
    source = again.spec.restore.from_
    assert (source.s3_url, source.sha256) == (URL, BACKUP_RESULT["sha256"])
    assert buckets.to_restore(again) == Place(bucket="elsewhere", prefix="team-b/carts")
