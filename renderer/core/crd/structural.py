"""From the model's classes to a structural schema, as the API server wants it.

Differences from pydantic's JSON schema: everything in place (no references), no
`additionalProperties: false`, patterns as CEL rules with a message for people,
every default written out, and descriptions taken from the text below a field.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import textwrap
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import orjson
from pydantic import TypeAdapter

from renderer.core.resource import formats
from renderer.core.resource.model import Checked, Rule, UpdateRule, alias

Schema = dict[str, Any]  # JSON; checked whole by the tests against the API server's own rules

_KEPT = (
    "type",
    "enum",
    "minimum",
    "maximum",
    "maxLength",
    "minLength",
    "maxItems",
    "maxProperties",
    "format",
)
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_RULES = "x-kubernetes-validations"


def schema(cls: type, *, defaults: bool) -> Schema:
    """Return the structural schema of a class of the model, with its rules.

    With `defaults`, every field that isn't required gets its default: the stored
    object then says all that is in force.
    """
    whole = TypeAdapter(cls).json_schema(by_alias=True)
    definitions = whole.pop("$defs", {})
    known = {found.__name__: found for found in classes(cls)}
    return _Converter(definitions=definitions, classes=known, defaults=defaults).model(whole, cls)


def classes(cls: type) -> Iterator[type]:
    """A class of the model and every one below it."""
    yield cls
    for hint in typing.get_type_hints(cls).values():
        for arg in _flat(hint):
            if dataclasses.is_dataclass(arg):
                yield from classes(cast("type", arg))


def _flat(hint: object) -> Iterable[object]:
    nested = isinstance(hint, types.UnionType) or typing.get_origin(hint) is tuple
    return typing.get_args(hint) if nested else (hint,)


def texts(cls: type) -> Mapping[str, str]:
    """The text below each attribute of a class, on one line."""
    body = cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]).body
    found = {}
    for statement, below in itertools.pairwise(body):
        named = isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            target = cast("ast.Name", cast("ast.AnnAssign", statement).target)
            found[target.id] = " ".join(str(below.value.value).split())
    return found


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Converter:
    definitions: Mapping[str, Schema]
    classes: Mapping[str, type]
    defaults: bool

    def model(self, source: Schema, cls: type) -> Schema:
        """The schema of an object of a class; every field must have its text."""
        descriptions = texts(cls)
        fields = {alias(field.name): field for field in dataclasses.fields(cls)}
        properties = {}
        for name, field in fields.items():
            converted: Schema = {"description": ""} | self.value(source["properties"][name])
            converted["description"] = descriptions[field.name]
            if self.defaults and (default := _default(field)) is not None:
                converted["default"] = default[0]
            properties[name] = converted
        result: Schema = {
            "description": inspect.getdoc(cls),
            "type": "object",
            "properties": properties,
        }
        if required := source.get("required"):
            result["required"] = required
        if rules := _rules(cls):
            result[_RULES] = rules
        return result

    def value(self, source: Schema) -> Schema:
        """The schema of any value."""
        if "anyOf" in source:  # `X | None`: absent, never null
            return self.value(next(one for one in source["anyOf"] if one.get("type") != "null"))
        if "$ref" in source:
            return self.reference(source["$ref"].rpartition("/")[2])
        result = {key: source[key] for key in _KEPT if key in source}
        result |= {key: value for key, value in source.items() if key.startswith("x-")}
        if "pattern" in source:
            result[_RULES] = [_matches(source["pattern"])]
        if "items" in source:
            result["items"] = self.value(source["items"])
        if "patternProperties" in source:
            result |= self.map(source)
        return result

    def reference(self, name: str) -> Schema:
        """The schema of a class by its name: an object, or an enumeration."""
        source = self.definitions[name]
        if name in self.classes:
            return self.model(source, self.classes[name])
        return self.value(source)

    def map(self, source: Schema) -> Schema:
        """What a map with constrained keys adds."""
        ((pattern, values),) = source["patternProperties"].items()
        entry, limit = formats.BY_PATTERN[pattern], source["propertyNames"]["maxLength"]
        rule = {
            "rule": f"self.all(k, k.size() <= {limit} && k.matches({_literal(pattern)}))",
            "message": f"every key {_advice(entry)}",
        }
        return {"additionalProperties": self.value(values), _RULES: [rule]}


def _default(field: dataclasses.Field[Any]) -> tuple[object] | None:
    """The default of a field as the document would say it; None when it has none.

    An object's default is written out whole: the API server checks the rules over
    a default before it fills in those of the fields inside.
    """
    info = field.default
    factory = getattr(info, "default_factory", None)
    value = factory() if factory is not None else getattr(info, "default", info)
    if value is dataclasses.MISSING or value is None:
        return None
    written: object = TypeAdapter(type(value)).dump_python(
        value, mode="json", by_alias=True, exclude_none=True
    )
    return (written,)


def _rules(cls: type) -> list[Schema]:
    """The CEL rules of a class, over an object and over its changes."""
    kept: tuple[Rule, ...] = cls.rules if issubclass(cls, Checked) else ()
    changes: tuple[UpdateRule, ...] = getattr(cls, "updates", ())
    found = []
    everything: tuple[Rule | UpdateRule, ...] = (*kept, *changes)
    for rule in everything:
        one: Schema = {
            "rule": rule.cel,
            "message": f"{rule.message}; {rule.remedy}" if rule.remedy else rule.message,
        }
        if rule.field:
            one["fieldPath"] = f".{rule.field}"
        found.append(one)
    return found


def _matches(pattern: str) -> Schema:
    entry = formats.BY_PATTERN[pattern]
    return {
        "rule": f"self.matches({_literal(pattern)})",
        "message": _advice(entry),
    }


def _advice(entry: formats.Format) -> str:
    return f"{entry.message}, for example {entry.example}" if entry.example else entry.message


def _literal(text: str) -> str:
    """A CEL string literal; CEL reads JSON's escapes."""
    return orjson.dumps(text).decode()
