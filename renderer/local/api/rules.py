"""The CEL rules of a schema (`x-kubernetes-validations`), compiled once and evaluated per write.

As in k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go. A rule is a pure
function of the value (and of the old one), so its results are remembered.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import celpy
import orjson
from celpy import celtypes
from celpy.adapter import json_to_cel
from celpy.celparser import CELParseError
from celpy.evaluation import CELEvalError

from renderer.local.api.celfunctions import FUNCTIONS
from renderer.local.api.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from renderer.local.api.errors import Object

_MEMORY = 4096
_TRANSITION = re.compile(r"\boldSelf\b")
_SELF = re.compile(r"\b(?:self|oldSelf)\b(?:\.(\w+)(?!\w*\())?")
_WORDS = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]  # read from the CEL specification
)


class RuleError(ValueError):
    """A rule that can't be compiled."""


class Rule:
    """One rule: what it wants, and how it complains."""

    def __init__(self, declared: Object, schema: Object) -> None:
        """Raises `RuleError` when CEL can't read it."""
        self._text = declared["rule"].strip()
        self._schema = schema
        self._message = (declared.get("message") or "").strip()
        self._field = (declared.get("fieldPath") or "").removeprefix(".")
        self._reason = declared.get("reason") or "FieldValueInvalid"
        self._names = _mentioned(f"{self._text} {declared.get('messageExpression') or ''}")
        self.transition = bool(_TRANSITION.search(self._text))
        self._expression = _compiled(self._text)
        told = declared.get("messageExpression")
        self._told = _compiled(told) if told else None
        self._result = lru_cache(_MEMORY)(self._evaluate)

    def cause(self, path: str, new: object, old: object) -> Cause | None:
        """What is wrong with a value; `old` is None when there is none to compare with."""
        before = b"" if old is None or not self.transition else self._relevant(old)
        fault = self._result(self._relevant(new), before)
        if not fault:
            return None
        where = ".".join(part for part in (path, self._field) if part) or "<nil>"
        if self._reason in {"FieldValueRequired", "FieldValueForbidden"}:
            kind = "Required value" if self._reason == "FieldValueRequired" else "Forbidden"
            return Cause(field=where, message=f"{kind}: {fault}", reason=self._reason)
        return Cause(field=where, message=f"Invalid value: {fault}", reason=self._reason)

    def _relevant(self, value: object) -> bytes:
        """The JSON of what the rule looks at: the less it is, the more often it is known."""
        if self._names is not None and isinstance(value, dict):
            value = {name: value[name] for name in self._names if name in value}
        return orjson.dumps(value)

    def _evaluate(self, new: bytes, old: bytes) -> str:
        names = {"self": _value(orjson.loads(new), self._schema)}
        if old:
            names["oldSelf"] = _value(orjson.loads(old), self._schema)
        try:
            if bool(self._expression(names)):
                return ""
        except CELEvalError as error:
            return f"{error.args[0]} evaluating rule: {self._message or self._text}"
        if self._told is not None:
            try:
                return str(self._told(names)).strip()
            except CELEvalError:
                pass  # as in the real server: the plain message is the fall-back
        return self._message or f"failed rule: {self._text}"


