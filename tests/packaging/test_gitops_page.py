"""The page on Argo CD and Flux: every trap has a row, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gitops.md").read_text()
ROWS = {int(row[1]): row[0] for row in re.finditer(r"(?m)^\| (\d+) \| .* \|$", PAGE)}
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
TRAPS = 28


@cache
def found_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_trap_has_a_row() -> None:
    assert sorted(ROWS) == list(range(1, TRAPS + 1))


@pytest.mark.parametrize("trap", sorted(ROWS))
def test_every_trap_names_tests_that_exist(trap: int) -> None:
    named = NAMED.findall(ROWS[trap])
    assert named
    assert not [f"{file}::{name}" for file, name in named if name not in found_in(file)]
