"""Leader election on a Lease: one holder at a time, and none on any doubt.

Whoever renews keeps the lease. Others watch its content, and take it when it
has not changed for its whole duration on *their own* monotonic clock, so that
clocks need not agree. The holder counts from before its last good request was
sent and gives up at `deadline`, well before others may take over: a server
that hangs, a refusal or a lost answer can't make two leaders.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from renderer.cluster.client import Cluster, Object
from renderer.cluster.failure import ConflictError, NotFoundError
from renderer.cluster.kinds import LEASES
from renderer.core.errors import SampleDBError, invalid
from renderer.core.layout import Key

log = logging.getLogger(__name__)

Clock = Callable[[], float]
_WALL_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Seconds; client-go's defaults. `retry` < `deadline` < `duration`."""

    duration: float = 15.0
    """How long the lease is valid after a renewal, for the others."""
    deadline: float = 10.0
    """How long after the last good renewal the holder still works."""
    retry: float = 2.0
    """Between two attempts."""

    def __post_init__(self) -> None:
        """Refuse terms under which two could hold it."""
        if not 0 < self.retry < self.deadline < self.duration:
            raise invalid(
                "retry < deadline < duration must hold, or two could hold the lease",
                field="lease",
                value=f"{self.retry} < {self.deadline} < {self.duration}",
            )


DEFAULT = Terms()


class Elector:
    """Tries to hold a Lease, on threads of its own."""

    def __init__(  # noqa: PLR0913 - the collaborators of a loop, all by keyword
        self,
        cluster: Cluster,
        key: Key,
        identity: str,
        *,
        gained: Callable[[], None],
        lost: Callable[[str], None],
        terms: Terms = DEFAULT,
        clock: Clock = time.monotonic,
    ) -> None:
        """Prepare; `start` begins.

        `identity` must be unique to this process. `gained` and `lost(why)` are called
        on the elector's threads, in turn, `lost` also when a request is still hanging;
        they must return at once.
        """
        self._cluster = cluster
        self._key = key
        self._identity = identity
        self._gained = gained
        self._lost = lost
        self._terms = terms
        self._clock = clock
        self._lock = threading.RLock()
        self._until: float | None = None
        self._seen: tuple[object, float] | None = None
        self._held: Object | None = None
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"lease-{part}", daemon=True)
            for part, target in (("renew", self._renew_loop), ("guard", self._guard_loop))
        ]

    @property
    def leading(self) -> bool:
        """True while it is certain that nobody else holds the lease; ask before each write."""
        until = self._until
        return until is not None and self._clock() < until

    def start(self) -> None:
        """Begin to try."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Stop, and release the lease so that another may take it at once.

        Everything that needs the lease must have stopped before. `lost` is not called.
        """
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(seconds)
        with self._lock:
            held, leading, self._until = self._held, self.leading, None
        if held is not None and leading:
            self._release(held)

    def attempt(self) -> bool:
        """Try once to take or renew the lease; True when it is ours. Never raises."""
        began = self._clock()
        try:
            lease = self._write(began)
        except ConflictError:
            return self._give_up("somebody else wrote the lease")
        except SampleDBError as error:
            log.warning("lease %s: %s", self._key, error)
            return self.leading
        if lease is None:
            return self._give_up("somebody else holds the lease")
        self._accept(lease, began)
        return self.leading

    def check(self) -> None:
        """Give up when the deadline has passed without a good renewal."""
        with self._lock:
            if self._until is not None and not self.leading:
                self._give_up(f"it could not be renewed within {self._terms.deadline:g} s")

    def _write(self, began: float) -> Object | None:
        """One round with the server: the lease as it is now ours, or None when it isn't."""
        try:
            lease = self._cluster.get(
                LEASES, self._key.namespace, self._key.name, seconds=self._terms.retry
            )
        except NotFoundError:
            body = self._lease({}, transitions=0)
            return self._cluster.create(LEASES, body, seconds=self._terms.retry)
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if holder not in {"", self._identity} and not self._expired(lease, began):
            return None
        transitions = int(spec.get("leaseTransitions") or 0)
        if holder != self._identity:
            transitions += 1
        body = self._lease(lease, transitions=transitions)
        return self._cluster.replace(LEASES, body, seconds=self._terms.retry)

    def _expired(self, lease: Object, now: float) -> bool:
        """Unchanged for its own duration, on our clock, since we first saw it like this."""
        content = lease["metadata"].get("resourceVersion")
        if self._seen is None or self._seen[0] != content:
            self._seen = (content, now)
        stated = float((lease.get("spec") or {}).get("leaseDurationSeconds") or 0)
        return now - self._seen[1] >= max(stated, self._terms.duration)

    def _lease(self, before: Object, *, transitions: int) -> Object:
        now = datetime.now(UTC).strftime(_WALL_FORMAT)
        old = before.get("spec") or {}
        ours = old.get("holderIdentity") == self._identity
        metadata = {"namespace": self._key.namespace, "name": self._key.name}
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": before.get("metadata") or metadata,
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": max(1, round(self._terms.duration)),
                "acquireTime": old.get("acquireTime") if ours else now,
                "renewTime": now,
                "leaseTransitions": transitions,
            },
        }

    def _accept(self, lease: Object, began: float) -> None:
        until = began + self._terms.deadline
        with self._lock:
            if self._stopping.is_set() or self._clock() >= until:
                return  # an answer that came too late proves nothing
            fresh = self._until is None
            self._until, self._held = until, lease
            if fresh:
                log.info("lease %s: %s holds it", self._key, self._identity)
                self._gained()

    def _give_up(self, why: str) -> bool:
        with self._lock:
            if self._until is not None:
                self._until = self._held = None
                log.warning("lease %s lost: %s", self._key, why)
                if not self._stopping.is_set():
                    self._lost(why)
        return False

    def _release(self, lease: Object) -> None:
        """Empty the holder, as client-go does; another needs not wait for the duration."""
        spec = lease["spec"] | {"holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            self._cluster.replace(LEASES, lease | {"spec": spec}, seconds=self._terms.retry)
        except SampleDBError as error:
            log.warning("lease %s was not released, it will expire: %s", self._key, error)

    def _renew_loop(self) -> None:
        while not self._stopping.is_set():
            self.attempt()
            self._stopping.wait(self._terms.retry * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    def _guard_loop(self) -> None:
        while not self._stopping.wait(self._terms.retry / 4):
            self.check()
