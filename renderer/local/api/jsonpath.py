"""The part of JSONPath that printer columns use: `.a.b`, `['a']`, `[0]`, `[?(@.k=="v")]`."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""
    \.(?P<name>(?:[^.\[\]\\]|\\.)+)
    | \[\s*['"](?P<quoted>[^'"]+)['"]\s*\]
    | \[(?P<index>-?\d+|\*)\]
    | \[\?\(\s*@\.(?P<key>[\w.]+)\s*==\s*['"]?(?P<value>[^'")]*)['"]?\s*\)\]
    """,
    re.VERBOSE,
)


def find(value: object, path: str) -> list[Any]:
    """Everything at this path, in order; nothing where the path leads nowhere."""
    found: list[Any] = [value]
    for step in _STEP.finditer(path):
        found = [item for value in found for item in _take(value, step)]
    return found


def _take(value: object, step: re.Match[str]) -> list[Any]:
    name = step["quoted"] or (step["name"] or "").replace("\\", "")
    if name:
        return [value[name]] if isinstance(value, dict) and name in value else []
    if not isinstance(value, list):
        return []
    if step["index"] == "*":
        return value
    if step["index"] is not None:
        place = int(step["index"])
        return value[place:][:1]
    wanted, key = step["value"], step["key"]
    return [item for item in value if isinstance(item, dict) and _text(item.get(key)) == wanted]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
