"""The work queue's delays, on a clock that the test moves."""

from __future__ import annotations

from moved_clock import Clock

from renderer.controller.queue import WorkQueue
from renderer.core.layout import Key

SHOP = Key(namespace="team-a", name="shop")


def taken(queue: WorkQueue) -> Key | None:
    key = queue.get(timeout=0)
    if key is not None:
        queue.done(key)
    return key


def test_a_look_is_taken_when_its_time_has_come_and_only_once() -> None:
    clock = Clock()
    queue = WorkQueue(clock)
    queue.look_again(SHOP, 60)
    queue.look_again(SHOP, 60)
    queue.look_again(SHOP, 90)
    clock.now += 59
    assert taken(queue) is None
    clock.now += 1
    assert taken(queue) == SHOP
    clock.now += 60
    assert taken(queue) is None


def test_a_sooner_look_comes_first_and_a_new_one_may_be_asked_for_after_it() -> None:
    clock = Clock()
    queue = WorkQueue(clock)
    queue.look_again(SHOP, 60)
    queue.look_again(SHOP, 10)
    clock.now += 10
    assert taken(queue) == SHOP
    queue.look_again(SHOP, 5)
    clock.now += 5
    assert taken(queue) == SHOP


def test_a_time_that_has_passed_is_now() -> None:
    queue = WorkQueue(Clock())
    queue.look_again(SHOP, -3)
    assert taken(queue) == SHOP
