"""The part of the model about experiments: faults that are made on purpose."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StrictInt
from pydantic.dataclasses import dataclass

from renderer.core.resource import cron, duration, fields, timezone
from renderer.core.resource.model import CONFIG, Broken, Checked, Rule

WHOLE = 100
"""Percent of a volume."""
_LASTING = ("FillDisk", "NetworkDeny")
_LONGEST_FAULT = timedelta(minutes=10)
_LONGEST_RECOVERY = timedelta(hours=1)

Percent = Annotated[StrictInt, Field(ge=1, le=WHOLE)]


class ChaosAction(StrEnum):
    """Which fault an experiment makes."""

    SERVER_CRASH = "ServerCrash"
    POD_KILL = "PodKill"
    FILL_DISK = "FillDisk"
    NETWORK_DENY = "NetworkDeny"


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Experiment(Checked):
    """One experiment."""

    name: fields.Engine
    """Name of the experiment, unique in the list."""
    action: ChaosAction
    """ServerCrash ends the server without a checkpoint, PodKill replaces its Pod, FillDisk fills
    its volume for a while, NetworkDeny refuses every connection for a while."""
    schedule: fields.Cron = ""
    """Cron schedule of five fields; empty for once, and again when the experiment is changed."""
    time_zone: fields.TimeZone = "Etc/UTC"
    """Time zone of the schedule, from the IANA data base."""
    recover_within: fields.Duration = ""
    """Time in which the database must answer again, such as 5m; empty for no limit."""
    duration: fields.Duration = ""
    """How long FillDisk or NetworkDeny lasts, at most 10m; empty for 30s."""
    fill_percent: Percent = WHOLE
    """How full FillDisk makes the volume, in percent; 100 leaves nothing."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=f"self.action in {list(_LASTING)} || self.duration == ''",
            holds=lambda experiment: experiment.action in _LASTING or experiment.duration == "",
            message="is only for FillDisk and NetworkDeny: the other faults last a moment",
            field="duration",
            remedy="remove it",
        ),
        Rule(
            cel=f"self.action == 'FillDisk' || self.fillPercent == {WHOLE}",
            holds=lambda experiment: (
                experiment.action is ChaosAction.FILL_DISK or experiment.fill_percent == WHOLE
            ),
            message="is only for FillDisk",
            field="fillPercent",
            remedy="remove it",
        ),
    )

    def extra(self) -> tuple[Broken, ...]:
        """The schedule must come round, its time zone exist, and a fault come to its end."""
        found = [
            Broken(
                message=f"must be between 1s and {bound // timedelta(minutes=1)}m",
                field=field,
                value=text,
                remedy="write another time, for example 30s",
            )
            for field, text, bound in (
                ("duration", self.duration, _LONGEST_FAULT),
                ("recoverWithin", self.recover_within, _LONGEST_RECOVERY),
            )
            if text and not timedelta() < duration.parse(text) <= bound
        ]
        if self.schedule and (problem := cron.problem(self.schedule)):
            found.append(
                Broken(
                    message=problem,
                    field="schedule",
                    value=self.schedule,
                    remedy="write one that comes round, for example 0 3 * * 1",
                )
            )
        return (*found, *timezone.broken(self.time_zone))


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Chaos(Checked):
    """Experiments that prove that the database recovers."""

    experiments: Annotated[
        tuple[Experiment, ...],
        Field(
            max_length=10,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
        ),
    ] = ()
    """The experiments; one at a time is made."""

    def extra(self) -> tuple[Broken, ...]:
        """A name comes once: what was done is remembered by it."""
        names = [experiment.name for experiment in self.experiments]
        return tuple(
            Broken(
                message="names an experiment twice",
                field=f"experiments[{index}].name",
                value=name,
                remedy="give each a name of its own",
            )
            for index, name in enumerate(names)
            if name in names[:index]
        )


NETWORK_POLICY_IS_THERE = Rule(
    cel="self.networkPolicy.enabled"
    " || !self.chaos.experiments.exists(e, e.action == 'NetworkDeny')",
    holds=lambda spec: (
        spec.network_policy.enabled
        or all(e.action is not ChaosAction.NETWORK_DENY for e in spec.chaos.experiments)
    ),
    message="has an experiment NetworkDeny, which needs the server's NetworkPolicy",
    field="chaos",
    remedy="set networkPolicy.enabled to true, or remove the experiment",
)
