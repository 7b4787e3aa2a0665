"""The record as a ConfigMap in Git: written, and read back exactly.

The JSON is indented, so that a change of the record is a change of few lines.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, NoReturn

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import ErrorDetails

from renderer.core import documents, fields
from renderer.core.errors import Detail, InvalidError, invalid
from renderer.core.layout import (
    GENERATION_ANNOTATION,
    HASH_ANNOTATION,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    NAME_LABEL,
    ROLE_LABEL,
    Key,
    names,
)
from renderer.core.manifests.hashes import annotated, content_hash
from renderer.core.observed import Stamp
from renderer.core.record import DATA_KEY, SCHEMA, Record

RECORD_ROLE = "record"
"""Value of the label `sampledb.dev/role`; no template renders it."""
_REMEDY = "undo the edit with `git revert`, or take the file from an earlier commit"
_HEAD = b'apiVersion: "v1"\nkind: "ConfigMap"\nmetadata:\n'
_DATA = b"\ndata:\n  " + DATA_KEY.encode() + b": |\n"
_INDENT = b"    "
_STAMP = re.compile(r"([0-9a-f]{16})@(0|[1-9][0-9]{0,17})")
_JSON = orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


def record_document(record: Record, *, key: Key, engine: str) -> dict[str, Any]:
    """Build the ConfigMap `<name>-record`, with stamps of its own."""
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": names(key.name).record,
            "namespace": key.namespace,
            "labels": {
                "app.kubernetes.io/name": engine,
                "app.kubernetes.io/instance": key.name,
                MANAGED_BY_LABEL: MANAGED_BY,
                NAME_LABEL: key.name,
                ROLE_LABEL: RECORD_ROLE,
            },
        },
        "data": {DATA_KEY: orjson.dumps(_encode(record), option=_JSON).decode()},
    }
    stamps = {
        HASH_ANNOTATION: content_hash(document),
        GENERATION_ANNOTATION: str(record.generation),
    }
    return annotated(document, stamps)


def read_record(content: bytes, *, source: str) -> Record:
    """Read record.yaml. Raises `InvalidError` naming `source` when it isn't what was written.

    Nothing may be written for a SampleDB whose record can't be read: what was proved isn't
    known then.
    """
    try:
        found = orjson.loads(_json(content, source))
    except orjson.JSONDecodeError as error:
        _refuse(source, f"data[{DATA_KEY}]", f"isn't JSON: {error}")
    if not isinstance(found, dict):
        _refuse(source, f"data[{DATA_KEY}]", "isn't a JSON object")
    if found.get("schema") != SCHEMA:
        problem = f"was written by another version: this one reads schema {SCHEMA}"
        raise invalid(
            problem,
            field=f"{source}: schema",
            value=found.get("schema"),
            remedy="use a renderer that is at least as new as the one that wrote it",
        )
    return _decode(found, source)


def _json(content: bytes, source: str) -> bytes | str:
    """Take the JSON out of the ConfigMap.

    In the form that `emit` writes, the block is the end of the file: cut out in a
    hundredth of the time that reading YAML takes. Anything else is read as YAML.
    """
    head, mark, block = content.partition(_DATA)
    if mark and head.startswith(_HEAD) and b"\r" not in content and _DATA not in block:
        lines = b"\n" + block.removesuffix(b"\n")
        if lines.count(b"\n") == lines.count(b"\n" + _INDENT):
            return lines.replace(b"\n" + _INDENT, b"\n")[1:]
    try:
        value = documents.one(content, source=source).value
    except InvalidError as error:
        _refuse(source, "", str(error))
    data = value.get("data")
    text = data.get(DATA_KEY) if isinstance(data, dict) else None
    if value.get("kind") != "ConfigMap" or not isinstance(text, str):
        _refuse(source, f"data[{DATA_KEY}]", "the record isn't there")
    return text


def _encode(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = _adapter().dump_python(replace(record, children={}), mode="json")
    found["children"] = {
        name: f"{stamp.content_hash}@{stamp.generation}" for name, stamp in record.children.items()
    }
    written = {_camel(name): value for name, value in found.items() if value is not None}
    return {"schema": SCHEMA, **written}


def _decode(found: dict[str, Any], source: str) -> Record:
    children = _stamps(found.get("children"), source)  # most of it, and simple
    found = {name: value for name, value in found.items() if name != "children"}
    plain = {_snake(name): value for name, value in found.items() if name != "schema"}
    try:
        record = _adapter().validate_json(orjson.dumps(plain), strict=True)
    except ValidationError as error:
        raise InvalidError(*(_detail(source, item) for item in error.errors())) from error
    written = _encode(record)
    for name, value in found.items():
        if name not in written or written[name] != value:
            _refuse(source, name, "isn't a field of the record")
    return replace(record, children=children)


@lru_cache(maxsize=256)
def _camel(name: str) -> str:
    return to_camel(name)


@lru_cache(maxsize=256)
def _snake(name: str) -> str:
    return to_snake(name)


@cache
def _adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


def _stamps(children: object, source: str) -> dict[str, Stamp]:
    """Take `<hash>@<generation>` apart: one line a child keeps the file's changes short."""
    if not isinstance(children, dict):
        _refuse(source, "children", "isn't a mapping")
    stamps: dict[str, Stamp] = {}
    for name, text in children.items():
        match = _STAMP.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            _refuse(source, fields.child("children", name), "isn't <hash>@<generation>", text)
        stamps[name] = Stamp(content_hash=match[1], generation=int(match[2]))
    return stamps


def _detail(source: str, error: ErrorDetails) -> Detail:
    path = fields.path_of(*(_camel(str(part)) for part in error["loc"]))
    where = f"{source}: {path}" if path else source
    return Detail(problem=error["msg"], field=where, value=repr(error["input"]), remedy=_REMEDY)


def _refuse(source: str, field: str, problem: str, value: object = "") -> NoReturn:
    where = f"{source}: {field}" if field else source
    raise invalid(problem, field=where, value=value, remedy=_REMEDY)
