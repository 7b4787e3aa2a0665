"""A second reading of the CRD: what the API server does with a write, in few lines.

Independent of the laptop cluster's validation, and of the model that the schema
is generated from: fills in defaults, checks types and limits, evaluates CEL.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import celpy
import orjson
from celpy import celtypes
from celpy.adapter import json_to_cel

from renderer.core.errors import InvalidError
from renderer.core.resource import quantity

Json = Any
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
_ENVIRONMENT = celpy.Environment()


def _is_quantity(text: object) -> celtypes.BoolType:
    try:
        quantity.parse(str(text))
    except InvalidError:
        return celtypes.BoolType(False)
    return celtypes.BoolType(True)


_FUNCTIONS: dict[str, Any] = {
    "isQuantity": _is_quantity,
    "quantity": lambda text: celtypes.DoubleType(float(quantity.parse(str(text)))),
    "isGreaterThan": lambda one, other: celtypes.BoolType(one > other),
    "compareTo": lambda one, other: celtypes.IntType((one > other) - (one < other)),
}


@cache
def _program(expression: str) -> Any:  # celpy's runner
    return _ENVIRONMENT.program(_ENVIRONMENT.compile(expression), functions=_FUNCTIONS)


def holds(expression: str, value: Json, old: Json = None) -> bool:
    """Evaluate one rule; a field whose name is a reserved word of CEL's is escaped in it."""
    plain = expression.replace("__namespace__", "namespace")
    return _holds(plain, orjson.dumps((value, old if "oldSelf" in expression else None)))


@cache
def _holds(expression: str, values: bytes) -> bool:
    value, old = orjson.loads(values)
    names = {"self": json_to_cel(value)}
    if old is not None:
        names["oldSelf"] = json_to_cel(old)
    return bool(_program(expression).evaluate(names))


def filled(value: Json, schema: Json) -> Json:
    """A copy with the defaults of the schema filled in."""
    value = copy.deepcopy(value)
    _fill(value, schema)
    return value


def _fill(value: Json, schema: Json) -> None:
    if isinstance(value, dict):
        for name, below in schema.get("properties", {}).items():
            if name not in value and "default" in below:
                value[name] = copy.deepcopy(below["default"])
            if name in value:
                _fill(value[name], below)
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            _fill(item, schema["items"])


def faults(
    value: Json, schema: Json, path: str = "", old: Json = None
) -> Iterator[tuple[str, str]]:
    """Yield (field, message) for everything that the schema refuses."""
    wanted = _TYPES[schema["type"]]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        yield path, f"must be of type {schema['type']}"
        return
    for message in _limits(value, schema):
        yield path, message
    below = list(_below(value, schema, path, old))
    yield from below
    if below:  # rules are evaluated on what has the right shape
        return
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" in rule["rule"] and old is None:
            continue
        if not holds(rule["rule"], value, old):
            yield path + rule.get("fieldPath", ""), rule["message"]


def _limits(value: Json, schema: Json) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield "must be one of the enumeration"
    if isinstance(value, str | list | dict):
        limits = (schema.get(key) for key in ("maxLength", "maxItems", "maxProperties"))
        if any(limit is not None and len(value) > limit for limit in limits):
            yield "is too long"
    if isinstance(value, int) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    ):
        yield "is out of range"
    if schema.get("x-kubernetes-list-type") == "set" and len(set(value)) < len(value):
        yield "holds a value twice"


def _below(value: Json, schema: Json, path: str, old: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}", "is required"
    for name, item in value.items():
        known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
        if known is not None:
            before = old.get(name) if isinstance(old, dict) else None
            yield from faults(item, known, f"{path}.{name}", before)
