"""Deletion: nothing that holds data goes before its proof, or the user's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.operations import evidence, results, roles, snapshots
from renderer.core.operations.step import Operation, Situation, Step, running
from renderer.core.plan import Files, Phase
from renderer.core.record import Record


def _backed_up(record: Record, _situation: Situation, facts: Mapping[str, object]) -> Record:
    return replace(record, final_backup=dict(facts))


_FINAL_BACKUP = Step(
    name="FinalBackup",
    phase=Phase.SNAPSHOTTING,
    title="take the final backup",
    awaits="the backup is proved: read back (id, size, sha256), or a snapshot ready to use",
    roles=roles.final_backup,
    proof=snapshots.or_by(results.backed_up),
    on_failure="DeletionBlocked: nothing goes",
    learn=snapshots.learnt_or_by(_backed_up),
    # A stopped server need not wake for a snapshot, and its volume is at rest.
    replicas=lambda record: 0 if record.hibernated and record.snapshotting else 1,
    release=running,
    enter=snapshots.entered,
)
_CLEAR = Step(
    name="Clear",
    phase=Phase.DELETING,
    title="remove the directory",
    awaits="",
    roles=roles.nothing,
    proof=evidence.cleared,
    files=Files.REMOVE,
)


def _lift(step_roles: roles.RolesOf) -> Step:
    return Step(
        name="LiftProtection",
        phase=Phase.DELETING,
        title="stop the server, release the data volume",
        awaits="the live claim is seen unprotected",
        roles=step_roles,
        proof=evidence.unprotected,
        replicas=lambda _record: 0,
        release=running,
        protect=False,
    )


def _remove(step_roles: roles.RolesOf) -> Step:
    return Step(
        name="Remove",
        phase=Phase.DELETING,
        title="remove the workload",
        awaits="the workload is seen gone",
        roles=step_roles,
        proof=evidence.gone,
        replicas=lambda _record: 0,
    )


DELETE = Operation(
    type="Delete",
    steps=(
        _FINAL_BACKUP,
        _lift(roles.proved_backup),
        _remove(roles.backups_only),
        _CLEAR,
    ),
)
"""Policy Snapshot: nothing is removed before the final backup is proved."""
DELETE_RETAIN = Operation(
    type=evidence.RETAINING,
    steps=(
        Step(
            name="Protect",
            phase=Phase.DELETING,
            title="make sure that the data volume is kept",
            awaits="the live claim is seen protected",
            roles=roles.running,
            proof=evidence.protected,
            release=running,
        ),
        _remove(roles.nothing),
        _CLEAR,
    ),
)
"""Policy Retain: the data claim leaves Git but not the cluster. Its protection is seen
first: the policy may have been changed after another saga had lifted it."""
DELETE_AT_ONCE = Operation(
    type=roles.AT_ONCE,
    steps=(_lift(roles.running), _remove(roles.nothing), _CLEAR),
)
"""Policy Delete with `confirm: true`: the user's word stands for the proof."""
