"""The columns of built-in resources, as `kubectl get` shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from renderer.local.api.errors import Object

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86_400, 31_536_000


def duration(seconds: float) -> str:
    """Two units at most, fewer as time goes on (k8s.io/apimachinery/pkg/util/duration)."""
    whole = max(int(seconds), 0)
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    for unit, letter, limit, smaller, small in (
        (_MINUTE, "m", 10 * _MINUTE, 1, "s"),
        (_MINUTE, "m", 3 * _HOUR, 0, ""),
        (_HOUR, "h", 8 * _HOUR, _MINUTE, "m"),
        (_HOUR, "h", 2 * _DAY, 0, ""),
        (_DAY, "d", 8 * _DAY, _HOUR, "h"),
        (_DAY, "d", 2 * _YEAR, 0, ""),
        (_YEAR, "y", 8 * _YEAR, _DAY, "d"),
    ):
        if whole < limit:
            rest = whole % unit // smaller if smaller else 0
            return f"{whole // unit}{letter}{f'{rest}{small}' if rest else ''}"
    return f"{whole // _YEAR}y"


def text(value: object) -> str:
    """A value in a cell of text."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _at(value: Object, path: str, default: Any = "") -> Any:  # noqa: ANN401  # JSON: any value
    found: Any = value
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return default if found is None else found


def _field(path: str, default: object = "<none>") -> Callable[[Object], Any]:
    return lambda value: _at(value, path, default)


def _ready(value: Object) -> str:
    return f"{_at(value, 'status.readyReplicas', 0)}/{_at(value, 'spec.replicas', 1)}"


def _containers(value: Object) -> str:
    statuses = _at(value, "status.containerStatuses", [])
    ready = sum(1 for status in statuses if status.get("ready"))
    return f"{ready}/{len(_at(value, 'spec.containers', []))}"


def _pod_status(value: Object) -> str:
    phase: str = _at(value, "status.reason") or _at(value, "status.phase", "Unknown")
    for status in _at(value, "status.containerStatuses", []):
        state = status.get("state") or {}
        reason = (state.get("waiting") or state.get("terminated") or {}).get("reason")
        phase = reason or phase
    return "Terminating" if "deletionTimestamp" in value["metadata"] else phase


def _restarts(value: Object) -> str:
    statuses = _at(value, "status.containerStatuses", [])
    return str(sum(status.get("restartCount", 0) for status in statuses))


def _job_status(value: Object) -> str:
    for condition in _at(value, "status.conditions", []):
        if condition.get("status") == "True" and condition.get("type") in {"Complete", "Failed"}:
            return str(condition["type"])
    return "Suspended" if _at(value, "spec.suspend", default=False) else "Running"


def _job_duration(value: Object) -> str:
    start, end = _at(value, "status.startTime"), _at(value, "status.completionTime")
    if not start:
        return ""
    until = datetime.fromisoformat(end) if end else datetime.now(UTC)
    return duration((until - datetime.fromisoformat(start)).total_seconds())


def _last_seen(value: Object) -> str:
    seen = _at(value, "series.lastObservedTime") or _at(value, "lastTimestamp")
    seen = seen or _at(value, "eventTime") or value["metadata"].get("creationTimestamp")
    return duration((datetime.now(UTC) - datetime.fromisoformat(seen)).total_seconds())


def _object(value: Object) -> str:
    involved = value.get("involvedObject") or {}
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


def _ports(value: Object) -> str:
    found = _at(value, "spec.ports", [])
    return ",".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in found) or "<none>"


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}


def _modes(value: Object) -> str:
    modes = _at(value, "status.accessModes", _at(value, "spec.accessModes", []))
    return ",".join(_MODES.get(mode, mode) for mode in modes)


def _terminating(path: str) -> Callable[[Object], str]:
    return lambda value: (
        "Terminating" if "deletionTimestamp" in value["metadata"] else str(_at(value, path))
    )


def _last_schedule(value: Object) -> str:
    last = _at(value, "status.lastScheduleTime")
    if not last:
        return "<none>"
    return duration((datetime.now(UTC) - datetime.fromisoformat(last)).total_seconds())


COLUMNS: dict[str, tuple[tuple[str, Callable[[Object], Any], int], ...]] = {
    "namespaces": (("Status", _field("status.phase", ""), 0),),
    "pods": (
        ("Ready", _containers, 0),
        ("Status", _pod_status, 0),
        ("Restarts", _restarts, 0),
        ("IP", _field("status.podIP"), 1),
        ("Node", _field("spec.nodeName"), 1),
    ),
    "services": (
        ("Type", _field("spec.type", "ClusterIP"), 0),
        ("Cluster-IP", _field("spec.clusterIP"), 0),
        ("Port(s)", _ports, 0),
    ),
    "configmaps": (("Data", lambda value: str(len(value.get("data") or ())), 0),),
    "secrets": (
        ("Type", _field("type"), 0),
        ("Data", lambda value: str(len(value.get("data") or ())), 0),
    ),
    "persistentvolumeclaims": (
        ("Status", _terminating("status.phase"), 0),
        ("Volume", _field("spec.volumeName", ""), 0),
        ("Capacity", _field("status.capacity.storage", ""), 0),
        ("Access Modes", _modes, 0),
        ("StorageClass", _field("spec.storageClassName", ""), 0),
    ),
    "persistentvolumes": (
        ("Capacity", _field("spec.capacity.storage", ""), 0),
        ("Access Modes", _modes, 0),
        ("Reclaim Policy", _field("spec.persistentVolumeReclaimPolicy", ""), 0),
        ("Status", _terminating("status.phase"), 0),
    ),
    "events": (
        ("Last Seen", _last_seen, 0),
        ("Type", _field("type", ""), 0),
        ("Reason", _field("reason", ""), 0),
        ("Object", _object, 0),
        ("Message", _field("message", ""), 0),
    ),
    "statefulsets.apps": (("Ready", _ready, 0),),
    "deployments.apps": (("Ready", _ready, 0),),
    "jobs.batch": (
        ("Status", _job_status, 0),
        (
            "Completions",
            lambda value: (
                f"{_at(value, 'status.succeeded', 0)}/{_at(value, 'spec.completions', 1)}"
            ),
            0,
        ),
        ("Duration", _job_duration, 0),
    ),
    "cronjobs.batch": (
        ("Schedule", _field("spec.schedule", ""), 0),
        ("Timezone", _field("spec.timeZone"), 0),
        ("Suspend", lambda value: str(_at(value, "spec.suspend", default=False)), 0),
        ("Active", lambda value: str(len(_at(value, "status.active", []))), 0),
        ("Last Schedule", _last_schedule, 0),
    ),
    "leases.coordination.k8s.io": (("Holder", _field("spec.holderIdentity", ""), 0),),
    "applications.argoproj.io": (
        ("Sync Status", _field("status.sync.status", ""), 0),
        ("Health Status", _field("status.health.status", ""), 0),
    ),
}
