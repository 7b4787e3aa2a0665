"""The node and the controllers of the laptop cluster: one loop that looks at everything."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from renderer.core.errors import invalid
from renderer.local import cronjobs, jobs, statefulsets
from renderer.local.addresses import Addresses
from renderer.local.api.store import Store
from renderer.local.claims import Claims
from renderer.local.containers import Backoff
from renderer.local.guardian import Guardian
from renderer.local.objects import (
    PODS,
    SERVICES,
    STATEFUL_SETS,
    Object,
    deleting,
    finished,
    name_of,
    namespace_of,
    ready,
    selects,
    uid_of,
)
from renderer.local.pods import Host, PodRunner
from renderer.local.processes import Launcher
from renderer.local.programs import Programs, account
from renderer.local.snapshots import Snapshots
from renderer.local.stored import Stored

NAME = "laptop"
"""metadata.name of the Node."""
_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.03
"""How often the store's version is compared."""
_AT_LEAST_SECONDS = 0.5
"""A pass is made this often even when nothing has changed: back-offs and deadlines."""
_CLOSE_SECONDS = 10.0


class Node:
    """Runs the workloads of a store in `folder`. Start it, and close it in any case."""

    def __init__(
        self, store: Store, folder: Path, guardian: Guardian, *, backoff: Backoff | None = None
    ) -> None:
        """`folder` belongs to this run alone and its path is short (Unix sockets lie below)."""
        self._store, self.objects = store, Stored(store)
        owner = account()
        for name in ("c", "p", "s", "logs", "programs"):
            (folder / name).mkdir()
            (folder / name).chmod(0o711)
        self._backoff = backoff or Backoff()
        self.programs = Programs(cache=folder / "programs", owner=owner)
        self.launcher = Launcher(folder=folder, owner=owner, guardian=guardian)
        self.logs = folder / "logs"
        self.addresses = Addresses()
        self._snapshots = Snapshots(self.objects, folder / "s", self.launcher, self._folder_of)
        self._claims = Claims(self.objects, folder / "c", owner, self._snapshots)
        self._host = Host(
            objects=self.objects,
            launcher=self.launcher,
            programs=self.programs,
            claims=self._claims,
            resolve=self.resolve,
            folder=folder / "p",
            logs=self.logs,
            backoff=self._backoff,
        )
        self._runners: dict[str, PodRunner] = {}
        self._count = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="node", daemon=True)

    def _folder_of(self, claim: Object) -> Path:
        return self._claims.folder(claim)

    def start(self) -> None:
        """Register the Node and begin."""
        self.objects.create("nodes", _node())
        self._thread.start()

    def close(self) -> None:
        """Stop every Pod's processes and wait for them."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)
        for runner in self._runners.values():
            runner.stop(_CLOSE_SECONDS / 2)
        deadline = time.monotonic() + _CLOSE_SECONDS
        for runner in self._runners.values():
            runner.join(max(deadline - time.monotonic(), 0.0))
        self.addresses.close()

    def resolve(self, service: str, namespace: str) -> str | None:
        """The address behind a Service: a ready Pod's, else any, else its StatefulSet's first."""
        found = self.objects.get(SERVICES, namespace, service)
        selector = (found or {}).get("spec", {}).get("selector")
        pods = [
            pod
            for pod in self.objects.list(PODS, namespace)
            if selects(selector, pod) and not finished(pod)
        ]
        pods.sort(key=lambda pod: (not ready(pod), deleting(pod), name_of(pod)))
        if pods:
            return self.addresses.of(namespace, name_of(pods[0]))
        for owner in self.objects.list(STATEFUL_SETS, namespace):
            if selects(selector, owner["spec"]["template"]):
                return self.addresses.of(namespace, f"{name_of(owner)}-0")
        return None

    def execute(
        self,
        namespace: str,
        pod: str,
        command: list[str],
        *,
        container: str = "",
        seconds: float = 60,
    ) -> tuple[int, str]:
        """Run a command in a Pod's container, as `kubectl exec`: (exit code, output)."""
        live = self.objects.get(PODS, namespace, pod)
        runner = self._runners.get(uid_of(live)) if live else None
        if runner is None:
            raise invalid("there is no such Pod here", field="pod", value=f"{namespace}/{pod}")
        return runner.execute(command, container, seconds)

    def log(self, namespace: str, pod: str, container: str = "") -> str:
        """What a Pod's containers have written; kept after the Pod has gone."""
        pattern = f"{namespace}_{pod}_{container or '*'}.log"
        files = sorted(self.logs.glob(pattern))
        return "".join(file.read_text(errors="replace") for file in files)

    def _run(self) -> None:
        seen, last = -1, 0.0
        while not self._closing.is_set():
            version, now = self._store.version, time.monotonic()
            if version != seen or now - last > _AT_LEAST_SECONDS:
                seen, last = version, now
                self._pass()
            self._closing.wait(_LOOK_SECONDS)

    def _pass(self) -> None:
        steps: tuple[Callable[[], None], ...] = (
            self._claims.step,
            self._snapshots.step,
            lambda: statefulsets.step(self.objects),
            lambda: jobs.step(self.objects, self._backoff),
            lambda: cronjobs.step(self.objects),
            self._pods,
        )
        for step in steps:
            try:
                step()
            except Exception:  # noqa: BLE001  # one broken object must not stop the others' controllers
                _log.exception("a controller of the laptop cluster failed; it tries again")

    def _pods(self) -> None:
        present = set()
        for pod in self.objects.list(PODS):
            uid = uid_of(pod)
            present.add(uid)
            runner = self._runners.get(uid)
            if deleting(pod):
                self._going(pod, runner)
            elif runner is None and not finished(pod):
                self._begin(pod)
        for uid in [uid for uid in self._runners if uid not in present]:
            self._runners[uid].stop(0)
            if self._runners[uid].done:
                del self._runners[uid]

    def _going(self, pod: Object, runner: PodRunner | None) -> None:
        if runner is None or runner.done:
            self.objects.delete(PODS, pod, now=True)
            return
        runner.stop(float(pod["metadata"].get("deletionGracePeriodSeconds") or 0))

    def _begin(self, pod: Object) -> None:
        def bind(live: Object) -> None:
            live["spec"]["nodeName"] = NAME

        bound = self.objects.change(PODS, pod, bind)
        if bound is None:
            return
        address = self.addresses.of(namespace_of(pod), name_of(pod))
        # For fieldRef status.podIP, which a container may ask for before the first report.
        bound["status"] = {**(bound.get("status") or {}), "podIP": address, "hostIP": "127.0.0.1"}
        self._count += 1
        runner = PodRunner(bound, address, self._count, self._host)
        self._runners[uid_of(pod)] = runner
        runner.start()


def _node() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NAME, "labels": {"kubernetes.io/hostname": NAME}},
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]},
    }
