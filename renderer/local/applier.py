"""Applies a branch to the laptop cluster as Flux would: apply, keep an inventory, prune.

Each directory `<path>/databases/NAMESPACE/NAME` stands for one Kustomization with
`prune: true`: what can't be built or applied stops that directory alone, and nothing
of it is pruned. A directory that has left Git is pruned whole. What carries
`kustomize.toolkit.fluxcd.io/prune: disabled` on the live object is never deleted.

Where `<path>/apps/` holds Applications or Kustomizations (`handoffs.py`), only what
they name is applied, and they get the status that Argo CD or Flux would write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from renderer.core import layout
from renderer.core.errors import SampleDBError
from renderer.git.errors import RewrittenError
from renderer.git.remote import Remote
from renderer.git.repository import Repository
from renderer.local import build, inventory
from renderer.local.api.store import Store
from renderer.local.handoffs import Handoffs
from renderer.local.inventory import Directory

Tree = Mapping[str, Mapping[str, str]]
"""Directory → file name → blob id."""
_log = logging.getLogger(__name__)
_GLANCE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, in seconds, and how slowly."""

    interval: float = 1.0
    """The branch is fetched this often, when poked, and at once after a local push."""
    drift: float = 60.0
    """What others have changed or deleted is applied again this often."""
    delay: float = 0.0
    """Waited between seeing a commit and applying it: an applier that is slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far the applier is."""

    attempted: str = ""
    """The last commit that was seen and gone through."""
    applied: str = ""
    """The last commit that was applied without an error."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Directory → why it couldn't be applied; "" stands for the repository itself."""


