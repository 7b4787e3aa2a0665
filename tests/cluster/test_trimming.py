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


def test_of_a_pod_only_what_is_looked_at_is_kept(pod: Any) -> None:
    item = pod("a", 1)
    item["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "sampledb.dev/content-hash": "keep",
        "other": "drop",
    }
    item["status"] = {"phase": "Running", "hostIP": "1.2.3.4"}
    kept = trimming.child("Pod")(item)
    assert kept["status"] == {"phase": "Running"}
    assert kept["metadata"]["annotations"] == {"sampledb.dev/content-hash": "keep"}
