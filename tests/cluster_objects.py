"""Objects of the SampleDB team-a/orders as a cluster has them."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
STAMPS = {"sampledb.dev/content-hash": "0123456789abcdef", "sampledb.dev/generation": "3"}


def item(name: str, *, annotations: Object | None = None, **rest: Any) -> Object:
    metadata = {
        "namespace": "team-a",
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "generation": 2,
        "labels": {"sampledb.dev/name": "orders", **rest.pop("labels", {})},
        "annotations": STAMPS if annotations is None else annotations,
    }
    return {"metadata": metadata | rest.pop("metadata", {}), **rest}
