"""Label and field selectors, as `kubectl -l` and `--field-selector` write them.

Grammar: k8s.io/apimachinery/pkg/labels (`a=b`, `a==b`, `a!=b`, `a in (b,c)`,
`a notin (b)`, `a`, `!a`) and pkg/fields (`=`, `==`, `!=`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from renderer.local.api import errors
from renderer.local.api.resources import SELECTABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from renderer.local.api.errors import Object
    from renderer.local.api.history import Entry
    from renderer.local.api.resources import ResourceType

_TERM = re.compile(r"(?:[^,(]|\([^)]*\))+")
_SET = re.compile(r"^(?P<key>\S+)\s+(?P<how>in|notin)\s*\((?P<values>[^)]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^=!\s]+)\s*(?P<how>==|=|!=)\s*(?P<value>[^=!\s]*)$")
_EXISTS = re.compile(r"^(?P<not>!?)\s*(?P<key>[A-Za-z0-9][-A-Za-z0-9_./]*)$")


def labels(selector: str) -> Callable[[Mapping[str, str]], bool]:
    """A test of an object's labels; 400 when the selector can't be parsed."""
    tests = [_term(term.strip()) for term in _TERM.findall(selector)]
    return lambda found: all(test(found) for test in tests)


def _term(term: str) -> Callable[[Mapping[str, str]], bool]:
    if match := _SET.match(term):
        values = {value.strip() for value in match["values"].split(",")}
        key, wanted = match["key"], match["how"] == "in"
        return lambda found: (found.get(key) in values) is wanted
    if match := _EQUAL.match(term):
        key, value, same = match["key"], match["value"], match["how"] != "!="
        return lambda found: (found.get(key) == value) is same
    if match := _EXISTS.match(term):
        key, there = match["key"], not match["not"]
        return lambda found: (key in found) is there
    message = f"unable to parse requirement: {term!r}"
    raise errors.bad_request(message)


def matching(
    resource: ResourceType, namespace: str | None, label_selector: str, field_selector: str
) -> Callable[[Entry], bool]:
    """A test of a stored object; the selectors are parsed once, here."""
    tests: list[Callable[[Entry], bool]] = []
    if namespace:
        tests.append(lambda entry: entry.namespace == namespace)
    if label_selector:
        by_label = labels(label_selector)
        tests.append(lambda entry: by_label(entry.labels))
    if field_selector:
        tests += [_field(resource, term) for term in field_selector.split(",")]
    return lambda entry: all(test(entry) for test in tests)


def _field(resource: ResourceType, term: str) -> Callable[[Entry], bool]:
    match = _EQUAL.match(term.strip())
    if match is None:
        message = f"invalid selector: {term!r}; can't understand {term!r}"
        raise errors.bad_request(message)
    path, value, same = match["key"], match["value"], match["how"] != "!="
    if path not in SELECTABLE and path not in resource.selectable:
        message = f"field label not supported: {path}"
        raise errors.bad_request(message)
    if path == "metadata.name":
        return lambda entry: (entry.name == value) is same
    if path == "metadata.namespace":
        return lambda entry: (entry.namespace == value) is same
    parts = _parts(resource, path)
    return lambda entry: (_text(entry.object, parts) == value) is same


def _parts(resource: ResourceType, path: str) -> list[str]:
    if resource.key == "events" and path == "source":
        return ["source", "component"]
    if resource.key == "jobs.batch":
        return ["status", "succeeded"]
    return path.split(".")


def _text(value: Object, parts: list[str]) -> str:
    found: Any = value
    for part in parts:
        found = found.get(part) if isinstance(found, dict) else None
    if found is None:
        return ""
    return str(found).lower() if isinstance(found, bool) else str(found)
