"""Quantities, durations and cron schedules, as Kubernetes reads them."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.core.errors import InvalidError
from renderer.core.resource import cron, duration, formats, quantity


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("1024Mi", "1Gi", id="next-binary-unit"),
        pytest.param("1536Mi", "1536Mi", id="no-binary-unit-above"),
        pytest.param("1.5Gi", "1536Mi", id="binary-fraction"),
        pytest.param("0.5Ki", "512", id="below-one-ki"),
        pytest.param("1000m", "1", id="thousand-milli"),
        pytest.param("1500m", "1500m", id="one-and-a-half"),
        pytest.param("1.5", "1500m", id="decimal-fraction"),
        pytest.param("1000M", "1G", id="next-decimal-unit"),
        pytest.param("1024", "1024", id="plain"),
        pytest.param("1000", "1k", id="plain-thousand"),
        pytest.param("1e3", "1e3", id="exponent"),
        pytest.param("10E9", "10e9", id="capital-exponent"),
        pytest.param("1E", "1E", id="exa"),
        pytest.param("0Gi", "0", id="zero"),
        pytest.param("0.1n", "1n", id="below-one-nano"),
        pytest.param("-1500m", "-1500m", id="negative"),
        pytest.param("+5", "5", id="plus"),
        pytest.param(".5", "500m", id="no-leading-zero"),
        pytest.param("1.", "1", id="trailing-point"),
    ],
)
def test_a_quantity_is_written_as_the_api_server_writes_it(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical
    assert quantity.canonical(canonical) == canonical


@pytest.mark.parametrize(
    "text", ["", "Gi", "1GB", "1 Gi", "1gi", "1,5", "--1", "1e", "\uff11", "1\n"]
)
def test_what_is_not_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="is not a Kubernetes quantity"):
        quantity.parse(text)


@given(st.integers(0, 2**40), st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3"]))
def test_a_canonical_quantity_has_the_same_value(number: int, unit: str) -> None:
    text = f"{number}{unit}"
    assert quantity.parse(quantity.canonical(text)) == quantity.parse(text)


def test_a_quantity_is_exact() -> None:
    assert quantity.parse("100m") == Fraction(1, 10)
    assert quantity.parse("10Ei") == 10 * 2**60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("90s", timedelta(seconds=90), id="seconds"),
        pytest.param("1h30m", timedelta(minutes=90), id="terms"),
        pytest.param("30d", timedelta(days=30), id="days"),
        pytest.param("2w", timedelta(days=14), id="weeks"),
    ],
)
def test_a_duration_adds_up(text: str, expected: timedelta) -> None:
    assert duration.parse(text) == expected


@pytest.mark.parametrize("text", ["", "30", "d", "1 d", "1.5h", "-1d", "1y"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="is not a duration"):
        duration.parse(text)


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        pytest.param("0 3 * * *", "", id="nightly"),
        pytest.param("*/15 0-6,22 1 1-6 MON-fri", "", id="everything"),
        pytest.param("0 0 ? * ?", "", id="question-marks"),
        pytest.param("@weekly", "", id="word"),
        pytest.param("0 3 29 2 *", "", id="leap-day"),
        pytest.param("0 3 31 * *", "", id="any-month"),
        pytest.param("0 3 30 2 1", "", id="or-a-weekday"),
        pytest.param("0 3 31 2,3 *", "", id="one-month-has-it"),
        pytest.param("0 3 31 2-3 *", "", id="range-of-months"),
        pytest.param("0 3 31 2/2 *", "", id="stepped-months"),
        pytest.param("0 3 30,*/2 FEB *", "", id="star-among-days"),
        pytest.param("0 3 31 2,*/6 *", "", id="star-among-months"),
        pytest.param("0 3 30 2 *", "names a day that never comes", id="30-february"),
        pytest.param("0 3 31 4,jun,9-9 *", "names a day that never comes", id="31-june"),
        pytest.param("0 3 31 feb *", "names a day that never comes", id="31-feb"),
        pytest.param("30-10 3 * * *", "has a range that runs backwards in '30-10'", id="minutes"),
        pytest.param("0 3 * dec-JAN *", "has a range that runs backwards in 'dec-JAN'", id="m"),
    ],
)
def test_a_schedule_that_has_the_right_form_comes_round(schedule: str, problem: str) -> None:
    assert re.search(cron.PATTERN, schedule)
    assert cron.problem(schedule) == problem


@pytest.mark.parametrize(
    "schedule",
    [
        pytest.param("0 3 * *", id="four-fields"),
        pytest.param("0 0 3 * * *", id="six-fields"),
        pytest.param("60 3 * * *", id="minute-60"),
        pytest.param("0 24 * * *", id="hour-24"),
        pytest.param("0 3 0 * *", id="day-0"),
        pytest.param("0 3 32 * *", id="day-32"),
        pytest.param("0 3 * 13 *", id="month-13"),
        pytest.param("0 3 * * 7", id="weekday-7"),
        pytest.param("0 3 * * mo", id="weekday-mo"),
        pytest.param("*/0 3 * * *", id="step-0"),
        pytest.param("TZ=UTC 0 3 * * *", id="time-zone"),
        pytest.param("@every 1h", id="every"),
        pytest.param("0 3 * * *\n", id="newline"),
    ],
)
def test_a_schedule_of_another_form_does_not_match(schedule: str) -> None:
    assert not re.search(cron.PATTERN.replace("$", r"\Z"), schedule)


@pytest.mark.parametrize("entry", formats.ALL, ids=lambda entry: entry.message)
def test_every_format_has_a_way_out(entry: formats.Format) -> None:
    assert entry.example or entry.advice
