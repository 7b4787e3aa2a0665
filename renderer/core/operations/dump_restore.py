"""A major upgrade by dump and restore: the data move to a new claim.

What `pg_upgrade` can't carry over, or carries over as it was (checksums off, the files' layout),
is made anew. The old claim is only read; the new one takes its place, and it is kept until a
person confirms that it may go, or its time is up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.operations import check, downtime, evidence, keeping, results, roles
from renderer.core.operations.step import Operation, Situation, Step, Verdict, running
from renderer.core.operations.upgrade import MAJOR_UPGRADE
from renderer.core.plan import Phase
from renderer.core.record import Record
from renderer.core.resource import quantity

_MEBIBYTE = 1024 * 1024
_OF_MAJOR = {step.name: step for step in MAJOR_UPGRADE.steps}


def _fits(situation: Situation) -> Verdict:
    """The programs fit, and the new claim has room for the data and their dump."""
    verdict = results.checked(situation)
    needed = verdict.facts.get("needed")
    size = situation.desired.db.spec.storage.size
    if not isinstance(needed, int) or needed <= quantity.parse(size):
        return verdict
    there = int(quantity.parse(size)) // _MEBIBYTE
    return evidence.stall(
        "PreflightFailed",
        f"spec.storage.size: the new volume would have {size} ({there} MiB), and to move the data "
        f"it needs {-(-needed // _MEBIBYTE)} MiB; write at least "
        f"{-(-needed // _MEBIBYTE)}Mi, or set spec.upgrade.strategy to InPlace: nothing has "
        "been stopped",
    )


def _begun(record: Record, desired: Desired) -> Record:
    underway = record.underway
    taken = check.taken(record, desired)
    return replace(taken, restoring=underway.id if underway else "", target=desired.image)


def _moved(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """From now on the data are those on the new claim, and the new server's."""
    return replace(
        downtime.stopped(results.told(record, situation, facts), facts),
        data_version=str(facts["to"]),
        image=record.target,
        target="",
        claim=situation.names.restored,
        previous_claim=situation.names.data,
        replaced_by=record.restoring,
        replaced_at="",
        restoring="",
    )


DUMP_RESTORE = Operation(
    type="DumpRestoreUpgrade",
    title="upgrade",
    replaces=True,
    about=MAJOR_UPGRADE.about,
    steps=(
        replace(_OF_MAJOR["Preflight"], proof=_fits),
        _OF_MAJOR["Backup"],
        _OF_MAJOR["Stop"],
        Step(
            name="Move",
            phase=Phase.UPGRADING,
            title="dump the old data and restore them into a new volume",
            awaits="the upgrade Job has compared every table, and reported its result",
            roles=roles.moving,
            proof=results.moved,
            on_failure="UpgradeFailed: the old data are as they were; set spec.version back, and "
            "the old server starts again",
            learn=_moved,
            replicas=lambda _record: 0,
            release=running,
            holds=Role.DUMP_RESTORE,
            enter=_begun,
        ),
        replace(
            _OF_MAJOR["Start"],
            title="start the new server on the new volume, keep the old one",
            on_failure="PodFailed: mend the spec, or restore the backup; the old volume is kept",
        ),
        replace(
            _OF_MAJOR["Analyze"],
            on_failure="AnalyzeFailed: the new server runs, the old volume is kept",
        ),
        replace(
            _OF_MAJOR["BackupAfter"],
            learn=keeping.counted_from(_OF_MAJOR["BackupAfter"].learn),
        ),
    ),
    done="the new version is in force; the old volume is kept until the upgrade is confirmed",
)
