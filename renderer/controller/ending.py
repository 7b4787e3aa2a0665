"""The signals that end the process, waited for in a way that can't miss one.

The kernel may deliver a signal to any thread. Python runs its handlers in the main
thread only, and a main thread that is blocked on a lock doesn't learn of a signal that
another thread was given; a handler that sets an event may also find the event's own lock
held by the code it interrupted. So nothing is done in a handler: each signal writes its
number into a socket (`signal.set_wakeup_fd`), and the main thread reads that.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from types import TracebackType
from typing import Self

_ENDING = (signal.SIGTERM, signal.SIGINT)
_WOKEN = 0


class Ending:
    """A context manager for the main thread: SIGTERM and SIGINT are answered by `wait`."""

    def __enter__(self) -> Self:
        """Take over the signals, also when whoever started the process had them blocked."""
        self._reading, self._writing = socket.socketpair()
        self._writing.settimeout(0)
        self._fd = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _nothing) for number in _ENDING}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._fd)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._writing.close()
        self._reading.close()

    def wait(self) -> str:
        """Wait until the process is to end: the signal's name, "" when `wake` was called."""
        while True:
            number = self._reading.recv(1)[0]
            if number == _WOKEN:
                return ""
            if number in _ENDING:
                return signal.Signals(number).name

    def wake(self) -> None:
        """Have `wait` return; from any thread, as often as liked, also after the end."""
        with contextlib.suppress(OSError):
            self._writing.send(bytes([_WOKEN]))


def _nothing(_number: int, _frame: object) -> None:
    """Stand in for the default handler; `wait` does the rest."""
