"""SIGTERM and SIGINT reach the main thread whichever thread the kernel gives them to."""

from __future__ import annotations

import signal
import threading

import pytest

from renderer.controller.ending import Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_another_thread_is_given_ends_the_wait(number: signal.Signals) -> None:
    with Ending() as ending:
        begun = threading.Event()

        def take() -> None:
            begun.wait()
            signal.pthread_kill(threading.get_ident(), number)

        other = threading.Thread(target=take)
        other.start()
        begun.set()
        assert ending.wait() == number.name
        other.join()


def test_a_blocked_signal_is_answered() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with Ending() as ending:
        signal.raise_signal(signal.SIGTERM)
        assert ending.wait() == "SIGTERM"


def test_the_controller_can_wake_it_from_any_thread_and_also_afterwards() -> None:
    with Ending() as ending:
        other = threading.Thread(target=ending.wake)
        other.start()
        assert not ending.wait()
        other.join()
    ending.wake()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
