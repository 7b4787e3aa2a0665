"""SampleDBs in a cluster, as they say they are: what `get` and `status` show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from renderer.cluster.client import Cluster
from renderer.settings import Settings

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))
_FEW = 2


def connect(settings: Settings) -> Cluster:
    """Open the cluster of the settings. Raises `InvalidError` for a broken kubeconfig."""
    file = settings.cluster.kubeconfig
    return Cluster.connect(Path(file) if file else None, settings.cluster.context or None)


def at(found: Mapping[str, Any], *path: str) -> Any:  # noqa: ANN401 - JSON
    """Read a field, "" where there is none."""
    value: Any = found
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return "" if value is None else value


def condition(found: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """A condition of the status; empty when it isn't set."""
    conditions = at(found, "status", "conditions") or []
    return next((one for one in conditions if one.get("type") == kind), {})


def age(moment: object, now: datetime) -> str:
    """How long ago, as kubectl writes it: 45s, 12m, 5h, 3d; "" when it isn't known."""
    try:
        seconds = int((now - datetime.fromisoformat(str(moment))).total_seconds())
    except (ValueError, TypeError):
        return ""
    for unit, size in _UNITS:
        if seconds >= _FEW * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def clock() -> datetime:
    """The time that ages are counted to."""
    return datetime.now(UTC)


def kept_volume(status: Mapping[str, Any]) -> str:
    """The volume that was replaced and is kept, and until when; "" when there is none."""
    claim = at(status, "storage", "previousClaim")
    until = at(status, "storage", "keptUntil")
    end = f"until {until}, or" if until else "until"
    return f"{claim}, {end} 'sampledb confirm' lets it go" if claim else ""
