"""What the commits say: which came before which, and which last changed a directory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime

from renderer.git.launch import Launcher

_KEPT = 2
"""Histories kept in memory: an applied revision and the one before it, 85 bytes a commit."""


class History:
    """The commits of one local repository. Safe to use from several threads."""

    def __init__(self, launcher: Launcher) -> None:
        """Read nothing yet."""
        self._launcher = launcher
        self._lock = threading.Lock()
        self._before: OrderedDict[str, frozenset[bytes]] = OrderedDict()

    def within(self, commit: str, of: str) -> bool:
        """Whether `of` is or descends from `commit`; False for one that is not known.

        Asked for thousands of commits and few `of`, so a whole history is read at once.
        """
        if commit == of:
            return True
        with self._lock:
            before = self._before.get(of)
            if before is None:
                told = self._launcher.run("rev-list", "--end-of-options", of, "--")
                if not told.ok:
                    return False
                before = frozenset(bytes.fromhex(line) for line in told.text.split())
                self._before[of] = before
                if len(self._before) > _KEPT:
                    self._before.popitem(last=False)
            self._before.move_to_end(of)
        try:
            return bytes.fromhex(commit) in before
        except ValueError:
            return False

    def descent(self, commit: str, of: str) -> bool | None:
        """Whether `of` descends from `commit`; None when git can't tell: a damaged copy."""
        status = self._launcher.run("merge-base", "--is-ancestor", commit, of).status
        return {0: True, 1: False}.get(status)

    def last(self, directory: str, tip: str) -> tuple[str, datetime] | None:
        """The last commit up to `tip` that changed a directory; None when there is none."""
        told = self._launcher.run(
            "log", "-1", "--format=%H %ct", tip, "--", f":(literal){directory}"
        )
        commit, _, seconds = told.text.partition(" ")
        return (commit, datetime.fromtimestamp(int(seconds), UTC)) if told.ok and commit else None
