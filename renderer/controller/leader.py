"""What only the leader does: workers, the publisher, the fetches."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from renderer.cluster.cache import key_of
from renderer.controller.passes import Reconciler
from renderer.controller.publisher import Pace, Publisher
from renderer.controller.queue import WorkQueue
from renderer.controller.world import World
from renderer.core.errors import SampleDBError, TransientError
from renderer.core.layout import Key
from renderer.git.change import Change, Committed, Outcome, Refused
from renderer.settings import Settings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Leader:
    """Runs from `start` to `stop`; made anew for each term."""

    world: World
    queue: WorkQueue
    settings: Settings
    leading: Callable[[], bool]
    """Whether it is certain that nobody else leads."""
    publisher: Publisher = field(init=False)
    reconciler: Reconciler = field(init=False)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Wire the publisher to the queue."""
        self.publisher = Publisher(
            self.world.repository.publish,
            self._told,
            Pace(gather=self.settings.controller.debounce),
            self.leading,
        )
        self.reconciler = Reconciler(
            world=self.world,
            submit=self.publisher.submit,
            under_way=self.publisher.under_way,
            look_again=self.queue.look_again,
        )

    def start(self) -> None:
        """Begin to work on everything that is known."""
        self.world.metrics.leader.set(1)
        self.publisher.start()
        for number in range(self.settings.controller.workers):
            self._run(self._work, f"worker-{number}")
        self._run(self._fetch, "fetch")
        self._run(self._resync, "resync")
        self._enqueue_all()

    def stop(self) -> None:
        """End: workers after their pass, the publisher after the push under way."""
        self._stopping.set()
        self.queue.close()
        for thread in self._threads:
            thread.join(30)
        if not self.publisher.stop():
            log.warning("the push under way did not end in time")
        self.world.metrics.leader.set(0)

    def _run(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while not self._stopping.is_set():
            key = self.queue.get()
            if key is None:
                return
            try:
                self._once(key)
            finally:
                self.queue.done(key)
                self.world.metrics.queued.set(len(self.queue))
                self.world.metrics.unpushed.set(len(self.publisher))

    def _once(self, key: Key) -> None:
        metrics = self.world.metrics
        try:
            with metrics.seconds.time():
                self.reconciler.reconcile(key)
        except TransientError as error:
            metrics.passes.labels("retry").inc()
            seconds = self.queue.retry(key)
            log.warning("%s: again in %.1f s: %s", key, seconds, error)
        except Exception:
            metrics.passes.labels("bug").inc()
            seconds = self.queue.retry(key)
            log.exception("%s: a bug; again in %.1f s", key, seconds)
        else:
            metrics.passes.labels("ok").inc()
            if not self.world.memory.get(key).error:
                self.queue.forget(key)

    def _told(self, key: Key, change: Change, outcome: Outcome) -> None:
        """The publisher's answer: tell it, and look at the SampleDB again."""
        name = self.world.memory.take(key, outcome)
        self.world.metrics.published.labels(name).inc()
        match outcome:
            case Committed(commit=commit):
                log.info("%s: %s (commit %s)", key, change.subject, commit[:12])
                # Told by the pass that follows: the next push doesn't wait for an Event each.
                self.world.memory.report(key, f"{change.subject} (commit {commit[:12]})")
                self.queue.add(key)
            case Refused(error=error):
                log.warning("%s: not pushed: %s", key, error)
                self.queue.retry(key)
            case _:
                self.queue.add(key)

    def _fetch(self) -> None:
        """Notice what others push: hand edits, reverts, a rewritten branch."""
        last: SampleDBError | None = None
        while not self._stopping.wait(self.settings.controller.fetch):
            before, began = self.world.repository.tip, time.monotonic()
            try:
                self.world.repository.fetch()
            except SampleDBError as error:
                log.warning("the repository can't be fetched: %s", error)
                self._blind(error, last, waited=time.monotonic() - began)
                last = error
                continue
            if last is not None or self.world.repository.tip != before:
                last, self.world.memory.unseen = None, ""
                self._enqueue_all()

    def _blind(self, error: SampleDBError, last: SampleDBError | None, waited: float) -> None:
        """Have every SampleDB say that the branch can't be read, in the first words of this kind.

        What may heal by itself is told when it comes a second time, or has lasted as long.
        """
        again = type(error) is type(last)
        told = again and bool(self.world.memory.unseen)
        lasts = again or waited > self.settings.controller.fetch
        if not told and (lasts or not isinstance(error, TransientError)):
            self.world.memory.unseen = str(error)
            self._enqueue_all()

    def _resync(self) -> None:
        while not self._stopping.wait(self.settings.controller.resync):
            self._enqueue_all()

    def _enqueue_all(self) -> None:
        for item in self.world.sampledbs.all():
            self.queue.add(key_of(item))
