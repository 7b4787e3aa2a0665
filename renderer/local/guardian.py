"""The guardian: a small process that outlives the laptop cluster and cleans up after it.

It is told which process groups run. When its standard input ends — the cluster
was closed, or its process was killed with -9 — it stops every group that is
left, and removes the run's folder. Run as a script it imports nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

MARK = "SAMPLEDB_LAPTOP"
"""Every process of a run has this environment variable: the run's folder."""
_GRACE_SECONDS = 3.0


class Guardian:
    """The side that the laptop cluster holds. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Start guarding: `folder` is removed at the end."""
        self._lock = threading.Lock()
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            text=True,
        )

    def started(self, group: int) -> None:
        """A process group runs from now on."""
        self._tell(f"+{group}")

    def ended(self, group: int) -> None:
        """A process group is gone; its number may be used by others."""
        self._tell(f"-{group}")

    def close(self) -> None:
        """Have everything stopped and removed; returns when that is done."""
        with self._lock, contextlib.suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        self._child.wait()

    def _tell(self, line: str) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self._child.stdin is not None:
                self._child.stdin.write(line + "\n")
                self._child.stdin.flush()


def signal_group(group: int, number: int) -> bool:
    """Signal a process group; False when there is none left."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def marked(folder: str) -> list[int]:
    """Processes that carry the run's mark, in whatever group they are (Linux's /proc)."""
    needle = f"{MARK}={folder}\0".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if needle in (entry / "environ").read_bytes() + b"\0":
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def _stop(groups: set[int], folder: str) -> None:
    # SIGINT is PostgreSQL's fast shutdown: it leaves no shared memory behind. A shell's
    # background processes ignore it, so SIGTERM follows.
    left = groups
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        left = {group for group in left if signal_group(group, number)}
        deadline = time.monotonic() + _GRACE_SECONDS / 2
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = {group for group in left if signal_group(group, 0)}
    for pid in marked(folder):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _remove(folder: str) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    while Path(folder).exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.02)


def guard(folder: str) -> None:
    """Listen until standard input ends, then clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    _stop(groups, folder)
    _remove(folder)


if __name__ == "__main__":
    guard(sys.argv[1])
