"""YAML out: one canonical form that every reader takes for the same value.

Strings are always double-quoted, or literal blocks when they have several lines
and a block holds them exactly; keys stay plain when nothing could take them for
anything but a string. Mappings are sorted, with what a person looks for first
(`apiVersion`, `kind`, `metadata`, `name`, `namespace`) in front. Lines are never
folded. The same value always gives the same bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from renderer.core import fields
from renderer.core.errors import InvalidError, invalid

_FIRST = ("apiVersion", "kind", "metadata", "name", "namespace")
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_LONGEST_KEY = 1000
"""YAML's own limit for a key on one line is 1024 characters."""
_INT64 = 2**63
_SHORT_TEXT = 80
"""Longer strings are seldom the same in two databases, and would crowd the memory."""

# Everything that must be escaped between double quotes: controls, the line breaks of
# YAML 1.1 (U+0085, U+2028, U+2029), the no-break space (invisible in a review), what a
# reader may strip (U+FEFF) and what isn't printable to YAML (U+FFFE, U+FFFF).
_ESCAPED = '[\\x00-\\x1f"\\\\\\x7f-\\xa0\\u2028\\u2029\\ufeff\\ufffe\\uffff\\ud800-\\udfff]'
_ESCAPE = re.compile(_ESCAPED)
_NOT_IN_BLOCK = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\xa0\\u2028\\u2029\\ufeff\\ufffe\\uffff\\ud800-\\udfff]"
)
_SHORT = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\0": "\\0",
}


class _UnwritableError(Exception):
    """Says why a scalar can't be written; `dump` adds where it is."""


def dump(value: Mapping[str, Any]) -> bytes:
    """Write one document, without `---`, with a line break at its end.

    Values are dict, list, tuple, str, int, float, bool and None. Raises `InvalidError`,
    with the field, for what YAML readers can't agree on: half a surrogate pair, a number
    that isn't finite or beyond 64 bits, a key that isn't a string or too long.
    """
    lines: list[str] = []
    try:
        if value:
            _mapping(value, "", "", lines)
        else:
            lines.append("{}\n")
    except (_UnwritableError, TypeError) as error:  # TypeError: a key that isn't a string
        raise next(_faults(value, ""), error) from None
    return "".join(lines).encode()


def _mapping(value: Mapping[str, Any], indent: str, lead: str, out: list[str]) -> None:
    """Write a mapping that isn't empty; `lead` stands before its first key."""
    below = indent + "  "
    for key, head in _heads(tuple(value)):
        item = value[key]
        if isinstance(item, str):
            out.append(f"{lead}{head} {_string(item, below)}\n")
        elif isinstance(item, dict) and item:
            out.append(f"{lead}{head}\n")
            _mapping(item, below, below, out)
        elif isinstance(item, list | tuple) and item:
            out.append(f"{lead}{head}\n")
            _sequence(item, indent, indent, out)
        else:
            out.append(f"{lead}{head} {_scalar(item)}\n")
        lead = indent


def _sequence(value: Sequence[Any], indent: str, lead: str, out: list[str]) -> None:
    """Write a list that isn't empty, its dashes at `indent`."""
    below = indent + "  "
    for item in value:
        if isinstance(item, dict) and item:
            _mapping(item, below, f"{lead}- ", out)
        elif isinstance(item, str):
            out.append(f"{lead}- {_string(item, below)}\n")
        elif isinstance(item, list | tuple) and item:
            _sequence(item, below, f"{lead}- ", out)
        else:
            out.append(f"{lead}- {_scalar(item)}\n")
        lead = indent


@lru_cache(maxsize=8192)
def _heads(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Put keys in order, each with how it is written. Cached: objects repeat their shape."""
    try:
        ordered = sorted(keys)
    except TypeError:  # keys of several types
        raise _UnwritableError from None
    front = [key for key in _FIRST if key in ordered]
    rest = [key for key in ordered if key not in _FIRST]
    return tuple((key, f"{_key(key)}:") for key in (*front, *rest))


def _key(key: str) -> str:
    if len(key) > _LONGEST_KEY:
        raise _UnwritableError
    if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS:
        return key
    return _quoted(key)


def _string(text: str, indent: str) -> str:
    if "\n" in text and _fits_block(text):
        return _block(text, indent)
    return _remembered(text) if len(text) <= _SHORT_TEXT else _quoted(text)


def _quoted(text: str) -> str:
    return f'"{_ESCAPE.sub(_escape, text)}"'


_remembered = lru_cache(maxsize=8192)(_quoted)
"""Most short strings stand in every database's files."""


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHORT:
        return _SHORT[character]
    if "\ud800" <= character <= "\udfff":
        raise _UnwritableError
    number = ord(character)
    return f"\\x{number:02x}" if character <= "\xff" else f"\\u{number:04x}"


@lru_cache(maxsize=256)
def _fits_block(text: str) -> bool:
    """Tell whether a literal block holds the text exactly, under every reader.

    Its first line must show the indent, and its last must not be blanks only.
    """
    if text[0] in " \t\n" or _NOT_IN_BLOCK.search(text):
        return False
    return not text.rstrip("\n").rpartition("\n")[2].isspace()


@lru_cache(maxsize=256)
def _block(text: str, indent: str) -> str:
    """Write a literal block. Cached: the same scripts are written for every database."""
    body = text.rstrip("\n")
    ending = len(text) - len(body)
    style = "|-" if ending == 0 else "|" if ending == 1 else "|+"
    lines = [f"{indent}{line}" if line else "" for line in body.split("\n")]
    return f"{style}\n" + "\n".join(lines) + "\n" * max(ending - 1, 0)


def _scalar(value: object) -> str:
    """Write what fits on the line and isn't text: an empty container too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return str(int(value))
    if isinstance(value, float) and math.isfinite(value):
        return _float(value)
    if value is None:
        return "null"
    if isinstance(value, dict | list | tuple) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    raise _UnwritableError


def _float(value: float) -> str:
    """Write a float with a point and a signed exponent: YAML 1.1 knows no other."""
    mantissa, mark, exponent = repr(float(value)).partition("e")
    if not mark:
        return mantissa
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"


def _faults(value: object, path: str) -> Iterator[InvalidError]:
    """Find the keys and scalars that can't be written."""
    try:
        if isinstance(value, dict):
            for key, item in value.items():
                path_of_item = fields.child(path, str(key))
                yield from _faults(item, path_of_item)
                if not isinstance(key, str):
                    yield invalid("a key must be a string", field=path_of_item, remedy="quote it")
                else:
                    _key(key)
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                yield from _faults(item, fields.child(path, index))
        elif isinstance(value, str):
            _quoted(value)
        else:
            _scalar(value)
    except _UnwritableError:
        yield invalid(
            "can't be written as YAML",
            field=path,
            value=value,
            remedy="use whole Unicode text, finite numbers of 64 bits, true, false or null",
        )
