"""One local process: started as the account, in a group of its own, with its output in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.local.guardian import MARK, Guardian, signal_group
from renderer.local.programs import Account

_GONE_SECONDS = 1.0
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """How processes of this run are started."""

    folder: Path
    """The run's folder."""
    owner: Account | None
    guardian: Guardian

    def environment(self, programs: Path | None, values: Mapping[str, str]) -> dict[str, str]:
        """`values` on top of the little that every process has; nothing of ours leaks in."""
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        base = {"PATH": f"{programs}:{system}" if programs else system, "LANG": "C.UTF-8"}
        return base | dict(values) | {MARK: str(self.folder)}

    def start(
        self, command: Sequence[str], env: Mapping[str, str], *, cwd: Path, log: Path
    ) -> Process:
        """Start it. `OSError` when the program can't be started."""
        with log.open("ab") as output:
            child = subprocess.Popen(
                command, env=dict(env), cwd=cwd, stdout=output, **self._common()
            )
        self.guardian.started(child.pid)
        return Process(child, self.guardian)

    def run(
        self, command: Sequence[str], env: Mapping[str, str], *, cwd: Path, seconds: float
    ) -> tuple[int, str]:
        """Run it to its end within `seconds`: exit code and output; 124 when it took longer."""
        child = subprocess.Popen(
            command, env=dict(env), cwd=cwd, stdout=subprocess.PIPE, **self._common()
        )
        self.guardian.started(child.pid)
        try:
            output = child.communicate(timeout=seconds)[0]
            return child.returncode, output.decode(errors="replace")
        except subprocess.TimeoutExpired:
            return 124, f"timed out after {seconds:g} s"
        finally:
            Process(child, self.guardian).kill()

    def _common(self) -> dict[str, Any]:
        owner = self.owner
        who = {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner else {}
        return {
            "stdin": subprocess.DEVNULL,
            "stderr": subprocess.STDOUT,
            "start_new_session": True,
            "umask": 0o022,
            "preexec_fn": _listen if _deaf() else None,
            **who,
        }


def _deaf() -> bool:
    """Whether we were started as `… &` or under nohup: what we start would ignore signals too."""
    return any(signal.getsignal(number) is signal.SIG_IGN for number in _STOPPING)


def _listen() -> None:
    """In the child, as a container runtime leaves it: no signal is ignored."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_DFL)


class Process:
    """A started process with its group."""

    def __init__(self, child: subprocess.Popen[bytes], guardian: Guardian) -> None:
        """Take over a child that leads its own group."""
        self._child, self._guardian = child, guardian
        self._swept = False

    def exit_code(self) -> int | None:
        """None while it runs; as a container runtime counts: 128 + the signal's number."""
        code = self._child.poll()
        if code is None:
            return None
        self._sweep()
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        """Signal the first process only, as a container runtime does."""
        if self._child.poll() is None:
            os.kill(self._child.pid, number)

    def kill(self) -> None:
        """Kill the whole group, and wait for the first process."""
        signal_group(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._sweep()

    def _sweep(self) -> None:
        """A container ends with its first process: whatever is left in the group goes too."""
        if self._swept:
            return
        self._swept = True
        deadline = time.monotonic() + _GONE_SECONDS
        while signal_group(self._child.pid, signal.SIGKILL) and time.monotonic() < deadline:
            time.sleep(0.01)
        self._guardian.ended(self._child.pid)
