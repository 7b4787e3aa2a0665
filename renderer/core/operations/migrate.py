"""Migrations: ordered SQL files of a ConfigMap, each run once, in one transaction a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.operations import results, roles
from renderer.core.operations.step import Operation, Situation, Step, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def wanted(desired: Desired) -> str:
    """What is to be run, as the record remembers it; "" for nothing."""
    asked = desired.db.spec.migrations
    name = asked.config_map_ref.name
    return f"{name}@{asked.target_version}" if name else ""


def _migrated(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    return replace(record, migrated=wanted(situation.desired), schema_version=str(facts.get("to")))


MIGRATE = Operation(
    type="Migrate",
    about=lambda _record, desired: wanted(desired).removesuffix("@"),
    steps=(
        Step(
            name="Migrate",
            phase=Phase.MIGRATING,
            title="run the migrations that have not been run",
            awaits="the Job has reported the version that it came to",
            roles=roles.with_job(Role.TOOLS, Role.MIGRATE),
            proof=results.migrated,
            on_failure="MigrateFailed: nothing of its file is kept, and the server runs on",
            learn=_migrated,
            release=running,
        ),
    ),
    done="the schema is as it is wanted; remove the Job",
)
