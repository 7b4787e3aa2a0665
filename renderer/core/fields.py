"""Field paths as kubectl prints them: `spec.init.sql[2]`, `metadata.labels[example.com/name]`."""

from __future__ import annotations

import re

_LAST = re.compile(r"(^|\.)[^.\[\]]*$|\[[^\[\]]*\]$")
_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")


def child(path: str, part: str | int) -> str:
    """Add a key or an index to a path; a key with a dot or a slash stands in brackets."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    if not _PLAIN.fullmatch(part):
        return f"{path}[{part}]"
    return f"{path}.{part}" if path else part


def path_of(*parts: str | int) -> str:
    """Build a path from its keys and indexes, outermost first."""
    path = ""
    for part in parts:
        path = child(path, part)
    return path


def parent(path: str) -> str:
    """Return the path one level up; `""` is the document itself."""
    return _LAST.sub("", path, count=1)
