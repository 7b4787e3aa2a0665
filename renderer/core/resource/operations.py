"""The part of the model about what is done to a running database."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field
from pydantic.dataclasses import dataclass

from renderer.core.resource import fields, timezone, window
from renderer.core.resource.model import CONFIG, Broken, Checked, shared


class UpgradeStrategy(StrEnum):
    """How a major upgrade is done."""

    IN_PLACE = "InPlace"
    DUMP_RESTORE = "DumpRestore"


class Transfer(StrEnum):
    """How the data gets to the new server in an upgrade in place."""

    AUTO = "Auto"
    CLONE = "Clone"
    COPY = "Copy"
    LINK = "Link"


class Approval(StrEnum):
    """Whether a dangerous step waits for a person."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Upgrade(Checked):
    """How a change of the version is carried out."""

    strategy: UpgradeStrategy = UpgradeStrategy.IN_PLACE
    """InPlace converts the data on its volume; DumpRestore moves it to a new one."""
    transfer: Transfer = Transfer.AUTO
    """How an upgrade in place carries the files over."""
    window: fields.Window = ""
    """When the server may be stopped or replaced: cron schedule, duration and time zone, such as
    '0 2 * * 6 4h Europe/Berlin'; without a time zone it is Etc/UTC. Empty for any time."""
    approval: Approval = Approval.AUTOMATIC
    """Manual waits for kubectl sampledb approve before each dangerous step: before the server is
    stopped or replaced, and before old data are removed."""

    def extra(self) -> tuple[Broken, ...]:
        """The window must come round, have a length that makes sense, and be somewhere."""
        if not self.window:
            return ()
        parsed, remedy = window.parse(self.window), "write it like 0 2 * * 6 4h Europe/Berlin"
        problem = window.problem(parsed)
        if not problem and not timezone.exists(parsed.time_zone):
            problem, remedy = f"{parsed.time_zone} {timezone.PROBLEM}", timezone.REMEDY
        if not problem:
            return ()
        return (Broken(message=problem, field="window", value=self.window, remedy=remedy),)


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class ConfigMapRef:
    """A ConfigMap in the same namespace."""

    name: fields.ObjectName = ""
    """Name of the ConfigMap."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Migrations:
    """Ordered SQL migrations, run by a Job and recorded in a table of the database."""

    config_map_ref: ConfigMapRef = Field(default_factory=shared(ConfigMapRef))
    """The ConfigMap with one SQL file a key, in the order of the keys."""
    target_version: fields.Token = ""
    """Migration to stop after; empty for the last."""


class DeletionPolicy(StrEnum):
    """What happens to the data on deletion."""

    SNAPSHOT = "Snapshot"
    RETAIN = "Retain"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Deletion:
    """What happens to the data when this object is deleted."""

    policy: DeletionPolicy = DeletionPolicy.SNAPSHOT
    """Snapshot takes a verified final backup first; Retain keeps the volume; Delete neither."""
    confirm: fields.Flag = False
    """Must be true for the policy Delete to destroy data without a final backup."""


class DeliveryMode(StrEnum):
    """How changes get to the branch that is deployed."""

    COMMIT = "Commit"
    PULL_REQUEST = "PullRequest"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Delivery:
    """How changes get to the branch that is deployed."""

    mode: DeliveryMode = DeliveryMode.COMMIT
    """Commit pushes to the branch; PullRequest opens a request for it."""
