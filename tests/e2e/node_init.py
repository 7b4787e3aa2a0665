"""The first process of the node: it waits for orphans, as an init does.

Run as a script in new network, mount and process namespaces. When it is killed
the kernel ends every process of the node, and with them go the node's mounts,
links and firewall rules.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

_KERNEL = {
    "/proc/sys/net/ipv4/ip_forward": "1",
    "/proc/sys/net/bridge/bridge-nf-call-iptables": "1",
}


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def prepare(folder: Path) -> None:
    """What the node writes below /var and /run stays in the run's folder, or in memory."""
    upper, work = folder / "var" / "upper", folder / "var" / "work"
    for each in (upper, work):
        each.mkdir(parents=True)
    options = f"lowerdir=/var,upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "overlay", "-o", options, "/var")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    for path, value in _KERNEL.items():
        if Path(path).exists():
            Path(path).write_text(value)


def reap() -> None:
    """Wait for children, our own and adopted ones, for ever."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
    (Path(sys.argv[1]) / "prepared").touch()
    reap()