class Rules:
    """The rules of a schema and of everything below it."""

    def __init__(self, schema: Object) -> None:
        """Raises `RuleError`."""
        self._own = [Rule(rule, schema) for rule in schema.get("x-kubernetes-validations") or ()]
        properties = schema.get("properties") or {}
        below = {name: Rules(value) for name, value in properties.items()}
        self._properties = {name: rules for name, rules in below.items() if rules}
        others, items = schema.get("additionalProperties"), schema.get("items")
        self._others = (Rules(others) or None) if isinstance(others, dict) else None
        self._items = (Rules(items) or None) if isinstance(items, dict) else None
        self._known = frozenset(properties)
        keys = schema.get("x-kubernetes-list-map-keys")
        self._keys: tuple[str, ...] = tuple(keys or ())

    def __bool__(self) -> bool:
        """Whether there is any rule here or below."""
        return bool(self._own or self._properties or self._others or self._items)

    def causes(self, value: Any, old: Any = None, path: str = "") -> Iterator[Cause]:  # noqa: ANN401  # JSON: any value
        """What is wrong; what was wrong before and has not changed is let pass."""
        if value is None:
            return
        if self._own:
            shown = _visible(value) if not path else value
            before = _visible(old) if not path else old
            yield from self._judge(shown, before, path)
        if isinstance(value, dict):
            yield from self._fields(value, old if isinstance(old, dict) else {}, path)
        elif isinstance(value, list) and self._items:
            for index, item in enumerate(value):
                yield from self._items.causes(item, self._match(item, old), f"{path}[{index}]")

    def _judge(self, value: object, old: object, path: str) -> Iterator[Cause]:
        for rule in self._own:
            if rule.transition and old is None:
                continue
            if not rule.transition and value == old:
                continue
            cause = rule.cause(path, value, old)
            if cause is not None:
                yield cause

    def _fields(self, value: Object, old: Object, path: str) -> Iterator[Cause]:
        for name, rules in self._properties.items():
            if name in value:
                place = f"{path}.{name}" if path else name
                yield from rules.causes(value[name], old.get(name), place)
        if self._others:
            for name in sorted(value.keys() - self._known):
                yield from self._others.causes(value[name], old.get(name), f"{path}[{name}]")

    def _match(self, item: object, old: object) -> object:
        """The old item that a new one is compared with: only lists of type map have any."""
        if not self._keys or not isinstance(old, list) or not isinstance(item, dict):
            return None
        wanted = [item.get(key) for key in self._keys]
        return next((one for one in old if [one.get(key) for key in self._keys] == wanted), None)


def _visible(value: Any) -> Any:  # noqa: ANN401  # JSON: any value
    """What a rule at the root may see of a resource: its metadata is only a name."""
    if not isinstance(value, dict) or "metadata" not in value:
        return value
    head = value["metadata"]
    named = {key: head[key] for key in ("name", "generateName") if key in head}
    return {**value, "metadata": named}


def _mentioned(text: str) -> tuple[str, ...] | None:
    """The fields of self that an expression names; None when it uses self as a whole."""
    found = _SELF.findall(text)
    if not all(found):
        return None
    escaped = {f"__{word}__": word for word in _WORDS}
    return tuple(sorted({escaped.get(name, name) for name in found}))


@cache
def _compiled(text: str) -> Callable[[dict[str, Any]], Any]:
    environment = celpy.Environment()
    try:
        program = environment.program(environment.compile(text), functions=dict(FUNCTIONS))
    except CELParseError as error:
        message = f"compilation failed: ERROR: {text}: {error.args[0]}"
        raise RuleError(message) from error
    return program.evaluate


def _value(value: Any, schema: Object) -> Any:  # noqa: ANN401  # JSON in, a CEL value out
    """A JSON value as CEL sees it; reserved words among the names of fields are escaped."""
    if isinstance(value, dict):
        known, others = schema.get("properties") or {}, schema.get("additionalProperties")
        rest = others if isinstance(others, dict) else {}
        return celtypes.MapType(
            {
                celtypes.StringType(_escaped(key) if key in known else key): _value(
                    item, known.get(key, rest)
                )
                for key, item in value.items()
            }
        )
    if isinstance(value, list):
        below = schema.get("items") or {}
        return celtypes.ListType([_value(item, below) for item in value])
    if schema.get("type") == "number" and isinstance(value, int | float):
        return celtypes.DoubleType(value)
    if schema.get("format") == "date-time" and isinstance(value, str):
        return celtypes.TimestampType(value)
    return json_to_cel(value)


def _escaped(name: str) -> str:
    return f"__{name}__" if name in _WORDS else name
