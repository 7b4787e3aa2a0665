"""How long a status waits to be written."""

from __future__ import annotations

import pytest
from moved_clock import Clock

from renderer.controller.pace import APPLIER, LONGEST, PATIENCE, QUIET, StatusPace
from renderer.core.layout import Key

KEY = Key(namespace="team-a", name="orders")
OTHER = Key(namespace="team-a", name="bills")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> StatusPace:
    return StatusPace(clock=clock)


def test_words_wait_twice_as_long_each_time_until_something_happens(
    pace: StatusPace, clock: Clock
) -> None:
    waits = []
    for _ in range(4):
        waits.append(pace.words(KEY, applier=False))
        clock.now += waits[-1]
        assert pace.words(KEY, applier=False) == 0
        pace.wrote(KEY, words=True)
    assert waits == [QUIET, 2 * QUIET, LONGEST * QUIET, LONGEST * QUIET]
    assert pace.words(OTHER, applier=False) == QUIET, "each SampleDB waits for itself"

    pace.wrote(KEY, words=False)
    assert pace.words(KEY, applier=False) == QUIET


def test_words_wait_from_when_they_first_differ_and_longer_for_the_applier(
    pace: StatusPace, clock: Clock
) -> None:
    assert pace.words(KEY, applier=True) == APPLIER
    clock.now += QUIET - 1
    assert pace.words(KEY, applier=False) == 1, "no longer the applier's"
    pace.same(KEY)
    assert pace.words(KEY, applier=False) == QUIET, "they were as they are written"


def test_a_push_is_waited_for_a_moment_without_a_word(pace: StatusPace, clock: Clock) -> None:
    assert pace.push(KEY, waiting=True) == PATIENCE
    clock.now += PATIENCE - 1
    assert pace.push(KEY, waiting=True) == 1
    clock.now += 2
    assert pace.push(KEY, waiting=True) == 0
    assert pace.push(KEY, waiting=True) == 0, "now it is told, at each pass"

    assert pace.push(KEY, waiting=False) == 0
    assert pace.push(KEY, waiting=True) == PATIENCE, "the next push"


def test_a_sampledb_that_is_gone_is_forgotten(pace: StatusPace) -> None:
    pace.wrote(KEY, words=False)
    pace.words(KEY, applier=False)
    pace.push(KEY, waiting=True)
    pace.forget(KEY)
    assert pace == StatusPace(clock=pace.clock, _lock=pace._lock)  # noqa: SLF001 - what is left
