"""The example files, read once."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest

from renderer.core import documents

sys.path.insert(0, str(Path(__file__).parent))
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def minimal() -> dict[str, Any]:
    """The document of examples/minimal.yaml, to be changed at will."""
    path = EXAMPLES / "minimal.yaml"
    return copy.deepcopy(documents.one(path.read_text(), source=path.name).value)
