"""What a user of the pure cluster wants: SampleDBs resolved without a pack."""

from __future__ import annotations

import hashlib

from renderer.core.desired import Desired
from renderer.core.layout import APPROVE_ANNOTATION, CONFIRM_ANNOTATION
from renderer.core.resource import parse


def document(name: str = "orders", **spec: object) -> dict[str, object]:
    """A SampleDB as a dict, with `spec` laid over the least one."""
    return {
        "apiVersion": "sampledb.dev/v1",
        "kind": "SampleDB",
        "metadata": {"namespace": "team-a", "name": name, "generation": 1, "uid": "u-1"},
        "spec": {"engine": "postgresql", "version": "18", "storage": {"size": "1Gi"}, **spec},
    }


def desired(
    *,
    deleting: bool = False,
    image: str = "",
    confirmed: str = "",
    approved: str = "",
    **spec: object,
) -> Desired:
    """A SampleDB resolved as a pack with one image for each major would."""
    doc = document(**spec)
    said = {CONFIRM_ANNOTATION: confirmed, APPROVE_ANNOTATION: approved}
    if confirmed or approved:
        doc["metadata"]["annotations"] = {k: v for k, v in said.items() if v}  # type: ignore[index]
    if deleting:
        doc["metadata"] = {
            **doc["metadata"],  # type: ignore[dict-item]
            "deletionTimestamp": "2026-01-02T03:00:00Z",
            "finalizers": ["sampledb.dev/final-backup"],
        }
    db = parse(doc)
    return Desired(
        db=db,
        image=image or f"postgres:{db.spec.version}",
        major=db.spec.version.partition(".")[0],
        version=db.spec.version if "." in db.spec.version else "",
        digest=digest(spec),
        init_digest=digest(spec.get("init", {})),
    )


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
