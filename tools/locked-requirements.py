"""Prints the part of requirements.lock that the named packages need, pins and hashes whole.

Usage: locked-requirements.py [NAME...]. Without names: what the project itself needs at run
time. The lock says of each package which others brought it in (`# via`), so the part is
found without a resolver; pip in hash-checking mode refuses a part that lacks something.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

_TOP = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def normal(name: str) -> str:
    """The name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def blocks(lock: str) -> Mapping[str, str]:
    """Each package's lines of the lock, by its normal name."""
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        match = _NAME.match(line)
        if match is not None:
            name = normal(match[0])
        if name:
            found[name] = found.get(name, "") + line
    return found


def parents(block: str) -> frozenset[str]:
    """The packages that brought a block in."""
    _, _, comment = block.partition("# via")
    words = (line.strip().lstrip("#").strip() for line in comment.splitlines())
    return frozenset(normal(word) for word in words if word)


def closure(lock: str, names: Iterable[str]) -> str:
    """The blocks of `names` and of everything they bring in, in the lock's order."""
    known = blocks(lock)
    wanted = {normal(name) for name in names}
    missing = sorted(wanted - known.keys())
    if missing:
        msg = f"requirements.lock lacks {', '.join(missing)}: run `make lock`"
        raise SystemExit(msg)
    above = {name: parents(block) for name, block in known.items()}
    while True:
        more = {name for name in known if name not in wanted and above[name] & wanted}
        if not more:
            return "".join(known[name] for name in known if name in wanted)
        wanted |= more


def project_needs() -> tuple[str, ...]:
    """The names of the project's own run-time dependencies."""
    project = tomllib.loads((_TOP / "pyproject.toml").read_text("utf-8"))["project"]
    return tuple(found[0] for need in project["dependencies"] if (found := _NAME.match(need)))


if __name__ == "__main__":
    text = (_TOP / "requirements.lock").read_text("utf-8")
    sys.stdout.write(closure(text, sys.argv[1:] or project_needs()))
