"""What the snapshot controller's CustomResourceDefinitions bring, served without a schema."""

from __future__ import annotations

from renderer.local.api.resources import ResourceType

_GROUP = "snapshot.storage.k8s.io"

SNAPSHOTS: tuple[ResourceType, ...] = tuple(
    ResourceType(
        group=_GROUP,
        version="v1",
        kind=kind,
        plural=f"{kind.lower()}{'es' if kind.endswith('s') else 's'}",
        namespaced=namespaced,
        generation=True,
        status=True,
        short_names=(short,),
    )
    for kind, short, namespaced in (
        ("VolumeSnapshot", "vs", True),
        ("VolumeSnapshotClass", "vsclass", False),
        ("VolumeSnapshotContent", "vsc", False),
    )
)
