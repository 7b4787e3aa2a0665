"""The PostgreSQL majors that the tests run on, of those that the template pack serves."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from renderer.local.programs import INSTALLS

WITH_15 = pytest.mark.skipif(
    find_spec(INSTALLS["15"].wheel) is None,
    reason="PostgreSQL 15's programs are not here: their wheel, which `make setup` brings, "
    "is for Linux on x86_64 only",
)
FIFTEEN = pytest.param("15", marks=WITH_15, id="postgresql-15")
MAJORS = [FIFTEEN, *(pytest.param(each, id=f"postgresql-{each}") for each in ("16", "18"))]
"""For fixtures that take every major."""
