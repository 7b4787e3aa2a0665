"""The command line as the tests run it, and plain git beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
MINIMAL = EXAMPLES / "minimal.yaml"
PROGRAM = Path(sys.executable).parent / "sampledb"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


def environment(**more: str) -> dict[str, str]:
    """The caller's, without what would change the output or the settings."""
    ours = ("SAMPLEDB_", "KUBE", "GIT_", "NO_COLOR", "FORCE_COLOR", "PYTHONDONTWRITE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"COLUMNS": "100", "GIT_CONFIG_GLOBAL": os.devnull} | more


def git(folder: Path, *arguments: str) -> str:
    """Plain git, as somebody else would use it."""
    who = {
        f"GIT_{role}_{what}": text
        for role in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", "Somebody Else"), ("EMAIL", "else@example.com"))
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=environment(**who),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
