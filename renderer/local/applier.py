"""Applies a branch to the laptop cluster as Flux would: apply, keep an inventory, prune.

Each directory `<path>/databases/NAMESPACE/NAME` stands for one Kustomization with
`prune: true`: what can't be built or applied stops that directory alone, and nothing
of it is pruned. A directory that has left Git is pruned whole. What carries
`kustomize.toolkit.fluxcd.io/prune: disabled` on the live object is never deleted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from renderer.core import layout
from renderer.core.errors import SampleDBError, transient
from renderer.git.errors import RewrittenError
from renderer.git.remote import Remote
from renderer.git.repository import Repository
from renderer.local import build
from renderer.local.api.errors import ApiError
from renderer.local.api.store import Store
from renderer.local.api.writes import DeleteOptions, Write
from renderer.local.objects import Object

PRUNE = "kustomize.toolkit.fluxcd.io/prune"
MANAGER = "kustomize-controller"
_log = logging.getLogger(__name__)
_GLANCE_SECONDS = 0.05
Identity = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often, in seconds, and how slowly."""

    interval: float = 1.0
    """The branch is fetched this often, when poked, and at once after a local push."""
    drift: float = 60.0
    """Everything is applied again this often, changed or not."""
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


@dataclass(slots=True, kw_only=True)
class _Directory:
    files: Mapping[str, str]
    inventory: dict[Identity, None] = field(default_factory=dict)
    error: str = ""


class Applier:
    """Follows one branch in a thread of its own; `sync` is one pass, for tests."""

    def __init__(
        self, store: Store, remote: Remote, cache: Path, *, pace: Pace | None = None
    ) -> None:
        """The local copy of the repository lies below `cache`."""
        self._store, self._remote, self._cache = store, remote, cache
        self.pace = pace or Pace()
        self._repository: Repository | None = None
        self._known: dict[str, _Directory] = {}
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
        """One pass: fetch, apply what has changed (or `everything`), prune."""
        with self._working:
            self._written = self._last_write()
            try:
                commit, there = self._fetch()
            except SampleDBError as error:
                self._report = Report(
                    attempted=self._report.attempted,
                    applied=self._report.applied,
                    errors={"": str(error)},
                )
                return self._report
            if self.pace.delay and commit != self._report.attempted:
                self._closing.wait(self.pace.delay)
            for directory in sorted({*there, *self._known}):
                if directory in there:
                    self._apply(directory, there[directory], everything=everything)
                else:
                    self._remove(directory)
            errors = {name: known.error for name, known in self._known.items() if known.error}
            applied = self._report.applied if errors else commit
            self._report = Report(attempted=commit, applied=applied, errors=errors)
            return self._report

    def _run(self) -> None:
        while not self._closing.is_set():
            self._running.wait()
            self._poked.clear()
            everything = time.monotonic() - self._swept > self.pace.drift
            if everything:
                self._swept = time.monotonic()
            if not self._closing.is_set():
                try:
                    self.sync(everything=everything)
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

    def _fetch(self) -> tuple[str, Mapping[str, Mapping[str, str]]]:
        if self._repository is None:
            self._repository = Repository.open(self._remote, self._cache)
        else:
            try:
                self._repository.fetch()
            except RewrittenError:
                self._repository.accept_rewritten()  # as Flux, which goes where the branch goes
        above = layout.databases(self._remote.path)
        commit = self._repository.tip or ""
        if commit and commit == self._report.attempted:
            return commit, {name: known.files for name, known in self._known.items()}
        return commit, {
            directory: files
            for directory, files in self._repository.snapshot(above).items()
            if directory.removeprefix(f"{above}/").count("/") == 1
        }

    def _apply(self, directory: str, files: Mapping[str, str], *, everything: bool) -> None:
        known = self._known.setdefault(directory, _Directory(files={}))
        if files == known.files and not everything and not known.error:
            return
        known.files = files
        try:
            wanted = build.objects(directory, files, self._reader(files))
            for how in (Write(dry_run=True), Write()):
                for thing in wanted:
                    self._one(thing, how)
        except SampleDBError as error:
            known.error = str(error)
            return
        known.error = ""
        present = dict.fromkeys(build.identity(thing) for thing in wanted)
        # The new inventory first: what another directory took over must not be pruned.
        gone = [identity for identity in known.inventory if identity not in present]
        known.inventory = present
        self._prune(gone)

    def _one(self, thing: Object, how: Write) -> None:
        try:
            self._store.apply(thing, manager=MANAGER, force=True, write=how)
        except ApiError as error:
            _, kind, namespace, name = build.identity(thing)
            message = f"{kind}/{namespace}/{name} dry-run failed ({error.reason}): {error.message}"
            raise transient(message) from error

    def _reader(self, files: Mapping[str, str]) -> build.Read:
        repository = self._repository
        contents = repository.read_many(files.values()) if repository is not None else {}

        def read(name: str) -> bytes:
            return contents[files[name]]

        return read

    def _remove(self, directory: str) -> None:
        known = self._known.pop(directory)
        self._prune(list(known.inventory))

    def _prune(self, gone: list[Identity]) -> None:
        elsewhere = {identity for known in self._known.values() for identity in known.inventory}
        for identity in reversed(gone):
            if identity not in elsewhere:
                self._delete(identity)

    def _delete(self, identity: Identity) -> None:
        version, kind, namespace, name = identity
        resource = self._store.resources.of_kind(version, kind)
        if resource is None:
            return
        try:
            live = self._store.get(resource, name, namespace)
            if (live["metadata"].get("annotations") or {}).get(PRUNE) == "disabled":
                return
            self._store.delete(
                resource, name, namespace, DeleteOptions(uid=live["metadata"]["uid"])
            )
        except ApiError as error:
            if error.reason not in {"NotFound", "Conflict"}:
                raise
