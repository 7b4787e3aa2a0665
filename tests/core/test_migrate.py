"""Migrations: run when they are asked for, once, and told when they fail."""

from __future__ import annotations

from pure_cluster import BACKUP_RESULT, NOW, TARGET, ready, reason
from pure_desired import desired

from renderer.core.decide import decide
from renderer.core.plan import Phase

SCHEMA = {"configMapRef": {"name": "schema"}}


def test_migrations_are_run_once_and_again_for_another_target() -> None:
    cluster = ready(desired())
    cluster.settle(desired(migrations=SCHEMA))
    assert cluster.record
    assert (cluster.record.migrated, cluster.record.schema_version) == ("schema@", "2")
    assert cluster.commits == [
        "migrate schema, step 1 of 2: run the migrations that have not been run",
        "migrate schema, step 2 of 2: the schema is as it is wanted; remove the Job",
    ]
    cluster.settle(desired(migrations=SCHEMA, parameters={"work_mem": "8MB"}))
    assert not any("migrate" in subject for subject in cluster.commits[2:])
    cluster.settle(desired(migrations={**SCHEMA, "targetVersion": "3"}))
    assert cluster.record.migrated == "schema@3"


def test_a_failed_migration_is_told_and_can_be_withdrawn() -> None:
    cluster = ready(desired())
    cluster.turn(desired(migrations=SCHEMA))
    job = next(name for kind, name in cluster.live if kind == "Job")
    cluster.job_results[job] = '0002_more.sql, line 3: column "x" does not exist'
    plan = cluster.settle(desired(migrations=SCHEMA))
    assert reason(plan) == "MigrateFailed"
    assert "0002_more.sql, line 3" in plan.why
    assert cluster.settle(desired()).phase is Phase.READY


def test_an_upgrade_comes_before_the_migrations_that_need_it() -> None:
    cluster = ready(desired(version="18.3"))
    cluster.settle(desired(version="19", migrations=SCHEMA))
    assert cluster.record
    assert [ended.type for ended in cluster.record.ended[:2]] == ["Migrate", "MajorUpgrade"]


def test_after_a_restore_the_migrations_are_run_again() -> None:
    cluster = ready(desired(backup=TARGET))
    cluster.settle(desired(backup=TARGET, migrations=SCHEMA))
    restore = {"id": "monday", "from": {"backupId": BACKUP_RESULT["id"]}}
    cluster.settle(desired(backup=TARGET, migrations=SCHEMA, restore=restore))
    assert cluster.record
    assert [ended.type for ended in cluster.record.ended[:2]] == ["Migrate", "Restore"]


def test_a_sleeping_database_is_migrated_when_it_wakes() -> None:
    cluster = ready(desired())
    asleep = desired(hibernate=True, migrations=SCHEMA)
    assert cluster.settle(asleep).phase is Phase.HIBERNATED
    cluster.settle(desired(migrations=SCHEMA))
    assert cluster.record
    assert cluster.record.migrated == "schema@"


def test_without_a_cluster_nothing_is_migrated() -> None:
    cluster = ready(desired())
    plan = decide(desired(migrations=SCHEMA), None, cluster.record, NOW)
    assert plan.operation.startswith("configure")
