"""Kubernetes' protobuf, only to read: what `kubectl create` sends for a few kinds.

client-go's typed clients write nothing else, and don't fall back to JSON. Field numbers
are those of k8s.io/api/*/generated.proto; fields that are not named here are ignored.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from renderer.local.api import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from renderer.local.api.errors import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}

_TEXT, _MAP, _DATA, _LIST = "text", "map", "map of bytes", "list of text"
_NUMBER, _FLAG = "number", "flag"
_Field = tuple[str, Any]
_META: Mapping[int, _Field] = {
    1: ("name", _TEXT),
    2: ("generateName", _TEXT),
    3: ("namespace", _TEXT),
    11: ("labels", _MAP),
    12: ("annotations", _MAP),
    14: ("finalizers", _LIST),
}
_REVIEWED: Mapping[int, _Field] = {
    number: (name, _TEXT)
    for number, name in enumerate(
        ("namespace", "verb", "group", "version", "resource", "subresource", "name"), start=1
    )
}
_KINDS: dict[str, Mapping[int, _Field]] = {
    "Namespace": {1: ("metadata", _META)},
    "ServiceAccount": {1: ("metadata", _META)},
    "ConfigMap": {1: ("metadata", _META), 2: ("data", _MAP), 4: ("immutable", _FLAG)},
    "Secret": {
        1: ("metadata", _META),
        2: ("data", _DATA),
        3: ("type", _TEXT),
        4: ("stringData", _MAP),
    },
    "SelfSubjectAccessReview": {
        1: ("metadata", _META),
        2: ("spec", {1: ("resourceAttributes", _REVIEWED)}),
    },
    "DeleteOptions": {
        1: ("gracePeriodSeconds", _NUMBER),
        2: ("preconditions", {1: ("uid", _TEXT), 2: ("resourceVersion", _TEXT)}),
        4: ("propagationPolicy", _TEXT),
        5: ("dryRun", _LIST),
    },
}


def read(body: bytes) -> Object:
    """The object in a protobuf envelope; 415 when its kind is not one of the few."""
    if not body.startswith(_MAGIC):
        message = "provided data does not appear to be a protobuf message"
        raise errors.bad_request(message)
    envelope = dict(_fields(body[len(_MAGIC) :]))
    names = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
    version, kind = names.get(1, ""), names.get(2, "")
    if kind not in _KINDS:
        raise errors.unsupported_media_type(("application/json", "application/yaml"))
    return {"apiVersion": version, "kind": kind} | _message(envelope.get(2, b""), _KINDS[kind])


def _message(data: bytes, known: Mapping[int, _Field]) -> Object:
    result: Object = {}
    for number, value in _fields(data):
        if number not in known:
            continue
        name, kind = known[number]
        if kind == _LIST:
            result.setdefault(name, []).append(value.decode())
        elif kind in (_MAP, _DATA):
            pair = dict(_fields(value))
            text = pair.get(2, b"")
            shown = text.decode() if kind == _MAP else base64.b64encode(text).decode()
            result.setdefault(name, {})[pair[1].decode()] = shown
        else:
            result[name] = _single(value, kind)
    return {name: value for name, value in result.items() if value not in ("", {})}


def _single(value: Any, kind: Any) -> Any:  # noqa: ANN401  # any field
    if kind == _NUMBER:
        return value
    if kind == _FLAG:
        return bool(value)
    return value.decode() if kind == _TEXT else _message(value, kind)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field: an int or bytes."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire == _BYTES:
            size, place = _varint(data, place)
        else:
            size = _FIXED[wire]
        yield number, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[place]
        place += 1
        result |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return result, place
        shift += 7
