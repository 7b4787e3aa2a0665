"""Parsing a rendered template once for all SampleDBs that take the same branches in it.

Reading YAML costs many times what rendering costs. The text that a template
gives, with every value kept aside (`values.Aside`), is the same for all SampleDBs
that differ in values only; so it is parsed once, and the values are put in.
What comes out equals the parsed full text (a property test holds them together).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from renderer.core import documents
from renderer.core.errors import InvalidError, invalid
from renderer.templating.values import MARK, to_json

_WHOLE = re.compile(f"{MARK}([0-9]+){MARK}")
_WITHIN = re.compile(f'"{MARK}([0-9]+){MARK}"')


def parse(text: str, *, source: str) -> dict[str, Any]:
    """Read the one document of a rendered template; errors show the line they are about."""
    try:
        return documents.one(text, source=source).value
    except InvalidError as error:
        detail = error.details[0]
        _, _, place = detail.field.partition(f"{source}:")
        line = int(place.partition(":")[0] or 1)
        lines = text.splitlines()
        shown = lines[line - 1].strip() if line <= len(lines) else ""
        problem = f"the template renders no single YAML document: {detail.problem}"
        raise invalid(
            problem,
            field=f"{source}: line {line} of what it renders",
            value=shown or detail.value,
            remedy="write {{ value }} without quotes around it, and exactly one document",
        ) from error


@lru_cache(maxsize=2048)
def _skeleton(text: str, source: str) -> dict[str, Any]:
    return parse(text, source=source)


def fill(text: str, values: list[Any], *, source: str) -> dict[str, Any]:
    """Parse `text` and put the values in. The result shares nothing with other results."""
    return _mapping(_skeleton(text, source), values, source)


def _mapping(found: dict[str, Any], values: list[Any], source: str) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for key, item in found.items():
        name = _text(key, values) if MARK in key else key
        if not isinstance(name, str) or name in filled:
            problem = "duplicate key" if isinstance(name, str) else "a key must be a string"
            raise invalid(problem, field=source, value=name, remedy="correct the template")
        kind = type(item)
        if kind is str:
            filled[name] = _text(item, values) if MARK in item else item
        elif kind is dict:
            filled[name] = _mapping(item, values, source)
        elif kind is list:
            filled[name] = _sequence(item, values, source)
        else:
            filled[name] = item
    return filled


def _sequence(found: list[Any], values: list[Any], source: str) -> list[Any]:
    filled: list[Any] = []
    for item in found:
        kind = type(item)
        if kind is dict:
            filled.append(_mapping(item, values, source))
        elif kind is list:
            filled.append(_sequence(item, values, source))
        else:
            filled.append(_text(item, values) if kind is str and MARK in item else item)
    return filled


def _text(text: str, values: list[Any]) -> Any:  # noqa: ANN401 # a template may write any value
    whole = _WHOLE.fullmatch(text)
    if whole:
        return values[int(whole[1])]
    # Inside a longer text (a literal block) a value stands as its JSON.
    return _WITHIN.sub(lambda found: to_json(values[int(found[1])]), text)
