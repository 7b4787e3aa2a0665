"""When a schedule comes round, also around a change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.core.firing import latest, upcoming

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "now", "before", "after"),
    [
        ("0 3 * * *", "Etc/UTC", "2026-05-06T02:59:59", "2026-05-05T03:00", "2026-05-06T03:00"),
        ("0 3 * * *", "Etc/UTC", "2026-05-06T03:00:00", "2026-05-06T03:00", "2026-05-07T03:00"),
        ("0 3 * * *", "Etc/UTC", "2026-05-06T03:00:00.5", "2026-05-06T03:00", "2026-05-07T03:00"),
        ("0 3 * * *", BERLIN, "2026-05-06T12:00", "2026-05-06T01:00", "2026-05-07T01:00"),
        ("@weekly", "Etc/UTC", "2026-05-06T12:00", "2026-05-03T00:00", "2026-05-10T00:00"),
        ("0 0 ? * MON", "Etc/UTC", "2026-05-06T12:00", "2026-05-04T00:00", "2026-05-11T00:00"),
        ("0 0 * * 1/6", "Etc/UTC", "2026-05-06T12:00", "2026-05-04T00:00", "2026-05-11T00:00"),
        ("0 0 13 * 5", "Etc/UTC", "2026-05-06T12:00", "2026-05-01T00:00", "2026-05-08T00:00"),
        ("10/20 * * * *", "Etc/UTC", "2026-05-06T12:15", "2026-05-06T12:10", "2026-05-06T12:30"),
    ],
)
def test_a_schedule_fires_when_it_says(
    schedule: str, zone: str, now: str, before: str, after: str
) -> None:
    assert latest(schedule, zone, at(now)) == at(before)
    assert upcoming(schedule, zone, at(now)) == at(after)


def test_what_falls_into_the_hour_that_is_left_out_comes_right_after_it() -> None:
    # Berlin, 29 March 2026: from 01:59:59 to 03:00:00.
    assert upcoming("30 2 * * *", BERLIN, at("2026-03-28T12:00")) == at("2026-03-29T01:00")


def test_what_falls_into_the_hour_that_is_there_twice_comes_once() -> None:
    # Berlin, 25 October 2026: 02:30 is 00:30 UTC and 01:30 UTC.
    first = upcoming("30 2 * * *", BERLIN, at("2026-10-24T12:00"))
    assert first is not None
    assert first.date() == datetime(2026, 10, 25, tzinfo=UTC).date()
    assert upcoming("30 2 * * *", BERLIN, first) == at("2026-10-26T01:30")


@given(
    schedule=st.sampled_from(
        ["0 3 * * *", "*/7 * * * *", "30 2 * * *", "0 0 1 * *", "5 4 * * SUN"]
    ),
    zone=st.sampled_from(["Etc/UTC", BERLIN, "America/New_York", "Asia/Kathmandu"]),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - with a zone beside it
)
def test_nothing_fires_between_the_latest_and_the_upcoming(
    schedule: str, zone: str, now: datetime
) -> None:
    before, after = latest(schedule, zone, now), upcoming(schedule, zone, now)
    assert before is not None
    assert after is not None
    assert before <= now < after
    assert upcoming(schedule, zone, before) == after
    assert latest(schedule, zone, after) == after
    assert latest(schedule, zone, after - timedelta(seconds=1)) == before
