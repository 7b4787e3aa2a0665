"""Values against a JSON schema, in the words of the real API server.

Texts: k8s.io/kube-openapi/pkg/validation and apimachinery's field errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from renderer.local.api.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from renderer.local.api.errors import Object

BLOCKING = frozenset(
    {"FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"}
)
"""After one of these, the CEL rules are not looked at."""

_BODY = {
    "minimum": "should be greater than or equal to {}",
    "maximum": "should be less than or equal to {}",
    "minLength": "should be at least {} chars long",
    "minItems": "should have at least {} items",
    "minProperties": "should have at least {} properties",
    "pattern": "should match '{}'",
    "multipleOf": "should be a multiple of {}",
}


class Validator:
    """One compiled schema."""

    def __init__(self, schema: Object) -> None:
        """`schema` is a JSON schema of draft 4."""
        self._schema = schema
        self._compiled = jsonschema_rs.Draft4Validator(schema, validate_formats=True)

    def causes(self, value: object, old: object) -> list[Cause]:
        """What is wrong; a fault that `old` already had in the same place is let pass."""
        if self._compiled.is_valid(value):
            return []
        found = []
        for error in self._compiled.iter_errors(value):
            path = list(error.instance_path)
            if old is not None and reach(old, path) == reach(value, path):
                continue
            found += _causes(self._schema, error, value, path)
        return found


MISSING = object()


def reach(value: object, path: Sequence[str | int]) -> Any:  # noqa: ANN401  # JSON: any value
    """What is at this path, or MISSING."""
    found: Any = value
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return found


def shown_path(path: Sequence[str | int]) -> str:
    """`spec.sql[0]`, `spec.parameters.name`: items in brackets, keys of maps like fields."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _causes(
    schema: Object, error: jsonschema_rs.ValidationError, value: object, path: list[str | int]
) -> list[Cause]:
    field, found = shown_path(path), reach(value, path)
    keyword = str(error.schema_path[-1])
    limit = _limit(schema, error.schema_path)
    if keyword == "required" and isinstance(found, dict):
        name = next(name for name in limit if name not in found and f'"{name}"' in error.message)
        where = f"{field}.{name}" if field else name
        return [Cause(field=where, message="Required value", reason="FieldValueRequired")]
    shown = field or "<nil>"
    message, reason = _described(keyword, limit, field, found)
    return [Cause(field=shown, message=message, reason=reason)]


def _described(keyword: str, limit: Any, field: str, value: Any) -> tuple[str, str]:  # noqa: ANN401  # JSON: any value
    """The message and the reason of one fault."""
    if keyword == "type":
        wanted = limit if isinstance(limit, str) else "integer or string"
        kind = _type(value)
        text = f'Invalid value: "{kind}": {field} in body must be of type {wanted}: "{kind}"'
        return text, "FieldValueTypeInvalid"
    if keyword == "enum":
        choices = ", ".join(_shown(choice) for choice in limit)
        text = f"Unsupported value: {_shown(value)}: supported values: {choices}"
        return text, "FieldValueNotSupported"
    if keyword == "maxLength":
        return f"Too long: may not be more than {limit} bytes", "FieldValueTooLong"
    if keyword in {"maxItems", "maxProperties"}:
        text = f"Too many: {len(value)}: must have at most {limit} items"
        return text, "FieldValueTooMany"
    if keyword == "format":
        text = f"{field} in body must be of type {limit}: {_shown(value)}"
        return f"Invalid value: {_shown(value)}: {text}", "FieldValueInvalid"
    told = _BODY.get(keyword, "is not valid").format(limit)
    return f"Invalid value: {_shown(value)}: {field} in body {told}", "FieldValueInvalid"


def _limit(schema: Object, path: Sequence[str | int]) -> Any:  # noqa: ANN401  # JSON: any value
    found: Any = schema
    for part in path:
        found = found[int(part)] if isinstance(found, list) else found.get(part, {})
    return found


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return f'"{_type(value)}"'
    return orjson.dumps(value).decode()


_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer"}


def _type(value: object) -> str:
    if value is None:
        return "null"
    return _NAMES.get(type(value), "number")
