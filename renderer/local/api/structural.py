"""Structural schemas: what is pruned, what is filled in, and the JSON schema behind them.

As in k8s.io/apiextensions-apiserver/pkg/apiserver/schema: unknown fields are dropped,
nulls that are not allowed too, then defaults are written out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from renderer.local.api.errors import Object

PRESERVE = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"
_EMBEDDED = "x-kubernetes-embedded-resource"
_ENVELOPE = ("apiVersion", "kind", "metadata")


def prune(value: Object, schema: Object) -> list[str]:
    """Drop unknown fields and nulls, in place; returns the paths of the unknown ones."""
    return list(_prune(value, _with_envelope(schema), ""))


def fill(value: Object, schema: Object) -> None:
    """Write out the defaults, in place."""
    for name, below in (schema.get("properties") or {}).items():
        if name == "metadata":
            continue
        if name not in value and "default" in below:
            value[name] = orjson.loads(orjson.dumps(below["default"]))
        if name in value:
            _fill_in(value[name], below)


def json_schema(schema: Object) -> Object:
    """The same constraints as a plain JSON schema (draft 4: `exclusiveMinimum` is a boolean)."""
    result: Object = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: json_schema(below) for name, below in value.items()}
        elif key in {"items", "additionalProperties", "not"} and isinstance(value, dict):
            result[key] = json_schema(value)
        elif key in {"allOf", "anyOf", "oneOf"}:
            result[key] = [json_schema(below) for below in value]
        elif not key.startswith("x-") and key not in {"default", "nullable", "description"}:
            result[key] = value
    if schema.get(INT_OR_STRING):
        result["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in result:
        known = result["type"] if isinstance(result["type"], list) else [result["type"]]
        result["type"] = [*known, "null"]
    return result


def root_json_schema(schema: Object) -> Object:
    """The JSON schema of a whole resource, which has an envelope beside its own fields."""
    return json_schema(_with_envelope(schema))


def _with_envelope(schema: Object) -> Object:
    properties = dict(schema.get("properties") or {})
    properties["apiVersion"] = properties["kind"] = {"type": "string"}
    properties["metadata"] = {"type": "object", PRESERVE: True}
    return {**schema, "properties": properties}


def _prune(value: Any, schema: Object, path: str) -> Iterator[str]:  # noqa: ANN401  # JSON: any value
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _prune(item, schema.get("items") or {}, f"{path}[{index}]")
    elif isinstance(value, dict):
        whole = _with_envelope(schema) if schema.get(_EMBEDDED) else schema
        yield from _prune_fields(value, whole, path)


def _prune_fields(value: Object, schema: Object, path: str) -> Iterator[str]:
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    keep = bool(schema.get(PRESERVE)) or others is True
    for name in tuple(value):
        place = f"{path}.{name}" if path else name
        below = known.get(name, others if isinstance(others, dict) else None)
        if below is None:
            if not keep:
                del value[name]
                yield place
        elif value[name] is None and not below.get("nullable") and name in known:
            del value[name]
        else:
            yield from _prune(value[name], below, place)


def _fill_in(value: object, schema: Object) -> None:
    if isinstance(value, dict):
        fill(value, schema)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            for name in value.keys() - (schema.get("properties") or {}).keys():
                _fill_in(value[name], others)
    elif isinstance(value, list):
        for item in value:
            _fill_in(item, schema.get("items") or {})


_FORBIDDEN = ("$ref", "definitions", "dependencies", "patternProperties", "uniqueItems")


def faults(schema: Object, path: str) -> Iterator[tuple[str, str]]:
    """What keeps a schema from being structural: (field path, message)."""
    known = schema.get("type")
    if not known and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        yield f"{path}.type", "Required value: must not be empty for specified object fields"
    for word in _FORBIDDEN:
        if schema.get(word):
            yield f"{path}.{word}", f"Forbidden: {word} is not supported"
    if schema.get("additionalProperties") is False:
        field = f"{path}.additionalProperties"
        yield field, "Forbidden: additionalProperties cannot be false"
    if known == "array" and "items" not in schema:
        yield f"{path}.items", "Required value: must be specified"
    yield from _faults_below(schema, path)


def _faults_below(schema: Object, path: str) -> Iterator[tuple[str, str]]:
    for name, below in (schema.get("properties") or {}).items():
        yield from faults(below, f"{path}.properties[{name}]")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from faults(schema[word], f"{path}.{word}")
