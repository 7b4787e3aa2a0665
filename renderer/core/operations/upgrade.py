"""Another version of the server.

A minor reads the data as they are. A major has them converted beside the old ones, while the
server is stopped; the old ones go last, when the new server runs and its backup is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from renderer.core.desired import Desired
from renderer.core.layout import Role
from renderer.core.operations import (
    check,
    downtime,
    evidence,
    gates,
    results,
    roles,
    snapshots,
)
from renderer.core.operations.step import Operation, Situation, Step, Verdict, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def _backup_step(name: str, title: str, needed: Callable[[Situation], bool]) -> Step:
    return Step(
        name=name,
        phase=Phase.UPGRADING,
        title=title,
        awaits="the backup is proved: read back (id, size, sha256), or a snapshot ready to use",
        roles=roles.backing_up,
        proof=snapshots.or_by(results.backed_up_now),
        on_failure="BackupFailed: nothing else is begun, and the server runs on",
        learn=snapshots.learnt_or_by(results.safe),
        release=running,
        needed=needed,
        expires=results.outdated,
        enter=snapshots.entered,
    )


def _told(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """The new server has said which version it is, and when the old one stopped."""
    return downtime.told(results.told(record, situation, facts), situation, facts)


MINOR_UPGRADE = Operation(
    type="MinorUpgrade",
    title="upgrade",
    about=lambda record, desired: f"{gates.tag(record.image)} → {gates.tag(desired.image)}",
    steps=(
        Step(
            name="Hold",
            phase=Phase.UPGRADING,
            title="wait until it may begin",
            awaits="everything is applied, and what spec.upgrade asks for is there",
            roles=roles.steady,
            proof=evidence.applied,
            release=running,
            needed=gates.shut,
            counted=False,
        ),
        _backup_step("Backup", "take a backup first", results.lacks_fresh_backup),
        replace(
            check.CHECK,
            phase=Phase.UPGRADING,
            title="try the new server's programs",
            awaits="they have started with the configuration",
            needed=lambda situation: not situation.blind,
            expires=results.outdated,
        ),
        Step(
            name="Roll",
            phase=Phase.UPGRADING,
            title="start the new server",
            awaits="a Pod of the new image is ready",
            roles=roles.steady,
            proof=evidence.server_ready,
            on_failure="PodFailed: set spec.version back, and the old server starts again",
            danger="the server's Pod is replaced by one of the new version",
            disrupts=True,
        ),
        Step(
            name="Verify",
            phase=Phase.UPGRADING,
            title="ask the server for its version",
            awaits="the server says that it has the version that is wanted",
            roles=roles.with_job(Role.VERIFY),
            proof=results.version_runs,
            on_failure="VersionMismatch: the server runs; mend spec.image or spec.version",
            learn=_told,
        ),
    ),
    done="the new version is in force",
)
"""Another image of the same major: its server reads the data as they are."""


def _converting(record: Record, desired: Desired) -> Record:
    return replace(check.taken(record, desired), target=desired.image)


def _converted(record: Record, situation: Situation, facts: Mapping[str, object]) -> Record:
    """From now on the data are the new server's."""
    return replace(
        downtime.stopped(results.told(record, situation, facts), facts),
        data_version=str(facts["to"]),
        previous=record.data_version,
        previous_of=record.underway.id if record.underway else "",
        image=record.target,
        target="",
    )


def _given_up(record: Record, desired: Desired) -> Record:
    """What the new server was to start with was taken when the conversion began."""
    if not record.target:
        return record
    return replace(check.taken(record, desired), target="", restoring="")


def _job_step(
    name: str,
    title: str,
    awaits: str,
    proof: tuple[Role, Callable[[Situation], Verdict]],
    on_failure: str,
) -> Step:
    """A step in which a Job does something, while the server of the data is as it is."""
    role, proved = proof
    return Step(
        name=name,
        phase=Phase.UPGRADING,
        title=title,
        awaits=awaits,
        roles=roles.with_job(Role.TOOLS, role),
        proof=proved,
        on_failure=on_failure,
        release=running,
    )


def _dropped(record: Record, _situation: Situation, _facts: Mapping[str, object]) -> Record:
    return replace(record, previous="", previous_of="")


_DROP_OLD = replace(
    _job_step(
        gates.OLD_DATA_STEP,
        "remove the old data",
        "they are gone",
        (Role.DROP_OLD, results.dropped),
        "DropOldFailed: the new server runs, the old data stay",
    ),
    learn=_dropped,
    needed=lambda situation: not gates.keeps_old_data(situation),
)

MAJOR_UPGRADE = Operation(
    type="MajorUpgrade",
    title="upgrade",
    about=lambda record, desired: f"{record.data_version} → {desired.major}",
    steps=(
        replace(
            _job_step(
                "Preflight",
                "check whether it can work",
                "the running server and the new programs are found to fit",
                (Role.PREFLIGHT, results.checked),
                "PreflightFailed, with what stands in the way: nothing has stopped",
            ),
            learn=downtime.reported,
        ),
        _backup_step("Backup", "take a backup first", results.lacks_any_fresh_backup),
        Step(
            name="Stop",
            phase=Phase.UPGRADING,
            title="stop the old server",
            awaits="its Pods are gone",
            roles=roles.steady,
            proof=evidence.stopped,
            on_failure="it waits; set spec.version back, and the old server starts again",
            replicas=lambda _record: 0,
            release=running,
            danger="the server is stopped, its data are converted, the new server starts",
            disrupts=True,
        ),
        Step(
            name="Convert",
            phase=Phase.UPGRADING,
            title="convert the data beside the old ones",
            awaits="the upgrade Job has reported its result",
            roles=roles.with_job(Role.TOOLS, Role.UPGRADE),
            proof=results.converted,
            on_failure="UpgradeFailed: the old data are as they were; set spec.version back, and "
            "the old server starts again",
            learn=_converted,
            replicas=lambda _record: 0,
            release=running,
            holds=Role.UPGRADE,
            enter=_converting,
        ),
        Step(
            name="Start",
            phase=Phase.UPGRADING,
            title="start the new server",
            awaits="its Pod is ready",
            roles=roles.steady,
            proof=evidence.server_ready,
            on_failure="PodFailed: mend the spec, or restore the backup; the old data stay",
            learn=downtime.measured,
            release=running,
        ),
        replace(
            _job_step(
                "Analyze",
                "gather statistics, update extensions",
                "the Job has reported its result",
                (Role.ANALYZE, results.analyzed),
                "AnalyzeFailed: the new server runs, the old data stay",
            ),
            learn=results.told,
        ),
        _backup_step("BackupAfter", "take a backup of the new server", lambda _situation: True),
        _DROP_OLD,
    ),
    done="the new version is in force",
)

DROP_OLD = Operation(
    type="DropOld",
    title="remove old data",
    about=lambda record, _desired: f"of {record.previous}",
    steps=(_DROP_OLD,),
    done="they are gone",
)
"""What a major upgrade leaves to be done when a person has approved it."""

ROLL_BACK = Operation(
    type="RollBack",
    title="roll back",
    steps=(
        Step(
            name="Start",
            phase=Phase.UPGRADING,
            title="start the old server again",
            awaits="its Pod is ready",
            roles=roles.steady,
            proof=evidence.server_ready,
            replicas=lambda _record: 1,
            release=running,
            enter=_given_up,
        ),
    ),
    done="the old version runs",
)
"""An upgrade given up before the data were converted: they are as they were."""
