"""`sampledb run`: the controller as a process."""

from __future__ import annotations

import gc
import logging
import socket
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import renderer
from renderer import delivery, wiring
from renderer.cluster.client import Cluster, Object
from renderer.cluster.events import Recorder, Severity
from renderer.cluster.lease import Elector
from renderer.controller.ending import Ending
from renderer.controller.health import HealthServer
from renderer.controller.inventory import Inventory
from renderer.controller.leader import Leader
from renderer.controller.metrics import Metrics
from renderer.controller.queue import WorkQueue
from renderer.controller.watches import Watches
from renderer.controller.world import World
from renderer.core import clocks
from renderer.core.desired import Desired
from renderer.core.errors import SampleDBError
from renderer.core.layout import Key
from renderer.core.observed import Delivery
from renderer.credentials.generated import generate
from renderer.delivery import Tool
from renderer.git import scratch
from renderer.git.fence import Owner
from renderer.git.repository import Repository, Ways
from renderer.settings import Settings

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LONGEST_PAUSE = 5.0


class Controller:
    """One controller: followers keep their caches warm, the leader works."""

    def __init__(self, settings: Settings, wake: Callable[[], None] = lambda: None) -> None:
        """Connect to nothing yet; raises `InvalidError` for settings that can't work.

        `wake` is called, from another thread, when the process has to end by itself.
        """
        self.settings = settings
        self._wake = wake
        self.metrics = Metrics()
        self.ended = threading.Event()
        """Set when the process is to end: it was told to, or the Lease was lost."""
        self.lost = ""
        """Why the Lease was lost; "" while it wasn't."""
        kubeconfig = settings.cluster.kubeconfig
        self.cluster = Cluster.connect(
            Path(kubeconfig) if kubeconfig else None, settings.cluster.context or None
        )
        self._remote = wiring.remote(settings)
        self._unopened = ""
        self._handoff = wiring.handoff(settings)
        self._queue = WorkQueue()
        self._identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self._watches = Watches(
            self.cluster,
            self._queue.add,
            tool=self._handoff.tool,
            namespace=settings.cluster.namespace,
            deliveries=self._handoff.where,
        )
        self._leading = threading.Event()
        self._working = threading.Event()
        self.metrics.registry.register(
            Inventory(self._watches.sampledbs.all, self._working.is_set, self._now)
        )
        self._elector = self._make_elector() if settings.controller.leader_election else None
        self._servers = self._make_servers()
        self._thread = threading.Thread(target=self._lead, name="lead", daemon=True)

    def start(self) -> None:
        """Begin: answer probes, follow the cluster, try to lead."""
        for server in self._servers:
            server.start()
            log.info("probes and metrics on port %d", server.port)
        self._watches.start()
        if self._elector:
            self._elector.start()
        else:
            self._leading.set()
        self._thread.start()

    def stop(self) -> None:
        """End cleanly: the push under way is finished, then the Lease is given back."""
        self.ended.set()
        self._leading.set()
        self._thread.join(90)
        if self._elector:
            self._elector.stop()
        self._watches.stop()
        for server in self._servers:
            server.stop()
        self.cluster.close()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports of the health and the metrics server, as far as they are on."""
        return tuple(server.port for server in self._servers)

    def unready(self) -> str:
        """Why this process isn't ready; "" when it is. A follower with warm caches is."""
        if self.ended.is_set():
            return "ending" + (f": {self.lost}" if self.lost else "")
        waiting = self._watches.unsynced()
        if waiting:
            return "; ".join(waiting)
        if self._leading.is_set() and not self._working.is_set():
            why = f": {self._unopened}" if self._unopened else ""
            return f"the repository {self._remote} isn't open yet{why}"
        return ""

    def _make_elector(self) -> Elector:
        chosen = self.settings.controller
        namespace = chosen.lease_namespace
        if not namespace:
            namespace = _POD_NAMESPACE.read_text() if _POD_NAMESPACE.exists() else "default"
        return Elector(
            self.cluster,
            Key(namespace=namespace, name=chosen.lease_name),
            self._identity,
            gained=self._leading.set,
            lost=self._lose,
        )

    def _lose(self, why: str) -> None:
        """Stop at once on any doubt; the process ends and is started anew as a follower."""
        self.lost = why
        self.ended.set()
        self._wake()

    def _make_servers(self) -> list[HealthServer]:
        chosen = self.settings.controller
        checks: dict[str, Callable[[], str]] = {
            "/healthz": lambda: "",
            "/readyz": self.unready,
        }
        addresses = dict.fromkeys((chosen.health_address, chosen.metrics_address))
        return [
            HealthServer(address, checks, self.metrics.exposition)
            for address in addresses
            if address
        ]

    def _lead(self) -> None:
        """Wait for the Lease and the caches, open the repository, work until the end."""
        self._leading.wait()
        self._patiently(self._synced)
        with scratch.folder() as temporary:
            cache = Path(self.settings.repository.cache or temporary)
            repository = self._patiently(lambda: self._open(cache))
            if repository is None:
                return
            # What the caches hold by now stays: the collector needn't look at it again and again.
            gc.collect()
            gc.freeze()
            with repository:
                world = self._world(repository)
                leader = Leader(
                    world=world,
                    queue=self._queue,
                    settings=self.settings,
                    leading=lambda: self._elector is None or self._elector.leading,
                )
                leader.start()
                self._working.set()
                log.info("working as %s on %s", self._identity, self._remote)
                self.ended.wait()
                leader.stop()

    def _now(self) -> datetime:
        return clocks.counting(datetime.now(UTC), self.cluster.clock_ahead)

    def _synced(self) -> bool | None:
        waiting = self._watches.unsynced()
        if waiting:
            log.info("waiting for the first lists: %s", "; ".join(waiting))
        return None if waiting else True

    def _open(self, cache: Path) -> Repository | None:
        try:
            owner = Owner(cluster=self.cluster.uid(), version=renderer.__version__)
            ways = Ways(owner=owner, removals=wiring.removals(self.settings), clock=self._now)
            repository = Repository.open(self._remote, cache, ways)
        except SampleDBError as error:
            self._unopened = str(error)
            log.error("the repository can't be opened yet: %s", error)  # noqa: TRY400 - expected; the message says it all
            return None
        try:
            repository.check_owner()
        except SampleDBError as error:
            self._unopened = str(error)
            log.error("the repository may not be written: %s", error)  # noqa: TRY400 - the same
            repository.close()
            return None
        return repository

    def _patiently(self, attempt: Callable[[], Result | None]) -> Result | None:
        """Try until it gives something; None when the controller ends before."""
        pause = 0.05
        while not self.ended.is_set():
            found = attempt()
            if found is not None:
                return found
            self.ended.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return None

    def _world(self, repository: Repository) -> World:
        recorder = Recorder(self.cluster, self._identity)

        def tell(about: Object, reason: str, message: str, *, warning: bool) -> None:
            severity = Severity.WARNING if warning else Severity.NORMAL
            recorder.tell(about, severity, reason, message)
            self.metrics.writes.labels("event").inc()

        return World(
            cluster=self.cluster,
            sampledbs=self._watches.sampledbs,
            observe=self._watches.observe,
            deliver=lambda desired, commit: self._deliver(repository, desired, commit),
            repository=repository,
            packs=wiring.packs(self.settings),
            place=wiring.place(self.settings),
            tell=tell,
            metrics=self.metrics,
            clock=self._now,
            branch=self.settings.repository.branch,
            url=str(self._remote),
            secret=lambda desired: generate(desired.db, desired.credentials).manifest,
        )

    def _deliver(self, repository: Repository, desired: Desired, commit: str) -> Delivery:
        """What the applier says about the commit that last changed a SampleDB."""
        tool, cache = self._handoff.tool, self._watches.deliveries
        if tool is Tool.NONE or cache is None:
            return Delivery(tool=Tool.NONE.value)
        name = delivery.app_name(desired.key)
        found = cache.get(Key(namespace=self._handoff.where, name=name))
        return delivery.read(tool, found, commit, repository.is_ancestor)


def main(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; 0 on a clean stop, 1 when the Lease was lost."""
    with Ending() as ending:
        controller = Controller(settings, ending.wake)
        controller.start()
        told = ending.wait()
        if told:
            log.info("%s: ending after the push under way", told)
        controller.stop()
    return 1 if controller.lost else 0
