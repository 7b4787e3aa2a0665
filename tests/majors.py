"""The PostgreSQL majors that the tests run on, of those that the template pack serves."""

from __future__ import annotations

import pytest

from renderer.local.programs import served

WITH_15 = pytest.mark.skipif(
    "15" not in served(),
    reason="needs PostgreSQL 15: its wheel is for Linux on x86_64; elsewhere, "
    "Debian's package postgresql-15 has it",
)
FIFTEEN = pytest.param("15", marks=WITH_15, id="postgresql-15")
MAJORS = [FIFTEEN, *(pytest.param(each, id=f"postgresql-{each}") for each in ("16", "18"))]
"""For fixtures that take every major."""
