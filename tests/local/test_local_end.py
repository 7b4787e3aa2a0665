"""However a laptop cluster ends, nothing of it is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from renderer.local.guardian import marked

LIVES = """
import faulthandler, signal, sys, time
# Whoever runs the tests may have this ignored (a shell's background job) or blocked.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
faulthandler.dump_traceback_later(80, file=sys.stderr)
from renderer.local.laptop import Laptop, Options
from renderer.local.objects import ready
script = "setsid sleep 300 & sleep 300 & exec sleep 300"
pod = {
    "metadata": {"name": "sleeper", "namespace": "team-a"},
    "spec": {"containers": [
        {"name": "main", "image": "postgres:18", "command": ["/bin/sh", "-c", script]},
    ]},
}
with Laptop(Options()) as laptop:
    laptop.store.create("pods", pod)
    laptop.wait(
        lambda: laptop.objects.get("pods", "team-a", "sleeper").get("status", {}).get("phase")
        == "Running",
        30,
        waiting_for="the Pod",
    )
    print(laptop.folder, flush=True)
    if sys.argv[1] == "raise":
        raise SystemExit(3)
    while True:  # a signal that another thread is given doesn't end the main thread's sleep
        time.sleep(0.1)
"""


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT", "raise"])
def test_however_it_ends_no_process_and_no_folder_is_left(how: str, tmp_path: Path) -> None:
    said = tmp_path / "stderr"
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", LIVES, how],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        ) as child,
    ):
        assert child.stdout
        try:
            folder = child.stdout.readline().strip()
            assert how == "raise" or _comes(lambda: len(_running(folder)) == 3)
            if how != "raise":
                os.kill(child.pid, signal.Signals[how])
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(100)
            assert child.returncode is not None, said.read_text()
        finally:
            child.kill()
    assert _comes(lambda: not _running(folder))
    assert _comes(lambda: not Path(folder).exists())


def _comes(what: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.05)
    return what()


def _running(folder: str) -> list[int]:
    """The run's processes that are more than zombies."""
    return [pid for pid in marked(folder) if Path(f"/proc/{pid}/cmdline").read_bytes()]
