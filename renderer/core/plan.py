"""The plan of one pass: what `decide` returns and everything else carries out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from renderer.core.desired import Release
from renderer.core.layout import Names, Role
from renderer.core.record import Record


class Phase(Enum):
    """`status.phase`: one word for a person."""

    PENDING = "Pending"
    PROVISIONING = "Provisioning"
    CONFIGURING = "Configuring"
    BACKING_UP = "BackingUp"
    UPGRADING = "Upgrading"
    RESTORING = "Restoring"
    MIGRATING = "Migrating"
    ROTATING = "Rotating"
    EXPERIMENTING = "Experimenting"
    READY = "Ready"
    HIBERNATED = "Hibernated"
    PAUSED = "Paused"
    SNAPSHOTTING = "Snapshotting"
    DELETING = "Deleting"
    FAILED = "Failed"
    STALLED = "Stalled"


class Files(Enum):
    """What happens to the SampleDB's directory."""

    WRITE = "write"
    """Render `roles` and the record; anything else in the directory goes."""
    LEAVE = "leave"
    """Touch nothing."""
    REMOVE = "remove"
    """Remove the directory and the file in `apps/`."""


class Trouble(Enum):
    """How bad a problem is."""

    WAITING = "Waiting"
    """Not wrong, not there yet: `message` says what is waited for."""
    STALLED = "Stalled"
    """Goes no further until a person changes something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why the operation isn't further, for the condition and the Event."""

    trouble: Trouble
    reason: str
    """A CamelCase word, stable for alerts: `InitFailed`, `PodNotReady` …"""
    message: str
    calls: bool = False
    """Whether people are to hear of it although nothing is wrong: told in an Event."""


def stalled(reason: str, message: str) -> Problem:
    """It goes no further until a person changes something."""
    return Problem(trouble=Trouble.STALLED, reason=reason, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one pass is to do. Pure data: the shell carries it out."""

    phase: Phase
    files: Files
    why: str
    """A sentence that says why this is the plan; shown as `status.message`."""
    record: Record | None = None
    """The record to write; `children` and `files_digest` are filled in when it is staged."""
    roles: frozenset[Role] = frozenset()
    """Which children are to be in Git."""
    replicas: int = 0
    release: Release | None = None
    """The server to render; None for the one that the spec asks for."""
    names: Names | None = None
    """The names of the children; None where nothing is rendered."""
    previous: str = ""
    """The major version of the old data beside the converted ones; "" when there are none."""
    protect: bool = True
    """Whether the data claim is protected from pruning."""
    protect_previous: bool = True
    """Whether the claim that a restore has replaced is protected from pruning."""
    subject: str = ""
    """What the commit says after `namespace/name: `."""
    outlook: str = ""
    """What follows the commit and when, for the reviewer."""
    operation: str = ""
    """The operation's id, for the commit's trailer."""
    step: str = ""
    problem: Problem | None = None
    approval: str = ""
    """What a person is asked to approve: `<operation's id>/<step>/<target>`."""
    report: str = ""
    """What the check before an upgrade has found."""
    create_secret: bool = False
    """The credentials Secret must exist before anything is committed."""
    look_at: datetime | None = None
    """When to decide anew, though nothing changes until then; None for no such time."""
    drop_finalizer: bool = False
    deletion_blocked: str = ""
    """Why deletion can't go on, and the way out; "" when it isn't blocked."""
