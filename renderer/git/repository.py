"""A repository's branch: read at the last tip seen, written by compare-and-swap."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from renderer.core import layout
from renderer.git import batch, environment
from renderer.git import cache as copies
from renderer.git.change import Change, Outcome, Unchanged
from renderer.git.connection import Connection, advertised
from renderer.git.contents import Contents
from renderer.git.errors import CacheError, RewrittenError, damaged, rewritten
from renderer.git.history import History
from renderer.git.objects import TREE_MODE, Entry, Inventory, parse_inventory, parse_listing
from renderer.git.publish import Publish
from renderer.git.reader import Objects
from renderer.git.remote import Remote
from renderer.git.ways import Ways

_TIDY_EVERY = timedelta(minutes=10)


__all__ = ["Repository", "Ways"]


class Repository:
    """Safe to use from several threads: reads go on while a push is under way."""

    def __init__(self, remote: Remote, copy: copies.Cache, ways: Ways) -> None:
        """Use `open`."""
        self.remote = remote
        self._copy = copy
        self._ways = ways
        self._writing = threading.RLock()
        self._connection = Connection(remote, copy.launcher)
        self._objects = Objects(copy.launcher, copy.form, str(remote))
        self._history = History(copy.launcher)
        self._contents = Contents(
            self._objects,
            self._connection,
            lambda: self.snapshot(layout.databases(remote.path)),
        )
        self._damaged = False
        self._tidy_at = datetime.min.replace(tzinfo=UTC)
        self._tip = self._known()

    @classmethod
    def open(cls, remote: Remote, cache: Path, ways: Ways | None = None) -> Self:
        """Open (making the local copy below `cache` where needed) and fetch the branch.

        Raises:
            SampleDBError: by what to do about it.
        """
        copy, there = copies.acquire(remote, cache)
        repository = cls(remote, copy, ways or Ways())
        try:
            repository._advance(there.tip)
        except BaseException:
            repository.close()
            raise
        return repository

    def close(self) -> None:
        """End the processes and let go of the local copy."""
        self._objects.close()
        self._copy.lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def tip(self) -> str | None:
        """The branch's last commit that was seen; None while there is no such branch."""
        return self._tip

    @property
    def folder(self) -> Path:
        """Where the local copy lies."""
        return self._copy.folder

    def fetch(self) -> None:
        """Take up where the remote branch stands; makes a damaged local copy anew.

        Raises:
            RewrittenError: the branch no longer descends from the last tip seen.
            SampleDBError: by what to do about it.
        """
        with self._writing:
            if self._damaged:
                self._rebuild()
            there = advertised(self.remote, self.folder.parent)
            if there.form is not self._copy.form:
                what = "the repository was made anew with another object format"
                raise self._rewritten(what)
            self._advance(there.tip)

    def read(self, path: str) -> bytes | None:
        """A file's content at the tip; None when no plain file is there."""
        entry = self._entry(path)
        if entry is None or entry.mode in {TREE_MODE, "120000", "160000"}:
            return None
        return self.read_many([entry.id])[entry.id]

    def tree(self, directory: str) -> str | None:
        """The tree id of a directory at the tip; None when there is no such directory."""
        entry = self._entry(directory)
        return entry.id if entry and entry.mode == TREE_MODE else None

    def listing(self, directory: str) -> Mapping[str, str]:
        """Everything directly in a directory at the tip: name to object id."""
        found = self.tree(directory)
        if found is None:
            return {}
        with self._watched():
            entries = self._objects.tree(found, keep=False)
        return {name: entry.id for name, entry in entries.items()}

    def snapshot(self, prefix: str) -> Mapping[str, Mapping[str, str]]:
        """Every directory with files below `prefix`: its path, then name to blob id."""
        return parse_listing(self._listed(prefix, "-r"))

    def inventory(self, prefix: str) -> Inventory:
        """Everything below `prefix` at the tip, read at once."""
        return parse_inventory(self._listed(prefix, "-r", "-t"))

    def _listed(self, prefix: str, *how: str) -> bytes:
        scope = [f"{prefix}/"] if prefix else []
        tip = self._tip
        if tip is None:
            return b""
        found = self._copy.launcher.run("ls-tree", *how, "-z", "--full-tree", tip, "--", *scope)
        if not found.ok:
            msg = f"git ls-tree: {found.err.strip()}"
            raise self._broken(msg)
        return found.out

    def read_many(self, blob_ids: Iterable[str]) -> Mapping[str, bytes]:
        """Contents by blob id; those not here yet are fetched in one request.

        Raises:
            SampleDBError: the remote's, by what to do about it.
        """
        with self._watched():
            return self._contents.read(blob_ids)

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Whether `of` is or descends from `commit`; False for a commit that is not known."""
        return self._history.within(commit, of)

    def last_commit(self, directory: str) -> tuple[str, datetime] | None:
        """The last commit that changed a directory, and when it was committed."""
        return self._history.last(directory, self._tip) if self._tip else None

    def publish(
        self,
        changes: Sequence[Change],
        *,
        now: datetime | None = None,
        approved: bool = False,
    ) -> tuple[Outcome, ...]:
        """Bring changes to the remote branch in one push; one outcome each, in order.

        Nothing is fetched or written when nothing changes. When the branch moved, the
        same content is written again on its new tip. `now` is the commits' time (the
        clock's by default); `approved` lets removals past the guard.

        Raises:
            SampleDBError: nothing was written; by what to do about it.
        """
        with self._writing, self._watched():
            if self._damaged:
                self.fetch()
            work = Publish(
                repository=self,
                objects=self._objects,
                connection=self._connection,
                launcher=self._copy.launcher,
            )
            outcomes = work.run(changes, now or self._ways.clock(), approved=approved)
            self._tidy()
            return outcomes

    def holds(self, change: Change) -> bool:
        """Whether the tip holds exactly what `change` wants; False for one that is refused."""
        with self._watched():
            wanted = batch.identify([change], self._copy.form)
            found = batch.select(
                self._objects,
                self._tip,
                wanted,
                path=self.remote.path,
                shown=str(self.remote),
            )
        return isinstance(found.settled.get(0), Unchanged)

    def check_owner(self) -> bool:
        """Whether the owner file names us; False when there is none (or no fence is set).

        Raises:
            OwnedByAnotherError: it names another controller.
        """
        path = layout.owner_file(self.remote.path)
        content = self.read(path) if self._ways.owner else None
        if content is None or self._ways.owner is None:
            return False
        self._ways.owner.check(content, path=path, shown=str(self.remote))
        return True

    def collect(self) -> None:
        """Pack the local copy; called by itself now and then."""
        env = environment.local()
        promisor = [
            word for name, value in environment.PROMISOR for word in ("-c", f"{name}={value}")
        ]
        with self._writing:
            self._copy.launcher.run(*promisor, "gc", "--quiet", "--prune=1.hour.ago", env=env)

    def _tidy(self) -> None:
        """Collect when it's crowded, but not at every push: some objects have to stay a while."""
        now = self._ways.clock()
        if now >= self._tidy_at and copies.crowded(self.folder):
            self._tidy_at = now + _TIDY_EVERY
            self.collect()

    def accept_rewritten(self) -> None:
        """Go on from the branch as it is now, after its history was rewritten on purpose."""
        with self._writing:
            self._rebuild()
            self.fetch()

    @property
    def ways(self) -> Ways:
        """How this repository is used."""
        return self._ways

    def advance_to(self, commit: str) -> None:
        """Take `commit`, which we pushed or fetched, as the tip."""
        kept = self._copy.launcher.run("update-ref", copies.TIP, commit)
        if not kept.ok:
            msg = f"git update-ref: {kept.err.strip()}"
            raise self._broken(msg)
        self._tip = commit

    def _advance(self, tip: str | None) -> None:
        if tip == self._tip:
            return
        if tip is None:
            raise self._rewritten("the branch was removed")
        found = self._connection.fetch()
        if self._tip is not None:
            descends = self._history.descent(self._tip, found)
            if descends is None:
                what = "git merge-base failed"
                raise self._broken(what)
            if not descends:
                what = f"its tip {found[:12]} does not descend from {self._tip[:12]}"
                raise self._rewritten(what)
        self.advance_to(found)

    def _entry(self, path: str) -> Entry | None:
        with self._watched(), contextlib.suppress(NotADirectoryError):
            return self._objects.entry(self._tip, path)
        return None

    def _known(self) -> str | None:
        told = self._copy.launcher.run("rev-parse", "--verify", "--quiet", copies.TIP)
        return told.text if told.ok else None

    def _rebuild(self) -> None:
        self._objects.close()
        copies.create(self.folder, self.remote, self._copy.form)
        self._damaged, self._tip = False, None

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except CacheError:
            self._damaged = True
            raise

    def _broken(self, what: str) -> CacheError:
        self._damaged = True
        return damaged(str(self.remote), what)

    def _rewritten(self, what: str) -> RewrittenError:
        return rewritten(
            str(self.remote), f"{self.remote.branch} was rewritten: {what}", self.folder
        )
