"""The page on Argo CD and Flux: every trap has a row, and every test that it names exists."""

from __future__ import annotations

import re

import pytest
from named_tests import ROOT, missing, named

PAGE = (ROOT / "docs" / "gitops.md").read_text()
ROWS = {int(row[1]): row[0] for row in re.finditer(r"(?m)^\| (\d+) \| .* \|$", PAGE)}
TRAPS = 28


def test_every_trap_has_a_row() -> None:
    assert sorted(ROWS) == list(range(1, TRAPS + 1))


@pytest.mark.parametrize("trap", sorted(ROWS))
def test_every_trap_names_tests_that_exist(trap: int) -> None:
    assert named(ROWS[trap])
    assert not missing(ROWS[trap])
