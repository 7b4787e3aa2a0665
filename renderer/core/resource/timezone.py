"""Whether a time zone exists."""

from __future__ import annotations

import zoneinfo
from functools import cache

PROBLEM = "is not a time zone of the IANA data base"
REMEDY = "write a name such as Europe/Berlin or Etc/UTC"


def exists(name: str) -> bool:
    """Whether `name` is known; every name is when this machine has no time zone data."""
    return name == "Etc/UTC" or not _known() or name in _known()


@cache
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
