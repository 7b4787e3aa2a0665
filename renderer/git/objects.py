"""Git's object formats and modes, and its trees, parsed (ids: renderer.core.objects).

Source: gitformat-pack and gitrepository-layout manual pages.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

TREE_MODE = "40000"
FILE_MODES = frozenset({"100644", "100755", "100664"})


class ObjectFormat(Enum):
    """How a repository names its objects."""

    SHA1 = "sha1"
    SHA256 = "sha256"

    @property
    def size(self) -> int:
        """Bytes of a raw id."""
        return hashlib.new(self.value, usedforsecurity=False).digest_size


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree: its mode as Git writes it (`100644`, `40000`, …) and its id."""

    mode: str
    id: str


def parse_tree(raw: bytes, form: ObjectFormat) -> dict[str, Entry]:
    """Read a tree object; names that aren't UTF-8 are kept with surrogate escapes."""
    entries: dict[str, Entry] = {}
    size = form.size
    at = 0
    while at < len(raw):
        space = raw.index(b" ", at)
        end = raw.index(b"\0", space)
        after = end + 1 + size
        name = raw[space + 1 : end].decode(errors="surrogateescape")
        entries[name] = Entry(raw[at:space].decode(), raw[end + 1 : after].hex())
        at = after
    return entries


def parse_listing(raw: bytes) -> dict[str, dict[str, str]]:
    """Read `git ls-tree -r -z`: directory to file name to object id."""
    found: dict[str, dict[str, str]] = {}
    for line in raw.decode(errors="surrogateescape").split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        directory, _, name = path.rpartition("/")
        found.setdefault(directory, {})[name] = facts.rsplit(" ", 1)[1]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that a part of one tree holds, by path."""

    trees: Mapping[str, str]
    """Directory → tree id."""
    listings: Mapping[str, Mapping[str, str]]
    """Directory → name → object id of everything directly in it, directories too."""
    odd: frozenset[str]
    """Paths of links and submodules."""


def parse_inventory(raw: bytes) -> Inventory:
    """Read `git ls-tree -r -t -z`."""
    trees: dict[str, str] = {}
    listings: dict[str, dict[str, str]] = {}
    odd: list[str] = []
    for line in raw.decode(errors="surrogateescape").split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        mode, kind, name = facts.split(" ")
        if kind == "tree":
            trees[path] = name
        elif mode not in FILE_MODES:
            odd.append(path)
        directory, _, last = path.rpartition("/")
        # The same few file names stand in thousands of directories: keep each once.
        listings.setdefault(directory, {})[sys.intern(last)] = name
    return Inventory(trees=trees, listings=listings, odd=frozenset(odd))
