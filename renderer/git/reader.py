"""Reads objects of the local repository through persistent `git cat-file` processes."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Mapping
from subprocess import Popen

from renderer.git.errors import CacheError, damaged
from renderer.git.launch import Launcher, kill
from renderer.git.objects import TREE_MODE, Entry, ObjectFormat, parse_tree

_AHEAD = 256
"""Requests written before the answers are read: well below a pipe's 64 KiB."""
_KEPT_TREES = 64


class Objects:
    """The objects of one repository. Safe to use from several threads."""

    def __init__(self, launcher: Launcher, form: ObjectFormat, shown: str) -> None:
        """Start nothing yet; `shown` is the repository's address for messages."""
        self.form = form
        self._launcher = launcher
        self._shown = shown
        self._lock = threading.Lock()
        self._processes: dict[str, Popen[bytes]] = {}
        self._root = ("", "")
        self._trees: OrderedDict[str, Mapping[str, Entry]] = OrderedDict()

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Those that the local repository does not hold."""
        found = []
        with self._lock:
            for name, header in self._ask("--batch-check", ids):
                if header.endswith(b" missing"):
                    found.append(name)
        return found

    def contents(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Each object's content, in order; raises `CacheError` for one that is missing."""
        waiting = iter(ids)
        while chunk := list(itertools.islice(waiting, _AHEAD)):
            with self._lock:
                answers = list(self._bodies(chunk))
            yield from answers

    def tree(self, name: str, *, keep: bool = True) -> Mapping[str, Entry]:
        """A tree's entries; `keep` it in memory when it will be asked for again."""
        with self._lock:
            if name in self._trees:
                self._trees.move_to_end(name)
                return self._trees[name]
            ((_, raw),) = self._bodies([name])
            entries = parse_tree(raw, self.form)
            if keep:
                self._trees[name] = entries
                if len(self._trees) > _KEPT_TREES:
                    self._trees.popitem(last=False)
            return entries

    def root(self, commit: str) -> str:
        """The id of a commit's tree."""
        with self._lock:
            if self._root[0] != commit:
                ((_, header),) = self._ask("--batch-check", [f"{commit}^{{tree}}"])
                if b" tree " not in header:
                    msg = f"commit {commit} is missing"
                    raise self._damaged(msg)
                self._root = (commit, header.split(b" ", 1)[0].decode())
            return self._root[1]

    def entry(self, commit: str | None, path: str) -> Entry | None:
        """What lies at `path`, following trees only; None when there is nothing.

        Raises:
            NotADirectoryError: a parent is a file, a link or a submodule; names it.
        """
        if commit is None:
            return None
        found = Entry(TREE_MODE, self.root(commit))
        parts = path.split("/") if path else []
        for depth, part in enumerate(parts):
            if found.mode != TREE_MODE:
                raise NotADirectoryError("/".join(parts[:depth]))
            below = self.tree(found.id).get(part)
            if below is None:
                return None
            found = below
        return found

    def close(self) -> None:
        """End the processes; the next request starts new ones."""
        with self._lock:
            for process in self._processes.values():
                kill(process)
                process.communicate()
            self._processes.clear()

    def _bodies(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        with contextlib.closing(self._ask("--batch", ids)) as answers:
            for name, header in answers:
                kind = header.rsplit(b" ", 2)
                if len(kind) != 3 or not kind[2].isdigit():  # noqa: PLR2004 -- id, type and size
                    msg = f"object {name} is missing"
                    raise self._damaged(msg)
                stream = self._processes["--batch"].stdout
                body = stream.read(int(kind[2]) + 1) if stream else b""
                if len(body) <= int(kind[2]):
                    msg = f"object {name} ends too early"
                    raise self._damaged(msg)
                yield name, body[:-1]

    def _ask(self, mode: str, ids: Iterable[str]) -> Generator[tuple[str, bytes], None, None]:
        waiting = iter(ids)
        try:
            while chunk := list(itertools.islice(waiting, _AHEAD)):
                process = self._process(mode)
                if process.stdin is None or process.stdout is None:
                    raise self._damaged("git cat-file has no pipes")
                process.stdin.write("".join(f"{name}\n" for name in chunk).encode())
                process.stdin.flush()
                for name in chunk:
                    header = process.stdout.readline()
                    if not header:
                        raise self._damaged("git cat-file ended")
                    yield name, header.rstrip(b"\n")
        except (OSError, GeneratorExit, CacheError) as error:
            self._forget(mode)
            if isinstance(error, OSError):
                msg = f"git cat-file: {error.strerror}"
                raise self._damaged(msg) from error
            raise

    def _process(self, mode: str) -> Popen[bytes]:
        process = self._processes.get(mode)
        if process is None or process.poll() is not None:
            self._forget(mode)
            process = self._processes[mode] = self._launcher.start("cat-file", mode)
        return process

    def _forget(self, mode: str) -> None:
        process = self._processes.pop(mode, None)
        if process is not None:
            kill(process)
            process.communicate()

    def _damaged(self, what: str) -> CacheError:
        return damaged(self._shown, what)
