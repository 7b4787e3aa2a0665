"""YAML in: a stream of documents becomes plain values, and doubtful YAML is refused.

The reader takes libyaml's events (ruamel.yaml's C parser) and builds dict, list,
str, int, float, bool and None from them. What kubectl, Argo CD, Flux and Python
may read differently is refused with the way out instead of being guessed:

* anchors, aliases, merge keys, tags, directives, duplicate keys, keys that are
  not strings;
* plain scalars that YAML 1.1 and YAML 1.2 resolve differently: `yes`, `on`, `y`
  (booleans in 1.1), `017`, `0o17`, `08`, `0b1`, `1_000` (integers), `1:30`
  (base 60), `1e3` (a float in 1.2 only), `2026-11-24` (a date in 1.1), `=`;
* numbers that JSON or Kubernetes can't hold: `.inf`, `.nan`, integers beyond
  64 bits.

What is left resolves alike everywhere: `true`, `True`, `TRUE`; `null`, `Null`,
`NULL`, `~` and nothing at all; decimal integers; `0x` integers; floats with a
point and, if any, a signed exponent; anything else is a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from renderer.core import fields
from renderer.core.errors import Detail, InvalidError

MAX_DEPTH = 64
"""Deepest nesting of mappings and lists; a Kubernetes object stays below 20."""
MAX_DOCUMENT = 3 * 1024 * 1024
"""Longest document, in characters; the API server refuses a request above 3 MiB."""

_DOUBTFUL_FIRST = frozenset("-+.0123456789~=<yYnNtTfFoO")
_RESOLVED: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Booleans of YAML 1.1 in any case, and of go-yaml v2, which kubectl reads with."""
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]*([eE][-+][0-9]+)?")
_DOUBTFUL = re.compile(  # possessive, so that a long scalar takes no longer than to read it
    r"""
      ([-+]_*+)?[0-9][0-9_]*+                                       # 017, 08, 1_000
    | [-+]?0[xobXOB][0-9a-fA-F_]++                             # 0o17, 0b1, 0X1F (for Go)
    | ([-+]_*+)?[0-9][0-9_]*+ (:[0-5]?[0-9])++ (\.[0-9_]*+)?        # 1:30, 1:30.5
    | ([-+]_*+)?[0-9][0-9_]*+ (\.[0-9_]*+)? ([eE][-+]?[0-9_]++)?    # 1e3, 1_0.5, 01.5
    | [-+]?\._*+[0-9][0-9_]*+ ([eE][-+]?[0-9_]++)?             # .5, .5e3
    | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (([Tt]|[ \t]++)[0-9].*)?  # a date
    | = | <<
    """,
    re.VERBOSE,
)
_INT64 = 2**63
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a stream. Its value is a mapping with string keys."""

    value: dict[str, Any]
    source: str
    """The file's name, or `<stdin>`: the first part of every message."""
    first_line: int
    """Line of the source on which the value begins, from 1."""
    _text: str = field(repr=False)
    _text_line: int = field(repr=False)

    def line(self, path: str = "") -> int:
        """Return the source line of a field (`spec.storage.size`, `spec.init.sql[2]`).

        For a field that isn't there, the line of the nearest one above it. The text is
        parsed again, so ask only when there is something to report.
        """
        lines: dict[str, int] = {}
        next(_Reader(self.source, self._text, self._text_line - 1, lines).documents(), None)
        while path not in lines and path:
            path = fields.parent(path)
        return lines.get(path, self.first_line)


def read(text: str | bytes, *, source: str) -> Iterator[Document]:
    """Yield the documents of a YAML stream (JSON is YAML too); empty ones are skipped.

    Raises `InvalidError` with `source:line:column` for what can't or mustn't be read.
    Documents before the broken one have been yielded by then.
    """
    return _Reader(source, _decode(text, source), 0, None).documents()


def one(text: str | bytes, *, source: str) -> Document:
    """Read a stream that must hold exactly one document."""
    found = list(read(text, source=source))
    if len(found) != 1:
        problem = f"must hold exactly one YAML document, found {len(found)}"
        raise _refusal(
            problem,
            f"{source}:{found[1].first_line if found else 1}:1",
            remedy="remove the others" if found else "write one",
        )
    return found[0]


def _decode(text: str | bytes, source: str) -> str:
    if isinstance(text, str):
        half = _SURROGATE.search(text)
        if half is None:
            return text.removeprefix("\ufeff")
        line = text.count("\n", 0, half.start()) + 1
        raise _refusal("half a surrogate pair", f"{source}:{line}:1", remedy="remove it")
    try:
        return text.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        where = f"{source}:{text.count(10, 0, error.start) + 1}:1"
        problem = f"byte {error.start} isn't UTF-8"
        raise _refusal(problem, where, remedy="save it as UTF-8") from error


def _refusal(problem: str, where: str, *, value: str = "", remedy: str = "") -> InvalidError:
    shown = repr(value) if value else ""
    return InvalidError(Detail(problem=problem, field=where, value=shown, remedy=remedy))


