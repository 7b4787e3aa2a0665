"""SampleDBs whose backups are snapshots, and the snapshots that a pure cluster has."""

from __future__ import annotations

from pure_cluster import PureCluster
from pure_desired import desired

from renderer.core.desired import Desired

METHOD = {"method": "VolumeSnapshot"}
DAILY = {"schedule": "0 3 * * *"}


def wanted(requested: str = "", *, deleting: bool = False, **more: object) -> Desired:
    backup = {**METHOD, "requestedAt": requested, **more.pop("backup", {})}  # type: ignore[dict-item]
    return desired(deleting=deleting, backup=backup, **more)


def there(cluster: PureCluster) -> list[str]:
    return [name for kind, name in cluster.live if kind == "VolumeSnapshot"]
