"""An upgrade by cloned files, on a file system that can: where this runs, it may not be skipped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_an_upgrade_clones_files_on_xfs() -> None:
    file = _ROOT / "tests" / "scripts" / "test_upgrade_clones.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-k", "cloned", str(file)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout, done.stdout
