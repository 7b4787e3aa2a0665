"""When a cron schedule comes round: pure, from the schedule, its time zone and a moment.

The schedules are those of `renderer.core.resource.cron`. Around a change of the clocks it goes
as in Debian's cron: what falls into the hour that is left out comes right after it, and what
falls into the hour that is there twice comes once.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FROM_A_DAY = re.compile(r"(^|,)([0-6]|[A-Z]{3})/", re.IGNORECASE)
_SECOND = timedelta(seconds=1)


def latest(schedule: str, time_zone: str, now: datetime) -> datetime | None:
    """The newest time, UTC, at which `schedule` fired, not after `now`; None for never."""
    until = now.replace(microsecond=0) + _SECOND
    return _first(schedule, time_zone, until, reverse=True)


def upcoming(schedule: str, time_zone: str, now: datetime) -> datetime | None:
    """The first time, UTC, after `now` at which `schedule` fires; None for never."""
    return _first(schedule, time_zone, now.replace(microsecond=0), reverse=False)


def _first(schedule: str, time_zone: str, moment: datetime, *, reverse: bool) -> datetime | None:
    local = moment.astimezone(UTC if time_zone in {"Etc/UTC", "UTC"} else ZoneInfo(time_zone))
    found = next(CronSim(_as_cronsim_reads_it(schedule), local, reverse=reverse), None)
    return found.astimezone(UTC) if found else None


def _as_cronsim_reads_it(schedule: str) -> str:
    """Write out the shorthands; a week ends on Saturday, where cronsim lets 7 be a Sunday too."""
    fields = _MACROS.get(schedule, schedule).replace("?", "*").split()
    fields[4] = _FROM_A_DAY.sub(r"\1\2-6/", fields[4])
    return " ".join(fields)