class Applier:
    """Follows one branch in a thread of its own; `sync` is one pass, for tests."""

    def __init__(
        self, store: Store, remote: Remote, cache: Path, *, pace: Pace | None = None
    ) -> None:
        """The local copy of the repository lies below `cache`."""
        self._store, self._remote, self._cache = store, remote, cache
        self.pace = pace or Pace()
        self._repository: Repository | None = None
        self._known: dict[str, Directory] = {}
        self._there: Tree = {}
        self._handoffs = Handoffs(store=store, branch=remote.branch)
        self._report = Report()
        self._swept = 0.0
        self._written = 0
        self._working = threading.Lock()
        self._poked, self._closing = threading.Event(), threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._thread = threading.Thread(target=self._run, name="applier", daemon=True)

    @property
    def report(self) -> Report:
        """How far it is."""
        return self._report

    def start(self) -> None:
        """Follow the branch from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop; a pass under way is finished."""
        self._closing.set()
        self._running.set()
        self._poked.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._repository is not None:
            self._repository.close()
            self._repository = None

    def poke(self) -> None:
        """Look at the branch now."""
        self._poked.set()

    def pause(self) -> None:
        """Apply nothing until `resume` (`flux suspend`); a pass under way is finished."""
        self._running.clear()
        with self._working:
            pass

    def resume(self) -> None:
        """Go on, at once."""
        self._running.set()
        self._poked.set()

    def wait_for(self, commit: str, seconds: float) -> bool:
        """Poke until `commit` has been gone through, or `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while self._report.attempted != commit and time.monotonic() < deadline:
            self.poke()
            self._closing.wait(0.05)
        return self._report.attempted == commit

    def sync(self, *, everything: bool = False) -> Report:
        """One pass: fetch, apply what has changed (or `everything` that drifted), prune."""
        with self._working:
            self._report = self._pass(everything=everything)
            return self._report

    def _pass(self, *, everything: bool) -> Report:
        before = self._report
        self._written = self._last_write()
        try:
            commit, there, apps = self._fetch()
            if self.pace.delay and commit != before.attempted:
                self._closing.wait(self.pace.delay)
            refused = self._take_handoffs(apps)
        except SampleDBError as error:
            return replace(before, errors={"": str(error)})
        for directory in sorted({*there, *self._known}):
            if directory not in there:
                self._leave(directory)
            elif not self._handoffs.suspended(directory):
                self._apply(directory, there[directory], everything=everything)
        errors = {name: known.error for name, known in self._known.items() if known.error}
        for directory in self._handoffs.by_directory:
            if directory in self._known and not self._handoffs.suspended(directory):
                self._handoffs.report(directory, commit, errors.get(directory, ""))
        errors |= {"apps": refused} if refused else {}
        return Report(attempted=commit, applied=before.applied if errors else commit, errors=errors)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._running.wait()
            self._poked.clear()
            everything = time.monotonic() - self._swept > self.pace.drift
            if everything:
                self._swept = time.monotonic()
            with self._working:
                # Asked again inside the lock: `pause` may have come in between.
                if self._closing.is_set() or not self._running.is_set():
                    continue
                try:
                    self._report = self._pass(everything=everything)
                except Exception:  # noqa: BLE001  # the next pass may do better
                    _log.exception("the applier of the laptop cluster failed; it tries again")
            self._rest()

    def _rest(self) -> None:
        """Wait for the interval, a poke, or a push (which a local repository's files tell)."""
        deadline, before = time.monotonic() + self.pace.interval, self._written
        while not self._poked.wait(_GLANCE_SECONDS) and time.monotonic() < deadline:
            if self._last_write() != before:
                return

    def _last_write(self) -> int:
        """When the branch was last written, in nanoseconds; 0 for a repository elsewhere."""
        try:
            return (Path(self._remote.url) / self._remote.ref).stat().st_mtime_ns
        except OSError:
            return 0

    def _fetch(self) -> tuple[str, Tree, Mapping[str, str]]:
        """(commit, directories below `databases/`, files of `apps/`)."""
        if self._repository is None:
            self._repository = Repository.open(self._remote, self._cache)
        else:
            try:
                self._repository.fetch()
            except RewrittenError:
                self._repository.accept_rewritten()  # as Flux, which goes where the branch goes
        commit = self._repository.tip or ""
        if not commit or commit != self._report.attempted:
            self._there = self._repository.snapshot(layout.prefix(self._remote.path))
        above = layout.databases(self._remote.path)
        databases = {
            directory: files
            for directory, files in self._there.items()
            if directory.startswith(f"{above}/")
            and directory.removeprefix(f"{above}/").count("/") == 1
        }
        return commit, databases, self._there.get(layout.join(self._remote.path, "apps"), {})

    def _take_handoffs(self, files: Mapping[str, str]) -> str:
        error, gone = self._handoffs.take(files, self._reader(files))
        for handoff in gone:
            known = self._known.pop(handoff.directory, None)
            if known is not None and handoff.final:
                inventory.prune(self._store, self._alone(known.inventory))
            self._handoffs.remove(handoff)
        return error

    def _apply(self, directory: str, files: Mapping[str, str], *, everything: bool) -> None:
        known = self._known.setdefault(directory, Directory(files={}))
        due = files != known.files or known.error or (everything and known.drifted(self._store))
        if not due:
            return
        known.files = files
        handoff = self._handoffs.by_directory.get(directory)
        try:
            wanted = build.objects(directory, files, self._reader(files))
            marked = [handoff.marked(thing) for thing in wanted] if handoff else wanted
            present = inventory.apply(self._store, marked)
        except SampleDBError as error:
            known.error = str(error)
            return
        known.error = ""
        gone = [identity for identity in known.inventory if identity not in present]
        # First the new inventory: what another directory took over must not be pruned.
        known.inventory = present
        inventory.prune(self._store, self._alone(gone))

    def _leave(self, directory: str) -> None:
        """A directory that has left Git."""
        if directory in self._handoffs.by_directory:
            # Its Kustomization is still there: Flux says so, and keeps everything.
            self._known[directory].error = f"kustomization path not found: {directory}"
            return
        known = self._known.pop(directory)
        if not self._handoffs.used:
            inventory.prune(self._store, self._alone(known.inventory))

    def _alone(self, gone: Iterable[inventory.Identity]) -> list[inventory.Identity]:
        """Those that no other directory has; last applied, first pruned."""
        elsewhere = {each for known in self._known.values() for each in known.inventory}
        return [identity for identity in reversed(list(gone)) if identity not in elsewhere]

    def _reader(self, files: Mapping[str, str]) -> build.Read:
        repository = self._repository
        contents = repository.read_many(files.values()) if repository is not None else {}

        def read(name: str) -> bytes:
            return contents[files[name]]

        return read
