"""One publish: compare, write, push, and again on the new tip when the branch moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from renderer.core import layout
from renderer.core.errors import SampleDBError
from renderer.git import trouble
from renderer.git.batch import Selection, database_directories, identify, select
from renderer.git.change import Change, Committed, Outcome, Refused
from renderer.git.connection import Connection, Pushed
from renderer.git.errors import MovedError, ProtectedError, detail
from renderer.git.launch import Launcher
from renderer.git.pause import pauses
from renderer.git.reader import Objects
from renderer.git.writer import write

if TYPE_CHECKING:
    from renderer.git.repository import Repository

_SURE = 2
"""Rejections at an unmoved tip before it counts as a rule of the server's: a push that is
in the way of ours may take a moment to move the branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """What one publish works with."""

    repository: Repository
    objects: Objects
    connection: Connection
    launcher: Launcher

    def run(
        self, changes: Sequence[Change], now: datetime, *, approved: bool
    ) -> tuple[Outcome, ...]:
        """See `Repository.publish`."""
        remote, ways = self.repository.remote, self.repository.ways
        wanted = identify(changes, self.objects.form)
        rest = pauses(remote.limits, ways.dice)
        rejections = 0
        while True:
            tip = self.repository.tip
            chosen = self._guarded(
                select(self.objects, tip, wanted, path=remote.path, shown=str(remote)),
                approved=approved,
            )
            if not chosen.pending:
                return _outcomes(chosen, [], now)
            pending = self._fenced(list(chosen.pending.values()))
            groups = [[change] for change in pending] if remote.commit_each else [pending]
            commits = write(remote, self.launcher, tip, groups, now)
            pushed = self.connection.push(commits[-1], tip)
            if pushed.ok:
                self.repository.advance_to(commits[-1])
                return _outcomes(chosen, commits, now)
            if self._landed(pushed, commits[-1]):
                return _outcomes(chosen, commits, now)
            rejections = rejections + 1 if self.repository.tip == tip else 0
            if rejections:
                self._give_up(pushed, rejections)
            pause = next(rest, None)
            if pause is None:
                raise self._moved()
            ways.sleep(pause)
            if not rejections:
                # Whoever moved the branch may have gone on during the pause.
                self.repository.fetch()

    def _landed(self, pushed: Pushed, commit: str) -> bool:
        """Look where the branch is now: a push whose answer was lost may have got through."""
        try:
            self.repository.fetch()
        except SampleDBError:
            if pushed.answered or pushed.finished.late:
                raise
            # The push's own failure says more than that of the look-up after it.
            raise trouble.error(self.repository.remote, "pushing", pushed.finished) from None
        tip = self.repository.tip
        return tip is not None and self.repository.is_ancestor(commit, tip)

    def _give_up(self, pushed: Pushed, rejections: int) -> None:
        """The branch did not move: nothing to replay on. Returns when it's worth another try."""
        remote = self.repository.remote
        if not pushed.answered:
            raise trouble.error(remote, "pushing", pushed.finished)
        if rejections < _SURE:
            return
        said = trouble.remote_words(pushed.finished.err)
        words = f"; it says: {said}" if said else ""
        problem = f"the server refused the push to {remote.branch}: {pushed.reason}{words}"
        remedy = (
            "allow this account to push to the branch (protection rules, hooks), "
            "or set another branch"
        )
        raise ProtectedError(detail(str(remote), problem, remedy))

    def _moved(self) -> MovedError:
        remote = self.repository.remote
        problem = (
            f"others moved {remote.branch} during each of {remote.limits.attempts} attempts to push"
        )
        return MovedError(detail(str(remote), problem, "it will be tried again"))

    def _guarded(self, chosen: Selection, *, approved: bool) -> Selection:
        """Refuse the removals when they are too many; the rest goes on."""
        if approved or not chosen.removed:
            return chosen
        remote = self.repository.remote
        existing = database_directories(self.objects, self.repository.tip, remote.path)
        removed = list(chosen.removed.values())
        error = self.repository.ways.removals.error(removed, existing, str(remote))
        if error is None:
            return chosen
        return Selection(
            settled={**chosen.settled, **{place: Refused(error=error) for place in chosen.removed}},
            pending={
                place: change
                for place, change in chosen.pending.items()
                if place not in chosen.removed
            },
            removed={},
        )

    def _fenced(self, pending: list[Change]) -> list[Change]:
        """Check the owner file; where there is none, the first change brings it."""
        owner = self.repository.ways.owner
        if owner is None or self.repository.check_owner():
            return pending
        first, *others = pending
        path = layout.owner_file(self.repository.remote.path)
        return [replace(first, beside={**first.beside, path: owner.document()}), *others]


def _outcomes(chosen: Selection, commits: Sequence[str], now: datetime) -> tuple[Outcome, ...]:
    found: dict[int, Outcome] = dict(chosen.settled)
    for number, place in enumerate(chosen.pending):
        commit = commits[number] if len(commits) == len(chosen.pending) else commits[0]
        found[place] = Committed(commit=commit, committed_at=now)
    return tuple(found[place] for place in range(len(found)))
