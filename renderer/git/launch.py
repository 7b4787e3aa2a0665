"""Starts git, through GitPython; the only module that imports it.

Each command runs in a session of its own: a signal to the controller does not
interrupt a push, and a command that takes too long is killed with its children.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from git.cmd import Git

from renderer.git import environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended."""

    status: int
    out: bytes
    err: str
    late: float = 0.0
    """The seconds after which it was killed; 0 when it ended by itself."""

    @property
    def ok(self) -> bool:
        """It ended with status 0."""
        return self.status == 0

    @property
    def text(self) -> str:
        """Its output, stripped."""
        return self.out.decode(errors="replace").strip()


class Launcher:
    """Runs git on one repository (or on none, for `ls-remote`)."""

    def __init__(self, folder: Path, *, repository: bool = True) -> None:
        """`folder` is the bare repository, or just a place to run in."""
        self._git = Git(str(folder))
        self._prefix = ["git", f"--git-dir={folder}"] if repository else ["git"]
        self._ceiling = {"GIT_CEILING_DIRECTORIES": str(folder.parent)}

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        limit: float | None = None,
    ) -> Finished:
        """Run to the end; `limit` in seconds. Never raises for git's own failure."""
        process = self.start(*arguments, env=env)
        try:
            out, err = process.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            kill(process)
            out, err = process.communicate()
            return Finished(status=-1, out=out, err=err.decode(errors="replace"), late=limit or 0)
        except BaseException:
            kill(process)
            process.communicate()
            raise
        return Finished(status=process.returncode, out=out, err=err.decode(errors="replace"))

    def start(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start and return the process, with pipes for all three streams."""
        unset = [word for name in environment.unwanted() for word in ("-u", name)]
        command = [*(["env", *unset] if unset else []), *self._prefix, *arguments]
        started = self._git.execute(
            command,
            istream=subprocess.PIPE,
            as_process=True,
            env=(environment.local() if env is None else dict(env)) | self._ceiling,
            start_new_session=True,
        )
        process = cast("subprocess.Popen[bytes]", started.proc)
        started.proc = None  # else GitPython ends the process when its wrapper goes
        return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that `Launcher` started, with everything that it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
