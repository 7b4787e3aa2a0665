"""Making a database, changing it, growing it, putting it to sleep and waking it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.operations import check, evidence, reload, results, roles
from renderer.core.operations.step import Operation, Situation, Step, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def _started(record: Record, situation: Situation, _facts: Mapping[str, object]) -> Record:
    return replace(record, data_version=situation.desired.major)


def _initialized(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    digest = situation.desired.init_digest
    return replace(results.told(record, situation, facts), initialized={**facts, "digest": digest})


START = Step(
    name="Start",
    phase=Phase.PROVISIONING,
    title="start the server",
    awaits="the claim is bound and a Pod of this template is ready",
    roles=roles.running,
    proof=evidence.server_ready,
    on_failure="PodFailed, with the kubelet's words: mend the spec",
    learn=_started,
    enter=lambda record, desired: replace(
        check.taken(record, desired), credentials=desired.credentials
    ),
)
INITIALISE = Step(
    name="Initialise",
    phase=Phase.PROVISIONING,
    title="initialise the database",
    awaits="the init Job has reported its result",
    roles=roles.initialising,
    proof=results.initialized,
    on_failure="InitFailed, with the server's words: mend spec.init, and a new Job follows",
    learn=_initialized,
    release=running,
    enter=check.taken,
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
        replace(
            check.CHECK,
            learn=reload.accepted,
            then="reload it, or restart the server where a changed parameter needs that",
        ),
        reload.RELOAD,
        Step(
            name="Apply",
            phase=Phase.CONFIGURING,
            title="apply the changed spec",
            awaits="what is applied here runs",
            roles=roles.steady,
            proof=evidence.serving,
            on_failure="PodFailed: put the spec back, and the old Pod comes again",
            release=running,
            enter=check.known,
            needed=lambda situation: not reload.done(situation),
        ),
    ),
    done="the changed spec is in force",
)

RESIZE = Operation(
    type="Resize",
    steps=(
        Step(
            name="Grow",
            phase=Phase.CONFIGURING,
            title="grow the data volume",
            awaits="the claim has its new capacity",
            roles=roles.steady,
            proof=evidence.grown,
            on_failure="it waits, with the storage's words; no volume shrinks back",
            release=running,
        ),
    ),
    done="the volume has grown",
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
            release=running,
        ),
    ),
    finish=lambda record: replace(record, hibernated=True, unread=False),
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
            release=running,
        ),
    ),
    finish=lambda record: replace(record, hibernated=False),
    done="awake",
)
