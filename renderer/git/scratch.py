"""A temporary folder for local copies, which doesn't outlive its process for long.

A process that is killed can't remove its own: the next one does. Whose process lives is told by
the lock on a file in the folder, which the kernel lets go of with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_PREFIX = "sampledb-"
_HELD = "held"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Make a folder, and remove it at the end; those of killed processes are removed first."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as made, _hold(Path(made)):
        yield Path(made)


def _hold(made: Path) -> IO[bytes]:
    """Lock the folder. The file gets its name when it is locked: one without it is left alone."""
    fresh = made / f"{_HELD}.new"
    lock = fresh.open("xb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    fresh.rename(made / _HELD)
    return lock


def _sweep(above: Path) -> None:
    for found in above.glob(f"{_PREFIX}*/{_HELD}"):
        with contextlib.suppress(OSError):
            _remove(found)


def _remove(held: Path) -> None:
    """Remove the folder of a lock of this user's; `OSError` when its process lives."""
    if held.lstat().st_uid != os.geteuid() or held.parent.is_symlink():
        return
    descriptor = os.open(held, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(held.parent)
    finally:
        os.close(descriptor)