def resolve(text: str) -> str | int | float | bool | None:
    """Resolve a plain scalar; raises `ValueError` for one that readers disagree on."""
    if text in _RESOLVED:
        return _RESOLVED[text]
    if text[0] not in _DOUBTFUL_FIRST:
        return text
    if _INTEGER.fullmatch(text):
        number = int(text, 0)
        if -_INT64 <= number < _INT64:
            return number
        raise ValueError(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _DOUBTFUL.fullmatch(text) or text.lower() in _WORDS:
        raise ValueError(text)
    return text


class _Reader:
    """Builds values from libyaml's events."""

    __slots__ = ("_base", "_begin", "_lines", "_next", "_source", "_text", "_types")

    def __init__(self, source: str, text: str, base: int, lines: dict[str, int] | None) -> None:
        """Read `text`, whose first line is line `base` + 1; fill `lines` unless it is None."""
        # Imported here: it takes 0.15 s, which commands without YAML shall not pay.
        import _ruamel_yaml as libyaml  # type: ignore[import-not-found] # noqa: PLC0415 # an extension module without stubs

        self._source = source
        self._text = text
        self._base = base
        self._begin = 0
        self._lines = lines
        self._types = libyaml
        self._next = libyaml.CParser(text).get_event

    def documents(self) -> Iterator[Document]:
        """Yield every document that isn't empty."""
        starts = self._types.DocumentStartEvent
        while (event := self._event()) is not None:
            if type(event) is not starts:
                continue
            if event.version or event.tags:
                self._refuse(event.start_mark, "a YAML directive isn't allowed", "remove it")
            self._begin = event.start_mark.index
            root = self._event()
            value = self._value(root, "", 0)
            end = self._event()  # the end of the document
            if value is None:
                continue
            self._check_size(end.end_mark)
            if not isinstance(value, dict):
                self._refuse(root.start_mark, "isn't a mapping", "write `key: value` lines")
            yield self._found(value, event.start_mark, root.start_mark, end.end_mark)

    def _found(self, value: dict[str, Any], start: Any, root: Any, end: Any) -> Document:  # noqa: ANN401 # libyaml's marks are untyped
        return Document(
            value=value,
            source=self._source,
            first_line=self._base + root.line + 1,
            _text=self._text[start.index - start.column : end.index],
            _text_line=self._base + start.line + 1,
        )

    def _event(self) -> Any:  # noqa: ANN401 # libyaml's events are untyped
        try:
            return self._next()
        except self._types.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error)
            context = getattr(error, "context", None)
            line, column = (mark.line, mark.column) if mark else (0, 0)
            raise _refusal(
                f"isn't YAML: {problem}" + (f" ({context})" if context else ""),
                f"{self._source}:{self._base + line + 1}:{column + 1}",
                remedy="check the indentation, quotes and brackets there",
            ) from error

    def _value(self, event: Any, path: str, depth: int) -> Any:  # noqa: ANN401 # any YAML value
        if self._lines is not None:
            self._lines.setdefault(path, self._base + event.start_mark.line + 1)
        kind = type(event)
        if kind is self._types.ScalarEvent:
            return self._scalar(event)
        if kind is self._types.AliasEvent:
            self._refuse(event.start_mark, "an alias isn't allowed", "write the value out")
        if event.anchor is not None:
            self._refuse(event.start_mark, "an anchor isn't allowed", "write the value out")
        if event.tag is not None:
            self._refuse(event.start_mark, "a tag isn't allowed", "remove it", event.tag)
        if depth >= MAX_DEPTH:
            self._refuse(event.start_mark, f"nested deeper than {MAX_DEPTH}", "make it flatter")
        self._check_size(event.start_mark)
        if kind is self._types.MappingStartEvent:
            return self._mapping(path, depth + 1)
        return self._sequence(path, depth + 1)

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        ends = self._types.MappingEndEvent
        while type(event := self._event()) is not ends:
            key = self._key(event)
            if key in found:
                self._refuse(event.start_mark, "duplicate key", "keep one of them", key)
            below = path
            if self._lines is not None:
                below = fields.child(path, key)
                self._lines[below] = self._base + event.start_mark.line + 1
            found[key] = self._value(self._event(), below, depth)
        return found

    def _sequence(self, path: str, depth: int) -> list[Any]:
        found: list[Any] = []
        ends = self._types.SequenceEndEvent
        while type(event := self._event()) is not ends:
            below = path if self._lines is None else fields.child(path, len(found))
            found.append(self._value(event, below, depth))
        return found

    def _key(self, event: Any) -> str:  # noqa: ANN401 # libyaml's events are untyped
        if type(event) is not self._types.ScalarEvent:
            self._refuse(event.start_mark, "a key must be a string", "use a plain key")
        if event.value == "<<" and not event.style:
            self._refuse(event.start_mark, "a merge key isn't allowed", "write the fields out")
        key = self._scalar(event)
        if not isinstance(key, str):
            self._refuse(event.start_mark, "a key must be a string", "quote it", event.value)
        return key

    def _scalar(self, event: Any) -> str | int | float | bool | None:  # noqa: ANN401 # libyaml's events are untyped
        if event.anchor is not None:
            self._refuse(event.start_mark, "an anchor isn't allowed", "write the value out")
        if event.tag is not None:
            self._refuse(event.start_mark, "a tag isn't allowed", "remove it", event.tag)
        text: str = event.value
        if event.style:
            return text
        try:
            return resolve(text)
        except ValueError:
            self._refuse(
                event.start_mark,
                "YAML readers disagree on what this is",
                f'quote it: "{text}"',
                text,
            )

    def _check_size(self, mark: Any) -> None:  # noqa: ANN401 # libyaml's marks are untyped
        if mark.index - self._begin > MAX_DOCUMENT:
            self._refuse(mark, f"longer than {MAX_DOCUMENT} characters", "split the document")

    def _refuse(self, mark: Any, problem: str, remedy: str, value: str = "") -> NoReturn:  # noqa: ANN401 # libyaml's marks are untyped
        where = f"{self._source}:{self._base + mark.line + 1}:{mark.column + 1}"
        raise _refusal(problem, where, value=value, remedy=remedy)
