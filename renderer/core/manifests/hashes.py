"""Stamps: what tells whether an object in the cluster is the one that was rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from renderer.core.layout import GENERATION_ANNOTATION, HASH_ANNOTATION
from renderer.core.observed import Stamp

_STAMPS = (HASH_ANNOTATION, GENERATION_ANNOTATION)
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


def content_hash(document: Mapping[str, Any]) -> str:
    """Return 16 hex digits over the canonical JSON of an object, without its own stamps.

    Pod templates may be given too. The order of keys and the stamps make no difference.
    """
    metadata = document.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations"), dict):
        kept = {k: v for k, v in metadata["annotations"].items() if k not in _STAMPS}
        metadata = {key: item for key, item in metadata.items() if key != "annotations"}
        if kept:
            metadata["annotations"] = kept
        document = {**document, "metadata": metadata}
        if not metadata:  # a Pod template that had none before it was stamped
            del document["metadata"]
    text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:16]


def template_of(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the Pod template of a StatefulSet, Job or CronJob; None when there is none."""
    found: Any = document
    for part in _TEMPLATES.get(document.get("kind", ""), ("",)):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def template_path(kind: str) -> tuple[str, ...]:
    """Where the Pod template of a kind lies; empty for kinds without one."""
    return _TEMPLATES.get(kind, ())


def annotated(document: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    """Return a copy with annotations added; what lies deeper is shared."""
    metadata = dict(document.get("metadata") or {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
    return {**document, "metadata": metadata}


def stamp(
    documents: Iterable[Mapping[str, Any]], previous: Mapping[str, Stamp], generation: int
) -> tuple[list[dict[str, Any]], dict[str, Stamp]]:
    """Stamp prepared documents; return them with their stamps by `Kind/name`.

    An object whose content is that of `previous` keeps its generation; any other gets
    `generation`. The Pod template of a StatefulSet is entered as `Pod/<its name>`: its
    stamp's content hash is the one that the template carries.
    """
    stamped: list[dict[str, Any]] = []
    stamps: dict[str, Stamp] = {}
    for document in documents:
        key = f"{document['kind']}/{document['metadata']['name']}"
        mark = stamps[key] = _stamp(content_hash(document), previous.get(key), generation)
        annotations = {
            HASH_ANNOTATION: mark.content_hash,
            GENERATION_ANNOTATION: str(mark.generation),
        }
        stamped.append(annotated(document, annotations))
        template = template_of(document)
        if document["kind"] == "StatefulSet" and template is not None:
            key = f"Pod/{document['metadata']['name']}"
            stamps[key] = _stamp(content_hash(template), previous.get(key), generation)
    return stamped, stamps


def _stamp(digest: str, before: Stamp | None, generation: int) -> Stamp:
    if before is not None and before.content_hash == digest:
        return before
    return Stamp(content_hash=digest, generation=generation)
