"""Starts the programs of a cluster below one folder, and ends them whatever happens.

Each program leads a process group of its own and writes to a log of its own. A
guardian (leftovers.py) outlives this process: after a kill -9 it ends and
removes everything. A run that was killed together with its guardian is removed
by the next run in the same folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from e2e import leftovers
from e2e.leftovers import MARK

_PAUSE_SECONDS = 0.1
_END_SECONDS = 2.0  # nothing of a run is kept, so nothing has to be saved
_TAIL = 4000


class StartError(RuntimeError):
    """A program ended or was not ready in time; the message holds the end of its log."""


def folder_of(kind: str) -> Path:
    """The folder of this checkout's run of one kind: the same each time, and short.

    Short because the paths of sockets may have 107 characters at most.
    """
    checkout = str(Path(__file__).resolve().parents[2])
    name = hashlib.sha256(checkout.encode()).hexdigest()[:6]
    return Path(tempfile.gettempdir()).resolve() / f"sampledb-{kind}-{name}"


class Process:
    """A started program."""

    def __init__(self, run: Run, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.name, self._run, self._command, self._env = name, run, list(command), dict(env)
        self._child = self._launch()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def log(self) -> Path:
        return self._run.logs / f"{self.name}.log"

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll()

    def kill(self) -> None:
        """As kill -9 would, with all its children."""
        self._signal(signal.SIGKILL)
        self._child.wait()

    def pause(self) -> None:
        """It hangs: connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self, seconds: float = 10.0) -> None:
        """Ask it to end; kill it when it hasn't ended after `seconds`."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
        self.kill()

    def restart(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Start the same command once more, after it ended."""
        self._child = self._launch()
        self.wait(ready, seconds)

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready` says yes. Raises `StartError`."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._child.poll() is not None:
                msg = f"{self.name} ended with {self._child.returncode}:\n{self.tail()}"
                raise StartError(msg)
            if time.monotonic() > deadline:
                msg = f"{self.name} is not ready after {seconds:g} s:\n{self.tail()}"
                raise StartError(msg)
            time.sleep(_PAUSE_SECONDS)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-_TAIL:]

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            child = subprocess.Popen(
                self._command,
                env=self._env,
                cwd=self._run.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        leftovers.note(self._run.folder, "processes", f"{child.pid} {_started(child.pid)}")
        return child

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)


class Run:
    """Everything of one cluster: a folder, programs, and what they made outside the folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, and remove what an earlier run left there."""
        self.folder = folder
        self._lock = _locked(folder.with_name(folder.name + ".lock"))
        leftovers.clear(folder)
        folder.mkdir(mode=0o755)
        self.logs.mkdir()
        self._guardian = self._guard()
        self._processes: list[Process] = []

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        ready: Callable[[], bool],
        seconds: float = 60.0,
    ) -> Process:
        """Start a program; return when `ready` says yes.

        `env` is the whole environment; without it the program gets this process's.
        Raises `StartError` when it ends first or isn't ready after `seconds`.
        """
        marked = {**(os.environ if env is None else env), MARK: str(self.folder)}
        process = Process(self, name, command, marked)
        self._processes.append(process)
        process.wait(ready, seconds)
        return process

    def process(self, name: str) -> Process:
        """The newest process that was started under a name."""
        return next(one for one in reversed(self._processes) if one.name == name)

    def note(self, kind: str, what: str) -> None:
        """Have something removed at the end: kind is `links`, `rules` or `cgroups`."""
        leftovers.note(self.folder, kind, what)

    def stop(self) -> None:
        """End everything, newest first, and remove it."""
        for process in reversed(self._processes):
            process.stop(_END_SECONDS)
        if self._guardian.stdin is not None:
            self._guardian.stdin.close()
        self._guardian.wait()
        self._lock.close()

    def _guard(self) -> subprocess.Popen[bytes]:
        # The guardian inherits the lock: nobody takes the folder while it still removes things.
        return subprocess.Popen(
            [sys.executable, "-I", "-S", leftovers.__file__, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            pass_fds=[self._lock.fileno()],
            start_new_session=True,
        )


def _started(pid: int) -> str:
    return leftovers.start_time(pid)


def _locked(path: Path, seconds: float = 30.0) -> IO[str]:
    """The lock of a folder, held until the file is closed in every process that has it."""
    file = path.open("w")
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                msg = f"another run holds {path}; end it first"
                raise StartError(msg) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return file
