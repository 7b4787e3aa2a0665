"""Tests that a page of the documentation names: `tests/folder/file.py::test_name`."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def named(text: str) -> list[tuple[str, str]]:
    """File and name of each test that `text` names."""
    return _NAMED.findall(text)


def missing(text: str) -> list[str]:
    """Those that aren't there."""
    return [f"{file}::{name}" for file, name in named(text) if name not in _found_in(file)]


@cache
def _found_in(file: str) -> set[str]:
    path = ROOT / file
    tree = ast.parse(path.read_text() if path.exists() else "")
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
