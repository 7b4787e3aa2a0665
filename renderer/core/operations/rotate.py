"""New passwords: a new Secret, a Job that sets them and logs in with them, then the change-over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from renderer.core.layout import Role
from renderer.core.operations import evidence, results, roles
from renderer.core.operations.step import Operation, Situation, Step, running
from renderer.core.plan import Phase
from renderer.core.record import Record


def _in_force(record: Record, _situation: Situation, _facts: Mapping[str, object]) -> Record:
    return replace(record, credentials=record.rotating)


ROTATE = Operation(
    type="Rotate",
    title="rotate the credentials",
    create_secret=True,
    steps=(
        Step(
            name="Rotate",
            phase=Phase.ROTATING,
            title="set the new passwords",
            awaits="the Job has logged in with them",
            roles=roles.with_job(Role.TOOLS, Role.ROTATE),
            proof=results.rotated,
            on_failure="RotateFailed: the old Secret is in force, and the server runs on",
            learn=_in_force,
            release=running,
            holds=Role.ROTATE,
            enter=lambda record, desired: replace(record, rotating=desired.credentials),
        ),
        Step(
            name="Switch",
            phase=Phase.ROTATING,
            title="refer to the new Secret",
            awaits="the server's Pod is ready",
            roles=roles.steady,
            proof=evidence.server_ready,
            on_failure="PodFailed, with the kubelet's words",
            release=running,
        ),
    ),
    finish=lambda record: replace(record, rotating=""),
    done="the new credentials are in force",
)
"""While the Job may be at work nothing else is begun: only it knows which password is in force."""
