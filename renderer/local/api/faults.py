"""Faults on demand: what a test makes the server do wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Literal

from renderer.local.api import errors

if TYPE_CHECKING:
    from renderer.local.api.errors import ApiError
    from renderer.local.api.request import Target

Verb = Literal["", "list", "watch", "get", "create", "update", "patch", "delete"]
FOREVER = 1_000_000_000


class Hangup(Exception):  # noqa: N818  # not an error of the server: it closes the connection on purpose
    """Close the connection without an answer."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` requests that match; empty fields match everything.

    `resource` is a key as in `statefulsets.apps`. After `delay` seconds the request
    is answered with `code` (0: it is served as usual) or the connection is closed.
    With `after` the request is carried out first, so that only the answer is lost.
    """

    verb: Verb = ""
    resource: str = ""
    name: str = ""
    times: int = 1
    delay: float = 0.0
    code: int = 0
    hangup: bool = False
    after: bool = False
    seen: int = field(default=0, init=False)


class Faults:
    """The faults that are waiting to happen."""

    def __init__(self) -> None:
        """None to begin with."""
        self._lock = Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Let it happen; its `seen` counts how often it did."""
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Behave from now on."""
        with self._lock:
            self._waiting.clear()

    def take(self, target: Target, verb: str) -> Fault | None:
        """The fault for this request, if any; counts it."""
        with self._lock:
            for fault in self._waiting:
                if fault.seen < fault.times and _matches(fault, target, verb):
                    fault.seen += 1
                    return fault
        return None


def happen(fault: Fault) -> None:
    """Wait, then raise what the fault says; return when the request is to be served."""
    if fault.delay:
        time.sleep(fault.delay)
    if fault.hangup:
        raise Hangup
    if fault.code:
        raise _error(fault.code)


def _matches(fault: Fault, target: Target, verb: str) -> bool:
    return (
        fault.verb in {"", verb}
        and fault.resource in {"", target.resource.key}
        and fault.name in {"", target.name}
    )


def _error(code: int) -> ApiError:
    known = {
        401: errors.unauthorized(),
        410: errors.expired("The provided resource version is too old."),
        429: errors.too_many_requests(),
        500: errors.internal("a fault of the test"),
        503: errors.ApiError(503, "ServiceUnavailable", "the server is unable to handle it now"),
        504: errors.ApiError(504, "Timeout", "the request timed out"),
    }
    return known.get(code) or errors.ApiError(code, "Unknown", f"a fault of the test: {code}")
