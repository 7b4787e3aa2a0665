"""Startup, readiness and liveness probes of a container: `exec` and `tcpSocket`."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from enum import Enum

from renderer.local.objects import Object

Execute = Callable[[list[str], float], tuple[int, str]]
"""(command, seconds) → (exit code, output)."""
EAGER_SECONDS = 0.25
"""Until a probe has succeeded it runs this often: a laptop need not wait out periodSeconds."""


class Verdict(Enum):
    """What the probes want done."""

    LEAVE = "leave"
    KILL = "kill"


class _Probe:
    def __init__(self, spec: Object, execute: Execute, address: str) -> None:
        self.spec, self._execute, self._address = spec, execute, address
        self.passed = False
        self.failing_since: float | None = None
        self._failures = 0
        self._due = time.monotonic() + float(spec.get("initialDelaySeconds", 0))

    def step(self) -> None:
        """Run it when it is due."""
        now = time.monotonic()
        if now < self._due:
            return
        good = self._run()
        period = float(self.spec.get("periodSeconds", 10))
        self._due = time.monotonic() + (period if good else min(period, EAGER_SECONDS))
        if good:
            self.passed, self.failing_since = True, None
            return
        self.failing_since = self.failing_since or now
        if self.exhausted():
            self.passed = False

    def exhausted(self) -> bool:
        """Whether it has failed for failureThreshold periods, counted as time."""
        if self.failing_since is None:
            return False
        # One failure counts at once; each further one takes a period.
        allowed = (int(self.spec.get("failureThreshold", 3)) - 1) * float(
            self.spec.get("periodSeconds", 10)
        )
        return time.monotonic() - self.failing_since >= allowed

    def _run(self) -> bool:
        seconds = float(self.spec.get("timeoutSeconds", 1))
        if "exec" in self.spec:
            # The kubelet's second is a container's; starting a process here is slower.
            return self._execute(list(self.spec["exec"]["command"]), max(seconds, 5.0))[0] == 0
        if "tcpSocket" in self.spec:
            return self._connects(self.spec["tcpSocket"]["port"], seconds)
        return True

    def _connects(self, port: object, seconds: float) -> bool:
        if not isinstance(port, int):
            return False
        try:
            with socket.create_connection((self._address, port), timeout=seconds):
                return True
        except OSError:
            return False


class Probes:
    """All probes of one container, from one start of it to the next."""

    def __init__(self, spec: Object, execute: Execute, address: str) -> None:
        """`address` is where tcpSocket probes connect."""
        self._spec, self._execute, self._address = spec, execute, address
        self.restart()

    def restart(self) -> None:
        """The container has started anew."""
        self._startup = self._make("startupProbe")
        self._readiness = self._make("readinessProbe")
        self._liveness = self._make("livenessProbe")

    def _make(self, name: str) -> _Probe | None:
        spec = self._spec.get(name)
        return _Probe(spec, self._execute, self._address) if spec else None

    @property
    def started(self) -> bool:
        """No startup probe, or it has succeeded once."""
        return self._startup is None or self._startup.passed

    @property
    def ready(self) -> bool:
        """Started, and no readiness probe or a succeeding one."""
        return self.started and (self._readiness is None or self._readiness.passed)

    def step(self) -> Verdict:
        """Run what is due; `KILL` when startup or liveness has failed for long enough."""
        if self._startup is not None and not self._startup.passed:
            self._startup.step()
            return Verdict.KILL if self._startup.exhausted() else Verdict.LEAVE
        if self._readiness is not None:
            self._readiness.step()
        if self._liveness is not None:
            self._liveness.step()
            if self._liveness.exhausted():
                return Verdict.KILL
        return Verdict.LEAVE

    @staticmethod
    def grace(pod: Object) -> float:
        """Seconds that a container killed by a probe gets to stop."""
        return float(pod["spec"].get("terminationGracePeriodSeconds", 30))
