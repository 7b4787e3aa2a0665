"""A restore: into a new claim beside the server's, which it replaces when it is proved.

The claim that was replaced is kept until a person confirms that it may go, or its time is
up. A restore is asked for by an id and never repeated for it: what stands in Git for ever
can't bring old data back (gitops.md, trap 27).
"""

from __future__ import annotations

from dataclasses import replace

from renderer.core.desired import Desired
from renderer.core.layout import Role, claim
from renderer.core.operations import evidence, keeping, results, roles
from renderer.core.operations.step import Operation, Step, restored_claim, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def begun(record: Record, desired: Desired) -> Record:
    """Note the restore, and what its claim is made from: that is rendered with it for ever."""
    wanted = desired.db.spec.restore
    sources = _known(record, desired)
    if wanted.from_.volume_snapshot_name:
        sources[restored_claim(desired, wanted.id)] = wanted.from_.volume_snapshot_name
    elsewhere = wanted.from_.namespace not in {"", desired.key.namespace}
    lent = desired.lent or record.lent if elsewhere else ""
    return replace(record, restoring=wanted.id, sources=sources, lent=lent)


def _known(record: Record, desired: Desired) -> dict[str, str]:
    """The sources of the claims that there are."""
    there = {record.claim or claim(desired.key.name, "0"), record.previous_claim}
    return {name: source for name, source in record.sources.items() if name in there}


def _swapped(record: Record, desired: Desired) -> Record:
    """The claims change places; again and again the same."""
    if record.restored == record.restoring:
        return record
    return replace(
        record,
        claim=restored_claim(desired, record.restoring),
        previous_claim=record.claim or claim(desired.key.name, "0"),
        replaced_by="",
        replaced_at="",
        restored=record.restoring,
        previous="",  # what an upgrade left is on the old volume, and goes with it
        previous_of="",
        migrated="",  # the schema is as old as the backup: what was run since is to be run again
    )


RESTORE = Operation(
    type="Restore",
    replaces=True,
    about=lambda _record, desired: desired.db.spec.restore.from_.id,
    steps=(
        Step(
            name="Restore",
            phase=Phase.RESTORING,
            title="restore into a new volume, beside the running server",
            awaits="the restored server has started alone and every table has been read",
            roles=roles.restoring,
            proof=results.restored,
            on_failure="RestoreFailed: the server runs on with the data that it has",
            learn=results.noted_unverified,
            release=running,
            enter=begun,
        ),
        Step(
            name="Stop",
            phase=Phase.RESTORING,
            title="stop the server",
            awaits="its Pods are gone",
            roles=roles.restored,
            proof=evidence.stopped,
            replicas=lambda _record: 0,
            release=running,
        ),
        Step(
            name="Swap",
            phase=Phase.RESTORING,
            title="start the server on the restored volume, keep the old one",
            awaits="its Pod is ready",
            roles=roles.steady,
            proof=evidence.server_ready,
            on_failure="PodFailed: the old volume is kept, with its data",
            replicas=lambda _record: 1,
            release=running,
            enter=_swapped,
        ),
        Step(
            name="Verify",
            phase=Phase.RESTORING,
            title="ask the server for its version",
            awaits="it has answered",
            roles=roles.with_job(Role.VERIFY),
            proof=results.answers,
            on_failure="VerifyFailed: the server runs, the old volume is kept",
            learn=keeping.counted_from(results.told),
            release=running,
        ),
    ),
    finish=lambda record: replace(record, restoring="", lent=""),
    result=results.how_restored,
    done="restored; the old volume is kept until the restore is confirmed",
)

CONFIRM_RESTORE = Operation(
    type="ConfirmRestore",
    title="confirm the restore",
    about=keeping.by_time,
    steps=(
        Step(
            name="LiftProtection",
            phase=Phase.RESTORING,
            title="release the old volume",
            awaits="the live claim is seen unprotected",
            roles=roles.steady,
            proof=evidence.previous_unprotected,
            release=running,
            protect_previous=False,
        ),
    ),
    finish=lambda record: replace(record, previous_claim="", replaced_by="", replaced_at=""),
    done="remove the old volume",
)
