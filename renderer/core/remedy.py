"""The shape of an advice: what a reason is about, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class About(Enum):
    """Which object a reason is about; the value says whose words its message holds."""

    SPEC = "sampledb-renderer"
    RECORD = "the record in Git"
    SERVER = "the kubelet, of the server's Pod"
    JOB = "the Job's container"
    CLAIM = "the storage, of the data claim"
    REPOSITORY = "Git"
    APPLIER = "the applier"
    CONTROLLER = "nobody's: it is silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a person needs at 3 a.m."""

    about: About
    means: str
    do: str


def of(about: About, means: str, do: str) -> Advice:
    """An advice, in the order in which it is read."""
    return Advice(about=about, means=means, do=do)
