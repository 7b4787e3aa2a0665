"""What the simulated API server promises is what the real one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from e2e.cluster import Nodeless

_ROOT = Path(__file__).parents[2]


def test_the_real_api_server_keeps_the_contract_of_the_simulated_one(nodeless: Nodeless) -> None:
    plane = nodeless.plane
    told = {
        "SAMPLEDB_CONTRACT_URL": plane.url,
        "SAMPLEDB_CONTRACT_TOKEN": plane.token,
        "SAMPLEDB_CONTRACT_CA": str(plane.authority.certificate),
    }
    files = sorted((_ROOT / "tests" / "apiserver").glob("test_api_*.py"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", *map(str, files)],
        cwd=_ROOT,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " skipped" not in done.stdout
