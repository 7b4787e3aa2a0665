"""Whether a time zone exists."""

from __future__ import annotations

import zoneinfo
from functools import cache

from renderer.core.resource.model import Broken

PROBLEM = "is not a time zone of the IANA data base"
REMEDY = "write a name such as Europe/Berlin or Etc/UTC"


def exists(name: str) -> bool:
    """Whether `name` is known; every name is when this machine has no time zone data."""
    return name == "Etc/UTC" or not _known() or name in _known()


def broken(name: str) -> tuple[Broken, ...]:
    """What is wrong with a field `timeZone`."""
    if exists(name):
        return ()
    return (Broken(message=PROBLEM, field="timeZone", value=name, remedy=REMEDY),)


@cache
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
