"""How a value becomes YAML inside a template: always quoted, or kept aside until parsed."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

import orjson

from renderer.core.resource.model import alias

MARK = "\ue000"
"""Encloses the number of a value kept aside. A value that has it is written in full."""
_MARK_BYTES = MARK.encode()
_PLAIN = frozenset({str, int, bool, float, type(None)})
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
# What YAML readers fold, strip or refuse when it stands unescaped between quotes.
_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Verbatim(str):
    """Text that is YAML already: the result of `tojson`."""

    __slots__ = ()


class MarkedError(Exception):
    """A value has MARK in it: this rendering must not keep values aside."""


class Aside:
    """The values of one rendering, in the order in which the template wrote them."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        """Begin with none."""
        self.values: list[Any] = []

    def keep(self, value: object) -> str:
        """Keep `value` and return what stands for it in the text."""
        kept = value
        if type(value) is str:
            if MARK in value:
                raise MarkedError
        elif type(value) not in _PLAIN:
            written = orjson.dumps(value, option=_OPTIONS)
            if _MARK_BYTES in written:
                raise MarkedError
            kept = orjson.loads(written)
        self.values.append(kept)
        return f'"{MARK}{len(self.values) - 1}{MARK}"'


def to_json(value: object) -> Verbatim:
    """Write `value` as JSON that every YAML reader takes for the same value.

    Raises `TypeError` for what isn't data: a class of the model is not, see `document`.
    """
    text = orjson.dumps(value, option=_OPTIONS).decode()
    return Verbatim(_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def sha256(text: str) -> str:
    """64 hex digits: what `sha256sum` prints for a file with this text."""
    return hashlib.sha256(text.encode()).hexdigest()


def document(value: object) -> object:
    """Turn a class of the model into what the Kubernetes API reads: camelCase, no empty fields.

    Objects that are there but empty stay (`podSelector: {}` selects everything).
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((alias(f.name), getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: document(item) for name, item in fields if not _empty(item)}
    if isinstance(value, Mapping):
        return {key: document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [document(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str | tuple | list | Mapping) and not value)
