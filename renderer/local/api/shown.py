"""In which form a client wants to see objects: whole, as rows of a Table, or their metadata."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import orjson

from renderer.local.api import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from renderer.local.api.errors import Object
    from renderer.local.api.history import Entry
    from renderer.local.api.request import Request
    from renderer.local.api.resources import ResourceType


class Form(Enum):
    """What the Accept header asks for first."""

    WHOLE = ""
    TABLE = "as=Table"
    METADATA = "as=PartialObjectMetadata"


def form(request: Request) -> Form:
    """The client's first choice."""
    first = request.accept.split(",", maxsplit=1)[0]
    return next((each for each in (Form.TABLE, Form.METADATA) if each.value in first), Form.WHOLE)


def one(resource: ResourceType, entry: Entry, request: Request) -> bytes:
    """One object in that form."""
    match form(request):
        case Form.WHOLE:
            return entry.data
        case Form.METADATA:
            return orjson.dumps(printing.metadata_of(entry.object))
        case Form.TABLE:
            return orjson.dumps(_table(resource, [entry], request))


def several(
    resource: ResourceType, entries: Sequence[Entry], head: Object, request: Request
) -> bytes:
    """A list in that form; `head` is its metadata."""
    kind, version = resource.collection_kind, resource.api_version
    match form(request):
        case Form.TABLE:
            return orjson.dumps(_table(resource, entries, request) | {"metadata": head})
        case Form.METADATA:
            kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
            items = [orjson.dumps(printing.metadata_of(entry.object)) for entry in entries]
        case Form.WHOLE:
            items = [entry.data for entry in entries]
    start = orjson.dumps({"kind": kind, "apiVersion": version, "metadata": head})
    return start[:-1] + b',"items":[' + b",".join(items) + b"]}"


def _table(resource: ResourceType, entries: Sequence[Entry], request: Request) -> Object:
    include = request.query.get("includeObject", "Metadata")
    return printing.table(resource, entries, include)
