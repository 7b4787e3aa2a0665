"""The one table of what the API has and this version can't do yet.

A later version that brings an operation removes its line here; nothing else
has to change. What is listed is refused, never silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from renderer.core.errors import Detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """A field of which only some values work."""

    field: str
    """Path of the field below `spec`."""
    works: tuple[object, ...]
    """Values that may be written."""
    what: str
    """What the others would ask for."""
    remedy: str = ""


_REMOVE = "remove the field"

TABLE: tuple[Unsupported, ...] = (
    Unsupported(
        field="instances", works=(1,), what="more than one instance", remedy="write instances: 1"
    ),
    Unsupported(
        field="credentials.source",
        works=("Generated", "Existing"),
        what="credentials from another tool",
        remedy="use Generated, or create the Secret yourself and use Existing",
    ),
    Unsupported(field="monitoring.enabled", works=(False,), what="a metrics exporter"),
    Unsupported(
        field="delivery.mode",
        works=("Commit",),
        what="delivery by pull request",
        remedy="use Commit",
    ),
)
_PATHS = tuple((entry, entry.field.split(".")) for entry in TABLE)


def problems(spec: Mapping[str, object]) -> tuple[Detail, ...]:
    """Refuse the fields of a spec, as written, that this version can't act on."""
    return tuple(
        _detail(entry, value)
        for entry, path in _PATHS
        if path[0] in spec and (value := _at(spec, path)) is not None and value not in entry.works
    )


def _at(spec: Mapping[str, object], path: list[str]) -> object:
    value: object = spec
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _detail(entry: Unsupported, value: object) -> Detail:
    return Detail(
        field=f"spec.{entry.field}",
        problem=f"not supported yet: {entry.what}",
        value=repr(value),
        remedy=entry.remedy or _REMOVE,
    )
