"""Cron schedules as a Kubernetes CronJob reads them (robfig/cron, ParseStandard)."""

from __future__ import annotations

from functools import lru_cache

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _field(number: str, names: tuple[str, ...] = ()) -> str:
    """The pattern of one field whose numbers match `number`."""
    one = f"({'|'.join((number, *(f'(?i:{name})' for name in names)))})"
    item = rf"(([*?]|{one}(-{one})?)(/[1-9][0-9]?)?)"
    return f"{item}(,{item})*"


_FIELDS = (
    _field("[0-5]?[0-9]"),
    _field("[01]?[0-9]|2[0-3]"),
    _field("0?[1-9]|[12][0-9]|3[01]"),
    _field("0?[1-9]|1[0-2]", _MONTHS),
    _field("[0-6]", _DAYS),
)
PATTERN = f"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|{' +'.join(_FIELDS)})$"


@lru_cache(maxsize=1024)
def problem(schedule: str) -> str:
    """Say what a pattern can't see in a schedule that matches it; "" when it is fine.

    Cached: thousands of databases share a few schedules.
    """
    if schedule.startswith("@"):
        return ""
    fields = schedule.split()
    for text, names in zip(fields, ((), (), (), _MONTHS, _DAYS), strict=True):
        if any(_backwards(item, names) for item in text.split(",")):
            return f"has a range that runs backwards in {text!r}"
    return "names a day that never comes" if _never(fields[2], fields[3], fields[4]) else ""


def _backwards(item: str, names: tuple[str, ...]) -> bool:
    first, dash, last = item.partition("/")[0].partition("-")
    return bool(dash) and _number(first, names) > _number(last, names)


def _number(text: str, names: tuple[str, ...]) -> int:
    """The number that a field's word stands for; months count from 1, days from 0."""
    if text.isdigit():
        return int(text)
    return names.index(text.upper()) + (names is _MONTHS)


def _never(days: str, months: str, weekdays: str) -> bool:
    """Whether the first day asked for comes in none of the months, as on 31 February."""
    if weekdays[0] not in "*?" or days[0] in "*?" or months[0] in "*?":
        return False
    earliest = min(int(item.partition("/")[0].partition("-")[0] or 1) for item in _plain(days))
    return all(earliest > _LONGEST[month - 1] for month in _months(months))


def _plain(text: str) -> list[str]:
    """The items of a field, with the ones that begin with a star read as the day 1."""
    return ["1" if item[0] in "*?" else item for item in text.split(",")]


def _months(text: str) -> set[int]:
    found: set[int] = set()
    for item in text.split(","):
        bare, slash, step = item.partition("/")
        first, dash, last = bare.partition("-")
        if first in {"*", "?"}:
            first, dash, last = "1", "-", "12"
        begin = _number(first, _MONTHS)
        end = _number(last, _MONTHS) if dash else (12 if slash else begin)
        found.update(range(begin, end + 1, int(step or 1)))
    return found
