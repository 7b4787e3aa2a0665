"""Turns pydantic's errors into details: the field's path, what was found, the way out."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic_core import ErrorDetails

from renderer.core.errors import Detail
from renderer.core.resource import formats
from renderer.core.resource.model import BROKEN_RULES, Broken, alias

Location = tuple[int | str, ...]
Tree = Mapping[str, "Tree | None"]
"""The fields of a class by their names in a document, with those of their own classes."""

_EXAMPLES = {
    "engine": "engine: postgresql",
    "version": 'version: "18"',
    "storage": "storage: {size: 10Gi}",
    "size": "size: 10Gi",
    "bucket": "bucket: team-a-backups",
    "cidr": "cidr: 10.0.0.0/8",
}
_SHOWN = 80
"""Characters of a value that are shown."""


def explain(error: ErrorDetails, *, root: str, tree: Tree) -> Iterator[Detail]:
    """Yield what one of pydantic's errors means; `root` is the path of the whole value."""
    where = error["loc"]
    if error["type"] == BROKEN_RULES:
        yield from (_broken(one, path(root, where)) for one in error["ctx"]["broken"])
        return
    names = [part for part in where if part != "[key]"]
    problem, remedy = _words(error, names, tree)
    value = error["input"]
    hidden = error["type"] in {"missing", "unexpected_keyword_argument"}
    yield Detail(
        field=path(root, tuple(names)),
        problem=problem,
        value="" if hidden else shown(value),
        remedy=remedy,
    )


def path(root: str, where: Location) -> str:
    """Write a location as kubectl does: `spec.init.sql[2]`."""
    text = root
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text


def shown(value: object) -> str:
    """A value, cut to what fits on a line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@cache
def tree(cls: type) -> Tree:
    """The fields of a class of the model."""
    hints = typing.get_type_hints(cls)
    return {alias(field.name): _subtree(hints[field.name]) for field in dataclasses.fields(cls)}


def _subtree(hint: object) -> Tree | None:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return tree(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is tuple:
        return next((found for arg in typing.get_args(hint) if (found := _subtree(arg))), None)
    return None


def siblings(where: typing.Sequence[int | str], whole: Tree) -> Tree:
    """The fields that may stand beside the last name of a location; none inside a free map."""
    here: Tree | None = whole
    for part in where[:-1]:
        if isinstance(part, str):
            here = here.get(part) if here else None
    return here or {}


def suggest(name: str, known: typing.Iterable[str]) -> str:
    """Ask `did you mean …?`, or list what there is."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1) or [
        candidate for candidate in known if candidate.lower() == name.lower().replace("_", "")
    ]
    return f"did you mean {close[0]}?" if close else f"its fields are {', '.join(known)}"


def _broken(broken: Broken, where: str) -> Detail:
    return Detail(
        field=f"{where}.{broken.field}" if broken.field else where,
        problem=broken.message,
        value="" if broken.value == "" else shown(broken.value),
        remedy=broken.remedy,
    )


_MAPPING = ("must be a mapping", "write its fields below it, indented")
_FIXED = {
    "bool_type": ("must be true or false", "write true or false, without quotes"),
    "int_type": ("must be a whole number", "write it without quotes and without a fraction"),
    "dataclass_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": ("must be a list", "begin each entry with '- ' on a line of its own"),
}
_LIMITS = {
    "string_too_long": ("must be at most {max_length} characters", "shorten it"),
    "too_long": ("must hold at most {max_length} entries", "remove some"),
    "greater_than_equal": ("must be at least {ge}", "raise it"),
    "less_than_equal": ("must be at most {le}", "lower it"),
}


def _words(error: ErrorDetails, where: list[int | str], whole: Tree) -> tuple[str, str]:
    """The problem and the way out of one error."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    match kind:
        case "missing":
            name = str(where[-1])
            return "is required", f"add it, for example {_EXAMPLES.get(name, name + ': …')}"
        case "unexpected_keyword_argument":
            return "is not a field of SampleDB", suggest(str(where[-1]), siblings(where, whole))
        case "string_type":
            if where[-1] == "size":
                return "must be a size: a number and a unit", f"write it like {_EXAMPLES['size']}"
            return "must be a string", _quoted(value)
        case "string_pattern_mismatch":
            entry = formats.BY_PATTERN[context["pattern"]]
            return entry.message, entry.remedy
        case "enum":
            names = context["expected"].replace("'", "").replace(" or ", ", ")
            return f"must be one of {names}", _case(value, names.split(", "))
        case _:
            return _other(error)


def _other(error: ErrorDetails) -> tuple[str, str]:
    """Wrong types and limits; and what pydantic alone knows, in its own words."""
    kind = error["type"]
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _LIMITS:
        problem, remedy = _LIMITS[kind]
        return problem.format(**error["ctx"]), remedy
    return error["msg"][0].lower() + error["msg"][1:], ""


def _quoted(value: object) -> str:
    if isinstance(value, bool):
        return f'write it as a quoted string "{str(value).lower()}"'
    if isinstance(value, int | float):
        return f'write it as a quoted string "{value}"'
    return "write a single value, in quotes"


def _case(value: object, names: list[str]) -> str:
    lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(str(value).lower(), lower, n=1)
    return f"did you mean {lower[close[0]]}?" if close else "write one of them"
