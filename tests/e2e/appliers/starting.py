"""What the appliers need of the run that starts them."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

TOOLS = Path(__file__).parents[1] / "tools"


class Starts(Protocol):
    """A run: starts processes, and ends them with itself."""

    @property
    def folder(self) -> Path:
        """Everything that is written lies below it."""

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        ready: Callable[[], bool],
    ) -> Any:
        """Start a process; returns when `ready` says yes."""


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def listening(port: int) -> Callable[[], bool]:
    """Whether somebody listens on a port of 127.0.0.1."""

    def look() -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return look


def module_folder(tool: str, module: str) -> Path:
    """The folder of a module's source, at the version that the tool is built from."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", module],
        cwd=TOOLS / tool,
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout or "{}")
    if "Dir" not in told:
        message = f"{module} can't be had: {told.get('Error') or done.stderr}"
        raise RuntimeError(message)
    return Path(told["Dir"])
