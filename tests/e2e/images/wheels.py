"""Python packages into a folder: pinned, checked against their hashes, not compiled."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from e2e.images.roots import run

TOP = Path(__file__).resolve().parents[3]
_UV = TOP / ".venv/tools/bin/uv"  # `make setup` puts it there


def install(requirements: str, folder: Path) -> None:
    """Install what `requirements` lists, each line with its pin and hashes."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write(requirements)
        listed.flush()
        _pip_install(folder, "--require-hashes", "-r", listed.name)


def install_wheel(wheel: Path, folder: Path) -> None:
    """Install one wheel that was made here."""
    _pip_install(folder, str(wheel))


def _pip_install(folder: Path, *what: str) -> None:
    # The image's Python is Debian's, whatever runs this. Copies: the cache's own files stay so.
    target = ("--target", str(folder), "--python-version", "3.11", "--link-mode", "copy")
    # uv's own directory mark is no part of the packages.
    options = ("--no-deps", "--no-compile", "--only-binary", ":all:", "--python", sys.executable)
    run([_UV, "pip", "install", "-q", *target, *options, *what])
    (folder / ".lock").unlink(missing_ok=True)
