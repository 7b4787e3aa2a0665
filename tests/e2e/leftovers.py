"""What a run leaves behind when it is killed, and how it is removed.

A run writes down what it makes outside its folder, as it makes it: `processes`
(leader and start time of each process group), `links`, `rules` and `cgroups`. Run as a
script this is the guardian: it waits until its standard input ends — the run
stopped, or was killed with -9 — and removes what is left. It imports nothing
but the standard library.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MARK = "SAMPLEDB_E2E"
"""Every process of a run has this environment variable: the run's folder."""
_CONTROLLERS = Path("/sys/fs/cgroup")
_SECONDS = 20.0


def note(folder: Path, kind: str, what: str) -> None:
    """Write down something that has to be removed at the end."""
    with (folder / kind).open("a") as file:
        file.write(what + "\n")


def noted(folder: Path, kind: str) -> list[str]:
    """What was written down, newest first."""
    with contextlib.suppress(FileNotFoundError):
        return (folder / kind).read_text().splitlines()[::-1]
    return []


def start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty when there is none, or it has ended."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    return ""


def clear(folder: Path) -> None:
    """Remove everything of the run in `folder`, and the folder; its logs are kept beside it."""
    if not folder.exists():
        return
    _end_processes(folder)
    for name in noted(folder, "links"):
        subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)
    for rule in noted(folder, "rules"):
        subprocess.run(["iptables", "-w", "-D", *rule.split()], capture_output=True, check=False)
    for name in noted(folder, "cgroups"):
        _end_cgroups(name)
        _remove_cgroups(name)
    for mount in _mounts(folder):
        subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
    _keep_logs(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _end_processes(folder: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while (left := list(_running(folder))) and time.monotonic() < deadline:
        _kill(left)
        time.sleep(0.05)


def _kill(processes: Iterable[int]) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _running(folder: Path) -> Iterator[int]:
    """Processes of the run: those in its groups, and those that carry its mark."""
    groups = {int(pid) for pid, time in _leaders(folder) if start_time(int(pid)) in ("", time)}
    mark = f"{MARK}={folder}\0".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            ours = int(fields[2]) in groups or mark in (entry / "environ").read_bytes() + b"\0"
            if ours and fields[0] != "Z" and int(entry.name) != os.getpid():
                yield int(entry.name)


def _leaders(folder: Path) -> Iterator[tuple[str, str]]:
    for line in noted(folder, "processes"):
        pid, _, started = line.partition(" ")
        yield pid, started


def _end_cgroups(name: str) -> None:
    """End whatever runs in a node's cgroups, whoever began it; a frozen one can't escape."""
    deadline = time.monotonic() + _SECONDS
    while list(_inside(name)) and time.monotonic() < deadline:
        _order(name, {"cgroup.kill": "1", "freezer.state": "FROZEN"})
        _kill(_inside(name))
        _order(name, {"freezer.state": "THAWED"})  # only then it ends
        time.sleep(0.05)


def _order(name: str, orders: Mapping[str, str]) -> None:
    """Write to the files of the cgroups that have them: those of version 2, or of version 1."""
    for folder in _cgroups(name):
        for file, order in orders.items():
            with contextlib.suppress(OSError):
                (folder / file).write_text(order)


def _inside(name: str) -> Iterator[int]:
    for folder in _cgroups(name):
        with contextlib.suppress(OSError):
            yield from map(int, (folder / "cgroup.procs").read_text().split())


def _remove_cgroups(name: str) -> None:
    for folder in _cgroups(name):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _cgroups(name: str) -> Iterator[Path]:
    """Those of the node's containers, innermost first; version 1 has a tree per controller."""
    for top in [_CONTROLLERS / name, *_CONTROLLERS.glob(f"*/{name}")]:
        yield from (Path(folder) for folder, _, _ in os.walk(top, topdown=False))


def _mounts(folder: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    return sorted((one for one in points if one.startswith(f"{folder}/")), reverse=True)


def _keep_logs(folder: Path) -> None:
    kept = logs_of(folder)
    shutil.rmtree(kept, ignore_errors=True)
    with contextlib.suppress(OSError):
        (folder / "logs").rename(kept)


def logs_of(folder: Path) -> Path:
    """Where the logs of a run stay after its end."""
    return folder.with_name(folder.name + "-logs")


def guard(folder: Path) -> None:
    """Wait until standard input ends, then remove what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.read()
    clear(folder)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
