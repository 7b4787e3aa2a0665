"""Schema errors in plain words: the problem, the value, the way out."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from renderer.core.errors import Detail

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}
_LONGEST = 120


def unknown_field(path: str, schema: Mapping[str, Any]) -> Detail:
    """A field that Kubernetes doesn't know; the nearest known name is offered."""
    name = path.rpartition(".")[2].rstrip("]").rpartition("[")[2]
    near = difflib.get_close_matches(name, schema.get("properties", {}), n=1)
    remedy = f"write {near[0]}" if near else "remove it"
    return Detail(problem="Kubernetes has no such field", field=path, remedy=remedy)


def missing(path: str) -> Detail:
    """A required field that isn't there."""
    return Detail(problem="is required", field=path, remedy="add it")


def explain(
    keyword: str, facts: Mapping[str, Any], schema: Mapping[str, Any], path: str, value: object
) -> Detail:
    """Put the failure of one keyword of `schema` into words."""
    problem, remedy = _say(keyword, facts, schema, value)
    shown = repr(value)
    if len(shown) > _LONGEST:
        shown = shown[: _LONGEST - 1] + "…"
    return Detail(problem=problem, field=path, value=shown, remedy=remedy)


def _say(
    keyword: str, facts: Mapping[str, Any], schema: Mapping[str, Any], value: object
) -> tuple[str, str]:
    """Return the problem and the way out."""
    if keyword == "type":
        wanted = " or ".join(_TYPES[name] for name in facts["types"])
        quote = facts["types"] == ["string"] and isinstance(value, int | float)
        return f"must be {wanted}", "quote it" if quote else f"write {wanted}"
    if keyword == "enum":
        return "is not one of the known values", f"use one of {_list(facts['options'])}"
    if keyword == "pattern":
        return schema["x-words"], "correct it"
    known = _LIMITS.get(keyword, f"fails the schema's rule {keyword!r}")
    return known.format(facts.get("limit")), "correct it"


_LIMITS = {
    "maxItems": "has more than {} items",
    "maxLength": "is longer than {} characters",
    "maximum": "must be at most {}",
    "minItems": "must have at least {} item",
    "minLength": "must not be empty",
    "minimum": "must be at least {}",
}


def _list(options: list[Any]) -> str:
    return ", ".join(str(option) for option in options)
