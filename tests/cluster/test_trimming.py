"""What is kept of an object in memory."""

from __future__ import annotations

from typing import Any

from renderer.cluster import trimming


def test_what_is_read_whole_loses_only_the_noise(pod: Any) -> None:
    item = pod("a", 1) | {"spec": {"engine": "postgresql"}}
    item["metadata"]["managedFields"] = []
    item["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "other": "keep",
    }
    kept = trimming.whole(item)
    assert kept["spec"] == {"engine": "postgresql"}
    assert "managedFields" not in kept["metadata"]
    assert kept["metadata"].get("annotations", {}).keys() <= {"other", "sampledb.dev/content-hash"}
