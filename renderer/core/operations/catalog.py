"""The operations that exist. A later one is added here and chosen in `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.operations import evidence, roles
from renderer.core.operations.step import Operation, Situation, Step
from renderer.core.plan import Files, Phase
from renderer.core.record import Record


def _started(record: Record, situation: Situation, _facts: Mapping[str, object]) -> Record:
    return replace(record, data_version=situation.desired.major)


def _initialized(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    digest = situation.desired.init_digest
    return replace(record, initialized={**facts, "digest": digest})


def _backed_up(record: Record, _situation: Situation, facts: Mapping[str, object]) -> Record:
    return replace(record, final_backup=dict(facts))


START = Step(
    name="Start",
    phase=Phase.PROVISIONING,
    title="start the server",
    awaits="the claim is bound and a Pod of this template is ready",
    roles=roles.running,
    proof=evidence.server_ready,
    learn=_started,
)
INITIALISE = Step(
    name="Initialise",
    phase=Phase.PROVISIONING,
    title="initialise the database",
    awaits="the init Job has reported its result",
    roles=roles.initialising,
    proof=evidence.initialized,
    learn=_initialized,
)
PROVISION = Operation(
    type="Provision",
    steps=(START, INITIALISE),
    done="initialised; remove the Job",
    create_secret=True,
)

CONFIGURE = Operation(
    type="Configure",
    steps=(
        Step(
            name="Apply",
            phase=Phase.CONFIGURING,
            title="apply the changed spec",
            awaits="what is applied here runs",
            roles=roles.steady,
            proof=evidence.serving,
        ),
    ),
    done="the changed spec is in force",
)

HIBERNATE = Operation(
    type="Hibernate",
    steps=(
        Step(
            name="Stop",
            phase=Phase.CONFIGURING,
            title="stop the server, keep the volumes",
            awaits="the Pods are gone",
            roles=roles.steady,
            proof=evidence.stopped,
            replicas=lambda _record: 0,
        ),
    ),
    finish=lambda record: replace(record, hibernated=True),
    done="hibernated",
)
WAKE = Operation(
    type="Wake",
    steps=(
        Step(
            name="Start",
            phase=Phase.CONFIGURING,
            title="start the server again",
            awaits="the Pod is ready",
            roles=roles.steady,
            proof=evidence.server_ready,
            replicas=lambda _record: 1,
        ),
    ),
    finish=lambda record: replace(record, hibernated=False),
    done="awake",
)

_FINAL_BACKUP = Step(
    name="FinalBackup",
    phase=Phase.SNAPSHOTTING,
    title="take the final backup",
    awaits="the backup has been read back (id, size, sha256)",
    roles=roles.final_backup,
    proof=evidence.backed_up,
    learn=_backed_up,
    replicas=lambda _record: 1,
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
        ),
        _remove(roles.nothing),
        _CLEAR,
    ),
)
"""Policy Retain: the data claim leaves Git but not the cluster. Its protection is seen
first: the policy may have been changed after another saga had lifted it."""
DELETE_AT_ONCE = Operation(
    type="DeleteAtOnce",
    steps=(_lift(roles.running), _remove(roles.nothing), _CLEAR),
)
"""Policy Delete with `confirm: true`: the user's word stands for the proof."""

DELETIONS = frozenset({DELETE.type, DELETE_RETAIN.type, DELETE_AT_ONCE.type})

OPERATIONS: Mapping[str, Operation] = {
    operation.type: operation
    for operation in (
        PROVISION,
        CONFIGURE,
        HIBERNATE,
        WAKE,
        DELETE,
        DELETE_RETAIN,
        DELETE_AT_ONCE,
    )
}
