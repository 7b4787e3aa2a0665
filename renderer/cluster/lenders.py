"""Which SampleDB of another namespace a restore names, and what that one says of its backups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.core.layout import Key
from renderer.core.observed import Lender

Fields = Mapping[str, Any]


def named(sampledb: Fields) -> Key | None:
    """The SampleDB of another namespace whose backup is to be restored; None without one."""
    source = _at(sampledb, "spec", "restore", "from")
    namespace, name = (str(source.get(part) or "") for part in ("namespace", "sampleDB"))
    own = sampledb.get("metadata", {}).get("namespace")
    return Key(namespace=namespace, name=name) if namespace not in {"", own} else None


def lender(key: Key, sampledb: Fields | None) -> Lender | None:
    """What is seen of that one; None when it isn't there."""
    if sampledb is None:
        return None
    s3 = _at(sampledb, "spec", "backup", "target", "s3")
    bucket, prefix = s3.get("bucket"), str(s3.get("prefix") or "")
    return Lender(
        key=key,
        store=f"s3://{bucket}/{prefix}" if bucket else "",
        endpoint=str(s3.get("endpoint") or ""),
        grants=grants(sampledb),
    )


def grants(sampledb: Fields | None) -> tuple[str, ...]:
    """The namespaces that a SampleDB lets restore its backups."""
    found = _at(sampledb or {}, "spec", "backup").get("grants") or ()
    return tuple(str(each.get("namespace")) for each in found if isinstance(each, Mapping))


def _at(found: Fields, *path: str) -> Fields:
    for part in path:
        inner = found.get(part)
        found = inner if isinstance(inner, Mapping) else {}
    return found
