"""Server-side printing: the Table that `kubectl get` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from renderer.local.api import cells, jsonpath
from renderer.local.api.history import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from renderer.local.api.errors import Object
    from renderer.local.api.resources import ResourceType

_NAME_TEXT = "Name must be unique within a namespace."


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: priority 0 is always shown, 1 with `-o wide`."""

    name: str
    cell: Callable[[Object], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""

    @property
    def definition(self) -> Object:
        """As the Table carries it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def metadata_of(value: Object) -> Object:
    """An object without its content."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": value["metadata"],
    }


def loose_entry(value: Object) -> Entry:
    """An entry for printing a value that is not (or not yet) stored."""
    import orjson  # noqa: PLC0415  # only for dry runs that print

    head = value["metadata"]
    return Entry(
        namespace=head.get("namespace", ""),
        name=head.get("name", ""),
        uid="",
        version=0,
        data=orjson.dumps(value),
        labels={},
        owners=frozenset(),
        deleting=False,
    )


def table(resource: ResourceType, entries: Iterable[Entry], include: str = "Metadata") -> Object:
    """The rows of these objects; `include` is None, Metadata or Object."""
    columns = _columns(resource)
    rows = []
    for entry in entries:
        value = entry.object
        row: Object = {"cells": [column.cell(value) for column in columns]}
        if include == "Object":
            row["object"] = value
        elif include == "Metadata":
            row["object"] = metadata_of(value)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [column.definition for column in columns],
        "rows": rows,
    }


def age(text: object) -> str:
    """How long ago a timestamp was, as kubectl shows it."""
    if not isinstance(text, str) or not text:
        return "<unknown>"
    moment = datetime.fromisoformat(text)
    return cells.duration((datetime.now(UTC) - moment).total_seconds())


def _columns(resource: ResourceType) -> list[Column]:
    name = Column(
        name="Name",
        cell=lambda value: value["metadata"]["name"],
        format="name",
        description=_NAME_TEXT,
    )
    if resource.custom is not None:
        return [name, *_custom(resource)]
    built_in = [
        Column(name=title, cell=cell, priority=priority)
        for title, cell, priority in cells.COLUMNS.get(resource.key, ())
    ]
    if resource.key == "events":
        return built_in
    return [name, *built_in, _age_column()]


def _age_column() -> Column:
    return Column(name="Age", cell=lambda value: age(value["metadata"].get("creationTimestamp")))


def _custom(resource: ResourceType) -> list[Column]:
    declared = (resource.custom or {}).get("additionalPrinterColumns") or ()
    if not declared:
        return [_age_column()]
    return [_declared(column) for column in declared]


def _declared(column: Object) -> Column:
    path, kind = column["jsonPath"], column["type"]

    def cell(value: Object) -> Any:  # noqa: ANN401  # a cell holds any JSON value
        found = jsonpath.find(value, path)
        if not found:
            return None
        if kind == "date":
            return age(found[0])
        if kind == "string":
            return ",".join(cells.text(item) for item in found)
        return found[0]

    return Column(
        name=column["name"],
        cell=cell,
        type=kind,
        format=column.get("format", ""),
        priority=column.get("priority", 0),
        description=column.get("description", ""),
    )
