"""What every rendered object carries, whatever its template says: namespace, stamps, names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from renderer.core.layout import GENERATION_ANNOTATION, HASH_ANNOTATION

_STAMPS = (HASH_ANNOTATION, GENERATION_ANNOTATION)


def content_hash(document: Mapping[str, Any]) -> str:
    """Return 16 hex digits over the canonical JSON of an object, without its own stamps."""
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and "annotations" in metadata:
        annotations = {k: v for k, v in metadata["annotations"].items() if k not in _STAMPS}
        metadata = {key: item for key, item in metadata.items() if key != "annotations"}
        if annotations:
            metadata["annotations"] = annotations
        document = {**document, "metadata": metadata}
    return _digest(document)


def _digest(value: object) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
