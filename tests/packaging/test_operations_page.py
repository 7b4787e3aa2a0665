"""The page on operations: each failure point names tests that exist, for each operation."""

from __future__ import annotations

import re

import pytest
from named_tests import ROOT, missing, named

from renderer import templating
from renderer.core.operations.catalog import DELETIONS, OPERATIONS

PAGE = (ROOT / "docs" / "operations.md").read_text()
TABLE = PAGE.partition("## When it goes wrong")[2].partition("\n## ")[0]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]
OF_ITSELF = {"RollBack", "ConfirmRestore", "DropOld", "Hibernate", "Wake"}
"""Only a start can fail in them, which is Provision's, or an applier, which is waited for."""


@pytest.mark.parametrize("row", ROWS)
def test_every_failure_point_names_tests_that_exist(row: str) -> None:
    assert named(row)
    assert not missing(row)


def test_every_operation_has_a_failure_point() -> None:
    told = set(re.findall(r"(?m)^\| \*\*(\w+)\*\* \|", TABLE))
    assert told - {"any", "Delete"} == OPERATIONS.keys() - DELETIONS - OF_ITSELF


def test_the_versions_of_the_template_pack_are_those_of_the_page() -> None:
    section = PAGE.partition("## Versions")[2].partition("\n## ")[0]
    told = dict(re.findall(r"(?m)^\| (\d+) \| ([\d.]+) \| \w+ \d{4} \|", section))
    assert told == templating.load(templating.find("postgresql")).declared.versions
