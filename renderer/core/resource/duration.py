"""Durations as people write them: `90s`, `1h30m`, `30d`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from renderer.core.errors import invalid

PATTERN = r"^([0-9]{1,6}[smhdw])+$"

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TERM = re.compile(r"([0-9]{1,6})([smhdw])")


def parse(text: str) -> timedelta:
    """Return the duration; terms add up, in any order. Raises `InvalidError`."""
    if not re.fullmatch(PATTERN[1:-1], text):
        raise invalid(
            "is not a duration",
            value=text,
            remedy="write a number and a unit (s, m, h, d, w), for example 30d or 1h30m",
        )
    terms = _TERM.findall(text)
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in terms), timedelta())


def after(moment: datetime, text: str) -> datetime | None:
    """When a duration that begins at `moment` ends; None beyond the calendar."""
    try:
        return moment + parse(text)
    except OverflowError:
        return None
