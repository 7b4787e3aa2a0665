"""The volumes that a backup's Pod has for its drill, as folders."""

from __future__ import annotations

import tempfile
from pathlib import Path

from renderer.local.programs import account, give


def drill(root: Path) -> dict[str, str]:
    """The environment of a backup that is restored before it counts; each call is a new Pod."""
    volume = Path(tempfile.mkdtemp(prefix="drill-", dir=root))
    give(volume, account())
    return {"VERIFY": "Restore", "DRILL_DIR": str(volume), "PGSOCKETDIR": str(volume)}
