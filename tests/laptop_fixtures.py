"""Fixtures: laptop clusters, for conftest.py files to take in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from laptop_line import PATH, Line

from renderer.local.laptop import Laptop, Options


@pytest.fixture
def line() -> Iterator[Line]:
    """A cluster with applier and node."""
    with Laptop(Options(namespaces=("team-a",), path=PATH)) as laptop:
        yield Line(laptop)


@pytest.fixture
def still() -> Iterator[Line]:
    """A cluster in which nothing is applied and nothing runs."""
    options = Options(namespaces=("team-a",), path=PATH, node=False, applier=False)
    with Laptop(options) as laptop:
        yield Line(laptop)
