"""One Pod, from being scheduled to being gone: a thread that steps its containers."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from renderer.local import claims, volumes
from renderer.local.containers import Backoff, Container, Setting
from renderer.local.environment import ConfigError, Place, Resolve
from renderer.local.objects import (
    CLAIMS,
    PODS,
    Object,
    Objects,
    condition,
    finished,
    kept_times,
    name_of,
    namespace_of,
    timestamp,
)
from renderer.local.processes import Launcher
from renderer.local.programs import Programs, give

_log = logging.getLogger(__name__)
_TICK_SECONDS = 0.05
_RETRY_SECONDS = 0.25
_MOUNTS_SECONDS = 1.0
"""How often mounted ConfigMaps are looked at: the kubelet takes up to a minute and a half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What a node lends its Pods."""

    objects: Objects
    launcher: Launcher
    programs: Programs
    claims: claims.Claims
    resolve: Resolve
    folder: Path
    logs: Path
    backoff: Backoff


class PodRunner:
    """Runs one Pod in a thread of its own until it has ended or was deleted."""

    def __init__(self, pod: Object, address: str, number: int, host: Host) -> None:
        """`number` makes the Pod's folder, `address` is its own."""
        self._pod, self._address, self._host = pod, address, host
        self._folder = host.folder / str(number)
        self._stopping = threading.Event()
        self._grace = 30.0
        self._inits: list[Container] = []
        self._mains: list[Container] = []
        self._thread = threading.Thread(target=self._run, name=f"pod-{name_of(pod)}", daemon=True)
        self._blocked = ""
        self._started_at = timestamp()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Have it stopped within `seconds`; returns at once."""
        self._grace = seconds
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    @property
    def done(self) -> bool:
        """Whether its thread has ended."""
        return not self._thread.is_alive()

    def execute(self, command: list[str], container: str, seconds: float) -> tuple[int, str]:
        """Run a command in a container, as `kubectl exec`: (exit code, output)."""
        for found in self._mains:
            if found.running and found.name == (container or found.name):
                return found.execute(command, seconds)
        return 1, f"no container of {name_of(self._pod)} is running"

    def _run(self) -> None:
        try:
            if self._prepare():
                self._loop()
        except Exception:  # noqa: BLE001  # whatever it is, the processes are stopped
            _log.exception("the Pod %s can't go on", name_of(self._pod))
        finally:
            self._end()

    def _prepare(self) -> bool:
        """Wait until it can be scheduled and its volumes are there; False when it is to stop."""
        self._folder.mkdir()
        self._folder.chmod(0o711)
        give(self._folder, self._host.launcher.owner)
        while not self._stopping.is_set():
            self._blocked = claims.unbound(self._host.objects, self._pod)
            if not self._blocked and self._make():
                return True
            self._report()
            self._stopping.wait(_RETRY_SECONDS)
        return False

    def _make(self) -> bool:
        host = self._host
        try:
            mounted = volumes.prepare(
                self._pod,
                self._folder,
                claim=self._claim_folder,
                lookup=self._lookup,
                owner=host.launcher.owner,
            )
        except ConfigError:
            return False  # as the kubelet: ContainerCreating, and the volume is tried again
        setting = Setting(
            pod=self._pod,
            launcher=host.launcher,
            programs=host.programs,
            place=Place(address=self._address, paths={}, resolve=host.resolve),
            volumes=mounted,
            folder=self._folder,
            logs=host.logs,
            lookup=self._lookup,
            backoff=host.backoff,
        )
        spec = self._pod["spec"]
        self._inits = [
            Container(entry, setting, init=True) for entry in spec.get("initContainers") or ()
        ]
        self._mains = [Container(entry, setting) for entry in spec["containers"]]
        return True

    def _claim_folder(self, name: str) -> Path:
        claim = self._host.objects.get(CLAIMS, namespace_of(self._pod), name)
        if claim is None:
            message = f'persistentvolumeclaim "{name}" not found'
            raise ConfigError(message)
        return self._host.claims.folder(claim)

    def _lookup(self, resource: str, name: str) -> Object | None:
        return self._host.objects.get(resource, namespace_of(self._pod), name)

    def _loop(self) -> None:
        deadline, looked = self._deadline(), time.monotonic()
        while not self._stopping.is_set():
            if time.monotonic() - looked >= _MOUNTS_SECONDS:
                looked = time.monotonic()
                self._refresh()
            for container in self._current():
                container.step()
            self._report()
            if self.phase in {"Succeeded", "Failed"}:
                return
            if time.monotonic() >= deadline:
                self.stop(5.0)
            self._stopping.wait(_TICK_SECONDS)

    def _refresh(self) -> None:
        owner = self._host.launcher.owner
        volumes.refresh(self._pod, self._folder, lookup=self._lookup, owner=owner)

    def _deadline(self) -> float:
        limit = self._pod["spec"].get("activeDeadlineSeconds")
        return time.monotonic() + float(limit) if limit else float("inf")

    def _current(self) -> list[Container]:
        for container in self._inits:
            if container.exit_code != 0:
                return [container] if container.exit_code is None else []
        return self._mains

    @property
    def phase(self) -> str:
        """The Pod's phase."""
        failed_init = any(container.exit_code for container in self._inits)
        codes = [container.exit_code for container in self._mains]
        if failed_init:
            return "Failed"
        if not codes or any(container.exit_code is None for container in self._inits):
            return "Pending"
        if all(code is not None for code in codes):
            return "Failed" if any(codes) else "Succeeded"
        begun = any(
            "waiting" not in c.status()["state"] or c.status()["lastState"] for c in self._mains
        )
        return "Running" if begun else "Pending"

    def _end(self) -> None:
        deadline = time.monotonic() + self._grace
        for container in (*self._inits, *self._mains):
            container.stop(max(deadline - time.monotonic(), 0.0))
            if self._stopping.is_set():
                container.finish()
        self._report()
        volumes.remove(self._folder)
        if self._stopping.is_set() and self._live_is_deleting():
            self._host.objects.delete(PODS, self._pod, now=True)

    def _live_is_deleting(self) -> bool:
        live = self._host.objects.get(PODS, namespace_of(self._pod), name_of(self._pod))
        return live is not None and bool(live["metadata"].get("deletionTimestamp"))

    def _report(self) -> None:
        status = self._status()

        def put(live: Object) -> None:
            before = live.get("status") or {}
            if finished(live):
                return  # a Pod never leaves its final phase
            conditions = kept_times(status["conditions"], before.get("conditions"))
            live["status"] = {**before, **status, "conditions": conditions}

        known = self._pod.get("status") or {}
        if _steady(status) != _steady({key: known.get(key) for key in status}):
            changed = self._host.objects.change(PODS, self._pod, put, status=True)
            if changed is not None:
                self._pod["status"] = changed["status"]

    def _status(self) -> Object:
        return {
            "phase": self.phase,
            "conditions": self._conditions(),
            "hostIP": "127.0.0.1",
            "podIP": self._address,
            "podIPs": [{"ip": self._address}],
            "startTime": self._started_at,
            "containerStatuses": [container.status() for container in self._mains]
            or ([] if self._blocked else _creating(self._pod)),
            "qosClass": "BestEffort",
        } | self._init_statuses()

    def _init_statuses(self) -> Object:
        found = [container.status() for container in self._inits]
        return {"initContainerStatuses": found} if found else {}

    def _conditions(self) -> list[Object]:
        if self._blocked:
            return [
                condition("PodScheduled", "False", reason="Unschedulable", message=self._blocked)
            ]
        ended = self.phase in {"Succeeded", "Failed"}
        initialized = bool(self._mains) and all(c.exit_code == 0 for c in self._inits)
        waiting = [c.name for c in self._mains if not c.ready]
        is_ready = initialized and not waiting and not self._stopping.is_set()
        reason = "" if is_ready else ("PodCompleted" if ended else "ContainersNotReady")
        shown = f"containers with unready status: [{' '.join(waiting)}]" if waiting else ""
        text = "" if is_ready or ended else shown
        return [
            condition("PodScheduled", "True"),
            condition("Initialized", _truth(initialized)),
            condition("ContainersReady", _truth(is_ready), reason=reason, message=text),
            condition("Ready", _truth(is_ready), reason=reason, message=text),
        ]


def _creating(pod: Object) -> list[Object]:
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    return [
        {
            "name": entry["name"],
            "image": entry.get("image", ""),
            "imageID": "",
            "state": waiting,
            "lastState": {},
            "ready": False,
            "started": False,
            "restartCount": 0,
        }
        for entry in pod["spec"]["containers"]
    ]


def _truth(value: bool) -> str:  # noqa: FBT001  # the one argument says itself what it is
    return "True" if value else "False"


def _steady(status: Object) -> Object:
    """The status without what changes by itself."""
    plain = [
        {key: value for key, value in entry.items() if key != "lastTransitionTime"}
        for entry in status.get("conditions") or ()
    ]
    return {key: status.get(key) for key in status if key != "conditions"} | {"conditions": plain}
