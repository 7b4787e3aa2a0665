"""A pack to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from renderer import templating


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the built-in pack, to be broken."""
    return shutil.copytree(templating.find("postgresql"), tmp_path / "postgresql")
