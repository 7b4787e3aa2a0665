"""The pack's scripts as plain processes: folders stand for volumes, real servers for containers."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from damaged_backups import backup, source
from ended import Result
from majors import MAJORS
from mounted_files import built_in, mounted
from upgrading import later, new, old
from whole_servers import OWNER, WHO

from renderer.core.configuration import Configuration
from renderer.local.programs import Programs, give

__all__ = ["Result", "backup", "later", "new", "old", "source"]
PASSWORD = "super'user \"pass\\word $HOME `id` %s"
VOLUMES = ("data", "config", "scripts", "sql", "run", "tmp", "backups")


class Machine:
    """One Pod's worth of folders, with the files that the pack renders, and maybe a server."""

    def __init__(self, version: str, programs: Programs, spec: dict[str, Any]) -> None:
        self.version = version
        self.root = Path(tempfile.mkdtemp(prefix="sdb-", dir="/tmp"))
        self.root.chmod(0o755)
        self.bin = programs.directory(version)
        host = random.SystemRandom().randrange(2, 254**2 * 100)
        self.address = f"127.{100 + host // 254**2}.{1 + host // 254 % 254}.{1 + host % 254}"
        for name in VOLUMES:
            self.volume(name).mkdir(mode=0o755)
            give(self.volume(name), OWNER)
        self.log = self.root / "tmp" / "termination-log"
        self.server: subprocess.Popen[bytes] | None = None
        self.started: Configuration | None = None
        self.mount(spec)

    def volume(self, name: str) -> Path:
        return self.root / name

    def empty(self, name: str) -> None:
        for path in sorted(self.volume(name).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    @property
    def pgdata(self) -> Path:
        return self.volume("data") / self.version / "docker"

    def mount(self, spec: dict[str, Any], *, reload: bool = False) -> None:
        """Write the ConfigMaps of a SampleDB into their volumes.

        With `reload` the Pod's template stays that of the configuration mounted before.
        """
        self.started, rendered = mounted(self.version, spec, self.started if reload else None)
        for item, volume in zip(rendered, ("config", "scripts"), strict=True):
            self.empty(volume)
            for name, text in item.document["data"].items():
                (self.volume(volume) / name).write_text(text)
        # A test may run any script of the pack, whichever ones this SampleDB's Jobs mount.
        for name, text in built_in().scripts.items():
            (self.volume("scripts") / name).write_text(text)

    @property
    def template_sha256(self) -> str:
        """What the Pod's template names."""
        return (self.volume("config") / "template.sha256").read_text().strip()

    @property
    def config_sha256(self) -> str:
        config = self.volume("config")
        text = (config / "postgresql.conf").read_bytes() + (config / "pg_hba.conf").read_bytes()
        return hashlib.sha256(text).hexdigest()

    def env(self, **more: str) -> dict[str, str]:
        at = {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "PGDATA": str(self.pgdata),
            "CONFIG_DIR": str(self.volume("config")),
            "SCRIPTS_DIR": str(self.volume("scripts")),
            "SQL_DIR": str(self.volume("sql")),
            "PGSOCKETDIR": str(self.volume("run")),
            "TMPDIR": str(self.volume("tmp")),
            "BACKUP_DIR": str(self.volume("backups")),
            "TERMINATION_LOG": str(self.log),
            "LISTEN_ADDRESSES": self.address,
            "POSTGRES_PASSWORD": PASSWORD,
            "WAIT_SECONDS": "10",
            "CONFIG_SHA256": self.config_sha256,
        }
        return {**at, **more}

    def client(self, **more: str) -> dict[str, str]:
        """The environment of a Job."""
        at = {
            "PGHOST": self.address,
            "PGPORT": "5432",
            "PGUSER": "postgres",
            "PGPASSWORD": PASSWORD,
            "PGDATABASE": "postgres",
        }
        env = self.env(**at)
        del env["POSTGRES_PASSWORD"]
        return {**env, **more}

    def run(self, script: str, env: dict[str, str], *, before: str = "") -> Result:
        """Run a script to its end; `before` is shell that runs in front of it."""
        self.log.unlink(missing_ok=True)
        path = self.volume("config" if script in {"start.sh", "ready.sh"} else "scripts") / script
        done = subprocess.run(
            ["/bin/sh", "-c", f'{before}\nexec /bin/sh "$0"', str(path)],
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            check=False,
            **WHO,
        )
        message = self.log.read_text() if self.log.exists() else ""
        return Result(done.returncode, message, (done.stdout + done.stderr).decode())

    def psql(self, sql: str, **more: str) -> str:
        """Query over TCP, as the superuser unless told otherwise."""
        done = subprocess.run(
            [str(self.bin / "psql"), "-XAtw", "-v", "ON_ERROR_STOP=1", "-c", sql],
            env=self.client(**more),
            cwd="/",
            capture_output=True,
            timeout=60,
            check=False,
            **WHO,
        )
        assert done.returncode == 0, done.stderr.decode()
        return str(done.stdout.decode().strip())

    def shim(self, name: str, body: str) -> str:
        """Put a program of our own in front of a real one; returns shell that puts it on PATH."""
        folder = self.volume("tmp") / "shims"
        folder.mkdir(exist_ok=True)
        for stale in folder.iterdir():
            stale.unlink()
        path = folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return f'PATH="{folder}:$PATH"'

    def kill_in(self, name: str, *, when: str) -> str:
        """Kill the script, as a node that fails does, `before` or `after` it runs a program."""
        real = f'"$(PATH="{self.bin}:/usr/bin:/bin" command -v {name})" "$@"'
        kill = 'kill -KILL "$PPID"'
        return self.shim(name, f"{kill}\n" if when == "before" else f"{real}\n{kill}\n")

    def end_processes(self) -> None:
        """What a container's end does: nothing that was started on these folders is left."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            until(lambda gone=Path(f"/proc/{process}"): not gone.exists())

    def processes(self) -> list[int]:
        """The servers on these folders, whoever started them."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cwd"):
            with suppress(OSError):
                if path.readlink().is_relative_to(self.root):
                    found.append(int(path.parent.name))
        return found

    def launch(self, **more: str) -> subprocess.Popen[bytes]:
        self.log.unlink(missing_ok=True)
        with (self.root / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                ["/bin/sh", str(self.volume("config") / "start.sh")],
                env=self.env(CONFIG_SHA256=self.template_sha256, **more),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **WHO,
            )
        return self.server

    def start(self, **more: str) -> None:
        server = self.launch(**more)
        until(lambda: self.run("ready.sh", self.env()).code == 0 or server.poll() is not None)
        assert server.poll() is None, (self.root / "server.log").read_text()

    def stop(self) -> int:
        """Stop as the kubelet does: SIGTERM to the first process."""
        assert self.server is not None
        self.server.send_signal(signal.SIGTERM)
        code = self.server.wait(timeout=30)
        self.server = None
        return code

    def end(self) -> None:
        if self.server is not None and self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGINT)
            self.server.wait(timeout=30)
        self.end_processes()

    def close(self) -> None:
        self.end()
        shutil.rmtree(self.root)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition, at most that long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def programs() -> Iterator[Programs]:
    cache = Path(tempfile.mkdtemp(prefix="sdb-programs-", dir="/tmp"))
    yield Programs(cache=cache, owner=OWNER)
    shutil.rmtree(cache)


@pytest.fixture(scope="session")
def machines(programs: Programs) -> Callable[[str], Machine]:
    """Makes folders for a version; the caller closes them."""
    return lambda version: Machine(version, programs, {})


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    return until


@pytest.fixture(params=MAJORS)
def machine(request: pytest.FixtureRequest, programs: Programs) -> Iterator[Machine]:
    """Folders and no server yet, for each version."""
    made = Machine(request.param, programs, {})
    yield made
    made.close()


@pytest.fixture(scope="module", params=MAJORS)
def running(request: pytest.FixtureRequest, programs: Programs) -> Iterator[Machine]:
    """A server, shared by the tests of a module: each uses a database of its own."""
    made = Machine(request.param, programs, {})
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def twin(running: Machine, programs: Programs) -> Iterator[Machine]:
    """Folders for a second server of the same version."""
    made = Machine(running.version, programs, {})
    yield made
    made.close()
