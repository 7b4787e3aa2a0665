"""Keeps a cache equal to what the API server has: LIST, then WATCH, for ever.

After client-go's reflector: paged lists, bookmarks, 410 → list anew, a broken
watch goes on from where it was, and a back-off with jitter on every
disruption, so that a server in trouble is not hammered.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from renderer.cluster.cache import Cache, version_of
from renderer.cluster.client import EVERYTHING, Cluster, Object, Scope, Trim, raise_event
from renderer.cluster.failure import ApiError, DeniedError, ExpiredError, NotFoundError
from renderer.cluster.kinds import Resource
from renderer.cluster.transport import Stream
from renderer.core.errors import InvalidError, SampleDBError

log = logging.getLogger(__name__)

Changed = Callable[[Object | None, Object | None], None]
"""Told (before, after) of each object that changed, on the reflector's thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things may take, in seconds."""

    first: float = 0.5
    """The back-off after the first disruption; doubles with each further one."""
    longest: float = 30.0
    lasting: int = 290
    """How long one WATCH goes on before the server ends it."""
    silence: float = 90.0
    """Longest wait for a byte; the server sends a bookmark about once a minute."""
    healthy: float = 5.0
    """A WATCH that lives so long, or brings an event, ends the back-off."""


USUAL = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a reflector is doing, for readiness and metrics."""

    synced: bool
    emptied: bool
    """The last LIST was empty although objects were known before: what follows from that
    must not remove anything without a second look."""
    failures: int
    """Disruptions in a row; 0 when all is well."""
    error: str
    """The last disruption in plain words; "" when all is well."""


class Reflector:
    """Follows one resource on a thread of its own and keeps `cache`."""

    def __init__(  # noqa: PLR0913 - the collaborators of a loop, all by keyword
        self,
        cluster: Cluster,
        resource: Resource,
        *,
        changed: Changed,
        scope: Scope = EVERYTHING,
        trim: Trim | None = None,
        pace: Pace = USUAL,
        optional: bool = False,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; `start` begins. `jitter` gives numbers from 0 up to 1.

        What is `optional` may be missing, or be kept from us: the cache is empty then, and
        `absent` says why.
        """
        self.resource = resource
        self.cache = Cache()
        self.synced = threading.Event()
        self.absent = ""
        self._optional = optional
        self._cluster = cluster
        self._changed = changed
        self._scope = scope
        self._trim = trim or (lambda item: item)
        self._pace = pace
        self._jitter = jitter
        self._stopping = threading.Event()
        self._stream: Stream | None = None
        self._version = ""
        self._failures = 0
        self._error = ""
        self._emptied = False
        self._thread = threading.Thread(
            target=self._run, name=f"watch-{resource.plural}", daemon=True
        )

    @property
    def health(self) -> Health:
        """How it is doing now."""
        return Health(
            synced=self.synced.is_set(),
            emptied=self._emptied,
            failures=self._failures,
            error=self._error,
        )

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self, seconds: float = 2.0) -> bool:
        """End, waiting at most `seconds`; False when a request is still being waited for.

        Its thread is a daemon, and tells of no change any more.
        """
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            stream.interrupt()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            began, anew = time.monotonic(), not self._version
            try:
                if not self._version:
                    self._list()
                self._watch()
                if time.monotonic() - began >= self._pace.healthy:
                    self._recovered()
                    continue
                self._back_off("the API server ended the watch at once")
            except SampleDBError as error:
                self._disrupted(error, anew=anew)
            except Exception:
                log.exception("following %s failed", self.resource.plural)
                self._version = ""
                self._back_off("an unexpected error; the log has its traceback")

    def _disrupted(self, error: SampleDBError, *, anew: bool) -> None:
        if self._optional and isinstance(error, (NotFoundError, DeniedError)):
            self._without(str(error))
            return
        # 410, or a version that the server refuses: the next round lists anew.
        if isinstance(error, (ExpiredError, InvalidError)):
            self._version = ""
            if not anew:
                return  # at once: the server answers, and what it has isn't known
        asked = error.retry_after if isinstance(error, ApiError) else 0.0
        self._back_off(str(error), at_least=asked)

    def _list(self) -> None:
        items, version = self._cluster.list(self.resource, self._scope, trim=self._trim)
        if self._stopping.is_set():
            return
        self.absent = ""
        self._emptied = not items and len(self.cache) > 0
        changes = self.cache.replace(items)
        self.synced.set()
        for before, after in changes:
            self._tell(before, after)
        self._version = version

    def _without(self, why: str) -> None:
        """The resource isn't served, or not to us: look again in a while."""
        if self.absent != why:
            log.info("%s are done without: %s", self.resource.plural, why)
        self.absent, self._version = why, ""
        changes = self.cache.replace([])
        self.synced.set()
        for before, after in changes:
            self._tell(before, after)
        self._stopping.wait(self._pace.longest * (0.5 + self._jitter() / 2))

    def _watch(self) -> None:
        lasting = int(self._pace.lasting * (1 + self._jitter() / 4))
        with self._cluster.watch(
            self.resource,
            self._scope,
            since=self._version,
            lasting=lasting,
            silence=self._pace.silence,
        ) as stream:
            self._stream = stream
            try:
                if not self._stopping.is_set():
                    self._follow(stream)
            finally:
                self._stream = None

    def _follow(self, stream: Stream) -> None:
        for event in stream:
            if self._stopping.is_set():
                return
            kind = event.get("type")
            if kind == "ERROR":
                raise_event(event, self.resource)
            item = event.get("object")
            if not isinstance(item, dict):
                continue
            if kind != "BOOKMARK":
                self._take(str(kind), self._trim(item))
            self._version = version_of(item) or self._version
            self._recovered()

    def _take(self, kind: str, item: Object) -> None:
        if kind == "DELETED":
            before = self.cache.drop(item)
            if before is not None:
                self._tell(before, None)
            return
        before = self.cache.put(item)
        self._emptied = False
        self._tell(before, item)

    def _tell(self, before: Object | None, after: Object | None) -> None:
        """Call `changed`; a bug there must not cost the changes that follow."""
        try:
            self._changed(before, after)
        except Exception:
            log.exception("telling of a change of %s failed", self.resource.plural)

    def _recovered(self) -> None:
        if self._failures:
            log.info("following %s again", self.resource.plural)
        self._failures = 0
        self._error = ""

    def _back_off(self, problem: str, *, at_least: float = 0.0) -> None:
        if self._stopping.is_set():
            return
        self._failures += 1
        self._error = problem
        longest = min(self._pace.longest, self._pace.first * 2 ** min(self._failures - 1, 16))
        seconds = max(longest * (0.5 + self._jitter() / 2), min(at_least, self._pace.longest))
        log.warning("following %s: %s; again in %.1f s", self.resource.plural, problem, seconds)
        self._stopping.wait(seconds)
